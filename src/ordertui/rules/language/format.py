"""A condition back as text: what the bar shows as understood, and what a house rule is stored as."""

from __future__ import annotations

from .ast import (
    Amount,
    And,
    Choices,
    Compare,
    Condition,
    Flag,
    Integer,
    MatchAll,
    Not,
    Or,
    Pattern,
    Ratio,
    Span,
    Text,
    Unknown,
)
from .fields import ALL_FIELDS, FLAGS, Kind
from .lexer import KEYWORDS, OPERATOR_CHARS

_SPECIAL = frozenset('()"*' + OPERATOR_CHARS)


def format_condition(condition: Condition) -> str:
    """Canonical text; parsed again at the same moment and zone it gives an equal condition."""
    if isinstance(condition, MatchAll):
        return ""
    if isinstance(condition, Or):
        return " or ".join(format_condition(item) for item in condition.items)
    if isinstance(condition, And):
        return " ".join(_tight(item) for item in condition.items)
    if isinstance(condition, Not):
        return f"-{_tight(condition.item, inside_not=True)}"
    if isinstance(condition, Text):
        return _pattern(condition.words, bare=True)
    return _compare(condition)


def _tight(item: Condition, *, inside_not: bool = False) -> str:
    loose = isinstance(item, Or) or (inside_not and isinstance(item, And))
    return f"({format_condition(item)})" if loose else format_condition(item)


def _compare(condition: Compare) -> str:
    name, value = condition.field, condition.value
    if isinstance(value, Pattern):
        return f"{name}:{_pattern(value, bare=False)}"
    return f"{name}{condition.op}{_value(name, value)}"


def _value(name: str, value: Choices | Flag | Amount | Integer | Span | Unknown | Ratio) -> str:
    if isinstance(value, Choices):
        spec = ALL_FIELDS[name]
        if spec.kind is Kind.CHOICE and not spec.values:
            return ",".join(word for word, stands in spec.aliases.items() if set(stands) <= set(value.values))
        return ",".join(value.values)
    if isinstance(value, Flag):
        return "yes" if value.yes else "no"
    if isinstance(value, Integer):
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
