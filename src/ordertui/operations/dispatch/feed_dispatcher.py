"""Due batches leave as feeds: one of a kind at a time, each submitted once, from bytes that were approved (SP-API.md 4).
The shipment of a single order leaves by its own call (`confirming`).

The order of things for a batch: orders synced, rows that must not leave taken out, feeds of its kind that Amazon already has
listed, the document uploaded (which does nothing yet), then in one transaction the batch said to be leaving, and only then
the one call that acts. What that call answers decides the rest; what it does not answer is never guessed.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from itertools import takewhile

from ordertui.amazon.spapi.client import Client
from ordertui.amazon.spapi.documents import MOST_FEED, upload
from ordertui.amazon.spapi.errors import BadAnswer, CallCancelled, SpApiError
from ordertui.amazon.spapi.operations import CONFIRM_SHIPMENT, CREATE_FEED
from ordertui.amazon.spapi.schemas import FeedCreated
from ordertui.operations.batches.batch import Batch, as_batch
from ordertui.operations.batches.splitting import sizes, split
from ordertui.operations.errors import OperationError, Refused
from ordertui.operations.limits import feed_limits
from ordertui.operations.planning.plan import PlanFile
from ordertui.operations.sync.order_sync import OrderSync, load_state
from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.clock import Clock, iso_utc
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.store import NEVER_ARRIVED, FeedBusy, JournalBatch, RecallRefused, Store, StoreError, Submission

from .feed_tracker import FeedTracker
from .file_dispatcher import Dispatcher
from .shipment_call import ShipmentCall, way
from .status_text import attempt_words, feed_words

SHORTEST_PAUSE, LONGEST_PAUSE = 60, 900
"""Seconds until something is tried again by itself after a failure; doubled each time."""


def pause_after(failures: int) -> int:
    """Seconds to wait after so many failures in a row."""
    return min(SHORTEST_PAUSE << (failures - 1), LONGEST_PAUSE)


class FeedDispatcher:
    """Sends one store's batches to Amazon. `note` hears why a due batch does not leave yet."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        dispatcher: Dispatcher,
        watch: FeedTracker,
        sync: Callable[[Callable[[], bool]], OrderSync],
        *,
        merchant_id: str,
        marketplaces: tuple[str, ...],
        note: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._store = store
        self._clock = clock
        self._dispatcher = dispatcher
        self._watch = watch
        self._sync = sync
        self._merchant_id = merchant_id
        self._marketplaces = marketplaces
        self._note = note

    async def run(self, client: Client, stop: Callable[[], bool]) -> list[Batch]:
        """Look at what is on its way, then let leave what is due and may; gives the batches that left.

        Raises SpApiError before anything of a batch has left; a stop is no error. Safe to run again at any time.
        """
        left: list[Batch] = []
        try:
            await self._watch.step(client, stop, self._note)
            for batch in self._in_parts():
                if stop():
                    break
                why = self.waits_for(batch)
                if why:
                    self._note(f"batch {batch.id} waits: {why}")
                    continue
                try:
                    attempt = await self._submit(client, batch, stop)
                except SpApiError as error:
                    if not left:
                        raise
                    self._note(f"batch {batch.id} waits: {error}")
                    break
                if attempt is not None and attempt.state not in (*NEVER_ARRIVED, "rejected"):
                    left.append(self._shown(batch.id))
        except CallCancelled:
            pass
        return left

    def _shown(self, batch_id: int) -> Batch:
        batch = self._store.batches.get(batch_id)
        return as_batch(batch, feed_words(self._store.submissions.find(), batch, self._clock.now()))

    def _due(self) -> list[JournalBatch]:
        now = self._clock.now()
        held = [batch for batch in self._store.batches.find(open_only=True) if batch.state is BatchState.HELD]
        return sorted((batch for batch in held if batch.due_at <= now), key=lambda batch: batch.id)

    def _in_parts(self) -> list[JournalBatch]:
        """Due batches, large ones split into parts first."""
        for batch in self._due():
            if self._store.batches.predecessor(batch.id) is not None or self._store.submissions.find(batch.id):
                continue
            rows = sum(row.state is RowState.HELD for row in batch.rows)
            kind = way(self._store, batch)
            first = not any(one.feed_type == kind and one.state == "done" for one in self._store.submissions.find())
            parts = sizes(rows, first=first, limits=feed_limits())
            if len(parts) > 1:
                numbers = split(self._store, self._clock, batch, parts, self._merchant_id)
                self._note(f"batch {batch.id} leaves in {len(parts)} parts of {', '.join(f'{size:,}' for size in parts)} orders: batches {', '.join(map(str, numbers))}")  # fmt: skip
        return self._due()

    def waits_for(self, batch: JournalBatch) -> str:
        """Why a due batch may not leave now, or an empty text."""
        why = self._blocked(batch)
        if not why and self._clock.now() < self._free_at(batch):
            why = f"Amazon wants {feed_limits().gap_seconds.value // 60} minutes between two feeds of a kind; it may leave at {iso_utc(self._free_at(batch))}"
        return why

    def leaves_at(self, batch: JournalBatch) -> int | None:
        """When a held batch leaves by itself (epoch seconds); None when something else must happen first.

        One that Amazon refused is given ever longer; by hand it is tried at once.
        """
        if self._blocked(batch):
            return None
        refused = list(takewhile(lambda one: one.state == "refused", self._store.submissions.find(batch.id)))
        again = refused[0].started_at + pause_after(len(refused)) if refused else 0
        return max(batch.due_at, self._free_at(batch), again)

    def _free_at(self, batch: JournalBatch) -> int:
        """When Amazon takes another feed of the batch's kind."""
        kind = way(self._store, batch)
        times = [
            one.started_at
            for one in self._store.submissions.find()
            if one.feed_type == kind and one.state not in NEVER_ARRIVED and kind != CONFIRM_SHIPMENT.name
        ]
        return max(times) + feed_limits().gap_seconds.value if times else 0

    def _blocked(self, batch: JournalBatch) -> str:
        """What must happen before a batch may leave, other than time; or an empty text."""
        if batch.marketplace not in self._marketplaces:
            return f"the settings connect {', '.join(self._marketplaces)}, not {batch.marketplace}"
        before = self._store.batches.predecessor(batch.id)
        if before is not None:
            why = self._part_trouble(self._store.batches.get(before))
            if why:
                return why
        kind = way(self._store, batch)
        busy = next((one for one in self._store.submissions.find() if one.open and one.feed_type == kind), None)
        return f"batch {busy.batch}, of the same kind, is on its way" if busy is not None else ""

    def _part_trouble(self, before: JournalBatch) -> str:
        """Why the part behind this one may not follow it, or an empty text."""
        rows = [row for row in before.rows if row.state is not RowState.RECALLED]
        if any(row.state in (RowState.HELD, RowState.SENT, RowState.ACCEPTED) for row in rows):
            return f"the part before it, batch {before.id}, is not answered yet"
        unknown = sum(row.state is RowState.UNKNOWN for row in rows)
        failed = sum(row.state is RowState.ERROR for row in rows)
        if unknown or failed * 100 > len(rows) * feed_limits().wrong_percent.value:
            return (
                f"of the part before it, batch {before.id}, {failed:,} of {len(rows):,} orders failed and {unknown:,} are unknown:"
                " look at them first; undo takes this part back"
            )
        return ""

    # -- one batch

    async def _submit(self, client: Client, batch: JournalBatch, stop: Callable[[], bool]) -> Submission | None:
        await self._fresh(client, batch, stop)
        before = way(self._store, batch)
        with self._store.write():
            batch, files = self._dispatcher.prepared(batch)
        if not files:
            self._note(f"batch {batch.id}: nothing of it may leave any more")
            return None
        kind = way(self._store, batch)
        if kind == CONFIRM_SHIPMENT.name:
            return await self._confirm(client, batch, stop)
        if kind != before:
            self._note(f"batch {batch.id}: its order changed meanwhile; it leaves as a feed, with the next dispatch")
            return None
        feed = self._checked(batch, files)
        since = self._clock.now()
        known = [one.feed_id for one in await self._watch.listed(client, feed.feed_type, since - 3600)]
        document = await upload(client, feed.content)
        try:
            attempt = self._store.submissions.begin(
                batch.id,
                feed_type=feed.feed_type,
                content=feed.content,
                sha256=feed.sha256,
                document_id=document,
                known=known,
                orders=[row.order_id for row in batch.rows if row.state is RowState.HELD],
            )
        except (FeedBusy, RecallRefused, StoreError) as error:
            self._note(f"batch {batch.id}: {error}")
            return None
        return await self._post(client, attempt)

    async def _confirm(self, client: Client, batch: JournalBatch, stop: Callable[[], bool]) -> Submission | None:
        """Confirm the shipment of the batch's one order, then look at the order: often Amazon shows it at once."""
        call = ShipmentCall(self._store, self._watch)
        try:
            attempt = call.begin(batch)
        except (FeedBusy, RecallRefused, StoreError) as error:
            self._note(f"batch {batch.id}: {error}")
            return None
        order_id = next(row.order_id for row in batch.rows if row.state is RowState.HELD)
        attempt = await call.post(client, attempt, order_id)
        if attempt.state == "done":
            with suppress(SpApiError, CallCancelled):  # a later sync shows it
                await self._sync(stop).one(client, order_id)
        elif attempt.note:
            self._note(f"batch {batch.id}: {attempt_words(attempt, self._clock.now())}")
        return attempt

    async def _post(self, client: Client, attempt: Submission) -> Submission:
        """The one call that acts."""
        body = {
            "feedType": attempt.feed_type,
            "marketplaceIds": [MARKETPLACES[attempt.marketplace].id],
            "inputFeedDocumentId": attempt.document_id,
        }
        try:
            made = await client.call(CREATE_FEED, FeedCreated, body=body)
            if not made.feed_id:
                raise BadAnswer(CREATE_FEED.name, "Amazon took it, but named no feed")
        except CallCancelled:
            self._store.submissions.return_to_hold(
                attempt.id, "not_taken", note="It was stopped before it was submitted."
            )
            raise
        except SpApiError as error:
            if error.may_have_been_applied:
                self._note(f"batch {attempt.batch}: {error}; it is looked for before anything else of its kind leaves")
                return self._watch.unclear(attempt, str(error))
            self._note(f"batch {attempt.batch}: {error}; it is held again")
            return self._store.submissions.return_to_hold(attempt.id, "refused", note=f"Amazon's answer: {error}.")
        return self._watch.adopt(attempt, made.feed_id, "taken by Amazon")

    async def _fresh(self, client: Client, batch: JournalBatch, stop: Callable[[], bool]) -> None:
        """Sync, unless the orders are young enough to act on. Raises Refused when they cannot be made so."""
        watermark = load_state(self._store).watermark([batch.marketplace])
        if watermark is None:
            raise Refused(
                f"the orders of {batch.marketplace} were never synced; run `ordertui sync` before a batch leaves by the API"
            )
        old = self._clock.now() - watermark > feed_limits().fresh_seconds.value
        if old and (await self._sync(stop).run(client)).stopped:
            raise CallCancelled

    def _checked(self, batch: JournalBatch, files: tuple[PlanFile, ...]) -> PlanFile:
        """The XML feed of a batch, its bytes proven to be those that were approved. Raises OperationError."""
        feed = next(file for file in files if not file.upload)
        if sha256(feed.content).hexdigest() != feed.sha256:
            raise OperationError(f"batch {batch.id}: {feed.name} does not match its sha256; nothing was sent")
        if len(feed.content) >= MOST_FEED:
            raise OperationError(
                f"batch {batch.id}: its feed has {len(feed.content):,} bytes, Amazon takes less than {MOST_FEED:,}; undo it and plan fewer orders"
            )
        return feed
