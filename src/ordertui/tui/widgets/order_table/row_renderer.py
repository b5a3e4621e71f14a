"""Renders the lines of the table. The content of rows is cached, without the style of their state, and so are the lines
shown last, which scroll as they are.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from enum import StrEnum

import msgspec
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from ordertui.operations.config import ColourRule
from ordertui.orders.order import OrderRow

from .columns import CellContext, Column, ColumnSort, columns_for
from .layout import BY_WIDTH, GUTTER, ColumnChoice, Layout, layout_for
from .row_cache import RowCache
from .strips import (
    Cell,
    LineWindow,
    content_segments,
    crop_line,
    gutter_segments,
    header_strip,
    line_strip,
    placeholder_segments,
    row_cells,
)

MAX_CONTENTS = 400
"""Rows whose content is cached."""
MAX_LINES = 200
"""Finished lines that are cached."""
TONES = ("muted", "error", "warning", "success", "accent", "info")
"""Colours of a cell's text, each a component class of the table."""
RULE_TONES = {"red": "error", "orange": "warning", "green": "success", "blue": "info", "grey": "muted"}
"""Tones of the colours that a colour rule names: legible in every theme."""
BAR = "bar"
"""Component class of the scroll bar's thumb."""
THUMB = "▐"
REVERSED = Style(reverse=True)
"""Laid under the label of the column cursor."""


class LineState(StrEnum):
    """How a line is shown; each is a component class of the table."""

    BASE = "base"
    ODD = "odd"
    MARKED = "marked"
    VISUAL = "visual"
    """In the open range."""
    CURSOR = "cursor"
    HEADER = "header"


FEW_COLOURS = {
    LineState.CURSOR: Style(reverse=True, bold=True),
    LineState.VISUAL: Style(underline=True),
    LineState.MARKED: Style(bold=True),
}
"""What lines have besides their background where 16 colours or none are shown."""


class LineLook(msgspec.Struct, frozen=True):
    """How one row's line is shown. `is_drawn`: an open range would mark it. `has_thumb`: the scroll bar's thumb is on
    its line; None: the table has no scroll bar.
    """

    state: LineState
    is_marked: bool
    is_drawn: bool
    has_thumb: bool | None


class CachedContent(msgspec.Struct, frozen=True):
    """The content of a row, the row and the minute of the clock it was last checked with, the facts it was made of,
    and its cells that change with time.
    """

    minute: int
    row: OrderRow
    context: CellContext
    ageing: tuple[Cell, ...]
    segments: tuple[Segment, ...]

    def is_of(self, row: OrderRow, context: CellContext) -> bool:
        """Return whether it was made of the same facts."""
        mine = self.context
        return (self.row, mine.listed, mine.verdicts, mine.colour) == (
            row,
            context.listed,
            context.verdicts,
            context.colour,
        )


