"""Write batches as XML feeds: OrderAcknowledgement, OrderAdjustment, OrderFulfillment. One message for each order.

`first_message` is the MessageID of the first message; the others count up from it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from ordertui.orders.marketplace import MARKETPLACES

from .flat_file import format_two_decimals
from .items import CancelItem, FeedError, RefundItem, ShipItem, check_text, group_by_order, validate_items
from .vocabulary import OTHER

_COMPONENTS = (
    ("Principal", "item_price"),
    ("Tax", "item_tax"),
    ("Shipping", "shipping_price"),
    ("ShippingTax", "shipping_tax"),
    ("GiftWrap", "gift_wrap_price"),
    ("GiftWrapTax", "gift_wrap_tax"),
)
"""Amazon's component type for each amount (OrderAdjustment.xsd)."""


_MESSAGE, _TAIL = b"<Message>", b"</AmazonEnvelope>\n"


def _text(value: str) -> str:
    """Return the value as XML text. `html.escape` is enough; `xml.sax.saxutils` would import urllib."""
    return escape(value, quote=False)


def acknowledgement_xml(
    items: Iterable[CancelItem], merchant_id: str, first_message: int, *, marketplace: str
) -> bytes:
    """Return an OrderAcknowledgement with StatusCode Failure and each item's CancelReason. Raises FeedError."""

    def body() -> Iterator[str]:
        for order_id, group in group_by_order(validate_items(items, marketplace)):
            lines = "".join(
                f"<Item><AmazonOrderItemCode>{i.item_id}</AmazonOrderItemCode>"
                f"<CancelReason>{i.reason}</CancelReason></Item>"
                for i in group
            )
            yield (
                f"<OrderAcknowledgement><AmazonOrderID>{order_id}</AmazonOrderID><StatusCode>Failure</StatusCode>"
                f"{lines}</OrderAcknowledgement>"
            )

    return _envelope("OrderAcknowledgement", merchant_id, first_message, body())


def adjustment_xml(items: Iterable[RefundItem], merchant_id: str, first_message: int, *, marketplace: str) -> bytes:
    """Return an OrderAdjustment: amounts by component, promotions apart and negative. Raises FeedError."""

    def body() -> Iterator[str]:
        for order_id, group in group_by_order(validate_items(items, marketplace)):
            lines = "".join(_adjusted_item(item) for item in group)
            yield (
                f"<OrderAdjustment><AmazonOrderID>{order_id}</AmazonOrderID><ActionType>Refund</ActionType>"
                f"{lines}</OrderAdjustment>"
            )

    return _envelope("OrderAdjustment", merchant_id, first_message, body())


def _adjusted_item(item: RefundItem) -> str:
    amounts = item.promotions_named()

    def component(kind: str, minor: int) -> str:
        money = f'<Amount currency="{item.currency}">{format_two_decimals(minor, item.currency)}</Amount>'
        return f"<Component><Type>{kind}</Type>{money}</Component>"

    prices = "".join(component(kind, getattr(amounts, name)) for kind, name in _COMPONENTS if getattr(amounts, name))
    promotions = "".join(
        f"<PromotionAdjustments><MerchantPromotionID>{_text(ident)}</MerchantPromotionID>{component(kind, -minor)}"
        "</PromotionAdjustments>"
        for kind, ident, minor in (
            ("Principal", item.item_promotion_id, amounts.item_promotion),
            ("Shipping", item.ship_promotion_id, amounts.ship_promotion),
        )
        if minor
    )
    cancelled = f"<QuantityCancelled>{item.units_cancelled}</QuantityCancelled>" if item.units_cancelled else ""
    return (
        f"<AdjustedItem><AmazonOrderItemCode>{item.item_id}</AmazonOrderItemCode>"
        f"<AdjustmentReason>{item.reason}</AdjustmentReason>"
        f"<ItemPriceAdjustments>{prices}</ItemPriceAdjustments>{promotions}{cancelled}</AdjustedItem>"
    )


def fulfillment_xml(items: Iterable[ShipItem], merchant_id: str, first_message: int, *, marketplace: str) -> bytes:
    """Return an OrderFulfillment. Raises FeedError, also for an order whose items left in different parcels."""

    def body() -> Iterator[str]:
        for order_id, group in group_by_order(validate_items(items, marketplace)):
            head = group[0]
            if any(
                (i.ship_date, i.carrier_code, i.carrier_name, i.tracking)
                != (head.ship_date, head.carrier_code, head.carrier_name, head.tracking)
                for i in group
            ):
                raise FeedError(f"order {order_id}: its items have different parcels; confirm them in separate batches")
            carrier = f"<CarrierCode>{_text(head.carrier_code)}</CarrierCode>"
            if head.carrier_code == OTHER:
                carrier += f"<CarrierName>{_text(head.carrier_name)}</CarrierName>"
            method = f"<ShippingMethod>{_text(head.method)}</ShippingMethod>" if head.method else ""
            lines = "".join(
                f"<Item><AmazonOrderItemCode>{i.item_id}</AmazonOrderItemCode><Quantity>{i.quantity}</Quantity></Item>"
                for i in group
            )
            yield (
                f"<OrderFulfillment><AmazonOrderID>{order_id}</AmazonOrderID>"
                f"<FulfillmentDate>{local_midnight(head.ship_date, marketplace)}</FulfillmentDate>"
                f"<FulfillmentData>{carrier}{method}"
                f"<ShipperTrackingNumber>{_text(head.tracking)}</ShipperTrackingNumber></FulfillmentData>"
                f"{lines}</OrderFulfillment>"
            )

    return _envelope("OrderFulfillment", merchant_id, first_message, body())


def local_midnight(day: str, marketplace: str) -> str:
    """Return the day's midnight in the marketplace's zone: midnight in UTC would be the day before in America."""
    return datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(MARKETPLACES[marketplace].zone)).isoformat()


def _envelope(kind: str, merchant_id: str, first_message: int, bodies: Iterator[str]) -> bytes:
    if first_message < 1:
        raise FeedError("MessageIDs count from 1")
    check_text(merchant_id, "the merchant id")
    messages = "\n".join(
        f"<Message><MessageID>{number}</MessageID>{body}</Message>" for number, body in enumerate(bodies, first_message)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<AmazonEnvelope xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        ' xsi:noNamespaceSchemaLocation="amzn-envelope.xsd">\n'
        f"<Header><DocumentVersion>1.01</DocumentVersion>"
        f"<MerchantIdentifier>{_text(merchant_id)}</MerchantIdentifier></Header>\n"
        f"<MessageType>{kind}</MessageType>\n{messages}\n{_TAIL.decode()}"
    ).encode()


def part_of_feed(content: bytes, *, is_first: bool, is_last: bool) -> bytes:
    """Return the bytes of a feed less its head, unless it is the first of several to be joined, and less its tail,
    unless it is the last.
    """
    start = 0 if is_first else content.index(_MESSAGE)
    return content[start:] if is_last else content[start : len(content) - len(_TAIL)]
