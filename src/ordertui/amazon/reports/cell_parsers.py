"""Cells to values, each through a memo, because a report repeats itself: dates, amounts, titles, flags."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Generic, TypeVar

from ordertui.orders.money import exponent
from ordertui.orders.text import to_single_line

K = TypeVar("K")
T = TypeVar("T")
MEMO_LIMIT = 50_000
FIRST_YEAR = 1995
ORDER_ID = re.compile(r"[A-Z0-9]{3}-[0-9]{7}-[0-9]{7}", re.ASCII)
_AMOUNT = re.compile(r"(-?)([0-9]{1,12})(?:\.([0-9]{1,6}))?", re.ASCII)
_WHOLE = re.compile(r"[0-9]{1,9}", re.ASCII)


class Memo(dict[K, T], Generic[K, T]):
    """Text, or several, to value; a miss is worked out by `make`. Emptied when it grows past MEMO_LIMIT, so memory stays flat."""

    def __init__(self, make: Callable[[K], T]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, text: K) -> T:
        value = self._make(text)
        if len(self) >= MEMO_LIMIT:
            self.clear()
        self[text] = value
        return value


def unquoted(text: str) -> str:
    """A cell that a spreadsheet wrapped in quotes, without them; quotes that only stand at both ends stay."""
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        inside = text[1:-1].replace('""', "\0")
        if '"' not in inside:
            return inside.replace("\0", '"').strip()
    return text


def label(text: str) -> str | None:
    """A title or SKU, cleaned; None when empty."""
    return to_single_line(unquoted(text)) or None


def moment(text: str) -> int | None:
    """UTC epoch seconds of an ISO 8601 time with offset; without one, UTC. None when empty. Raises ValueError."""
    text = unquoted(text)
    if not text:
        return None
    found = datetime.fromisoformat(text)
    if found.year < FIRST_YEAR:
        raise ValueError(f"{text!r} is before Amazon sold anything")
    if found.tzinfo is None:
        return int((found - datetime(1970, 1, 1)).total_seconds())
    return int(found.timestamp())


def amount(currency: str | None) -> Callable[[str], int | None]:
    """A function from decimal text to minor units of the currency, 0 or more. It gives None when empty and raises ValueError."""
    digits = 0 if currency is None else exponent(currency)
    point = "." if digits else ""

    def read(text: str) -> int | None:
        above, between, below = text.partition(".")
        if len(below) == digits and between == point and currency and 0 < len(above) <= 12 and text.isascii():
            figures = above + below
            if figures.isdigit():  # the usual case, without a pattern
                return int(figures)
        text = unquoted(text)
        if not text:
            return None
        if currency is None:
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

    return read


def discount(currency: str | None) -> Callable[[str], int | None]:
    """As `amount`, for what was taken off: some reports write it below zero."""
    read = amount(currency)
    return lambda text: read(unquoted(text).removeprefix("-"))


def whole(text: str) -> int | None:
    """A quantity; None when empty. Raises ValueError."""
    text = unquoted(text)
    if not text:
        return None
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{text!r} is no whole number")
    return int(text)


def flag(text: str) -> str | None:
    """`yes`, `no`, or None when the cell is empty or says something else."""
    word = unquoted(text).lower()
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


def status(text: str) -> str | None:
    """The order's or item's status in one spelling; None for a word that is not known."""
    word = unquoted(text).lower()
    if word.startswith(("shipped - ", "shipped-")):
        return "shipped"
    return _STATUS.get(word.replace(" ", "").replace("-", ""))


def channel(text: str) -> str | None:
    """`amazon` or `merchant`; None for a word that is not known."""
    word = unquoted(text).lower()
    if word in ("amazon", "afn"):
        return "amazon"
    return "merchant" if word in ("merchant", "seller", "mfn") else None
