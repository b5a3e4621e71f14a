"""The tables of a store with their columns and keys, the same on every engine."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing

import msgspec

from ordertui.store.engine import migrations


class TableLayout(msgspec.Struct, frozen=True):
    """Columns and key of a table of the schema, the same on both engines."""

    name: str
    columns: dict[str, str]
    """Names, in the table's order, with SQLite's type: TEXT, INTEGER, BLOB."""
    key: tuple[str, ...]

    def after_key(self, last: Sequence[object] | None) -> str:
        """Return the condition for rows after the one with this key, given as parameters; None: for all rows."""
        marks = ", ".join("?" * len(self.key))
        return "" if last is None else f"WHERE ({', '.join(self.key)}) > ({marks})"


def table_layouts() -> list[TableLayout]:
    """Return all tables, in the order in which the schema makes them."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrations.migrate(connection, "memory")
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY rootpage").fetchall()
        return [_layout(connection, name) for (name,) in names]


def _layout(connection: sqlite3.Connection, name: str) -> TableLayout:
    info = connection.execute(f"PRAGMA table_info({name})").fetchall()
    key = sorted((row for row in info if row[5]), key=lambda row: row[5])
    return TableLayout(name, {row[1]: row[2] for row in info}, tuple(row[1] for row in key))
