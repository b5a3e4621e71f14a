"""The store merges any sequence of reports to the same orders and lines as a slow merge by hand."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ordertui.operations.session import Session
from ordertui.orders.clock import DAY, HOUR
from ordertui.orders.enums import ReportKind
from ordertui.orders.order import COMPONENTS
from ordertui.store import Store
from support import places
from support.imports import CLOCK, NOW, Report, row, take
from support.profile import LONG
from support.slow_merge import SlowBook, kept, spelled

STATUS = [None, "pending", "unshipped", "partially_shipped", "shipped", "cancelled", "unfulfillable"]
DATES = [NOW - age * DAY for age in (1, 2, 3)]
ORDERS_AT_ONCE = 40
"""Orders do not touch each other, so that each is a sequence of its own."""


def random_reports(rng: random.Random) -> list[Report]:
    """Reports over some orders: facts, columns and lines missing, ids absent, changed, or without their zeros."""
    orders: dict[int, list[tuple[str, int, str]]] = {}
    for n in range(1, ORDERS_AT_ONCE + 1):
        skus = [f"Sé{rng.randint(1, 3)}" for _ in range(rng.choice([1, 1, 1, 2, 3]))]
        orders[n] = [(sku, rng.randint(1, 2), f"0{n}{place}") for place, sku in enumerate(skus)]
    damaged = {n: rng.choice(["", "", "zeros", "changed", "sku", "spelled"]) for n in orders}
    found = []
    for _ in range(rng.randint(1, 5)):
        kind = rng.choice(["unshipped", "unshipped", "all_orders", "new_orders"])
        as_of = rng.choice(DATES)
        rows = [one for n in orders for one in _rows_of_order(rng, kind, as_of, n, orders[n], damaged[n])]
        if rng.random() < 0.3:
            rng.shuffle(rows)
        elif rng.random() < 0.3:  # parts of one report joined, or two reports of one day
            rows += rng.sample(rows, len(rows) // 2)
        found.append(Report(kind, tuple(rows), as_of))
    if rng.random() < 0.5:
        found.insert(rng.randrange(len(found) + 1), rng.choice(found))
    return found


def _rows_of_order(
    rng: random.Random, kind: str, as_of: int, n: int, lines: list[tuple[str, int, str]], damage: str
) -> list[Any]:
    if rng.random() < 0.35:
        return []

    def facts() -> dict[str, Any]:
        return {
            "channel": rng.choice([None, "merchant", "amazon"]), "status": rng.choice(STATUS),
            "purchased_at": rng.choice([None, *DATES]), "ship_by": rng.choice([None, NOW + HOUR, NOW + DAY]),
            "business": rng.choice([None, "yes", "no"]), "replacement": rng.choice([None, "yes", "no"]),
            "prime": rng.choice([None, None, "yes"]),
            "fact_at": rng.choice(DATES) if kind == "all_orders" else as_of,
        }  # fmt: skip

    usual = facts()
    is_damaged, has_ids = rng.random() < 0.5, kind != "all_orders" and rng.random() < 0.9
    rows: list[Any] = []
    for sku, quantity, item in lines:
        if rng.random() < 0.2:
            continue
        if is_damaged:
            item = {"zeros": item.lstrip("0"), "changed": f"9{item}"}.get(damage, item)
            sku = f"00{sku}" if damage == "sku" else sku
            sku = (
                rng.choice([sku.lower(), f"{sku} ", unicodedata.normalize("NFD", sku)]) if damage == "spelled" else sku
            )
        priced, asked = rng.random() < 0.5, rng.random() < 0.5 and kind != "all_orders"
        for again in range(rng.choice([1, 1, 1, 1, 2, 3])):
            currency = rng.choice(["USD", "USD", "EUR"]) if priced else None
            rows.append(row(
                n, sku=sku, quantity=rng.choice([quantity, quantity, quantity, None, 0]),
                asin=rng.choice([None, "B1", "B2"]), title=rng.choice([None, "Pan", "Pot"]),
                order_item_id=item if has_ids else None,
                item_status=rng.choice(STATUS) if kind == "all_orders" else None,
                quantity_shipped=rng.choice([None, 0, 1, 2]), currency=currency,
                **({name: rng.randint(0, 3) for name in COMPONENTS} if priced else {}),
                buyer_request=rng.choice(["official", "none"]) if asked else None,
                request_reason=rng.choice([None, "late"]) if asked else None,
                **(usual if rng.random() < 0.8 else facts() | ({"fact_at": usual["fact_at"]} if has_ids else {})),
            ))  # fmt: skip
            if again == 0 and not has_ids:
                break
    return rows


def products(store: Store) -> list[tuple[Any, ...]]:
    found = store.database.query("SELECT marketplace, sku, asin, asin_at, title, title_at FROM products")
    return sorted(found, key=repr)


SEEDS = {"sqlite": 200 if LONG else 12, "postgresql": 100 if LONG else 2}
"""Sequences of each engine, of ORDERS_AT_ONCE orders each."""


@pytest.mark.parametrize(
    ("engine", "seed"), [(name, seed) for name, count in SEEDS.items() for seed in range(count)], indirect=["engine"]
)
def test_any_sequence_of_reports_gives_what_a_slow_merge_gives(engine: str, seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    path = tmp_path / "a.db"
    book = SlowBook()
    with Store.open(places.store_at(path), clock=CLOCK) as store:
        for report in random_reports(rng):
            before = book.facts()
            book.take(report)
            after = book.facts()
            named = {str(one[1]) for one in report.rows}
            new, changed, unchanged = take(store, report, slice_rows=rng.choice([5, 30, 10_000]))
            assert new == len(named - before.keys())
            assert new + changed + unchanged == len(named)
            assert changed >= sum(_values(before[one]) != _values(after[one]) for one in named & before.keys())
            assert kept(store) == after
            versions: dict[str, int] = dict(store.database.query("SELECT order_id, version FROM orders"))
            later = report.as_of + (report.kind != ReportKind.UNSHIPPED)  # of that kind, silence is news too
            repeated = replace(report, as_of=later)
            assert take(store, repeated)[0] == 0
            book.take(repeated)
            again = book.facts()
            assert kept(store) == again
            for order_id, version in store.database.query("SELECT order_id, version FROM orders"):
                if not _has_twins(after[order_id]):
                    known = after[order_id] | {"named_at": again[order_id]["named_at"]}
                    assert (version, again[order_id]) == (versions[order_id], known)
        assert products(store) == book.product_words()
    with Session.open(places.place(path), clock=CLOCK, read_only=True) as session:
        found = [str(one) for one in session.recount().run()]
        assert found == [], "totals, situations, verdicts, queues and rates follow from what was merged"


def _values(order: dict[str, Any]) -> tuple[Any, ...]:
    """What an order says, without the dates."""
    facts = {
        name: value
        for name, value in order.items()
        if not name.endswith("since") and name not in ("at", "named_at", "sources", "lines")
    }
    return facts, sorted(((line[0], *(value for value, _ in line[4:])) for line in order["lines"]), key=repr)


def _has_twins(order: dict[str, Any]) -> bool:
    """Several lines of one SKU, however it is spelled: without ids nobody can say which row is about which."""
    skus = [spelled(line[0]) for line in order["lines"]]
    return len(skus) > len(set(skus))
