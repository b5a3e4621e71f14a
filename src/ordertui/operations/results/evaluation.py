"""What processing reports say of the orders of a batch.

A missing error counts as success only when the counts of the report add up. The outcome of an order follows from all
reports that ever came for its batch and from the operator's ruling, not from the last report: the sequence in which
they came does not matter, and reports that contradict each other make the outcome unknown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from ordertui.amazon.processing_report import ProcessingReport, RowResult
from ordertui.operations.planning.feed_builder import first_message_id
from ordertui.operations.planning.plan import Plan, PlannedOrder
from ordertui.orders.batch_state import UNANSWERED, RowState
from ordertui.orders.enums import Action
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
    records: Sequence[tuple[str, str]]
    """(order id, item id) of each data row of the flat file."""

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


HOW_TO_SETTLE = {
    Action.CANCEL: "a later All Orders report that says Cancelled settles it",
    Action.REFUND: "look at the order in Seller Central before anything is refunded again",
    Action.CONFIRM: "a later All Orders report that says Shipped settles it",
}
"""Action to the text that says what settles an unknown outcome."""
OPERATOR_CODE = "word"
"""Code of a row that the operator settled, as the store keeps it."""


def accepted_by(reports: Sequence[ReportEvidence], order_id: str) -> tuple[int, ...]:
    """Return the lines of an order that reports say were done while others of it were refused."""
    return tuple(
        sorted({line for one in reports if order_id in one.outcomes for line in one.outcomes[order_id].accepted})
    )


def combine_evidence(sent: DispatchedBatch, reports: Sequence[ReportEvidence]) -> dict[str, Outcome]:
    """Return the outcome of each order from all evidence. `reports` may be in any sequence.

    An order without any evidence is left out: it keeps its state.
    """
    rulings = {row.order_id: row.ruling for row in sent.batch.rows}
    settle = HOW_TO_SETTLE.get(sent.plan.action, "")
    out: dict[str, Outcome] = {}
    for row in sent.rows:
        ruling = rulings.get(row.order_id)
        heard = [one for one in reports if ruling is None or one.sha256 not in ruling.seen]
        found = [one.outcomes[row.order_id] for one in heard]
        plain = [outcome for outcome in found if outcome.state is not RowState.UNKNOWN]
        if ruling is not None:
            lines = accepted_by([one for one in reports if one.sha256 in ruling.seen], row.order_id)
            known = () if ruling.state is RowState.OK else lines
            plain.insert(0, Outcome(ruling.state, OPERATOR_CODE, "by the operator's word", known))
        states = {(outcome.state, outcome.accepted) for outcome in plain}
        done = {
            one.origin
            for one in heard
            if one.outcomes[row.order_id].state is RowState.OK
            or (one.outcomes[row.order_id].state is RowState.ERROR and one.outcomes[row.order_id].accepted)
        }
        if len(states) > 1:
            error = next(outcome for outcome in plain if outcome.state is RowState.ERROR)
            text = f"one report says done, another {error.code} {error.text}".rstrip()
            if ruling is None and all(outcome.state is RowState.ERROR for outcome in plain):
                text = "two reports name other items as refused"
            out[row.order_id] = Outcome(RowState.UNKNOWN, "", f"{text}: was the file uploaded twice? {settle}")
        elif len(done) > 1 and sent.plan.action is Action.REFUND:  # the other actions cannot be done twice
            names = ", ".join(sorted(filter(None, done)))
            text = f"Amazon processed it {len(done)} times" + (f" ({names})" if names else "")
            out[row.order_id] = Outcome(
                RowState.UNKNOWN, "", f"{text}: it was uploaded twice, and may be paid twice; {settle}"
            )
        elif plain:
            out[row.order_id] = plain[-1]
        elif found:
            out[row.order_id] = found[-1]
    return out


def evaluate_report(sent: DispatchedBatch, report: ProcessingReport) -> tuple[dict[str, Outcome], list[str]]:
    """Return the outcome of each order by this report alone, and notes for the operator.

    A report that is not complete, or whose counts are not those of the batch, is no evidence: every order is unknown
    then. An order is ok only when no error of a sound report names it.
    """
    if report.is_fatal:
        return _refused_as_a_whole(sent, report)
    notes: list[str] = []
    settle = HOW_TO_SETTLE.get(sent.plan.action, "")
    by_order = _group_by_order(sent, report)
    doubt = _doubt(sent, report)
    if doubt:
        notes.append(f"{doubt}: what became of the rows is unknown")
    out: dict[str, Outcome] = {}
    for row in sent.rows:
        named = by_order.get(row.order_id, [])
        errors = [result for result in named if result.severity == "error"]
        if doubt:
            code = errors[0].code if errors else ""
            out[row.order_id] = Outcome(RowState.UNKNOWN, code, f"{doubt}; {settle}")
        elif errors:
            out[row.order_id] = _failure(sent, report, row, errors)
        else:
            warning = named[0] if named else None
            out[row.order_id] = Outcome(RowState.OK, warning.code if warning else "", warning.text if warning else "")
    return out, notes


def _refused_as_a_whole(sent: DispatchedBatch, report: ProcessingReport) -> tuple[dict[str, Outcome], list[str]]:
    """Return that no order was processed, in Amazon's words, and all of these as notes."""
    notes = [f"Amazon on the whole file: {one.code} {one.text}".rstrip() for one in report.results]
    first = next(result for result in report.results if result.severity == "error")
    text = f"not processed, Amazon refused the file: {first.text}"
    return {row.order_id: Outcome(RowState.ERROR, first.code, text) for row in sent.rows}, notes


