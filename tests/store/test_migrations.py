"""A store of version 1 becomes one of version 2, with nothing lost and the audit still whole."""

import json
import sqlite3
from pathlib import Path

import pytest

from ordertui.operations.planning.plan_file import encode
from ordertui.orders.batch_state import RowState
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from ordertui.store import Store, StoreError, migrations
from ordertui.store.audit import GENESIS, chained
from support.batches import plan, shop_of, states
from support.shops import NOW, open_shop, order_id

pytestmark = pytest.mark.usefixtures("fast_disk")


def version_one(path: Path, folder: Path) -> None:
    """A store as version 1 wrote it: order 1 in a batch that left without its files (a crash), order 2 still held."""
    with shop_of(folder, waiting=2, shipped=0) as shop:
        plans = [plan(shop, Action.CANCEL, 1), plan(shop, Action.CANCEL, 2)]
        encoded = [encode(one) for one in plans]
    source = sqlite3.connect(folder / "orders.db")
    old = sqlite3.connect(path)
    for statement in migrations.statements("0001_tables.sql"):
        old.execute(statement)
    old.execute(f"PRAGMA application_id = {migrations.APPLICATION_ID}")
    old.execute("PRAGMA user_version = 1")
    for table in ("products", "orders", "lines", "imports"):
        names = [name for _, name, *_ in old.execute(f"PRAGMA table_info({table})")]
        rows = source.execute(f"SELECT {','.join(names)} FROM {table}").fetchall()
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
            "INSERT INTO batches (id, action, marketplace, state, created_at, due_at, sent_at, files, sha256, advice, plan)"
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
            "INSERT INTO batch_rows (batch, pos, order_id, action, state, is_open, reason) VALUES (?, 0, ?, 'cancel', ?, 1, 'NoInventory')",
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
    with open_shop(folder, clock=clock) as shop:
        assert states(shop, 1) == {order_id(1): RowState.SENT}
        assert any("its files are not all written" in line for line in shop.store_check())
        clock.advance(900)
        assert [batch.id for batch in shop.dispatch()] == [1, 2]
        assert shop.store_check() == []
        assert [one["what"] for one in shop.audit_records(order_id(1))] == ["batch.sent", "batch.held"]
        assert (folder / "outbox" / "0001-US-cancel" / "order-cancellation.txt").exists()


def test_read_only_does_not_migrate(folder: Path) -> None:
    before = (folder / "orders.db").read_bytes()
    with pytest.raises(StoreError, match="older version"):
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
    with open_shop(folder) as shop:
        assert len(shop.outbox()) == 2
