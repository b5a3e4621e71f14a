"""Conversion of the API's orders into the row tuples that the report readers make as well.

Buyers' names and addresses are never requested. Of the reason for a cancellation only Amazon's own words are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import msgspec

from ordertui.amazon.reports.cell_parsers import parse_label
from ordertui.orders.api_facts import KNOWN_PROGRAMS, ApiFacts, ItemCancellation, Parcel, amazon_reason
from ordertui.orders.clock import DAY, check_moment, parse_iso
from ordertui.orders.enums import BuyerRequest, CancelledBy, OrderStatus
from ordertui.orders.marketplace import MARKETPLACES, PriceTax, price_tax
from ordertui.orders.order import COMPONENTS, LineAmounts
from ordertui.orders.report_row import AMOUNTS, CURRENCY, ITEM_ID, ITEM_STATUS, QUANTITY, QUANTITY_SHIPPED, ReportRow
from ordertui.orders.text import to_single_line

from .decoding import UnreadableJson, decode_body, read_text_field
from .own_totals import minor_in, read_differences
from .schemas import ApiOrder, Item, Proceed, TimeWindow

_CODES = {market.id: market.code for market in MARKETPLACES.values()}
_STATUS = {status.name: status for status in OrderStatus if status is not OrderStatus.UNKNOWN}
_STATUS["PENDING_AVAILABILITY"] = OrderStatus.PENDING
_CHANNEL = {"MERCHANT": "merchant", "AMAZON": "amazon"}
_PRICE = {"ITEM": "item_price", "SHIPPING": "shipping_price", "GIFT_WRAP": "gift_wrap_price"}
_TAX = {"ITEM": "item_tax", "SHIPPING": "shipping_tax", "GIFT_WRAP": "gift_wrap_tax"}
_OFFICIAL = {"BUYER": BuyerRequest.OFFICIAL.value}
"""Requester of a cancellation to what it means for the order; any other one leaves it unknown who asked."""
_UNPRICED = (None,) * len(COMPONENTS)
_DISCOUNT = {"ITEM": "item_promotion", "SHIPPING": "ship_promotion"}

Deadline = Callable[[str, int], int | None]
"""Time at which Amazon cancels by itself: marketplace code and ship-by time to epoch seconds, or None."""


class OrderRows(msgspec.Struct):
    """Rows of some orders, and what else their import needs to know."""

    rows: list[ReportRow] = msgspec.field(default_factory=list)
    cancelled: list[tuple[str, str, int]] = msgspec.field(default_factory=list)
    """(order id, who cancelled it, as of when in epoch seconds) for cancelled orders."""
    rejected: list[tuple[str, str]] = msgspec.field(default_factory=list)
    """(order id, reason) for orders that cannot be read; the id is empty when that cannot be read either."""
    facts: dict[str, ApiFacts] = msgspec.field(default_factory=dict)
    """What the API says beyond the rows, by the id of each order that was read."""
    unrecognised_values: set[str] = msgspec.field(default_factory=set)
    """Values of Amazon that this program does not know; the field is stored as unknown."""


def order_rows(orders: Iterable[msgspec.Raw], deadline: Deadline, now: int) -> OrderRows:
    """Return the rows of these orders, which Amazon gave at `now` (epoch seconds).

    An order that cannot be read is listed in `rejected`; the rest are converted.
    """
    out = OrderRows()
    for content in orders:
        try:
            order = decode_body(content, ApiOrder)
            if order.sales_channel.channel_name == "NON_AMAZON":
                continue
            updated = _past(order.last_updated_time, now, out.unrecognised_values)
            at = now if updated is None else updated  # what is given now is no newer than now
            created = _past(order.created_time, now, out.unrecognised_values)
            rows = _rows(order, (created, _ship_by(order), at), out.unrecognised_values)
            facts = _facts(order, at, out.unrecognised_values)
            _cancelled(order, at, deadline, out)
        except UnreadableJson as error:
            out.rejected.append((read_text_field(content, "orderId"), f"Amazon's answer: {error}"))
        except (ValueError, ArithmeticError) as error:
            out.rejected.append((order.order_id, str(error)))
        else:
            out.rows += rows
            out.facts[order.order_id] = facts
    return out


def _moment(text: str) -> int:
    """Return the epoch seconds of a time. Raises ValueError, also outside of 1995 to 2100."""
    return check_moment(parse_iso(text), text)


def _past(text: str, now: int, unrecognised: set[str]) -> int | None:
    """Return the time of what has happened; None when it is in the future, which is noted, as of a report's row.

    A day is forgiven: the clock of this machine may be wrong. Raises ValueError.
    """
    found = _moment(text)
    if found <= now + DAY:
        return found
    unrecognised.add(f"the date {to_single_line(text)[:40]!r}, which is in the future")
    return None


def _rows(order: ApiOrder, times: tuple[int | None, int | None, int], unrecognised: set[str]) -> list[ReportRow]:
    """Return a row for each item. `times`: placed, ship by, last updated. Raises ValueError."""
    code = _CODES.get(order.sales_channel.marketplace_id)
    if code is None:
        named = order.sales_channel.marketplace_id[:40]
        raise ValueError(f"{named!r} is no marketplace that is known here" if named else "it names no marketplace")
    if not order.order_items:
        raise ValueError("it has no items")
    fulfillment = order.fulfillment
    named = fulfillment.fulfillment_status if fulfillment else ""
    status = _STATUS.get(named)
    if named and status is None:
        unrecognised.add(f"order status {named}")
    channel = _CHANNEL.get(fulfillment.fulfilled_by) if fulfillment else None
    head = (order.order_id, code, channel, status, *times)
    replacement = any(one.association_type.startswith("REPLACEMENT") for one in order.associated_orders)
    flags = replacement, "AMAZON_BUSINESS" in order.programs, "PRIME" in order.programs
    tail = tuple("yes" if flag else "no" for flag in flags)
    rows = [_row(line, head, item, tail, unrecognised) for line, item in enumerate(order.order_items, 1)]
    partly = [(row, item) for row, item in zip(rows, order.order_items, strict=True) if _units_cancelled(status, item)]
    return rows + [_cancelled_row(row, _units_cancelled(status, item)) for row, item in partly]


def _ship_by(order: ApiOrder) -> int | None:
    """Return the latest ship time in epoch seconds; None when Amazon names none. Raises ValueError."""
    return _latest(order.fulfillment.ship_by_window if order.fulfillment else None)


def _latest(window: TimeWindow | None) -> int | None:
    return _moment(window.latest_date_time) if window and window.latest_date_time else None


def _facts(order: ApiOrder, at: int, unrecognised: set[str]) -> ApiFacts:
    """Return what the API says beyond the rows, as of `at` (epoch seconds). Raises ValueError."""
    programs = tuple(filter(None, order.programs))
    unrecognised |= {f"program {name}" for name in set(programs) - KNOWN_PROGRAMS}
    parcels = tuple(
        Parcel(
            one.package_reference_id,
            one.package_status.status if one.package_status else "",
            to_single_line(one.carrier)[:60],
            to_single_line(one.tracking_number)[:80],
            _moment(one.ship_time) if one.ship_time else None,
        )
        for one in order.packages
    )
    waiting = {
        item.order_item_id: item.fulfillment.quantity_unfulfilled
        for item in order.order_items
        if item.fulfillment and item.fulfillment.quantity_unfulfilled is not None
    }
    cancellations = tuple(_cancellation(item, unrecognised) for item in order.order_items if item.cancellation)
    deliver_by = _latest(order.fulfillment.deliver_by_window if order.fulfillment else None)
    totals, whole = read_differences(order, unrecognised)
    return ApiFacts(at, programs, deliver_by, parcels, cancellations, waiting, totals, whole)


def _cancellation(item: Item, unrecognised: set[str]) -> ItemCancellation:
    request = item.cancellation.cancellation_request if item.cancellation else None
    execution = item.cancellation.cancellation_execution if item.cancellation else None
    requester = to_single_line(request.requester)[:40] if request else ""
    if request and requester not in _OFFICIAL:
        who = requester or "nobody that Amazon names"
        unrecognised.add(f"a cancellation requested by {who}: only the buyer's request is official")
    return ItemCancellation(
        item.order_item_id,
        requester,
        request is not None,
        amazon_reason(request.cancel_reason) if request else "",
        to_single_line(execution.cancelled_by)[:40] if execution else "",
        amazon_reason(execution.cancel_reason) if execution else "",
    )


def _row(line: int, head: tuple[object, ...], item: Item, tail: tuple[str, ...], unrecognised: set[str]) -> ReportRow:
    order_id, code, channel, status, purchased, ship_by, updated = head
    if not (item.order_item_id.isascii() and item.order_item_id.isdigit()):
        raise ValueError(f"order item id {item.order_item_id[:40]!r} is not made of digits")
    gone = _units_cancelled(status, item)
    alive = item.quantity_ordered - gone
    foreign = _foreign_currencies(item, str(code))
    if foreign:
        unrecognised.add(
            f"item {item.order_item_id} has amounts in {', '.join(foreign)}, which is not the currency of {code}: what"
            " was paid is unknown"
        )
    currency, prices = (None, _UNPRICED) if foreign else _prices(item, price_tax(str(code)))
    if gone:
        prices = _prices_of(prices, item, alive)
    fulfilled = item.fulfillment.quantity_fulfilled if item.fulfillment else None
    request = item.cancellation.cancellation_request if item.cancellation else None
    asked = BuyerRequest.NONE.value if request is None else _OFFICIAL.get(request.requester)
    reason = amazon_reason(request.cancel_reason) if request and asked else ""
    return (
        line, order_id, item.order_item_id, code, channel, status, _item_status(status, item, alive, fulfilled),
        purchased, ship_by, updated,
        parse_label(item.product.seller_sku) or "", parse_label(item.product.asin), parse_label(item.product.title),
        alive, fulfilled, currency, *prices, asked, reason or None, *tail, None, None, None,
    )  # fmt: skip


def _units_cancelled(order: object, item: Item) -> int:
    """Return how many units of an item are cancelled while others are shipped or still wanted; 0 when all or none are.

    Amazon says that it cancelled, and how many units are shipped and remain; it does not say how many it cancelled.
    """
    execution = item.cancellation.cancellation_execution if item.cancellation else None
    units = item.fulfillment
    if order is OrderStatus.CANCELLED or execution is None or units is None or units.quantity_unfulfilled is None:
        return 0
    alive = (units.quantity_fulfilled or 0) + units.quantity_unfulfilled
    return item.quantity_ordered - alive if 0 < alive < item.quantity_ordered else 0


def _cancelled_row(row: ReportRow, units: int) -> ReportRow:
    """Return the cancelled units of an item as a line of their own: they count toward the rate, and cost nothing.

    It has no item id, so that no feed can name it.
    """
    found = list(row)
    found[ITEM_ID], found[ITEM_STATUS], found[QUANTITY], found[QUANTITY_SHIPPED] = None, "cancelled", units, 0
    found[CURRENCY], found[AMOUNTS] = None, _UNPRICED
    return tuple(found)


def _prices_of(prices: tuple[int | None, ...], item: Item, alive: int) -> tuple[int | None, ...]:
    """Return the prices of the units that are not cancelled, rounded down.

    Amazon does not say whether its amounts are of all units that were ordered. By the unit price they are of the living
    ones where they come to just that; else they are taken as of all, so that a refund never exceeds what was paid.
    """
    unit = item.product.price.unit_price if item.product.price else None
    if unit is not None and prices[0] is not None and prices[0] == minor_in(unit, unit.currency_code) * alive:
        return prices
    return tuple(None if amount is None else amount * alive // item.quantity_ordered for amount in prices)


def _item_status(order: object, item: Item, alive: int, fulfilled: int | None) -> str | None:
    is_cancelled = item.cancellation is not None and item.cancellation.cancellation_execution is not None
    if order is OrderStatus.CANCELLED or (is_cancelled and alive == item.quantity_ordered):
        return OrderStatus.CANCELLED
    if fulfilled is None or order is None:
        return None
    if fulfilled == 0:
        return OrderStatus.PENDING if order is OrderStatus.PENDING else OrderStatus.UNSHIPPED
    return OrderStatus.SHIPPED if fulfilled >= alive else OrderStatus.PARTIALLY_SHIPPED


def _foreign_currencies(item: Item, marketplace: str) -> list[str]:
    """Return the currencies of an item's amounts that are not the one of its marketplace."""
    if item.proceeds is None:
        return []
    amounts = [item.proceeds.proceeds_total]
    for part in item.proceeds.breakdowns:
        amounts += [part.subtotal, *(detail.value for detail in part.detailed_breakdowns)]
    return sorted({one.currency_code for one in amounts if one is not None} - {MARKETPLACES[marketplace].currency})


