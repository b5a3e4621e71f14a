"""Batches as feeds: what leaves, what Amazon does with it, and for all that goes wrong the state and the words."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from operator import attrgetter
from pathlib import Path

import pytest
from msgspec.structs import replace

from ordertui.amazon.spapi import documents, errors
from ordertui.amazon.spapi.client import Client
from ordertui.operations.batches.batch import Due, DueStep
from ordertui.operations.dispatch import feed_submitter
from ordertui.operations.dispatch.feed_tracker import next_poll_at
from ordertui.operations.errors import OperationError, Refused
from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.sync.unread_orders import UNREAD_KEY
from ordertui.orders.batch_state import BatchState, RowState, SubmissionState
from ordertui.orders.clock import DAY, HOUR, FixedClock
from ordertui.orders.enums import Action, Dispatched
from support.api import SimulatedTime, session
from support.at_once import at_once
from support.batches import feed_bytes
from support.model_store import Floor
from support.simulator import Simulator
from support.simulator.shop import order

pytestmark = pytest.mark.usefixtures("api_credentials")

CANCEL, REFUND = Action.CANCEL, Action.REFUND


@pytest.fixture
def floor(sim: Simulator, clock: FixedClock, tmp_path: Path) -> Floor:
    return Floor(sim, clock, tmp_path / "shop")


def test_a_batch_leaves_is_followed_and_is_confirmed_by_the_next_sync(floor: Floor, sim: Simulator) -> None:
    plan = floor.plan(CANCEL, 1, 2, 3)
    batch = floor.made.batches.commit(plan, typed=str(plan.typed_count)).id
    assert floor.dispatch() == [], "nothing leaves before its hold has ended"
    assert "createFeedDocument" not in sim.calls
    floor.made.batches.release(batch)
    sim.amazon.refuse[floor.order_id(3)] = ("18028", "not found")
    left = floor.dispatch()
    assert [one.id for one in left] == [batch]
    assert "waits in Amazon's queue" in left[0].advice
    assert floor.states(batch) == {RowState.ACCEPTED}
    feed = next(iter(sim.amazon.feeds.values()))
    approved = feed_bytes(plan, floor.made.context.merchant_id)["order-cancellation.xml"]
    assert sim.amazon.documents[feed.document].content == approved, "bytes sent are the bytes approved"
    assert floor.attempt(batch).sha256 == sha256(approved).hexdigest()
    assert (feed.kind, feed.markets) == ("POST_ORDER_ACKNOWLEDGEMENT_DATA", ["ATVPDKIKX0DER"])
    floor.dispatch(35)
    assert floor.attempt(batch).state == "processing"
    floor.dispatch(300)
    assert floor.attempt(batch).state == "done"
    assert "has processed feed" in floor.batch(batch).advice
    assert {row.order_id[-1]: row.state for row in floor.batch(batch).rows} == {
        "1": RowState.OK, "2": RowState.OK, "3": RowState.ERROR,
    }  # fmt: skip
    assert next(iter((floor.folder / "results").iterdir())).read_bytes().startswith(b"<?xml")
    floor.clock.advance(300)
    floor.made.sync.sync()
    assert floor.states(batch) == {RowState.CONFIRMED, RowState.ERROR}
    assert len(sim.amazon.posts) == 1


def test_after_the_clock_was_put_back_a_feed_is_looked_at_on(floor: Floor) -> None:
    """What waits because a call had no clear answer waits on."""
    batch = floor.commit(CANCEL, 1)
    floor.dispatch()
    now = floor.clock.now()
    looked = replace(floor.attempt(batch), polls=3, polled_at=now)
    assert next_poll_at(looked, now) > now
    ahead = replace(looked, polled_at=now + 10 * DAY)
    assert next_poll_at(ahead, now) <= now
    unclear = replace(ahead, state=SubmissionState.UNKNOWN)
    assert next_poll_at(unclear, now) == next_poll_at(replace(unclear, polled_at=None), now) > now


def test_undo_reaches_a_batch_until_it_leaves(floor: Floor, sim: Simulator) -> None:
    batch = floor.commit(CANCEL, 1, 2)
    floor.made.batches.recall(floor.order_id(2))
    floor.dispatch()
    feed = next(iter(sim.amazon.feeds.values()))
    assert floor.order_id(2).encode() not in (sim.amazon.documents[feed.document].content or b"")
    with pytest.raises(Exception, match="has left"):
        floor.made.batches.recall(batch)


def test_an_order_that_shipped_since_is_left_out(floor: Floor, sim: Simulator) -> None:
    batch = floor.commit(CANCEL, 1, 2)
    sim.amazon.orders[floor.order_id(2)]["fulfillment"]["fulfillmentStatus"] = "SHIPPED"
    sim.amazon.touch(floor.order_id(2))
    floor.dispatch(HOUR)
    assert "searchOrders" in sim.calls, "orders an hour old are synced before a batch leaves"
    assert {row.order_id[-1]: row.state for row in floor.batch(batch).rows} == {
        "1": RowState.ACCEPTED, "2": RowState.LEFT_OUT,
    }  # fmt: skip


def test_young_orders_are_not_fetched_again(floor: Floor, sim: Simulator) -> None:
    floor.commit(CANCEL, 1)
    floor.dispatch()
    assert "searchOrders" not in sim.calls


NEVER = ("throttle", "unauthorized", "forbidden")
UNCLEAR = ("html503", "empty502", "error500", "drop", "hang")
TAKEN = ("error500_after", "empty502_after", "drop_after", "hang_after", "html_body", "empty_object", "half_body")


@pytest.mark.parametrize("action", [CANCEL, REFUND])
@pytest.mark.parametrize("fault", NEVER)
def test_what_amazon_refused_is_held_again_and_leaves_once(
    floor: Floor, sim: Simulator, fault: str, action: Action
) -> None:
    batch = floor.commit(action, *((1,) if action is CANCEL else (1001,)))
    sim.faults.add("createFeed", fault)
    assert floor.dispatch() == []
    assert (floor.attempt(batch).state, floor.batch(batch).state) == ("refused", BatchState.HELD)
    assert floor.states(batch) == {RowState.HELD}
    assert "Amazon did not take it, and nothing was done" in floor.batch(batch).advice
    assert any("it is held again" in note for note in floor.notes)
    floor.dispatch(10)
    assert floor.states(batch) == {RowState.ACCEPTED}
    assert len(sim.amazon.posts) == 1


def test_what_amazon_refused_can_be_taken_back(floor: Floor, sim: Simulator) -> None:
    batch = floor.commit(CANCEL, 1)
    sim.faults.add("createFeed", "forbidden")
    floor.dispatch()
    assert floor.made.batches.recall(batch) == 1
    assert floor.dispatch(10) == []
    assert sim.amazon.posts == []


@pytest.mark.parametrize("action", [CANCEL, REFUND])
@pytest.mark.parametrize("fault", TAKEN)
def test_an_unclear_answer_is_settled_by_amazons_own_list(
    floor: Floor, sim: Simulator, fault: str, action: Action
) -> None:
    number = 1 if action is CANCEL else 1001
    batch = floor.commit(action, number)
    floor.fail_once(fault)
    assert floor.attempt(batch).state == "unknown"
    assert floor.states(batch) == {RowState.UNKNOWN}
    assert "it may have the feed" in floor.batch(batch).advice
    assert "not sent again until that is clear" in floor.batch(batch).advice
    floor.dispatch(60)
    assert floor.attempt(batch).state == "unknown", "its absence says nothing before it had time to show"
    floor.dispatch(1800)
    assert floor.attempt(batch).state in ("submitted", "processing", "done")
    for _ in range(3):
        floor.dispatch(300)
    assert floor.attempt(batch).state == "done"
    assert floor.states(batch) == {RowState.OK}
    assert len(sim.amazon.posts) == 1
    if action is REFUND:
        assert sim.amazon.refunds(floor.order_id(number)) == 1


@pytest.mark.parametrize("fault", UNCLEAR)
def test_a_cancellation_that_never_arrived_leaves_again_after_three_looks(
    floor: Floor, sim: Simulator, fault: str
) -> None:
    batch = floor.commit(CANCEL, 1)
    floor.fail_once(fault)
    assert floor.attempt(batch).state == "unknown"
    for turn in range(3):
        assert sim.amazon.posts == [], "not sent again before three looks agree"
        assert floor.attempt(batch).polls == turn
        floor.dispatch(300)
    floor.dispatch(10)
    floor.dispatch(300)
    assert len(sim.amazon.posts) == 1
    assert floor.states(batch) <= {RowState.ACCEPTED, RowState.OK}


@pytest.mark.parametrize("fault", UNCLEAR)
def test_a_refund_that_never_arrived_waits_for_the_operator(floor: Floor, sim: Simulator, fault: str) -> None:
    batch = floor.commit(REFUND, 1001)
    floor.fail_once(fault)
    for _ in range(12):
        floor.dispatch(1800)
    assert floor.attempt(batch).state == "needs_operator"
    assert floor.states(batch) == {RowState.UNKNOWN}
    assert "It cannot be told whether Amazon has it" in floor.batch(batch).advice
    assert sim.amazon.posts == [], "a refund is never sent again by itself"
    other = floor.commit(REFUND, 1002)
    assert floor.dispatch(DAY) == []
    assert any(f"batch {other} waits: batch {batch}, of the same kind, is on its way" in note for note in floor.notes)


def test_the_operators_word_settles_it_and_frees_the_next(floor: Floor, sim: Simulator) -> None:
    batch = floor.commit(REFUND, 1001)
    floor.fail_once("drop")
    for _ in range(6):
        floor.dispatch(1800)
    assert floor.attempt(batch).state == "needs_operator"
    floor.made.batches.settle(
        batch, [floor.order_id(1001)], done=False, why="not in Seller Central, nothing booked", typed="1"
    )
    other = floor.commit(REFUND, 1002)
    floor.dispatch(60)
    assert floor.attempt(batch).state == "settled"
    floor.dispatch(60)
    assert floor.states(other) == {RowState.OK}
    retry = floor.made.batches.retry(batch)[0]
    again = floor.made.batches.commit(retry, typed=str(retry.typed_count)).id
    floor.made.batches.release(again)
    floor.dispatch(1200)
    floor.dispatch(1200)
    floor.dispatch(1200)
    assert (sim.amazon.refunds(floor.order_id(1001)), sim.amazon.refunds(floor.order_id(1002))) == (1, 1)


def test_a_row_settled_while_its_feed_is_unclear_does_not_leave_again(floor: Floor, sim: Simulator) -> None:
    batch = floor.commit(CANCEL, 1, 2)
    floor.fail_once("drop")
    floor.made.batches.settle(batch, [floor.order_id(1)], done=False, why="it stands as unshipped", typed="1")
    for _ in range(4):
        floor.dispatch(300)
    floor.dispatch(300)
    assert len(sim.amazon.posts) == 1
    assert [one for feed in sim.amazon.feeds.values() for one in feed.effects] == [floor.order_id(2)]
    assert {row.order_id[-1]: row.state for row in floor.batch(batch).rows} == {"1": RowState.ERROR, "2": RowState.OK}


@pytest.mark.parametrize("outcome", ["", "CANCELLED"])
def test_when_every_row_is_settled_nothing_is_held_any_more(floor: Floor, sim: Simulator, outcome: str) -> None:
    if outcome:
        sim.amazon.feed_outcomes.append(outcome)
    batch = floor.commit(CANCEL, 1)
    floor.fail_once("drop_after" if outcome else "drop")
    floor.made.batches.settle(batch, [floor.order_id(1)], done=False, why="it stands as unshipped", typed="1")
    for _ in range(5):
        floor.dispatch(300)
    assert floor.attempt(batch).state == ("cancelled" if outcome else "settled")
    assert floor.batch(batch).state is not BatchState.HELD
    assert floor.made.maintenance.check() == []
    assert len(sim.amazon.posts) == bool(outcome)


def test_a_list_that_lags_never_makes_a_second_refund(floor: Floor, sim: Simulator) -> None:
    batch = floor.commit(REFUND, 1001)
    sim.amazon.lag_seconds = 2 * DAY
    sim.faults.add("createFeed", "drop_after")
    for _ in range(20):
        floor.dispatch(1800)
    assert floor.attempt(batch).state == "needs_operator"
    assert (len(sim.amazon.posts), sim.amazon.refunds(floor.order_id(1001))) == (1, 1)
    floor.made.dispatcher.feeds.tracker.adopt_by_hand(batch, sim.amazon.posts[0])
    floor.dispatch(60)
    assert (floor.attempt(batch).state, floor.states(batch)) == ("done", {RowState.OK})


def test_a_list_that_cannot_be_read_leaves_it_unknown(floor: Floor, sim: Simulator) -> None:
    batch = floor.commit(CANCEL, 1)
    sim.faults.add("createFeed", "drop")
    floor.dispatch()
    sim.faults.add("getFeeds", "forbidden", 99)
    for _ in range(5):
        floor.dispatch(600)
    assert floor.attempt(batch).state == "unknown"
    assert "The last look failed" in floor.batch(batch).advice
    assert sim.amazon.posts == []


def test_feeds_of_another_program_are_not_taken_for_ours(floor: Floor, sim: Simulator) -> None:
    kind, market = "POST_PAYMENT_ADJUSTMENT_DATA", ["ATVPDKIKX0DER"]
    foreign = [sim.amazon.document("text/xml", b"<AmazonEnvelope/>", incoming=True) for _ in range(3)]
    sim.amazon.create_feed(kind, market, foreign[0])
    batch = floor.commit(REFUND, 1001)
    sim.faults.add("createFeed", "drop")
    floor.dispatch()
    sim.amazon.create_feed(kind, ["A1F83G8C2ARO7P"], foreign[1])
    for _ in range(6):
        floor.dispatch(1800)
    assert floor.attempt(batch).state == "needs_operator", "one was there before, one is another marketplace's"
    with pytest.raises(OperationError, match="no unclear feed"):
        floor.made.dispatcher.feeds.tracker.adopt_by_hand(batch + 1, "F1")


def test_several_new_feeds_are_not_guessed_between(floor: Floor, sim: Simulator) -> None:
    batch = floor.commit(CANCEL, 1)
    sim.faults.add("createFeed", "drop_after")
    floor.dispatch()
    feed = next(iter(sim.amazon.feeds.values()))
    sim.amazon.create_feed(feed.kind, feed.markets, feed.document)
    floor.dispatch(600)
    assert floor.attempt(batch).state == "needs_operator"
    assert "Several feeds of this kind came up" in floor.batch(batch).advice


@pytest.mark.parametrize(
    ("outcome", "state", "rows", "words"),
    [
        ("FATAL", "fatal", RowState.UNKNOWN, "some, none or all of it may have been done"),
        ("CANCELLED", "cancelled", RowState.RECALLED, "nothing was done, and its orders are free again"),
    ],
)
@pytest.mark.parametrize("action", [CANCEL, REFUND])
def test_how_a_feed_may_end_badly(
    floor: Floor, sim: Simulator, action: Action, outcome: str, state: str, rows: RowState, words: str
) -> None:
    sim.amazon.feed_outcomes.append(outcome)
    numbers = (1, 2) if action is CANCEL else (1001, 1002)
    batch = floor.commit(action, *numbers)
    floor.dispatch()
    floor.dispatch(120)
    assert (floor.attempt(batch).state, floor.states(batch)) == (state, {rows})
    assert words in floor.batch(batch).advice
    for _ in range(4):
        floor.dispatch(DAY)
    assert len(sim.amazon.posts) == 1, "nothing is sent again by itself"
    ids = [one for n in numbers if (one := floor.made.orders.id_of(floor.order_id(n)))]
    reason = "" if action is CANCEL else "CustomerReturn"
    free = floor.made.planner.plan(action, ids, PlanChoices(reason=reason))[0].rows
    assert bool(free) is (outcome == "CANCELLED")


def test_after_fatal_a_sync_tells_the_orders_apart(floor: Floor, sim: Simulator) -> None:
    sim.amazon.feed_outcomes.append("FATAL")
    batch = floor.commit(CANCEL, 1, 2)
    floor.dispatch()
    floor.dispatch(120)
    floor.clock.advance(300)
    floor.made.sync.sync()
    assert {row.order_id[-1]: row.state for row in floor.batch(batch).rows} == {
        "1": RowState.CONFIRMED, "2": RowState.UNKNOWN,
    }  # fmt: skip


def test_a_queue_of_two_days_is_said_and_waited_for(floor: Floor, sim: Simulator) -> None:
    sim.amazon.feed_outcomes.append("STUCK")
    batch = floor.commit(CANCEL, 1)
    floor.dispatch()
    for _ in range(4):
        floor.dispatch(12 * HOUR)
    assert floor.attempt(batch).state == "submitted"
    assert "waited unusually long" in floor.batch(batch).advice
    assert floor.states(batch) == {RowState.ACCEPTED}


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda report: report[: len(report) // 2],
    "not xml": lambda report: b"<html><body>Sorry</body></html>",
    "empty": lambda report: b"",
    "not utf-8": lambda report: report.replace(b"Complete", b"\xff\xfe"),
    "of another batch": lambda report: report.replace(
        b"</ProcessingSummary>",
        b"</ProcessingSummary><Result><MessageID>7</MessageID><ResultCode>Error</ResultCode><ResultMessageCode>1"
        b"</ResultMessageCode><ResultDescription>x</ResultDescription></Result>",
    ),
}


@pytest.mark.parametrize("kind", DAMAGE)
def test_a_report_that_cannot_be_used_leaves_every_row_unknown(floor: Floor, sim: Simulator, kind: str) -> None:
    sim.amazon.damage = DAMAGE[kind]
    batch = floor.commit(CANCEL, 1, 2)
    floor.dispatch()
    floor.dispatch(120)
    assert (floor.attempt(batch).state, floor.states(batch)) == ("done", {RowState.UNKNOWN})
    assert "(kept as " in floor.batch(batch).advice
    assert len(sim.amazon.posts) == 1


def test_a_report_with_other_counts_leaves_every_row_unknown(floor: Floor, sim: Simulator) -> None:
    sim.amazon.miscount = 1
    batch = floor.commit(CANCEL, 1, 2)
    floor.dispatch()
    floor.dispatch(120)
    assert floor.states(batch) == {RowState.UNKNOWN}
    assert all("processed 1 of the 2" in row.text for row in floor.batch(batch).rows)


def test_a_report_that_cannot_be_fetched_is_fetched_later(floor: Floor, sim: Simulator) -> None:
    batch = floor.commit(CANCEL, 1)
    floor.dispatch()
    sim.faults.add("download", "half_body", 2)
    floor.dispatch(120)
    assert "The last look failed" in floor.batch(batch).advice
    assert floor.states(batch) == {RowState.ACCEPTED}
    floor.dispatch(600)
    assert floor.states(batch) == {RowState.OK}


def test_a_state_that_is_not_known_here_is_waited_out(floor: Floor, sim: Simulator) -> None:
    batch = floor.commit(CANCEL, 1)
    floor.dispatch()
    sim.check_answers = False
    feed = next(iter(sim.amazon.feeds.values()))
    feed.outcome, feed.status = "STUCK", "ON_HOLIDAY"
    floor.dispatch(120)
    assert floor.attempt(batch).state == "processing"
    assert "Amazon says 'ON_HOLIDAY', which is not known here" in floor.batch(batch).advice
    feed.outcome = "DONE"
    floor.dispatch(600)
    assert floor.states(batch) == {RowState.OK}


@pytest.mark.parametrize("where", ["createFeedDocument", "upload", "getFeeds", "login"])
@pytest.mark.parametrize("fault", ["html503", "drop", "forbidden"])
def test_trouble_before_the_call_that_acts_changes_nothing(
    floor: Floor, sim: Simulator, where: str, fault: str
) -> None:
    batch = floor.commit(REFUND, 1001)
    sim.faults.add(where, fault, 99)
    with pytest.raises(errors.SpApiError):
        floor.dispatch()
    assert (floor.batch(batch).state, floor.states(batch)) == (BatchState.HELD, {RowState.HELD})
    sim.faults.clear()
    floor.dispatch(10)
    assert floor.states(batch) == {RowState.ACCEPTED}
    assert len(sim.amazon.posts) == 1


# -- kinds, distances, parts


def test_one_feed_of_a_kind_at_a_time_and_twenty_minutes_between(floor: Floor) -> None:
    first, second = floor.commit(CANCEL, 1), floor.commit(CANCEL, 2)
    refund = floor.commit(REFUND, 1001)
    left = floor.dispatch()
    assert [one.id for one in left] == [first, refund], "another kind has its own queue"
    assert any(f"batch {second} waits: batch {first}" in note for note in floor.notes)
    floor.dispatch(120)
    assert floor.attempt(first).state == "done"
    assert any("20 minutes between two feeds" in note for note in floor.notes)
    assert [one.id for one in floor.dispatch(1200)] == [second]


def test_a_large_first_batch_sends_a_canary_and_the_rest_waits_for_it(
    sim: Simulator, clock: FixedClock, tmp_path: Path
) -> None:
    floor = Floor(sim, clock, tmp_path / "shop", waiting=150, shipped=0)
    batch = floor.commit(CANCEL, *range(1, 151))
    floor.dispatch()
    assert any("2 parts of 25, 125 orders" in note for note in floor.notes)
    canary, rest = floor.batch(batch), floor.batch(batch + 1)
    assert sum(row.state is RowState.ACCEPTED for row in canary.rows) == 25
    assert (rest.state, len(rest.rows)) == (BatchState.HELD, 125)
    assert {row.order_id for row in canary.rows} >= {row.order_id for row in rest.rows}
    floor.dispatch(40)
    assert any("is not answered yet" in note for note in floor.notes)
    floor.dispatch(120)
    floor.dispatch(1200)
    floor.dispatch(120)
    done = {o for o, one in sim.amazon.orders.items() if one["fulfillment"]["fulfillmentStatus"] == "CANCELLED"}
    assert len(done) == 150
    effects = [o for feed in sim.amazon.feeds.values() for o in feed.effects]
    assert len(effects) == len(set(effects)) == 150, "every row in exactly one part"
    assert {row.state for row in floor.batch(batch + 1).rows} == {RowState.OK}
    assert "chain unbroken" in floor.made.audit.verify()
    again = floor.made.planner.plan(CANCEL, [1])
    assert again[0].rows == ()


def test_a_canary_that_fails_stops_the_rest(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    floor = Floor(sim, clock, tmp_path / "shop", waiting=120, shipped=0)
    for number in range(1, 121):
        sim.amazon.refuse[floor.order_id(number)] = ("18028", "not found")
    batch = floor.commit(CANCEL, *range(1, 121))
    floor.dispatch()
    floor.dispatch(120)
    floor.dispatch(2 * HOUR)
    assert len(sim.amazon.posts) == 1
    assert any("25 of 25 orders failed" in note and "undo takes this part back" in note for note in floor.notes)
    assert floor.made.batches.recall(batch + 1) == 95


@pytest.mark.parametrize(
    ("rows", "first", "parts"),
    [
        (99, True, [99]),
        (100, True, [25, 75]),
        (100, False, [100]),
        (2500, False, [2500]),
        (5000, True, [25, 2488, 2487]),
        (5000, False, [2500, 2500]),
    ],
)
def test_sizes_of_parts(rows: int, first: bool, parts: list[int]) -> None:
    from ordertui.operations.batches.splitting import sizes
    from ordertui.operations.limits import feed_limits

    assert sizes(rows, first=first, limits=feed_limits()) == parts


# -- crashes


class Killed(BaseException):
    """As kill -9: nothing after it runs."""


STEPS = (
    "journal.mark_sent", "submissions.begin", "submissions.move", "submissions.mark_polled", "results.record",
    "submissions.return_to_hold",
)  # fmt: skip


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("fault", ["", "drop", "drop_after"])
@pytest.mark.parametrize("action", [CANCEL, REFUND])
def test_a_kill_at_any_step_makes_nothing_happen_twice_and_loses_nothing(
    floor: Floor, sim: Simulator, monkeypatch: pytest.MonkeyPatch, action: Action, fault: str, step: str
) -> None:
    number = 1 if action is CANCEL else 1001
    batch = floor.commit(action, number)
    if fault:
        sim.faults.add("createFeed", fault)
    for kill in range(4):
        owner, name = attrgetter(step.partition(".")[0])(floor.made.context.store), step.partition(".")[2]
        real = getattr(owner, name)
        left = [kill // 2]

        def killed(
            *args: object,
            _real: Callable[..., object] = real,
            _left: list[int] = left,
            _after: bool = kill % 2 == 0,
            **more: object,
        ) -> object:
            _left[0] -= 1
            if _left[0] >= 0:
                return _real(*args, **more)
            if _after:  # killed after it, else before it
                _real(*args, **more)
            raise Killed

        with monkeypatch.context() as patch:
            patch.setattr(owner, name, killed)
            for _ in range(2):
                try:
                    floor.dispatch(400)
                except Killed:
                    break
        floor.again()
    for _ in range(12):
        floor.dispatch(1800)
    final = floor.states(batch)
    assert len(sim.amazon.posts) <= 1
    if action is REFUND:
        assert sim.amazon.refunds(floor.order_id(number)) <= 1
        assert final == ({RowState.OK} if sim.amazon.posts else {RowState.UNKNOWN})
    else:
        assert final == {RowState.OK}
        assert len(sim.amazon.posts) == 1
    assert "chain unbroken" in floor.made.audit.verify()


# -- what stands in the way


def test_without_a_sync_nothing_leaves(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    floor = Floor(sim, clock, tmp_path / "shop")
    floor.commit(CANCEL, 1)
    floor.made.context.store.set_meta("amazon:sync", None)
    with pytest.raises(Refused, match="never synced"):
        floor.dispatch()


def test_the_file_outlet_stays_the_default(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    floor = Floor(sim, clock, tmp_path / "shop")
    batch = floor.commit(CANCEL, 1)
    floor.made.close()
    by_file = session(sim, tmp_path / "shop", clock, dispatch="file")
    sent = by_file.dispatcher.run()
    assert [one.id for one in sent] == [batch]
    assert sent[0].files
    assert sim.calls == []


def test_a_feed_that_nobody_follows_any_more_says_so(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    floor = Floor(sim, clock, tmp_path / "shop")
    floor.commit(CANCEL, 1)
    floor.dispatch()
    floor.made.close()
    by_file = session(sim, tmp_path / "shop", clock, dispatch="file")
    (batch,) = by_file.batches.find()
    assert 'while the settings say dispatch = "file"' in batch.advice
    assert (batch.by_api, batch.next_at) == (True, None)
    assert by_file.dispatcher.run() == []


def test_a_stop_before_the_call_that_acts_holds_it_again(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    floor = Floor(sim, clock, tmp_path / "shop")
    batch = floor.commit(CANCEL, 1)
    floor.made.sync.connection.sleep = SimulatedTime(clock).sleep
    assert floor.made.dispatcher.run(stop=lambda: "upload" in sim.calls) == []
    assert floor.states(batch) == {RowState.HELD}
    assert sim.amazon.posts == []
    assert [one.id for one in floor.dispatch(10)] == [batch]


def test_the_next_step_is_known_and_errors_are_given_time(floor: Floor, sim: Simulator, clock: FixedClock) -> None:
    made = floor.made
    assert made.dispatcher.next_due() is None
    plan = floor.plan(CANCEL, 1)
    batch = made.batches.commit(plan, typed=str(plan.typed_count))
    assert made.dispatcher.next_due() == Due(batch.due_at, DueStep.HOLD_ENDS)
    made.batches.release(batch.id)
    assert made.dispatcher.next_due() == Due(clock.now(), DueStep.HOLD_ENDS)
    sim.faults.add("login", "html503", 99)
    pauses = []
    for _ in range(6):
        with pytest.raises(errors.NotSent):
            made.dispatcher.run()
        step = made.dispatcher.next_due()
        assert step is not None
        assert step.step is DueStep.TRIED_AGAIN
        pauses.append(step.at - clock.now())
    assert pauses == [60, 120, 240, 480, 900, 900], "a screen that tries by itself does not hammer"
    sim.faults.clear()
    floor.dispatch()
    second = floor.commit(CANCEL, 2)
    assert made.dispatcher.next_due() == Due(clock.now(), DueStep.NEXT_LOOK), (
        "the feed is looked at; the second batch waits for it"
    )
    floor.dispatch(1)
    assert made.dispatcher.next_due() == Due(clock.now() + 30, DueStep.NEXT_LOOK)
    floor.dispatch(120)
    assert made.dispatcher.next_due() == Due(floor.attempt(batch.id).started_at + 1200, DueStep.LEAVES)
    made.batches.recall(second)
    assert made.dispatcher.next_due() is None


def test_two_processes_submit_a_batch_once(floor: Floor, sim: Simulator, clock: FixedClock) -> None:
    batch = floor.commit(REFUND, 1001)
    other = session(sim, floor.folder, clock)
    at_once(floor.made.dispatcher.run, other.dispatcher.run)
    assert len(sim.amazon.posts) == 1
    assert floor.states(batch) == {RowState.ACCEPTED}
    other.close()


@contextmanager
def after_upload(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> Iterator[None]:
    """Let something happen as soon as a feed's document is uploaded, before the call that acts."""
    upload = documents.upload

    async def late(client: Client, content: bytes) -> str:
        document = await upload(client, content)
        act()
        return document

    with monkeypatch.context() as patch:
        patch.setattr(feed_submitter, "upload", late)
        yield


