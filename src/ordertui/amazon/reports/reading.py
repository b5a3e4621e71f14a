"""Order reports row by row: plain tuples out, bad rows listed, buyers' data never touched."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from operator import itemgetter
from typing import Any

from ordertui.orders.marketplace import by_sales_channel
from ordertui.orders.report_row import Row

from .cells import ORDER_ID, Memo, amount, channel, clean, discount, flag, label, moment, status, unquoted, whole
from .encoding import fits
from .kinds import COLUMNS, FIELDS, ReportKind, positions
from .looking import chunks, split
from .values import Reject, ReportInfo, RowBatch

_ITEM_ID = re.compile(r"[0-9]{1,20}", re.ASCII)
_BROKEN_NUMBER = re.compile(r"[0-9][.,]?[0-9]*[eE]\+?[0-9]+")
_CHANNEL_WORD = re.compile(r"[A-Za-z.\- ]*amazon[A-Za-z.\- ]*", re.IGNORECASE)
_NO_PRICES = (None,) * 8
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
_AT = {name: at for at, name in enumerate(FIELDS)}
_NUMBERS = ("purchased", "ship_by", "updated", "quantity", "shipped", *FIELDS[_AT["item_price"] : _AT["requested"]])
_DATE = "is no date such as 2026-11-23T14:05:00+00:00"


class _Bad(ValueError):
    """Why a row cannot be taken in: the column, its value (shown only when the cells stand in their columns), and what is wrong."""

    def __init__(self, column: str, value: str, wrong: str) -> None:
        super().__init__(f"{column} {wrong}")
        self.column = column
        self.value = value
        self.wrong = wrong

    def with_value(self) -> str:
        return f"{self.column}: {self.value[:60]!r} {self.wrong}" if self.value else str(self)


def read(info: ReportInfo, *, block_bytes: int | None = None) -> Iterator[RowBatch]:
    """The rows of an order report, some thousands at a time (those of `block_bytes` of the file)."""
    return _Reader(info).batches(block_bytes)


class _Reader:
    def __init__(self, info: ReportInfo) -> None:
        self._info = info
        self._width = len(info.header)
        places = positions(info.header)
        last = self._width  # an empty cell is added there, for columns that are not in this file
        self._pick = itemgetter(*(last if at is None else at for at in places))
        self._words_of = itemgetter(*(_AT[name] for name in _WORDS))
        self._has = {name: at is not None for name, at in zip(FIELDS, places, strict=True)}
        self._priced = any(self._has[name] for name in FIELDS[_AT["item_price"] : _AT["requested"]])
        essential = [at for name, at in zip(FIELDS, places, strict=True) if at is not None and name not in _OPTIONAL]
        self._shortest = min(self._width - 1, max(essential) + 1)
        self._words: Memo[tuple[str, ...], tuple[Any, ...]] = Memo(self._read_words)
        self._moments: Memo[str, int | None] = Memo(moment)
        self._labels: Memo[str, str | None] = Memo(label)
        self._wholes: Memo[str, int | None] = Memo(whole)
        self._amounts: dict[str | None, tuple[Memo[str, int | None], Memo[str, int | None]]] = {}
        self._odd: set[str] = set()
        self._parse = self._all_orders if info.kind is ReportKind.ALL_ORDERS else self._shipping_report

    def batches(self, block_bytes: int | None) -> Iterator[RowBatch]:
        """All rows."""
        info, width, delimiter, pick, parse = self._info, self._width, self._info.delimiter, self._pick, self._parse
        number = 0
        for block, done in chunks(info.path) if block_bytes is None else chunks(info.path, block_bytes):
            lines, broken = lines_of(info, block, number)
            rows: list[Row] = []
            rejects: list[Reject] = []
            ignored = 0
            for line in lines:
                number += 1
                if number == 1 or not line or line.isspace():
                    continue
                cells = line.split("\t") if delimiter == "\t" else split(line, delimiter)
                try:
                    if len(cells) != width:
                        cells = self._fit(cells)
                    cells.append("")
                    picked = pick(cells)
                    if number in broken and any("\ufffd" in cell for cell in picked):
                        raise _Bad("the row", "", f"has characters that are not {info.encoding}")
                    row = parse(number, picked)
                except _Bad as error:
                    rejects.append(self._reject(number, error, line))
                    continue
                if row is None:
                    ignored += 1
                else:
                    rows.append(row)
            odd = tuple(sorted(self._odd))
            self._odd.clear()
            yield RowBatch(rows, rejects, ignored, done, odd)

    def _fit(self, cells: list[str]) -> list[str]:
        """A row that lacks its last cells, or has blank ones too many, in the header's width. Raises _Bad."""
        width = self._width
        if len(cells) < self._shortest or any(cell.strip() for cell in cells[width:]):
            raise _Bad("the row", "", f"has {len(cells)} values, the header has {width}")
        return [*cells[:width], *[""] * (width - len(cells))]

    def _reject(self, number: int, error: _Bad, line: str) -> Reject:
        """What is kept of a bad row. When it has not the header's width, any cell may be a buyer's: then only its order id is."""
        info = self._info
        cells = split(line, info.delimiter)
        if len(cells) == self._width:
            kept = [clean(cell) for cell in self._pick([*cells, ""])]
            return Reject(str(info.path), number, error.with_value(), " | ".join(cell for cell in kept if cell))
        order_ids = [text for cell in cells if ORDER_ID.fullmatch(text := unquoted(cell))]
        return Reject(str(info.path), number, str(error), " | ".join(order_ids[:1]))

    # -- words with few values

    def _read_words(self, cells: tuple[str, ...]) -> tuple[Any, ...]:
        """Marketplace (None: outside Amazon), channel, status, item status, currency, memos of amounts, request, reason, three flags."""
        market = self._market(cells[0])
        if market is None:
            return (None,) * 12
        currency = _currency(cells[4])
        request = None
        if self._has["requested"]:
            word = self._known("requested", flag, cells[5])
            request = "official" if word == "yes" else "none" if word == "no" else None
        return (
            market,
            self._known("channel", channel, cells[1]),
            self._known("status", status, cells[2]),
            self._known("item_status", status, cells[3]),
            currency,
            *self._memos(currency),
            request,
            label(cells[6]),
            *(self._known(name, flag, cell) for name, cell in zip(_WORDS[7:], cells[7:], strict=True)),
        )

    def _known(self, field: str, make: Callable[[str], str | None], text: str) -> str | None:
        """What the word stands for; None when empty, or when it is not known, which is told once."""
        found = make(text)
        if found is None and unquoted(text):
            self._odd.add(f"{COLUMNS[field][0]} {clean(text)[:40]!r} is not known here and read as unknown")
        return found

    def _market(self, text: str) -> str | None:
        """The marketplace's code; None outside Amazon. Raises _Bad when nobody says."""
        text = unquoted(text)
        if not text:
            if self._info.marketplace is None:
                raise _Bad("sales-channel", "", "is empty: import with --marketplace CODE")
            return self._info.marketplace
        market = by_sales_channel(text)
        if market is not None:
            return market.code
        if text.lower().startswith("non-amazon"):
            return None
        shown = text if _CHANNEL_WORD.fullmatch(text) else ""
        raise _Bad("sales-channel", shown, "is no marketplace that is known here")

    def _memos(self, currency: str | None) -> tuple[Memo[str, int | None], Memo[str, int | None]]:
        """Prices and discounts of a currency; None: amounts are errors."""
        found = self._amounts.get(currency)
        if found is None:
            found = self._amounts[currency] = Memo(amount(currency)), Memo(discount(currency))
        return found

    # -- rows

    def _all_orders(self, number: int, cells: tuple[str, ...]) -> Row | None:
        (market, channel_, status_, item_status, currency, prices, discounts, request, reason, replacement, business, prime) = (
            self._words[self._words_of(cells)]
        )  # fmt: skip
        if market is None:
            return None
        order_id = cells[0] if ORDER_ID.fullmatch(cells[0]) else _order_id(cells[0])
        item_id = _item_id(cells[1]) if cells[1] else None
        moments, labels = self._moments, self._labels
        try:
            purchased, ship_by, updated = moments[cells[6]], moments[cells[7]], moments[cells[8]]
            quantity, shipped = self._wholes[cells[12]], self._wholes[cells[13]]
            money = self._money(cells, prices, discounts) if self._priced else _NO_PRICES
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

    def _shipping_report(self, number: int, cells: tuple[str, ...]) -> Row | None:
        (market, _, _, _, currency, prices, discounts, request, reason, replacement, business, prime) = (
            self._words[self._words_of(cells)]
        )  # fmt: skip
        if market is None:
            return None
        order_id = cells[0] if ORDER_ID.fullmatch(cells[0]) else _order_id(cells[0])
        item_id = _item_id(cells[1])
        if item_id is None and self._has["item_id"]:
            raise _Bad("order-item-id", "", "is empty")
        labels = self._labels
        try:
            purchased, ship_by = self._moments[cells[6]], self._moments[cells[7]]
            quantity, shipped = self._wholes[cells[12]], self._wholes[cells[13]]
            money = self._money(cells, prices, discounts) if self._priced else _NO_PRICES
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
        return _NO_PRICES if price is None else (price, *rest)

    def _why(self, cells: tuple[str, ...], currency: str | None) -> _Bad:
        """Which of a row's dates and numbers is wrong."""
        prices, discounts = self._memos(currency)
        for name in _NUMBERS:
            text = cells[_AT[name]]
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
                return _Bad(column, clean(text), wrong or str(error))
        raise AssertionError("one of them is wrong")


