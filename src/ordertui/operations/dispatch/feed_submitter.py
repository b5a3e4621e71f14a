"""Submits due batches as feeds: each once, with the bytes that were approved (SP-API.md 4).

The sequence for a batch: sync the orders, take out rows that must not leave, list the feeds of its kind that Amazon
already has, upload the document (which has no effect yet), check again and mark the batch as leaving in one
transaction, and only then make the one call that acts. When that call has no clear answer nothing is assumed:
`FeedTracker` finds out. The shipment of a single order leaves by a call of its own, see `ShipmentCall`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress

from ordertui.amazon.spapi.client import Client
from ordertui.amazon.spapi.documents import MOST_FEED, upload
from ordertui.amazon.spapi.errors import BadAnswer, CallCancelled, Rejected, SpApiError
from ordertui.amazon.spapi.operations import CONFIRM_SHIPMENT, CREATE_FEED
from ordertui.amazon.spapi.schemas import FeedCreated
from ordertui.operations.batches.batch import Batch, as_batch
from ordertui.operations.batches.splitting import sizes, split
from ordertui.operations.errors import USER_ERRORS, OperationError, Refused
from ordertui.operations.limits import feed_limits
from ordertui.operations.planning.feed_builder import BuiltFile
from ordertui.operations.sync.connection import ApiConnection
from ordertui.operations.sync.order_sync import OrderSync, load_state
from ordertui.operations.sync.unread_orders import unread_orders
from ordertui.orders.batch_state import NEVER_ARRIVED, BatchState, RowState, SubmissionState
from ordertui.orders.clock import CLOCK_SLACK_SECONDS
from ordertui.orders.enums import OrderStatus
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.text import pluralize
from ordertui.store import FeedBusy, Interrupted, JournalBatch, RecallRefused, StoreError, Submission

from .dispatcher import Note, batch_failure, nothing_leaves_text
from .feed_schedule import FeedSchedule
from .feed_tracker import FeedTracker, is_followed, next_poll_at
from .freeze import BatchFreezer, BatchWaits
from .shipment_call import ShipmentCall, submission_kind
from .status_text import batch_text, submission_text

LISTED_BEFORE_SECONDS = 3600
"""Feeds listed since an hour before a submission are known to be older ones, and are never taken for it."""


class FeedSubmitter:
    """Makes the calls of one dispatch with a client."""

    def __init__(
        self, connection: ApiConnection, freezer: BatchFreezer, tracker: FeedTracker, orders: OrderSync
    ) -> None:
        self._store = connection.context.store
        self._clock = connection.context.clock
        self._note_progress = connection.context.copies.note_progress
        self._marketplaces = connection.config.marketplaces
        self._freezer = freezer
        self._tracker = tracker
        self._orders = orders

    async def run(self, client: Client, note: Note, released: Collection[int] = ()) -> list[Batch]:
        """Look at what is on its way, then submit what is due and may leave; return the batches that left.

        Those `released`, and their parts, leave before their hold ends. One that does not leave is held as long as
        before; the hold of one that only waits for Amazon's limits ends, so that it leaves as soon as it may.

        A batch that cannot be made into a feed, whatever its error is, does not keep back the others. Raises SpApiError
        and the only such error when nothing has left; else they are noted. A stop is no error.
        """
        left: list[Batch] = []
        errors: dict[int, Exception] = {}
        early, waiting = set(released), set[int]()
        try:
            await self._tracker.poll(client, note)
            await self._repeat_unanswered(client, note)
            for batch in self._due_parts(client, note, early):
                if client.waiting.is_stopped():
                    break
                try:
                    why = self._schedule().waiting_reason(batch)
                    if why:
                        note(f"batch {batch.id} waits: {why}")
                        waiting.add(batch.id)
                        continue
                    submission = await self._submit(client, batch, note, early)
                except CallCancelled:
                    raise
                except BatchWaits as error:
                    note(str(error))
                    continue
                except Exception as error:
                    is_general = isinstance(error, SpApiError) and not isinstance(error, Rejected | BadAnswer)
                    if is_general and not left:
                        raise
                    if is_general:  # no connection, no quota, no access: the other batches would fare alike
                        note(f"batch {batch.id} waits: {error}")
                        break
                    errors[batch.id] = error if isinstance(error, USER_ERRORS) else batch_failure(batch.id, error)
                    continue
                if submission is not None and submission.state not in (*NEVER_ARRIVED, SubmissionState.REJECTED):
                    left.append(self._describe(batch.id))
            if not client.waiting.is_stopped():
                self._end_holds(early & waiting)
        except CallCancelled:
            pass
        if len(errors) == 1 and not left:
            raise next(iter(errors.values()))
        for number, failure in errors.items():
            note(f"batch {number} was not sent: {failure}")
        return left

    def _end_holds(self, released: Collection[int]) -> None:
        """End the hold of released batches that wait for Amazon's limits alone."""
        with self._store.write():
            for batch_id in sorted(released):
                if self._store.batches.state_of(batch_id)[0] is BatchState.HELD:
                    self._store.journal.end_hold(batch_id)

    def _schedule(self) -> FeedSchedule:
        return FeedSchedule(self._store, self._clock.now(), self._marketplaces)

    def _describe(self, batch_id: int) -> Batch:
        batch = self._store.batches.get(batch_id)
        return as_batch(batch, batch_text(self._store.submissions.find(batch_id), batch, self._clock.now()))

    def _due_parts(self, client: Client, note: Note, early: set[int]) -> list[JournalBatch]:
        """Return the due and the released batches, after splitting the large ones into parts. Raises CallCancelled.

        Parts that are split off a released batch are added to `early`.
        """
        failed = set()
        for batch in self._schedule().due(early):
            if self._store.submissions.find(batch.id) or self._store.batches.predecessor(batch.id) is not None:
                continue
            if len(self._sizes(batch)) > 1:
                try:
                    parts = self._split(client, batch.id, note)
                    early |= set(parts) if batch.id in early else set()
                except CallCancelled:
                    raise
                except BatchWaits as error:
                    note(str(error))
                    failed.add(batch.id)
                except Exception as error:  # the other batches leave all the same
                    note(f"batch {batch.id} waits: {batch_failure(batch.id, error)}")
                    failed.add(batch.id)
        return [batch for batch in self._schedule().due(early) if batch.id not in failed]

    def _sizes(self, batch: JournalBatch) -> list[int]:
        is_first = not self._store.submissions.was_ever_done(submission_kind(self._store, batch))
        return sizes(batch.count(RowState.HELD), first=is_first, limits=feed_limits())

    @contextmanager
    def _last_look(self, client: Client) -> Iterator[None]:
        """Open the transaction in which a batch is looked at and marked; a stop undoes it. Raises CallCancelled."""
        try:
            with self._store.write() as database, database.stoppable(client.waiting.is_stopped):
                yield
        except Interrupted as error:
            raise CallCancelled from error

    def _split(self, client: Client, batch_id: int, note: Note) -> list[int]:
        """Split a batch into its parts, after the last look at the whole; return their numbers, and note what became.

        House rules about a whole batch are asked of the whole: no part of it may reach their limit any more. Raises
        CallCancelled; then it is whole.
        """
        with self._last_look(client):
            batch, files = self._freezer.freeze(batch_id, client.waiting.check)
            parts = self._sizes(batch) if files else []
            if len(parts) <= 1:
                note(
                    f"batch {batch_id} leaves whole, with {pluralize(parts[0])}"
                    if parts
                    else nothing_leaves_text(batch)
                )
                return [batch_id]
            numbers = split(self._store, self._clock, batch, parts, self._freezer.merchant_id)
        orders = ", ".join(f"{size:,}" for size in parts)
        batches = ", ".join(map(str, numbers))
        note(f"batch {batch_id} leaves in {len(parts)} parts of {orders} orders: batches {batches}")
        return numbers

    # -- one batch

    async def _submit(
        self, client: Client, batch: JournalBatch, note: Note, early: Collection[int]
    ) -> Submission | None:
        """Submit a batch that is due, or of those that leave `early`; return None when nothing left, after a note."""
        await self._ensure_synced(client, batch)
        planned_kind = submission_kind(self._store, batch)
        submission: Submission | None = None
        with self._last_look(client):  # no import, sync, fact or recall comes between the last check and the mark
            batch, files = self._freezer.freeze(batch.id, client.waiting.check)
            kind = submission_kind(self._store, batch)
            if files and kind == CONFIRM_SHIPMENT.name:
                call = ShipmentCall(self._store, self._clock, self._tracker)
                submission = self._begin(batch, lambda: call.begin(batch), note, early)
        if not files:
            note(nothing_leaves_text(batch))
            return None
        if kind == CONFIRM_SHIPMENT.name:
            return None if submission is None else await self._confirm_shipment(client, batch, submission, note)
        if kind != planned_kind:
            note(f"batch {batch.id}: its order changed meanwhile; it leaves as a feed, with the next dispatch")
            return None
        feed = self._feed_file(batch, files)
        since = self._clock.now() - LISTED_BEFORE_SECONDS
        known = [one.feed_id for one in await self._tracker.list_feeds(client, kind, since)]
        document = await upload(client, feed.content)
        with self._last_look(client):  # again: the upload took its time
            batch, files = self._freezer.freeze(batch.id, client.waiting.check)
            if not files or self._feed_file(batch, files).file != feed.file:
                note(f"batch {batch.id} changed while its feed was made; dispatch again")
                return None
            submission = self._begin(
                batch,
                lambda: self._store.submissions.begin(
                    batch.id,
                    feed_type=kind,
                    content=feed.content,
                    document_id=document,
                    known=known,
                    orders=batch.orders_in(RowState.HELD),
                ),
                note,
                early,
            )
        if submission is None:
            return None
        self._note_leaving(submission)
        return await self._create_feed(client, submission, note)

    def _begin(
        self, batch: JournalBatch, begin: Callable[[], Submission], note: Note, early: Collection[int]
    ) -> Submission | None:
        """Mark a batch as leaving; return None, after a note, when it does not leave now."""
        try:
            if not self._store.batches.is_due(batch.id):
                if batch.id not in early:
                    note(f"batch {batch.id} waits: it is held longer now")
                    return None
                with self._store.write():
                    self._store.journal.note_release(batch.id)
                    return begin()
            return begin()
        except (FeedBusy, RecallRefused, StoreError) as error:
            note(f"batch {batch.id}: {error}")
            return None

    def _note_leaving(self, submission: Submission) -> None:
        """Note beside the store that this leaves, before the call that acts. Raises OSError; the batch is held then."""
        try:
            self._note_progress()
        except OSError:
            text = "It was not submitted: the disk took no note of it."
            self._store.submissions.return_to_hold(submission.id, SubmissionState.NOT_TAKEN, note=text)
            raise

    async def _confirm_shipment(
        self, client: Client, batch: JournalBatch, submission: Submission, note: Note
    ) -> Submission:
        """Confirm the shipment of the batch's one order, then fetch the order: often Amazon shows it at once."""
        call = ShipmentCall(self._store, self._clock, self._tracker)
        self._note_leaving(submission)
        order_id = next(row.order_id for row in batch.rows if row.state is RowState.HELD)
        submission = await call.post(client, submission, order_id)
        if submission.state is SubmissionState.DONE:
            with suppress(SpApiError, CallCancelled):  # a later sync shows it
                await self._orders.fetch_order(client, order_id)
        elif submission.note:
            note(f"batch {batch.id}: {submission_text(submission, self._clock.now())}")
        return submission

    async def _repeat_unanswered(self, client: Client, note: Note) -> None:
        """Look at each order whose shipment was confirmed without a clear answer; repeat the call if it still waits."""
        for submission in self._store.submissions.find_open():
            is_unclear = submission.state is SubmissionState.UNANSWERED and is_followed(submission)
            now = self._clock.now()
            if not is_unclear or now < next_poll_at(submission, now) or client.waiting.is_stopped():
                continue
            after = await self._repeat(client, submission)
            note(f"batch {submission.batch}: {submission_text(after, self._clock.now())}")

    async def _repeat(self, client: Client, submission: Submission) -> Submission:
        log = self._store.submissions
        order_id = self._unknown_order(submission.batch)
        if order_id is None:
            return log.move(submission.id, SubmissionState.SETTLED)
        try:
            await self._orders.fetch_order(client, order_id)
        except SpApiError as error:
            return log.mark_polled(submission.id, note=f"The last look failed: {error}")
        if self._unknown_order(submission.batch) is None:
            return log.move(submission.id, SubmissionState.SETTLED)
        unread = unread_orders(self._store).get(order_id)
        if unread is not None:  # the store still has the state of before the call
            return log.mark_polled(submission.id, note=f"The order's newest state cannot be read ({unread}).")
        order = self._store.orders.order(order_id)
        if order is None or order.row.status is not OrderStatus.UNSHIPPED or order.row.units_shipped:
            return log.mark_polled(submission.id, note="The order does not wait for its first parcel any more.")
        found = await ShipmentCall(self._store, self._clock, self._tracker).repeat(client, submission, order_id)
        if found.state is SubmissionState.DONE:
            with suppress(SpApiError, CallCancelled):  # a later sync shows it
                await self._orders.fetch_order(client, order_id)
        return found

    def _unknown_order(self, batch_id: int) -> str | None:
        """Return the order of the batch whose row is unknown; None when none is."""
        rows = self._store.batches.get(batch_id).rows
        return next((row.order_id for row in rows if row.state is RowState.UNKNOWN), None)

    async def _create_feed(self, client: Client, submission: Submission, note: Note) -> Submission:
        """Make the one call that acts."""
        log = self._store.submissions
        body = {
            "feedType": submission.feed_type,
            "marketplaceIds": [MARKETPLACES[submission.marketplace].id],
            "inputFeedDocumentId": submission.document_id,
        }
        try:
            made = await client.call(CREATE_FEED, FeedCreated, body=body)
            if not made.feed_id:
                raise BadAnswer(CREATE_FEED.name, "Amazon took it, but named no feed")
        except CallCancelled:
            text = "It was stopped before it was submitted."
            log.return_to_hold(submission.id, SubmissionState.NOT_TAKEN, note=text)
            raise
        except SpApiError as error:
            name = f"batch {submission.batch}"
            if error.may_have_been_applied:
                note(f"{name}: {error}; it is looked for before anything else of its kind leaves")
                return self._tracker.mark_unclear(submission, str(error))
            note(f"{name}: {error}; it is held again")
            return log.return_to_hold(submission.id, SubmissionState.REFUSED, note=f"Amazon's answer: {error}.")
        return self._tracker.adopt(submission, made.feed_id, "taken by Amazon")

    async def _ensure_synced(self, client: Client, batch: JournalBatch) -> None:
        """Sync, unless the orders are recent enough to act on. Raises Refused when they were never synced."""
        watermark = load_state(self._store).watermark([batch.marketplace])
        if watermark is None:
            raise Refused(
                f"the orders of {batch.marketplace} were never synced;"
                " run `ordertui sync` before a batch leaves by the API"
            )
        age = self._clock.now() - watermark
        # from the future: the clock was put back since, and how old it is cannot be known
        is_fresh = -CLOCK_SLACK_SECONDS <= age <= feed_limits().fresh_seconds.value
        if not is_fresh and (await self._orders.run(client)).stopped:
            raise CallCancelled

    @staticmethod
    def _feed_file(batch: JournalBatch, files: tuple[BuiltFile, ...]) -> BuiltFile:
        """Return the XML feed among a batch's files. Raises OperationError when Amazon would not take its size."""
        feed = next(one for one in files if not one.file.upload)
        if feed.file.size >= MOST_FEED:
            raise OperationError(
                f"batch {batch.id}: its feed has {feed.file.size:,} bytes, Amazon takes less than {MOST_FEED:,};"
                " undo it and plan fewer orders"
            )
        return feed
