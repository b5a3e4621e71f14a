"""One simulator a test, on a fixed clock."""

from collections.abc import Iterator

import pytest
from simulator import Contract, Simulator

from ordertui.orders.clock import FixedClock, parse_iso

NOW = parse_iso("2026-11-23T14:05:00Z")


@pytest.fixture(scope="session")
def contract() -> Contract:
    return Contract()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def sim(clock: FixedClock, contract: Contract) -> Iterator[Simulator]:
    """After the test, every request of ours and every answer of the simulator must have fitted Amazon's models."""
    made = Simulator(clock, contract=contract)
    with made.running():
        yield made
    assert made.problems == []
