"""The body of confirmShipment (Orders v0): one order, one parcel, everything in it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ordertui.amazon.feeds import ShipItem
from ordertui.amazon.feeds.items import checked
from ordertui.amazon.feeds.xml_feed import midnight
from ordertui.orders.marketplace import MARKETPLACES

PARCEL = "1"
"""Number of the parcel within its order: the first, because only orders of which nothing left are confirmed this way."""


def shipment_body(items: Sequence[ShipItem], marketplace: str) -> bytes:
    """The request's JSON for the items of one order, checked as a feed's are. Raises FeedError."""
    lines = list(checked(items, marketplace))
    head = lines[0]
    other = {"carrierName": head.carrier_name} if head.carrier_code == "Other" else {}
    return msgspec.json.encode(
        {
            "marketplaceId": MARKETPLACES[marketplace].id,
            "packageDetail": {
                "packageReferenceId": PARCEL,
                "carrierCode": head.carrier_code,
                **other,
                "trackingNumber": head.tracking,
                "shipDate": midnight(head.ship_date, marketplace),
                "orderItems": [{"orderItemId": one.item_id, "quantity": one.quantity} for one in lines],
            },
        }
    )
