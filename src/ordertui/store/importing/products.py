"""Products while an import runs: SKUs with a number, and the ASIN and title of the newest report that gives them."""

from __future__ import annotations

import sqlite3

from ordertui.orders.report_row import ASIN, FACT_AT, MARKETPLACE, SKU, TITLE, ReportRow

from .changeset import TableRow

NEVER = -1
"""A date before every report: no report gave the value."""


class _Product:
    """One product: its ASIN and title, each with the newest date of a report that gave it."""

    __slots__ = ("asin", "asin_at", "number", "title", "title_at")

    def __init__(self, number: int, asin: str | None, asin_at: int | None, title: str | None, title_at: int | None):
        self.number = number
        self.asin = asin
        self.asin_at = NEVER if asin_at is None else asin_at
        self.title = title
        self.title_at = NEVER if title_at is None else title_at

    def columns(self) -> tuple[object, ...]:
        """Return the columns of `products` that are not its key."""
        return (
            self.asin, None if self.asin_at == NEVER else self.asin_at,
            self.title, None if self.title_at == NEVER else self.title_at,
        )  # fmt: skip


class Products:
    """The products of a store. Memory grows with the number of products, not of orders."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._known: dict[tuple[str, str], _Product] = {
            (market, sku): _Product(number, *words)
            for number, market, sku, *words in connection.execute(
                "SELECT id, marketplace, sku, asin, asin_at, title, title_at FROM products"
            )
        }
        self._next = 1 + int(connection.execute("SELECT coalesce(max(id), 0) FROM products").fetchone()[0])
        self._fresh: dict[tuple[str, str], _Product] = {}
        self._dirty: dict[int, _Product] = {}

    def number(self, market: str, sku: str, asin: str | None, title: str | None, at: int) -> int:
        """Return the number of a product, and update its ASIN and title.

        The newer date wins; at the same date the greater text does. None changes nothing.
        """
        key = (market, sku)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._fresh[key] = _Product(self._next, None, None, None, None)
            self._next += 1
        if (
            asin is not None
            and (asin != known.asin or at > known.asin_at)
            and _wins(asin, at, known.asin, known.asin_at)
        ):
            known.asin, known.asin_at = asin, at
            self._dirty[known.number] = known
        if (
            title is not None
            and (title != known.title or at > known.title_at)
            and _wins(title, at, known.title, known.title_at)
        ):
            known.title, known.title_at = title, at
            self._dirty[known.number] = known
        return known.number

    def of(self, row: ReportRow) -> int:
        """Return the number of the product of a report row."""
        return self.number(row[MARKETPLACE], row[SKU], row[ASIN], row[TITLE], row[FACT_AT])  # type: ignore[arg-type]

    def take(self) -> tuple[list[TableRow], list[TableRow]]:
        """Return the rows of `ImportChangeset.new_products` and `ImportChangeset.products` since the last call."""
        fresh: list[TableRow] = [(*key, product.number) for key, product in self._fresh.items()]
        changed: list[TableRow] = [(*product.columns(), product.number) for product in self._dirty.values()]
        self._fresh.clear()
        self._dirty.clear()
        return fresh, changed


def _wins(text: str, at: int, old: str | None, old_at: int) -> bool:
    """Return whether a text of date `at` replaces the old one, or makes its date newer."""
    return at > old_at or (at == old_at and old is not None and text > old)
