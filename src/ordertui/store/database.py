"""One connection to the store's file: opening, durability, locking, transactions, and errors in words."""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from ordertui.orders.clock import Clock

from . import migrations
from .errors import Interrupted, ReadOnlyStore, StoreError, StoreLocked

BUSY_SECONDS = 10.0
FETCH_SIZE = 20_000
"""Rows fetched at a time of a long answer."""
_LOG, _LONG_LOG = 1_000, 20_000
"""Pages of the write-ahead log after which they are taken over into the store: usually, and during an import."""
MAX_PARAMETERS = 900
"""Values put into one IN list."""

Answer = TypeVar("Answer")
JOURNAL_TABLES = ("batches", "batch_rows", "refunds", "feed_attempts")
"""What says which money moved: small enough to be looked at whenever the store was not closed."""

Params = Mapping[str, object] | Sequence[object]


def slices(values: Iterable[Any], size: int = MAX_PARAMETERS) -> Iterator[list[Any]]:
    """The values in lists of at most `size`."""
    part: list[Any] = []
    for value in values:
        part.append(value)
        if len(part) == size:
            yield part
            part = []
    if part:
        yield part


def marks(values: Sequence[object]) -> str:
    """`?,?,?` for an IN list."""
    return ",".join("?" * len(values))


def in_words(error: sqlite3.Error, path: Path) -> StoreError:
    """The store's own error for what SQLite said."""
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
            f"{path} cannot be written ({text}): the disk may be full; nothing of this step was kept; make room and repeat"
        )
    return StoreError(f"{path}: {text}")


def unclean(path: Path) -> bool:
    """Whether the last process that wrote did not close the store, or another one has it open."""
    try:
        return path.with_name(path.name + "-wal").stat().st_size > 0
    except OSError:
        return False


def connect(path: Path, *, read_only: bool, full: bool = True, cache_kib: int = 16_384) -> sqlite3.Connection:
    """A connection in autocommit mode, WAL, checked and migrated. Raises StoreError."""
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
        raise in_words(error, path) from error
    try:
        if read_only:
            if migrations.check(connection, str(path)) < migrations.LATEST:
                raise StoreError(f"{path} has an older version; open it once without --read-only")
        else:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA journal_size_limit = {_LOG * 4096}")
            migrations.migrate(connection, str(path))
        connection.execute(f"PRAGMA synchronous = {'FULL' if full else 'NORMAL'}")
        connection.execute(f"PRAGMA cache_size = -{cache_kib}")
    except sqlite3.Error as error:
        connection.close()
        raise in_words(error, path) from error
    except BaseException:
        connection.close()
        raise
    return connection


class Operator(msgspec.Struct, frozen=True):
    """Who is at work: goes into every record of the audit."""

    operator: str = ""
    """The name in the settings."""
    user: str = ""
    """The account of the operating system."""
    host: str = ""
    process: int = 0

    def __str__(self) -> str:
        name = self.operator or self.user or "somebody"
        return f"{name} ({self.user}@{self.host}, process {self.process})" if self.user else name


class Database:
    """A connection behind one lock. The parts of the store build on it."""

    def __init__(self, path: Path, *, clock: Clock, read_only: bool, who: Operator | None = None) -> None:
        self.path = path
        self.clock = clock
        self.read_only = read_only
        self.who = who or Operator()
        crashed = not read_only and unclean(path)
        self._connection = connect(path, read_only=read_only)
        self._lock = threading.RLock()
        self._answers: dict[str, tuple[int, Any]] = {}
        if crashed:
            self._check_journal()

    def _check_journal(self) -> None:
        """After a crash: the tables that money hangs on must be sound before anything is done. Raises StoreError."""
        for table in JOURNAL_TABLES:
            found = [row[0] for row in self._query(f"PRAGMA quick_check({table})") if row[0] != "ok"]
            if found:
                raise self._damaged(f"{table}: {found[0]}")

    def _damaged(self, what: str) -> StoreError:
        """Close the store, and say what to do."""
        self.close()
        return StoreError(
            f"{self.path} was damaged ({what}); nothing was changed: keep a copy of it, see `ordertui --read-only store check`,"
            " and restore the last backup"
        )

    def close(self) -> None:
        """Close the file; closing twice is harmless."""
        with self._lock:
            self._connection.close()

    def interrupt(self) -> None:
        """Stop what another thread reads through this connection now: it raises Interrupted."""
        self._connection.interrupt()

    def _column(self, sql: str, params: Params = ()) -> Iterator[list[Any]]:
        """The first column in parts, so that a long answer never keeps other threads waiting."""
        with self._lock:
            try:
                cursor = self._connection.execute(sql, params)
                while part := cursor.fetchmany(FETCH_SIZE):
                    yield [row[0] for row in part]
            except sqlite3.Error as error:
                raise in_words(error, self.path) from error

    def _query(self, sql: str, params: Params = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            try:
                return self._connection.execute(sql, params).fetchall()
            except sqlite3.Error as error:
                raise in_words(error, self.path) from error

    def _one(self, sql: str, params: Params = ()) -> Any:
        """The first value of the first row, or None."""
        found = self._query(sql, params)
        return found[0][0] if found else None

    def data_version(self) -> int:
        """Changes when anything was committed, by any connection. Only two values of one connection can be compared."""
        with self._lock:
            return int(self._one("PRAGMA data_version")) * 1_000_003 + self._connection.total_changes

    def _kept(self, question: str, answer: Callable[[], Answer]) -> Answer:
        """The answer, asked again only after something changed in the store; for what scans a whole index."""
        version = self.data_version()
        found = self._answers.get(question)
        if found is None or found[0] != version:
            found = self._answers[question] = (version, answer())
        kept: Answer = found[1]
        return kept

    def _query_in(self, sql: str, values: Iterable[object], before: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Run `sql`, whose `{}` stands for the IN list, over slices of the values."""
        found: list[tuple[Any, ...]] = []
        for part in slices(values):
            found += self._query(sql.format(marks(part)), [*before, *part])
        return found

    def keep_log(self, *, long: bool) -> None:
        """While many transactions write the same pages, let the write-ahead log grow, so that each page goes to the store once for all of them."""
        with self._lock, self.in_words():
            self._connection.execute(f"PRAGMA wal_autocheckpoint = {_LONG_LOG if long else _LOG}")
            if not long and not self._connection.in_transaction:  # else the end of the transaction does it
                self._connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    @contextmanager
    def in_words(self) -> Iterator[None]:
        """What SQLite says goes wrong inside becomes a StoreError."""
        try:
            yield
        except sqlite3.Error as error:
            raise in_words(error, self.path) from error

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction; nested use joins the outer one. Raises ReadOnlyStore, StoreLocked, StoreError."""
        if self.read_only:
            raise ReadOnlyStore(f"{self.path} was opened read-only; nothing was changed")
        with self._lock:
            if self._connection.in_transaction:
                yield self._connection
                return
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                try:
                    yield self._connection
                    self._connection.execute("COMMIT")
                except BaseException:
                    if self._connection.in_transaction:
                        self._connection.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise in_words(error, self.path) from error
