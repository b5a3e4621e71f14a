"""What the buyer paid, where the tax is on top of the price and where the price includes it: nothing is paid back
twice.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordertui.amazon.reports.included_tax import drop_included_tax
from ordertui.operations.planning.plan import Plan
from ordertui.operations.session import Session
from ordertui.orders.enums import Action
from ordertui.orders.marketplace import MARKETPLACES, PriceTax, price_tax
from ordertui.orders.order import LineAmounts
from ordertui.orders.report_row import AMOUNTS, MARKETPLACE, ROW_FIELDS
from ordertui.store.engine import migrations
from support.batches import REFUND_REASON, feed_bytes
from support.reports import write
from support.shops import ALL_ORDERS, all_orders_row, open_session, order_id

PRICES = {
    "DE": ({"item_price": "119.00", "item_tax": "19.00", "shipping_price": "4.90", "shipping_tax": "0.78"}, 12_390),
    "UK": ({"item_price": "24.00", "item_tax": "4.00", "shipping_price": "2.99", "shipping_tax": "0.50"}, 2_699),
    "JP": ({"item_price": "1980", "item_tax": "180", "shipping_price": "0", "shipping_tax": "0"}, 1_980),
    "US": ({"item_price": "100.00", "item_tax": "8.25", "shipping_price": "5.99", "shipping_tax": "0.49"}, 11_473),
    "IN": ({"item_price": "1180.00", "item_tax": "180.00", "shipping_price": "0", "shipping_tax": "0"}, 118_000),
}
"""Cells of a report row, and what its buyer paid, in minor units."""
NEW_ORDERS = [
    "order-id", "order-item-id", "purchase-date", "payments-date", "sku", "product-name", "quantity-purchased",
    "currency",
    "item-price", "item-tax", "shipping-price", "shipping-tax", "sales-channel",
]  # fmt: skip


def shipped_orders(folder: Path) -> Session:
    """Import one shipped order of each marketplace of PRICES, by All Orders (prices) and New orders (item ids)."""
    session = open_session(folder / "store")
    rows = [
        all_orders_row(number, "Shipped", market=market, **cells)
        for number, (market, (cells, _)) in enumerate(PRICES.items(), start=1)
    ]
    new = [
        {
            "order-id": row["amazon-order-id"], "order-item-id": f"4000000000000{number}", "quantity-purchased": 1,
            "payments-date": row["purchase-date"],
            **{name: row[name] for name in NEW_ORDERS if name in row},
        }
        for number, row in enumerate(rows, start=1)
    ]  # fmt: skip
    columns = [*ALL_ORDERS]
    session.imports.import_files([write(folder / "all.txt", columns, rows), write(folder / "new.txt", NEW_ORDERS, new)])
    return session


def refunds(session: Session) -> dict[str, Plan]:
    """Plan to give back everything; by marketplace."""
    ids = session.orders.ids_of([order_id(number) for number in range(1, len(PRICES) + 1)])
    return {plan.marketplace: plan for plan in session.planner.plan(Action.REFUND, list(ids.values()), REFUND_REASON)}


@pytest.mark.parametrize("market", list(PRICES))
def test_a_full_refund_gives_back_what_the_buyer_paid(tmp_path: Path, market: str) -> None:
    with shipped_orders(tmp_path) as session:
        plan = refunds(session)[market]
        paid = PRICES[market][1]
        assert [row.total for row in plan.rows] == [paid]
        assert [entry.minor for entry in plan.money if entry.component == "total"] == [paid]
        order = session.orders.get(plan.rows[0].order_id)
        assert order is not None
        assert order.row.total is not None
        assert (order.row.total.minor, sum(line.paid.total for line in order.lines if line.paid)) == (paid, paid)


@pytest.mark.parametrize("market", list(PRICES))
def test_the_feed_names_a_tax_only_where_it_is_on_top(tmp_path: Path, market: str) -> None:
    with shipped_orders(tmp_path) as session:
        feeds = feed_bytes(refunds(session)[market])["payment-adjustment.xml"]
        assert (b"<Type>Tax</Type>" in feeds) is (price_tax(market) is PriceTax.ADDED)
        assert b"<Type>Principal</Type>" in feeds


def test_a_plan_says_where_no_source_tells_whether_prices_include_the_tax(tmp_path: Path) -> None:
    with shipped_orders(tmp_path) as session:
        told = {market: " ".join(plan.warnings) for market, plan in refunds(session).items()}
        assert [market for market, text in told.items() if "include the tax" in text] == ["IN"]


def test_a_store_that_counted_the_tax_twice_is_mended_when_it_is_opened(tmp_path: Path) -> None:
    with shipped_orders(tmp_path) as session:
        right = session.orders.rows(session.orders.find())
    path = tmp_path / "store" / "orders.db"
    old = sqlite3.connect(path)
    for number, (market, (cells, _)) in enumerate(PRICES.items(), start=1):
        scale = 1 if market == "JP" else 100
        item, shipping = (round(float(cells[name]) * scale) for name in ("item_tax", "shipping_tax"))
        (row,) = old.execute("SELECT id FROM orders WHERE order_id = ?", (order_id(number),)).fetchone()
        if price_tax(market) is not PriceTax.ADDED:
            old.execute("UPDATE orders SET total = total + ? WHERE id = ?", (item + shipping, row))
            old.execute("UPDATE lines SET item_tax = ?, shipping_tax = ? WHERE order_id = ?", (item, shipping, row))
    old.commit()
    old.execute("ALTER TABLE orders ADD COLUMN digest INTEGER")  # which version 10 took away
    for statement in migrations.statements("0006_included_tax.sql"):
        old.execute(statement)
    old.execute("ALTER TABLE orders DROP COLUMN digest")
    old.commit()
    old.close()
    with open_session(tmp_path / "store") as session:
        mended = session.orders.rows(session.orders.find())
        assert {row.order_id: row.total for row in mended.values()} == {
            row.order_id: row.total for row in right.values()
        }
        assert {market: plan.rows[0].total for market, plan in refunds(session).items()} == {
            market: paid for market, (_, paid) in PRICES.items()
        }


amounts = st.lists(st.integers(0, 10**9), min_size=8, max_size=8)


@given(market=st.sampled_from([*MARKETPLACES, "ZZ", None]), amounts=amounts)
def test_a_row_comes_to_prices_less_promotions_plus_the_tax_on_top(market: str | None, amounts: list[int]) -> None:
    row: list[object] = [None] * len(ROW_FIELDS)
    row[MARKETPLACE] = market
    row[AMOUNTS] = amounts
    (found,) = drop_included_tax([tuple(row)])
    price, tax, shipping, shipping_tax, gift, gift_tax, promotion, ship_promotion = amounts
    paid = price + shipping + gift - promotion - ship_promotion
    if market in ("US", "CA", None):  # None: dealt with when the marketplace is known
        paid += tax + shipping_tax + gift_tax
    values = found[AMOUNTS]
    assert LineAmounts(*values).total == paid  # type: ignore[arg-type]
    assert [value for at, value in enumerate(found) if not AMOUNTS.start <= at < AMOUNTS.stop] == [
        value for at, value in enumerate(row) if not AMOUNTS.start <= at < AMOUNTS.stop
    ]
