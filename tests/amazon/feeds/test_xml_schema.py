"""The schema of the feeds, and the program's own check of it held against a full XML Schema validator."""

from __future__ import annotations

from typing import Any
from xml.etree.ElementTree import Element, tostring

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from ordertui.amazon import feeds
from ordertui.amazon.feeds import FeedError, xml_schema
from ordertui.amazon.feeds.vocabulary import CARRIER_CODES, OTHER
from ordertui.amazon.feeds.xml_schema import SCHEMA_FILE, read_schema
from ordertui.orders.enums import CancelReason, RefundReason
from ordertui.orders.order import LineAmounts

from .test_flat_file import CANCEL, REFUND, SHIP, B

AMOUNTS = LineAmounts(1999, 160, 500, 40, 300, 24, 200, 100)
NAMED = replace(REFUND, amounts=AMOUNTS, item_promotion_id="P-1", ship_promotion_id="S-1")
FEEDS = {
    "OrderAcknowledgement": feeds.acknowledgement_xml(
        [CANCEL, replace(CANCEL, item_id="100000000000002"), replace(CANCEL, order_id=B)], "M", 1, marketplace="US"
    ),
    "OrderAdjustment": feeds.adjustment_xml(
        [NAMED, replace(REFUND, order_id=B, units_cancelled=2, reason="NoInventory")], "M", 1, marketplace="US"
    ),
    "OrderFulfillment": feeds.fulfillment_xml(
        [SHIP, replace(SHIP, order_id=B, carrier_code="Other", carrier_name="Ours")], "M", 1, marketplace="US"
    ),
}
TEXTS = (
    "", " ", "0", "1", "-1", "1.5", "1.50", "-2.00", "12345678901234", "1234567890123456", "12345678901234567",
    "１2345678901234", "113-0000001-0000009", "USPS", "usps", "Other", "CustomerReturn", "BuyerCanceled", "Principal",
    "2026-11-23", "2026-11-23T00:00:00-08:00", "1.01", "x" * 255, "x" * 256, "a\tb", "a\nb", "é", "Failure",
)  # fmt: skip


@pytest.fixture(scope="module")
def full() -> Any:
    """Return a validator of the whole standard, which only tests depend on."""
    return pytest.importorskip("xmlschema").XMLSchema(str(SCHEMA_FILE))


def passes(content: bytes, kind: str) -> bool:
    try:
        feeds.check_feed(content, kind)
    except FeedError:
        return False
    return True


@pytest.mark.parametrize("kind", FEEDS)
def test_what_the_program_writes_fits_the_schema(kind: str, full: Any) -> None:
    feeds.check_feed(FEEDS[kind], kind)
    assert full.is_valid(FEEDS[kind].decode())


def _elements(root: Element) -> list[tuple[Element, Element]]:
    return [(parent, child) for parent in root.iter() for child in parent]


@settings(max_examples=400, deadline=None)
@given(kind=st.sampled_from(sorted(FEEDS)), data=st.data())
def test_a_damaged_feed_is_judged_as_a_full_validator_does(full: Any, kind: str, data: st.DataObject) -> None:
    root: Element = fromstring(FEEDS[kind])
    for _ in range(data.draw(st.integers(1, 2))):
        parent, child = data.draw(st.sampled_from(_elements(root)))
        how = data.draw(st.sampled_from(("text", "remove", "repeat", "rename", "move", "attribute", "no attribute")))
        if how == "text":
            child.text = data.draw(st.sampled_from(TEXTS))
        elif how == "remove":
            parent.remove(child)
        elif how == "repeat":
            parent.insert(list(parent).index(child), child)
        elif how == "rename":
            child.tag = data.draw(st.sampled_from([one.tag for one in root.iter()]))
        elif how == "move":
            parent.remove(child)
            parent.append(child)
        elif how == "attribute":
            child.set(data.draw(st.sampled_from(("currency", "note"))), data.draw(st.sampled_from(("USD", "usd", ""))))
        else:
            child.attrib.clear()
        if not _elements(root):
            return
    content = tostring(root)
    assert passes(content + b"\n", kind) is passes(content, kind), "with its line ends, plain messages go unparsed"
    by_pairs = full.is_valid(content.decode())
    if by_pairs != passes(content, kind):
        with pytest.raises(FeedError, match=r"needs a CarrierName|MessageType is|the message is no|is there twice"):
            feeds.check_feed(content, kind)
        assert by_pairs, "only what depends on two values may be stricter here"


