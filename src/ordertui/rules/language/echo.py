"""A condition back as text: what the bar shows as understood, and what a house rule is stored as."""

from __future__ import annotations

from .fields import ALL_FIELDS, FLAGS, Kind
from .lexer import KEYWORDS, OPERATOR_CHARS
from .tree import (
    Always,
    Amount,
    And,
    Choices,
    Compare,
    Condition,
    Flag,
    Not,
    Or,
    Pattern,
    Share,
    Span,
    Text,
    Unknown,
    Whole,
)

_SPECIAL = frozenset('()"*' + OPERATOR_CHARS)


def echo(condition: Condition) -> str:
    """Canonical text; parsed again at the same moment and zone it gives an equal condition."""
    if isinstance(condition, Always):
        return ""
    if isinstance(condition, Or):
        return " or ".join(echo(item) for item in condition.items)
    if isinstance(condition, And):
        return " ".join(_tight(item) for item in condition.items)
    if isinstance(condition, Not):
        return f"-{_tight(condition.item, inside_not=True)}"
    if isinstance(condition, Text):
        return _pattern(condition.words, bare=True)
    return _compare(condition)


def _tight(item: Condition, *, inside_not: bool = False) -> str:
    loose = isinstance(item, Or) or (inside_not and isinstance(item, And))
    return f"({echo(item)})" if loose else echo(item)


def _compare(condition: Compare) -> str:
    name, value = condition.field, condition.value
    if isinstance(value, Pattern):
        return f"{name}:{_pattern(value, bare=False)}"
    return f"{name}{condition.op}{_value(name, value)}"


def _value(name: str, value: Choices | Flag | Amount | Whole | Span | Unknown | Share) -> str:
    if isinstance(value, Choices):
        spec = ALL_FIELDS[name]
        if spec.kind is Kind.CHOICE and not spec.values:
            return ",".join(word for word, stands in spec.aliases.items() if set(stands) <= set(value.values))
        return ",".join(value.values)
    if isinstance(value, Flag):
        return "yes" if value.yes else "no"
    if isinstance(value, Whole):
        return str(value.number)
    if isinstance(value, Unknown):
        return "unknown"
    return value.text


def _pattern(pattern: Pattern, *, bare: bool) -> str:
    if len(pattern.parts) > 1:
        return "*".join(pattern.parts)
    text = pattern.parts[0]
    word = text.lower()
    plain = not any(char in _SPECIAL or char.isspace() for char in text)
    if plain and not (bare and (word in KEYWORDS or word in FLAGS or text.startswith("-"))):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
