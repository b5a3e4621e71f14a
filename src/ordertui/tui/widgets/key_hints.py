"""The key hints at the foot: as many as fit, help always; a click on one does what its key does."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from ordertui.messages import pgettext
from ordertui.tui.actions import Command, Hint, hints

GAP = "  "


class KeyHints(Widget):
    """One line of keys with their labels."""

    class Clicked(Message):
        """A hint was clicked."""

        def __init__(self, command_id: str) -> None:
            super().__init__()
            self.command_id = command_id

    def __init__(self, actions: Sequence[Command], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._actions = tuple(actions)

    def render(self) -> Content:
        """Return the hints that fit."""
        return Content(GAP).join(_content(hint) for hint in fitting(hints(self._actions), self.size.width))

    def on_click(self, event: events.Click) -> None:
        """Do what the key of the hint under the mouse does."""
        end = 0
        for hint in fitting(hints(self._actions), self.size.width):
            end += _content(hint).cell_length
            if event.x < end:
                if hint.command_id:
                    self.post_message(self.Clicked(hint.command_id))
                return
            end += len(GAP)


def _content(hint: Hint) -> Content:
    return Content.assemble((hint.key, "bold $text-accent"), f" {pgettext('key', hint.label)}")


def fitting(found: Sequence[Hint], width: int) -> list[Hint]:
    """Return the first hints that fit in `width` cells, and the last one, which opens the help."""
    *others, last = found
    room = width - _content(last).cell_length
    shown = []
    for hint in others:
        room -= _content(hint).cell_length + len(GAP)
        if room < 0:
            break
        shown.append(hint)
    return [*shown, last]
