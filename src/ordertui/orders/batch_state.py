"""The states of batches, of their rows and of their submissions to Amazon: allowed transitions and named sets.

This is the only module that spells these states. A row describes one order of a batch, a submission one attempt to
bring a batch to Amazon. Setting the same state again is always allowed, because a second answer replaces the code and
the text of the first; every other change must be one of the transitions below.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from typing import TypeVar

import msgspec

from .enums import Action, OrderStatus
from .errors import UserError


class RowState(StrEnum):
    """State of one row of a batch. Nothing counts as done before Amazon said so."""

    HELD = "held"
    RECALLED = "recalled"
    """Taken back by the operator."""
    LEFT_OUT = "left_out"
    """Taken out at the last check before the batch left, because it was not allowed any more."""
    WRITTEN = "written"
    """In a file of the outbox. Whether that was uploaded is not known."""
    UPLOADED = "uploaded"
    """The operator said that the file was uploaded."""
    SENT = "sent"
    """On its way by the API."""
    ACCEPTED = "accepted"
    OK = "ok"
    ERROR = "error"
    UNKNOWN = "unknown"
    CONFIRMED = "confirmed"


class BatchState(StrEnum):
    """State of a batch: that of its rows, until Amazon answered. `sent`: its feed was submitted by the API.

    The rows of a batch that awaits approval are held.
    """

    AWAITING = "awaiting_approval"
    """A house rule asks for somebody else's approval: its hold has not begun, and it does not leave."""
    HELD = "held"
    RECALLED = "recalled"
    LEFT_OUT = "left_out"
    WRITTEN = "written"
    UPLOADED = "uploaded"
    SENT = "sent"
    ANSWERED = "answered"


class SubmissionState(StrEnum):
    """State of one submission. `rejected` and `unanswered` are ends of the call that confirms a single shipment."""

    SUBMITTING = "submitting"
    """Written down; the call that acts may have been made."""
    UNKNOWN = "unknown"
    """Amazon gave no clear answer: its list of feeds is searched."""
    SUBMITTED = "submitted"
    PROCESSING = "processing"
    NEEDS_OPERATOR = "needs_operator"
    """It cannot be told whether Amazon has it."""
    DONE = "done"
    FATAL = "fatal"
    """Amazon broke the feed off: any part of it may have been done."""
    CANCELLED = "cancelled"
    """Amazon cancelled the feed before it began."""
    SETTLED = "settled"
    """The operator, or a sync, said what became of every row."""
    REFUSED = "refused"
    NOT_TAKEN = "not_taken"
    REJECTED = "rejected"
    UNANSWERED = "unanswered"


# -- rows

ROW_TRANSITIONS: Mapping[RowState, frozenset[RowState]] = {
    RowState.HELD: frozenset({RowState.WRITTEN, RowState.SENT, RowState.RECALLED, RowState.LEFT_OUT}),
    RowState.RECALLED: frozenset(),
    RowState.LEFT_OUT: frozenset(),
    RowState.WRITTEN: frozenset({RowState.UPLOADED, RowState.OK, RowState.ERROR, RowState.UNKNOWN, RowState.CONFIRMED}),
    RowState.UPLOADED: frozenset({RowState.WRITTEN, RowState.OK, RowState.ERROR, RowState.UNKNOWN, RowState.CONFIRMED}),
    RowState.SENT: frozenset(
        {RowState.HELD, RowState.ACCEPTED, RowState.OK, RowState.ERROR, RowState.UNKNOWN, RowState.CONFIRMED}
    ),
    RowState.ACCEPTED: frozenset({RowState.HELD, RowState.OK, RowState.ERROR, RowState.UNKNOWN, RowState.CONFIRMED}),
    RowState.UNKNOWN: frozenset({RowState.HELD, RowState.ACCEPTED, RowState.OK, RowState.ERROR, RowState.CONFIRMED}),
    RowState.OK: frozenset({RowState.ERROR, RowState.UNKNOWN, RowState.CONFIRMED}),
    RowState.ERROR: frozenset({RowState.OK, RowState.UNKNOWN}),
    RowState.CONFIRMED: frozenset(),
}
"""A row goes back to `held` when Amazon provably never got its feed, and to `written` when the operator takes back that
the file was uploaded. Answers may contradict each other until a report confirms one: therefore `ok`, `error` and
`unknown` lead to each other.
"""

