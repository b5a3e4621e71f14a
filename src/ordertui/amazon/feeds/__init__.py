"""Feeds out: cancellation, refund and shipment files as bytes, flat and XML. Pure functions; the same items give the same bytes."""

from typing import NamedTuple

from .flat_file import adjustment_flat, cancellation_flat, encoding_of, fulfillment_flat
from .items import CancelItem, FeedError, RefundItem, ShipItem
from .xml_feed import acknowledgement_xml, adjustment_xml, fulfillment_xml


class FeedTypes(NamedTuple):
    """Amazon's names for a feed in its two forms."""

    flat: str
    xml: str


FEED_TYPES = {
    "cancel": FeedTypes("POST_FLAT_FILE_ORDER_ACKNOWLEDGEMENT_DATA", "POST_ORDER_ACKNOWLEDGEMENT_DATA"),
    "refund": FeedTypes("POST_FLAT_FILE_PAYMENT_ADJUSTMENT_DATA", "POST_PAYMENT_ADJUSTMENT_DATA"),
    "confirm": FeedTypes("POST_FLAT_FILE_FULFILLMENT_DATA", "POST_ORDER_FULFILLMENT_DATA"),
}
CARRIER_CODES = frozenset(
    [
        "USPS",
        "UPS",
        "UPSMI",
        "FedEx",
        "DHL",
        "DPD",
        "GLS",
        "Hermes",
        "Yodel",
        "TNT",
        "OnTrac",
        "LaserShip",
        "Correos",
        "Chronopost",
        "Colissimo",
        "YAMATO",
        "SAGAWA",
    ]
)
"""Carriers sent by code; any other goes as `Other` with its name."""

__all__ = [
    "CARRIER_CODES",
    "FEED_TYPES",
    "CancelItem",
    "FeedError",
    "FeedTypes",
    "RefundItem",
    "ShipItem",
    "acknowledgement_xml",
    "adjustment_flat",
    "adjustment_xml",
    "cancellation_flat",
    "encoding_of",
    "fulfillment_flat",
    "fulfillment_xml",
]
