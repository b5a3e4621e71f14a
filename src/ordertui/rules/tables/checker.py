"""Check a table exactly: overlaps, gaps, unreachable rows, and combinations that must never be allowed.

The checks compute with boxes of facts, so they hold for every possible order, not for a sample.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from ordertui.rules.problems import PolicyProblem, PolicySource
from ordertui.rules.toml_positions import TomlPath

from .schema import Axis
from .table import Box, HitPolicy, Row, Table

MOST_GAPS = 5
"""Gaps of one table that are listed; the others are only counted."""


def intersect(first: Box, second: Box) -> Box | None:
    """Return the box that is in both; None when they share nothing."""
    both = tuple(a & b for a, b in zip(first, second, strict=True))
    return both if all(both) else None


def subtract(box: Box, hole: Box) -> Iterator[Box]:
    """Yield disjoint boxes that together are `box` without `hole`."""
    rest = list(box)
    for axis, (mine, cut) in enumerate(zip(box, hole, strict=True)):
        outside = mine & ~cut
        if outside:
            piece = list(rest)
            piece[axis] = outside
            yield tuple(piece)
        if not mine & cut:
            return
        rest[axis] = mine & cut


def subtract_all(boxes: Sequence[Box], holes: Sequence[Box]) -> list[Box]:
    """Return disjoint boxes that together are `boxes` without any of the holes."""
    left = list(boxes)
    for hole in holes:
        left = [piece for box in left for piece in subtract(box, hole)]
    return left


def find_gaps(axes: Sequence[Axis], rows: Sequence[Row]) -> list[Box]:
    """Return the boxes that no row covers."""
    return subtract_all([tuple(axis.full for axis in axes)], [row.box for row in rows])


def describe_box(axes: Sequence[Axis], box: Box) -> str:
    """Return a box as text, naming only restricted facts: `channel merchant, status unshipped or pending`."""
    named = [axis.describe(mask) for axis, mask in zip(axes, box, strict=True) if mask != axis.full]
    return ", ".join(named) or "any order"


def example_of(axes: Sequence[Axis], box: Box) -> str:
    """Return one order of a box, as text."""
    return ", ".join(axis.example(mask) for axis, mask in zip(axes, box, strict=True))


def check_table(table: Table, source: PolicySource, path: TomlPath) -> list[PolicyProblem]:
    """Return rows that cannot apply and, for a UNIQUE table, overlaps and gaps, between all dates of its rows."""
    problems = [
        source.problem(
            f"table {table.name}, row {row.id} can never apply: it ends ({end}) before it begins ({start})",
            (*row.path, "until"),
        )
        for row in table.rows
        if (start := row.period.start) is not None and (end := row.period.end) is not None and end < start
    ]
    if problems or table.hit is HitPolicy.COLLECT:
        return problems
    changes = sorted(set(table.change_days()))
    found: dict[tuple[str, ...], PolicyProblem] = {}
    for day in [date.min, *changes]:
        since = "" if day == date.min else f" (from {day} on)"
        for key, problem in _problems_on(table.on(day), source, path, since):
            found.setdefault(key, problem)
    return list(found.values())


def _problems_on(
    table: Table, source: PolicySource, path: TomlPath, since: str
) -> Iterator[tuple[tuple[str, ...], PolicyProblem]]:
    """Yield the problems on one day, each with a key that is the same for the same problem on another day."""
    axes = table.axes
    for number, second in enumerate(table.rows):
        others = [row.box for row in table.rows[:number]]
        hidden = not subtract_all([second.box], others)
        for first in table.rows[:number]:
            both = intersect(first.box, second.box)
            if both is None:
                continue
            where = f"both fit {describe_box(axes, both)}; for example {example_of(axes, both)}"
            text = f"table {table.name}, row {second.id} overlaps row {first.id}{since}: {where}"
            if hidden:
                text += f". Row {second.id} is unreachable: the rows before it cover all of it"
            yield ("overlap", second.id, first.id), source.problem(text, (*second.path, "id"))
    left = find_gaps(axes, table.rows)
    for count, gap in enumerate(left):
        if count == MOST_GAPS:
            more = f"table {table.name}: {len(left) - MOST_GAPS} more combinations that no row fits{since}"
            yield ("gaps", since), source.problem(more, path)
            break
        text = f"table {table.name}: no row fits {describe_box(axes, gap)}{since}; for example {example_of(axes, gap)}"
        yield ("gap", describe_box(axes, gap)), source.problem(text, path)


def check_never(table: Table, why: str, box: Box, source: PolicySource) -> list[PolicyProblem]:
    """Return a problem for each row that allows part of a box that must never be allowed."""
    return [
        source.problem(
            f"table {table.name}, row {row.id} allows what `never` forbids ({why}): {describe_box(table.axes, both)};"
            f" for example {example_of(table.axes, both)}",
            (*row.path, "then"),
        )
        for row in table.rows
        if row.then.get("allowed") is True and (both := intersect(row.box, box)) is not None
    ]
