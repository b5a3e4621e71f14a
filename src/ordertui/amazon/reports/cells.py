"""Cells to values, each through a memo, because a report repeats itself: dates, amounts, titles, flags."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Generic, TypeVar

from ordertui.orders.money import exponent

T = TypeVar("T")
MEMO_LIMIT = 50_000
_KEEP = frozenset("\u200c\u200d")
"""Joiners that emoji and some scripts need."""


class Memo(dict[str, T], Generic[T]):
    """Text to value; a miss is worked out by `make`. Emptied when it grows past MEMO_LIMIT, so memory stays flat."""

    def __init__(self, make: Callable[[str], T]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, text: str) -> T:
        value = self._make(text)
        if len(self) >= MEMO_LIMIT:
            self.clear()
        self[text] = value
        return value


def clean(text: str) -> str:
    """The text without anything a terminal would obey: control characters, direction overrides; other blanks become spaces."""
    if text.isprintable():
        return text.strip()
    out = []
    for char in text:
        kind = unicodedata.category(char)
        if kind in ("Zs", "Zl", "Zp") or char in "\t\r\n":
            out.append(" ")
        elif kind[0] != "C" or char in _KEEP:
            out.append(char)
    return "".join(out).strip()


def unquoted(text: str) -> str:
    """A cell that a spreadsheet wrapped in quotes, without them."""
    text = text.strip()
    if len(text) >= 2 and text[0] == text[-1] == '"':
        return text[1:-1].replace('""', '"')
    return text


def label(text: str) -> str | None:
    """A title or SKU, cleaned; None when empty."""
    return clean(unquoted(text)) or None


def moment(text: str) -> int | None:
    """UTC epoch seconds of an ISO 8601 time with offset; without one, UTC. None when empty. Raises ValueError."""
    text = unquoted(text)
    if not text:
        return None
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        return int((found - datetime(1970, 1, 1)).total_seconds())
    return int(found.timestamp())


def amount(currency: str) -> Callable[[str], int | None]:
    """A function from decimal text to minor units of the currency. It gives None when empty and raises ValueError."""
    digits = exponent(currency)

    def read(text: str) -> int | None:
        text = unquoted(text)
        if not text:
            return None
        if text.count(",") and text.count("."):
            raise ValueError(f"{text!r} has both comma and point: is it {currency} 1.234,00 or 1,234.00?")
        try:
            scaled = Decimal(text).scaleb(digits)
        except InvalidOperation:
            raise ValueError(f"{text!r} is not an amount such as 12.50") from None
        if not scaled.is_finite() or scaled != scaled.to_integral_value():
            raise ValueError(f"{text!r} has more decimals than {currency} has")
        return int(scaled)

    return read


def whole(text: str) -> int | None:
    """A quantity; None when empty. Raises ValueError."""
    text = unquoted(text)
    if not text:
        return None
    number = int(text)
    if number < 0:
        raise ValueError(f"{text!r} is below zero")
    return number


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
