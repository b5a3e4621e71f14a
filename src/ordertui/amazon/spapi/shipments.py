"""Request body of confirmShipment (Orders v0): one order, shipped completely in one parcel."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import count

import msgspec

from ordertui.amazon.feeds import ShipItem
from ordertui.amazon.feeds.items import validate_items
from ordertui.amazon.feeds.xml_feed import local_midnight
from ordertui.orders.marketplace import MARKETPLACES


class _PackageDetail(msgspec.Struct, rename="camel"):
    package_reference_id: str


class _Request(msgspec.Struct, rename="camel"):
    package_detail: _PackageDetail


def free_parcel(taken: Collection[str]) -> str:
    """Return the lowest number that no parcel of the order has: a number that one has would edit that parcel."""
    return next(str(number) for number in count(1) if str(number) not in taken)


def parcel_of(body: bytes) -> str:
    """Return the number of the parcel that a request of `shipment_body` confirms."""
    return msgspec.json.decode(body, type=_Request).package_detail.package_reference_id


def shipment_body(items: Sequence[ShipItem], marketplace: str, parcel: str) -> bytes:
    """Return the request's JSON for the items of one order, checked like those of a feed. Raises FeedError.

    `parcel` is the number of the parcel within its order (`packageReferenceId`).
    """
    lines = list(validate_items(items, marketplace))
    head = lines[0]
    other = {"carrierName": head.carrier_name} if head.carrier_code == "Other" else {}
    return msgspec.json.encode(
        {
            "marketplaceId": MARKETPLACES[marketplace].id,
            "packageDetail": {
                "packageReferenceId": parcel,
                "carrierCode": head.carrier_code,
                **other,
                "trackingNumber": head.tracking,
                "shipDate": local_midnight(head.ship_date, marketplace),
                "orderItems": [{"orderItemId": one.item_id, "quantity": one.quantity} for one in lines],
            },
        }
    )
