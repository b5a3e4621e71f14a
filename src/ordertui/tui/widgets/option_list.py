"""The list of options that dialogs use."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import OptionList


class SafeOptionList(OptionList):
    """An option list with the keys j, k, g and G, whose page keys never fail.

    Textual's own page keys raise an error while the list has no height, or before the lines of new options are known.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("j", "cursor_down", show=False),
        Binding("k", "cursor_up", show=False),
        Binding("g", "first", show=False),
        Binding("G", "last", show=False),
    ]

    def action_page_up(self) -> None:
        """Go a page up; without a page, to the first option."""
        if self._has_lines():
            super().action_page_up()  # type: ignore[no-untyped-call]
        else:
            self.action_first()

    def action_page_down(self) -> None:
        """Go a page down; without a page, to the last option."""
        if self._has_lines():
            super().action_page_down()  # type: ignore[no-untyped-call]
        else:
            self.action_last()

    def _has_lines(self) -> bool:
        self.scroll_to_highlight()  # works out the lines of options that were just added
        return self.scrollable_content_region.area > 0
