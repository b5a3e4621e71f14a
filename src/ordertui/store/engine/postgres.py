"""PostgreSQL 15 or newer: a store in a schema of a database, which a team shares.

One advisory lock for the schema is taken by the first statement of each transaction that writes, which makes it what
BEGIN IMMEDIATE is on SQLite: nothing is written in between, and each statement sees what came before. Time is the
server's. Each commit counts up the store's change number and tells it to who listens.
"""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import psycopg
from psycopg import pq
from psycopg.types.numeric import Int8Dumper

from ordertui.files import make_folder
from ordertui.orders.clock import Clock, SystemClock
from ordertui.orders.people import Person, Role
from ordertui.store.engine import migrations

from .address import ServerAddress
from .errors import ConstraintViolated, SchemaTooNew, StoreError
from .protocol import COUNT, MOVE_KEY, Columns, Engine, Params, Row
from .rights import become_owner, grant_rights
from .server_clock import ServerClock
from .server_connection import CONNECT_SECONDS, LOCK_SECONDS, connect, translate_error

SCHEMA_FOLDER = Path(__file__).parents[1] / "schema" / "postgres"
LATEST = migrations.LATEST
"""Versions count as the steps of SQLite's schema do. A new store gets the tables of the newest."""
STEPS: Mapping[int, str] = {}
"""For each version after the first that was released, the script that leads to it."""
OLDEST_SERVER = 150_000
IDLE_SECONDS = 120
"""How long another process that writes may do nothing meanwhile."""
TEMP_BUFFERS = "32MB"
"""So that the temporary tables of a slice stay in memory: of a later report of 100,000 rows a server spent 33 us of CPU
a row; with its default of 8MB 35 to 38. One process imports at a time.
"""
WORK_MEM = "16MB"
"""So that 100,000 orders are sorted in memory (7 MB), and not on disk as with the default of 4MB, with which an import
is as fast.
"""
STOP_SECONDS = 0.1
"""How often it is asked whether a run that may be stopped shall be."""
ASK_AGAIN_AFTER = (0.0, 0.5, 1.0, 2.0)
"""Pauses before the server is asked what became of a change whose answer was lost, in seconds."""
_Answer = TypeVar("_Answer")
_LOCATION = (
    "(SELECT system_identifier || ':' || CAST(CAST(quote_ident(current_schema()) AS regnamespace) AS oid)"
    " FROM pg_control_system())"
)
CHANNEL = "ordertui"
_LOCK = 0x6F747569
_TYPE = re.compile(r"\b(INTEGER|TEXT)\b")
_TYPES = {"INTEGER": "bigint", "TEXT": 'TEXT COLLATE "C"'}
PLANNER_SHARE = 10
"""Of so many orders one was written anew before the planner is told to look again, as the server itself does."""
TRUNCATE_FROM = 1 << 20
"""Bytes from which a temporary table is truncated."""
COPY_FROM = 2_000
"""Rows from which COPY is faster than INSERT."""
_TOKEN = re.compile(r"'(?:[^']|'')*'|\?|(?<![:\w]):([a-z]\w*)|%|(?<=[ (])\+(?=[a-z])")
"""A literal, a placeholder, a percent sign, or the plus that keeps SQLite from an index and that no text may have."""


@lru_cache(maxsize=2_048)
def as_psycopg(sql: str) -> str:
    """Return a statement with the placeholders of psycopg."""

    def replaced(found: re.Match[str]) -> str:
        if found[0] in ("?", "+"):
            return "%s" if found[0] == "?" else ""
        return f"%({found[1]})s" if found[1] else found[0].replace("%", "%%")

    return _TOKEN.sub(replaced, sql)


class Snapshot(NamedTuple):
    """One state of a store."""

    number: int
    """How many changes led to it."""
    log_from: int | None
    """From which number on changes are noted; None: none are."""
    location: str
    change: str
    """The id of its newest change."""
    known_change: str | None
    """The id of the change that was asked about; None when there is none of this number, or it was long ago."""


