"""Read what the cancellation rate is made of: counts by day, and the orders in its numerator and denominator."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from typing import Any, NamedTuple, TypeAlias

from ordertui.orders.api_facts import SHIPPED_BY_AMAZON
from ordertui.orders.batch_state import OPEN_STATES
from ordertui.orders.clock import HOUR
from ordertui.orders.enums import ReportKind
from ordertui.orders.order import LinesKnown
from ordertui.store.engine.database import MAX_VALUES, Database, in_list, slices

from .derived_facts import LINES_KNOWN, OPEN_ACTION, WITHOUT_DATE, is_committed


class Cancelled(IntEnum):
    """How much of an order is cancelled."""

    NO = 0
    YES = 1
    SOME_ITEM = 2


SituationCounts: TypeAlias = Sequence[tuple[int, Cancelled, int]]
"""(situation number, how much is cancelled, orders)."""
NEVER = 2**62
"""Later than any order, in epoch seconds."""
OF_ALL_ORDERS = 0
"""Date in `unshipped_reports` of the span of an All Orders report, which dates each order itself. It is older than any
order, so that none counts as left out of it.
"""
LEFT_OUT = -1
"""The same of the span of its rows that were left out, because they could not be read."""
ANY_DAY = (0, NEVER)
"""The span of such rows where nothing tells of which days they are."""
NEARLY_A_DAY = 23 * HOUR
"""Seconds; the shortest day, when clocks are put forward."""
_OPEN = in_list(OPEN_STATES)
_CANCELLED = "CASE WHEN o.status = 'cancelled' THEN 1 WHEN o.cancelled_lines > 0 THEN 2 ELSE 0 END"
_SHIPPED_BY_AMAZON = in_list(SHIPPED_BY_AMAZON)
_GUESSED = (
    "CASE WHEN o.cancelled_by = 'buyer' AND NOT EXISTS"
    " (SELECT 1 FROM said_cancelled s WHERE s.order_id = o.order_id AND s.by = 'buyer') THEN 1 ELSE 0 END"
)
_MAY_COUNT = "(status = 'cancelled' OR cancelled_lines > 0 OR amazon_counts = 'yes')"
_UNDER_WAY = (
    f"b.counts IS NOT NULL AND ((b.action = 'cancel' AND b.state IN {_OPEN})"
    f" OR (b.action = 'refund' AND {is_committed('b', with_units=True)}))"
)
"""SQL: the row `b` of a batch cancels its order, or units of it. No report shows refunds, so those stay under way."""
_FROZEN = "b.counts * 2 + CASE WHEN b.action = 'cancel' THEN 1 ELSE 0 END"
_PENDING = f"coalesce((SELECT max({_FROZEN}) FROM batch_rows b WHERE b.order_id = o.id AND {_UNDER_WAY}), -1)"


class Pending(IntEnum):
    """How the batches under way cancel an order, as it was when they were committed; the larger decides."""

    NOTHING = -1
    ITEMS_FREE = 0
    """Only units of it, so that it does not count."""
    WHOLE_FREE = 1
    ITEMS_COUNT = 2
    WHOLE_COUNTS = 3

    @property
    def is_whole(self) -> bool:
        """Whether a whole order is cancelled, and not only units of it."""
        return self in (Pending.WHOLE_FREE, Pending.WHOLE_COUNTS)


class RateFacts(NamedTuple):
    """What tells whether an order is in a rate's numerator already."""

    situation: int
    cancelled: Cancelled
    pending: Pending


class PrimeOrder(NamedTuple):
    """A Prime order that the seller ships."""

    id: int
    facts: RateFacts
    is_guessed: bool
    """Whether only a Cancellation Rate report that does not count it speaks for its buyer as who cancelled it."""


class RateGroup(NamedTuple):
    """How many of some orders have the same facts."""

    facts: RateFacts
    has_open_action: bool
    lines_known: LinesKnown
    is_recent: bool
    """Whether their newest report is of the span of cancellations asked for."""
    orders: int


