"""One row of an order report, and what is wrong with it. `columns` reads many at once, and leaves to this what is not plain."""

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
    amount,
    channel,
    discount,
    flag,
    label,
    moment,
    status,
    unquoted,
    whole,
)
from .inspect import split
from .model import RejectedRow, ReportInfo
from .report_kind import COLUMNS, FIELDS, ReportKind, positions

ITEM_ID = re.compile(r"[0-9]{1,20}", re.ASCII)
_BROKEN_NUMBER = re.compile(r"[0-9][.,]?[0-9]*[eE]\+?[0-9]+")
_CHANNEL_WORD = re.compile(r"[A-Za-z.\- ]*amazon[A-Za-z.\- ]*", re.IGNORECASE)
NO_PRICES = (None,) * 8
_OPTIONAL = frozenset({"title", "asin", "requested", "request_reason", "replacement", "business", "prime"})
"""Fields that a short row may lack without being called cut off."""
_WORDS = (
    "sales_channel",
    "channel",
    "status",
    "item_status",
    "currency",
    "requested",
    "request_reason",
    "replacement",
    "business",
    "prime",
)
"""Fields with few values, which are looked up together."""
AT = {name: at for at, name in enumerate(FIELDS)}
_NUMBERS = ("purchased", "ship_by", "updated", "quantity", "shipped", *FIELDS[AT["item_price"] : AT["requested"]])
_DATE = "is no date such as 2026-11-23T14:05:00+00:00"


class RowError(ValueError):
    """Why a row cannot be taken in: the column, its value (shown only when the cells stand in their columns), and what is wrong."""

    def __init__(self, column: str, value: str, wrong: str) -> None:
        super().__init__(f"{column} {wrong}")
        self.column = column
        self.value = value
        self.wrong = wrong

    def with_value(self) -> str:
        return f"{self.column}: {self.value[:60]!r} {self.wrong}" if self.value else str(self)


