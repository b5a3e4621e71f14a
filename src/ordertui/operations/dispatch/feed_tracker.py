"""Feeds that may be at Amazon: found again after an unclear answer, followed, and their reports taken in.

Nothing here sends a feed. An unclear one is looked for in getFeeds, after it had time to show; one new feed of its kind is
it; none, several times, means for a cancellation or shipment that it never arrived; for a refund a person must look.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from ordertui.amazon.atomic_files import write_atomic
from ordertui.amazon.processing_report import ProcessingReportError
from ordertui.amazon.spapi.client import Client
from ordertui.amazon.spapi.documents import MOST_RESULT, fetch
from ordertui.amazon.spapi.errors import SpApiError
from ordertui.amazon.spapi.operations import CONFIRM_SHIPMENT, GET_FEED, GET_FEED_DOCUMENT, GET_FEEDS
from ordertui.amazon.spapi.schemas import Feed, Feeds
from ordertui.operations.errors import OperationError, Refused
from ordertui.operations.limits import feed_limits
from ordertui.operations.results.reconciler import ResultReconciler
from ordertui.operations.sync.report_sync import POLLS
from ordertui.orders.batch_state import UNANSWERED, RowState
from ordertui.orders.clock import Clock, iso_utc
from ordertui.orders.enums import Action
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.store import Outcome, Store, Submission

from .status_text import attempt_words

ALIVE = 180
"""Seconds after which a submission that nobody finished is taken for interrupted: longer than any call may last."""
SKEW = 300
"""Seconds by which Amazon's clock and this one may differ."""


