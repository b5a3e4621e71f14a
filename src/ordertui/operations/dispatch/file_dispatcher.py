"""Due batches written into the outbox folder as upload files: once, whole, and with the bytes that were previewed.

One transaction checks every row again, stores the bytes and marks the batch as sent. Only then are the files written,
under the store's own lock, so that two processes never write one batch. After a crash in between, the next run writes
the same stored bytes. A batch whose files are all written is never written again, because the operator may have
uploaded it. In a store on a server the file to upload gets its name after the server took down that it is written: of
two machines only one has it, whatever dies or loses its line (`store.journal.writer_leases`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from pathlib import Path

import msgspec

from ordertui.amazon.spapi.cancellable_sleep import Stop, never_stop
from ordertui.files import (
    MOST_FEED_BYTES,
    make_folder,
    make_own_folder,
    publish,
    read_file,
    remove_partial_files,
    write_atomic,
)
from ordertui.operations.batches.batch import Batch, as_batch, upload_instructions
from ordertui.operations.batches.upload import INSTRUCTIONS, obstacle_text, warn_in
from ordertui.operations.config import BESIDE_STORE
from ordertui.operations.errors import USER_ERRORS, OperationError, Stopped
from ordertui.operations.long_runs import stop_check
from ordertui.operations.outbox_folder import FOLDER, folder_of, folders_in, known_outboxes
from ordertui.store import Interrupted, Store

from .dispatcher import DispatchIncomplete, Note, batch_failure, ignore_note, nothing_leaves_text
from .freeze import BatchFreezer, BatchWaits, as_feed_files

INTERRUPTED = "INTERRUPTED.txt"
UPLOAD_SUFFIX, READY_SUFFIX = ".txt", ".ready"
INTERRUPTED_TEXT = (
    "NOTE: the writing of this batch was interrupted and was finished later.\n"
    "If you uploaded its file before this note came, do NOT upload it again: Amazon would act twice."
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

        def write(batch_id: int, *, is_retry: bool) -> None:
            try:
                if is_retry or self._mark_sent(batch_id, note, stop, is_released=batch_id in released):
                    batch = self._write(batch_id, is_retry=is_retry)
                    written.extend([batch] if batch is not None else [])
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
                write(batch_id, is_retry=True)
        for batch_id in dict.fromkeys((*self._store.batches.due(), *released)):
            if not stop():
                write(batch_id, is_retry=False)
        if len(errors) == 1 and not written:
            raise next(iter(errors.values()))
        if errors:
            raise DispatchIncomplete(written, errors)
        return written

    def _mark_sent(self, batch_id: int, note: Note, stop: Stop, *, is_released: bool = False) -> bool:
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
            self._store.journal.mark_sent(
                batch.id,
                files=[str(folder / one.file.name) for one in files],
                sha256=next(one.file.sha256 for one in files if one.file.upload),
                feeds=as_feed_files(files),
            )
            check_stop()
        return True

    def _write(self, batch_id: int, *, is_retry: bool) -> Batch | None:
        """Write the stored bytes of a batch that was marked as sent; return None when another process has."""
        with self._store.write():
            batch = self._store.batches.get(batch_id)
            folder = folder_of(self._outbox, batch, self._store)
            names = [str(folder / Path(name).name) for name in batch.files]
            if not batch.is_writing or not self._store.journal.leases.take(batch_id):
                return None
            self._note_progress()
            batch = msgspec.structs.replace(batch, files=tuple(names))
            feeds = self._store.batches.feeds(batch_id) or self._freezer.rebuild(batch)
            damaged = next((feed.name for feed in feeds if not feed.is_sound), None)
            if damaged is not None:
                raise OperationError(
                    f"batch {batch_id}: the kept {damaged} is damaged; nothing was written: see `ordertui audit verify`"
                )
            folder = self._make_folder(folder)
            names = [str(folder / Path(name).name) for name in names]
            batch = msgspec.structs.replace(batch, files=tuple(names))
            remove_partial_files(folder)
            advice = upload_instructions(batch, practice=self._is_practice)
            why = self._store.journal.upload_obstacles().get(batch_id) if is_retry else None
            if why:  # settled while it could not be written
                advice = obstacle_text(batch_id, why)
                warn_in(folder, advice)
            else:
                write_atomic(folder, INSTRUCTIONS, (advice + "\n").encode("utf-8"))
            if is_retry:
                advice += f"\n{INTERRUPTED_TEXT}"
                write_atomic(folder, INTERRUPTED, (INTERRUPTED_TEXT + "\n").encode("utf-8"))
            for feed in sorted(feeds, key=lambda feed: feed.name.endswith(UPLOAD_SUFFIX)):
                is_last = feed.name.endswith(UPLOAD_SUFFIX) and self._store.is_shared
                machine = self._store.journal.leases.machine
                name = f".{feed.name}.{machine}{READY_SUFFIX}" if is_last else feed.name
                write_atomic(folder, name, feed.pieces)  # the file to upload comes last
            self._store.journal.mark_written(batch_id, names)
        self._name_ready_files(batch_id, folder)
        return as_batch(msgspec.structs.replace(batch, is_writing=False), advice)

    def _make_folder(self, folder: Path) -> Path:
        """Make a batch's folder and return it; where it cannot be made, and nothing is, the one in today's outbox.

        Raises OSError.
        """
        try:
            if folder.parent.name == BESIDE_STORE:
                make_own_folder(folder.parent)
            else:  # the user's own: who may look into it is for the user to say
                make_folder(folder.parent)
            make_own_folder(folder)
        except OSError:
            elsewhere = self._outbox / folder.name
            if elsewhere == folder or not _is_absent(folder):
                raise
            return self._make_folder(elsewhere)
        return folder

    def _folders_here(self) -> list[tuple[int, Path]]:
        """Return the folders of a shared store's batches on this machine, with the batch's number."""
        if not self._store.is_shared:
            return []
        store, found = self._store.identity.id[:8], []
        for outbox in known_outboxes(self._outbox, self._store):
            for folder in folders_in(outbox):
                match = FOLDER.fullmatch(folder.name)
                if match is not None and match[2] == store:
                    found.append((int(match[1]), folder))
        return found

    def _name_ready_files(self, batch_id: int, folder: Path) -> None:
        """Give files their names that are written for good; remove those of a batch that another machine wrote.

        In an outbox that machines share, a file of another one is left to it, or named when its lease has ended.
        """
        leases = self._store.journal.leases
        for path in sorted(folder.glob(f".*{READY_SUFFIX}")) if self._store.is_shared else ():
            name, _, machine = path.name[1:].removesuffix(READY_SUFFIX).rpartition(".")
            target, is_mine = path.with_name(name), machine == leases.machine
            with self._store.write():
                if self._store.batches.head(batch_id).is_writing:
                    return
                if leases.may_name(batch_id, machine):
                    try:
                        publish(path, target)
                    except FileExistsError:  # a crash came right after it, or the file is another one
                        write_atomic(folder, target.name, read_file(path, MOST_FEED_BYTES))
                    leases.release(batch_id)
                elif not is_mine:
                    continue
                elif not os.path.lexists(target) and len(list(folder.glob(f".*{READY_SUFFIX}"))) == 1:
                    write_atomic(folder, TAKEN_OVER, TAKEN_OVER_TEXT.encode())  # else it was ours, and has its name
            path.unlink(missing_ok=True)


def _is_absent(folder: Path) -> bool:
    """Return whether a folder is surely not there; one that cannot be looked at may be."""
    try:
        folder.lstat()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return False
