"""Read order reports row by row and tell what is wrong with a bad row. `column_reader`, which is faster, agrees."""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import itemgetter
from typing import Any

from ordertui.orders.marketplace import by_sales_channel
from ordertui.orders.report_row import ReportRow
from ordertui.orders.text import to_single_line

from .cell_parsers import (
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
_CHANNEL_TEXT = re.compile(r"[A-Za-z.\- ]*amazon[A-Za-z.\- ]*", re.IGNORECASE)
_NO_AMOUNTS = (None,) * 8
_OPTIONAL = frozenset({"title", "asin", "requested", "request_reason", "replacement", "business", "prime"})
"""Fields that a row may lack at its end without counting as cut off."""
_VOCABULARY = (
    "sales_channel", "channel", "status", "item_status", "currency", "requested", "request_reason", "replacement",
    "business", "prime",
)  # fmt: skip
"""Fields with few different values. One memo parses all of them at once: their combinations repeat too."""
FIELD_INDEX = {name: index for index, name in enumerate(FIELDS)}
(
    _ORDER_ID, _ITEM_ID, _, _, _, _, _PURCHASED, _SHIP_BY, _UPDATED, _SKU, _ASIN, _TITLE, _QUANTITY, _SHIPPED, _,
    _ITEM_PRICE, _ITEM_TAX, _SHIPPING_PRICE, _SHIPPING_TAX, _GIFT_WRAP_PRICE, _GIFT_WRAP_TAX, _ITEM_PROMOTION,
    _SHIP_PROMOTION,
) = range(23)  # fmt: skip
"""Indexes of FIELDS."""
AMOUNT_FIELDS = FIELDS[_ITEM_PRICE : _SHIP_PROMOTION + 1]
_NUMBERS = ("purchased", "ship_by", "updated", "quantity", "shipped", *AMOUNT_FIELDS)

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
        self._width = len(info.header)
        positions = column_positions(info.header)
        absent = self._width  # the index of an empty cell that is appended for columns not in this file
        self._pick = itemgetter(*(absent if index is None else index for index in positions))
        self._pick_words = itemgetter(*(FIELD_INDEX[name] for name in _VOCABULARY))
        present = dict(zip(FIELDS, positions, strict=True))
        self._has_item_ids = present["item_id"] is not None
        self.has_amounts = any(present[name] is not None for name in AMOUNT_FIELDS)
        essential = [index for name, index in present.items() if index is not None and name not in _OPTIONAL]
        self._shortest = min(self._width - 1, max(essential) + 1)
        self._words: Memo[tuple[str, ...], tuple[Any, ...]] = Memo(self._parse_words)
        self.times: Memo[str, int | None] = Memo(parse_time)
        self._past: Memo[str, int | None] = Memo(self._parse_past)
        self.labels: Memo[str, str | None] = Memo(parse_label)
        self.quantities: Memo[str, int | None] = Memo(parse_quantity)
        self._amounts: dict[str | None, AmountMemos] = {}
        self._unknown_words: set[str] = set()
        self.ignored = 0
        """Rows of channels outside Amazon since `take_ignored`."""
        self._status_source = info.format.status_source
        has_status = self._status_source is StatusSource.COLUMNS
        self._parse = self._parse_all_orders if has_status else self._parse_shipping_report

    def read(self, number: int, line: str, *, is_broken: bool) -> ReportRow | None:
        """Return the row of a line; None for a sales channel outside Amazon. Raises RowError.

        `is_broken`: the line is not valid in the report's encoding.
        """
        cells = self.pick_fields(self.fit_to_header(split_line(line, self._info.delimiter)))
        if is_broken and any("\ufffd" in cell for cell in cells):
            raise RowError("the row", "", f"has characters that are not {self._info.encoding}")
        row = self._parse(number, cells)
        self.ignored += row is None
        return row

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
            raise RowError("the row", "", f"has {len(cells)} values, the header has {width}")
        return [*cells[:width], *[""] * (width - len(cells))]

    def reject(self, number: int, error: RowError, line: str) -> RejectedRow:
        """Return what is kept of a bad row: the cells of columns that are read.

        In a row of another width than the header any cell may be a buyer's, so only its order id is kept.
        """
        file, cells = str(self._info.path), split_line(line, self._info.delimiter)
        if len(cells) == self._width:
            kept = [to_single_line(cell) for cell in self.pick_fields(cells)]
            return RejectedRow(file, number, error.with_value(), " | ".join(cell for cell in kept if cell))
        order_ids = [text for cell in cells if ORDER_ID.fullmatch(text := strip_quotes(cell))]
        return RejectedRow(file, number, str(error), " | ".join(order_ids[:1]))

    # Fields of few values

    def _parse_words(self, cells: tuple[str, ...]) -> tuple[Any, ...]:
        """Return the values of _VOCABULARY cells, amount memos after the currency; all None for a foreign channel."""
        market = self.parse_marketplace(cells[0])
        if market is None:
            return (None,) * 12
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
        """Return the marketplace code; None for a channel outside Amazon. Raises RowError when nothing tells it."""
        text = strip_quotes(text)
        if not text:
            if self._info.marketplace is None:
                raise RowError("sales-channel", "", "is empty: import with --marketplace CODE")
            return self._info.marketplace
        market = by_sales_channel(text)
        if market is not None:
            return market.code
        if text.lower().startswith("non-amazon"):
            return None
        shown = text if _CHANNEL_TEXT.fullmatch(text) else ""
        raise RowError("sales-channel", shown, "is no marketplace that is known here")

    def amount_memos(self, currency: str | None) -> AmountMemos:
        """Return the memos of prices and discounts in a currency; with None any amount is an error."""
        found = self._amounts.get(currency)
        if found is None:
            found = self._amounts[currency] = Memo(amount_parser(currency)), Memo(discount_parser(currency))
        return found

    # Rows

    def _parse_all_orders(self, number: int, cells: tuple[str, ...]) -> ReportRow | None:
        words = self._words[self._pick_words(cells)]
        market, channel, status, item_status, currency, prices, discounts, request, reason, *flags = words
        if market is None:
            return None
        order_id = cells[_ORDER_ID] if ORDER_ID.fullmatch(cells[_ORDER_ID]) else parse_order_id(cells[_ORDER_ID])
        item_id = parse_item_id(cells[_ITEM_ID]) if cells[_ITEM_ID] else None
        times, past, labels = self.times, self._past, self.labels
        try:
            purchased, ship_by, updated = past[cells[_PURCHASED]], times[cells[_SHIP_BY]], past[cells[_UPDATED]]
            quantity, shipped = self.quantities[cells[_QUANTITY]], self.quantities[cells[_SHIPPED]]
            amounts = self._parse_amounts(cells, prices, discounts) if self.has_amounts else _NO_AMOUNTS
        except ValueError:
            raise self._number_error(cells, currency) from None
        if shipped is None and item_status == "shipped":
            shipped = quantity
        return (
            number, order_id, item_id, market, channel, status, item_status,
            purchased, ship_by, updated if updated is not None else purchased or self._info.as_of or 0,
            labels[cells[_SKU]] or "", labels[cells[_ASIN]], labels[cells[_TITLE]], quantity, shipped, currency,
            *amounts, request, reason, *flags,
        )  # fmt: skip

    def _parse_shipping_report(self, number: int, cells: tuple[str, ...]) -> ReportRow | None:
        market, _, _, _, currency, prices, discounts, request, reason, *flags = self._words[self._pick_words(cells)]
        if market is None:
            return None
        order_id = cells[_ORDER_ID] if ORDER_ID.fullmatch(cells[_ORDER_ID]) else parse_order_id(cells[_ORDER_ID])
        item_id = parse_item_id(cells[_ITEM_ID])
        if item_id is None and self._has_item_ids:
            raise RowError("order-item-id", "", "is empty")
        labels = self.labels
        try:
            purchased, ship_by = self._past[cells[_PURCHASED]], self.times[cells[_SHIP_BY]]
            quantity, shipped = self.quantities[cells[_QUANTITY]], self.quantities[cells[_SHIPPED]]
            amounts = self._parse_amounts(cells, prices, discounts) if self.has_amounts else _NO_AMOUNTS
        except ValueError:
            raise self._number_error(cells, currency) from None
        status = None
        if self._status_source is StatusSource.UNITS_SHIPPED:
            status = "partially_shipped" if shipped else "unshipped"
        return (
            number, order_id, item_id, market, "merchant", status, None,
            purchased, ship_by, self._info.as_of or purchased or 0,
            labels[cells[_SKU]] or "", labels[cells[_ASIN]], labels[cells[_TITLE]], quantity, shipped, currency,
            *amounts, request, reason, *flags,
        )  # fmt: skip

    @staticmethod
    def _parse_amounts(
        cells: tuple[str, ...], prices: Memo[str, int | None], discounts: Memo[str, int | None]
    ) -> tuple[int | None, ...]:
        """Return the eight money components; all None when the row has no item price. Raises ValueError."""
        price = prices[cells[_ITEM_PRICE]]
        rest = (
            prices[cells[_ITEM_TAX]] or 0, prices[cells[_SHIPPING_PRICE]] or 0, prices[cells[_SHIPPING_TAX]] or 0,
            prices[cells[_GIFT_WRAP_PRICE]] or 0, prices[cells[_GIFT_WRAP_TAX]] or 0,
            discounts[cells[_ITEM_PROMOTION]] or 0, discounts[cells[_SHIP_PROMOTION]] or 0,
        )  # fmt: skip
        return _NO_AMOUNTS if price is None else (price, *rest)

    def _number_error(self, cells: tuple[str, ...], currency: str | None) -> RowError:
        """Return the error of the first bad date, quantity or amount of a row that has one."""
        prices, discounts = self.amount_memos(currency)
        for name in _NUMBERS:
            text = cells[FIELD_INDEX[name]]
            column = next((one for one in COLUMNS[name] if one in self._info.header), COLUMNS[name][0])
            parse: Callable[[str], object]
            if name in ("purchased", "ship_by", "updated"):
                parse, wrong = parse_time, "is no date such as 2026-11-23T14:05:00+00:00"
            elif name in ("quantity", "shipped"):
                parse, wrong = parse_quantity, "is no whole number such as 2"
            else:
                parse, wrong = (discounts if name.endswith("promotion") else prices).__getitem__, ""
            try:
                parse(text)
            except ValueError as error:
                return RowError(column, to_single_line(text), wrong or str(error))
        raise AssertionError("called for a row whose numbers are all good")


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
    """Return the ISO 4217 code of a cell; None when empty. Raises RowError."""
    text = strip_quotes(text)
    if not text:
        return None
    if len(text) == 3 and text.isascii() and text.isalpha() and text.isupper():
        return text
    raise RowError("currency", to_single_line(text), "is no code such as USD")