FINAL = frozenset(state for state, following in ROW_TRANSITIONS.items() if not following)
"""Taken back or left out, or confirmed by a report: a late answer changes nothing."""
NEVER_LEFT = frozenset({RowState.RECALLED, RowState.LEFT_OUT})
"""The row is in no file and no feed."""
IN_FLIGHT = frozenset({RowState.WRITTEN, RowState.UPLOADED, RowState.SENT, RowState.ACCEPTED})
"""The row left, and nothing came back yet that tells its outcome."""
AT_AMAZON = IN_FLIGHT - {RowState.WRITTEN}
"""As far as is known Amazon has the row, and its answer is still to come."""
UNANSWERED = IN_FLIGHT | {RowState.UNKNOWN}
"""The row left, and its outcome is not known."""
PENDING = UNANSWERED | {RowState.HELD}
"""The outcome is still to come: no other action is offered for the order."""
DONE = frozenset({RowState.OK, RowState.CONFIRMED})
"""Amazon did what was asked."""
UNCONFIRMED = UNANSWERED | {RowState.OK}
"""The row left and was not refused, and no report has confirmed it."""
OPEN_STATES = UNCONFIRMED | {RowState.HELD}
"""No other batch may take the order (see `holds_order`): a cancellation or shipment that is ok waits for a report."""
POSSIBLY_DONE = UNCONFIRMED | {RowState.CONFIRMED}
"""The row left, and Amazon may have acted on it."""
COMMITTED = POSSIBLY_DONE | {RowState.HELD}
"""Counts toward the totals of a day and toward what is given back: neither taken back nor refused by Amazon."""
LEFT = POSSIBLY_DONE | {RowState.ERROR}
"""The row left in a file or a feed, whatever became of it."""
BOOKABLE = frozenset({RowState.UPLOADED, RowState.ACCEPTED, RowState.UNKNOWN, RowState.OK})
"""A refund that Amazon booked is confirmed. One that is only `written` or `sent` is not: Amazon may not have it yet."""
SETTLED = LEFT - IN_FLIGHT
"""Something was said of the row, or a report or a booking has confirmed it."""
SETTLEABLE = LEFT - FINAL
"""The operator may say what became of the row."""
_CONTRARY: Mapping[Action, frozenset[OrderStatus]] = {
    Action.CANCEL: frozenset({OrderStatus.SHIPPED, OrderStatus.PARTIALLY_SHIPPED}),
    Action.CONFIRM: frozenset({OrderStatus.CANCELLED}),
}


def is_contradicted(kind: Action, state: RowState, status: OrderStatus) -> bool:
    """Return whether Amazon answered ok to the row, and a report shows the order in a status that rules it out."""
    return state is RowState.OK and status in _CONTRARY.get(kind, ())


def holds_order(action: Action, state: RowState) -> bool:
    """Return whether a row keeps its order from other batches: not a refund that is ok, as no report shows refunds."""
    return state in OPEN_STATES and not (action is Action.REFUND and state is RowState.OK)


# -- batches

BATCH_TRANSITIONS: Mapping[BatchState, frozenset[BatchState]] = {
    BatchState.AWAITING: frozenset({BatchState.HELD, BatchState.RECALLED, BatchState.LEFT_OUT}),
    BatchState.HELD: frozenset(
        {BatchState.AWAITING, BatchState.WRITTEN, BatchState.SENT, BatchState.RECALLED, BatchState.LEFT_OUT}
    ),
    BatchState.RECALLED: frozenset(),
    BatchState.LEFT_OUT: frozenset(),
    BatchState.WRITTEN: frozenset({BatchState.UPLOADED, BatchState.ANSWERED}),
    BatchState.UPLOADED: frozenset({BatchState.WRITTEN, BatchState.ANSWERED}),
    BatchState.SENT: frozenset({BatchState.ANSWERED, BatchState.HELD}),
    BatchState.ANSWERED: frozenset({BatchState.HELD}),
}
"""A batch is held again when Amazon provably never got its feed, also after an answer for some of its rows; it is only
written again when the operator takes back that its file was uploaded. A held batch awaits approval when a house rule
asks for it: at the commit, or at the last check before it leaves.
"""

NOT_LEFT = frozenset({BatchState.AWAITING, BatchState.HELD})
"""Its rows are held: nothing of the batch left, and it can be taken back."""

AT_LARGE = frozenset({BatchState.WRITTEN, BatchState.UPLOADED, BatchState.SENT})
"""The batch left, and no answer came."""
LEFT_BATCHES = AT_LARGE | {BatchState.ANSWERED}
"""The batch left: a processing report can be about it."""


