"""Planning of a chunk of report rows: new orders are built, known ones merged, unchanged ones skipped.

It reads the store and never writes, so that it can run in another process than the one that writes. `import_session`
has a chunk planned again when the store was changed in between.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

from ordertui.orders.enums import ReportKind
from ordertui.orders.report_row import ReportRow

from .changeset import LINE_COLUMNS, ImportChangeset, TableRow
from .merge_order import DIGEST, EXISTING_ORDER_COLUMNS, OPEN_ACTION, OrderMerger
from .new_order import NewOrderBuilder
from .products import Products
from .row_layout import digest
from .seen_lines import BloomFilter, SeenLines

Groups = dict[str, list[ReportRow]]
"""Rows by order id."""
Named = list[tuple[int, Iterable[int] | int]]
"""(row number of an order, the lines that a chunk names: how many first ones, or their numbers)."""
_BY_LINE = itemgetter(0, 1)
_MERGED_AT_ONCE = 1_000
"""Orders merged at a time, which bounds the lines in memory."""


class MergePlanner:
    """Plans the chunks of one import, in order. Call `keep` with what was planned once it is certain to be written."""

    def __init__(self, connection: sqlite3.Connection, kind: str) -> None:
        self._connection = connection
        self._kind = kind.encode()
        self._source = ReportKind(kind).bit
        self._seen = SeenLines()
        self.reload()

    def reload(self) -> None:
        """Read products and row numbers again, because another process wrote. Chunks not kept are forgotten."""
        self._products = Products(self._connection)
        self._builder = NewOrderBuilder(self._products, self._source)
        self._last = int(self._connection.execute("SELECT coalesce(max(id), 0) FROM orders").fetchone()[0])
        self._known = None if self._last else BloomFilter()

    def keep(self, named: Named) -> None:
        """Remember the lines that a chunk named: no later row of this report is about one of them."""
        for order, lines in named:
            if isinstance(lines, int):
                self._seen.add(order, lines)
            else:
                self._seen.add_all(order, lines)

    def plan(self, groups: Groups) -> tuple[ImportChangeset, Named]:
        """Return the changes of these orders. None of them may be in a chunk that is not kept yet."""
        ordered = sorted(groups)  # in the order of their index, which is faster to read and to write
        ids = ordered if self._known is None else self._known.among(ordered)
        heads = {
            head[0]: head for head in self._of(f"SELECT {EXISTING_ORDER_COLUMNS} FROM orders WHERE order_id = it", ids)
        }
        impacts: dict[str, int] = {}
        if self._any("rate_report"):
            impacts = dict(self._of("SELECT order_id, impacts FROM rate_report WHERE order_id = it", groups))
        named: Named = []
        found = ImportChangeset(0, 0, 0, [], [], [], [], [], [], [], [], [], [], [])
        known: list[tuple[list[ReportRow], int, TableRow]] = []
        count = unchanged = 0
        for order_id in ordered:
            rows = groups[order_id]
            count += len(rows)
            row_digest = digest(self._kind, rows)
            head = heads.get(order_id)
            if head is None:
                self._add_new(found, order_id, rows, row_digest, impacts.get(order_id))
                named.append((self._last, len(rows)))
            elif row_digest == head[DIGEST] and not head[OPEN_ACTION] and not self._seen.any(head[1]):
                unchanged += 1
                named.append((head[1], len(rows)))
            else:
                known.append((rows, row_digest, head))
        known.sort(key=lambda one: one[2][1])  # by row number, as their lines are stored
        changed = self._merge(found, known, impacts, named)
        products, words = self._products.take()
        unchanged += len(known) - changed
        found = found._replace(rows=count, changed=changed, unchanged=unchanged, new_products=products, products=words)
        return found, named

    def _add_new(
        self, found: ImportChangeset, order_id: str, rows: list[ReportRow], row_digest: int, impacts: int | None
    ) -> None:
        self._last += 1
        if self._known is not None:
            self._known.add(order_id)
        if len(rows) == 1:
            order, line = self._builder.build_single(self._last, order_id, rows[0], impacts, row_digest)
            found.new_lines.append(line)
        else:
            order, lines = self._builder.build(self._last, order_id, rows, impacts, row_digest)
            found.new_lines.extend(lines)
        found.new_orders.append(order)
        if order[4] == "cancelled":
            found.cancelled.append(order_id)

    def _merge(
        self,
        found: ImportChangeset,
        known: Sequence[tuple[list[ReportRow], int, TableRow]],
        impacts: Mapping[str, int],
        named: Named,
    ) -> int:
        """Merge rows into known orders; return how many of them change."""
        merger = OrderMerger(self._products, self._source, found, impacts)
        some_asked = self._any("operator_facts WHERE asked IS NOT NULL")
        changed = 0
        for start in range(0, len(known), _MERGED_AT_ONCE):
            part = known[start : start + _MERGED_AT_ONCE]
            ids = [head[1] for _, _, head in part]
            lines: dict[int, list[TableRow]] = {order: [] for order in ids}
            for line in self._lines(ids):
                if line[0] in lines:
                    lines[line[0]].append(line)
            asked: dict[int, int] = {}
            if some_asked:
                sql = "SELECT order_id, asked FROM operator_facts WHERE asked IS NOT NULL AND order_id = it"
                asked = dict(self._of(sql, ids))
            for rows, row_digest, head in part:
                order = head[1]
                if not self._seen.any(order):
                    short = merger.merge_newer_report(rows, row_digest, head, lines[order], asked.get(order))
                    if short is not None:
                        changed += short
                        named.append((order, len(rows)))
                        continue
                used = self._seen.lines(order)
                changed += merger.merge(rows, row_digest, head, lines[order], used, asked.get(order))
                named.append((order, used))
        return changed

    def _lines(self, ids: Sequence[int]) -> Iterable[TableRow]:
        """Return the lines of these orders, and perhaps of others; those of one order by their number."""
        first, last = min(ids), max(ids)
        if last - first < 2 * len(ids):  # most reports list orders in the order in which they became known
            sql = f"SELECT {LINE_COLUMNS} FROM lines WHERE order_id BETWEEN ? AND ? ORDER BY order_id, line"
            return self._connection.execute(sql, (first, last))
        return sorted(self._of(f"SELECT {LINE_COLUMNS} FROM lines WHERE order_id = it", ids), key=_BY_LINE)

    def _any(self, table: str) -> bool:
        return self._connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is not None

    def _of(self, sql: str, values: Iterable[object]) -> list[TableRow]:
        """Return the rows of a statement for each of the values, which it calls `it`."""
        # CROSS JOIN makes SQLite look up each value in turn by the index
        sql = sql.replace(" FROM ", " FROM (SELECT value AS it FROM json_each(?)) CROSS JOIN ", 1)
        return self._connection.execute(sql, (json.dumps(list(values)),)).fetchall()
