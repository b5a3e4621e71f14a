"""The table rows of a new order, built from the rows of one report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ordertui.orders.enums import ReportKind
from ordertui.orders.report_row import FACT_AT, ReportRow
from ordertui.store.derived_facts import Sums, cancelled_by, situation, summarise
from ordertui.store.field_merge import ORDER_FIELDS, FieldRegister, pack

from .changeset import TableRow
from .products import Products
from .row_layout import line_facts, order_fields

RATE_REPORT_BIT = ReportKind.CANCELLATION_RATE.bit


class NewOrderBuilder:
    """Builds rows of `ImportChangeset.new_orders` and `ImportChangeset.new_lines`.

    `impacts` is whether Amazon's Cancellation Rate report counts the order; None when it is not listed.
    """

    def __init__(self, products: Products, source: int) -> None:
        self._products = products
        self._source = source
        """The bit of the report's kind in `orders.sources`."""

    def build(
        self, row_id: int, order_id: str, rows: Sequence[ReportRow], impacts: int | None, digest: int
    ) -> tuple[TableRow, list[TableRow]]:
        """Return the order and its lines; each row is a line of its own."""
        lines = [self._line(row_id, number, row) for number, row in enumerate(rows, 1)]
        fields = order_fields(rows[0])
        at: Any = rows[0][FACT_AT]
        field_dates: str | None = None
        if len(rows) > 1 and any(row[FACT_AT] != at or order_fields(row) != fields for row in rows):
            register = FieldRegister([None] * len(ORDER_FIELDS), -1, {})
            for row in rows:
                register.merge(order_fields(row), row[FACT_AT])  # type: ignore[arg-type]
            fields, at, field_dates = register.fields, register.at, pack(register.field_dates)
        market, channel, status, purchased, ship_by, replacement, business, prime = fields
        channel, status, replacement = channel or "unknown", status or "unknown", replacement or "unknown"
        sums = summarise([line_facts(row) for row in rows])
        by = cancelled_by(status, impacts, ours=False)
        number = situation(
            (
                channel,
                status,
                sums.items,
                sums.units_shipped,
                "unknown",
                sums.request,
                by,
                "none",
                replacement,
                "unknown",
            )
        )
        return (
            row_id, order_id, market, channel, status, purchased, ship_by, sums.items, sums.units_shipped,
            sums.cancelled_lines, *money(sums), sums.request, by, replacement, business or "unknown",
            prime or "unknown", number, lines[0][2], self._sources(impacts), at, field_dates, digest,
        ), lines  # fmt: skip

    def build_single(
        self, row_id: int, order_id: str, row: ReportRow, impacts: int | None, digest: int
    ) -> tuple[TableRow, TableRow]:
        """Return what `build` does for an order of one row, as nearly all are, in much less time."""
        found: Any = row
        (_, _, item, market, channel, status, line_status, purchased, ship_by, at, sku, asin, title, quantity, shipped,
         currency, a, b, c, d, e, f, g, h, request, reason, replacement, business, prime) = found  # fmt: skip
        product = self._products.number(market, sku, asin, title, at)
        channel, status, replacement = channel or "unknown", status or "unknown", replacement or "unknown"
        asked = request or "unknown"
        by = cancelled_by(status, impacts, ours=False)
        number = situation((channel, status, quantity, shipped, "unknown", asked, by, "none", replacement, "unknown"))
        priced = a is not None and currency
        return (
            row_id, order_id, market, channel, status, purchased, ship_by, quantity, shipped,
            int(line_status == "cancelled" and request != "official"),
            a + b + c + d + e + f - g - h if priced else None,
            currency if priced else None, asked, by, replacement, business or "unknown", prime or "unknown", number,
            product, self._sources(impacts), at, None, digest,
        ), (
            row_id, 1, product, item, quantity, shipped, line_status, currency, a, b, c, d, e, f, g, h,
            request, None if request is None else reason, at, None,
        )  # fmt: skip

    def _line(self, order: int, number: int, row: ReportRow) -> TableRow:
        found: Any = row
        (_, _, item, market, _, _, status, _, _, at, sku, asin, title, quantity, shipped, currency, a, b, c, d, e, f, g,
         h, request, reason, _, _, _) = found  # fmt: skip
        return (
            order, number, self._products.number(market, sku, asin, title, at), item, quantity, shipped, status,
            currency, a, b, c, d, e, f, g, h, request, reason if request is not None else None, at, None,
        )  # fmt: skip

    def _sources(self, impacts: int | None) -> int:
        return self._source if impacts is None else self._source | RATE_REPORT_BIT


def money(sums: Sums) -> tuple[int | None, str | None]:
    """Return total and currency, both or neither."""
    return (sums.total, sums.currency) if sums.total is not None and sums.currency else (None, None)
