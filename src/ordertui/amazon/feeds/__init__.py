"""Write feeds: cancellations, refunds and shipping confirmations as bytes, as flat files and as XML.

Pure functions: the same items give the same bytes.
"""

from typing import NamedTuple

from ordertui.orders.enums import Action

from .flat_file import (
    adjustment_flat,
    cancellation_flat,
    check_flat_file,
    fulfillment_flat,
    takes_promotion_off,
    without_header,
)
from .items import CancelItem, FeedError, RefundItem, ShipItem, encoding_of, validate_items
from .vocabulary import carrier_code
from .xml_feed import acknowledgement_xml, adjustment_xml, fulfillment_xml, part_of_feed
from .xml_schema import check_feed


class FeedTypes(NamedTuple):
    """Amazon's feed types for one action, by file format."""

    flat: str
    xml: str


FEED_TYPES: dict[Action, FeedTypes] = {
    Action.CANCEL: FeedTypes("POST_FLAT_FILE_ORDER_ACKNOWLEDGEMENT_DATA", "POST_ORDER_ACKNOWLEDGEMENT_DATA"),
    Action.REFUND: FeedTypes("POST_FLAT_FILE_PAYMENT_ADJUSTMENT_DATA", "POST_PAYMENT_ADJUSTMENT_DATA"),
    Action.CONFIRM: FeedTypes("POST_FLAT_FILE_FULFILLMENT_DATA", "POST_ORDER_FULFILLMENT_DATA"),
}

MESSAGE_TYPES: dict[Action, str] = {
    Action.CANCEL: "OrderAcknowledgement", Action.REFUND: "OrderAdjustment", Action.CONFIRM: "OrderFulfillment",
}  # fmt: skip
"""Amazon's message type for one action, in XML."""

__all__ = [
    "FEED_TYPES", "MESSAGE_TYPES", "CancelItem", "FeedError", "FeedTypes", "RefundItem", "ShipItem",
    "acknowledgement_xml",
    "adjustment_flat", "adjustment_xml", "cancellation_flat", "carrier_code", "check_feed", "check_flat_file",
    "encoding_of", "fulfillment_flat", "fulfillment_xml", "part_of_feed", "takes_promotion_off", "validate_items",
    "without_header",
]  # fmt: skip
