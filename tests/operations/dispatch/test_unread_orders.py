"""An order whose newest state cannot be read: no batch with it leaves by either way, and nothing plans it."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from ordertui.operations.batches.batch import DueStep
from ordertui.operations.dispatch.freeze import BatchWaits
from ordertui.operations.errors import PlanChanged
from ordertui.operations.session import Session
from ordertui.orders.batch_state import RowState
from ordertui.orders.clock import HOUR, FixedClock
from ordertui.orders.enums import Action, AlertKind
from ordertui.orders.order import LinesKnown
from ordertui.store.journal.batch_queries import BatchQueries
from support.api import change_answers, session
from support.model_store import Floor
from support.reports import write
from support.shops import ALL_ORDERS, all_orders_row
from support.simulator import Simulator
from support.simulator.shop import order

pytestmark = pytest.mark.usefixtures("api_credentials")
NUMBERS = {Action.CANCEL: (1, 2), Action.CONFIRM: (1, 2), Action.REFUND: (1001, 1002)}


def become_unread(floor: Floor, number: int) -> None:
    """A sync brings the order in a shape that is not read."""
    floor.clock.advance(300)
    bad = order(number, floor.clock.now(), updated=floor.clock.now() - 150)
    bad["orderItems"][0]["quantityOrdered"] = "one"
    with pytest.MonkeyPatch.context() as patch:
        change_answers(floor.sim, patch, "searchOrders", lambda query, reply: (200, {"orders": [bad]}))
        change_answers(floor.sim, patch, "getOrder", lambda query, reply: (200, {"order": bad}))
        assert floor.made.sync.sync().rejects


def read_again(floor: Floor, number: int) -> None:
    floor.made.sync.sync_order(floor.order_id(number))


def floor_of(sim: Simulator, clock: FixedClock, folder: Path, way: Literal["file", "api"]) -> Floor:
    floor = Floor(sim, clock, folder)
    floor.made.close()
    floor.made = session(sim, folder, clock, dispatch=way)
    return floor


def allowed(made: Session, action: Action) -> set[str]:
    found = made.orders.find(f"action:{action}")
    return {row.order_id for row in made.orders.rows(found).values()}


@pytest.mark.parametrize("way", ["file", "api"])
@pytest.mark.parametrize("action", list(NUMBERS))
def test_a_batch_waits_until_its_orders_can_be_read(
    sim: Simulator, clock: FixedClock, tmp_path: Path, way: Literal["file", "api"], action: Action
) -> None:
    floor = floor_of(sim, clock, tmp_path / "shop", way)
    first, second = NUMBERS[action]
    batch, name = floor.commit(action, first), floor.order_id(first)
    become_unread(floor, first)
    other = floor.commit(action, second)
    floor.dispatch()
    assert floor.states(batch) == {RowState.HELD}
    assert RowState.HELD not in floor.states(other), "the others leave"
    notes = [note for note in floor.notes if note.startswith(f"batch {batch} waits: ")]
    assert len(notes) == 1
    assert f"newest state of order {name} cannot be read" in notes[0]
    assert "quantityOrdered" in notes[0]
    assert f"It waits: Amazon's newest state of order {name} cannot be read" in floor.batch(batch).advice
    due = floor.made.dispatcher.next_due()
    assert due is None or due.step is DueStep.NEXT_LOOK, "the screen would try it each second"
    assert floor.batch(batch).next_at is None
    (issue,) = floor.made.batches.open_issues()
    assert (issue.batch, issue.kind, issue.orders) == (batch, "unread", (name,)), "nothing else would tell of it"
    (alert,) = (one for one in floor.made.notifications.collect() if one.kind is AlertKind.BATCH_STUCK)
    assert alert.orders == (name,)
    read_again(floor, first)
    assert floor.made.batches.open_issues() == []
    assert "It waits: Amazon's newest" not in floor.batch(batch).advice
    floor.dispatch(HOUR)
    assert RowState.HELD not in floor.states(batch)


def test_the_screen_asks_what_is_due_without_reading_the_rows_of_batches(
    sim: Simulator, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    floor = floor_of(sim, clock, tmp_path / "shop", "file")
    batch = floor.commit(Action.CANCEL, 2, 1, 3)
    become_unread(floor, 1)
    batches = floor.made.context.reader().batches
    names = [floor.order_id(number) for number in (3, 1, 4)]
    assert batches.held_of(batch, names) == [row.order_id for row in batches.get(batch).rows if row.order_id in names]
    monkeypatch.setattr(BatchQueries, "_rows_of", lambda *given: pytest.fail("a million rows may be there"))
    assert floor.made.dispatcher.next_due() is None


def test_what_cannot_be_read_is_in_no_plan_and_no_filter(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    floor = floor_of(sim, clock, tmp_path / "shop", "file")
    made, ids = floor.made, {}
    for action, (number, _) in NUMBERS.items():
        before = floor.plan(action, number)
        ids[action] = floor.order_id(number)
        become_unread(floor, number)
        assert ids[action] not in allowed(made, action)
        row = made.orders.get(ids[action]).row  # type: ignore[union-attr]
        assert made.eligibility.verdict(row, action).rule == "unread"
        assert action.value not in made.eligibility.allowed_action(row)
        (plan,) = made.planner.plan(action, [row.id])
        assert [one.rule for one in plan.out] == ["unread"]
        with pytest.raises(PlanChanged) as refused:
            made.batches.commit(before, typed="1")
        assert "cannot be read" in refused.value.differences[0]
        read_again(floor, number)
        assert ids[action] in allowed(made, action)
        assert len(floor.plan(action, number).rows) == 1


def test_no_report_and_no_undo_makes_it_readable(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    floor = floor_of(sim, clock, tmp_path / "shop", "file")
    become_unread(floor, 1)
    name = floor.order_id(1)

    def is_unread() -> bool:
        found = floor.made.orders.get(name)
        return found is not None and bool(found.row.lines_known & LinesKnown.UNREAD)

    row = all_orders_row(1, updated=clock.now(), order_id=name, verge="x")
    path = write(tmp_path / "all.txt", ALL_ORDERS, [row])
    number = floor.made.imports.import_files([path])[0].number
    assert is_unread()
    assert number is not None
    floor.made.imports.undo(number)
    assert is_unread()
    read_again(floor, 1)
    assert not is_unread()


def test_no_batch_is_approved_with_it(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    floor = floor_of(sim, clock, tmp_path / "shop", "file")
    batch = floor.commit(Action.CANCEL, 1)
    become_unread(floor, 1)
    with floor.made.context.store.write(), pytest.raises(BatchWaits, match=f"batch {batch} waits"):
        floor.made.dispatcher.look(batch)
