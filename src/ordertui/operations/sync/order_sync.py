"""Orders from the API: what can be acted on first, then what changed since; a page at a time, resumable, never a call an order.

A pass's pages are kept as they come, and where it stands with them; its end moves the watermark, and nothing else does. So
a stop or a crash loses a page at most, and no change is ever jumped over. Source of the strategy: SP-API.md 3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import msgspec

from ordertui.amazon.reports.model import RejectedRow
from ordertui.amazon.spapi.client import Client
from ordertui.amazon.spapi.errors import CallCancelled, Rejected
from ordertui.amazon.spapi.operations import GET_ORDER, SEARCH_ORDERS
from ordertui.amazon.spapi.order_mapping import Deadline, order_rows
from ordertui.amazon.spapi.schemas import ApiOrder, OneOrder, OrderPage
from ordertui.orders.clock import DAY, HOUR, Clock, iso_utc, parse_iso
from ordertui.orders.enums import ReportKind
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.store import Store
from ordertui.store.importing.import_session import ReportSource

KIND = ReportKind.API_ORDERS.value
STATE = "amazon:sync"
DATA = ("CANCELLATION", "FULFILLMENT", "PROCEEDS")
"""Data sets asked for: none that holds buyers' data, so that no restricted role is needed."""
OPEN = ("UNSHIPPED", "PARTIALLY_SHIPPED", "PENDING")
YOUNGEST = 120
"""Seconds: a search must end at least two minutes ago (model of searchOrders)."""
OVERLAP = 300
"""Seconds that two passes share, for changes that Amazon shows late (SP-API.md 3)."""
OLDEST = 730 * DAY
"""How far back Amazon keeps orders: two years (AMAZON.md g)."""
TOKEN_AGE = 23 * HOUR
"""A page token lives 24 hours (model of searchOrders)."""


class SyncPass(msgspec.Struct, frozen=True):
    """A search under way."""

    kind: Literal["open", "changes"]
    markets: tuple[str, ...]
    query: dict[str, str]
    until: int
    """All changes up to here are in once its last page is."""
    token: str = ""
    token_at: int = 0
    pages: int = 0
    orders: int = 0


class SyncState(msgspec.Struct, frozen=True):
    """How far the store is."""

    up_to: dict[str, int] = {}
    """Marketplace to when all its changes are in (epoch seconds); one that was never synced whole is not there."""
    running: SyncPass | None = None

    def watermark(self, marketplaces: Sequence[str]) -> int | None:
        """All changes of all of these are in up to here (epoch seconds); None when one of them was never synced."""
        times = [self.up_to.get(code) for code in marketplaces]
        known = [at for at in times if at is not None]
        return min(known) if known and len(known) == len(times) else None


class SyncProgress(msgspec.Struct, frozen=True):
    """How far a run is, for people."""

    step: str
    orders: int
    pages: int
    more: bool
    """Whether another page follows."""


class SyncSummary(msgspec.Struct, frozen=True):
    """What a run brought."""

    orders: int
    new: int
    changed: int
    pages: int
    watermark: int | None
    rejects: tuple[RejectedRow, ...]
    notes: tuple[str, ...]
    stopped: bool


def load_state(store: Store) -> SyncState:
    """How far the store is; the beginning when nothing was ever synced."""
    text = store.meta(STATE)
    return msgspec.json.decode(text, type=SyncState) if text else SyncState()


