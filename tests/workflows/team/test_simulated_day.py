"""Six operators and two workers over a day, against Amazon's simulator: what was committed happened, once."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import pytest

from ordertui.operations.session import Session
from ordertui.orders.batch_state import RowState
from ordertui.orders.clock import HOUR, FixedClock
from ordertui.orders.enums import Action
from ordertui.store.repositories.work import JobName
from support import places
from support.api import session as connected
from support.faults import Crash, inject
from support.profile import LONG
from support.simulator import Simulator
from support.simulator.shop import order
from support.team_day import TeamDay
from support.workers import last_text, run_once, worker

pytestmark = pytest.mark.usefixtures("fast_disk")


@pytest.mark.parametrize(
    "engine", [places.BOTH[0], pytest.param(places.BOTH[1], marks=pytest.mark.long)], indirect=True
)
def test_a_small_day_of_a_team_ends_right(
    tmp_path: Path, sim: Simulator, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(TeamDay(tmp_path, sim, clock, monkeypatch, 150, 3 * HOUR))


@pytest.mark.long
@pytest.mark.parametrize("engine", places.BOTH if LONG else places.BOTH[-1:], indirect=True)
def test_a_whole_day_ends_right(
    tmp_path: Path, sim: Simulator, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The long profile has a day of 3,000 orders; otherwise it is one of 300."""
    play(TeamDay(tmp_path, sim, clock, monkeypatch, 3_000 if LONG else 300))


def play(day: TeamDay) -> None:
    try:
        day.run()
        day.check()
    finally:
        day.close()


@pytest.mark.parametrize(
    "point",
    [
        n if n in (7, 16) else pytest.param(n, marks=pytest.mark.long)
        for n in range(0 if LONG else 1, 40, 1 if LONG else 3)
    ],
)
def test_a_feed_whose_worker_died_at_any_step_is_at_amazon_once(
    point: int, tmp_path: Path, sim: Simulator, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opener() -> Session:
        return connected(sim, tmp_path, clock)

    sim.amazon.put(order(1, clock.now()))
    lines: list[str] = []
    one, other = worker(opener, "one-1", lines.append), worker(opener, "other-2", lines.append)
    assert run_once(one)
    with opener() as session:
        plan = session.planner.plan(Action.CANCEL, list(session.orders.find("")))[0]
        batch = session.batches.commit(plan, typed="1").id
        session.batches.release(batch)
    clock.advance(301)
    with monkeypatch.context() as patch:
        faults = inject(patch)
        with faults.armed(point, Crash()), suppress(Crash):
            run_once(one)
    for loop in one.loops:
        loop.close()
    for _ in range(20):
        clock.advance(300)
        run_once(other)
    with opener() as session:
        assert [row.state for row in session.batches.get(batch).rows] == [RowState.CONFIRMED], lines
        assert last_text(session, JobName.DISPATCH).startswith("ok")
    assert [feed.effects for feed in sim.amazon.feeds.values()] == [[one] for one in sim.amazon.orders]
