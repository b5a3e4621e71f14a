"""What is imported: order reports row by row, the Cancellation Rate report, and who cancelled by the API's account."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from ordertui.orders.batch_state import UNCONFIRMED
from ordertui.orders.enums import ReportKind
from ordertui.store.engine.database import as_parameter, in_list
from ordertui.store.engine.migrations import LATEST
from ordertui.store.repositories.orders import OrderRepository
from ordertui.store.repositories.tallies import HEARD_KEY

from .coverage import hear_order, hear_sync
from .import_history import ImportHistory, PastImport
from .import_session import SLICE_ROWS, ImportContext, ImportSession, ReportSource, apply_cancelled_by
from .undo import ImportUndo, UndoneImport


class ImportLog:
    """Opens import sessions, and takes in records that are no rows of an order report."""

    def __init__(self, context: ImportContext, orders: OrderRepository) -> None:
        self._context = context
        self._orders = orders

    def open(
        self, report: ReportSource, auto_cancel_at: Callable[[str, int], int | None], *, slice_rows: int = SLICE_ROWS
    ) -> ImportSession:
        """Return a context manager that takes in the rows of a report.

        `auto_cancel_at` gives, for a marketplace and a ship-by time, when Amazon cancels. Raises ReadOnlyStore.
        """
        return ImportSession(self._context, report, auto_cancel_at, slice_rows=slice_rows)

    def find_whole(self, report: ReportSource) -> tuple[int, int, int, int] | None:
        """Return the import that took in all of this very file: its number, time, rows and orders; None without one.

        Importing the file again says nothing new then. None as well while a batch waits for a report to confirm it, and
        after a purge, an undo or a schema step: then it might.
        """
        database = self._context.database
        if database.value(int, f"SELECT 1 FROM orders WHERE state IN {in_list(UNCONFIRMED)} LIMIT 1"):
            return None
        found = database.query(
            "SELECT id, at, row_count, new_orders + changed + unchanged FROM imports WHERE sha256 = ? AND kind = ?"
            " AND is_whole = ? AND marketplace IS NOT DISTINCT FROM CAST(? AS text) AND as_of IS NOT DISTINCT FROM"
            " CAST(? AS bigint) ORDER BY id DESC LIMIT 1",
            (report.sha256, report.kind, LATEST, report.marketplace, report.as_of),
        )
        return None if not found else (found[0][0], found[0][1], found[0][2], found[0][3])

    def undo(
        self, number: int, auto_cancel_at: Callable[[str, int], int | None], check: Callable[[], None] = lambda: None
    ) -> UndoneImport:
        """Put back what an import changed of orders that no later import named; see `ImportUndo`. Raises StoreError."""
        return ImportUndo(self._context.database, self._context.audit, auto_cancel_at, check).undo(number)

    def newest(self, count: int) -> list[PastImport]:
        """Return the newest imports of report files, newest first, each with what undoing it would do now."""
        return ImportHistory(self._context.database).newest(count)

    def add_cancellation_rate(
        self, report: ReportSource, rows: Sequence[tuple[int, str, int | None, bool]], *, rejected: int = 0
    ) -> int:
        """Store Amazon's Cancellation Rate report: rows of (line, order id, order date, whether it counts).

        The report has no date of its own, so the later import wins. The report's marketplace is taken for orders that
        are not known. Returns how many known orders changed.
        """
        now = self._context.clock.now()
        database = self._context.database
        stated = {order_id: (date, int(impacts)) for _, order_id, date, impacts in rows}
        values = as_parameter((order_id, *facts) for order_id, facts in stated.items())
        table = database.values_sql("stated", order_id=str, date=int, impacts=int)
        with database.write():
            ids = self._orders.ids_of(stated)
            database.execute(
                "INSERT INTO rate_report (order_id, marketplace, order_date, impacts, as_of)"
                " SELECT v.order_id, coalesce(o.marketplace, :market), v.date, v.impacts, :now"
                f" FROM {table} AS v LEFT JOIN orders o ON o.order_id = v.order_id WHERE 1 = 1"
                " ON CONFLICT (order_id) DO UPDATE SET marketplace = excluded.marketplace,"
                " order_date = excluded.order_date, impacts = excluded.impacts, as_of = excluded.as_of",
                {"stated": values, "market": report.marketplace or "", "now": now},
            )
            database.execute(
                f"UPDATE orders SET sources = sources | :bit FROM {table} AS v WHERE orders.order_id = v.order_id",
                {"stated": values, "bit": ReportKind.CANCELLATION_RATE.bit},
            )
            changed = self._context.facts.settle_cancelled_by(ids)
            database.execute(
                "INSERT INTO imports (kind, path, sha256, marketplace, has_request_column, at, row_count, changed,"
                " unchanged, rejected, finished, undo) VALUES (?, ?, ?, ?, 0, ?, ?, ?, ?, ?, 1,"
                " 'it is a Cancellation Rate report: `ordertui rate-reports --undo`')",
                (report.kind, report.path, report.sha256, report.marketplace or "", now, len(rows), changed,
                 len(ids) - changed, rejected),
            )  # fmt: skip
        return changed

    def add_cancelled_by(self, cancelled: Sequence[tuple[str, str, int]]) -> None:
        """Store who cancelled orders by the API's account (`cancelledBy`): (order id, who, as of); the newer wins.

        It is kept apart from the orders because no report names it, and applied again after each import.
        """
        if not cancelled:
            return
        database = self._context.database
        with database.write():
            database.execute_many(
                "INSERT INTO said_cancelled (order_id, by, as_of) VALUES (?, ?, ?) ON CONFLICT (order_id) DO UPDATE SET"
                " by = excluded.by, as_of = excluded.as_of WHERE excluded.as_of >= said_cancelled.as_of",
                cancelled,
            )
            apply_cancelled_by(database, self._context.facts, [order_id for order_id, _, _ in cancelled])

    def hear_sync(
        self, marketplaces: Sequence[str], until: int, unread: Iterable[str], *, opened_since: int | None
    ) -> None:
        """Take in that a sync told all changes up to `until`; see `coverage.hear_sync`."""
        with self._context.database.write() as database:
            hear_sync(database, marketplaces, until, unread, opened_since=opened_since)
            with database.together():
                for code in marketplaces:
                    database.set_meta(f"{HEARD_KEY}{code}", str(until))

    def hear_order(self, order_id: str) -> None:
        """Take in that the API told the state of an order as it is now."""
        with self._context.database.write() as database:
            hear_order(database, order_id, self._context.clock.now())
