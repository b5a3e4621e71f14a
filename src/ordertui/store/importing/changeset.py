"""What a chunk of an import changes, as rows of the store's tables: worked out by `planner`, written here.

Only plain lists, tuples, numbers and texts, so that another process can work it out and hand it over.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, NamedTuple

from ordertui.store.database import placeholders

TableRow = tuple[Any, ...]

_ORDER = (
    "marketplace, channel, status, purchased_at, ship_by, items, units_shipped, cancelled_lines, total, currency, buyer_request,"
    " cancelled_by, replacement, business, prime, situation, product_id, sources, at, ages, digest"
)
_MARKET, _SHIP_BY = 0, 4
_AT_ONCE = 40
"""Rows of one statement; with their columns below 999 values, which every SQLite takes."""
_LINE = (
    "item_id, quantity, quantity_shipped, status, currency, item_price, item_tax, shipping_price,"
    " shipping_tax, gift_wrap_price, gift_wrap_tax, item_promotion, ship_promotion, buyer_request, request_reason, at, ages"
)
LINE = f"order_id, line, product_id, {_LINE}"
"""The columns of `lines`, in the order of its rows here."""


def _set(columns: str) -> str:
    return ", ".join(f"{name.strip()} = ?" for name in columns.split(","))


_NEW_ORDER = f"id, order_id, {_ORDER}"
_DATED_NEW_ORDER = f"{_NEW_ORDER}, auto_cancel_at"
_CHANGED_ORDER = f"UPDATE orders SET {_set(_ORDER)}, auto_cancel_at = ?, version = version + 1 WHERE id = ?"
_DATED_ORDER = "UPDATE orders SET sources = ?, at = ?, ages = ?, digest = ? WHERE id = ?"
_CHANGED_LINE = f"UPDATE lines SET {_set(_LINE)} WHERE order_id = ? AND line = ?"
_UNPRICED_LINE = (
    f"UPDATE lines SET {_set('item_id, quantity, quantity_shipped, status, currency, buyer_request, request_reason, at, ages')}"
    " WHERE order_id = ? AND line = ?"
)
_NEW_PRODUCT = "INSERT INTO products (marketplace, sku, id) VALUES (?, ?, ?)"
_PRODUCT = "UPDATE products SET asin = ?, asin_at = ?, title = ?, title_at = ? WHERE id = ?"


class ImportChangeset(NamedTuple):
    """One chunk. A row of an order has the columns of `_ORDER`: all but the time of Amazon's own cancelling, which the writer knows."""

    rows: int
    """Rows of the report that are in it."""
    changed: int
    """Known orders of which a value changes."""
    unchanged: int
    new_orders: list[TableRow]
    """id, order id, columns."""
    new_lines: list[TableRow]
    changed_orders: list[TableRow]
    changed_ids: list[int]
    """The ids of `changed_orders`."""
    dated_orders: list[TableRow]
    """Orders of which only the dates, the sources or the digest change."""
    changed_lines: list[TableRow]
    unpriced_lines: list[TableRow]
    """Lines of which the price stays."""
    new_products: list[TableRow]
    products: list[TableRow]
    """Words of products that change."""
    shown: list[tuple[int, str]]
    """(order, action) where the reports show what a batch asked for."""
    cancelled: list[str]
    """Order ids of new and changed orders that are cancelled."""

    def write(self, connection: sqlite3.Connection, due: Callable[[Any, Any], int | None]) -> None:
        """Write all but `shown` and `cancelled`. `due` gives the time of Amazon's own cancelling for a marketplace and a ship-by time."""
        if any(order[2 + _SHIP_BY] is not None for order in self.new_orders):
            dated = [(*v, due(v[2 + _MARKET], v[2 + _SHIP_BY])) for v in self.new_orders]
            _insert(connection, "orders", _DATED_NEW_ORDER, dated)
        else:
            _insert(connection, "orders", _NEW_ORDER, self.new_orders)
        _insert(connection, "lines", LINE, self.new_lines)
        for statement, values in (
            (_NEW_PRODUCT, self.new_products),
            (_PRODUCT, self.products),
            (_CHANGED_ORDER, [(*v, due(v[_MARKET], v[_SHIP_BY]), order) for v, order in zip(self.changed_orders, self.changed_ids, strict=True)]),
            (_DATED_ORDER, self.dated_orders),
            (_CHANGED_LINE, self.changed_lines),
            (_UNPRICED_LINE, self.unpriced_lines),
        ):  # fmt: skip
            if values:
                connection.executemany(statement, values)


def _insert(connection: sqlite3.Connection, table: str, columns: str, rows: Sequence[TableRow]) -> None:
    """Insert rows, many with one statement: SQLite then begins and ends its work once for all of them, which takes a fifth less."""
    head, one = f"INSERT INTO {table} ({columns}) VALUES ", f"({placeholders(columns.split(','))})"
    whole = len(rows) - len(rows) % _AT_ONCE
    parts = (chain.from_iterable(rows[at : at + _AT_ONCE]) for at in range(0, whole, _AT_ONCE))
    connection.executemany(head + ",".join([one] * _AT_ONCE), map(tuple, parts))
    connection.executemany(head + one, rows[whole:])
