"""What the rate is made of is read by indexes: no question walks through all orders, whatever their number."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sized
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordertui.orders.clock import DAY, HOUR
from ordertui.orders.enums import Verge
from ordertui.orders.order import OrderFlags
from ordertui.rules.language import parse
from ordertui.store import Store
from ordertui.store.engine.address import ServerAddress
from ordertui.store.engine.sqlite import sqlite_engine
from ordertui.store.importing.report_flags import ReportFlags
from ordertui.store.repositories.rates import OF_ALL_ORDERS
from support import places
from support.imports import CLOCK, NOW, Report, row, take
from support.places import store_at
from support.statements import noted

ROWS = tuple(
    row(
        n, purchased_at=NOW - n % 90 * DAY, channel="merchant", ship_by=NOW - (n - 100) * DAY,
        status="unshipped" if n % 10 == 0 else "shipped",
    )
    for n in range(3_000)
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store whose planner knows how its orders are spread."""
    found = tmp_path_factory.mktemp("rates")
    with Store.open(found / "orders.db", clock=CLOCK) as store:
        take(store, Report("all_orders", ROWS))
        with store.write() as database:
            database.execute("ANALYZE")
    return found


SPAN = (NOW - 30 * DAY, NOW)
ARGUMENTS: dict[str, object] = {
    "marketplace": "US", "marketplaces": ("US",), "start": SPAN[0], "end": SPAN[1], "since": SPAN[0], "now": NOW,
    "until": NOW + DAY, "ids": (1, 2), "prefixes": ("113",), "placed": SPAN, "cancelled": NOW, "known": NOW,
    "groups.cancelled": SPAN,
}  # fmt: skip
"""What questions are asked with, by the name of the parameter, or of the question and the parameter."""
OF_ALL = {"marketplaces", "situations_present", "newest_fact_at", "cancelled_ids", "marketplaces_by_prefix"}
"""Questions about all orders: the answers of the first three are kept until the store changes; what was ever cancelled
in a marketplace is asked for a rate by date of cancellation; the last one looks at 10,000 orders at most.
"""


def asked_of(store: Store) -> list[str]:
    """Ask each question that rates and tallies have, and return their names."""
    names = []
    for reader in (store.rates, store.tallies):
        for name, method in inspect.getmembers(reader, inspect.ismethod):
            if not name.startswith("_") and name not in OF_ALL:
                needed = (one for one in inspect.signature(method).parameters.values() if one.default is one.empty)
                found = method(
                    *(ARGUMENTS[key if (key := f"{name}.{one.name}") in ARGUMENTS else one.name] for one in needed)
                )
                if inspect.isgenerator(found):
                    list(found)
                names.append(name)
    return names


@places.on_both
def test_no_question_of_the_rate_walks_through_all_orders(tmp_path: Path, folder: Path, engine: str) -> None:
    place: Path | ServerAddress = folder / "orders.db"
    if engine == "postgresql":
        place = store_at(tmp_path / "orders.db")
        with Store.open(place, clock=CLOCK) as store:
            take(store, Report("all_orders", ROWS))
    with Store.open(place, clock=CLOCK) as store, noted(store) as notes:
        names = asked_of(store)
        scans = notes.scans("o", "orders", "lines")
    assert {"groups", "sums", "count_day", "elsewhere", "auto_cancellations"} < set(names)
    assert scans == [], "\n".join(scans)


def questions(store: Store) -> dict[str, Callable[[], Sized]]:
    """What is asked of five orders while marks change, and of those that Amazon cancels soon."""
    ids = list(store.orders.ids_of([f"113-{n:07}-0000001" for n in range(5)]).values())
    condition, span = parse("marketplace:US status:unshipped channel:merchant", now=NOW, zone="UTC"), (0, NOW)
    return {
        "groups": lambda: list(store.rates.groups(ids, "US", span, span)),
        "facts": lambda: store.rates.facts(ids, "US"),
        "waiting units": lambda: store.rates.with_waiting_units(ids, "US"),
        "due": lambda: store.rates.auto_cancellations("US", NOW + 10 * DAY),
        "fitting": lambda: list(store.orders.fitting(ids, condition)),
        "left out": lambda: store.orders.left_out_by_reports(ids),
        "sums": lambda: store.tallies.sums(ids),
    }


