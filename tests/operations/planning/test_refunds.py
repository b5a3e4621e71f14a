"""Refunds: partly shipped orders, units that never left, and what is left after any number of refunds."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ordertui.amazon.feeds.vocabulary import FLAT_REFUND_REASONS
from ordertui.operations.config import Config
from ordertui.operations.denials import Denial
from ordertui.operations.errors import UnknownReason
from ordertui.operations.planning.lines import CANCELLED_BY_REFUND, refund_lines
from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.planning.plan import Plan, PlanLine
from ordertui.operations.planning.reasons import reasons_for
from ordertui.operations.query.api_sentences import order_sentences
from ordertui.operations.query.export import line_records
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock, iso_utc
from ordertui.orders.enums import (
    Action,
    BuyerRequest,
    CancelledBy,
    Channel,
    Dispatched,
    OrderStatus,
    Refunded,
    RefundReason,
    YesNo,
)
from ordertui.orders.money import format_money
from ordertui.orders.order import COMPONENTS, LineAmounts, Order, OrderLine, OrderRow
from ordertui.orders.refund_limit import most_of, prorate, refund_excess, refund_limit, waiting_units
from support.batches import feed_bytes
from support.fake_amazon import write_report
from support.shops import NOW, all_orders_row, bring, item_id, open_session, order_id, unshipped_row

PARCEL = ("UPS", "1Z", "2026-11-23")
PRICES = {"item_price": "30.00", "item_tax": "2.41", "shipping_price": "5.00", "item_promotion_discount": "3.00"}


def partly_shipped(session: Session, folder: Path, *, requested: str = "false", shipped: int = 1) -> int:
    """Order 1: three units at 30.00 together, `shipped` of them confirmed. Gives its row number."""
    row = {"quantity": 3, "item_status": "Unshipped", **PRICES}
    bring(
        session,
        folder,
        everything=[all_orders_row(1, "PartiallyShipped", **row)],
        open_=[
            unshipped_row(1, requested, quantity_purchased=3, quantity_shipped=shipped, quantity_to_ship=3 - shipped)
        ],
    )
    found = session.orders.id_of(order_id(1))
    assert found is not None
    return found


def only(plans: tuple[Plan, ...]) -> Plan:
    assert len(plans) == 1
    return plans[0]


def refund(session: Session, row_id: int, *lines: PlanLine) -> Plan:
    return only(
        session.planner.plan(
            Action.REFUND, [row_id], PlanChoices("GeneralAdjustment", refunds={order_id(1): lines} if lines else {})
        )
    )


def send(session: Session, plan: Plan, clock: FixedClock, folder: Path) -> str:
    """Commit, dispatch and have Amazon take every row; gives the flat file's text."""
    batch = session.batches.commit(plan, typed=str(len(plan.rows)))
    clock.advance(plan.hold_seconds)
    assert [sent.id for sent in session.dispatcher.run()] == [batch.id]
    records = sum(len(row.lines) for row in plan.rows)
    report = write_report(folder / f"report-{batch.id}.txt", records)
    session.results.take_in([report], batch.id, [f"batch-{other}" for other in range(1, batch.id)])
    return feed_bytes(plan)["payment-adjustment.txt"].decode()


def test_a_partly_shipped_order_gives_back_the_units_that_never_left(tmp_path: Path) -> None:
    clock = FixedClock(NOW)
    session = open_session(tmp_path, clock=clock)
    row_id = partly_shipped(session, tmp_path)
    plan = refund(session, row_id)
    line = plan.rows[0].lines[0]
    assert (line.quantity, line.cancelled) == (2, 2)
    assert line.refund == LineAmounts(2000, 160, 333, 0, 0, 0, 200, 0), "two thirds of each component, rounded down"
    assert plan.rows[0].reason == "NoInventory"
    assert plan.rows[0].counts, "one cancelled item makes the order count (AMAZON.md a)"
    assert "2 units of SKU-1, not shipped" in plan.rows[0].note
    before, after = plan.rates[0].before, plan.rates[0].after
    assert (before.cancelled, after.cancelled, after.orders) == (0, 1, 1)
    text = send(session, plan, clock, tmp_path).splitlines()
    cells = dict(zip(text[0].split("\t"), text[1].split("\t"), strict=True))
    assert cells["quantity-cancelled"] == "2"
    assert cells["item-price-adj"] == "18.00", "less the promotion, whose id no report gave"
    assert "item-promotion-adj" not in cells
    xml = feed_bytes(plan)["payment-adjustment.xml"]
    adjusted = next(ElementTree.fromstring(xml).iter("AdjustedItem"))
    assert [child.tag for child in adjusted][-1] == "QuantityCancelled"

    assert session.rate.calculator.effects("US")[0].before.cancelled == 1, (
        "no report shows it yet, so this store's own word counts"
    )
    again = refund(session, row_id)
    assert again.rates == ()
    assert again.rows[0].lines[0].cancelled == 0, "the two are cancelled; a second refund is for what was shipped"
    assert again.rows[0].lines[0].refund == LineAmounts(1000, 81, 167, 0, 0, 0, 100, 0)
    beyond = refund(session, row_id, PlanLine(1, item_id(1), "SKU-1", 1, LineAmounts(item_price=1), 1))
    assert beyond.out[0].rule == "units"