class DatedOrder(NamedTuple):
    """One order with its time: when a batch or Amazon cancels it, as far as that is asked for."""

    id: int
    placed: int | None
    at: int
    """Pending: its newest report; upcoming: when Amazon cancels it."""
    facts: RateFacts


class RateQueries:
    """Reads orders that the seller ships, of one marketplace. Times are epoch seconds; `end` is not included."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count_placed(self, marketplace: str, start: int, end: int) -> SituationCounts:
        """Return the counts of the orders placed in a span, by situation."""
        found = self._database.query(
            f"SELECT situation, {_CANCELLED} AS c, count(*) FROM orders o WHERE marketplace = ?"
            " AND channel = 'merchant' AND purchased_at >= ? AND purchased_at < ? GROUP BY situation, c",
            (marketplace, start, end),
        )
        return [(situation, Cancelled(kind), count) for situation, kind, count in found]

    def prime_orders(self, marketplace: str, start: int, end: int) -> tuple[list[PrimeOrder], int]:
        """Return the Prime orders placed in a span that the seller ships, and of how many it is not known; cached.

        Both ends are included. Easy Ship and Delivery by Amazon are none of Seller Fulfilled Prime.
        """
        newest, found = self._database.cached(
            f"prime {marketplace} {start}",
            lambda: (self._newest_placed(marketplace, start), self._prime_orders(marketplace, start, NEVER)),
        )
        return found if newest <= end else self._prime_orders(marketplace, start, end)

    def _prime_orders(self, marketplace: str, start: int, end: int) -> tuple[list[PrimeOrder], int]:
        span = (
            f" FROM orders o WHERE o.marketplace = ? AND o.channel = 'merchant' AND o.purchased_at >= ?"
            f" AND o.purchased_at <= ? AND o.program NOT IN {_SHIPPED_BY_AMAZON} AND"
        )
        found = self._database.query(
            f"SELECT o.id, o.situation, {_CANCELLED}, {_PENDING}, {_GUESSED}{span} o.prime = 'yes'",
            (marketplace, start, end),
        )
        undecided = self._database.required(
            int, f"SELECT count(*){span} coalesce(o.prime, 'unknown') = 'unknown'", (marketplace, start, end)
        )
        orders = [PrimeOrder(v[0], RateFacts(v[1], Cancelled(v[2]), Pending(v[3])), bool(v[4])) for v in found]
        return orders, undecided

    def count_day(self, marketplace: str, start: int, end: int) -> tuple[int, SituationCounts]:
        """Return when the newest order of a day was placed, and `count_placed` of it. Cached."""
        return self._database.cached(
            f"day {marketplace} {start} {end}", lambda: self._count_day(marketplace, start, end)
        )

    def _count_day(self, marketplace: str, start: int, end: int) -> tuple[int, SituationCounts]:
        newest = self._newest_placed(marketplace, start, end)
        return (newest, self.count_placed(marketplace, start, end)) if newest else (0, ())

    def _newest_placed(self, marketplace: str, start: int, end: int = NEVER) -> int:
        """Return when the newest order of a span was placed; 0 without one."""
        return self._database.required(
            int,
            "SELECT coalesce(max(purchased_at), 0) FROM orders WHERE marketplace = ? AND channel = 'merchant'"
            " AND purchased_at >= ? AND purchased_at < ?",
            (marketplace, start, end),
        )

    def oldest_placed(self, marketplace: str) -> int | None:
        """Return when the oldest order was placed; None without one. Cached."""
        sql = "SELECT min(purchased_at) FROM orders WHERE marketplace = ? AND channel = 'merchant'"
        return self._database.cached(f"oldest {marketplace}", lambda: self._database.value(int, sql, (marketplace,)))

    def names_shipped(self, marketplace: str, start: int, end: int) -> bool:
        """Return whether a report that lists orders of every status names any order placed in the span. Cached."""
        sql = (
            "SELECT purchased_at FROM orders WHERE marketplace = ? AND channel = ? AND purchased_at >= ?"
            f" AND sources & {ReportKind.ALL_ORDERS.bit} <> 0 ORDER BY purchased_at LIMIT 1"
        )
        first: int = self._database.cached(
            f"shipped {marketplace} {start}",
            lambda: min(
                self._database.value(int, sql, (marketplace, channel, start)) or NEVER
                for channel in ("merchant", "amazon")
            ),
        )
        return first <= end

    def partly_read(self, marketplace: str, since: int) -> list[tuple[int, int]]:
        """Return spans of purchase whose All Orders report was read in part only: the import was stopped, broke off, or
        was undone but for some orders. Those that end before `since` may be left out. Cached.
        """
        return self._of_all_orders(marketplace, since)[0]

    def left_out(self, marketplace: str, since: int) -> list[tuple[int, int]]:
        """Return spans of purchase of rows of All Orders that were left out; see `partly_read`. Cached."""
        return self._of_all_orders(marketplace, since)[1]

    def _of_all_orders(self, marketplace: str, since: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        sql = (
            "SELECT u.import_id, u.placed_from, u.placed_to, u.as_of, i.finished FROM unshipped_reports u"
            " JOIN imports i ON i.id = u.import_id WHERE u.marketplace = ? AND u.as_of <= ? AND u.placed_to >= ?"
            " ORDER BY u.import_id"
        )
        return self._database.cached(
            f"partly {marketplace} {since}",
            lambda: _left_unread(self._database.query(sql, (marketplace, OF_ALL_ORDERS, since))),
        )

    def holes(self, marketplace: str) -> list[tuple[int, int]]:
        """Return the spans between All Orders reports of which none tells: from one's last purchase to another's first.
        Cached.
        """
        sql = (
            "SELECT placed_from, placed_to FROM unshipped_reports WHERE marketplace = ? AND as_of = ?"
            " ORDER BY placed_from"
        )

        def find() -> list[tuple[int, int]]:
            found, told_to = [], NEVER
            for first, last in self._database.query(sql, (marketplace, OF_ALL_ORDERS)):
                if told_to < first:
                    found.append((told_to + 1, first - 1))
                told_to = last if told_to == NEVER else max(told_to, last)
            return found

        return self._database.cached(f"holes {marketplace}", find)

    def count_unplaced(self, marketplace: str, start: int, end: int) -> int:
        """Return how many orders may belong to the rate of a span, and nothing tells: no report says when they were
        placed, who ships them, or, though All Orders names them, whether they were cancelled. Cached. The end is
        included.
        """
        dateless, placed = self._database.cached(
            f"unplaced {marketplace} {start}", lambda: self._unplaced(marketplace, start)
        )
        return dateless + bisect_right(placed, end)

    def _unplaced(self, marketplace: str, start: int) -> tuple[int, array[int]]:
        """Return how many such orders have no time of purchase, and when the others were placed, sorted."""
        whole = (
            "channel = 'merchant' AND purchased_at >= :start AND status = 'unknown'"
            f" AND sources & {ReportKind.ALL_ORDERS.bit} <> 0"
        )
        parts = ("channel = 'unknown' AND purchased_at >= :start", whole)
        values = {"code": marketplace, "start": start}
        dateless = self._database.required(
            int,
            "SELECT count(*) FROM orders WHERE marketplace = :code AND channel IN ('merchant', 'unknown')"
            f" AND purchased_at IS NULL AND (at >= :start OR at = {WITHOUT_DATE})",
            values,
        )
        union = " UNION ALL ".join(f"SELECT purchased_at FROM orders WHERE marketplace = :code AND {p}" for p in parts)
        return dateless, array("q", sorted(row[0] for row in self._database.query(union, values)))

    def synced_since(self) -> int | None:
        """Return since when all changes of orders came by the API (epoch seconds); None without the API. Cached."""
        sql = "SELECT min(as_of) FROM imports WHERE kind = ? AND finished = 1"
        return self._database.cached(
            "synced since", lambda: self._database.value(int, sql, (ReportKind.API_ORDERS.value,))
        )

    def placed_ids(self, marketplace: str, start: int, end: int, *, cancelled: bool = False) -> list[int]:
        """Return the orders placed in a span, oldest first; with `cancelled` those cancelled, wholly or in part."""
        part = f" AND {_MAY_COUNT}" if cancelled else ""
        found = self._database.query(
            "SELECT id FROM orders WHERE marketplace = ? AND channel = 'merchant' AND purchased_at >= ?"
            f" AND purchased_at < ?{part} ORDER BY purchased_at, id",
            (marketplace, start, end),
        )
        return [row[0] for row in found]

    def cancelled_ids(self, marketplace: str, start: int, end: int) -> list[int]:
        """Return the orders cancelled, wholly or in part, whose newest report is of the span, whenever placed."""
        found = self._database.query(
            "SELECT id FROM orders WHERE marketplace = ? AND channel = 'merchant'"
            f" AND {_MAY_COUNT} AND at >= ? AND at < ? ORDER BY at, id",
            (marketplace, start, end),
        )
        return [row[0] for row in found]

    def pending_cancellations(self, marketplace: str) -> Sequence[DatedOrder]:
        """Return what batches cancel, wholly or some units, and no report shows as cancelled yet. Cached."""
        return self._database.cached(f"pending {marketplace}", lambda: self._pending_cancellations(marketplace))

    def _pending_cancellations(self, marketplace: str) -> list[DatedOrder]:
        found = self._database.query(
            f"SELECT o.id, o.purchased_at, o.at, o.situation, {_CANCELLED}, x.pending FROM ("
            f"SELECT b.order_id, max({_FROZEN}) AS pending FROM batch_rows b WHERE {_UNDER_WAY} GROUP BY b.order_id) x"
            " JOIN orders o ON o.id = x.order_id WHERE o.marketplace = ? AND o.channel = 'merchant'"
            " AND o.status <> 'cancelled'",
            (marketplace,),
        )
        return [_dated(row) for row in found]

    def groups(
        self, ids: Iterable[int], marketplace: str, placed: tuple[int, int], cancelled: tuple[int, int]
    ) -> Iterator[RateGroup]:
        """Yield the facts of those of these orders that were placed in a span; the ends are included.

        `cancelled` is the span of `RateGroup.is_recent`. A combination of facts may come more than once.
        """
        sql = (
            f"SELECT o.situation, {_CANCELLED} AS c, {_PENDING} AS p, {OPEN_ACTION} AS open, {LINES_KNOWN} AS known,"
            " o.at >= ? AND o.at <= ? AS recent, count(*) FROM orders o WHERE +o.marketplace = ?"
            " AND +o.channel = 'merchant' AND +o.purchased_at >= ? AND +o.purchased_at <= ? AND o.id IN ({})"
            " GROUP BY o.situation, c, p, open, known, recent"
        )
        for part in slices(ids, MAX_VALUES):  # who looks for one group ends with the first part that has it
            for v in self._database.query_in(sql, part, (*cancelled, marketplace, *placed)):
                facts = RateFacts(v[0], Cancelled(v[1]), Pending(v[2]))
                yield RateGroup(facts, bool(v[3]), LinesKnown(v[4]), bool(v[5]), v[6])

    def facts(self, ids: Iterable[int], marketplace: str) -> list[tuple[int, RateFacts]]:
        """Return what tells of each of these orders, as far as the seller ships it, whether it counts already."""
        found = self._database.query_in(
            f"SELECT o.id, o.situation, {_CANCELLED}, {_PENDING} FROM orders o WHERE +o.marketplace = ?"
            " AND +o.channel = 'merchant' AND o.id IN ({})",
            ids,
            (marketplace,),
        )
        return [(v[0], RateFacts(v[1], Cancelled(v[2]), Pending(v[3]))) for v in found]

    def with_waiting_units(self, ids: Iterable[int], marketplace: str) -> list[int]:
        """Return those of these orders of which a part is confirmed as shipped, and no batch holds them."""
        found = self._database.query_in(
            "SELECT o.id FROM orders o WHERE +o.marketplace = ? AND +o.channel = 'merchant'"
            " AND (+o.status = 'partially_shipped' OR (+o.status = 'unshipped' AND o.units_shipped > 0))"
            f" AND NOT {OPEN_ACTION} AND o.id IN ({{}})",
            ids,
            (marketplace,),
        )
        return [row[0] for row in found]

    def auto_cancellations(self, marketplace: str, until: int) -> list[DatedOrder]:
        """Return the waiting orders that Amazon cancels before `until`, by that time.

        One that Amazon's own report calls on the verge of cancellation is due at once (time 0). Orders that a batch
        cancels already are left out.
        """
        found = self._database.query(
            "SELECT o.id, o.purchased_at, CASE WHEN o.verge = 'cancellation' THEN 0 ELSE o.auto_cancel_at END AS due,"
            f" o.situation, {_CANCELLED}, {_PENDING} FROM orders o"
            " WHERE (o.status IN ('unshipped', 'partially_shipped') AND o.auto_cancel_at < ?"
            " OR o.verge = 'cancellation' AND o.marketplace = ?) AND +o.marketplace = ?"
            " AND +o.channel = 'merchant' AND +o.status IN ('unshipped', 'partially_shipped') AND NOT"
            f" (coalesce(o.state, '') IN {_OPEN} AND coalesce(o.open_action, '') = 'cancel')"
            " ORDER BY due, o.ship_by NULLS FIRST, o.id",
            (until, marketplace, marketplace),
        )
        return [_dated(row) for row in found]

    def count_late(self, marketplace: str, start: int, now: int) -> int:
        """Return how many orders placed from `start` on still wait for shipment after their ship-by time."""
        return self._database.required(
            int,
            "SELECT count(*) FROM orders WHERE marketplace = ? AND channel = 'merchant' AND purchased_at >= ?"
            " AND purchased_at <= ? AND status IN ('unshipped', 'partially_shipped') AND ship_by < ?",
            (marketplace, start, now, now),
        )


def _dated(v: Sequence[Any]) -> DatedOrder:
    return DatedOrder(v[0], v[1], v[2], RateFacts(v[3], Cancelled(v[4]), Pending(v[5])))


def _left_unread(reports: Iterable[Sequence[Any]]) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Return what is left of the spans of the reports that were read in part, and of rows that were left out, without
    those of reports that were read; a row that was left out is told by a report without any.

    `reports` are import number, first and last purchase, the kind of span, and whether it was read to its end. A report
    is asked for by whole days: it tells of the day of its first purchase from its midnight on. Its last day is told up
    to when it was made; what a report of before said of later orders of that day is in it too, and so is whatever had
    no end (ANY_DAY).
    """
    reports = list(reports)
    torn = {number for number, *_, kind, _ in reports if kind == LEFT_OUT}
    found: tuple[list[tuple[int, int]], list[tuple[int, int]]] = ([], [])
    for number, first, last, kind, finished in reports:
        is_left_out = kind == LEFT_OUT
        spans = [(first, last)] if is_left_out or not finished else []
        for other, low, high, other_kind, is_whole in reports:
            if is_whole and other_kind == OF_ALL_ORDERS and not (is_left_out and other in torn):
                if other > number:
                    high = last if last == NEVER else high + NEARLY_A_DAY
                spans = [part for span in spans for part in _without(span, low - NEARLY_A_DAY, high)]
        found[is_left_out].extend(spans)
    return found


def _without(span: tuple[int, int], low: int, high: int) -> Iterator[tuple[int, int]]:
    """Yield what a span has before `low` and after `high`."""
    first, last = span
    if high < first or last < low:
        yield span
        return
    if first < low:
        yield first, low - 1
    if high < last:
        yield high + 1, last
