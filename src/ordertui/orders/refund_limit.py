"""How much of an order may still be given back: the one answer for the editor, the plan and the journal's guard."""

from __future__ import annotations

from .enums import BuyerRequest, OrderStatus
from .money import format_money
from .order import COMPONENTS, LineAmounts, Order, OrderLine

TOTAL = "total"
"""Stands in `refund_excess` for the sum of a line, beside the names of COMPONENTS."""


def charged_amounts(order: Order, line: OrderLine) -> LineAmounts | None:
    """Return what the buyer was charged for a line; None when no report gave prices, or they may be a like item's.

    Confirming any item of an order charges the whole order (Amazon's quick tip on partial shipments, FIELD.md S119),
    so a line counts as charged in full as soon as anything of its order is confirmed.
    """
    if line.paid is None or line.currency is None or line.may_be_exchanged:
        return None
    has_shipped = order.row.status in (OrderStatus.SHIPPED, OrderStatus.PARTIALLY_SHIPPED)
    is_confirmed = has_shipped or bool(order.row.units_shipped)
    return line.paid if is_confirmed and line.is_active else LineAmounts()


def refund_limit(order: Order, line: OrderLine) -> LineAmounts | None:
    """Return what may still be given back for a line, by component in minor units; None when it cannot be known.

    Nothing, where more went back than a newer report calls charged: see `is_left_unknown`.
    """
    charged = charged_amounts(order, line)
    if charged is None:
        return None
    left = charged.minus(line.refunded)
    return left if left.total >= 0 else LineAmounts()


def is_left_unknown(order: Order, line: OrderLine) -> bool:
    """Return whether nobody can tell what is left of a line: more went back than is paid for now, or its order is
    cancelled by one report and something of it was charged by another.
    """
    charged = charged_amounts(order, line)
    is_contradicted = order.row.status is OrderStatus.CANCELLED and charged is not None and charged.total > 0
    return is_contradicted or went_back_above_paid(order, line)


def went_back_above_paid(order: Order, line: OrderLine) -> bool:
    """Return whether more went back for a line than a newer report calls charged, and refunds cancelled units of it.

    The report may name only the other units, of which nothing went back; no report says which units it names.
    """
    charged = charged_amounts(order, line)
    if charged is None or not line.is_active or not line.units_cancelled:
        return False
    return line.refunded.total > charged.total


def refundable_lines(order: Order) -> dict[int, LineAmounts]:
    """Return the refundable amounts by line number, without lines whose amounts are zero or unknown."""
    limits = {line.line: refund_limit(order, line) for line in order.lines}
    return {number: limit for number, limit in limits.items() if limit is not None and limit.total > 0}


def units_to_cancel(order: Order, line: OrderLine) -> int | None:
    """Return how many units a refund may cancel because they were never shipped; None when no report says how many."""
    return 0 if order.row.status is OrderStatus.SHIPPED else line.units_waiting


def waiting_units(order: Order, line: OrderLine) -> tuple[int, LineAmounts] | None:
    """Return the units of a line that never left, with their share of what was paid; None without any to cancel."""
    units, limit = units_to_cancel(order, line), refund_limit(order, line)
    if not units or limit is None or line.paid is None or not line.quantity:
        return None
    amounts = most_of(prorate(line.paid, units, line.quantity), limit)
    return (units, amounts) if amounts.total > 0 else None


def most_of(amounts: LineAmounts, limit: LineAmounts) -> LineAmounts:
    """Return as much of these amounts as may be given back; a limit below zero gives back nothing of its component."""
    return _at_most(LineAmounts(*(max(0, min(getattr(amounts, n), getattr(limit, n))) for n in COMPONENTS)), limit)


def _at_most(amounts: LineAmounts, limit: LineAmounts) -> LineAmounts:
    """Return amounts, none above its limit, that also come to no more than the limit in all.

    Where money went back without its promotion, the promotion that is left is taken off first, then the last prices.
    """
    over, found = amounts.total - limit.total, {name: getattr(amounts, name) for name in COMPONENTS}
    for name in reversed(COMPONENTS):
        if over <= 0:
            break
        is_promotion = name.endswith("_promotion")
        step = min(over, max(0, getattr(limit, name)) - found[name] if is_promotion else found[name])
        found[name] += step if is_promotion else -step
        over -= step
    return LineAmounts(**found)


def lines_to_cancel(order: Order) -> list[OrderLine]:
    """Return the lines of which a refund cancels units when the operator names no amounts.

    Where the buyer asked with Amazon's own button for some of them, only those: the others are still wanted. Empty when
    a price or the units shipped of any line are unknown: such an order is not refunded unasked.
    """
    active = [line for line in order.lines if line.is_active]
    if any(refund_limit(order, line) is None or units_to_cancel(order, line) is None for line in active):
        return []
    waiting = [line for line in active if waiting_units(order, line) is not None]
    return [line for line in waiting if line.buyer_request is BuyerRequest.OFFICIAL] or waiting


def refund_excess(amounts: LineAmounts, limit: LineAmounts) -> tuple[str, ...]:
    """Return the components in which `amounts` is above `limit`; (TOTAL,) when only their sum is; empty when none is.

    A component without anything left has the limit 0, also when more than was paid has gone back already.
    """
    above = tuple(name for name in COMPONENTS if getattr(amounts, name) > max(getattr(limit, name), 0))
    if above or amounts.total <= limit.total:
        return above
    return (TOTAL,)


def excess_text(amounts: LineAmounts, limit: LineAmounts, currency: str, limit_word: str = "left") -> str:
    """Return, as money, in which amount `amounts` is above `limit`; an empty text when it is in none.

    `limit_word` says what the limit is: what is left of a line, or what was paid for it.
    """
    for name in refund_excess(amounts, limit):
        value, most = (amounts.total, limit.total) if name == TOTAL else (getattr(amounts, name), getattr(limit, name))
        what = "in all" if name == TOTAL else name.replace("_", " ")
        left = format_money(max(most, 0), currency)
        return f"{what}: {format_money(value, currency)} is more than the {left} {limit_word}"
    return ""


def prorate(amounts: LineAmounts, part: int, whole: int) -> LineAmounts:
    """Return the amounts for `part` of `whole` units, rounded down; all of it for the whole."""
    return LineAmounts(*(getattr(amounts, name) * part // whole for name in COMPONENTS))
