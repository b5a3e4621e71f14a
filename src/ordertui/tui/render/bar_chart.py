"""A bar chart of shares against a target, in eighths of a cell. Plain Python, no widget.

The scale is chosen so that the target falls on the edge between two rows: its line is exact, and whether a bar reaches it
can be seen without colour. No chart library draws a line where it belongs and leaves room for words beside it; plotext,
looked at for this, snaps a line to the middle of the nearest cell.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import msgspec
from textual.content import Content

from .format import MUTED, Piece

BLOCKS = " ▁▂▃▄▅▆▇█"
LINE, RANGE, MORE, NONE = "▁", "░", "↑", "·"
"""The target's line; what may or may not count; a bar that is higher than the chart; a day without orders."""
AXIS = 9
"""Cells to the left for the scale."""


class Column(msgspec.Struct, frozen=True):
    """One bar."""

    low: Fraction
    """Drawn solid."""
    high: Fraction | None
    """Drawn as a range above `low`; None: there is nothing to draw (a day without orders)."""
    style: str
    glyph: str
    """The state, below the bar: it is not told by colour alone."""
    label: str = ""
    """A day, written below where it fits."""
    width: int = 1
    gap: int = 0
    """Cells left free after the bar."""
    tone: str = ""
    """Colour of the bar; empty: that of the state."""
    strong: bool = False
    """The label goes before others."""


class Scale(msgspec.Struct, frozen=True):
    """Rows of a chart: `under` of them lie below the target."""

    target: Fraction
    height: int
    under: int

    @classmethod
    def fitting(cls, target: Fraction, highest: Fraction, height: int) -> Scale:
        """The largest scale on which the highest value has room, or the smallest there is. Raises ValueError without a target
        or with fewer than two rows."""
        if target <= 0 or height < 2:
            raise ValueError(f"no chart of {height} rows against a target of {target}")
        under = math.floor(target * height / highest) if highest else height
        return cls(target, height, max(1, min(height - 1, under)))

    @property
    def top(self) -> Fraction:
        """The value at the upper edge."""
        return self.target * self.height / self.under

    def eighths(self, value: Fraction) -> int:
        """Height of a bar in eighths of a row. Something is never drawn as nothing; what is under the target never reaches
        its line, and what is not goes over it by more than the line is thick."""
        if value <= 0:
            return 0
        found, line = math.floor(value * 8 * self.under / self.target + Fraction(1, 2)), self.under * 8
        found = min(found, line - 1) if value < self.target else max(found, line + 2)
        return min(max(found, 1), self.height * 8)

    def cell(self, column: Column, row: int) -> str:
        """The glyph of a bar in a row, counted from 0 at the foot."""
        line = LINE if row == self.under else " "
        if column.high is None:
            return line
        if row == self.height - 1 and column.high > self.top:
            return MORE
        low, high = self.eighths(column.low), self.eighths(column.high)
        if low == high:
            return BLOCKS[min(8, high - 8 * row)] if high > 8 * row else line
        if row >= max(1, self._nearest(column.high)):
            return line
        return RANGE if row >= self._nearest(column.low) else BLOCKS[8]

    def _nearest(self, value: Fraction) -> int:
        """Whole rows, on the value's side of the line."""
        rows = math.floor(value * self.under / self.target + Fraction(1, 2))
        return max(rows, self.under + 1) if value >= self.target else min(rows, self.under)


def share_text(share: Fraction) -> str:
    """`2.5 %`, with at most two decimals."""
    return f"{float(share * 100):.2f}".rstrip("0").rstrip(".") + " %"


def chart(columns: Sequence[Column], target: Fraction, height: int) -> Content:
    """The bars, the target's line with its word, a line of states and a line of days; `height` rows of bars."""
    scale = Scale.fitting(target, max((c.high for c in columns if c.high is not None), default=Fraction(0)), height)
    pieces: list[Piece] = []
    for row in range(height - 1, -1, -1):
        word = {height - 1: share_text(scale.top), 0: "0 %"}.get(row, "")
        if row == scale.under:
            pieces.append((f"{f'< {share_text(target)}':>{AXIS - 1}} ", "bold"))
        elif row == scale.under + 1:
            pieces.append((f"{'target':>{AXIS - 1}} ", "bold"))
        else:
            pieces.append((f"{word:>{AXIS - 1}} ", MUTED))
        for column in columns:
            glyph = scale.cell(column, row)
            style = "$text-accent" if row == scale.under and glyph == LINE else column.tone or column.style
            pieces.append((glyph * column.width, style))
            pieces.append(((LINE if row == scale.under else " ") * column.gap, "$text-accent"))
        pieces.append("\n")
    pieces.append(" " * AXIS)
    for column in columns:
        pieces += [(column.glyph + " " * (column.width - 1), column.style), " " * column.gap]
    return Content.assemble(*pieces, "\n", (" " * AXIS + _labels(columns), MUTED), "\n")


def _labels(columns: Sequence[Column]) -> str:
    """The days, each below its bar, as many as fit; strong ones first."""
    places, at = [], 0
    for column in columns:
        places.append(at)
        at += column.width + column.gap
    line = [" "] * at
    for strong in (True, False):
        for column, place in zip(columns, places, strict=True):
            text, end = column.label, place + len(column.label)
            around = line[max(0, place - 1) : end + 1]
            if text and column.strong is strong and end <= len(line) and not "".join(around).strip():
                line[place:end] = text
    return "".join(line).rstrip()
