"""An order's numbers by plain arithmetic on its own lines and facts, for the recount alone.

They are worked out a second time here on purpose: were a helper shared with what the program shows, its fault would
be on both sides, and the recount would agree with a wrong number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import lru_cache
from zoneinfo import ZoneInfo

from ordertui.orders.api_facts import program_bars
from ordertui.orders.batch_state import OPEN_STATES, UNCONFIRMED, RowState
from ordertui.orders.clock import EARLIEST, LATEST
from ordertui.orders.enums import Action, BuyerRequest, Channel, OrderStatus, Refunded, Verge
from ordertui.orders.marketplace import Marketplace
from ordertui.orders.order import LineAmounts, LinesKnown, Order, OrderLine, OrderRow
from ordertui.orders.text import spelling
from ordertui.rules.policy.settings import PolicyValues

HOUR, DAY = 3_600, 86_400
WAITING = (OrderStatus.UNSHIPPED, OrderStatus.PARTIALLY_SHIPPED)


# -- money and units


def paid(amounts: LineAmounts) -> int:
    """Return what the buyer pays for a line, in minor units."""
    prices = amounts.item_price + amounts.shipping_price + amounts.gift_wrap_price
    taxes = amounts.item_tax + amounts.shipping_tax + amounts.gift_wrap_tax
    return prices + taxes - (amounts.item_promotion + amounts.ship_promotion)


def wanted(lines: Sequence[OrderLine]) -> list[OrderLine]:
    """Return the lines of which something is still wanted."""
    return [one for one in lines if one.status is not OrderStatus.CANCELLED and one.quantity != 0]


def shown(order: Order) -> tuple[str, str | None] | None:
    """Return SKU and title of the item that a table shows of the order: the first that is still wanted, if any is."""
    living = [] if order.row.status is OrderStatus.CANCELLED else wanted(order.lines)
    return next(((one.sku, one.title) for one in living or order.lines), None)


def total(order: Order) -> tuple[int, str] | None:
    """Return what the buyer pays for the order, in minor units, and the currency; None when a price is unknown."""
    currencies = {line.currency for line in order.lines if line.currency is not None}
    living = [] if order.row.status is OrderStatus.CANCELLED else wanted(order.lines)
    if living and any(line.is_unsure_sum for line in order.lines):
        return None
    if len(currencies) != 1 or any(line.paid is None or paid(line.paid) < 0 or line.may_stand_twice for line in living):
        return None  # nobody ever paid less than nothing
    return sum(paid(line.paid) for line in living if line.paid is not None), currencies.pop()


def refunded(order: Order, given_back: int, units: int) -> Refunded:
    """Return how much of the order went back. `given_back`: by batches that left, in minor units; `units`: those that
    they cancelled.
    """
    if not given_back:
        return Refunded.NONE
    living = wanted(order.lines)
    if not living or any(line.paid is None for line in living):
        return Refunded.PARTIAL
    above = given_back - sum(paid(line.paid) for line in living if line.paid)
    return Refunded.FULL if above == 0 or (above > 0 and not units) else Refunded.PARTIAL


def refundable(order: Order, line: OrderLine) -> int:
    """Return what may still be given back for a line with a price, in minor units: what was charged, less refunds.

    Confirming any item charges the whole order.
    """
    confirmed = order.row.status in (OrderStatus.SHIPPED, OrderStatus.PARTIALLY_SHIPPED) or order.row.units_shipped
    charged = paid(line.paid) if line.paid is not None and confirmed and line in wanted([line]) else 0
    return max(0, charged - paid(line.refunded))


# -- what decides


def facts(row: OrderRow) -> dict[str, str]:
    """Return the facts that decide about an order, by their names in the decision tables."""
    units, shipped = row.items, row.units_shipped
    if row.status is OrderStatus.SHIPPED:
        confirmed = "all"
    elif shipped:
        confirmed = "all" if units is not None and shipped >= units else "some"
    elif row.status is OrderStatus.PARTIALLY_SHIPPED:
        confirmed = "some"
    else:
        known = (OrderStatus.UNSHIPPED, OrderStatus.PENDING, OrderStatus.CANCELLED)
        confirmed = "no" if row.status in known else "unknown"
    return {
        "channel": row.channel.value,
        "status": row.status.value,
        "confirmed": confirmed,
        "dispatched": row.dispatched.value,
        "buyer_request": row.buyer_request.value,
        "cancelled_by": row.cancelled_by.value,
        "refunded": row.refunded.value,
        "replacement": row.replacement.value,
        "amazon_counts": row.amazon_counts.value,
        "marketplace": row.marketplace,
    }


def lines_suffice(action: Action, order: Order) -> bool:
    """Return whether a feed can name the lines that an action needs, and its program takes it."""
    if order.row.lines_known & LinesKnown.UNREAD and action is not Action.MESSAGE:
        return False
    bars = program_bars(order.row.program)
    living = wanted(order.lines)
    named = [line for line in living if line.order_item_id is not None and 14 <= len(line.order_item_id) <= 16]
    if action is not Action.REFUND and len(_states(order.lines)) > len({sku for sku, *_ in _states(order.lines)}):
        return False
    if action is Action.CANCEL:
        if bars & LinesKnown.PROGRAM_BARS_CANCEL or order.row.lines_known & LinesKnown.PARCEL_LEFT:
            return False
        return not order.lines or (bool(living) and len(named) == len(living))
    if action is Action.CONFIRM:
        return not bars & LinesKnown.PROGRAM_BARS_CONFIRM and (not order.lines or bool(named))
    if action is Action.REFUND and order.lines:
        return any(
            line.paid and line.currency and not line.may_be_exchanged and paid(line.paid) > paid(line.refunded)
            for line in named
        )
    return True


def _states(lines: Sequence[OrderLine]) -> set[tuple[str, bool, bool]]:
    """Return the states of items that may be exchanged: SKU, whether something is wanted, whether it was shipped."""
    return {
        (spelling(line.sku), bool(wanted([line])), line.status is OrderStatus.SHIPPED)
        for line in lines
        if line.may_be_exchanged
    }


def is_doubtful(row: OrderRow, values: PolicyValues, cancelled_at: int | None, now: int) -> bool:
    """Return whether a report's silence, or the time gone by, makes it doubtful that the order still waits."""
    if row.status not in WAITING:
        return False
    if row.missing_since is not None:
        return True
    return is_outdated(row, values, cancelled_at, now)


