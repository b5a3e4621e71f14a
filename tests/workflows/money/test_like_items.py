"""Items of one SKU in one order: All Orders names no item ids, so what it says of one may be another's.

Whatever the sequence of its rows and of the reports, a refund gives each item what was paid for it, or is refused.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from itertools import permutations
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ordertui.operations.denials import BATCH_ACTIONS, lines_denial
from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.planning.plan import PlanLine
from ordertui.operations.query.api_sentences import order_sentences
from ordertui.operations.query.export import line_records
from ordertui.operations.session import Session
from ordertui.orders.clock import DAY, HOUR
from ordertui.orders.enums import Action
from ordertui.orders.order import COMPONENTS, LineAmounts, Order
from ordertui.orders.report_row import ReportRow
from ordertui.store import Store
from support import places
from support.imports import CLOCK, NOW, Report, row, take
from support.profile import LONG

BOUGHT, EARLY, LATE = NOW - 4 * DAY, NOW - 3 * DAY, NOW - 2 * DAY
SEEDS = {"sqlite": 300 if LONG else 40, "postgresql": 60 if LONG else 4}


class Item(NamedTuple):
    """One item as it is in truth; `states` are those of the two days of All Orders."""

    item_id: str
    sku: str
    quantity: int
    amounts: LineAmounts
    states: tuple[str, str]


def random_items(rng: random.Random) -> list[Item]:
    """Two or three items, most of one SKU, of which each is shipped, waits or is cancelled on its own day."""
    found = []
    for n in range(rng.choice([2, 2, 3])):
        amounts = LineAmounts(
            item_price=rng.choice([1000, 1000, 1500]),
            item_tax=80,
            gift_wrap_price=rng.choice([0, 0, 400]),
            item_promotion=rng.choice([0, 0, 500]),
        )
        ways = [("unshipped", "unshipped"), ("unshipped", "shipped"), ("shipped", "shipped")] * 2
        states = rng.choice([*ways, ("unshipped", "cancelled"), ("cancelled", "cancelled")])
        sku = rng.choice(["MUG", "MUG", "MUG", "PAN"])
        found.append(Item(f"1000000000000{n}", sku, rng.choice([1, 1, 1, 2]), amounts, states))
    if rng.random() < 0.4:
        found = [one._replace(amounts=found[0].amounts, quantity=1) for one in found]
    if rng.random() < 0.4:
        found = [one._replace(states=("unshipped", "shipped")) for one in found]
    return found


def status_of(states: list[str]) -> str:
    living = {one for one in states if one != "cancelled"}
    if not living:
        return "cancelled"
    return "partially_shipped" if len(living) > 1 else living.pop()


def said(item: Item) -> dict[str, Any]:
    """What a report says of an item that it gives a price."""
    amounts = {name: getattr(item.amounts, name) for name in COMPONENTS}
    return {"sku": item.sku, "quantity": item.quantity, "title": item.sku, "currency": "USD", **amounts}


def all_orders(number: int, items: list[Item], day: int, order: tuple[int, ...]) -> list[ReportRow]:
    status, rows = status_of([one.states[day] for one in items]), []
    for place in order:
        item = items[place]
        state = item.states[day]
        facts = said(item) if state != "cancelled" else {"sku": item.sku, "quantity": 0, "title": item.sku}
        shipped = item.quantity if state == "shipped" else None
        rows.append(row(
            number, channel="merchant", status=status, item_status=state, quantity_shipped=shipped,
            purchased_at=BOUGHT, fact_at=(EARLY, LATE)[day], **facts,
        ))  # fmt: skip
    return rows


def new_orders(number: int, items: list[Item], rng: random.Random) -> list[ReportRow]:
    return [
        row(number, order_item_id=one.item_id, channel="merchant", purchased_at=BOUGHT, fact_at=BOUGHT, **said(one))
        for one in rng.sample(items, len(items))
    ]


def unshipped(number: int, items: list[Item], rng: random.Random, day: int) -> list[ReportRow]:
    at = (EARLY, LATE)[day] + HOUR
    return [
        row(
            number, order_item_id=one.item_id, channel="merchant", purchased_at=BOUGHT, fact_at=at, sku=one.sku,
            quantity=one.quantity, quantity_shipped=0, status="unshipped", title=one.sku,
        )
        for one in rng.sample(items, len(items)) if one.states[day] == "unshipped"
    ]  # fmt: skip


def random_reports(rng: random.Random, orders: Mapping[int, list[Item]]) -> list[Report]:
    """Reports of the orders in any sequence, some of them twice, All Orders with its rows in each permutation.

    One of All Orders may lack a row of each order, after one that names all (of an order of which no report names all
    items, nothing tells that a row is another's): then less than was paid may be known, and never more.
    """
    kinds = [("all_orders", 0), ("all_orders", 1), ("new_orders", 0), ("unshipped", 0), ("unshipped", 1)]
    chosen = rng.sample(kinds, rng.randint(2, 5))
    sequence = [*chosen, *rng.sample(chosen, 2)]
    if rng.random() < 0.3:
        sequence = [rng.choice([("all_orders", 0), ("new_orders", 0)]), ("cut", 1), *sequence]
    found = []
    for kind, day in sequence:
        rows: list[ReportRow] = []
        for number, items in orders.items():
            ways = list(permutations(range(len(items))))
            order = ways[(number + rng.choice([0, 0, 1])) % len(ways)]
            if kind in ("all_orders", "cut"):
                rows += all_orders(number, items, day, order)[int(kind == "cut") :]
            elif kind == "new_orders":
                rows += new_orders(number, items, rng)
            else:
                rows += unshipped(number, items, rng, day)
        if rows:
            as_of = BOUGHT if kind == "new_orders" else (EARLY, LATE)[day] + HOUR
            found.append(Report(kind.replace("cut", "all_orders"), tuple(rows), as_of))
    return found


def planned(session: Session) -> Iterator[tuple[int, str, LineAmounts, int]]:
    """Order number, item id, amounts and units to cancel of each line that a refund of whole orders gives back."""
    for plan in session.planner.plan(Action.REFUND, session.orders.find(), PlanChoices("NoInventory")):
        for order in plan.rows:
            for line in order.lines:
                assert line.refund is not None
                yield int(order.order_id[4:11]), line.order_item_id, line.refund, line.cancelled
        assert all(one.why for one in plan.out)


@pytest.mark.parametrize(
    ("engine", "seed"), [(name, seed) for name, count in SEEDS.items() for seed in range(count)], indirect=["engine"]
)
def test_a_refund_gives_an_item_what_was_paid_for_it_or_is_refused(engine: str, seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    orders: dict[int, list[Item]] = {}
    for first in range(1, 31, 6):
        items = random_items(rng)
        orders |= {first + n: items for n in range(6)}
    reports, path = random_reports(rng, orders), tmp_path / "a.db"
    is_whole = all(len(one.rows) >= sum(map(len, orders.values())) for one in reports if one.kind == "all_orders")
    by_status, by_any = -1, 0
    for report in reports:
        with Store.open(places.store_at(path), clock=CLOCK) as store:
            take(store, report)
        day = int(report.as_of > LATE)
        by_any = max(by_any, day)
        by_status = max(by_status, day) if report.kind == "all_orders" else by_status
        with Session.open(places.place(path), clock=CLOCK, read_only=True) as session:
            for number, item_id, refund, cancelled in planned(session):
                item = next(one for one in orders[number] if one.item_id == item_id)
                assert refund == item.amounts or cancelled or not is_whole, (number, item)
                assert refund.total <= item.amounts.total, (number, item)
                assert not cancelled or not is_whole or item.states[by_any] == "unshipped", (number, item)
            for order in session.orders.rows(session.orders.find()).values() if is_whole and by_status >= 0 else ():
                left = [one for one in orders[int(order.order_id[4:11])] if one.states[by_status] != "cancelled"]
                assert order.total is None or order.total.minor == sum(one.amounts.total for one in left)
                assert order.items is None or order.items >= sum(one.quantity for one in left)
            assert [str(one) for one in session.recount().run()] == []


def shown(path: Path, *reports: Report) -> tuple[Order, set[Action]]:
    """Order 1 after these reports, and the actions that are refused because of its like items."""
    with Store.open(path, clock=CLOCK) as store:
        for report in reports:
            take(store, report)
    with Session.open(path, clock=CLOCK, read_only=True) as session:
        order = session.orders.get("113-0000001-0000001")
        assert order is not None
        denials = {action: lines_denial(action, order.row.lines_known) for action in BATCH_ACTIONS}
        refused = {action for action, denial in denials.items() if denial and denial.rule == "like-items"}
        for action in refused:
            (plan,) = session.planner.plan(action, [order.row.id], PlanChoices())
            assert not plan.rows
            assert session.eligibility.denial(order.row, action) is not None
        return order, refused


MUG = Item("10000000000001", "MUG", 1, LineAmounts(1500, 120), ("unshipped", "shipped"))
OTHER = MUG._replace(item_id="10000000000002")
WRAPPED = OTHER._replace(amounts=LineAmounts(1500, 120, gift_wrap_price=400))
GONE = OTHER._replace(states=("cancelled", "cancelled"))
LATER = OTHER._replace(states=("unshipped", "unshipped"))


@pytest.mark.parametrize(
    ("items", "day", "refused"),
    [
        ([MUG, OTHER], 0, set()),
        ([MUG, OTHER], 1, set()),
        ([MUG, WRAPPED], 0, {Action.REFUND}),
        ([MUG, WRAPPED], 1, {Action.REFUND}),
        ([MUG, GONE], 0, set(BATCH_ACTIONS)),
        ([MUG, GONE], 1, set(BATCH_ACTIONS)),
        ([MUG, LATER], 1, set(BATCH_ACTIONS)),
        ([MUG, WRAPPED._replace(sku="PAN")], 1, set()),
    ],
    ids=["wait", "alike", "wrapped", "wrapped, shipped", "one cancelled", "one cancelled, one shipped", "one left",
         "other SKU"],
)  # fmt: skip
def test_what_an_exchange_of_like_items_would_change_is_refused(
    items: list[Item], day: int, refused: set[Action], tmp_path: Path
) -> None:
    """Which is cancelled matters to a cancellation and a confirmation, what was paid only to a refund."""
    rng, known = random.Random(0), []
    for turn, order in enumerate([(0, 1), (1, 0)]):
        reports = [
            Report("all_orders", tuple(all_orders(1, items, day, order)), (EARLY, LATE)[day] + HOUR),
            Report("new_orders", tuple(new_orders(1, items, rng)), BOUGHT),
        ]
        for first in (reports, reports[::-1]):
            found, denied = shown(tmp_path / f"{turn}{first is reports}.db", *first)
            known.append(found.row.total)
            assert denied == refused
            sentences = list(order_sentences(found))
            assert any("several items are one SKU" in one for one in sentences) == bool(found.lines[0].may_be_exchanged)
            paid = [record["paid"] for record in line_records(found)]
            assert (None in paid) == found.lines[0].may_be_exchanged, "unknown is not shown as known"
    left = [one.amounts.total for one in items if one.states[day] != "cancelled"]
    assert {one and one.minor for one in known} == {sum(left)}, "the sum does not depend on the place"


def test_another_item_of_such_an_order_is_refunded_when_it_is_named(tmp_path: Path) -> None:
    items = [MUG, WRAPPED, MUG._replace(item_id="10000000000003", sku="PAN")]
    path = tmp_path / "a.db"
    with Store.open(path, clock=CLOCK) as store:
        take(store, Report("all_orders", tuple(all_orders(1, items, 1, (1, 0, 2))), LATE + HOUR))
        take(store, Report("new_orders", tuple(new_orders(1, items, random.Random(0))), BOUGHT))
    with Session.open(path, clock=CLOCK, read_only=True) as session:
        order = session.orders.get("113-0000001-0000001")
        assert order is not None
        for line in order.lines:
            ask = PlanLine(line.line, line.order_item_id or "", line.sku, 1, LineAmounts(100))
            (plan,) = session.planner.plan(
                Action.REFUND, [order.row.id], PlanChoices("CustomerReturn", refunds={order.row.order_id: [ask]})
            )
            assert [one.rule for one in plan.out] == ([] if line.sku == "PAN" else ["like-items"])


def test_one_row_of_two_units_and_two_item_ids_are_of_an_unknown_number(tmp_path: Path) -> None:
    whole = MUG._replace(quantity=2, amounts=LineAmounts(3000, 240))
    for turn, priced in enumerate((True, False)):
        (one,) = all_orders(1, [whole], 1, (0,))
        if not priced:
            one = row(
                1, channel="merchant", status="shipped", item_status="shipped", quantity=2, sku="MUG", fact_at=LATE
            )
        reports = [
            Report("all_orders", (one,), LATE),
            Report("new_orders", tuple(new_orders(1, [MUG, OTHER], random.Random(0))), BOUGHT),
        ]
        for first in (reports, reports[::-1]):
            found, denied = shown(tmp_path / f"{turn}{first is reports}.db", *first)
            assert (found.row.items, found.row.total) == (None, None)
            assert denied == set(BATCH_ACTIONS), "the one is shipped, and nothing is said of the other"
            assert any("another number" in sentence for sentence in order_sentences(found))


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"], indirect=True)
@pytest.mark.parametrize("waits", [0, 1])
def test_an_item_whose_sku_one_report_spells_otherwise_is_like_the_other(
    engine: str, waits: int, tmp_path: Path
) -> None:
    """Unshipped names but the one that waits, in small letters: it may have the other's amounts all the same."""
    items = [one._replace(states=("unshipped", "unshipped")) for one in (MUG, WRAPPED)]
    spelled = items[waits]._replace(sku="mug")
    for turn, order in enumerate([(0, 1), (1, 0)]):
        path = tmp_path / f"{turn}.db"
        with Store.open(places.store_at(path), clock=CLOCK) as store:
            take(store, Report("new_orders", tuple(new_orders(1, items, random.Random(0))), BOUGHT))
            take(store, Report("all_orders", tuple(all_orders(1, items, 1, order)), LATE))
            take(store, Report("unshipped", tuple(unshipped(1, [spelled], random.Random(0), 1)), LATE + HOUR))
        with Session.open(places.place(path), clock=CLOCK, read_only=True) as session:
            assert list(planned(session)) == []
            found = session.orders.get("113-0000001-0000001")
            assert found is not None
            assert {line.sku for line in found.lines} == {"MUG", "mug"}
            assert all(line.may_be_exchanged for line in found.lines)
            assert [str(one) for one in session.recount().run()] == []
