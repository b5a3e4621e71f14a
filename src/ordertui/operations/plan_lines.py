"""Which lines of an order a plan row names, and with which amounts; pure functions over one order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from ordertui.orders.clock import to_local
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.order import COMPONENTS, Components, Order, OrderLine
from ordertui.orders.status import OrderStatus

from .plan_values import PlanLine


@dataclass(frozen=True, slots=True)
class Left:
    """Why an order is left out although the rules allow the action."""

    rule: str
    why: str
    instead: str = ""


NO_ITEM_ID = Left("item-id", "its order-item-id is unknown: import the Unshipped orders or New orders report")
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


def charged(line: OrderLine, order_status: OrderStatus) -> Components | None:
    """What the buyer was charged for a line: all of it once shipped, the shipped share (rounded down) of a part, else nothing.

    None when no report gave prices, or when of a partly shipped order no report says how much of this line left.
    """
    if line.paid is None or line.currency is None:
        return None
    if line.status is OrderStatus.CANCELLED:
        return Components()
    if order_status is OrderStatus.SHIPPED:
        return line.paid
    if line.quantity_shipped is None or not line.quantity:
        return None
    part = min(line.quantity_shipped, line.quantity)
    return Components(*(getattr(line.paid, name) * part // line.quantity for name in COMPONENTS))


def left_to_refund(line: OrderLine, order_status: OrderStatus) -> Components | None:
    """What may still be given back for a line, component by component; None when it cannot be known."""
    paid = charged(line, order_status)
    return None if paid is None else paid.minus(line.refunded)


def refund_lines(order: Order, wanted: Sequence[PlanLine] | None) -> tuple[PlanLine, ...] | Left:
    """The lines and amounts to give back: those asked for, or all that is left. Never more than is left, in any component."""
    market = MARKETPLACES.get(order.row.marketplace)
    lines = {line.line: line for line in order.lines}
    limits = {number: left_to_refund(line, order.row.status) for number, line in lines.items()}
    if wanted is None:
        if any(limits[line.line] is None for line in _alive(order)):
            return Left("price", "what was paid for it is unknown: import the New orders or All Orders report")
        wanted = [
            PlanLine(line.line, line.order_item_id or "", line.sku, line.quantity or 0, limits[line.line])
            for line in lines.values()
            if (limits[line.line] or Components()).total > 0
        ]
        if not wanted:
            return Left("refunded", "everything that was charged has gone back, or is on its way")
    checked: list[PlanLine] = []
    for ask in wanted:
        line = lines.get(ask.line)
        limit = limits.get(ask.line)
        if line is None:
            return Left("lines", f"it has no line {ask.line}")
        if limit is None:
            return Left(
                "price", f"what was paid for line {ask.line} is unknown: import the New orders or All Orders report"
            )
        if line.order_item_id is None:
            return NO_ITEM_ID
        if market is not None and line.currency != market.currency:
            return Left("currency", f"line {ask.line} is in {line.currency}, not in {market.currency}")
        why = _beyond(ask, limit)
        if why:
            return Left("amount", f"line {ask.line}: {why}")
        checked.append(
            PlanLine(line.line, line.order_item_id, line.sku, ask.quantity or line.quantity or 0, ask.refund)
        )
    if len({line.line for line in checked}) != len(checked):
        return Left("lines", "a line is named twice")
    return tuple(checked) if checked else Left("amount", "no amount was given")


def _beyond(ask: PlanLine, limit: Components) -> str:
    """What is wrong with an amount, or an empty text."""
    if ask.refund is None or ask.refund.total <= 0:
        return "nothing would be given back"
    for name in COMPONENTS:
        value, most = getattr(ask.refund, name), getattr(limit, name)
        word = name.replace("_", " ")
        if value < 0:
            return f"{word} is negative"
        if not name.endswith("promotion") and value > max(most, 0):
            return f"{word}: more than is left ({most} minor units)"
    if ask.refund.total > limit.total:
        return f"more in all than is left ({limit.total} minor units)"
    return ""


def refundable(order: Order) -> dict[int, Components]:
    """Line number to what may still be given back, for the refund editor; lines that cannot be known are left out."""
    found = {}
    for line in order.lines:
        limit = left_to_refund(line, order.row.status)
        if limit is not None and limit.total > 0:
            found[line.line] = limit
    return found
