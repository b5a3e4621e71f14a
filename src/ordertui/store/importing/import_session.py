"""The import of an order report: its rows are staged in a temporary table and merged in slices, by `statements`.

A slice is one transaction, so that an interrupt leaves a consistent store. All rows of an order are in one slice,
wherever they stand in the report, so what they say together does not depend on the slices.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count
from typing import Any

import msgspec

from ordertui.orders.clock import Clock
from ordertui.orders.enums import ReportKind
from ordertui.orders.order import OrderFlags
from ordertui.orders.report_row import ASIN, FACT_AT, MARKETPLACE, SKU, TITLE, ReportRow
from ordertui.orders.text import spelling
from ordertui.store.engine.database import Database
from ordertui.store.engine.errors import ReadOnlyStore
from ordertui.store.engine.migrations import LATEST
from ordertui.store.importing import pairing
from ordertui.store.importing import statements as sql
from ordertui.store.journal.rows import TransitionWriter
from ordertui.store.repositories.audit import AuditLog
from ordertui.store.repositories.operator_facts import OperatorFacts

from .coverage import ReportCoverage
from .report_flags import ReportFlags
from .staging import Staging
from .undo import BY_API, UndoRecorder, last_removed

_PRODUCT = (MARKETPLACE, SKU, ASIN, TITLE)
SLICE_ROWS = 20_000
"""Rows of a transaction."""


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
    """The operator's answer for rows that name none."""
    period: tuple[int, int] | None = None
    """First and last moment (epoch seconds) of the purchases that an Unshipped report was asked for, if it is known."""


class ImportContext(msgspec.Struct, frozen=True):
    """The parts of the store that an import writes through."""

    database: Database
    clock: Clock
    audit: AuditLog
    facts: OperatorFacts
    transitions: TransitionWriter


