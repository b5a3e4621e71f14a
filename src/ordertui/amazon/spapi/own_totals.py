"""Compare Amazon's own totals of items and orders with what their parts come to."""

from __future__ import annotations

from collections.abc import Iterable

from ordertui.orders.api_facts import TotalDifference
from ordertui.orders.money import parse_json_minor

from .schemas import ApiOrder, Item, MoneyText, Proceed


def read_differences(
    order: ApiOrder, unrecognised: set[str]
) -> tuple[dict[str, TotalDifference], TotalDifference | None]:
    """Return where Amazon's total differs: of items by their id, and of the order.

    Each is compared by itself. One that cannot be is added to `unrecognised` by its item, or as the order's; an order
    of which Amazon gives no total has none either.
    """
    items: dict[str, TotalDifference] = {}
    for item in order.order_items:
        try:
            found = _differing_total(item)
        except ValueError as error:
            unrecognised.add(f"the total of item {item.order_item_id} cannot be compared: {error}")
        else:
            items |= {} if found is None else {item.order_item_id: found}
    try:
        return items, _differing_grand_total(order)
    except ValueError as error:
        unrecognised.add(f"the order's own total cannot be compared: {error}")
        return items, None


def _differing_total(item: Item) -> TotalDifference | None:
    """Return Amazon's own total of an item where its parts come to another; None when they agree or it gives none.

    The total may be with or without the taxes: which of both is not said. Raises ValueError.
    """
    if item.proceeds is None or item.proceeds.proceeds_total is None or not item.proceeds.breakdowns:
        return None
    currency = item.proceeds.breakdowns[0].subtotal.currency_code
    stated = minor_in(item.proceeds.proceeds_total, currency)
    parts, taxes = _parts(item.proceeds.breakdowns, currency)
    return None if stated in (parts, parts - taxes) else TotalDifference(stated, parts, currency)


def _differing_grand_total(order: ApiOrder) -> TotalDifference | None:
    """Return Amazon's own total of an order where its items come to another; None when they agree or it gives none.

    Not said is whether the taxes are in it, a delivery tip (which is charged by itself), or what was cancelled: any of
    these sums is taken. Raises ValueError.
    """
    stated = order.proceeds.grand_total if order.proceeds else None
    if (
        order.proceeds is None
        or stated is None
        or not all(item.proceeds and item.proceeds.breakdowns for item in order.order_items)
    ):
        return None
    currency = stated.currency_code
    tips = [minor_in(one.subtotal, currency) for one in order.proceeds.breakdowns if one.type == "DELIVERY_TIP"]
    living = [
        item for item in order.order_items if not (item.cancellation and item.cancellation.cancellation_execution)
    ]
    sums: list[int] = []
    for items in (order.order_items, living):
        parts = taxes = totals = 0
        for item in items:
            if item.proceeds is None:
                continue
            of_item, of_taxes = _parts(item.proceeds.breakdowns, currency)
            parts, taxes = parts + of_item, taxes + of_taxes
            totals += _own_total(item.proceeds.proceeds_total, of_item, currency)
        sums += [parts, parts - taxes, totals]
    found = minor_in(stated, currency)
    return None if {found, found - sum(tips)} & set(sums) else TotalDifference(found, sums[0] + sum(tips), currency)


def _own_total(stated: MoneyText | None, parts: int, currency: str) -> int:
    """Return Amazon's total of an item; what its parts come to where it gives none that can be compared."""
    try:
        return parts if stated is None else minor_in(stated, currency)
    except ValueError:
        return parts


def _parts(breakdowns: Iterable[Proceed], currency: str) -> tuple[int, int]:
    """Return what the parts of an item come to, discounts taken off, and the taxes among them. Raises ValueError."""
    parts = taxes = 0
    for part in breakdowns:
        amount = minor_in(part.subtotal, currency)
        parts += -abs(amount) if part.type == "DISCOUNT" else amount
        taxes += amount if part.type == "TAX" else 0
    return parts, taxes


def minor_in(money: MoneyText, currency: str) -> int:
    """Return an amount in minor units. Raises ValueError when it is of another currency, or no number."""
    if money.currency_code != currency:
        raise ValueError(f"amounts in {currency} and in {money.currency_code}")
    return parse_json_minor(money.amount, currency)
