"""The temporary tables of an import."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ordertui.orders.report_row import ROW_FIELDS
from ordertui.store.engine.database import Database, placeholders

from .tables import OF_IMPORT, OF_SLICE, STAGED_VALUES


class Staging:
    """Holds the rows of one report until they are merged. `number` keeps imports on one connection apart."""

    def __init__(self, database: Database, number: int) -> None:
        self._database = database
        self._number = number

    def sql(self, statement: str) -> str:
        """Return a statement with the names of this import's tables, which stand in braces."""
        for name in OF_IMPORT:
            statement = statement.replace(f"{{{name}}}", f"{name}_{self._number}")
        return statement

    def create(self) -> None:
        """Make the tables."""
        for name, columns in OF_SLICE.items():
            self._database.create_temporary(name, columns)
        for name, columns in OF_IMPORT.items():
            self._database.create_temporary(self.sql(f"{{{name}}}"), columns)

    def drop(self) -> None:
        """Remove the tables, whatever is left of them after a transaction was undone."""
        for name in OF_IMPORT:
            self._database.execute(self.sql(f"DROP TABLE IF EXISTS {{{name}}}"))

    def add(self, first: int, words: Sequence[int], values: Sequence[Sequence[object]]) -> None:
        """Add rows, whose values come column by column, as ROW_FIELDS; `first` is the place of the first row.

        A column that says nothing is left out: to bind None takes sqlite3 several times as long as a number.
        """
        stated = [place for place in STAGED_VALUES if values[place].count(None) < len(words)]
        names = ("seq", "word", *(ROW_FIELDS[place] for place in stated))
        places = range(first, first + len(words))
        rows = list(zip(places, words, *(values[place] for place in stated), strict=True))
        self._database.fill_temporary(self.sql("{stage}"), names, rows)

    def fill(self, name: str, rows: Sequence[Sequence[object]]) -> None:
        """Add rows to a table of the import."""
        if rows:
            sql = self.sql(f"INSERT INTO {{{name}}} VALUES ({placeholders(rows[0])})")
            self._database.execute_many(sql, rows)

    def empty_slice(self) -> None:
        """Empty the tables that each slice fills."""
        self._database.empty_temporary(tuple(OF_SLICE))

    def slices(self, size: int) -> Iterator[tuple[int, int]]:
        """Yield the first and last row of each slice; rows of one order that follow each other stay together."""
        required = self._database.required
        low, last = 1, required(int, self.sql("SELECT coalesce(max(seq), 0) FROM {stage}"))
        while low <= last:
            at = min(low + size - 1, last)
            high = required(
                int,
                self.sql(
                    "SELECT coalesce(min(seq) - 1, :last) FROM {stage} WHERE seq > :at"
                    " AND order_id <> (SELECT order_id FROM {stage} WHERE seq = :at)"
                ),
                {"last": last, "at": at},
            )
            yield low, high
            low = high + 1
