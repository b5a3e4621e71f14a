"""What a store needs of a database: the protocol that each engine implements.

SQL is shared. It is written so that SQLite (3.39 or newer) and PostgreSQL (15 or newer) read it the same: parameters as
`:name` or `?`, NULLS FIRST or LAST wherever NULLs are sorted, sums of integers inside CAST(... AS bigint), RETURNING
instead of a last row number, IS DISTINCT FROM, text compared byte by byte. Where the two differ, the engine writes the
SQL (`values_sql`) or does the work (`fill`, `append_audit`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, TypeAlias

from ordertui.orders.clock import Clock
from ordertui.orders.people import Person

Row: TypeAlias = tuple[Any, ...]
Params: TypeAlias = Mapping[str, object] | Sequence[object]
Columns: TypeAlias = Mapping[str, type[int] | type[str]]
"""Names of columns with the type of their values."""

LARGEST_ID = 2**63 - 1
"""The largest number that an engine has; a larger one cannot even be asked for."""
MOVE_KEY = "store:move"
"""Key in `meta` of the mark that a store has which was moved, or is being filled; see `store.engine.moved`."""
STORE_ID_KEY = "store:id"
"""Key in `meta` of the store's id; `identity` says what it is for."""
SHOWN_KEY, QUIET_KEY = "shown:number", "quiet:number"
"""Keys in `meta` of how many transactions changed what a screen may show, and how many did not."""
COUNT = (
    "INSERT INTO meta (key, value) VALUES ('{}', '1') ON CONFLICT (key)"
    " DO UPDATE SET value = CAST(CAST(meta.value AS bigint) + 1 AS text)"
)
"""Counts one more of such a key."""
SET_META = "INSERT INTO meta (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"
GENESIS = "0" * 64
"""The hash that the first entry of the audit names as its predecessor's."""


_HASHED_AT_ONCE = 1 << 20
"""Characters of an entry of the audit that are encoded at a time: one that names a million orders has 40 MB."""


def digest(content: bytes) -> str:
    """Return the SHA-256 in hex digits. OpenSSL is loaded when the first is wanted: opening the screen needs none."""
    from hashlib import sha256

    return sha256(content).hexdigest()


def chained(previous: str, ident: int, at: int, kind: str, payload: str) -> str:
    """Return the hash of an entry of the audit that follows one whose hash is `previous`."""
    from hashlib import sha256

    found = sha256("\x1f".join((previous, str(ident), str(at), kind, "")).encode())
    for start in range(0, len(payload), _HASHED_AT_ONCE):
        found.update(payload[start : start + _HASHED_AT_ONCE].encode())
    return found.hexdigest()


