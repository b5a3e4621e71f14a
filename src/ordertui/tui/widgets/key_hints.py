"""The key hints at the foot: as many as fit, help always."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content
from textual.widget import Widget

from ordertui.tui.actions import KeyAction, hints


class KeyHints(Widget):
    """One line of keys."""

    def __init__(self, actions: Sequence[KeyAction], *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._hints = hints(actions)

    def render(self) -> Content:
        """The first ones and the last one."""
        return fitting(self._hints, self.size.width)


def fitting(found: Sequence[tuple[str, str]], width: int) -> Content:
    """Key and label of the first hints that fit and of the last, which says where the others are."""
    for count in range(len(found), 0, -1):
        shown = [*found[: count - 1], found[-1]]
        content = Content("  ").join(Content.assemble((key, "bold $text-accent"), f" {label}") for key, label in shown)
        if content.cell_length <= width:
            return content
    return Content("")
