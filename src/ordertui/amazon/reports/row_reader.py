"""Read order reports row by row and tell what is wrong with a bad row. `column_reader`, which is faster, agrees.

Only the order id and the item id are essential. Any other cell that cannot be read says nothing, as an empty one does:
the row's other values are taken, and the cell is listed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any

from ordertui.orders.marketplace import CURRENCIES, by_sales_channel
from ordertui.orders.report_row import CURRENCY, MARKETPLACE, ReportRow
from ordertui.orders.report_row import ORDER_ID as _ROW_ORDER_ID
from ordertui.orders.text import to_single_line

from .cell_parsers import (
    MEMO_LIMIT,
    ORDER_ID,
    Memo,
    amount_parser,
    discount_parser,
    parse_channel,
    parse_flag,
    parse_label,
    parse_quantity,
    parse_status,
    parse_time,
    strip_quotes,
)
from .inspect import split_line
from .model import RejectedRow, ReportInfo
from .report_kind import COLUMNS, FIELDS, StatusSource, column_positions

MOST_NOTES = 100
"""Notes on words and dates that are kept; a file of nothing else would fill the memory with them."""
ITEM_ID = re.compile(r"[0-9]{1,20}", re.ASCII)
_BROKEN_NUMBER = re.compile(r"[0-9][.,]?[0-9]*[eE]\+?[0-9]+")
"""An id that a spreadsheet turned into a floating-point number."""
_CHANNEL_TEXT = re.compile(r"[A-Za-z.\- ]*amazon[A-Za-z.\- ]*|SI [A-Z]{2} Prod Marketplace", re.IGNORECASE)
_NO_AMOUNTS = (None,) * 8
_OPTIONAL = frozenset({
    "title", "asin", "requested", "request_reason", "replacement", "business", "prime", "item_promotion_id",
    "ship_promotion_id",
})  # fmt: skip
"""Fields that a row may lack at its end without counting as cut off."""
_VOCABULARY = (
    "sales_channel", "channel", "status", "item_status", "currency", "requested", "request_reason", "replacement",
    "business", "prime",
)  # fmt: skip
"""Fields with few different values. One memo parses all of them at once: their combinations repeat too."""
FIELD_INDEX = {name: index for index, name in enumerate(FIELDS)}
(
    _ORDER_ID, _ITEM_ID, _, _, _, _, _PURCHASED, _SHIP_BY, _UPDATED, _SKU, _ASIN_CELL, _TITLE, _QUANTITY, _SHIPPED,
    _CURRENCY,
    _ITEM_PRICE, _ITEM_TAX, _SHIPPING_PRICE, _SHIPPING_TAX, _GIFT_WRAP_PRICE, _GIFT_WRAP_TAX, _ITEM_PROMOTION,
    _SHIP_PROMOTION,
) = range(23)  # fmt: skip
"""Indexes of FIELDS."""
_ITEM_PROMOTION_ID, _SHIP_PROMOTION_ID = FIELD_INDEX["item_promotion_id"], FIELD_INDEX["ship_promotion_id"]
OUTSIDE_AMAZON = ""
"""Stands for the marketplace of a row of a sales channel outside Amazon."""
AMOUNT_FIELDS = FIELDS[_ITEM_PRICE : _SHIP_PROMOTION + 1]
_TIMES = ("purchased", "ship_by", "updated")
_QUANTITIES = ("quantity", "shipped")
_NOTHING: frozenset[str] = frozenset()
_FREE_TEXT = re.compile(
    r"product-name|(buyer|recipient|bill|gift-message|delivery-instructions|customized)(-.*)?"
    r"|ship-(address.*|city|state)"
)
"""Columns that people fill in: only in these can a tab stand inside a cell."""
_SHAPES = {
    "payments-date": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*|"),
    "reporting-date": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*|"),
    "buyer-email": re.compile(r".*@.*|"),
    "buyer-phone-number": re.compile(r"(?=(.*[0-9]){5})[0-9+().x /-]*(ext.*)?|"),
    "days-past-promise": re.compile(r"-?[0-9]+|"),
    "quantity-to-ship": re.compile(r"[0-9]+|"),
    "ship-country": re.compile(r"[A-Z]{2}|"),
}
"""What stands in columns that are not read. In a damaged row another text there shows that its cells have moved: then
a cell that is read may be a buyer's.
"""
MOST_FRAGMENTS = 12
"""Lines over which one row may go: an address has the most line ends."""
_ASIN = re.compile(r"[A-Z0-9]{10}|", re.ASCII)

AmountMemos = tuple[Memo[str, int | None], Memo[str, int | None]]
"""Parsers of prices and of discounts."""


class RowError(ValueError):
    """A row cannot be read: the column, its value, and what is wrong with it.

    The message leaves the value out: in a row of another width than the header it may be any cell, a buyer's name too.
    """

    def __init__(self, column: str, value: str, wrong: str) -> None:
        super().__init__(f"{column} {wrong}")
        self.column = column
        self.value = value
        self.wrong = wrong

    def with_value(self) -> str:
        """Return the message with the value: only for a row whose cells are known to be in their columns."""
        return f"{self.column}: {self.value[:60]!r} {self.wrong}" if self.value else str(self)


class RowReader:
    """Reads single rows of one report. Its memos and counters are shared with ColumnReader."""

    def __init__(self, info: ReportInfo) -> None:
        self._info = info
        self._is_tabbed = info.delimiter == "\t"
        self._width = len(info.header)
        positions = column_positions(info.header)
        absent = self._width  # the index of an empty cell that is appended for columns not in this file
        self._pick = itemgetter(*(absent if index is None else index for index in positions))
        self._pick_words = itemgetter(*(FIELD_INDEX[name] for name in _VOCABULARY))
        present = dict(zip(FIELDS, positions, strict=True))
        self._has_item_ids = present["item_id"] is not None
        self.has_amounts = any(present[name] is not None for name in AMOUNT_FIELDS)
        essential = {name: index for name, index in present.items() if index is not None and name not in _OPTIONAL}
        self._shortest = min(self._width - 1, max(essential.values()) + 1)
        without_channel = max(index for name, index in essential.items() if name != "sales_channel") + 1
        if without_channel <= info.usual_width < self._shortest:
            self._shortest = info.usual_width
        self._words: Memo[tuple[str, ...], tuple[Any, ...]] = Memo(self._parse_words)
        self.times: Memo[str, int | None] = Memo(parse_time)
        self._past: Memo[str, int | None] = Memo(self._parse_past)
        self.labels: Memo[str, str | None] = Memo(parse_label)
        self.quantities: Memo[str, int | None] = Memo(parse_quantity)
        self._amounts: dict[str | None, AmountMemos] = {}
        self._unknown_words: set[str] = set()
        self._free_text = [index for index, name in enumerate(info.header) if _FREE_TEXT.fullmatch(name)]
        self._shapes = [(index, _SHAPES[name]) for index, name in enumerate(info.header) if name in _SHAPES]
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
        cells = split_line(line, self._info.delimiter)
        is_plain = len(cells) == self._width
        try:
            fitted = self.fit_to_header(cells)
        except RowError:
            if len(cells) < self._width or is_broken:
                raise
            return self._count_ignored(self._read_damaged(number, cells, None, is_plain=False))
        picked = self._continue(self.pick_fields(fitted))
        if is_broken:
            picked = self._blank_undecodable(picked)
        try:
            row = self._parse(number, picked, _NOTHING)
            words = self._pick_words(picked)
            if row is not None and self._words[words][-1] and words not in self._checked_words:
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
            known = [one for one in self._amounts if one is not None]
            currency = known[0] if len(known) == 1 else None
        return (*cells[:_CURRENCY], str(currency or ""), *cells[_CURRENCY + 1 :])

    def _read_damaged(
        self, number: int, cells: list[str], picked: tuple[str, ...] | None, *, is_plain: bool
    ) -> ReportRow | None:
        """Read a row with cells that are damaged, or moved by a tab inside a cell. Raises RowError.

        `picked`: its cells that are read, if their places are not moved; None: it has more cells than the header.
        """
        damaged = {} if picked is None else self._find_damage(picked)
        problems = 2 * self._width if picked is None else len(damaged) + self._count_odd(cells)
        joined = self._join_tab(cells, problems) if problems > 1 or not is_plain else None
        if joined is not None:
            picked, damaged = joined
        elif picked is None or (damaged and not is_plain):
            raise self._width_error(len(cells))
        elif damaged and self._has_moved(cells):
            raise RowError("the row", "", "has values that stand in wrong columns")
        elif not damaged and len(self._checked_words) < MEMO_LIMIT:
            self._checked_words.add(self._pick_words(picked))
        self._unread += damaged.values()
        return self._parse(number, _blank_damaged(picked, damaged), frozenset(damaged))

    def _blank_undecodable(self, cells: tuple[str, ...]) -> tuple[str, ...]:
        """Return the cells, empty where one is not valid in the encoding. Raises RowError for an id."""
        broken = [name for name, cell in zip(FIELDS, cells, strict=True) if "\ufffd" in cell]
        errors = {
            name: RowError(self.column_of(name), "", f"has characters that are not {self._info.encoding}")
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
                found[name] = RowError(self.column_of(name), to_single_line(values[name]), wrong or str(error))

        check("sales_channel", self.parse_marketplace)
        check("currency", parse_currency)
        for name in _TIMES:
            check(name, parse_time, "is no date such as 2026-11-23T14:05:00+00:00")
        for name in _QUANTITIES:
            check(name, parse_quantity, "is no whole number such as 2")
        if "currency" not in found:
            prices, discounts = self.amount_memos(parse_currency(values["currency"]))
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
        joined = max(2, used - self._width + 1)
        for index in self._free_text:
            text = " ".join(cells[index : index + joined])
            if ORDER_ID.search(text) is not None:
                goes_on = True
                continue
            row = [*cells[:index], text, *cells[index + joined :]]
            try:
                picked = self._continue(self.pick_fields(self.fit_to_header(row)))
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
                if self._is_tabbed
                else "holds a delimiter without quotes, which was taken as a space"
            )
            self._unread.append(RowError(_one_of(found[rows[0]]), "", cause))
            return rows[0], {}
        open_fields = [name for index, name in enumerate(FIELDS) if len({row[index] for row in rows}) > 1]
        if rows and rows[0][_ITEM_ID] and not {"order_id", "item_id"} & set(open_fields):
            names = _one_of([name for names in found.values() for name in names])
            cause = (
                f"is unknown: {names} holds a tab"
                if self._is_tabbed
                else f"is unknown: {names} holds a delimiter without quotes"
            )
            return rows[0], {name: RowError(self.column_of(name), "", cause) for name in open_fields}
        if goes_on:
            raise RowError("the row", "", "goes on with another row: a line end is missing")
        if found or is_moved:
            cause = (
                "has a tab inside a cell, so that its values stand in wrong columns"
                if self._is_tabbed
                else "has a delimiter without quotes inside a cell, so that its values stand in wrong columns"
            )
            raise RowError("the row", "", cause)
        return None

    def _count_odd(self, cells: list[str]) -> int:
        """Return how many cells say something that Amazon does not write there, by the columns whose form is known."""
        picked = self.pick_fields([*cells[: self._width], *[""] * (self._width - len(cells))])
        _, channel, status, item_status, _, requested, _, *flags = self._pick_words(picked)
        words = ((parse_channel, (channel,)), (parse_status, (status, item_status)), (parse_flag, (requested, *flags)))
        odd = sum(parse(text) is None and bool(strip_quotes(text)) for parse, texts in words for text in texts)
        units = [strip_quotes(picked[FIELD_INDEX[name]]) for name in _QUANTITIES]
        odd += all(text.isdecimal() for text in units) and int(units[0][:9]) < int(units[1][:9])
        return odd + (_ASIN.fullmatch(strip_quotes(picked[_ASIN_CELL])) is None) + self._has_moved(cells)

    def _has_moved(self, cells: list[str]) -> bool:
        """Return whether a column that is not read holds what cannot be its own."""
        return any(
            index < len(cells) and not shape.fullmatch(strip_quotes(cells[index])) for index, shape in self._shapes
        )

    def count_fragments(self, lines: Sequence[str], start: int) -> int:
        """Return over how many lines the row goes that begins at `start` and has a line end inside a cell; 0: over one.

        It is put together only when the parts have just as many cells as the header, and each further part begins
        within a cell that people fill in.
        """
        first = split_line(lines[start], self._info.delimiter)
        cells = len(first)
        if cells >= self._shortest or not any(ORDER_ID.fullmatch(strip_quotes(cell)) for cell in first):
            return 0
        for count, line in enumerate(lines[start + 1 : start + MOST_FRAGMENTS], 2):
            more = split_line(line, self._info.delimiter)
            if cells - 1 not in self._free_text or ORDER_ID.fullmatch(strip_quotes(more[0])):
                return 0
            cells += len(more) - 1
            if self._shortest <= cells <= self._width:
                return count
            if cells > self._width:
                return 0
        return 0

    def read_fragments(self, number: int, lines: Sequence[str]) -> ReportRow | None:
        """Return the row of several lines, as `count_fragments` found them. Raises RowError."""
        column = self._info.header[len(split_line(lines[0], self._info.delimiter)) - 1]
        row = self.read(number, " ".join(lines), is_broken=any("\ufffd" in line for line in lines))
        self._unread.insert(0, RowError(column, "", "holds a line end, which was taken as a space"))
        return row

    def take_fragments(self, lines: list[str]) -> list[str]:
        """Remove from the end of a block's lines those of a row that may go on in the next block; return them."""
        for back in range(1, min(MOST_FRAGMENTS, len(lines)) + 1):
            cells = split_line(lines[-back], self._info.delimiter)
            if len(cells) >= self._shortest:
                break
            if any(ORDER_ID.fullmatch(strip_quotes(cell)) for cell in cells):
                held = lines[-back:]
                del lines[-back:]
                return held
        return []

    def take_unread(self) -> list[RowError]:
        """Return the cells of the last row that could not be read."""
        found, self._unread = self._unread, []
        return found

    def column_of(self, field: str) -> str:
        """Return the name of a field's column in this file, or the name that it usually has."""
        return next((name for name in COLUMNS[field] if name in self._info.header), COLUMNS[field][0])

    def pick_fields(self, cells: list[str]) -> tuple[str, ...]:
        """Return the cells in the order of FIELDS; empty text for a column that is not in this file."""
        found: tuple[str, ...] = self._pick([*cells, ""])
        return found

    def take_unknown_words(self) -> tuple[str, ...]:
        """Return notes on the unknown words read since the last call."""
        found = tuple(sorted(self._unknown_words))
        self._unknown_words.clear()
        return found

    def take_ignored(self) -> int:
        """Return how many rows of channels outside Amazon were read since the last call."""
        ignored, self.ignored = self.ignored, 0
        return ignored

    def fit_to_header(self, cells: list[str]) -> list[str]:
        """Return the cells in the header's width: optional cells missing at the end are added, blank surplus ones
        dropped.

        Raises RowError for any other width.
        """
        width = self._width
        if len(cells) == width:
            return cells
        if len(cells) < self._shortest or any(cell.strip() for cell in cells[width:]):
            raise self._width_error(len(cells))
        return [*cells[:width], *[""] * (width - len(cells))]

    def _width_error(self, count: int) -> RowError:
        if count < self._width:
            cause = "it was cut off, or a line end stands in a cell"
        else:
            cause = (
                "a tab stands inside a cell"
                if self._is_tabbed
                else "a comma or semicolon stands inside a cell without quotes"
            )
        return RowError("the row", "", f"has {count} values, the header has {self._width}: {cause}")

    def reject(self, number: int, error: RowError, line: str, *, is_taken: bool = False) -> RejectedRow:
        """Return what is listed of a bad row: the cells of columns that are read. `is_taken`: all but a cell was read.

        In a row of another width than the header any cell may be a buyer's, so only its order ids are kept.
        """
        file, cells = str(self._info.path), split_line(line, self._info.delimiter)
        if len(cells) == self._width:
            kept = [to_single_line(cell) for cell in self.pick_fields(cells)]
            text, order_id = " | ".join(cell for cell in kept if cell), strip_quotes(kept[_ORDER_ID])
            about = (order_id,) if ORDER_ID.fullmatch(order_id) else ()
            return RejectedRow(file, number, error.with_value(), text, is_taken, about)
        is_named = any(ORDER_ID.fullmatch(strip_quotes(cell)) for cell in cells)
        order_ids = tuple(dict.fromkeys(ORDER_ID.findall(line))) if is_named else ()
        return RejectedRow(file, number, str(error), " | ".join(order_ids), is_taken, order_ids)

    # Fields of few values

    def _parse_words(self, cells: tuple[str, ...]) -> tuple[Any, ...]:
        """Return the values of _VOCABULARY cells, amount memos after the currency, and whether a flag is unknown.

        Nothing but the marketplace for a channel outside Amazon. Raises RowError.
        """
        market = self.parse_marketplace(cells[0])
        if market == OUTSIDE_AMAZON:
            return (market, *(None,) * 11, False)
        currency = parse_currency(cells[4])
        return (
            market,
            self.parse_word("channel", parse_channel, cells[1]),
            self.parse_word("status", parse_status, cells[2]),
            self.parse_word("item_status", parse_status, cells[3]),
            currency,
            *self.amount_memos(currency),
            self.parse_request(cells[5]),
            parse_label(cells[6]),
            *(self.parse_word(name, parse_flag, cell) for name, cell in zip(_VOCABULARY[7:], cells[7:], strict=True)),
            any(strip_quotes(text) and parse_flag(text) is None for text in (cells[5], *cells[7:])),
        )

    def parse_word(self, field: str, parse: Callable[[str], str | None], text: str) -> str | None:
        """Return the parsed word; None when it is empty, or when it is unknown, which is noted once."""
        found = parse(text)
        if found is None and strip_quotes(text):
            shown = to_single_line(text)[:40]
            if len(self._unknown_words) < MOST_NOTES:
                self._unknown_words.add(f"{COLUMNS[field][0]} {shown!r} is not known here and read as unknown")
        return found

    def _parse_past(self, text: str) -> int | None:
        """Return the time of what has happened; None when it is empty, or in the future, which is noted."""
        found = parse_time(text)
        if found is not None and found > self._info.latest:
            if len(self._unknown_words) < MOST_NOTES:
                self._unknown_words.add(f"the date {to_single_line(text)[:40]!r} is in the future and read as unknown")
            return None
        return found

    def parse_request(self, text: str) -> str | None:
        """Return the buyer's request: `official`, `none`, or None when the report does not say."""
        word = self.parse_word("requested", parse_flag, text)
        return "official" if word == "yes" else "none" if word == "no" else None

    def parse_marketplace(self, text: str) -> str | None:
        """Return the marketplace code; None when the row names none, OUTSIDE_AMAZON for a channel outside Amazon.

        Raises RowError for one that is not known here.
        """
        text = strip_quotes(text)
        if not text:
            return None
        market = by_sales_channel(text)
        if market is not None:
            return market.code
        if text.lower().startswith("non-amazon"):
            return OUTSIDE_AMAZON
        shown = text if _CHANNEL_TEXT.fullmatch(text) else ""
        raise RowError("sales-channel", shown, "is no marketplace that is known here")

    def amount_memos(self, currency: str | None) -> AmountMemos:
        """Return the memos of prices and discounts in a currency; with None any amount but zero is an error."""
        found = self._amounts.get(currency)
        if found is None:
            found = self._amounts[currency] = Memo(amount_parser(currency)), Memo(discount_parser(currency))
        return found

    # Rows

    def _parse_all_orders(self, number: int, cells: tuple[str, ...], damaged: frozenset[str]) -> ReportRow | None:
        words = self._words[self._pick_words(cells)]
        market, channel, status, item_status, currency, prices, discounts, request, reason, *flags, _ = words
        if market == OUTSIDE_AMAZON:
            return None
        order_id = cells[_ORDER_ID] if ORDER_ID.fullmatch(cells[_ORDER_ID]) else parse_order_id(cells[_ORDER_ID])
        item_id = parse_item_id(cells[_ITEM_ID]) if cells[_ITEM_ID] else None
        times, past, labels = self.times, self._past, self.labels
        purchased, ship_by, updated = past[cells[_PURCHASED]], times[cells[_SHIP_BY]], past[cells[_UPDATED]]
        quantity, shipped = self.quantities[cells[_QUANTITY]], self.quantities[cells[_SHIPPED]]
        amounts = self._parse_amounts(cells, prices, discounts) if self.has_amounts else _NO_AMOUNTS
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
        market, _, _, _, currency, prices, discounts, request, reason, *flags, _ = self._words[self._pick_words(cells)]
        if market == OUTSIDE_AMAZON:
            return None
        order_id = cells[_ORDER_ID] if ORDER_ID.fullmatch(cells[_ORDER_ID]) else parse_order_id(cells[_ORDER_ID])
        item_id = parse_item_id(cells[_ITEM_ID])
        if item_id is None and self._has_item_ids:
            raise RowError("order-item-id", "", "is empty")
        labels = self.labels
        purchased, ship_by = self._past[cells[_PURCHASED]], self.times[cells[_SHIP_BY]]
        quantity, shipped = self.quantities[cells[_QUANTITY]], self.quantities[cells[_SHIPPED]]
        amounts = self._parse_amounts(cells, prices, discounts) if self.has_amounts else _NO_AMOUNTS
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
    def _parse_amounts(
        cells: tuple[str, ...], prices: Memo[str, int | None], discounts: Memo[str, int | None]
    ) -> tuple[int | None, ...]:
        """Return the eight money components; all None when the row has no item price. Raises ValueError.

        A row that only adds promotions to its item has those alone.
        """
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


def parse_order_id(text: str) -> str:
    """Return the order id of a cell. Raises RowError."""
    text = strip_quotes(text)
    if ORDER_ID.fullmatch(text):
        return text
    if _BROKEN_NUMBER.fullmatch(text):
        raise RowError("order-id", text, "was broken by a spreadsheet: download the report again")
    raise RowError("order-id", to_single_line(text), "is no order id such as 113-0000001-0000001")


def parse_item_id(text: str) -> str | None:
    """Return the order-item-id of a cell; None when empty. Raises RowError."""
    if ITEM_ID.fullmatch(text):
        return text
    text = strip_quotes(text)
    if not text:
        return None
    if ITEM_ID.fullmatch(text):
        return text
    if _BROKEN_NUMBER.fullmatch(text):
        raise RowError("order-item-id", text, "was broken by a spreadsheet: download the report again")
    raise RowError("order-item-id", to_single_line(text), "is not made of digits")


def parse_currency(text: str) -> str | None:
    """Return the ISO 4217 code of a cell; None when empty. Raises RowError when no marketplace has that currency."""
    text = strip_quotes(text)
    if not text:
        return None
    if text in CURRENCIES:
        return text
    raise RowError("currency", to_single_line(text), "is no code such as USD")
