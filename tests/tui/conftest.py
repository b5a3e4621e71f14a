"""What every test of the screen stands on: a fixed clock and one small shop."""

from pathlib import Path

import pytest

from ordertui.operations.shop import Shop
from ordertui.orders.clock import FixedClock
from shopkit import NOW, open_shop, standard


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def shop(tmp_path: Path, clock: FixedClock) -> Shop:
    found = open_shop(tmp_path / "shop", clock=clock)
    standard(found, tmp_path)
    return found
