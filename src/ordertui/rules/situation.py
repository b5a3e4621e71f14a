"""The facts a decision looks at: closed, typed, total; and their number, which the store keeps with each order."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from functools import lru_cache
from itertools import product
from typing import NamedTuple

from ordertui.orders.enums import (
    Action,
    BuyerRequest,
    CancelledBy,
    CancelReason,
    Channel,
    Dispatched,
    OrderStatus,
    Refunded,
    YesNo,
)
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.order import OrderRow

from .tables.schema import Fact, Kind


class Confirmed(StrEnum):
    """How much of the order is confirmed as shipped to Amazon."""

    NO = "no"
    SOME = "some"
    ALL = "all"
    UNKNOWN = "unknown"


class Situation(NamedTuple):
    """The static facts of an order. Money and time are not among them: they are compared live."""

    channel: Channel
    status: OrderStatus
    confirmed: Confirmed
    dispatched: Dispatched
    buyer_request: BuyerRequest
    cancelled_by: CancelledBy
    refunded: Refunded
    replacement: YesNo


FACTS: dict[str, tuple[StrEnum, ...]] = {
    "channel": tuple(Channel),
    "status": tuple(OrderStatus),
    "confirmed": tuple(Confirmed),
    "dispatched": tuple(Dispatched),
    "buyer_request": tuple(BuyerRequest),
    "cancelled_by": tuple(CancelledBy),
    "refunded": tuple(Refunded),
    "replacement": tuple(YesNo),
}
"""Fact name to its closed list of values, in the order of Situation's fields. Stored numbers depend on these orders: append only."""
MARKETPLACE = Fact("marketplace", Kind.ENUM, tuple(MARKETPLACES))
DECIDING = (*(Fact(name, Kind.ENUM, tuple(v.value for v in values)) for name, values in FACTS.items()), MARKETPLACE)
"""What the tables of permission and counting look at: the situation, then the marketplace. Time and money are not among
them, so that a decision stays an indexed query; house rules compare those live."""
ACTION = Fact("action", Kind.ENUM, tuple(action.value for action in Action))
REASON = Fact("reason", Kind.ENUM, tuple(reason.value for reason in CancelReason))
COUNTS = Fact("counts", Kind.ENUM, (YesNo.YES.value, YesNo.NO.value))
DAYS_LATE = Fact("days_late", Kind.DAYS)
"""Begun days past ship-by: above 0 exactly when the ship-by time has passed; unknown without a ship-by time."""
TOTAL = Fact("total", Kind.MONEY)
_PLACES = tuple({value: place for place, value in enumerate(values)} for values in FACTS.values())
SITUATIONS = 1
for _values in FACTS.values():
    SITUATIONS *= len(_values)


def situation_number(situation: Situation) -> int:
    """The situation as one number from 0 to SITUATIONS - 1 (mixed radix over FACTS)."""
    number = 0
    for places, value in zip(_PLACES, situation, strict=True):
        number = number * len(places) + places[value]
    return number


@lru_cache(maxsize=65_536)
def situation_from_number(number: int) -> Situation:
    """The situation of a number. Raises ValueError when no situation has it."""
    if not 0 <= number < SITUATIONS:
        raise ValueError(f"{number} is no situation number")
    values: list[StrEnum] = []
    for choices in reversed(FACTS.values()):
        number, place = divmod(number, len(choices))
        values.append(choices[place])
    return Situation(*reversed(values))  # type: ignore[arg-type]


def situation_places(situation: Situation) -> list[int]:
    """Where each fact's value stands in its list of FACTS, as a table over DECIDING asks for it."""
    return [places[value] for places, value in zip(_PLACES, situation, strict=True)]


def all_situations() -> Iterator[Situation]:
    """Every situation there can be."""
    for values in product(*FACTS.values()):
        yield Situation(*values)  # type: ignore[arg-type]


def confirmed_of(status: OrderStatus, items: int | None, units_shipped: int | None) -> Confirmed:
    """How much is confirmed: by the status, and by the units, whichever says more."""
    if status is OrderStatus.SHIPPED:
        return Confirmed.ALL
    if units_shipped is not None and units_shipped > 0:
        return Confirmed.ALL if items is not None and units_shipped >= items else Confirmed.SOME
    if status is OrderStatus.PARTIALLY_SHIPPED:
        return Confirmed.SOME
    if status in (OrderStatus.UNSHIPPED, OrderStatus.PENDING, OrderStatus.CANCELLED):
        return Confirmed.NO
    return Confirmed.UNKNOWN


def situation_of(row: OrderRow) -> Situation:
    """The situation an order is in."""
    return Situation(
        row.channel,
        row.status,
        confirmed_of(row.status, row.items, row.units_shipped),
        row.dispatched,
        row.buyer_request,
        row.cancelled_by,
        row.refunded,
        row.replacement,
    )
