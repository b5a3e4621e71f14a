"""A dialog's first line, which knows when it was first drawn: what was typed before cannot answer the dialog."""

from __future__ import annotations

from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widgets import Static


class Title(Static):
    """The title of a dialog."""

    def __init__(self, text: str) -> None:
        super().__init__(text, classes="dialog-title", markup=False)
        self.first_drawn: float | None = None
        """By the clock that messages carry; None before."""

    def render_lines(self, crop: Region) -> list[Strip]:
        """As any text; the first time is remembered."""
        if self.first_drawn is None:
            self.first_drawn = Message().time
        return super().render_lines(crop)
