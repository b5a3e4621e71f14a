"""What a store asks of its database: every statement is noted, and can be explained."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ordertui.store import Store
from ordertui.store.engine.database import in_list
from ordertui.store.engine.protocol import Params

TRIPS = (
    "query", "query_all", "stream", "execute", "execute_many", "fill", "begin", "commit", "rollback", "append_audit",
)  # fmt: skip
"""Calls of an engine that go to the database and back."""


FEW = "orders_missing|lines_odd"
"""Indexes of the few rows that something is odd about."""
MANY = 1_000_000
"""Rows that a server takes a table to have when it is asked how it would read it."""


def server_scans(engine: Any, sql: str, params: Params, *tables: str) -> list[str]:
    """How a server would read all of one of these tables for a statement if they were large, in the open transaction.

    A small table is read whole, and rightly; so the server's counts say for a moment that it has a million rows. An
    index that is read from one end to the other is no better, but for those that hold few rows.
    """
    engine.execute("SAVEPOINT pretended")
    engine.execute(
        "UPDATE pg_class SET relpages = 1, reltuples = ? WHERE relnamespace = current_schema()::regnamespace"
        f" AND relname IN {in_list(tables)}",
        (MANY,),
    )
    plan = [line for (line,) in engine.query(f"EXPLAIN {sql}", params)]
    engine.execute("ROLLBACK TO SAVEPOINT pretended")
    names = "|".join(tables)
    found = []
    for place, line in enumerate(plan):
        is_index = re.search(rf"Index (Only )?Scan using (?!{FEW})\S+ on ({names})\b", line)
        is_bound = is_index and place + 1 < len(plan) and "Index Cond" in plan[place + 1]
        if re.search(rf"Seq Scan on ({names})\b", line) or (is_index and not is_bound):
            found.append(f"{sql}: {line.strip()}")
    return found


class Notes:
    """The engine of a store with a note of each call."""

    def __init__(self, engine: Any) -> None:
        self._engine = engine
        self.trips = 0
        self.inside = 0
        """Trips of the last transaction, from its begin to its end."""
        self.statements: list[tuple[str, Params]] = []
        self._together = False

    @contextmanager
    def together(self) -> Iterator[None]:
        self.trips += 1
        self.inside += 1
        self._together = True
        with self._engine.together():
            yield
        self._together = False

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._engine, name)
        return self._noted(name, found) if name in TRIPS else found

    def _noted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*args: Any, **more: Any) -> Any:
            if name == "begin":
                self.inside = 0
            self.trips += not self._together
            self.inside += not self._together
            if name == "query_all":
                self.statements += args[0]
            if name in ("query", "stream", "execute"):
                self.statements.append((args[0], args[1] if len(args) > 1 else ()))
            return call(*args, **more)

        return noted

    def scans(self, *tables: str, by: Any = None) -> list[str]:
        """The statements that would read all of one of these tables, which are named or have their first letter, or
        that read the values of a parameter again for each row of a table. `by` is an engine that may write, if the own
        one may not.
        """
        engine = by or self._engine
        asked = [one for one in self.statements if re.match(r"SELECT|UPDATE|DELETE|INSERT", one[0])]
        if engine.is_shared:
            engine.begin()
            try:
                return [found for sql, params in asked for found in server_scans(engine, sql, params, *tables)]
            finally:
                engine.rollback()
        names = "|".join({*tables, *(table[0] for table in tables)})
        found = []
        for sql, params in asked:
            outer = set()
            for _, parent, _, line in engine.query(f"EXPLAIN QUERY PLAN {sql}", params):
                if re.match(rf"SCAN ({names})\b", line) or (parent in outer and "SCAN json_each" in line):
                    found.append(f"{sql}: {line}")
                if re.match("SCAN|SEARCH", line):
                    outer.add(parent)
        return found


@contextmanager
def noted(store: Store) -> Iterator[Notes]:
    """Note what the store asks of its database within the block."""
    engine = store.database.engine
    notes: Any = Notes(engine)
    store.database.engine = notes
    try:
        yield notes
    finally:
        store.database.engine = engine
