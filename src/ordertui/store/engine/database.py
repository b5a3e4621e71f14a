"""One connection behind one lock: transactions that nest, long lists, cached answers. Repositories share it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from itertools import chain
from typing import Any, TypeVar

from ordertui.orders.people import Person

from .errors import ReadOnlyStore, StoreError, StoreMoved
from .protocol import QUIET_KEY, SET_META, SHOWN_KEY, Engine, Params, Row

FETCH_SIZE = 20_000
"""Rows fetched at a time from a long result."""
MOST_READS = 3
"""How often what was read of two states is read again before it is taken as it is."""
MAX_PARAMETERS = 900
"""Placeholders of one statement; every build of SQLite takes 999."""
MAX_VALUES = 20_000
"""Values that one statement looks for, as one parameter; more are looked for in several, so that memory has room."""

Value = TypeVar("Value")
_Begin = Callable[[], str | None]
_Step = Callable[[], object]


def slices(values: Iterable[Value], size: int = MAX_PARAMETERS) -> Iterator[list[Value]]:
    """Yield the values in lists of at most `size`."""
    part: list[Value] = []
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


class Database:
    """One engine, used by any thread."""

    def __init__(self, engine: Engine, *, read_only: bool) -> None:
        self.login: str | None = None
        """The login as the server knows it, once `person` was asked; it stays the same as long as the line does."""
        self.engine = engine
        self.place = engine.place
        self.read_only = read_only
        self.lock = threading.RLock()
        self._cache: dict[str, tuple[int, Any]] = {}
        self._depth = 0
        self._is_shown = False
        """Whether something in the open transaction changes what a screen may show."""
        self._token, self._shown, self._quiet, self._uncounted = (-1, -1), 0, 0, 0
        """As of the last look: the engine's token, how many transactions of each kind there were, and how many looks
        found changes that were counted as neither: of an older version of the program, or by SQL."""
        self._is_bulk = False
        self.on_commit: Callable[[], None] = lambda: None
        """Called after each change was kept, but once after many large ones; see `store.copy`."""

    def close(self) -> None:
        """Close the connection; closing twice is harmless."""
        with self.lock:
            self.engine.close()

    def check_after_crash(self, tables: Sequence[str], more: Callable[[], str]) -> None:
        """When the last process that wrote did not close the store, look for damage in these tables and as `more` does.

        Closes the store and raises StoreError when some is found.
        """
        if not self.engine.was_interrupted:
            return
        found = next(iter(self.engine.find_damage(tables)), "") or more()
        if found:
            self.close()
            raise self._damaged(found)

    def _damaged(self, found: str) -> StoreError:
        return StoreError(
            f"{self.place} was damaged ({found}); nothing was changed: keep a copy of it,"
            " see `ordertui --read-only store check`, and restore the last backup"
        )

    # -- reading

    def interrupt(self) -> None:
        """Stop what another thread is reading through this connection: there it raises Interrupted."""
        self.engine.interrupt()

    def stoppable(self, stop: Callable[[], bool]) -> AbstractContextManager[None]:
        """Stop the statement that runs inside when `stop` says so: it raises Interrupted."""
        return self.engine.stoppable(stop)

    def query(self, sql: str, params: Params = ()) -> list[Row]:
        """Return all rows of a statement."""
        with self.lock:
            return self.engine.query(sql, params)

    def value(self, kind: type[Value], sql: str, params: Params = ()) -> Value | None:
        """Return the first value of the first row; None without a row, or where it is NULL.

        Raises StoreError for one of another kind: SQLite keeps any in any column, so the store was written by hand.
        """
        found = self.query(sql, params)
        value = found[0][0] if found else None
        if value is None or isinstance(value, kind):
            return value
        raise self._damaged(f"{value!r:.40} in place of {kind.__name__}")

    def required(self, kind: type[Value], sql: str, params: Params = ()) -> Value:
        """Return the first value of a statement that always has one, such as a count or the id of a row it inserts."""
        found = self.value(kind, sql, params)
        if found is None:
            raise self._damaged(f"{found} in place of {kind.__name__}")
        return found

    def meta(self, key: str) -> str | None:
        """Return a value stored beside the orders; None without one."""
        return self.value(str, "SELECT value FROM meta WHERE key = ?", (key,))

    def query_in(self, sql: str, values: Iterable[int] | Iterable[str], before: Sequence[object] = ()) -> list[Row]:
        """Return all rows of a statement whose `{}` stands for what is between the brackets of an IN list.

        `before` are the values of the placeholders that stand before the list. Up to MAX_VALUES are one statement.
        """
        found: list[Row] = []
        for part in slices(values, MAX_VALUES):
            chosen = self.engine.values_sql("?", {"v": str if isinstance(part[0], str) else int})
            found += self.query(sql.format(f"SELECT v FROM {chosen} AS t"), [*before, as_parameter(part)])
        return found

    def query_all_in(self, statements: Sequence[str], values: Iterable[int]) -> list[list[Row]]:
        """Return the rows of several statements about the same values, each as `query_in`, in one round trip."""
        found: list[list[Row]] = [[] for _ in statements]
        for part in slices(values, MAX_VALUES):
            chosen = f"SELECT v FROM {self.engine.values_sql('?', {'v': int})} AS t"
            asked = [(sql.format(chosen), (as_parameter(part),)) for sql in statements]
            with self.lock:
                for rows, more in zip(found, self.engine.query_all(asked), strict=True):
                    rows += more
        return found

    def values_sql(self, name: str, **columns: type[int] | type[str]) -> str:
        """Return a subquery that yields the rows of the parameter `name`, made by `as_parameter`, as these columns.

        A statement with it takes any number of rows: `UPDATE orders SET ... FROM {values_sql(...)} AS v WHERE ...`.
        """
        return self.engine.values_sql(f":{name}", columns)

    def column(self, sql: str, params: Params = ()) -> Iterator[list[int]]:
        """Yield the first column of a long result, of whole numbers, FETCH_SIZE of them at a time."""
        with self.lock:
            for part in self.engine.stream(sql, params, FETCH_SIZE):
                yield [row[0] for row in part]

    def stream(self, sql: str, params: Params = ()) -> Iterator[Row]:
        """Yield the rows of a long result one by one, so that it needs little memory."""
        with self.lock:
            yield from chain.from_iterable(self.engine.stream(sql, params, FETCH_SIZE))

    def person(self) -> Person | None:
        """Return who is at work by the server's own word; None: the store is a file."""
        with self.lock:
            found = self.engine.person()
        self.login = None if found is None else found.name
        return found

    def change_token(self) -> tuple[int, int]:
        """Return numbers that change when any connection commits anything. Compare only values of one connection."""
        with self.lock:
            return self.engine.change_token()

    def data_version(self) -> int:
        """Return a number that changes when any connection commits something that is shown, and when this one changes
        anything. Compare only values of one connection.
        """
        with self.lock:
            token = self.engine.change_token()
            if token != self._token:  # asked for first: a change that comes in between is found the next time
                sql = "SELECT key, value FROM meta WHERE key IN (?, ?)"
                counts: dict[str, str] = dict(self.query(sql, (SHOWN_KEY, QUIET_KEY)))
                shown, quiet = (int(counts.get(key, 0)) for key in (SHOWN_KEY, QUIET_KEY))
                self._uncounted += (shown, quiet) == (self._shown, self._quiet)
                self._token, self._shown, self._quiet = token, shown, quiet
            return (self._shown + self._uncounted) * 1_000_003 + token[1]

    def cached(self, key: str, compute: Callable[[], Value]) -> Value:
        """Return the value for a key, computed again only after the store changed: for reads of a whole index."""
        version = self.data_version()
        found = self._cache.get(key)
        if found is None or found[0] != version:
            found = self._cache[key] = (version, compute())
        value: Value = found[1]
        return value

    def of_one_state(self, read: Callable[[], Value]) -> Value:
        """Return what several reads come to, read again where somebody else committed something between them.

        What is read of two states may not go together: then a ValueError of it is none of the store's.
        """
        for _ in range(MOST_READS):
            if self.engine.in_transaction:
                break  # nobody else writes
            before = self.change_token()[0]
            try:
                found = read()
            except ValueError:
                if self.change_token()[0] == before:
                    raise
                continue
            if self.change_token()[0] == before:
                return found
        return read()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Let all that this connection reads inside be of one state, whatever others commit meanwhile.

        For what reads long: `of_one_state` would have to read it again each time that somebody commits.
        """
        with self.lock:
            self.engine.begin_reading()
        try:
            yield
        finally:
            with self.lock:
                self.engine.rollback()

    # -- writing

    def set_bulk(self, on: bool) -> None:
        """Prepare for many large transactions in a row, or go back to usual."""
        with self.lock:
            self.engine.set_bulk(on)
        self._is_bulk = on
        if not on:
            self.on_commit()

    def create_temporary(self, name: str, columns: str) -> None:
        """Make a table that this connection alone sees, unless it has it; see `Engine`."""
        with self.lock:
            self.engine.create_temporary(name, columns)

    def fill_temporary(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Insert many rows into such a table, without locking the store when no transaction is open."""
        with self.lock:
            self.engine.fill_temporary(name, columns, rows)

    def empty_temporary(self, tables: Sequence[str]) -> None:
        """Delete all rows of such tables, in the open transaction."""
        with self.lock:
            self.engine.empty_temporary(tables)

    def prefer_indexes(self, on: bool) -> None:
        """For the rest of the open transaction have the planner look rows up; see `Engine`."""
        with self.lock:
            self.engine.prefer_indexes(on)

    def count_rows(self, *tables: str) -> None:
        """Tell the planner that many rows of these tables are new, where it does not look by itself; see `Engine`."""
        with self.lock:
            self.engine.count_rows(*tables)

    def create_read_indexes(self, written: int | None = None) -> None:
        """Make the indexes that only reading needs, without which a first big import is faster; see `Engine`."""
        with self.lock:
            self.engine.create_read_indexes(written)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Send the changes made inside without waiting for each answer, in the open transaction; see `Engine`."""
        with self.lock, self.engine.together():
            yield

    def append_audit(self, at: int, kind: str, payload: str, order_ids: Iterable[str]) -> None:
        """Append an entry to the audit in the open transaction. `at` is in epoch seconds."""
        with self.lock:
            self.engine.append_audit(at, kind, payload, order_ids)

    def execute(self, sql: str, params: Params = ()) -> int:
        """Run a statement in the open transaction; return how many rows it changed. Raises ConstraintViolated."""
        with self.lock:
            return self.engine.execute(sql, params)

    def set_meta(self, key: str, value: str | None) -> None:
        """Store a value beside the orders, in the open transaction; None removes it."""
        if value is None:
            self.execute("DELETE FROM meta WHERE key = ?", (key,))
        else:
            self.execute(SET_META, (key, value))

    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement once for each row of parameters. One statement for all rows (`values_sql`) is better."""
        with self.lock:
            self.engine.execute_many(sql, rows)

    def fill(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Insert many rows the fastest way there is."""
        with self.lock:
            self.engine.fill(table, columns, rows)

    @contextmanager
    def write(self, *, even_moved: bool = False, joined: bool = False, quiet: bool = False) -> Iterator[Database]:
        """Open a transaction, in which nobody else writes; nested, a savepoint of it.

        An error undoes what happened in its own `with` alone, also where an outer one goes on; `joined`, it undoes the
        whole transaction, and saves two round trips. Only what moves a store, or adopts one that was left, writes
        `even_moved`. `quiet`: what is written is no order, batch or fact that a screen shows, so that none need read
        anything again, such as that a worker lives. Raises ReadOnlyStore, StoreMoved, StoreLocked, and StoreError, also
        when another store was put in the place of this one.
        """
        if self.read_only:
            raise ReadOnlyStore(f"{self.place} was opened read-only; nothing was changed")
        with self.lock:
            if self._depth and not self.engine.in_transaction:
                raise StoreError(f"{self.place}: what was begun was undone by an error before; nothing of it was kept")
            if self._depth:
                begin, commit, rollback = self._joined() if joined else self._savepoint()
            else:
                begin, commit, rollback = self._transaction()
            mark = begin()
            self._is_shown = not quiet or (self._is_shown and self._depth > 0)
            self._depth += 1
            try:
                if self._depth == 1:
                    self.engine.check_place()
                if mark and not even_moved:
                    from .moved import read_mark

                    raise StoreMoved(str(read_mark(mark)))
                yield self
                commit()
            except BaseException:
                self._cache.clear()  # it may have been read inside
                with suppress(StoreError):  # of a connection that is gone, the first error tells why
                    rollback()
                raise
            finally:
                self._depth -= 1
        if not self._depth and not self._is_bulk:
            self.on_commit()

    def _transaction(self) -> tuple[_Begin, _Step, _Step]:
        def commit() -> None:
            self.engine.count(SHOWN_KEY if self._is_shown else QUIET_KEY)
            self.engine.commit()

        return self.engine.begin, commit, self.engine.rollback

    def _joined(self) -> tuple[_Begin, _Step, _Step]:
        def undo_all() -> None:
            if self.engine.in_transaction:
                self.engine.rollback()

        return lambda: None, lambda: None, undo_all

    def _savepoint(self) -> tuple[_Begin, _Step, _Step]:
        name = f"depth_{self._depth}"

        def step(words: str) -> str | None:
            if self.engine.in_transaction:  # an error may have ended all of it already
                self.engine.execute(f"{words} SAVEPOINT {name}".strip())
            return None

        return lambda: step(""), lambda: step("RELEASE"), lambda: step("ROLLBACK TO")


def as_parameter(rows: Iterable[object]) -> str:
    """Return rows, or plain values, as the parameter that `Database.values_sql` reads.

    A part of them is written at a time: JSON makes a text of each value first, 60 MB for a million row numbers.
    """
    parts = (json.dumps(part, ensure_ascii=False, separators=(",", ":"))[1:-1] for part in slices(rows, MAX_VALUES))
    return f"[{','.join(parts)}]"
