"""The temporary tables of an import on SQLite: all that an import needs to know of the engine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ordertui.store.database import Database, placeholders
from ordertui.store.engine.sqlite import raw_sqlite

from .tables import OF_IMPORT, OF_SLICE, STAGED

TEMP_CACHE_KIB = 16_384


class Staging:
    """Holds the rows of one report until they are merged. `number` keeps imports on one connection apart."""

    def __init__(self, database: Database, number: int) -> None:
        self._database = database
        self._number = number
        self._insert = self.sql(f"INSERT INTO {{stage}} VALUES ({placeholders(STAGED)})")

    def sql(self, statement: str) -> str:
        """Return a statement with the names of this import's tables, which stand in braces."""
        for name in OF_IMPORT:
            statement = statement.replace(f"{{{name}}}", f"{name}_{self._number}")
        return statement

    def create(self) -> None:
        """Make the tables. They live in a file of the system's folder for temporary ones, not in memory."""
        with self._database.lock, raw_sqlite(self._database.engine) as connection:
            connection.execute(f"PRAGMA temp.cache_size = -{TEMP_CACHE_KIB}")
            for name, columns in OF_SLICE.items():
                connection.execute(f"CREATE TEMP TABLE IF NOT EXISTS {name} ({columns}){_layout(columns)}")
            for name, columns in OF_IMPORT.items():
                connection.execute(self.sql(f"CREATE TEMP TABLE {{{name}}} ({columns}){_layout(columns)}"))

    def drop(self) -> None:
        """Remove the tables, whatever is left of them after a transaction was undone."""
        with self._database.lock:
            for name in OF_IMPORT:
                self._database.execute(self.sql(f"DROP TABLE IF EXISTS temp.{{{name}}}"))

    def add(self, rows: Iterable[Sequence[object]]) -> None:
        """Add rows in the columns STAGED."""
        with self._database.lock, raw_sqlite(self._database.engine) as connection:
            if connection.in_transaction:
                connection.executemany(self._insert, rows)
                return
            connection.execute("BEGIN")  # of the temporary tables alone: the store is not locked
            try:
                connection.executemany(self._insert, rows)
            finally:
                connection.execute("COMMIT")

    def fill(self, name: str, rows: Sequence[Sequence[object]]) -> None:
        """Add rows to a table of the import."""
        if rows:
            sql = self.sql(f"INSERT INTO {{{name}}} VALUES ({placeholders(rows[0])})")
            self._database.execute_many(sql, rows)

    def empty_slice(self) -> None:
        """Empty the tables that each slice fills."""
        for name in OF_SLICE:
            self._database.execute(f"DELETE FROM temp.{name}")

    def slices(self, size: int) -> Iterator[tuple[int, int]]:
        """Yield the first and last row of each slice; rows of one order that follow each other stay together."""
        value = self._database.value
        low, last = 1, int(value(self.sql("SELECT coalesce(max(seq), 0) FROM {stage}")))
        while low <= last:
            at = min(low + size - 1, last)
            high = int(
                value(
                    self.sql(
                        "SELECT coalesce(min(seq) - 1, :last) FROM {stage} WHERE seq > :at"
                        " AND order_id <> (SELECT order_id FROM {stage} WHERE seq = :at)"
                    ),
                    {"last": last, "at": at},
                )
            )
            yield low, high
            low = high + 1


def _layout(columns: str) -> str:
    """Return how SQLite lays out a table: by its key, when that is no row number."""
    return " WITHOUT ROWID" if "PRIMARY KEY (" in columns else ""
