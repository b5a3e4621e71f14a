"""Values of the cells of a report: each kind of cell parsed once, and notes on words and dates that are not known."""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import itemgetter
from typing import NamedTuple

from ordertui.orders.clock import iso_utc
from ordertui.orders.marketplace import CURRENCIES, MARKETPLACES, by_sales_channel
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
from .report_kind import COLUMNS, FIELD_INDEX

MOST_NOTES = 100
"""Notes on words and dates that are kept; a file of nothing else would fill the memory with them."""
ITEM_ID = re.compile(r"[0-9]{1,20}", re.ASCII)
_BROKEN_NUMBER = re.compile(r"[0-9][.,]?[0-9]*[eE]\+?[0-9]+")
"""An id that a spreadsheet turned into a floating-point number."""
_CHANNEL_TEXT = re.compile(r"[A-Za-z.\- ]*amazon[A-Za-z.\- ]*|SI [A-Z]{2} Prod Marketplace", re.IGNORECASE)
OUTSIDE_AMAZON = ""
"""Stands for the marketplace of a row of a sales channel outside Amazon."""
_FLAGS = ("replacement", "business", "prime")
_VOCABULARY = (
    "sales_channel", "channel", "status", "item_status", "currency", "requested", "request_reason", *_FLAGS,
)  # fmt: skip
"""Fields with few different values. One memo parses all of them at once: their combinations repeat too."""

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


class RowWords(NamedTuple):
    """The values of _VOCABULARY in a row."""

    marketplace: str | None
    channel: str | None = None
    status: str | None = None
    item_status: str | None = None
    currency: str | None = None
    amounts: AmountMemos | None = None
    """None for a channel outside Amazon alone."""
    request: str | None = None
    request_reason: str | None = None
    flags: tuple[str | None, ...] = ()
    has_unknown_flag: bool = False


class CellValues:
    """Parses the cells of one report. Its memos and notes are shared by RowReader and ColumnReader."""

    def __init__(self, latest: int) -> None:
        """`latest`: what is dated later has not happened (epoch seconds)."""
        self._latest = latest
        self.pick_words = itemgetter(*(FIELD_INDEX[name] for name in _VOCABULARY))
        self.words: Memo[tuple[str, ...], RowWords] = Memo(self._parse_words)
        """By the cells of `pick_words`."""
        self.times: Memo[str, int | None] = Memo(parse_time)
        self.past: Memo[str, int | None] = Memo(self._parse_past)
        self.labels: Memo[str, str | None] = Memo(parse_label)
        self.quantities: Memo[str, int | None] = Memo(parse_quantity)
        self._amounts: dict[str | None, AmountMemos] = {}
        self._unknown_words: set[str] = set()
        self._has_future = False
        """A date in the future was noted. By a clock that is wrong all of them are, so one stands for the others."""

    def words_of(self, cells: tuple[str, ...]) -> RowWords:
        """Return the values of a row's fields that have few different ones. Raises RowError."""
        return self.words[self.pick_words(cells)]

    @property
    def currencies(self) -> list[str]:
        """The currencies of the amounts parsed so far."""
        return [one for one in self._amounts if one is not None]

    def take_unknown_words(self) -> tuple[str, ...]:
        """Return notes on the unknown words read since the last call."""
        found = tuple(sorted(self._unknown_words))
        self._unknown_words.clear()
        return found

    def _parse_words(self, cells: tuple[str, ...]) -> RowWords:
        """Return the values of _VOCABULARY cells; of a channel outside Amazon nothing but that. Raises RowError."""
        market = self.parse_marketplace(cells[0])
        if market == OUTSIDE_AMAZON:
            return RowWords(market)
        currency = parse_currency(cells[4])
        check_currency(market, currency)
        return RowWords(
            market,
            self.parse_word("channel", parse_channel, cells[1]),
            self.parse_word("status", parse_status, cells[2]),
            self.parse_word("item_status", parse_status, cells[3]),
            currency,
            self.amount_memos(currency),
            self.parse_request(cells[5]),
            parse_label(cells[6]),
            tuple(self.parse_word(name, parse_flag, cell) for name, cell in zip(_FLAGS, cells[7:], strict=True)),
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
        if found is not None and found > self._latest:
            if not self._has_future:
                self._has_future = True
                self._unknown_words.add(
                    f"the date {to_single_line(text)[:40]!r} is in the future and read as unknown, as any other after"
                    f" {iso_utc(self._latest)}: if this machine's clock is wrong, set it right and import again"
                )
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


def parse_order_id(text: str) -> str:
    """Return the order id of a cell. Raises RowError."""
    text = strip_quotes(text)
    if ORDER_ID.fullmatch(text):
        return text
    raise _unreadable_id("order-id", text, "is no order id such as 113-0000001-0000001")


def parse_item_id(text: str) -> str | None:
    """Return the order-item-id of a cell; None when empty. Raises RowError."""
    if ITEM_ID.fullmatch(text):
        return text
    text = strip_quotes(text)
    if not text:
        return None
    if ITEM_ID.fullmatch(text):
        return text
    raise _unreadable_id("order-item-id", text, "is not made of digits")


def _unreadable_id(column: str, text: str, why: str) -> RowError:
    if _BROKEN_NUMBER.fullmatch(text):
        return RowError(column, text, "was broken by a spreadsheet: download the report again")
    return RowError(column, to_single_line(text), why)


def check_currency(market: str | None, currency: str | None) -> None:
    """Raise RowError when amounts are not in the currency of their marketplace: nobody knows then what was paid."""
    if market is not None and currency is not None and not is_own_currency(market, currency):
        expected = MARKETPLACES[market].currency
        raise RowError("currency", currency, f"is not the currency of {market}, which is {expected}")


def is_own_currency(market: object, currency: object) -> bool:
    """Return whether amounts may be of this marketplace; None, and a channel outside Amazon, say nothing."""
    known = MARKETPLACES.get(str(market))
    return currency is None or known is None or known.currency == currency


def parse_currency(text: str) -> str | None:
    """Return the ISO 4217 code of a cell; None when empty. Raises RowError when no marketplace has that currency."""
    text = strip_quotes(text)
    if not text:
        return None
    if text in CURRENCIES:
        return text
    raise RowError("currency", to_single_line(text), "is no code such as USD")
