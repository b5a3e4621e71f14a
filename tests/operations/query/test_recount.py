"""The recount finds no disagreement in sound stores, and each kind of wrong number that is planted in one."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ordertui.operations.demo import build_practice
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock, parse_iso
from support.cli import AS_OF, Command
from support.profile import LONG

NOW = parse_iso(AS_OF)


def recount(store: Path) -> list[str]:
    with Session.open(store, clock=FixedClock(NOW), read_only=True) as session:
        return [str(one) for one in session.recount().run()]


@pytest.mark.parametrize("seed", range(200 if LONG else 4))
def test_practice_stores_agree(seed: int, tmp_path: Path) -> None:
    """They have held, sent, answered and refunded batches, partly shipped orders, requests and FBA orders."""
    assert recount(build_practice(tmp_path, orders=300 + 100 * (seed % 3), seed=seed, now=NOW)) == []


@pytest.mark.parametrize("market", ["US", "DE", "JP", "IN"])
def test_the_examples_agree(market: str, tmp_path: Path) -> None:
    command = Command(tmp_path)
    command.bring(market)
    assert "recounted" in command.run("store", "check", "--orders").stderr
    assert recount(command.store) == []


PLANTED = {
    "total": ("UPDATE orders SET total = total + 1 WHERE id = :id", "the total in minor units"),
    "no total": ("UPDATE orders SET total = NULL WHERE id = :id", "the total in minor units"),
    "units": ("UPDATE orders SET items = items + 1 WHERE id = :id", "units"),
    "units shipped": ("UPDATE orders SET units_shipped = 7 WHERE id = :id", "units shipped"),
    "refunded": ("UPDATE orders SET refunded = 'full' WHERE id = :id", "refunded"),
    "situation": ("UPDATE orders SET situation = situation + 1 WHERE id = :id", "the situation"),
    "status": ("UPDATE orders SET status = 'cancelled' WHERE id = :id", "the situation"),
    "line price": ("UPDATE lines SET item_price = item_price + 100 WHERE order_id = :id", "the total in minor units"),
    "open action": ("UPDATE orders SET state = 'held', open_action = 'cancel' WHERE id = :id", "its open action"),
}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_fault_is_found(kind: str, tmp_path: Path) -> None:
    command = Command(tmp_path)
    command.bring("US")
    with Session.open(command.store, clock=FixedClock(NOW), read_only=True) as session:
        row_id = session.orders.find("status:unshipped channel:merchant total>1", limit=1)[0]
        order_id = session.orders.rows([row_id])[row_id].order_id
    sql, what = PLANTED[kind]
    with sqlite3.connect(command.store) as connection:
        connection.execute(sql, {"id": row_id})
    connection.close()
    done = command.run("store", "check", "--orders")
    assert done.code == 4
    assert f"{order_id}: {what} is " in done.stdout
