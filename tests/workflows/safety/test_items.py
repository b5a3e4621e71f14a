"""The order-item-id is the identity of a line: balances are per item, whatever the lines are called."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.planning.plan import PlanLine
from ordertui.operations.session import Session
from ordertui.orders.enums import Action
from ordertui.orders.order import LineAmounts
from ordertui.store import RefundExceedsPayment, RefundLine
from ordertui.store.journal.records import NewRow
from support.batches import REFUND_REASON, answer, send, session_of
from support.shops import item_id, open_session, order_id

ELEVEN = order_id(11)


def double(folder: Path, *, item: str | None, price: int | None = 1000, sku: str = "sku-11 ") -> Session:
    """A store of which an older version has two lines for order 11: the second with another SKU text."""
    session_of(folder).close()
    with closing(sqlite3.connect(folder / "orders.db")) as connection:
        connection.execute("INSERT INTO products (marketplace, sku) VALUES ('US', ?)", (sku,))
        columns = [row[1] for row in connection.execute("PRAGMA table_info(lines)")]
        changed = {
            "line": "2",
            "item_id": ":item",
            "item_price": ":price",
            "product_id": "(SELECT max(id) FROM products)",
        }
        picked = ", ".join(changed.get(name, name) for name in columns)
        connection.execute(
            f"INSERT INTO lines ({', '.join(columns)}) SELECT {picked} FROM lines WHERE line = 1 AND order_id ="
            " (SELECT id FROM orders WHERE order_id = :order_id)",
            {"item": item, "price": price, "order_id": ELEVEN},
        )  # fmt: skip
        connection.commit()
    return open_session(folder)


def planned(session: Session, *lines: PlanLine) -> object:
    row_id = session.orders.id_of(ELEVEN)
    assert row_id is not None
    choices = PlanChoices(reason="GeneralAdjustment", refunds={ELEVEN: lines}) if lines else REFUND_REASON
    (plan,) = session.planner.plan(Action.REFUND, [row_id], choices)
    return plan.rows[0].total if plan.rows else plan.out[0].why


def line(number: int, price: int) -> PlanLine:
    return PlanLine(number, item_id(11), "", 1, LineAmounts(item_price=price))


@pytest.mark.parametrize("sku", ["sku-11", "SKU-11 ", "SKU\u00c9", "SKUE\u0301"])
def test_one_item_under_two_skus_is_refunded_once(tmp_path: Path, sku: str) -> None:
    with double(tmp_path, item=item_id(11), sku=sku) as session:
        assert planned(session) == 1080
        assert "are one item" in str(planned(session, line(1, 500), line(2, 500)))
        batch = send(session, Action.REFUND, 11)
        session.results.take_in([answer(session, tmp_path, batch)])
        assert "gone back" in str(planned(session))
        assert "gone back" in str(planned(session, line(2, 1)))


def test_the_journal_guards_the_item_within_one_batch_and_over_all(tmp_path: Path) -> None:
    def row(*refunds: tuple[int, int]) -> NewRow:
        lines = tuple(RefundLine(number, "USD", LineAmounts(item_price=price)) for number, price in refunds)
        return NewRow(ELEVEN, "GeneralAdjustment", "USD", sum(price for _, price in refunds), refunds=lines)

    with double(tmp_path, item=item_id(11)) as session:
        journal = session.context.store.journal

        def add(*refunds: tuple[int, int]) -> None:
            journal.add(
                action=Action.REFUND,
                marketplace="US",
                rows=[row(*refunds)],
                plan=b"{}",
                sha256="",
                due_at=session.clock.now(),
            )

        with pytest.raises(RefundExceedsPayment):
            add((1, 600), (2, 600))
        add((1, 600), (2, 400))
        with closing(sqlite3.connect(tmp_path / "orders.db")) as connection:
            connection.execute("UPDATE batch_rows SET is_open = 0, state = 'ok'")
            connection.commit()
        with pytest.raises(RefundExceedsPayment):
            add((2, 1))


def test_one_item_with_two_amounts_is_not_guessed(tmp_path: Path) -> None:
    with double(tmp_path, item=item_id(11), price=900) as session:
        assert "one order-item-id and different amounts" in str(planned(session))
        assert "one order-item-id and different amounts" in str(planned(session, line(1, 100)))


def test_one_item_of_which_one_line_has_no_price_takes_the_other(tmp_path: Path) -> None:
    with double(tmp_path, item=item_id(11), price=None) as session:
        assert planned(session) == 1080


def test_two_lines_of_one_sku_without_ids_cannot_be_told_apart(tmp_path: Path) -> None:
    with double(tmp_path, item=None, sku="SKU-X") as session, closing(sqlite3.connect(tmp_path / "orders.db")) as raw:
        raw.execute("UPDATE lines SET item_id = NULL, product_id = (SELECT max(id) FROM products) WHERE order_id ="
                    " (SELECT id FROM orders WHERE order_id = ?)", (ELEVEN,))  # fmt: skip
        raw.commit()
        assert "order-item-id is unknown" in str(planned(session)) or "cannot be told apart" in str(planned(session))


def test_what_went_back_counts_when_the_item_gets_another_id(tmp_path: Path) -> None:
    session = session_of(tmp_path)
    batch = send(session, Action.REFUND, 11)
    session.results.take_in([answer(session, tmp_path, batch)])
    session.close()
    with closing(sqlite3.connect(tmp_path / "orders.db")) as connection:
        connection.execute("UPDATE lines SET item_id = '99' WHERE item_id = ?", (item_id(11),))
        connection.commit()
    with open_session(tmp_path) as again:
        assert not isinstance(planned(again), int)
