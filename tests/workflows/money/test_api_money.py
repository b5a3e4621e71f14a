"""Money of orders that the API gives: units of a line that are cancelled, and Amazon's own totals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.operations.planning.plan import Plan, PlanLine
from ordertui.operations.session import Session
from ordertui.orders.clock import HOUR, FixedClock
from ordertui.orders.enums import Action, Dispatched, OrderStatus
from ordertui.orders.order import LineAmounts, Order
from support.api import session
from support.batches import feed_bytes
from support.simulator import Simulator
from support.simulator.shop import order

pytestmark = pytest.mark.usefixtures("api_credentials")

ID = "113-0000000-0000001"


def synced(sim: Simulator, clock: FixedClock, folder: Path, *, fulfilled: int, waiting: int, **item: Any) -> Session:
    """Sync order 1: three units of 10.00 and 1.00 tax each, of which some are cancelled by the seller."""
    made = session(sim, folder, clock)
    status = "UNSHIPPED" if not fulfilled else "SHIPPED" if not waiting else "PARTIALLY_SHIPPED"
    one = order(1, clock.now(), status, quantity=3, price=3000)
    one["orderItems"][0] |= {
        "fulfillment": {"quantityFulfilled": fulfilled, "quantityUnfulfilled": waiting},
        "cancellation": {"cancellationExecution": {"cancelledBy": "MERCHANT"}},
        **item,
    }
    sim.amazon.put(one)
    made.sync.sync()
    if not waiting:  # shipped orders come with a later change
        clock.advance(HOUR)
        made.sync.sync()
    return made


def known(made: Session) -> Order:
    found = made.orders.get(ID)
    assert found is not None
    return found


def plan(made: Session, action: Action, choices: PlanChoices | None = None) -> Plan:
    row_id = made.orders.id_of(ID)
    assert row_id is not None
    (found,) = made.planner.plan(action, [row_id], choices or PlanChoices())
    return found


def test_the_living_unit_of_a_line_can_be_cancelled_and_confirmed(
    sim: Simulator, clock: FixedClock, tmp_path: Path
) -> None:
    made = synced(sim, clock, tmp_path, fulfilled=0, waiting=1)
    found = known(made)
    assert [(line.quantity, line.status, line.order_item_id is None) for line in found.lines] == [
        (1, OrderStatus.UNSHIPPED, False), (2, OrderStatus.CANCELLED, True),
    ]  # fmt: skip
    assert found.row.total is not None
    assert found.row.total.minor == 1100, "two of three units are not paid for"
    (cancel,) = plan(made, Action.CANCEL).rows
    assert [(line.quantity, line.order_item_id) for line in cancel.lines] == [(1, "000000000000101")]
    xml = feed_bytes(plan(made, Action.CANCEL), made.context.merchant_id)["order-cancellation.xml"]
    assert b"<AmazonOrderItemCode>000000000000101<" in xml
    made.facts.set_dispatched([found.row.id], Dispatched.YES)
    ship = PlanChoices(shipping={ID: ("UPS", "1Z999", "2026-11-23")})
    (confirm,) = plan(made, Action.CONFIRM, ship).rows
    assert [(line.quantity, line.order_item_id) for line in confirm.lines] == [(1, "000000000000101")]
    before = made.rate.calculator.effects("US")[0].before
    assert before.cancelled == 1, "a cancelled unit makes the order count"
    clock.advance(HOUR)
    sim.amazon.orders[ID]["lastUpdatedTime"] = sim.amazon.orders[ID]["createdTime"]
    made.sync.sync()
    assert len(known(made).lines) == 2, "the same again is no third line"


def test_a_refund_of_what_was_shipped_never_pays_for_what_was_cancelled(
    sim: Simulator, clock: FixedClock, tmp_path: Path
) -> None:
    made = synced(sim, clock, tmp_path, fulfilled=1, waiting=1)
    found = known(made)
    assert (found.lines[0].quantity, found.lines[0].quantity_shipped) == (2, 1)
    (row,) = plan(made, Action.REFUND).rows
    assert [(line.quantity, line.cancelled, line.refund) for line in row.lines] == [(1, 1, LineAmounts(1000, 100))]
    rest = PlanLine(1, "000000000000101", "", 1, LineAmounts(2001, 200))
    beyond = plan(made, Action.REFUND, PlanChoices("Other", refunds={ID: (rest,)}))
    assert beyond.out[0].rule == "amount"


def test_by_the_unit_price_the_amounts_may_be_of_the_living_units_alone(
    sim: Simulator, clock: FixedClock, tmp_path: Path
) -> None:
    product = {"sellerSku": "S", "price": {"unitPrice": {"amount": "30.00", "currencyCode": "USD"}}}
    found = known(synced(sim, clock, tmp_path, fulfilled=0, waiting=1, product=product))
    assert found.lines[0].paid == LineAmounts(3000, 300)


@pytest.mark.parametrize(("total", "differs"), [("33.00", False), ("30.00", False), ("35.00", True), ("29.99", True)])
def test_a_total_that_the_parts_do_not_come_to_blocks_a_full_refund(
    sim: Simulator, clock: FixedClock, tmp_path: Path, total: str, differs: bool
) -> None:
    made = session(sim, tmp_path, clock)
    one = order(1, clock.now(), "PARTIALLY_SHIPPED", quantity=2, price=3000)
    one["orderItems"][0]["proceeds"]["proceedsTotal"] = {"amount": total, "currencyCode": "USD"}
    one["orderItems"][0]["fulfillment"] = {"quantityFulfilled": 2, "quantityUnfulfilled": 0}
    sim.amazon.put(one)
    made.sync.sync()
    facts = made.orders.api_facts(known(made).row.id)
    assert facts is not None
    assert bool(facts.differing_totals) is differs
    full = plan(made, Action.REFUND, PlanChoices("Other"))
    assert [out.rule for out in full.out] == (["proceeds"] if differs else [])
    if not differs:
        assert full.rows[0].total == 3300
        return
    assert f"Amazon's own total is USD {total}, its parts come to USD 33.00" in full.out[0].why
    low = min(round(float(total) * 100), 3300)
    for minor, fits in ((low - 1, True), (low, False)):
        amounts = LineAmounts(min(minor, 3000), max(0, minor - 3000))
        lines = (PlanLine(1, "000000000000101", "", 2, amounts),)
        part = plan(made, Action.REFUND, PlanChoices("Other", refunds={ID: lines}))
        assert bool(part.rows) is fits


GRAND = {
    "with the taxes": ("66.00", None, False),
    "without the taxes": ("60.00", None, False),
    "with a tip": ("71.00", "5.00", False),
    "a tip charged by itself": ("66.00", "5.00", False),
    "more": ("70.00", None, True),
    "less": ("59.99", None, True),
    "only one item": ("33.00", None, True),
}


@pytest.mark.parametrize("case", GRAND)
def test_a_grand_total_that_the_items_do_not_come_to_blocks_a_full_refund(
    sim: Simulator, clock: FixedClock, tmp_path: Path, case: str
) -> None:
    total, tip, differs = GRAND[case]
    made = session(sim, tmp_path, clock)
    one = order(1, clock.now(), "PARTIALLY_SHIPPED", quantity=2, price=3000)
    one["orderItems"].append({**one["orderItems"][0], "orderItemId": "000000000000102"})
    for item in one["orderItems"]:
        item["fulfillment"] = {"quantityFulfilled": 2, "quantityUnfulfilled": 0}
    one["proceeds"] = {"grandTotal": {"amount": total, "currencyCode": "USD"}, "breakdowns": []}
    if tip:
        charged = {"amount": tip, "currencyCode": "USD"}
        one["proceeds"]["breakdowns"].append({"type": "DELIVERY_TIP", "status": "FINALIZED", "subtotal": charged})
    sim.amazon.put(one)
    made.sync.sync()
    facts = made.orders.api_facts(known(made).row.id)
    assert facts is not None
    assert (facts.differing_grand_total is not None) is differs
    full = plan(made, Action.REFUND, PlanChoices("Other"))
    assert [out.rule for out in full.out] == (["proceeds"] if differs else [])
    if differs:
        assert f"the order: Amazon's own total is USD {total}, its parts come to USD 66.00" in full.out[0].why
        lines = (PlanLine(1, "000000000000101", "", 2, LineAmounts(1000)),)
        assert plan(made, Action.REFUND, PlanChoices("Other", refunds={ID: lines})).rows, "a part of it can be"
    else:
        assert full.rows[0].total == 6600


@pytest.mark.parametrize("total", ["66.00", "33.00"])
def test_what_was_cancelled_may_be_in_the_grand_total_or_not(
    sim: Simulator, clock: FixedClock, tmp_path: Path, total: str
) -> None:
    made = session(sim, tmp_path, clock)
    one = order(1, clock.now(), "PARTIALLY_SHIPPED", quantity=2, price=3000)
    gone = {"cancellation": {"cancellationExecution": {"cancelledBy": "BUYER"}}, "orderItemId": "000000000000102"}
    one["orderItems"].append({**one["orderItems"][0], **gone})
    one["proceeds"] = {"grandTotal": {"amount": total, "currencyCode": "USD"}}
    sim.amazon.put(one)
    made.sync.sync()
    facts = made.orders.api_facts(known(made).row.id)
    assert facts is not None
    assert facts.differing_grand_total is None