class FeedTracker:
    """Brings the open attempts of one store forward, one look each."""

    def __init__(self, store: Store, clock: Clock, folder: Path) -> None:
        self._store = store
        self._clock = clock
        self._folder = folder

    async def step(self, client: Client, stop: Callable[[], bool], note: Callable[[str], None]) -> None:
        """Look once at every attempt that is due for a look; `note` hears what moved.

        An error of Amazon's is kept with the attempt, and stops nothing.
        """
        for attempt in reversed(self._store.submissions.find()):
            if not attempt.open or stop() or self._clock.now() < self.next_look(attempt):
                continue
            try:
                await self._look(client, attempt)
            except (SpApiError, ProcessingReportError, OSError) as error:
                self._store.submissions.mark_polled(attempt.id, note=f"The last look failed: {error}")
            after = next(one for one in self._store.submissions.find(attempt.batch) if one.id == attempt.id)
            if (after.state, after.note) != (attempt.state, attempt.note):
                note(f"batch {attempt.batch}: {attempt_words(after, self._clock.now())}")

    def next_look(self, attempt: Submission) -> int:
        """When an open attempt is looked at next (epoch seconds)."""
        limits = feed_limits()
        if attempt.state == "submitting":
            return attempt.started_at + ALIVE
        if attempt.state == "unknown":
            earliest = attempt.started_at + limits.settle(attempt.action)
            return (
                earliest if attempt.polled_at is None else max(earliest, attempt.polled_at + limits.look_seconds.value)
            )
        if attempt.state == "needs_operator":
            return 0
        return (
            attempt.started_at
            if attempt.polled_at is None
            else attempt.polled_at + POLLS[min(attempt.polls, len(POLLS)) - 1]
        )

    async def _look(self, client: Client, attempt: Submission) -> None:
        if attempt.state == "submitting":
            self.unclear(attempt, "the program ended in the middle of it")
        elif attempt.state == "unknown":
            await self._find(client, attempt)
        elif attempt.state == "needs_operator":
            self._settled(attempt)
        else:
            await self._follow(client, attempt)

    def unclear(self, attempt: Submission, why: str) -> Submission:
        """The call that acts gave no clear answer: every row is unknown, until the feed is found or a sync shows the shipment."""
        if attempt.feed_type == CONFIRM_SHIPMENT.name:
            text = "Amazon gave no clear answer; a later sync that shows it as shipped settles it"
            return self._store.submissions.answer(
                attempt.id, "unanswered", Outcome(RowState.UNKNOWN, "", text), note=f"({why})"
            )
        text = "Amazon gave no clear answer when it was submitted; it is looked for"
        return self._store.submissions.move(attempt.id, "unknown", note=f"({why})", rows=(RowState.UNKNOWN, text))

    # -- finding it again

    async def _find(self, client: Client, attempt: Submission) -> None:
        new = [
            feed
            for feed in await self.listed(client, attempt.feed_type, attempt.started_at)
            if self._may_be(attempt, feed)
        ]
        if len(new) == 1:
            self.adopt(attempt, new[0].feed_id, "found in Amazon's list")
            return
        if len(new) > 1:
            names = ", ".join(feed.feed_id for feed in new)
            self._ask_operator(attempt, f"Several feeds of this kind came up then: {names}.")
            return
        looked = self._store.submissions.mark_polled(
            attempt.id, note=f"Not in Amazon's list at {iso_utc(self._clock.now())}."
        )
        if looked.polls < feed_limits().looks.value:
            return
        if not self._waits(attempt):
            self._store.submissions.move(attempt.id, "settled")
        elif attempt.action is Action.REFUND:
            self._ask_operator(attempt, "Amazon's list shows no such feed, but a refund is never sent again by itself.")
        else:
            self._store.submissions.return_to_hold(
                attempt.id, "not_taken", note="Amazon's list showed no such feed, several times."
            )

    async def listed(self, client: Client, feed_type: str, since: int) -> list[Feed]:
        """Every feed of a type that Amazon lists from a little before that time."""
        query: dict[str, str | list[str]] = {
            "feedTypes": [feed_type], "pageSize": "100", "createdSince": iso_utc(since - SKEW),
        }  # fmt: skip
        found: list[Feed] = []
        while True:
            page = await client.call(GET_FEEDS, Feeds, query=query)
            found += page.feeds
            if not page.next_token:
                return found
            query = {"nextToken": page.next_token}

    def _may_be(self, attempt: Submission, feed: Feed) -> bool:
        """Whether a listed feed may be this attempt: new, of its marketplace, and no other attempt's."""
        ours = {one.feed_id for one in self._store.submissions.find()}
        if feed.feed_id in attempt.known or feed.feed_id in ours or feed.feed_type != attempt.feed_type:
            return False
        markets = set(feed.marketplace_ids)
        return not markets or markets == {MARKETPLACES[attempt.marketplace].id}

    def adopt(self, attempt: Submission, feed_id: str, how: str) -> Submission:
        """This feed is the attempt."""
        return self._store.submissions.move(
            attempt.id, "submitted", note=f"({how})", feed_id=feed_id, rows=(RowState.ACCEPTED, f"feed {feed_id}")
        )

    def _ask_operator(self, attempt: Submission, why: str) -> None:
        text = "it cannot be told whether Amazon has it: look in Seller Central before anything is done again"
        self._store.submissions.move(attempt.id, "needs_operator", note=why, rows=(RowState.UNKNOWN, text))

    def _settled(self, attempt: Submission) -> None:
        if not self._waits(attempt):
            self._store.submissions.move(attempt.id, "settled")

    def _waits(self, attempt: Submission) -> bool:
        """Whether a row of it is still without an outcome."""
        return any(row.state in UNANSWERED for row in self._store.batches.get(attempt.batch).rows)

    # -- following it

    async def _follow(self, client: Client, attempt: Submission) -> None:
        assert attempt.feed_id is not None, "a submitted attempt has its feed"
        feed = await client.call(GET_FEED, Feed, path={"feedId": attempt.feed_id})
        status = feed.processing_status
        if status == "DONE":
            await self._take(client, attempt, feed)
        elif status == "FATAL":
            text = "Amazon broke the feed off: it may be done or not; sync, look at the order, then settle it"
            self._store.submissions.move(attempt.id, "fatal", rows=(RowState.UNKNOWN, text))
        elif status == "CANCELLED":
            self._store.submissions.drop(attempt.id, note="Amazon cancelled the feed before it began; nothing was done")
        else:
            if status != "IN_QUEUE" and attempt.state == "submitted":
                self._store.submissions.move(attempt.id, "processing")
            strange = (
                "" if status in ("IN_QUEUE", "IN_PROGRESS") else f"Amazon says {status!r}, which is not known here."
            )
            self._store.submissions.mark_polled(attempt.id, status=status, note=strange)

    async def _take(self, client: Client, attempt: Submission, feed: Feed) -> None:
        """Keep the processing report as it came, then take it in. What does not fit leaves every row unknown."""
        if not feed.result_feed_document_id:
            text = "Amazon is done with the feed but names no processing report; sync and look at the order"
            self._store.submissions.move(attempt.id, "done", note="Without a report.", rows=(RowState.UNKNOWN, text))
            return
        with tempfile.TemporaryFile() as file:
            await fetch(client, GET_FEED_DOCUMENT, "feedDocumentId", feed.result_feed_document_id, file, MOST_RESULT)
            file.seek(0)
            content = file.read()
        folder = self._folder / "results"
        folder.mkdir(parents=True, exist_ok=True)
        path = write_atomic(folder, f"batch-{attempt.batch:04d}-feed-{feed.feed_id}.xml", content)
        try:
            ResultReconciler(self._store).take_in([path], attempt.batch)
        except (ProcessingReportError, Refused) as error:
            text = "Amazon's processing report cannot be used; sync and look at the order"
            self._store.submissions.move(
                attempt.id, "done", note=f"{error} (kept as {path})", rows=(RowState.UNKNOWN, text)
            )
            return
        self._store.submissions.move(attempt.id, "done", note=f"Its report is kept as {path}.")

    def adopt_by_hand(self, batch_id: int, feed_id: str) -> Submission:
        """The operator says which feed it is. Raises OperationError unless the batch's attempt is unclear."""
        attempts = self._store.submissions.find(batch_id)
        if not attempts or attempts[0].state not in ("unknown", "needs_operator"):
            raise OperationError(f"batch {batch_id} has no unclear feed; `ordertui api feeds` lists them")
        if feed_id in {one.feed_id for one in self._store.submissions.find()}:
            raise OperationError(f"feed {feed_id} is another batch's")
        return self.adopt(attempts[0], feed_id, "by the operator's word")
