"""Parse the value of a `field op value` triple into the type of its field."""

from __future__ import annotations

from fractions import Fraction

from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.money import exponent

from .ast import Amount, Flag, Integer, OneOf, Pattern, Ratio, Unknown, Value
from .dates import parse_date_range
from .errors import FilterError, closest
from .fields import ORDERED, Field, FieldKind, spellings
from .lexer import Token

MAX_WILDCARDS = 5
_MAX_INTEGER_DIGITS = 12
_CURRENCIES = tuple(sorted({m.currency for m in MARKETPLACES.values()}))
_MAX_RATIO_CHARACTERS = 9


def parse_literal(spec: Field, token: Token, *, now: int, zone: str) -> Value:
    """Return the value of a triple. Raises FilterError that tells what the field takes. `now`: epoch seconds."""
    if token.op != ":" and spec.kind not in ORDERED:
        raise FilterError(token.column + len(token.field), f"{spec.name} takes ':', not '{token.op}'", f"{spec.name}:")
    column = token.value_column
    if spec.kind in ORDERED and token.text.lower() == "unknown":
        if token.op != ":":
            raise FilterError(column, "unknown cannot be compared", f"{spec.name}:unknown")
        return Unknown()
    if spec.kind in (FieldKind.EXACT, FieldKind.CONTAINS):
        return parse_pattern(token.text, quoted=token.quoted, column=column)
    if spec.kind is FieldKind.MONEY:
        return _parse_amount(token.text, column)
    if spec.kind is FieldKind.RATIO:
        return _parse_ratio(token.text, column)
    if spec.kind is FieldKind.INTEGER:
        return Integer(_parse_integer(token.text, column))
    if spec.kind in (FieldKind.PAST, FieldKind.FUTURE):
        return parse_date_range(
            token.text, token.op, now=now, zone=zone, future=spec.kind is FieldKind.FUTURE, column=column
        )
    chosen = _parse_choice(spec, token.text, column)
    if spec.kind is FieldKind.FLAG:
        if len(chosen.values) != 1:
            raise FilterError(column, f"{spec.name} takes yes or no, not both")
        return Flag(chosen.values[0] == "yes", now)
    return chosen


def parse_pattern(text: str, *, quoted: bool, column: int) -> Pattern:
    """Return the parts between wildcards; in quotes a star is a star. Raises FilterError for nothing but stars."""
    if quoted:
        return Pattern((text,))
    parts = text.split("*")
    kept = [part for i, part in enumerate(parts) if part or i in (0, len(parts) - 1)]
    if not any(kept):
        raise FilterError(column, "'*' alone matches everything; add some letters")
    if len(kept) - 1 > MAX_WILDCARDS:
        raise FilterError(column, f"at most {MAX_WILDCARDS} wildcards in one value")
    return Pattern(tuple(kept))


def _parse_choice(spec: Field, text: str, column: int) -> OneOf:
    exact = {v.lower(): (v,) for v in spec.values} | dict(spec.aliases)
    picked: set[str] = set()
    at = column
    for piece in text.split(","):
        word = piece.lower()
        hit = exact.get(word) or exact.get(word.replace("-", "_"))
        if hit is None:
            near = closest(word.replace("-", "_"), exact)
            shown = near.upper() if near is not None and near.upper() in spec.values else near
            listed = ", ".join(spec.values or spellings(spec))
            raise FilterError(at, f"'{piece}' is not a value of {spec.name}; it takes {listed}", shown)
        picked.update(hit)
        at += len(piece) + 1
    order = spec.values or tuple(v for values in spec.aliases.values() for v in values)
    return OneOf(tuple(v for v in order if v in picked))


def _is_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _parse_integer(text: str, column: int) -> int:
    if not _is_digits(text):
        raise FilterError(column, f"'{text}' is no whole number")
    if len(text) > _MAX_INTEGER_DIGITS:
        raise FilterError(column, f"'{text}' is too large; at most {_MAX_INTEGER_DIGITS} digits")
    return int(text)


def _parse_ratio(text: str, column: int) -> Ratio:
    number = text.removesuffix("%")
    whole, dot, part = number.partition(".")
    if number == text or not _is_digits(whole) or (dot and not _is_digits(part)) or len(number) > _MAX_RATIO_CHARACTERS:
        raise FilterError(column, f"'{text}' is no rate; write 2% or 2.25%")
    return Ratio(Fraction(int(whole + part), 100 * 10 ** len(part)), text)


def _parse_amount(text: str, column: int) -> Amount:
    number = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    currency = text[len(number) :].upper() or None
    whole, dot, part = number.partition(".")
    if "," in number:
        raise FilterError(column, f"'{number}': write amounts with a point and without separators, like 1234.50")
    if not _is_digits(whole) or (dot and not _is_digits(part)):
        raise FilterError(column, f"'{text}' is no amount; write 50, 49.90 or 50USD")
    if currency is not None and currency not in _CURRENCIES:
        near = closest(currency, [code.lower() for code in _CURRENCIES])
        message = f"'{currency}' is no currency of a marketplace; known are {', '.join(_CURRENCIES)}"
        raise FilterError(column + len(number), message, f"{number}{near.upper()}" if near else None)
    digits = 2 if currency is None else exponent(currency)
    if len(part) > digits:
        what = "an amount" if currency is None else currency
        raise FilterError(column, f"'{text}' has more decimals than {what} has ({digits})")
    _parse_integer(whole, column)
    major = Fraction(int(whole + part), 10 ** len(part))
    return Amount(major, currency, number + (currency or ""))
