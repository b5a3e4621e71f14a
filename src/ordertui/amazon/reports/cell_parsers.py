"""Parse cells of a report: dates, amounts, quantities, flags, statuses. An empty one is None, a bad one ValueError."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Generic, TypeVar

from ordertui.orders.clock import check_moment
from ordertui.orders.money import exponent
from ordertui.orders.text import to_single_line

K = TypeVar("K")
T = TypeVar("T")
MEMO_LIMIT = 50_000
ORDER_ID = re.compile(r"[A-Z0-9]{3}-[0-9]{7}-[0-9]{7}", re.ASCII)
_AMOUNT = re.compile(r"(-?)([0-9]{1,12})(?:\.([0-9]{1,6}))?", re.ASCII)
_ZERO = re.compile(r"-?0{1,12}(?:\.0{1,6})?", re.ASCII)
_QUANTITY = re.compile(r"[0-9]{1,9}", re.ASCII)


class Memo(dict[K, T], Generic[K, T]):
    """A cache from text (or a tuple of texts) to its value, because a report repeats itself; `make` parses what is
    missing.

    Emptied when it reaches MEMO_LIMIT entries, so that memory stays flat.
    """

    def __init__(self, make: Callable[[K], T]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, text: K) -> T:
        value = self._make(text)
        if len(self) >= MEMO_LIMIT:
            self.clear()
        self[text] = value
        return value


def strip_quotes(text: str) -> str:
    """Return a cell without the quotes that a spreadsheet put around it. Quotes that belong to the text stay."""
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        inside = text[1:-1].replace('""', "\0")
        if '"' not in inside:
            return inside.replace("\0", '"').strip()
    return text


def parse_label(text: str) -> str | None:
    """Return a title or SKU as one printable line; None when empty."""
    return to_single_line(strip_quotes(text)) or None


def parse_time(text: str) -> int | None:
    """Return the UTC epoch seconds of an ISO 8601 time, UTC without an offset; None when empty. Raises ValueError."""
    text = strip_quotes(text)
    if not text:
        return None
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        found = found.replace(tzinfo=UTC)
    return check_moment(int(found.timestamp()), text)


def amount_parser(currency: str | None) -> Callable[[str], int | None]:
    """Return a function from decimal text to minor units of the currency, 0 or more.

    The function returns None for an empty cell and raises ValueError for a bad one. When `currency` is None, zero says
    nothing, as an empty cell does, and any other amount is a bad one.
    """
    digits = 0 if currency is None else exponent(currency)
    point = "." if digits else ""

    def parse(text: str) -> int | None:
        above, between, below = text.partition(".")
        if len(below) == digits and between == point and currency and 0 < len(above) <= 12 and text.isascii():
            figures = above + below
            if figures.isdigit():  # the usual case, without a pattern
                return int(figures)
        text = strip_quotes(text)
        if not text:
            return None
        if currency is None:
            if _ZERO.fullmatch(text):
                return None
            raise ValueError("is an amount without a currency")
        found = _AMOUNT.fullmatch(text)
        if found is None:
            raise ValueError("is not an amount such as 12.50")
        sign, whole, part = found.groups()
        part = (part or "").rstrip("0")
        if len(part) > digits:
            raise ValueError(f"has more decimals than {currency} has")
        value = int(whole + part.ljust(digits, "0"))
        if sign and value:
            raise ValueError("is below zero")
        return value

    return parse


def discount_parser(currency: str | None) -> Callable[[str], int | None]:
    """Return `amount_parser` for discounts: some reports write them below zero."""
    parse = amount_parser(currency)
    return lambda text: parse(strip_quotes(text).removeprefix("-"))


def parse_quantity(text: str) -> int | None:
    """Return a whole number, 0 or more; None when empty. Raises ValueError."""
    text = strip_quotes(text)
    if not text:
        return None
    if not _QUANTITY.fullmatch(text):
        raise ValueError(f"{text!r} is no whole number")
    return int(text)


def parse_flag(text: str) -> str | None:
    """Return `yes` or `no`; None when the cell is empty or says something else."""
    word = strip_quotes(text).lower()
    if word in ("true", "yes", "y", "1"):
        return "yes"
    return "no" if word in ("false", "no", "n", "0") else None


_STATUS = {
    "pending": "pending",
    "pendingavailability": "pending",
    "unshipped": "unshipped",
    "partiallyshipped": "partially_shipped",
    "shipping": "partially_shipped",
    "shipped": "shipped",
    "invoiceunconfirmed": "shipped",
    "canceled": "cancelled",
    "cancelled": "cancelled",
    "unfulfillable": "unfulfillable",
}


def parse_status(text: str) -> str | None:
    """Return an order's or item's status as an OrderStatus value; None for an unknown word."""
    word = strip_quotes(text).lower()
    if word.startswith(("shipped - ", "shipped-")):
        return "shipped"
    return _STATUS.get(word.replace(" ", "").replace("-", ""))


def parse_channel(text: str) -> str | None:
    """Return `amazon` or `merchant`; None for an unknown word."""
    word = strip_quotes(text).lower()
    if word in ("amazon", "afn"):
        return "amazon"
    return "merchant" if word in ("merchant", "seller", "mfn") else None
