"""The registry of the table's columns, and the text and the tone of their cells: pure functions of one row.

A missing fact is shown as `?`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

import msgspec
from rich.cells import cell_len

from ordertui.messages import N_, _, pgettext, translate
from ordertui.operations.config import ColourRule
from ordertui.orders.clock import DAY, HOUR, to_local
from ordertui.orders.enums import BuyerRequest, OrderStatus
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.money import format_grouped
from ordertui.orders.order import ListedFacts, OrderRow
from ordertui.orders.text import mask_control_characters
from ordertui.tui.render.format import cut_text
from ordertui.tui.render.state import OrderState, Verdicts, order_state, status_forms

UNKNOWN = "?"
NOT_APPLICABLE = "–"
"""Stands for a fact that no longer matters, as the ship-by time of a shipped order."""
ColumnSort: TypeAlias = tuple[tuple[str, bool], ...]
"""Columns a view is sorted by, the first weighs most: key, and whether the largest comes first."""


class CellContext(msgspec.Struct, frozen=True):
    """What a cell needs besides its row. `now` is in epoch seconds, `zone` the IANA zone of the row's times."""

    now: int
    zone: str
    verdicts: Verdicts = Verdicts()
    listed: ListedFacts = ListedFacts()
    colour: ColourRule | None = None
    """The colour rule that the row's order fits."""
    claimed_by: str = ""
    """Who else has it in an open preview, as `person_sign` names them."""

    def state(self, row: OrderRow) -> OrderState:
        """Return the state of the row's order."""
        return order_state(row, self.verdicts, self.listed, self.now, self.claimed_by)


CellText: TypeAlias = Callable[[OrderRow, CellContext, int], str]
"""Writes a cell for so many terminal cells; what is longer is cut."""


def no_tone(_row: OrderRow, _context: CellContext) -> str:
    """Return the tone of plain text."""
    return ""


class Column(msgspec.Struct, frozen=True):
    """One column: how it is named, sized, written and sorted. Widths are terminal cells."""

    key: str
    """Name in saved columns and in the columns dialog's answer; never change it."""
    label: str
    widths: tuple[int, int, int]
    """Least, usual and greatest width: it is shown if the least fits, then it grows to the usual, then the greatest."""
    text: CellText
    priority: int | None = None
    """Columns of low numbers are shown first where cells are few; 0 is always shown, None only when it is chosen."""
    tone: Callable[[OrderRow, CellContext], str] = no_tone
    """Name of a colour of `row_renderer.TONES`, or empty."""
    sort_key: str = ""
    """Key of `store.SORT_KEYS` that sorts by this column, and by no other; empty: the table cannot be sorted by it."""
    descends_first: bool = False
    """Whether the first sort by this column puts the largest first."""
    align: Literal["left", "right"] = "left"
    ages: bool = False
    """Whether its text changes as time passes."""
    is_of_several: bool = False
    """Whether it says something only while more than one marketplace can be in view."""

    @property
    def width(self) -> int:
        """The usual width."""
        return self.widths[1]


def first_fitting(forms: tuple[str, ...], width: int) -> str:
    """Return the first of these texts that fits, else the last."""
    for form in forms:
        if (len(form) if form.isascii() else cell_len(form)) <= width:
            return form
    return forms[-1]


def placed_text(row: OrderRow, context: CellContext, _width: int) -> str:
    """Return `Nov 20`, or `Nov’25` for another year than that of `context.now`."""
    if row.purchased_at is None:
        return UNKNOWN
    placed, now = to_local(row.purchased_at, context.zone), to_local(context.now, context.zone)
    return _("{day:%b %d}", day=placed) if placed.year == now.year else _("{day:%b’%y}", day=placed)


def age_text(row: OrderRow, context: CellContext, _width: int) -> str:
    """Return how long ago it was placed: `45 m`, `5 h`, `3 d`."""
    return UNKNOWN if row.purchased_at is None else _age(*_span(max(0, context.now - row.purchased_at)))


def _age(number: str, unit: str) -> str:
    return f"{number} {pgettext('unit', unit)}"


def ship_by_text(row: OrderRow, context: CellContext, width: int) -> str:
    """Return `in 5 h` or `14 h late` while the order is to be shipped, else the date."""
    if row.ship_by is None:
        return UNKNOWN if _is_to_ship(row) else NOT_APPLICABLE
    if not _is_to_ship(row):
        return _("{day:%b %d}", day=to_local(row.ship_by, context.zone))
    return _deadline(row.ship_by - context.now, "late", width)


