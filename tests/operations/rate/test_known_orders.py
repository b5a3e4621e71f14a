"""No rate without its denominator: shops of which only open orders are known."""

import json
from collections.abc import Iterable
from pathlib import Path

import pytest
from click.testing import CliRunner

from ordertui.cli.main import cli
from ordertui.operations.session import Session
from ordertui.orders.clock import DAY, HOUR
from ordertui.orders.enums import Action
from ordertui.rules.rate import RateStatus
from ordertui.tui.render.rate_panel import RatePanel, render_rate_panel, render_rate_strip
from support.batches import commit
from support.imports import Report, importer, row
from support.shops import NOW, all_orders_row, bring, open_session, order_id, unshipped_row


def only_open(folder: Path, count: int = 7) -> Session:
    """A shop of which only the Unshipped orders report is known, with one cancellation held."""
    session = open_session(folder)
    bring(session, folder, open_=[unshipped_row(n) for n in range(count)])
    commit(session, Action.CANCEL, 0)
    return session


def test_with_unshipped_orders_alone_there_is_no_rate(tmp_path: Path) -> None:
    session = only_open(tmp_path)
    (effect,) = session.rate.calculator.effects("US", session.orders.find("status:unshipped"))
    for figure in (effect.before, effect.after):
        assert (figure.status, figure.share, figure.headroom) == (RateStatus.UNKNOWN, None, 0)
        assert "import the All Orders report of the last 7 days" in figure.reason
    assert (effect.before.cancelled, effect.after.cancelled) == (1, 7), "what is known is still counted"
    assert {point.status for point in session.rate.trend.course("US")} == {"unknown"}
    assert {day.status for day in session.rate.outlook.days("US")} == {"unknown"}
    panel = RatePanel(
        effects=[effect], has_marks=True, name="US", elsewhere=(), sparkline="", rolls_off=0, at_risk=0, is_pinned=False
    )
    for text in (render_rate_panel(panel).plain, render_rate_strip(panel).plain):
        assert "%" not in text.replace("2.5 %", "")
        assert "All Orders" in text.replace("\n  ", "")


def test_the_preview_says_so_and_asks_for_the_count(tmp_path: Path) -> None:
    session = only_open(tmp_path)
    (plan,) = session.planner.plan(Action.CANCEL, [session.orders.id_of(order_id(1)) or 0])
    assert plan.typed_count == 1
    assert any("rate is not known" in warning for warning in plan.warnings)


def test_the_command_line_gives_null_and_the_reason(tmp_path: Path) -> None:
    only_open(tmp_path).close()
    base = ["--store", str(tmp_path / "orders.db"), "--as-of", "2026-11-23T14:05:00Z", "rate", "--format", "json"]
    found = CliRunner().invoke(cli, [*base, "--if-cancel", "status:unshipped"])
    assert found.exit_code == 0
    (record,) = json.loads(found.stdout)
    assert [record[name] for name in ("rate", "headroom", "after_rate", "after_headroom")] == [None] * 4
    assert (record["status"], record["cancelled"]) == ("unknown", 1)
    assert "All Orders" in record["reason"]
    days = json.loads(CliRunner().invoke(cli, [*base, "--outlook"]).stdout)
    assert {day["rate"] for day in days} == {None}


def test_all_orders_of_the_window_give_the_rate(tmp_path: Path) -> None:
    session = only_open(tmp_path)
    bring(
        session, tmp_path, is_all=False, everything=[all_orders_row(n, "Shipped", age=20 * DAY) for n in range(50, 60)]
    )
    assert session.rate.calculator.effects("US")[0].before.reason, "they are of days before the window"
    bring(
        session, tmp_path, is_all=False, everything=[all_orders_row(n, "Shipped", age=2 * DAY) for n in range(100, 199)]
    )
    reason = session.rate.calculator.effects("US")[0].before.reason
    assert "of 2026-11-22 only open orders are known" in reason, "a part of the window is not all of it"
    bring(session, tmp_path, is_all=False, everything=[all_orders_row(199, "Shipped")])
    reason = session.rate.calculator.effects("US")[0].before.reason
    assert "tell of 3 of these 7 days" in reason, "no report was asked for the days between"
    whole = [all_orders_row(n, "Shipped", age=age * DAY) for n, age in ((50, 20), (199, 1))]
    bring(session, tmp_path, is_all=False, everything=whole)
    figure = session.rate.calculator.effects("US")[0].before
    assert (figure.reason, figure.cancelled, figure.orders, figure.status) == ("", 1, 107, RateStatus.OK)


