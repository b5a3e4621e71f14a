"""The connection of one store to one seller account: from the settings to a client, and the checks between them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from ordertui.amazon.spapi.cancellable_sleep import CancellableSleep, OnWait, Stop, ignore_wait, never_stop
from ordertui.amazon.spapi.client import Client
from ordertui.amazon.spapi.endpoints import REGION_OF, Endpoints, NotAllowed
from ordertui.amazon.spapi.errors import CallCancelled
from ordertui.amazon.spapi.transport import Timeouts
from ordertui.operations.context import SessionContext
from ordertui.operations.errors import BadInput, Refused, Stopped
from ordertui.orders.people import Permission

from .credentials import CredentialStore
from .quotas import StoredBuckets

ENVIRONMENT_KEY = "amazon:profile"
"""Key in the store's meta: the profile that filled the store. Orders of a test never mix with real ones."""
MIN_RETRY_SECONDS, MAX_RETRY_SECONDS = 60, 900

Result = TypeVar("Result")


def retry_delay(failures: int) -> int:
    """Return the seconds to wait after so many failures in a row: doubled each time, from one to fifteen minutes."""
    return min(MIN_RETRY_SECONDS << (failures - 1), MAX_RETRY_SECONDS)


class ApiConnection:
    """Makes clients for one store and one account, and runs work with them."""

    def __init__(self, context: SessionContext, folder: Path) -> None:
        """Connect nothing yet. `folder` holds the encrypted credentials."""
        self.context = context
        self.config = context.config.amazon
        self.credentials = CredentialStore(self.config.profile, folder)
        self.timeouts: Timeouts | None = None
        """None: the usual ones."""
        self.sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
        """How it waits; tests replace it by simulated time."""
        self.step = 0.5
        """Seconds after which a waiting call looks for a stop."""

    def endpoints(self) -> Endpoints:
        """Return the addresses of the settings' profile.

        Raises RoleRefused, ReadOnly, Refused (practice store, no profile, a store filled by another profile), and
        BadInput (settings).
        """
        config, store = self.config, self.context.store
        self.context.require(Permission.IMPORT)
        if self.context.is_practice:
            raise Refused("this is a practice store: it is never connected to anything; start with a store of your own")
        if config.profile == "off":
            raise Refused(
                "there is no connection to Amazon: set [amazon] profile in the settings (`ordertui config path` names"
                " them), then `ordertui api login`; docs/connector.md says how"
            )
        region = self._region()
        environment = store.meta(ENVIRONMENT_KEY)
        if environment not in (None, config.profile):
            raise Refused(
                f"this store was filled by the profile {environment}; use another --store for {config.profile}"
            )
        try:
            is_production = config.profile == "production"
            return Endpoints.production(region) if is_production else Endpoints.test(config.endpoint)
        except NotAllowed as error:
            raise BadInput(f"[amazon] endpoint: {error}") from error

    def _region(self) -> str:
        """Return the one region of all marketplaces in the settings. Raises BadInput."""
        codes = self.config.marketplaces
        if not codes:
            raise BadInput('the settings name no marketplace: set [amazon] marketplaces = ["US"]')
        unknown = [code for code in codes if code not in REGION_OF]
        if unknown:
            raise BadInput(
                f"[amazon] marketplaces: {', '.join(unknown)} is not known; known are {', '.join(REGION_OF)}"
            )
        regions = {REGION_OF[code] for code in codes}
        if len(regions) > 1:
            raise BadInput(
                "[amazon] marketplaces are of several regions; an account's tokens are good for one:"
                " use a store for each"
            )
        return regions.pop()

    def run(
        self, work: Callable[[Client], Awaitable[Result]], *, on_wait: OnWait = ignore_wait, stop: Stop = never_stop
    ) -> Result:
        """Connect, await what `work` makes of a client, disconnect, and return its result.

        Raises what `endpoints`, the credentials and the work raise, and Stopped. This is the only place that opens an
        event loop for the API.
        """
        endpoints = self.endpoints()
        stored = self.credentials.load()
        store = self.context.store
        client = Client(
            endpoints,
            stored.credentials,
            self.context.clock,
            buckets=StoredBuckets(store),
            waiting=CancellableSleep(stop=stop, on_wait=on_wait, sleep=self.sleep, step=self.step),
            timeouts=self.timeouts,
        )
        if store.meta(ENVIRONMENT_KEY) is None:
            store.set_meta(ENVIRONMENT_KEY, self.config.profile)

        async def whole() -> Result:
            async with client:
                return await work(client)

        try:
            return asyncio.run(whole())
        except CallCancelled:
            raise Stopped("stopped; what was done before is kept") from None

    def wait(self, reason: str, seconds: int, stop: Stop = never_stop) -> bool:
        """Wait that many seconds without a client; return False when stopped before."""
        waiting = CancellableSleep(stop=stop, sleep=self.sleep, step=self.step)
        try:
            asyncio.run(waiting.pause(reason, seconds))
        except CallCancelled:
            return False
        return True