def ship_by_tone(row: OrderRow, context: CellContext) -> str:
    """Return `error` when it is late, `warning` in the last day."""
    if row.ship_by is None or not _is_to_ship(row):
        return ""
    left = row.ship_by - context.now
    return "error" if left < 0 else "warning" if left < DAY else ""


def auto_cancel_text(row: OrderRow, context: CellContext, width: int) -> str:
    """Return when Amazon cancels it by itself at the earliest: `in 6 d`, `2 h over`."""
    deadline = context.verdicts.deadline
    if deadline is None:
        return UNKNOWN if _is_to_ship(row) and context.verdicts.action else NOT_APPLICABLE
    return _deadline(deadline - context.now, "over", width)


def auto_cancel_tone(_row: OrderRow, context: CellContext) -> str:
    """Return `error` in the last day."""
    deadline = context.verdicts.deadline
    return "error" if deadline is not None and deadline - context.now < DAY else ""


def _deadline(left: int, word: str, width: int) -> str:
    number, unit = _span(abs(left))
    unit = pgettext("unit", unit)
    if left >= 0:
        return _("in {number} {unit}", number=number, unit=unit)
    form = N_("{number} {unit} late") if word == "late" else N_("{number} {unit} over")
    brief = N_("{number}{unit} late") if word == "late" else N_("{number}{unit} over")
    return first_fitting((_(form, number=number, unit=unit), _(brief, number=number, unit=unit)), width)


