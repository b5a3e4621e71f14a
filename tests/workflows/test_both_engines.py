"""A store in a file and the same store on a server answer alike: filters, sorts, queues, rates, plans, a day's work."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from ordertui.operations.config import Config
from ordertui.operations.planning.planner import PlanChoices
from ordertui.operations.session import Session
from ordertui.operations.store_move import move_store
from ordertui.orders.clock import DAY, HOUR, FixedClock, iso_utc
from ordertui.orders.enums import Action
from ordertui.rules.language.fields import FIELDS
from ordertui.store import SORT_KEYS
from support.batches import commit, send
from support.server import Server
from support.shops import NOW, all_orders_row, bring, open_session, unshipped_row

CLOCK = FixedClock(NOW)
TITLES = ("Übertopf", "ÜBER 100%", "yoga mat", "Größe_L", "ヨガマット", "a!b", "it's", "Zebra", "")
FILTERS = (
    "", "status:unshipped", "total>50", "-total>=20", "placed:7d", "placed<2d", "ship-by:<24h", "über", "100%",
    "größe_l", '"yoga mat"', "title:ヨガ*", "(late or status:shipped) -über", "marketplace:DE,JP", "action:cancel",
    "action:refund", "counts:yes", "request:official", "items>1", "it's", "a!b", "111-0000000-00000*",
    "refunded:none channel:merchant",
)  # fmt: skip
UNKNOWN = [f"{name}:unknown" for name, one in FIELDS.items() if "unknown" in one.values]


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, server: Server) -> Iterator[tuple[Session, Session]]:
    """The file, and the server that it was moved to."""
    folder, rng = tmp_path_factory.mktemp("both"), random.Random(7)
    numbers = range(1, 240)
    rows = {
        n: all_orders_row(
            n,
            rng.choice(("Unshipped", "Pending", "Shipped", "Cancelled")),
            market=("US", "DE", "JP")[n % 3],
            age=rng.randrange(40 * DAY),
            product_name=rng.choice(TITLES),
            quantity=rng.randint(1, 3),
            sku=f"S-{rng.randint(1, 30)}",
        )
        for n in numbers
    }
    with open_session(folder) as session:
        codes = ("US", "DE", "JP")
        before = [row | {"order-status": "Unshipped", "item-status": "Unshipped"} for row in rows.values()]
        asked = [
            unshipped_row(n, rng.choice(("true", "false")), market=codes[n % 3], sku=row["sku"])
            for n, row in rows.items()
        ]
        bring(session, folder, everything=before, open_=asked)
        bring(session, folder, everything=[row | {"last-updated-date": iso_utc(NOW - HOUR)} for row in rows.values()])
        waiting = list(session.orders.find("action:cancel marketplace:US"))
        names = [int(row.order_id[-7:]) for row in session.orders.rows(waiting).values()]
        commit(session, Action.CANCEL, *names[:2])
        send(session, Action.CANCEL, *names[2:5])
    place = server.address("both_engines")
    move_store(folder / "orders.db", place, clock=CLOCK, config=Config())
    with (
        Session.open(folder / "orders.db", clock=CLOCK, config=Config(), read_only=True) as file,
        Session.open(place, clock=CLOCK, config=Config(), read_only=True) as there,
    ):
        yield file, there


def test_filters_and_sorts_find_the_same_orders_in_the_same_order(both: tuple[Session, Session]) -> None:
    file, there = both
    empty = []
    for number, text in enumerate((*FILTERS, *UNKNOWN)):
        sort = list(SORT_KEYS)[number % len(SORT_KEYS)]
        for down in (False, True):
            found = list(file.orders.find(text, sort, down))
            assert list(there.orders.find(text, sort, down)) == found, (text, sort)
        empty += [] if found else [text]
        assert there.orders.count(text) == len(found)
    assert len(empty) < len(FILTERS) // 2, empty
    for sort in SORT_KEYS:
        assert there.orders.find("", sort, False) == file.orders.find("", sort, False), sort


def test_queues_rows_and_lines_are_the_same(both: tuple[Session, Session]) -> None:
    file, there = both
    assert there.orders.queues() == file.orders.queues()
    ids = file.orders.find()
    assert there.orders.rows(ids) == file.orders.rows(ids)
    for row in file.orders.rows(ids).values():
        assert there.orders.get(row.order_id) == file.orders.get(row.order_id)
    assert there.batches.find() == file.batches.find()
    assert there.audit.records()[1:] == file.audit.records()


def test_rates_are_the_same_and_equal_a_slow_recount(both: tuple[Session, Session]) -> None:
    file, there = both
    total = 0
    for code in file.orders.marketplaces():
        for days in (1, 7, 30):
            counts = file.rate.calculator.window_counts(code, days)
            assert there.rate.calculator.window_counts(code, days) == counts
            total += sum(counts)
    assert total > 0
    assert list(there.recount().run(lambda *_: None)) == list(file.recount().run(lambda *_: None)) == []


def test_plans_have_the_same_orders_money_and_bytes(both: tuple[Session, Session]) -> None:
    for action in (Action.CANCEL, Action.REFUND):
        ids = list(both[0].orders.find(f"action:{action.value}"))[:40]
        assert ids
        choices = PlanChoices(reason="GeneralAdjustment") if action is Action.REFUND else PlanChoices()
        plans = [session.planner.plan(action, ids, choices) for session in both]
        here, other = ([msgspec.structs.replace(plan, id="") for plan in found] for found in plans)
        assert here == other
        assert sum(len(plan.rows) for plan in here) > 5


def test_what_is_done_on_the_server_is_what_is_done_in_a_file(tmp_path: Path, server: Server) -> None:
    """The same day on both: the journal, the files and the numbers are the same."""
    days = []
    for place in (tmp_path / "orders.db", server.address(f"day{abs(hash(str(tmp_path)))}")):
        clock = FixedClock(NOW)
        with Session.open(place, clock=clock, config=Config()) as session:
            rows = [all_orders_row(n) for n in range(1, 30)]
            bring(session, tmp_path, everything=rows, open_=[unshipped_row(n) for n in range(1, 30)])
            bring(
                session, tmp_path, everything=[all_orders_row(n, "Shipped", updated=NOW - HOUR) for n in range(20, 30)]
            )
            held = commit(session, Action.CANCEL, 1, 2, 3)
            session.batches.recall("111-0000000-0000002")
            clock.advance(4_000)
            session.dispatcher.run()
            send(session, Action.REFUND, 21, 22)
            bring(session, tmp_path, everything=[all_orders_row(1, "Cancelled", updated=NOW)])
            days.append(
                (
                    held,
                    [(b.id, b.state, b.action, b.rows) for b in session.batches.find()],
                    [p.read_bytes() for p in sorted(session.context.outbox_directory.glob("*/[a-z]*.txt"))],
                    [(r["what"], r["orders"], r["change"]) for r in session.audit.records()],
                    session.orders.queues(),
                    list(session.orders.find()),
                    session.orders.rows(session.orders.find()),
                    session.maintenance.check(),
                )
            )
    assert days[0] == days[1]
    assert len(days[0][2]) >= 2
