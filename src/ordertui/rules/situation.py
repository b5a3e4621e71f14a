"""The facts of an order that decide about it, and their encoding as one number, which the store keeps."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from ordertui.orders.enums import BuyerRequest, CancelledBy, Channel, Dispatched, OrderStatus, Refunded, YesNo
from ordertui.orders.order import OrderRow


class Confirmed(StrEnum):
    """How much of the order the seller has confirmed to Amazon as shipped."""

    NO = "no"
    SOME = "some"
    ALL = "all"
    UNKNOWN = "unknown"


class Situation(NamedTuple):
    """The facts of an order that are stored. Money and time are not among them: house rules compare those live."""

    channel: Channel
    status: OrderStatus
    confirmed: Confirmed
    dispatched: Dispatched
    buyer_request: BuyerRequest
    cancelled_by: CancelledBy
    refunded: Refunded
    replacement: YesNo
    amazon_counts: YesNo
    """What Amazon's Cancellation Rate report says of it; unknown: no report covers it."""


FACTS: dict[str, tuple[StrEnum, ...]] = {
    "channel": tuple(Channel),
    "status": tuple(OrderStatus),
    "confirmed": tuple(Confirmed),
    "dispatched": tuple(Dispatched),
    "buyer_request": tuple(BuyerRequest),
    "cancelled_by": tuple(CancelledBy),
    "refunded": tuple(Refunded),
    "replacement": tuple(YesNo),
    "amazon_counts": tuple(YesNo),
}
"""Fact name to its closed list of values, in the order of Situation's fields.

Stored situation numbers depend on these orders, so a new value changes the store's schema.
"""
_INDEXES = tuple({value: index for index, value in enumerate(values)} for values in FACTS.values())
SITUATIONS = 1
for _values in FACTS.values():
    SITUATIONS *= len(_values)


@lru_cache(maxsize=65_536)
def situation_number(situation: Situation) -> int:
    """Return the situation as a number from 0 to SITUATIONS - 1 (mixed radix over FACTS)."""
    number = 0
    for indexes, value in zip(_INDEXES, situation, strict=True):
        number = number * len(indexes) + indexes[value]
    return number


@lru_cache(maxsize=65_536)
def situation_from_number(number: int) -> Situation:
    """Return the situation of a number. Raises ValueError when no situation has it."""
    if not 0 <= number < SITUATIONS:
        raise ValueError(f"{number} is no situation number")
    values: list[StrEnum] = []
    for choices in reversed(FACTS.values()):
        number, index = divmod(number, len(choices))
        values.append(choices[index])
    return Situation(*reversed(values))  # type: ignore[arg-type]


def situation_indexes(situation: Situation) -> list[int]:
    """Return the index of each fact's value in its list of FACTS, as `Table.hits` takes them."""
    return [indexes[value] for indexes, value in zip(_INDEXES, situation, strict=True)]


def confirmed_of(status: OrderStatus, items: int | None, units_shipped: int | None) -> Confirmed:
    """Return how much is confirmed, by the status or by the units, whichever says more."""
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
    """Return the situation of an order."""
    return Situation(
        row.channel,
        row.status,
        confirmed_of(row.status, row.items, row.units_shipped),
        row.dispatched,
        row.buyer_request,
        row.cancelled_by,
        row.refunded,
        row.replacement,
        row.amazon_counts,
    )
