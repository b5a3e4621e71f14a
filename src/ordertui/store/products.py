"""SKUs with their ASIN and title, known by number; the newest report's words win."""

from __future__ import annotations

import sqlite3

_ID, _ASIN, _ASIN_AT, _TITLE, _TITLE_AT = range(5)


class Products:
    """The products of a store while it imports. Memory grows with products, not with orders."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._known: dict[tuple[str, str], list[object]] = {
            (market, sku): [ident, asin, asin_at, title, title_at]
            for ident, market, sku, asin, asin_at, title, title_at in connection.execute(
                "SELECT id, marketplace, sku, asin, asin_at, title, title_at FROM products"
            )
        }
        self._next = 1 + int(connection.execute("SELECT coalesce(max(id), 0) FROM products").fetchone()[0])
        self._fresh: dict[tuple[str, str], list[object]] = {}
        self._dirty: dict[int, list[object]] = {}

    def number(self, market: str, sku: str, asin: str | None, title: str | None, at: int) -> int:
        """The product's number; its words are taken in."""
        key = (market, sku)
        entry = self._known.get(key)
        if entry is None:
            entry = [self._next, asin, at if asin else None, title, at if title else None]
            self._next += 1
            self._known[key] = self._fresh[key] = entry
            return int(str(entry[_ID]))
        if asin is not None and asin != entry[_ASIN]:
            self._take(entry, _ASIN, asin, at)
        if title is not None and title != entry[_TITLE]:
            self._take(entry, _TITLE, title, at)
        ident: int = entry[_ID]  # type: ignore[assignment]
        return ident

    def _take(self, entry: list[object], field: int, value: str, at: int) -> None:
        """The newer word; at one date the greater, so that the order of import does not matter."""
        before: int | None = entry[field + 1]  # type: ignore[assignment]
        if before is None or at > before or (at == before and value > str(entry[field])):
            entry[field], entry[field + 1] = value, at
            self._dirty[int(str(entry[_ID]))] = entry

    def flush(self, connection: sqlite3.Connection) -> None:
        """Write what is new."""
        connection.executemany(
            "INSERT INTO products (marketplace, sku, id, asin, asin_at, title, title_at) VALUES (?,?,?,?,?,?,?)",
            [(*key, *entry) for key, entry in self._fresh.items()],
        )
        connection.executemany(
            "UPDATE products SET asin = ?, asin_at = ?, title = ?, title_at = ? WHERE id = ?",
            [(*entry[1:], entry[0]) for entry in self._dirty.values()],
        )
        self._fresh.clear()
        self._dirty.clear()
