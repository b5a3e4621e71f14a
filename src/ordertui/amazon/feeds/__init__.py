"""Write feeds: cancellations, refunds and shipping confirmations as bytes, as flat files and as XML.

Pure functions: the same items give the same bytes.
"""

from typing import NamedTuple

from ordertui.orders.enums import Action

from .flat_file import adjustment_flat, cancellation_flat, encoding_of, fulfillment_flat
from .items import CancelItem, FeedError, RefundItem, ShipItem
from .xml_feed import acknowledgement_xml, adjustment_xml, fulfillment_xml


class FeedTypes(NamedTuple):
    """Amazon's feed types for one action, by file format."""

    flat: str
    xml: str


FEED_TYPES: dict[Action, FeedTypes] = {
    Action.CANCEL: FeedTypes("POST_FLAT_FILE_ORDER_ACKNOWLEDGEMENT_DATA", "POST_ORDER_ACKNOWLEDGEMENT_DATA"),
    Action.REFUND: FeedTypes("POST_FLAT_FILE_PAYMENT_ADJUSTMENT_DATA", "POST_PAYMENT_ADJUSTMENT_DATA"),
    Action.CONFIRM: FeedTypes("POST_FLAT_FILE_FULFILLMENT_DATA", "POST_ORDER_FULFILLMENT_DATA"),
}
CARRIER_CODES = frozenset(
    {
        "USPS", "UPS", "UPSMI", "FedEx", "DHL", "DPD", "GLS", "Hermes", "Yodel", "TNT", "OnTrac", "LaserShip",
        "Correos", "Chronopost", "Colissimo", "YAMATO", "SAGAWA",
    }
)  # fmt: skip
"""Carriers that are sent by their code; any other is sent as `Other` with its name."""

__all__ = [
    "CARRIER_CODES", "FEED_TYPES", "CancelItem", "FeedError", "FeedTypes", "RefundItem", "ShipItem",
    "acknowledgement_xml", "adjustment_flat", "adjustment_xml", "cancellation_flat", "encoding_of", "fulfillment_flat",
    "fulfillment_xml",
]  # fmt: skip
