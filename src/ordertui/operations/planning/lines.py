"""Which lines of an order a plan row names, and with which amounts; pure functions over one order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from ordertui.orders.clock import to_local
from ordertui.orders.enums import OrderStatus
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.order import COMPONENTS, LineAmounts, Order, OrderLine

from .plan import PlanLine


class Left(msgspec.Struct, frozen=True):
    """Why an order is left out although the rules allow the action."""

    rule: str
    why: str
    instead: str = ""


NO_ITEM_ID = Left("item-id", "its order-item-id is unknown: import the Unshipped orders or New orders report")
NO_PRICE = Left("price", "what was paid for it is unknown: import the New orders or All Orders report")
NO_LINES = Left("lines", "no line of it is left to act on")


def _alive(order: Order) -> list[OrderLine]:
    return [line for line in order.lines if line.status is not OrderStatus.CANCELLED]


def cancel_lines(order: Order) -> tuple[PlanLine, ...] | Left:
    """Every line that is not cancelled yet: Amazon wants each item named (AMAZON.md c)."""
    lines = _alive(order)
    if not lines:
        return NO_LINES
    if any(line.order_item_id is None for line in lines):
        return NO_ITEM_ID
    return tuple(PlanLine(line.line, line.order_item_id or "", line.sku, line.quantity or 0) for line in lines)


def confirm_lines(
    order: Order, shipping: tuple[str, str, str] | None, now: int, zone: str
) -> tuple[PlanLine, ...] | Left:
    """Every line with units not confirmed yet. `shipping` is carrier, tracking, ship date."""
    if shipping is None or not shipping[0].strip() or not shipping[1].strip():
        return Left("tracking", "say carrier and tracking number first")
    try:
        shipped = date.fromisoformat(shipping[2])
    except ValueError:
        return Left("ship-date", f"{shipping[2]!r} is no ship date such as 2026-11-23")
    if shipped > to_local(now, zone).date():
        return Left("ship-date", f"the ship date {shipped} is in the future")
    if order.row.purchased_at is not None and shipped < to_local(order.row.purchased_at, zone).date():
        return Left("ship-date", f"the ship date {shipped} is before the order was placed")
    open_lines = [line for line in _alive(order) if (line.quantity or 0) > (line.quantity_shipped or 0)]
    if not open_lines:
        return NO_LINES
    if any(line.order_item_id is None for line in open_lines):
        return NO_ITEM_ID
    return tuple(
        PlanLine(line.line, line.order_item_id or "", line.sku, (line.quantity or 0) - (line.quantity_shipped or 0))
        for line in open_lines
    )


def charged(order: Order, line: OrderLine) -> LineAmounts | None:
    """What the buyer was charged for a line; None when no report gave prices.

    Confirming any item of an order charges the whole order (Amazon's quick tip on partial shipments, FIELD.md S119),
    so a line counts as charged in full as soon as anything of its order is confirmed.
    """
    if line.paid is None or line.currency is None:
        return None
    confirmed = order.row.status in (OrderStatus.SHIPPED, OrderStatus.PARTIALLY_SHIPPED) or bool(
        order.row.units_shipped
    )
    return line.paid if confirmed and line.status is not OrderStatus.CANCELLED else LineAmounts()


def left_to_refund(order: Order, line: OrderLine) -> LineAmounts | None:
    """What may still be given back for a line, component by component; None when it cannot be known."""
    paid = charged(order, line)
    return None if paid is None else paid.minus(line.refunded)


def units_to_cancel(order: Order, line: OrderLine) -> int | None:
    """Units of a line that a refund may cancel because they were never shipped; None when no report says how many."""
    return 0 if order.row.status is OrderStatus.SHIPPED else line.units_waiting


def share(amounts: LineAmounts, part: int, whole: int) -> LineAmounts:
    """The amounts for `part` of `whole` units, rounded down; all of it for the whole."""
    return LineAmounts(*(getattr(amounts, name) * part // whole for name in COMPONENTS))


def refund_lines(order: Order, wanted: Sequence[PlanLine] | None) -> tuple[PlanLine, ...] | Left:
    """The lines and amounts to give back: those asked for; else, of a partly shipped order, the units that never left,
    which it cancels; else all that is left. Never more than is left, in any component."""
    asked = _whatever_is_left(order) if wanted is None else tuple(wanted)
    if isinstance(asked, Left):
        return asked
    lines = {line.line: line for line in order.lines}
    checked: list[PlanLine] = []
    for ask in asked:
        found = _checked(order, lines.get(ask.line), ask)
        if isinstance(found, Left):
            return found
        checked.append(found)
    if len({line.line for line in checked}) != len(checked):
        return Left("lines", "a line is named twice")
    return tuple(checked) if checked else Left("amount", "no amount was given")


def _whatever_is_left(order: Order) -> tuple[PlanLine, ...] | Left:
    """What a refund without a word of the operator gives back."""
    alive = _alive(order)
    limits = {line.line: left_to_refund(order, line) for line in alive}
    if any(limit is None for limit in limits.values()):
        return NO_PRICE
    if any(units_to_cancel(order, line) is None for line in alive):
        return Left("units", "no report says how many units of it have left: import the Unshipped orders report")
    rest = [found for line in alive if (found := _waiting_units(order, line)) is not None]
    if rest:
        return tuple(rest)
    return tuple(
        PlanLine(line.line, line.order_item_id or "", line.sku, line.quantity or 0, limit)
        for line in alive
        if (limit := limits[line.line]) is not None and limit.total > 0
    ) or Left("refunded", "everything that was charged has gone back, or is on its way")


def _waiting_units(order: Order, line: OrderLine) -> PlanLine | None:
    """The units of a line that never left, with their share of what was paid, capped by what is left; None without any."""
    units, limit = units_to_cancel(order, line), left_to_refund(order, line)
    if not units or limit is None or line.paid is None or not line.quantity:
        return None
    part = share(line.paid, units, line.quantity)
    amounts = LineAmounts(*(min(getattr(part, name), max(0, getattr(limit, name))) for name in COMPONENTS))
    if amounts.total <= 0:
        return None
    return PlanLine(line.line, line.order_item_id or "", line.sku, units, amounts, units)


def _checked(order: Order, line: OrderLine | None, ask: PlanLine) -> PlanLine | Left:
    """The line as it goes into the plan, or why it cannot."""
    if line is None:
        return Left("lines", f"it has no line {ask.line}")
    limit = left_to_refund(order, line)
    if limit is None:
        return Left("price", f"line {ask.line}: {NO_PRICE.why}")
    if line.order_item_id is None:
        return NO_ITEM_ID
    market = MARKETPLACES.get(order.row.marketplace)
    if market is not None and line.currency != market.currency:
        return Left("currency", f"line {ask.line} is in {line.currency}, not in {market.currency}")
    why = _beyond(ask, limit)
    if why:
        return Left("amount", f"line {ask.line}: {why}")
    most = units_to_cancel(order, line) or 0
    if not 0 <= ask.cancelled <= most:
        return Left("units", f"line {ask.line}: {ask.cancelled} units cannot be cancelled, {most} have not left")
    return PlanLine(
        line.line, line.order_item_id, line.sku, ask.quantity or line.quantity or 0, ask.refund, ask.cancelled
    )


def _beyond(ask: PlanLine, limit: LineAmounts) -> str:
    """What is wrong with an amount, or an empty text."""
    if ask.refund is None or ask.refund.total <= 0:
        return "nothing would be given back"
    for name in COMPONENTS:
        value, most = getattr(ask.refund, name), getattr(limit, name)
        word = name.replace("_", " ")
        if value < 0:
            return f"{word} is negative"
        if value > max(most, 0):
            return f"{word}: more than is left ({most} minor units)"
    if ask.refund.total > limit.total:
        return f"more in all than is left ({limit.total} minor units)"
    return ""


def refundable(order: Order) -> dict[int, LineAmounts]:
    """Line number to what may still be given back, for the refund editor; lines that cannot be known are left out."""
    found = {}
    for line in order.lines:
        limit = left_to_refund(order, line)
        if limit is not None and limit.total > 0:
            found[line.line] = limit
    return found
