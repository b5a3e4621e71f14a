"""Processing reports back in: which batch one answers, and what it says of each order. Silence is never taken for success
when the counts do not add up.

What became of a row is worked out from all reports that ever came for its batch and from the operator's word, not from
the last one: the sequence in which they came does not matter, and reports that contradict each other leave it unknown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec

from ordertui.amazon.processing_report import ProcessingReport, RowResult, parse_report, read_bytes
from ordertui.operations.errors import BatchNeeded, Refused
from ordertui.operations.planning.feed_builder import first_message_id, flat_file_records
from ordertui.operations.planning.plan import Plan, PlannedOrder
from ordertui.operations.planning.plan_file import decode
from ordertui.operations.values import ResultRow, ResultSummary
from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.enums import Action
from ordertui.store import JournalBatch, KeptResult, Outcome, Store

SETTLE = {
    Action.CANCEL: "a later All Orders report that says Cancelled settles it",
    Action.REFUND: "look at the order in Seller Central before anything is refunded again",
    Action.CONFIRM: "a later All Orders report that says Shipped settles it",
}
WAITING = (RowState.SENT, RowState.ACCEPTED, RowState.UNKNOWN)
"""States of rows for which a processing report would still be news."""
_ORDER = re.compile(rb"<AmazonOrderID>([^<]+)</AmazonOrderID>")
WORD = "word"
"""The code of a row that the operator settled."""


class Sent(msgspec.Struct, frozen=True):
    """A batch that left, with the rows that were in its files, in file order."""

    batch: JournalBatch
    plan: Plan
    rows: tuple[PlannedOrder, ...]

    @property
    def records(self) -> list[tuple[str, str]]:
        """(order id, item id) by data row of the flat file."""
        return flat_file_records(self.rows)

    def size(self, report: ProcessingReport) -> int:
        """How many records or messages a report on this batch must have processed."""
        return len(self.rows) if report.format == "xml" else len(self.records)


class ReportEvidence(msgspec.Struct, frozen=True):
    """What one report says of each order, taken by itself."""

    sha256: str
    origin: str
    """The processing that it reports: its format, and Amazon's number where the format has one."""
    outcomes: Mapping[str, Outcome]


