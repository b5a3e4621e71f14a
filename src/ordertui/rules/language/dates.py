"""Parse dates and durations of a filter into ranges of epoch seconds, in a named zone."""

from __future__ import annotations

from datetime import date, timedelta

from ordertui.orders.clock import DAY, HOUR, day_start, to_local

from .ast import TimeRange
from .errors import FilterError, closest

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
