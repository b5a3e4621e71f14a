"""The policy of a store on a server, which is the same for everybody: its versions, each with who, when and why."""

from __future__ import annotations

import msgspec

from ordertui.orders.clock import Clock
from ordertui.store.engine.database import Database
from ordertui.store.engine.protocol import digest

from .audit import AuditLog

_COLUMNS = "version, at, who, edition, text, why"


class PolicyVersion(msgspec.Struct, frozen=True):
    """A policy as it was published."""

    version: int
    """From 1."""
    at: int
    """Epoch seconds."""
    who: str
    """The login that published it."""
    edition: str
    """The rules that come with the program, by name."""
    text: str
    """The store's own rules, as in a policy file; empty: there are none."""
    why: str


class PolicyVersions:
    """Publishes policies and reads them. None is ever changed or deleted."""

    def __init__(self, database: Database, clock: Clock, audit: AuditLog) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit

    def newest(self) -> PolicyVersion | None:
        """Return the version in force; None before the first."""
        return next(iter(self.find(1)), None)

    def newest_number(self) -> int:
        """Return the number of the version in force; 0 before the first."""
        return self._database.required(int, "SELECT coalesce(max(version), 0) FROM policies")

    def find(self, limit: int = 1_000) -> list[PolicyVersion]:
        """Return versions, newest first."""
        rows = self._database.query(f"SELECT {_COLUMNS} FROM policies ORDER BY version DESC LIMIT ?", (limit,))
        return [PolicyVersion(*row) for row in rows]

    def publish(self, edition: str, text: str, why: str) -> PolicyVersion:
        """Put a policy, which was checked, in force from now on. Raises StoreError when the login may not."""
        with self._database.write():
            person = self._database.person()
            found = PolicyVersion(
                self.newest_number() + 1, self._clock.now(), "" if person is None else person.name, edition, text, why
            )
            self._database.execute(
                f"INSERT INTO policies ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)", msgspec.structs.astuple(found)
            )
            facts = {"version": found.version, "edition": edition, "sha256": digest(text.encode()), "why": why}
            self._audit.append("policy.published", facts)
        return found