def _span(seconds: int) -> tuple[str, str]:
    """Return a length of time as number and unit, rounded down: hours up to two days."""
    if seconds < HOUR:
        return str(seconds // 60), "m"
    return (str(seconds // HOUR), "h") if seconds < 2 * DAY else (str(min(seconds // DAY, 999)), "d")


def _is_to_ship(row: OrderRow) -> bool:
    return row.status in (OrderStatus.UNSHIPPED, OrderStatus.PARTIALLY_SHIPPED, OrderStatus.UNKNOWN)


def item_text(row: OrderRow, context: CellContext, width: int) -> str:
    """Return SKU and title, with `+2` between them for two other SKUs; the SKU is cut so that `+2` is always seen."""
    sku = sku_text(row, context, width)
    has_room = cell_len(sku) + 2 < width
    return f"{sku} {row.title}" if row.title and row.title != row.sku and has_room else sku


def sku_text(row: OrderRow, context: CellContext, width: int) -> str:
    """Return the SKU of the first current line, and `+2` for two others; the SKU is cut so that `+2` is always seen."""
    others = f" +{context.listed.other_skus}" if context.listed.other_skus else ""
    sku = mask_control_characters(row.sku or "") or UNKNOWN
    return f"{cut_text(sku, width - len(others)) if others else sku}{others}"


def title_text(row: OrderRow, _context: CellContext, _width: int) -> str:
    """Return the product's title, else its SKU."""
    return row.title or row.sku or UNKNOWN


def total_text(row: OrderRow, _context: CellContext, width: int) -> str:
    """Return the amount, with its currency where that is not the marketplace's own. An amount is never cut before the
    decimal sign: what does not fit is left out whole.
    """
    if row.total is None:
        return UNKNOWN
    currency = row.total.currency
    amount = format_grouped(row.total.minor, currency)
    own = MARKETPLACES.get(row.marketplace)
    head = "" if own is not None and own.currency == currency else f"{currency} "
    if len(head) + len(amount) <= width:
        return f"{head}{amount}"
    plain = amount.replace(",", "")
    return first_fitting((f"{head}{plain}", f"{head}{plain.partition('.')[0]}…", f"{head}…".lstrip()), width)


def state_text(row: OrderRow, context: CellContext, width: int) -> str:
    """Return the state of the order in the longest form that fits."""
    return first_fitting(context.state(row).forms, width)


def state_tone(row: OrderRow, context: CellContext) -> str:
    """Return the tone of the order's state."""
    return context.state(row).tone


def status_text(row: OrderRow, _context: CellContext, width: int) -> str:
    """Return Amazon's own status."""
    return UNKNOWN if row.status is OrderStatus.UNKNOWN else first_fitting(status_forms(row.status), width)


def status_tone(row: OrderRow, _context: CellContext) -> str:
    """Return the tone of Amazon's status."""
    return "muted" if row.status in (OrderStatus.CANCELLED, OrderStatus.PENDING) else ""


REQUEST_WORDS = {
    BuyerRequest.OFFICIAL: (N_("★ by button"), "success"),
    BuyerRequest.SOME: (N_("☆ for items"), "warning"),
    BuyerRequest.MESSAGE: (N_("☆ message"), "warning"),
    BuyerRequest.NONE: ("", ""),
    BuyerRequest.UNKNOWN: (UNKNOWN, "muted"),
}


def request_text(row: OrderRow, _context: CellContext, _width: int) -> str:
    """Return how the buyer requested a cancellation; empty when no request is known of."""
    return _(REQUEST_WORDS[row.buyer_request][0])


def request_tone(row: OrderRow, _context: CellContext) -> str:
    """Return the tone of `request_text`."""
    return REQUEST_WORDS[row.buyer_request][1]


def items_text(row: OrderRow, _context: CellContext, _width: int) -> str:
    """Return the number of units."""
    return UNKNOWN if row.items is None else str(row.items)


def batch_text(_row: OrderRow, context: CellContext, _width: int) -> str:
    """Return the number of the batch that has the order, or had it last."""
    return "" if context.listed.batch is None else str(context.listed.batch)


def reason_text(_row: OrderRow, context: CellContext, _width: int) -> str:
    """Return Amazon's words about the order's last batch; before an answer, the reason that it was given there."""
    return translate(context.listed.answer) or context.listed.reason


def muted(_row: OrderRow, _context: CellContext) -> str:
    """Return `muted`: the cell explains, it decides nothing."""
    return "muted"


def columns_for(*, several: bool) -> tuple[Column, ...]:
    """Return all columns, left to right; without those that say nothing while only one marketplace can be in view."""
    return COLUMNS if several else _ONE_MARKETPLACE


COLUMNS: tuple[Column, ...] = (
    Column("order", N_("Order"), (19, 19, 19), lambda row, *_: row.order_id, 0, sort_key="order_id"),
    Column("marketplace", N_("Mk"), (2, 2, 2), lambda row, *_: row.marketplace, 4, sort_key="marketplace",
           is_of_several=True),
    Column("placed", N_("Date"), (6, 6, 6), placed_text, 7, sort_key="placed", descends_first=True, ages=True),
    Column("age", N_("Age"), (5, 5, 5), age_text, sort_key="age", descends_first=True, align="right", ages=True),
    Column("ship-by", N_("Ship by"), (9, 9, 9), ship_by_text, 3, ship_by_tone, "ship_by", ages=True),
    Column("auto-cancel", N_("Auto-cancel"), (11, 11, 11), auto_cancel_text, 9, auto_cancel_tone, "auto_cancel",
           ages=True),
    Column("item", N_("Item"), (8, 30, 64), item_text, 2, sort_key="item"),
    Column("sku", N_("SKU"), (16, 16, 40), sku_text, sort_key="sku"),
    Column("title", N_("Title"), (24, 24, 80), title_text, tone=muted, sort_key="title"),
    Column("items", N_("Qty"), (3, 3, 3), items_text, 5, sort_key="items", descends_first=True, align="right"),
    Column("total", N_("Total"), (8, 8, 13), total_text, 6, sort_key="total", descends_first=True, align="right"),
    Column("asked", N_("Request"), (11, 11, 11), request_text, 8, request_tone, "request", descends_first=True),
    Column("status", N_("Status"), (13, 13, 14), status_text, tone=status_tone, sort_key="status"),
    Column("state", N_("State"), (9, 11, 24), state_text, 1, state_tone, "may", descends_first=True, ages=True),
    Column("batch", N_("Batch"), (6, 6, 6), batch_text, sort_key="batch", descends_first=True, align="right"),
    Column("reason", N_("Reason"), (16, 24, 80), reason_text, tone=muted, sort_key="reason"),
)  # fmt: skip
"""Every column of the table, left to right. To add a column, add it here; nothing else names them all."""
BY_KEY = {column.key: column for column in COLUMNS}
RENAMED = {"may": "state"}
"""Keys of columns in files of version 0.1, and what they are called now."""
_ONE_MARKETPLACE = tuple(column for column in COLUMNS if not column.is_of_several)
