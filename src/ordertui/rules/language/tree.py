"""The parsed condition: frozen nodes whose values are already typed, so every backend reads the same thing."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Choices:
    """Any of these values of a closed list, in the field's own order."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Flag:
    """Yes or no, judged at `at` (epoch seconds)."""

    yes: bool
    at: int


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount in major units; `currency` None means in each order's own currency."""

    major: Fraction
    currency: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number."""

    number: int


@dataclass(frozen=True, slots=True)
class Span:
    """Epoch seconds from `low` to `high`, both included; None is open. The operator is already applied."""

    low: int | None
    high: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The order does not say."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """Literal parts between wildcards: `AB*C` is ("AB", "C"); one part means no wildcard."""

    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """A rate; `text` as typed."""

    share: Fraction
    text: str


Value: TypeAlias = Choices | Flag | Amount | Whole | Span | Unknown | Pattern | Share


@dataclass(frozen=True, slots=True)
class Always:
    """Matches every order: the empty filter."""


@dataclass(frozen=True, slots=True)
class Text:
    """A word or phrase anywhere in id, SKU, ASIN or title."""

    words: Pattern


@dataclass(frozen=True, slots=True)
class Compare:
    """One field against one value; `op` is `:`, `<`, `<=`, `>` or `>=`."""

    field: str
    op: str
    value: Value


@dataclass(frozen=True, slots=True)
class Not:
    """Matches what `item` does not; an unknown fact fails `item` and so passes here."""

    item: Condition


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more."""

    items: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """Any of two or more."""

    items: tuple[Condition, ...]


Condition: TypeAlias = Always | Text | Compare | Not | And | Or
ALWAYS = Always()
