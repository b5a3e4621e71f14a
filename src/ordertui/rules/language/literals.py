"""A triple's text as a typed value of its field, or an error that says what the field takes."""

from __future__ import annotations

from fractions import Fraction

from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.money import exponent

from .ast import Amount, Choices, Flag, Integer, Pattern, Ratio, Span, Unknown, Value
from .dates import span
from .errors import FilterError, closest
from .fields import NULLABLE, Field, Kind, spellings
from .lexer import Token

MAX_STARS = 5
_MAX_WHOLE_DIGITS = 12
_CURRENCIES = tuple(sorted({m.currency for m in MARKETPLACES.values()}))
_ORDERED = frozenset({Kind.MONEY, Kind.WHOLE, Kind.PAST, Kind.FUTURE, Kind.SHARE})
_SHARE_DIGITS = 9


def value_of(spec: Field, token: Token, *, now: int, zone: str) -> Value:
    """The value of a triple. Raises FilterError."""
    if token.op != ":" and spec.kind not in _ORDERED:
        raise FilterError(token.column + len(token.field), f"{spec.name} takes ':', not '{token.op}'", f"{spec.name}:")
    column = token.value_column
    if spec.kind in NULLABLE and token.text.lower() == "unknown":
        if token.op != ":":
            raise FilterError(column, "unknown cannot be compared", f"{spec.name}:unknown")
        return Unknown()
    if spec.kind in (Kind.EXACT, Kind.CONTAINS):
        return pattern(token.text, quoted=token.quoted, column=column)
    if spec.kind is Kind.MONEY:
        return _amount(token.text, column)
    if spec.kind is Kind.SHARE:
        return _share(token.text, column)
    if spec.kind is Kind.WHOLE:
        return Integer(_whole(token.text, column))
    if spec.kind in (Kind.PAST, Kind.FUTURE):
        found = span(token.text, token.op, now=now, zone=zone, future=spec.kind is Kind.FUTURE, column=column)
        return Span(found.low, found.high, found.text)
    chosen = _choices(spec, token.text, column)
    if spec.kind is Kind.FLAG:
        if len(chosen.values) != 1:
            raise FilterError(column, f"{spec.name} takes yes or no, not both")
        return Flag(chosen.values[0] == "yes", now)
    return chosen


def pattern(text: str, *, quoted: bool, column: int) -> Pattern:
    """Literal parts between wildcards; in quotes a star is a star. Raises FilterError on nothing but stars."""
    if quoted:
        return Pattern((text,))
    parts = text.split("*")
    kept = [part for i, part in enumerate(parts) if part or i in (0, len(parts) - 1)]
    if not any(kept):
        raise FilterError(column, "'*' alone matches everything; add some letters")
    if len(kept) - 1 > MAX_STARS:
        raise FilterError(column, f"at most {MAX_STARS} wildcards in one value")
    return Pattern(tuple(kept))


def _choices(spec: Field, text: str, column: int) -> Choices:
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
    return Choices(tuple(v for v in order if v in picked))


def _digits(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _whole(text: str, column: int) -> int:
    if not _digits(text):
        raise FilterError(column, f"'{text}' is no whole number")
    if len(text) > _MAX_WHOLE_DIGITS:
        raise FilterError(column, f"'{text}' is too large; at most {_MAX_WHOLE_DIGITS} digits")
    return int(text)


def _share(text: str, column: int) -> Ratio:
    number = text.removesuffix("%")
    whole, dot, part = number.partition(".")
    if number == text or not _digits(whole) or (dot and not _digits(part)) or len(number) > _SHARE_DIGITS:
        raise FilterError(column, f"'{text}' is no rate; write 2% or 2.25%")
    return Ratio(Fraction(int(whole + part), 100 * 10 ** len(part)), text)


def _amount(text: str, column: int) -> Amount:
    number = text.rstrip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    currency = text[len(number) :].upper() or None
    whole, dot, part = number.partition(".")
    if "," in number:
        raise FilterError(column, f"'{number}': write amounts with a point and without separators, like 1234.50")
    if not _digits(whole) or (dot and not _digits(part)):
        raise FilterError(column, f"'{text}' is no amount; write 50, 49.90 or 50USD")
    if currency is not None and currency not in _CURRENCIES:
        raise FilterError(
            column + len(number),
            f"'{currency}' is no currency of a marketplace; known are {', '.join(_CURRENCIES)}",
            _nearest_currency(number, currency),
        )
    digits = 2 if currency is None else exponent(currency)
    if len(part) > digits:
        what = "an amount" if currency is None else currency
        raise FilterError(column, f"'{text}' has more decimals than {what} has ({digits})")
    _whole(whole, column)
    major = Fraction(int(whole + part), 10 ** len(part))
    return Amount(major, currency, number + (currency or ""))


def _nearest_currency(number: str, currency: str) -> str | None:
    near = closest(currency, [c.lower() for c in _CURRENCIES])
    return f"{number}{near.upper()}" if near else None
