"""Editions: whole policies as TOML, read and checked. `amazon` is today's rules, `article` the founding article's."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path as FilePath
from typing import Any

import msgspec

from ordertui.orders.enums import Action, YesNo
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.rules.problems import PolicyError, PolicyProblem, Source, did_you_mean
from ordertui.rules.situation import ACTION, COUNTS, DAYS_LATE, DECIDING, MARKETPLACE, REASON, TOTAL
from ordertui.rules.tables.checker import check_never, check_table
from ordertui.rules.tables.reader import read_box, read_table
from ordertui.rules.tables.table import HitPolicy, Output, Table, TableSpec

from .settings import CONVERTERS, Entries, Entry, Setting, changes, read_settings

EDITIONS = ("amazon", "article")
_ALLOWED = Output((True, False))
_INSTEAD = Output(tuple(action.value for action in Action), required=False)
_YES_NO = (YesNo.YES.value, YesNo.NO.value)
SPECS: dict[str, TableSpec] = {
    **{action.value: TableSpec(DECIDING, {"allowed": _ALLOWED, "instead": _INSTEAD}) for action in Action},
    "counts": TableSpec(DECIDING, {"counts": Output(_YES_NO)}),
    "history": TableSpec(DECIDING, {"counts": Output(tuple(value.value for value in YesNo))}),
    "warn": TableSpec(DECIDING, {}),
    "restock": TableSpec((REASON, MARKETPLACE), {"restocks": Output(tuple(value.value for value in YesNo))}),
    "mail": TableSpec((ACTION, MARKETPLACE), {"mails": Output(None)}),
    "fees": TableSpec((ACTION, MARKETPLACE, COUNTS, DAYS_LATE, TOTAL), {"referral_fee_percent": Output(None)}),
}
"""Every table a policy has: what it looks at and what it answers."""
_SECTIONS = ("edition", "sources", "settings", "marketplace", "table", "never", "messages", "languages")
_EDITION = ("name", "title", "base", "checked", "shelf_life_days")
_SOURCE = ("title", "url", "read", "grade")
MESSAGES = ("refuse_parcel", "ask_to_request")
ENGLISH = "en"


class PolicyData(msgspec.Struct, frozen=True):
    """A checked edition."""

    edition: str
    title: str
    checked: date
    shelf_life_days: int
    sources: Mapping[str, Mapping[str, Any]]
    tables: Mapping[str, Table]
    settings: Entries
    by_marketplace: Mapping[str, Entries]
    messages: Mapping[str, Mapping[str, str]]
    languages: Mapping[str, str]

    def read_on(self, source: str) -> date:
        """The day a source was read."""
        day: date = self.sources[source].get("read", self.checked)
        return day

    def cite(self, source: str) -> str:
        """A source in words, with the day it was read."""
        entry = self.sources[source]
        return f"{entry['title']}, {entry['url']} (read {self.read_on(source)})"

    def changes(self) -> list[date]:
        """Every day on which something begins or ends, in order."""
        days = {day for table in self.tables.values() for day in table.changes()}
        for entries in (self.settings, *self.by_marketplace.values()):
            days.update(day for values in entries.values() for day in changes(values))
        return sorted(days)

    def settings_of(self, code: str, day: date, own: Mapping[str, Entry]) -> dict[str, Setting]:
        """Every setting of a marketplace on a day: the user's, else its own, else the edition's."""
        here = self.by_marketplace.get(code, {})
        found = {}
        for name, general in self.settings.items():
            entry = own.get(name) or next(e for e in here.get(name, general) if e.in_force(day))
            theirs = name in own
            stated = entry.stated_for
            found[name] = Setting(
                name=name,
                value=entry.words,
                raw=entry.raw,
                source="your own policy file" if theirs else self.cite(entry.source),
                source_id="house" if theirs else entry.source,
                checked_on=self.checked if theirs else entry.checked or self.read_on(entry.source),
                inherited_from=f"the source speaks of {', '.join(stated)}" if stated and code not in stated else None,
                effective_from=entry.start,
                effective_until=entry.end,
            )
        return found


def parse(text: str, file: str) -> dict[str, Any]:
    """TOML, with its own error as a PolicyError that shows the place."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        message = f"is not TOML: {str(error).partition(' (at ')[0]}"
        if place is None:
            raise PolicyError([PolicyProblem(file, 0, 0, message)]) from error
        line, column = int(place[1]), int(place[2])
        lines = text.split("\n")
        shown = lines[line - 1].rstrip("\r").replace("\t", " ") if line <= len(lines) else ""
        raise PolicyError([PolicyProblem(file, line, column, message, shown)]) from error


