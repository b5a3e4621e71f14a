"""The key hints at the foot: as many as fit, help always."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widget import Widget

from ordertui.tui.actions import Command, hints


class KeyHints(Widget):
    """One line of keys with their labels."""

    def __init__(self, actions: Sequence[Command], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._hints = hints(actions)

    def render(self) -> Content:
        """Return the hints that fit."""
        return fitting(self._hints, self.size.width)


def fitting(found: Sequence[tuple[str, str]], width: int) -> Content:
    """Return the first hints that fit in `width` cells, and the last one, which opens the help."""
    for count in range(len(found), 0, -1):
        shown = [*found[: count - 1], found[-1]]
        content = Content("  ").join(Content.assemble((key, "bold $text-accent"), f" {label}") for key, label in shown)
        if content.cell_length <= width:
            return content
    return Content("")
