"""What is due leaves: the files of a batch are written into the outbox folder, once, whole, and as previewed.

Write-ahead: one transaction looks at every row again, freezes the bytes and says `sent`; only then is a file written,
under the store's own lock, so that two processes never write one batch. A crash in between leaves the batch marked as
being written, and the next run writes the same kept bytes. A batch whose writing was finished is never written again,
because the operator may have uploaded it.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from ordertui.amazon.atomic_files import FileConflict, remove_partial_files, write_atomic
from ordertui.operations.batches.batch import Batch, as_batch, folder_of
from ordertui.operations.batches.upload_instructions import upload_instructions
from ordertui.operations.errors import OperationError
from ordertui.operations.planning.feed_builder import build_feed_files
from ordertui.operations.planning.plan import Plan, PlanFile, PlannedOrder
from ordertui.operations.planning.plan_file import decode
from ordertui.operations.planning.planner import Planner
from ordertui.orders.batch_state import BatchState, RowState
from ordertui.store import FeedFile, JournalBatch, Store

INSTRUCTIONS, INTERRUPTED = "WHAT-TO-DO.txt", "INTERRUPTED.txt"
UPLOAD_SUFFIX = ".txt"
AGAIN = (
    "NOTE: the writing of this batch was interrupted and was finished later.\n"
    "If you uploaded its file before this note came, do NOT upload it again: Amazon would act twice."
)


class Dispatcher:
    """Writes due batches of one store into `outbox`."""

    def __init__(self, store: Store, planner: Planner, outbox: Path, *, merchant_id: str, practice: bool) -> None:
        self._store = store
        self._planner = planner
        self._outbox = outbox
        self._merchant_id = merchant_id
        self._practice = practice

    def run(self, stop: Callable[[], bool] = lambda: False) -> list[Batch]:
        """Finish what a crash interrupted, then write every batch whose hold has ended; gives the batches written.

        A batch that cannot be written does not stand in the way of the others; the first trouble is raised at the end:
        OSError, OutboxConflict, OperationError.
        """
        written: list[Batch] = []
        trouble: list[Exception] = []

        def attempt(batch_id: int, *, again: bool) -> None:
            try:
                batch = self._write(batch_id, again=again)
            except (OSError, FileConflict, OperationError) as error:
                trouble.append(error)
            else:
                written.extend([batch] if batch is not None else [])

        for batch_id in self._store.batches.unwritten():
            attempt(batch_id, again=True)
        for batch in self._store.batches.due():
            if stop():
                break
            try:
                left = self._leave(batch.id)
            except OperationError as error:
                trouble.append(error)
                continue
            if left:
                attempt(batch.id, again=False)
        if trouble:
            raise trouble[0]
        return written

    def _leave(self, batch_id: int) -> bool:
        """Say that a due batch leaves; False when another process was faster or nothing of it may leave any more."""
        with self._store.write():  # no import, fact or undo comes between the last look and the word `sent`
            if batch_id not in {batch.id for batch in self._store.batches.due()}:
                return False
            plan = decode(self._store.batches.plan_bytes(batch_id))
            self._leave_out_what_changed(self._store.batches.get(batch_id), plan)
            batch = self._store.batches.get(batch_id)
            files = self.files_of(batch, plan)
            if not files:
                return False
            for file in files:
                if sha256(file.content).hexdigest() != file.sha256:
                    raise OperationError(
                        f"batch {batch.id}: {file.name} does not match its sha256; nothing was written"
                    )
            folder = self.folder(batch)
            self._store.batches.mark_sent(
                batch.id,
                files=[str(folder / file.name) for file in files],
                sha256=next(file.sha256 for file in files if file.upload),
                feeds=as_feeds(files),
            )
        return True

    def _write(self, batch_id: int, *, again: bool) -> Batch | None:
        """Write the kept bytes of a batch that left; None when another process has done so."""
        with self._store.write():
            if batch_id not in self._store.batches.unwritten():
                return None
            batch = self._store.batches.get(batch_id)
            folder = self.folder(batch)
            folder.mkdir(parents=True, exist_ok=True)
            remove_partial_files(folder)
            advice = upload_instructions(batch, practice=self._practice)
            write_atomic(folder, INSTRUCTIONS, (advice + "\n").encode("utf-8"))
            if again:
                advice += f"\n{AGAIN}"
                write_atomic(folder, INTERRUPTED, (AGAIN + "\n").encode("utf-8"))
            feeds = self._store.batches.feeds(batch_id) or as_feeds(self.files_of(batch))  # version 1 kept no bytes
            for feed in sorted(feeds, key=lambda feed: feed.name.endswith(UPLOAD_SUFFIX)):
                if sha256(feed.content).hexdigest() != feed.sha256:
                    raise OperationError(
                        f"batch {batch_id}: the kept {feed.name} is damaged; nothing was written: see `ordertui audit verify`"
                    )
                write_atomic(folder, feed.name, feed.content)  # the file to upload comes last
            self._store.batches.mark_written(batch_id)
        return as_batch(self._store.batches.get(batch_id), advice)

    def _leave_out_what_changed(self, batch: JournalBatch, plan: Plan) -> None:
        """Recall rows that a report, a fact or a late answer made impossible while they were held: they must not leave."""
        held = {row.order_id for row in batch.rows if row.state is RowState.HELD}
        orders = self._store.orders.get([row.id for row in plan.rows])
        against = self._store.batches.blocking_reasons(batch.id)
        for row in plan.rows:
            if row.order_id not in held:
                continue
            why = against.get(row.order_id) or self._planner.still_allowed(plan.action, orders[row.id], row)
            if why:
                self._store.batches.recall(batch.id, [row.order_id], why=f"left out at dispatch: {why}")

    def prepared(self, batch: JournalBatch) -> tuple[JournalBatch, tuple[PlanFile, ...]]:
        """The batch without what must not leave any more, and its files; no files when nothing is left of it."""
        plan = decode(self._store.batches.plan_bytes(batch.id))
        self._leave_out_what_changed(batch, plan)
        batch = self._store.batches.get(batch.id)
        return batch, self.files_of(batch, plan)

    def files_of(self, batch: JournalBatch, plan: Plan | None = None) -> tuple[PlanFile, ...]:
        """The files of the batch's rows that leave, or left; the plan's very bytes when these are all.

        Raises OperationError when they would differ from what was previewed.
        """
        plan = plan or decode(self._store.batches.plan_bytes(batch.id))
        held = (
            batch.state is BatchState.HELD
        )  # then a row that is not held was settled meanwhile: it does not leave again
        gone = {
            row.order_id
            for row in batch.rows
            if row.state is RowState.RECALLED or (held and row.state is not RowState.HELD)
        }
        rows: list[PlannedOrder] = [row for row in plan.rows if row.order_id not in gone]
        files = build_feed_files(plan.id, plan.action, plan.marketplace, rows, self._merchant_id)
        if not gone and files != plan.files:
            raise OperationError(
                f"batch {batch.id}: its bytes are no longer those of the preview (was the merchant id changed?); take it back and plan again"
            )
        return files

    def folder(self, batch: JournalBatch) -> Path:
        """Where the batch's files go: `outbox/0003-US-cancel`."""
        return folder_of(self._outbox, batch)


def as_feeds(files: tuple[PlanFile, ...]) -> list[FeedFile]:
    """A plan's files as the journal keeps them."""
    return [FeedFile(file.name, file.sha256, file.content) for file in files]
