"""The order in the side pane, on which a click does what a key does."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len
from textual import events

from .key_hints import key_at
from .minimal_repaint import DiffStatic

IN_BRACKETS = re.compile(r"\[(\S( \S)?)\]$")
"""Keys at the end of a line of the side pane, as `[d D]`."""


class PaneText(DiffStatic):
    """The order in the side pane. A line does what the key before it does, or the one in brackets behind it."""

    def __init__(self, keys: Sequence[str], *, id: str) -> None:  # noqa: A002
        """`keys`: as people write them, those that begin a line."""
        super().__init__(id=id)
        self._keys = keys

    def on_click(self, event: events.Click) -> None:
        """Type the key that the line names."""
        line = "".join(str(self.content).split("\n")[event.y : event.y + 1])
        behind = IN_BRACKETS.search(line)
        if behind is not None:
            key = key_at(behind.group(1), event.x - cell_len(line[: behind.start(1)]))
        else:
            begins = any(re.match(rf" {re.escape(key)}\b", line) for key in self._keys)
            key = key_at(line, event.x) if begins else None
        if key is not None and not self.screen.get_selected_text():  # else the mouse was drawn over it to copy
            self.app.post_message(key)
