"""Sorting by several keys: the order that Python's stable `sorted` gives, over orders with every fact missing
somewhere.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordertui.operations.errors import UnknownChoice
from ordertui.operations.query.sort_order import SortKey, read_sorting, sorting_text
from ordertui.operations.session import Session
from ordertui.orders.clock import DAY
from ordertui.orders.enums import Action, BuyerRequest
from ordertui.orders.order import OrderRow
from ordertui.store import SORT_KEYS
from support.shops import all_orders_row, bring, open_session, unshipped_row
from support.statements import noted

RANKED = ("-", "wait", "refund", "confirm", "cancel", "cancel ☆", "cancel ★")
"""What may be done first, as a list sorts it; `☆`: the buyer asked by message."""
ASKED = {BuyerRequest.OFFICIAL: 3, BuyerRequest.MESSAGE: 2, BuyerRequest.NONE: 1, BuyerRequest.UNKNOWN: 0}


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """150 orders with few different values, so that there are many ties; one batch is held."""
    folder = tmp_path_factory.mktemp("sorting")
    rng = random.Random(3)
    found = open_session(folder)
    rows, open_ = [], []
    for number in range(150):
        market = rng.choice(("US", "US", "JP", "DE"))
        status = rng.choice(("Unshipped", "Unshipped", "Shipped", "Cancelled", "Pending"))
        age = rng.randrange(1, 5) * DAY
        more = {"quantity": rng.choice((1, 1, 2, 7)), "product_name": rng.choice(("tea", "Tea pot", "bowl", ""))}
        price = rng.choice(("", "980", "1200"))
        rows.append(
            all_orders_row(number, status, market=market, age=age, item_price=price, sku=f"s{number % 4}", **more)
        )
        if status == "Unshipped" and rng.random() < 0.6:
            asked = rng.choice(("true", "false"))
            open_.append(unshipped_row(number, asked, market=market, age=age, sku=f"s{number % 4}"))
    bring(found, folder, everything=rows, open_=open_)
    waiting = list(found.orders.find("marketplace:US status:unshipped"))
    found.facts.set_asked(waiting[::5], True)
    plan = found.planner.plan(Action.CANCEL, waiting[:6])[0]
    found.batches.commit(plan, typed=str(plan.typed_count))
    return found


def shown(session: Session) -> dict[str, Callable[[OrderRow], Any]]:
    """What each key compares, from the row; an unknown value is None."""

    def rank(row: OrderRow) -> int:
        word = session.eligibility.allowed_action(row)
        by_message = word == "cancel" and row.buyer_request is BuyerRequest.MESSAGE
        return RANKED.index("cancel ☆" if by_message else word)

    listed = session.orders.listed(session.orders.rows(session.orders.find()).values())

    def sku(row: OrderRow) -> str | None:
        return None if row.sku is None else row.sku.lower()

    return {
        "placed": lambda row: row.purchased_at,
        "ship_by": lambda row: row.ship_by,
        "total": lambda row: None if row.total is None else (row.total.currency, row.total.minor),
        "items": lambda row: row.items,
        "status": lambda row: row.status.value,
        "order_id": lambda row: row.order_id,
        "marketplace": lambda row: row.marketplace,
        "auto_cancel": session.eligibility.deadline,
        "request": lambda row: ASKED[row.buyer_request],
        "title": lambda row: (row.title or row.sku or "").lower() or None,
        "sku": sku,
        "item": lambda row: (sku(row), row.items),
        "age": lambda row: None if row.purchased_at is None else -row.purchased_at,
        "batch": lambda row: listed[row.id].batch if row.id in listed else None,
        "reason": lambda row: (listed[row.id].answer or listed[row.id].reason).lower() if row.id in listed else None,
        "may": rank,
    }


KEYS = sorted(SORT_KEYS.keys() - {"updated"})


@given(st.lists(st.tuples(st.sampled_from(KEYS), st.booleans()), min_size=1, max_size=4, unique_by=lambda one: one[0]))
@settings(max_examples=120, deadline=None)
def test_it_is_the_stable_order_of_python(session: Session, keys: list[tuple[str, bool]]) -> None:
    sorting = tuple(SortKey(*one) for one in keys)
    rows = session.orders.rows(session.orders.find())
    expected = sorted(rows, reverse=keys[-1][1])
    for key, down in reversed(keys):
        value = shown(session)[key]
        expected.sort(key=lambda i: ((found := value(rows[i])) is not None, found), reverse=down)
    text = sorting_text(sorting)
    assert list(session.orders.find("", text)) == expected
    assert list(session.orders.find("", text, limit=20)) == expected[:20], (
        "the first page is the beginning of the whole"
    )
    assert read_sorting(text) == sorting


@pytest.mark.parametrize(("sort", "index"), [
    ("-placed", "orders_placed"), ("+placed", "orders_placed"), ("-placed,+total", "orders_placed"),
    ("+status,-placed", "orders_status"), ("+order_id", "sqlite_autoindex_orders_1"),
    ("-order_id,+may", "sqlite_autoindex_orders_1"),
])  # fmt: skip
def test_a_first_page_comes_from_an_index(session: Session, sort: str, index: str) -> None:
    with noted(session.context.reader()) as notes:
        session.orders.find("", sort, limit=200)
    sql, params = notes.statements[-1]
    assert sql.startswith("SELECT o.id FROM orders o")
    plan = session.context.reader().database.query(f"EXPLAIN QUERY PLAN {sql}", params)
    assert index in plan[0][3]
    assert not any("TEMP B-TREE FOR ORDER BY" in step[3] for step in plan), "no sort of everything"


def test_words_for_an_order_of_keys() -> None:
    assert read_sorting("status, -total,+status", down=False) == (SortKey("status", False), SortKey("total", True))
    assert read_sorting("placed") == (SortKey("placed", True),)
    for wrong in ("", "price", "status,,total", "-"):
        with pytest.raises(UnknownChoice, match="there are: placed, ship-by"):
            read_sorting(wrong)


def test_amounts_of_two_currencies_are_never_compared(session: Session) -> None:
    ids = session.orders.find("-total:unknown", "-total")
    rows = session.orders.rows(ids)
    currencies = [total.currency for row_id in ids if (total := rows[row_id].total)]
    assert len(set(currencies)) == 3
    assert currencies == sorted(currencies, reverse=True), "each currency by itself"


def test_the_order_of_a_list_on_the_command_line(tmp_path: Path) -> None:
    from support.cli import Command

    with open_session(tmp_path) as found:
        bring(found, tmp_path, everything=[all_orders_row(n, quantity=n % 2 + 1, age=n * DAY) for n in range(1, 7)])
    items = Command(tmp_path).json("list", "--sort", "items,+placed")
    assert [one["items"] for one in items] == [2, 2, 2, 1, 1, 1]
    assert [one["order_id"][-1] for one in items] == list("531642")
    assert Command(tmp_path).run("list", "--sort", "-price").code == 2


@pytest.mark.parametrize("typed", ["ship-by", "SHIP-BY", "Ship_By", " -ship_by", "+SHIP-BY"])
def test_a_key_is_read_in_each_spelling_and_told_in_one(typed: str) -> None:
    (found,) = read_sorting(typed)
    assert found.key == "ship_by"
    with pytest.raises(UnknownChoice, match=r"'Ship.by'.*: placed, ship-by,") as refused:
        read_sorting("Ship.by")
    assert "ship_by" not in str(refused.value)
