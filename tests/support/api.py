"""A simulator, a clock that waits for nobody, and clients of ours against both."""

from __future__ import annotations

import importlib.util
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import pytest

from ordertui.amazon.spapi.auth import Credentials
from ordertui.amazon.spapi.cancellable_sleep import CancellableSleep
from ordertui.amazon.spapi.client import Client
from ordertui.amazon.spapi.endpoints import Endpoints
from ordertui.amazon.spapi.rate_limit import BucketStore, TokenBucket
from ordertui.amazon.spapi.secret import Secret
from ordertui.amazon.spapi.transport import Timeouts
from ordertui.operations.config import AmazonConfig, Config
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock, parse_iso

from . import places
from .simulator import Simulator

if importlib.util.find_spec("sniffio") is None:
    # httpcore imports it at each request, and where it is not installed Python looks through every folder each time:
    # a sixth of the CPU of these tests.
    sys.modules["sniffio"] = None  # type: ignore[assignment]
NOW = parse_iso("2026-11-23T14:05:00Z")
PATIENT = Timeouts(connect=10.0, read=30.0, whole=60.0, document=60.0)
"""So that a busy machine breaks no test."""
QUICK = Timeouts(connect=10.0, read=1.5, whole=3.0, document=3.0)
"""So that a server that hangs costs a test little."""


Change = Callable[[dict[str, str], tuple[int, Any]], tuple[int, Any]]


class MemoryBucketStore:
    """Buckets that last as long as the process."""

    def __init__(self) -> None:
        self.buckets: dict[str, TokenBucket] = {}

    def change(self, operation: str, work: Callable[[TokenBucket | None], TokenBucket]) -> TokenBucket:
        """See `BucketStore.change`."""
        self.buckets[operation] = work(self.buckets.get(operation))
        return self.buckets[operation]


class SimulatedTime:
    """Waiting that only moves the clock."""

    def __init__(self, clock: FixedClock, stop: Callable[[], bool] = lambda: False) -> None:
        self.clock = clock
        self.stop = stop
        self.waited: list[tuple[str, int]] = []

    async def sleep(self, seconds: float) -> None:
        """Wait, on the clock."""
        self.clock.advance(math.ceil(seconds))

    def waiting(self) -> CancellableSleep:
        """For a client."""
        return CancellableSleep(
            stop=self.stop, on_wait=lambda name, seconds: self.waited.append((name, seconds)), sleep=self.sleep, step=60
        )


def credentials(sim: Simulator, **other: str) -> Credentials:
    """The simulator's own, or with something wrong in them."""
    found = sim.credentials | other
    return Credentials(found["client_id"], Secret(found["client_secret"]), Secret(found["refresh_token"]))


def client(
    sim: Simulator,
    clock: FixedClock,
    *,
    buckets: BucketStore | None = None,
    time: SimulatedTime | None = None,
    who: Credentials | None = None,
    hangs: bool = False,
) -> Client:
    """A client of the simulator."""
    return Client(
        Endpoints.test(sim.address),
        who or credentials(sim),
        clock,
        buckets=buckets or MemoryBucketStore(),
        waiting=(time or SimulatedTime(clock)).waiting(),
        timeouts=QUICK if hangs else PATIENT,
    )


def session(
    sim: Simulator,
    folder: Path,
    clock: FixedClock,
    *,
    time: SimulatedTime | None = None,
    dispatch: Literal["file", "api"] = "api",
    markets: tuple[str, ...] = ("US",),
    sync_minutes: int = 0,
    policy_file: str = "",
) -> Session:
    """A session connected to the simulator; waiting only moves its clock."""
    amazon = AmazonConfig(
        profile="test", marketplaces=markets, endpoint=sim.address, dispatch=dispatch, sync_minutes=sync_minutes
    )
    folder.mkdir(parents=True, exist_ok=True)
    config = Config(merchant_id="A1SELLER", amazon=amazon, policy_file=policy_file)
    made = Session.open(places.place(folder / "orders.db"), clock=clock, config=config)
    connection = made.sync.connection
    connection.sleep = (time or SimulatedTime(clock)).sleep
    connection.step = 60
    connection.timeouts = PATIENT
    return made


def change_answers(sim: Simulator, monkeypatch: pytest.MonkeyPatch, operation: str, change: Change) -> None:
    """Let `change(query, (status, body))` replace what the simulator answers to an operation."""
    real = sim.answer
    sim.check_answers = False

    def answer(route: Any, path: dict[str, str], query: dict[str, str], body: Any) -> tuple[int, Any]:
        reply = real(route, path, query, body)
        return change(query, reply) if route.name == operation else reply

    monkeypatch.setattr(sim, "answer", answer)
