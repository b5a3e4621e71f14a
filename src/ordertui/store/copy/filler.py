"""Makes the copy of a store on a server anew beside the one that is there, whose place it takes when it is whole."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import TypeAlias

from ordertui.files import make_file, make_folder
from ordertui.orders.clock import Clock
from ordertui.store.engine.errors import StoreError
from ordertui.store.engine.file_connection import file_lock
from ordertui.store.engine.postgres import PostgresEngine
from ordertui.store.engine.protocol import SET_META
from ordertui.store.engine.sqlite import CopyPlace, SqliteEngine
from ordertui.store.engine.table_layout import table_layouts

FILE_NAME = "copy.db"
NUMBER_KEY, CHANGE_KEY, PLACE_KEY, AT_KEY = "copy:number", "copy:change", "copy:location", "copy:at"
"""Keys in the copy's `meta`: number and id of the server's change that it is as of, the server's location, and when
it was.
"""
ROWS_AT_ONCE, CONTENTS_AT_ONCE = 2_000, 50
"""Of a table, and of one with contents of files: two parts are in memory together, and what they took stays with the
process (of 20,000 rows 16 MB, where it goes on as the screen)."""
LOCK_NAME, PART_SUFFIX = "copy.lock", ".part"
LEFT_AFTER_SECONDS = 3_600
"""A part that nobody wrote into for so long is of a process that was killed."""
Progress: TypeAlias = Callable[[int, int], None]
"""Takes the rows done, and those in all."""


def fill_copy(
    feed: PostgresEngine, place: CopyPlace, clock: Clock, is_usable: Callable[[], bool], progress: Progress
) -> None:
    """Make the copy anew, unless another process did meanwhile: `is_usable` looks at the one that is there.

    Raises StoreError.
    """
    path = place.path
    part = path.with_name(f".{FILE_NAME}.{os.getpid()}-{os.urandom(4).hex()}{PART_SUFFIX}")
    make_folder(part.parent)
    make_file(part)
    try:
        _remove_left(part)
        with closing(SqliteEngine(part, read_only=False)) as target:
            _fill_part(feed, target, place, clock.now(), progress)
        with file_lock(path.with_name(LOCK_NAME)):
            if not is_usable():
                _remove(path)
                part.rename(path)
    finally:
        _remove(part)


def set_value(copy: SqliteEngine, key: str, value: str) -> None:
    """Write a value into the copy's `meta`."""
    copy.execute(SET_META, (key, value))


def _fill_part(feed: PostgresEngine, target: SqliteEngine, place: CopyPlace, at: int, progress: Progress) -> None:
    target.execute("PRAGMA synchronous = OFF")
    found = feed.begin_snapshot()
    try:
        tables = table_layouts()
        counts = feed.query_all([(f"SELECT count(*) FROM {table.name}", ()) for table in tables])
        done, total = 0, sum(int(count[0][0]) for count in counts)
        for table in tables:
            size = CONTENTS_AT_ONCE if "BLOB" in table.columns.values() else ROWS_AT_ONCE
            for rows in feed.stream(f"SELECT {', '.join(table.columns)} FROM {table.name}", (), size):
                target.begin()
                target.fill(table.name, tuple(table.columns), rows)
                target.commit()
                done += len(rows)
                progress(done, total)
    finally:
        with suppress(StoreError):
            feed.rollback()
    target.create_read_indexes()
    set_value(target, NUMBER_KEY, str(found.number))
    set_value(target, CHANGE_KEY, found.change)
    set_value(target, AT_KEY, str(at))
    set_value(target, PLACE_KEY, place.location)
    target.query("PRAGMA wal_checkpoint(TRUNCATE)")


def _remove_left(part: Path) -> None:
    """Remove what fills left behind that were killed: parts that nobody wrote into for long before this one."""
    now = part.stat().st_mtime
    for path in part.parent.glob(f".{FILE_NAME}.*{PART_SUFFIX}"):
        with suppress(OSError):
            if path.stat().st_mtime < now - LEFT_AFTER_SECONDS:
                _remove(path)


def _remove(path: Path) -> None:
    for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
        path.with_name(name).unlink(missing_ok=True)
