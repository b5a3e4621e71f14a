"""One order's shipment confirmed by its own call: at once, once, and never again without a look at the order."""

import json
from collections.abc import Callable
from hashlib import sha256
from operator import attrgetter
from pathlib import Path

import pytest

from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.clock import DAY, HOUR, FixedClock
from ordertui.orders.enums import Action, OrderStatus
from support.api import session
from support.at_once import at_once
from support.model_store import Floor
from support.simulator import Simulator
from support.simulator.shop import order

pytestmark = pytest.mark.usefixtures("api_credentials")

CONFIRM = Action.CONFIRM
CALL = "confirmShipment"


@pytest.fixture
def floor(sim: Simulator, clock: FixedClock, tmp_path: Path) -> Floor:
    return Floor(sim, clock, tmp_path / "shop")


def test_one_order_is_confirmed_at_once_and_seen_at_once(floor: Floor, sim: Simulator) -> None:
    batch = floor.commit(CONFIRM, 1)
    left = floor.dispatch()
    assert [one.id for one in left] == [batch]
    ((order_id, body),) = sim.amazon.confirmations
    assert order_id == floor.order_id(1)
    assert body["packageDetail"] == {
        "packageReferenceId": "1", "carrierCode": "UPS", "trackingNumber": "1Z1",
        "shipDate": "2026-11-23T00:00:00-08:00",
        "orderItems": [{"orderItemId": "000000000000101", "quantity": 1}],
    }  # fmt: skip
    kept = floor.made.context.store.submissions.content(floor.attempt(batch).id)
    assert json.loads(kept) == body, "the bytes that were written down are those that went"
    assert floor.attempt(batch).sha256 == sha256(kept).hexdigest()
    assert (floor.attempt(batch).state, floor.states(batch)) == ("done", {RowState.CONFIRMED})
    assert "Amazon took the confirmation" in floor.batch(batch).advice
    assert sim.calls.count("getOrder") == 1
    assert "createFeed" not in sim.calls
    known = floor.made.orders.get(floor.order_id(1))
    assert known is not None
    assert known.row.status is OrderStatus.SHIPPED
    assert [t for _, t in floor.made.orders.timeline(known) if "went" in t] == ["batch 1 went to Amazon by the API"]
    assert "chain unbroken" in floor.made.audit.verify()


def test_several_go_as_one_feed(floor: Floor, sim: Simulator) -> None:
    floor.commit(CONFIRM, 1, 2)
    floor.dispatch()
    assert [feed.kind for feed in sim.amazon.feeds.values()] == ["POST_ORDER_FULFILLMENT_DATA"]
    assert sim.amazon.confirmations == []


def test_a_second_parcel_goes_as_a_feed(floor: Floor, sim: Simulator, clock: FixedClock) -> None:
    part = order(50, clock.now(), "PARTIALLY_SHIPPED", quantity=2, updated=clock.now())
    part["orderItems"][0]["fulfillment"] = {"quantityFulfilled": 1, "quantityUnfulfilled": 1}
    sim.amazon.put(part)
    clock.advance(300)
    floor.made.sync.sync()
    floor.commit(CONFIRM, 50)
    floor.dispatch()
    assert len(sim.amazon.posts) == 1
    assert sim.amazon.confirmations == [], "the number of its first parcel is taken"


def test_single_calls_wait_for_no_feed_and_hold_up_none(floor: Floor, sim: Simulator) -> None:
    sim.amazon.feed_outcomes.append("STUCK")
    many = floor.commit(CONFIRM, 1, 2)
    floor.dispatch()
    for number in (3, 4, 5):
        floor.commit(CONFIRM, number)
        floor.dispatch()
    assert [one for one, _ in sim.amazon.confirmations] == [floor.order_id(n) for n in (3, 4, 5)]
    assert floor.attempt(many).state == "submitted"


@pytest.mark.parametrize("fault", ["throttle", "unauthorized", "forbidden"])
def test_what_amazon_did_not_take_is_held_again(floor: Floor, sim: Simulator, fault: str) -> None:
    batch = floor.commit(CONFIRM, 1)
    floor.fail_once(fault, CALL)
    assert (floor.attempt(batch).state, floor.states(batch)) == ("refused", {RowState.HELD})
    assert "Amazon did not take it, and nothing was done. It is held" in floor.batch(batch).advice
    due = floor.made.dispatcher.next_due()
    assert due is not None
    assert due.at == floor.clock.now() + 60, "the screen does not hammer; a key tries at once"
    floor.dispatch(10)
    assert floor.states(batch) == {RowState.CONFIRMED}
    assert len(sim.amazon.confirmations) == 1


