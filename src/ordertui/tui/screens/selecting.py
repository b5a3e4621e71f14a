"""Text selected with the mouse, and copied with ctrl+c."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.screen import Screen


class Selecting(Screen[Any] if TYPE_CHECKING else object):  # type: ignore[misc]
    """Mixed into every screen."""

    def get_selected_text(self) -> str | None:
        """The selected text; None also where the text has become shorter since: Textual's own fails then."""
        try:
            text: str | None = super().get_selected_text()
        except IndexError:
            return None
        return text
