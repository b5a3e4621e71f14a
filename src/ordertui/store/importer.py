"""Report rows into orders: grouped by order, merged field by field, written a chunk at a time.

A chunk is one transaction, so an interrupt leaves a whole store. Rows of one order are kept together across chunks as
long as the report keeps them together; lines of one SKU are told apart by their item id, else by their place.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any

from ordertui.orders.report_row import ORDER_ID, Row

from . import migrations
from .chunk import NEW_LINE, NEW_ORDER, Chunk, NewOrder
from .errors import ReadOnlyStore
from .products import Products
from .seen import Seen

if TYPE_CHECKING:
    from .store import Store

CHUNK_ROWS = 20_000


class Importer:
    """Takes the rows of one report: `with store.importer(...) as target: target.add(rows)`. Counts are final after the with."""

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
        chunk_rows: int = CHUNK_ROWS,
    ) -> None:
        if store.read_only:
            raise ReadOnlyStore(f"{store.path} was opened read-only; nothing was imported")
        self._store = store
        self._head = (kind, path, sha256, marketplace, as_of, int(has_request_column))
        self._kind = kind
        self._deadline = auto_cancel_at
        self._groups: dict[str, list[Row]] = {}
        self._waiting = 0
        self._import_id = 0
        self._products: Products | None = None
        self._seen = Seen()
        self._chunk_rows = chunk_rows
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
        with self._store.writing() as connection:
            cursor = connection.execute(
                "INSERT INTO imports (kind, path, sha256, marketplace, as_of, has_request_column, at) VALUES (?,?,?,?,?,?,?)",
                (*self._head, self._store.clock.now()),
            )
            self._import_id = int(cursor.lastrowid or 0)
            self._products = Products(connection)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self._flush(everything=True)
            self._finish()

    def add(self, rows: Iterable[Row]) -> None:
        """Take some rows in; what is complete is written every CHUNK_ROWS rows."""
        groups = self._groups
        for row in rows:
            order_id: Any = row[ORDER_ID]
            group = groups.get(order_id)
            if group is None:
                groups[order_id] = [row]
            else:
                group.append(row)
            self._waiting += 1
        if self._waiting >= self._chunk_rows:
            self._flush(everything=False)

    def _flush(self, *, everything: bool) -> None:
        groups = self._groups
        if not groups:
            return
        last: dict[str, list[Row]] = {}
        if not everything:
            order_id, rows = groups.popitem()  # its next line may be the next row
            last = {order_id: rows}
        try:
            if groups:
                self._write(groups)
        finally:
            self._groups = last
            self._waiting = sum(map(len, last.values()))

    def _write(self, groups: dict[str, list[Row]]) -> None:
        assert self._products is not None, "the importer is a context manager"
        with self._store.writing() as connection:
            known = self._store.ids_of(groups)
            chunk = Chunk(connection, self._products, self._deadline, self._kind, self._seen)
            impacts = self._impacts(connection, groups)
            fresh: list[NewOrder] = []
            next_id = int(connection.execute("SELECT coalesce(max(id), 0) FROM orders").fetchone()[0])
            old: list[tuple[int, str, list[Row]]] = []
            for order_id, rows in groups.items():
                self.rows += len(rows)
                row_id = known.get(order_id)
                if row_id is None:
                    next_id += 1
                    fresh.append(chunk.new(next_id, order_id, rows, impacts.get(order_id)))
                else:
                    old.append((row_id, order_id, rows))
            connection.executemany(NEW_ORDER, [order.order for order in fresh])
            connection.executemany(NEW_LINE, [line for order in fresh for line in order.lines])
            self.new += len(fresh)
            moved = chunk.merge(old, impacts)
            self.changed += moved
            self.unchanged += len(old) - moved
            self._products.flush(connection)
            self._note_confirmed(connection, chunk.confirmed)
            self._store.apply_said(connection, groups)
            self._count(connection)

    def _note_confirmed(self, connection: sqlite3.Connection, rows: Iterable[tuple[int, str, str]]) -> None:
        """Put into the audit which rows of batches this report confirmed."""
        by_batch: dict[int, dict[str, list[str]]] = {}
        for batch, order_id, before in rows:
            by_batch.setdefault(batch, {})[order_id] = [before, "confirmed"]
        for batch, states in sorted(by_batch.items()):
            facts = {"batch": batch, "states": states, "report": self._head[2], "kind": self._kind}
            self._store.append(connection, "batch.confirmed", json.dumps(facts))

    @staticmethod
    def _impacts(connection: sqlite3.Connection, order_ids: Iterable[str]) -> dict[str, int]:
        """What Amazon's own rate report says of these orders."""
        if connection.execute("SELECT 1 FROM rate_report LIMIT 1").fetchone() is None:
            return {}
        found: dict[str, int] = {}
        for order_id in order_ids:
            row = connection.execute("SELECT impacts FROM rate_report WHERE order_id = ?", (order_id,)).fetchone()
            if row:
                found[order_id] = row[0]
        return found

    def _count(self, connection: sqlite3.Connection) -> None:
        connection.execute(
            "UPDATE imports SET row_count = ?, new_orders = ?, changed = ?, unchanged = ?, rejected = ? WHERE id = ?",
            (self.rows, self.new, self.changed, self.unchanged, self.rejected, self._import_id),
        )

    def _finish(self) -> None:
        """Make the indexes that reading wants (a first big import is faster without them), and close the record."""
        with self._store.writing() as connection:
            for statement in migrations.statements("indexes.sql"):
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
