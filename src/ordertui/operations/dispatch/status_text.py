"""Texts about a submission for the operator: where it stands, what it waits for, what to do."""

from __future__ import annotations

from collections.abc import Sequence

from ordertui.amazon.spapi.operations import CONFIRM_SHIPMENT
from ordertui.operations.limits import feed_limits
from ordertui.orders.batch_state import NEVER_ARRIVED, BatchState, SubmissionState
from ordertui.orders.clock import iso_utc
from ordertui.orders.enums import Action
from ordertui.store import JournalBatch, Submission

_NEXT_EVIDENCE = {
    Action.CANCEL: "The next sync shows each order as cancelled.",
    Action.REFUND: "`ordertui api evidence ORDER-ID` shows what Amazon booked; that may lag two days.",
    Action.CONFIRM: "The next sync shows each order as shipped.",
}
_LATE = " It has waited unusually long: Amazon's queue is slow at times; nothing is lost."

FEED_STATUS_TEXT: dict[SubmissionState, str] = {
    SubmissionState.SUBMITTING: "It is being submitted since {since}.",
    SubmissionState.UNKNOWN: "Amazon gave no clear answer when it was submitted at {since}: it may have the feed."
    " It is looked for, and not sent again until that is clear.",
    SubmissionState.SUBMITTED: "Amazon has it as feed {feed}; it waits in Amazon's queue.{late}",
    SubmissionState.PROCESSING: "Amazon is working on feed {feed} ({status}).{late}",
    SubmissionState.DONE: "Amazon has processed feed {feed}. {later}",
    SubmissionState.FATAL: "Amazon broke feed {feed} off: some, none or all of it may have been done, so every row"
    " is unknown. Sync, look, then settle each; nothing is sent again by itself.",
    SubmissionState.CANCELLED: "Amazon cancelled feed {feed} before it began: nothing was done, and its orders are"
    " free again.",
    SubmissionState.REFUSED: "Amazon did not take it, and nothing was done. It is held; dispatch tries again, undo"
    " takes it back.",
    SubmissionState.NOT_TAKEN: "Amazon never got it, and nothing was done. It is held; dispatch tries again, undo"
    " takes it back.",
    SubmissionState.NEEDS_OPERATOR: "It cannot be told whether Amazon has it. Look in Seller Central, then settle"
    " its orders; no other batch of this kind leaves before.",
    SubmissionState.SETTLED: "Settled by the operator.",
}
"""State of a feed's submission to its text: what it means, and what to do."""
CALL_STATUS_TEXT: dict[SubmissionState, str] = {
    SubmissionState.SUBMITTING: "Its shipment is being confirmed since {since}.",
    SubmissionState.DONE: "Amazon took the confirmation. A sync shows the order as shipped.",
    SubmissionState.REJECTED: "Amazon refused the confirmation, and nothing was done: correct it, then t tries it again"
    " (`ordertui retry`).",
    SubmissionState.UNANSWERED: "Amazon gave no clear answer at {since}: it may be confirmed. The order is fetched, and"
    " if it still waits the call is repeated: with the same parcel number it changes nothing twice. After three times"
    " look in Seller Central, then settle it.",
    SubmissionState.SETTLED: "A sync, or the operator, said what became of it.",
    SubmissionState.REFUSED: FEED_STATUS_TEXT[SubmissionState.REFUSED],
    SubmissionState.NOT_TAKEN: FEED_STATUS_TEXT[SubmissionState.NOT_TAKEN],
}
"""The same for the call that confirms the shipment of one order."""


def batch_text(submissions: Sequence[Submission], batch: JournalBatch, now: int) -> str:
    """Return the text about a batch that went, or tried to go, by the API; empty when it did not, or left by file.

    `submissions`: its own, newest first. `now`: epoch seconds.
    """
    mine = next(iter(submissions), None)
    if mine is None or (mine.state in NEVER_ARRIVED and batch.state is not BatchState.HELD):
        return ""
    return submission_text(mine, now)


def submission_text(submission: Submission, now: int) -> str:
    """Return the text about one submission. `now`: epoch seconds."""
    is_late = submission.is_open and now - submission.started_at >= feed_limits().stuck_seconds.value
    table = CALL_STATUS_TEXT if submission.feed_type == CONFIRM_SHIPMENT.name else FEED_STATUS_TEXT
    text = table[submission.state].format(
        since=iso_utc(submission.started_at),
        feed=submission.feed_id,
        status=submission.status or "IN_PROGRESS",
        later=_NEXT_EVIDENCE.get(submission.action, ""),
        late=_LATE if is_late else "",
    )
    return text + (f" {submission.note}" if submission.note else "")
