"""The last lines of the main screen: status, and as many key hints as fit. A click does what a key does."""

from __future__ import annotations

import re
from collections.abc import Sequence

from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.keys import key_to_character
from textual.message import Message
from textual.widget import Widget

from ordertui.messages import pgettext
from ordertui.tui.actions import Command, Hint, hints, key_name

from .minimal_repaint import DiffStatic

GAP = "  "
WORD = re.compile(r"[^\s,:，：、]+")
"""A word of a hint, without the signs that part two keys."""
WAITING = re.compile("   [◇◷→↑]")
"""Begins what waits in the outbox, in the status line."""


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


def key_at(hint: str, cell: int) -> events.Key | None:
    """Return the key that is named at a cell of `hint`; on its words the first of the keys that they stand behind.

    None where the text begins with no key.
    """
    found = None
    for word in WORD.finditer(hint):
        name = key_name(word.group())
        if name is None:
            break
        if found is None or cell >= cell_len(hint[: word.start()]):
            on_words = cell >= cell_len(hint[: word.end()])
            found = found if found is not None and on_words else name
    return None if found is None else events.Key(found, key_to_character(found))


class StatusText(DiffStatic):
    """The status line. What waits opens the outbox; what is marked the queue of the marked orders."""

    def on_click(self, event: events.Click) -> None:
        """Open what stands under the mouse."""
        text = str(self.content)
        waiting = WAITING.search(text)
        if waiting is not None and event.x >= cell_len(text[: waiting.start()]):
            self.post_message(KeyHints.Clicked("batch.outbox"))
        elif text.startswith(" ●"):
            self.post_message(KeyHints.Clicked("queue.marked"))
