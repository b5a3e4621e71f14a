"""The registry of the table's columns, and the text and the tone of their cells: pure functions of one row.

A missing fact is shown as `?`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import msgspec

from ordertui.orders.clock import DAY, HOUR, to_local
from ordertui.orders.enums import BuyerRequest, OrderStatus
from ordertui.orders.money import format_grouped
from ordertui.orders.order import OrderRow
from ordertui.tui.render.state import ROW_LOOKS

UNKNOWN = "?"
NOT_APPLICABLE = "–"
"""Stands for a fact that no longer matters, as the ship-by time of a shipped order."""
ColumnSort: TypeAlias = tuple[tuple[str, bool], ...]
"""Columns a view is sorted by, the first weighs most: key, and whether the largest comes first."""


class CellContext(msgspec.Struct, frozen=True):
    """What a cell needs besides its row.

    `now` is in epoch seconds, `zone` the IANA zone of the row's times, `may` the word for the `May` column; `several`:
    more than one currency may be in view.
    """

    now: int
    zone: str
    may: str
    several: bool = True


def no_tone(_row: OrderRow, _context: CellContext) -> str:
    """Return the tone of plain text."""
    return ""


class Column(msgspec.Struct, frozen=True):
    """One column: how it is named, sized, written and sorted. Widths are terminal cells."""

    key: str
    """Name in saved columns and in the columns dialog's answer; never change it."""
    label: str
    width: int
    priority: int
    """Columns of low numbers are shown first where cells are few; 0 is always shown."""
    text: Callable[[OrderRow, CellContext], str]
    tone: Callable[[OrderRow, CellContext], str] = no_tone
    """Name of a colour of `row_renderer.TONES`, or empty."""
    sort_key: str = ""
    """Key of `store.SORT_KEYS` that sorts by this column, and by no other; empty: the table cannot be sorted by it."""
    descends_first: bool = False
    """Whether the first sort by this column puts the largest first."""
    align: Literal["left", "right"] = "left"
    max_width: int = 0
    """Cells it may grow to when there is room; 0: it does not grow."""
    ages: bool = False
    """Whether its text changes as time passes."""
    width_alone: int | None = None
    """Width while only one marketplace can be in view: None: the same; 0: the column is left out."""


def placed_text(row: OrderRow, context: CellContext) -> str:
    """Return `Nov 20`, or `Nov’25` for another year than that of `context.now`."""
    if row.purchased_at is None:
        return UNKNOWN
    placed, now = to_local(row.purchased_at, context.zone), to_local(context.now, context.zone)
    return placed.strftime("%b %d" if placed.year == now.year else "%b’%y")


def ship_by_text(row: OrderRow, context: CellContext) -> str:
    """Return `in 5 h` or `late 1 d` while the order is to be shipped, else the date."""
    if row.ship_by is None:
        return UNKNOWN if _is_to_ship(row) else NOT_APPLICABLE
    if not _is_to_ship(row):
        return to_local(row.ship_by, context.zone).strftime("%b %d")
    left = row.ship_by - context.now
    size = abs(left)
    if size < HOUR:
        span = f"{size // 60} m"
    elif (size < 2 * DAY and left > 0) or size < DAY:
        span = f"{size // HOUR} h"
    else:
        span = f"{min(size // DAY, 999)} d"
    return f"in {span}" if left >= 0 else f"late {span}"


def ship_by_tone(row: OrderRow, context: CellContext) -> str:
    """Return `error` when it is late, `warning` in the last day."""
    if row.ship_by is None or not _is_to_ship(row):
        return ""
    left = row.ship_by - context.now
    return "error" if left < 0 else "warning" if left < DAY else ""


def _is_to_ship(row: OrderRow) -> bool:
    return row.status in (OrderStatus.UNSHIPPED, OrderStatus.PARTIALLY_SHIPPED, OrderStatus.UNKNOWN)


def total_text(row: OrderRow, context: CellContext) -> str:
    """Return the amount; the currency stands before it where more than one may be in view."""
    if row.total is None:
        return UNKNOWN
    amount = format_grouped(row.total.minor, row.total.currency)
    if not context.several:
        return amount
    text = f"{row.total.currency} {amount}"
    return text if len(text) <= TOTAL_WIDTH else text.replace(",", "")


STATUS_WORDS = {
    OrderStatus.PENDING: "Pending",
    OrderStatus.UNSHIPPED: "Unshipped",
    OrderStatus.PARTIALLY_SHIPPED: "Part shipped",
    OrderStatus.SHIPPED: "Shipped",
    OrderStatus.CANCELLED: "Cancelled",
    OrderStatus.UNFULFILLABLE: "Unfulfillable",
    OrderStatus.UNKNOWN: UNKNOWN,
}


