"""The list of options that dialogs use."""

from __future__ import annotations

from typing import ClassVar

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from ordertui.tui.actions import SPACE

HIGHLIGHTED = "option-list--option-highlighted"
REVERSE = Style(reverse=True)


class SafeOptionList(OptionList):
    """An option list with the keys j, k, g and G and a jump to the next option that begins with a letter.

    Its page keys never fail. A click on a line of a menu chooses it; elsewhere it moves the highlight, a double click
    does what Enter does, and one on the mark before a line what space does.

    Textual's own page keys raise an error while the list has no height, or before the lines of new options are known.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", show=False),
        Binding("k", "cursor_up", show=False),
        Binding("ctrl+d", "page_down", show=False),
        Binding("ctrl+u", "page_up", show=False),
        Binding("g", "jump_or_first", show=False),
        Binding("G", "last", show=False),
    ]

    def __init__(
        self,
        *content: Option,
        id: str | None = None,  # noqa: A002
        markup: bool = True,
        is_menu: bool = False,
        mark_cells: int = 0,
    ) -> None:
        """`mark_cells`: cells of the mark before each line, 0 where there is none."""
        super().__init__(*content, id=id, markup=markup)
        self._is_menu = is_menu
        self._mark_cells = mark_cells

    class NothingHighlighted(Message):
        """Enter while no option is highlighted."""

    def on_key(self, event: events.Key) -> None:
        """Jump to the next option that begins with the letter typed, unless the letter is a key of the dialog."""
        letter = event.character or ""
        if letter.isalpha() and event.key not in self.screen.active_bindings and self._jump(letter):
            event.stop()

    def on_click(self, event: events.Click) -> None:
        """Act on a click where Textual's own, which always chooses, is not what is meant."""
        place = event.style.meta.get("option")
        if self._is_menu or place is None or self.get_option_at_index(place).disabled:
            return
        event.prevent_default()
        self.highlighted = place
        if event.x < self._mark_cells:
            self.app.post_message(events.Key(SPACE, " "))
        elif event.chain == 2:
            self.action_select()

    def action_jump_or_first(self) -> None:
        """Go to the first line, or to the next that begins with a g where there is one."""
        if not self._jump("g"):
            self.action_first()

    def _jump(self, letter: str) -> bool:
        """Highlight the next option that begins with the letter; return whether there is one."""
        count, start = self.option_count, -1 if self.highlighted is None else self.highlighted
        for place in ((start + step) % count for step in range(1, count + 1)):
            option = self.get_option_at_index(place)
            if not option.disabled and _first_sign(option) == letter.casefold():
                self.highlighted = place
                return True
        return False

    @property
    def has_words(self) -> bool:
        """Return whether a letter can be typed to jump: an option begins with one."""
        return any(_first_sign(option).isalpha() for option in self.options if not option.disabled)

    def action_select(self) -> None:
        """Choose the highlighted line.

        Without one, the dialog is told.
        """
        if self.highlighted is None:
            self.post_message(self.NothingHighlighted())
        else:
            super().action_select()

    def action_page_up(self) -> None:
        """Go a page up."""
        if self._has_lines():
            super().action_page_up()  # type: ignore[no-untyped-call]
        else:
            self.action_first()

    def action_page_down(self) -> None:
        """Go a page down."""
        if self._has_lines():
            super().action_page_down()  # type: ignore[no-untyped-call]
        else:
            self.action_last()

    def render_line(self, y: int) -> Strip:
        """Return one line of the screen, reversed where the styles say so of the highlighted option: Textual leaves
        that out, and without colours nothing else tells the option from the others.
        """
        strip, style = super().render_line(y), self.get_component_rich_style(HIGHLIGHTED)
        if style.reverse and any(piece.style and piece.style.bgcolor == style.bgcolor for piece in strip):
            return strip.apply_style(REVERSE)
        return strip

    def _has_lines(self) -> bool:
        self.scroll_to_highlight()  # works out the lines of options that were just added
        return self.scrollable_content_region.area > 0


def _first_sign(option: Option) -> str:
    """Return the first letter or digit of an option, in lower case."""
    return next((sign for sign in str(option.prompt) if sign.isalnum()), "").casefold()
