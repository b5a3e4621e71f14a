"""Parse the value of a `field op value` triple into the type of its field."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction

from ordertui.orders.clock import DAY, HOUR, day_start, to_local
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.money import exponent

from .ast import Amount, Flag, Integer, OneOf, Pattern, Ratio, TimeRange, Unknown, Value, ZoneRange
from .errors import FilterError, closest
from .fields import ORDERED, Field, FieldKind, spellings
from .lexer import Token

_UNITS = {"h": HOUR, "d": DAY, "w": 7 * DAY}
_MAX_COUNT = {"h": 87_600, "d": 3_650, "w": 520}
_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_FIRST, _LAST = date(1990, 1, 1), date(2100, 12, 31)


def parse_date_range(text: str, op: str, *, now: int, zone: str, future: bool, column: int) -> TimeRange:
    """Return the times that `op text` asks for. `text` is `2026-11-23`, `today`, `last-7d`, `next-2d`, `48h`, `2d` or
    `1w`.

    `last-7d` is today and the six days before it up to now, as the rate's window; `next-2d` is from now to the end of
    tomorrow. A bare duration counts forward for a field of the future and back for one of the past: `placed>7d` is
    "more than seven days ago". Raises FilterError.
    """
    word = text.lower()
    for prefix in ("last-", "next-"):
        if word.startswith(prefix):
            if op != ":":
                raise FilterError(column, f"'{word}' is a stretch of time and takes ':', not '{op}'", None)
            low, high = _parse_stretch(prefix, word, now, zone, column)
            return TimeRange(low, high, word)
    length = _parse_duration(word, column)
    if length is not None:
        return _relative_range(word, op, length[0] * _UNITS[length[1]], now, future)
    first, after = _parse_day(word, now, zone, future, column)
    low_high: dict[str, tuple[int | None, int | None]] = {
        ":": (first, after - 1),
        "<": (None, first - 1),
        "<=": (None, after - 1),
        ">": (after, None),
        ">=": (first, None),
    }
    return TimeRange(*low_high[op], word)


def _relative_range(word: str, op: str, seconds: int, now: int, future: bool) -> TimeRange:
    if op == ":":
        return TimeRange(now, now + seconds, word) if future else TimeRange(now - seconds, now, word)
    if future:
        edge, upward = now + seconds, op.startswith(">")
    else:
        edge, upward = now - seconds, op.startswith("<")
    step = 0 if op.endswith("=") else 1
    return TimeRange(edge + step, None, word) if upward else TimeRange(None, edge - step, word)


def _parse_stretch(prefix: str, word: str, now: int, zone: str, column: int) -> tuple[int, int]:
    length = _parse_duration(word.removeprefix(prefix), column + len(prefix))
    if length is None:
        raise FilterError(column, f"'{word}' is no stretch of time; write {prefix}7d, {prefix}48h or {prefix}2w")
    count, unit = length
    if unit == "h":
        return (now - count * HOUR, now) if prefix == "last-" else (now, now + count * HOUR)
    days = count * (_UNITS[unit] // DAY)
    if prefix == "last-":
        return day_start(now, zone, 1 - days), now
    return now, day_start(now, zone, days) - 1


def _parse_duration(word: str, column: int) -> tuple[int, str] | None:
    number, unit = word[:-1], word[-1:]
    if unit not in _UNITS or not (number.isascii() and number.isdigit()):
        return None
    count = int(number[:9])
    if count == 0 or count > _MAX_COUNT[unit]:
        raise FilterError(column, f"'{word}' is out of range: 1{unit} to {_MAX_COUNT[unit]}{unit}")
    return count, unit


def _parse_day(word: str, now: int, zone: str, future: bool, column: int) -> tuple[int, int]:
    if word in _DAYS:
        return day_start(now, zone, _DAYS[word]), day_start(now, zone, _DAYS[word] + 1)
    try:
        if len(word) != 10 or not word.isascii():
            raise ValueError
        day = date.fromisoformat(word)
    except ValueError:
        example = "2d, 24h" if future else "last-7d"
        raise FilterError(
            column, f"'{word}' is no date; write 2026-11-23, today or {example}", closest(word, (*_DAYS, "unknown"))
        ) from None
    if not _FIRST <= day <= _LAST:
        raise FilterError(column, f"'{word}' is out of range: {_FIRST} to {_LAST}")
    offset = day - to_local(now, zone).date()
    return day_start(now, zone, offset.days), day_start(now, zone, (offset + timedelta(days=1)).days)


MAX_WILDCARDS = 5
_MAX_INTEGER_DIGITS = 12
_CURRENCIES = tuple(sorted({m.currency for m in MARKETPLACES.values()}))
_MAX_RATIO_CHARACTERS = 9


def parse_literal(spec: Field, token: Token, *, now: int, zone: str, zones: Mapping[str, str]) -> Value:
    """Return the value of a triple. Raises FilterError that tells what the field takes. `now`: epoch seconds.

    Days are those of the IANA name `zone`; of the orders of a marketplace in `zones`, those of its own.
    """
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
        return _parse_times(spec, token, now, zone, zones)
    chosen = _parse_choice(spec, token.text, column)
    if spec.kind is FieldKind.FLAG:
        if len(chosen.values) != 1:
            raise FilterError(column, f"{spec.name} takes yes or no, not both")
        return Flag(chosen.values[0] == "yes", now)
    return chosen


def _parse_times(spec: Field, token: Token, now: int, zone: str, zones: Mapping[str, str]) -> TimeRange:
    def in_zone(name: str) -> TimeRange:
        return parse_date_range(
            token.text, token.op, now=now, zone=name, future=spec.kind is FieldKind.FUTURE, column=token.value_column
        )

    found, others = in_zone(zone), dict[tuple[int | None, int | None], list[str]]()
    of_zone = {name: in_zone(name) for name in set(zones.values())}
    for code, name in sorted(zones.items()):
        if of_zone[name] != found:
            others.setdefault(of_zone[name].limits(code), []).append(code)
    elsewhere = tuple(ZoneRange(tuple(codes), *limits) for limits, codes in others.items())
    return TimeRange(found.low, found.high, found.text, elsewhere)


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
