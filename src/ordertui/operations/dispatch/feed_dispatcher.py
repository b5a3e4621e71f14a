"""Dispatch by Amazon's API: runs the submitter with a client, and tells when a batch goes on and what it waits for."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ordertui.amazon.feeds import FEED_TYPES
from ordertui.amazon.spapi.cancellable_sleep import Stop, never_stop
from ordertui.amazon.spapi.client import Client
from ordertui.operations.batches.adoption import AmazonFindings
from ordertui.operations.batches.batch import Batch, Due, DueStep
from ordertui.operations.errors import Refused
from ordertui.operations.limits import feed_limits
from ordertui.operations.sync.connection import ApiConnection, retry_delay
from ordertui.operations.sync.order_sync import OrderSync
from ordertui.operations.sync.quotas import quotas
from ordertui.operations.sync.refund_confirmations import RefundConfirmer
from ordertui.operations.sync.unread_orders import unread_reason
from ordertui.orders.batch_state import BatchState
from ordertui.store import JournalBatch, Store, Submission

from .dispatcher import Note, ignore_note
from .feed_schedule import FeedSchedule
from .feed_submitter import FeedSubmitter
from .feed_tracker import FeedTracker, is_followed, next_poll_at
from .freeze import BatchFreezer
from .status_text import submission_text


class FeedDispatcher:
    """Submits the batches of one store to Amazon and follows them."""

    def __init__(
        self, connection: ApiConnection, freezer: BatchFreezer, orders: OrderSync, refunds: RefundConfirmer
    ) -> None:
        self._refunds = refunds
        self._connection = connection
        self._context = context = connection.context
        self.tracker = FeedTracker(context.store, context.clock, context.directory)
        self._submitter = FeedSubmitter(connection, freezer, self.tracker, orders)
        self._failures = self._not_before = 0

    def run(
        self, stop: Stop = never_stop, note: Note = ignore_note, /, *, released: Collection[int] = ()
    ) -> list[Batch]:
        """Look at what is on its way, then submit what is due and may leave; return the batches that left.

        Those `released` leave before their hold ends; see `FeedSubmitter.run`. After an error, `next_due` gives Amazon
        or the operator ever more time; a run started by hand is made at once.
        A stop is no error. Raises Refused without a merchant id, SpApiError before anything has left, BadInput.
        """
        if not self._context.config.merchant_id:
            raise Refused("set merchant_id in the settings: Amazon's merchant token stands in every feed")
        try:
            left = self._connection.run(lambda client: self._submitter.run(client, note, released), stop=stop)
        except Exception:
            self._failures += 1
            self._not_before = self._context.clock.now() + retry_delay(self._failures)
            raise
        self._failures = self._not_before = 0
        return left

    def look(self, since: int, order_ids: Collection[str]) -> AmazonFindings:
        """Return the feeds and bookings that Amazon lists since then and this store does not know. Raises SpApiError.

        `order_ids`: orders whose bookings are looked for.
        """
        known = {one.feed_id for one in self._context.reader().submissions.find()}

        async def work(client: Client) -> AmazonFindings:
            feeds = [
                feed.feed_id
                for kind in FEED_TYPES.values()
                for feed in await self.tracker.list_feeds(client, kind.xml, since)
                if feed.feed_id not in known
            ]
            return AmazonFindings(tuple(feeds), await self._refunds.booked_since(client, since, order_ids))

        return self._connection.run(work)

    # -- what comes next; nothing is called

    def _schedule(self, reader: Store) -> FeedSchedule:
        return FeedSchedule(reader, self._context.clock.now(), self._connection.config.marketplaces)

    def next_poll(self) -> int | None:
        """Return when a feed on its way is looked at next (epoch seconds); None when none is on its way."""
        submissions, now = self._context.reader().submissions.find_open(), self._context.clock.now()
        return min((next_poll_at(one, now) for one in submissions if is_followed(one)), default=None)

    def next_due(self) -> Due | None:
        """Return when `run` has something to do by itself; None when it waits for somebody."""
        reader = self._context.reader()
        schedule, poll = self._schedule(reader), self.next_poll()
        held = [batch for batch in reader.batches.find(open_only=True) if batch.state is BatchState.HELD]
        steps = [
            Due(at, DueStep.HOLD_ENDS if at == batch.due_at else DueStep.LEAVES)
            for batch in held
            if (at := schedule.leaves_at(batch)) is not None and not unread_reason(reader, batch.id)
        ]
        steps += [Due(poll, DueStep.NEXT_LOOK)] if poll is not None else []
        first = min(steps, default=None)
        return first if first is None or first.at >= self._not_before else Due(self._not_before, DueStep.TRIED_AGAIN)

    def outlook(self, batch: JournalBatch, submissions: Sequence[Submission]) -> tuple[int | None, str]:
        """Return when an open batch goes on by itself, and a text why it waits.

        The time is in epoch seconds; None: something else must happen first. `submissions`: its own, newest first.
        """
        reader, now = self._context.reader(), self._context.clock.now()
        if batch.state is BatchState.HELD:
            schedule = self._schedule(reader)
            why = schedule.waiting_reason(batch) if batch.due_at <= now else ""
            next_at = None if unread_reason(reader, batch.id) else schedule.leaves_at(batch)
            return next_at, f"It waits: {why}." if why else ""
        mine = next(iter(submissions), None)
        if mine is None or not is_followed(mine):
            return None, ""
        shown = quotas(reader, now, ("createFeed", "getFeeds"))
        left = ", ".join(f"{one.operation} {one.calls} of {one.burst}" for one in shown)
        return max(next_poll_at(mine, now), self._not_before), f"Quota left: {left}."

    def wait(self, stop: Stop = never_stop) -> bool:
        """Wait until a feed on its way is due for a look; return False when none is, or when stopped.

        Feeds that are on their way for longer than `stuck_seconds` are not waited for: Amazon may never answer.
        """
        now = self._context.clock.now()
        oldest = now - feed_limits().stuck_seconds.value
        submissions = self._context.reader().submissions.find_open()
        recent = [one for one in submissions if is_followed(one) and one.started_at > oldest]
        due = min((next_poll_at(one, now) for one in recent), default=None)
        if due is None:
            return False
        return self._connection.wait("feeds", max(1, due - now), stop)

    def list_submissions(self) -> list[tuple[Submission, str]]:
        """Return every submission with its text, newest first."""
        now = self._context.clock.now()
        return [(one, submission_text(one, now)) for one in self._context.reader().submissions.find()]
