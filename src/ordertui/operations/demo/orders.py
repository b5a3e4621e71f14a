"""Draw the made-up orders of one marketplace: every situation the rules know, in the numbers of a seller's month."""

from __future__ import annotations

import random
from collections.abc import Sequence
from fractions import Fraction

import msgspec

from ordertui.orders.clock import DAY, HOUR
from ordertui.rules.policy.policy import Policy
from ordertui.rules.rate import window

from .catalogue import CatalogueItem

MONTH = 30 * DAY
_ONE_UNLISTED_OF = 8
"""Of earlier cancellations that do not count, one in so many is in no report: nobody knows who cancelled."""
ASKED = ("Found it cheaper", "Ordered by mistake", "No longer needed", "Delivery takes too long", "Wrong size", "")


class MadeLine(msgspec.Struct):
    """One line of a made-up order; amounts in minor units for the whole quantity."""

    goods: CatalogueItem
    quantity: int
    shipped: int = 0
    promotion: int = 0
    gift_wrap: int = 0
    shipping: int = 0
    asked: str | None = None
    """The buyer's words in a request on Amazon to cancel this line; None without one."""


class MadeOrder(msgspec.Struct):
    """One made-up order, by Amazon's words."""

    order_id: str
    placed: int
    ship_by: int
    status: str
    lines: list[MadeLine] = msgspec.field(default_factory=list)
    fba: bool = False
    business: bool = False
    prime: bool = False
    replacement: bool = False
    impacts: str = ""
    """The Cancellation Rate report's word for a cancelled order; empty: not listed."""

    @property
    def waiting(self) -> bool:
        """Whether the Unshipped report has it."""
        return not self.fba and self.status in ("Unshipped", "PartiallyShipped")


def draw(
    code: str, count: int, goods: Sequence[CatalogueItem], policy: Policy, until: int, rng: random.Random
) -> list[MadeOrder]:
    """`count` orders placed in the month before `until` (epoch seconds), newest last."""
    first = rng.randrange(2, 10)
    orders = [_order(code, first, number, goods, until, rng) for number in range(count)]
    orders.sort(key=lambda order: order.placed)
    _late(orders, until, rng)
    _about_to_be_cancelled(orders, policy, until, rng)
    _cancelled(orders, policy, until, rng)
    return orders


def _order(
    code: str, first: int, number: int, goods: Sequence[CatalogueItem], until: int, rng: random.Random
) -> MadeOrder:
    placed = until - 20 * 60 - int(rng.random() ** 1.3 * (MONTH - HOUR))
    prefix = {"US": 110, "CA": 700, "UK": 200, "DE": 300, "JP": 500}[code] + first
    order = MadeOrder(
        order_id=f"{prefix}-{rng.randrange(10**7):07d}-{number * 7919 % 10**7:07d}",
        placed=placed,
        ship_by=placed + 2 * DAY,
        status="Shipped",
        fba=rng.random() < 0.12,
        business=rng.random() < 0.07,
        prime=rng.random() < 0.05,
        replacement=rng.random() < 0.006,
    )
    age = until - placed
    chance = rng.random()
    if age < 20 * HOUR and chance < 0.06:
        order.status = "Pending"
    elif age < 42 * HOUR and chance < 0.86:
        order.status = "Unshipped"
    elif age < 60 * HOUR and chance < 0.92:
        order.status = "PartiallyShipped" if rng.random() < 0.12 else "Shipped"
    wanted = [int(rng.random() ** 2 * len(goods)) for _ in range(rng.choice((1, 1, 1, 1, 1, 1, 2, 3)))]
    order.lines = [_line(goods[at], order, rng) for at in dict.fromkeys(wanted)]
    if order.waiting and not order.replacement and rng.random() < 0.07:
        rng.choice(order.lines).asked = rng.choice(ASKED)
    return order


def _line(goods: CatalogueItem, order: MadeOrder, rng: random.Random) -> MadeLine:
    line = MadeLine(goods, rng.choice((1, 1, 1, 1, 2, 2, 3)))
    if order.replacement:
        line.goods = CatalogueItem(goods.sku, goods.title, 0, goods.asin)
        return line
    worth = goods.price * line.quantity
    if rng.random() < 0.1:
        line.promotion = worth // 10
    if rng.random() < 0.03:
        line.gift_wrap = goods.price // 10
    if rng.random() < 0.3:
        line.shipping = goods.price // 5
    if order.status == "PartiallyShipped":
        line.quantity += 1
        line.shipped = line.quantity - 1
    elif order.status == "Shipped":
        line.shipped = line.quantity
    return line


def _sample(orders: Sequence[MadeOrder], wanted: int, rng: random.Random) -> list[MadeOrder]:
    return rng.sample(orders, min(wanted, len(orders)))


def _reopen(order: MadeOrder) -> None:
    order.status = "Unshipped"
    for line in order.lines:
        line.shipped = 0


def _late(orders: Sequence[MadeOrder], until: int, rng: random.Random) -> None:
    """Make some orders of the last days late."""
    shipped = [o for o in orders if not o.fba and o.status == "Shipped" and 2 * DAY < until - o.placed < 5 * DAY]
    for order in _sample(shipped, max(2, len(orders) // 250), rng):
        _reopen(order)
        order.ship_by = until - rng.randrange(HOUR, 40 * HOUR)


def _about_to_be_cancelled(orders: Sequence[MadeOrder], policy: Policy, until: int, rng: random.Random) -> None:
    """Make a few orders so late that Amazon cancels them within a day, by the policy in force."""
    near = [
        ship_by
        for ship_by in range(until - 28 * DAY, until, HOUR)
        if until + 4 * HOUR < (policy.auto_cancel_at(ship_by) or 0) < until + 22 * HOUR
    ]
    old = [
        o for o in orders if not o.fba and o.status == "Shipped" and until - o.placed > 9 * DAY and not o.replacement
    ]
    for order in _sample(old, max(1, len(orders) // 500), rng) if near else ():
        _reopen(order)
        order.ship_by = rng.choice(near)
        order.placed = order.ship_by - 2 * DAY


def _cancelled(orders: Sequence[MadeOrder], policy: Policy, until: int, rng: random.Random) -> None:
    """Cancel orders of the month. Those of the window that count come near the policy's target."""
    start, _ = window(until, min(policy.values.rate_days), policy.zone)
    mine = [o for o in orders if not o.fba]
    inside = [o for o in mine if o.placed >= start]
    before = [o for o in mine if o.placed < start and o.status == "Shipped"]
    limit = policy.values.rate_target * (1 + policy.values.near) / 2  # between near and the target
    counted = max(0, int(limit * len(inside)))
    shipped = [o for o in inside if o.status == "Shipped"]
    sellers = _sample(shipped, counted, rng)
    sellers_before = _sample(before, int(Fraction(len(before)) * policy.values.rate_target * policy.values.near), rng)
    buyers = _sample(shipped, max(1, len(inside) // 60), rng)
    others_before = _sample(before, len(before) // 50, rng)
    unlisted = others_before[::_ONE_UNLISTED_OF]
    groups = (
        (sellers, "Yes"),
        (sellers_before, "Yes"),
        (buyers, "No"),
        (unlisted, ""),
        (others_before, "No"),
    )
    for group, impacts in groups:
        for order in group:
            if order.status == "Shipped":
                _reopen(order)
                order.status, order.impacts = "Cancelled", impacts
