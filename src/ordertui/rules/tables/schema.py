"""Typed facts of a decision table, and the cells that are conditions on them.

Every fact has a value: what no report states is `unknown`. Numbers, days and money are cut into bands at every edge
that a cell of the table names, so each fact has finitely many values and a table can be checked exactly.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from enum import StrEnum
from itertools import pairwise
from typing import TypeAlias

import msgspec

from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.money import Money, format_decimal, parse_minor
from ordertui.rules.problems import did_you_mean

UNKNOWN = "unknown"
OTHER = "any other currency"
_CURRENCIES = tuple(sorted({market.currency for market in MARKETPLACES.values()}))
_DIGITS = 12


class FactKind(StrEnum):
    """Types of a fact's values."""

    ENUM = "enum"
    BOOL = "bool"
    INT = "int"
    DAYS = "days"
    MONEY = "money"


ORDERED = frozenset({FactKind.INT, FactKind.DAYS, FactKind.MONEY})


class Fact(msgspec.Struct, frozen=True):
    """A fact of a table. An ENUM has a closed list of values; numbers, days and money may be unknown (None)."""

    name: str
    kind: FactKind
    values: tuple[str, ...] = ()


class Range(msgspec.Struct, frozen=True):
    """Whole numbers from `low` to `high`, both included; None is open. Money: minor units of currency `unit`."""

    low: int | None
    high: int | None
    unit: str = ""


Term: TypeAlias = str | Range


class BadCell(ValueError):
    """A cell cannot be read. `at` is the position of the mistake in the cell's text."""

    def __init__(self, message: str, at: int = 0) -> None:
        super().__init__(message)
        self.at = at


class Cell(msgspec.Struct, frozen=True):
    """The condition of one cell: any value (no terms), one of the terms, or none of them (`negative`)."""

    terms: tuple[Term, ...]
    negative: bool
    text: str


def read_cell(fact: Fact, value: object) -> Cell:
    """Return a cell as in DMN: `-`, `a, b`, `not a, b`, `>= 30`, `0..30`, `> 500 USD`, `unknown`. Raises BadCell."""
    if isinstance(value, bool) and fact.kind is FactKind.BOOL:
        value = "yes" if value else "no"
    if isinstance(value, int) and not isinstance(value, bool) and fact.kind in (FactKind.INT, FactKind.DAYS):
        value = str(value)
    if not isinstance(value, str):
        raise BadCell(f"{fact.name}: a cell is text such as 'a, b' or 'not a', not {value!r}")
    if value.strip() == "-":
        return Cell((), False, value)
    negative = value.strip().startswith("not ")
    at = value.index("not ") + 4 if negative else 0
    terms = []
    for piece in value[at:].split(","):
        start = at + len(piece) - len(piece.lstrip())
        terms.append(_read_term(fact, piece.strip(), start))
        at += len(piece) + 1
    return Cell(tuple(terms), negative, value)


def _read_term(fact: Fact, text: str, at: int) -> Term:
    if fact.kind not in ORDERED:
        known = fact.values if fact.kind is FactKind.ENUM else ("yes", "no")
        if text not in known:
            raise BadCell(f"{text!r} is not a value of {fact.name}{did_you_mean(text, known)}", at)
        return text
    if text == UNKNOWN:
        return text
    for sign in (">=", "<=", ">", "<"):
        if text.startswith(sign):
            number = text[len(sign) :].strip()
            edge, unit = _read_number(fact, number, at + len(text) - len(number))
            if sign[0] == ">":
                return Range(edge + (sign == ">"), None, unit)
            return Range(None, edge - (sign == "<"), unit)
    if ".." in text:
        first, _, last = text.partition("..")
        if fact.kind is FactKind.MONEY and first.strip().replace(".", "").isdigit():
            first += " " + last.split()[-1] if last.split() else ""
        low, unit = _read_number(fact, first.strip(), at)
        high, other = _read_number(fact, last.strip(), at + len(text) - len(last))
        if unit != other:
            raise BadCell(f"{text!r} has two currencies", at)
        if low > high:
            raise BadCell(f"{text!r} runs backwards: nothing fits it", at)
        return Range(low, high, unit)
    edge, unit = _read_number(fact, text, at)
    return Range(edge, edge, unit)


def _read_number(fact: Fact, text: str, at: int) -> tuple[int, str]:
    """Return a number in the fact's unit, and the currency of money."""
    number, _, unit = text.partition(" ")
    unit = unit.strip()
    if fact.kind is FactKind.MONEY:
        if not unit:
            raise BadCell(f"an amount of {fact.name} names its currency, such as {number or '500'} USD", at)
        if unit not in _CURRENCIES:
            raise BadCell(
                f"{unit!r} is not the currency of a marketplace{did_you_mean(unit, _CURRENCIES)}", at + len(number) + 1
            )
        try:
            if not number.replace(".", "", 1).isdigit() or len(number) > _DIGITS:
                raise ValueError(f"{number!r} is not an amount such as {format_decimal(1250, unit)}")
            return parse_minor(number, unit), unit
        except ValueError as error:
            raise BadCell(f"{fact.name}: {error}", at) from None
    units = ("days", "day") if fact.kind is FactKind.DAYS else ()
    if unit and unit not in units:
        takes = "counts days" if units else "is a plain number"
        raise BadCell(f"{unit!r} is no unit of {fact.name}, which {takes}", at + len(number) + 1)
    digits = number.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > _DIGITS:
        raise BadCell(f"{text!r} is not a whole number of {fact.name}; write 30, >= 30 or 0..30", at)
    return int(number), ""


