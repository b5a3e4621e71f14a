"""From settings to a client: which profile, which account, which quota; and what keeps one world out of the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from ordertui.amazon.spapi.client import CancellableSleep, Client
from ordertui.amazon.spapi.endpoints import REGION_OF, Endpoints, NotAllowed
from ordertui.amazon.spapi.errors import CallCancelled
from ordertui.amazon.spapi.operations import OPERATIONS
from ordertui.amazon.spapi.rate_limit import TokenBucket, full_bucket
from ordertui.amazon.spapi.transport import Timeouts
from ordertui.operations.config import AmazonConfig
from ordertui.operations.errors import BadInput, ReadOnly, Refused, Stopped
from ordertui.orders.clock import Clock
from ordertui.store import Store

from .credentials import Secrets

ENVIRONMENT_KEY = "amazon:profile"
_RATE = "amazon:rate:"

Result = TypeVar("Result")
OnWait = Callable[[str, int], None]
"""Heard when a call waits: the operation, and for how many seconds."""
Stop = Callable[[], bool]


class Quota(msgspec.Struct, frozen=True):
    """How many calls of an operation may be made now, and when the next one may (seconds)."""

    operation: str
    calls: int
    burst: int
    next_in: int
    rate: float
    """Calls a second, as published or as Amazon last said."""


class StoreRateBook:
    """Keeps the buckets in the store, so that a restart or a second process does not overdraw the account."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def change(self, operation: str, work: Callable[[TokenBucket | None], TokenBucket]) -> TokenBucket:
        """As `amazon.spapi.rate_limit.BucketStore` says; one transaction."""
        key = _RATE + operation
        with self._store.write():
            bucket = work(_bucket(self._store.meta(key)))
            self._store.set_meta(key, msgspec.json.encode(bucket).decode())
        return bucket


def quotas(store: Store, now: int, operations: tuple[str, ...]) -> tuple[Quota, ...]:
    """Where the quotas of these operations stand."""
    out = []
    for name in operations:
        operation = OPERATIONS[name]
        bucket = (_bucket(store.meta(_RATE + name)) or full_bucket(operation, float(now))).refilled(float(now))
        out.append(Quota(name, max(0, int(bucket.tokens)), bucket.burst, bucket.taken(float(now)).wait, bucket.rate))
    return tuple(out)


def _bucket(text: str | None) -> TokenBucket | None:
    return msgspec.json.decode(text, type=TokenBucket) if text else None


class ApiConnection:
    """Makes clients for one store and one account."""

    def __init__(
        self,
        store: Store,
        config: AmazonConfig,
        clock: Clock,
        *,
        practice: bool,
        folder: Path,
        ask: Callable[[], str] | None = None,
    ) -> None:
        self.config = config
        self.secrets = Secrets(config.profile, folder, ask)
        self._store = store
        self._clock = clock
        self._practice = practice
        self.timeouts: Timeouts | None = None
        """None: the usual ones."""
        self.sleep: Callable[[float], Coroutine[Any, Any, None]] = asyncio.sleep
        """How it waits; tests put simulated time here."""
        self.step = 0.5
        """Seconds after which a waiting call hears a stop."""

    def endpoints(self) -> Endpoints:
        """Where this profile's calls go. Raises Refused (read-only, off, practice, another world's store), BadInput (settings)."""
        config = self.config
        if self._store.read_only:
            raise ReadOnly
        if self._practice:
            raise Refused("this is a practice store: it is never connected to anything; start with a store of your own")
        if config.profile == "off":
            raise Refused(
                "there is no connection to Amazon: set [amazon] profile in the settings (`ordertui config path` names them),"
                " then `ordertui api login`; docs/connector.md says how"
            )
        if not config.marketplaces:
            raise BadInput('the settings name no marketplace: set [amazon] marketplaces = ["US"]')
        unknown = [code for code in config.marketplaces if code not in REGION_OF]
        if unknown:
            raise BadInput(
                f"[amazon] marketplaces: {', '.join(unknown)} is not known; known are {', '.join(REGION_OF)}"
            )
        regions = {REGION_OF[code] for code in config.marketplaces}
        if len(regions) > 1:
            raise BadInput(
                "[amazon] marketplaces are of several regions; an account's tokens are good for one: use a store for each"
            )
        world = self._store.meta(ENVIRONMENT_KEY)
        if world not in (None, config.profile):
            raise Refused(f"this store was filled by the profile {world}; use another --store for {config.profile}")
        try:
            return (
                Endpoints.production(regions.pop())
                if config.profile == "production"
                else Endpoints.test(config.endpoint)
            )
        except NotAllowed as error:
            raise BadInput(f"[amazon] endpoint: {error}") from error

    def run(self, work: Callable[[Client], Coroutine[Any, Any, Result]], *, stop: Stop, told: OnWait) -> Result:
        """Connect, do the work, disconnect. Raises what `endpoints`, the secrets and the work raise, and Stopped."""
        endpoints = self.endpoints()
        login = self.secrets.load()
        client = Client(
            endpoints,
            login.credentials,
            self._clock,
            buckets=StoreRateBook(self._store),
            waiting=CancellableSleep(stop=stop, on_wait=told, sleep=self.sleep, step=self.step),
            timeouts=self.timeouts,
        )
        if self._store.meta(ENVIRONMENT_KEY) is None:
            self._store.set_meta(ENVIRONMENT_KEY, self.config.profile)

        async def whole() -> Result:
            async with client:
                return await work(client)

        try:
            return asyncio.run(whole())
        except CallCancelled:
            raise Stopped("stopped; what was done before is kept") from None
