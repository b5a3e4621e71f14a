"""The import of an order report: its rows are grouped by order, merged field by field, and written in chunks.

A chunk is one transaction, so that an interrupt leaves a consistent store. Rows of one order stay together across
chunks as long as the report keeps them together; lines of one SKU are told apart by their item id, else by their place.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from ordertui.orders.clock import Clock
from ordertui.orders.report_row import ORDER_ID, ReportRow
from ordertui.store.audit import AuditLog
from ordertui.store.database import Database, placeholders, slices
from ordertui.store.engine.sqlite import raw_sqlite
from ordertui.store.errors import ReadOnlyStore
from ordertui.store.journal.rows import TransitionWriter
from ordertui.store.operator_facts import OperatorFacts

from .changeset import ImportChangeset
from .merge_planner import Groups, MergePlanner

CHUNK_ROWS, FIRST_CHUNK_ROWS = 8_000, 12_000
"""Rows of a transaction, and of one into a store without orders. There nothing is read, so memory has room for more,
and each chunk rewrites most pages of the index of order ids, which come in random order.
"""
_MANY_DEADLINES = 10_000


class ReportSource(msgspec.Struct, frozen=True):
    """The report or API page that is imported, as the store records it."""

    kind: str
    path: str
    sha256: str
    as_of: int | None
    """Newest date in it (epoch seconds)."""
    has_request_column: bool
    """Whether it has a column for buyers' cancellation requests."""
    marketplace: str | None


class ImportContext(msgspec.Struct, frozen=True):
    """The parts of the store that an import writes through."""

    database: Database
    clock: Clock
    audit: AuditLog
    facts: OperatorFacts
    transitions: TransitionWriter


class OrderGrouper:
    """Groups consecutive rows by order id. Holds back the last order of a chunk: its next line may be the next row."""

    def __init__(self, chunk_rows: int = CHUNK_ROWS) -> None:
        self._chunk_rows = chunk_rows
        self._groups: Groups = {}
        self.waiting = 0
        """Rows taken and not yielded yet."""

    def add(self, rows: Iterable[ReportRow]) -> Iterator[Groups]:
        """Take some rows; yield a chunk of complete orders when it is full."""
        groups = self._groups
        for row in rows:
            order_id: Any = row[ORDER_ID]
            group = groups.get(order_id)
            if group is None:
                groups[order_id] = [row]
            else:
                group.append(row)
            self.waiting += 1
        if self.waiting >= self._chunk_rows and len(groups) > 1:
            order_id, last = groups.popitem()
            self._groups, self.waiting = {order_id: last}, len(last)
            yield groups

    def rest(self) -> Groups:
        """Return the orders that are left at the end."""
        groups, self._groups, self.waiting = self._groups, {}, 0
        return groups


