"""Opening a store: whose file it is, which version, and who waits for whom."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from ordertui.store import Store
from ordertui.store.engine import migrations
from ordertui.store.engine.errors import ReadOnlyStore, SchemaTooNew, StoreError
from support.imports import CLOCK, Report, importer, row, take


def test_a_newer_schema_is_refused_with_what_to_do_and_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    Store.open(path, clock=CLOCK).close()
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {migrations.LATEST + 1}")
    connection.close()
    before = path.read_bytes()
    for read_only in (False, True):
        with pytest.raises(SchemaTooNew) as caught:
            Store.open(path, clock=CLOCK, read_only=read_only)
        text = str(caught.value)
        assert str(path) in text
        assert str(migrations.LATEST + 1) in text
        assert "use the newer ordertui that wrote it, or choose another file with --store" in text
    assert path.read_bytes() == before


def test_a_new_file_is_waited_for_while_another_process_makes_it(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    threading.Timer(0.3, lambda: other.execute("ROLLBACK")).start()
    with Store.open(path, clock=CLOCK) as store:
        assert store.identity.id
    other.close()


@pytest.mark.parametrize("content", ["another", "text"])
def test_another_programs_file_is_refused_and_not_touched(content: str, tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    if content == "another":
        connection = sqlite3.connect(path)
        connection.execute("CREATE TABLE notes (text)")
        connection.commit()
        connection.close()
    else:
        path.write_text("order-id\tsku\n" * 500, encoding="utf-8")
    before = path.read_bytes()
    with pytest.raises(StoreError, match="--store"):
        Store.open(path, clock=CLOCK)
    if content == "text":
        assert path.read_bytes() == before
    else:
        assert sqlite3.connect(path).execute("SELECT count(*) FROM sqlite_master").fetchone() == (1,)


def test_a_store_is_migrated_from_nothing_and_opens_again(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "a.db"
    with Store.open(path, clock=CLOCK) as store:
        take(store, Report("all_orders", (row(),)))
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (migrations.LATEST,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
    with Store.open(path, clock=CLOCK, read_only=True) as store:
        assert store.orders.count() == 1
        with pytest.raises(ReadOnlyStore):
            importer(store, Report("all_orders", ()))


def test_a_reader_never_waits_for_the_writer_nor_sees_half_a_change(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    with Store.open(path, clock=CLOCK) as writer, writer.reader() as reader:
        take(writer, Report("all_orders", tuple(row(n) for n in range(1, 11))))
        seen: list[int] = []
        with writer.write() as connection:
            connection.execute("DELETE FROM orders WHERE id > 3")
            thread = threading.Thread(target=lambda: seen.append(reader.orders.count()))
            thread.start()
            thread.join(timeout=5)  # a reader that waits would wait for the end of this block
            assert seen == [10]
        assert reader.orders.count() == 3
