"""A batch that is released leaves at once, or is held as long as before: at no moment is it neither held nor sent."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from ordertui.amazon.spapi.errors import SpApiError
from ordertui.operations.errors import OperationError, Refused
from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.clock import DAY, HOUR, FixedClock
from ordertui.orders.enums import Action
from ordertui.store import RecallRefused
from support.api import QUICK
from support.model_store import Floor
from support.simulator import Simulator

CANCEL = Action.CANCEL


@pytest.fixture
def floor(sim: Simulator, clock: FixedClock, tmp_path: Path) -> Floor:
    return Floor(sim, clock, tmp_path / "shop")


def committed(floor: Floor, *numbers: int) -> int:
    plan = floor.plan(CANCEL, *numbers)
    return floor.made.batches.commit(plan, typed=str(plan.typed_count)).id


def release(floor: Floor, *batches: int) -> list[int]:
    return [one.id for one in floor.made.dispatcher.release(batches, note=floor.notes.append)]


def test_it_leaves_at_once_and_the_audit_says_so(floor: Floor, sim: Simulator) -> None:
    batch, other = committed(floor, 1), committed(floor, 2)
    assert release(floor, batch) == [batch]
    assert floor.states(batch) == {RowState.ACCEPTED}
    assert floor.batch(other).state is BatchState.HELD
    assert len(sim.amazon.posts) == 1
    assert [one.kind for one in floor.made.context.store.audit.entries()].count("batch.released") == 1
    assert "chain unbroken" in floor.made.audit.verify()


@pytest.mark.parametrize("fault", ["throttle", "forbidden", "drop"])
@pytest.mark.parametrize("where", ["createFeedDocument", "upload", "getFeeds", "login", "createFeed"])
def test_what_amazon_does_not_get_is_held_as_long_as_before(
    floor: Floor, sim: Simulator, where: str, fault: str
) -> None:
    batch = committed(floor, 1)
    due = floor.batch(batch).due_at
    floor.made.sync.connection.timeouts = QUICK
    sim.faults.add(where, fault, times=9)
    with suppress(SpApiError, OperationError):
        release(floor, batch)
    found = floor.batch(batch)
    if found.state is BatchState.HELD:
        assert found.due_at == due
        assert floor.made.batches.recall(batch) == 1
    else:
        assert (where, fault) == ("createFeed", "drop"), "only that call may have acted"
    assert sim.amazon.posts == []


def test_without_a_merchant_id_nothing_changes(floor: Floor) -> None:
    batch = committed(floor, 1)
    before = floor.batch(batch).due_at
    floor.made.context.config = msgspec.structs.replace(floor.made.context.config, merchant_id="")
    with pytest.raises(Refused, match="merchant_id"):
        release(floor, batch)
    assert (floor.batch(batch).state, floor.batch(batch).due_at) == (BatchState.HELD, before)


@pytest.mark.parametrize("is_after", [False, True])
@pytest.mark.parametrize("step", ["submissions.begin", "journal.note_release", "submissions.return_to_hold"])
def test_a_crash_leaves_it_held_as_long_as_before_or_on_its_way(
    floor: Floor, sim: Simulator, monkeypatch: pytest.MonkeyPatch, step: str, is_after: bool
) -> None:
    batch = committed(floor, 1)
    due = floor.batch(batch).due_at
    part, name = step.split(".")
    owner = getattr(floor.made.context.store, part)
    real: Callable[..., object] = getattr(owner, name)

    def killed(*args: object, **more: object) -> object:
        if is_after:
            real(*args, **more)
        raise KeyboardInterrupt

    monkeypatch.setattr(owner, name, killed)
    if name == "return_to_hold":
        sim.faults.add("createFeed", "forbidden")
    with pytest.raises(KeyboardInterrupt):
        release(floor, batch)
    floor.again()
    assert floor.batch(batch).state in (BatchState.HELD, BatchState.SENT)
    for _ in range(9):  # its owner looks at Amazon's list of feeds, and finds it nowhere
        if floor.batch(batch).state is BatchState.HELD:
            break
        floor.dispatch(60)
    assert floor.batch(batch).state is BatchState.HELD
    assert floor.batch(batch).due_at == due
    assert floor.made.batches.recall(batch) == 1
    assert sim.amazon.posts == []


def test_one_that_waits_for_amazons_limits_leaves_as_soon_as_it_may(floor: Floor, sim: Simulator) -> None:
    first, second = committed(floor, 1), committed(floor, 2)
    assert release(floor, first, second) == [first]
    assert f"batch {second} waits: batch {first}, of the same kind, is on its way" in floor.notes
    assert floor.batch(second).due_at <= floor.clock.now()
    for _ in range(6):
        floor.dispatch(400)
    assert floor.states(second) <= {RowState.ACCEPTED, RowState.OK}
    assert len(sim.amazon.posts) == 2


def test_one_that_is_not_held_is_refused_and_its_companions_stay(floor: Floor, sim: Simulator) -> None:
    first, second = committed(floor, 1), committed(floor, 2)
    floor.made.batches.recall(second)
    with pytest.raises(RecallRefused):
        release(floor, first, second)
    assert floor.batch(first).state is BatchState.HELD
    assert sim.amazon.posts == []


def test_a_hold_made_longer_while_a_batch_is_on_its_way_to_leave_counts(
    floor: Floor, sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = floor.commit(CANCEL, 1)
    store = floor.made.context.store
    submitter = floor.made.dispatcher.feeds.tracker
    listed = submitter.list_feeds

    async def held_longer(*args: object) -> object:
        store.journal.hold_until(batch, floor.clock.now() + 900)
        return await listed(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(submitter, "list_feeds", held_longer)
    assert floor.dispatch() == []
    assert f"batch {batch} waits: it is held longer now" in floor.notes
    assert sim.amazon.posts == []


@pytest.fixture
def apart(sim: Simulator, clock: FixedClock, tmp_path: Path) -> Floor:
    """A shop whose clock is not Amazon's."""
    return Floor(sim, FixedClock(clock.now()), tmp_path / "shop")


def test_orders_synced_before_the_clock_was_put_back_are_not_taken_for_fresh(apart: Floor, sim: Simulator) -> None:
    batch = committed(apart, 1)
    apart.clock.advance(-HOUR)
    sim.calls.clear()
    assert release(apart, batch) == [batch]
    assert "searchOrders" in sim.calls, "how old they are cannot be known"


def test_a_wait_that_began_before_the_clock_was_put_back_does_not_last_a_day(
    apart: Floor, sim: Simulator, clock: FixedClock
) -> None:
    first = committed(apart, 1)
    assert release(apart, first) == [first]
    for _ in range(3):
        clock.advance(400)
        apart.dispatch(400)
    assert apart.attempt(first).state == "done"
    second = committed(apart, 2)
    apart.clock.advance(-DAY)
    assert release(apart, second) == [second]
