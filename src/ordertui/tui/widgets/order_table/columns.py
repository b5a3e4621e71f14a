"""What the table's columns say and how wide they are: pure, and never by looking at the data.

A missing fact is shown as `?`. Widths are terminal cells. On a narrow terminal the columns with the highest
`priority` number go first; the title is there only when room is left for it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from ordertui.orders.clock import DAY, HOUR, to_local
from ordertui.orders.money import grouped
from ordertui.orders.order import OrderRow
from ordertui.orders.status import OrderStatus

UNKNOWN = "?"
GUTTER = 2
"""Cells of the mark gutter at the left."""
GAP = 2
"""Cells between two columns."""


@dataclass(frozen=True, slots=True)
class CellContext:
    """What a cell needs besides the row: `now` in epoch seconds, the row's zone, and the word for `May`."""

    now: int
    zone: str
    may: str


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `width` in cells is the least width of the flexible one (`flex`)."""

    key: str
    label: str
    width: int
    priority: int
    text: Callable[[OrderRow, CellContext], str]
    tone: Callable[[OrderRow, CellContext], str]
    align: Literal["left", "right"] = "left"
    flex: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns shown and their widths in cells."""

    columns: tuple[Column, ...]
    widths: tuple[int, ...]

    @property
    def width(self) -> int:
        """Cells from the gutter's first to the last column's last."""
        return GUTTER + sum(self.widths) + GAP * max(0, len(self.widths) - 1)

    def column_at(self, x: int) -> Column | None:
        """The column that holds cell `x` (its gap to the right included); None in the gutter and past the last."""
        left = GUTTER
        for column, width in zip(self.columns, self.widths, strict=True):
            if left <= x < left + width + GAP:
                return column
            left += width + GAP
        return None


def layout_for(width: int) -> Layout:
    """The columns that fit `width` cells; the order number always stays."""
    shown = [column for column in COLUMNS if not column.flex]

    def taken(columns: list[Column]) -> int:
        return GUTTER + sum(column.width for column in columns) + GAP * (len(columns) - 1)

    while len(shown) > 1 and taken(shown) > width:
        shown.remove(max(shown, key=lambda column: column.priority))
    widths = [column.width for column in shown]
    for column in COLUMNS:
        room = width - taken(shown) - GAP
        if column.flex and len(shown) == len(COLUMNS) - 1 and room >= column.width:
            shown.append(column)
            widths.append(room)
    return Layout(tuple(shown), tuple(widths))


def placed_text(row: OrderRow, context: CellContext) -> str:
    """`Nov 20`, with the year instead of the day when it is another: `Nov 2025`."""
    if row.purchased_at is None:
        return UNKNOWN
    placed, now = to_local(row.purchased_at, context.zone), to_local(context.now, context.zone)
    return placed.strftime("%b %d" if placed.year == now.year else "%b %Y")


def ship_by_text(row: OrderRow, context: CellContext) -> str:
    """`in 5 h`, `late 1 d` while it is to be shipped; the plain date once it is not."""
    if row.ship_by is None:
        return UNKNOWN
    if not _to_ship(row):
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
    """Late is an error, less than a day a warning."""
    if row.ship_by is None or not _to_ship(row):
        return "muted"
    left = row.ship_by - context.now
    return "error" if left < 0 else "warning" if left < DAY else ""


def _to_ship(row: OrderRow) -> bool:
    return row.status in (OrderStatus.UNSHIPPED, OrderStatus.PARTIALLY_SHIPPED, OrderStatus.UNKNOWN)


def total_text(row: OrderRow, context: CellContext) -> str:
    """The amount in the currency's digits; the currency itself stands in the detail pane."""
    return UNKNOWN if row.total is None else grouped(row.total.minor, row.total.currency)


STATUS_WORDS = {
    OrderStatus.PENDING: "Pending",
    OrderStatus.UNSHIPPED: "Unshipped",
    OrderStatus.PARTIALLY_SHIPPED: "Part shipped",
    OrderStatus.SHIPPED: "Shipped",
    OrderStatus.CANCELLED: "Cancelled",
    OrderStatus.UNFULFILLABLE: "Unfulfillable",
    OrderStatus.UNKNOWN: UNKNOWN,
}
STATE_WORDS = {
    "held": ("◷ held", "warning"),
    "sent": ("→ sent", "accent"),
    "accepted": ("→ taken", "accent"),
    "ok": ("✓ ok", "success"),
    "error": ("✗ failed", "error"),
    "unknown": ("? unsure", "warning"),
    "confirmed": ("✓ done", "success"),
}
"""Glyph and word of a journal row's state. A recalled row is over: Amazon's status is shown again."""


def status_text(row: OrderRow, context: CellContext) -> str:
    """Amazon's status, or the journal's state of this order's action: `◷ held cancel`."""
    action, _, state = (row.open_action or "").partition(":")
    if state in STATE_WORDS:
        return f"{STATE_WORDS[state][0]} {action}"
    return STATUS_WORDS[row.status]


def status_tone(row: OrderRow, context: CellContext) -> str:
    """The tone of the journal's state, else of Amazon's status."""
    state = (row.open_action or "").partition(":")[2]
    if state in STATE_WORDS:
        return STATE_WORDS[state][1]
    return "muted" if row.status in (OrderStatus.CANCELLED, OrderStatus.PENDING) else ""


def _plain(row: OrderRow, context: CellContext) -> str:
    return ""


def _muted(row: OrderRow, context: CellContext) -> str:
    return "muted"


def _may_tone(row: OrderRow, context: CellContext) -> str:
    return "success" if "★" in context.may else "muted" if context.may in ("-", "wait") else ""


COLUMNS: tuple[Column, ...] = (
    Column("order", "Order", 19, 0, lambda row, _: row.order_id, _plain),
    Column("marketplace", "Mkt", 3, 5, lambda row, _: row.marketplace, _muted),
    Column("placed", "Placed", 8, 6, placed_text, _muted),
    Column("ship-by", "Ship by", 9, 2, ship_by_text, ship_by_tone),
    Column("items", "Items", 5, 7, lambda row, _: UNKNOWN if row.items is None else str(row.items), _plain, "right"),
    Column("total", "Total", 10, 4, total_text, _plain, "right"),
    Column("status", "Status", 16, 1, status_text, status_tone),
    Column("may", "May", 9, 3, lambda _, context: context.may, _may_tone),
    Column("title", "Title", 12, 8, lambda row, _: row.title or row.sku or UNKNOWN, _muted, flex=True),
)
"""Left to right. Priority 0 never goes."""
