"""Refunds that Amazon booked, as the connector read them and the store keeps them."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec

from ordertui.operations.limits import CLOCK_SKEW_SECONDS
from ordertui.store import RefundRow, Store

_BOOKED_KEY = "amazon:booked:"


class Booking(msgspec.Struct, frozen=True):
    """A refund that Amazon booked."""

    ident: str
    order_id: str
    posted: int
    """Epoch seconds."""
    currency: str
    minor: int
    """Minor units that went back to the buyer, above zero."""


def may_match(row: RefundRow, booking: Booking) -> bool:
    """Return whether a booking may be what a row asked for. The two clocks may differ by some minutes."""
    same = (row.order_id, row.currency, row.total) == (booking.order_id, booking.currency, booking.minor)
    return same and booking.posted >= row.sent_at - CLOCK_SKEW_SECONDS


def kept_bookings(store: Store, order_id: str) -> list[Booking]:
    """Return the bookings of an order that the store keeps, oldest first."""
    text = store.meta(_BOOKED_KEY + order_id)
    return msgspec.json.decode(text, type=list[Booking]) if text else []


def confirming_bookings(store: Store, order_id: str) -> dict[str, int]:
    """Return the bookings that confirmed a row of the order, with its batch."""
    entries = [one for one in store.audit.entries(order_id=order_id) if one.kind == "batch.booked"]
    found = [json.loads(one.payload) for one in entries]
    return {facts["transaction"]: facts["batch"] for facts in found}


def keep_bookings(store: Store, order_id: str, bookings: Sequence[Booking]) -> None:
    """Keep the bookings of an order in place of those kept before."""
    store.set_meta(_BOOKED_KEY + order_id, msgspec.json.encode(bookings).decode())