class Reconciler:
    """Reads processing reports into one store's journal."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def results(self, paths: Sequence[Path], batch_id: int | None) -> list[ResultSummary]:
        """Take these reports in. Raises ResultError (unreadable), BatchNeeded (fits none or several), Refused (wrong batch)."""
        return [self._take(path, batch_id) for path in paths]

    def _take(self, path: Path, batch_id: int | None) -> ResultSummary:
        content = read_bytes(path)
        report = parse_report(content, str(path))
        with self._store.writing():  # two processes that bring reports of one batch wait for each other
            sent = self._named(batch_id, report) if batch_id is not None else self._find(report, content)
            batch = sent.batch.id
            notes = judge(sent, report)[1]
            if not self._store.keep_result(batch, content):
                notes.insert(0, f"this very report was taken in for batch {batch} before: nothing new")
            outcomes = combine_evidence(sent, self._judged(sent))
            self._store.record_results(batch, outcomes, raw=content)
            rows = {row.order_id: row for row in self._store.batch(batch).rows}
        found = [rows[row.order_id] for row in sent.rows]
        states = [row.state for row in found]
        return ResultSummary(
            path=path,
            batch=batch,
            ok=states.count(RowState.OK) + states.count(RowState.CONFIRMED),
            errors=states.count(RowState.ERROR),
            unknown=states.count(RowState.UNKNOWN),
            rows=tuple(ResultRow(row.order_id, row.state, row.code, row.text) for row in found),
            notes=tuple(notes),
        )

    def _judged(self, sent: Sent) -> list[ReportEvidence]:
        """Every report that came for the batch, judged by itself."""
        out = []
        for kept in self._store.results_of(sent.batch.id):
            report = parse_report(kept.content, f"report {kept.sha256[:12]} of batch {sent.batch.id}")
            outcomes = judge(sent, report)[0]
            failed = [key for key, outcome in outcomes.items() if outcome.state is RowState.ERROR]
            rival = self._rival(sent, report, kept) if failed else None
            if rival is not None:
                text = (
                    f"the report fits batch {rival} as well, so it cannot be told whose it is; {SETTLE[Action.REFUND]}"
                )
                outcomes |= {key: Outcome(RowState.UNKNOWN, outcomes[key].code, text) for key in failed}
            out.append(ReportEvidence(kept.sha256, f"{report.format} {report.transaction}".strip(), outcomes))
        return out

    def _rival(self, sent: Sent, report: ProcessingReport, kept: KeptResult) -> int | None:
        """Another batch whose failed refunds this report could be about: taking it for this one's could pay them twice.

        Flat reports carry no number of the batch; XML ones name messages that only one batch has.
        """
        if sent.plan.action is not Action.REFUND or report.format == "xml":
            return None
        twins = set(self._store.batches_answered_by(kept.sha256))
        for batch in self._store.batches():
            if batch.action is not Action.REFUND or batch.id == sent.batch.id or batch.sent_at is None:
                continue
            other = self._sent(batch)
            if batch.sent_at > kept.at or mismatch_reason(other, report) or other.size(report) != report.processed:
                continue
            if batch.id in twins or not any(self._whole(other, one) for one in self._store.results_of(batch.id)):
                return batch.id
        return None

    @staticmethod
    def _whole(sent: Sent, kept: KeptResult) -> bool:
        """Whether a kept report is sound evidence for a batch."""
        report = parse_report(kept.content, kept.sha256)
        return any(outcome.state is not RowState.UNKNOWN for outcome in judge(sent, report)[0].values())

    def _sent(self, batch: JournalBatch) -> Sent:
        plan = decode(self._store.plan_bytes(batch.id))
        gone = {row.order_id for row in batch.rows if row.state is RowState.RECALLED}
        content = self._store.left_bytes(batch.id) if any(row.word for row in batch.rows) else None
        if content is not None:  # one that was settled before the batch left again was not in it
            there = {found.decode() for found in _ORDER.findall(content)}
            gone |= {row.order_id for row in plan.rows if row.order_id not in there}
        return Sent(batch, plan, tuple(row for row in plan.rows if row.order_id not in gone))

    def _named(self, batch_id: int, report: ProcessingReport) -> Sent:
        batch = self._store.batch(batch_id)
        if batch.state not in (BatchState.SENT, BatchState.ANSWERED):
            raise Refused(f"batch {batch_id} is {batch.state.value}: it has not left, so no report can be about it")
        sent = self._sent(batch)
        why = mismatch_reason(sent, report)
        if why:
            raise Refused(f"the report is not about batch {batch_id}: {why}")
        return sent

    def _find(self, report: ProcessingReport, content: bytes) -> Sent:
        before = self._store.batches_answered_by(sha256(content).hexdigest())
        if before:
            raise BatchNeeded(
                f"this very report was taken in for batch {before[-1]} already; if it is another batch's (all went well in"
                " both, so that they read alike), name that one with --batch"
            )
        left = [b for b in self._store.batches() if b.state in (BatchState.SENT, BatchState.ANSWERED)]
        fits = [
            sent
            for sent in map(self._sent, left)
            if not mismatch_reason(sent, report) and sent.size(report) == report.processed
        ]
        waiting = [sent for sent in fits if any(row.state in WAITING for row in sent.batch.rows)] or fits
        if len(waiting) == 1:
            return waiting[0]
        if not waiting:
            raise BatchNeeded(
                f"the report speaks of {report.processed} records, and no batch that was sent fits it; name the batch with --batch, `ordertui outbox` lists them"
            )
        names = ", ".join(str(sent.batch.id) for sent in waiting)
        raise BatchNeeded(f"the report could be about any of the batches {names}; name the one with --batch")


def combine_evidence(sent: Sent, reports: Sequence[ReportEvidence]) -> dict[str, Outcome]:
    """What all evidence together says of each order; `reports` in any sequence. Without any, what the batch says now."""
    words = {row.order_id: row.word for row in sent.batch.rows}
    settle = SETTLE.get(sent.plan.action, "")
    out: dict[str, Outcome] = {}
    for row in sent.rows:
        word = words.get(row.order_id)
        heard = [one for one in reports if word is None or one.sha256 not in word.seen]
        found = [one.outcomes[row.order_id] for one in heard]
        plain = [outcome for outcome in found if outcome.state is not RowState.UNKNOWN]
        if word is not None:
            plain.insert(0, Outcome(word.state, WORD, "by the operator's word"))
        states = {outcome.state for outcome in plain}
        done = {one.origin for one in heard if one.outcomes[row.order_id].state is RowState.OK}
        if len(states) > 1:
            error = next(outcome for outcome in plain if outcome.state is RowState.ERROR)
            text = f"one report says done, another {error.code} {error.text}".rstrip()
            out[row.order_id] = Outcome(RowState.UNKNOWN, "", f"{text}: was the file uploaded twice? {settle}")
        elif len(done) > 1 and sent.plan.action is Action.REFUND:  # the others cannot be done twice
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


def mismatch_reason(sent: Sent, report: ProcessingReport) -> str:
    """Why a report cannot be about a batch, or an empty text."""
    orders = {row.order_id for row in sent.rows}
    items = {item for _, item in sent.records}
    first = first_message_id(sent.plan.id)
    for result in report.results:
        if result.order_id and result.order_id not in orders:
            return f"it names order {result.order_id}, which was not in it"
        if result.item_id and result.item_id not in items:
            return f"it names item {result.item_id}, which was not in it"
        if report.format == "xml":
            if result.message_id and not first <= result.message_id < first + len(sent.rows):
                return f"it names message {result.message_id}, the batch has {first} to {first + len(sent.rows) - 1}"
        elif result.record and not 1 <= result.record <= len(sent.records):
            return f"it names record {result.record}, the file had {len(sent.records)}"
        elif result.record and result.order_id and sent.records[result.record - 1][0] != result.order_id:
            return f"its record {result.record} is order {result.order_id}, the file's was {sent.records[result.record - 1][0]}"
    return ""


def judge(sent: Sent, report: ProcessingReport) -> tuple[dict[str, Outcome], list[str]]:
    """The outcome of each order, and notes. Raises Refused when an error concerns the whole file.

    A report that is not complete, or whose counts are not those of the batch, is no evidence either way. An order is ok
    only when no error of a sound report names it.
    """
    notes: list[str] = []
    settle = SETTLE.get(sent.plan.action, "")
    by_order = _by_order(sent, report)
    whole = [result for result in report.results if not _key(sent, report, result) and result.severity == "error"]
    doubt = _doubt(sent, report, whole)
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
            out[row.order_id] = _failed(sent, report, row, errors, settle)
        else:
            warning = named[0] if named else None
            out[row.order_id] = Outcome(RowState.OK, warning.code if warning else "", warning.text if warning else "")
    return out, notes


def _failed(
    sent: Sent, report: ProcessingReport, row: PlannedOrder, errors: Sequence[RowResult], settle: str
) -> Outcome:
    first = errors[0]
    lines = {result.item_id or str(result.record) for result in errors}
    if report.format != "xml" and len(lines) < len(row.lines):
        text = f"{len(lines)} of its {len(row.lines)} items failed: {first.text}; {settle}"
        return Outcome(RowState.UNKNOWN, first.code, text)
    return Outcome(
        RowState.ERROR, first.code, first.text or f"Amazon refused it and gave no words but {first.code or 'this'}"
    )


def _key(sent: Sent, report: ProcessingReport, result: RowResult) -> str:
    """The order a result is about; empty for the file as a whole."""
    if result.order_id:
        return result.order_id
    if report.format == "xml":
        return sent.rows[result.message_id - first_message_id(sent.plan.id)].order_id if result.message_id else ""
    return sent.records[result.record - 1][0] if result.record else ""


def _by_order(sent: Sent, report: ProcessingReport) -> dict[str, list[RowResult]]:
    found: dict[str, list[RowResult]] = {}
    for result in report.results:
        key = _key(sent, report, result)
        if key:
            found.setdefault(key, []).append(result)
    return found


def _doubt(sent: Sent, report: ProcessingReport, whole: Sequence[RowResult]) -> str:
    """Why what the report does not name cannot be taken as done, or an empty text."""
    if whole:
        return f"Amazon refused something of the whole file ({whole[0].code} {whole[0].text})".strip()
    if report.status.lower() != "complete":
        return f"the report's status is {report.status}, not Complete"
    nameless = [result for result in report.results if result.severity == "error" and not result.order_id]
    if sent.plan.action is Action.REFUND and report.format != "xml" and nameless:
        return f"its record {nameless[0].record} names no order, so it may be another file's"
    if report.processed != sent.size(report):
        return f"the report processed {report.processed} of the {sent.size(report)} that were sent"
    failed = {
        (result.message_id if report.format == "xml" else result.record)
        for result in report.results
        if result.severity == "error"
    }
    if report.successful != report.processed - len(failed):
        return f"the report says {report.successful} of {report.processed} succeeded, but names {len(failed)} errors"
    return ""