class ImportSession:
    """Imports the rows of one report: `with store.imports.open(...) as session: session.add(rows)`.

    The counts are final after the with. Another process may do the planning: then `write_planned` gets what it planned.
    """

    def __init__(
        self,
        context: ImportContext,
        report: ReportSource,
        auto_cancel_at: Callable[[str, int], int | None],
        *,
        is_first: bool,
        chunk_rows: int | None = None,
    ) -> None:
        database = context.database
        if database.read_only:
            raise ReadOnlyStore(f"{database.place} was opened read-only; nothing was imported")
        self._database = database
        self._context = context
        self._report = report
        self._auto_cancel_at = auto_cancel_at
        self._deadlines: dict[tuple[str, int | None], int | None] = {}
        self.chunk_rows = chunk_rows or (FIRST_CHUNK_ROWS if is_first else CHUNK_ROWS)
        self._grouper = OrderGrouper(self.chunk_rows)
        self._import_id = 0
        self._planner: MergePlanner | None = None
        self._state = (0, 0)
        self.rows = 0
        """Rows written."""
        self.new = 0
        """Orders that were not known before."""
        self.changed = 0
        self.unchanged = 0
        self.rejected = 0
        """Rows that the reader rejected; set by the caller."""
        self.stopped = False
        """Whether the file has more rows; set by the caller. The import is then not recorded as finished."""

    def __enter__(self) -> ImportSession:
        self._database.set_bulk(True)
        report = self._report
        with self._database.write(), raw_sqlite(self._database.engine) as connection:
            cursor = connection.execute(
                "INSERT INTO imports (kind, path, sha256, marketplace, as_of, has_request_column, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (report.kind, report.path, report.sha256, report.marketplace, report.as_of,
                 int(report.has_request_column), self._context.clock.now()),
            )  # fmt: skip
            self._import_id = int(cursor.lastrowid or 0)
            self._state = _state(connection)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                self._plan_and_write(self._grouper.rest())
                self._finish()
        finally:
            self._database.set_bulk(False)

    @property
    def waiting(self) -> int:
        """Rows taken that are not written yet."""
        return self._grouper.waiting

    def add(self, rows: Iterable[ReportRow]) -> None:
        """Take some rows; write the complete orders when a chunk is full."""
        for groups in self._grouper.add(rows):
            self._plan_and_write(groups)

    def _plan_and_write(self, groups: Groups) -> None:
        if not groups:
            return
        with self._database.write(), raw_sqlite(self._database.engine) as connection:
            if self._planner is None:
                self._planner = MergePlanner(connection, self._report.kind)
            elif self._state != _state(connection):
                self._planner.reload()
            changes, named = self._planner.plan(groups)
            self._write(connection, changes)
        self._planner.keep(named)

    def write_planned(self, changes: ImportChangeset, replan: Callable[[], ImportChangeset]) -> None:
        """Write what another process planned from the store as it was after the last chunk, or at the beginning.

        When the store was changed since, `replan` is called inside the transaction, in which nobody else can change it.
        """
        with self._database.write(), raw_sqlite(self._database.engine) as connection:
            self._write(connection, changes if self._state == _state(connection) else replan())

    def _write(self, connection: sqlite3.Connection, changes: ImportChangeset) -> None:
        changes.write(connection, self._cached_auto_cancel_at)
        self.rows += changes.rows
        self.new += len(changes.new_orders)
        self.changed += changes.changed
        self.unchanged += changes.unchanged
        report = {"report": self._report.sha256, "kind": self._report.kind}
        self._context.transitions.confirm_shown(changes.shown, report)
        apply_cancelled_by(self._database, self._context.facts, changes.cancelled)
        self._count(connection)
        self._state = _state(connection)

    def _cached_auto_cancel_at(self, market: str, ship_by: int | None) -> int | None:
        """Return when Amazon cancels by itself (epoch seconds); None when it does not, or when that is unknown."""
        key = (market, ship_by)
        try:
            return self._deadlines[key]
        except KeyError:
            if len(self._deadlines) >= _MANY_DEADLINES:
                self._deadlines.clear()
            due = self._deadlines[key] = None if ship_by is None else self._auto_cancel_at(market, ship_by)
            return due

    def _count(self, connection: sqlite3.Connection) -> None:
        connection.execute(
            "UPDATE imports SET row_count = ?, new_orders = ?, changed = ?, unchanged = ?, rejected = ? WHERE id = ?",
            (self.rows, self.new, self.changed, self.unchanged, self.rejected, self._import_id),
        )

    def _finish(self) -> None:
        """Make the indexes for reading, without which a first big import is faster, and complete the record."""
        with self._database.write(), raw_sqlite(self._database.engine) as connection:
            self._database.create_read_indexes()
            self._count(connection)
            connection.execute("UPDATE imports SET finished = ? WHERE id = ?", (int(not self.stopped), self._import_id))
            facts = {
                "kind": self._report.kind, "sha256": self._report.sha256, "rows": self.rows, "new": self.new,
                "changed": self.changed, "finished": not self.stopped,
            }  # fmt: skip
            self._context.audit.append("import", json.dumps(facts))


def _state(connection: sqlite3.Connection) -> tuple[int, int]:
    """Return a value that differs when any connection changed the store in between."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0]), connection.total_changes


def apply_cancelled_by(database: Database, facts: OperatorFacts, order_ids: Iterable[str]) -> None:
    """Set who cancelled these orders to the API's account, where Amazon's Cancellation Rate report lists none."""
    if database.value("SELECT 1 FROM said_cancelled LIMIT 1") is None:
        return
    for part in slices(order_ids):
        found = database.query(
            "SELECT o.id, s.by FROM said_cancelled s JOIN orders o ON o.order_id = s.order_id"
            " LEFT JOIN rate_report r ON r.order_id = s.order_id"
            " WHERE o.status = 'cancelled' AND r.order_id IS NULL AND o.cancelled_by <> s.by"
            f" AND s.order_id IN ({placeholders(part)})",
            part,
        )
        facts.change("cancelled_by", dict(found))
