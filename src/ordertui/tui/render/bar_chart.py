"""A bar chart of shares against a target, in eighths of a cell. Plain Python, no widget.

The scale is chosen so that the target falls on the edge between two rows: its line is exact, and whether a bar reaches
it can be seen without colour. No chart library draws a line where it belongs and leaves room for words beside it;
plotext, looked at for this, snaps a line to the middle of the nearest cell.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import msgspec
from textual.content import Content

from ordertui.messages import _
from ordertui.rules.rate import target_percent

from .format import MUTED, Piece, pad

BLOCKS = " ▁▂▃▄▅▆▇█"
LINE, RANGE, MORE, NONE = "▁", "░", "↑", "·"
"""The target's line; what may or may not count; a bar that is higher than the chart; a day without orders."""
AXIS = 9
"""Cells to the left for the scale."""


class Bar(msgspec.Struct, frozen=True):
    """A column of the chart: a solid part, and above it a part that is not certain."""

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
    """Rows of a chart: `under` of its `height` rows lie below the target."""

    target: Fraction
    height: int
    under: int

    @classmethod
    def fitting(cls, target: Fraction, highest: Fraction, height: int) -> Scale:
        """Return the largest scale on which the highest value has room, or the smallest there is.

        Raises ValueError without a target or with fewer than two rows.
        """
        if target <= 0 or height < 2:
            raise ValueError(f"no chart of {height} rows against a target of {target}")
        under = math.floor(target * height / highest) if highest else height
        return cls(target, height, max(1, min(height - 1, under)))

    @property
    def top(self) -> Fraction:
        """The value at the upper edge."""
        return self.target * self.height / self.under

    def eighths(self, value: Fraction) -> int:
        """Return the height of a bar in eighths of a row.

        A value above 0 is never drawn as nothing. A value under the target never reaches its line; one that is not
        under it goes over it by more than the line is thick.
        """
        if value <= 0:
            return 0
        found, line = math.floor(value * 8 * self.under / self.target + Fraction(1, 2)), self.under * 8
        found = min(found, line - 1) if value < self.target else max(found, line + 2)
        return min(max(found, 1), self.height * 8)

    def cell(self, bar: Bar, row: int) -> str:
        """Return the glyph of a bar in a row, counted from 0 at the foot."""
        line = LINE if row == self.under else " "
        if bar.high is None:
            return line
        if row == self.height - 1 and bar.high > self.top:
            return MORE
        low, high = self.eighths(bar.low), self.eighths(bar.high)
        if low == high:
            return BLOCKS[min(8, high - 8 * row)] if high > 8 * row else line
        if row >= max(1, self._nearest(bar.high)):
            return line
        return RANGE if row >= self._nearest(bar.low) else BLOCKS[8]

    def _nearest(self, value: Fraction) -> int:
        """Return the value in whole rows, on its side of the target's line."""
        rows = math.floor(value * self.under / self.target + Fraction(1, 2))
        return max(rows, self.under + 1) if value >= self.target else min(rows, self.under)


def _axis_end(share: Fraction) -> str:
    """Return the end of the scale, which is no rate and no target: `5 %`, with at most two decimals."""
    return f"{float(share * 100):.2f}".rstrip("0").rstrip(".") + " %"


def draw_chart(bars: Sequence[Bar], target: Fraction, height: int) -> Content:
    """Return `height` rows of bars, the target's line with its word, a line of states and a line of days."""
    scale = Scale.fitting(target, max((c.high for c in bars if c.high is not None), default=Fraction(0)), height)
    pieces: list[Piece] = []
    for row in range(height - 1, -1, -1):
        word = {height - 1: _axis_end(scale.top), 0: "0 %"}.get(row, "")
        if row == scale.under:
            pieces.append((f"{f'< {target_percent(target)}':>{AXIS - 1}} ", "bold"))
        elif row == scale.under + 1:
            pieces.append((pad(_("target"), AXIS - 1, right=True) + " ", "bold"))
        else:
            pieces.append((f"{word:>{AXIS - 1}} ", MUTED))
        for bar in bars:
            glyph = scale.cell(bar, row)
            style = "$text-accent" if row == scale.under and glyph == LINE else bar.tone or bar.style
            pieces.append((glyph * bar.width, style))
            pieces.append(((LINE if row == scale.under else " ") * bar.gap, "$text-accent"))
        pieces.append("\n")
    pieces.append(" " * AXIS)
    for bar in bars:
        pieces += [(bar.glyph + " " * (bar.width - 1), bar.style), " " * bar.gap]
    return Content.assemble(*pieces, "\n", (" " * AXIS + _labels(bars), MUTED), "\n")


def _labels(bars: Sequence[Bar]) -> str:
    """Return the days, each below its bar, as many as fit; strong ones first."""
    places, at = [], 0
    for bar in bars:
        places.append(at)
        at += bar.width + bar.gap
    line = [" "] * at
    for strong in (True, False):
        for bar, place in zip(bars, places, strict=True):
            text, end = bar.label, place + len(bar.label)
            around = line[max(0, place - 1) : end + 1]
            if text and bar.strong is strong and end <= len(line) and not "".join(around).strip():
                line[place:end] = text
    return "".join(line).rstrip()
