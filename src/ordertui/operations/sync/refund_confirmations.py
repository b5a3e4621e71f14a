"""Refunds that Amazon booked (Finances), matched with the rows that asked for them: a row is confirmed when there is no doubt.

No doubt means: just one booking of that order and that very amount since the row left, and no other row of this store that
it could belong to. Anything else is left for people to look at (`api evidence`). One search a window, never one an order.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Collection, Iterator, Sequence

import msgspec

from ordertui.amazon.spapi.client import Client
from ordertui.amazon.spapi.errors import SpApiError
from ordertui.amazon.spapi.operations import LIST_TRANSACTIONS
from ordertui.amazon.spapi.schemas import FinanceAmount, Transaction, Transactions
from ordertui.operations.dispatch.feed_tracker import SKEW
from ordertui.operations.limits import feed_limits
from ordertui.orders.batch_state import RowState
from ordertui.orders.clock import DAY, Clock, iso_utc, parse_iso
from ordertui.orders.money import format_money, parse_minor
from ordertui.store import RefundRow, Store

STATE = "amazon:finances"
_BOOKED = "amazon:booked:"
WAITING = (RowState.ACCEPTED, RowState.UNKNOWN, RowState.OK)
"""States of rows that a booking confirms. One that may still wait for its upload by hand is not among them."""
_FEES = ("expenses", "amazonfees")
"""Kinds of breakdown that are not the buyer's money."""


class Booking(msgspec.Struct, frozen=True):
    """A refund that Amazon booked."""

    ident: str
    order_id: str
    posted: int
    currency: str
    minor: int
    """What went back to the buyer, above zero."""


class _Coverage(msgspec.Struct, frozen=True):
    """From when until when all bookings were read (epoch seconds), and when that was last done."""

    start: int
    end: int
    looked: int


def unambiguous_matches(
    rows: Sequence[RefundRow], bookings: Sequence[Booking], used: Collection[str]
) -> list[tuple[RefundRow, Booking]]:
    """The rows that a booking confirms without any doubt. `used`: bookings that confirmed another row before."""
    found = []
    for row in rows:
        if row.state not in WAITING:
            continue
        mine = [one for one in bookings if one.ident not in used and fits(row, one)]
        if len(mine) != 1 or mine[0].posted < row.sent_at:
            continue
        claims = [other for other in rows if other.state is not RowState.CONFIRMED and fits(other, mine[0])]
        if claims == [row]:
            found.append((row, mine[0]))
    return found


def fits(row: RefundRow, booking: Booking) -> bool:
    """Whether a booking may be what a row asked for; clocks may differ by some minutes."""
    same = (row.order_id, row.currency, row.total) == (booking.order_id, booking.currency, booking.minor)
    return same and booking.posted >= row.sent_at - SKEW


def booking_of(one: Transaction) -> Booking | None:
    """The refund that a transaction is; None when it is none, or not plain. A release of money that was put off is its first booking."""
    related = [(name.related_identifier_name, name.related_identifier_value) for name in one.related_identifiers]
    orders = {value for name, value in related if name == "ORDER_ID"}
    put_off = next((value for name, value in related if name == "DEFERRED_TRANSACTION_ID"), "")
    back = _back(one)
    ident = put_off or one.transaction_id
    if one.transaction_type.casefold() != "refund" or len(orders) != 1 or back is None or not ident:
        return None
    try:
        posted = parse_iso(one.posted_date)
    except ValueError:
        return None
    return Booking(ident, orders.pop(), posted, *back)


def _back(one: Transaction) -> tuple[str, int] | None:
    """Currency and minor units that went back to the buyer: the total without Amazon's fees; None when that is not plain."""
    if one.total_amount is None:
        return None
    currency = one.total_amount.currency_code
    try:
        fees = sum(_minor(part.breakdown_amount, currency) for part in one.parts() if part.kind in _FEES)
        back = fees - _minor(one.total_amount, currency)
    except ValueError:
        return None
    return (currency, back) if back > 0 else None


def _minor(amount: FinanceAmount | None, currency: str) -> int:
    """Raises ValueError."""
    if amount is None or amount.currency_code != currency:
        raise ValueError("an amount is missing, or of another currency")
    return parse_minor(bytes(amount.currency_amount).decode(), currency)


