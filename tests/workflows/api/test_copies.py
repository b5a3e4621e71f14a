"""By the API: a copy sends nothing and asks Amazon before it is adopted; bookings stand against words."""

from __future__ import annotations

from pathlib import Path

import pytest

from ordertui.operations.errors import EvidenceAgainst, Refused
from ordertui.orders.batch_state import RowState
from ordertui.orders.clock import DAY, HOUR, FixedClock
from ordertui.orders.enums import Action
from support.api import session
from support.model_store import Floor
from support.simulator import Simulator

pytestmark = pytest.mark.usefixtures("api_credentials")


@pytest.fixture
def floor(sim: Simulator, clock: FixedClock, tmp_path: Path) -> Floor:
    return Floor(sim, clock, tmp_path / "shop")


def test_a_restored_backup_submits_nothing_and_asks_amazon_before_it_is_adopted(
    floor: Floor, sim: Simulator, clock: FixedClock, tmp_path: Path
) -> None:
    batch = floor.commit(Action.REFUND, 1001)
    (tmp_path / "other").mkdir()
    floor.made.maintenance.backup(tmp_path / "other" / "orders.db")
    floor.dispatch()
    floor.dispatch(300)
    assert floor.states(batch) == {RowState.OK}
    floor.made.close()
    clock.advance(HOUR)
    with session(sim, tmp_path / "other", clock) as copy:
        assert copy.dispatcher.next_due() is None
        with pytest.raises(Refused, match="backup of"):
            copy.dispatcher.run()
        assert len(sim.amazon.posts) == 1
        with pytest.raises(Refused, match="feeds that this store does not know"):
            copy.adoption.adopt(why="nothing happened", typed="1", nothing_since=True)
        with pytest.raises(Refused, match=r"did leave: Amazon booked USD 11\.00"):
            copy.adoption.adopt(why="it did not leave", typed="1", not_left=[batch])
        copy.adoption.adopt(why="the feed is in Amazon's list", typed="1", left=[batch])
        (row,) = copy.batches.find()[0].rows
        assert row.state is RowState.UNKNOWN
        clock.advance(HOUR)
        copy.dispatcher.run()
    assert sim.amazon.refunds(floor.order_id(1001)) == 1
    assert len(sim.amazon.posts) == 1


def test_bookings_are_asked_for_before_a_refund_is_settled_as_not_done(floor: Floor, sim: Simulator) -> None:
    """Two bookings that fit confirm nothing by themselves, and yet nobody says in passing that nothing was paid."""
    sim.amazon.lag_seconds = 90 * DAY
    batch = floor.commit(Action.REFUND, 1001)
    floor.fail_once("drop_after")
    for _ in range(5):
        floor.dispatch(1800)
    assert floor.states(batch) == {RowState.UNKNOWN}
    sim.amazon.transactions.append({**sim.amazon.transactions[0], "transactionId": "ANOTHER"})
    floor.clock.advance(HOUR)
    with pytest.raises(EvidenceAgainst, match=r"Amazon booked USD 11\.00 back"):
        floor.made.batches.settle(batch, [floor.order_id(1001)], done=False, why="not seen", typed="1")
    assert floor.states(batch) == {RowState.UNKNOWN}
    assert "listTransactions" in sim.calls


def test_a_booking_that_comes_after_the_word_stops_the_second_try(floor: Floor, sim: Simulator) -> None:
    sim.amazon.lag_seconds = 90 * DAY
    batch = floor.commit(Action.REFUND, 1001)
    floor.fail_once("drop_after")
    for _ in range(5):
        floor.dispatch(1800)
    late = sim.amazon.transactions.pop()
    floor.made.batches.settle(batch, [floor.order_id(1001)], done=False, why="nothing there", typed="1")
    (plan,) = floor.made.batches.retry(batch)
    second = floor.made.batches.commit(plan, typed=str(len(plan.rows))).id
    sim.amazon.transactions.append(late)
    floor.clock.advance(HOUR)
    notes = floor.made.sync.sync().notes
    assert any("it counted as failed, and Amazon booked" in note for note in notes)
    assert floor.states(batch) == {RowState.UNKNOWN}
    floor.made.batches.release(second)
    floor.dispatch(600)
    floor.dispatch(600)
    assert floor.states(second) <= {RowState.HELD, RowState.LEFT_OUT}
    assert "may have done it after all" in str(floor.made.context.store.journal.blocking_reasons(second))
    assert sim.amazon.refunds(floor.order_id(1001)) == 1
