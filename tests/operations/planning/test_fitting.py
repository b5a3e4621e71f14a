"""Keep what fits on stores: the rate stays under its target, one more would not, and the days are those of the rate."""

from __future__ import annotations

import random
from datetime import date
from pathlib import Path

import pytest

from ordertui.operations.planning.fitting import MarketplaceFit
from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.session import Session
from ordertui.orders.clock import DAY, HOUR, FixedClock, iso_utc, parse_iso
from ordertui.orders.enums import Action
from support.cli import AS_OF, Command
from support.profile import LONG
from support.reports import write
from support.shops import NOW, all_orders_row, bring, open_session, order_id, unshipped_row

SHOPS = 60 if LONG else 8
PARTS = (("A", "Unshipped"), ("B", "Cancelled"))


def shop(folder: Path, *, waiting: int, shipped: int, cancelled: int = 0, asked: int = 0, days: int = 6) -> Session:
    """Orders 1 to `waiting` wait, of which the first `asked` were requested; the others are history of some days."""
    session = open_session(folder / "shop", clock=FixedClock(NOW))
    ages = [HOUR + (number * 7919) % (days * DAY) for number in range(waiting + shipped + cancelled + 1)]
    statuses = ["Unshipped"] * waiting + ["Shipped"] * shipped + ["Cancelled"] * cancelled
    rows = [
        all_orders_row(number, status, age=ages[number], item_price=f"{10 + number % 5}.00")
        for number, status in enumerate(statuses, start=1)
    ]
    open_ = [
        unshipped_row(number, "true" if number <= asked else "false", age=ages[number])
        for number in range(1, waiting + 1)
    ]
    bring(session, folder, everything=rows, open_=open_)
    return session


def fit(session: Session, budget: int | None = None) -> MarketplaceFit:
    ids = session.orders.find("status:unshipped")
    (found,) = session.fitter.fit(ids, PlanChoices(), budget)
    return found


def after(session: Session, ids: list[int]) -> tuple[int, int, str]:
    (plan,) = session.planner.plan(Action.CANCEL, ids)
    figure = plan.rates[0].after
    return figure.cancelled, figure.orders, figure.status


def test_as_many_as_stay_under_the_target(tmp_path: Path) -> None:
    """Of 200 orders 4 may count (2.0 %); 5 are 2.5 %, and must not be."""
    session = shop(tmp_path, waiting=12, shipped=187, cancelled=1, asked=2)
    found = fit(session)
    assert found.room == 3
    assert len(found.kept) == 2 + 3
    assert len(found.rest) == 7
    assert after(session, list(found.kept)) == (4, 200, "near")
    for one in found.rest:
        assert after(session, [*found.kept, one.id])[2] == "over"
    requested = session.orders.rows(session.orders.find("request:official"))
    assert set(requested) <= set(found.kept), "official requests first"


@pytest.mark.parametrize("seed", range(SHOPS))
def test_random_shops(tmp_path: Path, seed: int) -> None:
    """Whatever the shop: what is kept fits, and none of the rest would fit beside it."""
    rng = random.Random(seed)
    session = shop(
        tmp_path, waiting=rng.randint(1, 12), shipped=rng.randint(0, 300), cancelled=rng.randint(0, 6),
        asked=rng.randint(0, 3), days=rng.choice([3, 6, 10]),
    )  # fmt: skip
    found = fit(session)
    before = session.rate.calculator.effects("US")[0].before
    if found.kept:
        count, _, status = after(session, list(found.kept))
        assert status != "over" or count == before.cancelled, "over it was, and not by these"
    for one in found.rest:
        assert after(session, [*found.kept, one.id])[2] == "over"
        assert one.fits_by_order_date is None or one.fits_by_order_date > date(2026, 11, 23)


def test_a_budget_counts_only_what_newly_counts(tmp_path: Path) -> None:
    session = shop(tmp_path, waiting=8, shipped=20, asked=3)
    for budget in (0, 1, 4, 99):
        found = fit(session, budget)
        (plan,) = session.planner.plan(Action.CANCEL, list(found.kept))
        assert sum(row.counts for row in plan.rows) == min(budget, 5)
        assert sum(not row.counts for row in plan.rows) == 3


def test_with_an_unknown_rate_only_those_that_do_not_count_are_kept(tmp_path: Path) -> None:
    session = open_session(tmp_path / "shop", clock=FixedClock(NOW))
    bring(session, tmp_path, open_=[unshipped_row(n, "true" if n == 1 else "false") for n in (1, 2, 3)])
    found = fit(session)
    assert found.room is None
    assert len(found.kept) == 1
    assert {one.why for one in found.rest} == {"the rate is not known: give a budget; auto-cancel Dec 1"}
    assert {one.fits_by_order_date for one in found.rest} == {None}
    assert len(fit(session, 1).kept) == 2


def test_the_day_by_order_date_is_the_day_on_which_the_rate_has_room(tmp_path: Path) -> None:
    """The one cancellation of six days ago leaves the window tomorrow: then one more fits, by order date."""
    session = open_session(tmp_path / "shop", clock=FixedClock(NOW))
    rows = [all_orders_row(n, "Shipped", age=HOUR) for n in range(100, 141)]
    rows += [all_orders_row(99, "Cancelled", age=6 * DAY, updated=NOW - 6 * DAY)]
    waiting = [(1, HOUR), (2, HOUR)]
    rows += [all_orders_row(n, age=age) for n, age in waiting]
    bring(session, tmp_path, everything=rows, open_=[unshipped_row(n, age=age) for n, age in waiting])
    found = fit(session)
    assert (found.room, len(found.kept)) == (0, 0)
    first, second = found.rest
    assert first.fits_by_order_date == date(2026, 11, 24)
    assert second.fits_by_order_date is not None
    assert second.fits_by_order_date > date(2026, 11, 24)
    assert first.order_id == order_id(1)


