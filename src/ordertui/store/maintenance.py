"""Looking after the file: whether it is sound, a copy of it, its size, and what is too old to keep."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from .audit import AuditPart
from .database import in_words, slices
from .errors import StoreError

PURGED_AT_ONCE = 20_000
"""Orders deleted in one transaction, so that no other process waits long."""
_RULES = (
    (
        "SELECT count(*) FROM (SELECT order_id FROM batch_rows WHERE is_open = 1 GROUP BY order_id HAVING count(*) > 1)",
        "orders that two batches hold at once",
    ),
    (
        "SELECT count(*) FROM batch_rows WHERE order_id NOT IN (SELECT id FROM orders)",
        "rows of batches whose order is gone",
    ),
    ("SELECT count(*) FROM batch_rows WHERE batch NOT IN (SELECT id FROM batches)", "rows without their batch"),
    ("SELECT count(*) FROM lines WHERE order_id NOT IN (SELECT id FROM orders)", "lines without their order"),
    (
        "SELECT count(*) FROM refunds r WHERE NOT EXISTS (SELECT 1 FROM batch_rows b WHERE b.batch = r.batch AND b.order_id = r.order_id)",
        "refunds without their row",
    ),
    (
        "SELECT count(*) FROM batch_rows r JOIN batches b ON b.id = r.batch WHERE (r.state = 'held') <> (b.state = 'held')"
        " AND r.state <> 'recalled'",
        "rows that are held in a batch that left, or the other way round",
    ),
)
_DATED = "coalesce(purchased_at, at)"


class CarePart(AuditPart):
    """The care of a store."""

    def size(self) -> int:
        """Bytes of the file, without what waits beside it."""
        return self.path.stat().st_size

    def check(self) -> list[str]:
        """What is wrong with the file or in the journal; empty when all is well."""
        found = [row[0] for row in self._query("PRAGMA integrity_check") if row[0] != "ok"]
        for sql, what in _RULES:
            count = self._one(sql)
            if count:
                found.append(f"{count:,} {what}")
        return found

    def backup(self, target: Path, progress: Callable[[int, int], None] | None = None) -> int:
        """Copy the store into a new file, whole or not at all, while others work; gives its bytes. Raises StoreError.

        `progress` is given pages done and pages in all.
        """
        if target.exists():
            raise StoreError(f"{target} exists; a backup never overwrites: give another name")
        part = target.with_name(f".{target.name}.{os.getpid()}.part")
        try:
            os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            with self._lock, closing(sqlite3.connect(part, isolation_level=None)) as copy:
                told = None if progress is None else lambda _, left, pages: progress(pages - left, pages)
                self._connection.backup(copy, pages=4_096, progress=told)
                copy.execute("PRAGMA journal_mode = DELETE")  # one file, with nothing beside it
                wrong = [row[0] for row in copy.execute("PRAGMA integrity_check") if row[0] != "ok"]
            if wrong:
                raise StoreError(f"the copy of {self.path} is not sound ({wrong[0]}); nothing was kept")
            with part.open("rb") as file:
                os.fsync(file.fileno())
                size = os.fstat(file.fileno()).st_size
            os.link(part, target)
        except FileExistsError:
            raise StoreError(f"{target} exists; a backup never overwrites: give another name") from None
        except sqlite3.Error as error:
            raise in_words(error, target) from error
        except OSError as error:
            raise StoreError(f"{target} cannot be written: {error.strerror}; choose another place") from error
        finally:
            part.unlink(missing_ok=True)
        return size

    def compact(self) -> int:
        """Give back the room of what was deleted; gives the bytes won. Raises StoreLocked, StoreError (disk full)."""
        with self.writing() as connection:
            self.append(connection, "store.compacted", json.dumps({"before": self.size()}))
        before = self.size()
        self._query("VACUUM")
        self._query("PRAGMA wal_checkpoint(TRUNCATE)")
        return max(before - self.size(), 0)

    def old_orders(self, before: int) -> int:
        """How many orders `purge` would delete."""
        return int(self._one(f"SELECT count(*) FROM orders WHERE {self._purgeable()}", {"before": before}))

    @staticmethod
    def _purgeable() -> str:
        """Placed and last named before `:before`, and never in a batch; the newest row number stays, as none is used twice."""
        return (
            f"{_DATED} < :before AND at < :before AND id NOT IN (SELECT order_id FROM batch_rows)"
            " AND id <> (SELECT max(id) FROM orders)"
        )

    def purge(self, before: int, progress: Callable[[int], None] | None = None) -> int:
        """Delete orders placed and last named before `before` (epoch seconds) that were never in a batch; gives how many.

        Batches, refunds, feeds, reports and the audit stay: they are the proof, and the balance of what went back.
        """
        ids = [row[0] for row in self._query(f"SELECT id FROM orders WHERE {self._purgeable()}", {"before": before})]
        done = 0
        for part in slices(ids, PURGED_AT_ONCE):
            with self.writing() as connection:
                for table, column in (("lines", "order_id"), ("operator_facts", "order_id"), ("orders", "id")):
                    connection.executemany(f"DELETE FROM {table} WHERE {column} = ?", [(one,) for one in part])
                done += len(part)
                if len(part) < PURGED_AT_ONCE or done == len(ids):
                    connection.execute("DELETE FROM rate_report WHERE coalesce(order_date, as_of) < ?", (before,))
                self.append(connection, "store.purged", json.dumps({"before": before, "count": len(part)}))
            if progress is not None:
                progress(done)
        return done
