"""Who has a preview of which orders open, for others to see. A claim decides nothing, and ends by itself.

Nothing here writes an audit record, and no screen reads orders again because of it (`Database.write` with `quiet`).
Orders are bytes here; `operations.claims` knows what is in them.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from ordertui.orders.clock import Clock, lease_has_ended
from ordertui.orders.enums import Action
from ordertui.store.engine.database import Database

_ACTIONS = frozenset(Action)
CLAIM_SECONDS = 60
"""How long a claim holds that is not renewed, by the store's clock."""


class Claim(msgspec.Struct, frozen=True):
    """Somebody's open preview."""

    id: str
    login: str
    """Whose it is, by the server's word; for a file, the account of the operating system."""
    host: str
    action: Action
    since: int
    """When the preview was opened (epoch seconds)."""


class ClaimLedger:
    """Takes, renews, releases and reads claims of one store."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def take(self, claim: Claim, orders: bytes) -> None:
        """Write a claim down, and clear away what ended. Raises StoreError."""
        now = self._clock.now()
        with self._database.write(quiet=True) as database:
            database.execute(
                "DELETE FROM claims WHERE until <= ? OR until > ?", (now, now + 2 * CLAIM_SECONDS)
            )  # later than any: the clock was put back
            database.execute(
                "INSERT INTO claims (id, login, host, action, since, until, orders) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (claim.id, claim.login, claim.host, claim.action.value, claim.since, now + CLAIM_SECONDS, orders),
            )

    def renew(self, claim_id: str) -> bool:
        """Let a claim hold on; return False when it is gone. Raises StoreError."""
        until = self._clock.now() + CLAIM_SECONDS
        with self._database.write(quiet=True) as database:
            return database.execute("UPDATE claims SET until = ? WHERE id = ?", (until, claim_id)) > 0

    def release(self, claim_id: str) -> None:
        """End a claim; twice is harmless. Raises StoreError."""
        with self._database.write(quiet=True) as database:
            database.execute("DELETE FROM claims WHERE id = ?", (claim_id,))

    def live(self) -> list[Claim]:
        """Return the claims that have not ended, the oldest first."""
        now = self._clock.now()
        found = self._database.query("SELECT id, login, host, action, since, until FROM claims ORDER BY since, id")
        return [
            Claim(ident, login, host, Action(action), since)
            for ident, login, host, action, since, until in found
            if action in _ACTIONS and not lease_has_ended(until, now, CLAIM_SECONDS)
        ]

    def orders(self, ids: Iterable[str]) -> dict[str, bytes]:
        """Return what these claims are of, by id; one that is gone is left out."""
        return dict(self._database.query_in("SELECT id, orders FROM claims WHERE id IN ({})", ids))
