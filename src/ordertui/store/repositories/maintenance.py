"""Maintenance of the file: checking it, backing it up, compacting it, and deleting old orders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ordertui.orders.batch_state import NEVER_LEFT, NOT_LEFT, RowState
from ordertui.orders.clock import Clock
from ordertui.store.engine.database import Database, in_list
from ordertui.store.engine.errors import StoreError

from .audit import AuditLog
from .identity import BACKUP_KEY

_ORDER_TABLES = (
    ("lines", "order_id"), ("operator_facts", "order_id"), ("api_facts", "order_id"), ("import_orders", "order_id"),
    ("orders", "id"),
)  # fmt: skip
"""Tables with rows of single orders, and the column with the order's row number; the orders themselves last."""
PURGED_AT_ONCE = 20_000
"""Orders deleted in one transaction, so that no other process waits long."""
INTEGRITY_CHECKS = (
    (
        "SELECT count(*) FROM"
        " (SELECT order_id FROM batch_rows WHERE is_open = 1 GROUP BY order_id HAVING count(*) > 1) AS h",
        "orders that two batches hold at once",
    ),
    (
        "SELECT count(*) FROM batch_rows WHERE order_id NOT IN (SELECT id FROM orders)",
        "rows of batches whose order is gone",
    ),
    ("SELECT count(*) FROM batch_rows WHERE batch NOT IN (SELECT id FROM batches)", "rows without their batch"),
    ("SELECT count(*) FROM lines WHERE order_id NOT IN (SELECT id FROM orders)", "lines without their order"),
    (
        "SELECT count(*) FROM refunds r WHERE NOT EXISTS"
        " (SELECT 1 FROM batch_rows b WHERE b.batch = r.batch AND b.order_id = r.order_id)",
        "refunds without their row",
    ),
    (
        "SELECT count(*) FROM batch_rows r JOIN batches b ON b.id = r.batch"
        f" WHERE (r.state = '{RowState.HELD}') <> (b.state IN {in_list(NOT_LEFT)})"
        f" AND r.state NOT IN {in_list(NEVER_LEFT)}",
        "rows that are held in a batch that left, or the other way round",
    ),
)
_PURGEABLE = (
    "coalesce(purchased_at, at) < :before AND at < :before AND id NOT IN (SELECT order_id FROM batch_rows)"
    " AND id <> (SELECT max(id) FROM orders)"
)
"""The newest row number stays, so that SQLite never gives the number of a deleted order to another one."""


class Maintenance:
    """Maintains the file of a store."""

    def __init__(self, database: Database, clock: Clock, audit: AuditLog) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit

    def size(self) -> int:
        """Return the bytes that the store takes."""
        return self._database.engine.size()

    def check(self) -> list[str]:
        """Return what is wrong with the store or in the journal; empty when all is well."""
        with self._database.lock:
            found = self._database.engine.find_damage()
        for sql, what in INTEGRITY_CHECKS:
            count = self._database.required(int, sql)
            if count:
                found.append(f"{count:,} {what}")
        return found

    def backup(self, target: Path, progress: Callable[[int, int], None] | None = None) -> int:
        """Copy the store into a new file, whole or not at all, while others work; return its bytes.

        The copy knows that it is one, and since when: it acts on nothing before it is adopted. `progress`
        is called with the pages done and the pages in all. Raises StoreError.
        """
        if target.exists():
            raise StoreError(f"{target} exists; a backup never overwrites: give another name")
        try:
            with self._database.lock:
                return self._database.engine.backup(target, progress, {BACKUP_KEY: str(self._clock.now())})
        except FileExistsError:
            raise StoreError(f"{target} exists; a backup never overwrites: give another name") from None
        except OSError as error:
            raise StoreError(f"{target} cannot be written: {error.strerror}; choose another place") from error

    def compact(self) -> int:
        """Release the space of deleted rows; return the bytes won. Raises StoreLocked, StoreError (disk full)."""
        before = self.size()
        self._audit.add("store.compacted", {"before": before})
        with self._database.lock:
            self._database.engine.compact()
        return max(before - self.size(), 0)

    def count_purgeable(self, before: int) -> int:
        """Return how many orders `purge` would delete."""
        return self._database.required(int, f"SELECT count(*) FROM orders WHERE {_PURGEABLE}", {"before": before})

    def purge(self, before: int, progress: Callable[[int], None] | None = None) -> int:
        """Delete orders placed and last reported before `before` (epoch seconds) that were never in a batch.

        Batches, refunds, feeds, processing reports and the audit log stay: they prove what was done, and what went back
        is added up from them. `progress` is called with the number deleted so far. Returns how many were deleted.
        """
        done = after = 0
        is_more = True
        while is_more:
            with self._database.write():  # chosen and deleted in one transaction: no commit comes in between
                found = self._database.query(
                    f"SELECT id FROM orders WHERE id > :after AND {_PURGEABLE} ORDER BY id LIMIT :most",
                    {"before": before, "after": after, "most": PURGED_AT_ONCE + 1},
                )
                is_more = len(found) > PURGED_AT_ONCE
                part = [row[0] for row in found[:PURGED_AT_ONCE]]
                if not part:
                    break
                self._database.execute_many(
                    "DELETE FROM import_lines WHERE entry IN (SELECT id FROM import_orders WHERE order_id = ?)",
                    [(one,) for one in part],
                )
                for table, column in _ORDER_TABLES:
                    self._database.execute_many(f"DELETE FROM {table} WHERE {column} = ?", [(one,) for one in part])
                if not is_more:
                    self._database.execute("UPDATE imports SET is_whole = 0 WHERE is_whole <> 0")
                    self._database.execute("DELETE FROM rate_report WHERE coalesce(order_date, as_of) < ?", (before,))
                    self._database.execute(
                        "DELETE FROM rate_report_rows WHERE report IN"
                        " (SELECT id FROM rate_reports WHERE coalesce(end_at, as_of) < ?)",
                        (before,),
                    )
                self._audit.append("store.purged", {"before": before, "count": len(part)})
            done, after = done + len(part), part[-1]
            if progress is not None:
                progress(done)
        return done
