"""Lines of zero units, cancelled lines, damaged item ids, and promotions with their ids."""

from __future__ import annotations

from pathlib import Path

import pytest

from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.planning.plan import Plan
from ordertui.operations.session import Session
from ordertui.orders.enums import Action, Dispatched
from ordertui.orders.money import Money
from ordertui.store.engine import migrations
from support.batches import feed_bytes
from support.reports import write
from support.shops import (
    ALL_ORDERS,
    NOW,
    UNSHIPPED,
    all_orders_row,
    bring,
    item_id,
    open_session,
    order_id,
    unshipped_row,
)

OTHER = PlanChoices("Other")


def row_of(session: Session, number: int = 1) -> int:
    found = session.orders.id_of(order_id(number))
    assert found is not None
    return found


def plan(session: Session, action: Action, number: int = 1) -> Plan:
    choices = PlanChoices("Other" if action is Action.REFUND else "", shipping={order_id(number): SHIPPING})
    (found,) = session.planner.plan(action, [row_of(session, number)], choices)
    return found


SHIPPING = ("UPS", "1Z999", "2026-11-23")
NOTHING = {"currency": "", "item_price": "", "item_tax": ""}


@pytest.mark.parametrize("last", [{"quantity": 0, **NOTHING}, {"item_status": "Cancelled"}, {"quantity": 0}])
def test_a_line_of_no_units_or_cancelled_is_in_no_feed_and_no_sum(tmp_path: Path, last: dict[str, object]) -> None:
    session = open_session(tmp_path)
    rows = [all_orders_row(1), all_orders_row(1, sku="SKU-2") | {n.replace("_", "-"): v for n, v in last.items()}]
    bring(session, tmp_path, everything=rows, open_=[unshipped_row(1)])
    order = session.orders.get(order_id(1))
    assert order is not None
    assert order.row.total == Money(1080, "USD"), "only what is still wanted"
    (cancel,) = plan(session, Action.CANCEL).rows
    assert [(line.sku, line.quantity) for line in cancel.lines] == [("SKU-1", 1)]
    assert cancel.total == 1080
    assert session.eligibility.allowed_action(order.row) == "cancel"
    assert session.orders.find("action:cancel total>=10.80USD total<=10.80USD") == session.orders.find()
    session.facts.set_dispatched([order.row.id], Dispatched.YES)
    (ship,) = plan(session, Action.CONFIRM).rows
    assert [line.sku for line in ship.lines] == ["SKU-1"]


