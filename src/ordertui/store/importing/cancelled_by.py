"""Who cancelled an order by the API's word (`cancelledBy`), kept apart, because no report says it and every import asks."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from ordertui.store.database import marks, slices
from ordertui.store.operator_facts import FactsPart
from ordertui.store.orders import ReadsPart


class SaidPart(FactsPart, ReadsPart):
    """The API's word on cancelled orders."""

    def note_cancelled(self, said: Sequence[tuple[str, str, int]]) -> None:
        """Keep (order id, who, as of); the newer word wins. Known cancelled orders change with it."""
        if not said:
            return
        with self.writing() as connection:
            connection.executemany(
                "INSERT INTO said_cancelled (order_id, by, as_of) VALUES (?, ?, ?) ON CONFLICT (order_id) DO UPDATE SET"
                " by = excluded.by, as_of = excluded.as_of WHERE excluded.as_of >= as_of",
                said,
            )
            self.apply_said(connection, [order_id for order_id, _, _ in said])

    def apply_said(self, connection: sqlite3.Connection, order_ids: Iterable[str]) -> None:
        """Give these orders the API's word, where Amazon's own rate report has none. After each chunk of an import."""
        if connection.execute("SELECT 1 FROM said_cancelled LIMIT 1").fetchone() is None:
            return
        for part in slices(order_ids):
            found = connection.execute(
                "SELECT o.id, s.by FROM said_cancelled s JOIN orders o ON o.order_id = s.order_id"
                " LEFT JOIN rate_report r ON r.order_id = s.order_id"
                " WHERE o.status = 'cancelled' AND r.order_id IS NULL AND o.cancelled_by <> s.by"
                f" AND s.order_id IN ({marks(part)})",
                part,
            ).fetchall()
            for row_id, by in found:
                self.change_fact(connection, row_id, "cancelled_by", by)
