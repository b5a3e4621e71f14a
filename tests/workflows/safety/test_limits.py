"""Limits of the day: the same from every process, counted from the marketplace's midnight."""

from pathlib import Path

import pytest

from ordertui.operations.config import Config
from ordertui.operations.errors import NotConfirmed, PlanChanged
from ordertui.operations.session import Session
from ordertui.orders.clock import HOUR, FixedClock
from ordertui.orders.enums import Action
from support.batches import answer, commit, plan, send, shop_of
from support.shops import NOW, order_id

pytestmark = pytest.mark.usefixtures("fast_disk")


def limited(folder: Path, when: str, effect: str, clock: FixedClock) -> Session:
    """A shop with one house rule."""
    shop_of(folder, clock, waiting=6).close()
    file = folder / "house.toml"
    file.write_text(
        f'[[rule]]\nid = "day"\nwhen = "{when}"\neffect = "{effect}"\nwhy = "enough for today"\n', encoding="utf-8"
    )
    return Session.open(folder / "orders.db", clock=clock, config=Config(policy_file=str(file)))


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


def test_a_count_a_day(tmp_path: Path, clock: FixedClock) -> None:
    with limited(tmp_path, "day-orders>3", "deny", clock) as shop:
        first = commit(shop, Action.CANCEL, 1, 2)
        assert len(plan(shop, Action.CANCEL, 3).rows) == 1
        assert [out.rule for out in plan(shop, Action.CANCEL, 3, 4).out] == ["house day", "house day"]
        shop.undo(order_id(2))
        assert len(plan(shop, Action.CANCEL, 3, 4).rows) == 2, "what was taken back is not counted"
        shop.release(first)
        shop.dispatch()
        shop.results([answer(shop, tmp_path, first, {1})])
        assert len(plan(shop, Action.CANCEL, 2, 3, 4).rows) == 3, "nor what Amazon refused"
        commit(shop, Action.CANCEL, 2, 3, 4)
        assert plan(shop, Action.CANCEL, 5).rows == ()
        assert plan(shop, Action.REFUND, 11, 12).rows, "each action for itself"
        clock.advance(18 * HOUR)
        assert len(plan(shop, Action.CANCEL, 5, 6).rows) == 2, "a new day has begun in Los Angeles"


def test_money_a_day(tmp_path: Path, clock: FixedClock) -> None:
    with limited(tmp_path, "day-total>20USD", "typed_confirmation", clock) as shop:
        assert plan(shop, Action.REFUND, 11).typed_count is None
        send(shop, Action.REFUND, 11)
        over = plan(shop, Action.REFUND, 12)
        assert over.typed_count == 1
        assert any("enough for today" in warning for warning in over.warnings)
        with pytest.raises(NotConfirmed):
            shop.commit(over)
        shop.commit(over, typed="1")


def test_two_processes_reach_the_limit_together(tmp_path: Path, clock: FixedClock) -> None:
    with limited(tmp_path, "day-orders>3", "deny", clock) as shop:
        config = Config(policy_file=str(tmp_path / "house.toml"))
        with Session.open(tmp_path / "orders.db", clock=clock, config=config) as other:
            mine, theirs = plan(shop, Action.CANCEL, 1, 2), plan(other, Action.CANCEL, 3, 4)
            assert len(mine.rows) == len(theirs.rows) == 2
            other.commit(theirs, typed="2")
            with pytest.raises(PlanChanged) as error:
                shop.commit(mine, typed="2")
            assert all("house rule day" in line for line in error.value.differences)
        assert len(shop.outbox()) == 1
