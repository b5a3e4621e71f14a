"""The title of a dialog. It knows when it was first drawn, so that keys typed before then cannot answer the dialog."""

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
        """Time of the first drawing by the clock of Textual's messages; None before it."""

    def render_lines(self, crop: Region) -> list[Strip]:
        """Render as any text, and remember when that was first done."""
        if self.first_drawn is None:
            self.first_drawn = Message().time
        return super().render_lines(crop)
