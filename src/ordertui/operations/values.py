"""What operations answer with, as frozen values."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from ordertui.orders.batch_state import BatchState
from ordertui.orders.enums import Action

if TYPE_CHECKING:
    from ordertui.amazon.reports.model import RejectedRow


class Dated(StrEnum):
    """What puts a cancellation into a window. Amazon does not publish it; its report lists order dates (AMAZON.md a)."""

    ORDER = "order"
    CANCELLATION = "cancellation"


class ImportProgress(msgspec.Struct, frozen=True):
    """How far an import is."""

    path: Path
    rows: int
    """Rows read so far."""
    bytes_done: int
    bytes_total: int


class ImportSummary(msgspec.Struct, frozen=True):
    """What one report file brought. `new`, `changed` and `unchanged` count orders; `rows` counts lines of the file."""

    path: Path
    kind: str
    encoding: str
    rows: int
    new: int
    changed: int
    unchanged: int
    rejected: int
    rejects: tuple[RejectedRow, ...]
    """The first of them; all are in `rejects_file`."""
    rejects_file: Path | None
    notes: tuple[str, ...]
    stopped: bool = False


class Queue(msgspec.Struct, frozen=True):
    """A work queue: a filter with a name and a live count."""

    key: str
    title: str
    filter: str
    count: int | None
    """None: no report could have said; then `note` says why."""
    why_empty: str
    note: str = ""


class Impact(msgspec.Struct, frozen=True):
    """What cancelling a set of orders would mean, before any plan."""

    count: int
    money: tuple[tuple[str, int], ...]
    """(currency, minor units), one entry a currency, never summed across."""
    unpriced: int
    cancellable: int
    counted: int
    """Of the cancellable, those that count toward the rate."""
    cannot: int
    refundable: int = 0
    """How many a refund would take."""
    markets: tuple[tuple[str, int], ...] = ()
    """(marketplace, how many of the set are of it), most first."""
    confirmable: int = 0
    """Of how many the shipment may be confirmed."""


class DueStep(StrEnum):
    """What `dispatch` does next; the words of the status line."""

    HOLD_ENDS = BatchState.HELD.value
    LEAVES = "leaves"
    NEXT_LOOK = "next look"
    TRIED_AGAIN = "tried again"


class Due(NamedTuple):
    """When `dispatch` has something to do next (epoch seconds), and what that is: `held`, `leaves`, `next look`, `tried again`."""

    at: int
    step: DueStep


class Question(msgspec.Struct, frozen=True):
    """Something about a batch that left and that somebody must look at."""

    batch: int
    action: Action
    marketplace: str
    kind: str
    """`unwritten`, `stuck`, `unknown`, `diverged`, `unconfirmed`, `overpaid`."""
    orders: tuple[str, ...]
    since: int
    """When the batch left (epoch seconds)."""
    why: str
    evidence: str
    """What would settle it."""