def bundled_text(edition: str) -> tuple[str, str]:
    """Text and name of an edition's file. Raises PolicyError when there is no such edition."""
    if edition not in EDITIONS:
        raise PolicyError(
            [PolicyProblem("policy", 0, 0, f"there is no edition {edition!r}{did_you_mean(edition, EDITIONS)}")]
        )
    name = f"{edition}.toml"
    return (FilePath(__file__).parent.with_name("policies") / name).read_text(encoding="utf-8"), name


@lru_cache(maxsize=4)
def bundled(edition: str) -> PolicyData:
    """An edition that comes with the program, checked. Raises PolicyError."""
    return read_edition(*bundled_text(edition))


def read_edition(text: str, file: str) -> PolicyData:
    """An edition from its text. Raises PolicyError with every mistake found."""
    data, source = parse(text, file), Source(file, text)
    base = data["edition"].get("base") if isinstance(data.get("edition"), dict) else None
    if base is not None and base not in EDITIONS:
        hint = did_you_mean(str(base), EDITIONS)
        raise PolicyError([source.problem(f"there is no edition {base!r}{hint}", ("edition", "base"), inside=0)])
    reader = _Edition(data, source)
    problems = reader.problems
    if problems:
        raise PolicyError(problems)
    return reader.result()


class _Edition:
    """Reads one edition; `problems` lists every mistake."""

    def __init__(self, data: dict[str, Any], source: Source) -> None:
        self.source = source
        self.problems: list[PolicyProblem] = []
        self.tables: dict[str, Table] = {}
        for key in data:
            if key not in _SECTIONS:
                self._wrong(f"unknown section {key!r}{did_you_mean(key, _SECTIONS)}", (key,), key=True)
        for key in _SECTIONS:
            good = isinstance(data.get(key, [] if key == "never" else {}), list if key == "never" else dict)
            if not good:
                self._wrong(f"{key} is not {'a list of tables' if key == 'never' else 'a table'}", (key,))
                data[key] = [] if key == "never" else {}
        self.data = self._merged(data)
        self._head()
        self._sources()
        self._tables()
        self._never()
        self._settings()
        self._messages()

    def _wrong(
        self, message: str, path: tuple[str | int, ...], *, key: bool = False, inside: int | None = None
    ) -> None:
        self.problems.append(self.source.problem(message, path, key=key, inside=inside))

    def _merged(self, data: dict[str, Any]) -> dict[str, Any]:
        """On top of the edition it is based on: sections are joined by key, a table is replaced whole."""
        base = data.get("edition", {}).get("base")
        if base is None:
            return data
        below = parse(*bundled_text(base))
        merged = {**below, **data, "never": [*data.get("never", []), *below.get("never", [])]}
        for section in ("edition", "sources", "settings", "table", "messages", "languages"):
            merged[section] = {**below.get(section, {}), **data.get(section, {})}
        merged["marketplace"] = dict(below.get("marketplace", {}))
        for code, values in data.get("marketplace", {}).items():
            merged["marketplace"][code] = (
                {**merged["marketplace"].get(code, {}), **values} if isinstance(values, dict) else values
            )
        return merged

    def _head(self) -> None:
        head = self.data.get("edition", {})
        for key in head:
            if key not in _EDITION:
                self._wrong(f"edition: unknown key {key!r}{did_you_mean(key, _EDITION)}", ("edition", key), key=True)
        for key, kind, words in (
            ("name", str, "text"), ("title", str, "text"), ("checked", date, "a day such as 2026-11-23 without quotes"),
            ("shelf_life_days", int, "a whole number of days"),
        ):  # fmt: skip
            value = head.get(key)
            if not isinstance(value, kind) or isinstance(value, bool | datetime):
                self._wrong(
                    f"edition.{key} is {words}" + (f", not {value!r}" if key in head else ": it is missing"),
                    ("edition", key),
                )

    def _sources(self) -> None:
        self.sources = self.data.get("sources", {})
        for name, entry in self.sources.items():
            path = ("sources", name)
            if not isinstance(entry, dict) or not all(
                isinstance(entry.get(k), str) and entry[k] for k in ("title", "url")
            ):
                self._wrong(f"source {name} needs a title and a url", path)
                continue
            for key in entry:
                if key not in _SOURCE:
                    self._wrong(
                        f"source {name}: unknown key {key!r}{did_you_mean(key, _SOURCE)}", (*path, key), key=True
                    )
            day = entry.get("read")
            if day is not None and (not isinstance(day, date) or isinstance(day, datetime)):
                self._wrong(
                    f"source {name}: read is a day such as 2026-11-23 without quotes, not {day!r}", (*path, "read")
                )

    def _tables(self) -> None:
        given = self.data.get("table", {})
        for name in given:
            if name not in SPECS:
                self._wrong(
                    f"there is no use for a table {name!r}{did_you_mean(name, SPECS)}", ("table", name), key=True
                )
        for name, spec in SPECS.items():
            if name not in given:
                self._wrong(f"there is no table {name}: write [table.{name}]", ("table",))
                continue
            path = ("table", name)
            self.tables[name], found = read_table(name, given[name], spec, self.sources, self.source, path)
            if not found and name != "warn" and self.tables[name].hit is not HitPolicy.UNIQUE:
                found = [
                    self.source.problem(f"table {name} gives one answer: its hit policy is unique", (*path, "hit"))
                ]
            self.problems += found or check_table(self.tables[name], self.source, path)

    def _never(self) -> None:
        for number, rule in enumerate(self.data.get("never", ())):
            path = ("never", number)
            rule = rule if isinstance(rule, dict) else {}
            for key in rule:
                if key not in ("table", "when", "why"):
                    self._wrong(
                        f"never: unknown key {key!r}{did_you_mean(key, ('table', 'when', 'why'))}",
                        (*path, key),
                        key=True,
                    )
            permissions = [action.value for action in Action]
            name = rule.get("table")
            if name not in permissions:
                self._wrong(
                    f"never: {name!r} is no table of permission{did_you_mean(str(name), permissions)}",
                    (*path, "table"),
                    inside=0,
                )
                continue
            if not isinstance(rule.get("why"), str) or not rule["why"] or not isinstance(rule.get("when"), dict):
                self._wrong("never: it needs a when and a why", path)
                continue
            table = self.tables.get(name)
            if table is None or not table.axes:
                continue
            facts = {fact.name: fact for fact in SPECS[name].facts}
            box, found = read_box(rule["when"], table.axes, facts, self.source, (*path, "when"), "never")
            self.problems += found or check_never(table, rule["why"], box, self.source)

    def _settings(self) -> None:
        self.settings, found = read_settings(self.data.get("settings", {}), self.sources, self.source, ("settings",))
        self.problems += found
        for name in CONVERTERS:
            if name not in self.data.get("settings", {}):
                self._wrong(f"[settings] lacks {name}", ("settings",))
        self.by_marketplace: dict[str, Entries] = {}
        for code, values in self.data.get("marketplace", {}).items():
            if code not in MARKETPLACES:
                self._wrong(
                    f"there is no marketplace {code!r}{did_you_mean(code, MARKETPLACES)}",
                    ("marketplace", code),
                    key=True,
                )
            self.by_marketplace[code], found = read_settings(values, self.sources, self.source, ("marketplace", code))
            self.problems += found

    def _messages(self) -> None:
        messages = self.data.get("messages", {})
        for language in {ENGLISH, *messages}:
            texts = messages.get(language, {})
            for kind in MESSAGES:
                if not isinstance(texts, dict) or not isinstance(texts.get(kind), str) or not texts[kind].strip():
                    self._wrong(f"messages.{language} lacks the text {kind}", ("messages", language))
        for code, language in self.data.get("languages", {}).items():
            if code not in MARKETPLACES:
                self._wrong(
                    f"languages: there is no marketplace {code!r}{did_you_mean(code, MARKETPLACES)}",
                    ("languages", code),
                    key=True,
                )
            if language not in list(messages):
                self._wrong(
                    f"languages: there are no messages in {language!r}{did_you_mean(str(language), messages)}",
                    ("languages", code),
                )

    def result(self) -> PolicyData:
        """The edition, when there is no problem."""
        head = self.data["edition"]
        return PolicyData(
            head["name"], head["title"], head["checked"], head["shelf_life_days"], self.sources, self.tables,
            self.settings, self.by_marketplace, self.data["messages"], self.data.get("languages", {}),
        )  # fmt: skip
