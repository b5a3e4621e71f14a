"""Every row of every table of a store, to compare two stores."""

from __future__ import annotations

from typing import Any

from ordertui.store import Store
from ordertui.store.engine.table_layout import table_layouts


def table_rows(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows of each table by its name, in the order of its key; bytes are `bytes` on both engines."""
    found = {}
    for table in table_layouts():
        sql = f"SELECT {', '.join(table.columns)} FROM {table.name} ORDER BY {', '.join(table.key)}"
        rows = store.database.query(sql)
        found[table.name] = [tuple(bytes(v) if isinstance(v, memoryview) else v for v in row) for row in rows]
    return found
