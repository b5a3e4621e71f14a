"""Orders that a list of unshipped orders does not name although they are of its time: they wait no more.

The report lists all that is unconfirmed when it is made (AMAZON.md h), of orders placed in the days it was asked for.
These days are in no report, so the span from its oldest to its newest order is taken, or the period that the operator
names. `mark` follows from the recorded reports alone, so the order of import does not matter. The first sync of a
marketplace lists all open orders too, and each later one tells all changes.

Of an All Orders report the span of its orders is kept, and that of its rows which were left out: where it was read in
part only, no rate of these days is known. A row that was left out is of the marketplace that it names, else of the one
that the operator gave, else perhaps of any in the store; without a date, of any day of the report's orders there, and
where it has none there, of any day at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ordertui.orders.enums import Channel, OrderStatus, ReportKind
from ordertui.orders.report_row import FACT_AT, MARKETPLACE, PURCHASED_AT, ReportRow
from ordertui.store.engine.database import Database, as_parameter, in_list
from ordertui.store.repositories.rates import ANY_DAY, LEFT_OUT, OF_ALL_ORDERS

AWAITING_SHIPMENT = (OrderStatus.UNSHIPPED, OrderStatus.PARTIALLY_SHIPPED)
_OPEN = in_list(AWAITING_SHIPMENT)
_WAITS = f"status IN {_OPEN} AND channel <> '{Channel.AMAZON.value}'"
_OF_WAITING = (
    f"FROM (SELECT o.id AS id FROM orders o WHERE o.status IN {_OPEN}) w WHERE orders.id = +w.id"
    f" AND orders.channel <> '{Channel.AMAZON.value}'"
)
"""The same for changes: SQLite never chooses to read all orders for it, whatever statistics it has."""
_SINCE = (
    "(SELECT max(u.as_of) FROM unshipped_reports u WHERE u.marketplace = orders.marketplace"
    " AND u.as_of > coalesce(orders.named_at, orders.at)"
    " AND orders.purchased_at BETWEEN u.placed_from AND u.placed_to)"
)


class ReportCoverage:
    """Collects what one report names; `record` writes it when the whole report is in the store."""

    def __init__(self, database: Database, kind: str, as_of: int | None, period: tuple[int, int] | None) -> None:
        self._database = database
        self._is_unshipped = kind == ReportKind.UNSHIPPED
        self._is_all_orders = kind == ReportKind.ALL_ORDERS
        self._spans: dict[str, list[int]] = {}
        """First and last purchase in an All Orders report, by marketplace."""
        self.as_of = as_of
        """The date of the report; of one without dates, the newest of its rows once all are added."""
        self._period = period
        self._placed: list[int] = []
        self._marketplaces: set[str] = set()
        self._left_out: dict[str | None, list[int | None]] = {}
        """When the orders of rows of All Orders that were left out were placed, by marketplace; None: nobody knows."""
        self.unread: list[str] = []
        """Orders that the report names in rows that could not be read."""
        self.has_unknown_rows = False
        """Whether a row was left out of which not even the order is known: then silence says nothing."""

    def add(self, rows: Sequence[ReportRow]) -> None:
        """Take in some rows of the report."""
        if self._is_all_orders:
            for code in {str(row[MARKETPLACE]) for row in rows}:
                found: list[Any] = [row[PURCHASED_AT] for row in rows if row[MARKETPLACE] == code]
                known = [at for at in found if at is not None] + self._spans.get(code, [])
                if known:
                    self._spans[code] = [min(known), max(known)]
        if not self._is_unshipped:
            return
        self._marketplaces.update(str(row[MARKETPLACE]) for row in rows)
        placed: list[Any] = [row[PURCHASED_AT] for row in rows if row[PURCHASED_AT] is not None]
        if placed:
            self._placed = [min(self._placed + placed), max(self._placed + placed)]
        if self.as_of is None:
            dates: list[Any] = [row[FACT_AT] for row in rows]
            self.as_of = max(dates, default=None) or None

    def add_left_out(self, order_ids: Sequence[str], placed: int | None, marketplace: str | None) -> None:
        """Take in a row that was left out: the orders that it names, when and where they were placed, as far as that
        is known.
        """
        self.unread += order_ids
        self.has_unknown_rows = self.has_unknown_rows or not order_ids
        if self._is_all_orders:
            self._left_out.setdefault(marketplace, []).append(placed)

    def begin(self, import_id: int) -> None:
        """Record, in the open transaction and before the first order is stored, which days an All Orders report is
        about: an import that breaks off has told a part of them.
        """
        self._database.execute_many(
            "INSERT INTO unshipped_reports (import_id, marketplace, as_of, placed_from, placed_to)"
            " VALUES (?, ?, ?, ?, ?)",
            [(import_id, code, OF_ALL_ORDERS, *span) for code, span in sorted(self._spans.items())],
        )

    def record(self, import_id: int, marketplace: str | None) -> int:
        """Record the report in the open transaction, and mark orders anew; return how many are missing now.

        `marketplace` is the one that the operator gave. A period without rows is about it, or about every marketplace
        of the store.
        """
        database = self._database
        as_of = self.as_of
        self._record_left_out(import_id, marketplace)
        if self._is_unshipped and as_of is not None and self.unread:  # the others name those that do not wait too
            database.execute(
                "UPDATE orders SET named_at = :as_of WHERE coalesce(named_at, 0) < :as_of AND order_id IN"
                f" (SELECT named.id FROM {database.values_sql('names', id=str)} AS named)",
                {"as_of": as_of, "names": as_parameter(dict.fromkeys(self.unread))},
            )
        if as_of is None and not self.unread and not self._marketplaces:
            # No row, so no date: it came in after what is known, and the next report that names an order is newer.
            newest = database.value(int, "SELECT max(as_of) FROM imports")
            as_of = None if newest is None else newest + 1
        if self._is_unshipped and as_of is not None and not self.has_unknown_rows:
            codes = self._marketplaces or ({marketplace} if marketplace else set())
            if not codes:
                codes = self._marketplaces_of_store()
            low, high = self._period or tuple(self._placed) or (None, None)
            database.execute_many(
                "INSERT INTO unshipped_reports (import_id, marketplace, as_of, placed_from, placed_to)"
                " VALUES (?, ?, ?, ?, ?)",
                [(import_id, code, as_of, low, high) for code in sorted(codes)],
            )
        return mark(database)

    def _record_left_out(self, import_id: int, given: str | None) -> None:
        """Record of which days rows of All Orders were left out, in each marketplace that they may be of."""
        found: dict[str, list[int | None]] = {}
        for named, dates in self._left_out.items():
            codes = {named} if named is not None else {given} if given else self._marketplaces_of_store()
            for code in codes:
                found.setdefault(code, []).extend(dates)
        spans = []
        for code, dates in sorted(found.items()):
            known = [placed for placed in dates if placed is not None]
            if len(known) < len(dates):
                span = (min([*known, *own]), max([*known, *own])) if (own := self._spans.get(code)) else ANY_DAY
            else:
                span = min(known), max(known)
            spans.append((import_id, code, LEFT_OUT, *span))
        self._database.execute_many(
            "INSERT INTO unshipped_reports (import_id, marketplace, as_of, placed_from, placed_to)"
            " VALUES (?, ?, ?, ?, ?)",
            spans,
        )

    def _marketplaces_of_store(self) -> set[str]:
        return {row[0] for row in self._database.query("SELECT DISTINCT marketplace FROM orders")}


def hear_sync(
    database: Database, marketplaces: Sequence[str], until: int, unread: Iterable[str], *, opened_since: int | None
) -> None:
    """Take in that the API told all changes of these marketplaces up to `until`: what it named is as known as that.

    `unread` are orders whose newest state could not be read. `opened_since`: all open orders placed since then were
    listed, so an order that only reports call unshipped is missing; None when changes alone were listed.
    """
    heard = "EXISTS (SELECT 1 FROM api_facts a WHERE a.order_id = orders.id)"
    is_unread = f"order_id IN (SELECT u.id FROM {database.values_sql('unread', id=str)} AS u)"
    listed = f"({heard} OR {is_unread})" if opened_since is not None else f"{heard} AND NOT {is_unread}"
    database.execute(
        f"UPDATE orders SET named_at = :until {_OF_WAITING} AND marketplace IN {in_list(marketplaces)}"
        f" AND coalesce(named_at, 0) < :until AND {listed}",
        {"until": until, "unread": as_parameter(unread)},
    )
    if opened_since is not None:
        database.execute_many(
            "INSERT INTO unshipped_reports (import_id, marketplace, as_of, placed_from, placed_to)"
            " SELECT coalesce(max(id), 0), ?, ?, ?, ? FROM imports",
            [(code, until, opened_since, until) for code in marketplaces],
        )
    mark(database)


def hear_order(database: Database, order_id: str, at: int) -> None:
    """Take in that the API told the state that an order has at this moment."""
    database.execute(
        f"UPDATE orders SET named_at = ? WHERE {_WAITS} AND order_id = ? AND coalesce(named_at, 0) < ?",
        (at, order_id, at),
    )
    mark(database)


def mark(database: Database) -> int:
    """Mark the waiting orders that a newer Unshipped report of their time does not name; return how many they are."""
    database.execute(f"UPDATE orders SET named_at = at {_OF_WAITING} AND coalesce(named_at, 0) < at")
    database.execute(
        "UPDATE orders SET missing = 'no', missing_since = NULL, version = version + 1 WHERE missing = 'yes'"
        f" AND (NOT ({_WAITS}) OR {_SINCE} IS NULL)"
    )
    database.execute(
        f"UPDATE orders SET missing = 'yes', missing_since = {_SINCE}, version = version + 1"
        f" {_OF_WAITING} AND {_SINCE} <> coalesce(missing_since, 0)"
    )
    return database.required(int, f"SELECT count(*) FROM orders WHERE {_WAITS} AND missing = 'yes'")
