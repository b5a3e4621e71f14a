"""Format a condition as filter text: the filter bar shows it, saved views keep it."""

from __future__ import annotations

from . import ast
from .fields import ALL_FIELDS, FLAGS, FieldKind
from .lexer import KEYWORDS, OPERATOR_CHARS

_SPECIAL = frozenset('()"*' + OPERATOR_CHARS)


def format_condition(condition: ast.Condition) -> str:
    """Return the canonical text. Parsed again at the same moment and zone it gives an equal condition."""
    if isinstance(condition, ast.MatchAll):
        return ""
    if isinstance(condition, ast.Or):
        return " or ".join(format_condition(item) for item in condition.items)
    if isinstance(condition, ast.And):
        return " ".join(_format_operand(item) for item in condition.items)
    if isinstance(condition, ast.Not):
        return f"-{_format_operand(condition.item, inside_not=True)}"
    if isinstance(condition, ast.Text):
        return _format_pattern(condition.words, bare=True)
    return _format_compare(condition)


def _format_operand(item: ast.Condition, *, inside_not: bool = False) -> str:
    needs_brackets = isinstance(item, ast.Or) or (inside_not and isinstance(item, ast.And))
    return f"({format_condition(item)})" if needs_brackets else format_condition(item)


def _format_compare(condition: ast.Compare) -> str:
    name, value = condition.field, condition.value
    if isinstance(value, ast.Pattern):
        return f"{name}:{_format_pattern(value, bare=False)}"
    return f"{name}{condition.op}{_format_value(name, value)}"


def _format_value(
    name: str, value: ast.OneOf | ast.Flag | ast.Amount | ast.Integer | ast.TimeRange | ast.Unknown | ast.Ratio
) -> str:
    if isinstance(value, ast.OneOf):
        spec = ALL_FIELDS[name]
        if spec.kind is FieldKind.CHOICE and not spec.values:
            return ",".join(word for word, stands in spec.aliases.items() if set(stands) <= set(value.values))
        return ",".join(value.values)
    if isinstance(value, ast.Flag):
        return "yes" if value.yes else "no"
    if isinstance(value, ast.Integer):
        return str(value.number)
    if isinstance(value, ast.Unknown):
        return "unknown"
    return value.text


def _format_pattern(pattern: ast.Pattern, *, bare: bool) -> str:
    if len(pattern.parts) > 1:
        return "*".join(pattern.parts)
    text = pattern.parts[0]
    word = text.lower()
    plain = not any(char in _SPECIAL or char.isspace() for char in text)
    if plain and not (bare and (word in KEYWORDS or word in FLAGS or text.startswith("-"))):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
