"""Stores of older versions are migrated, with nothing lost and the audit still whole."""

import json
import sqlite3
from pathlib import Path

import pytest

from ordertui.operations.planning.plan_file import encode
from ordertui.orders.batch_state import RowState
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from ordertui.store import Store, StoreError
from ordertui.store.engine import migrations
from ordertui.store.engine.protocol import GENESIS, chained
from support.batches import plan, session_of, states
from support.reports import COLUMNS, cells, write
from support.shops import ALL_ORDERS, NOW, all_orders_row, item_id, open_session, order_id


def version_one(path: Path, folder: Path) -> None:
    """A store as version 1 wrote it: order 1 in a batch that left without its files (a crash), order 2 still held."""
    with session_of(folder, waiting=2, shipped=0) as session:
        plans = [plan(session, Action.CANCEL, 1), plan(session, Action.CANCEL, 2)]
        encoded = [encode(one) for one in plans]
    source = sqlite3.connect(folder / "orders.db")
    old = sqlite3.connect(path)
    for statement in migrations.statements("0001_tables.sql"):
        old.execute(statement)
    old.execute(f"PRAGMA application_id = {migrations.APPLICATION_ID}")
    old.execute("PRAGMA user_version = 1")
    for table in ("products", "orders", "lines", "imports"):
        names = [name for _, name, *_ in old.execute(f"PRAGMA table_info({table})")]
        kept = {name for _, name, *_ in source.execute(f"PRAGMA table_info({table})")}
        wanted = [name if name in kept else "NULL" for name in names]
        rows = source.execute(f"SELECT {','.join(wanted)} FROM {table}").fetchall()
        old.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(names))})", rows)
    previous = GENESIS
    for ident, (kind, payload) in enumerate(
        [
            ("batch.held", {"batch": 1, "orders": [order_id(1)]}),
            ("batch.sent", {"batch": 1, "orders": [order_id(1)], "sha256": plans[0].files[0].sha256}),
            ("batch.held", {"batch": 2, "orders": [order_id(2)]}),
        ],
        start=1,
    ):
        text = json.dumps(payload)
        mark = chained(previous, ident, NOW, kind, text)
        old.execute("INSERT INTO audit VALUES (?, ?, ?, ?, ?, ?)", (ident, NOW, kind, text, previous, mark))
        previous = mark
    for ident, state in ((1, "sent"), (2, "held")):
        old.execute(
            "INSERT INTO batches (id, action, marketplace, state, created_at, due_at, sent_at, files, sha256, advice,"
            " plan)"
            " VALUES (?, 'cancel', 'US', ?, ?, ?, ?, '[]', ?, '', ?)",
            (
                ident,
                state,
                NOW,
                NOW + 900,
                NOW if ident == 1 else None,
                plans[ident - 1].files[0].sha256,
                encoded[ident - 1],
            ),
        )
        old.execute(
            "INSERT INTO batch_rows (batch, pos, order_id, action, state, is_open, reason) VALUES (?, 0, ?, 'cancel',"
            " ?, 1, 'NoInventory')",
            (ident, ident, state),
        )
    old.execute("INSERT INTO meta VALUES ('writing:1', 'x')")
    old.commit()
    old.close()
    source.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "old").mkdir()
    version_one(tmp_path / "old" / "orders.db", tmp_path / "source")
    return tmp_path / "old"


def test_a_crashed_and_a_held_batch_of_version_one_go_on(folder: Path) -> None:
    clock = FixedClock(NOW)
    with open_session(folder, clock=clock) as session:
        assert states(session, 1) == {order_id(1): RowState.WRITTEN}
        assert any("its files are not all written" in line for line in session.maintenance.check())
        clock.advance(900)
        assert [batch.id for batch in session.dispatcher.run()] == [1, 2]
        assert session.maintenance.check() == []
        assert [one["what"] for one in session.audit.records(order_id(1))] == ["batch.sent", "batch.held"]
        assert len(list(folder.glob("outbox/0001-US-cancel-*/order-cancellation.txt"))) == 1


