"""Finished lines of the table: content strips are made once and kept; the look of a state is laid under them."""

from __future__ import annotations

from array import array
from collections import OrderedDict
from collections.abc import Callable

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from ordertui.orders.order import OrderRow

from .columns import CellContext, Choice, Column, Layout, Order, columns_for, layout_for
from .row_cache import RowCache
from .strips import content_strip, gutter_strip, header_strip, line_strip, placeholder_strip, shifted
from .viewport import Viewport, thumb

CONTENT_KEPT = 1_000
TONES = ("muted", "error", "warning", "success", "accent")
STATES = ("base", "odd", "marked", "visual", "cursor", "header")
BAR = "bar"
"""The component of the scroll bar's thumb."""
THUMB = "▐"


class Painter:
    """Layout, styles and the strips made so far. `row_window` is where the rows come from."""

    def __init__(self, row_window: RowCache) -> None:
        self.made = 0
        """Content strips made so far."""
        self.choice = Choice()
        self.layout: Layout = layout_for(80, self.choice)
        self._window = row_window
        self._contents: OrderedDict[tuple[object, ...], tuple[int, tuple[str, ...], Strip]] = OrderedDict()
        """The minute of the clock, the words that time changes, and the strip."""
        self._tones: dict[str, Style] = {}
        self._states: dict[str, Style] = {}

    @property
    def known(self) -> tuple[Column, ...]:
        """Every column there is to choose from."""
        return columns_for(several=self.choice.several)

    def fit(self, width: int) -> None:
        """Choose the columns for so many cells."""
        layout = layout_for(width, self.choice)
        if layout != self.layout:
            self.layout = layout
            self.forget()

    def forget(self) -> None:
        """Make every content strip again."""
        self._contents.clear()

    def restyle(self) -> None:
        """The theme or the focus changed: look the styles up again before the next line."""
        self._states = {}

    def ready(self, style_of: Callable[[str], Style]) -> None:
        """Look the styles up, once for many lines."""
        if self._states:
            return
        self._states = {name: style_of(f"order-table--{name}") for name in STATES}
        tones = {name: Style(color=style_of(f"order-table--{name}").color) for name in (*TONES, BAR)}
        if tones != self._tones:
            self._tones = tones
            self.forget()

    def header(self, order: Order, width: int, scroll_x: int) -> Strip:
        """The line of labels; `‹` and `›` say that there are more columns to that side."""
        style, fixed = self._states["header"], self.layout.fixed
        whole = header_strip(self.layout, order, style, max(width, self.layout.width))
        text = shifted(whole, width, fixed, scroll_x, style).text
        if scroll_x:
            text = f"{text[: fixed - 1]}‹{text[fixed:]}"
        if scroll_x + width < self.layout.width:
            text = f"{text[:-1]}›"
        return Strip([Segment(text, style)], width)

    @property
    def note_style(self) -> Style:
        """The style of what an empty table says."""
        return self._states["base"] + self._tones["muted"]

    def line(
        self,
        index: int,
        ids: array[int],
        view: Viewport,
        *,
        state: str,
        marked: bool,
        drawn: bool,
        width: int,
        scroll_x: int,
        bar: bool = False,
    ) -> Strip:
        """The finished line of the row at `index`; `drawn`: an open range would mark it; `bar`: with a cell of the scroll bar at its end."""
        gutter = gutter_strip(marked=marked, visual=drawn, cursor=state == "cursor", styles=self._tones)
        content = self.content(self._window.row(ids, index, view.top, view.height))
        return line_strip(
            gutter, content, self._states[state], width, scroll_x, self._end(index, view) if bar else None,
            fixed=self.layout.fixed,
        )  # fmt: skip

    def _end(self, index: int, view: Viewport) -> Segment:
        """The cell of the scroll bar on this row's line."""
        return Segment(THUMB, self._tones[BAR]) if index - view.top in thumb(view) else Segment(" ")

    def content(self, row: OrderRow | None) -> Strip:
        """The row's cells, made when they are not kept."""
        source = self._window.source
        if row is None or source is None:
            return placeholder_strip(self.layout, self._tones)
        key, minute = (row.id, row.version, row.open_action), source.now() // 60
        kept = self._contents.get(key)
        if kept is None or kept[0] != minute:
            context = CellContext(source.now(), source.zone(row), source.may(row), self.layout.several)
            words = self._ageing_words(row, context)
            if kept is None or kept[1] != words:
                self.made += 1
                kept = (minute, words, content_strip(row, self.layout, context, self._tones))
            self._contents[key] = (minute, *kept[1:])
            if len(self._contents) > CONTENT_KEPT:
                self._contents.popitem(last=False)
        self._contents.move_to_end(key)
        return kept[2]

    def has_aged(self, row: OrderRow) -> bool:
        """Whether the row's line was drawn with words that time has changed."""
        source, kept = self._window.source, self._contents.get((row.id, row.version, row.open_action))
        if source is None or kept is None or kept[0] == source.now() // 60:
            return False
        return kept[1] != self._ageing_words(row, CellContext(source.now(), source.zone(row), "", self.layout.several))

    def _ageing_words(self, row: OrderRow, context: CellContext) -> tuple[str, ...]:
        return tuple(f"{column.text(row, context)} {column.tone(row, context)}" for column in self.layout.ageing)
