"""Sentences on what a program of Amazon means for an order, and on what only the API says of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ordertui.operations.denials import AWAITING_SHIPMENT
from ordertui.orders.api_facts import (
    AMAZON_BUSINESS,
    PROGRAM_RULES,
    SELLER_FULFILLED_PRIME,
    ApiFacts,
    ItemCancellation,
    Parcel,
    is_seller_fulfilled_prime,
)
from ordertui.orders.enums import Channel, OrderStatus, YesNo
from ordertui.orders.order import UNDATED_PRICE, Order, OrderRow
from ordertui.orders.refund_limit import went_back_above_paid
from ordertui.orders.text import pluralize


def order_sentences(order: Order) -> Iterator[str]:
    """Yield what an order's own facts mean: those of `row_sentences`, and what reports leave in doubt: whether it is
    cancelled or shipped, whether an item stands twice or may be exchanged with another, and of when what was
    paid is known.
    """
    yield from row_sentences(order.row)
    if any(line.is_listed_as_waiting for line in order.lines):
        if order.row.status is OrderStatus.SHIPPED:
            yield (
                "a newer Unshipped report lists it. Amazon takes no shipment back, and a report may be half an hour"
                " behind: it stays shipped; look at it in Seller Central before it is shipped again"
            )
        else:
            yield (
                "a newer Unshipped report lists it. Amazon takes no cancellation back, and a report may be half an hour"
                " behind: look at it in Seller Central before anything of it is shipped"
            )
    if any(line.may_stand_twice for line in order.lines):
        yield (
            "an item may stand twice, under two SKUs: with an item id, and without one. What is shipped of it and the"
            " order's total are unknown, and the order cannot be cancelled here: look at it in Seller Central"
        )
    if any(line.may_be_exchanged for line in order.lines):
        yield (
            "several items are one SKU, and All Orders, which has no item ids, does not tell which of its amounts,"
            " units and states are whose: they are not refunded here; look at the order in Seller Central"
        )
    if any(line.is_unsure_sum for line in order.lines):
        yield (
            "of items of one SKU All Orders names another number than reports with item ids do, or gives only some a"
            " price: how many there are, and the order's total, are unknown"
        )
    if any(went_back_above_paid(order, line) for line in order.lines):
        yield (
            "more went back for an item than a report now calls paid: it may name only the units that no refund"
            " cancelled. What is left of them is unknown, and they are not refunded here: look at it in Seller Central"
        )
    if any(line.paid is not None and not line.is_price_dated for line in order.lines):
        yield UNDATED_PRICE


def row_sentences(row: OrderRow) -> Iterator[str]:
    """Yield what an order's own facts mean: units confirmed beside a status that names none, and its program.

    An Unshipped report lists an order of which a part waits, so its `unshipped` contradicts nothing.
    """
    if row.units_shipped and row.status in (OrderStatus.UNSHIPPED, OrderStatus.PENDING, OrderStatus.CANCELLED):
        if row.status is OrderStatus.CANCELLED:
            yield (
                f"reports contradict each other: it is cancelled, and {pluralize(row.units_shipped, 'unit')} of it"
                " shipped. What was charged and may go back is unknown: look at it in Seller Central"
            )
        else:
            of = "?" if row.items is None else f"{row.items:,}"
            word = row.status.value
            yield f"{row.units_shipped:,} of {of} units were confirmed as shipped; the newest report lists it as {word}"
    yield from _program(row)


def _program(row: OrderRow) -> Iterator[str]:
    """Yield what the order's program means; nothing for an order of no program."""
    if row.program in PROGRAM_RULES:
        yield f"program {PROGRAM_RULES[row.program].name}: see what it does not allow below"
    if is_seller_fulfilled_prime(row):
        yield SELLER_FULFILLED_PRIME
    if row.business is YesNo.YES and row.channel is not Channel.AMAZON and row.status in AWAITING_SHIPMENT:
        yield AMAZON_BUSINESS


def api_sentences(facts: ApiFacts, moment: Callable[[int], str]) -> Iterator[str]:
    """Yield what the API says beyond an order report. `moment` formats epoch seconds."""
    if facts.programs:
        yield f"Amazon's programs: {', '.join(facts.programs)}"
    if facts.deliver_by is not None:
        yield f"to be delivered by {moment(facts.deliver_by)}"
    for parcel in facts.parcels:
        yield _parcel(parcel, moment)
    for one in facts.cancellations:
        yield from _cancellation(one)
    for item, units in facts.units_waiting.items():
        yield f"item {item}: {units} to ship"
    for item, total in facts.differing_totals.items():
        yield f"item {item}: {total}; a full refund is not offered"
    if facts.differing_grand_total is not None:
        yield f"the order: {facts.differing_grand_total}; a full refund is not offered"


def _parcel(parcel: Parcel, moment: Callable[[int], str]) -> str:
    status = parcel.status.replace("_", " ").lower() or "state not said"
    carried = " ".join(filter(None, (parcel.carrier, parcel.tracking)))
    left = f", left {moment(parcel.shipped_at)}" if parcel.shipped_at is not None else ""
    return f"parcel {parcel.reference or '?'}: {status}{f', {carried}' if carried else ''}{left}"


def _cancellation(one: ItemCancellation) -> Iterator[str]:
    if one.is_requested:
        who = one.requester or "nobody that Amazon names"
        official = "" if one.requester == "BUYER" else " (not the buyer's official request)"
        yield f"item {one.item_id}: cancellation asked for by {who}{official}{_because(one.request_reason)}"
    if one.cancelled_by or one.reason:
        yield f"item {one.item_id}: cancelled by {one.cancelled_by or 'somebody'}{_because(one.reason)}"


def _because(reason: str) -> str:
    return f": {reason}" if reason else ""
