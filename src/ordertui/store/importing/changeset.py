"""The changes of one chunk of an import, as rows of the store's tables: planned by `merge_planner`, written here.

They hold only lists, tuples, numbers and texts, so that another process can plan them and send them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, NamedTuple

from ordertui.store.database import placeholders

TableRow = tuple[Any, ...]
"""Values of some columns of one row of a table."""

_ORDER = (
    "marketplace, channel, status, purchased_at, ship_by, items, units_shipped, cancelled_lines, total, currency,"
    " buyer_request, cancelled_by, replacement, business, prime, situation, product_id, sources, at, ages, digest"
)
_MARKET, _SHIP_BY = 0, 4
_ROWS_PER_INSERT = 40
"""Rows of one INSERT; times their columns it stays below the 999 values that every build of SQLite takes."""
_LINE = (
    "item_id, quantity, quantity_shipped, status, currency, item_price, item_tax, shipping_price,"
    " shipping_tax, gift_wrap_price, gift_wrap_tax, item_promotion, ship_promotion, buyer_request, request_reason, at,"
    " ages"
)
LINE_COLUMNS = f"order_id, line, product_id, {_LINE}"
"""The columns of `lines`, in the order of `new_lines`."""


def _set(columns: str) -> str:
    return ", ".join(f"{name.strip()} = ?" for name in columns.split(","))


_NEW_ORDER = f"id, order_id, {_ORDER}"
_DATED_NEW_ORDER = f"{_NEW_ORDER}, auto_cancel_at"
_CHANGED_ORDER = f"UPDATE orders SET {_set(_ORDER)}, auto_cancel_at = ?, version = version + 1 WHERE id = ?"
_DATED_ORDER = "UPDATE orders SET sources = ?, at = ?, ages = ?, digest = ? WHERE id = ?"
_CHANGED_LINE = f"UPDATE lines SET {_set(_LINE)} WHERE order_id = ? AND line = ?"
_UNPRICED = "item_id, quantity, quantity_shipped, status, currency, buyer_request, request_reason, at, ages"
_UNPRICED_LINE = f"UPDATE lines SET {_set(_UNPRICED)} WHERE order_id = ? AND line = ?"
_NEW_PRODUCT = "INSERT INTO products (marketplace, sku, id) VALUES (?, ?, ?)"
_PRODUCT = "UPDATE products SET asin = ?, asin_at = ?, title = ?, title_at = ? WHERE id = ?"


class ImportChangeset(NamedTuple):
    """The changes of one chunk.

    A row of an order has the columns of `_ORDER`, to which `write` adds when Amazon cancels it: the process that plans
    has no policies.
    """

    rows: int
    """Rows of the report in the chunk."""
    changed: int
    """Number of known orders of which a value changes."""
    unchanged: int
    new_orders: list[TableRow]
    """Row number, order id, columns of `_ORDER`."""
    new_lines: list[TableRow]
    changed_orders: list[TableRow]
    changed_ids: list[int]
    """Row numbers of `changed_orders`."""
    dated_orders: list[TableRow]
    """Orders of which only the dates, the sources or the digest change."""
    changed_lines: list[TableRow]
    unpriced_lines: list[TableRow]
    """Lines whose price stays: the report has none."""
    new_products: list[TableRow]
    products: list[TableRow]
    """ASIN and title of products, where one changes."""
    shown: list[tuple[int, str]]
    """(row number, action) of orders whose report shows that the action of a batch was done."""
    cancelled: list[str]
    """Order ids of new and changed orders that are cancelled."""

    def write(self, connection: sqlite3.Connection, auto_cancel_at: Callable[[Any, Any], int | None]) -> None:
        """Write all but `shown` and `cancelled`. `auto_cancel_at`: marketplace and ship-by to Amazon's cancellation."""
        changed = [
            (*v, auto_cancel_at(v[_MARKET], v[_SHIP_BY]), order)
            for v, order in zip(self.changed_orders, self.changed_ids, strict=True)
        ]
        if any(order[2 + _SHIP_BY] is not None for order in self.new_orders):
            dated = [(*v, auto_cancel_at(v[2 + _MARKET], v[2 + _SHIP_BY])) for v in self.new_orders]
            _insert(connection, "orders", _DATED_NEW_ORDER, dated)
        else:
            _insert(connection, "orders", _NEW_ORDER, self.new_orders)
        _insert(connection, "lines", LINE_COLUMNS, self.new_lines)
        for statement, values in (
            (_NEW_PRODUCT, self.new_products),
            (_PRODUCT, self.products),
            (_CHANGED_ORDER, changed),
            (_DATED_ORDER, self.dated_orders),
            (_CHANGED_LINE, self.changed_lines),
            (_UNPRICED_LINE, self.unpriced_lines),
        ):  # fmt: skip
            if values:
                connection.executemany(statement, values)


def _insert(connection: sqlite3.Connection, table: str, columns: str, rows: Sequence[TableRow]) -> None:
    """Insert rows, _ROWS_PER_INSERT in one statement: that takes a fifth less time than one each."""
    head, one = f"INSERT INTO {table} ({columns}) VALUES ", f"({placeholders(columns.split(','))})"
    whole = len(rows) - len(rows) % _ROWS_PER_INSERT
    parts = (chain.from_iterable(rows[at : at + _ROWS_PER_INSERT]) for at in range(0, whole, _ROWS_PER_INSERT))
    connection.executemany(head + ",".join([one] * _ROWS_PER_INSERT), map(tuple, parts))
    connection.executemany(head + one, rows[whole:])