class OrderSync:
    """Brings one store up to date."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        marketplaces: tuple[str, ...],
        deadline: Deadline,
        progress: Callable[[SyncProgress], None] = lambda progress: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._store = store
        self._clock = clock
        self._marketplaces = marketplaces
        self._deadline = deadline
        self._progress = progress
        self._stop = stop
        self._new = self._changed = self._orders = self._pages = 0
        self._rejects: list[RejectedRow] = []
        self._strange: set[str] = set()

    async def run(self, client: Client) -> SyncSummary:
        """Go on where the last run ended, until all changes up to two minutes ago are in. Raises SpApiError; a stop is no error."""
        stopped = False
        known = load_state(self._store).up_to
        new = tuple(code for code in self._marketplaces if code not in known)
        try:
            if new:
                await self._pass(client, "open", new)
            await self._pass(client, "changes", self._marketplaces)
        except CallCancelled:
            stopped = True
        return self._summary(stopped=stopped)

    async def one(self, client: Client, order_id: str) -> SyncSummary:
        """Fetch one order as it is now. Raises SpApiError."""
        query: dict[str, str | list[str]] = {"includedData": ",".join(DATA)}
        found = await client.call(GET_ORDER, OneOrder, path={"orderId": order_id}, query=query)
        with self._store.write():
            self._take([found.order], f"order {order_id}", None)
        return self._summary(stopped=False)

    def _summary(self, *, stopped: bool) -> SyncSummary:
        notes = [f"Amazon says what is not known here: {word}; it is kept as unknown" for word in sorted(self._strange)]
        if stopped:
            notes.append("stopped: what came so far is kept; the next sync goes on from there")
        return SyncSummary(
            self._orders, self._new, self._changed, self._pages, load_state(self._store).watermark(self._marketplaces),
            tuple(self._rejects), tuple(notes), stopped,
        )  # fmt: skip

    async def _pass(self, client: Client, kind: Literal["open", "changes"], markets: tuple[str, ...]) -> None:
        state = load_state(self._store)
        running = state.running
        fits = running is not None and (running.kind, running.markets) == (kind, markets)
        if running is None or not fits or self._clock.now() - running.token_at > TOKEN_AGE:
            running = self._begin(kind, markets, state)
        while True:
            if self._stop():
                raise CallCancelled
            try:
                page = await self._page(client, running)
            except Rejected:
                if not running.token:
                    raise
                running = self._begin(kind, markets, state)  # Amazon forgot the page token: this pass begins again
                continue
            running = self._keep(running, page)
            if not page.next_token:
                return

    def _begin(self, kind: Literal["open", "changes"], markets: tuple[str, ...], state: SyncState) -> SyncPass:
        now = self._clock.now()
        ids = [MARKETPLACES[code].id for code in markets]
        query = {"marketplaceIds": ",".join(ids), "fulfilledBy": "MERCHANT", "includedData": ",".join(DATA)}
        if kind == "open":
            query |= {"createdAfter": iso_utc(now - OLDEST), "fulfillmentStatuses": ",".join(OPEN)}
        else:
            since = state.watermark(markets)
            query |= {"lastUpdatedAfter": iso_utc((now - OLDEST if since is None else since) - OVERLAP)}
        return SyncPass(kind, markets, query, now - YOUNGEST)

    async def _page(self, client: Client, running: SyncPass) -> OrderPage:
        query: dict[str, str | list[str]] = dict(running.query)
        if running.token:
            query["paginationToken"] = running.token
        return await client.call(SEARCH_ORDERS, OrderPage, query=query)

    def _keep(self, running: SyncPass, page: OrderPage) -> SyncPass:
        """Store a page, and with it, in the same transaction, where the pass stands."""
        until = min(running.until, parse_iso(page.last_updated_before)) if page.last_updated_before else running.until
        after = msgspec.structs.replace(
            running, until=until, token=page.next_token, token_at=self._clock.now(),
            pages=running.pages + 1, orders=running.orders + len(page.orders),
        )  # fmt: skip
        done = not page.next_token
        with self._store.write():
            state = load_state(self._store)
            self._take(page.orders, f"{running.kind}, page {after.pages}", until if done else None)
            reached = {code: max(until, state.up_to.get(code, 0)) for code in running.markets} if done else {}
            kept = SyncState(state.up_to | reached, None if done else after)
            self._store.set_meta(STATE, msgspec.json.encode(kept).decode())
        self._progress(SyncProgress(running.kind, after.orders, after.pages, not done))
        return after

    def _take(self, orders: Sequence[ApiOrder], path: str, as_of: int | None) -> None:
        """Store these orders, within the open transaction."""
        found = order_rows(orders, self._deadline)
        self._store.imports.add_cancelled_by(found.cancelled)
        page = ReportSource(KIND, path, sha256="", as_of=as_of, has_request_column=True, marketplace=None)
        target = self._store.imports.open(page, self._deadline)
        with target:
            target.add(found.rows)
            target.rejected = len(found.rejected)
        self._pages += 1
        self._orders += len(orders)
        self._new += target.new
        self._changed += target.changed
        self._strange |= found.unrecognised_values
        self._rejects += [RejectedRow(KIND, self._pages, why, order_id) for order_id, why in found.rejected]
