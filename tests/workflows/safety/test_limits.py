"""Limits of the day: the same from every process, counted from the marketplace's midnight."""

from pathlib import Path

import pytest

from ordertui.operations.config import Config
from ordertui.operations.errors import NotConfirmed, PlanChanged
from ordertui.operations.session import Session
from ordertui.orders.clock import HOUR, FixedClock
from ordertui.orders.enums import Action
from support import places
from support.batches import answer, commit, plan, send, session_of
from support.shops import NOW, order_id

pytestmark = places.on_both


def limited(folder: Path, when: str, effect: str, clock: FixedClock) -> Session:
    """A session with one house rule."""
    session_of(folder, clock, waiting=6).close()
    file = folder / "house.toml"
    file.write_text(
        f'[[rule]]\nid = "day"\nwhen = "{when}"\neffect = "{effect}"\nwhy = "enough for today"\n', encoding="utf-8"
    )
    return Session.open(places.place(folder / "orders.db"), clock=clock, config=Config(policy_file=str(file)))


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


def test_a_count_a_day(tmp_path: Path, clock: FixedClock) -> None:
    with limited(tmp_path, "day-orders>3", "deny", clock) as session:
        first = commit(session, Action.CANCEL, 1, 2)
        assert len(plan(session, Action.CANCEL, 3).rows) == 1
        assert [out.rule for out in plan(session, Action.CANCEL, 3, 4).out] == ["house day", "house day"]
        session.batches.recall(order_id(2))
        assert len(plan(session, Action.CANCEL, 3, 4).rows) == 2, "what was taken back is not counted"
        session.batches.release(first)
        session.dispatcher.run()
        session.results.take_in([answer(session, tmp_path, first, {1})])
        assert len(plan(session, Action.CANCEL, 2, 3, 4).rows) == 3, "nor what Amazon refused"
        commit(session, Action.CANCEL, 2, 3, 4)
        assert plan(session, Action.CANCEL, 5).rows == ()
        assert plan(session, Action.REFUND, 11, 12).rows, "each action for itself"
        clock.advance(18 * HOUR)
        assert len(plan(session, Action.CANCEL, 5, 6).rows) == 2, "a new day has begun in Los Angeles"


def test_money_a_day(tmp_path: Path, clock: FixedClock) -> None:
    with limited(tmp_path, "day-total>20USD", "typed_confirmation", clock) as session:
        assert plan(session, Action.REFUND, 11).typed_count is None
        send(session, Action.REFUND, 11)
        over = plan(session, Action.REFUND, 12)
        assert over.typed_count == 1
        assert any("enough for today" in warning for warning in over.warnings)
        with pytest.raises(NotConfirmed):
            session.batches.commit(over)
        session.batches.commit(over, typed="1")


def test_two_processes_reach_the_limit_together(tmp_path: Path, clock: FixedClock) -> None:
    with limited(tmp_path, "day-orders>3", "deny", clock) as session:
        config = Config(policy_file=str(tmp_path / "house.toml"))
        with Session.open(places.place(tmp_path / "orders.db"), clock=clock, config=config) as other:
            mine, theirs = plan(session, Action.CANCEL, 1, 2), plan(other, Action.CANCEL, 3, 4)
            assert len(mine.rows) == len(theirs.rows) == 2
            other.batches.commit(theirs, typed="2")
            with pytest.raises(PlanChanged) as error:
                session.batches.commit(mine, typed="2")
            assert all("house rule day" in line for line in error.value.differences)
        assert len(session.batches.find()) == 1
