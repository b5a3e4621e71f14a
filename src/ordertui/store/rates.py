"""What rates are made of: counts by day, and the orders behind a numerator or a denominator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from .orders import UNDER_WAY, Cancelled, ReadsPart

Groups = Sequence[tuple[int, Cancelled, int]]
"""(situation, how much is cancelled, orders)."""
_STATES = ", ".join(f"'{state}'" for state in UNDER_WAY)


class PendingCancellation(NamedTuple):
    """An order that a batch of this store is about to cancel, or has cancelled without a report showing it."""

    id: int
    placed: int | None
    situation: int
    whole: bool
    """False: only some units, by a refund."""


class RateReadsPart(ReadsPart):
    """Reading for rates; the seller's own shipments of one marketplace only. Times in epoch seconds, `end` not included."""

    def day_tally(self, marketplace: str, start: int, end: int) -> tuple[int, Groups]:
        """The newest purchase of a day, and its counts as `rate_tally` gives them; kept until something changes."""
        return self._kept(f"day {marketplace} {start} {end}", lambda: self._day_tally(marketplace, start, end))

    def _day_tally(self, marketplace: str, start: int, end: int) -> tuple[int, Groups]:
        newest = self._one(
            "SELECT max(purchased_at) FROM orders WHERE marketplace = ? AND channel = 'merchant' AND purchased_at >= ? AND purchased_at < ?",
            (marketplace, start, end),
        )
        return (0, ()) if newest is None else (newest, self.rate_tally(marketplace, start, end))

    def oldest_placed(self, marketplace: str) -> int | None:
        """When the oldest order was placed; None without one. Kept until something changes."""
        sql = "SELECT min(purchased_at) FROM orders WHERE marketplace = ? AND channel = 'merchant'"
        found: int | None = self._kept(f"oldest {marketplace}", lambda: self._one(sql, (marketplace,)))
        return found

    def placed_ids(self, marketplace: str, start: int, end: int, *, cancelled: bool = False) -> list[int]:
        """Orders placed in a span, oldest first; with `cancelled` only those that are, wholly or in part."""
        part = " AND (status = 'cancelled' OR cancelled_lines > 0)" if cancelled else ""
        found = self._query(
            "SELECT id FROM orders WHERE marketplace = ? AND channel = 'merchant' AND purchased_at >= ? AND purchased_at < ?"
            f"{part} ORDER BY purchased_at, id",
            (marketplace, start, end),
        )
        return [row[0] for row in found]

    def cancelled_ids(self, marketplace: str, start: int, end: int) -> list[int]:
        """Orders cancelled, wholly or in part, whose newest report is of the span, whenever they were placed."""
        found = self._query(
            "SELECT id FROM orders WHERE marketplace = ? AND channel = 'merchant' AND (status = 'cancelled' OR cancelled_lines > 0)"
            " AND at >= ? AND at < ? ORDER BY at, id",
            (marketplace, start, end),
        )
        return [row[0] for row in found]

    def coming(self, marketplace: str) -> Sequence[PendingCancellation]:
        """What this store's batches cancel, wholly or some units, and no report shows as cancelled yet; kept until something changes."""
        return self._kept(f"coming {marketplace}", lambda: self._coming(marketplace))

    def _coming(self, marketplace: str) -> list[PendingCancellation]:
        mine = "o.marketplace = :market AND o.channel = 'merchant' AND o.status <> 'cancelled'"
        found = self._query(
            f"SELECT o.id, o.purchased_at, o.situation, TRUE FROM orders o WHERE o.state IN ({_STATES})"
            f" AND o.open_action LIKE 'cancel:%' AND {mine}"
            " UNION ALL SELECT o.id, o.purchased_at, o.situation, FALSE FROM orders o WHERE o.id IN (SELECT r.order_id FROM refunds r"
            " JOIN batch_rows b ON b.batch = r.batch AND b.order_id = r.order_id WHERE r.quantity > 0"
            f" AND b.state IN ('confirmed', {_STATES})) AND o.cancelled_lines = 0 AND {mine}",
            {"market": marketplace},
        )
        return [
            PendingCancellation(row_id, placed, situation, bool(whole)) for row_id, placed, situation, whole in found
        ]

    def placed_within(self, ids: Iterable[int], marketplace: str, start: int, end: int) -> list[tuple[int, int]]:
        """(situation, orders) of those of these orders that are of a marketplace, placed from `start` until before `end`,
        and that no batch cancels already; a situation may come more than once."""
        return self._query_in(
            "SELECT situation, count(*) FROM orders WHERE marketplace = ? AND purchased_at >= ? AND purchased_at < ? AND (state IS NULL"
            f" OR state NOT IN ({_STATES}) OR coalesce(open_action, '') NOT LIKE 'cancel:%') AND id IN ({{}}) GROUP BY situation",
            ids,
            (marketplace, start, end),
        )

    def sums(self, ids: Iterable[int]) -> list[tuple[str, int, str | None, bool, int, int]]:
        """(marketplace, situation, currency or None without a price, whether a batch has it, orders, minor units) of these
        orders; a combination may come more than once."""
        found = self._query_in(
            "SELECT marketplace, situation, CASE WHEN total IS NULL THEN NULL ELSE currency END AS priced,"
            f" coalesce(state, '') IN ({_STATES}) AS busy, count(*), coalesce(sum(total), 0) FROM orders WHERE id IN ({{}})"
            " GROUP BY marketplace, situation, priced, busy",
            ids,
        )
        return [
            (market, number, currency, bool(busy), count, total)
            for market, number, currency, busy, count, total in found
        ]

    def deadlines(self, marketplace: str, until: int) -> list[tuple[int, int, int | None, int]]:
        """(id, auto-cancel time, placed, situation) of orders that wait for shipment and that Amazon cancels before `until`;
        those that a batch cancels already are left out."""
        return self._query(
            "SELECT id, auto_cancel_at, purchased_at, situation FROM orders WHERE auto_cancel_at < ? AND marketplace = ? AND channel = 'merchant'"
            f" AND status IN ('unshipped', 'partially_shipped') AND NOT (coalesce(state, '') IN ({_STATES})"
            " AND coalesce(open_action, '') LIKE 'cancel:%') ORDER BY auto_cancel_at",
            (until, marketplace),
        )

    def late_waiting(self, marketplace: str, start: int, now: int) -> int:
        """Orders placed from `start` on that still wait for shipment after their ship-by time."""
        return int(
            self._one(
                "SELECT count(*) FROM orders WHERE marketplace = ? AND channel = 'merchant' AND purchased_at >= ? AND purchased_at <= ?"
                " AND status IN ('unshipped', 'partially_shipped') AND ship_by < ?",
                (marketplace, start, now, now),
            )
        )
