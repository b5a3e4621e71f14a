"""The recount finds no disagreement in sound stores, and each kind of wrong number that is planted in one."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from ordertui.operations.demo import build_practice
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock, parse_iso
from support.cli import AS_OF, EXAMPLES, Command
from support.profile import LONG
from support.reports import write
from support.shops import all_orders_row, bring, open_session, order_id

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


def test_the_examples_in_other_forms_agree(tmp_path: Path) -> None:
    """UTF-16, packed, XML, and reports with rows that cannot be read."""
    command = Command(tmp_path)
    for path in sorted([*(EXAMPLES / "eu" / "reports").iterdir(), *(EXAMPLES / "quirks").iterdir()]):
        if path.name not in ("no-report.txt", "ambiguous-encoding.txt"):
            assert command.run("import", "--marketplace", "US", path).code in (0, 4), path
    assert "recounted" in command.run("store", "check", "--orders").stderr


@pytest.mark.parametrize("words", [("Yes", "No"), ("No", "Yes")])
def test_amazons_word_on_an_order_that_is_not_cancelled_agrees(words: tuple[str, str], tmp_path: Path) -> None:
    """One item of it may be: the Cancellation Rate report names it, and All Orders shows it as unshipped."""
    with open_session(tmp_path) as session:
        waiting = [all_orders_row(1), all_orders_row(1, "Unshipped", sku="SKU-1b", item_status="Cancelled")]
        bring(session, tmp_path, everything=[*waiting, all_orders_row(2), all_orders_row(3, "Shipped")])
        rows = [
            {"Order Date": "2026-11-22", "Order ID": order_id(n), "Impacts Account Health": word}
            for n, word in zip((1, 2), words, strict=True)
        ]
        session.imports.import_files([write(tmp_path / "rate.txt", tuple(rows[0]), rows)])
        assert [str(one) for one in session.recount().run()] == []
        (effect,) = session.rate.calculator.effects("US")
        assert (effect.before.cancelled, effect.before.cancelled_at_least) == (1, 1)


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