def _prices(item: Item, tax: PriceTax) -> tuple[str | None, tuple[int | None, ...]]:
    """Return currency and amounts in the order of COMPONENTS.

    Fees that a refund cannot name (COD_FEE, OTHER) are left out. Where prices include the tax, or may include it, no
    tax component is returned: it is added to its price if only then the amounts come to Amazon's own total of the item,
    and else dropped, so that a refund never exceeds what was paid. Raises ValueError.
    """
    parts = item.proceeds.breakdowns if item.proceeds else ()
    if not parts:
        return None, _UNPRICED
    currency = parts[0].subtotal.currency_code
    found = dict.fromkeys(COMPONENTS, 0)
    for part in parts:
        if part.type in _PRICE:
            found[_PRICE[part.type]] += minor_in(part.subtotal, currency)
        elif part.type == "TAX":
            _split(found, part, currency, _TAX, "item_tax")
        elif part.type == "DISCOUNT":
            _split(found, part, currency, _DISCOUNT, "item_promotion")
    if any(amount < 0 for amount in found.values()):
        raise ValueError("an amount is below zero")
    if tax is not PriceTax.ADDED:
        total = item.proceeds.proceeds_total if item.proceeds else None
        comes_on_top = total is not None and minor_in(total, currency) == LineAmounts(**found).total
        for price, part_of_it in zip(_PRICE.values(), _TAX.values(), strict=True):
            found[price] += found[part_of_it] if comes_on_top else 0
            found[part_of_it] = 0
    return currency, tuple(found.values())


