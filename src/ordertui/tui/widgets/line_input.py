"""A line to type text in."""

from __future__ import annotations

from textual import events
from textual.widgets import Input

from ordertui.messages import _

MOST_CHARACTERS = 100_000
"""Of one line, such as pasted order ids; a longer paste would make each key wait."""


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
        self.insert_pasted(event.text)

    def insert_pasted(self, pasted: str) -> None:
        """Put a pasted text where the cursor is; one that is too long for a line is refused whole."""
        if len(pasted) + len(self.value) > MOST_CHARACTERS:
            message = _("a line takes {most:,} characters; the paste was left out", most=MOST_CHARACTERS)
            self.notify(message, severity="error")
            return
        text = " ".join(pasted.split())
        self.replace("".join(character for character in text if character.isprintable()), *self.selection)