def test_what_amazon_refuses_for_good_is_an_error_that_may_be_tried_again(floor: Floor, sim: Simulator) -> None:
    sim.amazon.refuse[floor.order_id(1)] = ("InvalidInput", "carrierCode is not known")
    batch = floor.commit(CONFIRM, 1)
    assert floor.dispatch() == []
    assert any("carrierCode is not known" in note for note in floor.notes)
    (row,) = floor.batch(batch).rows
    assert (row.state, row.code) == (RowState.ERROR, "InvalidInput")
    assert "carrierCode is not known" in row.text
    assert floor.batch(batch).state is BatchState.ANSWERED
    assert floor.dispatch(HOUR) == []
    sim.amazon.refuse.clear()
    (again,) = floor.made.batches.retry(batch)
    floor.made.batches.release(floor.made.batches.commit(again, typed=str(again.typed_count)).id)
    floor.dispatch()
    assert len(sim.amazon.confirmations) == 1


TAKEN = ("error500_after", "empty502_after", "drop_after", "hang_after")
NOT_TAKEN = ("html503", "empty502", "error500", "drop", "hang")


@pytest.mark.parametrize("by_sync", [True, False])
@pytest.mark.parametrize("fault", TAKEN)
def test_an_unclear_answer_is_settled_by_a_look_at_the_order(
    floor: Floor, sim: Simulator, fault: str, by_sync: bool
) -> None:
    batch = floor.commit(CONFIRM, 1)
    floor.fail_once(fault, CALL)
    assert (floor.attempt(batch).state, floor.states(batch)) == ("unanswered", {RowState.UNKNOWN})
    assert "it may be confirmed. The order is fetched" in floor.batch(batch).advice
    due = floor.made.dispatcher.next_due()
    assert due is not None
    assert due.at == floor.attempt(batch).started_at + 300, "Amazon has time to show it"
    if by_sync:
        floor.made.sync.sync()
    assert floor.dispatch(HOUR) == []
    assert floor.attempt(batch).state == "settled"
    assert floor.made.dispatcher.next_due() is None
    assert floor.states(batch) == {RowState.CONFIRMED}
    assert len(sim.amazon.confirmations) == 1


def parcels(sim: Simulator, floor: Floor, number: int) -> list[str]:
    return [one["packageReferenceId"] for one in sim.amazon.orders[floor.order_id(number)].get("packages", [])]


@pytest.mark.parametrize("fault", NOT_TAKEN)
def test_what_never_arrived_is_repeated_after_a_look_at_the_order(floor: Floor, sim: Simulator, fault: str) -> None:
    batch = floor.commit(CONFIRM, 1)
    floor.fail_once(fault, CALL)
    assert floor.states(batch) == {RowState.UNKNOWN}
    floor.dispatch(60)
    assert sim.calls.count(CALL) == 1, "not before Amazon had time to show it"
    other = floor.commit(CONFIRM, 2)
    floor.dispatch()
    assert floor.states(other) == {RowState.CONFIRMED}, "it holds up no other order"
    floor.dispatch(HOUR)
    assert floor.states(batch) == {RowState.CONFIRMED}
    assert (floor.attempt(batch).state, parcels(sim, floor, 1)) == ("done", ["1"])
    kept = floor.made.context.store.submissions.content(floor.attempt(batch).id)
    assert [json.loads(kept)] == [body for one, body in sim.amazon.confirmations if one == floor.order_id(1)]
    assert "chain unbroken" in floor.made.audit.verify()


def test_a_repetition_that_amazon_refuses_says_nothing_of_the_first_call(floor: Floor, sim: Simulator) -> None:
    batch = floor.commit(CONFIRM, 1)
    floor.fail_once("drop", CALL)
    sim.amazon.refuse[floor.order_id(1)] = ("InvalidInput", "not now")
    for _ in range(5):
        floor.dispatch(HOUR)
    assert sim.calls.count(CALL) == 1 + 3, "three times, not for ever"
    assert floor.states(batch) == {RowState.UNKNOWN}
    assert "InvalidInput not now" in floor.batch(batch).advice
    assert floor.made.dispatcher.next_due() is None
    assert [(one.kind, one.orders) for one in floor.made.batches.open_issues()] == [("unknown", (floor.order_id(1),))]


