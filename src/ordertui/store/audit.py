"""The append-only record of what was done: each entry's hash covers the one before it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from .database import Database, in_words

GENESIS = "0" * 64
TAIL = 1_000
"""Newest records that are looked at when a store is opened that was not closed."""
WITH_ORDERS = ("orders", "states")
"""Keys of a payload whose list, or whose object's keys, are order ids."""


def digest(content: bytes) -> str:
    """The SHA-256 in hex digits. OpenSSL is loaded when the first is wanted: no start needs one."""
    from hashlib import sha256

    return sha256(content).hexdigest()


class AuditEntry(msgspec.Struct, frozen=True):
    """One record. `payload` is JSON; no buyer data is ever in it."""

    id: int
    at: int
    kind: str
    payload: str
    hash: str


class AuditReport(msgspec.Struct, frozen=True):
    """Whether the chain and the bytes it speaks of hold. `first_bad` is the id of the first record that does not fit."""

    ok: bool
    entries: int
    first_bad: int | None
    head: str
    why: str = ""
    """What does not fit, in words."""


def chained(previous: str, ident: int, at: int, kind: str, payload: str) -> str:
    """The hash of an entry."""
    return digest("\x1f".join((previous, str(ident), str(at), kind, payload)).encode())


def orders_in(payload: Mapping[str, Any]) -> list[str]:
    """Order ids that a record speaks of."""
    return sorted({str(order_id) for key in WITH_ORDERS for order_id in payload.get(key) or ()})


