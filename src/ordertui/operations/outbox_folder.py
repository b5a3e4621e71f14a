"""Where the files of a batch go, and in which folders a store may have written some; see `config.outbox_folder`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ordertui.orders.batch_state import BatchState, RowState
from ordertui.store import JournalBatch, Store

from .config import BESIDE_STORE

FOLDER = re.compile(r"(\d{4,})-[A-Z]{2}-[a-z]+(?:-([0-9a-f]{8}))?", re.ASCII | re.IGNORECASE)
"""Name of a batch's folder: its number, and the begin of its store's id, which version 0.1 left out.

A share or a disk may show names in other letters than they were given.
"""


def owner_of(name: re.Match[str]) -> str:
    """Return the begin of the id of the store whose folder it is, by a match of FOLDER; empty where version 0.1 left it
    out.
    """
    return (name[2] or "").lower()


UPLOAD_SUFFIX, READY_SUFFIX = ".txt", ".ready"


def known_outboxes(outbox: Path, store: Store) -> Iterator[Path]:
    """Yield the folders in which files of a store may be: today's, the one beside it, and that of its newest files."""
    yield outbox
    beside = store.path.parent / BESIDE_STORE
    if beside != outbox:
        yield beside
    newest = "" if store.is_shared else store.batches.newest_file()
    if newest and (recorded := Path(newest).parent.parent) not in (outbox, beside):
        yield recorded


def folder_of(outbox: Path, batch: JournalBatch, store: Store) -> Path:
    """Return where a batch's files go: `0003-US-cancel-9f0c3a41` in the outbox.

    The end names the store, so that two stores may share an outbox. The files of a batch that left stay where they
    were written, whatever the settings say by now, also in a folder that version 0.1 named; only where that outbox is
    gone, as after the store was moved, they are looked for in today's. Of a store that machines share they are always
    in today's: the path that was noted may be another machine's.
    """
    if batch.files:
        recorded = Path(batch.files[0]).parent
        return recorded if recorded.parent.is_dir() and not store.is_shared else outbox / recorded.name
    return outbox / f"{batch.id:04d}-{batch.marketplace}-{batch.action.value}-{store.identity.id[:8]}"


def machine_with_file(outbox: Path, batch: JournalBatch, store: Store) -> str:
    """Return on which other machine the file to upload is, and whose, `vm1 (ann)`; `?` is what is not known.

    Empty when it is here, or there is none.
    """
    if not store.is_shared or batch.state is not BatchState.WRITTEN or not batch.upload_file or batch.is_writing:
        return ""
    if (folder_of(outbox, batch, store) / Path(batch.upload_file).name).exists():
        return ""
    written = next((row for row in batch.rows if row.state is RowState.WRITTEN), None)
    found = None if written is None else store.audit.writer_of(batch.id, written.order_id)
    host, login = found or ("", "")
    return f"{host or '?'} ({login or '?'})"


def folders_in(outbox: Path) -> list[Path]:
    """Return the folders in an outbox, by name; none where it is not there or cannot be read."""
    try:
        return sorted(path for path in outbox.iterdir() if path.is_dir())
    except OSError:
        return []


def ready_files(folder: Path) -> list[Path]:
    """Return the files of a batch in its folder that are written and have no name yet, the one to upload last."""
    return sorted(folder.glob(f".*{READY_SUFFIX}"), key=lambda path: (final_name(path).endswith(UPLOAD_SUFFIX), path))


def final_name(path: Path) -> str:
    """Return the name that such a file gets: without its dot, and the id of its machine at the end."""
    return path.name[1:].removesuffix(READY_SUFFIX).rpartition(".")[0]