@pytest.mark.parametrize(
    ("kind", "old", "new", "says"),
    [
        ("OrderAcknowledgement", b"000123456789012", b"123456789012",
         r"^order 113-0000001-0000009: AmazonOrderItemCode: '123456789012' is not allowed"),
        ("OrderAcknowledgement", b"<CancelReason>NoInventory</CancelReason>", b"", "Item lacks CancelReason"),
        ("OrderAdjustment", b"<MerchantPromotionID>S-1</MerchantPromotionID>", b"", "lacks MerchantPromotionID"),
        ("OrderAdjustment", b"19.99", b"19.9", r"^order 113-0000001-0000009: Amount: '19.9' is not allowed"),
        ("OrderAdjustment", b' currency="USD"', b"", "Amount lacks currency"),
        ("OrderAdjustment", b"NoInventory", b"BuyerCanceled", r"^order 113-0000002-0000009: AdjustmentReason"),
        ("OrderFulfillment", b"<CarrierCode>UPS</CarrierCode>", b"<CarrierName>UPS</CarrierName>", "lacks CarrierCode"),
        ("OrderFulfillment", b">UPS</CarrierCode>", b">Ups</CarrierCode>", "CarrierCode: 'Ups' is not allowed"),
        ("OrderFulfillment", b"<CarrierName>Ours</CarrierName>", b"",
         r"^order 113-0000002-0000009: .*needs a CarrierName"),
        ("OrderFulfillment", b"<Quantity>2</Quantity>", b"<Quantity>0</Quantity>", "Quantity: '0' is not allowed"),
        ("OrderFulfillment", b"T00:00:00-08:00", b"", "FulfillmentDate: '2026-11-23' is not allowed"),
        ("OrderFulfillment", b"<MessageID>2</MessageID>", b"2", "has text between its elements"),
        ("OrderAcknowledgement", b"<MessageType>OrderAck", b"<MessageType>OrderFulf",
         "MessageType: 'OrderFulfnowledgement' is not allowed"),
        ("OrderAcknowledgement", b"<MessageType>OrderAcknowledgement", b"<MessageType>OrderAdjustment",
         "MessageType is OrderAdjustment, not OrderAcknowledgement"),
        ("OrderAcknowledgement", b"</AmazonEnvelope>", b"", "not well-formed"),
        ("OrderAcknowledgement", b"000123456789012", b"0123456789012", "AmazonOrderItemCode"),
        ("OrderAcknowledgement", b"000123456789012", b"00012345678901234", "AmazonOrderItemCode"),
        ("OrderAcknowledgement", b"000123456789012", "０００１２３４５６７８９０１２".encode(), "AmazonOrderItemCode"),
        ("OrderAcknowledgement", b"NoInventory", b"PriceError", "CancelReason: 'PriceError' is not allowed"),
        ("OrderAcknowledgement", b"<MessageID>2</MessageID>", b"<MessageID>1</MessageID>", "1 is there twice"),
        ("OrderAdjustment", b"113-0000002-0000009", b"113-0000001-0000009",
         "AmazonOrderID 113-0000001-0000009 is there twice"),
        ("OrderAdjustment", b"NoInventory", b"OutOfStock", "AdjustmentReason: 'OutOfStock' is not allowed"),
        ("OrderAdjustment", b"<Type>Principal</Type>", b"<Type>ShippingPrice</Type>", "Type: 'ShippingPrice'"),
        ("OrderFulfillment", b">UPS</CarrierCode>", b">United Parcel</CarrierCode>", "CarrierCode: 'United Parcel'"),
    ],
)  # fmt: skip
def test_the_message_names_order_and_field(kind: str, old: bytes, new: bytes, says: str) -> None:
    assert old in FEEDS[kind]
    with pytest.raises(FeedError, match=says):
        feeds.check_feed(FEEDS[kind].replace(old, new, 1), kind)


def many(count: int) -> bytes:
    orders = [replace(CANCEL, order_id=f"113-0000001-{number:07d}") for number in range(count)]
    return feeds.acknowledgement_xml(orders, "M", 1, marketplace="US")


@pytest.mark.parametrize("size", [1, 7, 100, 65_536])
@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (b"", b"", ""),
        (b"113-0000001-0001999", b"113-0000001-199", r"AmazonOrderID: '113-0000001-199' is not allowed"),
        (b"</Message>\n</AmazonEnvelope>", b"</Message>x</AmazonEnvelope>", "has text between its elements"),
        (b"</Message>\n</AmazonEnvelope>", b"</Message><Header/></AmazonEnvelope>", "Header is not wanted there"),
        (b"<MessageID>1000<", b"<MessageID>x<", "MessageID: 'x' is not allowed"),
        (b"</Message>\n<Message><MessageID>1000<", b"</Message>x<Message><MessageID>1000<", "has text between"),
    ],
)
def test_a_long_feed_is_checked_to_its_end(
    monkeypatch: pytest.MonkeyPatch, size: int, old: bytes, new: bytes, says: str
) -> None:
    monkeypatch.setattr(xml_schema, "READ_AT_ONCE", size)
    content = many(2_000).replace(old, new) if old else many(2_000)
    if not says:
        feeds.check_feed(content, "OrderAcknowledgement")
        return
    with pytest.raises(FeedError, match=says):
        feeds.check_feed(content, "OrderAcknowledgement")


def test_the_schema_has_the_programs_words() -> None:
    def values(name: str) -> set[str]:
        found: set[str] = set()
        waiting: list[Any] = [read_schema()]
        while waiting:
            rule = waiting.pop()
            waiting += [option for step in rule.steps for option in step.options.values()]
            if rule.text is not None and rule.name == name:
                found |= rule.text.values
        return found

    assert values("CarrierCode") == {*CARRIER_CODES, OTHER}
    assert values("CancelReason") >= set(CancelReason)
    assert values("AdjustmentReason") >= set(RefundReason)
    assert len(set(CARRIER_CODES)) == len(CARRIER_CODES)
