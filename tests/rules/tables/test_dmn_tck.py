"""The public DMN compliance cases for the two hit policies we have, without aggregation, restated in `dmn_tck.toml`."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from ordertui.rules.problems import PolicySource
from ordertui.rules.tables.reader import read_table
from ordertui.rules.tables.schema import Fact, FactKind
from ordertui.rules.tables.table import HitPolicy, Output, Table, TableSpec

CASES: dict[str, Any] = tomllib.loads(Path(__file__).with_name("dmn_tck.toml").read_text(encoding="utf-8"))["case"]


def table_of(case: dict[str, Any]) -> Table:
    facts = tuple(
        Fact(name, FactKind(kind)) if isinstance(kind, str) else Fact(name, FactKind.ENUM, tuple(kind))
        for name, kind in case["facts"].items()
    )
    rows = case["table"]["row"]
    outputs = {name: Output(tuple({r["then"][name] for r in rows}))
               for name in case["outputs"]}  # fmt: skip
    for row in rows:
        row |= {"why": "so says the kit", "source": "kit"}
    table, problems = read_table(
        "case", case["table"], TableSpec(facts, outputs), {"kit": {}}, PolicySource("kit", ""), ("table", "case")
    )
    assert problems == []
    return table


@pytest.mark.parametrize(
    ("name", "number"), [(name, n) for name, case in CASES.items() for n in range(len(case["ask"]))]
)
def test_the_kits_results(name: str, number: int) -> None:
    case = CASES[name]
    ask, table = case["ask"][number], table_of(case)
    found = [dict(row.then) for row in table.rows_of(table.hits(table.indexes(ask["given"])))]
    assert found == ask["expect"]
    if table.hit is HitPolicy.UNIQUE:
        assert table.row(ask["given"]).then == ask["expect"][0]


def test_all_nine_are_there() -> None:
    assert sum(len(case["ask"]) for case in CASES.values()) == 9
