"""What the table's columns say and how wide they are: pure, and never by looking at the data.

A missing fact is shown as `?`. Widths are terminal cells. Columns are taken by `priority` while they fit; what is left
over widens the flexible one. The operator's own choice of columns is shown whole, and scrolled when it is wider.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Literal, TypeAlias

import msgspec

from ordertui.orders.clock import DAY, HOUR, to_local
from ordertui.orders.enums import BuyerRequest, OrderStatus
from ordertui.orders.money import format_grouped
from ordertui.orders.order import OrderRow
from ordertui.tui.render.state import ROW_LOOKS

UNKNOWN = "?"
NOTHING = "–"
"""For a fact that says nothing any more."""
GUTTER = 3
"""Cells of the mark gutter at the left."""
GAPS = (2, 1)
"""Cells between two columns: the wide gap when every column fits with it, else the narrow one."""
NARROWEST, WIDEST = 3, 80
"""Cells that a column of the operator's own may have."""
Order: TypeAlias = tuple[tuple[str, bool], ...]
"""What a view is sorted by: column and whether the largest comes first; the first weighs most."""


class CellContext(msgspec.Struct, frozen=True):
    """What a cell needs besides the row: `now` in epoch seconds, the row's zone, the word for `May`, and whether the view
    may hold more than one currency."""

    now: int
    zone: str
    may: str
    several: bool = True


class Column(msgspec.Struct, frozen=True):
    """One column. `width` in cells; `most` is how wide it may grow when room is left (0: it does not)."""

    key: str
    label: str
    width: int
    priority: int
    text: Callable[[OrderRow, CellContext], str]
    tone: Callable[[OrderRow, CellContext], str]
    align: Literal["left", "right"] = "left"
    most: int = 0
    ages: bool = False
    """Whether its words change as time passes."""


class Choice(msgspec.Struct, frozen=True):
    """What is asked of the columns: `several` marketplaces may be in view; `keys` are the operator's own columns, left to
    right (none: by priority); `widths` his own widths."""

    several: bool = True
    keys: tuple[str, ...] = ()
    widths: tuple[tuple[str, int], ...] = ()


BY_WIDTH = Choice()
"""No choice: the columns that fit."""


class Layout(msgspec.Struct, frozen=True):
    """The columns shown, their widths in cells, and the cells between two of them."""

    columns: tuple[Column, ...]
    widths: tuple[int, ...]
    gap: int = GAPS[0]
    several: bool = True

    @property
    def width(self) -> int:
        """Cells from the gutter's first to the last column's last."""
        return GUTTER + sum(self.widths) + self.gap * max(0, len(self.widths) - 1)

    @property
    def fixed(self) -> int:
        """Cells at the left that stand still when the others are scrolled: the gutter, and the order id where it comes first."""
        first = self.columns[0].key == "order" and len(self.columns) > 1
        return GUTTER + (self.widths[0] + self.gap if first else 0)

    @property
    def ageing(self) -> tuple[Column, ...]:
        """The columns whose words change as time passes."""
        return tuple(column for column in self.columns if column.ages)

    def column_at(self, x: int) -> Column | None:
        """The column that holds cell `x` (its gap to the right included); None in the gutter and past the last."""
        found = self._place_at(x)
        return None if found is None else self.columns[found[0]]

    def edge_at(self, x: int) -> tuple[str, int] | None:
        """The column whose right edge is at cell `x`, and its first cell: there it can be taken and made wider."""
        found = self._place_at(x)
        if found is None or x < found[1] + self.widths[found[0]]:
            return None
        return self.columns[found[0]].key, found[1]

    def _place_at(self, x: int) -> tuple[int, int] | None:
        """Place and first cell of the column at cell `x`."""
        left = GUTTER
        for place, width in enumerate(self.widths):
            if left <= x < left + width + self.gap:
                return place, left
            left += width + self.gap
        return None


def layout_for(width: int, choice: Choice = BY_WIDTH) -> Layout:
    """The columns for `width` cells; the order number is always there."""
    base = {column.key: column for column in columns_for(several=choice.several)}
    own = dict(choice.widths)
    if choice.keys:
        shown = [base[key] for key in choice.keys if key in base] or [base["order"]]
        widths = [own.get(column.key, column.width) for column in shown]
        return _grown(Layout(tuple(shown), tuple(widths), GAPS[-1], choice.several), width, own)
    sizes = {key: own.get(key, column.width) for key, column in base.items()}
    fixed = [column for column in base.values() if column.key != "title"]

    def taken(columns: Collection[Column], gap: int) -> int:
        return GUTTER + sum(sizes[column.key] for column in columns) + gap * (len(columns) - 1)

    gap = next((gap for gap in GAPS if taken(fixed, gap) <= width), GAPS[-1])
    chosen: list[Column] = []
    for column in sorted(base.values(), key=lambda column: column.priority):
        if not chosen or taken([*chosen, column], gap) <= width:
            chosen.append(column)
    shown = [column for column in base.values() if column in chosen]
    return _grown(Layout(tuple(shown), tuple(sizes[c.key] for c in shown), gap, choice.several), width, own)


