"""A simulator, a clock that waits for nobody, and clients of ours against both."""

from __future__ import annotations

import math
from collections.abc import Callable

from simulator import Simulator

from ordertui.amazon.spapi.client import Client, Waiting
from ordertui.amazon.spapi.endpoints import Endpoints
from ordertui.amazon.spapi.rates import RateBook
from ordertui.amazon.spapi.secret import Secret
from ordertui.amazon.spapi.tokens import Credentials
from ordertui.amazon.spapi.transport import Timeouts
from ordertui.orders.clock import FixedClock

QUICK = Timeouts(connect=2.0, read=0.3, whole=0.6, document=0.6)
"""So that a hanging server costs a test half a second."""


class SimulatedTime:
    """Waiting that only moves the clock."""

    def __init__(self, clock: FixedClock, stop: Callable[[], bool] = lambda: False) -> None:
        self.clock = clock
        self.stop = stop
        self.waited: list[tuple[str, int]] = []

    async def _sleep(self, seconds: float) -> None:
        self.clock.advance(math.ceil(seconds))

    def waiting(self) -> Waiting:
        """For a client."""
        return Waiting(
            stop=self.stop, told=lambda name, seconds: self.waited.append((name, seconds)), sleep=self._sleep, step=60
        )


def credentials(sim: Simulator, **other: str) -> Credentials:
    """The simulator's own, or with something wrong in them."""
    found = sim.credentials | other
    return Credentials(found["client_id"], Secret(found["client_secret"]), Secret(found["refresh_token"]))


def client(
    sim: Simulator,
    clock: FixedClock,
    *,
    rates: RateBook | None = None,
    time: SimulatedTime | None = None,
    who: Credentials | None = None,
) -> Client:
    """A client of the simulator."""
    return Client(
        Endpoints.test(sim.address),
        who or credentials(sim),
        clock,
        rates=rates,
        waiting=(time or SimulatedTime(clock)).waiting(),
        timeouts=QUICK,
    )
