"""Refunds confirmed by what Amazon booked: only without any doubt, by one search a window, with the evidence kept."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordertui.operations.limits import feed_limits
from ordertui.operations.results.bookings import Booking
from ordertui.operations.sync.refund_confirmations import unambiguous_matches
from ordertui.orders.batch_state import BOOKABLE, RowState
from ordertui.orders.clock import DAY, HOUR, FixedClock, iso_utc
from ordertui.orders.enums import Action
from ordertui.store import RefundRow
from support.model_store import Floor
from support.simulator import Simulator

pytestmark = pytest.mark.usefixtures("api_credentials")

REFUND = Action.REFUND


@pytest.fixture
def floor(sim: Simulator, clock: FixedClock, tmp_path: Path) -> Floor:
    return Floor(sim, clock, tmp_path / "shop", shipped=4)


def unclear(floor: Floor, number: int = 1001) -> int:
    """A refund that Amazon has, but that its list does not show: every row unknown, the operator needed."""
    floor.sim.amazon.lag_seconds = 90 * DAY
    batch = floor.commit(REFUND, number)
    floor.fail_once("drop_after")
    for _ in range(5):
        floor.dispatch(1800)
    assert (floor.attempt(batch).state, floor.states(batch)) == ("needs_operator", {RowState.UNKNOWN})
    return batch


def sync(floor: Floor, seconds: int = HOUR) -> tuple[str, ...]:
    floor.clock.advance(seconds)
    return floor.made.sync.sync().notes


def book(floor: Floor, number: int, amount: float, *, when: int = 0, **more: Any) -> None:
    """Somebody refunds in Seller Central, or Amazon books something."""
    floor.sim.amazon.transactions.append(
        {
            "transactionType": "Refund", "transactionId": f"X{len(floor.sim.amazon.transactions)}",
            "transactionStatus": "RELEASED",
            "postedDate": iso_utc(floor.clock.now() + when), "totalAmount": {"currencyCode": "USD",
            "currencyAmount": -amount},
            "relatedIdentifiers": [{"relatedIdentifierName": "ORDER_ID",
                "relatedIdentifierValue": floor.order_id(number)}],
        }
        | more
    )  # fmt: skip


def test_an_unknown_refund_is_confirmed_by_its_booking_and_frees_the_next(floor: Floor, sim: Simulator) -> None:
    batch = unclear(floor)
    notes = sync(floor)
    assert floor.states(batch) == {RowState.CONFIRMED}
    (row,) = floor.batch(batch).rows
    assert row.text.startswith("Amazon booked USD 11.00 back on 2026-11-23T")
    assert any(f"the refund of batch {batch} is confirmed" in note for note in notes)
    (entry,) = [
        one for one in floor.made.context.store.audit.entries(order_id=row.order_id) if one.kind == "batch.booked"
    ]
    facts = json.loads(entry.payload)
    assert (facts["batch"], facts["minor"], facts["states"]) == (batch, 1100, {row.order_id: ["unknown", "confirmed"]})
    assert facts["transaction"] == sim.amazon.transactions[0]["transactionId"]
    assert "chain unbroken" in floor.made.audit.verify()
    assert floor.made.batches.open_issues() == []
    other = floor.commit(REFUND, 1002)
    floor.dispatch(60)
    assert floor.attempt(batch).state == "settled"
    floor.dispatch(60)
    assert floor.states(other) <= {RowState.ACCEPTED, RowState.OK}
    assert sim.amazon.refunds(row.order_id) == 1


def test_one_that_amazon_said_ok_of_is_confirmed_too(floor: Floor, sim: Simulator) -> None:
    batch = floor.commit(REFUND, 1001, 1002)
    floor.dispatch()
    floor.dispatch(120)
    assert floor.states(batch) == {RowState.OK}
    sync(floor)
    assert floor.states(batch) == {RowState.CONFIRMED}
    assert sim.calls.count("listTransactions") == 1, "one search, whatever the number of orders"


def other_amount(floor: Floor) -> None:
    book(floor, 1001, 10.99)


def other_order(floor: Floor) -> None:
    book(floor, 1002, 11.00)


def other_currency(floor: Floor) -> None:
    book(floor, 1001, 11.0, totalAmount={"currencyCode": "EUR", "currencyAmount": -11.0})


def before_it_left(floor: Floor) -> None:
    book(floor, 1001, 11.0, when=-5 * HOUR)


def two_equal(floor: Floor) -> None:
    book(floor, 1001, 11.0)
    book(floor, 1001, 11.0)


def no_refund(floor: Floor) -> None:
    book(floor, 1001, 11.0, transactionType="Shipment")


def money_in(floor: Floor) -> None:
    book(floor, 1001, -11.0)


def of_two_orders(floor: Floor) -> None:
    ids = [{"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": floor.order_id(n)} for n in (1001, 1002)]
    book(floor, 1001, 11.0, relatedIdentifiers=ids)


def fees_unreadable(floor: Floor) -> None:
    euro = {"currencyCode": "EUR", "currencyAmount": 1.0}
    book(floor, 1001, 11.0, breakdowns=[{"breakdownType": "Expenses", "breakdownAmount": euro}])


@pytest.mark.parametrize(
    "booked",
    [other_amount, other_order, other_currency, before_it_left, two_equal, no_refund, money_in, of_two_orders,
        fees_unreadable],
)  # fmt: skip
def test_what_is_not_certain_confirms_nothing(floor: Floor, sim: Simulator, booked: Callable[[Floor], None]) -> None:
    batch = unclear(floor)
    sim.amazon.transactions.clear()
    booked(floor)
    notes = sync(floor)
    assert floor.states(batch) == {RowState.UNKNOWN}
    assert any("ordertui api evidence" in note for note in notes) is (booked is two_equal)
    assert sync(floor) == (), "the same doubt is not said again"


def test_fees_of_amazons_are_not_the_buyers_money(floor: Floor, sim: Simulator) -> None:
    batch = unclear(floor)
    sim.amazon.transactions.clear()
    parts = [
        {"breakdownType": "Sales", "breakdownAmount": {"currencyCode": "USD", "currencyAmount": -11.0}},
        {"breakdownType": "Amazon Fees", "breakdownAmount": {"currencyCode": "USD", "currencyAmount": 1.32}},
    ]
    book(floor, 1001, 9.68, breakdowns=parts)
    sync(floor)
    assert floor.states(batch) == {RowState.CONFIRMED}


def test_money_that_was_put_off_and_released_is_one_booking(floor: Floor, sim: Simulator) -> None:
    batch = unclear(floor)
    (first,) = sim.amazon.transactions
    released = {"relatedIdentifierName": "DEFERRED_TRANSACTION_ID", "relatedIdentifierValue": first["transactionId"]}
    book(floor, 1001, 11.0, relatedIdentifiers=[*first["relatedIdentifiers"], released])
    sync(floor)
    assert floor.states(batch) == {RowState.CONFIRMED}


def test_a_refund_tried_again_is_left_to_people(floor: Floor, sim: Simulator) -> None:
    sim.amazon.refuse[floor.order_id(1001)] = ("18028", "not now")
    first = floor.commit(REFUND, 1001)
    floor.dispatch()
    floor.dispatch(120)
    assert floor.states(first) == {RowState.ERROR}
    sim.amazon.refuse.clear()
    (plan,) = floor.made.batches.retry(first)
    second = floor.made.batches.commit(plan, typed=str(plan.typed_count)).id
    floor.made.batches.release(second)
    floor.dispatch(1200)
    floor.dispatch(120)
    sync(floor)
    assert floor.states(second) == {RowState.OK}, "the booking could be the first one's, if Amazon's report was wrong"


def test_a_second_booking_of_a_confirmed_refund_is_told(floor: Floor, sim: Simulator) -> None:
    batch = unclear(floor)
    sync(floor)
    assert floor.states(batch) == {RowState.CONFIRMED}
    book(floor, 1001, 11.0)
    other = floor.commit(REFUND, 1002)
    floor.dispatch()
    floor.dispatch(120)
    assert any("it may be paid twice" in note for note in sync(floor))
    assert floor.states(batch) == {RowState.CONFIRMED}
    assert floor.states(other) <= {RowState.OK, RowState.CONFIRMED, RowState.ACCEPTED}
    assert [(one.kind, one.orders) for one in floor.made.batches.open_issues()] == [
        ("overpaid", (floor.order_id(1001),))
    ]
    assert "chain unbroken" in floor.made.audit.verify()


def test_calls_are_few_and_pages_and_late_bookings_are_read(floor: Floor, sim: Simulator) -> None:
    sim.amazon.transaction_page, sim.amazon.booking_lag = 2, 2 * DAY
    batch = unclear(floor)
    for number in range(7):
        book(floor, 1002, 1.0 + number)
    sync(floor)
    assert sim.calls.count("listTransactions") == 1
    sync(floor, 600)
    assert sim.calls.count("listTransactions") == 1, "not sooner than in half an hour"
    sync(floor, 2 * DAY)
    assert sim.calls.count("listTransactions") == 1 + 4, "four pages of one search"
    assert floor.states(batch) == {RowState.CONFIRMED}
    sync(floor, DAY)
    assert sim.calls.count("listTransactions") == 5, "nothing waits, nothing is asked"


@pytest.mark.parametrize("fault", ["forbidden", "html503", "html_body", "drop"])
def test_trouble_with_finances_keeps_nothing_else_from_being_done(floor: Floor, sim: Simulator, fault: str) -> None:
    batch = unclear(floor)
    sim.faults.add("listTransactions", fault, 99)
    (note,) = sync(floor)
    assert note.startswith("refunds are not confirmed by what Amazon booked: listTransactions")
    assert floor.made.sync.status().format(floor.clock.now()).startswith("synced 2 min ago")
    sim.faults.clear()
    sync(floor)
    assert floor.states(batch) == {RowState.CONFIRMED}


def test_a_crash_while_a_row_is_confirmed_changes_nothing(
    floor: Floor, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = unclear(floor)

    def crash(*args: object, **more: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(floor.made.context.store.results, "confirm_booked", crash)
        with pytest.raises(KeyboardInterrupt):
            sync(floor)
    floor.again()
    assert floor.states(batch) == {RowState.UNKNOWN}
    sync(floor)
    assert floor.states(batch) == {RowState.CONFIRMED}


def test_a_file_that_may_not_be_uploaded_yet_is_never_confirmed() -> None:
    assert RowState.SENT not in BOOKABLE
    row = RefundRow(1, "A", RowState.SENT, "USD", 1100, 1000)
    assert unambiguous_matches([row], [Booking("T", "A", 2000, "USD", 1100)], ()) == []
    assert feed_limits().finances_overlap_seconds.value > 2 * DAY


def test_two_refunds_of_one_amount_are_confirmed_one_after_the_other() -> None:
    first = RefundRow(1, "A", RowState.UNKNOWN, "USD", 500, 1000)
    later = RefundRow(2, "A", RowState.UNKNOWN, "USD", 500, 90_000)
    one, two = (Booking(f"T{at}", "A", at, "USD", 500) for at in (2000, 91_000))
    assert unambiguous_matches([first], [one], ()) == [(first, one)]
    gone = RefundRow(1, "A", RowState.CONFIRMED, "USD", 500, 1000)
    assert unambiguous_matches([gone, later], [one, two], {"T2000"}) == [(later, two)]
    assert unambiguous_matches([gone, later], [one], {"T2000"}) == []
    assert unambiguous_matches([first, later], [one], ()) == [(first, one)], "the later one had not left then"
    assert unambiguous_matches([first, later], [two], ()) == [], "it may be either's"


# -- never a wrong row, whatever is seen when

ROW = st.tuples(
    st.sampled_from("AB"),
    st.sampled_from((500, 700)),
    st.integers(0, 20),
    st.booleans(),
    st.sampled_from(list(RowState)[2:]),
)  # order, amount, sent after, done, what the report says
SEEN = st.tuples(st.integers(0, 20), st.integers(0, 30))  # booked so long after it was sent, shown so long after that


@settings(max_examples=400, deadline=None)
@given(
    rows=st.lists(st.tuples(ROW, SEEN), min_size=1, max_size=5),
    looks=st.lists(st.integers(0, 80), min_size=1, max_size=4, unique=True),
)
def test_no_row_is_confirmed_that_amazon_did_not_pay(rows: list[tuple[Any, Any]], looks: list[int]) -> None:
    """Time in hours. Each row that Amazon did has one booking of its own, shown sooner or later."""
    states = {
        batch: RefundRow(batch, order, state, "USD", amount, sent * HOUR)
        for batch, ((order, amount, sent, _, state), _) in enumerate(rows)
        if state is not RowState.CONFIRMED
    }
    booked = {
        batch: (Booking(f"T{batch}", order, (sent + after) * HOUR, "USD", amount), sent + after + shown)
        for batch, ((order, amount, sent, done, _), (after, shown)) in enumerate(rows)
        if done and batch in states
    }
    used: dict[str, int] = {}
    for look in sorted(looks):
        there = [row for row in states.values() if row.sent_at <= look * HOUR]
        visible = [booking for booking, at in booked.values() if at <= look]
        for row, booking in unambiguous_matches(there, visible, used):
            assert booking.ident == f"T{row.batch}", "the booking is the row's own"
            used[booking.ident] = row.batch
            states[row.batch] = RefundRow(
                row.batch, row.order_id, RowState.CONFIRMED, row.currency, row.total, row.sent_at
            )
