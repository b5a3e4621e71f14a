"""Lay out a list as a table: whole, or fitted to the width of a terminal.

Fitting never cuts a value: it leaves out the columns a command can spare, then wraps the last column, and where even
that is too wide it writes one short block for each record.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

GAP = 2
NARROWEST_LAST = 24
"""Cells below which the wrapped last column could not be read."""


def cells_of(text: str) -> int:
    """Return how many terminal cells the text takes."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 0 if unicodedata.combining(c) else 1 for c in text)


def wrapped(text: str, width: int) -> list[str]:
    """Return the text in lines of at most `width` cells, broken at spaces where there are some; at least one line."""
    lines = [""]
    for word in text.split(" "):
        joined = f"{lines[-1]} {word}" if lines[-1] else word
        if cells_of(joined) <= width:
            lines[-1] = joined
            continue
        if lines[-1]:
            lines.append("")
        for char in word:
            if lines[-1] and cells_of(lines[-1] + char) > width:
                lines.append("")
            lines[-1] += char
    return lines


def lay_out(
    head: Sequence[str], rows: Sequence[Sequence[str]], width: int | None, spare: Sequence[str] = ()
) -> tuple[str, list[str]]:
    """Return the table as text that ends in a newline, and the names of columns left out.

    `spare` columns may be left out, the first one first. `width` None: no limit.
    """
    kept = list(range(len(head)))
    widths = [max(cells_of(row[i]) for row in (head, *rows)) for i in range(len(head))]
    left_out: list[str] = []
    for name in spare:
        if width is None or _total(kept, widths) <= width:
            break
        if name in head:
            kept.remove(head.index(name))
            left_out.append(name)
    if width is not None and _total(kept, widths) > width:
        before = _total(kept[:-1], widths) + GAP
        if width - before < NARROWEST_LAST:
            return _blocks(head, rows, width), []
        widths[kept[-1]] = width - before
    lines = []
    for row in (head, *rows):
        tail = wrapped(row[kept[-1]], widths[kept[-1]])
        front = "".join(row[i] + " " * (widths[i] - cells_of(row[i]) + GAP) for i in kept[:-1])
        lines.append((front + tail[0]).rstrip())
        lines += [(" " * cells_of(front) + more).rstrip() for more in tail[1:]]
    return "\n".join(lines) + "\n", left_out


def _total(kept: Sequence[int], widths: Sequence[int]) -> int:
    return sum(widths[i] for i in kept) + GAP * (len(kept) - 1)


def _blocks(head: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> str:
    """Return one block per record with one line per value, without empty values."""
    margin = max(map(cells_of, head)) + GAP
    room = max(width - margin, 8)
    blocks = []
    for row in rows:
        lines = []
        for name, value in zip(head, row, strict=True):
            if value:
                first, *more = wrapped(value, room)
                lines += [name.ljust(margin) + first, *(" " * margin + line for line in more)]
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)
