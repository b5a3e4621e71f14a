"""Decision tables as data: rows of conditions over closed facts, with DMN's hit policies UNIQUE and COLLECT."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum

from .facts import FACTS, Situation
from .problems import PolicyProblem, Source

_PLACE = {name: place for place, name in enumerate(FACTS)}


class HitPolicy(StrEnum):
    """DMN's meaning: UNIQUE: exactly one row fits; COLLECT: any number of rows, all of them count."""

    UNIQUE = "unique"
    COLLECT = "collect"


Box = tuple[frozenset[str], ...]
"""For each fact, in the order of FACTS, the values it may have."""
EVERYTHING: Box = tuple(frozenset(value.value for value in values) for values in FACTS.values())


@dataclass(frozen=True, slots=True)
class Row:
    """One rule of a table."""

    id: str
    box: Box
    then: Mapping[str, object]
    why: str
    source: str
    note: str = ""

    def fits(self, situation: Situation) -> bool:
        """Whether the situation is inside the row."""
        return all(value.value in allowed for value, allowed in zip(situation, self.box, strict=True))


@dataclass(frozen=True, slots=True)
class Table:
    """A checked table."""

    name: str
    hit: HitPolicy
    rows: tuple[Row, ...] = field(default=())

    def row(self, situation: Situation) -> Row:
        """The one row that fits. Raises LookupError for a table that is not UNIQUE and complete (the checker refuses those)."""
        for row in self.rows:
            if row.fits(situation):
                return row
        raise LookupError(f"table {self.name} has no row for {situation}")

    def collect(self, situation: Situation) -> tuple[Row, ...]:
        """Every row that fits."""
        return tuple(row for row in self.rows if row.fits(situation))


def cell(fact: str, text: str) -> tuple[frozenset[str], str]:
    """The values a cell stands for: `-` any, `a, b` one of, `not a, b` any other; and what is wrong, or an empty text."""
    known = EVERYTHING[_PLACE[fact]]
    words = text.strip()
    if words == "-":
        return known, ""
    negative = words.startswith("not ")
    named = [word.strip() for word in words.removeprefix("not ").split(",")]
    for word in named:
        if word not in known:
            return frozenset(), f"{word!r} is not a value of {fact}{did_you_mean(word, sorted(known))}"
    values = frozenset(named)
    values = known - values if negative else values
    return values, "" if values else f"this cell of {fact} fits nothing: the row can never apply"


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """` (did you mean 'unshipped'?)`, or the list of what there is."""
    close = get_close_matches(word, known, n=1, cutoff=0.6)
    return f" (did you mean {close[0]!r}?)" if close else f"; there are: {', '.join(known)}"


def read_table(
    name: str,
    data: Mapping[str, object],
    outputs: Mapping[str, Sequence[object]],
    sources: Mapping[str, object],
    text: Source,
) -> tuple[Table, list[PolicyProblem]]:
    """A table from TOML data, and every problem in it. `outputs`: name of an output column to its closed values."""
    problems: list[PolicyProblem] = []
    hit = HitPolicy.UNIQUE
    if data.get("hit", "unique") in tuple(HitPolicy):
        hit = HitPolicy(str(data.get("hit", "unique")))
    else:
        problems.append(
            text.problem(f"table {name}: hit policy is 'unique' or 'collect', not {data['hit']!r}", [str(data["hit"])])
        )
    rows: list[Row] = []
    seen: set[str] = set()
    for entry in _rows_of(data):
        row, found = _read_row(name, entry, outputs, sources, text)
        problems += found
        if row.id in seen:
            problems.append(text.problem(f"table {name}: the id {row.id} is used twice", [row.id, row.id]))
        seen.add(row.id)
        if not found:
            rows.append(row)
    if not seen:
        problems.append(text.problem(f"table {name} has no rows", [name]))
    return Table(name, hit, tuple(rows)), problems


def _rows_of(data: Mapping[str, object]) -> list[Mapping[str, object]]:
    rows = data.get("row", [])
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _read_row(
    table: str,
    entry: Mapping[str, object],
    outputs: Mapping[str, Sequence[object]],
    sources: Mapping[str, object],
    text: Source,
) -> tuple[Row, list[PolicyProblem]]:
    ident = str(entry.get("id", ""))
    problems: list[PolicyProblem] = []

    def wrong(message: str, *where: str) -> None:
        problems.append(text.problem(f"table {table}, row {ident or '(no id)'}: {message}", [ident, *where]))

    if not ident:
        wrong("a row needs an id")
    for key in entry:
        if key not in ("id", "when", "then", "why", "source", "note"):
            wrong(f"unknown key {key!r}{did_you_mean(key, ['id', 'when', 'then', 'why', 'source', 'note'])}", key)
    box = list(EVERYTHING)
    when = entry.get("when", {})
    for fact, value in when.items() if isinstance(when, dict) else ():
        if fact not in FACTS:
            wrong(f"{fact!r} is not a fact{did_you_mean(fact, list(FACTS))}", fact)
        elif not isinstance(value, str):
            wrong(f"{fact}: a cell is text such as 'a, b' or 'not a', not {value!r}", fact)
        else:
            values, problem = cell(fact, value)
            if problem:
                wrong(problem, fact, problem.split("'")[1] if "'" in problem else fact)
            box[_PLACE[fact]] = values
    then = entry.get("then", {})
    then = dict(then) if isinstance(then, dict) else {}
    for name, value in then.items():
        if name not in outputs:
            wrong(f"{name!r} is not an output of this table{did_you_mean(name, list(outputs))}", name)
        elif value not in outputs[name] or type(value) not in {type(known) for known in outputs[name]}:
            wrong(f"{name} is one of {', '.join(map(str, outputs[name]))}, not {value!r}", name)
    why, source = entry.get("why", ""), entry.get("source", "")
    if not why or not isinstance(why, str):
        wrong("a row needs a why")
    if source not in sources:
        wrong(f"source {source!r} is not listed under [sources]{did_you_mean(str(source), list(sources))}", "source")
    return Row(ident, tuple(box), then, str(why), str(source), str(entry.get("note", ""))), problems
