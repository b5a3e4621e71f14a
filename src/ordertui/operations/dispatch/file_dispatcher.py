"""Due batches written into the outbox folder as upload files: once, whole, and with the bytes that were previewed.

In one transaction every row is checked again, the bytes are stored and written under hidden names, and the batch is
marked as written. Only then do the files get the names under which somebody finds them. So what cannot be written (a
full disk, a folder that is read-only or gone) leaves the batch held; after a crash nothing could be uploaded yet, or
the next run gives the names that are missing. A batch that is marked as written is never written again, because the
operator may have uploaded it.

A store on a server marks the batch in a transaction of its own, and a machine that has its lease writes it
(`store.journal.writer_leases`): of two machines only one has the file, whatever dies or loses its line.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import msgspec

from ordertui.amazon.spapi.cancellable_sleep import Stop, never_stop
from ordertui.files import (
    MOST_FEED_BYTES,
    FileConflict,
    make_folder,
    make_own_folder,
    partial_files,
    publish,
    read_file,
    remove_partial_files,
    rename_to_new,
    write_atomic,
)
from ordertui.operations.batches.batch import Batch, as_batch, upload_instructions
from ordertui.operations.batches.upload import INSTRUCTIONS, obstacle_text, put_text, warn_in
from ordertui.operations.config import BESIDE_STORE
from ordertui.operations.errors import USER_ERRORS, OperationError, Stopped
from ordertui.operations.long_runs import stop_check
from ordertui.operations.outbox_folder import (
    FOLDER,
    READY_SUFFIX,
    UPLOAD_SUFFIX,
    final_name,
    folder_of,
    folders_in,
    known_outboxes,
    owner_of,
    ready_files,
)
from ordertui.orders.batch_state import BatchState
from ordertui.store import Interrupted, JournalBatch, Store

from .dispatcher import DispatchIncomplete, Note, batch_failure, ignore_note, nothing_leaves_text
from .freeze import BatchFreezer, BatchWaits, as_feed_files

INTERRUPTED = "INTERRUPTED.txt"
INTERRUPTED_TEXT = (
    "NOTE: the writing of this batch was interrupted and was finished later.\n"
    "If you uploaded its file before this note came, do NOT upload it again: Amazon would act twice."
)

NOT_THERE = (
    "batch {batch}: {folder} is not there, and its file may be where that is now: on a disk that is not connected, or"
    " in a folder that was moved. Nothing was written. Bring it back; or look at its orders in Seller Central, and say"
    " what became of all of them: `ordertui settle {batch} ORDER-ID...`"
)
TAKEN_OVER = "NOTHING-TO-UPLOAD.txt"
TAKEN_OVER_TEXT = (
    "Another machine wrote this batch, or somebody settled it, while this one was away: there is nothing to upload"
    " here.\n"
)


class FileDispatcher:
    """Writes due batches of one store into the folder `outbox`.

    `note_progress` is called before the files of a batch are written; see `CopyGuard`.
    """

    def __init__(
        self, store: Store, freezer: BatchFreezer, outbox: Path, note_progress: Callable[[], None], *, is_practice: bool
    ) -> None:
        self._store = store
        self._note_progress = note_progress
        self._freezer = freezer
        self._outbox = outbox
        self._is_practice = is_practice

    def run(
        self, stop: Stop = never_stop, note: Note = ignore_note, /, *, released: Collection[int] = ()
    ) -> list[Batch]:
        """Write what a crash interrupted, then every batch whose hold has ended; return the batches written.

        The hold of those `released` ends in the transaction with which they leave: one that is stopped, or cannot be
        written, is held as long as before.

        A batch that cannot be written does not keep back the others, whatever its error is. Raises DispatchIncomplete
        at the end, which names the batches that were written and those that were not, or the error alone when nothing
        was written: one that the operator can settle as it is, any other as an OperationError that names the batch.
        """
        written: list[Batch] = []
        errors: dict[int, Exception] = {}

        def write(batch_id: int, attempt: Callable[[], Batch | None]) -> None:
            try:
                batch = attempt()
                if batch is not None:
                    self._name_ready_files(batch_id, Path(batch.files[0]).parent)
                    written.append(batch)
            except (Stopped, Interrupted):
                return  # it is held as before; `stop` ends the run
            except BatchWaits as error:
                note(str(error))
            except USER_ERRORS as error:
                errors[batch_id] = error
            except Exception as error:  # a defect, or a damaged row, of this batch alone
                errors[batch_id] = batch_failure(batch_id, error)

        for batch_id, folder in self._folders_here():
            try:
                self._name_ready_files(batch_id, folder)
            except Exception as error:  # of this folder alone
                errors[batch_id] = error if isinstance(error, USER_ERRORS) else batch_failure(batch_id, error)
        for batch_id in self._store.journal.unwritten():
            if not stop():
                write(batch_id, partial(self._write, batch_id, is_retry=True))
        for batch_id in dict.fromkeys((*self._store.batches.due(), *released)):
            if not stop():
                write(batch_id, partial(self._leave, batch_id, note, stop, is_released=batch_id in released))
        if len(errors) == 1 and not written:
            raise next(iter(errors.values()))
        if errors:
            raise DispatchIncomplete(written, errors)
        return written

    def _leave(self, batch_id: int, note: Note, stop: Stop, *, is_released: bool) -> Batch | None:
        """Write a due batch; return None when another process did, or nothing of it may leave. Raises as its parts."""
        if self._store.is_shared:
            is_marked = self._mark_sent(batch_id, note, stop, is_released=is_released)
            return self._write(batch_id, is_retry=False) if is_marked else None
        try:
            with self._store.write():  # what cannot be written stays held
                is_marked = self._mark_sent(batch_id, note, stop, is_released=is_released)
                return self._write(batch_id, is_retry=False) if is_marked else None
        except Exception:
            with suppress(Exception):
                self._name_ready_files(
                    batch_id, folder_of(self._outbox, self._store.batches.head(batch_id), self._store)
                )
            raise

    def _mark_sent(self, batch_id: int, note: Note, stop: Stop, *, is_released: bool) -> bool:
        """Mark a due batch as sent; return False when another process did, or nothing of it may leave.

        Raises Stopped or Interrupted when `stop` says so; then it is held as before.
        """
        check_stop = stop_check(stop)
        # in one transaction: no import, fact or recall comes between the last check and the mark
        with self._store.write() as database, database.stoppable(stop):
            if is_released:
                self._store.journal.end_hold(batch_id)
            if not self._store.batches.is_due(batch_id):
                return False
            batch, files = self._freezer.freeze(batch_id, check_stop)
            if not files:
                note(nothing_leaves_text(batch))
                return False
            folder = folder_of(self._outbox, batch, self._store)
            if not self._store.is_shared:
                _check_is_free(batch.id, [folder / one.file.name for one in files])
            self._store.journal.mark_sent(
                batch.id,
                files=[str(folder / one.file.name) for one in files],
                sha256=next(one.file.sha256 for one in files if one.file.upload),
                feeds=as_feed_files(files),
            )
            check_stop()
        return True

    def _write(self, batch_id: int, *, is_retry: bool) -> Batch | None:
        """Write the stored bytes of a batch that was marked as sent; return None when another process has.

        What is to be uploaded has a hidden name until `_name_ready_files`.
        """
        with self._store.write():
            batch = self._store.batches.get(batch_id)
            folder = folder_of(self._outbox, batch, self._store)
            if not batch.is_writing or not self._store.journal.leases.take(batch_id):
                return None
            feeds = self._store.batches.feeds(batch_id) or self._freezer.rebuild(batch)
            names = batch.files or [feed.name for feed in feeds]
            batch = msgspec.structs.replace(batch, files=tuple(str(folder / Path(name).name) for name in names))
            damaged = next((feed.name for feed in feeds if not feed.is_sound), None)
            if damaged is not None:
                raise OperationError(
                    f"batch {batch_id}: the kept {damaged} is damaged; nothing was written: see `ordertui audit verify`"
                )
            may_be_elsewhere = not self._store.is_shared and folder.parent != self._store.path.parent / BESIDE_STORE
            if is_retry and may_be_elsewhere and not folder.is_dir():  # of version 0.1, which named it at once
                raise OperationError(NOT_THERE.format(batch=batch_id, folder=folder))
            _make_folder(folder)
            remove_partial_files(folder)
            advice = upload_instructions(batch, practice=self._is_practice)
            if is_retry:
                why = self._store.journal.upload_obstacles().get(batch_id)
                advice = obstacle_text(batch_id, why) if why else advice  # settled while it could not be written
                advice += f"\n{INTERRUPTED_TEXT}"
                write_atomic(folder, INTERRUPTED, (INTERRUPTED_TEXT + "\n").encode("utf-8"))
            for feed in feeds:
                name = feed.name
                if not self._store.is_shared or name.endswith(UPLOAD_SUFFIX):
                    name = f".{feed.name}.{self._store.journal.leases.machine}{READY_SUFFIX}"
                write_atomic(folder, name, feed.pieces)
            self._store.journal.mark_written(batch_id, batch.files)
        return as_batch(msgspec.structs.replace(batch, is_writing=False), advice)

    def _folders_here(self) -> list[tuple[int, Path]]:
        """Return the folders on this machine where a file has no name or is half written, with the batch's number."""
        store, found = self._store.identity.id[:8], []
        for outbox in known_outboxes(self._outbox, self._store):
            for folder in folders_in(outbox):
                match = FOLDER.fullmatch(folder.name)
                if match is not None and owner_of(match) == store and (ready_files(folder) or partial_files(folder)):
                    found.append((int(match[1]), folder))
        return found

    def _name_ready_files(self, batch_id: int, folder: Path) -> None:
        """Give files their names that are written for good; remove those of a batch that has not left, or was settled.

        What a killed process left half written is removed in any case.

        In an outbox that machines share, a file of another one is left to it, or named when its lease has ended.
        """
        if partial_files(folder):
            with self._store.write():  # so nobody else writes a batch; a note that is being written is written again
                remove_partial_files(folder)
        if self._store.is_shared:
            for path in ready_files(folder):
                self._name_leased_file(batch_id, path)
            return
        if not ready_files(folder):
            return
        with self._store.write():
            batch, ready = self._store.batches.head(batch_id), ready_files(folder)
            if batch.is_writing or not ready:  # another process named them meanwhile
                return
            if batch.state is BatchState.WRITTEN:
                if folder == folder_of(self._outbox, batch, self._store) and self._instruct(batch, folder):
                    for path in ready:
                        rename_to_new(path, path.with_name(final_name(path)))
            elif batch.state is not BatchState.UPLOADED:
                for path in ready:
                    path.unlink(missing_ok=True)

    def _instruct(self, batch: JournalBatch, folder: Path) -> bool:
        """Note how far the store came, and write beside a batch's files what to do; return whether to upload them."""
        self._note_progress()
        why = self._store.journal.upload_obstacles().get(batch.id)
        if why:
            warn_in(folder, obstacle_text(batch.id, why))
            return False
        names = tuple(str(folder / Path(name).name) for name in batch.files)
        advice = upload_instructions(msgspec.structs.replace(batch, files=names), practice=self._is_practice)
        put_text(folder, INSTRUCTIONS, advice)
        return True

    def _name_leased_file(self, batch_id: int, path: Path) -> None:
        """Give a file of a store on a server its name, or remove it when another machine wrote its batch."""
        leases, folder = self._store.journal.leases, path.parent
        target, machine = path.with_name(final_name(path)), path.stem.rpartition(".")[2]
        with self._store.write():
            batch = self._store.batches.head(batch_id)
            if batch.is_writing:
                return
            if leases.may_name(batch_id, machine):
                self._instruct(batch, folder)
                try:
                    publish(path, target)
                except FileExistsError:  # a crash came right after it, or the file is another one
                    write_atomic(folder, target.name, read_file(path, MOST_FEED_BYTES))
                leases.release(batch_id)
            elif machine != leases.machine:
                return
            elif not os.path.lexists(target) and len(ready_files(folder)) == 1:
                write_atomic(folder, TAKEN_OVER, TAKEN_OVER_TEXT.encode())  # else it was ours, and has its name
        path.unlink(missing_ok=True)


def _make_folder(folder: Path) -> None:
    """Make a batch's folder. Raises OSError."""
    if folder.parent.name == BESIDE_STORE:
        make_own_folder(folder.parent)
    else:  # the user's own: who may look into it is for the user to say
        make_folder(folder.parent)
    make_own_folder(folder)


def _check_is_free(batch_id: int, targets: Sequence[Path]) -> None:
    """Raise FileConflict when a file of a batch that never left is there: somebody may have uploaded it."""
    taken = next((path for path in targets if os.path.lexists(path)), None)
    if taken is not None:
        raise FileConflict(
            f"batch {batch_id} is held as before: {taken} is there already, and this store never wrote it. Look whether"
            " it was uploaded, then move it away"
        )
