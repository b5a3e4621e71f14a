"""Refunds that Amazon booked (Finances API), matched with the batch rows that asked for them.

A row is confirmed only by an unambiguous match: exactly one booking of that order and amount since the row left, and no
other row of this store that it could belong to. Anything else is left to the operator (`ordertui api evidence`). One
search covers a span of time; there is never a call per order.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Collection, Iterator, Sequence

import msgspec

from ordertui.amazon.spapi.cancellable_sleep import OnWait, Stop, ignore_wait, never_stop
from ordertui.amazon.spapi.client import Client, PageTokens
from ordertui.amazon.spapi.decoding import UnreadableJson, decode_body, read_text_field
from ordertui.amazon.spapi.errors import SpApiError
from ordertui.amazon.spapi.operations import LIST_TRANSACTIONS
from ordertui.amazon.spapi.schemas import FinanceAmount, Transaction, Transactions
from ordertui.operations.limits import CLOCK_SKEW_SECONDS, feed_limits
from ordertui.operations.results.bookings import Booking, confirming_bookings, keep_bookings, kept_bookings, may_match
from ordertui.orders.batch_state import BOOKABLE, RowState
from ordertui.orders.clock import DAY, LATEST_MOMENT, check_moment, iso_utc, parse_iso
from ordertui.orders.money import format_money, parse_json_minor
from ordertui.store import Outcome, RefundRow

from .connection import ApiConnection

STATE_KEY = "amazon:finances"
_FEES = ("expenses", "amazonfees")
"""Kinds of breakdown that are not the buyer's money."""


class BookedTransaction(msgspec.Struct, frozen=True):
    """A transaction of any kind, as the operator sees it."""

    posted: str
    """Time as Amazon writes it."""
    kind: str
    status: str
    amount: str
    """Decimal text with its currency, as it came."""


class UnreadTransaction(msgspec.Struct, frozen=True):
    """A transaction that cannot be read: it confirms nothing, and is named to the operator."""

    ident: str
    """Amazon's id of it; empty when that cannot be read either."""
    order_ids: tuple[str, ...]
    """Every order id within it."""
    why: str
    """What cannot be read, with its path."""

    @property
    def text(self) -> str:
        """The note for the operator."""
        orders = ", ".join(self.order_ids) or "no order that can be told"
        look = "".join(f"; `ordertui api evidence {one}` shows what else there is" for one in self.order_ids[:1])
        return (
            f"a booking of Amazon's cannot be read and confirms nothing: transaction {self.ident or 'without an id'},"
            f" about {orders}: {self.why}{look}; look at it in Seller Central"
        )


_ORDER_ID = re.compile(rb"\b\d{3}-\d{7}-\d{7}\b")


class _Coverage(msgspec.Struct, frozen=True):
    """Span of which all bookings were read, and when they were last read. Epoch seconds."""

    start: int
    end: int
    looked: int


def unambiguous_matches(
    rows: Sequence[RefundRow], bookings: Sequence[Booking], used: Collection[str]
) -> list[tuple[RefundRow, Booking]]:
    """Return the rows that a booking confirms without doubt. `used`: bookings that confirmed another row before."""
    found = []
    for row in rows:
        if row.state not in BOOKABLE:
            continue
        mine = [one for one in bookings if one.ident not in used and may_match(row, one)]
        if len(mine) != 1 or mine[0].posted < row.sent_at:
            continue
        claims = [other for other in rows if other.state is not RowState.CONFIRMED and may_match(other, mine[0])]
        if claims == [row]:
            found.append((row, mine[0]))
    return found


def parse_booking(transaction: Transaction) -> Booking | None:
    """Return the refund that a transaction is; None when it is none, or not plainly one.

    The release of deferred money has the identity of the deferred transaction, so that it is no second booking.
    """
    related = [
        (name.related_identifier_name, name.related_identifier_value) for name in transaction.related_identifiers
    ]
    orders = {value for name, value in related if name == "ORDER_ID"}
    deferred = next((value for name, value in related if name == "DEFERRED_TRANSACTION_ID"), "")
    back = _paid_back(transaction)
    ident = deferred or transaction.transaction_id
    if transaction.transaction_type.casefold() != "refund" or len(orders) != 1 or back is None or not ident:
        return None
    try:
        posted = check_moment(parse_iso(transaction.posted_date), transaction.posted_date)
    except ValueError:
        return None
    return Booking(ident, orders.pop(), posted, *back)


def _paid_back(transaction: Transaction) -> tuple[str, int] | None:
    """Return currency and minor units paid back to the buyer: the total without Amazon's fees; None when unclear."""
    if transaction.total_amount is None:
        return None
    currency = transaction.total_amount.currency_code
    try:
        fees = sum(_minor(part.breakdown_amount, currency) for part in transaction.parts() if part.kind in _FEES)
        back = fees - _minor(transaction.total_amount, currency)
    except ValueError:
        return None
    return (currency, back) if back > 0 else None


