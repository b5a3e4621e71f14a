"""A committed plan as operations hand it out, and what the journal takes of a plan."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from ordertui.orders.batch_state import NEVER_LEFT, BatchState, RowState
from ordertui.orders.enums import Action
from ordertui.store import Approval, JournalBatch, NewRow, RefundLine

if TYPE_CHECKING:
    from ordertui.operations.planning.feed_builder import BuiltFile
    from ordertui.operations.planning.plan import Plan, PlannedOrder

NOT_WRITTEN = (
    "Its files are not all written yet, so there is nothing to upload: `ordertui todo` says why;"
    " the next dispatch writes them."
)


class DueStep(StrEnum):
    """What dispatch does next, in the words of the status line."""

    HOLD_ENDS = BatchState.HELD.value
    LEAVES = "leaves"
    NEXT_LOOK = "next look"
    TRIED_AGAIN = "tried again"


class Due(NamedTuple):
    """When dispatch has something to do next (epoch seconds), and what that is."""

    at: int
    step: DueStep


class Waiting(msgspec.Struct, frozen=True):
    """How many batches wait for something."""

    held: int = 0
    to_upload: int = 0
    """Written, and as far as is known not uploaded."""
    to_approve: int = 0


class LastLook(NamedTuple):
    """A batch as it would leave now."""

    batch: JournalBatch
    """Without the rows that must not leave any more."""
    plan: Plan
    """As it was committed."""
    files: tuple[BuiltFile, ...]
    """Empty when nothing of it may leave."""
    approval: tuple[str, ...]
    """House rules that ask for an approval now."""
    warnings: tuple[str, ...]
    """What the other house rules say now."""


class BatchRow(msgspec.Struct, frozen=True):
    """One order of a batch."""

    order_id: str
    state: RowState
    reason: str
    currency: str | None
    total: int | None
    """Minor units; None when no report carried prices."""
    code: str = ""
    """Amazon's error or warning code."""
    text: str = ""
    """Amazon's text, or what evidence would settle an unknown row."""


class Batch(msgspec.Struct, frozen=True):
    """A committed plan."""

    id: int
    action: Action
    marketplace: str
    state: BatchState
    created_at: int
    due_at: int
    """When the hold ends (epoch seconds); of a batch that awaits approval it has not begun, and this means nothing."""
    sent_at: int | None
    """Epoch seconds; None before it left."""
    rows: tuple[BatchRow, ...]
    files: tuple[str, ...]
    """Paths written, after dispatch."""
    sha256: str
    """Of the upload file."""
    advice: str = ""
    """Where in Seller Central to upload which file, and what to bring back."""
    who: str = ""
    """Who committed it."""
    author: str = ""
    """The same by login."""
    by_api: bool = False
    """It went, or goes, by the API: nothing of it is uploaded by hand."""
    next_at: int | None = None
    """By the API: when it goes on by itself (epoch seconds); None: not before something else happens."""
    uploaded_at: int | None = None
    """When the operator said that its file was uploaded (epoch seconds); None before, and where it is not known."""
    is_writing: bool = False
    """Whether its files are not all written yet."""
    retryable: int = 0
    """Refused orders that no later batch tries."""
    approval: Approval | None = None
    """The approval that it waits for, or that was given or refused; None: no house rule asked for one."""

    @property
    def upload_file(self) -> str:
        """Path of the file to upload; empty before it is written, and for a batch that goes by the API."""
        return next((name for name in self.files if name.endswith(".txt")), "")

    @property
    def is_confirmed(self) -> bool:
        """Whether a report confirmed every row that left."""
        left = [row.state for row in self.rows if row.state not in NEVER_LEFT]
        return bool(left) and all(state is RowState.CONFIRMED for state in left)

    def count(self, *states: RowState) -> int:
        """Return how many rows are in one of these states."""
        return sum(row.state in states for row in self.rows)


def as_batch(batch: JournalBatch, advice: str = "") -> Batch:
    """Return the journal's batch as operations hand it out, as if no later batch tried its refused rows."""
    rows = tuple(
        BatchRow(row.order_id, row.state, row.reason, row.currency, row.total, row.code, row.text) for row in batch.rows
    )
    return Batch(
        id=batch.id,
        action=batch.action,
        marketplace=batch.marketplace,
        state=batch.state,
        created_at=batch.created_at,
        due_at=batch.due_at,
        sent_at=batch.sent_at,
        rows=rows,
        files=batch.files,
        sha256=batch.sha256,
        advice=NOT_WRITTEN if batch.is_writing else advice,
        who=batch.who,
        author=batch.author,
        uploaded_at=batch.uploaded_at,
        is_writing=batch.is_writing,
        retryable=sum(row.state is RowState.ERROR for row in rows),
        approval=batch.approval,
    )


def journal_row(action: Action, row: PlannedOrder) -> NewRow:
    """Return a plan's row as the journal takes it."""
    refunds: tuple[RefundLine, ...] = ()
    if action is Action.REFUND:
        refunds = tuple(
            RefundLine(line.line, row.currency or "", line.refund, line.cancelled)
            for line in row.lines
            if line.refund is not None
        )
    cancels = action is Action.CANCEL or any(line.cancelled for line in row.lines)
    return NewRow(
        row.order_id,
        row.reason,
        row.currency,
        row.total,
        version=row.version,
        refunds=refunds,
        counts=row.counts if cancels else None,
    )
