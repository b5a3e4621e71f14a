"""Read a decision table from TOML data and list every mistake in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import msgspec

from ordertui.rules.period import ALWAYS_IN_FORCE, Period, is_day
from ordertui.rules.problems import PolicyProblem, PolicySource, did_you_mean
from ordertui.rules.toml_positions import TomlPath

from .schema import Axis, BadCell, Cell, Fact, read_cell
from .table import Box, HitPolicy, Output, Row, Table, TableSpec

KEYS = ("id", "when", "then", "why", "short", "source", "note", "from", "until")
SHORT_CHARACTERS = 20
"""Most characters of a row's `short`: what one line of the side pane has room for."""
TABLE_KEYS = ("hit", "row")


class _Draft(msgspec.Struct):
    """A row whose cells are read but not yet masks over axes: the axes need the cells of all rows."""

    id: str
    path: TomlPath
    cells: dict[str, Cell] = msgspec.field(default_factory=dict)
    then: dict[str, Any] = msgspec.field(default_factory=dict)
    why: str = ""
    short: str = ""
    source: str = ""
    note: str = ""
    period: Period = ALWAYS_IN_FORCE


class TableReader:
    """Reads the rows of one table; `problems` lists every mistake."""

    def __init__(self, name: str, spec: TableSpec, sources: Mapping[str, object], source: PolicySource) -> None:
        self.name = name
        self.spec = spec
        self.facts = {fact.name: fact for fact in spec.facts}
        self.sources = sources
        self.source = source
        self.problems: list[PolicyProblem] = []

    def add_problem(
        self, row: _Draft | Row, message: str, *place: str, key: bool = False, inside: int | None = None
    ) -> None:
        """Add a problem at a place in a row; `inside` is a position within the text value there."""
        where = f"table {self.name}, row {row.id or '(no id)'}: "
        self.problems.append(self.source.problem(where + message, (*row.path, *place), key=key, inside=inside))

    def read_row(self, entry: Mapping[str, object], path: TomlPath) -> _Draft:
        """Return a row with its cells read; mistakes go to `problems`."""
        ident = entry.get("id")
        draft = _Draft(ident if isinstance(ident, str) else "", path)
        if not draft.id:
            self.add_problem(draft, 'a row needs an id, such as id = "A1"', "id")
        label = f"table {self.name}, row {draft.id or '(no id)'}: unknown key"
        self.problems += self.source.unknown(label, entry, KEYS, path)
        for name, value in self._part(entry, "when", draft).items():
            cell = self._cell(draft, name, value)
            if cell is not None:
                draft.cells[name] = cell
        draft.then = self._then(entry, draft)
        draft.why = self._text(entry, "why", draft, needed=True)
        draft.short = self._text(entry, "short", draft)
        if len(draft.short) > SHORT_CHARACTERS:
            self.add_problem(draft, f"short has at most {SHORT_CHARACTERS} characters, not {len(draft.short)}", "short")
        draft.note = self._text(entry, "note", draft)
        draft.source = self._text(entry, "source", draft, needed=True)
        if draft.source and draft.source not in self.sources:
            known = did_you_mean(draft.source, list(self.sources))
            self.add_problem(draft, f"source {draft.source!r} is not listed under [sources]{known}", "source", inside=0)
        draft.period = Period(self._day(entry, "from", draft), self._day(entry, "until", draft))
        return draft

    def _part(self, entry: Mapping[str, Any], key: str, draft: _Draft) -> Mapping[str, Any]:
        part = entry.get(key, {})
        if isinstance(part, dict):
            return part
        self.add_problem(draft, f'{key} is a table such as {{ status = "unshipped" }}, not {part!r}', key)
        return {}

    def _text(self, entry: Mapping[str, Any], key: str, draft: _Draft, *, needed: bool = False) -> str:
        value = entry.get(key, "")
        if not isinstance(value, str):
            self.add_problem(draft, f"{key} is text, not {value!r}", key)
            return ""
        if needed and not value.strip():
            self.add_problem(draft, f"a row needs a {key}", key)
        return value

    def _day(self, entry: Mapping[str, Any], key: str, draft: _Draft) -> date | None:
        value = entry.get(key)
        if value is not None and not is_day(value):
            self.add_problem(draft, f"{key} is a day such as 2026-11-23 without quotes, not {value!r}", key)
            return None
        return value

    def _cell(self, draft: _Draft, name: str, value: object) -> Cell | None:
        fact = self.facts.get(name)
        if fact is None:
            self.add_problem(
                draft,
                f"{name!r} is not a fact of this table{did_you_mean(name, list(self.facts))}",
                "when",
                name,
                key=True,
            )
            return None
        try:
            return read_cell(fact, value)
        except BadCell as error:
            self.add_problem(draft, str(error), "when", name, inside=error.at)
            return None

    def _then(self, entry: Mapping[str, Any], draft: _Draft) -> dict[str, Any]:
        found = dict(self._part(entry, "then", draft))
        for name, value in found.items():
            output = self.spec.outputs.get(name)
            if output is None:
                known = did_you_mean(name, list(self.spec.outputs)) if self.spec.outputs else "; it has none"
                self.add_problem(draft, f"{name!r} is not an output of this table{known}", "then", name, key=True)
            elif not is_valid(output, value):
                self.add_problem(draft, f"{name} {explain_output(output, value)}", "then", name)
        for name, output in self.spec.outputs.items():
            if output.required and name not in found:
                self.add_problem(draft, f"then lacks {name}", "then")
        return found

    def finish_row(self, draft: _Draft, axes: Sequence[Axis]) -> Row:
        """Return the row as a box over the finished axes."""
        box: list[int] = []
        for axis in axes:
            cell = draft.cells.get(axis.fact.name)
            mask = axis.full if cell is None else axis.mask(cell)
            if not mask:
                name = axis.fact.name
                self.add_problem(draft, f"this cell of {name} fits nothing: the row can never apply", "when", name)
            box.append(mask)
        return Row(
            draft.id, tuple(box), draft.then, draft.why, draft.source, draft.note, draft.period, draft.path, draft.short
        )


