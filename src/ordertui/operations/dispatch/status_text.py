"""What an attempt means to the operator: where it stands, what is waited for, what to do."""

from __future__ import annotations

from collections.abc import Sequence

from ordertui.amazon.spapi.operations import CONFIRM_SHIPMENT
from ordertui.operations.limits import feed_limits
from ordertui.orders.batch_state import BatchState
from ordertui.orders.clock import iso_utc
from ordertui.orders.enums import Action
from ordertui.store import NEVER_ARRIVED, JournalBatch, Submission

_LATER = {
    Action.CANCEL: "The next sync shows each order as cancelled.",
    Action.REFUND: "`ordertui api evidence ORDER-ID` shows what Amazon booked; that may lag two days.",
    Action.CONFIRM: "The next sync shows each order as shipped.",
}


WORDS = {
    "submitting": "It is being submitted since {since}.",
    "unknown": "Amazon gave no clear answer when it was submitted at {since}: it may have the feed. It is looked for, and not sent again until that is clear.",
    "submitted": "Amazon has it as feed {feed}; it waits in Amazon's queue.{late}",
    "processing": "Amazon is working on feed {feed} ({status}).{late}",
    "done": "Amazon has processed feed {feed}. {later}",
    "fatal": "Amazon broke feed {feed} off: some, none or all of it may have been done, so every row is unknown. Sync, look, then settle each; nothing is sent again by itself.",
    "cancelled": "Amazon cancelled feed {feed} before it began: nothing was done, and its orders are free again.",
    "refused": "Amazon did not take it, and nothing was done. It is held; dispatch tries again, undo takes it back.",
    "not_taken": "Amazon never got it, and nothing was done. It is held; dispatch tries again, undo takes it back.",
    "needs_operator": "It cannot be told whether Amazon has it. Look in Seller Central, then settle its orders; no other batch of this kind leaves before.",
    "settled": "Settled by the operator.",
}
"""What each state of a feed's attempt means, and what to do."""
CALL_WORDS = {
    "submitting": "Its shipment is being confirmed since {since}.",
    "done": "Amazon took the confirmation. A sync shows the order as shipped.",
    "rejected": "Amazon refused the confirmation, and nothing was done: correct it, then t tries it again (`ordertui retry`).",
    "unanswered": "Amazon gave no clear answer at {since}: it may be confirmed. A later sync shows it as shipped; if it does not, settle it as not done. It is not sent again by itself.",
    "refused": WORDS["refused"],
    "not_taken": WORDS["not_taken"],
}
"""The same for the call that confirms the shipment of one order."""


def feed_words(attempts: Sequence[Submission], batch: JournalBatch, now: int) -> str:
    """What to say of a batch that went, or tried to go, by the API; empty when it did not, or took another way since.

    `attempts`: of the whole store, newest first.
    """
    mine = next((one for one in attempts if one.batch == batch.id), None)
    if mine is None or (mine.state in NEVER_ARRIVED and batch.state is not BatchState.HELD):
        return ""
    return attempt_words(mine, now)


def attempt_words(attempt: Submission, now: int) -> str:
    """One attempt in words. `now`: epoch seconds."""
    since = iso_utc(attempt.started_at)
    late = " It has waited unusually long: Amazon's queue is slow at times; nothing is lost." if attempt.open and now - attempt.started_at >= feed_limits().stuck_seconds.value else ""  # fmt: skip
    note = f" {attempt.note}" if attempt.note else ""
    table = CALL_WORDS if attempt.feed_type == CONFIRM_SHIPMENT.name else WORDS
    words = table[attempt.state].format(
        since=since,
        feed=attempt.feed_id,
        status=attempt.status or "IN_PROGRESS",
        later=_LATER.get(attempt.action, ""),
        late=late,
    )
    return words + note
