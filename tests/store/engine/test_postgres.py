"""What a server must hold to as a file does, and what only a server has: logins, its clock, its change number."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import psycopg
import pytest
import write_postgres_tables
from psycopg import sql

from ordertui.operations.config import Config
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock, SystemClock
from ordertui.orders.enums import Action
from ordertui.store import Store, StoreError
from ordertui.store.engine import postgres
from ordertui.store.engine.database import as_parameter
from ordertui.store.engine.errors import Interrupted, ServerUnreachable, StoreLocked
from ordertui.store.engine.postgres import CHANNEL, PostgresEngine, as_psycopg
from ordertui.store.engine.server_connection import translate_error
from ordertui.store.repositories.derived_facts import LINES_KNOWN
from support import places
from support.at_once import at_once
from support.batches import commit, states
from support.imports import CLOCK
from support.shops import NOW, standard

pytestmark = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)


def store_at(path: Path, *, read_only: bool = False) -> Store:
    return Store.open(places.store_at(path / "a.db"), clock=CLOCK, read_only=read_only)


def session_at(path: Path, clock: FixedClock | SystemClock | None = None, user: str = "owner") -> Session:
    place = str(places.place(path / "a.db")).replace("//owner@", f"//{user}@")
    return Session.open(place, clock=clock or FixedClock(NOW), config=Config())


def columns(store: Store, names: str) -> set[tuple[str, ...]]:
    return {tuple(row) for row in store.database.query(names)}


def test_the_tables_file_is_the_one_that_the_steps_make() -> None:
    assert write_postgres_tables.page() == write_postgres_tables.PAGE.read_text(encoding="utf-8"), (
        "run scripts/write_postgres_tables.py"
    )


def test_both_engines_end_with_the_same_tables_and_columns(tmp_path: Path) -> None:
    with Store.open(tmp_path / "a.db", clock=CLOCK) as file, store_at(tmp_path) as server:
        there = columns(
            server,
            "SELECT table_name, column_name, is_nullable FROM information_schema.columns"
            " WHERE table_schema = current_schema()"
            " AND table_name NOT IN ('schema_version', 'change_number', 'changes', 'commits', 'unrecorded')"
            " AND column_name <> 'made'",
        )
        here = columns(
            file,
            "SELECT m.name, c.name, CASE WHEN c.\"notnull\" OR c.pk > 0 THEN 'NO' ELSE 'YES' END FROM sqlite_master m,"
            " pragma_table_info(m.name) c WHERE m.type = 'table'",
        )
        assert here == there
        names = "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema()"
        for store in (file, server):
            store.database.create_read_indexes()
        indexes = {row[0] for row in file.database.query("SELECT name FROM sqlite_master WHERE sql LIKE '%INDEX%'")}
        assert indexes <= {row[0] for row in server.database.query(names)}
        looked = []
        for written in (None, 99, 101):  # of 1,000 orders
            server.database.query("UPDATE pg_class SET reltuples = 1000 WHERE oid = CAST('orders' AS regclass)")
            server.database.create_read_indexes(written)
            (known,) = server.database.query("SELECT reltuples FROM pg_class WHERE oid = CAST('orders' AS regclass)")
            looked.append(known[0] != 1_000)
        assert looked == [True, False, True], "the planner looks at all tables after many changes alone"


def test_both_engines_have_the_same_read_indexes() -> None:
    """They differ in nothing but where unknown values stand, which SQLite puts first by itself."""
    folder = write_postgres_tables.PAGE.parents[1]
    here, there = ((folder / name / "read_indexes.sql").read_text(encoding="utf-8") for name in ("sqlite", "postgres"))
    assert there.replace(" NULLS FIRST", "") == here
    condition = here.partition("lines_odd ON lines (order_id) WHERE ")[2].partition(";")[0]
    assert " ".join(condition.split()) in LINES_KNOWN, "the index serves no statement"


def test_a_store_takes_one_schema_step_after_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    latest = postgres.LATEST
    monkeypatch.setattr(postgres, "STEPS", {latest + 1: "one.sql", latest + 2: "two.sql"})
    run, done = PostgresEngine._run_script, []

    def note(engine: PostgresEngine, name: str) -> None:
        if name in ("one.sql", "two.sql"):
            done.append(name)
        else:
            run(engine, name)

    monkeypatch.setattr(PostgresEngine, "_run_script", note)
    for step in range(3):
        monkeypatch.setattr(postgres, "LATEST", latest + step)
        with store_at(tmp_path) as store:
            assert store.database.required(int, "SELECT version FROM schema_version") == latest + step
            assert store.database.required(int, "SELECT count(*) FROM commits WHERE id = ''") == 0
    assert done == ["one.sql", "two.sql"]


@pytest.mark.parametrize("attempt", range(3))
def test_an_empty_schema_may_be_opened_by_several_at_once(tmp_path: Path, attempt: int) -> None:
    at_once(*[lambda: store_at(tmp_path).close()] * 6)
    with store_at(tmp_path) as store:
        assert store.identity.id


def test_only_a_lost_line_is_called_one() -> None:
    lost = (psycopg.OperationalError("gone"), psycopg.errors.AdminShutdown("x"), psycopg.errors.ConnectionFailure("x"))
    other = (psycopg.errors.StatementTooComplex("deep"), psycopg.errors.OutOfMemory("x"), psycopg.DataError("x"))
    assert [type(translate_error(one, "here")) for one in lost] == [ServerUnreachable] * 3
    assert [type(translate_error(one, "here")) for one in other] == [StoreError] * 3
    assert "deep" in str(translate_error(other[0], "here"))


def test_a_statement_gets_the_placeholders_of_the_driver() -> None:
    assert as_psycopg("SELECT ? WHERE a LIKE '50%:x? +y' AND +b = :b AND c + d = :b::text % 2") == (
        "SELECT %s WHERE a LIKE '50%%:x? +y' AND b = %(b)s AND c + d = %(b)s::text %% 2"
    )


def test_two_writers_wait_for_each_other_and_one_that_waits_too_long_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ordertui.store.engine.postgres.LOCK_SECONDS", 1)
    with store_at(tmp_path) as one, store_at(tmp_path) as other:
        seen: list[str | None] = []
        with one.write():
            one.set_meta("a", "1")
            with pytest.raises(StoreLocked, match="another process writes"):
                other.set_meta("a", "2")
            assert other.meta("a") is None

            def write_and_look() -> None:
                other.set_meta("b", "2")
                seen.append(other.meta("a"))

            late = threading.Thread(target=write_and_look)
            late.start()
        late.join(5)
        assert seen == ["1"]


def test_each_commit_counts_up_and_tells_it(tmp_path: Path) -> None:
    with store_at(tmp_path) as store, store_at(tmp_path) as other:
        engine = other.database.engine
        assert isinstance(engine, PostgresEngine)
        engine.connection.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
        before, token = store.database.required(int, "SELECT number FROM change_number"), other.data_version()
        assert other.data_version() == token
        store.set_meta("a", "1")
        heard = next(iter(engine.connection.notifies(timeout=60, stop_after=1)))
        assert heard.payload.split() == [store.database.value(str, "SELECT current_schema()"), str(before + 1)]
        assert other.data_version() != token


def test_a_reader_changes_nothing_whatever_it_tries(tmp_path: Path) -> None:
    with store_at(tmp_path) as store, store.reader() as reader, pytest.raises(StoreError, match="may not be written"):
        reader.database.engine.execute("DELETE FROM meta")
    with pytest.raises(StoreError, match="has no store"):
        store_at(tmp_path / "nowhere", read_only=True)


def test_a_long_read_is_stopped(tmp_path: Path) -> None:
    with store_at(tmp_path) as store:
        threading.Timer(0.3, store.interrupt).start()
        with pytest.raises(Interrupted):
            store.database.query("SELECT pg_sleep(30)")
        assert store.database.required(int, "SELECT 1") == 1


def test_holds_end_by_the_servers_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with session_at(tmp_path) as session:
        standard(session, tmp_path)
        held = commit(session, Action.CANCEL, 1)
    monkeypatch.setattr("time.time", lambda: NOW - 10 * 365 * 86_400)  # this machine's clock is years behind
    with session_at(tmp_path, SystemClock()) as session:
        at = session.context.store.database.required(
            int, "SELECT CAST(extract(epoch FROM clock_timestamp()) AS bigint)"
        )
        assert abs(session.clock.now() - at) <= 1
        assert session.context.store.batches.get(held).hold_end is None
        session.batches.release(held)
        assert abs(session.context.store.batches.get(held).due_at - at) <= 2
        assert session.context.store.batches.due() == [held]


def test_the_owner_cannot_change_the_audit_by_accident(tmp_path: Path) -> None:
    with session_at(tmp_path) as session:
        standard(session, tmp_path)
        engine = session.context.store.database.engine
        for change in ("UPDATE audit SET payload = ''", "DELETE FROM audit", "TRUNCATE audit, audit_orders"):
            with pytest.raises(StoreError, match="append-only"):
                engine.execute(change)


def cut(path: Path, store: Store) -> None:
    pid = store.database.required(int, "SELECT pg_backend_pid()")
    with store_at(path) as other:
        other.database.query("SELECT pg_terminate_backend(CAST(? AS int), 5000)", (pid,))


def test_a_connection_lost_between_changes_is_opened_again(tmp_path: Path) -> None:
    with session_at(tmp_path) as session:
        standard(session, tmp_path)
        cut(tmp_path, session.context.store)
        assert states(session, commit(session, Action.CANCEL, 1))
        cut(tmp_path, session.context.store)
        assert session.context.store.meta("nothing") is None


def test_a_connection_lost_in_a_change_is_told_and_nothing_of_it_is_kept(tmp_path: Path) -> None:
    with store_at(tmp_path) as store:

        def change() -> None:
            with store.write():
                store.set_meta("a", "1")
                cut(tmp_path, store)
                with pytest.raises(StoreError, match="connection to the server was lost"):
                    store.set_meta("b", "1")
                store.set_meta("c", "1")  # as code that goes on after an error

        with pytest.raises(StoreError, match="undone by an error before"):
            change()
        assert [store.meta(key) for key in "abc"] == [None, None, None]
        store.set_meta("d", "1")
        assert store.meta("d") == "1"


def test_no_driver_is_told_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "ordertui.store.engine.postgres", raising=False)
    with pytest.raises(StoreError, match=r"pip install 'ordertui\[team\]'"):
        store_at(tmp_path)


def test_values_that_are_no_words_of_sql_come_back_as_they_are(tmp_path: Path) -> None:
    with store_at(tmp_path) as store:
        odd = ["'; DROP TABLE orders; --", "50% %s %(a)s ?", ":name", "ü\u2028", '{"a": [1]}', "\\"]
        for value in odd:
            store.set_meta("k", value)
            assert store.meta("k") == value
        table = store.database.values_sql("some", key=str)
        found = store.database.query(f"SELECT key FROM {table} AS v", {"some": as_parameter(odd)})
        assert [row[0] for row in found] == odd


def test_what_is_wrong_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be opened"):
        Session.open(f"postgresql://owner@/nowhere?host={tmp_path}", clock=CLOCK, config=Config())
    with store_at(tmp_path) as store, pytest.raises(StoreError, match="does not exist"):
        store.database.query("SELECT nothing FROM nowhere")
    assert issubclass(psycopg.OperationalError, psycopg.Error)


def test_what_counts_and_tidies_a_store_leaves_the_rest_of_the_database_alone(tmp_path: Path) -> None:
    """A server has other schemas; ANALYZE and VACUUM without names take every table that the login may."""
    with session_at(tmp_path) as session:
        engine = session.context.store.database.engine
        assert isinstance(engine, PostgresEngine)
        other = sql.Identifier(f"other_{tmp_path.name[:20]}").as_string()
        engine.run(f"CREATE SCHEMA {other}; CREATE TABLE {other}.t AS SELECT 1 AS a")
        standard(session, tmp_path)
        session.maintenance.compact()
        counted: dict[str, float] = dict(
            engine.query(
                f"SELECT relname, reltuples FROM pg_class WHERE oid IN ('{other}.t'::regclass, 'orders'::regclass)"
            )
        )
        assert (counted["t"], counted["orders"]) == (-1, 100)
