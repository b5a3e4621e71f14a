"""What the cancellation rate is made of: counts by day, and the orders in its numerator and denominator."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import NamedTuple, TypeAlias

from ordertui.orders.batch_state import COMMITTED, OPEN_STATES

from .database import Database, in_list


class Cancelled(IntEnum):
    """How much of an order is cancelled."""

    NO = 0
    YES = 1
    SOME_ITEM = 2


SituationCounts: TypeAlias = Sequence[tuple[int, Cancelled, int]]
"""(situation number, how much is cancelled, orders)."""
_OPEN = in_list(OPEN_STATES)


class PendingCancellation(NamedTuple):
    """An order that a batch is about to cancel, or has cancelled without a report showing it yet."""

    id: int
    placed: int | None
    situation: int
    whole: bool
    """False: only some units, by a refund."""


class RateQueries:
    """Reads orders that the seller ships, of one marketplace. Times are epoch seconds; `end` is not included."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def count_placed(self, marketplace: str, start: int, end: int) -> SituationCounts:
        """Return the counts of the orders placed in a span, by situation."""
        found = self._database.query(
            "SELECT situation, CASE WHEN status = 'cancelled' THEN 1 WHEN cancelled_lines > 0 THEN 2 ELSE 0 END AS c,"
            " count(*) FROM orders WHERE marketplace = ? AND channel = 'merchant' AND purchased_at >= ?"
            " AND purchased_at < ? GROUP BY situation, c",
            (marketplace, start, end),
        )
        return [(situation, Cancelled(kind), count) for situation, kind, count in found]

    def count_day(self, marketplace: str, start: int, end: int) -> tuple[int, SituationCounts]:
        """Return when the newest order of a day was placed, and `count_placed` of it. Cached."""
        return self._database.cached(
            f"day {marketplace} {start} {end}", lambda: self._count_day(marketplace, start, end)
        )

    def _count_day(self, marketplace: str, start: int, end: int) -> tuple[int, SituationCounts]:
        newest = self._database.value(
            "SELECT max(purchased_at) FROM orders WHERE marketplace = ? AND channel = 'merchant' AND purchased_at >= ?"
            " AND purchased_at < ?",
            (marketplace, start, end),
        )
        return (0, ()) if newest is None else (newest, self.count_placed(marketplace, start, end))

    def oldest_placed(self, marketplace: str) -> int | None:
        """Return when the oldest order was placed; None without one. Cached."""
        sql = "SELECT min(purchased_at) FROM orders WHERE marketplace = ? AND channel = 'merchant'"
        found: int | None = self._database.cached(
            f"oldest {marketplace}", lambda: self._database.value(sql, (marketplace,))
        )
        return found

    def placed_ids(self, marketplace: str, start: int, end: int, *, cancelled: bool = False) -> list[int]:
        """Return the orders placed in a span, oldest first; with `cancelled` those cancelled, wholly or in part."""
        part = " AND (status = 'cancelled' OR cancelled_lines > 0)" if cancelled else ""
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
            " AND (status = 'cancelled' OR cancelled_lines > 0) AND at >= ? AND at < ? ORDER BY at, id",
            (marketplace, start, end),
        )
        return [row[0] for row in found]

    def pending_cancellations(self, marketplace: str) -> Sequence[PendingCancellation]:
        """Return what batches cancel, wholly or some units, and no report shows as cancelled yet. Cached."""
        return self._database.cached(f"pending {marketplace}", lambda: self._pending_cancellations(marketplace))

    def _pending_cancellations(self, marketplace: str) -> list[PendingCancellation]:
        mine = "o.marketplace = :market AND o.channel = 'merchant' AND o.status <> 'cancelled'"
        found = self._database.query(
            f"SELECT o.id, o.purchased_at, o.situation, TRUE FROM orders o WHERE o.state IN {_OPEN}"
            f" AND o.open_action = 'cancel' AND {mine}"
            " UNION ALL SELECT o.id, o.purchased_at, o.situation, FALSE FROM orders o WHERE o.id IN"
            " (SELECT r.order_id FROM refunds r JOIN batch_rows b ON b.batch = r.batch AND b.order_id = r.order_id"
            " WHERE r.quantity > 0"
            f" AND b.state IN {in_list(COMMITTED)}) AND o.cancelled_lines = 0 AND {mine}",
            {"market": marketplace},
        )
        return [
            PendingCancellation(row_id, placed, situation, bool(whole)) for row_id, placed, situation, whole in found
        ]

    def count_placed_among(self, ids: Iterable[int], marketplace: str, start: int, end: int) -> list[tuple[int, int]]:
        """Return (situation, orders) of those of these orders that were placed in the span.

        Orders that a batch cancels already are left out. A situation may come more than once.
        """
        return self._database.query_in(
            "SELECT situation, count(*) FROM orders WHERE marketplace = ? AND purchased_at >= ? AND purchased_at < ?"
            f" AND (state IS NULL OR state NOT IN {_OPEN} OR coalesce(open_action, '') <> 'cancel') AND id IN ({{}})"
            " GROUP BY situation",
            ids,
            (marketplace, start, end),
        )

    def auto_cancellations(self, marketplace: str, until: int) -> list[tuple[int, int, int | None, int]]:
        """Return (id, when Amazon cancels it, placed, situation) of waiting orders that Amazon cancels before `until`.

        Orders that a batch cancels already are left out.
        """
        return self._database.query(
            "SELECT id, auto_cancel_at, purchased_at, situation FROM orders WHERE auto_cancel_at < ?"
            " AND marketplace = ? AND channel = 'merchant' AND status IN ('unshipped', 'partially_shipped') AND NOT"
            f" (coalesce(state, '') IN {_OPEN}"
            " AND coalesce(open_action, '') = 'cancel') ORDER BY auto_cancel_at",
            (until, marketplace),
        )

    def count_late(self, marketplace: str, start: int, now: int) -> int:
        """Return how many orders placed from `start` on still wait for shipment after their ship-by time."""
        return int(
            self._database.value(
                "SELECT count(*) FROM orders WHERE marketplace = ? AND channel = 'merchant' AND purchased_at >= ?"
                " AND purchased_at <= ? AND status IN ('unshipped', 'partially_shipped') AND ship_by < ?",
                (marketplace, start, now, now),
            )
        )
