"""A line to type text in."""

from __future__ import annotations

from textual import events
from textual.widgets import Input


class LineInput(Input):
    """An input that takes a paste of several lines as one line of printable characters.

    Its cursor does not blink, so that an idle screen writes nothing to the terminal.
    """

    def on_mount(self) -> None:
        """Stop the cursor from blinking."""
        self.cursor_blink = False

    def on_paste(self, event: events.Paste) -> None:
        """Join pasted lines with spaces and leave control characters out."""
        event.stop()
        event.prevent_default()
        text = " ".join(event.text.split())
        self.insert_text_at_cursor("".join(character for character in text if character.isprintable()))
