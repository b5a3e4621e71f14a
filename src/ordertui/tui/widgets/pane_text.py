"""The order in the side pane, on which a click does what a key does."""

from __future__ import annotations

from textual import events

from ordertui.tui.render.order_detail import CLICKED

from .key_hints import KeyHints
from .minimal_repaint import DiffStatic


class PaneText(DiffStatic):
    """The order in the side pane. A line that names a key does what it does; where others wrote, nothing happens."""

    def on_click(self, event: events.Click) -> None:
        """Do the command that the text under the mouse is drawn for."""
        command_id = event.style.meta.get(CLICKED)
        if command_id is not None and not self.screen.get_selected_text():  # else the mouse was drawn over it to copy
            self.post_message(KeyHints.Clicked(command_id))