class PostgresEngine:
    """A connection to a store on a server, whose tables are made or migrated when it may be written."""

    is_shared = True
    was_interrupted = False
    """The server recovers by itself after a crash."""

    def __init__(self, address: ServerAddress, *, read_only: bool) -> None:
        self.address = address
        self.place = str(address)
        self.read_only = read_only
        self._person: Person | None = None
        self.is_member = False
        """Whether the login is of somebody in the team who does not own the tables."""
        self.outcome = ""
        """What became of a change whose answer was lost, once the server could be asked; empty: nothing to tell."""
        self._is_begun = False
        """Whether a transaction was begun and not ended, also when the connection was lost in it."""
        self._at_end = ""
        """What is done with the commit of the open transaction."""
        self._transaction, self._in_doubt = "", ""
        """Ids of the open transaction, and of one whose answer was lost; see `commits` in tables.sql."""
        self.files = address.files
        if not read_only:
            make_folder(address.files.parent)
        self.server_clock = ServerClock()
        self._changes = 0
        self._is_piped = False
        self.connection = connect(self.address)
        try:
            with self._translated():
                self._prepare()
                if not self.read_only:
                    role = self.person().role
                    self.is_member = role is not Role.OWNER
                    if role is Role.VIEWER:
                        self.read_only = True  # a viewer's program tries nothing that the server refuses
                        self._set_session()
        except BaseException:
            self.connection.close()
            raise

    # -- opening

    def _prepare(self) -> None:
        version = self.connection.info.server_version
        if version < OLDEST_SERVER:
            raise StoreError(f"{self.place} is PostgreSQL {version // 10_000}; 15 is needed")
        self._set_session()
        if self.query("SELECT to_regclass('schema_version')") == [(None,)]:
            there = self.query(
                "SELECT session_user, has_schema_privilege(oid, 'USAGE') FROM pg_namespace WHERE nspname = ?",
                (self.address.schema,),
            )
            if there and not there[0][1]:
                raise StoreError(self._not_in_team(there[0][0]))
            if self.read_only:
                raise StoreError(f"{self.place} has no store; import a report first")
            with suppress(ConstraintViolated):  # another process made it at this moment
                self.query(f'CREATE SCHEMA IF NOT EXISTS "{self.address.schema}"')
        elif self._version() == LATEST:
            return
        if self.read_only:
            raise StoreError(f"{self.place} has an older version; open it once without --read-only")
        self._migrate()

    def _set_session(self) -> None:
        self.connection.adapters.register_dumper(int, Int8Dumper)
        self._query(
            "SELECT set_config(name, value, FALSE) FROM (VALUES ('search_path', ?), ('lock_timeout', ?),"
            " ('idle_in_transaction_session_timeout', ?), ('default_transaction_read_only', ?), ('jit', 'off'),"
            " ('synchronous_commit', 'on'),"
            " ('client_min_messages', 'error'), ('temp_buffers', ?), ('work_mem', ?)) AS s (name, value)",
            (
                f'"{self.address.schema}", pg_temp',
                f"{LOCK_SECONDS}s",
                f"{IDLE_SECONDS}s",
                "on" if self.read_only else "off",
                TEMP_BUFFERS,
                WORK_MEM,
            ),
        )
        self._read_clock()

    def _reconnect(self) -> None:
        """Open the connection anew after it was lost, and find out what became of a change that was under way."""
        self.connection.close()
        self.connection = connect(self.address)
        self._set_session()
        if self._in_doubt:
            is_kept = self._is_kept(self._in_doubt)
            self._in_doubt = ""
            self.outcome = f"the change under way when the line was lost was {'kept' if is_kept else 'not kept'}"

    def _is_kept(self, transaction: str) -> bool:
        """Return whether a transaction was committed. With the store's lock it has ended, one way or the other.

        `pg_xact_status` does not do: a server that crashed may give the number again to another transaction.
        """
        self._begin("NULL")
        try:
            has_tables = self._query("SELECT to_regclass('commits')") != [(None,)]  # else they were what was to be kept
            return has_tables and bool(self._query("SELECT 1 FROM commits WHERE id = ?", (transaction,)))
        finally:
            self.rollback()

    def _version(self) -> int:
        found = int(self._query("SELECT version FROM schema_version")[0][0])
        if found > LATEST:
            raise SchemaTooNew(self.place, found, LATEST)
        return found

    def _migrate(self) -> None:
        self._transaction = _transaction_id()
        self._begin("NULL")
        try:
            has_team = become_owner(self)
            self.execute("CREATE TABLE IF NOT EXISTS schema_version (version bigint NOT NULL)")
            if not self._query("SELECT 1 FROM schema_version"):
                self._run_script("tables.sql")
                self.execute("INSERT INTO schema_version VALUES (?)", (LATEST,))
            for number in range(self._version() + 1, LATEST + 1):
                if number not in STEPS:
                    raise StoreError(f"{self.place} was made by a version of ordertui that was never released")
                self._run_script(STEPS[number])
            self.execute("UPDATE schema_version SET version = ?", (LATEST,))
            if has_team:
                grant_rights(self)
            self.commit()
        except BaseException:
            self._give_up()
            raise

    def _run_script(self, name: str) -> None:
        self.run((SCHEMA_FOLDER / name).read_text(encoding="utf-8"))

    # -- a team's rights

    def run(self, text: str) -> None:
        """Run statements that have no parameters. Raises StoreError."""
        with self._translated():
            self.connection.execute(text)

    def scram(self, login: str, password: str) -> str:
        """Return what the server keeps of a password, so that the password itself never leaves this machine."""
        encrypted = self.connection.pgconn.encrypt_password(password.encode(), login.encode(), b"scram-sha-256")
        return encrypted.decode("ascii")

    def _read_clock(self) -> None:
        self.server_clock.set(float(self._query("SELECT extract(epoch FROM clock_timestamp())", ())[0][0]))

    def person(self) -> Person:
        """Return the login of this connection with its role in the team when it was first asked for.

        The server itself goes by the role of the moment. Raises StoreError when there is none.
        """
        if self._person is None:
            name, role = self.query("SELECT session_user, my_role()")[0]
            if not role:
                raise StoreError(self._not_in_team(name))
            self._person = Person(name, Role(role))
        return self._person

    def _not_in_team(self, name: str) -> str:
        return f"{self.place}: {name} has no role in this store; an owner gives one: `ordertui team add {name}`"

    def clock(self, clock: Clock) -> Clock:
        """Return the server's clock instead of this machine's; one that somebody set stays."""
        return self.server_clock if isinstance(clock, SystemClock) else clock

    # -- statements

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except psycopg.Error as error:
            raise translate_error(error, self.place) from error

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open."""
        return self.connection.info.transaction_status not in (pq.TransactionStatus.IDLE, pq.TransactionStatus.UNKNOWN)

    def query(self, sql: str, params: Params = ()) -> list[Row]:
        """Return all rows of a statement. Outside of a transaction a connection that was lost is opened anew."""
        self._changes += sql.startswith("INSERT")
        return self._asked_again(lambda: self._query(sql, params))

    def _asked_again(self, ask: Callable[[], _Answer]) -> _Answer:
        """Ask the server; outside of a transaction, once more where the connection was lost."""
        if not self._is_begun:
            self._revive()
        try:
            return ask()
        except StoreError:
            if self._is_begun or not self.connection.closed:
                raise
        self._reconnect()
        return ask()

    def _query(self, sql: str, params: Params = ()) -> list[Row]:
        with self._translated():
            cursor = self.connection.execute(as_psycopg(sql), params)
            return cursor.fetchall() if cursor.description else []

    def stream(self, sql: str, params: Params, size: int) -> Iterator[list[Row]]:
        """Yield the rows of a long result, `size` at a time, from a cursor of the server."""

        def opened() -> psycopg.ServerCursor[Row]:
            with self._translated():
                cursor = self.connection.cursor(f"stream_{id(params)}", withhold=True)
                return cursor.execute(as_psycopg(sql), params)

        with self._translated(), self._asked_again(opened) as cursor:
            while part := cursor.fetchmany(size):
                yield part

    def execute(self, sql: str, params: Params = ()) -> int:
        """Run a statement; return how many rows it changed."""
        self._changes += 1
        with self._translated():
            cursor = self.connection.execute(as_psycopg(sql), params)
            return -1 if self._is_piped else cursor.rowcount

    def execute_many(self, sql: str, rows: Iterable[Sequence[object]]) -> None:
        """Run a statement once for each row of parameters."""
        self._changes += 1
        with self._translated(), self.connection.cursor() as cursor:
            cursor.executemany(as_psycopg(sql), rows)

    def fill(self, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
        """Insert many rows."""
        values = rows if isinstance(rows, list) else list(rows)
        names = ", ".join(columns)
        if self._is_piped or len(values) < COPY_FROM:
            self.execute_many(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(columns))})", values)
            return
        self._changes += 1
        with (
            self._translated(),
            self.connection.cursor() as cursor,
            cursor.copy(f"COPY {table} ({names}) FROM STDIN") as copy,
        ):
            for row in values:
                copy.write_row(row)

    def values_sql(self, parameter: str, columns: Columns) -> str:
        """Return a subquery that yields the rows of a JSON parameter."""
        types = {int: "bigint", str: "text"}
        elements, part = "jsonb_array_elements", "value ->> {}"
        if len(columns) == 1:
            elements, part = "jsonb_array_elements_text", "value"
        parts = (
            f"CAST({part.format(place)} AS {types[kind]}) AS {name}"
            for place, (name, kind) in enumerate(columns.items())
        )
        return f"(SELECT {', '.join(parts)} FROM {elements}(CAST({parameter} AS jsonb)) AS e (value))"

    def bytes_sql(self, column: str) -> str:
        """Return the bytes of a text as SQL."""
        return f"convert_to({column}, 'UTF8')"

    # -- transactions

    def begin(self) -> str | None:
        """Begin a transaction, take the store's lock, the server's time and the mark of a move: one round trip."""
        self.outcome, self._transaction, self._at_end = "", _transaction_id(), ""
        mark = f"(SELECT value FROM meta WHERE key = '{MOVE_KEY}')"
        if not self.connection.closed:
            try:
                return self._begin(mark)
            except StoreError:
                if not self.connection.closed:
                    raise
        self._reconnect()  # nothing of this transaction happened yet
        return self._begin(mark)

    def _begin(self, mark: str) -> str | None:
        self._is_begun = True
        with self._translated():
            try:
                cursor = self.connection.execute(
                    f"BEGIN; SELECT pg_advisory_xact_lock({_LOCK}, hashtext(current_schema()));"
                    f" SELECT extract(epoch FROM clock_timestamp()), {mark}"
                )
                while cursor.nextset():
                    pass
            except psycopg.Error:
                with suppress(psycopg.Error):
                    self.rollback()
                raise
            found: Any = cursor.fetchone()
            self.server_clock.set(float(found[0]))
            moved: str | None = found[1]
            return moved

    def check_place(self) -> None:
        """Do nothing: nobody can put another database under a connection."""

    def count(self, key: str) -> None:
        """Count the open transaction with its commit: no round trip more."""
        self._at_end = f"{COUNT.format(key)}; "

    def commit(self) -> None:
        """End the transaction, count the change and tell it."""
        self._changes += 1
        self._is_begun = False
        at_end, self._at_end = self._at_end, ""
        try:
            self.connection.execute(f"{at_end}SELECT count_change('{self._transaction}'); COMMIT")
        except psycopg.Error as error:
            if not self.connection.closed:
                raise translate_error(error, self.place) from error
            is_kept = self._ask_outcome()
            if is_kept is None:
                self._in_doubt = self._transaction
                raise StoreError(
                    f"{self.place}: the connection was lost while a change was kept, and it is not known whether it"
                    " was: look before you do it again (`ordertui outbox`, `ordertui audit`)"
                ) from error
            if not is_kept:
                raise translate_error(error, self.place) from error

    def _ask_outcome(self) -> bool | None:
        """Return whether the transaction whose answer was lost was committed; None when nobody can be asked."""
        for pause in ASK_AGAIN_AFTER:
            time.sleep(pause)
            try:
                self._reconnect()
                return self._is_kept(self._transaction)
            except StoreError:
                continue
        return None

    def settle_doubt(self) -> None:
        """Ask what became of a change whose answer was lost, now that the server is there again."""
        if self._in_doubt:
            self._reconnect()

    # -- following

    def start_log(self) -> None:
        """Have the server note from now on which rows change, unless it does."""
        self.begin()
        try:
            self.execute("UPDATE change_number SET log_from = number WHERE log_from IS NULL")
            self.commit()
        except BaseException:
            self._give_up()
            raise

    def begin_snapshot(self, known: int = 0) -> Snapshot:
        """Begin a transaction that reads one state; `known` is the number of a change to be told the id of."""
        self._revive()
        try:
            with self._translated():
                cursor = self.connection.execute(
                    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
                    f" SELECT n.number, log_from, {_LOCATION},"
                    " coalesce((SELECT id FROM commits c WHERE c.number = n.number), ''),"
                    f" (SELECT id FROM commits c WHERE c.number = {known:d}) FROM change_number n"
                )
                cursor.nextset()
                return Snapshot(*cursor.fetchall()[0])
        except BaseException:
            self._give_up()
            raise

    def begin_reading(self) -> None:
        """Begin a transaction that reads one state, and ends with an error where the connection is lost."""
        self.begin_snapshot()
        self._is_begun = True

    def query_all(self, statements: Sequence[tuple[str, Params]]) -> list[list[Row]]:
        """Return the rows of several statements, asked for in one round trip."""

        def ask() -> list[list[Row]]:
            with self._translated():
                with self.connection.pipeline():
                    cursors = [self.connection.execute(as_psycopg(sql), params) for sql, params in statements]
                return [cursor.fetchall() for cursor in cursors]  # to fetch inside would be a trip for each

        return self._asked_again(ask)

    def listen(self) -> None:
        """Have the server tell this connection of each change."""
        self._revive()
        self.query(f"LISTEN {CHANNEL}")

    def wait_for_change(self, seconds: float) -> bool:
        """Wait until the store was changed; return False when it was not for so many seconds."""
        with self._translated():
            notes = self.connection.notifies(timeout=seconds, stop_after=1)
            return any(note.payload.startswith(f"{self.address.schema} ") for note in notes)

    def _revive(self) -> None:
        if self.connection.closed:
            self._reconnect()

    def rollback(self) -> None:
        """Undo the transaction."""
        self._is_begun = False
        if self.in_transaction:
            with self._translated():
                self.connection.execute("ROLLBACK")

    def _give_up(self) -> None:
        """Undo the transaction after an error, which tells more than one of the undoing."""
        with suppress(StoreError):
            self.rollback()

    @contextmanager
    def together(self) -> Iterator[None]:
        """Send the changes made inside as one pipeline."""
        with self._translated(), self.connection.pipeline():
            self._is_piped = True
            try:
                yield
            finally:
                self._is_piped = False

    def append_audit(self, at: int, kind: str, payload: str, order_ids: Iterable[str]) -> None:
        """Append an entry to the audit by the function that alone may."""
        self.execute("SELECT audit_append(?, ?, ?, CAST(? AS text[]))", (at, kind, payload, list(order_ids)))

    def change_token(self) -> tuple[int, int]:
        """Return the store's number of changes, and how many statements of this connection changed something."""
        return int(self.query("SELECT number FROM change_number")[0][0]), self._changes

    def create_temporary(self, name: str, columns: str) -> None:
        """Make a temporary table."""
        self.execute(f"CREATE TEMP TABLE IF NOT EXISTS {name} ({_TYPE.sub(lambda found: _TYPES[found[0]], columns)})")

    def fill_temporary(self, name: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Insert rows."""
        self.fill(name, columns, rows)

    def empty_temporary(self, tables: Sequence[str]) -> None:
        """Delete the rows, or truncate what is large.

        No VACUUM looks after temporary tables: each later statement would read the room of deleted rows again, half of
        the work of an import of a million rows. To truncate takes 3 ms a table, more than a few rows take.
        """
        found = self._query(
            "SELECT name FROM unnest(CAST(? AS text[])) AS t (name)"
            " WHERE pg_relation_size(CAST('pg_temp.' || name AS regclass)) > ?",
            (list(tables), TRUNCATE_FROM),
        )
        large = {str(name) for (name,) in found}
        with self.together():
            if large:
                self.execute(f"TRUNCATE {', '.join(sorted(large))}")
            for name in tables:
                if name not in large:
                    self.execute(f"DELETE FROM {name}")

    def prefer_indexes(self, on: bool) -> None:
        """For the rest of the open transaction have the planner join by loops over indexes alone, or as usual.

        It would hash or walk through all orders for the 15,000 of a slice, and the time of each grew with the store.
        """
        how = "off" if on else "on"
        self._query("SELECT set_config(v, ?, TRUE) FROM unnest('{enable_hashjoin,enable_mergejoin}'::text[]) v", (how,))

    def count_rows(self, *tables: str) -> None:
        """Have the planner look at these tables."""
        if self.is_member and not {"orders", "import_orders"}.isdisjoint(tables):
            self._query("SELECT look_anew()")
            return
        self.execute(f"ANALYZE {', '.join(tables)}")

    def follow_ids(self) -> None:
        """Set each sequence to the largest number of its table."""
        for table, column in self.query(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND is_identity = 'YES'"
        ):
            self.query(
                f"SELECT setval(pg_get_serial_sequence(?, ?), max({column})) FROM {table} HAVING max({column}) > 0",
                (table, column),
            )

    def set_bulk(self, on: bool) -> None:
        """Do nothing: the server needs no preparation."""

    def create_read_indexes(self, written: int | None = None) -> None:
        """Make the indexes for reading, and count what the planner needs to know, unless hardly anything is new.

        The store of a team has had them since it has a team.
        """
        if not self.is_member:
            self._run_script("read_indexes.sql")
        known = self.query("SELECT reltuples FROM pg_class WHERE oid = CAST('orders' AS regclass)")[0][0]
        if written is not None and written * PLANNER_SHARE < known:
            return
        if self.is_member:
            self.query("SELECT look_anew()")
        else:
            self.run(f"ANALYZE {self._tables()}")

    # -- maintenance

    def _tables(self) -> str:
        """Return the store's tables, separated by commas: without them, ANALYZE and VACUUM take the whole database."""
        found = self.query("SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = current_schema()")
        return ", ".join(name for (name,) in found)

    def find_damage(self, tables: Sequence[str] = ()) -> list[str]:  # noqa: ARG002
        """Return nothing: the server looks after its own files, with checksums where it was made with them."""
        return []

    def size(self) -> int:
        """Return the bytes of the store's tables and indexes."""
        return int(
            self.query(
                "SELECT coalesce(CAST(sum(pg_total_relation_size(c.oid)) AS bigint), 0) FROM pg_class c"
                " WHERE c.relkind = 'r' AND c.relnamespace = CAST(quote_ident(current_schema()) AS regnamespace)"
            )[0][0]
        )

    def location(self) -> str:
        """Return the server's own number and the number of the schema in it: a restored dump has others."""
        return str(self.query(f"SELECT {_LOCATION}")[0][0])

    def backup(self, *_: object) -> int:
        """Refuse: a server is backed up as a whole."""
        raise StoreError(
            f"{self.place} is on a server, whose backups are made there (pg_dump, or what your provider has);"
            " docs/team.md says how, and what a restored one needs"
        )

    def compact(self) -> None:
        """Free the room of deleted rows for new ones, and count anew what the planner needs to know."""
        with self._translated():
            self.connection.execute(f"VACUUM (ANALYZE) {self._tables()}")

    @contextmanager
    def stoppable(self, stop: Callable[[], bool]) -> Iterator[None]:
        """Have a thread ask `stop`, and stop the statement that runs inside when it says so."""
        is_over = threading.Event()

        def watch() -> None:
            while not is_over.wait(STOP_SECONDS):
                if stop():
                    self.interrupt()

        watcher = threading.Thread(target=watch, name="stop", daemon=True)
        watcher.start()
        try:
            yield
        finally:
            is_over.set()
            watcher.join()

    def interrupt(self) -> None:
        """Stop what another thread is reading."""
        with suppress(psycopg.Error):
            self.connection.cancel_safe(timeout=CONNECT_SECONDS)

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


def _transaction_id() -> str:
    """Return an id that no other transaction has."""
    return os.urandom(8).hex()


def postgres_engine(engine: Engine) -> PostgresEngine:
    """Return an engine that must be PostgreSQL's."""
    assert isinstance(engine, PostgresEngine)
    return engine
