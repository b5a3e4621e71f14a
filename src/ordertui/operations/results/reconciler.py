"""Takes processing reports in: keeps each one and records what all reports together say of the batch's orders."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from ordertui.amazon.processing_report import content_key, parse_report, read_bytes
from ordertui.operations.errors import Stopped
from ordertui.orders.batch_state import DONE, RowState
from ordertui.orders.enums import Action
from ordertui.store import Outcome, Store

from .evaluation import (
    HOW_TO_SETTLE,
    DispatchedBatch,
    ReportEvidence,
    ResultRow,
    ResultSummary,
    combine_evidence,
    evaluate_report,
)
from .matching import BatchMatcher


class ResultReconciler:
    """Reads processing reports into the journal of one store; `after` is called when some were taken in."""

    def __init__(self, store: Store, after: Callable[[Store], None] = lambda _: None) -> None:
        self._store = store
        self._after = after
        self._matcher = BatchMatcher(store)

    def take_in(
        self,
        paths: Sequence[Path],
        batch_id: int | None = None,
        against: Collection[str] = (),
        stop: Callable[[], bool] = lambda: False,
    ) -> list[ResultSummary]:
        """Take these reports in, all or none. `batch_id`: the batch they are about; None: find it by their content.

        `against` names batches whose reports read alike, as EvidenceAgainst named them. Raises ProcessingReportError
        (unreadable), BatchNeeded (fits none or several), Refused (the named batch does not fit), EvidenceAgainst, and
        Stopped when `stop`, which is asked before each report, says so.
        """
        found = []
        with self._store.write():
            for path in paths:
                if stop():
                    raise Stopped("stopped; nothing was taken in")
                found.append(self._take_in(path, batch_id, against))
        self._after(self._store)
        return found

    def take_in_answer(self, path: Path, batch_id: int) -> None:
        """Take in the report that Amazon gave for the feed of a batch, by the feed's id. Raises as `take_in` does."""
        self._take_in(path, batch_id, None)

    def _take_in(self, path: Path, batch_id: int | None, against: Collection[str] | None) -> ResultSummary:
        content = read_bytes(path)
        report = parse_report(content, str(path))
        with self._store.write():  # two processes that bring reports of one batch wait for each other
            matcher = self._matcher
            matcher.fill_keys()
            sent = matcher.find(report) if batch_id is None else matcher.check(batch_id, report, against)
            batch, key = sent.batch.id, content_key(report)
            notes = evaluate_report(sent, report)[1]
            if not self._store.results.keep(batch, content, key, report.transaction):
                notes.insert(0, f"this very report was taken in for batch {batch} before: nothing new")
            outcomes = combine_evidence(sent, self._evidence(sent))
            self._store.results.record(
                batch, outcomes, content=content, content_key=key, transaction_id=report.transaction
            )
            rows = {row.order_id: row for row in self._store.batches.get(batch).rows}
        found = [rows[row.order_id] for row in sent.rows]
        refused = {key for key, outcome in outcomes.items() if outcome.state is RowState.ERROR}
        in_part = sum(outcome.state is RowState.ERROR and bool(outcome.accepted) for outcome in outcomes.values())
        if in_part:
            notes.append(f"of {in_part:,} of the refused orders the other items were paid: a retry leaves them out")
        done = sum(row.state is RowState.CONFIRMED and row.order_id in refused for row in found)
        if done:
            notes.append(
                f"{len(refused):,} refused by Amazon, of which an order report shows {done:,} as done all the same:"
                " these stay confirmed, among those that are ok"
            )
        return ResultSummary(
            path=path,
            batch=batch,
            ok=sum(row.state in DONE for row in found),
            errors=sum(row.state is RowState.ERROR for row in found),
            unknown=sum(row.state is RowState.UNKNOWN for row in found),
            rows=tuple(ResultRow(row.order_id, row.state, row.code, row.text) for row in found),
            notes=tuple(notes),
        )

    def evidence_of(self, batch_id: int) -> list[ReportEvidence]:
        """Return what each report that came for a batch says, by itself. Raises UnknownBatch.

        Also of a report that may be another batch's: the operator looks at it before saying the contrary.
        """
        return self._evidence(self._matcher.load(self._store.batches.get(batch_id)), weighs_rivals=False)

    def _evidence(self, sent: DispatchedBatch, *, weighs_rivals: bool = True) -> list[ReportEvidence]:
        """Evaluate every report that came for the batch, each by itself; failures that may be another's are unknown."""
        out = []
        for kept in self._store.results.find(sent.batch.id):
            report = parse_report(kept.content, f"report {kept.sha256[:12]} of batch {sent.batch.id}")
            outcomes = evaluate_report(sent, report)[0]
            failed = [key for key, outcome in outcomes.items() if outcome.state is RowState.ERROR]
            rival = self._matcher.find_rival(sent, report, kept) if failed and weighs_rivals else None
            if rival is not None:
                text = (
                    f"the report fits batch {rival} as well, so it cannot be told whose it is;"
                    f" {HOW_TO_SETTLE[Action.REFUND]}"
                )
                outcomes |= {
                    key: Outcome(RowState.UNKNOWN, outcomes[key].code, text, outcomes[key].accepted) for key in failed
                }
            out.append(ReportEvidence(kept.sha256, f"{report.format} {report.transaction}".strip(), outcomes))
        return out