@pytest.mark.parametrize(("cancelled", "left"), [(1, 1), (2, 0)])
def test_units_that_a_refund_cancels_are_not_confirmed_as_shipped(tmp_path: Path, cancelled: int, left: int) -> None:
    """Amazon would be told that what it was asked to cancel is on its way, or it would be packed and sent."""
    clock = FixedClock(NOW)
    session = open_session(tmp_path, clock=clock)
    row_id = partly_shipped(session, tmp_path)
    part = PlanLine(1, item_id(1), "SKU-1", cancelled, LineAmounts(item_price=1000 * cancelled), cancelled)
    send(session, refund(session, row_id, part), clock, tmp_path)
    session.facts.set_dispatched([row_id], Dispatched.YES)
    plan = only(session.planner.plan(Action.CONFIRM, [row_id], PlanChoices(shipping={order_id(1): PARCEL})))
    assert [[(line.quantity, line.ordered) for line in row.lines] for row in plan.rows] == [[(left, 3)]] * bool(left)
    assert [out.why for out in plan.out] == [CANCELLED_BY_REFUND.why] * (not left)


def test_a_buyer_who_asked_officially_makes_the_cancelled_units_not_count(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    assert not refund(session, partly_shipped(session, tmp_path, requested="true")).rows[0].counts


def test_money_alone_cancels_no_unit(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    row_id = partly_shipped(session, tmp_path)
    plan = refund(session, row_id, PlanLine(1, item_id(1), "SKU-1", 1, LineAmounts(shipping_price=500)))
    assert plan.rows[0].lines[0].cancelled == 0
    assert not plan.rows[0].counts
    text = feed_bytes(plan)["payment-adjustment.txt"]
    assert b"quantity-cancelled" in text
    assert text.endswith(b"\t0\r\n")
    assert plan.rows[0].reason == "GeneralAdjustment"


def test_without_shipped_units_nothing_is_guessed(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    bring(session, tmp_path, open_=[unshipped_row(1, quantity_purchased=3)])
    bring(session, tmp_path, everything=[all_orders_row(1, "PartiallyShipped", updated=NOW, quantity=3, **PRICES)])
    row_id = session.orders.id_of(order_id(1))
    assert row_id is not None
    order = session.orders.get(order_id(1))
    assert order is not None
    if order.lines[0].quantity_shipped is None:
        assert refund(session, row_id).out[0].rule == "units"
    else:
        assert refund(session, row_id).rows[0].lines[0].cancelled == 3 - order.lines[0].quantity_shipped


def shipped(session: Session, folder: Path) -> int:
    """Order 1: one unit, confirmed. Gives its row number."""
    bring(session, folder, open_=[unshipped_row(1)])
    bring(session, folder, everything=[all_orders_row(1, "Shipped", updated=NOW)])
    row_id = session.orders.id_of(order_id(1))
    assert row_id is not None
    return row_id


def test_a_reason_is_a_claim_and_there_is_none_unasked(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    row_id = shipped(session, tmp_path)
    session.facts.set_dispatched([row_id], Dispatched.YES)
    without = only(session.planner.plan(Action.REFUND, [row_id]))
    assert ([out.rule for out in without.out], without.rows, without.files) == (["reason"], (), ())
    for reason in RefundReason:
        (row,) = only(session.planner.plan(Action.REFUND, [row_id], PlanChoices(reason))).rows
        assert row.reason == reason
        assert ("the upload file says GeneralAdjustment" in row.note) is (reason not in FLAT_REFUND_REASONS)
    with pytest.raises(UnknownReason):
        session.planner.plan(Action.REFUND, [row_id], PlanChoices("BuyerCanceled"))
    session.facts.set_dispatched([row_id], Dispatched.NO)
    assert only(session.planner.plan(Action.REFUND, [row_id])).rows[0].reason == "CouldNotShip", "the operator's word"


def test_a_reason_of_the_policy_file_is_the_operators_own(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text('[settings]\nrefund_reason = "CustomerReturn"\n', encoding="utf-8")
    session = Session.open(
        tmp_path / "orders.db", clock=FixedClock(NOW), config=Config(policy_file=str(tmp_path / "policy.toml"))
    )
    row_id = shipped(session, tmp_path)
    assert only(session.planner.plan(Action.REFUND, [row_id])).rows[0].reason == "CustomerReturn"
    assert only(session.planner.plan(Action.REFUND, [row_id], PlanChoices("Exchange"))).rows[0].reason == "Exchange"


@pytest.mark.parametrize(("requested", "default"), [("false", "NoInventory"), ("true", "CustomerCancel")])
def test_cancelled_units_take_two_reasons_only(tmp_path: Path, requested: str, default: str) -> None:
    session = open_session(tmp_path)
    row_id = partly_shipped(session, tmp_path, requested=requested)
    assert only(session.planner.plan(Action.REFUND, [row_id])).rows[0].reason == default
    for reason in RefundReason:
        fits = reason in ("NoInventory", "CustomerCancel")
        own = only(session.planner.plan(Action.REFUND, [row_id], PlanChoices(reasons={order_id(1): reason})))
        assert [row.reason for row in own.rows] == ([reason] if fits else [])
        for_all = only(session.planner.plan(Action.REFUND, [row_id], PlanChoices(reason))).rows[0]
        assert for_all.reason == (reason if fits else default)
        assert (f"{reason} does not go with that" in for_all.note) is not fits
    assert reasons_for(Action.REFUND, cancels_units=True) == ("NoInventory", "CustomerCancel")


amounts = st.builds(
    LineAmounts,
    item_price=st.integers(0, 3000),
    item_tax=st.integers(0, 241),
    shipping_price=st.integers(0, 500),
    item_promotion=st.integers(0, 300),
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(asks=st.lists(st.tuples(amounts, st.integers(0, 2)), min_size=1, max_size=4))
def test_any_refunds_and_then_the_rest_give_back_what_was_paid(
    tmp_path_factory: pytest.TempPathFactory, asks: list[tuple[LineAmounts, int]]
) -> None:
    """Against a slow count: what is taken in is subtracted by hand; what did not fit is left out; the rest is exact."""
    folder = tmp_path_factory.mktemp("refunds")
    clock = FixedClock(NOW)
    with open_session(folder, clock=clock) as session:
        row_id = partly_shipped(session, folder)
        left = {"item_price": 3000, "item_tax": 241, "shipping_price": 500, "item_promotion": 300}
        units = 2
        for ask, cancel in asks:
            plan = refund(session, row_id, PlanLine(1, item_id(1), "SKU-1", 1, ask, cancel))
            paying = {name: getattr(ask, name) for name in left}
            total = sum(paying.values()) - 2 * paying["item_promotion"]
            total_left = sum(left.values()) - 2 * left["item_promotion"]
            fits = all(paying[n] <= max(0, left[n]) for n in left)
            fits = fits and 0 < total <= total_left and cancel <= units
            assert bool(plan.rows) is fits, (ask, left)
            if not fits:
                continue
            send(session, plan, clock, folder)
            left = {name: left[name] - paying[name] for name in left}
            units -= cancel
        order = session.orders.get(order_id(1))
        assert order is not None
        limit = refund_limit(order, order.lines[0])
        assert limit == LineAmounts(**left)
        assert order.lines[0].units_waiting == units


@given(st.builds(LineAmounts, *[st.integers(0, 10**6)] * 8), st.integers(1, 9), st.data())
def test_shares_add_up_to_no_more_than_the_whole(paid: LineAmounts, whole: int, data: st.DataObject) -> None:
    part = data.draw(st.integers(0, whole))
    one, other = prorate(paid, part, whole), prorate(paid, whole - part, whole)
    for name in COMPONENTS:
        rest = getattr(paid, name) - getattr(one, name) - getattr(other, name)
        assert 0 <= rest <= 1
    assert prorate(paid, whole, whole) == paid


NONE_BACK = LineAmounts()


def partly(line: OrderLine, *others: OrderLine) -> Order:
    """A partly shipped order of these lines."""
    row = OrderRow(
        1, order_id(1), "US", Channel.MERCHANT, OrderStatus.PARTIALLY_SHIPPED, NOW, None, None, 1, None,
        Dispatched.UNKNOWN, BuyerRequest.NONE, CancelledBy.NONE, Refunded.NONE, YesNo.NO, YesNo.NO, YesNo.NO,
        None, None, None, 1,
    )  # fmt: skip
    return Order(row, None, (line, *others), refunds_known=False, sources=())


def line_of(
    paid: LineAmounts, units: int, shipped: int, refunded: LineAmounts = NONE_BACK, *, at: int = 1
) -> OrderLine:
    return OrderLine(
        at, item_id(at), f"SKU-{at}", None, None, units, shipped, OrderStatus.UNSHIPPED, "USD", paid, refunded, 0,
        BuyerRequest.NONE, None,
    )  # fmt: skip


components = st.builds(LineAmounts, *[st.integers(0, 400)] * 8)


@given(components, components, st.integers(1, 5), st.data())
def test_units_that_never_left_give_back_all_there_is_and_no_more(
    paid: LineAmounts, before: LineAmounts, units: int, data: st.DataObject
) -> None:
    """Whatever went back before: by component and in all."""
    line = line_of(paid, units, data.draw(st.integers(0, units - 1)), before)
    found, left = waiting_units(partly(line), line), paid.minus(before)
    if found is None:
        return
    assert refund_excess(found[1], left) == ()
    assert min(getattr(found[1], name) for name in COMPONENTS) >= 0
    if paid.item_promotion == paid.ship_promotion == 0 == before.item_promotion == before.ship_promotion:
        share = prorate(paid, found[0], units)
        most = sum(min(getattr(share, name), max(0, getattr(left, name))) for name in COMPONENTS)
        assert found[1].total == min(most, left.total)


def test_a_unit_whose_share_is_gone_in_part_gives_back_the_rest() -> None:
    """Paid 50.00 after a promotion, and 40.00 went back: the half that never left gives back 10.00, not 25.00."""
    order = partly(line_of(LineAmounts(10_000, item_promotion=5_000), 2, 1, LineAmounts(4_000)))
    found = refund_lines(order, None)
    assert isinstance(found, tuple)
    assert [(one.cancelled, one.refund.total) for one in found if one.refund is not None] == [(1, 1_000)]


def test_what_shipped_is_not_given_back_for_a_free_unit_that_waits() -> None:
    found = refund_lines(partly(line_of(LineAmounts(5_000), 1, 1), line_of(LineAmounts(), 1, 0, at=2)), None)
    assert isinstance(found, Denial)
    assert found.rule == "units"


@pytest.mark.parametrize(
    ("named", "left", "refunded"),
    [
        ({"quantity": 1, "item_price": "10.00", "item_tax": "0.81", "item_status": "Shipped"}, None, Refunded.PARTIAL),
        ({"quantity": 3, "item_price": "30.00", "item_tax": "2.41", "item_status": "Shipped"}, "11.48",
         Refunded.PARTIAL),
        ({"quantity": 0, "item_price": "", "item_tax": "", "item_status": "Cancelled"}, "0.00", Refunded.PARTIAL),
    ],
)  # fmt: skip
def test_what_is_left_is_never_less_than_nothing_nor_reduced_by_units_that_are_named_no_more(
    tmp_path: Path, named: dict[str, object], left: str | None, refunded: Refunded
) -> None:
    """A report names the one unit that was shipped, all three, or none: the refund of two gave back 22.93 of 34.41."""
    clock = FixedClock(NOW)
    session = open_session(tmp_path, clock=clock)
    row_id = partly_shipped(session, tmp_path)
    send(session, refund(session, row_id), clock, tmp_path)
    prices = {} if named["quantity"] == 1 else {"shipping_price": "5.00", "item_promotion_discount": "3.00"}
    later = all_orders_row(1, "Shipped", updated=NOW + 3600, **named, **prices)
    bring(session, tmp_path, everything=[later])
    order = session.orders.get(order_id(1))
    assert order is not None
    assert order.row.refunded is refunded
    (line,) = line_records(order)
    assert line["refunded"] == "22.93"
    assert line["left"] == left
    assert any("more went back for an item" in one for one in order_sentences(order)) is (left is None)
    limit = refund_limit(order, order.lines[0])
    assert limit is None or limit.total >= 0
    again = refund(session, row_id)
    assert bool(again.rows) is (left == "11.48")
    assert list(session.recount().run()) == []


def two_lines(status: str = "Unshipped") -> list[dict[str, object]]:
    """Order 1 as All Orders names it: two lines of 10.80 each."""
    return [all_orders_row(1, status, sku=sku, item_status=status) for sku in ("SKU-1", "SKU-2")]


@pytest.mark.parametrize("report_first", [True, False])
def test_a_line_that_a_newer_unshipped_report_leaves_out_has_left(tmp_path: Path, report_first: bool) -> None:
    """Else cancelling the order would refund it all (DESIGN.md 5.6)."""
    session = open_session(tmp_path)
    waiting = [unshipped_row(1)]
    if report_first:
        bring(session, tmp_path, open_=waiting)
        bring(session, tmp_path, everything=two_lines())
    else:
        bring(session, tmp_path, everything=two_lines(), open_=waiting)
    row_id = session.orders.id_of(order_id(1))
    assert row_id is not None
    cancel = only(session.planner.plan(Action.CANCEL, [row_id]))
    assert (cancel.rows, cancel.out[0].rule, cancel.out[0].instead) == ((), "A7", "refund")
    rest = refund(session, row_id).rows[0].lines
    assert [(line.sku, line.cancelled) for line in rest] == [("SKU-1", 1)], "only what still waits"


def test_an_order_that_only_unshipped_orders_names_is_cancelled_with_a_warning(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    bring(session, tmp_path, open_=[unshipped_row(1)])
    row_id = session.orders.id_of(order_id(1))
    assert row_id is not None
    assert any("import All Orders" in word for word in only(session.planner.plan(Action.CANCEL, [row_id])).warnings)
    bring(session, tmp_path, everything=[all_orders_row(1)])
    assert not any("import All Orders" in word for word in only(session.planner.plan(Action.CANCEL, [row_id])).warnings)


def test_a_later_word_of_all_orders_that_nothing_left_is_believed(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    both = [unshipped_row(1), unshipped_row(1, sku="SKU-2", order_item_id=item_id(1, 2))]
    bring(session, tmp_path, everything=two_lines(), open_=both)
    row_id = session.orders.id_of(order_id(1))
    assert row_id is not None
    assert only(session.planner.plan(Action.CANCEL, [row_id])).rows
    bring(session, tmp_path, open_=[unshipped_row(1, reporting_date=iso_utc(NOW - 60))])
    assert not only(session.planner.plan(Action.CANCEL, [row_id])).rows
    later = [dict(row, **{"last-updated-date": iso_utc(NOW)}) for row in two_lines()]
    bring(session, tmp_path, everything=later)
    assert only(session.planner.plan(Action.CANCEL, [row_id])).rows


def test_no_amount_at_all_is_left_out(tmp_path: Path) -> None:
    session = open_session(tmp_path)
    partly_shipped(session, tmp_path)
    order = session.orders.get(order_id(1))
    assert order is not None
    found = refund_lines(order, [])
    assert not isinstance(found, tuple)
    assert found.rule == "amount"


@given(components, components)
def test_what_a_newer_report_made_too_much_is_told_and_nothing_is_given_unasked(
    paid: LineAmounts, before: LineAmounts
) -> None:
    line, left = line_of(paid, 1, 1, before), paid.minus(before)
    found = refund_lines(partly(line), None)
    most = most_of(left, left)
    assert (refund_excess(most, left) == () and min(map(most.__getattribute__, COMPONENTS)) >= 0) or left.total < 0
    if left.total <= 0:
        assert isinstance(found, Denial)
    elif below := [name for name in COMPONENTS if getattr(left, name) < 0]:
        assert isinstance(found, Denial)
        back, now = (format_money(getattr(one, below[0]), "USD") for one in (before, paid))
        assert f"{back} of its {below[0].replace('_', ' ')} went back" in found.why
        assert f"the newest report says that it was {now}" in found.why
    else:
        assert isinstance(found, tuple)
        assert found[0].refund == left
