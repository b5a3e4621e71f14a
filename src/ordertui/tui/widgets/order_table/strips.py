"""One row as a strip of terminal cells: pure functions, no widget.

A content strip has foreground colours only and is cached by its caller; mark, cursor and range are laid under it
afterwards as one state style, so moving the cursor makes no new content.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from ordertui.orders.order import OrderRow
from ordertui.tui.widgets.minimal_repaint import merge_segments

from .columns import GUTTER, LABELS, CellContext, Column, Layout, Order

ELLIPSIS = "…"
REPLACEMENT = "�"
_INVISIBLE = (
    set(range(0x20))
    | set(range(0x7F, 0xA0))
    | set(range(0x200B, 0x2010))
    | set(range(0x2028, 0x202F))
    | set(range(0x2060, 0x2070))
    | {0xFEFF, 0xAD, 0x061C}
)
_CLEAN = dict.fromkeys(_INVISIBLE, REPLACEMENT) | {0x09: " ", 0x0A: " ", 0x0D: " ", 0x200D: "", 0xFE0E: "", 0xFE0F: ""}


def clean(text: str) -> str:
    """The text without what a terminal would obey or hide: control, zero-width and direction characters
    become `�`; the joiners of emoji are dropped."""
    return text if text.isascii() and text.isprintable() else text.translate(_CLEAN)


def fit(text: str, width: int, align: Literal["left", "right"] = "left") -> str:
    """The text in exactly `width` cells, cut with an ellipsis; a wide character is never halved."""
    if width <= 0:
        return ""
    text = clean(text)
    size = cell_len(text)
    if size > width:
        cut = set_cell_size(text, width - 1).rstrip() + ELLIPSIS
        text, size = cut, cell_len(cut)
    pad = " " * (width - size)
    return pad + text if align == "right" else text + pad


def content_strip(row: OrderRow, layout: Layout, context: CellContext, tones: Mapping[str, Style]) -> Strip:
    """The row's cells without gutter, `layout.width - GUTTER` wide. `tones` gives the foreground style of each tone."""
    segments: list[Segment] = []
    last = len(layout.columns) - 1
    for place, (column, width) in enumerate(zip(layout.columns, layout.widths, strict=True)):
        text = fit(column.text(row, context), width, column.align)
        segments.append(
            Segment(text if place == last else text + " " * layout.gap, tones.get(column.tone(row, context)))
        )
    return merge_segments(Strip(segments))


def placeholder_strip(layout: Layout, tones: Mapping[str, Style]) -> Strip:
    """A row whose order the store did not give."""
    width = layout.width - GUTTER
    return Strip([Segment(fit(ELLIPSIS, width), tones.get("muted"))], width)


def header_strip(layout: Layout, order: Order, style: Style, width: int) -> Strip:
    """The labels, those sorted by with an arrow, and with their number when they are several, `width` cells wide. When the first
    of them is not shown, the first label tells of it, if it has room."""
    signs = {
        key: f"{number if len(order) > 1 else ''}{'▼' if down else '▲'}"
        for number, (key, down) in enumerate(order, start=1)
    }
    shown = {column.key for column in layout.columns}
    parts = [" " * GUTTER]
    for place, (column, size) in enumerate(zip(layout.columns, layout.widths, strict=True)):
        label = _label(column, signs.get(column.key, ""), size)
        if not place and order and order[0][0] not in shown:
            told = f"{label}  by {LABELS[order[0][0]]}{signs[order[0][0]]}"
            label = told if cell_len(told) <= size else label
        parts.append(fit(label, size, column.align) + " " * layout.gap)
    return Strip([Segment(fit("".join(parts).rstrip(), width), style)], width)


def _label(column: Column, sign: str, width: int) -> str:
    label = column.label[: max(0, width - len(sign))]
    return sign + label if column.align == "right" else label + sign


def gutter_strip(*, marked: bool, visual: bool, cursor: bool, styles: Mapping[str, Style]) -> Strip:
    """The cursor's bar and the mark; a range that is not yet marked shows `○`."""
    glyph = "●" if marked else "○" if visual else " "
    bar = Segment("▌" if cursor else " ", styles.get("accent"))
    mark = Segment(f"{glyph} ", styles.get("accent") if marked or visual else None)
    return Strip([bar, mark], GUTTER)


def shifted(strip: Strip, width: int, fixed: int, scroll_x: int, style: Style | None = None) -> Strip:
    """The strip in `width` cells: the first `fixed` stand still, the others are scrolled by `scroll_x`."""
    if not scroll_x:
        return strip.crop_extend(0, width, style)
    moving = strip.crop_extend(fixed + scroll_x, max(width, fixed) + scroll_x, style)
    return Strip.join([strip.crop(0, fixed), moving]).crop_extend(0, width, style)


def line_strip(
    gutter: Strip,
    content: Strip,
    state: Style,
    width: int,
    scroll_x: int = 0,
    end: Segment | None = None,
    *,
    fixed: int = GUTTER,
) -> Strip:
    """The finished line: gutter and content in `width` cells, as `shifted`, then `end`; the state style under all of it."""
    shown = shifted(Strip.join([gutter, content]), width, fixed, scroll_x)
    return merge_segments(Strip([*shown, end] if end else shown).apply_style(state))
