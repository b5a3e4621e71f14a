"""The XML twins of the upload files (AMAZON.md c, d, e)."""

from __future__ import annotations

from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from msgspec.structs import replace

from ordertui.amazon import feeds
from ordertui.amazon.feeds import CancelItem, FeedError
from ordertui.orders.order import LineAmounts

from .test_flat_file import CANCEL, REFUND, SHIP, A, B

ITEM = "50000000000001"


def parsed(content: bytes, kind: str) -> Element:
    """Return the parsed envelope, after checks of its head."""
    assert content.startswith(b'<?xml version="1.0" encoding="UTF-8"?>\n')
    root: Element = fromstring(content)
    feeds.check_feed(content, kind)
    assert (root.findtext("Header/DocumentVersion"), root.findtext("Header/MerchantIdentifier")) == ("1.01", "M&M")
    assert root.findtext("MessageType") == kind
    return root


def test_acknowledgement_failure_names_every_item_with_its_reason() -> None:
    items = [CANCEL, CancelItem(B, "70000000000001", "BuyerCanceled"), CancelItem(A, "100000000000002", "NoInventory")]
    root = parsed(feeds.acknowledgement_xml(items, "M&M", 901, marketplace="US"), "OrderAcknowledgement")
    found = [
        (
            message.findtext("MessageID"),
            message.findtext("OrderAcknowledgement/AmazonOrderID"),
            message.findtext("OrderAcknowledgement/StatusCode"),
            [(i.findtext("AmazonOrderItemCode"), i.findtext("CancelReason")) for i in message.iter("Item")],
        )
        for message in root.iter("Message")
    ]
    assert found == [
        ("901", A, "Failure", [("000123456789012", "NoInventory"), ("100000000000002", "NoInventory")]),
        ("902", B, "Failure", [("70000000000001", "BuyerCanceled")]),
    ]


def test_adjustment_gives_amounts_by_component_in_the_schemas_order() -> None:
    amounts = LineAmounts(1999, 160, 500, 40, 300, 24, 200, 100)
    item = replace(
        REFUND,
        amounts=amounts,
        units_cancelled=1,
        reason="NoInventory",
        item_promotion_id="P-1",
        ship_promotion_id="A&B",
    )
    root = parsed(feeds.adjustment_xml([item], "M&M", 1, marketplace="US"), "OrderAdjustment")
    assert root.findtext("Message/OrderAdjustment/ActionType") == "Refund"
    prices = [(c.findtext("Type"), c.findtext("Amount")) for c in root.iterfind(".//ItemPriceAdjustments/Component")]
    assert prices == [
        ("Principal", "19.99"), ("Tax", "1.60"), ("Shipping", "5.00"), ("ShippingTax", "0.40"), ("GiftWrap", "3.00"),
        ("GiftWrapTax", "0.24"),
    ]  # fmt: skip
    promotions = [
        (c.findtext("Type"), c.findtext("Amount")) for c in root.iterfind(".//PromotionAdjustments/Component")
    ]
    assert promotions == [("Principal", "-2.00"), ("Shipping", "-1.00")]
    assert [ident.text for ident in root.iter("MerchantPromotionID")] == ["P-1", "A&B"]
    assert {amount.get("currency") for amount in root.iter("Amount")} == {"USD"}
    assert root.findtext(".//QuantityCancelled") == "1"
    assert root.findtext(".//AmazonOrderItemCode") == "012345678901234"


def test_fulfillment_says_the_day_where_the_marketplace_is_and_escapes_names() -> None:
    other = replace(SHIP, order_id=B, carrier_code="Other", carrier_name="A & <B>", method="Over & night")
    root = parsed(
        feeds.fulfillment_xml([SHIP, replace(SHIP, item_id=ITEM), other], "M&M", 1, marketplace="US"),
        "OrderFulfillment",
    )
    first, second = root.iter("OrderFulfillment")
    assert first.findtext("FulfillmentDate") == "2026-11-23T00:00:00-08:00"
    assert first.findtext("FulfillmentData/CarrierCode") == "UPS"
    assert [(i.findtext("AmazonOrderItemCode"), i.findtext("Quantity")) for i in first.iter("Item")] == [
        ("01234567890123", "2"),
        (ITEM, "2"),
    ]
    assert second.findtext("FulfillmentData/CarrierName") == "A & <B>"
    assert second.findtext("FulfillmentData/CarrierCode") == "Other"
    assert first.find("FulfillmentData/CarrierName") is None
    assert second.findtext("FulfillmentData/ShippingMethod") == "Over & night"


def test_one_order_in_two_parcels_and_broken_envelopes_are_refused() -> None:
    with pytest.raises(FeedError, match="its items have different parcels; confirm them in separate batches"):
        feeds.fulfillment_xml([SHIP, replace(SHIP, item_id=ITEM, tracking="other")], "M", 1, marketplace="US")
    with pytest.raises(FeedError, match="MessageIDs count from 1"):
        feeds.acknowledgement_xml([CANCEL], "M", 0, marketplace="US")
    with pytest.raises(FeedError, match="the merchant id"):
        feeds.acknowledgement_xml([CANCEL], "M\x0b", 1, marketplace="US")
