"""The connection to the store's file: opening, locking, transactions, caching, SQLite's errors as the store's own."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

from . import migrations
from .errors import Interrupted, ReadOnlyStore, StoreError, StoreLocked

BUSY_SECONDS = 10.0
"""How long a statement waits for another process that writes."""
FETCH_SIZE = 20_000
"""Rows fetched at a time from a long result."""
MAX_PARAMETERS = 900
"""Values put into one IN list; every build of SQLite takes 999."""
LOG_PAGES, IMPORT_LOG_PAGES = 1_000, 20_000
"""Pages of the write-ahead log after which they are copied into the file: usually, and during an import."""

Value = TypeVar("Value")
Params = Mapping[str, object] | Sequence[object]


def slices(values: Iterable[Any], size: int = MAX_PARAMETERS) -> Iterator[list[Any]]:
    """Yield the values in lists of at most `size`."""
    part: list[Any] = []
    for value in values:
        part.append(value)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part


def placeholders(values: Sequence[object]) -> str:
    """Return `?,?,?` for an IN list of these values."""
    return ",".join("?" * len(values))


def in_list(words: Iterable[str]) -> str:
    """Return `('a','b')`: an IN list of the program's own words, such as states, which need no placeholders."""
    return "(" + ",".join(f"'{word}'" for word in sorted(words)) + ")"


def translate_error(error: sqlite3.Error, path: Path) -> StoreError:
    """Return the StoreError that tells the operator what SQLite's error means for the file, and what to do."""
    text = str(error)
    if "locked" in text or "busy" in text:
        return StoreLocked(f"{path} is locked by another process; wait until it has finished, or stop it")
    if "not a database" in text or "malformed" in text:
        return StoreError(
            f"{path} is not a readable store ({text}); restore a copy, or choose another file with --store"
        )
    if "unable to open" in text:
        return StoreError(f"{path} cannot be opened ({text}); see whether the folder exists and may be written")
    if "readonly" in text:
        return ReadOnlyStore(f"{path} may not be written ({text}); check its permissions")
    if "interrupted" in text:
        return Interrupted(f"{path}: the reading was stopped")
    if "full" in text or "disk I/O" in text:
        return StoreError(
            f"{path} cannot be written ({text}): the disk may be full;"
            " nothing of this step was kept; make room and repeat"
        )
    return StoreError(f"{path}: {text}")


def is_unclean(path: Path) -> bool:
    """Return whether the last process that wrote did not close the store, or another one has it open."""
    try:
        return path.with_name(path.name + "-wal").stat().st_size > 0
    except OSError:
        return False


def connect(path: Path, *, read_only: bool, full: bool = True, cache_kib: int = 16_384) -> sqlite3.Connection:
    """Return a connection in autocommit mode and WAL, to a file that was checked and migrated.

    `full` waits for the disk at each commit. Raises StoreError.
    """
    try:
        if read_only:
            if not path.is_file():
                raise StoreError(f"{path} does not exist; import a report first")
            address = "file:" + quote(str(path.resolve())) + "?mode=ro"
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
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
        if read_only:
            if migrations.check(connection, str(path)) < migrations.LATEST:
                raise StoreError(f"{path} has an older version; open it once without --read-only")
        else:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA journal_size_limit = {LOG_PAGES * 4096}")
            migrations.migrate(connection, str(path))
        connection.execute(f"PRAGMA synchronous = {'FULL' if full else 'NORMAL'}")
        connection.execute(f"PRAGMA cache_size = -{cache_kib}")
    except sqlite3.Error as error:
        connection.close()
        raise translate_error(error, path) from error
    except BaseException:
        connection.close()
        raise
    return connection


