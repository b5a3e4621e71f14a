"""The values of the journal: batches, their rows, refunds, feed files and results."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.enums import Action
from ordertui.orders.order import LineAmounts

OPEN_ATTEMPT = ("submitting", "unknown", "submitted", "processing", "needs_operator")
"""States in which Amazon may have the feed, and its outcome is not known."""
NEVER_ARRIVED = ("refused", "not_taken")
"""States in which Amazon provably does not have it."""
OPEN = frozenset({RowState.HELD, RowState.SENT, RowState.ACCEPTED, RowState.OK, RowState.UNKNOWN})
"""States in which no other action may be taken with the order. A cancel or shipment that is ok waits for a report to show it."""


class OperatorRuling(msgspec.Struct, frozen=True):
    """What the operator said became of a row, and the sha256 of the reports that had come by then."""

    state: RowState
    seen: tuple[str, ...]


class JournalRow(msgspec.Struct, frozen=True):
    """One order of a batch."""

    order_id: str
    state: RowState
    reason: str
    currency: str | None
    total: int | None
    code: str
    text: str
    word: OperatorRuling | None = None


class JournalBatch(msgspec.Struct, frozen=True):
    """A batch."""

    id: int
    action: Action
    marketplace: str
    state: BatchState
    created_at: int
    due_at: int
    sent_at: int | None
    rows: tuple[JournalRow, ...]
    files: tuple[str, ...]
    sha256: str
    advice: str = ""
    who: str = ""
    """Who committed it."""
    hold: tuple[str, int | None] = ("", None)
    """The steady clock on which its hold ends, and when."""
    writing: bool = False
    """It is said to have left, but its files are not all known to be written."""


class HoldingBatch(msgspec.Struct, frozen=True):
    """The batch that holds an order."""

    batch: int
    who: str
    at: int
    """When it was committed (epoch seconds)."""


class CommittedTotals(msgspec.Struct, frozen=True):
    """What a stretch of time saw committed."""

    orders: int
    unpriced: int
    """Of them, those whose amounts no report gave."""
    totals: Mapping[str, int]
    """Minor units by currency."""


class RefundRow(msgspec.Struct, frozen=True):
    """A refund that left."""

    batch: int
    order_id: str
    state: RowState
    currency: str
    total: int
    """Minor units."""
    sent_at: int
    """Epoch seconds."""


class Outcome(msgspec.Struct, frozen=True):
    """What became of one order."""

    state: RowState
    code: str = ""
    text: str = ""


class KeptResult(msgspec.Struct, frozen=True):
    """A processing report as it came."""

    sha256: str
    at: int
    content: bytes


def is_open(action: Action, state: RowState) -> bool:
    """Whether a row in that state holds its order. A refund that is ok is done: no report shows refunds."""
    return state in OPEN and not (action is Action.REFUND and state is RowState.OK)


class RefundLine(msgspec.Struct, frozen=True):
    """What a row gives back for one line; minor units."""

    line: int
    currency: str
    amounts: LineAmounts
    quantity: int = 0
    """Units never shipped that it cancels."""


class NewRow(msgspec.Struct, frozen=True):
    """A row to be held."""

    order_id: str
    reason: str
    currency: str | None
    total: int | None
    version: int | None = None
    """The order's version when it was planned; checked in the same transaction."""
    refunds: tuple[RefundLine, ...] = ()


class FeedFile(msgspec.Struct, frozen=True):
    """One file of a batch that leaves."""

    name: str
    sha256: str
    content: bytes


class Submission(msgspec.Struct, frozen=True):
    """One attempt. Times are epoch seconds."""

    id: int
    batch: int
    action: Action
    feed_type: str
    marketplace: str
    state: str
    """`submitting`, `unknown`, `submitted`, `processing`, `needs_operator`, then `done`, `fatal`, `cancelled`, `settled`; or `refused`, `not_taken`.
    Of a call for one order: `submitting`, then `done`, `rejected`, `unanswered`, `refused`."""
    sha256: str
    size: int
    messages: int
    document_id: str
    started_at: int
    known: tuple[str, ...]
    """Feeds of this type that Amazon listed before."""
    feed_id: str | None
    polls: int
    polled_at: int | None
    status: str
    """Amazon's own word, as it came."""
    note: str

    @property
    def open(self) -> bool:
        """Whether Amazon may have it, and its outcome is not known."""
        return self.state in OPEN_ATTEMPT