def test_an_order_taken_back_while_the_feed_is_uploaded_does_not_leave(
    floor: Floor, sim: Simulator, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = floor.commit(CANCEL, 1, 2)
    other = session(sim, floor.folder, clock)
    with after_upload(monkeypatch, lambda: other.batches.recall(floor.order_id(2))):
        assert floor.dispatch() == []
    assert any("changed while its feed was made" in note for note in floor.notes)
    assert sim.amazon.posts == []
    floor.dispatch(10)
    floor.dispatch(120)
    assert {row.order_id[-1]: row.state for row in floor.batch(batch).rows} == {
        "1": RowState.OK,
        "2": RowState.RECALLED,
    }
    assert [one for feed in sim.amazon.feeds.values() for one in feed.effects] == [floor.order_id(1)]
    other.close()


def test_an_order_handed_over_while_the_feed_is_uploaded_does_not_leave(
    floor: Floor, sim: Simulator, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = floor.commit(CANCEL, 1, 2)
    other = session(sim, floor.folder, clock)
    row_id = floor.made.orders.id_of(floor.order_id(2))
    assert row_id is not None
    with after_upload(monkeypatch, lambda: other.facts.set_dispatched([row_id], Dispatched.YES)):
        assert floor.dispatch() == []
    assert any("changed while its feed was made" in note for note in floor.notes)
    assert sim.amazon.posts == []
    floor.dispatch(10)
    assert {row.order_id[-1]: row.state for row in floor.batch(batch).rows} == {
        "1": RowState.ACCEPTED, "2": RowState.LEFT_OUT,
    }  # fmt: skip
    other.close()


def test_an_order_that_became_unreadable_while_the_feed_is_uploaded_does_not_leave(
    floor: Floor, sim: Simulator, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    floor.commit(CANCEL, 1)
    other = session(sim, floor.folder, clock)
    real = documents.upload

    async def late(client: Client, content: bytes) -> str:
        document = await real(client, content)
        other.context.store.set_meta(UNREAD_KEY, json.dumps({floor.order_id(1): "its status is unknown"}))
        return document

    with monkeypatch.context() as patch:
        patch.setattr(feed_submitter, "upload", late)
        assert floor.dispatch() == []
    assert any("its status is unknown" in note for note in floor.notes)
    assert sim.amazon.posts == []
    other.close()


def test_a_changed_byte_of_a_feed_that_went_is_found(floor: Floor) -> None:
    floor.commit(CANCEL, 1)
    floor.dispatch()
    with floor.made.context.store.write() as connection:
        connection.execute("UPDATE feed_attempts SET content = replace(content, 'Failure', 'Success')")
    with pytest.raises(Exception, match="the audit is broken"):
        floor.made.audit.verify()


def test_a_batch_that_is_stuck_is_never_to_be_uploaded(floor: Floor, sim: Simulator) -> None:
    sim.amazon.feed_outcomes.append("STUCK")
    floor.commit(CANCEL, 1)
    floor.dispatch()
    floor.clock.advance(5 * DAY)
    questions = floor.made.batches.open_issues()
    assert [one.kind for one in questions] == ["stuck"]
    assert "upload no file of it" in questions[0].evidence


def test_nothing_that_is_kept_holds_a_secret_or_a_buyer(floor: Floor, sim: Simulator) -> None:
    sim.amazon.put(order(3, floor.clock.now(), asked=True, updated=floor.clock.now()))
    floor.commit(CANCEL, 1)
    floor.commit(REFUND, 1001)
    for fault in ("html503", "drop_after"):
        sim.faults.add("createFeed", fault)
        floor.dispatch(2 * HOUR)
    for _ in range(6):
        floor.dispatch(1800)
    said = " ".join(floor.notes) + " ".join(one.advice for one in floor.made.batches.find())
    said += " ".join(entry.payload for entry in floor.made.context.store.audit.entries())
    floor.made.close()
    kept = b"".join(path.read_bytes() for path in floor.folder.rglob("*") if path.is_file()) + said.encode()
    assert floor.order_id(1).encode() in kept
    for planted in ("sim-secret", "sim-refresh", "SIGNED-", "Jane Doe", *sim.tokens):
        assert planted.encode() not in kept
