"""Amazon's Cancellation Rate reports: what each one decided of which orders, and taking one back.

A report lists the orders whose cancellation Amazon looked at, by the day of the order, and whether each one counts. A
cancelled order of the days that it covers, and which it does not name, does not count. The newest report that decides
about an order wins. Only orders that were cancelled when the report was made are decided.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ordertui.orders.clock import Clock
from ordertui.store.engine.database import Database
from ordertui.store.engine.errors import StoreError

from .audit import AuditLog
from .operator_facts import OperatorFacts

RateRow = tuple[int, str, int | None, bool]
"""Line of the file, order id, day of the order (epoch seconds), whether it counts."""
_DECIDED = (
    "SELECT o.id, CASE WHEN d.impacts = 1 THEN 'yes' WHEN d.impacts = 0 THEN 'no' ELSE 'unknown' END AS word"
    " FROM (SELECT x.order_id, (SELECT r.impacts FROM rate_report_rows r JOIN rate_reports p ON p.id = r.report"
    " WHERE r.order_id = x.order_id AND p.undone = 0 ORDER BY r.report DESC LIMIT 1) AS impacts FROM"
    " (SELECT DISTINCT order_id FROM rate_report_rows) x) d JOIN orders o ON o.order_id = d.order_id"
    " WHERE o.amazon_counts <> CASE WHEN d.impacts = 1 THEN 'yes' WHEN d.impacts = 0 THEN 'no' ELSE 'unknown' END"
)
"""SQL: row number of each order of which the reports say something else than is stored, and what they say now."""


class RateReport(msgspec.Struct, frozen=True):
    """One report, with how many orders it decides about."""

    id: int
    path: str
    marketplace: str
    start: int | None
    """First second of the days of order that it covers (epoch seconds); None: it decides about what it names alone."""
    end: int | None
    at: int
    """When it was imported."""
    is_undone: bool
    counting: int
    """Named, and counting."""
    named: int
    unnamed: int
    """Cancelled orders of its days that it does not name: they do not count."""


class RateReports:
    """Keeps the reports of one store, and the fact `amazon_counts` of orders in step with them."""

    def __init__(self, database: Database, clock: Clock, audit: AuditLog, facts: OperatorFacts) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit
        self._facts = facts

    def find(self) -> list[RateReport]:
        """Return every report, newest first."""
        found = self._database.query(
            "SELECT p.id, p.path, p.marketplace, p.start_at, p.end_at, p.at, p.undone,"
            " count(CASE WHEN r.named = 1 AND r.impacts = 1 THEN 1 END), count(CASE WHEN r.named = 1 THEN 1 END),"
            " count(CASE WHEN r.named = 0 THEN 1 END)"
            " FROM rate_reports p LEFT JOIN rate_report_rows r ON r.report = p.id"
            " GROUP BY p.id, p.path, p.marketplace, p.start_at, p.end_at, p.at, p.undone ORDER BY p.id DESC"
        )
        return [RateReport(v[0], v[1], v[2], v[3], v[4], v[5], bool(v[6]), v[7], v[8], v[9]) for v in found]

    def add(
        self, file: tuple[str, str], marketplace: str, rows: Sequence[RateRow], days: tuple[int, int] | None, as_of: int
    ) -> RateReport:
        """Keep a report and let it decide; one that was imported before, with the same days, stays as it is.

        `file`: its path and SHA-256. `days`: first and last second of the days of order that it covers. `as_of`: when
        it was made at the latest (epoch seconds).
        """
        span = days or (None, None)
        with self._database.write():
            known = self._database.value(
                int,
                "SELECT max(id) FROM rate_reports WHERE sha256 = ? AND marketplace = ? AND undone = 0"
                " AND start_at IS NOT DISTINCT FROM ? AND end_at IS NOT DISTINCT FROM ?",
                (file[1], marketplace, *span),
            )
            if known is not None:
                self.apply()
                return self._get(known)
            ident = self._database.required(
                int,
                "INSERT INTO rate_reports (path, sha256, marketplace, start_at, end_at, as_of, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (*file, marketplace, *span, as_of, self._clock.now()),
            )
            named = {order_id: (ident, order_id, date, int(impacts), 1) for _, order_id, date, impacts in rows}
            self._database.execute_many(
                "INSERT INTO rate_report_rows (report, order_id, order_date, impacts, named) VALUES (?, ?, ?, ?, ?)",
                list(named.values()),
            )
            self.apply()
            found = self._get(ident)
            facts = {
                "report": ident,
                "path": file[0],
                "marketplace": marketplace,
                "days": days,
                "unnamed": found.unnamed,
            }
            self._audit.append("rate.report", facts)
        return found

    def undo(self, ident: int) -> RateReport:
        """Take back what a report decided. Raises StoreError for one that is unknown or taken back already."""
        with self._database.write():
            found = self._get(ident)
            if found.is_undone:
                raise StoreError(f"the Cancellation Rate report {ident} is undone already")
            self._database.execute("UPDATE rate_reports SET undone = 1 WHERE id = ?", (ident,))
            named = [row[0] for row in self._database.query(
                "SELECT order_id FROM rate_report_rows WHERE report = ? AND named = 1", (ident,)
            )]  # fmt: skip
            self._restore_named(named)
            self.apply()
            self._audit.append("rate.undone", {"report": ident, "orders": named})
        return found

    def apply(self) -> int:
        """Let the reports decide about orders that became known or cancelled since; return how many changed."""
        with self._database.write():
            if self._database.value(int, "SELECT 1 FROM rate_reports LIMIT 1") is None:
                return 0
            self._database.execute(
                "INSERT INTO rate_report_rows (report, order_id, order_date, impacts, named)"
                " SELECT p.id, o.order_id, NULL, 0, 0 FROM rate_reports p JOIN orders o"
                " ON o.marketplace = p.marketplace AND o.channel = 'merchant' AND o.purchased_at >= p.start_at"
                " AND o.purchased_at <= p.end_at"
                " WHERE p.undone = 0 AND (o.status = 'cancelled' OR o.cancelled_lines > 0) AND o.at <= p.as_of"
                " AND NOT EXISTS (SELECT 1 FROM rate_report_rows x WHERE x.report = p.id AND x.order_id = o.order_id)"
            )
            changed: dict[int, str] = dict(self._database.query(_DECIDED))
            return len(self._facts.change("amazon_counts", changed)) if changed else 0

    def _get(self, ident: int) -> RateReport:
        found = next((one for one in self.find() if one.id == ident), None)
        if found is None:
            raise StoreError(f"there is no Cancellation Rate report {ident}; `ordertui rate-reports` lists them")
        return found

    def _restore_named(self, order_ids: Sequence[str]) -> None:
        """Let an older report say again what the undone one said of the orders that it names."""
        for order_id in order_ids:
            before = self._database.query(
                "SELECT r.impacts, r.order_date, p.marketplace, p.as_of FROM rate_report_rows r JOIN rate_reports p"
                " ON p.id = r.report WHERE r.order_id = ? AND r.named = 1 AND p.undone = 0"
                " ORDER BY r.report DESC LIMIT 1",
                (order_id,),
            )
            self._database.execute("DELETE FROM rate_report WHERE order_id = ?", (order_id,))
            if before:
                self._database.execute(
                    "INSERT INTO rate_report (impacts, order_date, marketplace, as_of, order_id)"
                    " VALUES (?, ?, ?, ?, ?)",
                    (*before[0], order_id),
                )
        self._facts.settle_cancelled_by(order_ids)
