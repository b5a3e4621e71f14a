"""Who newly counts, against a recount of the whole store; and whether it stays as it was committed."""

from collections.abc import Sequence
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordertui.cli.main import cli
from ordertui.operations.rate.figures import Dated
from ordertui.operations.session import Session
from ordertui.orders.clock import DAY, day_start
from ordertui.orders.enums import Action, Dispatched
from support.batches import commit, feed_bytes, send
from support.reports import write
from support.shops import (
    ALL_ORDERS,
    NOW,
    UNSHIPPED,
    all_orders_row,
    bring,
    item_id,
    open_session,
    order_id,
    standard,
    unshipped_row,
)

START = day_start(NOW, "America/Los_Angeles", -6)


class Kind(Enum):
    """How an order stands in the reports."""

    WAITING = "waiting"
    ASKED = "asked"
    PARTLY_CANCELLED = "partly cancelled"
    PARTLY_SHIPPED = "partly shipped"
    SHIPPED = "shipped"
    CANCELLED_SELLER = "cancelled: counts"
    CANCELLED_BUYER = "cancelled: does not count"
    CANCELLED_UNKNOWN = "cancelled by nobody knows whom"
    FBA = "fba"
    PENDING = "pending"


CANCELLABLE = (Kind.WAITING, Kind.ASKED, Kind.PARTLY_CANCELLED)
WORDS = {Kind.CANCELLED_SELLER: "Yes", Kind.CANCELLED_BUYER: "No"}
Spec = tuple[Kind, int, str, bool, bool]
"""Kind, age in seconds, what was done with it before (`held`, `sent`, or nothing), fact set after that, marked now."""

