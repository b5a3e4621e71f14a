"""Amazon's own Cancellation Rate report: which cancelled orders count, by Amazon's word."""

from __future__ import annotations

from collections.abc import Sequence

from ordertui.store.operator_facts import FactsPart
from ordertui.store.orders import ReadsPart


class RateReportPart(FactsPart, ReadsPart):
    """What Amazon lists as impacting account health."""

    def add_rate_report(
        self,
        marketplace: str,
        rows: Sequence[tuple[int, str, int | None, bool]],
        *,
        path: str = "",
        sha256: str = "",
        rejected: int = 0,
    ) -> tuple[int, int]:
        """Keep the report's rows (line, order id, date, impacts); gives how many known orders changed, and rows.

        The report has no date of its own, so the later import wins. `marketplace` is taken for orders that are not known.
        """
        changed = 0
        now = self.clock.now()
        with self.writing() as connection:
            ids = self.ids_of(row[1] for row in rows)
            for _, order_id, date, impacts in rows:
                connection.execute(
                    "INSERT INTO rate_report (order_id, marketplace, order_date, impacts, as_of)"
                    " VALUES (:id, coalesce((SELECT marketplace FROM orders WHERE order_id = :id), :market), :date, :impacts, :now)"
                    " ON CONFLICT (order_id) DO UPDATE SET marketplace = excluded.marketplace, order_date = excluded.order_date,"
                    " impacts = excluded.impacts, as_of = excluded.as_of",
                    {"id": order_id, "market": marketplace, "date": date, "impacts": int(impacts), "now": now},
                )
                row_id = ids.get(order_id)
                if row_id is None:
                    continue
                connection.execute("UPDATE orders SET sources = sources | 8 WHERE id = ?", (row_id,))
                if connection.execute("SELECT status FROM orders WHERE id = ?", (row_id,)).fetchone()[0] == "cancelled":
                    changed += self.change_fact(connection, row_id, "cancelled_by", "seller" if impacts else "buyer")
            connection.execute(
                "INSERT INTO imports (kind, path, sha256, marketplace, has_request_column, at, row_count, changed, unchanged, rejected, finished)"
                " VALUES ('cancellation_rate', ?, ?, ?, 0, ?, ?, ?, ?, ?, 1)",
                (path, sha256, marketplace, now, len(rows), changed, len(ids) - changed, rejected),
            )
        return changed, len(rows)

    def rate_report(self, marketplace: str) -> list[tuple[str, int | None, bool]]:
        """(order id, order date, impacts) of what Amazon listed for a marketplace."""
        found = self._query(
            "SELECT order_id, order_date, impacts FROM rate_report WHERE marketplace = ? ORDER BY order_id",
            (marketplace,),
        )
        return [(order_id, date, bool(impacts)) for order_id, date, impacts in found]