class RowReader:
    """Reads rows of one report, and remembers what it read of repeated cells."""

    def __init__(self, info: ReportInfo) -> None:
        self._info = info
        self._width = len(info.header)
        places = positions(info.header)
        last = self._width  # an empty cell is added there, for columns that are not in this file
        self._pick = itemgetter(*(last if at is None else at for at in places))
        self._words_of = itemgetter(*(AT[name] for name in _WORDS))
        self.has = {name: at is not None for name, at in zip(FIELDS, places, strict=True)}
        self.priced = any(self.has[name] for name in FIELDS[AT["item_price"] : AT["requested"]])
        essential = [at for name, at in zip(FIELDS, places, strict=True) if at is not None and name not in _OPTIONAL]
        self._shortest = min(self._width - 1, max(essential) + 1)
        self._words: Memo[tuple[str, ...], tuple[Any, ...]] = Memo(self._read_words)
        self.moments: Memo[str, int | None] = Memo(moment)
        self.labels: Memo[str, str | None] = Memo(label)
        self.wholes: Memo[str, int | None] = Memo(whole)
        self._amounts: dict[str | None, tuple[Memo[str, int | None], Memo[str, int | None]]] = {}
        self.odd: set[str] = set()
        """What was read in words that are not known here, since `take_odd`."""
        self.ignored = 0
        """Rows of channels outside Amazon, since `take_ignored`."""
        self._parse = self._all_orders if info.kind is ReportKind.ALL_ORDERS else self._shipping_report

    def read(self, number: int, line: str, *, broken: bool) -> ReportRow | None:
        """The row of a line; None: of a channel outside Amazon. `broken`: the line is not in the report's encoding. Raises Bad."""
        cells = self.picked(self.fitted(split(line, self._info.delimiter)))
        if broken and any("\ufffd" in cell for cell in cells):
            raise RowError("the row", "", f"has characters that are not {self._info.encoding}")
        row = self._parse(number, cells)
        self.ignored += row is None
        return row

    def picked(self, cells: list[str]) -> tuple[str, ...]:
        """The cells that are read, in the order of FIELDS; empty for those whose column is not in this file."""
        found: tuple[str, ...] = self._pick([*cells, ""])
        return found

    def take_odd(self) -> tuple[str, ...]:
        """What was read since the last call and is in words that are not known here."""
        odd = tuple(sorted(self.odd))
        self.odd.clear()
        return odd

    def take_ignored(self) -> int:
        """How many rows of channels outside Amazon were read since the last call."""
        ignored, self.ignored = self.ignored, 0
        return ignored

    def fitted(self, cells: list[str]) -> list[str]:
        """The cells; those of a row that lacks its last cells, or has blank ones too many, in the header's width. Raises Bad."""
        width = self._width
        if len(cells) == width:
            return cells
        if len(cells) < self._shortest or any(cell.strip() for cell in cells[width:]):
            raise RowError("the row", "", f"has {len(cells)} values, the header has {width}")
        return [*cells[:width], *[""] * (width - len(cells))]

    def reject(self, number: int, error: RowError, line: str) -> RejectedRow:
        """What is kept of a bad row. When it has not the header's width, any cell may be a buyer's: then only its order id is."""
        info = self._info
        cells = split(line, info.delimiter)
        if len(cells) == self._width:
            kept = [to_single_line(cell) for cell in self._pick([*cells, ""])]
            return RejectedRow(str(info.path), number, error.with_value(), " | ".join(cell for cell in kept if cell))
        order_ids = [text for cell in cells if ORDER_ID.fullmatch(text := unquoted(cell))]
        return RejectedRow(str(info.path), number, str(error), " | ".join(order_ids[:1]))

    # -- words with few values

    def _read_words(self, cells: tuple[str, ...]) -> tuple[Any, ...]:
        """Marketplace (None: outside Amazon), channel, status, item status, currency, memos of amounts, request, reason, three flags."""
        market = self.market(cells[0])
        if market is None:
            return (None,) * 12
        currency = currency_of(cells[4])
        return (
            market,
            self.known("channel", channel, cells[1]),
            self.known("status", status, cells[2]),
            self.known("item_status", status, cells[3]),
            currency,
            *self.memos(currency),
            self.request(cells[5]),
            label(cells[6]),
            *(self.known(name, flag, cell) for name, cell in zip(_WORDS[7:], cells[7:], strict=True)),
        )

    def known(self, field: str, make: Callable[[str], str | None], text: str) -> str | None:
        """What the word stands for; None when empty, or when it is not known, which is told once."""
        found = make(text)
        if found is None and unquoted(text):
            self.odd.add(f"{COLUMNS[field][0]} {to_single_line(text)[:40]!r} is not known here and read as unknown")
        return found

    def request(self, text: str) -> str | None:
        """The buyer's request: `official`, `none`, or None when the report does not say."""
        word = self.known("requested", flag, text)
        return "official" if word == "yes" else "none" if word == "no" else None

    def market(self, text: str) -> str | None:
        """The marketplace's code; None outside Amazon. Raises Bad when nobody says."""
        text = unquoted(text)
        if not text:
            if self._info.marketplace is None:
                raise RowError("sales-channel", "", "is empty: import with --marketplace CODE")
            return self._info.marketplace
        market = by_sales_channel(text)
        if market is not None:
            return market.code
        if text.lower().startswith("non-amazon"):
            return None
        shown = text if _CHANNEL_WORD.fullmatch(text) else ""
        raise RowError("sales-channel", shown, "is no marketplace that is known here")

    def memos(self, currency: str | None) -> tuple[Memo[str, int | None], Memo[str, int | None]]:
        """Prices and discounts of a currency; None: amounts are errors."""
        found = self._amounts.get(currency)
        if found is None:
            found = self._amounts[currency] = Memo(amount(currency)), Memo(discount(currency))
        return found

    # -- rows

    def _all_orders(self, number: int, cells: tuple[str, ...]) -> ReportRow | None:
        (market, channel_, status_, item_status, currency, prices, discounts, request, reason, replacement, business, prime) = (
            self._words[self._words_of(cells)]
        )  # fmt: skip
        if market is None:
            return None
        order_id = cells[0] if ORDER_ID.fullmatch(cells[0]) else order_id_of(cells[0])
        item_id = item_id_of(cells[1]) if cells[1] else None
        moments, labels = self.moments, self.labels
        try:
            purchased, ship_by, updated = moments[cells[6]], moments[cells[7]], moments[cells[8]]
            quantity, shipped = self.wholes[cells[12]], self.wholes[cells[13]]
            money = self._money(cells, prices, discounts) if self.priced else NO_PRICES
        except ValueError:
            raise self._why(cells, currency) from None
        if shipped is None and item_status == "shipped":
            shipped = quantity
        return (
            number, order_id, item_id, market, channel_, status_, item_status,
            purchased, ship_by, updated if updated is not None else purchased or self._info.as_of or 0,
            labels[cells[9]] or "", labels[cells[10]], labels[cells[11]], quantity, shipped, currency,
            *money, request, reason, replacement, business, prime,
        )  # fmt: skip

    def _shipping_report(self, number: int, cells: tuple[str, ...]) -> ReportRow | None:
        (market, _, _, _, currency, prices, discounts, request, reason, replacement, business, prime) = (
            self._words[self._words_of(cells)]
        )  # fmt: skip
        if market is None:
            return None
        order_id = cells[0] if ORDER_ID.fullmatch(cells[0]) else order_id_of(cells[0])
        item_id = item_id_of(cells[1])
        if item_id is None and self.has["item_id"]:
            raise RowError("order-item-id", "", "is empty")
        labels = self.labels
        try:
            purchased, ship_by = self.moments[cells[6]], self.moments[cells[7]]
            quantity, shipped = self.wholes[cells[12]], self.wholes[cells[13]]
            money = self._money(cells, prices, discounts) if self.priced else NO_PRICES
        except ValueError:
            raise self._why(cells, currency) from None
        state = None
        if self._info.kind is ReportKind.UNSHIPPED:
            state = "partially_shipped" if shipped else "unshipped"
        return (
            number, order_id, item_id, market, "merchant", state, None,
            purchased, ship_by, self._info.as_of or purchased or 0,
            labels[cells[9]] or "", labels[cells[10]], labels[cells[11]], quantity, shipped, currency,
            *money, request, reason, replacement, business, prime,
        )  # fmt: skip

    @staticmethod
    def _money(
        cells: tuple[str, ...], prices: Memo[str, int | None], discounts: Memo[str, int | None]
    ) -> tuple[int | None, ...]:
        """The eight amounts; all None when the row has no item price. Raises ValueError."""
        price = prices[cells[15]]
        rest = (
            prices[cells[16]] or 0, prices[cells[17]] or 0, prices[cells[18]] or 0, prices[cells[19]] or 0,
            prices[cells[20]] or 0, discounts[cells[21]] or 0, discounts[cells[22]] or 0,
        )  # fmt: skip
        return NO_PRICES if price is None else (price, *rest)

    def _why(self, cells: tuple[str, ...], currency: str | None) -> RowError:
        """Which of a row's dates and numbers is wrong."""
        prices, discounts = self.memos(currency)
        for name in _NUMBERS:
            text = cells[AT[name]]
            column = next((one for one in COLUMNS[name] if one in self._info.header), COLUMNS[name][0])
            make: Callable[[str], object]
            if name in ("purchased", "ship_by", "updated"):
                make, wrong = moment, _DATE
            elif name in ("quantity", "shipped"):
                make, wrong = whole, "is no whole number such as 2"
            else:
                make, wrong = (discounts if name.endswith("promotion") else prices).__getitem__, ""
            try:
                make(text)
            except ValueError as error:
                return RowError(column, to_single_line(text), wrong or str(error))
        raise AssertionError("one of them is wrong")


def order_id_of(text: str) -> str:
    text = unquoted(text)
    if ORDER_ID.fullmatch(text):
        return text
    if _BROKEN_NUMBER.fullmatch(text):
        raise RowError("order-id", text, "was broken by a spreadsheet: download the report again")
    raise RowError("order-id", to_single_line(text), "is no order id such as 113-0000001-0000001")


def item_id_of(text: str) -> str | None:
    if ITEM_ID.fullmatch(text):
        return text
    text = unquoted(text)
    if not text:
        return None
    if ITEM_ID.fullmatch(text):
        return text
    if _BROKEN_NUMBER.fullmatch(text):
        raise RowError("order-item-id", text, "was broken by a spreadsheet: download the report again")
    raise RowError("order-item-id", to_single_line(text), "is not made of digits")


def currency_of(text: str) -> str | None:
    text = unquoted(text)
    if not text:
        return None
    if len(text) == 3 and text.isascii() and text.isalpha() and text.isupper():
        return text
    raise RowError("currency", to_single_line(text), "is no code such as USD")
