"""The single values of a policy: targets, windows, deadlines and limits, each with its source, dates and marketplace."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Any

import msgspec

from ordertui.orders.enums import Action
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.rules.auto_cancel import Span
from ordertui.rules.problems import PolicyProblem, Source, did_you_mean
from ordertui.rules.tables.table import day_after
from ordertui.rules.toml_positions import Path

HOUSE = ("near", "typed_count_from", "hold_minutes", "plan_expires_minutes", "forecast_hours")
"""Settings that are ordertui's own and that a user may change; the others are Amazon's."""
_KEYS = ("value", "source", "stated_for", "checked", "from", "until")


class Setting(msgspec.Struct, frozen=True):
    """One value in force."""

    name: str
    value: str
    """For people."""
    raw: Any
    source: str
    source_id: str
    checked_on: date
    inherited_from: str | None
    """Set when the source does not speak of this marketplace."""
    effective_from: date | None = None
    effective_until: date | None = None


class Entry(msgspec.Struct, frozen=True):
    """A value as a policy file gives it."""

    raw: Any
    words: str
    source: str
    stated_for: tuple[str, ...]
    checked: date | None
    start: date | None
    end: date | None

    def in_force(self, day: date) -> bool:
        """Whether the value counts on a day."""
        return (self.start is None or self.start <= day) and (self.end is None or day <= self.end)


Entries = Mapping[str, Sequence[Entry]]
"""Setting name to its values, one at any time."""


def _share(value: Any) -> tuple[Any, str]:
    wrong = "is a share as text between 0 and 1, such as '0.025'"
    if not isinstance(value, str) or not value.replace(".", "", 1).isdigit() or not value.isascii() or len(value) > 12:
        return None, wrong
    share = Fraction(value)
    return (share, "") if 0 < share < 1 else (None, wrong)


def _count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= 1_000_000


def _whole(value: Any) -> tuple[Any, str]:
    return (value, "") if _count(value) else (None, "is a whole number above 0")


def _days(value: Any) -> tuple[Any, str]:
    good = isinstance(value, list) and value and all(_count(v) and v <= 365 for v in value)
    if good and sorted(set(value)) == value:
        return tuple(value), ""
    return None, "is a list of days, shortest first, such as [7, 30]"


def _span(value: Any) -> tuple[Any, str]:
    kinds = ("business_days", "days", "hours")
    good = isinstance(value, dict) and len(value) == 1 and set(value) <= set(kinds) and all(map(_count, value.values()))
    if good:
        return Span(**value), ""
    named = [key for key in value if key not in kinds] if isinstance(value, dict) else []
    hint = f"; {named[0]!r} is no unit{did_you_mean(named[0], kinds)}" if named else ""
    return None, "is one of { business_days = 7 }, { days = 30 }, { hours = 24 }" + hint


def _hold(value: Any) -> tuple[Any, str]:
    kinds = {Action.CANCEL.value, Action.REFUND.value, Action.CONFIRM.value}
    good = (
        isinstance(value, dict)
        and set(value) == kinds
        and all(isinstance(v, int) and not isinstance(v, bool) and 0 <= v <= 1440 for v in value.values())
    )
    if good:
        return {**value, Action.MESSAGE.value: 0}, ""
    return None, "gives minutes (0 to 1440) for cancel, refund and confirm"


def _removal(value: Any) -> tuple[Any, str]:
    good = isinstance(value, dict) and set(value) == {"cancels", "days"} and all(map(_count, value.values()))
    return ((value["cancels"], value["days"]), "") if good else (None, "is { cancels = 2, days = 30 }")


CONVERTERS: dict[str, Callable[[Any], tuple[Any, str]]] = {
    "rate_target": _share,
    "rate_days": _days,
    "late_shipment_target": _share,
    "late_shipment_days": _days,
    "valid_tracking_target": _share,
    "valid_tracking_days": _days,
    "offer_removal": _removal,
    "auto_cancel": _span,
    "buyer_cancel_minutes": _whole,
    "near": _share,
    "typed_count_from": _whole,
    "hold_minutes": _hold,
    "plan_expires_minutes": _whole,
    "forecast_hours": _whole,
}
"""Setting name to the function that gives its value, or what is wrong with it."""


def in_words(value: Any) -> str:
    """A value for people."""
    if isinstance(value, dict):
        return ", ".join(f"{part} {key.replace('_', ' ')}" for key, part in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def read_settings(
    data: object, sources: Mapping[str, object], source: Source, path: Path
) -> tuple[dict[str, list[Entry]], list[PolicyProblem]]:
    """Every setting of one table of a policy file: `name = { value, source }`, or a list of such with `from` and `until`."""
    place = ".".join(map(str, path))
    if not isinstance(data, dict):
        return {}, [source.problem(f"[{place}] is not a table", path)]
    found: dict[str, list[Entry]] = {}
    problems: list[PolicyProblem] = []
    for name, given in data.items():
        where = (*path, name)
        if name not in CONVERTERS:
            hint = did_you_mean(name, list(CONVERTERS))
            problems.append(source.problem(f"{place}: there is no setting {name!r}{hint}", where, key=True))
            continue
        many = isinstance(given, list) and given and all(isinstance(one, dict) for one in given)
        found[name] = []
        for number, one in enumerate(given if many else [given]):
            entry, wrong = _entry(f"{place}.{name}", name, one, sources, source, (*where, number) if many else where)
            problems += wrong
            if entry is not None:
                found[name].append(entry)
        problems += _at_any_time(f"{place}.{name}", found[name], source, where)
    return found, problems


def _entry(
    label: str, name: str, given: Any, sources: Mapping[str, object], source: Source, path: Path
) -> tuple[Entry | None, list[PolicyProblem]]:
    if not isinstance(given, dict) or "value" not in given or "source" not in given:
        text = f'{label} needs a value and a source: {{ value = ..., source = "..." }}'
        return None, [source.problem(text, path)]
    problems = []
    for key in given:
        if key not in _KEYS:
            problems.append(
                source.problem(f"{label}: unknown key {key!r}{did_you_mean(key, _KEYS)}", (*path, key), key=True)
            )
    if given["source"] not in list(sources):
        hint = did_you_mean(str(given["source"]), list(sources))
        problems.append(
            source.problem(
                f"{label}: source {given['source']!r} is not listed under [sources]{hint}", (*path, "source"), inside=0
            )
        )
    raw, wrong = CONVERTERS[name](given["value"])
    if wrong:
        problems.append(source.problem(f"{label} {wrong}, not {given['value']!r}", (*path, "value")))
    for key in ("checked", "from", "until"):
        day = given.get(key)
        if day is not None and (not isinstance(day, date) or isinstance(day, datetime)):
            problems.append(
                source.problem(f"{label}: {key} is a day such as 2026-11-23 without quotes, not {day!r}", (*path, key))
            )
    stated = given.get("stated_for", [])
    for number, code in enumerate(stated if isinstance(stated, list) else []):
        if code not in list(MARKETPLACES):
            hint = did_you_mean(str(code), list(MARKETPLACES))
            problems.append(
                source.problem(f"{label}: there is no marketplace {code!r}{hint}", (*path, "stated_for", number))
            )
    if problems:
        return None, problems
    return Entry(
        raw, in_words(given["value"]), given["source"], tuple(stated), given.get("checked"), given.get("from"), given.get("until"),
    ), []  # fmt: skip


def _at_any_time(label: str, entries: Sequence[Entry], source: Source, path: Path) -> list[PolicyProblem]:
    """Times at which no value, or more than one, is in force."""
    for day in [date.min, *sorted(set(changes(entries)))]:
        count = sum(entry.in_force(day) for entry in entries)
        if entries and count != 1:
            since = "before every date given" if day == date.min else f"from {day} on"
            what = "no value is in force" if count == 0 else f"{count} values are in force"
            return [source.problem(f"{label}: {what} {since}", path, key=True)]
    return []


def changes(entries: Sequence[Entry]) -> list[date]:
    """Days on which a value begins, or is no longer in force."""
    days = [entry.start for entry in entries if entry.start is not None]
    return days + [day_after(entry.end) for entry in entries if entry.end is not None]