def is_outdated(row: OrderRow, values: PolicyValues, cancelled_at: int | None, now: int) -> bool:
    """Return whether Amazon was to cancel a waiting order so long ago that only a newer report can tell."""
    if row.status not in WAITING or cancelled_at is None or row.named_at is None:
        return False
    return cancelled_at + values.auto_cancelled_hours * HOUR < now and row.named_at + values.old_hours * HOUR < now


# -- time


def deadline(row: OrderRow, values: PolicyValues, market: Marketplace) -> int | None:
    """Return when Amazon cancels a waiting order at the earliest (epoch seconds), one day after the other."""
    if row.ship_by is None or row.status not in WAITING or not EARLIEST <= row.ship_by <= LATEST:
        return None
    moment = datetime.fromtimestamp(row.ship_by, ZoneInfo(market.zone))
    found = []
    for delay in (values.auto_cancel_earliest, values.auto_cancel):
        if delay.hours is not None:
            found.append(row.ship_by + delay.hours * HOUR)
        elif delay.days is not None:
            found.append(int((moment + timedelta(days=delay.days)).timestamp()))
        elif delay.business_days is not None:
            day = moment
            for _ in range(delay.business_days):
                day += timedelta(days=1)
                while not _is_working_day(day.date(), market.country):
                    day += timedelta(days=1)
            found.append(int(day.timestamp()))
    return min(found, default=None)


@lru_cache(maxsize=4_096)
def _is_working_day(day: date, country: str) -> bool:
    import holidays

    return bool(holidays.country_holidays(country, years=day.year).is_working_day(day))


def window_start(now: int, days: int, zone: str) -> int:
    """Return the first second of a window of so many days: midnight where the marketplace is."""
    today = datetime.fromtimestamp(now, ZoneInfo(zone)).date()
    first = today - timedelta(days=days - 1)
    return int(datetime(first.year, first.month, first.day, tzinfo=ZoneInfo(zone)).timestamp())


# -- queues and rates


def queues(
    order: Order, due: int | None, now: int, values: PolicyValues, *, is_marked: bool, books_refunds: bool
) -> tuple[set[str], set[str]]:
    """Return the keys of the queues that the order is in, and of those that it may be in, for want of a fact.

    `due`: when Amazon cancels it. `books_refunds`: whether a refund that Amazon took waits for its booking.
    """
    row = order.row
    action, state = (None, None) if row.open_action is None else (row.open_action.kind, row.open_action.state)
    ours, theirs = row.channel is Channel.MERCHANT, row.channel is Channel.AMAZON
    waits = row.status in WAITING
    is_verge = row.verge is Verge.CANCELLATION and waits
    rests = action is Action.REFUND and state is RowState.OK and not books_refunds
    found = {"all"}
    unsure: set[str] = set()
    units = {line.line: line.units_cancelled for line in order.lines}
    to_ship = sum(
        max(0, (1 if line.quantity is None else line.quantity) - (line.quantity_shipped or 0) - units[line.line])
        for line in order.lines
        if line.status is not OrderStatus.CANCELLED
    )
    is_rest_cancelled = waits and sum(units.values()) > 0 and not to_ship
    if not is_rest_cancelled and not (action is Action.CANCEL and state in OPEN_STATES):
        asked = row.buyer_request in (BuyerRequest.OFFICIAL, BuyerRequest.SOME, BuyerRequest.MESSAGE)
        open_or_unknown = waits or row.status is OrderStatus.UNKNOWN
        found |= {"to_ship"} if ours and waits else set()
        found |= {"buyer_asked"} if asked and open_or_unknown and not theirs else set()
        found |= {"late"} if ours and waits and row.ship_by is not None and row.ship_by < now else set()
        if ours and (is_verge or (due is not None and due < now + DAY)):
            (unsure if is_outdated(row, values, due, now) else found).add("auto_cancel")
        no_owner = row.channel is Channel.UNKNOWN and waits
        unsure |= {"to_ship"} if no_owner or (not theirs and row.status is OrderStatus.UNKNOWN) else set()
        unsure |= {"buyer_asked"} if not theirs and waits and row.buyer_request is BuyerRequest.UNKNOWN else set()
        unsure |= {"late", "auto_cancel"} if not theirs and waits and row.ship_by is None else set()
    found |= {state.value} if state is RowState.HELD else set()  # the queue has the name of the state
    found |= {"unconfirmed"} if state in UNCONFIRMED and not rests else set()
    found |= {"failed"} if state is RowState.ERROR and row.status is not OrderStatus.CANCELLED else set()
    found |= {"missing"} if row.missing_since is not None and waits and state not in UNCONFIRMED else set()
    found |= {"marked"} if is_marked else set()
    return found, unsure


def room(orders: int, cancelled: int, target: str) -> int:
    """Return how many more of the orders may count with the rate still under the target, tried one by one."""
    limit, more = Fraction(target), 0
    if not orders:
        return 0
    most = min(orders, math.ceil(limit * orders) + 1)
    while cancelled + more + 1 <= most and Fraction(cancelled + more + 1, orders) < limit:
        more += 1
    return more
