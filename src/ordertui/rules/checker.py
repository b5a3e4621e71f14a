"""Exact checks of a table: overlaps and gaps as boxes of facts, and combinations that must never be allowed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .facts import FACTS
from .problems import PolicyProblem, Source
from .table import EVERYTHING, Box, HitPolicy, Row, Table


def intersection(first: Box, second: Box) -> Box | None:
    """The box inside both, or None."""
    both = tuple(a & b for a, b in zip(first, second, strict=True))
    return both if all(both) else None


def subtract(box: Box, hole: Box) -> Iterator[Box]:
    """Disjoint boxes that make up `box` without `hole`."""
    rest = list(box)
    for place, (mine, cut) in enumerate(zip(box, hole, strict=True)):
        outside = mine - cut
        if outside:
            piece = list(rest)
            piece[place] = outside
            yield tuple(piece)
        inside = mine & cut
        if not inside:
            return
        rest[place] = inside


def gaps(rows: Sequence[Row]) -> list[Box]:
    """What no row covers."""
    left: list[Box] = [EVERYTHING]
    for row in rows:
        left = [piece for box in left for piece in subtract(box, row.box)]
    return left


def words(box: Box) -> str:
    """A box in words, naming only facts that are not free: `channel merchant, status unshipped or pending`."""
    named = [
        f"{fact} {' or '.join(sorted(values))}"
        for fact, values, every in zip(FACTS, box, EVERYTHING, strict=True)
        if values != every
    ]
    return ", ".join(named) or "any order"


def example(box: Box) -> str:
    """One situation of a box in words."""
    return ", ".join(f"{fact} {sorted(values)[0]}" for fact, values in zip(FACTS, box, strict=True))


def check_table(table: Table, text: Source) -> list[PolicyProblem]:
    """Overlaps and gaps of a UNIQUE table; a COLLECT table has neither (DMN)."""
    if table.hit is HitPolicy.COLLECT:
        return []
    problems = []
    for place, second in enumerate(table.rows):
        for first in table.rows[:place]:
            both = intersection(first.box, second.box)
            if both is None:
                continue
            covered = "it can never apply alone: " if both == second.box else ""
            problems.append(
                text.problem(
                    f"table {table.name}, row {second.id} overlaps row {first.id}: {covered}both fit {words(both)}; for example {example(both)}",
                    [second.id],
                )
            )
    for gap in gaps(table.rows):
        problems.append(
            text.problem(
                f"table {table.name}: no row fits {words(gap)}; for example {example(gap)}", [f"table.{table.name}"]
            )
        )
    return problems


def check_never(table: Table, name: str, box: Box, text: Source) -> list[PolicyProblem]:
    """Rows that allow something inside a box that must never be allowed."""
    return [
        text.problem(f"table {table.name}, row {row.id} allows what {name} forbids: {words(both)}", [row.id])
        for row in table.rows
        if row.then.get("allowed") is True and (both := intersection(row.box, box)) is not None
    ]
