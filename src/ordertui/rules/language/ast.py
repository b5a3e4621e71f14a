"""The parsed condition: frozen nodes whose values are already typed, so every backend reads the same thing."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from typing import TypeAlias

import msgspec


class Choices(msgspec.Struct, frozen=True):
    """Any of these values of a closed list, in the field's own order."""

    values: tuple[str, ...]


class Flag(msgspec.Struct, frozen=True):
    """Yes or no, judged at `at` (epoch seconds)."""

    yes: bool
    at: int


class Amount(msgspec.Struct, frozen=True):
    """An amount in major units; `currency` None means in each order's own currency."""

    major: Fraction
    currency: str | None
    text: str


class Integer(msgspec.Struct, frozen=True):
    """A whole number."""

    number: int


class Span(msgspec.Struct, frozen=True):
    """Epoch seconds from `low` to `high`, both included; None is open. The operator is already applied."""

    low: int | None
    high: int | None
    text: str


class Unknown(msgspec.Struct, frozen=True):
    """The order does not say."""


class Pattern(msgspec.Struct, frozen=True):
    """Literal parts between wildcards: `AB*C` is ("AB", "C"); one part means no wildcard."""

    parts: tuple[str, ...]


class Ratio(msgspec.Struct, frozen=True):
    """A rate; `text` as typed."""

    share: Fraction
    text: str


Value: TypeAlias = Choices | Flag | Amount | Integer | Span | Unknown | Pattern | Ratio


class MatchAll(msgspec.Struct, frozen=True):
    """Matches every order: the empty filter."""


class Text(msgspec.Struct, frozen=True):
    """A word or phrase anywhere in id, SKU, ASIN or title."""

    words: Pattern


class Compare(msgspec.Struct, frozen=True):
    """One field against one value; `op` is `:`, `<`, `<=`, `>` or `>=`."""

    field: str
    op: str
    value: Value


class Not(msgspec.Struct, frozen=True):
    """Matches what `item` does not; an unknown fact fails `item` and so passes here."""

    item: Condition


class And(msgspec.Struct, frozen=True):
    """All of two or more."""

    items: tuple[Condition, ...]


class Or(msgspec.Struct, frozen=True):
    """Any of two or more."""

    items: tuple[Condition, ...]


Condition: TypeAlias = MatchAll | Text | Compare | Not | And | Or


def comparisons(condition: Condition) -> Iterator[Compare]:
    """Yield every comparison inside a condition."""
    if isinstance(condition, Compare):
        yield condition
    elif isinstance(condition, Not):
        yield from comparisons(condition.item)
    elif isinstance(condition, And | Or):
        for item in condition.items:
            yield from comparisons(item)


ALWAYS = MatchAll()
