"""Write the tab-delimited files for Seller Central's “Upload order related files” (AMAZON.md c, d, e)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ordertui.orders.money import format_decimal
from ordertui.orders.order import LineAmounts

from .items import CancelItem, FeedError, RefundItem, ShipItem, check_text, validate_items

TEMPLATE = (
    "TemplateType=OrderCancellation",
    "Version=1.0/1.0.3",
    "This row for Amazon.com use only.  Do not modify or delete.",
)
CANCELLATION = ("order-id", "cancellation-reason-code", "amazon-order-item-code")
ADJUSTMENT = (
    "order-id", "order-item-id", "adjustment-reason-code", "currency", "item-price-adj", "item-tax-adj",
    "shipping-price-adj", "shipping-tax-adj", "gift-wrap-price-adj", "gift-wrap-tax-adj", "item-promotion-adj",
    "item-promotion-id", "ship-promotion-adj", "ship-promotion-id", "quantity-cancelled",
)  # fmt: skip
PROMOTIONS = frozenset({"item-promotion-adj", "item-promotion-id", "ship-promotion-adj", "ship-promotion-id"})
FULFILLMENT = (
    "order-id", "order-item-id", "quantity", "ship-date", "carrier-code", "carrier-name", "tracking-number",
    "ship-method",
)  # fmt: skip


def encoding_of(marketplace: str) -> str:
    """Return the encoding of a marketplace's files: cp932 for Japan, else UTF-8 (AMAZON.md h)."""
    return "cp932" if marketplace == "JP" else "utf-8"


def _write_rows(rows: Iterable[Sequence[str]], marketplace: str) -> bytes:
    lines = []
    for row in rows:
        for cell in row:
            check_text(cell, "the value")
        lines.append("\t".join(row))
    text = "\r\n".join(lines) + "\r\n"
    try:
        return text.encode(encoding_of(marketplace))
    except UnicodeEncodeError as error:
        raise FeedError(
            f"{text[error.start : error.end]!r} cannot be written in {error.encoding}, which {marketplace} needs"
        ) from None


def cancellation_flat(items: Iterable[CancelItem], *, marketplace: str) -> bytes:
    """Return the Order Cancellation file: template line, header, one row for each item. Raises FeedError."""
    rows = [(item.order_id, item.reason, item.item_id) for item in validate_items(items, marketplace)]
    return _write_rows([TEMPLATE, CANCELLATION, *rows], marketplace)


def adjustment_flat(items: Iterable[RefundItem], *, marketplace: str) -> bytes:
    """Return the payment adjustment file. Raises FeedError.

    The four promotion columns are written only when one has a value: with empty ones the upload fails (help 661).
    """
    found = validate_items(items, marketplace)
    promotions = any(item.amounts.item_promotion or item.amounts.ship_promotion for item in found)
    columns = [name for name in ADJUSTMENT if promotions or name not in PROMOTIONS]
    rows = [[cells[name] for name in columns] for cells in (_adjustment_cells(item, marketplace) for item in found)]
    return _write_rows([columns, *rows], marketplace)


def _adjustment_cells(item: RefundItem, marketplace: str) -> dict[str, str]:
    amounts = include_tax(item.amounts) if marketplace == "JP" else item.amounts

    def text(minor: int) -> str:
        return format_two_decimals(minor, item.currency) if minor else ""

    return {
        "order-id": item.order_id,
        "order-item-id": item.item_id,
        "adjustment-reason-code": item.reason,
        "currency": item.currency,
        "item-price-adj": text(amounts.item_price),
        "item-tax-adj": text(amounts.item_tax),
        "shipping-price-adj": text(amounts.shipping_price),
        "shipping-tax-adj": text(amounts.shipping_tax),
        "gift-wrap-price-adj": text(amounts.gift_wrap_price),
        "gift-wrap-tax-adj": text(amounts.gift_wrap_tax),
        "item-promotion-adj": text(-amounts.item_promotion),
        "item-promotion-id": "",
        "ship-promotion-adj": text(-amounts.ship_promotion),
        "ship-promotion-id": "",
        "quantity-cancelled": str(item.units_cancelled) if item.units_cancelled else "",
    }


def format_two_decimals(minor: int, currency: str) -> str:
    """Return an amount with exactly two decimals, for yen too (help 661; amzn-base.xsd)."""
    text = format_decimal(minor, currency)
    return text if "." in text else f"{text}.00"


def include_tax(amounts: LineAmounts) -> LineAmounts:
    """Return the amounts for Japan, where prices include tax: each tax is added to its price and none is sent."""
    return LineAmounts(
        item_price=amounts.item_price + amounts.item_tax,
        shipping_price=amounts.shipping_price + amounts.shipping_tax,
        gift_wrap_price=amounts.gift_wrap_price + amounts.gift_wrap_tax,
        item_promotion=amounts.item_promotion,
        ship_promotion=amounts.ship_promotion,
    )


def fulfillment_flat(items: Iterable[ShipItem], *, marketplace: str) -> bytes:
    """Return the shipping confirmation file. Raises FeedError."""
    rows = [
        (i.order_id, i.item_id, str(i.quantity), i.ship_date, i.carrier_code, i.carrier_name, i.tracking, i.method)
        for i in validate_items(items, marketplace)
    ]
    return _write_rows([FULFILLMENT, *rows], marketplace)