def status_text(row: OrderRow, _context: CellContext) -> str:
    """Return Amazon's status or, while a batch has the order, the state of its action: `◷ held cancel`."""
    action = row.open_action
    if action is not None and (look := ROW_LOOKS[action.state]).column:
        return f"{look.glyph} {look.column} {action.kind}"
    return STATUS_WORDS[row.status]


def status_tone(row: OrderRow, _context: CellContext) -> str:
    """Return the tone of the action's state, else of Amazon's status."""
    action = row.open_action
    if action is not None and (look := ROW_LOOKS[action.state]).column:
        return look.tone
    return "muted" if row.status in (OrderStatus.CANCELLED, OrderStatus.PENDING) else ""


def may_text(row: OrderRow, context: CellContext) -> str:
    """Return the possible action; `★`: cancelling does not count, `☆`: the buyer asked, and it counts all the same."""
    if row.buyer_request in (BuyerRequest.MESSAGE, BuyerRequest.SOME) and context.may == "cancel":
        return "cancel ☆"
    return context.may


def may_tone(row: OrderRow, context: CellContext) -> str:
    """Return the tone of `may_text`: `success` when cancelling does not count, `muted` when nothing can be done."""
    text = may_text(row, context)
    return "success" if "★" in text else "warning" if "☆" in text else "muted" if text in ("-", "wait") else ""


ASKED_WORDS = {
    BuyerRequest.OFFICIAL: ("★ asked", "success"),
    BuyerRequest.SOME: ("☆ items", "warning"),
    BuyerRequest.MESSAGE: ("☆ by msg", "warning"),
    BuyerRequest.NONE: ("", ""),
    BuyerRequest.UNKNOWN: (UNKNOWN, "muted"),
}
TOTAL_WIDTH = 12
"""Cells of an amount with its currency."""


def asked_text(row: OrderRow, _context: CellContext) -> str:
    """Return how the buyer asked for the cancellation; empty when he did not."""
    return ASKED_WORDS[row.buyer_request][0]


def asked_tone(row: OrderRow, _context: CellContext) -> str:
    """Return the tone of `asked_text`."""
    return ASKED_WORDS[row.buyer_request][1]


def items_text(row: OrderRow, _context: CellContext) -> str:
    """Return the number of items."""
    return UNKNOWN if row.items is None else str(row.items)


def title_text(row: OrderRow, _context: CellContext) -> str:
    """Return the product's title, else its SKU."""
    return row.title or row.sku or UNKNOWN


def title_tone(_row: OrderRow, _context: CellContext) -> str:
    """Return `muted`: the title explains, it decides nothing."""
    return "muted"


def columns_for(*, several: bool) -> tuple[Column, ...]:
    """Return all columns, left to right; without those that say nothing while only one marketplace can be in view."""
    return COLUMNS if several else _ONE_MARKETPLACE


COLUMNS: tuple[Column, ...] = (
    Column("order", "Order", 19, 0, lambda row, _: row.order_id, sort_key="order_id"),
    Column("marketplace", "Mkt", 3, 4, lambda row, _: row.marketplace, sort_key="marketplace", width_alone=0),
    Column("placed", "Date", 6, 6, placed_text, sort_key="placed", descends_first=True, ages=True),
    Column("ship-by", "Ship by", 9, 3, ship_by_text, ship_by_tone, sort_key="ship_by", ages=True),
    Column("items", "Qty", 3, 7, items_text, sort_key="items", descends_first=True, align="right"),
    Column(
        "total", "Total", TOTAL_WIDTH, 5, total_text, sort_key="total", descends_first=True, align="right",
        width_alone=9,
    ),
    Column("status", "Status", 14, 2, status_text, status_tone, sort_key="status", max_width=16),
    Column("may", "May", 8, 1, may_text, may_tone, sort_key="may", descends_first=True),
    Column("asked", "Buyer", 8, 8, asked_text, asked_tone, sort_key="request", descends_first=True),
    Column("title", "Title", 12, 9, title_text, title_tone, sort_key="title", max_width=60),
)  # fmt: skip
"""Every column of the table, left to right. To add a column, add it here; nothing else names them all."""
BY_KEY = {column.key: column for column in COLUMNS}
_ONE_MARKETPLACE = tuple(
    column if column.width_alone is None else msgspec.structs.replace(column, width=column.width_alone)
    for column in COLUMNS
    if column.width_alone != 0
)