def is_valid(output: Output, value: object) -> bool:
    """Return whether a value is allowed in an output column."""
    if output.values is None:
        return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    return any(value == known and type(value) is type(known) for known in output.values)


def explain_output(output: Output, value: object) -> str:
    """Return which values an output column takes instead of this one."""
    if output.values is None:
        return f"is a number that is not negative, not {value!r}"
    shown = [str(known).lower() if isinstance(known, bool) else str(known) for known in output.values]
    hint = did_you_mean(value, shown) if isinstance(value, str) else ""
    return f"is one of {', '.join(shown)}, not {value!r}" + (hint if hint.startswith(" (") else "")


def read_table(
    name: str, data: object, spec: TableSpec, sources: Mapping[str, object], source: PolicySource, path: TomlPath
) -> tuple[Table, list[PolicyProblem]]:
    """Return a table and every mistake in it; with mistakes the table must not be used."""
    reader = TableReader(name, spec, sources, source)
    if not isinstance(data, dict):
        return Table(name, HitPolicy.UNIQUE, (), ()), [source.problem(f"table {name} is not a table", path)]
    reader.problems += source.unknown(f"table {name}: unknown key", data, TABLE_KEYS, path)
    hit = _read_hit_policy(reader, data, path)
    entries = data.get("row", [])
    drafts = []
    for number, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict):
            drafts.append(reader.read_row(entry, (*path, "row", number)))
    if not drafts:
        reader.problems.append(source.problem(f"table {name} has no rows: write [[table.{name}.row]]", path))
    axes = [Axis(fact, [d.cells[fact.name] for d in drafts if fact.name in d.cells]) for fact in spec.facts]
    rows = [reader.finish_row(draft, axes) for draft in drafts]
    seen: dict[str, TomlPath] = {}
    for row in rows:
        if row.id and row.id in seen:
            reader.add_problem(row, "this id is used twice", "id", inside=0)
        seen[row.id] = row.path
    return Table(name, hit, axes, rows), reader.problems


def _read_hit_policy(reader: TableReader, data: Mapping[str, Any], path: TomlPath) -> HitPolicy:
    given = data.get("hit", HitPolicy.UNIQUE.value)
    known = [policy.value for policy in HitPolicy]
    if given in known:
        return HitPolicy(given)
    hint = did_you_mean(str(given), known)
    text = f"table {reader.name}: {given!r} is no hit policy{hint}"
    reader.problems.append(reader.source.problem(text, (*path, "hit"), inside=0))
    return HitPolicy.UNIQUE


def read_box(
    when: object, axes: Sequence[Axis], facts: Mapping[str, Fact], source: PolicySource, path: TomlPath, who: str
) -> tuple[Box, list[PolicyProblem]]:
    """Return the `when` of a `never` as a box over finished axes, and every mistake in it.

    The facts of such tables are enumerations, so the `when` cannot name a new edge.
    """
    box = {axis.fact.name: axis.full for axis in axes}
    problems = []
    for name, value in when.items() if isinstance(when, dict) else ():
        if name not in facts:
            hint = did_you_mean(name, list(facts))
            problems.append(
                source.problem(f"{who}: {name!r} is not a fact of this table{hint}", (*path, name), key=True)
            )
            continue
        try:
            axis = next(axis for axis in axes if axis.fact.name == name)
            box[name] = axis.mask(read_cell(facts[name], value))
        except BadCell as error:
            problems.append(source.problem(f"{who}: {error}", (*path, name), inside=error.at))
            continue
        if not box[name]:
            problems.append(source.problem(f"{who}: this cell of {name} fits nothing", (*path, name)))
    return tuple(box.values()), problems
