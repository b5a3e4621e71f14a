"""What every test of the screen stands on: a fixed clock and one small shop."""

from pathlib import Path

import pytest

from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from shopkit import NOW, open_shop, standard


@pytest.fixture(autouse=True)
def nobodys_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The practice store that `t` offers, and the downloads of the list of report files, are not the developer's."""
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "nobody"))


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def shop(tmp_path: Path, clock: FixedClock) -> Session:
    found = open_shop(tmp_path / "shop", clock=clock)
    standard(found, tmp_path)
    return found