class Database:
    """One connection behind one lock, so that any thread may use it. The repositories of a store share it."""

    def __init__(self, path: Path, *, read_only: bool) -> None:
        self.path = path
        self.read_only = read_only
        self.connection = connect(path, read_only=read_only)
        self.lock = threading.RLock()
        self._cache: dict[str, tuple[int, Any]] = {}

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        with self.lock:
            self.connection.close()

    def damaged(self, what: str) -> StoreError:
        """Close the file, and return the error that says what is damaged and what to do."""
        self.close()
        return StoreError(
            f"{self.path} was damaged ({what}); nothing was changed: keep a copy of it,"
            " see `ordertui --read-only store check`, and restore the last backup"
        )

    def check_tables(self, tables: Iterable[str]) -> None:
        """Have SQLite look for damage in these tables. Closes the file and raises StoreError when it finds some."""
        for table in tables:
            found = [row[0] for row in self.query(f"PRAGMA quick_check({table})") if row[0] != "ok"]
            if found:
                raise self.damaged(f"{table}: {found[0]}")

    # -- reading

    def interrupt(self) -> None:
        """Stop what another thread is reading through this connection: there it raises Interrupted."""
        self.connection.interrupt()

    def query(self, sql: str, params: Params = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a statement."""
        with self.lock, self.translate_errors():
            return self.connection.execute(sql, params).fetchall()

    def value(self, sql: str, params: Params = ()) -> Any:
        """Return the first value of the first row, or None without a row."""
        found = self.query(sql, params)
        return found[0][0] if found else None

    def query_in(self, sql: str, values: Iterable[object], before: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return all rows of a statement whose `{}` stands for an IN list, run once per slice of the values.

        `before` are the values of the placeholders that stand before the list.
        """
        found: list[tuple[Any, ...]] = []
        for part in slices(values):
            found += self.query(sql.format(placeholders(part)), [*before, *part])
        return found

    def column(self, sql: str, params: Params = ()) -> Iterator[list[Any]]:
        """Yield the first column of a long result, FETCH_SIZE values at a time."""
        with self.lock, self.translate_errors():
            cursor = self.connection.execute(sql, params)
            while part := cursor.fetchmany(FETCH_SIZE):
                yield [row[0] for row in part]

    def stream(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a long result one by one, so that it needs little memory."""
        with self.lock, self.translate_errors():
            yield from self.connection.execute(sql)

    def data_version(self) -> int:
        """Return a number that changes when any connection commits. Compare only values of one connection."""
        with self.lock:
            return int(self.value("PRAGMA data_version")) * 1_000_003 + self.connection.total_changes

    def cached(self, key: str, compute: Callable[[], Value]) -> Value:
        """Return the value for a key, computed again only after the store changed: for reads of a whole index."""
        version = self.data_version()
        found = self._cache.get(key)
        if found is None or found[0] != version:
            found = self._cache[key] = (version, compute())
        value: Value = found[1]
        return value

    # -- writing

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """Open a transaction; nested use joins the outer one. Raises ReadOnlyStore, StoreLocked, StoreError."""
        if self.read_only:
            raise ReadOnlyStore(f"{self.path} was opened read-only; nothing was changed")
        with self.lock:
            if self.connection.in_transaction:
                yield self.connection
                return
            with self.translate_errors():
                self.connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self.connection
                    self.connection.execute("COMMIT")
                except BaseException:
                    if self.connection.in_transaction:
                        self.connection.execute("ROLLBACK")
                    raise

    def set_log_limit(self, pages: int) -> None:
        """Set how many pages the write-ahead log may hold before they are copied into the file.

        With IMPORT_LOG_PAGES a page that many transactions change is copied once for all of them. Going back to
        LOG_PAGES copies what is there, but not inside a transaction, whose end does it.
        """
        with self.lock, self.translate_errors():
            self.connection.execute(f"PRAGMA wal_autocheckpoint = {pages}")
            if pages == LOG_PAGES and not self.connection.in_transaction:
                self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    @contextmanager
    def translate_errors(self) -> Iterator[None]:
        """Turn an error of SQLite that is raised inside into a StoreError."""
        try:
            yield
        except sqlite3.Error as error:
            raise translate_error(error, self.path) from error
