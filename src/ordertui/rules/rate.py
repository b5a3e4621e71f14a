"""The cancellation rate in exact arithmetic: window, share, headroom, status. No float comes near a target.

The rate is counted cancellations over all orders of the window, and must stay strictly under the target. How Amazon dates
the window is not published, so every figure is an estimate: by default both are dated by purchase; dated by cancellation,
what was cancelled in the window may have been placed before it, and can even be more than the orders in it. Targets, days
and the "near" share are policy and are passed in.
"""

from __future__ import annotations

import math
from fractions import Fraction

import msgspec

from ordertui.orders.clock import day_start

OK, NEAR, OVER, NO_ORDERS, UNKNOWN = "ok", "near", "over", "no orders", "unknown"


def window(now: int, days: int, zone: str) -> tuple[int, int]:
    """First and last second of the window, both included: local midnight `days` - 1 days ago, and `now`.

    Right across DST changes. Raises ValueError when `days` is under 1.
    """
    if days < 1:
        raise ValueError(f"a window has at least 1 day, not {days}")
    return day_start(now, zone, 1 - days), now


def rate(orders: int, cancelled: int, *, loose: bool = False) -> Fraction | None:
    """The exact share; None without orders. Raises ValueError on counts that cannot be; `loose`: the cancelled need not be
    among the orders."""
    if cancelled < 0 or (orders < cancelled and not loose):
        raise ValueError(f"{cancelled} cancelled of {orders} orders cannot be")
    return Fraction(cancelled, orders) if orders else None


def headroom(orders: int, cancelled: int, target: Fraction, *, loose: bool = False) -> int:
    """How many more of the window's orders may be cancelled, all counting, with the rate still strictly under target.

    Cancelling does not change the number of orders. 0 when already at or over, and without orders.
    """
    rate(orders, cancelled, loose=loose)
    most = min(math.ceil(target * orders) - 1, orders)
    return max(0, most - cancelled)


def status(orders: int | None, cancelled: int, target: Fraction, near: Fraction, *, loose: bool = False) -> str:
    """`over` at or above the target, `near` from `near` x target on, else `ok`; `no orders`; `unknown` when orders is None."""
    if orders is None:
        return UNKNOWN
    share = rate(orders, cancelled, loose=loose)
    if share is None:
        return NO_ORDERS
    if share >= target:
        return OVER
    return NEAR if share >= near * target else OK


def percent(share: Fraction, digits: int = 2, *, target: Fraction | None = None) -> str:
    """`2.50%`, rounded half up; with a target never rounded across it: a rate just under 2.5 % reads `2.49%`."""
    scaled = share * 100 * 10**digits
    units = math.floor(scaled + Fraction(1, 2))
    if target is not None:
        edge = target * 100 * 10**digits
        if scaled < edge <= units:
            units = math.ceil(edge) - 1
        elif units < edge <= scaled:
            units = math.ceil(edge)
    sign, units = ("-" if units < 0 else ""), abs(units)
    if digits == 0:
        return f"{sign}{units}%"
    whole, part = divmod(units, 10**digits)
    return f"{sign}{whole}.{part:0{digits}d}%"


def exact_text(value: Fraction) -> str:
    """`0.025`: the exact decimal. Raises ValueError when the fraction has none (1/3)."""
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
    """The rate of one window. `cancelled_at_least` counts only what is known to count; `cancelled` what may."""

    orders: int
    cancelled: int
    cancelled_at_least: int
    target: Fraction
    rate: Fraction | None
    headroom: int
    status: str


def figure(
    orders: int,
    cancelled: int,
    target: Fraction,
    near: Fraction,
    *,
    at_least: int | None = None,
    more: int = 0,
    loose: bool = False,
) -> Figure:
    """The figure, or with `more` what it becomes after cancelling so many of the window's orders that count.

    Headroom and status go by `cancelled`, the careful count. `loose`: the cancelled need not be among the orders. Raises
    ValueError on counts that cannot be.
    """
    after = cancelled + more
    known = (cancelled if at_least is None else at_least) + more
    if more < 0 or not 0 <= known <= after:
        raise ValueError(f"{known} known of {after} counted cancellations cannot be")
    return Figure(
        orders,
        after,
        known,
        target,
        rate(orders, after, loose=loose),
        headroom(orders, after, target, loose=loose),
        status(orders, after, target, near, loose=loose),
    )
