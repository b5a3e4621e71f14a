"""One simulator a test, on a fixed clock."""

from collections.abc import Iterator

import keyring
import pytest
from apikit import NOW
from keyring.backends import fail
from simulator import Contract, Simulator

from ordertui.orders.clock import FixedClock


@pytest.fixture(scope="session")
def contract() -> Contract:
    try:
        return Contract()
    except FileNotFoundError as error:
        pytest.skip(f"{error}: without them nothing can be held against Amazon's word (tests/spapi/models/ORIGIN.md)")


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """The simulator's credentials in the environment; no keyring of this machine is ever touched."""
    keyring.set_keyring(fail.Keyring())
    for name, value in (
        ("LWA_CLIENT_ID", "sim-client"),
        ("LWA_CLIENT_SECRET", "sim-secret"),
        ("REFRESH_TOKEN", "sim-refresh"),
    ):
        monkeypatch.setenv(f"ORDERTUI_{name}", value)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def sim(clock: FixedClock, contract: Contract) -> Iterator[Simulator]:
    """After the test, all requests and answers must have fitted Amazon's models, and all calls the published limits."""
    made = Simulator(clock, contract=contract)
    with made.running():
        yield made
    assert (made.problems, made.broken) == ([], [])
    assert made.quotas.breaches() == []