@pytest.mark.parametrize(("synced", "known"), [(NOW - HOUR, False), (NOW - 6 * DAY, False), (NOW - 8 * DAY, True)])
def test_after_a_first_sync_the_rate_waits_for_a_window_of_changes(tmp_path: Path, synced: int, known: bool) -> None:
    session = open_session(tmp_path)
    store = session.context.store
    orders = tuple(row(n, channel="merchant", status="unshipped", purchased_at=NOW - DAY) for n in range(7))
    with importer(store, Report("api_orders", orders, as_of=synced)) as first:
        first.add(orders)
    with importer(store, Report("api_orders", orders, as_of=NOW)) as later:
        later.add(orders)
    figure = session.rate.calculator.effects("US")[0].before
    assert (figure.status != RateStatus.UNKNOWN) is known
    assert ("sync --history 7" in figure.reason) is not known


@pytest.mark.parametrize(
    ("fetched", "reason"),
    [
        (range(1, 7), ""),
        ((1, 2, 5, 6), "2 days from 2026-11-19 to 2026-11-20"),
        ((1, 2, 3, 4, 5), "of 2026-11-17 only"),
        ((2, 3, 4, 5, 6), "of 2026-11-22 only"),
    ],
)
def test_a_window_fetched_in_part_has_no_percentage(tmp_path: Path, fetched: Iterable[int], reason: str) -> None:
    """Open orders of every day are known; of some days All Orders is, too. Today is not asked for."""
    with open_session(tmp_path) as session:
        bring(
            session,
            tmp_path,
            is_all=False,
            everything=[all_orders_row(100 * day, "Shipped", age=day * DAY) for day in fetched],
            open_=[unshipped_row(day, age=day * DAY) for day in range(7)],
        )
        (effect,) = session.rate.calculator.effects("US")
        assert reason in effect.before.reason
        assert bool(effect.before.reason) is bool(reason)
        assert (effect.before.share is None) is bool(reason)
        today = next(point for point in session.rate.trend.course("US") if not point.ahead)
        assert (today.status == RateStatus.UNKNOWN) is bool(reason)
        assert ({day.status for day in session.rate.outlook.days("US")[:1]} == {"unknown"}) is bool(reason)


@pytest.mark.parametrize("trend_first", [True, False])
def test_an_order_that_nobody_places_is_asked_for_by_each_window_alone(tmp_path: Path, trend_first: bool) -> None:
    """A window of seven days that is past, and the 30 days that began with it: yesterday's order is of the latter."""
    with open_session(tmp_path) as session:
        rows = [all_orders_row(n, "Shipped", market="IN", age=n * DAY) for n in range(1, 45)]
        nobodys = all_orders_row(99, "Cancelled", market="IN", fulfillment_channel="?")
        bring(session, tmp_path, everything=[*rows, nobodys])

        def of_past() -> set[str]:
            return {point.status for point in session.rate.trend.course("IN", days=7) if point.ahead < -1}

        def of_windows() -> set[str]:
            return {effect.before.status for effect in session.rate.calculator.effects("IN")}

        asked = [of_past, of_windows] if trend_first else [of_windows, of_past]
        found = {ask: ask() for ask in asked}
        assert (found[of_past], found[of_windows]) == ({"ok"}, {"unknown"})


def test_cancelled_orders_of_which_no_date_can_be_read_leave_the_rate_unknown(tmp_path: Path) -> None:
    """Nor has their report another row, by whose dates it could be dated itself."""
    with open_session(tmp_path) as session:
        bring(session, tmp_path, everything=[all_orders_row(n, "Shipped", age=n * DAY) for n in range(1, 45)])
        assert session.rate.calculator.effects("US")[0].before.status == RateStatus.OK
        dates = {"purchase_date": "xx", "last_updated_date": "xx"}
        dateless = [all_orders_row(n, "Cancelled", **dates) for n in range(100, 120)]
        bring(session, tmp_path, is_all=False, everything=dateless)
        assert len(session.orders.find("status:cancelled")) == 20, "they are taken"
        (effect,) = session.rate.calculator.effects("US")
        assert effect.before.status == RateStatus.UNKNOWN
        assert effect.before.reason.startswith("of 20 orders no report says when it was placed")
