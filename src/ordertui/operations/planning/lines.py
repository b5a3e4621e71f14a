"""Choose the lines of an order that a plan names, and their amounts; pure functions over one order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import msgspec

from ordertui.operations.denials import LIKE_AMOUNTS, NO_ITEM_ID, NO_LINES, NO_PRICE, NOTHING_LEFT, Denial
from ordertui.orders.clock import to_local
from ordertui.orders.enums import Action, BuyerRequest, CancelReason
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.money import format_money
from ordertui.orders.order import COMPONENTS, LineAmounts, Order, OrderLine, OrderRow
from ordertui.orders.refund_limit import excess_text, lines_to_cancel, refund_limit, units_to_cancel, waiting_units

from .plan import PlanLine, PlannedOrder

CANCELLED_BY_REFUND = Denial(
    "lines", "a refund of this store cancels every unit that is not shipped: nothing is left to ship"
)


def _active_lines(order: Order) -> list[OrderLine]:
    return [line for line in order.lines if line.is_active]


def _one_per_item(lines: Sequence[OrderLine]) -> list[OrderLine]:
    """Return one line of each order-item-id, with a price if any has one: an item is one, however it is named."""
    chosen: dict[str, OrderLine] = {}
    for line in lines:
        if line.order_item_id is not None:
            first = chosen.setdefault(line.order_item_id, line)
            if first.paid is None and line.paid is not None:
                chosen[line.order_item_id] = line
    return [line for line in lines if line.order_item_id is None or chosen[line.order_item_id] is line]


def same_item_problem(order: Order) -> str:
    """Return why amounts cannot be given to lines of an order; empty when each line is told from the others.

    Two lines with one order-item-id are one item; with different amounts nobody can say which holds. Two lines of one
    SKU without ids cannot be told apart.
    """
    by_id: dict[str, OrderLine] = {}
    by_sku: dict[str, OrderLine] = {}
    for line in _active_lines(order):
        if line.order_item_id is None:
            other = by_sku.setdefault(line.sku, line)
            if other is not line:
                return (
                    f"lines {other.line} and {line.line} are both SKU {line.sku} and have no order-item-id: they cannot"
                    " be told apart; import the Unshipped orders or New orders report"
                )
        else:
            other = by_id.setdefault(line.order_item_id, line)
            if None not in (other.paid, line.paid) and (other.paid, other.currency) != (line.paid, line.currency):
                return (
                    f"lines {other.line} and {line.line} have one order-item-id and different amounts: import a newer"
                    " New orders or All Orders report"
                )
    return ""


def cancel_lines(order: Order) -> tuple[PlanLine, ...] | Denial:
    """Return every line that is not cancelled yet, because Amazon wants each item named (AMAZON.md c)."""
    lines = _active_lines(order)
    if not lines:
        return NO_LINES
    if not all(line.has_usable_id for line in lines):
        return NO_ITEM_ID
    return tuple(
        PlanLine(line.line, line.order_item_id or "", line.sku, line.quantity or 0, reason=_own_reason(order, line))
        for line in lines
    )


def _own_reason(order: Order, line: OrderLine) -> str:
    """Return the reason of a line for which alone the buyer asked, so that the feed says of each line what is true."""
    asked = line.buyer_request is BuyerRequest.OFFICIAL and order.row.buyer_request is BuyerRequest.SOME
    return CancelReason.BUYER_CANCELED.value if asked else ""


def confirm_lines(
    order: Order, shipping: tuple[str, str, str] | None, now: int, zone: str
) -> tuple[PlanLine, ...] | Denial:
    """Return every line with units not confirmed yet, without those that a refund of this store cancels.

    `shipping` is carrier, tracking number, ship date.
    """
    denial = shipping_denial(order.row, shipping, now, zone)
    if denial is not None:
        return denial
    active = _active_lines(order)
    units = {line.line: (line.quantity or 0) - (line.quantity_shipped or 0) - line.units_cancelled for line in active}
    open_lines = [line for line in active if units[line.line] > 0]
    if not open_lines:
        return CANCELLED_BY_REFUND if any(line.units_cancelled for line in active) else NO_LINES
    if not all(line.has_usable_id for line in open_lines):
        return NO_ITEM_ID
    return tuple(
        PlanLine(line.line, line.order_item_id or "", line.sku, units[line.line], ordered=line.quantity or 0)
        for line in _one_per_item(open_lines)
    )


def shipping_denial(row: OrderRow, shipping: tuple[str, str, str] | None, now: int, zone: str) -> Denial | None:
    """Return what is wrong with carrier, tracking number and ship date of an order; None when nothing is."""
    if shipping is None or not shipping[0].strip() or not shipping[1].strip():
        return Denial("tracking", "carrier and tracking number are missing")
    try:
        shipped = date.fromisoformat(shipping[2])
    except ValueError:
        return Denial("ship-date", f"{shipping[2]!r} is not a date such as 2026-11-23")
    if shipped > to_local(now, zone).date():
        return Denial("ship-date", f"the ship date {shipped} is in the future")
    if row.purchased_at is not None and shipped < to_local(row.purchased_at, zone).date():
        return Denial("ship-date", f"the ship date {shipped} is before the order was placed")
    return None


def refund_lines(order: Order, wanted: Sequence[PlanLine] | None) -> tuple[PlanLine, ...] | Denial:
    """Return the lines and amounts to give back, never more than is left in any component.

    `wanted`: what the operator asked for. None: of a partly shipped order the units that never left, which the refund
    cancels; of any other all that is left.
    """
    problem = same_item_problem(order)
    if problem:
        return Denial("item-id", problem)
    asked = _all_that_is_left(order) if wanted is None else tuple(wanted)
    if isinstance(asked, Denial):
        return asked
    lines = {line.line: line for line in order.lines}
    checked: list[PlanLine] = []
    for ask in asked:
        found = _checked(order, lines.get(ask.line), ask)
        if isinstance(found, Denial):
            return found
        checked.append(found)
    if len({line.line for line in checked}) != len(checked):
        return Denial("lines", "a line is named twice")
    if len({line.order_item_id for line in checked}) != len(checked):
        return Denial("item-id", "two lines are named that are one item: they have one order-item-id")
    return tuple(checked) if checked else Denial("amount", "no amount was given")


def without_refund(order: Order, row: PlannedOrder) -> Order:
    """Return the order as if this row of a refund were not there: neither its amounts nor the units it cancels."""
    if not any(line.refund is not None for line in row.lines):
        return order

    def without(line: OrderLine) -> OrderLine:
        amounts, units = line.refunded, line.units_cancelled
        for own in row.lines:
            if own.refund is not None and own.order_item_id == line.order_item_id:
                amounts, units = amounts.minus(own.refund), units - own.cancelled
        return msgspec.structs.replace(line, refunded=amounts, units_cancelled=units)

    return msgspec.structs.replace(order, lines=tuple(without(line) for line in order.lines))


def _all_that_is_left(order: Order) -> tuple[PlanLine, ...] | Denial:
    """Return what a refund gives back when the operator names no amounts."""
    active = _one_per_item(_active_lines(order))
    if any(line.may_be_exchanged for line in active):
        return LIKE_AMOUNTS
    limits = {line.line: refund_limit(order, line) for line in active}
    if any(limit is None for limit in limits.values()):
        return NO_PRICE
    if any(units_to_cancel(order, line) is None for line in active):
        return Denial("units", "no report says how many of its units were shipped: import the Unshipped orders report")
    waiting = _one_per_item(lines_to_cancel(order))
    rest = [found for line in waiting if (found := _waiting_units(order, line)) is not None]
    if rest:
        return tuple(rest)
    if any(units_to_cancel(order, line) for line in active):
        return Denial(
            "units", "nothing is left to give back for its units that never left: name the amounts for those that did"
        )
    left = [(line, limit) for line in active if (limit := limits[line.line]) is not None and limit.total > 0]
    for line, limit in left:
        below = next((name for name in COMPONENTS if getattr(limit, name) < 0), None)
        if below is not None:
            paid = getattr(line.paid, below)
            back, now = (format_money(minor, line.currency or "") for minor in (paid - getattr(limit, below), paid))
            return Denial(
                "amount",
                f"line {line.line}: {back} of its {below.replace('_', ' ')} went back or is on its way, and the newest"
                f" report says that it was {now}: name the amounts to give back",
            )
    return (
        tuple(
            PlanLine(line.line, line.order_item_id or "", line.sku, line.quantity or 0, limit) for line, limit in left
        )
        or NOTHING_LEFT
    )


def _waiting_units(order: Order, line: OrderLine) -> PlanLine | None:
    found = waiting_units(order, line)
    if found is None:
        return None
    units, amounts = found
    return PlanLine(
        line.line, line.order_item_id or "", line.sku, units, amounts, units, ordered=line.quantity or 0
    )  # fmt: skip


def _checked(order: Order, line: OrderLine | None, ask: PlanLine) -> PlanLine | Denial:
    """Return the line as it goes into the plan, or why it cannot."""
    if line is None:
        return Denial("lines", f"it has no line {ask.line}")
    if line.may_be_exchanged:
        return LIKE_AMOUNTS
    limit = refund_limit(order, line)
    if limit is None:
        return Denial("price", f"line {ask.line}: {NO_PRICE.why}")
    if line.order_item_id is None or not line.has_usable_id:
        return NO_ITEM_ID
    market = MARKETPLACES.get(order.row.marketplace)
    if market is not None and line.currency != market.currency:
        return Denial("currency", f"line {ask.line} is in {line.currency}, not in {market.currency}")
    why = _amount_problem(ask, limit, line.currency or "")
    if why:
        return Denial("amount", f"line {ask.line}: {why}")
    most = units_to_cancel(order, line) or 0
    if not 0 <= ask.cancelled <= most:
        return Denial(
            "units", f"line {ask.line}: {ask.cancelled} units cannot be cancelled: {most} are not shipped yet"
        )
    given = ask.refund or LineAmounts()
    return PlanLine(
        line.line, line.order_item_id, line.sku, ask.quantity or line.quantity or 0, ask.refund, ask.cancelled,
        item_promotion_id=(line.item_promotion_id or "") if given.item_promotion else "",
        ship_promotion_id=(line.ship_promotion_id or "") if given.ship_promotion else "",
        ordered=line.quantity or 0,
    )  # fmt: skip


def _amount_problem(ask: PlanLine, limit: LineAmounts, currency: str) -> str:
    """Return what is wrong with the amounts asked for, or an empty text."""
    if ask.refund is None or ask.refund.total <= 0:
        return "nothing would be given back"
    negative = next((name for name in COMPONENTS if getattr(ask.refund, name) < 0), None)
    if negative is not None:
        return f"{negative.replace('_', ' ')} is negative"
    return excess_text(ask.refund, limit, currency)


def has_several_items(lines: Sequence[PlanLine | OrderLine]) -> bool:
    """Return whether these lines of an order are of more than one SKU."""
    return len({line.sku for line in lines}) > 1


def other_items(action: Action, rows: Sequence[PlannedOrder]) -> dict[int, tuple[PlanLine, ...]]:
    """Return, by row number, the lines that a cancellation or a refund takes along, of each order with several items.

    What all orders of the batch share is what is looked for; the others are taken along. Where they share nothing, or
    all, every line is returned.
    """
    if action not in (Action.CANCEL, Action.REFUND) or not rows:
        return {}
    shared = set.intersection(*({line.sku for line in row.lines} for row in rows))
    found = {}
    for row in rows:
        if has_several_items(row.lines):
            others = tuple(line for line in row.lines if line.sku not in shared)
            found[row.id] = others or row.lines
    return found


def main_sku(row: PlannedOrder, rows: Sequence[PlannedOrder]) -> str:
    """Return the SKU that an order of a plan is about: one that all its orders share, else the order's first."""
    shared = set.intersection(*({line.sku for line in one.lines} for one in rows)) if rows else set()
    return next((line.sku for line in row.lines if line.sku in shared), row.lines[0].sku)
