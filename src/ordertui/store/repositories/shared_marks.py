"""What each person of a team marked, for the others to see. Each login writes its own alone."""

from __future__ import annotations

from ordertui.orders.clock import Clock
from ordertui.store.engine.database import Database


class SharedMarks:
    """Keeps the marks of each login of a store on a server. Orders are bytes here; see `operations.marks`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def put(self, login: str, orders: bytes) -> None:
        """Replace the marks of a login. Raises StoreError."""
        with self._database.write(quiet=True) as database:
            database.execute(
                "INSERT INTO shared_marks (login, at, orders) VALUES (?, ?, ?) ON CONFLICT (login)"
                " DO UPDATE SET at = excluded.at, orders = excluded.orders",
                (login, self._clock.now(), orders),
            )

    def all(self) -> list[tuple[str, int, bytes]]:
        """Return each login that marked something, when it did last (epoch seconds) and what, by login."""
        return self._database.query("SELECT login, at, orders FROM shared_marks ORDER BY login")
