"""Values of the reconciliation of processing reports with the batches they answer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from ordertui.amazon.processing_report import ProcessingReport
from ordertui.operations.planning.feed_builder import flat_file_records
from ordertui.operations.planning.plan import Plan, PlannedOrder
from ordertui.orders.batch_state import UNANSWERED, RowState
from ordertui.store import JournalBatch, Outcome


class ResultRow(msgspec.Struct, frozen=True):
    """Outcome of one order, from all reports that came for its batch."""

    order_id: str
    state: RowState
    code: str
    text: str


class ResultSummary(msgspec.Struct, frozen=True):
    """State of a batch after one processing report was taken in. `ok`, `errors` and `unknown` count orders."""

    path: Path
    batch: int
    ok: int
    errors: int
    unknown: int
    rows: tuple[ResultRow, ...]
    notes: tuple[str, ...]


class DispatchedBatch(msgspec.Struct, frozen=True):
    """A batch that left, with the rows that were in its files, in file order."""

    batch: JournalBatch
    plan: Plan
    rows: tuple[PlannedOrder, ...]

    @property
    def records(self) -> list[tuple[str, str]]:
        """(order id, item id) of each data row of the flat file."""
        return flat_file_records(self.rows)

    @property
    def is_waiting(self) -> bool:
        """Whether Amazon has not answered for each of its rows."""
        return any(row.state in UNANSWERED for row in self.batch.rows)

    def expected_count(self, report: ProcessingReport) -> int:
        """Return how many records or messages a report about this batch must have processed."""
        return len(self.rows) if report.format == "xml" else len(self.records)


class ReportEvidence(msgspec.Struct, frozen=True):
    """What a single report says of each order."""

    sha256: str
    origin: str
    """The processing that it reports: its format, and Amazon's number where the format has one."""
    outcomes: Mapping[str, Outcome]
