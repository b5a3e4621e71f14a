"""Which batch a processing report answers. Flat reports name no batch, so their order ids and counts have to tell."""

from __future__ import annotations

import re
from collections.abc import Collection

from ordertui.amazon.processing_report import (
    KEY_VERSION,
    ProcessingReport,
    ProcessingReportError,
    content_key,
    parse_report,
)
from ordertui.operations.errors import BatchNeeded, EvidenceAgainst, Refused
from ordertui.operations.planning.feed_builder import first_message_id, flat_file_records
from ordertui.operations.planning.plan_file import decode
from ordertui.orders.batch_state import LEFT_BATCHES, NEVER_LEFT, RowState
from ordertui.orders.enums import Action
from ordertui.store import JournalBatch, KeptResult, Store

from .evaluation import DispatchedBatch, evaluate_report

_ORDER = re.compile(rb"<AmazonOrderID>([^<]+)</AmazonOrderID>")


class BatchMatcher:
    """Finds the batch that a report is about among those of one store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def fill_keys(self) -> None:
        """Give the reports that an older version kept the key of what they say."""
        for kept in self._store.results.unkeyed(KEY_VERSION):
            try:
                report = parse_report(kept.content, f"report {kept.sha256[:12]}")
            except ProcessingReportError:  # an older version read it; its bytes alone can be compared
                self._store.results.set_key(kept.sha256, KEY_VERSION + kept.sha256, "")
            else:
                self._store.results.set_key(kept.sha256, content_key(report), report.transaction)

    def find(self, report: ProcessingReport) -> DispatchedBatch:
        """Return the one batch that the report fits. Raises BatchNeeded when it fits none or several."""
        before = self._store.results.batches_answered_by(content_key(report), report.transaction)
        left = [self.load(batch) for batch in self._store.batches.find() if batch.state in LEFT_BATCHES]
        fits = [sent for sent in left if _is_fitting(sent, report)]
        if before:
            raise BatchNeeded(
                _same_answer(before[-1]),
                [sent.batch.id for sent in fits if sent.is_waiting and sent.batch.id not in before],
                "if this one is another batch's, name that one with --batch, and"
                f" --against {evidence_name(before[-1])}",
            )
        waiting = [sent for sent in fits if sent.is_waiting] or fits
        if len(waiting) == 1:
            return waiting[0]
        if not waiting and report.is_fatal:
            raise BatchNeeded(f"Amazon refused a whole file, and no batch waits for an answer: {_words(report)}")
        if not waiting:
            raise BatchNeeded(
                f"the report speaks of {report.processed} records, and no batch that was sent fits it",
                how="name the batch with --batch, `ordertui outbox` lists them",
            )
        names = ", ".join(str(sent.batch.id) for sent in waiting)
        words = f": {_words(report)}" if report.is_fatal else ""
        raise BatchNeeded(
            f"the report could be about any of the batches {names}{words}",
            [sent.batch.id for sent in waiting],
            "name the one with --batch",
        )

    def check(self, batch_id: int, report: ProcessingReport, against: Collection[str] | None) -> DispatchedBatch:
        """Return the batch that the operator named. Raises Refused when the report cannot be about it.

        A report that says what an answer of another batch says is that batch's, unless the operator names that batch
        in `against` (see `evidence_name`); else EvidenceAgainst is raised. None: Amazon gave it for this very feed.
        """
        batch = self._store.batches.get(batch_id)
        if batch.state not in LEFT_BATCHES:
            raise Refused(f"batch {batch_id} is {batch.state.value}: it has not left, so no report can be about it")
        if report.transaction:  # Amazon's number of one processing of one file
            others = self._store.results.batches_answered_by("", report.transaction)
            if others and batch_id not in others:
                raise Refused(
                    f"the report has Amazon's number {report.transaction}, under which the report of batch {others[0]}"
                    " came: it is about that batch"
                )
        sent = self.load(batch)
        why = mismatch_reason(sent, report)
        if why:
            raise Refused(f"the report is not about batch {batch_id}: {why}")
        before = self._store.results.batches_answered_by(content_key(report))
        if against is not None and before and batch_id not in before and evidence_name(before[-1]) not in against:
            name = evidence_name(before[-1])
            raise EvidenceAgainst(
                f"{_same_answer(before[-1])}. If Amazon gave one for the upload of batch {batch_id} too, compare its"
                f" time and its number of the upload in Seller Central, and name batch {before[-1]}: {name}",
                [name],
            )
        return sent

    def load(self, batch: JournalBatch) -> DispatchedBatch:
        """Return a batch with the rows that were in its files when it left."""
        plan = decode(self._store.batches.plan_bytes(batch.id))
        gone = set(batch.orders_in(*NEVER_LEFT))
        content = self._store.submissions.sent_content(batch.id) if any(row.ruling for row in batch.rows) else None
        if content is not None:  # a row that was settled before the batch left again was not in it
            there = {found.decode() for found in _ORDER.findall(content)}
            gone |= {row.order_id for row in plan.rows if row.order_id not in there}
        rows = tuple(row for row in plan.rows if row.order_id not in gone)
        return DispatchedBatch(batch, plan, rows, flat_file_records(rows))

    def find_rival(self, sent: DispatchedBatch, report: ProcessingReport, kept: KeptResult) -> int | None:
        """Return another batch of refunds that a report with failures fits as well; None when there is none.

        Taking the failures for those of `sent` would allow its refunds again, and could pay them twice. XML reports
        name messages that only one batch has, so that only flat reports can have a rival.
        """
        if sent.plan.action is not Action.REFUND or report.format == "xml":
            return None
        answered = set(self._store.results.batches_answered_by(kept.content_key or content_key(report)))
        for batch in self._store.batches.find():
            if batch.action is not Action.REFUND or batch.id == sent.batch.id or batch.sent_at is None:
                continue
            other = self.load(batch)
            if batch.sent_at > kept.at or not _is_fitting(other, report):
                continue
            if batch.id in answered or not any(
                self._is_sound(other, one) for one in self._store.results.find(batch.id)
            ):
                return batch.id
        return None

    @staticmethod
    def _is_sound(sent: DispatchedBatch, kept: KeptResult) -> bool:
        report = parse_report(kept.content, kept.sha256)
        return any(outcome.state is not RowState.UNKNOWN for outcome in evaluate_report(sent, report)[0].values())


def evidence_name(batch_id: int) -> str:
    """Return the name by which the operator says that the report of a batch reads like the one of another."""
    return f"batch-{batch_id}"


def _same_answer(batch_id: int) -> str:
    return f"a report that says the same was taken in for batch {batch_id} already, and may be this very one"


def _is_fitting(sent: DispatchedBatch, report: ProcessingReport) -> bool:
    """Return whether a report can be about a batch; one that refuses a whole file, about any batch that waits."""
    if report.is_fatal:
        return sent.is_waiting
    return not mismatch_reason(sent, report) and sent.expected_count(report) == report.processed


def _words(report: ProcessingReport) -> str:
    return "; ".join(f"{one.code} {one.text}".strip() for one in report.results if one.severity == "error")


def mismatch_reason(sent: DispatchedBatch, report: ProcessingReport) -> str:
    """Return why a report cannot be about a batch; empty when it can."""
    orders = {row.order_id for row in sent.rows}
    records = sent.records
    items = {item for _, item in records}
    first = first_message_id(sent.plan.id)
    for result in report.results:
        if result.order_id and result.order_id not in orders:
            return f"it names order {result.order_id}, which was not in it"
        if result.item_id and result.item_id not in items:
            return f"it names item {result.item_id}, which was not in it"
        if report.format == "xml":
            if result.message_id and not first <= result.message_id < first + len(sent.rows):
                last = first + len(sent.rows) - 1
                return f"it names message {result.message_id}, the batch has {first} to {last}"
        elif result.record and not 1 <= result.record <= len(records):
            return f"it names record {result.record}, the file had {len(records)}"
        elif result.record and result.order_id and records[result.record - 1][0] != result.order_id:
            order_id = records[result.record - 1][0]
            return f"its record {result.record} is order {result.order_id}, the file's was {order_id}"
    return ""
