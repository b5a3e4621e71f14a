"""The cancellation rate in exact arithmetic: window, ratio, headroom, status. Floats would round across a target.

The rate is counted cancellations over all orders of the window, and must stay strictly under the target. Amazon does
not publish how it dates them, so every figure is an estimate. By default both are dated by purchase. When cancellations
are dated by their own time, the orders may have been placed before the window, so there can be more cancellations than
orders (`cancelled_outside_orders`). Targets, days and the "near" share are policy and are passed in.
"""

from __future__ import annotations

import math
from enum import StrEnum
from fractions import Fraction

import msgspec

from ordertui.orders.clock import day_start


class RateStatus(StrEnum):
    """Where a rate stands against its target."""

    OK = "ok"
    NEAR = "near"
    OVER = "over"
    NO_ORDERS = "no orders"
    UNKNOWN = "unknown"


def window(now: int, days: int, zone: str) -> tuple[int, int]:
    """Return the first and last second of the window: local midnight `days` - 1 days ago, and `now`.

    Right across DST changes. Raises ValueError when `days` is under 1.
    """
    if days < 1:
        raise ValueError(f"a window has at least 1 day, not {days}")
    return day_start(now, zone, 1 - days), now


def rate(orders: int, cancelled: int, *, cancelled_outside_orders: bool = False) -> Fraction | None:
    """Return the exact rate; None without orders. Raises ValueError for counts that cannot be."""
    if cancelled < 0 or (orders < cancelled and not cancelled_outside_orders):
        raise ValueError(f"{cancelled} cancelled of {orders} orders cannot be")
    return Fraction(cancelled, orders) if orders else None


def headroom(orders: int, cancelled: int, target: Fraction, *, cancelled_outside_orders: bool = False) -> int:
    """Return how many more orders of the window may be cancelled, all counting, with the rate still strictly under
    target.

    Cancelling does not change the number of orders. 0 when already at or over, and without orders.
    """
    rate(orders, cancelled, cancelled_outside_orders=cancelled_outside_orders)
    most = min(math.ceil(target * orders) - 1, orders)
    return max(0, most - cancelled)


def status(
    orders: int | None, cancelled: int, target: Fraction, near: Fraction, *, cancelled_outside_orders: bool = False
) -> RateStatus:
    """Return `over` at or above the target, `near` from `near` x target on, else `ok`. `orders` None: unknown."""
    if orders is None:
        return RateStatus.UNKNOWN
    share = rate(orders, cancelled, cancelled_outside_orders=cancelled_outside_orders)
    if share is None:
        return RateStatus.NO_ORDERS
    if share >= target:
        return RateStatus.OVER
    return RateStatus.NEAR if share >= near * target else RateStatus.OK


def round_share(share: Fraction, digits: int, *, target: Fraction | None = None, at_most: bool = False) -> Fraction:
    """Return the share with so many decimals, rounded half up but never across the target.

    A rate just under 2.5 % is 0.0249 with four decimals, because 0.025 would read as over. `at_most`: a rate that is
    the target meets it, so that one just above 0.5 % is 0.0051.
    """
    scaled = share * 10**digits
    units = math.floor(scaled + Fraction(1, 2))
    if target is not None:
        edge = target * 10**digits
        first_over = math.floor(edge) + 1 if at_most else math.ceil(edge)
        is_over = scaled > edge if at_most else scaled >= edge
        units = max(units, first_over) if is_over else min(units, first_over - 1)
    return Fraction(units, 10**digits)


def percent(share: Fraction, *, target: Fraction | None = None, at_most: bool = False) -> str:
    """Return a share as people read it, such as `2.49 %`: the one place where a rate becomes a percentage.

    Rounded as `round_share` does, so that the text never says over of a rate that is under, nor the other way round.
    """
    units = int(round_share(share, 4, target=target, at_most=at_most) * 10_000)
    whole, part = divmod(abs(units), 100)
    return f"{'-' if units < 0 else ''}{whole}.{part:02d} %"


def target_percent(target: Fraction) -> str:
    """Return a target exactly, such as `2.5 %`. Raises ValueError when it has no exact decimal."""
    return f"{exact_text(target * 100)} %"


def exact_text(value: Fraction) -> str:
    """Return the exact decimal, such as `0.025`. Raises ValueError when the fraction has none (1/3)."""
    digits, rest = 0, value.denominator
    while rest % 10 == 0 or rest % 2 == 0 or rest % 5 == 0:
        rest //= 10 if rest % 10 == 0 else 2 if rest % 2 == 0 else 5
        digits += 1
    if rest != 1:
        raise ValueError(f"{value} has no exact decimal text")
    sign, units = ("-" if value < 0 else ""), abs(int(value * 10**digits))
    whole, part = divmod(units, 10**digits)
    return f"{sign}{whole}.{part:0{digits}d}" if digits else f"{sign}{whole}"


class Figure(msgspec.Struct, frozen=True):
    """The rate of one window. `cancelled_at_least` counts what surely counts, `cancelled` also what may."""

    orders: int
    cancelled: int
    cancelled_at_least: int
    target: Fraction
    rate: Fraction | None
    headroom: int
    status: RateStatus


def figure(
    orders: int,
    cancelled: int,
    target: Fraction,
    near: Fraction,
    *,
    at_least: int | None = None,
    cancelled_outside_orders: bool = False,
) -> Figure:
    """Return the figure. Headroom and status go by `cancelled`, the careful count; `at_least` is the sure one.

    Raises ValueError for impossible counts.
    """
    known = cancelled if at_least is None else at_least
    if not 0 <= known <= cancelled:
        raise ValueError(f"{known} known of {cancelled} counted cancellations cannot be")
    return Figure(
        orders,
        cancelled,
        known,
        target,
        rate(orders, cancelled, cancelled_outside_orders=cancelled_outside_orders),
        headroom(orders, cancelled, target, cancelled_outside_orders=cancelled_outside_orders),
        status(orders, cancelled, target, near, cancelled_outside_orders=cancelled_outside_orders),
    )
