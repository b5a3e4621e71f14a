"""What is due leaves: the files of a batch are written into the outbox folder, once, whole, and as previewed.

Write-ahead: the journal says `sent`, with the paths and the sha256, before the first byte is written. A crash in
between leaves a note (`writing:<batch>`), and the next run writes the same bytes again; the files of a batch whose
writing was finished are never written again, because the operator may have uploaded them.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from ordertui.amazon.outbox import write_atomic
from ordertui.orders.clock import Clock
from ordertui.orders.status import BatchState, RowState
from ordertui.store import JournalBatch, Store

from .advice import upload_advice
from .committing import as_batch
from .errors import OperationError
from .feed_files import build_files
from .plan_store import decode
from .plan_values import Batch, Plan, PlanFile, PlanRow
from .planning import Planner

INSTRUCTIONS = "WHAT-TO-DO.txt"


class Dispatcher:
    """Writes due batches of one store into `outbox`."""

    def __init__(self, store: Store, planner: Planner, clock: Clock, outbox: Path, *, merchant_id: str) -> None:
        self._store = store
        self._planner = planner
        self._clock = clock
        self._outbox = outbox
        self._merchant_id = merchant_id

    def run(self, stop: Callable[[], bool] = lambda: False) -> list[Batch]:
        """Finish what a crash interrupted, then write every batch whose hold has ended. Raises OSError, OutboxConflict."""
        self._finish_interrupted()
        out = []
        for batch in self._store.due(self._clock.now()):
            if stop():
                break
            sent = self._send(batch)
            if sent is not None:
                out.append(sent)
        return out

    def _send(self, batch: JournalBatch) -> Batch | None:
        plan = decode(self._store.plan_bytes(batch.id))
        self._leave_out_what_changed(batch, plan)
        batch = self._store.batch(batch.id)
        files = self.files_of(batch, plan)
        if not files:
            return None
        folder = self.folder(batch)
        paths = [str(folder / file.name) for file in files]
        upload = next(file for file in files if file.upload)
        self._store.set_meta(_note(batch.id), upload.sha256)
        sent = self._store.mark_sent(batch.id, files=paths, sha256=upload.sha256)
        self._write(sent, files)
        return as_batch(sent, upload_advice(sent))

    def _leave_out_what_changed(self, batch: JournalBatch, plan: Plan) -> None:
        """Recall rows that a report or a fact made impossible while they were held: they must not leave."""
        held = {row.order_id for row in batch.rows if row.state is RowState.HELD}
        orders = self._store.orders([row.id for row in plan.rows])
        for row in plan.rows:
            if row.order_id not in held:
                continue
            why = self._planner.still_allowed(plan.action, orders[row.id], row)
            if why:
                self._store.recall(batch.id, [row.order_id], why=f"left out at dispatch: {why}")

    def files_of(self, batch: JournalBatch, plan: Plan | None = None) -> tuple[PlanFile, ...]:
        """The files of the batch's rows that were not taken back; the plan's very bytes when none was.

        Raises OperationError when they would differ from what was previewed.
        """
        plan = plan or decode(self._store.plan_bytes(batch.id))
        gone = {row.order_id for row in batch.rows if row.state is RowState.RECALLED}
        rows: list[PlanRow] = [row for row in plan.rows if row.order_id not in gone]
        files = build_files(plan.id, plan.action, plan.marketplace, rows, self._merchant_id)
        if not gone and files != plan.files:
            raise OperationError(
                f"batch {batch.id}: its bytes are no longer those of the preview (was the merchant id changed?); take it back and plan again"
            )
        return files

    def folder(self, batch: JournalBatch) -> Path:
        """Where the batch's files go: `outbox/0003-US-cancel`."""
        return self._outbox / f"{batch.id:04d}-{batch.marketplace}-{batch.action.value}"

    def _write(self, batch: JournalBatch, files: tuple[PlanFile, ...]) -> None:
        folder = self.folder(batch)
        folder.mkdir(parents=True, exist_ok=True)
        for file in files:
            if sha256(file.content).hexdigest() != file.sha256:
                raise OperationError(f"batch {batch.id}: {file.name} does not match its sha256; nothing was written")
            write_atomic(folder, file.name, file.content)
        write_atomic(folder, INSTRUCTIONS, (upload_advice(batch) + "\n").encode("utf-8"))
        self._store.set_meta(_note(batch.id), None)

    def _finish_interrupted(self) -> None:
        for batch in self._store.batches(open_only=True):
            if self._store.meta(_note(batch.id)) is None:
                continue
            if batch.state is BatchState.HELD:
                self._store.set_meta(_note(batch.id), None)
            else:
                self._write(batch, self.files_of(batch))


def _note(batch_id: int) -> str:
    return f"writing:{batch_id}"
