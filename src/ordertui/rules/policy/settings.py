"""The settings of a policy: targets, windows, deadlines and limits, each with its source, dates and marketplace.

To add a setting: add a field to PolicyValues and give its value in `policies/amazon.toml`. Reading, checking, house
files and `ordertui policy` go by the fields; `tests/rules/policy/test_settings.py` and the check of the bundled
editions name what is missing. A setting is a seller's own exactly when its source is `house`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from fractions import Fraction
from typing import Annotated, Any, TypeAlias, get_type_hints

import msgspec

from ordertui.orders.enums import Action, RefundReason
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.rules.auto_cancel import AutoCancelDelay
from ordertui.rules.period import Period, is_day
from ordertui.rules.problems import PolicyProblem, PolicySource, did_you_mean
from ordertui.rules.toml_positions import TomlPath

MOST_COUNT = 1_000_000
"""Of a setting that counts something."""
_ENTRY_KEYS = ("value", "source", "stated_for", "checked", "from", "until")

Parser: TypeAlias = Callable[[Any], tuple[Any, str]]
"""From a TOML value to the value in use and an empty text, or to None and what is wrong."""


def _parse_ratio(value: Any) -> tuple[Any, str]:
    wrong = "is a share as text between 0 and 1, such as '0.025'"
    if not isinstance(value, str) or not value.replace(".", "", 1).isdigit() or not value.isascii() or len(value) > 12:
        return None, wrong
    ratio = Fraction(value)
    return (ratio, "") if 0 < ratio < 1 else (None, wrong)


def _parse_other_target(value: Any) -> tuple[Any, str]:
    if value in ("same", "unknown"):
        return value, ""
    ratio, wrong = _parse_ratio(value)
    return ratio, wrong and f"{wrong}, or 'same' or 'unknown'"


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= MOST_COUNT


def _parse_count(value: Any) -> tuple[Any, str]:
    return (value, "") if _is_count(value) else (None, f"is a whole number from 1 to {MOST_COUNT:,}")


def _parse_days(value: Any) -> tuple[Any, str]:
    good = isinstance(value, list) and value and all(_is_count(v) and v <= 365 for v in value)
    if good and sorted(set(value)) == value:
        return tuple(value), ""
    return None, "is a list of days, shortest first, such as [7, 30]"


def _parse_delay(value: Any) -> tuple[Any, str]:
    units = ("business_days", "days", "hours")
    good = isinstance(value, dict) and len(value) == 1 and set(value) <= set(units)
    if good and (all(map(_is_count, value.values())) or value == {"hours": 0}):
        return AutoCancelDelay(**value), ""
    unknown = [key for key in value if key not in units] if isinstance(value, dict) else []
    hint = f"; {unknown[0]!r} is no unit{did_you_mean(unknown[0], units)}" if unknown else ""
    return None, "is one of { business_days = 7 }, { days = 30 }, { hours = 24 }" + hint


def _parse_hold(value: Any) -> tuple[Any, str]:
    actions = {Action.CANCEL.value, Action.REFUND.value, Action.CONFIRM.value}
    good = (
        isinstance(value, dict)
        and set(value) == actions
        and all(isinstance(v, int) and not isinstance(v, bool) and 0 <= v <= 1440 for v in value.values())
    )
    if good:
        return {**value, Action.MESSAGE.value: 0}, ""
    return None, "gives minutes (0 to 1440) for cancel, refund and confirm"


def _parse_removal(value: Any) -> tuple[Any, str]:
    good = isinstance(value, dict) and set(value) == {"cancels", "days"} and all(map(_is_count, value.values()))
    return ((value["cancels"], value["days"]), "") if good else (None, "is { cancels = 2, days = 30 }")


def _parse_refund_reason(value: Any) -> tuple[Any, str]:
    if value == "ask":
        return "", ""
    if value in tuple(RefundReason):
        return value, ""
    hint = did_you_mean(value, list(RefundReason)) if isinstance(value, str) else ""
    return None, f"is 'ask' or a reason such as 'GeneralAdjustment'{hint}"


class SettingSpec(msgspec.Struct, frozen=True):
    """How a setting is read, and whose it is."""

    parse: Parser
    is_own: bool = False
    """Whether the setting is ordertui's own, which a seller's policy file may change; the others are Amazon's."""