def _minor(amount: FinanceAmount | None, currency: str) -> int:
    """Return minor units. Raises ValueError."""
    if amount is None or amount.currency_code != currency:
        raise ValueError("an amount is missing, or of another currency")
    return parse_json_minor(bytes(amount.currency_amount).decode(), currency)


def _describe(transaction: Transaction | UnreadTransaction) -> BookedTransaction:
    if isinstance(transaction, UnreadTransaction):
        return BookedTransaction("", "cannot be read", "", transaction.why)
    total = transaction.total_amount
    amount = f"{total.currency_code} {bytes(total.currency_amount).decode()}".strip() if total else ""
    return BookedTransaction(
        transaction.posted_date, transaction.transaction_type, transaction.transaction_status, amount
    )


def _read(content: msgspec.Raw) -> Transaction | UnreadTransaction:
    try:
        return decode_body(content, Transaction)
    except UnreadableJson as error:
        orders = dict.fromkeys(found.decode() for found in _ORDER_ID.findall(bytes(content)))
        return UnreadTransaction(read_text_field(content, "transactionId"), tuple(orders), str(error))


async def _transactions(
    client: Client, query: dict[str, str | list[str]]
) -> AsyncIterator[Transaction | UnreadTransaction]:
    """Yield every transaction that the query finds, page by page."""
    tokens = PageTokens(LIST_TRANSACTIONS)
    while True:
        page = (await client.call(LIST_TRANSACTIONS, Transactions, query=query)).payload
        for content in page.transactions:
            yield _read(content)
        token = tokens.follow(page.next_token, len(page.transactions))
        if not token:
            return
        query = {**query, "nextToken": token}


def _next_try(row: RefundRow, rows: Sequence[RefundRow]) -> int:
    """Return when the next refund of the same amount left for the order: a booking after that may be its own."""
    later = [one.sent_at for one in rows if one.batch > row.batch and one.total == row.total]
    return min(later, default=LATEST_MOMENT) - CLOCK_SKEW_SECONDS


