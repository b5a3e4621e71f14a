"""A connection to a file: how it is opened and locked, and what SQLite's errors mean to the operator."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from ordertui.files import make_file, make_folder

from . import migrations
from .errors import ConstraintViolated, Interrupted, ReadOnlyStore, StoreError, StoreLocked

BUSY_SECONDS = 10.0
"""How long a statement waits for another process that writes."""
WAIT_FOR_DISK = "FULL"
"""SQLite's word for waiting for the disk at each commit."""
RETRY_SECONDS = 0.02
"""Pause between attempts where SQLite does not wait by itself."""
ASKED_STEPS = 200_000
"""Steps of SQLite's machine between two questions whether to stop: some milliseconds."""
READER_CACHE_KIB, WRITER_CACHE_KIB = 512, 16_384
"""Page caches of a connection. Each thread of the screen has a reader; the system caches the file's pages for all."""
LOG_PAGES = 1_000
"""Pages of the write-ahead log after which they are copied into the file."""


def translate_error(error: sqlite3.Error, path: Path) -> StoreError:
    """Return the StoreError that tells the operator what SQLite's error means for the file, and what to do."""
    text = str(error)
    if isinstance(error, sqlite3.IntegrityError):
        return ConstraintViolated(f"{path}: {text}")
    if "locked" in text or "busy" in text:
        return StoreLocked(f"{path} is locked by another process; wait until it has finished, or stop it")
    if "not a database" in text or "malformed" in text:
        return StoreError(
            f"{path} is not a readable store ({text}); restore a copy, or choose another file with --store"
        )
    if "unable to open" in text:
        return StoreError(
            f"{path} cannot be opened ({text}); see whether the folder exists and may be written;"
            " --read-only looks at a store without writing"
        )
    if "readonly" in text:
        return ReadOnlyStore(f"{path} may not be written ({text}); check its permissions")
    if "interrupted" in text:
        return Interrupted(f"{path}: the reading was stopped")
    if "full" in text or "disk I/O" in text:
        return StoreError(
            f"{path} cannot be written ({text}): the disk may be full;"
            " what was being written is undone, all before it is kept; make room and repeat"
        )
    return StoreError(f"{path}: {text}")


def is_unclean(path: Path) -> bool:
    """Return whether the last process that wrote did not close the store, or another one has it open."""
    try:
        return path.with_name(path.name + "-wal").stat().st_size > 0
    except OSError:
        return False


def _immutable(path: Path) -> str:
    """Return the option for a store in a folder that cannot be written, such as a backup on a read-only disk.

    There SQLite cannot make the file through which its connections speak; nobody else can write it either. With a log
    of changes beside it the store is not whole without them, and SQLite says so.
    """
    return "" if os.access(path.parent, os.W_OK) or is_unclean(path) else "&immutable=1"


def connect(path: Path, *, read_only: bool, stop: Callable[[], bool] | None = None) -> sqlite3.Connection:
    """Return a connection in autocommit mode and WAL, to a file that was checked and migrated.

    `stop` is asked while the file is migrated; when it says so, the file stays as it was. Raises StoreError and, then,
    Interrupted.
    """
    try:
        _require_file(path)
        if read_only:
            if not path.exists():
                raise StoreError(f"{path} does not exist; import a report first")
            address = "file:" + quote(str(path.resolve())) + f"?mode=ro{_immutable(path)}"
        else:
            make_folder(path.parent)
            if not path.exists():
                with suppress(FileExistsError):
                    make_file(path)
            address = "file:" + quote(str(path.resolve()))
    except OSError as error:
        raise StoreError(f"{path} cannot be opened: {error.strerror}; choose another place with --store") from error
    try:
        connection = sqlite3.connect(
            address, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
    except sqlite3.Error as error:
        raise translate_error(error, path) from error
    try:
        connection.execute(f"PRAGMA synchronous = {WAIT_FOR_DISK}")
        if read_only:
            if migrations.check(connection, str(path)) < migrations.LATEST:
                raise StoreError(
                    f"{path} has an older version; open it once without --read-only: where it cannot be written, a copy"
                )
        else:
            _keep_log(connection)
            connection.execute(f"PRAGMA journal_size_limit = {LOG_PAGES * 4096}")
            with asking(connection, stop):
                migrations.migrate(connection, str(path))
        connection.execute(f"PRAGMA cache_size = -{READER_CACHE_KIB if read_only else WRITER_CACHE_KIB}")
    except sqlite3.Error as error:
        connection.close()
        raise translate_error(error, path) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _require_file(path: Path) -> None:
    """Refuse a place that can be no store's file; nothing at all may be there. Raises StoreError, OSError."""
    if path.is_dir():
        raise StoreError(f"{path} is a folder; name the store's file in it")
    if path.exists() and not path.is_file():
        raise StoreError(f"{path} is no plain file; choose another place with --store")
    if path.is_symlink() and not path.exists():
        raise StoreError(
            f"{path} is a link that leads nowhere; make its target reachable, or choose another place with --store"
        )


@contextmanager
def asking(connection: sqlite3.Connection, stop: Callable[[], bool] | None) -> Iterator[None]:
    """Ask `stop` some times a second while a statement runs, in the thread that runs it.

    There, and not in another thread: a handler of Ctrl-C that `stop` reads runs in the main thread alone, which without
    this would be inside SQLite until the statement ends.
    """
    connection.set_progress_handler(stop, ASKED_STEPS)
    try:
        yield
    finally:
        connection.set_progress_handler(None, 0)


@contextmanager
def file_lock(path: Path) -> Iterator[None]:
    """Let one at a time of all who name this file into the block; the system ends that with the process.

    Raises StoreLocked after BUSY_SECONDS.
    """
    with suppress(FileExistsError):
        make_file(path)
    try:
        with closing(sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)) as connection:
            connection.execute("BEGIN EXCLUSIVE")
            yield
    except sqlite3.Error as error:
        raise translate_error(error, path) from error


def is_open_elsewhere(path: Path) -> bool:
    """Return whether anybody has a store's file open, if only to look at it. A file that is no store is nobody's.

    Only the last one that has a file open may take its write-ahead log away, which is tried; the next to open the file
    gives it one again.
    """
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(path, timeout=0, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = DELETE")
    except sqlite3.OperationalError as error:
        return isinstance(translate_error(error, path), StoreLocked)
    except sqlite3.DatabaseError:
        return False
    return False


def _keep_log(connection: sqlite3.Connection) -> None:
    """Let the file have a write-ahead log. SQLite does not wait for another process that makes the same new file."""
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
        time.sleep(RETRY_SECONDS)