_RATIO, _COUNT, _DAYS = SettingSpec(_parse_ratio), SettingSpec(_parse_count), SettingSpec(_parse_days)
_OWN_COUNT = SettingSpec(_parse_count, is_own=True)


class PolicyValues(msgspec.Struct, frozen=True, kw_only=True):
    """The values of all settings in force for one marketplace. A field's name is the setting's name in policy files."""

    rate_target: Annotated[Fraction, _RATIO]
    """The cancellation rate must stay strictly under it."""
    rate_days: Annotated[tuple[int, ...], _DAYS]
    """Lengths of the rate's windows, shortest first."""
    late_shipment_target: Annotated[Fraction, _RATIO]
    late_shipment_days: Annotated[tuple[int, ...], _DAYS]
    valid_tracking_target: Annotated[Fraction, _RATIO]
    valid_tracking_days: Annotated[tuple[int, ...], _DAYS]
    offer_removal: Annotated[tuple[int, int], SettingSpec(_parse_removal)]
    """Amazon removes an offer after so many seller cancellations in a row, of orders placed within so many days."""
    auto_cancel: Annotated[AutoCancelDelay, SettingSpec(_parse_delay)]
    """When Amazon cancels an order that was not confirmed, by the source that gives the seller most time."""
    auto_cancel_earliest: Annotated[AutoCancelDelay, SettingSpec(_parse_delay)]
    """The same by the source that gives least; queues, forecasts and warnings go by the earlier of the two."""
    premium_cancel_target: Annotated[Fraction | str, SettingSpec(_parse_other_target)]
    """The same for Premium Shipping: `same` where no source speaks of another; `unknown`: there is one, unnamed."""
    prime_cancel_target: Annotated[Fraction, _RATIO]
    """Of Seller Fulfilled Prime units at most this share may be cancelled by the seller."""
    prime_cancel_days: Annotated[tuple[int, ...], _DAYS]
    on_time_delivery_target: Annotated[Fraction, _RATIO]
    """At least this share of tracked units must be delivered by the promised day."""
    on_time_delivery_days: Annotated[tuple[int, ...], _DAYS]
    buyer_cancel_minutes: Annotated[int, _COUNT]
    """How long after the purchase a buyer may cancel without asking the seller. Shown, not used."""
    near: Annotated[Fraction, SettingSpec(_parse_ratio, is_own=True)]
    """From this share of the target on, the rate's status is `near`."""
    typed_count_from: Annotated[int, _OWN_COUNT]
    """From so many orders on, their number must be typed to commit a batch."""
    old_hours: Annotated[int, _OWN_COUNT]
    """From this age on of what reports say of a waiting order, a plan warns of it."""
    stale_hours: Annotated[int, _OWN_COUNT]
    """From this age on, the number of orders must be typed to commit a batch."""
    auto_cancelled_hours: Annotated[int, _OWN_COUNT]
    """So long after Amazon's own cancellation an order that no newer report names is taken as gone."""
    hold_minutes: Annotated[Mapping[str, int], SettingSpec(_parse_hold, is_own=True)]
    """How long a committed batch is held, by action."""
    plan_expires_minutes: Annotated[int, _OWN_COUNT]
    """How long a plan can be committed."""
    refund_reason: Annotated[str, SettingSpec(_parse_refund_reason, is_own=True)]
    """The reason of a refund of a shipped order for which the operator chose none; empty (`ask`): none."""
    forecast_hours: Annotated[int, _OWN_COUNT]
    """How far ahead the rate's outlook counts orders that Amazon will cancel by itself."""


SETTINGS: dict[str, SettingSpec] = {
    name: hint.__metadata__[0] for name, hint in get_type_hints(PolicyValues, include_extras=True).items()
}
"""Every setting by name."""
OWN_SETTINGS = tuple(name for name, spec in SETTINGS.items() if spec.is_own)


class Setting(msgspec.Struct, frozen=True):
    """One setting in force, as it is shown."""

    name: str
    value: str
    """For people."""
    raw: Any
    """The parsed value: a field of PolicyValues."""
    source: str
    source_id: str
    checked_on: date
    inherited_from: str | None
    """Set when the source does not speak of this marketplace."""
    effective_from: date | None = None
    effective_until: date | None = None


class Entry(msgspec.Struct, frozen=True):
    """A setting's value as a policy file gives it."""

    raw: Any
    words: str
    source: str
    stated_for: tuple[str, ...]
    checked: date | None
    period: Period


