"""The checker against brute force: random tables over small facts, every order tried one by one."""

from __future__ import annotations

import operator
import random
from datetime import date
from functools import lru_cache
from itertools import combinations, product
from typing import Any

import pytest

from ordertui.orders.money import Money
from ordertui.rules.problems import PolicySource
from ordertui.rules.tables.checker import check_table, find_gaps, intersect, subtract_all
from ordertui.rules.tables.reader import read_table
from ordertui.rules.tables.schema import Fact, FactKind
from ordertui.rules.tables.table import HitPolicy, Output, Table, TableSpec

FACTS = (
    Fact("colour", FactKind.ENUM, ("red", "green", "blue")),
    Fact("new", FactKind.BOOL),
    Fact("count", FactKind.INT),
    Fact("late", FactKind.DAYS),
    Fact("price", FactKind.MONEY),
)
SPEC = TableSpec(FACTS, {"then": Output(("a", "b"))})
DAYS = (date(2026, 1, 1), date(2026, 6, 1), date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 2))
VALUES: tuple[tuple[Any, ...], ...] = (
    ("red", "green", "blue"),
    (True, False),
    (-1, 0, 1, 2, 3, 4, None),
    (-1, 0, 1, 2, None),
    (
        Money(-1, "USD"),
        Money(0, "USD"),
        Money(199, "USD"),
        Money(200, "USD"),
        Money(201, "USD"),
        Money(5, "JPY"),
        Money(1, "EUR"),
        None,
    ),
)
CELLS: tuple[tuple[str, ...], ...] = (
    ("-", "red", "red, green", "not red", "blue", "not blue, green"),
    ("-", "yes", "no"),
    ("-", "0", "1..2", ">= 2", "< 1", "unknown", "not 1", "0, 3, unknown", "<= 2", "> 2, unknown"),
    ("-", "> 0", "<= 0", "<= 0, unknown", "1 day", "not 0..1"),
    ("-", "> 2.00 USD", "<= 2.00 USD", "unknown", "5 JPY", "not 0..2 USD", "2 USD, unknown"),
)


@lru_cache(maxsize=None, typed=True)
def holds(cell: str, value: Any) -> bool:
    """Read a cell the slow way."""
    if cell == "-":
        return True
    if cell.startswith("not "):
        return not any(term(piece.strip(), value) for piece in cell[4:].split(","))
    return any(term(piece.strip(), value) for piece in cell.split(","))


def term(text: str, value: Any) -> bool:
    if isinstance(value, bool):
        return (text == "yes") is value
    if isinstance(value, str):
        return text == value
    if text == "unknown" or value is None:
        return text == "unknown" and value is None
    number: float
    if isinstance(value, Money):
        if not text.endswith(value.currency):
            return False
        number, text = value.minor / (1 if value.currency == "JPY" else 100), text[:-4]
    else:
        number, text = value, text.removesuffix(" day")
    for sign, fits in ((">=", operator.ge), ("<=", operator.le), (">", operator.gt), ("<", operator.lt)):
        if text.startswith(sign):
            return bool(fits(number, float(text[len(sign) :])))
    low, _, high = text.partition("..")
    return float(low) <= number <= float(high or low)


def make(seed: int) -> tuple[list[dict[str, Any]], tuple[int, ...]]:
    """Raw rows, and which facts they use."""
    rng = random.Random(seed)
    used = tuple(sorted(rng.sample(range(len(FACTS)), rng.randint(1, 3))))
    rows = []
    for number in range(rng.randint(1, 6)):
        when = {FACTS[f].name: rng.choice(CELLS[f]) for f in used if rng.random() < 0.8}
        row: dict[str, Any] = {"id": f"r{number}", "when": when, "then": {"then": "a"}, "why": "w", "source": "s"}
        if seed % 3 == 0 and rng.random() < 0.5:
            row["from" if rng.random() < 0.5 else "until"] = rng.choice(DAYS[1:-1])
        rows.append(row)
    return rows, used


def read(rows: list[dict[str, Any]]) -> Table:
    table, problems = read_table("t", {"row": rows}, SPEC, {"s": {}}, PolicySource("t", ""), ("table", "t"))
    assert problems == []
    return table


def orders(used: tuple[int, ...]) -> list[tuple[Any, ...]]:
    """Every order over the used facts; the rest stay at their first value."""
    return list(product(*(VALUES[f] if f in used else VALUES[f][:1] for f in range(len(FACTS)))))


def fitting(rows: list[dict[str, Any]], order: tuple[Any, ...]) -> set[str]:
    """Rows whose cells hold, on whatever day."""
    cells = tuple(zip((fact.name for fact in FACTS), order, strict=True))
    return {row["id"] for row in rows if all(holds(row["when"].get(name, "-"), value) for name, value in cells)}


def in_force(rows: list[dict[str, Any]], day: date) -> set[str]:
    return {row["id"] for row in rows if row.get("from", date.min) <= day <= row.get("until", date.max)}


@pytest.mark.parametrize("start", range(0, 2000, 250))
def test_the_checker_is_brute_force(start: int) -> None:
    for seed in range(start, start + 250):
        rows, used = make(seed)
        table, every, clean = read(rows), orders(used), True
        fits = [fitting(rows, order) for order in every]
        for day in DAYS:
            now = table.on(day)
            today = in_force(rows, day)
            hits = [fit & today for fit in fits]
            clean = clean and all(len(hit) == 1 for hit in hits)
            for order, hit in zip(every, hits, strict=True):
                assert {row.id for row in now.rows_of(now.hits(now.indexes(order)))} == hit, (seed, order)
            pairs = {frozenset(pair) for hit in hits for pair in combinations(sorted(hit), 2)}
            said = {
                frozenset((a.id, b.id)) for a, b in combinations(now.rows, 2) if intersect(a.box, b.box) is not None
            }
            assert pairs == said, seed
            assert bool(find_gaps(now.axes, now.rows)) is (not all(hits)), seed
            for place, row in enumerate(now.rows):
                before = {r.id for r in now.rows[:place]}
                alone = any(row.id in hit and not hit & before for hit in hits)
                assert alone is bool(subtract_all([row.box], [r.box for r in now.rows[:place]])), seed
        assert (check_table(table, PolicySource("t", ""), ()) == []) is clean, seed


def test_collect_has_neither_overlaps_nor_gaps() -> None:
    for seed in range(100):
        table = read(make(seed)[0])
        collect = Table("t", HitPolicy.COLLECT, table.axes, table.rows)
        assert check_table(collect, PolicySource("t", ""), ()) == []


def test_an_example_order_is_one_of_the_gap() -> None:
    rows = [{"id": "r", "when": {"count": "> 3"}, "then": {"then": "a"}, "why": "w", "source": "s"}]
    problem = check_table(read(rows), PolicySource("t", ""), ())[0]
    assert "no row fits count <= 3 or unknown; for example colour red, new yes, count 3" in problem.message
