"""Orders of a file that names no marketplace: which are known, and what speaks for the marketplace of the others."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

MOST_PREFIXES = 100
PREFIX_CHARACTERS = 3
"""Characters of an order id before its first hyphen. No source says how Amazon gives them out, so they are compared
only with those of known orders.
"""


class UnnamedOrders:
    """Collects such orders block by block. `find_known` returns marketplace codes by order id, for known orders."""

    def __init__(self, find_known: Callable[[Collection[str]], Mapping[str, str]]) -> None:
        self._find_known = find_known
        self.known: set[str] = set()
        """Marketplaces of the known orders."""
        self.unknown = 0
        """Rows of orders that are not known."""
        self.currencies: set[str] = set()
        """Currencies of these rows."""
        self.prefixes: set[str] = set()
        """Beginnings of the order ids of these rows; at most MOST_PREFIXES."""

    def add(self, rows: Iterable[tuple[str, str]]) -> None:
        """Take in some rows, each as its order id and its currency, empty when it has none."""
        found = list(rows)
        known = self._find_known({order_id for order_id, _ in found})
        self.known.update(known.values())
        for order_id, currency in found:
            if order_id in known:
                continue
            self.unknown += 1
            if len(currency) == 3 and currency.isupper():
                self.currencies.add(currency)
            if len(self.prefixes) < MOST_PREFIXES:
                self.prefixes.add(order_id[:PREFIX_CHARACTERS])