def lines_of(info: ReportInfo, block: bytes, before: int) -> tuple[list[str], frozenset[int]]:
    """The lines of a block, and the numbers of those that are not in the report's encoding (their odd bytes became U+FFFD).

    `before` is the number of the line before the block.
    """
    broken: frozenset[int] = frozenset()
    try:
        text = block.decode(info.encoding)
    except UnicodeDecodeError:
        raw = block.split(b"\n")
        broken = frozenset(number for number, line in enumerate(raw, before + 1) if not fits(line, info.encoding))
        text = "\n".join(line.decode(info.encoding, "replace") for line in raw)
    lines = text.replace("\r\n", "\n").split("\n") if "\r" in text else text.split("\n")
    lines.pop()  # what stands after the last line end is no line
    return lines, broken


def _order_id(text: str) -> str:
    text = unquoted(text)
    if ORDER_ID.fullmatch(text):
        return text
    if _BROKEN_NUMBER.fullmatch(text):
        raise _Bad("order-id", text, "was broken by a spreadsheet: download the report again")
    raise _Bad("order-id", clean(text), "is no order id such as 113-0000001-0000001")


def _item_id(text: str) -> str | None:
    if _ITEM_ID.fullmatch(text):
        return text
    text = unquoted(text)
    if not text:
        return None
    if _ITEM_ID.fullmatch(text):
        return text
    if _BROKEN_NUMBER.fullmatch(text):
        raise _Bad("order-item-id", text, "was broken by a spreadsheet: download the report again")
    raise _Bad("order-item-id", clean(text), "is not made of digits")


def _currency(text: str) -> str | None:
    text = unquoted(text)
    if not text:
        return None
    if len(text) == 3 and text.isascii() and text.isalpha() and text.isupper():
        return text
    raise _Bad("currency", clean(text), "is no code such as USD")
