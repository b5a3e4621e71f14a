"""Undoing an import: what it found of each order, line and product that it names is kept, and put back.

An order goes back when no later import named it: what that one said would be lost too. What follows from other sources
(the operator's facts, Amazon's Cancellation Rate reports, silence of Unshipped reports) is derived again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import msgspec

from ordertui.orders.order import LinesKnown
from ordertui.store.engine.database import Database, as_parameter
from ordertui.store.engine.errors import StoreError
from ordertui.store.importing import statements as sql
from ordertui.store.repositories.audit import AuditLog
from ordertui.store.repositories.rates import LEFT_OUT, OF_ALL_ORDERS

from .coverage import mark
from .fields import bit, columns
from .import_history import ImportHistory, kept_text
from .staging import Staging
from .tables import LINE_REGISTERS, ORDER_REGISTERS

KEPT_ORDERS = 50_000
"""Orders named by the imports that can be undone, in all: what they were takes about half their room again."""
LAST_ORDER = "last_order"
"""Key in `meta`: the highest row number of an order that an undo deleted. No other order gets it."""
BY_API = "Amazon's API said it"
"""Why the page of an answer is not undone: it would not be fetched again."""
_LATER = 2
"""In the place of `is_new`: nothing is kept, because a page of the API named it."""
_FOUND = ("named_at", "verge", "verge_at", "program", "program_at", "bars")
_NEVER_NULL = ("program", "bars")
"""Not kept by version 18; what is stored stays then."""
_PRIME = "CASE WHEN u.sources IS NULL THEN coalesce(u.prime, orders.prime) ELSE coalesce(u.prime, 'unknown') END"
"""Of an order in rows that could not be read nothing else is kept, and its word was not kept once."""
_PLANNED = ("program", "bars", "verge", "prime")
"""A plan made with other words is made again."""
_ORDER = (*ORDER_REGISTERS, "sources", "given")
_LINE = ("line", "product_id", *LINE_REGISTERS)
_PRODUCT = ("asin", "asin_at", "title", "title_at")
_OF_IMPORT = "import_orders", "import_products"


class UndoneImport(msgspec.Struct, frozen=True):
    """Result of undoing an import."""

    number: int
    path: str
    removed: int
    """Orders that no other report named: they are gone."""
    restored: int
    """Orders that are as they were before the import."""
    kept: tuple[tuple[str, str], ...]
    """(order id, why) of orders that stay as they are."""

    @property
    def kept_text(self) -> str:
        """Why orders stay; see `kept_text`."""
        return kept_text(self.kept)


class UndoRecorder:
    """Keeps what one import finds, slice by slice, within the slices' transactions.

    A page of the API is never undone. Of it only this is kept, once for each: which orders and products it names that
    an import names which can be undone, because that one is no longer the newest that names them.
    """

    def __init__(self, database: Database, staging: Staging, number: int, *, is_page: bool) -> None:
        self._database = database
        self._staging = staging
        self._number = number
        self._is_page = is_page
        self._orders = 0
        self._last_product = 0
        self._is_kept = not is_page

    def begin(self) -> None:
        """Keep the products that the report names (`words`) as they are, in the open transaction."""
        if self._is_page:
            named = (
                "SELECT p.id AS id FROM {words} w CROSS JOIN products p WHERE p.marketplace = w.marketplace"
                " AND p.sku = w.sku"
            )
            self._note_later("import_products", "product_id", self._staging.sql(named))
            return
        self._last_product = self._database.required(int, "SELECT coalesce(max(id), 0) FROM products")
        names = ", ".join(_PRODUCT)
        self._database.execute(
            self._staging.sql(
                f"INSERT INTO import_products (import, product_id, is_new, {names}) SELECT DISTINCT :import, p.id, 0,"
                f" {columns('p', _PRODUCT)} FROM {{words}} w CROSS JOIN products p"
                " WHERE p.marketplace = w.marketplace AND p.sku = w.sku"
            ),
            {"import": self._number},
        )

    def add_orders(self) -> None:
        """Keep the orders of the slice (`heads`) as they are."""
        if self._is_page:
            self._note_later("import_orders", "order_id", "SELECT id FROM heads WHERE is_new = 0")
            return
        if not self._is_kept:
            return
        self._orders += self._database.required(int, "SELECT count(*) FROM heads")
        if self._orders > KEPT_ORDERS:
            self._give_up()
            return
        names = ", ".join((*_ORDER, *_FOUND))
        self._database.execute(
            f"INSERT INTO import_orders (import, order_id, is_new, {names}) SELECT :import, h.id, h.is_new,"
            f" {columns('o', _ORDER)}, {columns('f', _FOUND)} FROM heads h LEFT JOIN {sql.ORDER} o ON o.id = h.id"
            " LEFT JOIN orders f ON f.id = h.id",
            {"import": self._number},
        )

    def add_lines(self) -> None:
        """Keep the lines of the known orders that are left in the slice as they are, unless they are kept."""
        if self._is_kept:
            self._database.execute(
                f"INSERT INTO import_lines (entry, {', '.join(_LINE)}) SELECT u.id, {columns('l', _LINE)} FROM heads h"
                " CROSS JOIN import_orders u CROSS JOIN lines l WHERE h.is_new = 0 AND u.order_id = h.id"
                " AND u.import = :import AND l.order_id = h.id ON CONFLICT DO NOTHING",
                {"import": self._number},
            )

    def add_unread(self, order_ids: Iterable[str]) -> None:
        """Keep when orders were last named that the report names in rows that could not be read."""
        if self._is_kept:
            names = (*_FOUND, "prime")
            self._database.execute(
                f"INSERT INTO import_orders (import, order_id, is_new, {', '.join(names)}) SELECT :import, o.id, 0,"
                f" {columns('o', names)} FROM {self._database.values_sql('names', id=str)} AS n CROSS JOIN"
                " orders o WHERE o.order_id = n.id ON CONFLICT DO NOTHING",
                {"import": self._number, "names": as_parameter(dict.fromkeys(order_ids))},
            )

    def refuse(self, reason: str) -> None:
        """Mark the import as one that cannot be undone."""
        self._database.execute("UPDATE imports SET undo = ? WHERE id = ? AND undo = ''", (reason, self._number))

    def finish(self) -> None:
        """Keep which products are new, and delete what the oldest imports found when there are too many orders."""
        if self._is_page:
            return
        if not self._is_kept:
            self._give_up()
            return
        if self._database.value(str, "SELECT undo FROM imports WHERE id = ?", (self._number,)):
            self._forget(f"= {self._number}", "", but_later=True)
            return
        self._database.execute(
            "INSERT INTO import_products (import, product_id, is_new) SELECT ?, id, 1 FROM products WHERE id > ?"
            " ON CONFLICT DO NOTHING",
            (self._number, self._last_product),
        )
        total = 0
        kept = self._database.query(
            f"SELECT import, count(*) FROM import_orders WHERE is_new <> {_LATER} GROUP BY import ORDER BY import DESC"
        )
        for number, orders in kept:
            total += orders
            if total > KEPT_ORDERS:
                reason = f"only the newest imports can be undone, of {KEPT_ORDERS:,} orders together"
                self._forget(f"<= {int(number)}", reason)
                return

    def _note_later(self, table: str, column: str, named: str) -> None:
        """Note that this page names these rows, where an import names them that can be undone."""
        self._database.execute(f"DELETE FROM {table} WHERE is_new = {_LATER} AND {column} IN ({named})")
        self._database.execute(
            f"INSERT INTO {table} (import, {column}, is_new) SELECT DISTINCT :import, n.id, {_LATER} FROM ({named}) n"
            f" WHERE EXISTS (SELECT 1 FROM {table} x WHERE x.{column} = n.id)",
            {"import": self._number},
        )

    def _give_up(self) -> None:
        """Delete what this import found, and what all others did: it may have changed their orders without a trace."""
        self._is_kept = False
        self.refuse(f"it names more than {KEPT_ORDERS:,} orders")
        self._forget("> 0", f"import {self._number}, which came later, names more than {KEPT_ORDERS:,} orders")

    def _forget(self, which: str, reason: str, *, but_later: bool = False) -> None:
        """Delete what imports found. `but_later`: keep that they named these orders and products, later than others.

        A server that last looked at these tables when they were empty would compare each row of one with each of the
        other: 12,000 lines took it 110 seconds.
        """
        self._database.count_rows("import_orders", "import_lines")
        self._database.execute(
            f"DELETE FROM import_lines WHERE entry IN (SELECT id FROM import_orders WHERE import {which})"
        )
        for table in _OF_IMPORT:
            change = f"UPDATE {table} SET is_new = {_LATER}" if but_later else f"DELETE FROM {table}"
            self._database.execute(f"{change} WHERE import {which}")
        self._database.execute(f"UPDATE imports SET undo = ? WHERE undo = '' AND id {which}", (reason,))


class ImportUndo:
    """Undoes imports. `auto_cancel_at` gives, for a marketplace and a ship-by time, when Amazon cancels.

    `check` is called between the steps of an undo, and may raise: then nothing of it is done.
    """

    def __init__(
        self,
        database: Database,
        audit: AuditLog,
        auto_cancel_at: Callable[[str, int], int | None],
        check: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._history = ImportHistory(database)
        self._audit = audit
        self._auto_cancel_at = auto_cancel_at
        self._check = check

    def undo(self, number: int) -> UndoneImport:
        """Put back what an import changed, of each order that no later import named.

        What is kept of the other orders stays too, so that the import can be undone again after the later one.
        Raises StoreError when an order was committed since, nothing is kept of the import, or no order can go back.
        """
        with self._database.write():
            path, at, refusal = self._history.get(number)
            if refusal:
                raise StoreError(f"import {number} ({path}) cannot be undone: {refusal}")
            effect = self._history.effect(number)
            if effect.is_none:
                raise StoreError(f"nothing of import {number} ({path}) can be undone: {kept_text(effect.kept)}")
            self._check()
            self._remove(number, [row_id for row_id, _ in effect.removed])
            self._restore(number, effect.restored)
            self._check()
            self._restore_products(number, is_last=not effect.kept)
            left = OF_ALL_ORDERS if effect.kept else LEFT_OUT - 1  # where orders stay, a part of the days is still told
            self._database.execute("DELETE FROM unshipped_reports WHERE import_id = ? AND as_of > ?", (number, left))
            mark(self._database)
            self._check()
            self._database.execute(
                "UPDATE imports SET as_of = NULL, has_request_column = 0, finished = 0, undo = ? WHERE id = ?",
                ("" if effect.kept else "it was undone", number),
            )
            self._database.execute("UPDATE imports SET is_whole = 0 WHERE is_whole <> 0")
            facts = {
                "import": number, "path": path, "at": at, "restored": effect.changed, "kept": len(effect.kept),
                "orders": [order_id for _, order_id in effect.removed],
            }  # fmt: skip
            self._audit.append("import.undone", facts)
        return UndoneImport(number, path, len(effect.removed), effect.changed, effect.kept)

    def _remove(self, number: int, ids: Sequence[int]) -> None:
        if not ids:
            return
        last = max(self._database.required(int, "SELECT max(id) FROM orders"), last_removed(self._database))
        self._database.set_meta(LAST_ORDER, str(last))
        self._forget(number, ids)
        for table, column in (("lines", "order_id"), ("api_facts", "order_id"), ("orders", "id")):
            self._of_ids(f"DELETE FROM {table} WHERE {column} IN", ids)

    def _restore(self, number: int, ids: Sequence[int]) -> None:
        """Put orders back, and derive again what follows."""
        if not ids:
            return
        database, staging = self._database, Staging(self._database, number)
        chosen = f"(SELECT id FROM {database.values_sql('ids', id=int)} AS v)"
        values = {"ids": as_parameter(ids), "import": number}
        staging.create()
        staging.empty_slice()
        found = "import_orders u CROSS JOIN orders o WHERE u.import = :import AND o.id = u.order_id"
        database.execute(
            f"INSERT INTO merged SELECT o.id, o.order_id, 0, {columns('u', ORDER_REGISTERS)}, u.sources, 1, u.given"
            f" FROM {found} AND o.id IN {chosen} AND EXISTS (SELECT 1 FROM import_lines l WHERE l.entry = u.id)",
            values,
        )
        self._check()
        database.execute("DELETE FROM lines WHERE order_id IN (SELECT id FROM merged)")
        database.execute(
            f"INSERT INTO lines (order_id, {', '.join(_LINE)}) SELECT m.id, {columns('l', _LINE)} FROM merged m"
            " CROSS JOIN import_orders u CROSS JOIN import_lines l WHERE u.order_id = m.id AND u.import = :import"
            " AND l.entry = u.id",
            {"import": number},
        )
        words = {name: f"coalesce(u.{name}, orders.{name})" if name in _NEVER_NULL else f"u.{name}" for name in _FOUND}
        unread = f"{LinesKnown.UNREAD:d}"  # that is of the moment, not of the import
        words["bars"] = f"(({words['bars']}) & ~{unread}) | (orders.bars & {unread})"
        words["prime"] = _PRIME
        differs = " OR ".join(f"orders.{name} IS DISTINCT FROM {words[name]}" for name in _PLANNED)
        database.execute(
            f"UPDATE orders SET {', '.join(f'{name} = {word}' for name, word in words.items())},"
            f" version = orders.version + {bit(differs)} FROM import_orders u"
            f" WHERE u.import = :import AND orders.id = u.order_id AND orders.id IN {chosen}",
            values,
        )
        self._check()
        self._ask_rate_reports_again()
        undated = database.query(staging.sql(sql.UNDATED))
        staging.fill("deadlines", [(*key, self._auto_cancel_at(*key)) for key in undated])
        for statement in sql.WRITE_KNOWN:
            database.execute(staging.sql(statement), {"source": 0, "lists_waiting": 0})
        staging.drop()
        self._forget(number, ids)

    def _ask_rate_reports_again(self) -> None:
        """Take back what Cancellation Rate reports say by silence of the orders in `merged`; `apply` says it again."""
        of_merged = "(SELECT order_id FROM merged)"
        self._database.execute(f"DELETE FROM rate_report_rows WHERE named = 0 AND order_id IN {of_merged}")
        self._database.execute(
            "UPDATE orders SET amazon_counts = 'unknown' WHERE id IN (SELECT id FROM merged)"
            " AND order_id NOT IN (SELECT order_id FROM rate_report_rows)"
        )

    def _restore_products(self, number: int, *, is_last: bool) -> None:
        """Put titles and ASINs back that no later import named, and remove new products without an order.

        A product stays while what is kept of another import has a line of it: undoing that one puts the line back.
        """
        later = "EXISTS (SELECT 1 FROM import_products x WHERE x.product_id = u.product_id AND x.id > u.id)"
        values = {"import": number}
        self._database.execute(
            f"UPDATE products SET {', '.join(f'{name} = u.{name}' for name in _PRODUCT)} FROM import_products u"
            f" WHERE u.import = :import AND u.is_new = 0 AND products.id = u.product_id AND NOT {later}",
            values,
        )
        self._database.execute(
            "DELETE FROM products WHERE id IN (SELECT u.product_id FROM import_products u WHERE u.import = :import"
            f" AND u.is_new = 1 AND NOT {later}) AND NOT EXISTS (SELECT 1 FROM lines l"
            " WHERE l.product_id = products.id) AND id NOT IN (SELECT product_id FROM import_lines)",
            values,
        )
        if is_last:
            found = ", ".join(f"{name} = u.{name}" for name in ("is_new", *_PRODUCT))
            self._database.execute(  # the next import goes back to what this one found
                f"UPDATE import_products SET {found} FROM import_products u WHERE u.import = :import"
                f" AND import_products.id = (SELECT min(x.id) FROM import_products x WHERE x.product_id = u.product_id"
                f" AND x.id > u.id) AND import_products.is_new <> {_LATER}",
                values,
            )
            self._database.execute("DELETE FROM import_products WHERE import = :import", values)

    def _forget(self, number: int, ids: Sequence[int]) -> None:
        """Delete what is kept of orders."""
        entries = f"import = {int(number)} AND order_id IN"
        self._of_ids(f"DELETE FROM import_lines WHERE entry IN (SELECT id FROM import_orders WHERE {entries}", ids, ")")
        self._of_ids(f"DELETE FROM import_orders WHERE {entries}", ids)

    def _of_ids(self, before: str, ids: Sequence[int], after: str = "") -> None:
        values = self._database.values_sql("ids", id=int)
        self._database.execute(f"{before} (SELECT id FROM {values} AS v){after}", {"ids": as_parameter(ids)})


def last_removed(database: Database) -> int:
    """Return the highest row number of an order that an undo deleted; 0 without one."""
    return int(database.meta(LAST_ORDER) or 0)
