"""One row as a strip of terminal cells: pure functions, no widget.

A row's content has foreground colours only and is cached by its caller; mark, cursor and range are laid under it
afterwards as one state style, so moving the cursor makes no new content.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Literal, TypeAlias

import msgspec
from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from ordertui.messages import _
from ordertui.orders.order import OrderRow
from ordertui.orders.text import mask_control_characters
from ordertui.tui.widgets.minimal_repaint import merge_runs

from .columns import BY_KEY, CellContext, Column, ColumnSort
from .layout import GUTTER, Layout

ELLIPSIS = "…"
_RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
"""Digits for the place of a sort key behind its arrow: raised, so that they are not read as part of the label."""


def fit(text: str, width: int, align: Literal["left", "right"] = "left") -> str:
    """Return the text in exactly `width` cells, cut with an ellipsis; a wide character is never halved."""
    if width <= 0:
        return ""
    if text.isascii() and text.isprintable():
        size = len(text)
    else:
        text = mask_control_characters(text)
        size = cell_len(text)
    if size > width:
        cut = set_cell_size(text, width - 1).rstrip() + ELLIPSIS
        text, size = cut, cell_len(cut)
    pad = " " * (width - size)
    return pad + text if align == "right" else text + pad


Cell: TypeAlias = tuple[str, str]
"""Text and tone of a cell."""


def row_cells(row: OrderRow, columns: Iterable[tuple[Column, int]], context: CellContext) -> tuple[Cell, ...]:
    """Return the cells of these columns and their widths."""
    return tuple((column.text(row, context, width), column.tone(row, context)) for column, width in columns)


def content_segments(
    cells: Iterable[Cell], layout: Layout, tones: Mapping[str, Style], rule: Style | None = None
) -> tuple[Segment, ...]:
    """Return a row without the gutter, `layout.width - GUTTER` wide, one segment for neighbours of one tone. `tones`:
    the foreground style of each tone. `rule`: the look of the colour rule that the order fits; a cell's own tone weighs
    more than its colour.
    """
    gap = " " * layout.gap
    done: list[tuple[str, Style | None]] = []
    for (text, name), (column, width) in zip(cells, layout.sized, strict=True):
        tone = tones.get(name)
        style = tone if rule is None else rule if tone is None else rule + tone
        text = fit(text, width, column.align) + gap
        if done and done[-1][1] is style:
            done[-1] = (done[-1][0] + text, style)
        else:
            done.append((text, style))
    last, style = done[-1]
    done[-1] = (last[: -layout.gap], style)
    return tuple(Segment(text, style) for text, style in done)


def placeholder_segments(layout: Layout, tones: Mapping[str, Style]) -> tuple[Segment, ...]:
    """Return the content of a row that the store did not give."""
    return (Segment(fit(ELLIPSIS, layout.width - GUTTER), tones.get("muted")),)


def header_strip(layout: Layout, sort: ColumnSort, style: Style, width: int) -> Strip:
    """Return the labels, `width` cells wide; those sorted by have an arrow, and their number when they are several.

    When the first sort column is not shown, the first label names it if there is room, beside itself or in its place.
    """
    signs = {
        key: f"{'▼' if down else '▲'}{str(number).translate(_RAISED) if len(sort) > 1 else ''}"
        for number, (key, down) in enumerate(sort, start=1)
    }
    shown = {column.key for column in layout.columns}
    parts = [" " * GUTTER]
    for place, (column, size) in enumerate(zip(layout.columns, layout.widths, strict=True)):
        label = _label(column, signs.get(column.key, ""), size)
        if not place and sort and sort[0][0] not in shown:
            by = {"by_key": _(BY_KEY[sort[0][0]].label), "signs": signs[sort[0][0]]}
            forms = (_("{label}  by {by_key}{signs}", label=label, **by), _("by {by_key}{signs}", **by))
            label = next((form for form in forms if cell_len(form) <= size), label)
        parts.append(fit(label, size, column.align) + " " * layout.gap)
    return Strip([Segment(fit("".join(parts).rstrip(), width), style)], width)


def _label(column: Column, sign: str, width: int) -> str:
    label = set_cell_size(_(column.label), min(cell_len(_(column.label)), max(0, width - len(sign))))
    return sign + label if column.align == "right" else label + sign


NOTE_SIGN = "✎"
"""Beside the order id of an order with a note."""


def gutter_segments(
    *, is_marked: bool, is_drawn: bool, is_cursor: bool, has_note: bool, styles: Mapping[str, Style]
) -> tuple[Segment, ...]:
    """Return the cursor's bar, the mark and the note's sign; `○` for a row that an open range would mark."""
    glyph = "●" if is_marked else "○" if is_drawn else " "
    bar = Segment("▌" if is_cursor else " ", styles.get("accent"))
    mark = Segment(glyph, styles.get("accent") if is_marked or is_drawn else None)
    note = Segment(NOTE_SIGN, styles.get("info")) if has_note else Segment(" ")
    return (bar, mark, note)


class LineWindow(msgspec.Struct, frozen=True):
    """The part of a whole line that is shown: its first `fixed` cells, then those after `scroll_x` more; `width` in
    all. `whole`: cells of the whole line; None: they are to be counted.
    """

    width: int
    scroll_x: int = 0
    fixed: int = GUTTER
    whole: int | None = None


def crop_line(strip: Strip, window: LineWindow, style: Style | None = None) -> Strip:
    """Return the part of a whole line that the window shows, padded with blanks of this style."""
    width, scroll_x, fixed = window.width, window.scroll_x, window.fixed
    if not scroll_x:
        return strip.crop_extend(0, width, style)
    moving = strip.crop_extend(fixed + scroll_x, max(width, fixed) + scroll_x, style)
    return Strip.join([strip.crop(0, fixed), moving]).crop_extend(0, width, style)


def line_strip(
    gutter: Iterable[Segment], content: Iterable[Segment], state: Style, window: LineWindow, bar: Segment | None = None
) -> Strip:
    """Return a finished line: gutter and content as the window shows them, then the cell of the scroll bar.

    The state style is laid under all of it.
    """
    segments: Iterable[Segment] = chain(gutter, content)
    blank = None if window.whole is None else window.width - window.whole
    if blank is None or blank < 0 or window.scroll_x:
        segments = crop_line(Strip(segments, window.whole), window)
    elif blank:
        segments = chain(segments, (Segment(" " * blank),))
    whole = chain(segments, (bar,)) if bar else segments
    merged = merge_runs((text, state if style is None else state + style) for text, style, _ in whole)
    return Strip(merged, window.width + bool(bar))