@pytest.mark.parametrize("version", range(1, migrations.LATEST + 1))
def test_orders_batches_and_audit_of_every_version_are_kept(folder: Path, version: int) -> None:
    """Bring the store of version 1 to `version` by its own scripts; until 4 an action was told with its state."""
    old = sqlite3.connect(folder / "orders.db")
    for name in migrations.SCRIPTS[1:version]:
        for statement in migrations.statements(name):
            old.execute(statement)
    old.execute(f"PRAGMA user_version = {version}")
    state = "sent" if version < 16 else "written"
    told = "cancel:sent" if version < 5 else "cancel"
    old.execute("UPDATE orders SET state = ?, open_action = ? WHERE id = 1", (state, told))
    before = old.execute("SELECT order_id, status, total, currency FROM orders ORDER BY order_id").fetchall()
    lines = old.execute("SELECT count(*), sum(quantity), sum(item_price) FROM lines").fetchall()
    old.commit()
    old.close()
    with open_session(folder) as session:
        rows = [session.orders.get(order_id(number)) for number in (1, 2)]
        assert [str(row.row.open_action) for row in rows if row] == ["cancel:written", "None"]
        assert [(batch.id, batch.state.value) for batch in session.batches.find()] == [(2, "held"), (1, "written")]
        assert session.batches.recall(2) == 1
        assert "4 records, chain unbroken" in session.audit.verify(), "three of the old store, and the recall"
    new = sqlite3.connect(folder / "orders.db")
    assert new.execute("PRAGMA user_version").fetchone()[0] == migrations.LATEST
    assert new.execute("SELECT order_id, status, total, currency FROM orders ORDER BY order_id").fetchall() == before
    assert new.execute("SELECT count(*), sum(quantity), sum(item_price) FROM lines").fetchall() == lines
    new.close()


def test_read_only_does_not_migrate(folder: Path) -> None:
    before = (folder / "orders.db").read_bytes()
    with pytest.raises(StoreError, match="where it cannot be written, a copy"):
        Store.open(folder / "orders.db", clock=FixedClock(NOW), read_only=True)
    assert (folder / "orders.db").read_bytes() == before


def test_a_migration_is_all_or_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = migrations.statements

    def half(name: str):  # type: ignore[no-untyped-def]
        yield from list(real(name))[:3]
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(migrations, "statements", half)
        with pytest.raises(OSError, match="No space"):
            Store.open(folder / "orders.db", clock=FixedClock(NOW))
    old = sqlite3.connect(folder / "orders.db")
    assert old.execute("PRAGMA user_version").fetchone()[0] == 1
    old.close()
    with open_session(folder) as session:
        assert len(session.batches.find()) == 2


def test_a_store_of_version_four_goes_on(tmp_path: Path) -> None:
    """Version 4 named action and state in one text. What is shown stays, and the held batch can be taken back."""
    script = Path(__file__).parents[1] / "stores" / "version_4.sql"
    connection = sqlite3.connect(tmp_path / "orders.db")
    connection.executescript(script.read_text(encoding="utf-8"))
    old = dict(connection.execute("SELECT order_id, open_action FROM orders"))
    connection.close()
    assert old == {
        order_id(1): "cancel:ok", order_id(2): "cancel:error", order_id(3): "cancel:held",
        order_id(11): "refund:sent", order_id(12): None,
    }  # fmt: skip
    with open_session(tmp_path, clock=FixedClock(NOW)) as session:
        for key, text in old.items():
            order = session.orders.get(key)
            assert order is not None
            told = None if text is None else text.replace("sent", "written")
            assert (None if order.row.open_action is None else str(order.row.open_action)) == told
        assert [session.orders.count(f"state:{state}") for state in ("ok", "error", "held", "written")] == [1, 1, 1, 1]
        (wrong,) = session.maintenance.check()
        assert "0003-US-refund/payment-adjustment.txt is gone" in wrong, "it is on the machine of the fixture"
        assert session.context.store.audit.verify().ok
        assert session.batches.recall(2) == 1
        assert [batch.state for batch in session.batches.find()] == ["recalled", "written", "recalled", "answered"]
    connection = sqlite3.connect(tmp_path / "orders.db")
    assert connection.execute("PRAGMA user_version").fetchone() == (migrations.LATEST,)
    found = dict(connection.execute("SELECT order_id, open_action FROM orders"))
    assert found == {
        order_id(1): "cancel", order_id(2): "cancel", order_id(3): None, order_id(11): "refund", order_id(12): None,
    }  # fmt: skip
    connection.close()


