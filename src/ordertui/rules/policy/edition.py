"""Read and check an edition: a whole policy as TOML, with the decision tables that one must have."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from ordertui.orders.enums import Action, CancelReason, YesNo
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.rules.period import is_day
from ordertui.rules.problems import PolicyError, PolicyProblem, PolicySource, did_you_mean
from ordertui.rules.situation import FACTS
from ordertui.rules.tables.checker import check_never, check_table
from ordertui.rules.tables.reader import read_box, read_table
from ordertui.rules.tables.schema import Fact, FactKind
from ordertui.rules.tables.table import HitPolicy, Output, Table, TableSpec
from ordertui.rules.toml_positions import TomlPath

from .bundled import EDITIONS, parse_toml, read_bundled_text
from .settings import SETTINGS, Entries, Entry, Setting, change_days, read_settings

MARKETPLACE = Fact("marketplace", FactKind.ENUM, tuple(MARKETPLACES))
DECIDING = (*(Fact(name, FactKind.ENUM, tuple(v.value for v in values)) for name, values in FACTS.items()), MARKETPLACE)
"""Facts of the tables of permission and counting: the situation, then the marketplace.

Without time and money a decision is a query over indexed situation numbers.
"""
_ACTION = Fact("action", FactKind.ENUM, tuple(action.value for action in Action))
_REASON = Fact("reason", FactKind.ENUM, tuple(reason.value for reason in CancelReason))
_COUNTS = Fact("counts", FactKind.ENUM, (YesNo.YES.value, YesNo.NO.value))
_DAYS_LATE = Fact("days_late", FactKind.DAYS)
"""Begun days after the ship-by time: above 0 exactly when it has passed; unknown without a ship-by time."""
_TOTAL = Fact("total", FactKind.MONEY)
_ALLOWED = Output((True, False))
_INSTEAD = Output(tuple(action.value for action in Action), required=False)
_YES_NO_UNKNOWN = Output(tuple(value.value for value in YesNo))

TABLE_SPECS: dict[str, TableSpec] = {
    **{action.value: TableSpec(DECIDING, {"allowed": _ALLOWED, "instead": _INSTEAD}) for action in Action},
    "counts": TableSpec(DECIDING, {"counts": Output((YesNo.YES.value, YesNo.NO.value))}),
    "history": TableSpec(DECIDING, {"counts": _YES_NO_UNKNOWN}),
    "warn": TableSpec(DECIDING, {}),
    "restock": TableSpec((_REASON, MARKETPLACE), {"restocks": _YES_NO_UNKNOWN}),
    "mail": TableSpec((_ACTION, MARKETPLACE), {"mails": Output(None)}),
    "fees": TableSpec(
        (_ACTION, MARKETPLACE, _COUNTS, _DAYS_LATE, _TOTAL), {"referral_fee_percent": Output(None, required=False)}
    ),
}


_SECTIONS = ("edition", "sources", "settings", "marketplace", "table", "never", "messages", "languages")
_EDITION_KEYS = ("name", "title", "base", "checked", "shelf_life_days")
_SOURCE_KEYS = ("title", "url", "read", "grade")
MESSAGES = ("refuse_parcel", "ask_to_request")
"""Texts for buyers that every language has."""
ENGLISH = "en"
HELP_PATH = "/gp/help/"
"""Begins the path of a help page at every Seller Central."""


class PolicyData(msgspec.Struct, frozen=True):
    """A checked edition. Tables and settings hold the entries of all dates."""

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
        """Return the day on which a source was read."""
        day: date = self.sources[source].get("read", self.checked)
        return day

    def cite(self, source: str, marketplace: str, checked: date | None = None) -> str:
        """Return a source as text, with the day on which it was read: `checked`, else that of the whole source.

        A page of Seller Central's help is cited at the marketplace's own Seller Central; where it was read at another
        one, that is said.
        """
        entry, day = self.sources[source], checked or self.read_on(source)
        page = own_help_page(entry["url"], marketplace)
        elsewhere = "" if page == entry["url"] else f"; it was read at {urlsplit(entry['url']).hostname}"
        return f"{entry['title']}, {page} (read {day}){elsewhere}"

    def change_days(self) -> list[date]:
        """Return every day on which a row or a value begins or ends, in order."""
        days = {day for table in self.tables.values() for day in table.change_days()}
        for entries in (self.settings, *self.by_marketplace.values()):
            days.update(day for values in entries.values() for day in change_days(values))
        return sorted(days)

    def settings_of(self, code: str, day: date, own: Mapping[str, Entry]) -> dict[str, Setting]:
        """Return every setting of a marketplace on a day.

        The seller's value (`own`) comes first, then the marketplace's, then the edition's.
        """
        here = self.by_marketplace.get(code, {})
        found = {}
        for name, general in self.settings.items():
            entry = own.get(name) or next(e for e in here.get(name, general) if e.period.contains(day))
            is_own = name in own
            stated = entry.stated_for
            found[name] = Setting(
                name=name,
                value=entry.words,
                raw=entry.raw,
                source="your own policy file" if is_own else self.cite(entry.source, code, entry.checked),
                source_id="house" if is_own else entry.source,
                checked_on=self.checked if is_own else entry.checked or self.read_on(entry.source),
                inherited_from=f"the source speaks of {', '.join(stated)}" if stated and code not in stated else None,
                effective_from=entry.period.start,
                effective_until=entry.period.end,
            )
        return found


@lru_cache(maxsize=4096)
def own_help_page(url: str, marketplace: str) -> str:
    """Return the address of a numbered help page at a marketplace's own Seller Central; another address as it is.

    Amazon gives a page the same number everywhere, in the language of each place.
    """
    parts, market = urlsplit(url), MARKETPLACES.get(marketplace)
    hosts = {one.seller_central for one in MARKETPLACES.values()}
    if market is None or parts.hostname not in hosts or not parts.path.startswith(HELP_PATH):
        return url
    if parts.hostname == market.seller_central:
        return url
    query = urlencode([pair for pair in parse_qsl(parts.query) if pair[0] != "language"])
    return urlunsplit((parts.scheme, market.seller_central, parts.path, query, ""))


@lru_cache(maxsize=4)
def load_edition(edition: str) -> PolicyData:
    """Return an edition that comes with the program, checked. Raises PolicyError."""
    return read_edition(*read_bundled_text(edition))


def read_edition(text: str, file: str) -> PolicyData:
    """Return the edition of a TOML text. Raises PolicyError with every mistake found."""
    data, source = parse_toml(text, file), PolicySource(file, text)
    head = data.get("edition")
    base = head.get("base") if isinstance(head, dict) else None
    if base is not None and base not in EDITIONS:
        hint = did_you_mean(str(base), EDITIONS)
        raise PolicyError([source.problem(f"there is no edition {base!r}{hint}", ("edition", "base"), inside=0)])
    reader = EditionReader(data, source)
    problems = reader.problems
    if problems:
        raise PolicyError(problems)
    return reader.result()


class EditionReader:
    """Reads one edition. `problems` lists every mistake; `result` is the edition when there is none."""

    def __init__(self, data: dict[str, Any], source: PolicySource) -> None:
        self.source = source
        self.problems: list[PolicyProblem] = []
        self.tables: dict[str, Table] = {}
        self.problems += source.unknown("unknown section", data, _SECTIONS, ())
        for key in _SECTIONS:
            good = isinstance(data.get(key, [] if key == "never" else {}), list if key == "never" else dict)
            if not good:
                self._add_problem(f"{key} is not {'a list of tables' if key == 'never' else 'a table'}", (key,))
                data[key] = [] if key == "never" else {}
        self.data = self._merge_with_base(data)
        self._read_head()
        self._read_sources()
        self._read_tables()
        self._read_never()
        self._read_settings()
        self._read_messages()

    def _add_problem(self, message: str, path: TomlPath, *, key: bool = False, inside: int | None = None) -> None:
        self.problems.append(self.source.problem(message, path, key=key, inside=inside))

    def _merge_with_base(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return the data on top of its base edition: sections are merged by key, tables are replaced whole."""
        base = data.get("edition", {}).get("base")
        if base is None:
            return data
        below: dict[str, Any] = parse_toml(*read_bundled_text(base))
        merged = {**below, **data, "never": [*data.get("never", []), *below.get("never", [])]}
        for section in ("edition", "sources", "settings", "table", "messages", "languages"):
            merged[section] = {**below.get(section, {}), **data.get(section, {})}
        merged["marketplace"] = dict(below.get("marketplace", {}))
        for code, values in data.get("marketplace", {}).items():
            merged["marketplace"][code] = (
                {**merged["marketplace"].get(code, {}), **values} if isinstance(values, dict) else values
            )
        return merged

    def _read_head(self) -> None:
        head = self.data.get("edition", {})
        self.problems += self.source.unknown("edition: unknown key", head, _EDITION_KEYS, ("edition",))
        for key, kind, words in (
            ("name", str, "text"), ("title", str, "text"), ("checked", date, "a day such as 2026-11-23 without quotes"),
            ("shelf_life_days", int, "a whole number of days"),
        ):  # fmt: skip
            value = head.get(key)
            if not isinstance(value, kind) or isinstance(value, bool | datetime):
                self._add_problem(
                    f"edition.{key} is {words}" + (f", not {value!r}" if key in head else ": it is missing"),
                    ("edition", key),
                )

    def _read_sources(self) -> None:
        self.sources = self.data.get("sources", {})
        for name, entry in self.sources.items():
            path = ("sources", name)
            if not isinstance(entry, dict) or not all(
                isinstance(entry.get(k), str) and entry[k] for k in ("title", "url")
            ):
                self._add_problem(f"source {name} needs a title and a url", path)
                continue
            self.problems += self.source.unknown(f"source {name}: unknown key", entry, _SOURCE_KEYS, path)
            day = entry.get("read")
            if day is not None and not is_day(day):
                self._add_problem(
                    f"source {name}: read is a day such as 2026-11-23 without quotes, not {day!r}", (*path, "read")
                )

    def _read_tables(self) -> None:
        given = self.data.get("table", {})
        self.problems += self.source.unknown("there is no use for a table", given, TABLE_SPECS, ("table",))
        for name, spec in TABLE_SPECS.items():
            if name not in given:
                self._add_problem(f"there is no table {name}: write [table.{name}]", ("table",))
                continue
            path = ("table", name)
            self.tables[name], found = read_table(name, given[name], spec, self.sources, self.source, path)
            if not found and name != "warn" and self.tables[name].hit is not HitPolicy.UNIQUE:
                found = [
                    self.source.problem(f"table {name} gives one answer: its hit policy is unique", (*path, "hit"))
                ]
            self.problems += found or check_table(self.tables[name], self.source, path)

    def _read_never(self) -> None:
        for number, rule in enumerate(self.data.get("never", ())):
            path = ("never", number)
            rule = rule if isinstance(rule, dict) else {}
            self.problems += self.source.unknown("never: unknown key", rule, ("table", "when", "why"), path)
            permissions = [action.value for action in Action]
            name = rule.get("table")
            if name not in permissions:
                self._add_problem(
                    f"never: {name!r} is no table of permission{did_you_mean(str(name), permissions)}",
                    (*path, "table"),
                    inside=0,
                )
                continue
            if not isinstance(rule.get("why"), str) or not rule["why"] or not isinstance(rule.get("when"), dict):
                self._add_problem("never: it needs a when and a why", path)
                continue
            table = self.tables.get(name)
            if table is None or not table.axes:
                continue
            facts = {fact.name: fact for fact in TABLE_SPECS[name].facts}
            box, found = read_box(rule["when"], table.axes, facts, self.source, (*path, "when"), "never")
            self.problems += found or check_never(table, rule["why"], box, self.source)

    def _read_settings(self) -> None:
        self.settings, found = read_settings(self.data.get("settings", {}), self.sources, self.source, ("settings",))
        self.problems += found
        for name in SETTINGS:
            if name not in self.data.get("settings", {}):
                self._add_problem(f"[settings] lacks {name}", ("settings",))
        self.by_marketplace: dict[str, Entries] = {}
        for code, values in self.data.get("marketplace", {}).items():
            self.problems += self.source.unknown("there is no marketplace", [code], MARKETPLACES, ("marketplace",))
            self.by_marketplace[code], found = read_settings(values, self.sources, self.source, ("marketplace", code))
            self.problems += found

    def _read_messages(self) -> None:
        messages = self.data.get("messages", {})
        for language in {ENGLISH, *messages}:
            texts = messages.get(language, {})
            for kind in MESSAGES:
                if not isinstance(texts, dict) or not isinstance(texts.get(kind), str) or not texts[kind].strip():
                    self._add_problem(f"messages.{language} lacks the text {kind}", ("messages", language))
        for code, language in self.data.get("languages", {}).items():
            label = "languages: there is no marketplace"
            self.problems += self.source.unknown(label, [code], MARKETPLACES, ("languages",))
            if language not in list(messages):
                self._add_problem(
                    f"languages: there are no messages in {language!r}{did_you_mean(str(language), messages)}",
                    ("languages", code),
                )

    def result(self) -> PolicyData:
        """Return the edition. Call it only when there is no problem."""
        head = self.data["edition"]
        return PolicyData(
            head["name"], head["title"], head["checked"], head["shelf_life_days"], self.sources, self.tables,
            self.settings, self.by_marketplace, self.data["messages"], self.data.get("languages", {}),
        )  # fmt: skip
