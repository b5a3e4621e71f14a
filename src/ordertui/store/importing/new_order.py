"""A new order from the rows of one report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ordertui.orders.report_row import FACT_AT, ReportRow
from ordertui.store.derived_facts import Sums, cancelled_by, situation, summarise
from ordertui.store.field_merge import ORDER_FIELDS, Record, pack

from .changeset import TableRow
from .products import Products
from .row_layout import line_facts, order_fields


def line(products: Products, order: int, number: int, row: ReportRow) -> TableRow:
    """The columns of `lines` for a line that only this row names."""
    (_, _, item, market, _, _, status, _, _, at, sku, asin, title, quantity, shipped, currency, a, b, c, d, e, f, g, h,
     request, reason, _, _, _) = row  # fmt: skip
    return (
        order, number, products.number(market, sku, asin, title, at), item, quantity, shipped, status, currency,  # type: ignore[arg-type]
        a, b, c, d, e, f, g, h, request, reason if request is not None else None, at, None,
    )  # fmt: skip


def order(
    row_id: int,
    order_id: str,
    rows: Sequence[ReportRow],
    lines: Sequence[TableRow],
    impacts: int | None,
    sources: int,
    digest: int | None,
) -> TableRow:
    """The columns of `orders`, in the order of `ImportChangeset.new_orders`, for an order that only these rows name, each a line of its own."""
    fields = order_fields(rows[0])
    at: Any = rows[0][FACT_AT]
    ages: str | None = None
    if len(rows) > 1 and any(row[FACT_AT] != at or order_fields(row) != fields for row in rows):
        record = Record([None] * len(ORDER_FIELDS), -1, {})
        for row in rows:
            record.merge(order_fields(row), row[FACT_AT])  # type: ignore[arg-type]
        fields, at, ages = record.fields, record.at, pack(record.ages)
    market, channel, status, purchased, ship_by, replacement, business, prime = fields
    channel, status, replacement = channel or "unknown", status or "unknown", replacement or "unknown"
    sums = summarise([line_facts(row) for row in rows])
    by = cancelled_by(status, impacts, False)
    number = situation(
        channel, status, sums.items, sums.units_shipped, "unknown", sums.request, by, "none", replacement
    )
    return (
        row_id, order_id, market, channel, status, purchased, ship_by, sums.items, sums.units_shipped, sums.cancelled_lines,
        *money(sums), sums.request, by, replacement, business or "unknown", prime or "unknown", number, lines[0][2],
        sources, at, ages, digest,
    )  # fmt: skip


def single(
    products: Products,
    row_id: int,
    order_id: str,
    row: ReportRow,
    impacts: int | None,
    sources: int,
    digest: int | None,
) -> tuple[TableRow, TableRow]:
    """`order` and `line` of an order that only this row names, for less: nearly all orders are so."""
    found: Any = row
    (_, _, item, market, channel, status, line_status, purchased, ship_by, at, sku, asin, title, quantity, shipped, currency,
     a, b, c, d, e, f, g, h, request, reason, replacement, business, prime) = found  # fmt: skip
    product = products.number(market, sku, asin, title, at)
    channel, status, replacement = channel or "unknown", status or "unknown", replacement or "unknown"
    asked = request or "unknown"
    by = cancelled_by(status, impacts, False)
    number = situation(channel, status, quantity, shipped, "unknown", asked, by, "none", replacement)
    priced = a is not None and currency
    return (
        row_id, order_id, market, channel, status, purchased, ship_by, quantity, shipped, int(line_status == "cancelled"),
        a + b + c + d + e + f - g - h if priced else None, currency if priced else None, asked, by, replacement,
        business or "unknown", prime or "unknown", number, product, sources, at, None, digest,
    ), (
        row_id, 1, product, item, quantity, shipped, line_status, currency, a, b, c, d, e, f, g, h,
        request, None if request is None else reason, at, None,
    )  # fmt: skip


def money(sums: Sums) -> tuple[int | None, str | None]:
    """Total and currency, both or neither."""
    return (sums.total, sums.currency) if sums.total is not None and sums.currency else (None, None)
