"""Orders from the API: first those that can be acted on, then all changes since, a page at a time.

Each page is stored as it comes, together with the position of the pass. Only the end of a pass moves the watermark. So
a stop or a crash loses one page at most, and no change is ever skipped. Source of the strategy: SP-API.md 3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

import msgspec

from ordertui.amazon.reports.model import RejectedRow
from ordertui.amazon.spapi.client import Client, PageTokens
from ordertui.amazon.spapi.errors import BadAnswer, CallCancelled, Denied, Rejected, SpApiError
from ordertui.amazon.spapi.operations import GET_ORDER, SEARCH_ORDERS, Operation
from ordertui.amazon.spapi.order_mapping import Deadline, order_rows
from ordertui.amazon.spapi.schemas import OneOrder, OrderPage
from ordertui.orders.clock import DAY, HOUR, iso_utc, parse_iso
from ordertui.orders.enums import ReportKind
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.store import Store
from ordertui.store.importing.import_session import ReportSource

from .connection import ApiConnection
from .unread_orders import keep_unread_orders, unread_orders

Body = TypeVar("Body")
KIND = ReportKind.API_ORDERS.value
STATE_KEY = "amazon:sync"
DATA_SETS = ("CANCELLATION", "FULFILLMENT", "PACKAGES", "PROCEEDS")
"""Data sets that are requested: none that holds buyers' data, so that no restricted role is needed."""
OPTIONAL_DATA_SET = "PACKAGES"
"""Left out when Amazon refuses a call with it: no source says which role it needs."""
OPEN_STATUSES = ("UNSHIPPED", "PARTIALLY_SHIPPED", "PENDING")
MIN_AGE_SECONDS = 120
"""A search must end at least two minutes ago (model of searchOrders)."""
OVERLAP_SECONDS = 300
"""Two passes share this span, for changes that Amazon shows late (SP-API.md 3)."""
MAX_AGE_SECONDS = 730 * DAY
"""Amazon keeps orders for two years (AMAZON.md g)."""
MAX_UNREAD_FETCHED = 20
"""Orders that could not be read and are fetched again by a run: getOrder allows 30 at once, then one in two seconds."""
UNREAD_ADVICE = "The next sync tries it again; look at it in Seller Central, and report a value that Amazon documents."
MAX_TOKEN_SECONDS = 23 * HOUR
"""A page token lives 24 hours (model of searchOrders)."""
MOST_TOLD = 50
"""Values of Amazon's that are not known here, of which a summary names each; others are counted."""


class PassKind(StrEnum):
    """Orders that a pass fetches: all that can be acted on, or all changes since the last pass."""

    OPEN = "open"
    CHANGES = "changes"


class SyncPass(msgspec.Struct, frozen=True):
    """A search under way, as the store keeps it."""

    kind: PassKind
    markets: tuple[str, ...]
    query: dict[str, str]
    until: int
    """Once its last page is stored, all changes up to this time are (epoch seconds)."""
    token: str = ""
    token_at: int = 0
    pages: int = 0
    orders: int = 0
    has_unknown: bool = False
    """Whether an order came of which not even the id could be read."""


class SyncState(msgspec.Struct, frozen=True):
    """How far the store is, as its meta table keeps it."""

    up_to: dict[str, int] = {}
    """Marketplace to the time up to which all its changes are stored (epoch seconds); no entry: never synced."""
    running: SyncPass | None = None
    opened: dict[str, int] = {}
    """Marketplace whose open orders are being fetched to the beginning of the first try (epoch seconds).

    A try that had to begin again does not name what shipped meanwhile: the changes since the first one do.
    """

    def watermark(self, marketplaces: Sequence[str]) -> int | None:
        """Return the time up to which all changes of all of these are stored; None when one was never synced."""
        times = [self.up_to.get(code) for code in marketplaces]
        known = [at for at in times if at is not None]
        return min(known) if known and len(known) == len(times) else None


class SyncProgress(msgspec.Struct, frozen=True):
    """How far a run is."""

    step: str
    orders: int
    pages: int
    has_more: bool
    """Whether another page follows."""


OnPage = Callable[[SyncProgress], None]
"""Called after each page is stored."""


class SyncSummary(msgspec.Struct, frozen=True):
    """What a run stored. `new` and `changed` count orders of the store, `orders` those that came."""

    orders: int
    new: int
    changed: int
    pages: int
    watermark: int | None
    rejects: tuple[RejectedRow, ...]
    notes: tuple[str, ...]
    stopped: bool


class _Counts:
    """Counts of what a run stored so far."""

    def __init__(self) -> None:
        self.orders = self.new = self.changed = self.pages = 0
        self.rejects: list[RejectedRow] = []
        self.unrecognised_values: set[str] = set()


def ignore_page(_progress: SyncProgress) -> None:
    """Do nothing: the default `on_page` callback."""


def load_state(store: Store) -> SyncState:
    """Return how far the store is; an empty state when nothing was ever synced."""
    text = store.meta(STATE_KEY)
    return msgspec.json.decode(text, type=SyncState) if text else SyncState()


