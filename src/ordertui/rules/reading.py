"""Policy files from TOML to checked values: editions that come with the program, and a user's own settings on top."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.status import Action, YesNo

from .checker import check_never, check_table
from .deadline import Span
from .facts import FACTS
from .problems import PolicyError, PolicyProblem, Source
from .table import EVERYTHING, Table, cell, did_you_mean, read_table

OUTPUTS: dict[str, dict[str, tuple[object, ...]]] = {
    **{action.value: {"allowed": (True, False), "instead": tuple(a.value for a in Action)} for action in Action},
    "counts": {"counts": (YesNo.YES.value, YesNo.NO.value)},
    "history": {"counts": tuple(value.value for value in YesNo)},
    "warn": {},
}
"""Table name to its output columns and their closed values."""
HOUSE = ("near", "typed_count_from", "hold_minutes", "plan_expires_minutes")
"""Settings that a user may change; the others are Amazon's."""


@dataclass(frozen=True, slots=True)
class Setting:
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


@dataclass(frozen=True, slots=True)
class PolicyData:
    """A checked edition."""

    edition: str
    title: str
    checked: date
    shelf_life_days: int
    sources: Mapping[str, Mapping[str, str]]
    tables: Mapping[str, Table]
    settings: Mapping[str, Mapping[str, Any]]
    by_marketplace: Mapping[str, Mapping[str, Mapping[str, Any]]]
    messages: Mapping[str, Mapping[str, str]]
    languages: Mapping[str, str]

    def cite(self, source: str) -> str:
        """A source in words, with the day it was read."""
        entry = self.sources[source]
        return f"{entry['title']}, {entry['url']} (read {self.checked.isoformat()})"

    def settings_of(self, code: str, own: Mapping[str, Mapping[str, Any]]) -> dict[str, Setting]:
        """Every setting of a marketplace: the user's, else its own, else the edition's."""
        found = {}
        for name, entry in self.settings.items():
            here = own.get(name) or self.by_marketplace.get(code, {}).get(name)
            chosen = here or entry
            stated = chosen.get("stated_for")
            raw, _ = CONVERTERS[name](chosen["value"])
            source = chosen["source"]
            found[name] = Setting(
                name=name,
                value=_words(chosen["value"]),
                raw=raw,
                source="your own policy file" if source == "user" else self.cite(source),
                source_id="house" if source == "user" else source,
                checked_on=self.checked,
                inherited_from=f"the source speaks of {', '.join(stated)}" if stated and code not in stated else None,
            )
        return found


def _words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{part} {key.replace('_', ' ')}" for key, part in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _share(value: Any) -> tuple[Any, str]:
    try:
        share = Fraction(value) if isinstance(value, str) else None
    except ValueError:
        share = None
    return (
        (share, "")
        if share is not None and 0 < share < 1
        else (None, "is a share as text between 0 and 1, such as '0.025'")
    )


def _whole(value: Any) -> tuple[Any, str]:
    good = isinstance(value, int) and not isinstance(value, bool) and value > 0
    return (value, "") if good else (None, "is a whole number above 0")


def _days(value: Any) -> tuple[Any, str]:
    good = isinstance(value, list) and value and all(isinstance(v, int) and v > 0 for v in value)
    return (tuple(value), "") if good else (None, "is a list of days, such as [7]")


def _span(value: Any) -> tuple[Any, str]:
    good = (
        isinstance(value, dict)
        and len(value) == 1
        and set(value) <= {"business_days", "days", "hours"}
        and all(isinstance(v, int) and v > 0 for v in value.values())
    )
    return (Span(**value), "") if good else (None, "is one of { business_days = 7 }, { days = 30 }, { hours = 24 }")


def _hold(value: Any) -> tuple[Any, str]:
    kinds = {Action.CANCEL.value, Action.REFUND.value, Action.CONFIRM.value}
    good = (
        isinstance(value, dict)
        and set(value) == kinds
        and all(isinstance(v, int) and 0 <= v <= 1440 for v in value.values())
    )
    return (
        ({**value, Action.MESSAGE.value: 0}, "")
        if good
        else (None, "gives minutes (0 to 1440) for cancel, refund and confirm")
    )


CONVERTERS: dict[str, Callable[[Any], tuple[Any, str]]] = {
    "rate_target": _share,
    "rate_days": _days,
    "auto_cancel": _span,
    "buyer_cancel_minutes": _whole,
    "near": _share,
    "typed_count_from": _whole,
    "hold_minutes": _hold,
    "plan_expires_minutes": _whole,
}
"""Setting name to the function that gives its value, or what is wrong with it."""


