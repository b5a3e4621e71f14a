"""Repaint whole characters: a part of the screen that is drawn anew may end in the middle of a wide one."""

from __future__ import annotations

from collections.abc import Mapping

from textual._compositor import ChopsUpdate, Compositor
from textual.strip import Strip


class WholeCharacters(Compositor):
    """Draws a part of the screen one cell further where it ends within a wide character.

    Textual draws a blank for the half that is inside, and the terminal then drops the half outside: a Chinese character
    behind the edge of a dialog that became smaller, or of a message that left, stayed away.
    """

    def render_partial_update(self) -> ChopsUpdate | None:
        """Return what has to be drawn anew; None when nothing has."""
        update = super().render_partial_update()
        if update is not None:
            update.spans = [(y, start, _whole(update.chops[y], end)) for y, start, end in update.spans]
        return update


def _whole(line: Mapping[int, Strip | None], end: int) -> int:
    """Return this end of a part of a line, one cell further where a wide character lies across it."""
    for x, strip in line.items():
        if strip is not None and x < end < x + strip.cell_length:
            halves = strip.crop(0, end - x).text + strip.crop(end - x).text
            return end if halves == strip.text else end + 1
    return end