def _failure(
    sent: DispatchedBatch, report: ProcessingReport, row: PlannedOrder, errors: Sequence[RowResult]
) -> Outcome:
    """Return that a row failed. Of a refund that failed in part, the lines that were accepted were paid."""
    first = errors[0]
    named = {_item_of(sent, row, result) for result in errors}
    items = [line.order_item_id for line in row.lines]
    if report.format == "xml" or (named >= set(items) and len(set(items)) == len(items)):
        text = first.text or f"Amazon refused it and gave no words but {first.code or 'this'}"
        return Outcome(RowState.ERROR, first.code, text)
    settle = HOW_TO_SETTLE.get(sent.plan.action, "")
    is_told_apart = named <= set(items) and len(set(items)) == len(items)
    accepted = tuple(line.line for line in row.lines if line.order_item_id not in named) if is_told_apart else ()
    failed, of = len(named), len(row.lines)
    if sent.plan.action is Action.REFUND and is_told_apart:
        text = f"{failed} of its {of} items failed: {first.text}; the others were paid"
        return Outcome(RowState.ERROR, first.code, text, accepted)
    return Outcome(RowState.UNKNOWN, first.code, f"{failed} of its {of} items failed: {first.text}; {settle}", accepted)


def _item_of(sent: DispatchedBatch, row: PlannedOrder, result: RowResult) -> str:
    """Return the item of a row that a result is about; a text that is none of its items when that cannot be told."""
    if not result.record or not sent.records:
        return result.item_id
    found = sent.records[result.record - 1]
    is_sure = found[0] == row.order_id and result.item_id in ("", found[1])
    return found[1] if is_sure else f"record {result.record}"


def _order_id(sent: DispatchedBatch, report: ProcessingReport, result: RowResult) -> str:
    """Return the order that a result is about; empty when it is about the whole file."""
    if result.order_id:
        return result.order_id
    if report.format == "xml":
        return sent.rows[result.message_id - first_message_id(sent.plan.id)].order_id if result.message_id else ""
    return sent.records[result.record - 1][0] if result.record else ""


def _group_by_order(sent: DispatchedBatch, report: ProcessingReport) -> dict[str, list[RowResult]]:
    """Return the results by order id, those of the whole file under an empty one."""
    found: dict[str, list[RowResult]] = {}
    for result in report.results:
        found.setdefault(_order_id(sent, report, result), []).append(result)
    return found


def _doubt(sent: DispatchedBatch, report: ProcessingReport) -> str:
    """Return why orders that the report does not name cannot be taken as done; empty when they can."""
    errors = [result for result in report.results if result.severity == "error"]
    whole = next((result for result in errors if not _order_id(sent, report, result)), None)
    if whole is not None:
        return f"Amazon refused something of the whole file ({whole.code} {whole.text})".strip()
    if report.status.lower() != "complete":
        return f"the report's status is {report.status}, not Complete"
    nameless = next((result for result in errors if not result.order_id), None)
    if sent.plan.action is Action.REFUND and report.format != "xml" and nameless is not None:
        return f"its record {nameless.record} names no order, so it may be another file's"
    if report.processed != sent.expected_count(report):
        return f"the report processed {report.processed} of the {sent.expected_count(report)} that were sent"
    failed = {result.message_id if report.format == "xml" else result.record for result in errors}
    if report.successful != report.processed - len(failed):
        return f"the report says {report.successful} of {report.processed} succeeded, but names {len(failed)} errors"
    return ""