class Axis:
    """A fact with the finitely many values that a table tells apart; a set of them is the bits of an integer."""

    __slots__ = ("_bands", "_cuts", "_indexes", "fact", "full", "values")

    def __init__(self, fact: Fact, cells: Iterable[Cell] = ()) -> None:
        self.fact = fact
        self._bands: list[Range | None] = []
        self._cuts: dict[str, list[int]] = {}
        if fact.kind in ORDERED:
            for cell in cells:
                for term in cell.terms:
                    if isinstance(term, Range):
                        cuts = self._cuts.setdefault(term.unit, [])
                        cuts += [] if term.low is None else [term.low]
                        cuts += [] if term.high is None else [term.high + 1]
            if fact.kind is not FactKind.MONEY:
                self._cuts.setdefault("", [])
            self._bands = self._cut_bands()
            self.values = tuple(self._describe_band(band) for band in self._bands) + (UNKNOWN,)
        else:
            self.values = fact.values if fact.kind is FactKind.ENUM else ("yes", "no")
        self._indexes = {value: index for index, value in enumerate(self.values)}
        self.full = (1 << len(self.values)) - 1

    def _cut_bands(self) -> list[Range | None]:
        bands: list[Range | None] = []
        for unit in sorted(self._cuts):
            cuts = self._cuts[unit] = sorted(set(self._cuts[unit]))
            edges = [None, *cuts, None]
            for low, after in pairwise(edges):
                bands.append(Range(low, None if after is None else after - 1, unit))
        return [*bands, None] if self.fact.kind is FactKind.MONEY else bands

    def _describe_band(self, band: Range | None) -> str:
        if band is None:
            return OTHER
        unit = f" {band.unit}" if band.unit else ""
        low, high = (
            None if n is None else format_decimal(n, band.unit) if unit else str(n) for n in (band.low, band.high)
        )
        if low is None:
            return f"<= {high}{unit}" if high is not None else "any number"
        if high is None:
            return f">= {low}{unit}"
        return f"{low}{unit}" if low == high else f"{low}..{high}{unit}"

    def index_of(self, value: object) -> int:
        """Return the index in `values` of a fact's value. Raises LookupError for a value that the fact cannot have."""
        if self.fact.kind not in ORDERED:
            if isinstance(value, bool):
                value = "yes" if value else "no"
            found = self._indexes.get(value)  # type: ignore[call-overload]
            if found is None:
                raise LookupError(f"{value!r} is not a value of {self.fact.name}")
            return int(found)
        if value is None:
            return len(self.values) - 1
        unit = value.currency if isinstance(value, Money) else ""
        number = value.minor if isinstance(value, Money) else value
        if not isinstance(number, int) or isinstance(value, Money) is not (self.fact.kind is FactKind.MONEY):
            raise LookupError(f"{value!r} is not a value of {self.fact.name}")
        if unit not in self._cuts:
            return len(self.values) - 2
        first = sum(len(self._cuts[u]) + 1 for u in sorted(self._cuts) if u < unit)
        return first + bisect_right(self._cuts[unit], number)

    def mask(self, cell: Cell) -> int:
        """Return the set of values that a cell accepts. The axis must have been made with this cell."""
        if not cell.terms:
            return self.full
        found = 0
        for term in cell.terms:
            found |= 1 << self._indexes[term] if isinstance(term, str) else self._range_mask(term)
        return self.full & ~found if cell.negative else found

    def _range_mask(self, wanted: Range) -> int:
        found = 0
        for index, band in enumerate(self._bands):
            if (
                band is not None
                and band.unit == wanted.unit
                and (wanted.low is None or (band.low is not None and band.low >= wanted.low))
                and (wanted.high is None or (band.high is not None and band.high <= wanted.high))
            ):
                found |= 1 << index
        return found

    def names(self, mask: int) -> list[str]:
        """Return the values of a set, as text."""
        return [value for index, value in enumerate(self.values) if mask >> index & 1]

    def describe(self, mask: int) -> str:
        """Return a set as text: `status unshipped or pending`, or `status not shipped` when that is shorter."""
        inside, outside = self.names(mask), self.names(self.full & ~mask)
        if 0 < len(outside) * 2 < len(inside):
            return f"{self.fact.name} not {', '.join(outside)}"
        return f"{self.fact.name} {' or '.join(inside)}"

    def example(self, mask: int) -> str:
        """Return one value of a set, as an order would have it."""
        index = (mask & -mask).bit_length() - 1
        if self.fact.kind not in ORDERED or index >= len(self._bands) or (band := self._bands[index]) is None:
            return f"{self.fact.name} {self.values[index]}"
        number = band.low if band.low is not None else band.high if band.high is not None else 0
        shown = f"{format_decimal(number, band.unit)} {band.unit}" if band.unit else str(number)
        return f"{self.fact.name} {shown}"
