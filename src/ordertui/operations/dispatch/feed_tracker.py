"""Submissions that may be at Amazon: found again after an unclear answer, followed, and their reports taken in.

Nothing here submits a feed. An unclear one is looked for in getFeeds after it had time to appear. Exactly one new feed
of its kind is taken for it. When none appears several times, a cancellation or shipment counts as never arrived; a
refund needs the operator.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from ordertui.amazon.processing_report import ProcessingReportError
from ordertui.amazon.spapi.client import Client, PageTokens
from ordertui.amazon.spapi.documents import MOST_RESULT, fetch
from ordertui.amazon.spapi.errors import CallCancelled
from ordertui.amazon.spapi.operations import CONFIRM_SHIPMENT, GET_FEED, GET_FEED_DOCUMENT, GET_FEEDS
from ordertui.amazon.spapi.schemas import UNFINISHED_STATUSES, Feed, Feeds
from ordertui.files import make_own_folder, read_stream, write_atomic
from ordertui.operations.errors import OperationError, Refused
from ordertui.operations.limits import CLOCK_SKEW_SECONDS, feed_limits
from ordertui.operations.results.reconciler import ResultReconciler
from ordertui.operations.sync.report_sync import POLL_SECONDS
from ordertui.orders.batch_state import UNANSWERED, UNCLEAR_SUBMISSIONS, RowState, SubmissionState
from ordertui.orders.clock import CLOCK_SLACK_SECONDS, Clock, iso_utc
from ordertui.orders.enums import Action
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.store import Outcome, Store, Submission

from .dispatcher import Note
from .status_text import submission_text

INTERRUPTED_SECONDS = 180
"""A submission that nobody finished by then counts as interrupted: longer than any call may take."""


def is_followed(submission: Submission) -> bool:
    """Return whether the program looks at a submission by itself."""
    if submission.state is SubmissionState.UNANSWERED:
        return submission.polls < feed_limits().looks.value
    return submission.is_open and submission.state is not SubmissionState.NEEDS_OPERATOR


def next_poll_at(submission: Submission, now: int) -> int:
    """Return when a submission that is followed is looked at next (epoch seconds).

    A look that is dated after now was made before the clock was put back: nothing is waited for because of it.
    """
    started, polled = submission.started_at, submission.polled_at
    if polled is not None and polled > now + CLOCK_SLACK_SECONDS:
        polled = None
    match submission.state:
        case SubmissionState.SUBMITTING:
            return started + INTERRUPTED_SECONDS
        case SubmissionState.UNKNOWN | SubmissionState.UNANSWERED:
            limits = feed_limits()
            earliest = started + limits.settle(submission.action)
            return earliest if polled is None else max(earliest, polled + limits.look_seconds.value)
        case SubmissionState.NEEDS_OPERATOR:
            return 0
    return min(started, now) if polled is None else polled + POLL_SECONDS[min(submission.polls, len(POLL_SECONDS)) - 1]


class FeedTracker:
    """Moves the open submissions of one store forward. `folder` gets the processing reports."""

    def __init__(self, store: Store, clock: Clock, folder: Path) -> None:
        self._store = store
        self._clock = clock
        self._folder = folder

    async def poll(self, client: Client, note: Note) -> None:
        """Look once at every submission that is due for a look; `note` is called for each that changed.

        An error of Amazon's is kept with its submission and stops nothing.
        """
        for submission in self._store.submissions.find_open():
            now = self._clock.now()
            if not submission.is_open or client.waiting.is_stopped() or now < next_poll_at(submission, now):
                continue
            try:
                await self._look(client, submission)
            except CallCancelled:
                raise
            except Exception as error:  # whatever it is, it stops neither other looks nor batches
                self._store.submissions.mark_polled(submission.id, note=f"The last look failed: {error}")
            after = next(one for one in self._store.submissions.find(submission.batch) if one.id == submission.id)
            if (after.state, after.note) != (submission.state, submission.note):
                note(f"batch {submission.batch}: {submission_text(after, self._clock.now())}")

    async def _look(self, client: Client, submission: Submission) -> None:
        match submission.state:
            case SubmissionState.SUBMITTING:
                self.mark_unclear(submission, "the program ended in the middle of it")
            case SubmissionState.UNKNOWN:
                await self._search(client, submission)
            case SubmissionState.NEEDS_OPERATOR:
                self._settle_if_answered(submission)
            case _:
                await self._follow(client, submission)

    def mark_unclear(self, submission: Submission, why: str) -> Submission:
        """Record that the call that acts had no clear answer, and make every row unknown.

        The rows stay unknown until the feed is found, or a sync shows the shipment.
        """
        log = self._store.submissions
        if submission.feed_type == CONFIRM_SHIPMENT.name:
            text = "Amazon gave no clear answer; a later sync that shows it as shipped settles it"
            outcome = Outcome(RowState.UNKNOWN, "", text)
            return log.answer(submission.id, SubmissionState.UNANSWERED, outcome, note=f"({why})")
        text = "Amazon gave no clear answer when it was submitted; it is looked for"
        return log.move(
            submission.id, SubmissionState.UNKNOWN, note=f"({why})", outcome=Outcome(RowState.UNKNOWN, "", text)
        )

    # -- finding it again

    async def _search(self, client: Client, submission: Submission) -> None:
        listed = await self.list_feeds(client, submission.feed_type, submission.started_at)
        new = [feed for feed in listed if self._may_be(submission, feed)]
        if len(new) == 1:
            self.adopt(submission, new[0].feed_id, "found in Amazon's list")
            return
        if len(new) > 1:
            names = ", ".join(feed.feed_id for feed in new)
            self._ask_operator(submission, f"Several feeds of this kind came up then: {names}.")
            return
        log = self._store.submissions
        looked = log.mark_polled(submission.id, note=f"Not in Amazon's list at {iso_utc(self._clock.now())}.")
        if looked.polls < feed_limits().looks.value:
            return
        if not self._has_unanswered_rows(submission):
            log.move(submission.id, SubmissionState.SETTLED)
        elif submission.action is Action.REFUND:
            why = "Amazon's list shows no such feed, but a refund is never sent again by itself."
            self._ask_operator(submission, why)
        else:
            note = "Amazon's list showed no such feed, several times."
            log.return_to_hold(submission.id, SubmissionState.NOT_TAKEN, note=note)

    async def list_feeds(self, client: Client, feed_type: str, since: int) -> list[Feed]:
        """Return every feed of a type that Amazon lists since a little before that time (epoch seconds)."""
        query: dict[str, str | list[str]] = {
            "feedTypes": [feed_type],
            "pageSize": "100",
            "createdSince": iso_utc(since - CLOCK_SKEW_SECONDS),
        }
        found: list[Feed] = []
        tokens = PageTokens(GET_FEEDS)
        while True:
            page = await client.call(GET_FEEDS, Feeds, query=query)
            found += page.feeds
            token = tokens.follow(page.next_token, len(page.feeds))
            if not token:
                return found
            query = {"nextToken": token}

    def _may_be(self, submission: Submission, feed: Feed) -> bool:
        """Whether a listed feed may be this submission: new, of its marketplace, and of no other submission."""
        if feed.feed_id in submission.known or self._store.submissions.has_feed(feed.feed_id):
            return False
        if feed.feed_type not in ("", submission.feed_type):
            return False
        markets = set(filter(None, feed.marketplace_ids))
        return not markets or markets == {MARKETPLACES[submission.marketplace].id}

    def adopt(self, submission: Submission, feed_id: str, how: str) -> Submission:
        """Record that Amazon has the submission as this feed. `how` says how that is known."""
        outcome = Outcome(RowState.ACCEPTED, "", f"feed {feed_id}")
        return self._store.submissions.move(
            submission.id, SubmissionState.SUBMITTED, note=f"({how})", feed_id=feed_id, outcome=outcome
        )

    def adopt_by_hand(self, batch_id: int, feed_id: str) -> Submission:
        """Record the operator's ruling which feed a batch is.

        Raises OperationError unless the batch's submission is unclear and the feed is no other batch's.
        """
        submissions = self._store.submissions.find(batch_id)
        if not submissions or submissions[0].state not in UNCLEAR_SUBMISSIONS:
            raise OperationError(f"batch {batch_id} has no unclear feed; `ordertui api feeds` lists them")
        if self._store.submissions.has_feed(feed_id):
            raise OperationError(f"feed {feed_id} is another batch's")
        return self.adopt(submissions[0], feed_id, "by the operator's word")

    def _ask_operator(self, submission: Submission, why: str) -> None:
        text = "it cannot be told whether Amazon has it: look in Seller Central before anything is done again"
        self._store.submissions.move(
            submission.id, SubmissionState.NEEDS_OPERATOR, note=why, outcome=Outcome(RowState.UNKNOWN, "", text)
        )

    def _settle_if_answered(self, submission: Submission) -> None:
        if not self._has_unanswered_rows(submission):
            self._store.submissions.move(submission.id, SubmissionState.SETTLED)

    def _has_unanswered_rows(self, submission: Submission) -> bool:
        return any(row.state in UNANSWERED for row in self._store.batches.get(submission.batch).rows)

    # -- following it

    async def _follow(self, client: Client, submission: Submission) -> None:
        assert submission.feed_id is not None, "a submission that Amazon took has its feed"
        feed = await client.call(GET_FEED, Feed, path={"feedId": submission.feed_id})
        log, status = self._store.submissions, feed.processing_status
        if status == "DONE":
            await self._take_in_report(client, submission, feed)
        elif status == "FATAL":
            text = "Amazon broke the feed off: it may be done or not; sync, look at the order, then settle it"
            log.move(submission.id, SubmissionState.FATAL, outcome=Outcome(RowState.UNKNOWN, "", text))
        elif status == "CANCELLED":
            log.drop(submission.id, note="Amazon cancelled the feed before it began; nothing was done")
        else:
            if status != "IN_QUEUE" and submission.state is SubmissionState.SUBMITTED:
                log.move(submission.id, SubmissionState.PROCESSING)
            is_known = status in UNFINISHED_STATUSES
            note = "" if is_known else f"Amazon says {status!r}, which is not known here."
            log.mark_polled(submission.id, status=status, note=note)

    async def _take_in_report(self, client: Client, submission: Submission, feed: Feed) -> None:
        """Keep the processing report as it came, then take it in. One that does not fit makes every row unknown."""
        if not feed.result_feed_document_id:
            text = "Amazon is done with the feed but names no processing report; sync and look at the order"
            self._finish(submission, "Without a report.", text)
            return
        with tempfile.TemporaryFile() as file:
            await fetch(client, GET_FEED_DOCUMENT, "feedDocumentId", feed.result_feed_document_id, file, MOST_RESULT)
            file.seek(0)
            content = read_stream(file, MOST_RESULT, "the processing report")
        folder = self._folder / "results"
        make_own_folder(folder)
        path = write_atomic(folder, f"batch-{submission.batch:04d}-feed-{feed.feed_id}.xml", content)
        try:
            ResultReconciler(self._store).take_in_answer(path, submission.batch)
        except (ProcessingReportError, Refused) as error:
            text = "Amazon's processing report cannot be used; sync and look at the order"
            self._finish(submission, f"{error} (kept as {path})", text)
            return
        self._store.submissions.move(submission.id, SubmissionState.DONE, note=f"Its report is kept as {path}.")

    def _finish(self, submission: Submission, note: str, row_text: str) -> None:
        """Record that Amazon is done, without an outcome of the rows."""
        outcome = Outcome(RowState.UNKNOWN, "", row_text)
        self._store.submissions.move(submission.id, SubmissionState.DONE, note=note, outcome=outcome)