def _grown(layout: Layout, width: int, own: Mapping[str, int]) -> Layout:
    """The same columns, with what is left of `width` given to those that can use it, the last ones first."""
    room = width - layout.width
    widths = list(layout.widths)
    for place in reversed(range(len(widths))):
        column = layout.columns[place]
        more = min(max(0, room), column.most - widths[place])
        if more > 0 and column.key not in own:
            widths[place] += more
            room -= more
    return msgspec.structs.replace(layout, widths=tuple(widths))


def placed_text(row: OrderRow, context: CellContext) -> str:
    """`Nov 20`, with the year instead of the day when it is another: `Nov’25`."""
    if row.purchased_at is None:
        return UNKNOWN
    placed, now = to_local(row.purchased_at, context.zone), to_local(context.now, context.zone)
    return placed.strftime("%b %d" if placed.year == now.year else "%b’%y")


def ship_by_text(row: OrderRow, context: CellContext) -> str:
    """`in 5 h`, `late 1 d` while it is to be shipped; the plain date once it is not."""
    if row.ship_by is None:
        return UNKNOWN if _to_ship(row) else NOTHING
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
        return ""
    left = row.ship_by - context.now
    return "error" if left < 0 else "warning" if left < DAY else ""


def _to_ship(row: OrderRow) -> bool:
    return row.status in (OrderStatus.UNSHIPPED, OrderStatus.PARTIALLY_SHIPPED, OrderStatus.UNKNOWN)


def total_text(row: OrderRow, context: CellContext) -> str:
    """The amount in the currency's digits, after the currency where more than one may be in view."""
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


def status_text(row: OrderRow, context: CellContext) -> str:
    """Amazon's status, or the journal's state of this order's action: `◷ held cancel`."""
    action = row.open_action
    if action is not None and (look := ROW_LOOKS[action.state]).column:
        return f"{look.glyph} {look.column} {action.kind}"
    return STATUS_WORDS[row.status]


def status_tone(row: OrderRow, context: CellContext) -> str:
    """The tone of the journal's state, else of Amazon's status."""
    action = row.open_action
    if action is not None and (look := ROW_LOOKS[action.state]).column:
        return look.tone
    return "muted" if row.status in (OrderStatus.CANCELLED, OrderStatus.PENDING) else ""


def _plain(row: OrderRow, context: CellContext) -> str:
    return ""


def _muted(row: OrderRow, context: CellContext) -> str:
    return "muted"


def may_text(row: OrderRow, context: CellContext) -> str:
    """What may be done first, `★` when cancelling does not count; `-` while a batch has the order and after
    Amazon took the cancellation. `☆` beside `cancel`: the
    buyer asked by message only, which counts."""
    if row.open_action is not None and row.open_action.ends_choice:
        return "-"
    if row.buyer_request is BuyerRequest.MESSAGE and context.may == "cancel":
        return "cancel ☆"
    return context.may


def may_tone(row: OrderRow, context: CellContext) -> str:
    """What does not count stands out; what cannot be done steps back."""
    text = may_text(row, context)
    return "success" if "★" in text else "warning" if "☆" in text else "muted" if text in ("-", "wait") else ""


ASKED_WORDS = {
    BuyerRequest.OFFICIAL: ("★ asked", "success"),
    BuyerRequest.MESSAGE: ("☆ by msg", "warning"),
    BuyerRequest.NONE: ("", ""),
    BuyerRequest.UNKNOWN: (UNKNOWN, "muted"),
}
TOTAL_WIDTH = 12
"""Cells of an amount with its currency."""


def columns_for(*, several: bool) -> tuple[Column, ...]:
    """All columns, left to right; without marketplace and currency where only one can be in view. Priority 0 never goes."""
    return COLUMNS if several else _ONE_MARKET


COLUMNS: tuple[Column, ...] = (
    Column("order", "Order", 19, 0, lambda row, _: row.order_id, _plain),
    Column("marketplace", "Mkt", 3, 4, lambda row, _: row.marketplace, _plain),
    Column("placed", "Date", 6, 6, placed_text, _plain, ages=True),
    Column("ship-by", "Ship by", 9, 3, ship_by_text, ship_by_tone, ages=True),
    Column("items", "Qty", 3, 7, lambda row, _: UNKNOWN if row.items is None else str(row.items), _plain, "right"),
    Column("total", "Total", TOTAL_WIDTH, 5, total_text, _plain, "right"),
    Column("status", "Status", 14, 2, status_text, status_tone, most=16),
    Column("may", "May", 8, 1, may_text, may_tone),
    Column(
        "asked",
        "Buyer",
        8,
        8,
        lambda row, _: ASKED_WORDS[row.buyer_request][0],
        lambda row, _: ASKED_WORDS[row.buyer_request][1],
    ),
    Column("title", "Title", 12, 9, lambda row, _: row.title or row.sku or UNKNOWN, _muted, most=60),
)
LABELS = {column.key: column.label for column in COLUMNS}
"""What stands over a column, by its key."""
_ONE_MARKET = tuple(
    msgspec.structs.replace(column, width=9) if column.key == "total" else column
    for column in COLUMNS
    if column.key != "marketplace"
)
