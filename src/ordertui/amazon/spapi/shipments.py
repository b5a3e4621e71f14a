"""Request body of confirmShipment (Orders v0): one order, shipped completely in one parcel."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ordertui.amazon.feeds import ShipItem
from ordertui.amazon.feeds.items import validate_items
from ordertui.amazon.feeds.xml_feed import local_midnight
from ordertui.orders.marketplace import MARKETPLACES

PARCEL = "1"
"""Number of the parcel within its order: always the first, because only orders without any shipment go this way."""


def shipment_body(items: Sequence[ShipItem], marketplace: str) -> bytes:
    """Return the request's JSON for the items of one order, checked like those of a feed. Raises FeedError."""
    lines = list(validate_items(items, marketplace))
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
                "shipDate": local_midnight(head.ship_date, marketplace),
                "orderItems": [{"orderItemId": one.item_id, "quantity": one.quantity} for one in lines],
            },
        }
    )
