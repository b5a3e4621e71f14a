"""Counts and sums over orders, and what the imports say of all of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from ordertui.orders.order import LinesKnown
from ordertui.store.engine.database import MAX_VALUES, Database, slices

from .derived_facts import LINES_KNOWN, OPEN_ACTION

HEARD_KEY = "heard:"
"""Before a marketplace: until when a sync told all of its changes (epoch seconds), among the values beside orders."""


class Tally(NamedTuple):
    """The columns of one order that sums are made of."""

    id: int
    marketplace: str
    purchased_at: int | None
    situation: int
    total: int | None
    """Minor units of `currency`."""
    currency: str | None
    status: str
    cancelled_lines: int
    state: str | None
    open_action: str | None


class OrderSum(NamedTuple):
    """How many orders have the same facts, and what they come to."""

    marketplace: str
    situation: int
    currency: str | None
    """None without a price."""
    has_open_action: bool
    lines_known: LinesKnown
    orders: int
    total: int
    """Minor units of `currency`."""


class OrderTallies:
    """Reads what counts and sums over orders are made of."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def marketplaces(self) -> Sequence[str]:
        """Return the codes of the marketplaces that have orders, most orders first."""
        sql = "SELECT marketplace, count(*) AS n FROM orders GROUP BY marketplace ORDER BY n DESC, marketplace"
        return self._database.cached("marketplaces", lambda: tuple(row[0] for row in self._database.query(sql)))

    def marketplaces_by_prefix(self, prefixes: Iterable[str]) -> dict[str, frozenset[str]]:
        """Return for each beginning of order ids the marketplaces of orders that begin so, by a sample of them."""
        sql = (
            "SELECT DISTINCT marketplace FROM"
            " (SELECT marketplace FROM orders WHERE order_id >= ? AND order_id < ? LIMIT 10000)"
        )
        found = {one: self._database.query(sql, (one, one + chr(0x10FFFF))) for one in prefixes}
        return {one: frozenset(row[0] for row in rows) for one, rows in found.items()}

    def has_missing(self) -> bool:
        """Return whether a newer Unshipped report leaves out a waiting order."""
        sql = "SELECT 1 FROM orders WHERE status IN ('unshipped', 'partially_shipped') AND missing = 'yes' LIMIT 1"
        return self._database.cached("missing", lambda: bool(self._database.query(sql)))

    def has_outdated(self, marketplaces: Sequence[str], cancelled: int, known: int) -> bool:
        """Return whether a waiting order would be cancelled before `cancelled`, and was named before `known` only."""
        sql = (
            "SELECT 1 FROM orders WHERE status IN ('unshipped', 'partially_shipped') AND auto_cancel_at < ?"
            " AND named_at < ? AND marketplace IN ({}) LIMIT 1"
        )
        return bool(self._database.query_in(sql, marketplaces, (cancelled, known)))

    def outdated(self, marketplace: str, cancelled: int, known: int) -> set[int]:
        """Return the ids of the waiting orders that would be cancelled before `cancelled`, and were named before
        `known` only.
        """
        sql = (
            "SELECT id FROM orders WHERE status IN ('unshipped', 'partially_shipped') AND auto_cancel_at < ?"
            " AND named_at < ? AND +marketplace = ?"
        )
        return {row[0] for row in self._database.query(sql, (cancelled, known, marketplace))}

    def next_outdated(self, marketplaces: Sequence[str], now: int, cancelled: int, known: int) -> int | None:
        """Return when the next waiting order is so many seconds past its cancellation, and past its newest report.

        None when none will be, without another report. Those that are so by now are left out.
        """
        sql = (
            "SELECT min(CASE WHEN auto_cancel_at + ? > named_at + ? THEN auto_cancel_at + ? ELSE named_at + ? END)"
            " FROM orders WHERE status IN ('unshipped', 'partially_shipped') AND auto_cancel_at IS NOT NULL"
            " AND (auto_cancel_at >= ? OR named_at >= ?) AND named_at IS NOT NULL AND marketplace IN ({})"
        )
        found = self._database.query_in(
            sql, marketplaces, (cancelled, known, cancelled, known, now - cancelled, now - known)
        )
        return min((row[0] for row in found if row[0] is not None), default=None)

    def next_placed(self, now: int) -> int | None:
        """Return the first date after now on which an order was placed, as where clocks differ; None: there is none."""
        return self._database.value(int, "SELECT min(purchased_at) FROM orders WHERE purchased_at > ?", (now,))

    def situations_present(self) -> Sequence[int]:
        """Return the situation numbers that any order has."""
        return self._database.cached("situations", self._read_situations)

    def _read_situations(self) -> tuple[int, ...]:
        """Jump from number to number in the index: SELECT DISTINCT would scan all of it."""
        found: list[int] = []
        number = self._database.value(int, "SELECT min(situation) FROM orders")
        while number is not None:
            found.append(number)
            number = self._database.value(int, "SELECT min(situation) FROM orders WHERE situation > ?", (number,))
        return tuple(found)

    def of_orders(self, ids: Iterable[int]) -> list[Tally]:
        """Return the tallies of these orders."""
        sql = f"SELECT {', '.join(Tally._fields)} FROM orders WHERE id IN ({{}})"
        return [Tally(*row) for row in self._database.query_in(sql, ids)]

    def sums(self, ids: Iterable[int]) -> list[OrderSum]:
        """Return sums over these orders; a combination of facts may come more than once."""
        found = self._database.query_in(
            "SELECT marketplace, situation, CASE WHEN total IS NULL THEN NULL ELSE currency END AS priced,"
            f" {OPEN_ACTION} AS open, {LINES_KNOWN} AS known, count(*), CAST(coalesce(sum(total), 0) AS bigint)"
            " FROM orders o WHERE id IN ({})"
            " GROUP BY marketplace, situation, priced, open, known",
            ids,
        )
        return [OrderSum(v[0], v[1], v[2], bool(v[3]), LinesKnown(v[4]), v[5], v[6]) for v in found]

    def elsewhere(self, ids: Iterable[int], marketplace: str) -> Iterator[tuple[str, list[int]]]:
        """Yield those of these orders that are of other marketplaces, some of one at a time."""
        sql = (
            "SELECT o.marketplace, o.id FROM orders o WHERE +o.marketplace <> ? AND o.id IN ({}) ORDER BY o.marketplace"
        )
        for part in slices(ids, MAX_VALUES):
            for code, rows in groupby(self._database.query_in(sql, part, (marketplace,)), itemgetter(0)):
                yield code, [row[1] for row in rows]

    def total_placed(self, marketplace: str, start: int, end: int) -> int:
        """Return how many orders of any channel were placed from `start` until before `end` (epoch seconds)."""
        sql = "SELECT count(*) FROM orders WHERE marketplace = ? AND purchased_at >= ? AND purchased_at < ?"
        return self._database.required(int, sql, (marketplace, start, end))

    def as_of(self) -> int | None:
        """Return the newest date in any imported report (epoch seconds); None before the first."""
        return self._database.value(int, "SELECT max(as_of) FROM imports WHERE kind <> 'cancellation_rate'")

    def newest_fact_at(self, marketplace: str) -> int | None:
        """Return the date of what was last said of any order of a marketplace (epoch seconds); None: nothing. Cached.

        An import of one marketplace makes no other one fresh. A sync that told of no change says that there was none.
        """
        sql = (
            "SELECT max(at) FROM (SELECT max(at) AS at FROM orders WHERE marketplace = ?"
            " UNION ALL SELECT CAST(value AS bigint) FROM meta WHERE key = ?) t"
        )
        return self._database.cached(
            f"newest word {marketplace}", lambda: self._database.value(int, sql, (marketplace, HEARD_KEY + marketplace))
        )

    def has_request_column(self) -> bool:
        """Return whether any imported report had the column for buyers' cancellation requests."""
        return bool(self._database.value(int, "SELECT max(has_request_column) FROM imports"))
