"""What one report row says, arranged as the store keeps it: of its order, of its line, and all of it in one number."""

from __future__ import annotations

import marshal
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

from ordertui.orders.report_row import ITEM_ID, PRICE, Row

from .derive import LineFacts, price_total

MARKET, CHANNEL, STATUS, ITEM_STATUS, PURCHASED, SHIP_BY, ASIN, TITLE, QUANTITY, SHIPPED, CURRENCY = (
    3, 4, 5, 6, 7, 8, 11, 12, 13, 14, 15,
)  # fmt: skip
REQUEST, REASON, REPLACEMENT, BUSINESS, PRIME = 24, 25, 26, 27, 28
_PLAIN = 2
"""The form of marshal that is the same for equal values, whatever else refers to them."""


def order_fields(row: Row) -> list[Any]:
    """A report row's facts of its order, in the order of ORDER_FIELDS."""
    return [row[MARKET], row[CHANNEL], row[STATUS], row[PURCHASED], row[SHIP_BY], row[REPLACEMENT], row[BUSINESS], row[PRIME]]  # fmt: skip


def line_fields(row: Row) -> list[Any]:
    """A report row's facts of its line, in the order of LINE_FIELDS."""
    price = row[PRICE]
    return [
        row[ITEM_ID], row[QUANTITY], row[SHIPPED], row[ITEM_STATUS], row[CURRENCY],
        price if price[0] is not None else None,
        None if row[REQUEST] is None else (row[REQUEST], row[REASON] or ""),
    ]  # fmt: skip


def line_facts(row: Row) -> LineFacts:
    """What sums over lines are made of, from a line that only this row names."""
    price: Any = row[PRICE]
    total = None if price[0] is None else price_total(price)
    return row[ITEM_STATUS], row[QUANTITY], row[SHIPPED], row[CURRENCY], total, row[REQUEST]  # type: ignore[return-value]


def digest(salt: bytes, rows: Sequence[Row]) -> int | None:
    """All that these rows say, but for their line numbers, as a signed number of 64 bits; None when they hold more than plain values."""
    try:
        said = marshal.dumps([row[1:] for row in rows], _PLAIN)
    except ValueError:
        return None
    return int.from_bytes(blake2b(said, digest_size=8, key=salt).digest(), "little", signed=True)
