"""The append-only record of what was done: each entry's hash covers the one before it."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from hashlib import sha256

from .database import Database

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One record. `payload` is JSON; no buyer data is ever in it."""

    id: int
    at: int
    kind: str
    payload: str
    hash: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """Whether the chain holds. `first_bad` is the id of the first record that does not fit."""

    ok: bool
    entries: int
    first_bad: int | None
    head: str


def chained(previous: str, ident: int, at: int, kind: str, payload: str) -> str:
    """The hash of an entry."""
    return sha256("\x1f".join((previous, str(ident), str(at), kind, payload)).encode()).hexdigest()


class AuditPart(Database):
    """The audit of a store."""

    def audit_add(self, kind: str, payload: str) -> int:
        """Append a record; gives its id. Joins the transaction that is open."""
        with self.writing() as connection:
            return self.append(connection, kind, payload)

    def append(self, connection: sqlite3.Connection, kind: str, payload: str) -> int:
        last = connection.execute("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1").fetchone() or (0, GENESIS)
        ident, at = last[0] + 1, self.clock.now()
        connection.execute(
            "INSERT INTO audit (id, at, kind, payload, previous, hash) VALUES (?, ?, ?, ?, ?, ?)",
            (ident, at, kind, payload, last[1], chained(last[1], ident, at, kind, payload)),
        )
        return ident

    def audit(self, limit: int | None = None) -> list[AuditEntry]:
        """Records, newest first."""
        sql = "SELECT id, at, kind, payload, hash FROM audit ORDER BY id DESC" + (" LIMIT ?" if limit else "")
        return [AuditEntry(*row) for row in self._query(sql, (limit,) if limit else ())]

    def audit_verify(self) -> AuditReport:
        """Work every hash out again."""
        previous, expected, first_bad, entries = GENESIS, 1, None, 0
        for ident, at, kind, payload, before, mark in self._query(
            "SELECT id, at, kind, payload, previous, hash FROM audit ORDER BY id"
        ):
            entries += 1
            good = ident == expected and before == previous and mark == chained(previous, ident, at, kind, payload)
            if not good and first_bad is None:
                first_bad = ident
            previous, expected = mark, ident + 1
        return AuditReport(first_bad is None, entries, first_bad, previous)
