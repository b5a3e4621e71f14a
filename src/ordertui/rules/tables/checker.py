"""Exact checks of a table: overlaps, gaps and unreachable rows as boxes of facts, and combinations that must never be allowed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from ordertui.rules.problems import PolicyProblem, Source
from ordertui.rules.toml_positions import Path

from .schema import Axis
from .table import Box, HitPolicy, Row, Table

MOST_GAPS = 5
"""Gaps of one table that are listed; the rest is counted."""


def intersection(first: Box, second: Box) -> Box | None:
    """The box inside both, or None."""
    both = tuple(a & b for a, b in zip(first, second, strict=True))
    return both if all(both) else None


def subtract(box: Box, hole: Box) -> Iterator[Box]:
    """Disjoint boxes that make up `box` without `hole`."""
    rest = list(box)
    for place, (mine, cut) in enumerate(zip(box, hole, strict=True)):
        outside = mine & ~cut
        if outside:
            piece = list(rest)
            piece[place] = outside
            yield tuple(piece)
        if not mine & cut:
            return
        rest[place] = mine & cut


def without(boxes: Sequence[Box], holes: Sequence[Box]) -> list[Box]:
    """What of the boxes is in no hole."""
    left = list(boxes)
    for hole in holes:
        left = [piece for box in left for piece in subtract(box, hole)]
    return left


def everything(axes: Sequence[Axis]) -> Box:
    """The box of all there can be."""
    return tuple(axis.full for axis in axes)


def gaps(axes: Sequence[Axis], rows: Sequence[Row]) -> list[Box]:
    """What no row covers."""
    return without([everything(axes)], [row.box for row in rows])


def words(axes: Sequence[Axis], box: Box) -> str:
    """A box in words, naming only facts that are not free: `channel merchant, status unshipped or pending`."""
    named = [axis.words(mask) for axis, mask in zip(axes, box, strict=True) if mask != axis.full]
    return ", ".join(named) or "any order"


def example(axes: Sequence[Axis], box: Box) -> str:
    """One order of a box in words."""
    return ", ".join(axis.example(mask) for axis, mask in zip(axes, box, strict=True))


def check_table(table: Table, source: Source, path: Path) -> list[PolicyProblem]:
    """Rows that cannot apply, and of a UNIQUE table overlaps and gaps, at every time that its dates tell apart."""
    problems = []
    for row in table.rows:
        if row.start is not None and row.end is not None and row.end < row.start:
            problems.append(
                source.problem(
                    f"table {table.name}, row {row.id} can never apply: it ends ({row.end}) before it begins ({row.start})",
                    (*row.path, "until"),
                )
            )
    if problems or table.hit is HitPolicy.COLLECT:
        return problems
    changes = sorted(set(table.changes()))
    found: dict[tuple[str, ...], PolicyProblem] = {}
    for day in [date.min, *changes]:
        since = "" if day == date.min else f" (from {day} on)"
        for key, problem in _problems_on(table.on(day), source, path, since):
            found.setdefault(key, problem)
    return list(found.values())


def _problems_on(
    table: Table, source: Source, path: Path, since: str
) -> Iterator[tuple[tuple[str, ...], PolicyProblem]]:
    """The problems of one time, each with what makes it the same problem at another."""
    axes = table.axes
    for place, second in enumerate(table.rows):
        others = [row.box for row in table.rows[:place]]
        hidden = not without([second.box], others)
        for first in table.rows[:place]:
            both = intersection(first.box, second.box)
            if both is None:
                continue
            where = f"both fit {words(axes, both)}; for example {example(axes, both)}"
            text = f"table {table.name}, row {second.id} overlaps row {first.id}{since}: {where}"
            if hidden:
                text += f". Row {second.id} is unreachable: the rows before it cover all of it"
            yield ("overlap", second.id, first.id), source.problem(text, (*second.path, "id"))
    left = gaps(axes, table.rows)
    for number, gap in enumerate(left):
        if number == MOST_GAPS:
            more = f"table {table.name}: {len(left) - MOST_GAPS} more combinations that no row fits{since}"
            yield ("gaps", since), source.problem(more, path)
            break
        text = f"table {table.name}: no row fits {words(axes, gap)}{since}; for example {example(axes, gap)}"
        yield ("gap", words(axes, gap)), source.problem(text, path)


def check_never(table: Table, why: str, box: Box, source: Source) -> list[PolicyProblem]:
    """Rows that allow something inside a box that must never be allowed."""
    return [
        source.problem(
            f"table {table.name}, row {row.id} allows what `never` forbids ({why}): {words(table.axes, both)};"
            f" for example {example(table.axes, both)}",
            (*row.path, "then"),
        )
        for row in table.rows
        if row.then.get("allowed") is True and (both := intersection(row.box, box)) is not None
    ]
