"""Transactions that nest, and lists of values as tables."""

from __future__ import annotations

import json
import sqlite3
import tracemalloc
from array import array
from contextlib import closing
from pathlib import Path

import pytest

from ordertui.store import ReadOnlyStore, Store
from ordertui.store.engine.database import as_parameter
from ordertui.store.engine.errors import ConstraintViolated, StoreError
from support import places
from support.imports import CLOCK

pytestmark = places.on_both


def keys(store: Store) -> list[str]:
    return [row[0] for row in store.database.query("SELECT key FROM meta WHERE length(key) = 1 ORDER BY key")]


def fail_inside(store: Store) -> None:
    with store.write():
        store.set_meta("b", "1")
        with store.write():
            store.set_meta("c", "1")
        raise ZeroDivisionError


def contradict(store: Store) -> None:
    with store.write() as inner:
        store.set_meta("d", "1")
        inner.execute("INSERT INTO meta (key, value) VALUES ('a', '2')")


def test_an_error_inside_undoes_the_inner_part_alone(tmp_path: Path) -> None:
    with Store.open(places.store_at(tmp_path / "a.db"), clock=CLOCK) as store:
        with store.write():
            store.set_meta("a", "1")
            with pytest.raises(ZeroDivisionError):
                fail_inside(store)
            with pytest.raises(ConstraintViolated):
                contradict(store)
            store.set_meta("e", "1")
        assert keys(store) == ["a", "e"]
        with pytest.raises(ZeroDivisionError):
            fail_inside(store)
        assert keys(store) == ["a", "e"]


def test_values_become_rows_of_their_types(tmp_path: Path) -> None:
    with Store.open(places.store_at(tmp_path / "a.db"), clock=CLOCK) as store:
        database = store.database
        rows = [(2**62, 'quote " and ü', None), (-1, "", "x"), (0, None, "\u2028")]
        table = database.values_sql("rows", n=int, a=str, b=str)
        found = database.query(f"SELECT n, a, b FROM {table} AS v ORDER BY n DESC", {"rows": as_parameter(rows)})
        assert found == [rows[0], rows[2], rows[1]]
        one = database.values_sql("some", key=str)
        assert sorted(database.query(f"SELECT key FROM {one} AS v", {"some": as_parameter(["a", "ü"])})) == [
            ("a",), ("ü",),
        ]  # fmt: skip
        assert database.query(f"SELECT key FROM {one} AS v", {"some": as_parameter([])}) == []


def test_a_value_has_the_kind_that_was_asked_for(tmp_path: Path) -> None:
    with Store.open(places.store_at(tmp_path / "a.db"), clock=CLOCK) as store:
        database = store.database
        assert database.value(int, "SELECT id FROM orders") is None, "no row"
        assert database.value(int, "SELECT max(id) FROM orders") is None, "NULL"
        assert database.required(int, "SELECT count(*) FROM orders") == 0
        with pytest.raises(StoreError, match="None in place of int"):
            database.required(int, "SELECT max(id) FROM orders")
        with pytest.raises(StoreError, match="'many' in place of int"):
            database.value(int, "SELECT 'many'")


def test_a_reader_writes_nothing(tmp_path: Path) -> None:
    with (
        Store.open(places.store_at(tmp_path / "a.db"), clock=CLOCK) as store,
        store.reader() as reader,
        pytest.raises(ReadOnlyStore, match="was opened read-only"),
    ):
        reader.set_meta("a", "1")


def test_what_no_screen_shows_does_not_change_its_version(tmp_path: Path) -> None:
    with Store.open(places.store_at(tmp_path / "a.db"), clock=CLOCK) as store, store.reader() as screen:
        store.set_meta("a", "1")
        before, token, computed = screen.data_version(), screen.database.change_token(), list[int]()

        def compute() -> int:
            computed.append(1)
            return len(computed)

        assert screen.database.cached("x", compute) == 1
        with store.write(quiet=True) as database:
            database.set_meta("beat", "1")
        assert screen.database.change_token() != token
        assert (screen.data_version(), screen.database.cached("x", compute)) == (before, 1)
        with store.write(quiet=True):
            store.set_meta("a", "2")  # what is shown counts, in whatever transaction
        assert screen.data_version() != before
        assert screen.database.cached("x", compute) == 2
        with pytest.raises(ZeroDivisionError), store.write():
            store.set_meta("a", str(1 / 0))
        assert screen.database.cached("x", compute) == 2


def read_and_fail(store: Store) -> None:
    with store.write():
        store.set_meta("c", "1")
        assert store.database.cached("keys", lambda: keys(store)) == ["c"]
        raise ZeroDivisionError


def test_what_was_read_in_a_transaction_that_was_undone_is_read_again(tmp_path: Path) -> None:
    with Store.open(places.store_at(tmp_path / "a.db"), clock=CLOCK) as store:
        with pytest.raises(ZeroDivisionError):
            read_and_fail(store)
        assert store.database.cached("keys", lambda: keys(store)) == []
        with store.write():
            with pytest.raises(ZeroDivisionError):
                read_and_fail(store)
            assert store.database.cached("keys", lambda: keys(store)) == []


def test_a_change_that_nobody_counted_is_shown(tmp_path: Path) -> None:
    """An older version that is still open, or SQL by hand, counts none."""
    path = tmp_path / "a.db"
    with Store.open(path, clock=CLOCK) as store, store.reader() as screen:
        store.set_meta("a", "1")
        seen = screen.data_version()
        for beat in ("1", "2"):
            with closing(sqlite3.connect(path)) as other:
                other.execute("UPDATE meta SET value = ? WHERE key = 'a'", (f"old {beat}",))
                other.commit()
            before, seen = seen, screen.data_version()
            assert seen != before
            with store.write(quiet=True) as database:
                database.set_meta("beat", beat)
            assert screen.data_version() == seen == screen.data_version()


def test_a_long_list_is_written_a_part_at_a_time() -> None:
    ids = array("q", range(10**6, 10**6 + 200_000))
    tracemalloc.start()
    try:
        text = as_parameter(ids)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert text == json.dumps(list(ids), separators=(",", ":"))
    assert peak < 4 * len(text), "JSON's list of texts alone takes 7 times as much"
    assert as_parameter([]) == "[]"
    assert as_parameter([(1, "é,"), (2, None)]) == '[[1,"é,"],[2,null]]'