def test_a_total_below_zero_becomes_unknown_and_is_told(tmp_path: Path) -> None:
    """A promotion of 30.00 on 20.00 was shown as a total of -10.00."""
    rows = [all_orders_row(number, "Shipped", item_price="20.00", item_tax="") for number in (1, 2, 3)]
    with open_session(tmp_path) as session:
        session.imports.import_files([write(tmp_path / "a.txt", ALL_ORDERS, rows)])
    old = sqlite3.connect(tmp_path / "orders.db")
    old.execute("UPDATE lines SET item_promotion = CASE order_id WHEN 1 THEN 3000 ELSE 2000 END WHERE order_id < 3")
    old.execute("UPDATE orders SET total = CASE id WHEN 1 THEN -1000 ELSE 0 END WHERE id < 3")
    old.execute("ALTER TABLE refunds DROP COLUMN accepted")
    old.execute(f"PRAGMA user_version = {migrations.SCRIPTS.index('0027_possible_totals.sql')}")
    old.commit()
    old.close()
    with open_session(tmp_path) as session:
        totals = [session.orders.get(order_id(number)) for number in (1, 2, 3)]
        assert [str(one.row.total) for one in totals if one] == ["None", "USD 0.00", "USD 20.00"]
        assert list(session.recount().run()) == []
        assert any("total: 1 order" in one for one in session.notices.banners())


def test_units_and_total_of_like_items_of_several_reports_become_unknown(tmp_path: Path) -> None:
    """One row of two units, and two item ids of one unit: these were three units before."""
    whole = all_orders_row(1, "Shipped", quantity="2", item_price="20.00", item_tax="")
    bought = cells("new_orders", 1) | {"sku": whole["sku"], "quantity-purchased": "1", "item-price": "10.00"}
    items = [bought | {"order-id": order_id(1), "order-item-id": item_id(1, line)} for line in (1, 2)]
    with open_session(tmp_path) as session:
        session.imports.import_files([write(tmp_path / "a.txt", ALL_ORDERS, [whole, all_orders_row(2, "Shipped")])])
        session.imports.import_files([write(tmp_path / "n.txt", COLUMNS["new_orders"], items)])
        known = session.orders.get(order_id(2))
        assert known is not None
    old = sqlite3.connect(tmp_path / "orders.db")
    old.execute("UPDATE orders SET total = 3000, currency = 'USD', items = 3 WHERE id = 1")
    old.execute(f"PRAGMA user_version = {migrations.SCRIPTS.index('0029_like_items.sql')}")
    old.commit()
    old.close()
    with open_session(tmp_path) as session:
        found = session.orders.get(order_id(1))
        assert found is not None
        assert (found.row.total, found.row.items) == (None, None)
        assert session.orders.get(order_id(2)) == known
        assert list(session.recount().run()) == []
        assert any("total: 1 order" in one and "units: 1 order" in one for one in session.notices.banners())


def test_dates_of_single_fields_become_columns(folder: Path) -> None:
    """Until version 8 they were one JSON object with the numbers of the fields."""
    old = sqlite3.connect(folder / "orders.db")
    old.execute("""UPDATE orders SET ages = '{"2":5,"7":6}', sources = 1 WHERE id = 1""")
    old.execute("""UPDATE lines SET ages = '{"0":7,"5":8}', at = 9, quantity_shipped = 0, status = NULL""")
    old.commit()
    old.close()
    with open_session(folder):
        pass
    new = sqlite3.connect(folder / "orders.db")
    assert new.execute("SELECT a_marketplace, a_status, a_prime FROM orders").fetchall() == [(None, 5, 6), (None,) * 3]
    assert new.execute("SELECT a_item_id, a_quantity, a_price, first_at FROM lines").fetchall() == [(7, None, 8, 7)] * 2
    assert new.execute("SELECT order_id, waits_at FROM lines").fetchall()[0] == (1, 9), "an Unshipped report named it"
    new.close()
