"""Format a condition as filter text: the filter bar shows it, saved views keep it."""

from __future__ import annotations

from .ast import (
    Amount,
    And,
    Compare,
    Condition,
    Flag,
    Integer,
    MatchAll,
    Not,
    OneOf,
    Or,
    Pattern,
    Ratio,
    Text,
    TimeRange,
    Unknown,
)
from .fields import ALL_FIELDS, FLAGS, FieldKind
from .lexer import KEYWORDS, OPERATOR_CHARS

_SPECIAL = frozenset('()"*' + OPERATOR_CHARS)


def format_condition(condition: Condition) -> str:
    """Return the canonical text. Parsed again at the same moment and zone it gives an equal condition."""
    if isinstance(condition, MatchAll):
        return ""
    if isinstance(condition, Or):
        return " or ".join(format_condition(item) for item in condition.items)
    if isinstance(condition, And):
        return " ".join(_format_operand(item) for item in condition.items)
    if isinstance(condition, Not):
        return f"-{_format_operand(condition.item, inside_not=True)}"
    if isinstance(condition, Text):
        return _format_pattern(condition.words, bare=True)
    return _format_compare(condition)


def _format_operand(item: Condition, *, inside_not: bool = False) -> str:
    needs_brackets = isinstance(item, Or) or (inside_not and isinstance(item, And))
    return f"({format_condition(item)})" if needs_brackets else format_condition(item)


def _format_compare(condition: Compare) -> str:
    name, value = condition.field, condition.value
    if isinstance(value, Pattern):
        return f"{name}:{_format_pattern(value, bare=False)}"
    return f"{name}{condition.op}{_format_value(name, value)}"


def _format_value(name: str, value: OneOf | Flag | Amount | Integer | TimeRange | Unknown | Ratio) -> str:
    if isinstance(value, OneOf):
        spec = ALL_FIELDS[name]
        if spec.kind is FieldKind.CHOICE and not spec.values:
            return ",".join(word for word, stands in spec.aliases.items() if set(stands) <= set(value.values))
        return ",".join(value.values)
    if isinstance(value, Flag):
        return "yes" if value.yes else "no"
    if isinstance(value, Integer):
        return str(value.number)
    if isinstance(value, Unknown):
        return "unknown"
    return value.text


def _format_pattern(pattern: Pattern, *, bare: bool) -> str:
    if len(pattern.parts) > 1:
        return "*".join(pattern.parts)
    text = pattern.parts[0]
    word = text.lower()
    plain = not any(char in _SPECIAL or char.isspace() for char in text)
    if plain and not (bare and (word in KEYWORDS or word in FLAGS or text.startswith("-"))):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
