"""Write the rows of a plan as the bytes of its feed files: pure, so that what is previewed is what is written."""

from __future__ import annotations

from collections.abc import Sequence
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
    plan_id: str, action: Action, marketplace: str, rows: Sequence[PlannedOrder], merchant_id: str
) -> tuple[PlanFile, ...]:
    """Return the flat file to upload, and the XML feed that says the same; nothing without rows, and for messages."""
    if not rows or action is Action.MESSAGE:
        return ()
    first = first_message_id(plan_id)
    if action is Action.CANCEL:
        cancels = [
            feeds.CancelItem(row.order_id, line.order_item_id, line.reason or row.reason)
            for row in rows
            for line in row.lines
        ]
        flat = feeds.cancellation_flat(cancels, marketplace=marketplace)
        xml = feeds.acknowledgement_xml(cancels, merchant_id, first, marketplace=marketplace)
        name = CANCEL_FILE
    elif action is Action.REFUND:
        refunds = [_refund(row, line) for row in rows for line in row.lines]
        flat = feeds.adjustment_flat(refunds, marketplace=marketplace)
        xml = feeds.adjustment_xml(refunds, merchant_id, first, marketplace=marketplace)
        name = REFUND_FILE
    else:
        shipments = [shipment(row, line) for row in rows for line in row.lines]
        flat = feeds.fulfillment_flat(shipments, marketplace=marketplace)
        xml = feeds.fulfillment_xml(shipments, merchant_id, first, marketplace=marketplace)
        name = CONFIRM_FILE
    kind = feeds.FEED_TYPES[action]
    return (
        PlanFile(f"{name}.txt", kind.flat, True, flat, sha256(flat).hexdigest()),
        PlanFile(f"{name}.xml", kind.xml, False, xml, sha256(xml).hexdigest()),
    )


def flat_file_records(rows: Sequence[PlannedOrder]) -> list[tuple[str, str]]:
    """Return (order id, order item id) of each data row of the flat file; a processing report counts them from 1."""
    return [(row.order_id, line.order_item_id) for row in rows for line in row.lines]


def _refund(row: PlannedOrder, line: PlanLine) -> feeds.RefundItem:
    assert line.refund is not None, "a refund row has amounts on each line"
    return feeds.RefundItem(
        row.order_id, line.order_item_id, row.reason, row.currency or "", line.refund, line.cancelled
    )


def shipment(row: PlannedOrder, line: PlanLine) -> feeds.ShipItem:
    """Return a line of an order whose parcel left, as the feeds write it."""
    return feeds.ShipItem(
        order_id=row.order_id,
        item_id=line.order_item_id,
        quantity=line.quantity,
        ship_date=row.ship_date,
        carrier_code=row.carrier if row.carrier in feeds.CARRIER_CODES else "Other",
        carrier_name="" if row.carrier in feeds.CARRIER_CODES else row.carrier,
        tracking=row.tracking,
        method="",
    )
