"""Read order reports row by row and tell what is wrong with a bad row. `column_reader`, which is faster, agrees.

Only the order id and the item id are essential. Any other cell that cannot be read says nothing, as an empty one does:
the row's other values are taken, and the cell is listed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from ordertui.orders.report_row import CURRENCY, MARKETPLACE, ReportRow
from ordertui.orders.report_row import ORDER_ID as _ROW_ORDER_ID
from ordertui.orders.text import to_single_line

from .cell_parsers import (
    MEMO_LIMIT,
    ORDER_ID,
    parse_channel,
    parse_flag,
    parse_quantity,
    parse_status,
    parse_time,
    strip_quotes,
)
from .cell_values import (
    OUTSIDE_AMAZON,
    AmountMemos,
    CellValues,
    RowError,
    check_currency,
    is_own_currency,
    parse_currency,
    parse_item_id,
    parse_order_id,
)
from .model import RejectedRow, ReportInfo
from .report_kind import AMOUNT_FIELDS, FIELD_INDEX, FIELDS, StatusSource
from .row_shape import RowShape

_NO_AMOUNTS = (None,) * 8
(
    _ORDER_ID, _ITEM_ID, _, _, _, _, _PURCHASED, _SHIP_BY, _UPDATED, _SKU, _ASIN_CELL, _TITLE, _QUANTITY, _SHIPPED,
    _CURRENCY,
    _ITEM_PRICE, _ITEM_TAX, _SHIPPING_PRICE, _SHIPPING_TAX, _GIFT_WRAP_PRICE, _GIFT_WRAP_TAX, _ITEM_PROMOTION,
    _SHIP_PROMOTION,
) = range(23)  # fmt: skip
"""Indexes of FIELDS."""
_ITEM_PROMOTION_ID, _SHIP_PROMOTION_ID = FIELD_INDEX["item_promotion_id"], FIELD_INDEX["ship_promotion_id"]
_SALES_CHANNEL = FIELD_INDEX["sales_channel"]
_TIMES = ("purchased", "ship_by", "updated")
_QUANTITIES = ("quantity", "shipped")
_NOTHING: frozenset[str] = frozenset()
_ASIN = re.compile(r"[A-Z0-9]{10}|", re.ASCII)


class RowReader:
    """Reads single rows of one report. ColumnReader shares its values and counters."""

    def __init__(self, info: ReportInfo) -> None:
        self._info = info
        self.shape = RowShape(info)
        self.values = CellValues(info.latest)
        self._unread: list[RowError] = []
        self._checked_words: set[tuple[str, ...]] = set()
        """Cells with a flag that is not known, where that is the only thing odd."""
        self.ignored = 0
        """Rows of channels outside Amazon since `take_ignored`."""
        self.last: ReportRow | None = None
        """The row before the next one; set by who reads the rows."""
        self._status_source = info.format.status_source
        has_status = self._status_source is StatusSource.COLUMNS
        self._parse = self._parse_all_orders if has_status else self._parse_shipping_report

    def read(self, number: int, line: str, *, is_broken: bool = False) -> ReportRow | None:
        """Return the row of a line; None for a sales channel outside Amazon. Raises RowError.

        `is_broken`: the line is not valid in the report's encoding. `take_unread` returns the cells that were not read.
        """
        self._unread = []
        cells = self.shape.split(line)
        is_plain = len(cells) == self.shape.width
        try:
            fitted = self.shape.fit_to_header(cells)
        except RowError:
            if len(cells) < self.shape.width or is_broken:
                raise
            return self._count_ignored(self._read_damaged(number, cells, None, is_plain=False))
        picked = self._continue(self.shape.pick_fields(fitted))
        if is_broken:
            picked = self._blank_undecodable(picked)
        try:
            row = self._parse(number, picked, _NOTHING)
            words = self.values.pick_words(picked)
            if row is not None and self.values.words[words].has_unknown_flag and words not in self._checked_words:
                raise ValueError("a word that is not known may be another column's")
        except ValueError:
            row = self._read_damaged(number, cells, picked, is_plain=is_plain)
        return self._count_ignored(row)

    def _count_ignored(self, row: ReportRow | None) -> ReportRow | None:
        """Count a row of another channel; give a row without a marketplace that of the same order's row before."""
        self.ignored += row is None
        last = self.last
        if (
            row is not None
            and row[MARKETPLACE] is None
            and last is not None
            and row[_ROW_ORDER_ID] == last[_ROW_ORDER_ID]
            and is_own_currency(last[MARKETPLACE], row[CURRENCY])
        ):
            row = (*row[:MARKETPLACE], last[MARKETPLACE], *row[MARKETPLACE + 1 :])
        return row

    def _continue(self, cells: tuple[str, ...]) -> tuple[str, ...]:
        """Return the cells, with the currency of the rows before where a row only adds a promotion to its item."""
        if cells[_CURRENCY] or not _only_promotes(cells):
            return cells
        if self.last is not None and strip_quotes(cells[_ORDER_ID]) == self.last[_ROW_ORDER_ID]:
            currency = self.last[CURRENCY]
        else:
            known = self.values.currencies
            currency = known[0] if len(known) == 1 else None
        return (*cells[:_CURRENCY], str(currency or ""), *cells[_CURRENCY + 1 :])

    def _read_damaged(
        self, number: int, cells: list[str], picked: tuple[str, ...] | None, *, is_plain: bool
    ) -> ReportRow | None:
        """Read a row with cells that are damaged, or moved by a tab inside a cell. Raises RowError.

        `picked`: its cells that are read, if their places are not moved; None: it has more cells than the header.
        """
        damaged = {} if picked is None else self._find_damage(picked)
        problems = 2 * self.shape.width if picked is None else len(damaged) + self._count_odd(cells)
        joined = self._join_tab(cells, problems) if problems > 1 or not is_plain else None
        if joined is not None:
            picked, damaged = joined
        elif picked is None or (damaged and not is_plain):
            raise self.shape.width_error(len(cells))
        elif damaged and self.shape.has_moved(cells):
            raise RowError("the row", "", "has values that stand in wrong columns")
        elif not damaged and len(self._checked_words) < MEMO_LIMIT:
            self._checked_words.add(self.values.pick_words(picked))
        self._unread += damaged.values()
        return self._parse(number, _blank_damaged(picked, damaged), frozenset(damaged))

    def _blank_undecodable(self, cells: tuple[str, ...]) -> tuple[str, ...]:
        """Return the cells, empty where one is not valid in the encoding. Raises RowError for an id."""
        broken = [name for name, cell in zip(FIELDS, cells, strict=True) if "\ufffd" in cell]
        errors = {
            name: RowError(self.shape.column_of(name), "", f"has characters that are not {self._info.encoding}")
            for name in broken
        }
        for name in ("order_id", "item_id"):
            if name in errors:
                raise errors[name]
        self._unread += errors.values()
        return _blank_damaged(cells, errors)

    def _find_damage(self, cells: tuple[str, ...]) -> dict[str, RowError]:
        """Return the error of each field whose cell cannot be read, ids left out."""
        found: dict[str, RowError] = {}
        values = dict(zip(FIELDS, cells, strict=True))

        def check(name: str, parse: Callable[[str], object], wrong: str = "") -> None:
            try:
                parse(values[name])
            except RowError as error:
                found[name] = error
            except ValueError as error:
                found[name] = RowError(self.shape.column_of(name), to_single_line(values[name]), wrong or str(error))

        check("sales_channel", self.values.parse_marketplace)
        check("currency", parse_currency)
        for name in _TIMES:
            check(name, parse_time, "is no date such as 2026-11-23T14:05:00+00:00")
        for name in _QUANTITIES:
            check(name, parse_quantity, "is no whole number such as 2")
        if not found.keys() & {"currency", "sales_channel"}:
            try:
                check_currency(
                    self.values.parse_marketplace(values["sales_channel"]), parse_currency(values["currency"])
                )
            except RowError as error:
                found["currency"] = error
        if "currency" not in found:
            prices, discounts = self.values.amount_memos(parse_currency(values["currency"]))
            for name in AMOUNT_FIELDS:
                check(name, (discounts if name.endswith("promotion") else prices).__getitem__)
        return found

    def _join_tab(self, cells: list[str], problems: int) -> tuple[tuple[str, ...], dict[str, RowError]] | None:
        """Undo the tabs inside one cell that moved the cells right of it; None when that explains nothing.

        Returns the cells that are read of the row without the tabs, and the fields that cannot be told, because several
        columns explain all cells. Raises RowError when tabs moved the cells but their column cannot be told.
        """
        found: dict[tuple[str, ...], list[str]] = {}
        is_moved = goes_on = False
        used = max((place for place, cell in enumerate(cells, 1) if cell.strip()), default=0)
        joined = max(2, used - self.shape.width + 1)
        for index in self.shape.free_text:
            text = " ".join(cells[index : index + joined])
            if ORDER_ID.search(text) is not None:
                goes_on = True
                continue
            row = [*cells[:index], text, *cells[index + joined :]]
            try:
                picked = self._continue(self.shape.pick_fields(self.shape.fit_to_header(row)))
                parse_order_id(picked[_ORDER_ID])
                parse_item_id(picked[_ITEM_ID])
            except ValueError:
                continue
            left = len(self._find_damage(picked)) + self._count_odd(row)
            is_moved = is_moved or left < problems - 1
            if not left:
                found.setdefault(picked, []).append(self._info.header[index])
        rows = list(found)
        if len(rows) == 1:
            cause = (
                "holds a tab, which was taken as a space"
                if self.shape.is_tabbed
                else "holds a delimiter without quotes, which was taken as a space"
            )
            self._unread.append(RowError(_one_of(found[rows[0]]), "", cause))
            return rows[0], {}
        open_fields = [name for index, name in enumerate(FIELDS) if len({row[index] for row in rows}) > 1]
        if rows and rows[0][_ITEM_ID] and not {"order_id", "item_id"} & set(open_fields):
            names = _one_of([name for names in found.values() for name in names])
            cause = (
                f"is unknown: {names} holds a tab"
                if self.shape.is_tabbed
                else f"is unknown: {names} holds a delimiter without quotes"
            )
            return rows[0], {name: RowError(self.shape.column_of(name), "", cause) for name in open_fields}
        if goes_on:
            raise RowError("the row", "", "goes on with another row: a line end is missing")
        if found or is_moved:
            cause = (
                "has a tab inside a cell, so that its values stand in wrong columns"
                if self.shape.is_tabbed
                else "has a delimiter without quotes inside a cell, so that its values stand in wrong columns"
            )
            raise RowError("the row", "", cause)
        return None

    def _count_odd(self, cells: list[str]) -> int:
        """Return how many cells say something that Amazon does not write there, by the columns whose form is known."""
        picked = self.shape.pick_fields([*cells[: self.shape.width], *[""] * (self.shape.width - len(cells))])
        _, channel, status, item_status, _, requested, _, *flags = self.values.pick_words(picked)
        words = ((parse_channel, (channel,)), (parse_status, (status, item_status)), (parse_flag, (requested, *flags)))
        odd = sum(parse(text) is None and bool(strip_quotes(text)) for parse, texts in words for text in texts)
        units = [strip_quotes(picked[FIELD_INDEX[name]]) for name in _QUANTITIES]
        odd += all(text.isdecimal() for text in units) and int(units[0][:9]) < int(units[1][:9])
        return odd + (_ASIN.fullmatch(strip_quotes(picked[_ASIN_CELL])) is None) + self.shape.has_moved(cells)

    def read_fragments(self, number: int, lines: Sequence[str]) -> ReportRow | None:
        """Return the row of several lines, as `count_fragments` found them. Raises RowError."""
        column = self._info.header[len(self.shape.split(lines[0])) - 1]
        row = self.read(number, " ".join(lines), is_broken=any("\ufffd" in line for line in lines))
        self._unread.insert(0, RowError(column, "", "holds a line end, which was taken as a space"))
        return row

    def take_unread(self) -> list[RowError]:
        """Return the cells of the last row that could not be read."""
        found, self._unread = self._unread, []
        return found

    def take_ignored(self) -> int:
        """Return how many rows of channels outside Amazon were read since the last call."""
        ignored, self.ignored = self.ignored, 0
        return ignored

    def reject(self, number: int, error: RowError, line: str, *, is_taken: bool = False) -> RejectedRow:
        """Return what is listed of a bad row: the cells of columns that are read. `is_taken`: all but a cell was read.

        In a row of another width than the header any cell may be a buyer's, so only its order ids are kept.
        """
        file, cells = str(self._info.path), self.shape.split(line)
        if len(cells) == self.shape.width:
            kept = [to_single_line(cell) for cell in self.shape.pick_fields(cells)]
            text, order_id = " | ".join(cell for cell in kept if cell), strip_quotes(kept[_ORDER_ID])
            about = (order_id,) if ORDER_ID.fullmatch(order_id) else ()
            placed, marketplace = self._placed(kept[_PURCHASED]), self._marketplace(kept[_SALES_CHANNEL])
            return RejectedRow(file, number, error.with_value(), text, is_taken, about, placed, marketplace)
        is_named = any(ORDER_ID.fullmatch(strip_quotes(cell)) for cell in cells)
        order_ids = tuple(dict.fromkeys(ORDER_ID.findall(line))) if is_named else ()
        return RejectedRow(file, number, str(error), " | ".join(order_ids), is_taken, order_ids)

    def _placed(self, cell: str) -> int | None:
        try:
            return self.values.past[strip_quotes(cell)]
        except ValueError:
            return None

    def _marketplace(self, cell: str) -> str | None:
        try:
            return self.values.parse_marketplace(cell)
        except ValueError:
            return None

    # Rows

    def _parse_all_orders(self, number: int, cells: tuple[str, ...], damaged: frozenset[str]) -> ReportRow | None:
        market, channel, status, item_status, currency, memos, request, reason, flags, _ = self.values.words_of(cells)
        if market == OUTSIDE_AMAZON:
            return None
        order_id = cells[_ORDER_ID] if ORDER_ID.fullmatch(cells[_ORDER_ID]) else parse_order_id(cells[_ORDER_ID])
        item_id = parse_item_id(cells[_ITEM_ID]) if cells[_ITEM_ID] else None
        times, past, labels = self.values.times, self.values.past, self.values.labels
        purchased, ship_by, updated = past[cells[_PURCHASED]], times[cells[_SHIP_BY]], past[cells[_UPDATED]]
        quantity, shipped = self.values.quantities[cells[_QUANTITY]], self.values.quantities[cells[_SHIPPED]]
        amounts = self._parse_amounts(cells, memos) if memos and self.shape.has_amounts else _NO_AMOUNTS
        if shipped is None and item_status == "shipped":
            shipped = quantity
        if updated is None and (cells[_UPDATED] or "updated" in damaged):
            updated = self._info.as_of  # it was true when the report was made
        return (
            number, order_id, item_id, market, channel, status, item_status,
            purchased, ship_by, updated if updated is not None else purchased or self._info.as_of or 0,
            labels[cells[_SKU]] or "", labels[cells[_ASIN_CELL]], labels[cells[_TITLE]], quantity, shipped, currency,
            *amounts, request, reason, *flags, labels[cells[_ITEM_PROMOTION_ID]], labels[cells[_SHIP_PROMOTION_ID]],
            None,
        )  # fmt: skip

    def _parse_shipping_report(self, number: int, cells: tuple[str, ...], damaged: frozenset[str]) -> ReportRow | None:
        market, _, _, _, currency, memos, request, reason, flags, _ = self.values.words_of(cells)
        if market == OUTSIDE_AMAZON:
            return None
        order_id = cells[_ORDER_ID] if ORDER_ID.fullmatch(cells[_ORDER_ID]) else parse_order_id(cells[_ORDER_ID])
        item_id = parse_item_id(cells[_ITEM_ID])
        if item_id is None and self.shape.has_item_ids:
            raise RowError("order-item-id", "", "is empty")
        labels = self.values.labels
        purchased, ship_by = self.values.past[cells[_PURCHASED]], self.values.times[cells[_SHIP_BY]]
        quantity, shipped = self.values.quantities[cells[_QUANTITY]], self.values.quantities[cells[_SHIPPED]]
        amounts = self._parse_amounts(cells, memos) if memos and self.shape.has_amounts else _NO_AMOUNTS
        status = None
        if self._status_source is StatusSource.UNITS_SHIPPED and "shipped" not in damaged:
            status = "partially_shipped" if shipped else "unshipped"
        return (
            number, order_id, item_id, market, "merchant", status, None,
            purchased, ship_by, self._info.as_of or purchased or 0,
            labels[cells[_SKU]] or "", labels[cells[_ASIN_CELL]], labels[cells[_TITLE]], quantity, shipped, currency,
            *amounts, request, reason, *flags, labels[cells[_ITEM_PROMOTION_ID]], labels[cells[_SHIP_PROMOTION_ID]],
            None,
        )  # fmt: skip

    @staticmethod
    def _parse_amounts(cells: tuple[str, ...], memos: AmountMemos) -> tuple[int | None, ...]:
        """Return the eight money components; all None when the row has no item price. Raises ValueError.

        A row that only adds promotions to its item has those alone.
        """
        prices, discounts = memos
        price = prices[cells[_ITEM_PRICE]]
        rest = (
            prices[cells[_ITEM_TAX]] or 0, prices[cells[_SHIPPING_PRICE]] or 0, prices[cells[_SHIPPING_TAX]] or 0,
            prices[cells[_GIFT_WRAP_PRICE]] or 0, prices[cells[_GIFT_WRAP_TAX]] or 0,
            discounts[cells[_ITEM_PROMOTION]] or 0, discounts[cells[_SHIP_PROMOTION]] or 0,
        )  # fmt: skip
        if price is None and _only_promotes(cells):
            return (*_NO_AMOUNTS[:6], *rest[5:])
        return _NO_AMOUNTS if price is None else (price, *rest)


def _only_promotes(cells: tuple[str, ...]) -> bool:
    """Return whether a row only adds a promotion to an item that another row names."""
    return bool(
        cells[_ITEM_ID]
        and not (cells[_SKU] or cells[_ITEM_PRICE] or cells[_QUANTITY])
        and (cells[_ITEM_PROMOTION] or cells[_SHIP_PROMOTION])
    )


def _blank_damaged(cells: tuple[str, ...], damaged: Iterable[str]) -> tuple[str, ...]:
    """Return the cells, empty where one is damaged.

    What was paid is one value: when an amount or the currency cannot be read, none of it is known.
    """
    blank = {FIELD_INDEX[name] for name in damaged}
    if any(name == "currency" or name in AMOUNT_FIELDS for name in damaged):
        blank |= {FIELD_INDEX[name] for name in AMOUNT_FIELDS}
    return tuple("" if index in blank else cell for index, cell in enumerate(cells))


def _one_of(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"one of {names[0]} to {names[-1]}"
