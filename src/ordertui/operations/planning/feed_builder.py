"""Write the rows of a plan as the bytes of its feed files: pure, so that what is previewed is what is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256

from ordertui.amazon import feeds
from ordertui.orders.enums import Action

from .plan import PlanFile, PlanLine, PlannedOrder

CANCEL_FILE, REFUND_FILE, CONFIRM_FILE = "order-cancellation", "payment-adjustment", "shipping-confirmation"


def first_message_id(plan_id: str) -> int:
    """Return the MessageID of a plan's first XML message.

    It is derived from the plan, so that a report of another batch names other messages.
    """
    return (int(plan_id[:6], 16) + 1) * 100_000 + 1


def build_feed_files(
    plan_id: str,
    action: Action,
    marketplace: str,
    rows: Sequence[PlannedOrder],
    merchant_id: str,
    between: Callable[[], None] = lambda: None,
) -> tuple[PlanFile, ...]:
    """Return the flat file to upload, and the XML feed that says the same; nothing without rows, and for messages.

    Both are held against what Amazon takes (`feeds.check_flat_file`, `feeds.check_feed`). `between` is called now and
    then, and may raise. Raises FeedError.
    """
    if not rows or action is Action.MESSAGE:
        return ()
    first = first_message_id(plan_id)
    if action is Action.CANCEL:
        cancels = _cancels(rows)
        flat = feeds.cancellation_flat(cancels, marketplace=marketplace)
        between()
        xml = feeds.acknowledgement_xml(cancels, merchant_id, first, marketplace=marketplace)
        name, message = CANCEL_FILE, "OrderAcknowledgement"
    elif action is Action.REFUND:
        refunds = _refunds(rows)
        flat = feeds.adjustment_flat(refunds, marketplace=marketplace)
        between()
        xml = feeds.adjustment_xml(refunds, merchant_id, first, marketplace=marketplace)
        name, message = REFUND_FILE, "OrderAdjustment"
    else:
        shipments = _shipments(rows)
        flat = feeds.fulfillment_flat(shipments, marketplace=marketplace)
        between()
        xml = feeds.fulfillment_xml(shipments, merchant_id, first, marketplace=marketplace)
        name, message = CONFIRM_FILE, "OrderFulfillment"
    between()
    feeds.check_flat_file(flat, action, marketplace)
    feeds.check_feed(xml, message, between)
    kind = feeds.FEED_TYPES[action]
    return (
        PlanFile(f"{name}.txt", kind.flat, True, flat, sha256(flat).hexdigest()),
        PlanFile(f"{name}.xml", kind.xml, False, xml, sha256(xml).hexdigest()),
    )


def feed_problem(action: Action, marketplace: str, row: PlannedOrder) -> str:
    """Return why Amazon would refuse a row, or an empty text; one bad order must not stop a whole plan."""
    try:
        if action is Action.CANCEL:
            feeds.validate_items(_cancels([row]), marketplace)
        elif action is Action.REFUND:
            feeds.validate_items(_refunds([row]), marketplace)
        elif action is Action.CONFIRM:
            feeds.validate_items(_shipments([row]), marketplace)
    except feeds.FeedError as error:
        return str(error)
    return ""


def _cancels(rows: Sequence[PlannedOrder]) -> list[feeds.CancelItem]:
    return [
        feeds.CancelItem(row.order_id, line.order_item_id, line.reason or row.reason)
        for row in rows
        for line in row.lines
    ]


def _refunds(rows: Sequence[PlannedOrder]) -> list[feeds.RefundItem]:
    return [_refund(row, line) for row in rows for line in row.lines]


def _shipments(rows: Sequence[PlannedOrder]) -> list[feeds.ShipItem]:
    return [shipment(row, line) for row in rows for line in row.lines]


def flat_file_records(rows: Sequence[PlannedOrder]) -> list[tuple[str, str]]:
    """Return (order id, order item id) of each data row of the flat file; a processing report counts them from 1."""
    return [(row.order_id, line.order_item_id) for row in rows for line in row.lines]


def _refund(row: PlannedOrder, line: PlanLine) -> feeds.RefundItem:
    assert line.refund is not None, "a refund row has amounts on each line"
    return feeds.RefundItem(
        row.order_id, line.order_item_id, row.reason, row.currency or "", line.refund, line.cancelled,
        line.item_promotion_id, line.ship_promotion_id,
    )  # fmt: skip


def shipment(row: PlannedOrder, line: PlanLine) -> feeds.ShipItem:
    """Return a line of an order whose parcel left, as the feeds write it."""
    code, name = feeds.carrier_code(row.carrier)
    return feeds.ShipItem(
        order_id=row.order_id,
        item_id=line.order_item_id,
        quantity=line.quantity,
        ship_date=row.ship_date,
        carrier_code=code,
        carrier_name=name,
        tracking=row.tracking,
        method="",
    )
