"""The values of the journal: batches, their rows, refunds, feed files, processing reports and submissions.

Money is in minor units, times are in UTC epoch seconds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from ordertui.orders.batch_state import NEVER_LEFT, OPEN_SUBMISSIONS, BatchState, RowState, SubmissionState
from ordertui.orders.clock import MonotonicReading
from ordertui.orders.enums import Action
from ordertui.orders.order import LineAmounts


class OperatorRuling(msgspec.Struct, frozen=True):
    """What the operator said became of a row. Only a processing report that came later may contradict it."""

    state: RowState
    seen: tuple[str, ...]
    """SHA-256 of the processing reports that had come when the operator said it."""


class JournalRow(msgspec.Struct, frozen=True):
    """One row of a batch."""

    order_id: str
    state: RowState
    reason: str
    currency: str | None
    total: int | None
    """None when no report gave the amounts."""
    code: str
    """Amazon's code of an error or warning; empty without one."""
    text: str
    """Amazon's text, or why the state is what it is."""
    ruling: OperatorRuling | None = None


class Approval(msgspec.Struct, frozen=True):
    """The approval that a batch waits for, or that was given or refused."""

    asked_at: int
    why: tuple[str, ...]
    """What asks for it: house rules in words, at least one."""
    decided_at: int | None = None
    """None: nobody has decided."""
    is_approved: bool = False
    who: str = ""
    """Who decided."""
    word: str = ""
    """What they said about it."""

    @property
    def is_rejected(self) -> bool:
        """Whether somebody decided against the batch."""
        return self.decided_at is not None and not self.is_approved


class JournalBatch(msgspec.Struct, frozen=True):
    """A batch with its rows."""

    id: int
    action: Action
    marketplace: str
    state: BatchState
    created_at: int
    due_at: int
    """When its hold ends; of a batch that awaits approval it has not begun, and this means nothing."""
    sent_at: int | None
    """When it left; None while it is held, and for one that was taken back."""
    rows: Sequence[JournalRow]
    """In the sequence of its plan; many are packed (`orders.packed`)."""
    files: tuple[str, ...]
    """Paths of the files in the outbox; empty for one that left by the API."""
    sha256: str
    who: str = ""
    """Who committed it."""
    hold_end: MonotonicReading | None = None
    """When its hold ends on the monotonic clock; None when only the wall clock is known."""
    is_writing: bool = False
    """Whether it is marked as sent while its files are not all known to be written."""
    uploaded_at: int | None = None
    """When the operator said that its file was uploaded; None before, and where version 18 did not note it."""
    author: str = ""
    """The login that committed it; empty before version 25, and where the system has none."""
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

    def orders_in(self, *states: RowState) -> list[str]:
        """Return the ids of the orders whose rows are in one of these states, in the sequence of the batch."""
        return [row.order_id for row in self.rows if row.state in states]


class HoldingBatch(msgspec.Struct, frozen=True):
    """The batch that holds an order."""

    batch: int
    who: str
    at: int
    """When it was committed."""


class CommittedTotals(msgspec.Struct, frozen=True):
    """What was committed, or approved where that was asked for, in a period of time."""

    orders: int
    unpriced: int
    """Orders among them whose amounts no report gave."""
    totals: Mapping[str, int]
    """By currency."""


class RefundRow(msgspec.Struct, frozen=True):
    """One row of a refund that left."""

    batch: int
    order_id: str
    state: RowState
    currency: str
    total: int
    sent_at: int
    by_word: bool = False
    """Whether the operator said what became of it."""


class RefundProblem(msgspec.Struct, frozen=True):
    """A refund that gave back more than was paid, or that Amazon booked twice."""

    batch: int
    action: Action
    marketplace: str
    order_id: str
    sent_at: int
    why: str


class Outcome(msgspec.Struct, frozen=True):
    """The state to which a row moves, with Amazon's code and text."""

    state: RowState
    code: str = ""
    text: str = ""
    accepted: tuple[int, ...] = ()
    """Lines that reports say were done, of a row that failed or whose outcome is unknown."""


class KeptResult(msgspec.Struct, frozen=True):
    """A processing report, byte for byte as it came."""

    sha256: str
    at: int
    content: bytes
    content_key: str = ""
    """Hash of what it says, whatever its bytes; empty for one kept before version 11 and not asked for since."""


class RefundLine(msgspec.Struct, frozen=True):
    """What a row gives back for one line of its order."""

    line: int
    currency: str
    amounts: LineAmounts
    quantity: int = 0
    """Units that were never shipped and that the refund cancels."""


class NewRow(msgspec.Struct, frozen=True):
    """A row of a batch that is about to be held."""

    order_id: str
    reason: str
    currency: str | None
    total: int | None
    version: int | None = None
    """The order's version when it was planned; checked in the same transaction."""
    refunds: tuple[RefundLine, ...] = ()
    counts: bool | None = None
    """Whether it makes the order count toward the cancellation rate; None: it cancels nothing."""


class FeedFile(msgspec.Struct, frozen=True):
    """One file of a batch that leaves, kept byte for byte."""

    name: str
    sha256: str
    """Of the file as it leaves."""
    kept: bytes
    """Compressed when it is large; see `engine.kept_files`."""

    def pieces(self) -> Iterator[bytes]:
        """Yield the file as it leaves, piece by piece. Raises KeptFileDamaged."""
        from ordertui.store.engine.kept_files import kept_pieces  # a start reads no kept file

        return kept_pieces(self.kept)

    @property
    def content(self) -> bytes:
        """The whole file. Raises KeptFileDamaged."""
        return b"".join(self.pieces())

    @property
    def is_sound(self) -> bool:
        """Whether the kept bytes are those of the checksum."""
        from ordertui.store.engine.kept_files import kept_sha256

        return kept_sha256(self.kept) == self.sha256


class Submission(msgspec.Struct, frozen=True):
    """One attempt to bring a batch to Amazon: as a feed, or by the call that confirms one shipment."""

    id: int
    batch: int
    action: Action
    feed_type: str
    """Amazon's name of the feed, or of the call."""
    marketplace: str
    state: SubmissionState
    sha256: str
    size: int
    """Bytes of the content."""
    messages: int
    """Rows that left with it."""
    document_id: str
    """Amazon's id of the uploaded document; empty for a call."""
    started_at: int
    known: tuple[str, ...]
    """Feeds of this type that Amazon listed before."""
    feed_id: str | None
    polls: int
    """How often Amazon was asked since the state changed."""
    polled_at: int | None
    status: str
    """Amazon's own word for the feed's status, as it came."""
    note: str

    @property
    def is_open(self) -> bool:
        """Whether Amazon may have it, and its outcome is not known."""
        return self.state in OPEN_SUBMISSIONS
