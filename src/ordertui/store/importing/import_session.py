"""Report rows into orders: grouped by order, merged field by field, written a chunk at a time.

A chunk is one transaction, so an interrupt leaves a whole store. Rows of one order are kept together across chunks as
long as the report keeps them together; lines of one SKU are told apart by their item id, else by their place.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ordertui.orders.report_row import ORDER_ID, ReportRow
from ordertui.store import migrations
from ordertui.store.errors import ReadOnlyStore

from .changeset import ImportChangeset
from .merge_planner import Groups, Planner

if TYPE_CHECKING:
    from ordertui.store.store import Store

CHUNK_ROWS = 8_000
"""Rows of a transaction; of a store without orders half as many again: nothing is read there, so memory has room for them, and an
index of random ids is written all over each time."""
_LEFT = "('sent', 'accepted', 'ok', 'unknown')"
_MANY_DEADLINES = 10_000


class OrderGrouper:
    """Rows into whole orders: what is complete is handed on by the chunk. The order of the last row waits: its next line may be the next row."""

    def __init__(self, chunk_rows: int = CHUNK_ROWS) -> None:
        self._chunk_rows = chunk_rows
        self._groups: Groups = {}
        self.waiting = 0
        """Rows in hand."""

    def add(self, rows: Iterable[ReportRow]) -> Iterator[Groups]:
        """Take some rows; gives a chunk when there is one."""
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
        """What is left at the end."""
        groups, self._groups, self.waiting = self._groups, {}, 0
        return groups


class Importer:
    """Takes the rows of one report: `with store.importer(...) as target: target.add(rows)`. Counts are final after the with.

    Another process may do the planning: then `take` gets what it planned.
    """

    def __init__(
        self,
        store: Store,
        *,
        kind: str,
        path: str,
        sha256: str,
        as_of: int | None,
        has_request_column: bool,
        marketplace: str | None,
        auto_cancel_at: Callable[[str, int], int | None],
        chunk_rows: int | None = None,
    ) -> None:
        if store.read_only:
            raise ReadOnlyStore(f"{store.path} was opened read-only; nothing was imported")
        self._store = store
        self._head = (kind, path, sha256, marketplace, as_of, int(has_request_column))
        self._kind = kind
        self._deadline = auto_cancel_at
        self._deadlines: dict[tuple[str, int | None], int | None] = {}
        self.chunk_rows = chunk_rows or (CHUNK_ROWS if store.has_orders() else CHUNK_ROWS * 3 // 2)
        self._gatherer = OrderGrouper(self.chunk_rows)
        self._import_id = 0
        self._planner: Planner | None = None
        self._state = (0, 0)
        self.rows = 0
        """Rows taken in."""
        self.new = 0
        """Orders that were not known."""
        self.changed = 0
        self.unchanged = 0
        self.rejected = 0
        """Rows that the reader refused; set by the caller."""
        self.stopped = False
        """Whether the file has more rows; set by the caller. The import is then not recorded as finished."""

    def __enter__(self) -> Importer:
        self._store.keep_log(long=True)
        with self._store.writing() as connection:
            cursor = connection.execute(
                "INSERT INTO imports (kind, path, sha256, marketplace, as_of, has_request_column, at) VALUES (?,?,?,?,?,?,?)",
                (*self._head, self._store.clock.now()),
            )
            self._import_id = int(cursor.lastrowid or 0)
            self._state = _state(connection)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._plan_and_write(self._gatherer.rest())
                self._finish()
        finally:
            self._store.keep_log(long=False)

    @property
    def waiting(self) -> int:
        """Rows in hand that are not written yet."""
        return self._gatherer.waiting

    def add(self, rows: Iterable[ReportRow]) -> None:
        """Take some rows in; what is complete is written by the chunk."""
        for groups in self._gatherer.add(rows):
            self._plan_and_write(groups)

    def _plan_and_write(self, groups: Groups) -> None:
        if not groups:
            return
        with self._store.writing() as connection:
            if self._planner is None:
                self._planner = Planner(connection, self._kind)
            elif self._state != _state(connection):
                self._planner.reload()
            changes, named = self._planner.plan(groups)
            self._write(connection, changes)
        self._planner.keep(named)

    def take(self, changes: ImportChangeset, again: Callable[[], ImportChangeset]) -> None:
        """Write what another process planned from the store as it was after the last chunk, or at the beginning.

        When anybody else changed the store since, `again` must give it planned anew; until then nobody can change the store.
        """
        with self._store.writing() as connection:
            self._write(connection, changes if self._state == _state(connection) else again())

    def _write(self, connection: sqlite3.Connection, changes: ImportChangeset) -> None:
        changes.write(connection, self._due)
        self.rows += changes.rows
        self.new += len(changes.new_orders)
        self.changed += changes.changed
        self.unchanged += changes.unchanged
        self._confirm(connection, changes.shown)
        self._store.apply_said(connection, changes.cancelled)
        self._count(connection)
        self._state = _state(connection)

    def _due(self, market: str, ship_by: int | None) -> int | None:
        """When Amazon cancels by itself."""
        key = (market, ship_by)
        try:
            return self._deadlines[key]
        except KeyError:
            if len(self._deadlines) >= _MANY_DEADLINES:
                self._deadlines.clear()
            due = self._deadlines[key] = None if ship_by is None else self._deadline(market, ship_by)
            return due

    def _confirm(self, connection: sqlite3.Connection, shown: Iterable[tuple[int, str]]) -> None:
        """A report that shows what a batch asked for confirms the batch's row; the audit says so."""
        by_batch: dict[int, dict[str, list[str]]] = {}
        for order, action in shown:
            for batch, order_id, before in connection.execute(
                "SELECT r.batch, o.order_id, r.state FROM batch_rows r JOIN orders o ON o.id = r.order_id"
                f" WHERE r.order_id = ? AND r.action = ? AND r.state IN {_LEFT}",
                (order, action),
            ):
                by_batch.setdefault(batch, {})[order_id] = [before, "confirmed"]
            connection.execute(
                f"UPDATE batch_rows SET state = 'confirmed', is_open = 0 WHERE order_id = ? AND action = ? AND state IN {_LEFT}",
                (order, action),
            )
            connection.execute(
                "UPDATE orders SET state = 'confirmed', open_action = ? WHERE id = ?", (f"{action}:confirmed", order)
            )
        for batch, states in sorted(by_batch.items()):
            facts = {"batch": batch, "states": states, "report": self._head[2], "kind": self._kind}
            self._store.append(connection, "batch.confirmed", json.dumps(facts))

    def _count(self, connection: sqlite3.Connection) -> None:
        connection.execute(
            "UPDATE imports SET row_count = ?, new_orders = ?, changed = ?, unchanged = ?, rejected = ? WHERE id = ?",
            (self.rows, self.new, self.changed, self.unchanged, self.rejected, self._import_id),
        )

    def _finish(self) -> None:
        """Make the indexes that reading wants (a first big import is faster without them), and close the record."""
        with self._store.writing() as connection:
            connection.execute("PRAGMA threads = 1")  # sorts on another core too
            for statement in migrations.statements("read_indexes.sql"):
                connection.execute(statement)
            self._count(connection)
            connection.execute("UPDATE imports SET finished = ? WHERE id = ?", (int(not self.stopped), self._import_id))
            head = {
                "kind": self._kind,
                "sha256": self._head[2],
                "rows": self.rows,
                "new": self.new,
                "changed": self.changed,
                "finished": not self.stopped,
            }
            self._store.append(connection, "import", json.dumps(head, sort_keys=True, separators=(",", ":")))


def _state(connection: sqlite3.Connection) -> tuple[int, int]:
    """Differs when any connection changed the store in between."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0]), connection.total_changes