class RefundConfirmer:
    """Reads what Amazon booked and confirms the refunds of one store by it."""

    def __init__(self, connection: ApiConnection) -> None:
        self._connection = connection
        self._store = connection.context.store
        self._clock = connection.context.clock

    def find_transactions(
        self, order_id: str, *, on_wait: OnWait = ignore_wait, stop: Stop = never_stop
    ) -> list[BookedTransaction]:
        """Ask Amazon what it booked for an order (may lag two days); return it oldest first.

        Raises SpApiError, Refused, BadInput, Stopped.
        """
        query: dict[str, str | list[str]] = {"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": order_id}

        async def work(client: Client) -> list[BookedTransaction]:
            return [_describe(one) async for one in _transactions(client, query)]

        found = self._connection.run(work, on_wait=on_wait, stop=stop)
        return sorted(found, key=lambda one: one.posted)

    async def run(self, client: Client) -> tuple[str, ...]:
        """Read what was booked since the last time, if any refund waits for it; return notes for the operator.

        An error of Amazon's becomes a note, so that it stops nothing else. Raises CallCancelled.
        """
        now, limits = self._clock.now(), feed_limits()
        oldest = now - limits.finances_days.value * DAY
        rows = self._store.refunds.find()
        waiting = [
            row.sent_at
            for row in rows
            if (row.state in BOOKABLE or (row.state is RowState.ERROR and row.by_word)) and row.sent_at >= oldest
        ]
        before = self._coverage()
        if not waiting or (before is not None and now - before.looked < limits.finances_seconds.value):
            return ()
        since, until = min(waiting) - CLOCK_SKEW_SECONDS, now - limits.finances_youngest_seconds.value
        if before is None or before.end < since:
            before = _Coverage(since, since, now)
        start = max(before.start, before.end - limits.finances_overlap_seconds.value)
        if until <= start:
            return ()
        query: dict[str, str | list[str]] = {"postedAfter": iso_utc(start), "postedBefore": iso_utc(until)}
        try:
            read = [one async for one in _transactions(client, query)]
        except SpApiError as error:
            self._save(msgspec.structs.replace(before, looked=now))
            return (f"refunds are not confirmed by what Amazon booked: {error}",)
        unread = tuple(one.text for one in read if isinstance(one, UnreadTransaction))
        parsed = [parse_booking(one) for one in read if isinstance(one, Transaction)]
        found = [one for one in parsed if one is not None]
        with self._store.write():
            fresh = self._keep(found)
            self._save(_Coverage(before.start, until, now))
            return (*unread, *self._confirm(before.start, fresh))

    async def booked_since(self, client: Client, since: int, order_ids: Collection[str]) -> dict[str, str]:
        """Return by order id what Amazon booked back for these orders since then. Raises SpApiError."""
        if not order_ids:
            return {}
        until = self._clock.now() - feed_limits().finances_youngest_seconds.value
        oldest = self._clock.now() - feed_limits().finances_days.value * DAY
        start = max(since - CLOCK_SKEW_SECONDS, oldest)
        if until <= start:
            return {}
        query: dict[str, str | list[str]] = {"postedAfter": iso_utc(start), "postedBefore": iso_utc(until)}
        found: dict[str, str] = {}
        async for transaction in _transactions(client, query):
            if isinstance(transaction, UnreadTransaction):  # it may be a refund of each order that it names
                found.update(dict.fromkeys(set(transaction.order_ids) & set(order_ids), transaction.text))
                continue
            one = parse_booking(transaction)
            if one is not None and one.order_id in order_ids:
                money = format_money(one.minor, one.currency)
                found[one.order_id] = f"Amazon booked {money} back for {one.order_id} on {iso_utc(one.posted)}"
        return found

    # -- what is kept

    def _coverage(self) -> _Coverage | None:
        text = self._store.meta(STATE_KEY)
        return msgspec.json.decode(text, type=_Coverage) if text else None

    def _save(self, coverage: _Coverage) -> None:
        self._store.set_meta(STATE_KEY, msgspec.json.encode(coverage).decode())

    def _keep(self, found: Sequence[Booking]) -> set[str]:
        """Keep the bookings of orders that this store refunded; return the orders with a new one."""
        ours = {row.order_id for row in self._store.refunds.find()}
        fresh = set()
        for order_id in sorted({one.order_id for one in found} & ours):
            known = {one.ident: one for one in kept_bookings(self._store, order_id)}
            new = {one.ident: one for one in found if one.order_id == order_id and one.ident not in known}
            if new:
                fresh.add(order_id)
                kept = sorted((known | new).values(), key=lambda one: (one.posted, one.ident))
                keep_bookings(self._store, order_id, kept)
        return fresh

    # -- what it means

    def _confirm(self, since: int, fresh: set[str]) -> Iterator[str]:
        """Confirm the rows that left since then and have an unambiguous match; yield notes for the operator."""
        rows = self._store.refunds.find()
        for order_id in sorted({row.order_id for row in rows if row.state in BOOKABLE} | fresh):
            mine = [row for row in rows if row.order_id == order_id]
            booked = kept_bookings(self._store, order_id)
            if not booked:
                continue
            used = confirming_bookings(self._store, order_id)
            matches = [
                (row, one)
                for row, one in unambiguous_matches(mine, booked, used)
                if row.sent_at - CLOCK_SKEW_SECONDS >= since
            ]
            for row, one in matches:
                used[one.ident] = row.batch
                money = format_money(one.minor, one.currency)
                text = f"Amazon booked {money} back on {iso_utc(one.posted)} (Finances)"
                evidence = {
                    "transaction": one.ident,
                    "posted": one.posted,
                    "currency": one.currency,
                    "minor": one.minor,
                }
                self._store.results.confirm_booked(row.batch, order_id, text=text, evidence=evidence)
                yield f"{order_id}: the refund of batch {row.batch} is confirmed: {text}"
            if order_id in fresh:
                yield from self._doubts(mine, booked, used)

    def _doubts(self, rows: Sequence[RefundRow], booked: Sequence[Booking], used: dict[str, int]) -> Iterator[str]:
        """Yield a note for a second booking of a confirmed row, and for bookings that may be another row's.

        A row that failed, by Amazon's report or by the operator's word, becomes unknown: what is booked was paid.
        """
        for row in rows:
            others = [one for one in booked if one.ident not in used and may_match(row, one)]
            if not others:
                continue
            name = f"{row.order_id}, batch {row.batch}"
            if row.batch in used.values():
                times = ", ".join(iso_utc(one.posted) for one in others)
                text = f"Amazon booked it again ({times}): it may be paid twice; look at the order in Seller Central"
                transactions = [one.ident for one in others]
                self._store.results.mark_booked_again(row.batch, row.order_id, text=text, transactions=transactions)
                yield f"{name}: {text}"
            elif row.state is RowState.ERROR:
                before_next = [one for one in others if one.posted < _next_try(row, rows)]
                if before_next:
                    text = (
                        "it counted as failed, and Amazon booked what may be its refund on"
                        f" {iso_utc(before_next[0].posted)}: look at the order in Seller Central"
                    )
                    self._store.journal.doubt(row.batch, {row.order_id: Outcome(RowState.UNKNOWN, "", text)})
                    yield f"{name}: {text}"
            elif row.state is RowState.UNKNOWN:
                yield f"{name}: Amazon booked what may be its refund; `ordertui api evidence {row.order_id}` shows it"