Entries: TypeAlias = Mapping[str, Sequence[Entry]]
"""Setting name to its values, of which one is in force at any time."""


def format_setting(value: object) -> str:
    """Return a TOML value for people."""
    if isinstance(value, dict):
        return ", ".join(f"{part} {key.replace('_', ' ')}" for key, part in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def read_settings(
    data: object, sources: Mapping[str, object], source: PolicySource, path: TomlPath
) -> tuple[dict[str, list[Entry]], list[PolicyProblem]]:
    """Return the settings of one table of an edition, and every mistake in it.

    A setting is `name = { value, source }`, or a list of such with `from` and `until`.
    """
    place = ".".join(map(str, path))
    if not isinstance(data, dict):
        return {}, [source.problem(f"[{place}] is not a table", path)]
    found: dict[str, list[Entry]] = {}
    problems: list[PolicyProblem] = []
    for name, given in data.items():
        where = (*path, name)
        if name not in SETTINGS:
            hint = did_you_mean(name, list(SETTINGS))
            problems.append(source.problem(f"{place}: there is no setting {name!r}{hint}", where, key=True))
            continue
        many = isinstance(given, list) and given and all(isinstance(one, dict) for one in given)
        found[name] = []
        for number, one in enumerate(given if many else [given]):
            entry, wrong = _read_entry(one, sources, source, (*where, number) if many else where, name)
            problems += wrong
            if entry is not None:
                found[name].append(entry)
        problems += _check_one_at_any_time(f"{place}.{name}", found[name], source, where)
    return found, problems


def _read_entry(
    given: Any, sources: Mapping[str, object], source: PolicySource, path: TomlPath, name: str
) -> tuple[Entry | None, list[PolicyProblem]]:
    label = ".".join(str(part) for part in path if isinstance(part, str))
    if not isinstance(given, dict) or "value" not in given or "source" not in given:
        text = f'{label} needs a value and a source: {{ value = ..., source = "..." }}'
        return None, [source.problem(text, path)]
    problems = source.unknown(f"{label}: unknown key", given, _ENTRY_KEYS, path)
    if given["source"] not in list(sources):
        hint = did_you_mean(str(given["source"]), list(sources))
        text = f"{label}: source {given['source']!r} is not listed under [sources]{hint}"
        problems.append(source.problem(text, (*path, "source"), inside=0))
    raw, wrong = SETTINGS[name].parse(given["value"])
    if wrong:
        problems.append(source.problem(f"{label} {wrong}, not {given['value']!r}", (*path, "value")))
    for key in ("checked", "from", "until"):
        day = given.get(key)
        if day is not None and not is_day(day):
            text = f"{label}: {key} is a day such as 2026-11-23 without quotes, not {day!r}"
            problems.append(source.problem(text, (*path, key)))
    stated = given.get("stated_for", [])
    if not isinstance(stated, list):
        text = f"{label}: stated_for is a list of marketplaces, not {stated!r}"
        problems.append(source.problem(text, (*path, "stated_for")))
        stated = []
    for number, code in enumerate(stated):
        if code not in list(MARKETPLACES):
            hint = did_you_mean(str(code), list(MARKETPLACES))
            text = f"{label}: there is no marketplace {code!r}{hint}"
            problems.append(source.problem(text, (*path, "stated_for", number)))
    if problems:
        return None, problems
    period = Period(given.get("from"), given.get("until"))
    words = format_setting(given["value"])
    return Entry(raw, words, given["source"], tuple(stated), given.get("checked"), period), []


def _check_one_at_any_time(
    label: str, entries: Sequence[Entry], source: PolicySource, path: TomlPath
) -> list[PolicyProblem]:
    """Return a problem for the first time at which no value, or more than one, is in force."""
    for day in [date.min, *sorted(set(change_days(entries)))]:
        count = sum(entry.period.contains(day) for entry in entries)
        if entries and count != 1:
            since = "before every date given" if day == date.min else f"from {day} on"
            what = "no value is in force" if count == 0 else f"{count} values are in force"
            return [source.problem(f"{label}: {what} {since}", path, key=True)]
    return []


def change_days(entries: Sequence[Entry]) -> list[date]:
    """Return the days on which a value begins, or is no longer in force."""
    return [day for entry in entries for day in entry.period.change_days()]
