"""Draws a shortage sheet: its head, its lines, and all that is known of its SKUs."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content

from ordertui.messages import _, join_texts, ngettext, translate
from ordertui.operations.shortage.sheet import ShortageRow, ShortageSheet
from ordertui.orders.money import format_money
from ordertui.orders.text import mask_control_characters
from ordertui.rules.shortage import Why

from .format import GAP, MUTED, Piece, format_sums, format_time, orders_text, pad

HEAD_SKUS = 3
"""Short SKUs that the head names; `i` lists all."""
ID_CELLS = 19
MOST_UNITS_CELLS = 20
"""Cells that units of several SKUs are lined up in; longer ones take the room that they need."""
WARNING = "$text-warning"


def sku_line(sheet: ShortageSheet, sku: str) -> str:
    """Return `MUG-BLUE: 40 ordered, 12 on hand, 28 missing`."""
    result = sheet.result
    ordered, short = result.ordered.get(sku, 0), result.short.get(sku, 0)
    on_hand = sheet.available[sku]
    return _(
        "{sku}: {ordered:,} ordered, {on_hand:,} on hand, {short:,} missing",
        sku=mask_control_characters(sku),
        ordered=ordered,
        on_hand=on_hand,
        short=short,
    )


def render_shortage_head(sheet: ShortageSheet, *, is_weighing: bool) -> Content:
    """Return the short SKUs, what the chosen orders come to, and the notes."""
    short = sorted(sheet.result.short, key=lambda sku: (-sheet.result.short[sku], sku))
    lines: list[Content] = [Content(sku_line(sheet, sku)) for sku in short[:HEAD_SKUS]]
    if len(short) > HEAD_SKUS:
        lines.append(
            Content.styled(
                ngettext(
                    "and {n:,} more short SKU: i lists them",
                    "and {n:,} more short SKUs: i lists them",
                    len(short) - HEAD_SKUS,
                ),
                MUTED,
            )
        )
    if short:
        count = ngettext("{n:,} counts toward the rate", "{n:,} count toward the rate", sheet.counting)
        pieces: list[Piece] = [
            (_("{orders} to cancel", orders=orders_text(len(sheet.chosen))), "bold"),
            _(" ({note})", note=count),
        ]
        money = _money(sheet.chosen)
        pieces += [f"{GAP}{money}"] if money else []
        pieces.append(_("{gap}{rows:,} to keep", gap=GAP, rows=len(sheet.rows) - len(sheet.chosen)))
        pieces += [(_("{gap}weighing…", gap=GAP), MUTED)] if is_weighing else []
        lines.append(Content.assemble(*pieces))
    else:
        lines.append(Content(_("No SKU is short: there are units for every order.")))
    lines += [Content.styled(note, WARNING) for note in _notes(sheet)]
    return Content("\n").join(lines)


def render_shortage_details(sheet: ShortageSheet) -> str:
    """Return every SKU that was asked for, the short ones first, and the notes."""
    skus = sorted(sheet.available, key=lambda sku: (-sheet.result.short.get(sku, 0), sku))
    return "\n".join([*(sku_line(sheet, sku) for sku in skus), "", *_notes(sheet)])


def shortage_units_cells(sheet: ShortageSheet) -> int:
    """Return how many cells the units of its orders take, so that what comes after them is lined up."""
    many = len(sheet.result.short) > 1
    return min(max((cell_len(_units(row, many)) for row in sheet.rows), default=0), MOST_UNITS_CELLS)


def render_shortage_row(row: ShortageRow, zone: str, width: int, *, many_skus: bool, units_cells: int) -> Content:
    """Return the line of an order in at most `width` cells: sign, id, units, money, ship-by time, and why.

    `units_cells`: those of `shortage_units_cells`.
    """
    sign: Piece = ("✗ ", "$text-error") if row.is_chosen else ("✓ ", "$text-success")
    pinned = "*" if row.reason is Why.BY_HAND else " "
    units = pad(_units(row, many_skus), units_cells, right=not many_skus)
    total = _("price ?") if row.total is None else format_money(row.total.minor, row.total.currency)
    ship_by = format_time(row.ship_by, zone) if width >= 100 else ""
    facts = f"{row.order_id:<{ID_CELLS}}{pinned} {units}  {pad(total, 11, right=True)}  {ship_by}"
    flag: list[Piece] = []
    if row.is_chosen:
        flag = [(_("  counts"), WARNING) if row.counts else (_("  ★ does not count"), "$text-success")]
    why = translate(row.why.removeprefix("chosen because ").removeprefix("kept because "))
    head = _("cancel") if row.is_chosen else _("keep")
    pieces: list[Piece] = [sign, facts.rstrip(), *(flag if width >= 100 else []), join_texts([f"  {head}", ""], ": ")]
    forms = [Content.assemble(*pieces, (mask_control_characters(one), MUTED)) for one in (why, why.partition(", ")[0])]
    return next((form for form in forms if form.cell_length <= width), forms[0]).truncate(width, ellipsis=True)


def _units(row: ShortageRow, many_skus: bool) -> str:
    texts = (f"{units} {mask_control_characters(sku)}" if many_skus else f"{units}" for sku, units in row.units)
    return " ".join(texts)


def _notes(sheet: ShortageSheet) -> list[str]:
    return [mask_control_characters(translate(note)) for note in sheet.notes]


def _money(rows: Sequence[ShortageRow]) -> str:
    sums: dict[str, int] = {}
    for row in rows:
        if row.total is not None:
            sums[row.total.currency] = sums.get(row.total.currency, 0) + row.total.minor
    return format_sums(sorted(sums.items()), sum(row.total is None for row in rows))