def test_an_order_of_nothing_but_empty_lines_allows_nothing(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    bring(session, tmp_path, everything=[all_orders_row(1, quantity=0)], open_=[unshipped_row(1, quantity_purchased=0)])
    for action in (Action.CANCEL, Action.CONFIRM, Action.REFUND):
        assert plan(session, action).rows == ()
        assert session.orders.find(f"action:{action}") == session.orders.find("id:none")


@pytest.mark.parametrize("length", [1, 13, 14, 15, 16, 17])
def test_an_item_id_that_no_feed_takes_is_said_everywhere(tmp_path: Path, length: int) -> None:
    session = open_session(tmp_path)
    ident = "1234567890123456789"[:length]
    bring(session, tmp_path, everything=[all_orders_row(1)], open_=[unshipped_row(1, order_item_id=ident)])
    row = session.orders.rows([row_of(session)])[row_of(session)]
    fits = 14 <= length <= 16
    found = plan(session, Action.CANCEL)
    assert [out.rule for out in found.out] == ([] if fits else ["item-id"])
    assert (session.eligibility.allowed_action(row) == "cancel") is fits
    assert bool(session.orders.find("action:cancel")) is fits


NEW_ORDERS = [
    "order-id", "order-item-id", "purchase-date", "payments-date", "sku", "product-name", "quantity-purchased",
    "currency", "item-price", "item-tax", "shipping-price", "shipping-tax", "item-promotion-discount",
    "item-promotion-id", "ship-promotion-discount", "ship-promotion-id", "sales-channel",
]  # fmt: skip


def promoted(session: Session, folder: Path, *rows: dict[str, object]) -> str:
    """Import order 1 with these rows of New orders, shipped; return the refund's file."""
    base = all_orders_row(1, "Shipped", updated=NOW)
    new = [
        {
            "order-id": order_id(1), "order-item-id": item_id(1), "purchase-date": base["purchase-date"],
            "payments-date": base["purchase-date"], "sku": "SKU-1", "quantity-purchased": 1, "currency": "USD",
            "item-price": "20.00", "item-tax": "1.60", "shipping-price": "5.00", "sales-channel": "Amazon.com",
            **{name.replace("_", "-"): value for name, value in row.items()},
        }
        for row in rows
    ]  # fmt: skip
    session.imports.import_files([write(folder / "new.txt", NEW_ORDERS, new)])
    status = {name: base[name] for name in ALL_ORDERS if not name.endswith(("price", "tax")) and name in base}
    session.imports.import_files([write(folder / "all.txt", [*status], [status])])
    (found,) = session.planner.plan(Action.REFUND, [row_of(session)], OTHER)
    return feed_bytes(found)["payment-adjustment.txt"].decode()


def test_a_promotion_goes_back_with_its_id(tmp_path: Path) -> None:
    with open_session(tmp_path) as session:
        text = promoted(
            session, tmp_path,
            {"item_promotion_discount": "3.00", "item_promotion_id": "PAWS-V2", "ship_promotion_discount": "5.00",
             "ship_promotion_id": "FREE SHIP 2026/11"},
        )  # fmt: skip
        header, row = (line.split("\t") for line in text.splitlines())
        cells = dict(zip(header, row, strict=True))
        assert (cells["item-price-adj"], cells["item-promotion-adj"], cells["item-promotion-id"]) == (
            "20.00", "-3.00", "PAWS-V2",
        )  # fmt: skip
        assert (cells["ship-promotion-adj"], cells["ship-promotion-id"]) == ("-5.00", "FREE SHIP 2026/11")


def test_several_promotions_of_an_item_are_taken_off_its_price(tmp_path: Path) -> None:
    with open_session(tmp_path) as session:
        text = promoted(
            session, tmp_path,
            {"item_promotion_discount": "3.00", "item_promotion_id": "A"},
            {"item_promotion_discount": "2.00", "item_promotion_id": "B"},
        )  # fmt: skip
        header, row = (line.split("\t") for line in text.splitlines())
        assert not {"item-promotion-id", "item-promotion-adj"} & set(header)
        assert dict(zip(header, row, strict=True))["item-price-adj"] == "15.00"


def test_a_store_of_before_comes_to_its_active_lines(tmp_path: Path) -> None:
    with open_session(tmp_path) as session:
        rows = [all_orders_row(n) for n in (1, 2, 3)]
        rows += [all_orders_row(1, sku="X", item_status="Cancelled"), all_orders_row(2, sku="X", quantity=0, **NOTHING)]
        rows += [all_orders_row(4, "Cancelled")]
        bring(session, tmp_path, everything=rows)
        right = {row.order_id: row.total for row in session.orders.rows(session.orders.find()).values()}
        assert right == dict.fromkeys(map(order_id, (1, 2, 3)), Money(1080, "USD")) | {order_id(4): Money(0, "USD")}
        database = session.context.store.database
        with session.context.store.write():
            database.execute("UPDATE orders SET total = 2160 WHERE order_id = ?", (order_id(1),))
            database.execute("UPDATE orders SET total = NULL, currency = NULL WHERE order_id = ?", (order_id(2),))
            for step in ("0014_active_lines.sql", "0020_cancelled_totals.sql"):
                for statement in migrations.statements(step):
                    database.execute(statement)
            database.create_read_indexes()
        assert {row.order_id: row.total for row in session.orders.rows(session.orders.find()).values()} == right


def test_the_case_of_a_line_of_quantity_zero(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    columns = [*ALL_ORDERS, "order-item-id"]
    rows = [
        all_orders_row(1, sku="A", order_item_id=item_id(1)),
        all_orders_row(1, sku="B", order_item_id=item_id(1, 2), quantity=0, **NOTHING),
    ]
    session.imports.import_files([write(tmp_path / "all.txt", columns, rows)])
    found = plan(session, Action.CANCEL)
    text = feed_bytes(found)["order-cancellation.txt"].decode()
    assert item_id(1) in text
    assert item_id(1, 2) not in text
    session.imports.import_files([write(tmp_path / "u.txt", UNSHIPPED, [unshipped_row(1, sku="A")])])
    assert [line.sku for line in plan(session, Action.CANCEL).rows[0].lines] == ["A"], "the empty line never left"
