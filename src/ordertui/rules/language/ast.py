"""The syntax tree of a condition. Values are typed by the parser, so that Python and SQL compare the same ones."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TypeAlias

import msgspec


class OneOf(msgspec.Struct, frozen=True):
    """Any of these values of a closed list, in the field's order."""

    values: tuple[str, ...]


class Flag(msgspec.Struct, frozen=True):
    """Yes or no, decided at `at` (epoch seconds)."""

    yes: bool
    at: int


class Amount(msgspec.Struct, frozen=True):
    """An amount in major units of `currency`; None: of each order's own currency. `text` as typed."""

    major: Fraction
    currency: str | None
    text: str


class Integer(msgspec.Struct, frozen=True):
    """A whole number."""

    number: int


class ZoneRange(msgspec.Struct, frozen=True):
    """What a TimeRange is for the orders of these marketplaces, whose days begin at another moment."""

    marketplaces: tuple[str, ...]
    low: int | None
    high: int | None


class TimeRange(msgspec.Struct, frozen=True):
    """Epoch seconds from `low` to `high`, both included; None is open. The comparison is already applied."""

    low: int | None
    high: int | None
    text: str
    elsewhere: tuple[ZoneRange, ...] = ()
    """Of marketplaces for whose orders it is another range. No marketplace is in two."""

    def limits(self, marketplace: str) -> tuple[int | None, int | None]:
        """Return the lowest and highest second for an order of a marketplace."""
        own = next((one for one in self.elsewhere if marketplace in one.marketplaces), None)
        return (self.low, self.high) if own is None else (own.low, own.high)


class Unknown(msgspec.Struct, frozen=True):
    """The order's fact is unknown."""


class Pattern(msgspec.Struct, frozen=True):
    """Literal parts between wildcards: `AB*C` is ("AB", "C"); one part means no wildcard."""

    parts: tuple[str, ...]


class Ratio(msgspec.Struct, frozen=True):
    """A share such as 2.25 %; `text` as typed."""

    ratio: Fraction
    text: str


Value: TypeAlias = OneOf | Flag | Amount | Integer | TimeRange | Unknown | Pattern | Ratio


class MatchAll(msgspec.Struct, frozen=True):
    """Matches every order: the condition of an empty filter."""


class Text(msgspec.Struct, frozen=True):
    """Matches a word or phrase anywhere in id, SKU, ASIN or title."""

    words: Pattern


class Compare(msgspec.Struct, frozen=True):
    """Compares one field with one value; `op` is `:`, `<`, `<=`, `>` or `>=`."""

    field: str
    op: str
    value: Value


class Not(msgspec.Struct, frozen=True):
    """Matches what `item` does not. An unknown fact fails `item`, so it passes here."""

    item: Condition


class And(msgspec.Struct, frozen=True):
    """Matches what all of two or more conditions match."""

    items: tuple[Condition, ...]


class Or(msgspec.Struct, frozen=True):
    """Matches what any of two or more conditions matches."""

    items: tuple[Condition, ...]


Condition: TypeAlias = MatchAll | Text | Compare | Not | And | Or


def leaves(condition: Condition) -> Iterator[MatchAll | Text | Compare]:
    """Yield what a condition asks, without the words that join it."""
    if isinstance(condition, Not):
        yield from leaves(condition.item)
    elif isinstance(condition, And | Or):
        for item in condition.items:
            yield from leaves(item)
    else:
        yield condition


def comparisons(condition: Condition) -> Iterator[Compare]:
    """Yield every comparison inside a condition."""
    return (leaf for leaf in leaves(condition) if isinstance(leaf, Compare))


ALWAYS = MatchAll()