def test_an_auto_cancel_that_comes_before_is_said(tmp_path: Path) -> None:
    session = shop(tmp_path, waiting=6, shipped=20)
    found = fit(session)
    assert found.rest
    for one in found.rest:
        days = [day for day in (one.fits_by_order_date, one.fits_by_cancellation_date) if day is not None]
        is_first = one.auto_cancel is not None and (len(days) < 2 or any(one.auto_cancel < day for day in days))
        assert one.is_auto_cancelled_first == is_first
        assert ("auto-cancel" in one.why) == is_first


def test_an_auto_cancel_that_comes_before_by_one_reading_names_it(tmp_path: Path) -> None:
    """It said "comes before" of an order that fits by order date days before its auto-cancel."""
    command = Command(tmp_path)
    command.bring("US")
    rows = command.json("plan", "cancel", "--filter", "marketplace:US status:unshipped", "--fit", "-o", tmp_path / "p")
    (row,) = (row for row in rows if row["order_id"] == "001-0000000-0000009")
    assert (row["fits_by_order_date"], row["auto_cancel"]) == ("2026-11-27", "2026-11-29")
    assert row["why"].endswith("; auto-cancelled Nov 29, before it fits by cancellation date")


def test_what_may_not_be_cancelled_is_left_aside(tmp_path: Path) -> None:
    session = shop(tmp_path, waiting=4, shipped=300)
    ids = session.orders.find("")
    (found,) = session.fitter.fit(ids, PlanChoices())
    assert set(found.kept) == set(session.orders.find("status:unshipped"))
    assert found.rest == ()


def test_the_command_line_keeps_the_same_orders(tmp_path: Path) -> None:
    command = Command(tmp_path)
    command.bring("US")
    plan = tmp_path / "plan.json"
    text = "status:unshipped marketplace:US"
    with Session.open(command.store, clock=FixedClock(parse_iso(AS_OF))) as session:
        ids = session.orders.find(text)
        fits = session.fitter.fit(ids, PlanChoices())
        kept = {row.order_id for row in session.orders.rows([row for one in fits for row in one.kept]).values()}
        rest = {one.order_id: one for one in fits[0].rest}
    rows = command.json("plan", "cancel", "--filter", text, "--fit", "-o", plan)
    assert {row["order_id"] for row in rows if row["in"]} == kept
    waiting = {row["order_id"]: row for row in rows if row["rule"] == "fit"}
    assert set(waiting) == set(rest)
    assert rest, "the examples have more orders than fit"
    for order, row in waiting.items():
        by_order = rest[order].fits_by_order_date
        assert row["fits_by_order_date"] == (None if by_order is None else by_order.isoformat())
        assert row["auto_cancel_first"] == rest[order].is_auto_cancelled_first
        assert row["why"] == rest[order].why
    rows = command.json("plan", "cancel", "--filter", text, "--fit", "--budget", "1", "-o", plan, "--replace")
    assert sum(row["in"] and row["counts"] for row in rows) == 1
    for wrong in (("refund", "--fit"), ("cancel", "--budget", "3")):
        assert command.run("plan", wrong[0], "--filter", text, *wrong[1:], "-o", tmp_path / "x.json").code == 2


def test_a_partly_cancelled_order_that_amazon_does_not_count_counts_when_the_rest_is_cancelled(tmp_path: Path) -> None:
    """It was taken as counting already, so that any number of such orders fitted."""
    session = open_session(tmp_path, clock=FixedClock(NOW))
    partly = range(1, 4)
    rows = [all_orders_row(n, sku=sku, item_status=status) for n in partly for sku, status in PARTS]
    rows += [all_orders_row(n, "Shipped") for n in range(10, 90)]
    bring(session, tmp_path, everything=rows, open_=[unshipped_row(n, sku="A") for n in partly])
    names = ["Order Date", "Order ID", "Impacts Account Health"]
    listed = [dict(zip(names, (iso_utc(NOW - HOUR)[:10], order_id(n), "No"), strict=True)) for n in partly]
    session.imports.import_files([write(tmp_path / "rate.txt", names, listed)], marketplace="US")
    found = fit(session)
    assert (found.room, len(found.kept), len(found.rest)) == (2, 2, 1)
    assert after(session, [*found.kept, *(one.id for one in found.rest)])[2] == "over"


def test_beyond_a_typed_budget_the_day_is_that_of_the_target(tmp_path: Path) -> None:
    """Of 300 orders 7 may count: 1 is kept by the budget, 6 fit today under the target, and the others later."""
    session = shop(tmp_path, waiting=9, shipped=291)
    found = fit(session, budget=1)
    assert len(found.kept) == 1
    assert all(one.why.startswith("beyond the budget of 1; ") for one in found.rest)
    assert all("; under the target it fits " in one.why for one in found.rest)
    today = [one.fits_by_order_date for one in found.rest].count(date(2026, 11, 23))
    assert today == 6
    assert not any(one.is_auto_cancelled_first for one in found.rest if one.fits_by_order_date == date(2026, 11, 23))