class AuditPart(Database):
    """The audit of a store."""

    def audit_add(self, kind: str, payload: str) -> int:
        """Append a record; gives its id. Joins the transaction that is open."""
        with self.writing() as connection:
            return self.append(connection, kind, payload)

    def append(self, connection: sqlite3.Connection, kind: str, payload: str) -> int:
        """Append a record to the open transaction; `payload` is a JSON object, who did it is added. Gives the record's id."""
        facts = json.loads(payload)
        if self.who.user or self.who.operator:
            facts["by"] = {
                "operator": self.who.operator, "user": self.who.user, "host": self.who.host, "process": self.who.process,
            }  # fmt: skip
        text = json.dumps(facts, sort_keys=True, separators=(",", ":"))
        last = connection.execute("SELECT id, hash FROM audit ORDER BY id DESC LIMIT 1").fetchone() or (0, GENESIS)
        ident, at = last[0] + 1, self.clock.now()
        connection.execute(
            "INSERT INTO audit (id, at, kind, payload, previous, hash) VALUES (?, ?, ?, ?, ?, ?)",
            (ident, at, kind, text, last[1], chained(last[1], ident, at, kind, text)),
        )
        connection.executemany(
            "INSERT INTO audit_orders (order_id, audit) VALUES (?, ?)", [(one, ident) for one in orders_in(facts)]
        )
        return ident

    def audit(self, limit: int | None = None, *, order_id: str | None = None) -> list[AuditEntry]:
        """Records, newest first; with `order_id` those that speak of the order."""
        params: list[object] = []
        sql = "SELECT a.id, a.at, a.kind, a.payload, a.hash FROM audit a"
        if order_id is not None:
            sql = sql.replace("FROM audit a", "FROM audit_orders x JOIN audit a ON a.id = x.audit WHERE x.order_id = ?")
            params.append(order_id)
        sql += " ORDER BY " + ("x.audit" if order_id is not None else "a.id") + " DESC"
        if limit is not None:
            sql += " LIMIT ?"
            params.append(limit)
        return [AuditEntry(*row) for row in self._query(sql, params)]

    def _check_journal(self) -> None:
        super()._check_journal()
        newer: tuple[int, str] | None = None
        for ident, at, kind, payload, previous, mark in self._query(
            "SELECT id, at, kind, payload, previous, hash FROM audit ORDER BY id DESC LIMIT ?", (TAIL,)
        ):
            if mark != chained(previous, ident, at, kind, payload) or newer not in (None, (ident, mark)):
                raise self._damaged(f"audit: record {ident}")
            newer = (ident - 1, previous)  # what the record before must be

    def audit_verify(self) -> AuditReport:
        """Work every hash out again: of the chain, and of the plans, feeds and reports whose sha256 a record names."""
        previous, expected, entries, listed = GENESIS, 1, 0, 0
        first: tuple[int, str] | None = None
        sent: dict[int, tuple[int, str]] = {}
        named: dict[str, set[tuple[object, ...]]] = {"batch.held": set(), "batch.sent": set(), "batch.answered": set()}
        for ident, at, *texts in self._stream(
            "SELECT id, at, CAST(kind AS BLOB), CAST(payload AS BLOB), CAST(previous AS BLOB), CAST(hash AS BLOB)"
            " FROM audit ORDER BY id"
        ):
            kind, payload, before, mark = (bytes(text or b"").decode("utf-8", "replace") for text in texts)
            entries += 1
            why = ""
            if ident != expected:
                why = f"record {expected} is missing"
            elif before != previous or mark != chained(previous, ident, at, kind, payload):
                why = "its hash does not fit what it says"
            else:
                facts = json.loads(payload)
                if kind in named:
                    named[kind].add(
                        (facts["batch"], facts["sha256"]) if kind == "batch.answered" else (facts["batch"],)
                    )
                if kind == "batch.sent":
                    sent[facts["batch"]] = (ident, facts["sha256"])
                spoken = orders_in(facts)
                listed += len(spoken)
                why = self._damage(kind, facts) or self._unlisted(ident, spoken)
            if why and first is None:
                first = (ident, why)
            previous, expected = mark, ident + 1
        first = first or self._mismatched(sent)
        if first is None:
            extra = self._one("SELECT count(*) FROM audit_orders") - listed
            why = self._unrecorded(named) or (f"the list by order has {extra} entries too many" if extra else "")
            first = (expected, why) if why else None
        return AuditReport(first is None, entries, first[0] if first else None, previous, first[1] if first else "")

    def _damage(self, kind: str, facts: Mapping[str, Any]) -> str:
        """Why the bytes that a record names are not those that are kept, or an empty text."""
        batch = facts.get("batch")
        if kind == "batch.held" and "plan" in facts:
            found = self._one("SELECT plan FROM batches WHERE id = ?", (batch,))
            return _differs(found, facts["plan"], f"the plan of batch {batch}")
        if kind == "batch.sent":
            for name, mark in sorted((facts.get("feeds") or {}).items()):
                what = f"the kept feed {name} of batch {batch}"
                found = self._one("SELECT content FROM feeds WHERE batch = ? AND name = ?", (batch, name))
                noted = self._one("SELECT sha256 FROM feeds WHERE batch = ? AND name = ?", (batch, name))
                why = _differs(found, mark, what) or ("" if noted == mark else f"the sha256 of {what} was changed")
                if why:
                    return why
        if kind == "feed.submitting":
            found = self._one("SELECT content FROM feed_attempts WHERE id = ?", (facts["attempt"],))
            return _differs(found, facts["sha256"], f"the kept feed of batch {batch} that went by the API")
        if kind == "batch.answered":
            found = self._one("SELECT content FROM results WHERE batch = ? AND sha256 = ?", (batch, facts["sha256"]))
            return _differs(found, facts["sha256"], f"a kept processing report of batch {batch}")
        return ""

    def _mismatched(self, sent: Mapping[int, tuple[int, str]]) -> tuple[int, str] | None:
        """The first batch whose sha256 is not that of the last record that it left (a feed that never arrived leaves again)."""
        for batch, (ident, mark) in sorted(sent.items(), key=lambda item: item[1]):
            if self._one("SELECT sha256 FROM batches WHERE id = ?", (batch,)) != mark:
                return ident, f"the sha256 of batch {batch} is not what was recorded"
        return None

    def _unlisted(self, ident: int, order_ids: Iterable[str]) -> str:
        """Why the list by order does not lead from these orders to a record, or an empty text."""
        for order_id in order_ids:
            if self._one("SELECT 1 FROM audit_orders WHERE order_id = ? AND audit = ?", (order_id, ident)) is None:
                return f"the list by order does not name it for {order_id}"
        return ""

    def _unrecorded(self, named: Mapping[str, set[tuple[object, ...]]]) -> str:
        """What the journal has and no record speaks of (records at the end were cut off), or an empty text."""
        for sql, kind, what in (
            ("SELECT id FROM batches ORDER BY id", "batch.held", "batch {} was committed"),
            ("SELECT id FROM batches WHERE sent_at IS NOT NULL ORDER BY id", "batch.sent", "batch {} left"),
            ("SELECT batch, sha256 FROM results ORDER BY batch", "batch.answered", "batch {} was answered"),
        ):
            for row in self._query(sql):
                if tuple(row) not in named[kind]:
                    return f"{what.format(row[0])}, but no record says so: records are missing at the end"
        return ""

    def _stream(self, sql: str) -> Iterator[tuple[Any, ...]]:
        """The rows one by one, so that a long audit needs little memory."""
        with self._lock:
            try:
                yield from self._connection.execute(sql)
            except sqlite3.Error as error:
                raise in_words(error, self.path) from error


def _differs(content: bytes | str | None, mark: str, what: str) -> str:
    if content is None:
        return f"{what} is missing"
    found = content.encode("utf-8", "replace") if isinstance(content, str) else bytes(content)
    return "" if digest(found) == mark else f"{what} is not what was recorded"


def states_of(changes: Iterable[tuple[str, str, str]]) -> dict[str, list[str]]:
    """(order id, state before, state after) as a record keeps them."""
    return {order_id: [before, after] for order_id, before, after in changes}
