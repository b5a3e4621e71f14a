"""The hold: nothing leaves early, nothing is held forever, whatever is done to the wall clock."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordertui.operations.config import Config
from ordertui.operations.errors import PlanExpired
from ordertui.operations.session import Session
from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.clock import DAY, HOUR, MonotonicReading, SystemClock, iso_utc, monotonic_reading
from ordertui.orders.enums import Action
from support.batches import commit, plan, send, session_of
from support.shops import NOW, bring, unshipped_row

HOLD = 900


@dataclass
class Machine:
    """A machine with a wall clock that anybody can set and a steady one that nobody can."""

    wall: int = NOW
    up: int = 1_000
    boot: str = "first"

    def now(self) -> int:
        return self.wall

    def steady(self) -> MonotonicReading:
        return MonotonicReading(self.boot, self.up)

    def live(self, seconds: int) -> None:
        """Time passes."""
        self.wall += seconds
        self.up += seconds

    def reboot(self, seconds: int = 60) -> None:
        """The machine is off for a while."""
        self.wall += seconds
        self.up, self.boot = 5, self.boot + "+"


def opened(folder: Path, clock: Machine) -> Session:
    return Session.open(folder / "orders.db", clock=clock, config=Config())


@pytest.fixture
def clock() -> Machine:
    return Machine()


@pytest.fixture
def session(tmp_path: Path, clock: Machine) -> Session:
    session_of(tmp_path).close()
    return opened(tmp_path, clock)


JUMPS = st.one_of(st.integers(-10 * DAY, 10 * DAY), st.integers(-2, 2), st.just(0))


@settings(max_examples=25, deadline=None)
@given(steps=st.lists(st.tuples(JUMPS, st.integers(0, 400), st.booleans()), min_size=1, max_size=8))
def test_on_one_boot_only_time_that_passed_counts(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, int, bool]]
) -> None:
    """Against a slow count of the seconds that really passed; to the second both clocks tick in."""
    folder, clock = tmp_path_factory.mktemp("hold"), Machine()
    session_of(folder, waiting=1, shipped=0).close()
    session = opened(folder, clock)
    commit(session, Action.CANCEL, 1)
    passed = 0
    for jump, seconds, again in steps:
        clock.wall += jump
        clock.live(seconds)
        passed += seconds
        if again:
            session.close()
            session = opened(folder, clock)
        left = len(session.dispatcher.run()) == 1
        (row,) = session.batches.find()[0].rows
        if left or row.state is RowState.LEFT_OUT:  # by a clock set so far forward its reports are too old
            assert passed >= HOLD - 1
            break
        assert passed <= HOLD
        due = session.dispatcher.next_due()
        assert due is not None
        assert abs((due.at - clock.now()) - (HOLD - passed)) <= 1, "the countdown shows what is really left"
    session.close()


def test_a_reboot_keeps_the_hold(tmp_path: Path, session: Session, clock: Machine) -> None:
    commit(session, Action.CANCEL, 1)
    clock.live(300)
    session.close()
    clock.reboot(100)
    with opened(tmp_path, clock) as again:
        clock.wall += 10 * DAY
        clock.live(HOLD - 400 - 2)
        assert again.dispatcher.run() == []
        clock.live(2)
        assert len(again.dispatcher.run()) == 1


def test_a_wall_clock_before_the_commit_begins_the_hold_again_and_not_forever(
    tmp_path: Path, session: Session, clock: Machine
) -> None:
    commit(session, Action.CANCEL, 1)
    session.close()
    clock.reboot()
    clock.wall = 0
    with opened(tmp_path, clock) as again:
        clock.live(HOLD - 1)
        assert again.dispatcher.run() == []
        clock.live(1)
        assert len(again.dispatcher.run()) == 1


def test_send_now_and_take_back_work_after_the_clock_was_set(session: Session, clock: Machine) -> None:
    first, second = commit(session, Action.CANCEL, 1), commit(session, Action.CANCEL, 2)
    clock.wall -= 3 * DAY
    session.batches.recall(second)
    session.batches.release(first)
    assert [batch.id for batch in session.dispatcher.run()] == [first]
    assert {batch.id: batch.state for batch in session.batches.find()} == {
        first: BatchState.WRITTEN,
        second: BatchState.RECALLED,
    }


@pytest.mark.parametrize("jump", [2 * HOUR, -2 * HOUR])
def test_a_plan_of_another_time_has_expired(session: Session, clock: Machine, jump: int) -> None:
    found = plan(session, Action.CANCEL, 1)
    clock.wall += jump
    with pytest.raises(PlanExpired):
        session.batches.commit(found, typed="1")


YEARS = 8 * 365 * DAY


@pytest.mark.parametrize("jump", [YEARS, -YEARS])
def test_a_clock_set_by_years_holds_as_long_and_lets_leave_only_what_may(
    session: Session, clock: Machine, jump: int
) -> None:
    """Set forward, the last look finds what reports said too old to act on, and says so."""
    batch = commit(session, Action.CANCEL, 1)
    clock.wall += jump
    clock.live(HOLD - 2)
    assert session.dispatcher.run() == []
    clock.live(2)
    session.dispatcher.run()
    (found,) = session.batches.find()
    assert (found.id, found.state) == (batch, BatchState.WRITTEN if jump < 0 else BatchState.LEFT_OUT)
    assert bool(found.rows[0].text) == (jump > 0)


def test_what_left_by_a_clock_years_ahead_is_looked_at_when_it_is_set_right(
    tmp_path: Path, session: Session, clock: Machine
) -> None:
    clock.wall += YEARS
    bring(session, tmp_path, open_=[unshipped_row(1, age=-YEARS, reporting_date=iso_utc(NOW + YEARS))])
    batch = send(session, Action.CANCEL, 1)
    assert session.batches.open_issues() == []
    clock.wall -= YEARS
    (issue,) = session.batches.open_issues()
    assert (issue.batch, issue.kind) == (batch, "stuck")
    assert "a time that this machine's clock has not reached" in issue.why


def test_the_machines_own_clock_is_steady() -> None:
    first, second = monotonic_reading(SystemClock()), monotonic_reading(SystemClock())
    assert first is not None
    assert second is not None
    assert first.boot == second.boot
    assert 0 <= second.seconds - first.seconds <= 60


def test_a_hold_is_looked_at_again_when_its_batch_is_about_to_leave(
    session: Session, clock: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The list of what is due is read before: another process may hold a batch longer meanwhile."""
    first, second = commit(session, Action.CANCEL, 1), commit(session, Action.CANCEL, 2)
    clock.live(HOLD)
    journal = session.context.store.journal
    due = session.context.store.batches.due

    def held_longer_meanwhile() -> list[int]:
        found = due()
        journal.hold_until(first, clock.now() + HOUR)
        return found

    monkeypatch.setattr(session.context.store.batches, "due", held_longer_meanwhile)
    assert [batch.id for batch in session.dispatcher.run()] == [second]
    assert session.context.store.batches.get(first).state is BatchState.HELD
