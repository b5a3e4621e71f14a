"""SQLite: a store in one file, with a write-ahead log, one writer at a time and any number of readers."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext, suppress
from pathlib import Path
from urllib.parse import quote

import msgspec

from ordertui.files import SETTINGS_BYTES, make_file, publish, read_text
from ordertui.orders.clock import Clock
from ordertui.orders.people import Person, Role
from ordertui.store.engine import migrations

from .errors import StoreError
from .file_connection import BUSY_SECONDS, LOG_PAGES, asking, connect, is_unclean, translate_error
from .protocol import (
    COUNT,
    GENESIS,
    MOVE_KEY,
    QUIET_KEY,
    SHOWN_KEY,
    STORE_ID_KEY,
    Columns,
    Engine,
    Params,
    Row,
    chained,
)

TEMPORARY_CACHE_KIB = 16_384
IMPORT_LOG_PAGES = 20_000
"""Pages of the write-ahead log after which they are copied into the file, during an import."""


class CopyPlace(msgspec.Struct, frozen=True):
    """The file of a copy of a store on a server, and what it says of that store; see `store.copy`."""

    path: Path
    place: str
    files: Path
    location: str
    """As `Engine.location` of the server."""
    login: str = ""
    """Login of the reader; empty: the address names none."""


class SqliteEngine:
    """A connection to a store's file, which is made or migrated when it may be written.

    `copy_of` is given for a copy of a store on a server, which says of itself what that store would. `stop`: see
    `connect`.
    """

    def __init__(
        self, path: Path, *, read_only: bool, copy_of: CopyPlace | None = None, stop: Callable[[], bool] | None = None
    ) -> None:
        self.path = self.files = path
        self.place = str(path)
        self.is_shared = copy_of is not None
        self._copy_of = copy_of
        if copy_of is not None:
            self.place, self.files = copy_of.place, copy_of.files
        self.read_only = read_only
        self.was_interrupted = not read_only and is_unclean(path)
        self.connection = connect(path, read_only=read_only, stop=stop)
        self._looked_at = (0, 0, 0)
        """Number, time of change and size of the file that `check_place` last found to be this one."""

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self.connection.in_transaction

    def person(self) -> Person | None:
        """Return None; of a copy, somebody who may look at it."""
        return None if self._copy_of is None else Person(self._copy_of.login, Role.VIEWER)

    def clock(self, clock: Clock) -> Clock:
        """Return this machine's clock: a file has no other."""
        return clock

    def query(self, sql: str, params: Params = ()) -> list[Row]:
        """Return all rows of a statement."""
        try:
            return self.connection.execute(sql, params).fetchall()
        except sqlite3.Error as error:
            raise translate_error(error, self.path) from error

    def query_all(self, statements: Sequence[tuple[str, Params]]) -> list[list[Row]]:
        """Return the rows of several statements."""
        return [self.query(sql, params) for sql, params in statements]

    def stream(self, sql: str, params: Params, size: int) -> Iterator[list[Row]]:
        """Yield the rows of a long result, `size` at a time."""
        try:
            cursor = self.connection.execute(sql, params)
            while part := cursor.fetchmany(size):
                yield part
        except sqlite3.Error as error:
            raise translate_error(error, self.path) from error

    def execute(self, sql: str, params: Params = ()) -> int:
        """Run a statement; return how many rows it changed."""
        try:
            return self.connection.execute(sql, params).rowcount
        except sqlite3.Error as error:
            raise translate_error(error, self.path) from error

    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement once for each row of parameters."""
        try:
            self.connection.executemany(sql, rows)
        except sqlite3.Error as error:
            raise translate_error(error, self.path) from error

    def fill(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Insert many rows."""
        marks = ",".join("?" * len(columns))
        self.execute_many(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)

    def values_sql(self, parameter: str, columns: Columns) -> str:
        """Return a subquery that yields the rows of a JSON parameter."""
        if len(columns) == 1:
            return f"(SELECT value AS {next(iter(columns))} FROM json_each({parameter}))"
        parts = (f"json_extract(value, '$[{place}]') AS {name}" for place, name in enumerate(columns))
        return f"(SELECT {', '.join(parts)} FROM json_each({parameter}))"

    def bytes_sql(self, column: str) -> str:
        """Return the bytes of a text as SQL."""
        return f"CAST({column} AS BLOB)"

    def begin(self) -> str | None:
        """Begin a transaction that writes, after every other one has ended; return the mark of a move."""
        self.execute("BEGIN IMMEDIATE")
        found = self.query(f"SELECT value FROM meta WHERE key = '{MOVE_KEY}'")
        return found[0][0] if found else None

    def begin_reading(self) -> None:
        """Begin a transaction that waits for nobody; its first read decides which state it sees."""
        self.execute("BEGIN")

    def check_place(self) -> None:
        """Raise StoreError when the file was removed, replaced or written over since it was opened.

        SQLite does not see it: it goes on with the pages that it has in memory, and would mix them with the other
        file's. So where the file is not as at the last look (a checkpoint changes it too), a connection without any
        pages must read what this one does.
        """
        try:
            found = self.path.stat()
        except OSError as error:
            raise StoreError(
                f"{self.path} was removed while it was open ({error.strerror}); nothing was changed: leave ordertui,"
                " and put the file back"
            ) from error
        now = found.st_ino, found.st_mtime_ns, found.st_size
        if now == self._looked_at:
            return
        sql = f"SELECT key, value FROM meta WHERE key IN ('{STORE_ID_KEY}', '{SHOWN_KEY}', '{QUIET_KEY}') ORDER BY key"
        address = "file:" + quote(str(self.path.resolve())) + "?mode=ro"
        try:
            with closing(sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS)) as fresh:
                is_same = fresh.execute(sql).fetchall() == self.query(sql)
        except sqlite3.Error as error:
            raise translate_error(error, self.path) from error
        if not is_same:
            raise StoreError(
                f"another store was put in the place of {self.path} while it was open; nothing was changed: leave"
                " ordertui, and begin it again with the store that you mean"
            )
        self._looked_at = now

    def count(self, key: str) -> None:
        """Count the open transaction."""
        self.execute(COUNT.format(key))

    def commit(self) -> None:
        """End the transaction and wait for the disk."""
        self.execute("COMMIT")

    def rollback(self) -> None:
        """Undo the transaction; SQLite may have done so itself."""
        if self.connection.in_transaction:
            self.execute("ROLLBACK")

    def together(self) -> AbstractContextManager[None]:
        """Do nothing: there is nobody to wait for."""
        return nullcontext()

    def append_audit(self, at: int, kind: str, payload: str, order_ids: Iterable[str]) -> None:
        """Append an entry to the audit."""
        last, previous = (self.query("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1") or [(0, GENESIS)])[0]
        ident = int(last) + 1
        self.execute(
            "INSERT INTO audit (id, at, kind, payload, previous, hash) VALUES (?, ?, ?, ?, ?, ?)",
            (ident, at, kind, payload, previous, chained(previous, ident, at, kind, payload)),
        )
        self.fill("audit_orders", ("order_id", "audit"), ((order_id, ident) for order_id in order_ids))

    def change_token(self) -> tuple[int, int]:
        """Return SQLite's number of others' changes, and how many rows this connection changed."""
        return int(self.query("PRAGMA data_version")[0][0]), self.connection.total_changes

    def create_temporary(self, name: str, columns: str) -> None:
        """Make a temporary table, in a file of the system's folder for them, laid out by its key if that has parts."""
        self.execute(f"PRAGMA temp.cache_size = -{TEMPORARY_CACHE_KIB}")
        layout = " WITHOUT ROWID" if "PRIMARY KEY (" in columns else ""
        self.execute(f"CREATE TEMP TABLE IF NOT EXISTS {name} ({columns}){layout}")

    def fill_temporary(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Insert rows, in a transaction of the temporary tables alone when none is open."""
        if self.in_transaction:
            self.fill(name, columns, rows)
            return
        self.execute("BEGIN")
        try:
            self.fill(name, columns, rows)
        finally:
            self.execute("COMMIT")

    def empty_temporary(self, tables: Sequence[str]) -> None:
        """Delete the rows."""
        for name in tables:
            self.execute(f"DELETE FROM {name}")

    def prefer_indexes(self, on: bool) -> None:
        """Do nothing: SQLite joins in no other way."""

    def count_rows(self, *tables: str) -> None:
        """Do nothing: statements say in which order tables are read."""

    def follow_ids(self) -> None:
        """Do nothing: SQLite counts on from the largest row number."""

    def set_bulk(self, on: bool) -> None:
        """Let the write-ahead log hold more pages before they are copied into the file.

        A page that many transactions change is then copied once for all of them. Going back copies what is there, but
        not inside a transaction, whose end does it. On a full disk it stays in the log, where it is kept as well.
        """
        self.execute(f"PRAGMA wal_autocheckpoint = {IMPORT_LOG_PAGES if on else LOG_PAGES}")
        if not on and not self.connection.in_transaction:
            with suppress(sqlite3.OperationalError):
                self.connection.execute("PRAGMA wal_checkpoint(PASSIVE)")

    def create_read_indexes(self, written: int | None = None) -> None:  # noqa: ARG002
        """Make the indexes for reading."""
        self.execute("PRAGMA threads = 1")  # lets SQLite sort on another core too
        for statement in migrations.statements("read_indexes.sql"):
            self.execute(statement)

    def stoppable(self, stop: Callable[[], bool]) -> AbstractContextManager[None]:
        """Stop the statement that runs inside when `stop` says so."""
        return asking(self.connection, stop)

    # -- maintenance

    def find_damage(self, tables: Sequence[str] = ()) -> list[str]:
        """Have SQLite look for damage."""
        if not tables:
            return [row[0] for row in self.query("PRAGMA integrity_check") if row[0] != "ok"]
        return [
            f"{table}: {row[0]}"
            for table in tables
            for row in self.query(f"PRAGMA quick_check({table})")
            if row[0] != "ok"
        ]

    def size(self) -> int:
        """Return the bytes of the store's pages; its file may have been removed under it."""
        return int(self.query("SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()")[0][0])

    def location(self) -> str:
        """Return the machine and the number of the file on its disk; a copy has another number, a renamed file not."""
        if self._copy_of is not None:
            return self._copy_of.location
        try:
            machine = read_text(Path("/etc/machine-id"), SETTINGS_BYTES, "ascii").strip()
        except (OSError, UnicodeDecodeError):
            machine = ""
        return f"{machine}:{self.path.stat().st_ino or ''}"

    def backup(self, target: Path, progress: Callable[[int, int], None] | None, mark: Mapping[str, str]) -> int:
        """Copy the file page by page into a new one."""
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            make_file(part)
            with closing(sqlite3.connect(part, isolation_level=None)) as copy:
                report = None if progress is None else lambda _, left, pages: progress(pages - left, pages)
                self.connection.backup(copy, pages=4_096, progress=report)
                copy.executemany("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)", list(mark.items()))
                copy.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
                wrong = [row[0] for row in copy.execute("PRAGMA integrity_check") if row[0] != "ok"]
            if wrong:
                raise StoreError(f"the copy of {self.path} is not sound ({wrong[0]}); nothing was kept")
            with part.open("r+b") as file:
                os.fsync(file.fileno())
                size = os.fstat(file.fileno()).st_size
            publish(part, target)
        except sqlite3.Error as error:
            raise translate_error(error, target) from error
        finally:
            part.unlink(missing_ok=True)
        return size

    def compact(self) -> None:
        """Give the room of deleted rows back to the disk."""
        self.query("VACUUM")
        self.query("PRAGMA wal_checkpoint(TRUNCATE)")

    def interrupt(self) -> None:
        """Stop what another thread is reading."""
        self.connection.interrupt()

    def close(self) -> None:
        """Close the file."""
        self.connection.close()


def sqlite_engine(engine: Engine) -> SqliteEngine:
    """Return an engine that must be SQLite's."""
    assert isinstance(engine, SqliteEngine)
    return engine