class RowRenderer:
    """Holds layout, styles and the contents made so far. The clock and the words come from the cache's source."""

    def __init__(self, cache: RowCache) -> None:
        self.made = 0
        """Contents made so far; tests hold it to a budget."""
        self.composed = 0
        """Lines put together so far; tests hold it to a budget."""
        self.choice: ColumnChoice = BY_WIDTH
        self.layout: Layout = layout_for(80)
        self._cache = cache
        self._contents: OrderedDict[int, CachedContent] = OrderedDict()
        self._lines: dict[tuple[int, LineLook], tuple[tuple[Segment, ...], LineWindow, Strip]] = {}
        """Finished lines by row id and look, and what they were made of."""
        self._tones: dict[str, Style] = {}
        self._few_colours = False
        self._states: dict[str, Style] = {}

    @property
    def columns(self) -> tuple[Column, ...]:
        """Every column there is to choose from."""
        return columns_for(several=self.choice.several)

    def fit(self, width: int) -> None:
        """Choose the columns for so many cells."""
        layout = layout_for(width, self.choice)
        if layout != self.layout:
            self.layout = layout
            self.forget()

    def forget(self) -> None:
        """Make every line anew."""
        self._contents.clear()
        self._lines.clear()

    def restyle(self) -> None:
        """Look the styles up again before the next line, because theme or focus changed."""
        self._states = {}

    def load_styles(self, style_of: Callable[[str], Style], *, few_colours: bool = False) -> None:
        """Look the styles up if that is not done; one look serves many lines. `few_colours`: the terminal shows our
        backgrounds alike, so cursor, range and marks differ by more than their colour.
        """
        if self._states:
            return
        self._few_colours = few_colours
        self._lines.clear()
        self._states = {name: style_of(f"order-table--{name}") for name in LineState}
        if few_colours:
            self._states.update((name, self._states[name] + style) for name, style in FEW_COLOURS.items())
        tones = {name: Style(color=style_of(f"order-table--{name}").color) for name in (*TONES, BAR)}
        if tones != self._tones:
            self._tones = tones
            self.forget()

    def header(self, sort: ColumnSort, width: int, scroll_x: int, column: str = "") -> Strip:
        """Return the line of labels; `‹` and `›` say that there are more columns on that side. `column`: that of the
        column cursor.
        """
        style, fixed = self._states[LineState.HEADER], self.layout.fixed
        whole = header_strip(self.layout, sort, style, max(width, self.layout.width))
        text = crop_line(whole, LineWindow(width, scroll_x, fixed), style).text
        if scroll_x:
            text = f"{text[: fixed - 1]}‹{text[fixed:]}"
        if scroll_x + width < self.layout.width:
            text = f"{text[:-1]}›"
        strip, span = Strip([Segment(text, style)], width), self.layout.span(column)
        if span is None:
            return strip
        fixed_column = span[0] < fixed
        start = span[0] if fixed_column else span[0] - scroll_x
        first, last = max(start, 0 if fixed_column else fixed), min(start + span[1], width)
        if first >= last:  # scrolled out of sight, or beyond a narrower table
            return strip
        return Strip.join(
            [strip.crop(0, first), strip.crop(first, last).apply_style(REVERSED), strip.crop(last, width)]
        )

    @property
    def note_style(self) -> Style:
        """Style of the text of an empty table."""
        return self._states[LineState.BASE] + self._tones["muted"]

    def line(self, row: OrderRow | None, look: LineLook, width: int, scroll_x: int) -> Strip:
        """Return the finished line of a row: `width` cells and the scroll bar's. None: the store has no such row."""
        content = self._content(row)
        window = LineWindow(width, scroll_x, self.layout.fixed, self.layout.width)
        if row is None:
            return self._line(content, look, window, has_note=False)
        made_of, made_for, line = self._lines.get((row.id, look), (None, None, Strip.blank(0)))
        if made_of is not content or made_for != window:
            if len(self._lines) >= MAX_LINES:
                del self._lines[next(iter(self._lines))]
            line = self._line(content, look, window, has_note=row.note is not None)
            self._lines[row.id, look] = content, window, line
        return line

    def _line(self, content: tuple[Segment, ...], look: LineLook, window: LineWindow, *, has_note: bool) -> Strip:
        self.composed += 1
        gutter = gutter_segments(
            is_marked=look.is_marked,
            is_drawn=look.is_drawn,
            has_note=has_note,
            is_cursor=look.state is LineState.CURSOR,
            styles=self._tones,
        )
        bar = None
        if look.has_thumb is not None:
            bar = Segment(THUMB, self._tones[BAR]) if look.has_thumb else Segment(" ")
        return line_strip(gutter, content, self._states[look.state], window, bar)

    def _content(self, row: OrderRow | None) -> tuple[Segment, ...]:
        """Return the row's cells, from the cache if the words that time changes are still the same. A row that was
        read again is checked anew: what is listed of its order may differ though the row does not.
        """
        source = self._cache.source
        if row is None or source is None:
            return placeholder_segments(self.layout, self._tones)
        minute = source.now() // 60
        cached = self._contents.get(row.id)
        if cached is None or cached.minute != minute or cached.row is not row:
            self._contents[row.id] = cached = self._made(row, source.context(row), minute, cached)
            if len(self._contents) > MAX_CONTENTS:
                self._contents.popitem(last=False)
        self._contents.move_to_end(row.id)
        return cached.segments

    def _made(self, row: OrderRow, context: CellContext, minute: int, before: CachedContent | None) -> CachedContent:
        """Return the row's content; as it was made before, while each of its words is the same."""
        if before is not None and before.is_of(row, context) and before.ageing == self._ageing_cells(row, context):
            return CachedContent(minute, row, context, before.ageing, before.segments)
        self.made += 1
        cells = row_cells(row, self.layout.sized, context)
        ageing = tuple(cell for cell, column in zip(cells, self.layout.columns, strict=True) if column.ages)
        segments = content_segments(cells, self.layout, self._tones, self._rule_style(context.colour))
        return CachedContent(minute, row, context, ageing, segments)

    def _rule_style(self, rule: ColourRule | None) -> Style | None:
        """Return the look of a colour rule; one without a style of its own is underlined where colours are few."""
        if rule is None:
            return None
        style = rule.style or ("underline" if self._few_colours else "")
        colour = self._tones.get(RULE_TONES.get(rule.colour, ""), Style.null())
        return colour + Style.parse(style) if style else colour

    def aged_cells(self, row: OrderRow) -> tuple[int, int] | None:
        """Return the first cell and the end of what was rendered of a row with words that are out of date; None
        when nothing was. They are cells of the whole line, the gutter included.
        """
        source, cached = self._cache.source, self._contents.get(row.id)
        if source is None or cached is None or cached.minute == source.now() // 60:
            return None
        context = source.context(row)
        if context.colour != cached.context.colour:
            return GUTTER, self.layout.width
        words = self._ageing_cells(row, context)
        spans = [self.layout.span(column.key) for column in self.layout.columns if column.ages]
        aged = [
            (span[0], sum(span))
            for span, old, new in zip(spans, cached.ageing, words, strict=True)
            if span is not None and old != new
        ]
        return (aged[0][0], aged[-1][1]) if aged else None

    def _ageing_cells(self, row: OrderRow, context: CellContext) -> tuple[Cell, ...]:
        return row_cells(row, (sized for sized in self.layout.sized if sized[0].ages), context)