def test_a_try_after_an_unclear_one_edits_the_same_parcel(floor: Floor, sim: Simulator) -> None:
    batch = floor.commit(CONFIRM, 1)
    floor.fail_once("drop", CALL)
    floor.made.batches.settle(batch, [floor.order_id(1)], done=False, why="not shipped in Seller Central", typed="1")
    (again,) = floor.made.batches.retry(batch)
    floor.made.batches.release(floor.made.batches.commit(again, typed=str(again.typed_count)).id)
    floor.dispatch(HOUR)
    assert parcels(sim, floor, 1) == ["1"]
    assert sim.calls.count(CALL) == 2, "what the operator settled is not repeated"


def test_a_number_that_a_parcel_has_is_not_used_again(floor: Floor, sim: Simulator) -> None:
    sim.amazon.orders[floor.order_id(1)]["packages"] = [
        {"packageReferenceId": "1", "packageStatus": {"status": "PENDING"}}, {"packageReferenceId": "3"},
    ]  # fmt: skip
    sim.amazon.touch(floor.order_id(1))
    floor.clock.advance(300)
    floor.made.sync.sync()
    floor.commit(CONFIRM, 1)
    floor.dispatch()
    assert parcels(sim, floor, 1) == ["1", "3", "2"]


def test_a_row_settled_before_the_other_left_alone_stays_settled(floor: Floor, sim: Simulator) -> None:
    batch = floor.commit(CONFIRM, 1, 2)
    floor.fail_once("drop")
    floor.made.batches.settle(batch, [floor.order_id(1)], done=False, why="not shipped in Seller Central", typed="1")
    for _ in range(5):
        floor.dispatch(300)
    assert [one for one, _ in sim.amazon.confirmations] == [floor.order_id(2)]
    assert {row.order_id[-1]: row.state for row in floor.batch(batch).rows} == {
        "1": RowState.ERROR, "2": RowState.CONFIRMED,
    }  # fmt: skip


class Killed(BaseException):
    """As kill -9: nothing after it runs."""


@pytest.mark.parametrize(
    "step", ["journal.mark_sent", "submissions.begin", "submissions.answer", "submissions.return_to_hold"]
)
@pytest.mark.parametrize("fault", ["", "drop_after"])
@pytest.mark.parametrize("after", [True, False])
def test_a_kill_at_any_step_confirms_at_most_once(
    floor: Floor, sim: Simulator, monkeypatch: pytest.MonkeyPatch, step: str, fault: str, after: bool
) -> None:
    batch = floor.commit(CONFIRM, 1)
    if fault:
        sim.faults.add(CALL, fault)
    owner, name = attrgetter(step.partition(".")[0])(floor.made.context.store), step.partition(".")[2]
    real: Callable[..., object] = getattr(owner, name)

    def killed(*args: object, **more: object) -> object:
        if after:
            real(*args, **more)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, killed)
        try:
            floor.dispatch()
        except Killed:
            floor.again()
    for _ in range(4):
        floor.dispatch(HOUR)
    floor.made.sync.sync()
    assert (len(sim.amazon.confirmations), parcels(sim, floor, 1)) == (1, ["1"])
    assert floor.states(batch) == {RowState.CONFIRMED}
    assert not [one for one in floor.made.context.store.submissions.find() if one.is_open]
    assert "chain unbroken" in floor.made.audit.verify()


def test_two_processes_confirm_an_order_once(floor: Floor, sim: Simulator, clock: FixedClock) -> None:
    batch = floor.commit(CONFIRM, 1)
    other = session(sim, floor.folder, clock)
    at_once(floor.made.dispatcher.run, other.dispatcher.run)
    assert len(sim.amazon.confirmations) == 1
    assert floor.states(batch) == {RowState.CONFIRMED}
    other.close()


def test_a_stop_before_the_call_holds_it_again(floor: Floor, sim: Simulator) -> None:
    batch = floor.commit(CONFIRM, 1)
    calls = iter((False, *[True] * 99))
    assert floor.made.dispatcher.run(stop=lambda: next(calls)) == []
    assert floor.states(batch) == {RowState.HELD}
    assert sim.amazon.confirmations == []


def test_an_order_that_moved_on_since_is_left_out(floor: Floor, sim: Simulator) -> None:
    batch = floor.commit(CONFIRM, 1)
    sim.amazon.orders[floor.order_id(1)]["fulfillment"]["fulfillmentStatus"] = "CANCELLED"
    sim.amazon.touch(floor.order_id(1))
    floor.dispatch(DAY)
    assert floor.states(batch) == {RowState.LEFT_OUT}
    assert sim.amazon.confirmations == []