specs = st.lists(
    st.tuples(
        st.sampled_from(list(Kind)),
        st.integers(0, 9 * DAY),
        st.sampled_from(["", "", "held", "sent"]),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=25,
)


def make(session: Session, folder: Path, orders: Sequence[Spec]) -> None:
    """Import these orders: every line twice, for two lines of some kinds."""
    everything, open_, rated = [], [], []
    for n, (kind, age, *_) in enumerate(orders):
        status = {Kind.SHIPPED: "Shipped", Kind.PENDING: "Pending", Kind.PARTLY_SHIPPED: "Unshipped"}.get(
            kind, "Cancelled" if kind.name.startswith("CANCELLED") else "Unshipped"
        )
        channel = "Amazon" if kind is Kind.FBA else "Merchant"
        both = kind in (Kind.PARTLY_CANCELLED, Kind.PARTLY_SHIPPED)
        for line in (1, 2)[: 2 if both else 1]:
            item = "Cancelled" if kind is Kind.PARTLY_CANCELLED and line == 1 else status
            sku = f"SKU-{n}-{line}"
            everything.append(
                all_orders_row(n, status, age=age, fulfillment_channel=channel, item_status=item, sku=sku)
            )
            if status != "Unshipped" or channel == "Amazon" or item == "Cancelled":
                continue
            left = 1 if kind is Kind.PARTLY_SHIPPED and line == 1 else 0
            asked = "true" if kind is Kind.ASKED else "false"
            more = {"quantity-shipped": left, "quantity-to-ship": 1 - left, "order-item-id": item_id(n, line)}
            open_.append(unshipped_row(n, asked, age=age, sku=sku) | more)
        if kind in WORDS:
            rated.append({"Order Date": "", "Order ID": order_id(n), "Impacts Account Health": WORDS[kind]})
    bring(session, folder, everything=everything, open_=open_)
    if rated:
        names = ["Order Date", "Order ID", "Impacts Account Health"]
        session.imports.import_files([write(folder / "rate.txt", names, rated)], marketplace="US")


def ids_of(session: Session, numbers: Sequence[int]) -> list[int]:
    """Row numbers of the orders that are known."""
    return [found for n in numbers if (found := session.orders.id_of(order_id(n))) is not None]


def act(session: Session, action: Action, numbers: Sequence[int]) -> set[int]:
    """Commit what a plan takes in; gives the numbers of those orders."""
    taken: set[int] = set()
    for plan in session.planner.plan(action, ids_of(session, numbers)):
        if plan.rows:
            batch = session.batches.commit(plan, typed=str(plan.typed_count))
            taken |= {n for n in numbers if order_id(n) in {row.order_id for row in batch.rows}}
    return taken


@given(specs)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_newly_counting_is_a_recount_of_the_whole_store(orders: list[Spec]) -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        with open_session(folder) as session:
            make(session, folder, orders)
            numbers = range(len(orders))
            under_way: set[int] = set()
            for state in ("sent", "held"):
                mine = [n for n in numbers if orders[n][2] == state]
                cancelled = act(session, Action.CANCEL, [n for n in mine if orders[n][0] in CANCELLABLE])
                refunded = act(session, Action.REFUND, [n for n in mine if orders[n][0] is Kind.PARTLY_SHIPPED])
                under_way |= cancelled | refunded
                if state == "sent":
                    for batch in session.batches.find():
                        session.batches.release(batch.id)
                    session.dispatcher.run()
            session.facts.set_dispatched(ids_of(session, [n for n in numbers if orders[n][3]]), Dispatched.YES)
            session.facts.set_asked(ids_of(session, [n for n in numbers if orders[n][3]]), True)

            inside = {n for n in numbers if orders[n][0] is not Kind.FBA and NOW - orders[n][1] >= START}
            kind = {n: orders[n][0] for n in inside}
            asked = {n for n in inside if kind[n] is Kind.ASKED}
            maybe = {n for n in inside if kind[n] in (Kind.CANCELLED_UNKNOWN, Kind.PARTLY_CANCELLED)}
            sure = {n for n in inside if kind[n] is Kind.CANCELLED_SELLER} | ((under_way & inside) - asked)
            may_cancel = {n for n in inside - under_way if kind[n] in CANCELLABLE and not orders[n][3]} - asked
            may_refund = {n for n in inside - under_way if kind[n] is Kind.PARTLY_SHIPPED}
            outside = {n for n in numbers if orders[n][0] in CANCELLABLE and n not in under_way and not orders[n][3]}
            acts_on = may_cancel if any(orders[n][4] for n in outside) else may_refund
            fresh = {n for n in acts_on if orders[n][4]}

            marked = ids_of(session, [n for n in numbers if orders[n][4]])
            (effect,) = session.rate.calculator.effects("US", marked)
            before, after = effect.before, effect.after
            assert (before.orders, after.orders) == (len(inside), len(inside))
            assert (before.cancelled, before.cancelled_at_least) == (len(sure | maybe), len(sure))
            assert (after.cancelled, after.cancelled_at_least) == (len(sure | maybe | fresh), len(sure | fresh))
            assert before.committed == len((under_way & inside) - asked - maybe)
            assert len(session.rate.lists.listing("US")) == before.cancelled
            course = {point.ahead: point for point in session.rate.trend.course("US", marked)}
            assert (course[0].cancelled, course[0].after) == (before.cancelled, after.cancelled)

            if acts_on is may_cancel:
                newly = session.rate.calculator.counting.newly_counting(session.context.reader(), "US", marked)
                assert newly.issuperset(ids_of(session, [n for n in fresh if n not in maybe]))
                assert newly.isdisjoint(ids_of(session, [n for n in numbers if n in sure | maybe | asked]))
            action = Action.REFUND if acts_on is may_refund else Action.CANCEL
            plans = session.planner.plan(action, ids_of(session, [n for n in acts_on if orders[n][4]]))
            gains = [effect.after.cancelled - effect.before.cancelled for plan in plans for effect in plan.rates]
            assert sum(gains) == after.cancelled - before.cancelled, "panel and preview agree"
            for forecast in session.rate.outlook.forecast("US"):
                assert forecast.after.cancelled <= forecast.after.orders
            for dated in session.rate.calculator.effects("US", marked, dated=Dated.CANCELLATION):
                assert dated.before.cancelled_at_least <= dated.before.cancelled <= dated.after.cancelled


def test_a_partly_cancelled_order_counts_once(tmp_path: Path) -> None:
    """Two orders, one of which counts already: cancelling both makes two of two, not three."""
    session = open_session(tmp_path)
    make(session, tmp_path, [(Kind.PARTLY_CANCELLED, DAY, "", False, True), (Kind.WAITING, DAY, "", False, True)])
    ids = ids_of(session, [0, 1])
    (effect,) = session.rate.calculator.effects("US", ids)
    assert (effect.before.cancelled, effect.before.cancelled_at_least) == (1, 0)
    assert (effect.after.cancelled, effect.after.cancelled_at_least) == (2, 2)
    assert act(session, Action.CANCEL, [0, 1]) == {0, 1}
    (effect,) = session.rate.calculator.effects("US", ids)
    assert (effect.before.cancelled, effect.before.committed, effect.after.cancelled) == (2, 1, 2)


@pytest.mark.parametrize("files", [["partly-cancelled-day1", "partly-cancelled-day2"], ["partly-cancelled-two-orders"]])
def test_the_command_line_never_ends_in_a_count_that_cannot_be(tmp_path: Path, files: list[str]) -> None:
    rows = [
        all_orders_row(41, age=3 * DAY, sku="A", item_status="Cancelled", quantity=0),
        all_orders_row(41, age=3 * DAY, sku="B"),
    ]
    if files[0].endswith("orders"):
        rows.append(all_orders_row(43, age=3 * DAY))
    path = write(tmp_path / "a.txt", ALL_ORDERS, rows)
    base = ["--store", str(tmp_path / "orders.db"), "--as-of", "2026-11-23T14:05:00Z"]
    assert CliRunner().invoke(cli, [*base, "import", str(path)]).exit_code == 0
    for more in ([], ["--if-cancel", "status:unshipped"], ["--outlook"], ["--dated", "cancellation"]):
        found = CliRunner().invoke(cli, [*base, "rate", *more])
        assert found.exit_code == 0, found.output


def test_what_has_left_is_not_judged_again_by_later_facts(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    make(session, tmp_path, [(Kind.WAITING, DAY, "", False, False)] * 4 + [(Kind.SHIPPED, DAY, "", False, False)] * 125)
    send(session, Action.CANCEL, 0, 1, 2)
    commit(session, Action.CANCEL, 3)
    for n in range(4):
        session.facts.set_dispatched(ids_of(session, [n]), Dispatched.YES)
        (effect,) = session.rate.calculator.effects("US")
        assert (effect.before.cancelled, effect.before.orders) == (4, 129)
    session.batches.recall(2)
    assert session.rate.calculator.effects("US")[0].before.cancelled == 3, "what is taken back counts no more"


def test_only_a_report_changes_whether_a_sent_row_counts(tmp_path: Path) -> None:
    """The buyer asked with Amazon's button after the commit: a later report says so."""
    session = open_session(tmp_path)
    make(session, tmp_path, [(Kind.WAITING, DAY, "", False, False), (Kind.ASKED, DAY, "", False, False)])
    send(session, Action.CANCEL, 0, 1)
    assert session.rate.calculator.effects("US")[0].before.cancelled == 1
    later = {"reporting-date": "2026-11-23T13:30:00+00:00"}
    bring(session, tmp_path, open_=[unshipped_row(0, "true", sku="SKU-0-1") | later])
    assert session.rate.calculator.effects("US")[0].before.cancelled == 0


def some_asked(session: Session, folder: Path, *, shipped: int = 0) -> None:
    """Order 0 of two items: the buyer asked with Amazon's button for the second; `shipped` units of the first left."""
    both = [all_orders_row(0, sku=sku) for sku in ("A", "B")]
    open_ = []
    for line, sku in enumerate(("A", "B"), start=1):
        left = shipped if line == 1 else 0
        more = {"order-item-id": item_id(0, line), "quantity-shipped": left, "quantity-to-ship": 1 - left}
        open_.append(unshipped_row(0, "true" if line == 2 else "false", sku=sku) | more)
    bring(session, folder, everything=both, open_=open_)


def test_a_request_for_some_items_does_not_clear_the_order(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    some_asked(session, tmp_path)
    ids = ids_of(session, [0])
    assert [session.orders.count(f"request:{word}") for word in ("some", "official")] == [1, 0]
    assert [session.orders.count(f"counts:{word}") for word in ("yes", "no")] == [1, 0]
    (plan,) = session.planner.plan(Action.CANCEL, ids)
    (row,) = plan.rows
    assert row.counts
    assert "of B (item" in row.note
    assert any("some items only" in warning for warning in plan.warnings)
    assert [line.reason or row.reason for line in row.lines] == ["NoInventory", "BuyerCanceled"]
    text = feed_bytes(plan)["order-cancellation.txt"].decode()
    assert [line.split("\t")[1] for line in text.splitlines()[2:]] == ["NoInventory", "BuyerCanceled"]
    (effect,) = session.rate.calculator.effects("US", ids)
    assert effect.after.cancelled == 1


def test_of_a_partly_shipped_order_the_items_asked_for_are_cancelled_alone(tmp_path: Path) -> None:
    """By the API, or a second Unshipped line: of three items one left, one was asked for, one is still wanted."""
    session = open_session(tmp_path)
    skus = ("A", "B", "C")
    open_ = []
    for line, sku in enumerate(skus, start=1):
        left = int(line == 1)
        more = {"order-item-id": item_id(0, line), "quantity-shipped": left, "quantity-to-ship": 1 - left}
        open_.append(unshipped_row(0, "true" if sku == "B" else "false", sku=sku) | more)
    bring(session, tmp_path, everything=[all_orders_row(0, sku=sku) for sku in skus], open_=open_)
    (plan,) = session.planner.plan(Action.REFUND, ids_of(session, [0]))
    (row,) = plan.rows
    assert [(line.sku, line.cancelled) for line in row.lines] == [("B", 1)]
    assert not row.counts
    assert plan.rates == ()
    assert session.rate.calculator.effects("US", ids_of(session, [0]))[0].after.cancelled == 0


def test_an_item_cancelled_on_official_request_does_not_make_the_order_count(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    some_asked(session, tmp_path)
    gone = [
        all_orders_row(0, sku="A", updated=NOW - 60),
        all_orders_row(0, sku="B", item_status="Cancelled", quantity=0, updated=NOW - 60),
    ]
    bring(session, tmp_path, everything=gone)
    (effect,) = session.rate.calculator.effects("US", ids_of(session, [0]))
    assert (effect.before.cancelled, effect.after.cancelled) == (0, 1), "the other item was not asked for"
    assert session.orders.count("request:none") == 1


def test_a_refund_of_units_counts_the_same_in_panel_and_preview(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    orders = [(Kind.PARTLY_SHIPPED, DAY, "", False, True), *[(Kind.SHIPPED, DAY, "", False, False)] * 40]
    make(session, tmp_path, orders)
    (plan,) = session.planner.plan(Action.REFUND, ids_of(session, [0]))
    assert plan.rows[0].counts
    panel = session.rate.calculator.effects("US", ids_of(session, [0]))
    assert list(plan.rates) == panel
    assert (panel[0].before.cancelled, panel[0].after.cancelled) == (0, 1)


def test_amazons_own_cancelling_of_a_partly_cancelled_order_adds_nothing(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    old = 6 * DAY
    rows = [
        all_orders_row(1, age=old, sku="A", item_status="Cancelled", quantity=0),
        all_orders_row(1, age=old, sku="B"),
    ]
    due = {"promise-date": "2026-11-12T00:00:00+00:00", "reporting-date": "2026-11-23T13:00:00+00:00"}
    open_ = [unshipped_row(1, age=old, sku="B") | due]
    session.imports.import_files([write(tmp_path / "a.txt", ALL_ORDERS, rows)])
    session.imports.import_files([write(tmp_path / "o.txt", UNSHIPPED, open_)])
    (effect,) = session.rate.outlook.forecast("US")
    assert (effect.before.cancelled, effect.after.cancelled, effect.after.cancelled_at_least) == (1, 1, 1)
    assert next((day.cancelled, day.auto_cancels) for day in session.rate.outlook.days("US")) == (1, 0)


def test_nothing_but_amazons_word_changes_what_has_left(tmp_path: Path) -> None:
    """Of four sent cancellations one is the buyer's own; whatever is noted or imported since, three count."""
    with open_session(tmp_path) as session:
        standard(session, tmp_path)
        ids = [row_id for n in (1, 2, 3, 4) if (row_id := session.orders.id_of(order_id(n))) is not None]
        (plan,) = session.planner.plan(Action.CANCEL, ids)
        session.batches.release(session.batches.commit(plan, typed="4").id)
        session.dispatcher.run()

        def shown() -> tuple[int, int, int]:
            now = session.rate.calculator.effects("US")[0].before
            return now.cancelled, now.cancelled_at_least, now.orders

        def report(status: str, updated: int, **more: object) -> None:
            rows = [all_orders_row(n, status, updated=updated, **more) for n in (2, 3)]
            bring(session, tmp_path, everything=rows)

        assert shown() == (3, 3, 100)
        for dispatched in Dispatched:
            session.facts.set_dispatched(ids, dispatched)
            assert shown() == (3, 3, 100), dispatched
        for is_asked in (True, False):
            session.facts.set_asked(ids, is_asked)
            assert shown() == (3, 3, 100), is_asked
        report("Unshipped", NOW - 20 * DAY)
        assert shown() == (3, 3, 100), "a report of before"
        for minute, status in enumerate(("Unshipped", "Pending", "PartiallyShipped", "Odd")):
            report(status, NOW - 600 + 60 * minute)
            assert shown() == (3, 3, 100), status
        report("Shipped", NOW - 1)
        assert shown() == (1, 1, 100), "Amazon's word: they were shipped"


@pytest.mark.parametrize(
    ("lines", "request_", "counts"),
    [
        ([("true", 1), ("true", 1), ("false", 1)], "some", True),
        ([("true", 1), ("true", 1)], "official", False),
        ([("true", 1), ("false", 0)], "official", False),
        ([("true", 1), ("", 1)], "some", True),
        ([("false", 1), ("", 1)], "unknown", True),
        ([("false", 1), ("true", 0)], "none", True),
    ],
)
def test_a_request_is_of_the_items_that_are_wanted(
    lines: list[tuple[str, int]], request_: str, counts: bool, tmp_path: Path
) -> None:
    """Whole orders are the buyer's own only when every living item was asked for with Amazon's button."""
    with open_session(tmp_path) as session:
        everything = [all_orders_row(1, sku=f"S{n}", quantity=units) for n, (_, units) in enumerate(lines)]
        waiting = [
            unshipped_row(1, asked, sku=f"S{n}", order_item_id=item_id(1, n + 1), quantity_purchased=units)
            for n, (asked, units) in enumerate(lines)
        ]
        bring(session, tmp_path, everything=everything, open_=waiting)
        (plan,) = session.planner.plan(Action.CANCEL, list(session.orders.find()))
        (row,) = session.orders.rows(session.orders.find()).values()
        reason = "NoInventory" if counts else "BuyerCanceled"
        assert (row.buyer_request, plan.rows[0].reason, plan.rows[0].counts) == (request_, reason, counts)
