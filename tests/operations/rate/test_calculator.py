"""The rate against a slow recount over random orders, held batches included."""

from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordertui.operations.rate.counting import WindowGain
from ordertui.orders.clock import DAY, HOUR, day_start
from ordertui.orders.enums import Action
from support import places
from support.batches import commit, session_of
from support.reports import write
from support.shops import ALL_ORDERS, NOW, UNSHIPPED, all_orders_row, open_session, order_id, unshipped_row

START = day_start(NOW, "America/Los_Angeles", -6)

orders = st.lists(
    st.tuples(
        st.sampled_from(["Unshipped", "Shipped", "Cancelled", "Pending"]),
        st.sampled_from(["Merchant", "Merchant", "Amazon"]),
        st.integers(0, 9 * DAY),
        st.sampled_from(["true", "false"]),
        st.sampled_from(["Yes", "No", None]),
    ),
    min_size=1,
    max_size=40,
)


@given(orders, st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_rate_is_a_recount(rows: list[tuple[str, str, int, str, str | None]], data: st.DataObject) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        with open_session(folder) as session:
            everything = [
                all_orders_row(n, status, fulfillment_channel=channel, age=age)
                for n, (status, channel, age, _, _) in enumerate(rows)
            ]
            session.imports.import_files([write(folder / "all.txt", ALL_ORDERS, everything)])
            waiting = [
                unshipped_row(n, asked, age=age)
                for n, (status, channel, age, asked, _) in enumerate(rows)
                if status == "Unshipped" and channel == "Merchant"
            ]
            if waiting:
                session.imports.import_files([write(folder / "open.txt", UNSHIPPED, waiting)])
            listed = [
                {"Order Date": "", "Order ID": order_id(n), "Impacts Account Health": word}
                for n, (status, channel, _, _, word) in enumerate(rows)
                if status == "Cancelled" and channel == "Merchant" and word
            ]
            if listed:
                session.imports.import_files(
                    [write(folder / "rate.txt", ["Order Date", "Order ID", "Impacts Account Health"], listed)],
                    marketplace="US",
                )
            numbers = [n for n, row in enumerate(rows) if row[0] == "Unshipped" and row[1] == "Merchant"]
            held = data.draw(st.lists(st.sampled_from(numbers), unique=True)) if numbers else []
            for plan in session.planner.plan(
                Action.CANCEL, [i for n in held if (i := session.orders.id_of(order_id(n))) is not None]
            ):
                session.batches.commit(plan, typed=str(plan.typed_count))
            marked = data.draw(st.lists(st.integers(0, len(rows) - 1), unique=True))

            inside = {n for n, row in enumerate(rows) if row[1] == "Merchant" and START <= NOW - row[2] <= NOW}
            cancelled = {n for n in inside if rows[n][0] == "Cancelled" and rows[n][4] != "No"}
            sure = {n for n in cancelled if rows[n][4] == "Yes"}
            coming = {n for n in inside if n in held and rows[n][3] == "false"}
            more = {
                n
                for n in inside
                if n in marked and n not in held and rows[n][0] == "Unshipped" and rows[n][3] == "false"
            }

            ids = [i for n in marked if (i := session.orders.id_of(order_id(n))) is not None]
            effect = session.rate.calculator.effects("US", ids)[0]
            before, after = effect.before, effect.after
            assert before.orders == after.orders == len(inside)
            assert before.cancelled == len(cancelled | coming)
            assert before.cancelled_at_least == len(sure | coming)
            assert after.cancelled == len(cancelled | coming | more)
            room = 0
            while Fraction(after.cancelled + room + 1) < Fraction(25, 1000) * after.orders:
                room += 1
            newest = max(NOW - HOUR if waiting else 0, *(NOW - row[2] + HOUR for row in rows), 0)
            told = any(NOW - row[2] < START + DAY for row in rows) and newest >= START + 5 * DAY
            asked = bool(after.orders) or newest < START
            assert bool(after.reason) is (asked and not told), "reports begin or end within the window"
            assert after.headroom == (room if after.orders and told else 0)
            if after.orders and told:
                assert (after.status == "over") == (Fraction(after.cancelled, after.orders) >= Fraction(25, 1000))
            days = session.rate.calculator.days("US", 7)
            assert sum(day[1] for day in days) == len(inside)
            assert sum(day[2] for day in days) == len(cancelled)


@places.on_both
def test_a_batch_committed_between_two_reads_counts_once(
    tmp_path: Path, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all orders, it would count twice, and more were cancelled than there are."""
    with session_of(tmp_path, shipped=0) as session, open_session(tmp_path) as other:
        calculator = session.rate.calculator
        real, commits = calculator.gains, [(1, 2)]

        def gains(*args: Any) -> tuple[WindowGain, ...]:
            found = real(*args)
            for numbers in (commits.pop() for _ in commits[:]):
                commit(other, Action.CANCEL, *numbers)
            return found

        monkeypatch.setattr(calculator, "gains", gains)
        (effect,) = calculator.effects("US", session.orders.find())
        assert not commits
        counts = [(one.orders, one.cancelled) for one in (effect.before, effect.after)]
        assert counts == [(3, 2), (3, 3)], engine
        early = real("US", session.orders.find())
        commit(other, Action.CANCEL, 3)
        (late,) = calculator.effects_of("US", early)
        assert (late.before.cancelled, late.after.cancelled) == (3, 3), "kept since before the batch"


def test_one_cancelled_item_makes_the_order_a_cancellation(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    both = [all_orders_row(1, "Shipped", sku="A"), all_orders_row(1, "Shipped", sku="B", item_status="Cancelled")]
    session.imports.import_files([write(tmp_path / "all.txt", ALL_ORDERS, [*both, all_orders_row(2, "Shipped")])])
    figure = session.rate.calculator.effects("US")[0].before
    assert (figure.orders, figure.cancelled, figure.cancelled_at_least) == (2, 1, 0)


def test_india_has_two_windows_and_a_lower_target(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    session.imports.import_files(
        [
            write(
                tmp_path / "all.txt",
                ALL_ORDERS,
                [all_orders_row(n, "Shipped", market="IN", age=(20 if n else 31) * DAY) for n in range(61)]
                + [all_orders_row(99, "Shipped", market="IN", fulfillment_channel="Amazon", age=DAY)],
            )
        ]
    )
    week, month = (effect.before for effect in session.rate.calculator.effects("IN"))
    assert (week.days, week.orders, week.status, week.headroom) == (7, 0, "no orders", 0)
    assert (month.days, month.orders, month.target, month.headroom) == (30, 60, "0.02", 1)


def test_what_rolls_off_tonight(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    rows = [all_orders_row(1, "Cancelled", age=NOW - START - HOUR), all_orders_row(2, "Cancelled", age=HOUR)]
    session.imports.import_files([write(tmp_path / "all.txt", ALL_ORDERS, rows)])
    assert session.rate.calculator.rolls_off_tonight("US") == 1
