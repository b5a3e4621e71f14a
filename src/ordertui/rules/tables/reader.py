"""A decision table from TOML data, with every mistake in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec

from ordertui.rules.problems import PolicyProblem, Source, did_you_mean
from ordertui.rules.toml_positions import Path

from .schema import Axis, BadCell, Cell, Fact, read_cell
from .table import Aggregate, Box, HitPolicy, Output, Row, Table, TableSpec

KEYS = ("id", "when", "then", "why", "source", "note", "from", "until")
TABLE_KEYS = ("hit", "aggregate", "row")


class _Draft(msgspec.Struct):
    """A row whose cells are read but not yet cut into bands."""

    id: str
    path: Path
    cells: dict[str, Cell] = msgspec.field(default_factory=dict)
    then: dict[str, Any] = msgspec.field(default_factory=dict)
    why: str = ""
    source: str = ""
    note: str = ""
    start: date | None = None
    end: date | None = None


class _Reader:
    def __init__(self, name: str, spec: TableSpec, sources: Mapping[str, object], source: Source) -> None:
        self.name = name
        self.spec = spec
        self.facts = {fact.name: fact for fact in spec.facts}
        self.sources = sources
        self.source = source
        self.problems: list[PolicyProblem] = []

    def wrong(self, row: str, message: str, path: Path, *, key: bool = False, inside: int | None = None) -> None:
        where = f"table {self.name}, row {row or '(no id)'}: "
        self.problems.append(self.source.problem(where + message, path, key=key, inside=inside))

    def draft(self, entry: Mapping[str, Any], path: Path) -> _Draft:
        ident = entry.get("id")
        draft = _Draft(ident if isinstance(ident, str) else "", path)
        if not draft.id:
            self.wrong("", 'a row needs an id, such as id = "A1"', (*path, "id"))
        for key in entry:
            if key not in KEYS:
                self.wrong(draft.id, f"unknown key {key!r}{did_you_mean(key, KEYS)}", (*path, key), key=True)
        for name, value in self._part(entry, "when", draft).items():
            cell = self._cell(draft, name, value)
            if cell is not None:
                draft.cells[name] = cell
        draft.then = self._then(entry, draft)
        draft.why = self._text(entry, "why", draft, needed=True)
        draft.note = self._text(entry, "note", draft)
        draft.source = self._text(entry, "source", draft, needed=True)
        if draft.source and draft.source not in self.sources:
            known = did_you_mean(draft.source, list(self.sources))
            self.wrong(
                draft.id, f"source {draft.source!r} is not listed under [sources]{known}", (*path, "source"), inside=0
            )
        draft.start, draft.end = self._date(entry, "from", draft), self._date(entry, "until", draft)
        return draft

    def _part(self, entry: Mapping[str, Any], key: str, draft: _Draft) -> Mapping[str, Any]:
        part = entry.get(key, {})
        if isinstance(part, dict):
            return part
        self.wrong(draft.id, f'{key} is a table such as {{ status = "unshipped" }}, not {part!r}', (*draft.path, key))
        return {}

    def _text(self, entry: Mapping[str, Any], key: str, draft: _Draft, *, needed: bool = False) -> str:
        value = entry.get(key, "")
        if not isinstance(value, str):
            self.wrong(draft.id, f"{key} is text, not {value!r}", (*draft.path, key))
            return ""
        if needed and not value.strip():
            self.wrong(draft.id, f"a row needs a {key}", (*draft.path, key))
        return value

    def _date(self, entry: Mapping[str, Any], key: str, draft: _Draft) -> date | None:
        value = entry.get(key)
        if value is not None and (not isinstance(value, date) or isinstance(value, datetime)):
            self.wrong(draft.id, f"{key} is a day such as 2026-11-23 without quotes, not {value!r}", (*draft.path, key))
            return None
        return value

    def _cell(self, draft: _Draft, name: str, value: object) -> Cell | None:
        path = (*draft.path, "when", name)
        fact = self.facts.get(name)
        if fact is None:
            self.wrong(
                draft.id, f"{name!r} is not a fact of this table{did_you_mean(name, list(self.facts))}", path, key=True
            )
            return None
        try:
            return read_cell(fact, value)
        except BadCell as error:
            self.wrong(draft.id, str(error), path, inside=error.at)
            return None

    def _then(self, entry: Mapping[str, Any], draft: _Draft) -> dict[str, Any]:
        found = dict(self._part(entry, "then", draft))
        for name, value in found.items():
            path = (*draft.path, "then", name)
            output = self.spec.outputs.get(name)
            if output is None:
                known = did_you_mean(name, list(self.spec.outputs)) if self.spec.outputs else "; it has none"
                self.wrong(draft.id, f"{name!r} is not an output of this table{known}", path, key=True)
            elif not fits(output, value):
                self.wrong(draft.id, f"{name} {takes(output, value)}", path)
        for name, output in self.spec.outputs.items():
            if output.required and name not in found:
                self.wrong(draft.id, f"then lacks {name}", (*draft.path, "then"))
        return found

    def row(self, draft: _Draft, axes: Sequence[Axis]) -> Row:
        """The row as a box over the finished axes."""
        box: list[int] = []
        for axis in axes:
            cell = draft.cells.get(axis.fact.name)
            mask = axis.full if cell is None else axis.mask(cell)
            if not mask:
                name = axis.fact.name
                self.wrong(
                    draft.id, f"this cell of {name} fits nothing: the row can never apply", (*draft.path, "when", name)
                )
            box.append(mask)
        return Row(
            draft.id, tuple(box), draft.then, draft.why, draft.source, draft.note, draft.start, draft.end, draft.path
        )


def fits(output: Output, value: object) -> bool:
    """Whether a value may stand in an output column."""
    if output.values is None:
        return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    return any(value == known and type(value) is type(known) for known in output.values)


def takes(output: Output, value: object) -> str:
    """What an output column takes instead of a value."""
    if output.values is None:
        return f"is a number that is not negative, not {value!r}"
    shown = [str(known).lower() if isinstance(known, bool) else str(known) for known in output.values]
    hint = did_you_mean(value, shown) if isinstance(value, str) else ""
    return f"is one of {', '.join(shown)}, not {value!r}" + (hint if hint.startswith(" (") else "")


def read_table(
    name: str, data: object, spec: TableSpec, sources: Mapping[str, object], source: Source, path: Path
) -> tuple[Table, list[PolicyProblem]]:
    """A table and every mistake in it; with mistakes the table must not be used."""
    reader = _Reader(name, spec, sources, source)
    if not isinstance(data, dict):
        return Table(name, HitPolicy.UNIQUE, (), ()), [source.problem(f"table {name} is not a table", path)]
    for key in data:
        if key not in TABLE_KEYS:
            reader.problems.append(
                source.problem(
                    f"table {name}: unknown key {key!r}{did_you_mean(key, TABLE_KEYS)}", (*path, key), key=True
                )
            )
    hit = _word(reader, data, "hit", HitPolicy, path) or HitPolicy.UNIQUE
    aggregate = _word(reader, data, "aggregate", Aggregate, path)
    if aggregate is not None and hit is not HitPolicy.COLLECT:
        reader.problems.append(
            source.problem(f'table {name}: aggregate goes with hit = "collect" only', (*path, "aggregate"), key=True)
        )
    entries = data.get("row", [])
    drafts = []
    for number, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict):
            drafts.append(reader.draft(entry, (*path, "row", number)))
    if not drafts:
        reader.problems.append(source.problem(f"table {name} has no rows: write [[table.{name}.row]]", path))
    axes = [Axis(fact, [d.cells[fact.name] for d in drafts if fact.name in d.cells]) for fact in spec.facts]
    rows = [reader.row(draft, axes) for draft in drafts]
    seen: dict[str, Path] = {}
    for row in rows:
        if row.id and row.id in seen:
            reader.wrong(row.id, "this id is used twice", (*row.path, "id"), inside=0)
        seen[row.id] = row.path
    return Table(name, hit, axes, rows, aggregate), reader.problems


def _word(reader: _Reader, data: Mapping[str, Any], key: str, words: Any, path: Path) -> Any:
    """A word of a closed list, or None."""
    if key not in data:
        return None
    known = [word.value for word in words]
    if data[key] in known:
        return words(data[key])
    hint = did_you_mean(str(data[key]), known)
    reader.problems.append(
        reader.source.problem(f"table {reader.name}: {data[key]!r} is no {key} policy{hint}", (*path, key), inside=0)
    )
    return None


def read_box(
    when: object, axes: Sequence[Axis], facts: Mapping[str, Fact], source: Source, path: Path, who: str
) -> tuple[Box, list[PolicyProblem]]:
    """A `when` over finished axes, as a `never` has it; the facts of such tables are not ordered, so no edge is new."""
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