def parse(text: str, file: str) -> dict[str, Any]:
    """TOML, with its own error as a PolicyError."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PolicyError([PolicyProblem(file, 0, 0, f"is not TOML: {error}")]) from error


@lru_cache(maxsize=4)
def bundled(edition: str) -> PolicyData:
    """An edition that comes with the program, checked. Raises PolicyError."""
    name = f"{edition}.toml"
    text = resources.files(__package__).joinpath("policies", name).read_text(encoding="utf-8")
    return read_edition(text, name)


def read_edition(text: str, file: str) -> PolicyData:
    """An edition from its text. Raises PolicyError with every problem."""
    data = parse(text, file)
    source = Source(file, text)
    head = data.get("edition", {})
    if "base" in head:
        return _on_base(data, bundled(head["base"]), source)
    problems: list[PolicyProblem] = []
    tables: dict[str, Table] = {}
    for name, outputs in OUTPUTS.items():
        entry = data.get("table", {}).get(name)
        if entry is None:
            problems.append(source.problem(f"there is no table {name}", []))
            continue
        tables[name], found = read_table(name, entry, outputs, data.get("sources", {}), source)
        problems += found or check_table(tables[name], source)
    for name in data.get("table", {}):
        if name not in OUTPUTS:
            problems.append(
                source.problem(
                    f"there is no use for a table {name!r}{did_you_mean(name, list(OUTPUTS))}", [f"table.{name}"]
                )
            )
    for rule in data.get("never", ()):
        problems += _never(rule, tables, source)
    problems += _check_settings(data, data.get("sources", {}), source, set(CONVERTERS))
    if problems:
        raise PolicyError(problems)
    return PolicyData(
        head["name"],
        head["title"],
        head["checked"],
        head["shelf_life_days"],
        data["sources"],
        tables,
        data["settings"],
        data.get("marketplace", {}),
        data["messages"],
        data["languages"],
    )


def _on_base(data: Mapping[str, Any], base: PolicyData, source: Source) -> PolicyData:
    sources = {**base.sources, **data.get("sources", {})}
    problems = _check_settings(data, sources, source, set())
    if problems:
        raise PolicyError(problems)
    head = data["edition"]
    markets = {code: dict(values) for code, values in base.by_marketplace.items()}
    for code, values in data.get("marketplace", {}).items():
        markets.setdefault(code, {}).update(values)
    return replace(
        base,
        edition=head["name"],
        title=head["title"],
        checked=head["checked"],
        sources=sources,
        settings={**base.settings, **data.get("settings", {})},
        by_marketplace=markets,
    )


def _never(rule: Mapping[str, Any], tables: Mapping[str, Table], source: Source) -> list[PolicyProblem]:
    box = list(EVERYTHING)
    for fact, text in rule.get("when", {}).items():
        if fact not in FACTS:
            return [source.problem(f"never: {fact!r} is not a fact{did_you_mean(fact, list(FACTS))}", ["never", fact])]
        values, problem = cell(fact, text)
        if problem:
            return [source.problem(f"never: {problem}", ["never", fact])]
        box[list(FACTS).index(fact)] = values
    table = tables.get(rule.get("table", ""))
    if table is None:
        return [source.problem(f"never: there is no table {rule.get('table')!r}", ["never"])]
    return check_never(table, f"never ({rule.get('why', '')})", tuple(box), source)


def _check_settings(
    data: Mapping[str, Any], sources: Mapping[str, Any], source: Source, needed: set[str]
) -> list[PolicyProblem]:
    problems = [
        source.problem(f"[settings] lacks {name}", ["settings"])
        for name in sorted(needed - set(data.get("settings", {})))
    ]
    places = [("settings", data.get("settings", {}))]
    for code, values in data.get("marketplace", {}).items():
        if code not in MARKETPLACES:
            problems.append(
                source.problem(
                    f"there is no marketplace {code!r}{did_you_mean(code, list(MARKETPLACES))}", [f"marketplace.{code}"]
                )
            )
        places.append((f"marketplace.{code}", values))
    for place, values in places:
        for name, entry in values.items():
            if name not in CONVERTERS:
                problems.append(
                    source.problem(
                        f"{place}: there is no setting {name!r}{did_you_mean(name, list(CONVERTERS))}",
                        [f"[{place}]", name],
                    )
                )
                continue
            if not isinstance(entry, dict) or "value" not in entry or entry.get("source") not in sources:
                problems.append(
                    source.problem(
                        f"{place}.{name} needs a value and a source listed under [sources]", [f"[{place}]", name]
                    )
                )
                continue
            problem = CONVERTERS[name](entry["value"])[1]
            if problem:
                problems.append(
                    source.problem(f"{place}.{name} {problem}, not {entry['value']!r}", [f"[{place}]", name])
                )
    return problems


def user_settings(path: Path, base: PolicyData) -> dict[str, dict[str, Any]]:
    """A user's own values for the settings in HOUSE: `[settings]` with `name = value`. Raises PolicyError."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError([PolicyProblem(str(path), 0, 0, f"cannot be read: {error}")]) from error
    data, source = parse(text, str(path)), Source(str(path), text)
    problems = [
        source.problem(f"unknown key {key!r}{did_you_mean(key, ['settings'])}", [key])
        for key in data
        if key != "settings"
    ]
    found: dict[str, dict[str, Any]] = {}
    for name, value in data.get("settings", {}).items():
        if name not in base.settings:
            problems.append(source.problem(f"there is no setting {name!r}{did_you_mean(name, list(HOUSE))}", [name]))
        elif name not in HOUSE:
            problems.append(
                source.problem(
                    f"{name} is Amazon's and cannot be changed; choose the edition in the settings instead", [name]
                )
            )
        elif problem := CONVERTERS[name](value)[1]:
            problems.append(source.problem(f"{name} {problem}, not {value!r}", [name]))
        else:
            found[name] = {"value": value, "source": "user"}
    if problems:
        raise PolicyError(problems)
    return found
