"""A change of the journal is a fixed number of statements, and none of them reads all orders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ordertui.operations.config import Config
from ordertui.operations.planning.plan import Plan
from ordertui.operations.planning.reading import READ_AT_ONCE
from ordertui.operations.session import Session
from ordertui.orders.batch_state import RowState, SubmissionState
from ordertui.orders.clock import DAY, HOUR, FixedClock
from ordertui.orders.enums import Action
from ordertui.store import Outcome, Store
from support import places
from support.batches import answer, plan
from support.shops import NOW, all_orders_row, bring, unshipped_row
from support.statements import Notes, noted

SIZES = (1, 92, 2_000)
MOST = max(SIZES)
Step = Callable[[Session, int, list[str]], object]


def age(number: int) -> int:
    """Orders were placed one after the other: a server knows when many have one time."""
    return DAY + 5 * (number % 10_000)


@pytest.fixture(scope="module", params=places.BOTH)
def shop(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Iterator[Session]:
    """Orders that may be cancelled, and shipped ones that may be refunded."""
    folder = tmp_path_factory.mktemp("statements")
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "postgresql":
            patch.setattr(places, "server", request.getfixturevalue("server"))
        place = places.place(folder / "orders.db")
    with Session.open(place, config=Config(), clock=FixedClock(NOW)) as session:
        waiting, shipped = range(1, MOST + 1), range(10_001, 10_001 + MOST)
        bring(
            session,
            folder,
            everything=[all_orders_row(n, age=age(n)) for n in (*waiting, *shipped)],
            open_=[unshipped_row(n, age=age(n)) for n in (*waiting, *shipped)],
        )
        more = [all_orders_row(n, "Shipped", age=age(n), updated=NOW - HOUR) for n in shipped]
        bring(session, folder, everything=more)
        yield session


def plan_of(session: Session, action: Action, size: int) -> Plan:
    first = 1 if action is Action.CANCEL else 10_001
    return plan(session, action, *range(first, first + size))


class _Undone(Exception):
    pass


def trips(session: Session, change: Callable[[], object]) -> tuple[int, list[str]]:
    """Do a change, undo it, and return how often the database was asked, and what reads all orders or lines."""
    store = session.context.store
    notes: list[Notes] = []

    def run() -> None:
        with noted(store) as found:
            notes.append(found)
            change()
        raise _Undone

    with pytest.raises(_Undone), store.write():
        run()
    return notes[0].trips, notes[0].scans("orders", "lines")


@pytest.mark.parametrize("action", [Action.CANCEL, Action.REFUND])
def test_a_commit_is_at_most_twelve_round_trips(shop: Session, action: Action) -> None:
    found = {}
    for size in SIZES:
        made = plan_of(shop, action, size)
        store = shop.context.store
        with noted(store) as notes:
            batch = shop.batches.commit(made, typed=str(size)).id
        found[size] = notes.trips
        assert notes.scans("orders", "lines") == []
        with noted(store) as notes:
            shop.batches.recall(batch)
        found[-size] = notes.trips
        assert notes.scans("orders", "lines") == []
    assert max(found[1], found[92]) <= 12, found
    assert len({found[-size] for size in SIZES}) == 1, found
    assert found[MOST] <= found[1] + 4 * (MOST // READ_AT_ONCE), "what is compared before is read some at a time"


def settle(store: Store, batch: int, orders: list[str]) -> object:
    return store.results.settle(batch, {one: Outcome(RowState.ERROR, "operator", "no") for one in orders}, why="seen")


def submit(store: Store, batch: int, orders: list[str]) -> object:
    begun = store.submissions.begin(batch, feed_type="F", content=b"<x/>", document_id="d", known=(), orders=orders)
    store.submissions.move(begun.id, SubmissionState.UNKNOWN, outcome=Outcome(RowState.UNKNOWN))
    return store.submissions.return_to_hold(begun.id, SubmissionState.NOT_TAKEN, note="n")


@pytest.mark.parametrize("action", [Action.CANCEL, Action.REFUND])
def test_what_follows_a_commit_is_a_fixed_number_of_statements(shop: Session, action: Action, tmp_path: Path) -> None:
    store = shop.context.store
    found: dict[str, set[int]] = {}
    scans: list[str] = []

    def note(name: str, change: Callable[[], object]) -> None:
        count, bad = trips(shop, change)
        found.setdefault(name, set()).add(count)
        scans.extend(bad)

    for turn, size in enumerate((1, *SIZES)):
        if turn == 1:  # before, no order was refunded once: those that were are compared by two statements more
            found.clear()
        batch = shop.batches.commit(plan_of(shop, action, size), typed=str(size)).id
        orders = [row.order_id for row in store.batches.get(batch).rows]
        note("recall", lambda batch=batch: store.journal.recall(batch))  # type: ignore[misc]
        note("submit", lambda batch=batch, orders=orders: submit(store, batch, orders))  # type: ignore[misc]
        with noted(store) as notes:
            shop.batches.release(batch)
        found.setdefault("release", set()).add(notes.trips)
        with noted(store) as notes:
            shop.dispatcher.run()
        if size < MOST:
            found.setdefault("dispatch", set()).add(notes.trips)
        scans += notes.scans("orders", "lines")
        note("settle", lambda batch=batch, orders=orders: settle(store, batch, orders))  # type: ignore[misc]
        report = answer(shop, tmp_path, batch, set(), name=f"{turn}.txt")
        with noted(store) as notes:
            shop.results.take_in([report], batch, against=[f"batch-{n}" for n in range(1, batch)])
        found.setdefault("results", set()).add(notes.trips)
        scans += notes.scans("orders", "lines")
        shown = [(row_id, action.value) for row_id in store.orders.ids_of(orders).values()]
        note("confirm", lambda shown=shown: store.journal.transitions.confirm_shown(shown, {}))  # type: ignore[misc]
        settle(store, batch, orders)  # they may be tried again
        with noted(shop.context.reader()) as notes:
            assert len(shop.batches.retry(batch)[0].rows) == size
        if size < MOST:  # a plan reads some orders at a time, so that it can be stopped
            found.setdefault("retry", set()).add(notes.trips)
        with noted(store) as notes:
            store.facts.set(list(store.orders.ids_of(orders).values()), asked=turn % 2 == 0)
        found.setdefault("facts", set()).add(notes.trips)
    assert scans == []
    assert max(found.pop("retry")) <= 30, "a plan reads its orders some at a time"
    assert {name: counts for name, counts in found.items() if len(counts) > 1} == {}


@pytest.mark.parametrize("sort", ["-placed", "+placed", "-placed,+total", "+status,-placed", "-order_id"])
def test_a_page_of_a_view_and_its_rows_are_read_by_indexes(shop: Session, sort: str) -> None:
    with noted(shop.context.reader()) as notes:
        for text in ("", "status:unshipped", "action:cancel", "action:refund placed:last-7d"):
            assert len(shop.orders.rows(list(shop.orders.find(text, sort, limit=40)))) == 40
    found = notes.scans("orders", "lines", by=shop.context.store.database.engine)
    pages = [one for one in found if one.startswith("SELECT o.")]
    assert [one for one in pages if "index" not in one.lower()] == [], "an index gives the order, or finds the orders"
