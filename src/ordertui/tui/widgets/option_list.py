"""The list of options that dialogs use."""

from __future__ import annotations

from textual.widgets import OptionList


class Choices(OptionList):
    """An option list whose page keys also work where it has no room, or was filled a moment ago: Textual's own fails then."""

    def action_page_up(self) -> None:
        """A page up; to the first where there is no page."""
        if self._has_lines():
            super().action_page_up()  # type: ignore[no-untyped-call]
        else:
            self.action_first()

    def action_page_down(self) -> None:
        """A page down; to the last where there is no page."""
        if self._has_lines():
            super().action_page_down()  # type: ignore[no-untyped-call]
        else:
            self.action_last()

    def _has_lines(self) -> bool:
        self.scroll_to_highlight()  # works out the lines of options that were just added
        return self.scrollable_content_region.area > 0
