"""Whether the file of a written batch is still to be uploaded: asked by the screen, the command line and the alerts."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from ordertui.files import MOST_FEED_BYTES, read_file, replace_file
from ordertui.operations.context import SessionContext
from ordertui.operations.outbox_folder import final_name, folder_of, ready_files
from ordertui.orders.batch_state import BatchState
from ordertui.store import JournalBatch, Store, StoreError

from .batch import upload_instructions

INSTRUCTIONS, WARNING_FILE = "WHAT-TO-DO.txt", "DO-NOT-UPLOAD.txt"
BY_HAND = "orders of it were settled by hand"
"""Word for word what `BatchJournal.upload_obstacles` says of such a batch."""


class UploadCheck:
    """Says of the batches of one store why their files must not be uploaded."""

    def __init__(self, context: SessionContext) -> None:
        self._context = context
        self._checksums: dict[tuple[str, int, int], str] = {}
        """Of files to upload, by path, time of change and size."""

    def obstacles(self, store: Store, batches: list[JournalBatch]) -> dict[int, str]:
        """Return why files of these batches that left must not be uploaded, by batch; without those that may be."""
        known = store.journal.upload_obstacles() if any(one.state is BatchState.WRITTEN for one in batches) else {}
        found = {}
        for batch in batches:
            why = known.get(batch.id)
            text = obstacle_text(batch.id, why) if why else self._file_obstacle(store, batch)
            if text:
                found[batch.id] = text
        return found

    def to_upload(self, store: Store) -> list[JournalBatch]:
        """Return, without their rows, the batches whose files are to be uploaded, newest first."""
        found = store.batches.to_upload()
        against = self.obstacles(store, found)
        return [one for one in found if one.id not in against]

    def withheld(self, store: Store, only: Collection[int] | None = None) -> dict[int, str]:
        """Return why files that nobody uploaded must not be uploaded, by batch; perhaps only of some batches."""
        found = store.batches.to_upload()
        return self.obstacles(store, [one for one in found if only is None or one.id in only])

    def damaged(self, store: Store) -> dict[int, str]:
        """Return what is wrong with files that nobody uploaded as they are on the disk, by batch."""
        found = ((batch.id, self._file_obstacle(store, batch)) for batch in store.batches.to_upload())
        return {batch_id: text for batch_id, text in found if text}

    def unnamed(self, store: Store) -> list[int]:
        """Return the batches whose file is written here and has no name yet."""
        found = ((one.id, folder_of(self._context.outbox_directory, one, store)) for one in store.batches.to_upload())
        return [batch_id for batch_id, folder in found if ready_files(folder)]

    def write_notes(self, store: Store) -> None:
        """Write beside each file whether it may be uploaded, as the journal knows it now.

        Called after whatever may change that: orders, results, bookings, the operator's word. That was kept, whatever
        becomes of the line to a server now: what was not written then, the next call writes.
        """
        with suppress(StoreError):
            self._write_notes(store)

    def _write_notes(self, store: Store) -> None:
        obstacles = store.journal.upload_obstacles()
        waiting = [one for one in store.batches.to_upload() if one.id not in obstacles]
        for batch in (*map(store.batches.head, obstacles), *waiting):
            folder, why = folder_of(self._context.outbox_directory, batch, store), obstacles.get(batch.id)
            with suppress(OSError):  # the screen and the command line say it too
                if batch.is_writing:
                    continue
                if why:
                    warn_in(folder, obstacle_text(batch.id, why))
                elif (folder / WARNING_FILE).is_file():
                    put_text(folder, INSTRUCTIONS, upload_instructions(batch, practice=self._context.is_practice))
                    (folder / WARNING_FILE).unlink()

    def _file_obstacle(self, store: Store, batch: JournalBatch) -> str:
        """Return a warning when the file to upload is not the one that was written, or is gone before its upload."""
        if not batch.upload_file or batch.is_writing or batch.state not in (BatchState.WRITTEN, BatchState.UPLOADED):
            return ""
        path = folder_of(self._context.outbox_directory, batch, store) / Path(batch.upload_file).name
        again = f"`ordertui settle {batch.id} ORDER-ID... --not-done`, then `ordertui retry {batch.id}`, makes it anew."
        try:
            found = path.stat()
            key = str(path), found.st_mtime_ns, found.st_size
            if key not in self._checksums:  # a file that stayed as it was is read once
                self._checksums[key] = sha256(read_file(path, MOST_FEED_BYTES)).hexdigest()
        except FileNotFoundError:
            if store.is_shared or batch.state is BatchState.UPLOADED:
                return ""  # it may be on another machine
            if _has_no_name(path):
                return f"WARNING: {path} has not got its name yet: the next `ordertui dispatch` gives it."
            return f"WARNING: {path} is gone. If it was not uploaded, {again}"
        except OSError as error:
            return f"WARNING: {path} cannot be checked ({error.strerror}): do not upload it."
        if self._checksums[key] == batch.sha256:
            return ""
        return f"WARNING: {path} was changed after it was written: do NOT upload it. {again}"


def obstacle_text(batch_id: int, why: str) -> str:
    """Return that the file of a batch must not be uploaded, why, and what to do."""
    return (
        f"Do NOT upload the file of batch {batch_id}: {why}. Amazon would act twice, or pay too much."
        f" What it has open is settled by `ordertui settle {batch_id} ORDER-ID... --not-done`, if it was not uploaded."
    )


def _has_no_name(path: Path) -> bool:
    return any(final_name(one) == path.name for one in ready_files(path.parent))


def warn_in(folder: Path, text: str) -> None:
    """Write into a batch's folder, where it is there, that nothing of it may be uploaded. Raises OSError."""
    if folder.is_dir():
        for name in (WARNING_FILE, INSTRUCTIONS):
            put_text(folder, name, text)


def put_text(folder: Path, name: str, text: str) -> None:
    """Write a text for the operator beside a batch's files, over one of before. Raises OSError."""
    content, path = f"{text}\n".encode(), folder / name
    if not path.is_file() or path.stat().st_size != len(content) or read_file(path, len(content)) != content:
        replace_file(path, content)
