"""A line to type in."""

from __future__ import annotations

from textual import events
from textual.widgets import Input


class LineInput(Input):
    """An input that takes a paste of several lines as one, and of it only what can be read; its cursor stands still, so
    that an idle screen writes nothing."""

    def on_mount(self) -> None:
        """No blinking."""
        self.cursor_blink = False

    def on_paste(self, event: events.Paste) -> None:
        """Lines are joined with spaces; control characters are left out."""
        event.stop()
        event.prevent_default()
        text = " ".join(event.text.split())
        self.insert_text_at_cursor("".join(character for character in text if character.isprintable()))
