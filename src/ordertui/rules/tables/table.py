"""Decision tables as data: rows of conditions over typed facts, with DMN's hit policies UNIQUE and COLLECT.

A row is a box: for each fact the set of values it takes, as bits. Asking a table is one look per fact and one AND.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Any, TypeAlias

import msgspec

from ordertui.rules.toml_positions import Path

from .schema import Axis, Fact


def day_after(day: date) -> date:
    """The next day; the last day there is stays."""
    return day if day == date.max else date.fromordinal(day.toordinal() + 1)


class HitPolicy(StrEnum):
    """DMN's meaning. UNIQUE: at most one row fits (the checker also wants one for every order); COLLECT: any number fit, all count."""

    UNIQUE = "unique"
    COLLECT = "collect"


class Aggregate(StrEnum):
    """DMN's operators of COLLECT: what the numbers of all fitting rows come to."""

    SUM = "sum"
    MIN = "min"
    MAX = "max"
    COUNT = "count"


Box: TypeAlias = tuple[int, ...]
"""For each fact of a table, the set of values it may have, as bits of its axis."""


class Output(msgspec.Struct, frozen=True):
    """An output column. `values` None: any number that is not negative."""

    values: tuple[object, ...] | None
    required: bool = True


class TableSpec(msgspec.Struct, frozen=True):
    """What a table may look at and what it answers; the program owns this, a file cannot add to it."""

    facts: tuple[Fact, ...]
    outputs: Mapping[str, Output]


class Row(msgspec.Struct, frozen=True):
    """One rule of a table."""

    id: str
    box: Box
    then: Mapping[str, Any]
    why: str
    source: str
    note: str = ""
    start: date | None = None
    """First day it is in force."""
    end: date | None = None
    """Last day it is in force."""
    path: Path = ()

    def in_force(self, day: date) -> bool:
        """Whether the row counts on a day."""
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)


class Table:
    """A table, ready to be asked."""

    __slots__ = ("_looks", "aggregate", "axes", "hit", "name", "rows")

    def __init__(
        self,
        name: str,
        hit: HitPolicy,
        axes: Sequence[Axis],
        rows: Sequence[Row],
        aggregate: Aggregate | None = None,
    ) -> None:
        self.name = name
        self.hit = hit
        self.axes = tuple(axes)
        self.rows = tuple(rows)
        self.aggregate = aggregate
        self._looks = [
            [
                sum(1 << n for n, row in enumerate(self.rows) if row.box[a] >> place & 1)
                for place in range(len(axis.atoms))
            ]
            for a, axis in enumerate(self.axes)
        ]

    def on(self, day: date) -> Table:
        """The table as it is in force on a day."""
        rows = [row for row in self.rows if row.in_force(day)]
        return self if len(rows) == len(self.rows) else Table(self.name, self.hit, self.axes, rows, self.aggregate)

    def changes(self) -> Iterator[date]:
        """The days on which a row begins, or is no longer in force."""
        for row in self.rows:
            if row.start is not None:
                yield row.start
            if row.end is not None:
                yield day_after(row.end)

    def places(self, values: Sequence[object]) -> list[int]:
        """Where the facts' values, given in the order of the axes, stand on them. Raises LookupError for one that cannot be."""
        return [axis.place(value) for axis, value in zip(self.axes, values, strict=True)]

    def hits(self, places: Sequence[int]) -> int:
        """The rows that fit, as bits; `places` as `places` gives them, shared by tables that look at the same enumerations."""
        hits = (1 << len(self.rows)) - 1
        for look, place in zip(self._looks, places, strict=True):
            hits &= look[place]
        return hits

    def named(self, hits: int) -> tuple[Row, ...]:
        """The rows of `hits`."""
        return tuple(row for number, row in enumerate(self.rows) if hits >> number & 1)

    def one(self, hits: int) -> Row:
        """The one row of `hits`. Raises LookupError when there is none or several (the checker refuses such tables)."""
        if not hits or hits & (hits - 1):
            raise LookupError(f"table {self.name}: {hits.bit_count()} rows fit where one must")
        return self.rows[hits.bit_length() - 1]

    def collect(self, values: Sequence[object]) -> tuple[Row, ...]:
        """Every row that fits the facts' values."""
        return self.named(self.hits(self.places(values)))

    def row(self, values: Sequence[object]) -> Row:
        """The one row that fits the facts' values. Raises LookupError as `one` does."""
        return self.one(self.hits(self.places(values)))

    def total(self, values: Sequence[object], output: str) -> Any:
        """What COLLECT's operator makes of an output over the fitting rows; None when none fits (a count is 0)."""
        numbers = [row.then[output] for row in self.collect(values)]
        if self.aggregate is Aggregate.COUNT:
            return len(numbers)
        if not numbers:
            return None
        if self.aggregate is Aggregate.MIN:
            return min(numbers)
        return max(numbers) if self.aggregate is Aggregate.MAX else sum(numbers)