def _split(found: dict[str, int], part: Proceed, currency: str, names: dict[str, str], rest: str) -> None:
    """Add a tax or a discount to the components that its details name; the remainder goes to `rest`.

    A tax on a discount (`DISCOUNT` within TAX) lowers the item's tax, so that a refund never exceeds the payment.
    """
    left = abs(minor_in(part.subtotal, currency))
    for detail in part.detailed_breakdowns:
        if detail.value is None:
            continue
        amount = abs(minor_in(detail.value, currency))
        if part.type == "TAX" and detail.subtype == "DISCOUNT":
            found[rest] -= amount
            left += amount
        elif detail.subtype in names:
            found[names[detail.subtype]] += amount
            left -= amount
    if left > 0:
        found[rest] += left


def _cancelled(order: ApiOrder, at: int, deadline: Deadline, out: OrderRows) -> None:
    """Add who cancelled a cancelled order: the seller if they cancelled any item, else Amazon, else the buyer."""
    if order.fulfillment is None or _STATUS.get(order.fulfillment.fulfillment_status) is not OrderStatus.CANCELLED:
        return
    names = {
        item.cancellation.cancellation_execution.cancelled_by
        for item in order.order_items
        if item.cancellation and item.cancellation.cancellation_execution
    }
    out.unrecognised_values |= {f"cancelledBy {name}" for name in names - {"BUYER", "MERCHANT", "AMAZON", ""}}
    if "MERCHANT" in names:
        by = CancelledBy.SELLER
    elif names - {"BUYER", "AMAZON"} or not names:
        return
    elif "AMAZON" in names:
        by = _cancelled_by_amazon(order, at, deadline)
    else:
        by = CancelledBy.BUYER
    if by is not CancelledBy.UNKNOWN:
        out.cancelled.append((order.order_id, by.value, at))


def _cancelled_by_amazon(order: ApiOrder, at: int, deadline: Deadline) -> CancelledBy:
    """Return AUTO (cancelled for a missing ship confirmation, which counts toward the rate) or AMAZON (another reason).

    The API says AMAZON for both. An order last updated at most a day before the auto-cancel time, or later, is taken as
    AUTO, so that a cancellation that counts is never shown as one that does not (an inference, see docs/connector.md).
    """
    code, ship_by = _CODES.get(order.sales_channel.marketplace_id, ""), _ship_by(order)
    due = None if ship_by is None else deadline(code, ship_by)
    if due is None:
        return CancelledBy.UNKNOWN
    return CancelledBy.AUTO if at >= due - DAY else CancelledBy.AMAZON