class Engine(Protocol):
    """One connection to one database, in autocommit mode. Not safe for threads: `Database` has the lock.

    Every method raises StoreError and its subclasses only; a text names `place`.
    """

    @property
    def place(self) -> str:
        """The file or the address, as messages name it; never with a password."""

    @property
    def files(self) -> Path:
        """What this machine's files of the store are named after, in a folder that is theirs."""

    @property
    def is_shared(self) -> bool:
        """Whether several machines may work in the store, each with files of its own."""

    @property
    def was_interrupted(self) -> bool:
        """Whether the last process that wrote did not close the store, so that it must be checked."""

    @property
    def in_transaction(self) -> bool:
        """Whether `begin` was called, and neither `commit` nor `rollback` since."""

    @property
    def read_only(self) -> bool:
        """Whether nothing may be written: it was opened so, or the login may only look."""

    def person(self) -> Person | None:
        """Return who is at work by the server's own word: the login and its role. None: the store is a file."""

    def clock(self, clock: Clock) -> Clock:
        """Return the clock by which the store lives: this one, or the server's in the place of this machine's."""

    def query(self, sql: str, params: Params = ()) -> list[Row]:
        """Return all rows of a statement."""

    def query_all(self, statements: Sequence[tuple[str, Params]]) -> list[list[Row]]:
        """Return the rows of several statements, which a server is asked for in one round trip."""

    def stream(self, sql: str, params: Params, size: int) -> Iterator[list[Row]]:
        """Yield the rows of a long result, `size` at a time, so that it needs little memory."""

    def execute(self, sql: str, params: Params = ()) -> int:
        """Run a statement; return how many rows it changed. Raises ConstraintViolated."""

    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement once for each row of parameters."""

    def fill(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Insert many rows the fastest way there is."""

    def values_sql(self, parameter: str, columns: Columns) -> str:
        """Return a subquery in brackets that yields the rows of a parameter, `:name` or `?`, as these columns.

        The parameter is a JSON array of arrays; with one column, of plain values.
        """

    def bytes_sql(self, column: str) -> str:
        """Return the bytes of a text, which may have been changed into no text at all, as SQL."""

    def begin(self) -> str | None:
        """Begin a transaction that changes the store, and wait until no other one does. Raises StoreLocked.

        Return the mark of a move that the store has; see `store.moved`.
        """

    def begin_reading(self) -> None:
        """Begin a transaction in which all that is read is of one state, whatever others commit; `rollback` ends it."""

    def check_place(self) -> None:
        """Raise StoreError, in a transaction that changed nothing yet, when another store is where this one was."""

    def count(self, key: str) -> None:
        """Count the open transaction, as it ends, under SHOWN_KEY or QUIET_KEY (COUNT)."""

    def commit(self) -> None:
        """End the transaction; when it returns, the changes survive a crash."""

    def rollback(self) -> None:
        """End the transaction and undo it; without one, do nothing."""

    def together(self) -> AbstractContextManager[None]:
        """Send the changes made inside without waiting for each answer: over a network they take the time of one.

        How many rows each changed is not known, and an error is raised at the latest by the end of the block.
        """

    def append_audit(self, at: int, kind: str, payload: str, order_ids: Iterable[str]) -> None:
        """Append an entry to the audit's chain of hashes, and to its list by order."""

    def change_token(self) -> tuple[int, int]:
        """Return a number that differs after another connection committed, and how much was changed by this one.

        Compare only values of one engine.
        """

    def create_temporary(self, name: str, columns: str) -> None:
        """Make a table that this connection alone sees, unless it has it. `columns`: INTEGER, TEXT, PRIMARY KEY."""

    def fill_temporary(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Insert many rows into such a table, without locking the store when no transaction is open."""

    def empty_temporary(self, tables: Sequence[str]) -> None:
        """Delete all rows of such tables, in the open transaction."""

    def prefer_indexes(self, on: bool) -> None:
        """For the rest of the open transaction have the planner look rows up, instead of reading tables to their end.

        A slice of a report is few orders of many, and each of its statements has an index for each table that it joins.
        """

    def count_rows(self, *tables: str) -> None:
        """Tell the planner that many rows of these tables are new, where it does not look by itself.

        A table may be given with the columns that matter, in brackets.
        """

    def follow_ids(self) -> None:
        """Let the next row numbers follow those of rows that were filled in with their numbers."""

    def set_bulk(self, on: bool) -> None:
        """Prepare for many large transactions in a row, or go back to usual."""

    def create_read_indexes(self, written: int | None = None) -> None:
        """Make the indexes that only reading needs; without them a first big import is faster. Twice is harmless.

        The planner is told to look at all tables, unless few orders were `written`; None: nobody knows how many.
        """

    def find_damage(self, tables: Sequence[str] = ()) -> list[str]:
        """Return what is damaged in these tables, looked at quickly, or in the whole store; empty when all is well."""

    def size(self) -> int:
        """Return the bytes that the store takes."""

    def location(self) -> str:
        """Return where the store's bytes are, as parts with `:` between them, each other in a copy.

        A part is empty where the system cannot tell.
        """

    def backup(self, target: Path, progress: Callable[[int, int], None] | None, mark: Mapping[str, str]) -> int:
        """Copy the store into a new file, whole or not at all, while others work; return its bytes.

        `mark` are values of the table `meta` in the copy. `progress` is called with the pages done and the pages in
        all. Raises OSError too.
        """

    def compact(self) -> None:
        """Release the space of deleted rows."""

    def stoppable(self, stop: Callable[[], bool]) -> AbstractContextManager[None]:
        """Stop the statement that runs inside when `stop` says so: it raises Interrupted."""

    def interrupt(self) -> None:
        """Stop what another thread is reading: there it raises Interrupted."""

    def close(self) -> None:
        """Close the connection; closing twice is harmless."""
