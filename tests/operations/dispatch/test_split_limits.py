"""A large batch that leaves by the API in parts: limits of a whole batch are asked of the whole, before it is split."""

from __future__ import annotations

from pathlib import Path

import pytest

from ordertui.operations.planning.order_planner import OrderPlanner
from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from support.api import session
from support.model_store import Floor
from support.simulator import Simulator

pytestmark = pytest.mark.usefixtures("api_credentials")
ROWS = 100
"""From so many on the first feed of a kind leaves in two parts."""


def add_rules(floor: Floor, rules: str) -> None:
    """House rules that come after the commit."""
    file = floor.folder / "house.toml"
    file.write_text(rules, encoding="utf-8")
    floor.made.close()
    floor.made = session(floor.sim, floor.folder, floor.clock, policy_file=str(file))


@pytest.mark.parametrize(
    ("effect", "state", "rows"),
    [("deny", BatchState.LEFT_OUT, RowState.LEFT_OUT), ("approval", BatchState.AWAITING, RowState.HELD)],
)
def test_a_limit_of_a_whole_batch_that_came_after_the_commit_is_not_got_round_by_parts(
    sim: Simulator, clock: FixedClock, tmp_path: Path, effect: str, state: BatchState, rows: RowState
) -> None:
    floor = Floor(sim, clock, tmp_path / "shop", waiting=ROWS, shipped=0)
    batch = floor.commit(Action.CANCEL, *range(1, ROWS + 1))
    add_rules(floor, f'[[rule]]\nid = "many"\nwhen = "batch-orders>={ROWS}"\neffect = "{effect}"\nwhy = "too many"\n')
    floor.dispatch()
    assert sim.amazon.posts == []
    assert [one.id for one in floor.made.batches.find()] == [batch], "it was not split"
    assert floor.batch(batch).state is state
    assert floor.states(batch) == {rows}


@pytest.mark.parametrize("limit", [f"batch-orders>={ROWS}", "batch-total>=1000", f"batch-orders>={ROWS + 1}"])
def test_a_limit_that_came_between_two_parts_is_asked_of_the_whole(
    sim: Simulator, clock: FixedClock, tmp_path: Path, limit: str
) -> None:
    floor = Floor(sim, clock, tmp_path / "shop", waiting=ROWS, shipped=0)
    floor.commit(Action.CANCEL, *range(1, ROWS + 1))
    floor.dispatch()
    later = max(one.id for one in floor.made.batches.find())
    rows = len(floor.batch(later).rows)
    assert 0 < rows < ROWS, "its first part left"
    add_rules(floor, f'[[rule]]\nid = "many"\nwhen = "{limit}"\neffect = "deny"\nwhy = "too many"\n')
    with floor.made.context.store.write():
        found = floor.made.dispatcher.look(later)
    is_over = str(ROWS + 1) not in limit
    assert bool(found.files) != is_over
    assert floor.states(later) == {RowState.LEFT_OUT if is_over else RowState.HELD}


@pytest.mark.parametrize("looked_at", [0, ROWS // 2, ROWS, ROWS + 1])
def test_a_release_that_is_stopped_holds_the_batch_or_all_its_parts_as_long_as_before(
    sim: Simulator, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, looked_at: int
) -> None:
    floor = Floor(sim, clock, tmp_path / "shop", waiting=ROWS, shipped=0)
    plan = floor.plan(Action.CANCEL, *range(1, ROWS + 1))
    batch = floor.made.batches.commit(plan, typed=str(plan.typed_count))
    seen, still_allowed = 0, OrderPlanner.still_allowed

    def counted(*given: object) -> str:
        nonlocal seen
        seen += 1
        return still_allowed(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(OrderPlanner, "still_allowed", counted)
    assert floor.made.dispatcher.release([batch.id], lambda: seen >= looked_at) == []
    assert sim.amazon.posts == []
    found = floor.made.batches.find()
    assert len(found) == (1 if looked_at <= ROWS else 2)
    assert {(one.state, one.due_at) for one in found} == {(BatchState.HELD, batch.due_at)}
    assert seen <= looked_at