def _with_data(query: Mapping[str, str], names: Sequence[str]) -> dict[str, str | list[str]]:
    return {**query, "includedData": ",".join(names)}


class OrderSync:
    """Brings the orders of one store up to date. `deadline`: when Amazon cancels an order by itself."""

    def __init__(self, connection: ApiConnection, deadline: Deadline) -> None:
        self._store = connection.context.store
        self._clock = connection.context.clock
        self._marketplaces = connection.config.marketplaces
        self._deadline = deadline
        self._packages_refused = ""
        """Amazon's words when it refused the optional data set; empty when it did not."""

    async def run(self, client: Client, on_page: OnPage = ignore_page) -> SyncSummary:
        """Continue where the last run ended, until all changes up to two minutes ago are stored.

        A stop is no error; the summary says so. Raises SpApiError.
        """
        counts, stopped = _Counts(), False
        known = load_state(self._store).up_to
        new = tuple(code for code in self._marketplaces if code not in known)
        try:
            if new:
                await self._run_pass(client, self._resume(PassKind.OPEN, new), counts, on_page)
            await self._run_pass(client, self._resume(PassKind.CHANGES, self._marketplaces), counts, on_page)
            await self._fetch_unread(client, counts)
        except CallCancelled:
            stopped = True
        self._store.rate_reports.apply()
        return self._summary(counts, stopped=stopped)

    async def fetch_order(self, client: Client, order_id: str) -> SyncSummary:
        """Fetch one order as it is now. Raises SpApiError."""
        order = await self._fetch_one(client, order_id)
        counts = _Counts()
        with self._store.write():
            self._store_orders([order], f"order {order_id}", None, counts)
            if order_id not in unread_orders(self._store):
                self._store.imports.hear_order(order_id)
        return self._summary(counts, stopped=False)

    async def _fetch_unread(self, client: Client, counts: _Counts) -> None:
        """Fetch again orders that could not be read when they last came: nothing else would bring them.

        Some at each run, those first that were not tried for longest. Raises CallCancelled.
        """
        refused = {reject.text for reject in counts.rejects}
        for order_id in [one for one in unread_orders(self._store) if one not in refused][:MAX_UNREAD_FETCHED]:
            try:
                order = await self._fetch_one(client, order_id)
            except SpApiError as error:
                counts.rejects.append(RejectedRow(KIND, counts.pages, str(error), order_id))
                continue
            with self._store.write():
                self._store_orders([order], f"order {order_id}", None, counts)

    async def _fetch_one(self, client: Client, order_id: str) -> msgspec.Raw:
        return (await self._call(client, GET_ORDER, OneOrder, {}, {"orderId": order_id})).order

    async def _call(
        self,
        client: Client,
        operation: Operation,
        into: type[Body],
        query: Mapping[str, str],
        path: Mapping[str, str] | None = None,
    ) -> Body:
        """Call an operation that returns orders, with all data sets, or without the optional one when that is refused.

        Raises SpApiError: of the first call, when the second one fails too.
        """
        refused: SpApiError | None = None
        if not self._packages_refused:
            try:
                return await client.call(operation, into, path=path, query=_with_data(query, DATA_SETS))
            except (Denied, Rejected) as error:
                if error.status not in (400, 401, 403) or "paginationToken" in query:
                    raise
                refused = error
        reduced = [name for name in DATA_SETS if name != OPTIONAL_DATA_SET]
        try:
            found = await client.call(operation, into, path=path, query=_with_data(query, reduced))
        except SpApiError as error:
            raise refused or error from None
        if refused is not None:
            self._packages_refused = str(refused)
        return found

    def _summary(self, counts: _Counts, *, stopped: bool) -> SyncSummary:
        unrecognised = sorted(counts.unrecognised_values)
        notes = [
            f"Amazon says what is not known here: {value}; it is kept as unknown" for value in unrecognised[:MOST_TOLD]
        ]
        if len(unrecognised) > MOST_TOLD:
            notes.append(f"and {len(unrecognised) - MOST_TOLD:,} more that are not known here")
        if self._packages_refused:
            notes.append(f"packages and their tracking are not fetched, Amazon refuses them: {self._packages_refused}")
        if stopped:
            notes.append("stopped: what came so far is kept; the next sync goes on from there")
        return SyncSummary(
            orders=counts.orders,
            new=counts.new,
            changed=counts.changed,
            pages=counts.pages,
            watermark=load_state(self._store).watermark(self._marketplaces),
            rejects=tuple(counts.rejects),
            notes=tuple(notes),
            stopped=stopped,
        )

    def _resume(self, kind: PassKind, markets: tuple[str, ...]) -> SyncPass:
        """Return the pass that the last run left unfinished if it is of this kind and recent, else a new one."""
        state = load_state(self._store)
        running = state.running
        if running is None or (running.kind, running.markets) != (kind, markets):
            return self._begin(kind, markets, state)
        is_expired = self._clock.now() - running.token_at > MAX_TOKEN_SECONDS
        return self._begin(kind, markets, state) if is_expired else running

    async def _run_pass(self, client: Client, running: SyncPass, counts: _Counts, on_page: OnPage) -> None:
        tokens = PageTokens(SEARCH_ORDERS)
        may_begin_again = True
        while True:
            client.waiting.check()
            try:
                page = await self._fetch_page(client, running)
            except Rejected:
                # Amazon does not know the page token any more: begin this pass again. Once: a token that it refuses
                # right after giving it would be given and refused for ever, at three minutes a page.
                if not running.token or not may_begin_again:
                    self._forget_pass()
                    raise
                may_begin_again = False
                running = self._begin(running.kind, running.markets, load_state(self._store))
                continue
            try:
                token = tokens.follow(page.next_token, len(page.orders))
            except BadAnswer:
                self._forget_pass()
                raise
            running = self._store_page(running, page, counts)
            on_page(SyncProgress(running.kind.value, running.orders, running.pages, bool(token)))
            if not token:
                return

    def _forget_pass(self) -> None:
        """Let the next run begin its pass anew, because this one cannot go on."""
        with self._store.write():
            kept = msgspec.structs.replace(load_state(self._store), running=None)
            self._store.set_meta(STATE_KEY, msgspec.json.encode(kept).decode())

    def _begin(self, kind: PassKind, markets: tuple[str, ...], state: SyncState) -> SyncPass:
        now = self._clock.now()
        ids = [MARKETPLACES[code].id for code in markets]
        query = {"marketplaceIds": ",".join(ids), "fulfilledBy": "MERCHANT"}
        if kind is PassKind.OPEN:
            query |= {"createdAfter": iso_utc(now - MAX_AGE_SECONDS), "fulfillmentStatuses": ",".join(OPEN_STATUSES)}
        else:
            since = state.watermark(markets)
            start = now - MAX_AGE_SECONDS if since is None else since
            query |= {"lastUpdatedAfter": iso_utc(start - OVERLAP_SECONDS)}
        return SyncPass(kind, markets, query, now - MIN_AGE_SECONDS)

    async def _fetch_page(self, client: Client, running: SyncPass) -> OrderPage:
        token = {"paginationToken": running.token} if running.token else {}
        return await self._call(client, SEARCH_ORDERS, OrderPage, running.query | token)

    def _store_page(self, running: SyncPass, page: OrderPage, counts: _Counts) -> SyncPass:
        """Store a page and, in the same transaction, the position of the pass behind it."""
        until = min(running.until, parse_iso(page.last_updated_before)) if page.last_updated_before else running.until
        after = msgspec.structs.replace(
            running,
            until=until,
            token=page.next_token,
            token_at=self._clock.now(),
            pages=running.pages + 1,
            orders=running.orders + len(page.orders),
        )
        is_done = not page.next_token
        is_open = running.kind is PassKind.OPEN
        with self._store.write():
            state = load_state(self._store)
            opened = {code: min(state.opened.get(code, until), until) for code in running.markets} if is_open else {}
            until = min(opened.values(), default=until)
            name = f"{running.kind.value}, page {after.pages}"
            if not self._store_orders(page.orders, name, until if is_done else None, counts):
                after = msgspec.structs.replace(after, has_unknown=True)
            reached = {code: max(until, state.up_to.get(code, 0)) for code in running.markets} if is_done else {}
            if is_done:
                lists_open = is_open and not after.has_unknown
                since = parse_iso(running.query["createdAfter"]) if lists_open else None
                self._store.imports.hear_sync(running.markets, until, unread_orders(self._store), opened_since=since)
            opened = {code: at for code, at in (state.opened | opened).items() if code not in reached}
            kept = SyncState(state.up_to | reached, None if is_done else after, opened)
            self._store.set_meta(STATE_KEY, msgspec.json.encode(kept).decode())
        return after

    def _store_orders(self, orders: Sequence[msgspec.Raw], name: str, as_of: int | None, counts: _Counts) -> bool:
        """Store these orders within the open transaction, and return whether the id of each of them could be read.

        `as_of`: the import's moment in epoch seconds, if known.
        """
        found = order_rows(orders, self._deadline, self._clock.now())
        self._store.imports.add_cancelled_by(found.cancelled)
        page = ReportSource(KIND, name, sha256="", as_of=as_of, has_request_column=True, marketplace=None)
        session = self._store.imports.open(page, self._deadline)
        with session:
            session.add(found.rows)
            session.rejected = len(found.rejected)
        self._store.api_facts.keep(found.facts)
        counts.pages += 1
        counts.orders += len(orders)
        counts.new += session.new
        counts.changed += session.changed
        counts.unrecognised_values |= found.unrecognised_values
        known = unread_orders(self._store)
        unread = {one: why for one, why in known.items() if one not in found.facts}
        for order_id, why in found.rejected:
            unread.pop(order_id, None)  # to the end: it was tried now
            if order_id:
                unread[order_id] = why
            text = f"{why}; nothing of it was taken in, so what is shown of it may be old. {UNREAD_ADVICE}"
            counts.rejects.append(RejectedRow(KIND, counts.pages, text, order_id or "an order without a readable id"))
        if unread or known:
            keep_unread_orders(self._store, unread)
        return all(order_id for order_id, _ in found.rejected)