# -- submissions

SUBMISSION_TRANSITIONS: Mapping[SubmissionState, frozenset[SubmissionState]] = {
    **dict.fromkeys(SubmissionState, frozenset[SubmissionState]()),
    SubmissionState.SUBMITTING: frozenset({
        SubmissionState.UNKNOWN, SubmissionState.SUBMITTED, SubmissionState.DONE, SubmissionState.REFUSED,
        SubmissionState.NOT_TAKEN, SubmissionState.REJECTED, SubmissionState.UNANSWERED,
    }),
    SubmissionState.UNKNOWN: frozenset({
        SubmissionState.SUBMITTED, SubmissionState.NEEDS_OPERATOR, SubmissionState.SETTLED, SubmissionState.REFUSED,
        SubmissionState.NOT_TAKEN,
    }),
    SubmissionState.SUBMITTED: frozenset(
        {SubmissionState.PROCESSING, SubmissionState.DONE, SubmissionState.FATAL, SubmissionState.NOT_TAKEN}
    ),
    SubmissionState.PROCESSING: frozenset({SubmissionState.DONE, SubmissionState.FATAL, SubmissionState.NOT_TAKEN}),
    SubmissionState.NEEDS_OPERATOR: frozenset({SubmissionState.SUBMITTED, SubmissionState.SETTLED}),
    SubmissionState.NOT_TAKEN: frozenset({SubmissionState.CANCELLED}),
    SubmissionState.UNANSWERED: frozenset({
        SubmissionState.DONE, SubmissionState.REFUSED, SubmissionState.NOT_TAKEN, SubmissionState.REJECTED,
        SubmissionState.SETTLED,
    }),
}  # fmt: skip
"""`unknown` and `unanswered` lead to what the call itself answers, because another process may take a call that lasts
very long for interrupted.
"""

OPEN_SUBMISSIONS = frozenset({
    SubmissionState.SUBMITTING, SubmissionState.UNKNOWN, SubmissionState.SUBMITTED, SubmissionState.PROCESSING,
    SubmissionState.NEEDS_OPERATOR,
})  # fmt: skip
"""Amazon may have the feed; its outcome is not known. The store's index `feed_attempts_open` names the same states."""
NEVER_ARRIVED = frozenset({SubmissionState.REFUSED, SubmissionState.NOT_TAKEN})
"""Amazon provably does not have it."""
UNCLEAR_SUBMISSIONS = frozenset({SubmissionState.UNKNOWN, SubmissionState.NEEDS_OPERATOR})
"""The operator may say which feed it is."""
UNCLEAR_CALLS = frozenset({SubmissionState.UNANSWERED, SubmissionState.SETTLED})
"""The call may have confirmed the shipment of its order."""


# -- checked transitions

State = TypeVar("State", RowState, BatchState, SubmissionState)


class IllegalTransition(UserError):
    """A row, batch or submission was to change into a state that cannot follow its own; nothing was changed."""


def check_transition(before: State, after: State, subject: str) -> State:
    """Return `after` when it may follow `before`. `subject` names what changes, for the error.

    Raises IllegalTransition, which only a defect of this program can cause.
    """
    if after is not before and after not in _following(before):
        raise IllegalTransition(
            f"{subject} is {before.value} and cannot become {after.value}; nothing was changed. Report this as a defect"
        )
    return after


def _following(state: RowState | BatchState | SubmissionState) -> frozenset[StrEnum]:
    # No common table: members of different enums with the same text are equal.
    if isinstance(state, RowState):
        return ROW_TRANSITIONS[state]
    if isinstance(state, BatchState):
        return BATCH_TRANSITIONS[state]
    return SUBMISSION_TRANSITIONS[state]


# -- what an order shows of it


class OpenAction(msgspec.Struct, frozen=True):
    """The action of the journal's open row for an order, else of its last row that was not taken back."""

    kind: Action
    state: RowState

    def __str__(self) -> str:
        """Return `cancel:held`, `refund:sent`...: the form of exports and of `ordertui show`."""
        return f"{self.kind.value}:{self.state.value}"


@cache
def open_action(kind: str | None, state: str | None) -> OpenAction | None:
    """Return the action that two columns of the store name, or None when either is NULL."""
    return None if kind is None or state is None else OpenAction(Action(kind), RowState(state))