def test_what_is_asked_of_few_orders_does_not_grow_with_the_store(tmp_path: Path) -> None:
    """A store has no statistics of its columns: an index of a marketplace looked better to SQLite than row numbers, and
    each mark at 1,000,000 orders walked through the 620,000 of the marketplace, which took 0.14 s.
    """
    found: list[dict[str, int]] = []
    for orders in (300, 3_000):
        with Store.open(tmp_path / f"{orders}.db", clock=CLOCK) as store:
            facts = {"channel": "merchant", "ship_by": NOW}
            rows = [row(n, purchased_at=NOW - DAY, status=("unshipped", "shipped")[n % 2], **facts)
                    for n in range(orders)]  # fmt: skip
            take(store, Report("all_orders", tuple(rows)))
            with store.write() as database:
                database.execute("UPDATE orders SET auto_cancel_at = ? + id * ?", (NOW, DAY))
            asked = questions(store)
            assert [len(asked[name]()) for name in ("facts", "fitting", "due")] == [5, 3, 5]
            found.append({name: steps(store, ask) for name, ask in asked.items()})
    few, many = found
    assert {name: (few[name], many[name]) for name in few if many[name] > few[name] + 60} == {}


def steps(store: Store, ask: Callable[[], object]) -> int:
    """How many steps SQLite's machine makes to answer."""
    connection = sqlite_engine(store.database.engine).connection
    ask()
    count = 0

    def step() -> None:
        nonlocal count
        count += 1

    connection.set_progress_handler(step, 1)
    try:
        ask()
    finally:
        connection.set_progress_handler(None, 0)
    return count


def test_what_is_cached_of_a_span_does_not_depend_on_the_end_that_came_first(tmp_path: Path) -> None:
    """Two ends of one day, before and after an order: each has its own answer, in whatever order they are asked."""
    at = NOW - DAY // 2
    facts = {"channel": "merchant", "status": "shipped"}
    with Store.open(tmp_path / "a.db", clock=CLOCK) as store:
        take(store, Report("all_orders", (row(1, purchased_at=at, prime="yes", **facts),
                                          row(2, purchased_at=at + 1, **facts))))  # fmt: skip
        start = NOW - DAY
        for ends in ((at - 1, at, at + 1), (at + 1, at, at - 1)):
            store.set_meta("changed", str(ends))
            shipped = {end: store.rates.names_shipped("US", start, end) for end in ends}
            prime = {end: store.rates.prime_orders("US", start, end) for end in ends}
            assert shipped == {at - 1: False, at: True, at + 1: True}
            assert {end: (len(known), unknown) for end, (known, unknown) in prime.items()} == {
                at - 1: (0, 0), at: (1, 0), at + 1: (1, 1)
            }  # fmt: skip
        asked = store.rates.prime_orders("US", start, NOW)
        assert store.rates.prime_orders("US", start, NOW + 60) is asked, "time passes, and nothing is read again"


def test_an_order_on_the_verge_is_due_at_once(folder: Path) -> None:
    with Store.open(folder / "orders.db", clock=CLOCK) as store:
        before = [one.id for one in store.rates.auto_cancellations("US", NOW)]
        flags = OrderFlags(verge=Verge.CANCELLATION)
        ReportFlags(store.database).keep({"113-0000010-0000001": flags, "113-0000011-0000001": flags}, NOW)
        found = store.rates.auto_cancellations("US", NOW)
        waiting = store.orders.id_of("113-0000010-0000001")
        assert [(one.id, one.at) for one in found if one.at == 0] == [(waiting, 0)], "the other one was shipped"
        assert {one.id for one in found} == {*before, waiting}


spans = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 40), st.booleans()), max_size=6)


@given(spans)
@settings(deadline=None)
def test_what_reports_left_unread_is_what_no_whole_one_tells(reports: list[tuple[int, int, bool]]) -> None:
    """In hours: a report tells of the day of its first order, and of that of its last one what was there before it."""
    with TemporaryDirectory() as folder, Store.open(Path(folder) / "a.db", clock=CLOCK) as store:
        database = store.database
        for number, (first, length, is_whole) in enumerate(reports, 1):
            database.execute(
                "INSERT INTO imports (id, kind, path, sha256, has_request_column, at, finished)"
                " VALUES (?, 'all_orders', 'a', 'b', 0, 0, ?)", (number, int(is_whole)),
            )  # fmt: skip
            database.execute(
                "INSERT INTO unshipped_reports (import_id, marketplace, as_of, placed_from, placed_to)"
                " VALUES (?, 'US', ?, ?, ?)", (number, OF_ALL_ORDERS, first * HOUR, (first + length) * HOUR),
            )  # fmt: skip
        expected = {
            hour
            for number, (first, length, is_whole) in enumerate(reports)
            for hour in range(first, first + length + 1)
            if not is_whole
            and not any(
                whole and low - 23 <= hour <= low + more + (23 if other > number else 0)
                for other, (low, more, whole) in enumerate(reports)
            )
        }
        found = store.rates.partly_read("US", 0)
        assert {hour for hour in range(101) if any(low <= hour * HOUR <= high for low, high in found)} == expected
