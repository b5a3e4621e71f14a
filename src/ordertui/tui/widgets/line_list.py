"""A list of any length with a cursor, of which only the lines on the screen are drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from ordertui.messages import N_

from . import viewport
from .option_list import REVERSE
from .viewport import Viewport

MARK_CELLS = 2
"""Cells at the beginning of a line on which a click toggles the line."""


class LineList(ScrollView, can_focus=True):
    """Lines that `draw` makes from their number and the width there is, cut at that width."""

    DEFAULT_CSS = """
    LineList {
        height: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; background: $surface;
        & > .line-list--line { background: $surface; }
        & > .line-list--cursor { background: $panel; text-style: bold; }
        &:focus > .line-list--cursor {
            background: $block-cursor-background; color: $block-cursor-foreground; text-style: bold;
        }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"line-list--line", "line-list--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j,down", "move(1)", N_("Down"), show=False),
        Binding("k,up", "move(-1)", N_("Up"), show=False),
        Binding("pagedown", "page(1)", N_("A page down"), show=False),
        Binding("pageup", "page(-1)", N_("A page up"), show=False),
        Binding("ctrl+d", "half_page(1)", N_("Half a page down"), show=False),
        Binding("ctrl+u", "half_page(-1)", N_("Half a page up"), show=False),
        Binding("g,home", "first", show=False),
        Binding("G,end", "last", show=False),
        Binding("enter", "open_line", show=False),
        Binding("space", "toggle_line", show=False),
    ]

    class Opened(Message):
        """Enter, or a double click, on the line under the cursor."""

    class Toggled(Message):
        """Space, or a click on the mark, on the line under the cursor."""

    def __init__(self, draw: Callable[[int, int], Content], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._draw = draw
        self._count = 0
        self._cursor = 0

    @property
    def cursor(self) -> int:
        """Number of the line under the cursor, from 0; 0 in an empty list."""
        return self._cursor

    def show(self, count: int, cursor: int) -> None:
        """Show so many lines, with the cursor on this one."""
        self._count = count
        self._cursor = max(0, min(cursor, count - 1))
        self.virtual_size = Size(self.size.width, count)
        self.refresh()
        self._follow()

    def on_resize(self) -> None:
        """Draw the lines at the new width, with the cursor in sight."""
        self.virtual_size = Size(self.size.width, self._count)
        self.refresh()
        self._follow()

    @property
    def _view(self) -> Viewport:
        return Viewport(self._cursor, self.scroll_offset.y, self.scrollable_content_region.height, self._count)

    def action_move(self, lines: int) -> None:
        """Move the cursor by so many lines."""
        self._go(viewport.move(self._view, lines))

    def action_page(self, pages: int) -> None:
        """Move cursor and lines by pages."""
        self._go(viewport.page(self._view, pages))

    def action_half_page(self, halves: int) -> None:
        """Move cursor and lines by half pages."""
        self._go(viewport.half_page(self._view, halves))

    def action_first(self) -> None:
        """Move the cursor to the first line."""
        self._go(viewport.home(self._view))

    def action_last(self) -> None:
        """Move the cursor to the last line."""
        self._go(viewport.end(self._view))

    def _go(self, view: Viewport) -> None:
        self._cursor = view.cursor
        self.scroll_to(y=view.top, animate=False, force=True, immediate=True)
        self.refresh()

    def action_open_line(self) -> None:
        """Open the line under the cursor."""
        if self._count:
            self.post_message(self.Opened())

    def action_toggle_line(self) -> None:
        """Toggle the line under the cursor."""
        if self._count:
            self.post_message(self.Toggled())

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the line; toggle it when its mark was clicked, open it on a double click."""
        line = event.y + self.scroll_offset.y
        if not 0 <= line < self._count:
            return
        self.action_move(line - self._cursor)
        if event.x < MARK_CELLS:
            self.action_toggle_line()
        elif event.chain == 2:
            self.action_open_line()

    def _follow(self) -> None:
        """Scroll so that the cursor is in sight."""
        self.scroll_to_region(Region(0, self._cursor, 1, 1), animate=False, force=True, immediate=True)

    def render_line(self, y: int) -> Strip:
        """Return one line of the screen."""
        line = y + self.scroll_offset.y
        width = self.scrollable_content_region.width
        name = "line-list--cursor" if line == self._cursor and self._count else "line-list--line"
        style = self.get_visual_style(name)
        if line >= self._count or width <= 0:
            return Strip.blank(max(0, width), style.rich_style)
        content = self._draw(line, width).truncate(width, ellipsis=True)
        strips = Visual.to_strips(self, content, width, 1, style)
        strip = strips[0] if strips else Strip.blank(width, style.rich_style)
        return strip.apply_style(REVERSE) if self.get_component_rich_style(name).reverse else strip