class ImportSession:
    """Imports the rows of one report: `with store.imports.open(...) as session: session.add(rows)`.

    Rows are only staged by `add`; `merge` stores them, at the latest at the end of the with, whose counts are final.
    """

    def __init__(
        self,
        context: ImportContext,
        report: ReportSource,
        auto_cancel_at: Callable[[str, int], int | None],
        *,
        slice_rows: int = SLICE_ROWS,
    ) -> None:
        database = context.database
        if database.read_only:
            raise ReadOnlyStore(f"{database.place} was opened read-only; nothing was imported")
        self._database = database
        self._context = context
        self._report = report
        self._auto_cancel_at = auto_cancel_at
        self._slice_rows = slice_rows
        self._stop: Callable[[], bool] = lambda: False
        self._values: Mapping[str, int | None] = {
            "source": ReportKind(report.kind).bit,
            "lists_waiting": int(report.kind == ReportKind.UNSHIPPED),
            "undated": int(report.kind == ReportKind.NEW_ORDERS),
        }
        self._words: dict[tuple[Any, ...], int] = defaultdict(count().__next__)
        """Marketplace, SKU, ASIN and title as they came, and the number of each such word."""
        self._word_dates: list[int] = []
        """The newest date of each word."""
        self._import_id = 0
        self._is_merged = False
        self._are_mixed = False
        """Whether rows of several marketplaces came."""
        self._has_spellings = False
        """Whether SKUs came that differ only in how they are spelled."""
        self._staged = 0
        self.rows = 0
        """Rows merged."""
        self.new = 0
        """Orders that were not known before."""
        self.changed = 0
        self.unchanged = 0
        self.renamed: list[tuple[Any, ...]] = []
        """(order id, known item id, the report's) of lines that the report names by another item id."""
        self.renamed_skus: list[tuple[Any, ...]] = []
        """(order id, known SKU, the report's) of lines that the report names by another SKU."""
        self.twice: list[tuple[Any, ...]] = []
        """Order id and SKU of lines that may be an item that stands in another line too."""
        self.revived: list[tuple[Any, ...]] = []
        """Orders that one report calls cancelled or shipped and a newer one not, with that word: they stay so."""
        self.repromoted: list[tuple[Any, ...]] = []
        """Order and item id of known items that came with other promotions."""
        self.unpromoted: list[tuple[Any, ...]] = []
        """Order and item id (SKU without one) of items whose kept price has no promotion, though a report names one."""
        self.repriced: list[tuple[Any, ...]] = []
        """The same of known items that a report without dates gives another price."""
        self.above_price: list[tuple[Any, ...]] = []
        """Order and item id (SKU without one) of items with promotions above all there is to pay."""
        self.rejected = 0
        """Rows that the reader rejected; set by the caller."""
        self.stopped = False
        """Whether the file has more rows. The import is then not recorded as finished."""
        self.is_whole = False
        """Whether every value of the file was read; set by the caller. Then importing it again says nothing new."""
        self.flags: Mapping[str, OrderFlags] = {}
        """What the report says of orders beside their lines, by order id; set by the caller before `merge`."""
        self.coverage = ReportCoverage(database, report.kind, report.as_of, report.period)
        self.missing = 0
        """Orders that are missing in a newer Unshipped report, after this import."""

    def __enter__(self) -> ImportSession:
        self._database.set_bulk(True)
        report = self._report
        with self._database.write():
            self._import_id = self._database.required(int,
                "INSERT INTO imports (kind, path, sha256, marketplace, as_of, has_request_column, at, undo, after_batch"
                ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, (SELECT coalesce(max(id), 0) FROM batches)) RETURNING id",
                (report.kind, report.path, report.sha256, report.marketplace, report.as_of,
                 int(report.has_request_column), self._context.clock.now(),
                 BY_API if report.kind == ReportKind.API_ORDERS else ""),
            )  # fmt: skip
        self._staging = Staging(self._database, self._import_id)
        self._staging.create()
        self._undo = UndoRecorder(
            self._database, self._staging, self._import_id, is_page=report.kind == ReportKind.API_ORDERS
        )
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        try:
            if kind is None:
                if not self._is_merged and not self.stopped:
                    self.merge()
                self._finish()
        finally:
            self._staging.drop()
            self._database.set_bulk(False)

    @property
    def number(self) -> int:
        """The import's number, by which it can be undone."""
        return self._import_id

    def add(self, rows: Sequence[ReportRow]) -> None:
        """Stage some rows."""
        if not rows:
            return
        self.coverage.add(rows)
        values: list[tuple[Any, ...]] = list(zip(*rows, strict=True))
        keys = zip(*(values[place] for place in _PRODUCT), strict=True)
        numbers = list(map(self._words.__getitem__, keys))
        dates = self._word_dates
        dates += [0] * (len(self._words) - len(dates))
        for number, at in zip(numbers, values[FACT_AT], strict=True):
            if at > dates[number]:
                dates[number] = at
        self._staging.add(self._staged + 1, numbers, values)
        self._staged += len(rows)

    def merge(self, progress: Callable[[int], None] = lambda _: None, stop: Callable[[], bool] = lambda: False) -> None:
        """Merge the staged rows, each slice in a transaction of its own. `progress` gets the rows merged so far.

        When `stop` says so, the slice at hand is undone, what was merged before it stays, and `stopped` is set.
        """
        self._is_merged = True
        self._stop = stop
        self._values = {**self._values, "as_of": self.coverage.as_of}
        try:
            with self._database.write():
                self._are_mixed = len({key[0] for key in self._words}) > 1
                skus = {str(key[1]) for key in self._words}
                self._has_spellings = len(set(map(spelling, skus))) < len(skus)
                self._staging.fill("words", [(n, *key, self._word_dates[n]) for key, n in self._words.items()])
                self._undo.begin()
                self.coverage.begin(self._import_id)
                for statement in (*sql.PRODUCTS, sql.FAR):
                    self._do(statement)
            for low, high in self._staging.slices(self._slice_rows):
                self._merge_slice(sql.SORT, low=low, high=high)
                progress(self.rows)
            self._merge_slice(sql.SORT_FAR)
            progress(self.rows)
        except _Stopped:
            self.stopped = True

    def _do(self, statement: str, **values: int) -> int:
        """Execute a statement, and return how many rows it changed. Raises _Stopped."""
        if self._stop():
            raise _Stopped
        return self._database.execute(self._staging.sql(statement), {**self._values, **values})

    def _merge_slice(self, sort: str, **span: int) -> None:
        with self._database.write():
            self._staging.empty_slice()
            count = self._do(sort, **span)
            if not count:
                return
            self._database.count_rows("sorted (order_id, seq, product_id, item_promotion, ship_promotion)")
            last = self._last_order()
            self._database.prefer_indexes(last > 0)
            new = self._do(sql.HEADS, last=last)
            if self._has_spellings:
                self._do(sql.SPELLED_TWINS)
            known = self._database.required(int, sql.COUNT_KNOWN)
            new -= known
            self._database.count_rows("heads (id, order_id, is_new, seq)")
            if last and not known:
                self._database.prefer_indexes(False)  # of new orders alone nothing is looked up
            self._undo.add_orders()
            self._settle_marketplaces()
            waiting = 0
            if known:
                waiting = self._do(sql.WAITING)
                for statement in (sql.NAME_KNOWN, sql.NEWS, sql.DROP_UNCHANGED):
                    self._do(statement)
                self._undo.add_lines()
            renamed, renamed_skus = self._pair_unclear(known)
            is_dated = not self._values["undated"]
            promoted = self._database.query(pairing.other_promotions(is_dated=is_dated)) if known else []
            repriced = self._database.query(pairing.OTHER_PRICES) if known and self._values["undated"] else []
            revived = self._database.query(sql.REVIVED) if known else []
            self._merge_lines()
            above_price = self._database.query(pairing.ABOVE_PRICE)
            twice = self._database.query(pairing.TWICE)
            changed = self._merge_orders()
            if self.flags:  # with the order, which nobody may cancel before its program is known
                self._keep_flags(row[0] for row in self._database.query("SELECT DISTINCT order_id FROM sorted"))
            after = (self.rows + count, self.new + new, self.changed + changed, self.unchanged + known - changed)
            if waiting:
                self._confirm_shown()
            self._count(after)
            if not self.rows:
                self._database.count_rows(*(("orders", "lines") if new else ()), "import_orders", "import_lines")
        self.rows, self.new, self.changed, self.unchanged = after
        self.renamed += renamed
        self.renamed_skus += renamed_skus
        self.twice += twice
        self.revived += revived
        self.repromoted += [row[:2] for row in promoted if not row[2]]
        self.unpromoted += [row[:2] for row in promoted if row[2]]
        self.repriced += repriced
        self.above_price += above_price

    def _keep_flags(self, order_ids: Iterable[str]) -> None:
        stated = {one: self.flags[one] for one in order_ids if one in self.flags}
        as_of = self._report.as_of or self._context.clock.now()
        if stated:
            ReportFlags(self._database).keep(stated, as_of)

    def _last_order(self) -> int:
        """Return the highest row number that an order ever had."""
        return max(
            self._database.required(int, "SELECT coalesce(max(id), 0) FROM orders"), last_removed(self._database)
        )

    def _settle_marketplaces(self) -> None:
        count = self._do(sql.MIXED) if self._are_mixed else 0
        if self._database.query(sql.DISAGREE):
            self._undo.add_lines()
            count += self._do(sql.KNOWN_MIXED)
        for statement in sql.SETTLE_MARKETPLACES if count else ():
            self._do(statement)

    def _pair_unclear(self, known: int) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        """Find which row is about which line where the SKUs alone do not tell; return those with another id or SKU."""
        self._do(sql.NEW_UNCLEAR)
        if not self._database.query("SELECT 1 FROM news WHERE is_unclear = 1 LIMIT 1"):
            return [], []
        spelled = [(product, spelling(sku)) for product, sku in self._database.query(pairing.SKUS)]
        self._database.fill("spellings", ("product_id", "sku_key"), spelled)
        self._database.prefer_indexes(False)  # rows and lines that agree have none
        for statement in (*pairing.PROMOTIONS, *pairing.UNCLEAR):
            self._do(statement)
        rounds = self._places("round", "unclear_rows")
        for number in rounds:
            for statement in (*pairing.PAIRS, *(pairing.TAKE_IN if number < rounds[-1] else ())):
                self._do(statement, round=number)
        self._do(pairing.PLACES)
        self._database.prefer_indexes(known > 0)
        return self._database.query(pairing.RENAMED), self._database.query(pairing.RENAMED_SKU)

    def _merge_lines(self) -> None:
        self._do(sql.JOIN_CLEAR)
        for statement in sql.JOIN_PAIRED:
            self._do(statement)
        for place in self._places("place", "pairs")[1:]:
            self._do(sql.JOIN_AGAIN, place=place)
        self._do(sql.CHOOSE_SKU)
        for statement in (*sql.WRITE_LINES, sql.WRITE_NEW_LINES):
            self._do(statement)

    def _merge_orders(self) -> int:
        """Merge and write the orders; return how many known ones changed."""
        for statement in (sql.ODD, sql.MERGE_NEW, sql.MERGE_KNOWN):
            self._do(statement)
        for place in self._places("place", "odd"):
            self._do(sql.MERGE_AGAIN, place=place)
        self._database.count_rows("merged (id, order_id, is_new)")
        undated = self._database.query(self._staging.sql(sql.UNDATED))
        self._staging.fill("deadlines", [(*key, self._auto_cancel_at(*key)) for key in undated])
        for statement in (sql.WRITE_NEW, *sql.WRITE_NAMED):
            self._do(statement)
        return self._database.required(int, sql.COUNT_CHANGED)

    def _places(self, column: str, table: str) -> range:
        """Return the numbers from 1 that stand in a column: what must follow one another."""
        return range(1, self._database.required(int, f"SELECT coalesce(max({column}), 0) FROM {table}") + 1)

    def _confirm_shown(self) -> None:
        shown = self._database.query(sql.SHOWN)
        if shown:
            self._undo.refuse("it confirmed what a batch did")
        report = {"report": self._report.sha256, "kind": self._report.kind}
        self._context.transitions.confirm_shown(shown, report)

    def _count(self, counts: tuple[int, int, int, int]) -> None:
        self._database.execute(
            "UPDATE imports SET row_count = ?, new_orders = ?, changed = ?, unchanged = ?, rejected = ? WHERE id = ?",
            (*counts, self.rejected, self._import_id),
        )

    def _finish(self) -> None:
        """Make the indexes for reading, without which a first big import is faster, and complete the record."""
        with self._database.write():
            self._database.create_read_indexes(self.new + self.changed)
            self._count((self.rows, self.new, self.changed, self.unchanged))
            self._database.execute(
                "UPDATE imports SET finished = ?, is_whole = ? WHERE id = ?",
                (int(not self.stopped), 0 if self.stopped or not self.is_whole else LATEST, self._import_id),
            )
            self._undo.add_unread(self.coverage.unread)
            self._undo.finish()
            if not self.stopped:
                self._keep_flags(self.coverage.unread)
                self.missing = self.coverage.record(self._import_id, self._report.marketplace)
            facts = {
                "kind": self._report.kind, "sha256": self._report.sha256, "rows": self.rows, "new": self.new,
                "changed": self.changed, "finished": not self.stopped,
            }  # fmt: skip
            self._context.audit.append("import", facts)


class _Stopped(Exception):
    """The operator stopped the import."""


def apply_cancelled_by(database: Database, facts: OperatorFacts, order_ids: Iterable[str]) -> None:
    """Say anew who cancelled these orders, where the API's account names some."""
    if database.value(int, "SELECT 1 FROM said_cancelled LIMIT 1") is not None:
        facts.settle_cancelled_by(order_ids)
