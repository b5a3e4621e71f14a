"""Money in minor units of one currency. There is no arithmetic across currencies."""

from __future__ import annotations

import re
from decimal import Decimal

import msgspec

_PLAIN = r"[+-]?([0-9]{1,18}(\.[0-9]{0,18})?|\.[0-9]{1,18})"
_AMOUNT = re.compile(_PLAIN, re.ASCII)
"""An amount as people write it. `Decimal` alone takes `1_0`, `NaN` and the digits of every script."""
_JSON_AMOUNT = re.compile(_PLAIN + r"(E[+-]?[0-9])?", re.ASCII | re.IGNORECASE)
"""The API's numbers may have an exponent; in what is typed or in a file it is a slip."""
NO_MINOR_UNITS = frozenset({"JPY", "KRW", "CLP", "VND"})


def exponent(currency: str) -> int:
    """Return the number of decimal digits of a currency (ISO 4217): 0 for JPY and a few others, else 2."""
    return 0 if currency in NO_MINOR_UNITS else 2


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies cannot be added or compared."""


class Money(msgspec.Struct, frozen=True):
    """An amount: `minor` units (cents, yen) of ISO 4217 `currency`."""

    minor: int
    currency: str

    def __add__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: Money) -> Money:
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __lt__(self, other: Money) -> bool:
        self._same(other)
        return self.minor < other.minor

    def __le__(self, other: Money) -> bool:
        self._same(other)
        return self.minor <= other.minor

    def _same(self, other: Money) -> None:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} and {other.currency} cannot be added or compared")

    def decimal(self) -> str:
        """Return `1234.50`, `-3.00` or `1099` (yen): no thousands separators, always the currency's digits."""
        return format_decimal(self.minor, self.currency)

    def __str__(self) -> str:
        return format_money(self.minor, self.currency)


def format_decimal(minor: int, currency: str) -> str:
    """Return minor units as decimal text with the currency's digits."""
    digits = exponent(currency)
    sign, value = ("-" if minor < 0 else ""), abs(minor)
    if digits == 0:
        return f"{sign}{value}"
    whole, part = divmod(value, 10**digits)
    return f"{sign}{whole}.{part:0{digits}d}"


def format_grouped(minor: int, currency: str) -> str:
    """Return `format_decimal` with commas between thousands, for people."""
    text = format_decimal(abs(minor), currency)
    whole, dot, part = text.partition(".")
    return f"{'-' if minor < 0 else ''}{int(whole):,}{dot}{part}"


def format_money(minor: int, currency: str) -> str:
    """Return the amount after its currency, for people: `USD 1,234.50`."""
    return f"{currency} {format_grouped(minor, currency)}"


def parse_minor(text: str, currency: str) -> int:
    """Return the minor units of decimal text such as `12.50`. Raises ValueError, also for too many digits."""
    return _minor(text, currency, _AMOUNT)


def parse_json_minor(text: str, currency: str) -> int:
    """Return the minor units of a number of the API, such as `12.5` or `1E+2`. Raises ValueError as `parse_minor`."""
    return _minor(text, currency, _JSON_AMOUNT)


def _minor(text: str, currency: str, pattern: re.Pattern[str]) -> int:
    if not pattern.fullmatch(text.strip()):
        raise ValueError(f"{text!r} is not an amount such as {format_decimal(1250, currency)}")
    scaled = Decimal(text.strip()).scaleb(exponent(currency))
    if scaled != scaled.to_integral_value():
        raise ValueError(f"{text!r} has more decimals than {currency} has")
    return int(scaled)
