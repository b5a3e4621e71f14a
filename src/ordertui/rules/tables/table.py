"""Decision tables as data: rows of conditions over typed facts, with DMN's hit policies UNIQUE and COLLECT.

A row's condition is a box: for each fact the set of accepted values, as bits. Looking a table up takes one list access
and one AND for each fact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Any, TypeAlias

import msgspec

from ordertui.rules.period import ALWAYS_IN_FORCE, Period
from ordertui.rules.toml_positions import TomlPath

from .schema import Axis, Fact


class HitPolicy(StrEnum):
    """How many rows may fit one order, as in DMN."""

    UNIQUE = "unique"
    """At most one row fits; the checker demands exactly one for every possible order."""
    COLLECT = "collect"
    """Any number of rows fit, and all of them count."""


Box: TypeAlias = tuple[int, ...]
"""For each fact of a table, the set of values it may have, as bits of its axis."""


class Output(msgspec.Struct, frozen=True):
    """An output column. `values` None: any number that is not negative."""

    values: tuple[object, ...] | None
    required: bool = True


class TableSpec(msgspec.Struct, frozen=True):
    """The facts and outputs of a table. The program declares them; a policy file cannot add any."""

    facts: tuple[Fact, ...]
    outputs: Mapping[str, Output]


class Row(msgspec.Struct, frozen=True):
    """One rule of a table (DMN calls a row a rule; here a rule is what a seller writes)."""

    id: str
    box: Box
    then: Mapping[str, Any]
    why: str
    source: str
    note: str = ""
    period: Period = ALWAYS_IN_FORCE
    path: TomlPath = ()
    short: str = ""
    """`why` in two or three words; empty when the edition has none."""


class Table:
    """A decision table, ready for lookups."""

    __slots__ = ("_axis_hits", "axes", "hit", "name", "rows")

    def __init__(self, name: str, hit: HitPolicy, axes: Sequence[Axis], rows: Sequence[Row]) -> None:
        self.name = name
        self.hit = hit
        self.axes = tuple(axes)
        self.rows = tuple(rows)
        self._axis_hits = [
            [
                sum(1 << n for n, row in enumerate(self.rows) if row.box[number] >> index & 1)
                for index in range(len(axis.values))
            ]
            for number, axis in enumerate(self.axes)
        ]
        """For each axis and each of its values the rows that accept it, as bits."""

    def on(self, day: date) -> Table:
        """Return the table with the rows that are in force on a day."""
        rows = [row for row in self.rows if row.period.contains(day)]
        return self if len(rows) == len(self.rows) else Table(self.name, self.hit, self.axes, rows)

    def change_days(self) -> Iterator[date]:
        """Yield the days on which a row begins, or is no longer in force."""
        for row in self.rows:
            yield from row.period.change_days()

    def indexes(self, values: Sequence[object]) -> list[int]:
        """Return the index of each fact's value on its axis, in the order of the axes. Raises LookupError."""
        return [axis.index_of(value) for axis, value in zip(self.axes, values, strict=True)]

    def hits(self, indexes: Sequence[int]) -> int:
        """Return the rows that fit, as bits. `indexes` can be shared by tables over the same enumerations."""
        hits = (1 << len(self.rows)) - 1
        for accepting, index in zip(self._axis_hits, indexes, strict=True):
            hits &= accepting[index]
        return hits

    def rows_of(self, hits: int) -> tuple[Row, ...]:
        """Return the rows of a set of bits."""
        return tuple(row for number, row in enumerate(self.rows) if hits >> number & 1)

    def only_row(self, hits: int) -> Row:
        """Return the only row of a set of bits. Raises LookupError unless there is exactly one."""
        if not hits or hits & (hits - 1):
            raise LookupError(f"table {self.name}: {hits.bit_count()} rows fit where one must")
        return self.rows[hits.bit_length() - 1]

    def row(self, values: Sequence[object]) -> Row:
        """Return the only row that fits the facts' values. Raises LookupError as `only_row` does."""
        return self.only_row(self.hits(self.indexes(values)))
