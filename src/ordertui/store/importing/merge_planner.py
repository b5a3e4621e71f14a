"""A chunk of report rows to what it changes in the store: new orders are built, known ones joined, what was said before is passed over.

Reads the store and never writes it, so that it may work beside the one that does, in another process (`importer` sees to it
that nobody else changed the store in between).
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from operator import itemgetter

from ordertui.orders.enums import ReportKind
from ordertui.orders.report_row import ReportRow
from ordertui.store.importing.merge_order import EXISTING_ORDER_COLUMNS

from . import new_order
from .changeset import LINE, ImportChangeset, TableRow
from .merge_order import DIGEST, OPEN_ACTION, OrderMerger
from .products import Products
from .row_layout import digest
from .seen_lines import BloomFilter, SeenLines

Groups = dict[str, list[ReportRow]]
"""Rows by order id."""
Named = list[tuple[int, Iterable[int] | int]]
"""By order the numbers of lines that a chunk names: so many first ones, or these."""
_BY_LINE = itemgetter(0, 1)
_PART = 1_000
"""Orders joined at a time."""
_RATE_REPORT = ReportKind.CANCELLATION_RATE.bit


class MergePlanner:
    """Plans the chunks of one import, in order. `keep` what was planned once it is sure to be written."""

    def __init__(self, connection: sqlite3.Connection, kind: str) -> None:
        self._connection = connection
        self._kind = kind.encode()
        self._source = ReportKind(kind).bit
        self._seen = SeenLines()
        self.reload()

    def reload(self) -> None:
        """Forget what was planned and not kept, and read anew what is known of products and numbers: somebody else wrote."""
        self._products = Products(self._connection)
        self._last = int(self._connection.execute("SELECT coalesce(max(id), 0) FROM orders").fetchone()[0])
        self._known = None if self._last else BloomFilter()

    def keep(self, named: Named) -> None:
        """Remember which lines a chunk named: a later row of this report is never about one of them."""
        for order, lines in named:
            if isinstance(lines, int):
                self._seen.add(order, lines)
            else:
                self._seen.add_all(order, lines)

    def plan(self, groups: Groups) -> tuple[ImportChangeset, Named]:
        """What these orders change. Orders of chunks that are not kept yet must not be among them."""
        ordered = sorted(groups)  # as their index is, which is faster to read and to write
        ids = ordered if self._known is None else self._known.among(ordered)
        heads = {
            head[0]: head for head in self._of(f"SELECT {EXISTING_ORDER_COLUMNS} FROM orders WHERE order_id = it", ids)
        }
        impacts: dict[str, int] = {}
        if self._any("rate_report"):
            impacts = dict(self._of("SELECT order_id, impacts FROM rate_report WHERE order_id = it", groups))
        named: Named = []
        found = ImportChangeset(0, 0, 0, [], [], [], [], [], [], [], [], [], [], [])
        joining: list[tuple[list[ReportRow], int, TableRow]] = []
        count = unchanged = 0
        for order_id in ordered:
            rows = groups[order_id]
            count += len(rows)
            said = digest(self._kind, rows)
            head = heads.get(order_id)
            if head is None:
                self._new(found, order_id, rows, said, impacts.get(order_id))
                named.append((self._last, len(rows)))
            elif said == head[DIGEST] and not head[OPEN_ACTION] and not self._seen.any(head[1]):
                unchanged += 1
                named.append((head[1], len(rows)))
            else:
                joining.append((rows, said, head))
        joining.sort(key=lambda one: one[2][1])  # by their numbers, as their lines are stored
        changed = self._join(found, joining, impacts, named)
        products, words = self._products.take()
        return found._replace(
            rows=count,
            changed=changed,
            unchanged=unchanged + len(joining) - changed,
            new_products=products,
            products=words,
        ), named

    def _new(
        self, found: ImportChangeset, order_id: str, rows: list[ReportRow], said: int, impacts: int | None
    ) -> None:
        self._last += 1
        if self._known is not None:
            self._known.add(order_id)
        sources = self._source | (0 if impacts is None else _RATE_REPORT)
        if len(rows) == 1:
            order, line = new_order.single(self._products, self._last, order_id, rows[0], impacts, sources, said)
            found.new_lines.append(line)
        else:
            lines = [new_order.line(self._products, self._last, number, row) for number, row in enumerate(rows, 1)]
            order = new_order.order(self._last, order_id, rows, lines, impacts, sources, said)
            found.new_lines.extend(lines)
        found.new_orders.append(order)
        if order[4] == "cancelled":
            found.cancelled.append(order_id)

    def _join(
        self,
        found: ImportChangeset,
        joining: Sequence[tuple[list[ReportRow], int, TableRow]],
        impacts: Mapping[str, int],
        named: Named,
    ) -> int:
        """Join rows into known orders; gives how many of them change."""
        joiner = OrderMerger(self._products, self._source, found, impacts)
        some_asked = self._any("operator_facts WHERE asked IS NOT NULL")
        changed = 0
        for start in range(0, len(joining), _PART):
            part = joining[start : start + _PART]
            ids = [head[1] for _, _, head in part]
            lines: dict[int, list[TableRow]] = {order: [] for order in ids}
            for line in self._lines(ids):
                if line[0] in lines:
                    lines[line[0]].append(line)
            asked: dict[int, int] = {}
            if some_asked:
                asked = dict(
                    self._of(
                        "SELECT order_id, asked FROM operator_facts WHERE asked IS NOT NULL AND order_id = it",
                        ids,
                    )
                )
            for rows, said, head in part:
                order = head[1]
                if not self._seen.any(order):
                    short = joiner.merge_newer_report(rows, said, head, lines[order], asked.get(order))
                    if short is not None:
                        changed += short
                        named.append((order, len(rows)))
                        continue
                used = self._seen.lines(order)
                changed += joiner.join(rows, said, head, lines[order], used, asked.get(order))
                named.append((order, used))
        return changed

    def _lines(self, ids: Sequence[int]) -> Iterable[TableRow]:
        """Lines of these orders, and it may be of others; those of an order by their number."""
        first, last = min(ids), max(ids)
        if last - first < 2 * len(ids):  # a report mostly names orders in the order in which they came to be known
            sql = f"SELECT {LINE} FROM lines WHERE order_id BETWEEN ? AND ? ORDER BY order_id, line"
            return self._connection.execute(sql, (first, last))
        return sorted(self._of(f"SELECT {LINE} FROM lines WHERE order_id = it", ids), key=_BY_LINE)

    def _any(self, table: str) -> bool:
        return self._connection.execute(f"SELECT 1 FROM {table} LIMIT 1").fetchone() is not None

    def _of(self, sql: str, values: Iterable[object]) -> list[TableRow]:
        """The answers to `sql` for each of the values, which it calls `it`."""
        sql = sql.replace(
            " FROM ", " FROM (SELECT value AS it FROM json_each(?)) CROSS JOIN ", 1
        )  # each in turn, by the index
        return self._connection.execute(sql, (json.dumps(list(values)),)).fetchall()
