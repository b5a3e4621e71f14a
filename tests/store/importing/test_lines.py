"""Which row is about which line: the item id decides, else the SKU however it is spelled, and the quantity."""

from __future__ import annotations

import random
import unicodedata
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from ordertui.orders.clock import DAY
from ordertui.orders.report_row import ReportRow
from ordertui.store import Store
from support import places
from support.imports import CLOCK, NOW, Report, row, take
from support.profile import LONG
from support.slow_merge import SlowBook, kept

PRICED: dict[str, Any] = {
    "currency": "USD", "item_price": 1080, "item_tax": 0, "shipping_price": 0, "shipping_tax": 0, "gift_wrap_price": 0,
    "gift_wrap_tax": 0, "item_promotion": 0, "ship_promotion": 0,
}  # fmt: skip
SPELLED = (
    lambda sku: sku,
    lambda sku: f"{sku} ",
    lambda sku: f" {sku}",
    str.lower,
    str.upper,
    lambda sku: unicodedata.normalize("NFD", sku),
    lambda sku: unicodedata.normalize("NFC", sku).upper(),
)
"""Ways in which one SKU is written."""


def lines_of(path: Path) -> list[tuple[Any, ...]]:
    with Store.open(path, clock=CLOCK, read_only=True) as store:
        return store.database.query("SELECT l.quantity, l.item_id, o.total, o.items FROM lines l JOIN orders o ON true")


@pytest.mark.parametrize("one", SPELLED)
@pytest.mark.parametrize("other", SPELLED)
def test_a_sku_that_is_only_spelled_otherwise_is_the_same_line(one: Any, other: Any, tmp_path: Path) -> None:
    with_id = Report("new_orders", (row(sku=one("Café-1"), quantity=1, order_item_id="12345678901234", **PRICED),))
    without = Report("all_orders", (row(sku=other("Café-1"), quantity=1, **PRICED),))
    orders = (with_id, without, with_id), (with_id, with_id, without), (without, with_id, with_id)
    for place, order in enumerate(orders):
        path = tmp_path / f"{place}.db"
        with Store.open(path, clock=CLOCK) as store:
            for report in order:
                take(store, report)
        assert lines_of(path) == [(1, "12345678901234", 1080, 1)]


def test_two_lines_that_differ_by_a_capital_stay_two_in_reports_that_name_both(tmp_path: Path) -> None:
    rows = [row(sku=sku, quantity=1, **PRICED) for sku in ("a-1", "A-1")]
    with_ids = [
        row(sku=sku, quantity=1, order_item_id=f"1234567890123{n}", **PRICED) for n, sku in enumerate(("A-1", "a-1"))
    ]
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:
        for report in (rows, with_ids, rows, rows[::-1]):
            take(store, Report("all_orders", tuple(report)))
        assert store.database.query("SELECT line, item_id FROM lines ORDER BY 1") == [
            (1, "12345678901231"), (2, "12345678901230"),
        ]  # fmt: skip


@pytest.mark.parametrize(
    ("known", "first", "second"),
    [
        ([("A", 1, "1"), ("A", 1, "2")], [("A", 0, None)], [("A", 1, None)]),
        ([("A", 1, "1"), ("A", 3, "2")], [("A", 1, "1"), ("A", 3, "1")], [("A", 3, None)]),
        ([("A", 2, None), ("A", 1, None)], [("a ", 2, "1")], [("A", None, None), ("a ", None, None)]),
    ],
    ids=["units at one date", "units of a row that repeats an id", "a SKU that is spelled longer"],
)
def test_a_report_with_two_dates_pairs_as_two_reports_do(known: Any, first: Any, second: Any, tmp_path: Path) -> None:
    def rows(lines: list[tuple[str, int | None, str | None]], age: int) -> tuple[ReportRow, ...]:
        return tuple(
            row(
                sku=sku, quantity=units, order_item_id=item, fact_at=NOW - age * DAY,
                item_status=("pending", "unshipped")[place],
            )
            for place, (sku, units, item) in enumerate(lines)
        )  # fmt: skip

    found = []
    older, newer = rows(first, 2), rows(second, 1)
    for files in ([(*older, *newer)], [older, newer]):
        with Store.open(tmp_path / f"{len(files)}.db", clock=CLOCK) as store:
            for one in (rows(known, 2), *files):
                take(store, Report("all_orders", one))
            found.append(kept(store))
    assert found[0] == found[1]


