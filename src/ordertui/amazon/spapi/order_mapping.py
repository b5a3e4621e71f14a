"""Orders of the API as the rows that the store takes in: the same tuples that the report readers make.

Buyers' names and addresses are never asked for; the buyer's own words on a cancellation are dropped here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from ordertui.amazon.reports.cell_parsers import label
from ordertui.orders.clock import DAY, parse_iso
from ordertui.orders.enums import CancelledBy, OrderStatus
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.money import parse_minor
from ordertui.orders.order import COMPONENTS
from ordertui.orders.report_row import ReportRow

from .schemas import ApiOrder, Item, MoneyText, Proceed

_CODES = {market.id: market.code for market in MARKETPLACES.values()}
_STATUS = {
    "PENDING_AVAILABILITY": OrderStatus.PENDING,
    "PENDING": OrderStatus.PENDING,
    "UNSHIPPED": OrderStatus.UNSHIPPED,
    "PARTIALLY_SHIPPED": OrderStatus.PARTIALLY_SHIPPED,
    "SHIPPED": OrderStatus.SHIPPED,
    "CANCELLED": OrderStatus.CANCELLED,
    "UNFULFILLABLE": OrderStatus.UNFULFILLABLE,
}
_CHANNEL = {"MERCHANT": "merchant", "AMAZON": "amazon"}
_PRICE = {"ITEM": "item_price", "SHIPPING": "shipping_price", "GIFT_WRAP": "gift_wrap_price"}
_TAX = {"ITEM": "item_tax", "SHIPPING": "shipping_tax", "GIFT_WRAP": "gift_wrap_tax"}
_DISCOUNT = {"ITEM": "item_promotion", "SHIPPING": "ship_promotion"}

Deadline = Callable[[str, int], int | None]
"""When Amazon cancels by itself: marketplace code and ship-by time to epoch seconds."""


class OrderRows(msgspec.Struct):
    """What some orders come to."""

    rows: list[ReportRow] = msgspec.field(default_factory=list)
    cancelled: list[tuple[str, str, int]] = msgspec.field(default_factory=list)
    """(order id, who cancelled it, as of) for cancelled orders."""
    rejected: list[tuple[str, str]] = msgspec.field(default_factory=list)
    """(order id, why it cannot be taken in)."""
    strange: set[str] = msgspec.field(default_factory=set)
    """Values that are not known here; what they stand for is kept as unknown."""


def order_rows(orders: Iterable[ApiOrder], deadline: Deadline) -> OrderRows:
    """The rows of these orders; one that cannot be read stands in `rejected` and stops nothing."""
    out = OrderRows()
    for order in orders:
        if order.sales_channel.channel_name == "NON_AMAZON":
            continue
        try:
            out.rows += _rows(order, out.strange)
            _cancelled(order, deadline, out)
        except ValueError as error:
            out.rejected.append((order.order_id, str(error)))
    return out


def _rows(order: ApiOrder, strange: set[str]) -> list[ReportRow]:
    code = _CODES.get(order.sales_channel.marketplace_id)
    if code is None:
        raise ValueError(f"{order.sales_channel.marketplace_id!r} is no marketplace that is known here")
    if not order.order_items:
        raise ValueError("it has no items")
    where = order.fulfillment
    word = where.fulfillment_status if where else ""
    status = _STATUS.get(word)
    if word and status is None:
        strange.add(f"order status {word}")
    channel = _CHANNEL.get(where.fulfilled_by) if where else None
    ship_by = parse_iso(where.ship_by_window.latest_date_time) if where and where.ship_by_window and where.ship_by_window.latest_date_time else None  # fmt: skip
    head = (order.order_id, code, channel, status, parse_iso(order.created_time), ship_by, parse_iso(order.last_updated_time))  # fmt: skip
    replacement = any(one.association_type.startswith("REPLACEMENT") for one in order.associated_orders)
    tail = tuple("yes" if flag else "no" for flag in (replacement, "AMAZON_BUSINESS" in order.programs, "PRIME" in order.programs))  # fmt: skip
    return [_row(line, head, item, tail) for line, item in enumerate(order.order_items, 1)]


def _row(line: int, head: tuple[object, ...], item: Item, tail: tuple[str, ...]) -> ReportRow:
    order_id, code, channel, status, purchased, ship_by, updated = head
    if not (item.order_item_id.isascii() and item.order_item_id.isdigit()):
        raise ValueError(f"order item id {item.order_item_id!r} is not made of digits")
    currency, prices = _prices(item)
    fulfilled = item.fulfillment.quantity_fulfilled if item.fulfillment else None
    asked = item.cancellation is not None and item.cancellation.cancellation_request is not None
    return (
        line, order_id, item.order_item_id, code, channel, status, _item_status(status, item, fulfilled), purchased, ship_by,
        updated, label(item.product.seller_sku) or "", label(item.product.asin), label(item.product.title),
        item.quantity_ordered, fulfilled, currency, *prices, "official" if asked else "none", None, *tail,
    )  # fmt: skip


def _item_status(order: object, item: Item, fulfilled: int | None) -> str | None:
    if order is OrderStatus.CANCELLED or (item.cancellation and item.cancellation.cancellation_execution):
        return OrderStatus.CANCELLED
    if fulfilled is None or order is None:
        return None
    if fulfilled == 0:
        return OrderStatus.PENDING if order is OrderStatus.PENDING else OrderStatus.UNSHIPPED
    return OrderStatus.SHIPPED if fulfilled >= item.quantity_ordered else OrderStatus.PARTIALLY_SHIPPED


def _prices(item: Item) -> tuple[str | None, tuple[int | None, ...]]:
    """Currency and components. Fees that a refund cannot name (COD_FEE, OTHER) are left out. Raises ValueError."""
    parts = item.proceeds.breakdowns if item.proceeds else ()
    if not parts:
        return None, (None,) * len(COMPONENTS)
    currency = parts[0].subtotal.currency_code
    found = dict.fromkeys(COMPONENTS, 0)
    for part in parts:
        if part.type in _PRICE:
            found[_PRICE[part.type]] += _minor(part.subtotal, currency)
        elif part.type == "TAX":
            _split(found, part, currency, _TAX, "item_tax")
        elif part.type == "DISCOUNT":
            _split(found, part, currency, _DISCOUNT, "item_promotion")
    if any(amount < 0 for amount in found.values()):
        raise ValueError("an amount is below zero")
    return currency, tuple(found.values())


def _split(found: dict[str, int], part: Proceed, currency: str, names: dict[str, str], rest: str) -> None:
    """Add a tax or a discount to the components that it is made of; what no detail explains goes to `rest`.

    A tax on a discount (`DISCOUNT` within TAX) lowers the item's tax: then never more is refunded than was paid.
    """
    left = abs(_minor(part.subtotal, currency))
    for detail in part.detailed_breakdowns:
        if detail.value is None:
            continue
        amount = abs(_minor(detail.value, currency))
        if part.type == "TAX" and detail.subtype == "DISCOUNT":
            found[rest] -= amount
            left += amount
        elif detail.subtype in names:
            found[names[detail.subtype]] += amount
            left -= amount
    if left > 0:
        found[rest] += left


def _minor(money: MoneyText, currency: str) -> int:
    if money.currency_code != currency:
        raise ValueError(f"amounts in {currency} and in {money.currency_code}")
    return parse_minor(money.amount, currency)


def _cancelled(order: ApiOrder, deadline: Deadline, out: OrderRows) -> None:
    """Note who cancelled a cancelled order: the seller if he cancelled any item, else Amazon, else the buyer."""
    if order.fulfillment is None or _STATUS.get(order.fulfillment.fulfillment_status) is not OrderStatus.CANCELLED:
        return
    said = {
        item.cancellation.cancellation_execution.cancelled_by
        for item in order.order_items
        if item.cancellation and item.cancellation.cancellation_execution
    }
    out.strange |= {f"cancelledBy {word}" for word in said - {"BUYER", "MERCHANT", "AMAZON", ""}}
    if "MERCHANT" in said:
        by = CancelledBy.SELLER
    elif said - {"BUYER", "AMAZON"} or not said:
        return
    elif "AMAZON" in said:
        by = _amazon(order, deadline)
    else:
        by = CancelledBy.BUYER
    if by is not CancelledBy.UNKNOWN:
        out.cancelled.append((order.order_id, by.value, parse_iso(order.last_updated_time)))


def _amazon(order: ApiOrder, deadline: Deadline) -> CancelledBy:
    """Whether Amazon cancelled for want of a ship confirmation, which counts, or for another reason, which does not.

    The API says AMAZON for both. Last touched within a day of the auto-cancel time, or later: it is taken as the first
    (docs/connector.md: an inference, made so that a cancellation that counts is never shown as one that does not).
    """
    window = order.fulfillment.ship_by_window if order.fulfillment else None
    code = _CODES.get(order.sales_channel.marketplace_id, "")
    due = deadline(code, parse_iso(window.latest_date_time)) if window and window.latest_date_time else None
    if due is None:
        return CancelledBy.UNKNOWN
    return CancelledBy.AUTO if parse_iso(order.last_updated_time) >= due - DAY else CancelledBy.AMAZON