class RefundConfirmer:
    """Looks at the bookings of one store's refunds."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def look(self, client: Client) -> tuple[str, ...]:
        """Read what was booked since the last look, if any refund waits for it; gives what to say. Raises CallStopped; an error of
        Amazon's is said, and keeps nothing else from being done."""
        now, limits = self._clock.now(), feed_limits()
        oldest = now - limits.finances_days.value * DAY
        waiting = [
            row.sent_at for row in self._store.batches.refund_rows() if row.state in WAITING and row.sent_at >= oldest
        ]
        before = self._coverage()
        if not waiting or (before is not None and now - before.looked < limits.finances_seconds.value):
            return ()
        since, until = min(waiting) - SKEW, now - limits.finances_youngest_seconds.value
        if before is None or before.end < since:
            before = _Coverage(since, since, now)
        start = max(before.start, before.end - limits.finances_overlap_seconds.value)
        if until <= start:
            return ()
        try:
            found = [one async for page in self._pages(client, start, until) for one in page]
        except SpApiError as error:
            self._save(msgspec.structs.replace(before, looked=now))
            return (f"refunds are not confirmed by what Amazon booked: {error}",)
        with self._store.write():
            fresh = self._keep(found)
            self._save(_Coverage(before.start, until, now))
            return tuple(self._confirm(before.start, fresh))

    async def _pages(self, client: Client, start: int, until: int) -> AsyncIterator[list[Booking]]:
        query: dict[str, str | list[str]] = {"postedAfter": iso_utc(start), "postedBefore": iso_utc(until)}
        while True:
            page = (await client.call(LIST_TRANSACTIONS, Transactions, query=query)).payload
            yield [one for one in map(booking_of, page.transactions) if one is not None]
            if not page.next_token:
                return
            query = {**query, "nextToken": page.next_token}

    # -- what is kept

    def _coverage(self) -> _Coverage | None:
        text = self._store.meta(STATE)
        return msgspec.json.decode(text, type=_Coverage) if text else None

    def _save(self, coverage: _Coverage) -> None:
        self._store.set_meta(STATE, msgspec.json.encode(coverage).decode())

    def _booked(self, order_id: str) -> list[Booking]:
        text = self._store.meta(_BOOKED + order_id)
        return msgspec.json.decode(text, type=list[Booking]) if text else []

    def _keep(self, found: Sequence[Booking]) -> set[str]:
        """Keep the bookings of orders that this store refunded; gives the orders of which one is new."""
        ours = {row.order_id for row in self._store.batches.refund_rows()}
        fresh = set()
        for order_id in sorted({one.order_id for one in found} & ours):
            known = {one.ident: one for one in self._booked(order_id)}
            new = {one.ident: one for one in found if one.order_id == order_id and one.ident not in known}
            if new:
                fresh.add(order_id)
                kept = sorted((known | new).values(), key=lambda one: (one.posted, one.ident))
                self._store.set_meta(_BOOKED + order_id, msgspec.json.encode(kept).decode())
        return fresh

    # -- what it means

    def _confirm(self, since: int, fresh: set[str]) -> Iterator[str]:
        """Confirm the rows that left since then, without doubt; gives what to say."""
        rows = self._store.batches.refund_rows()
        for order_id in sorted({row.order_id for row in rows if row.state in WAITING} | fresh):
            mine = [row for row in rows if row.order_id == order_id]
            booked = self._booked(order_id)
            if not booked:
                continue
            used = self._used(order_id)
            sure = [(row, one) for row, one in unambiguous_matches(mine, booked, used) if row.sent_at - SKEW >= since]
            for row, one in sure:
                used[one.ident] = row.batch
                text = f"Amazon booked {format_money(one.minor, one.currency)} back on {iso_utc(one.posted)} (Finances)"
                evidence = {
                    "transaction": one.ident,
                    "posted": one.posted,
                    "currency": one.currency,
                    "minor": one.minor,
                }
                self._store.batches.confirm_booked(row.batch, order_id, text=text, evidence=evidence)
                yield f"{order_id}: the refund of batch {row.batch} is confirmed: {text}"
            if order_id in fresh:
                yield from self._doubts(mine, booked, used)

    def _doubts(self, rows: Sequence[RefundRow], booked: Sequence[Booking], used: dict[str, int]) -> Iterator[str]:
        """A second booking for a row that one confirmed, and bookings that may be an unknown row's."""
        for row in rows:
            others = [one for one in booked if one.ident not in used and fits(row, one)]
            if not others:
                continue
            if row.batch in used.values():
                times = ", ".join(iso_utc(one.posted) for one in others)
                text = f"Amazon booked it again ({times}): it may be paid twice; look at the order in Seller Central"
                self._store.batches.mark_booked_again(
                    row.batch, row.order_id, text=text, transactions=[one.ident for one in others]
                )
                yield f"{row.order_id}, batch {row.batch}: {text}"
            elif row.state is RowState.UNKNOWN:
                yield f"{row.order_id}, batch {row.batch}: Amazon booked what may be its refund; `ordertui api evidence {row.order_id}` shows it"

    def _used(self, order_id: str) -> dict[str, int]:
        """The bookings that confirmed a row of the order, and its batch."""
        found = [
            json.loads(one.payload)
            for one in self._store.audit.entries(order_id=order_id)
            if one.kind == "batch.booked"
        ]
        return {facts["transaction"]: facts["batch"] for facts in found}