def random_order(rng: random.Random) -> list[list[ReportRow]]:
    """Three reports of one order: with ids, and without, and each with its own spelling."""
    items = [(f"Ünit-{n}", rng.randint(1, 3), f"1234567890123{n}") for n in range(rng.randint(1, 3))]
    found = []
    for age in (3, 2, 1):
        has_ids, spell = rng.random() < 0.6, rng.choice(SPELLED)
        found.append([
            row(
                sku=spell(sku), quantity=quantity, order_item_id=item if has_ids else None, fact_at=NOW - age * DAY,
                **PRICED,
            )
            for sku, quantity, item in rng.sample(items, len(items))
        ])  # fmt: skip
    return found


@pytest.mark.parametrize(
    "engine", [places.BOTH[0], pytest.param(places.BOTH[1], marks=pytest.mark.long)], indirect=True
)
@pytest.mark.parametrize("seed", range(60 if LONG else 12))
def test_any_order_of_reports_gives_the_same_lines(seed: int, engine: str, tmp_path: Path) -> None:
    rng = random.Random(seed)
    reports = [Report("all_orders", tuple(rows)) for rows in random_order(rng)]
    found = []
    for place, order in enumerate(permutations(reports)):
        book, path = SlowBook(), tmp_path / f"{place}.db"
        with Store.open(places.store_at(path), clock=CLOCK) as store:
            for report in (*order, *order):
                take(store, report)
                book.take(report)
            found.append(kept(store))
        assert found[-1] == book.facts()
    assert all(one == found[0] for one in found)


@pytest.mark.parametrize("is_known", [False, True])
def test_rows_of_several_marketplaces_are_one_order_of_the_newest(is_known: bool, tmp_path: Path) -> None:
    said = (("DE", 3), ("FR", 1), ("DE", 2))
    rows = [row(sku="S", quantity=1, marketplace=code, fact_at=NOW - age * DAY) for code, age in said]
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:
        for report in ((*rows, row(2)), rows, rows[::-1]) if is_known else (rows,):
            take(store, Report("all_orders", tuple(report)))
        assert store.database.query("SELECT marketplace, items FROM orders WHERE id = 1") == [("FR", 1)]
        assert store.database.query(
            "SELECT p.marketplace, p.sku FROM lines l JOIN products p ON p.id = l.product_id WHERE l.order_id = 1"
        ) == [("FR", "S")]


def test_a_cancelled_line_and_a_cancelled_order_come_to_nothing(tmp_path: Path) -> None:
    def total(*rows: ReportRow) -> tuple[Any, ...]:
        with Store.open(tmp_path / f"{len(list(tmp_path.iterdir()))}.db", clock=CLOCK) as store:
            for one in rows:
                take(store, Report("all_orders", (one,)))
            found: tuple[Any, ...] = store.database.query("SELECT total, currency, items FROM orders")[0]
            return found

    priced = row(sku="S", quantity=1, fact_at=NOW - 2 * DAY, **PRICED)
    assert total(priced) == (1080, "USD", 1)
    assert total(priced, row(sku="S", quantity=0, status="cancelled", item_status="cancelled")) == (0, "USD", 0)
    assert total(priced, row(sku="S", status="cancelled")) == (0, "USD", 1)
    assert total(row(sku="S", status="cancelled")) == (None, None, None), "no price was ever named"
    assert total(priced, row(sku="T", quantity=1, item_status="cancelled", **PRICED)) == (1080, "USD", 2)
