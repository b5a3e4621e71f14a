"""Write the tab-delimited files for Seller Central's “Upload order related files” (AMAZON.md c, d, e)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ordertui.orders.enums import Action
from ordertui.orders.money import format_decimal

from .flat_columns import ADJUSTMENT, CANCELLATION, FULFILLMENT, PROMOTIONS, TEMPLATE, FlatColumn
from .items import CancelItem, RefundItem, ShipItem, check_text, encoding_of, validate_items
from .vocabulary import flat_refund_reason


def _write_rows(rows: Iterable[Sequence[str]], marketplace: str) -> bytes:
    lines = []
    for row in rows:
        for cell in row:
            check_text(cell, "the value")
        lines.append("\t".join(row))
    return ("\r\n".join(lines) + "\r\n").encode(encoding_of(marketplace))


def cancellation_flat(items: Iterable[CancelItem], *, marketplace: str) -> bytes:
    """Return the Order Cancellation file: template line, header, one row for each item. Raises FeedError."""
    rows = [(item.order_id, item.reason, item.item_id) for item in validate_items(items, marketplace)]
    return _write_rows([TEMPLATE, _names(CANCELLATION), *rows], marketplace)


def takes_promotion_off(item: RefundItem) -> bool:
    """Return whether a promotion with a known id is taken off: its file needs the promotion columns."""
    sent = item.promotions_named()
    return bool(sent.item_promotion or sent.ship_promotion)


def adjustment_flat(items: Iterable[RefundItem], *, marketplace: str, with_promotions: bool | None = None) -> bytes:
    """Return the payment adjustment file. Raises FeedError.

    Every field is required but those of promotions (help 661): 0.00 stands where nothing is given back, and the four
    promotion columns are written only when a promotion with a known id is taken off. `with_promotions` says it of the
    whole file when these are a part of its items.
    """
    found = validate_items(items, marketplace)
    if with_promotions is None:
        with_promotions = any(map(takes_promotion_off, found))
    columns = [name for name in _names(ADJUSTMENT) if with_promotions or name not in PROMOTIONS]
    rows = [[cells[name] for name in columns] for cells in map(_adjustment_cells, found)]
    return _write_rows([columns, *rows], marketplace)


def without_header(content: bytes, action: Action) -> bytes:
    """Return the rows of a file, to be joined to a file with others of its kind."""
    return content.split(b"\r\n", 2 if action is Action.CANCEL else 1)[-1]


def _names(columns: Iterable[FlatColumn]) -> list[str]:
    return [column.name for column in columns]


def _adjustment_cells(item: RefundItem) -> dict[str, str]:
    amounts = item.promotions_named()

    def text(minor: int) -> str:
        return format_two_decimals(minor, item.currency)

    return {
        "order-id": item.order_id,
        "order-item-id": item.item_id,
        "adjustment-reason-code": flat_refund_reason(item.reason),
        "currency": item.currency,
        "item-price-adj": text(amounts.item_price),
        "item-tax-adj": text(amounts.item_tax),
        "shipping-price-adj": text(amounts.shipping_price),
        "shipping-tax-adj": text(amounts.shipping_tax),
        "gift-wrap-price-adj": text(amounts.gift_wrap_price),
        "gift-wrap-tax-adj": text(amounts.gift_wrap_tax),
        "item-promotion-adj": text(-amounts.item_promotion),
        "item-promotion-id": item.item_promotion_id if amounts.item_promotion else "",
        "ship-promotion-adj": text(-amounts.ship_promotion),
        "ship-promotion-id": item.ship_promotion_id if amounts.ship_promotion else "",
        "quantity-cancelled": str(item.units_cancelled),
    }


def format_two_decimals(minor: int, currency: str) -> str:
    """Return an amount with exactly two decimals, for yen too (help 661; amzn-base.xsd)."""
    text = format_decimal(minor, currency)
    return text if "." in text else f"{text}.00"


def fulfillment_flat(items: Iterable[ShipItem], *, marketplace: str) -> bytes:
    """Return the shipping confirmation file. Raises FeedError."""
    rows = [
        (i.order_id, i.item_id, str(i.quantity), i.ship_date, i.carrier_code, i.carrier_name, i.tracking, i.method)
        for i in validate_items(items, marketplace)
    ]
    return _write_rows([_names(FULFILLMENT), *rows], marketplace)
