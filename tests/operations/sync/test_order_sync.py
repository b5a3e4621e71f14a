"""A sync that Amazon makes hard: refused page tokens, lists without an end, orders that cannot be read."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from ordertui.amazon.spapi.client import MAX_EMPTY_PAGES
from ordertui.amazon.spapi.errors import BadAnswer, Rejected
from ordertui.cli.main import cli
from ordertui.operations.sync.order_sync import load_state
from ordertui.operations.sync.unread_orders import unread_orders
from ordertui.orders.batch_state import RowState
from ordertui.orders.clock import DAY, HOUR, FixedClock
from ordertui.orders.enums import Action, OrderStatus
from support.api import Change, change_answers, session
from support.model_store import Floor
from support.simulator import Simulator
from support.simulator.handlers import problem
from support.simulator.shop import order

pytestmark = pytest.mark.usefixtures("api_credentials")

FIRST, SECOND = "113-0000000-0000001", "113-0000000-0000002"


# -- lists without an end


def test_a_page_token_that_amazon_always_refuses_is_tried_twice_and_then_told(
    sim: Simulator, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(1, 151):
        sim.amazon.put(order(number, clock.now()))

    def refuse(query: dict[str, str], reply: tuple[int, Any]) -> tuple[int, Any]:
        refused = problem(400, "InvalidInput", "paginationToken is not yours")
        return refused if "paginationToken" in query else reply

    made = session(sim, tmp_path, clock)
    with monkeypatch.context() as patch:
        change_answers(sim, patch, "searchOrders", refuse)
        with pytest.raises(Rejected, match="InvalidInput paginationToken is not yours"):
            made.sync.sync()
        assert sim.calls.count("searchOrders") == 4, "the first page and its next one, twice"
        assert made.orders.count() == 100, "what came is kept"
        assert load_state(made.context.store).running is None, "the next run does not try the refused token again"
    assert not made.sync.sync().stopped
    assert made.orders.count() == 150


def same_page(query: dict[str, str], reply: tuple[int, Any]) -> tuple[int, Any]:
    return reply[0], reply[1] | {"pagination": {"nextToken": "again"}}


def two_in_turn(query: dict[str, str], reply: tuple[int, Any]) -> tuple[int, Any]:
    following = "b" if query.get("paginationToken") == "a" else "a"
    return 200, {"orders": [order(1, 1_800_000_000)], "pagination": {"nextToken": following}}


def ever_empty(query: dict[str, str], reply: tuple[int, Any]) -> tuple[int, Any]:
    return 200, {"orders": [], "pagination": {"nextToken": f"{query.get('paginationToken', '')}x"}}


@pytest.mark.parametrize(("change", "calls"), [(same_page, 2), (two_in_turn, 3), (ever_empty, MAX_EMPTY_PAGES)])
def test_a_list_of_orders_without_an_end_ends(
    sim: Simulator, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Change, calls: int
) -> None:
    def anything(query: dict[str, str], reply: tuple[int, Any]) -> tuple[int, Any]:
        return change(query, (200, {"orders": [order(1, clock.now())]}) if reply[0] != 200 else reply)

    made = session(sim, tmp_path, clock)
    change_answers(sim, monkeypatch, "searchOrders", anything)
    with pytest.raises(BadAnswer, match="its list has no end"):
        made.sync.sync()
    assert sim.calls.count("searchOrders") == calls
    assert made.sync.status().watermark is None


def test_lists_of_feeds_and_bookings_without_an_end_end(
    sim: Simulator, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    floor = Floor(sim, clock, tmp_path / "shop")
    batch = floor.commit(Action.CANCEL, 1)
    with monkeypatch.context() as patch:
        change_answers(sim, patch, "getFeeds", lambda query, reply: (200, reply[1] | {"nextToken": "0"}))
        with pytest.raises(BadAnswer, match="getFeeds: Amazon names a page again"):
            floor.dispatch()
    assert floor.states(batch) == {RowState.HELD}, "nothing leaves while it is not known what Amazon has"
    with monkeypatch.context() as patch:
        change_answers(sim, patch, "listTransactions", lambda query, reply: (200, {"payload": {"nextToken": "0"}}))
        with pytest.raises(BadAnswer, match="listTransactions: Amazon names a page again"):
            floor.made.sync.refunds.find_transactions(FIRST)


def test_a_report_that_amazon_forgot_is_asked_for_again(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    from support.simulator.shop import all_orders_report

    sim.amazon.put(order(1, clock.now()))
    sim.amazon.report_makers["GET_FLAT_FILE_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL"] = all_orders_report(sim.amazon)
    made = session(sim, tmp_path, clock)
    assert made.sync.reports.import_history(20, stop=lambda: "getReport" in sim.calls)[1]
    sim.amazon.reports.clear()
    summaries, stopped = made.sync.reports.import_history(20)
    assert (len(summaries), stopped, sim.calls.count("createReport")) == (1, False, 2)


# -- orders that cannot be read


def test_an_update_in_the_future_freezes_nothing(sim: Simulator, clock: FixedClock, tmp_path: Path) -> None:
    made = session(sim, tmp_path, clock)
    sim.amazon.put(order(1, clock.now(), updated=clock.now() + 60 * DAY))
    notes = made.sync.sync_order(FIRST).notes
    assert any("in the future" in note for note in notes), notes
    clock.advance(HOUR)
    sim.amazon.put(order(1, clock.now(), "SHIPPED", updated=clock.now()))
    made.sync.sync_order(FIRST)
    found = made.orders.get(FIRST)
    assert found is not None
    assert found.row.status is OrderStatus.SHIPPED
    assert (made.orders.as_of() or 0) <= clock.now()


def without_value(found: dict[str, Any], *path: Any) -> None:
    for step in path[:-1]:
        found = found[step]
    found[path[-1]] = None


ABSENT = (
    ("programs",), ("fulfillment",), ("fulfillment", "shipByWindow"), ("fulfillment", "shipByWindow", "latestDateTime"),
    ("fulfillment", "fulfilledBy"), ("fulfillment", "fulfillmentStatus"), ("orderItems", 0, "product"),
    ("orderItems", 0, "product", "title"), ("orderItems", 0, "proceeds"), ("orderItems", 0, "fulfillment"),
    ("orderItems", 0, "proceeds", "breakdowns"), ("orderItems", 0, "fulfillment", "quantityFulfilled"),
    ("orderItems", 0, "cancellation"), ("associatedOrders",),
)  # fmt: skip
NEEDED = (
    ("orderItems",), ("orderItems", 0), ("orderItems", 0, "quantityOrdered"), ("orderItems", 0, "orderItemId"),
    ("createdTime",), ("lastUpdatedTime",), ("salesChannel",), ("salesChannel", "marketplaceId"),
    ("orderItems", 0, "proceeds", "breakdowns", 0, "subtotal"),
)  # fmt: skip


@pytest.mark.parametrize("path", ABSENT)
def test_a_null_is_an_absent_value(sim: Simulator, clock: FixedClock, tmp_path: Path, path: tuple[Any, ...]) -> None:
    bad = order(1, clock.now())
    without_value(bad, *path)
    made = session(sim, tmp_path, clock)
    with pytest.MonkeyPatch.context() as patch:
        change_answers(sim, patch, "searchOrders", lambda query, reply: (200, {"orders": [bad]}))
        found = made.sync.sync()
    assert (found.rejects, made.orders.count()) == ((), 1)
    known = made.orders.get(FIRST)
    assert known is not None
    assert known.row.status is (OrderStatus.UNKNOWN if path[-1] in ("fulfillment", "fulfillmentStatus")
        and path[0] == "fulfillment" else OrderStatus.UNSHIPPED)  # fmt: skip


@pytest.mark.parametrize("path", NEEDED)
def test_a_bad_order_is_named_by_id_and_path_and_costs_no_other(
    sim: Simulator, clock: FixedClock, tmp_path: Path, path: tuple[Any, ...]
) -> None:
    for number in (1, 2):
        sim.amazon.put(order(number, clock.now()))
    made = session(sim, tmp_path, clock)
    with pytest.MonkeyPatch.context() as patch:
        bad = order(1, clock.now())
        without_value(bad, *path)
        answers = {"orders": [bad, sim.amazon.orders[SECOND]]}
        change_answers(sim, patch, "searchOrders", lambda query, reply: (200, answers))
        change_answers(sim, patch, "getOrder", lambda query, reply: (200, {"order": bad}))
        found = made.sync.sync()
    assert made.orders.get(SECOND) is not None
    assert {reject.text for reject in found.rejects} == {FIRST}
    assert all("look at it in Seller Central" in reject.reason for reject in found.rejects)
    if path != ("salesChannel", "marketplaceId"):
        assert next(part for part in reversed(path) if isinstance(part, str)) in found.rejects[0].reason
    assert list(made.sync.status().unread) == [FIRST]
    again = made.sync.sync()
    assert (again.rejects, made.orders.count(), made.sync.status().unread) == ((), 2, {}), "fetched again, and read"


@pytest.mark.parametrize("units", [-2, 10**9, 10**20])
@pytest.mark.parametrize("name", ["quantityOrdered", "quantityFulfilled", "quantityUnfulfilled"])
def test_units_that_cannot_be_are_a_bad_order(
    sim: Simulator, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, units: int
) -> None:
    """They came in as they were: an order of -2 units, or an error that nobody foresaw."""
    bad = order(1, clock.now())
    item = bad["orderItems"][0]
    (item if name in item else item["fulfillment"])[name] = units
    made = session(sim, tmp_path, clock)
    change_answers(sim, monkeypatch, "searchOrders", lambda query, reply: (200, {"orders": [bad]}))
    change_answers(sim, monkeypatch, "getOrder", lambda query, reply: (200, {"order": bad}))
    found = made.sync.sync()
    assert (made.orders.count(), {reject.text for reject in found.rejects}) == (0, {FIRST})
    assert name in found.rejects[0].reason


def test_an_order_without_a_readable_id_is_listed_too(
    sim: Simulator, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = session(sim, tmp_path, clock)
    bad: list[Any] = [None, {"orderId": None}, order(2, clock.now())]
    change_answers(sim, monkeypatch, "searchOrders", lambda query, reply: (200, {"orders": bad}))
    found = made.sync.sync()
    assert made.orders.count() == 1
    assert {reject.text for reject in found.rejects} == {"an order without a readable id"}
    assert unread_orders(made.context.store) == {}


def test_nothing_leaves_for_an_order_whose_newest_state_cannot_be_read(
    sim: Simulator, clock: FixedClock, tmp_path: Path
) -> None:
    floor = Floor(sim, clock, tmp_path / "shop")
    batch = floor.commit(Action.CANCEL, 1)
    bad = order(1, clock.now(), "SHIPPED", updated=clock.now())
    bad["orderItems"][0]["quantityOrdered"] = "one"
    with pytest.MonkeyPatch.context() as patch:
        change_answers(sim, patch, "searchOrders", lambda query, reply: (200, {"orders": [bad]}))
        change_answers(sim, patch, "getOrder", lambda query, reply: (200, {"order": bad}))
        assert floor.dispatch(HOUR) == []
    assert any(FIRST in note and "cannot be read" in note and "quantityOrdered" in note for note in floor.notes)
    assert floor.states(batch) == {RowState.HELD}
    assert len(sim.amazon.posts) == 0
    floor.made.sync.sync()
    floor.dispatch(HOUR)
    assert floor.states(batch) != {RowState.HELD}


# -- exit codes


def test_the_command_line_says_that_not_all_went_through(
    sim: Simulator, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    floor = Floor(sim, clock, tmp_path / "shop")
    sim.amazon.refuse[FIRST] = ("InvalidInput", "carrierCode is not known")
    floor.commit(Action.CONFIRM, 1)
    floor.made.close()
    settings = tmp_path / "settings.toml"
    settings.write_text(
        f'merchant_id = "A1SELLER"\n[amazon]\nprofile = "test"\nmarketplaces = ["US"]\ndispatch = "api"\n'
        f'endpoint = "{sim.address}"\n',
        encoding="utf-8",
    )
    monkeypatch.setenv("ORDERTUI_CONFIG", str(settings))
    monkeypatch.setenv("ORDERTUI_TEST_CLOCK", "1")
    start = ["--store", str(tmp_path / "shop" / "orders.db"), "--as-of", "2026-11-23T14:11:00Z"]
    refused = CliRunner().invoke(cli, [*start, "dispatch", "--wait"])
    assert refused.exit_code == 7
    assert "batch 1: 1 order refused by Amazon" in refused.stderr
    assert "InvalidInput carrierCode is not known" in refused.stderr
    again = CliRunner().invoke(cli, [*start, "dispatch", "--wait"])
    assert again.exit_code == 0, "what went wrong before is not told of this run"
