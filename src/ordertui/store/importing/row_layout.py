"""The values of a report row, arranged as fields of its order, as fields of its line, and as one digest."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from hashlib import blake2b
from operator import itemgetter
from typing import Any

import msgspec

from ordertui.orders.report_row import (
    AMOUNTS,
    BUSINESS,
    BUYER_REQUEST,
    CHANNEL,
    CURRENCY,
    ITEM_ID,
    ITEM_STATUS,
    MARKETPLACE,
    PRIME,
    PURCHASED_AT,
    QUANTITY,
    QUANTITY_SHIPPED,
    REPLACEMENT,
    REQUEST_REASON,
    SHIP_BY,
    STATUS,
    ReportRow,
)
from ordertui.store.derived_facts import LineFacts, price_total

ORDER_FACTS = (MARKETPLACE, CHANNEL, STATUS, PURCHASED_AT, SHIP_BY, REPLACEMENT, BUSINESS, PRIME)
"""Indexes in a report row of the fields of ORDER_FIELDS."""
order_facts = itemgetter(*ORDER_FACTS)
_encode = msgspec.msgpack.Encoder().encode
_number = struct.Struct("<q").unpack


def order_fields(row: ReportRow) -> list[Any]:
    """Return the fields of the order in a report row, in the order of ORDER_FIELDS."""
    return list(order_facts(row))


def line_fields(row: ReportRow) -> list[Any]:
    """Return the fields of the line in a report row, in the order of LINE_FIELDS."""
    price = row[AMOUNTS]
    return [
        row[ITEM_ID], row[QUANTITY], row[QUANTITY_SHIPPED], row[ITEM_STATUS], row[CURRENCY],
        price if price[0] is not None else None,
        None if row[BUYER_REQUEST] is None else (row[BUYER_REQUEST], row[REQUEST_REASON] or ""),
    ]  # fmt: skip


def line_facts(row: ReportRow) -> LineFacts:
    """Return the facts for the sums over lines, of a line that only this row names."""
    price: Any = row[AMOUNTS]
    total = None if price[0] is None else price_total(price)
    facts: Any = row[ITEM_STATUS], row[QUANTITY], row[QUANTITY_SHIPPED], row[CURRENCY], total, row[BUYER_REQUEST]
    return facts  # type: ignore[no-any-return]


def digest(kind: bytes, rows: Sequence[ReportRow]) -> int:
    """Return a signed 64-bit digest of rows of a report of a kind, without their line numbers."""
    content = _encode(rows[0][1:]) if len(rows) == 1 else _encode([row[1:] for row in rows])
    return _number(blake2b(kind + content, digest_size=8).digest())[0]  # type: ignore[no-any-return]
