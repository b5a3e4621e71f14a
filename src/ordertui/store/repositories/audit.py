"""The audit log: an append-only record of what was done, in which the hash of each entry covers the one before it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import cast

import msgspec

from ordertui.orders.clock import Clock
from ordertui.store.engine.database import Database
from ordertui.store.engine.protocol import chained

CHECKED_AT_OPENING = 1_000
"""Newest entries that are checked when a store is opened that was not closed."""
WITH_ORDERS = ("orders", "states")
"""Keys of a payload whose list, or whose object's keys, are order ids."""


class Operator(msgspec.Struct, frozen=True):
    """The person and process at work, named in every entry of the audit log."""

    operator: str = ""
    """The name in the settings."""
    user: str = ""
    """The account of the operating system."""
    host: str = ""
    process: int = 0

    def __str__(self) -> str:
        name = self.operator or self.user or "somebody"
        return f"{name} ({self.user}@{self.host}, process {self.process})" if self.user else name


class AuditEntry(msgspec.Struct, frozen=True):
    """One entry. `payload` is a JSON object and never holds data of a buyer; `at` is in epoch seconds."""

    id: int
    at: int
    kind: str
    payload: str
    hash: str


class _Written(msgspec.Struct, frozen=True):
    """What the audit has of a batch whose files were written."""

    batch: int
    by: Operator
    login: str = ""
    """By the server's word; empty for a store in a file."""


class AuditReport(msgspec.Struct, frozen=True):
    """The result of a verification: whether the chain and the bytes that it names are as they were recorded."""

    ok: bool
    entries: int
    first_bad: int | None
    """Id of the first entry that does not fit."""
    head: str
    """Hash of the newest entry."""
    why: str = ""
    """What does not fit, for the operator; empty when all fits."""


MESSAGE_COPIED = "message.copied"
"""Kind of the entry that the text for a buyer was copied; whether it was sent nobody knows."""


class NamedOrders:
    """The orders that an entry names, kept as JSON: each takes its text there, and no object of its own.

    With `change` they are the keys of an object: each moved from one state to another, the same for all.
    """

    def __init__(self, change: tuple[str, str] | None = None) -> None:
        self._change = change
        self._pieces: list[str] = []
        self._count = 0

    def add(self, order_ids: Sequence[str]) -> None:
        """Name some more orders, none of them a second time."""
        if order_ids:
            self._pieces.append(msgspec.json.encode(order_ids)[1:-1].decode())
            self._count += len(order_ids)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[str]:
        for piece in self._pieces:
            yield from _order_ids(piece)

    def json(self) -> Iterator[str]:
        """Yield them as JSON, piece by piece."""
        brackets = "[]" if self._change is None else "{}"
        yield brackets[0]
        for number, piece in enumerate(self._pieces):
            if self._change is not None:
                moved = dict.fromkeys(_order_ids(piece), self._change)
                piece = msgspec.json.encode(moved)[1:-1].decode()
            yield "," + piece if number else piece
        yield brackets[1]


def _order_ids(piece: str) -> list[str]:
    return msgspec.json.decode(f"[{piece}]", type=list[str])


def orders_in(payload: Mapping[str, object]) -> list[str]:
    """Return the ids of the orders that an entry names. Raises TypeError for one that it never writes."""
    named = (cast("Iterable[object]", payload.get(key) or ()) for key in WITH_ORDERS)
    return sorted({str(order_id) for found in named for order_id in found})


def states_of(changes: Iterable[tuple[str, str, str]]) -> dict[str, list[str]]:
    """Return (order id, state before, state after) in the form in which a payload holds them."""
    return {order_id: [before, after] for order_id, before, after in changes}


def _payload(facts: Mapping[str, object]) -> Iterator[str]:
    """Yield the facts as one JSON object, its keys sorted, piece by piece.

    What names orders is not made by `json`, which keeps some 300 bytes an order while it does.
    """
    mark = "{"
    for key, value in sorted(facts.items()):
        yield f"{mark}{json.dumps(key)}:"
        if isinstance(value, NamedOrders):
            yield from value.json()
        elif key in WITH_ORDERS:
            yield msgspec.json.encode(value, order="sorted").decode()
        else:
            yield json.dumps(value, sort_keys=True, separators=(",", ":"))
        mark = ","
    yield "{}" if mark == "{" else "}"


class AuditLog:
    """Appends entries and reads them."""

    def __init__(self, database: Database, clock: Clock, operator: Operator) -> None:
        self._database = database
        self._clock = clock
        self.operator = operator

    def add(self, kind: str, facts: Mapping[str, object]) -> None:
        """Append an entry in a transaction of its own, or in the open one."""
        with self._database.write():
            self.append(kind, facts)

    def append(self, kind: str, facts: Mapping[str, object]) -> None:
        """Append an entry in the open transaction, with these facts and the operator as its payload."""
        who = self.operator
        if who.user or who.operator:
            by = {"operator": who.operator, "user": who.user, "host": who.host, "process": who.process}
            facts = {**facts, "by": by}
        many = [value for value in facts.values() if isinstance(value, NamedOrders)]
        named: Iterable[str] = many[0] if many else orders_in(facts)
        self._database.append_audit(self._clock.now(), kind, "".join(_payload(facts)), named)

    def entries(self, limit: int | None = None, *, order_id: str | None = None) -> list[AuditEntry]:
        """Return entries, newest first; with `order_id` only those that name the order."""
        params: list[object] = []
        sql = "SELECT a.id, a.at, a.kind, a.payload, a.hash FROM audit a"
        if order_id is not None:
            sql = sql.replace("FROM audit a", "FROM audit_orders x JOIN audit a ON a.id = x.audit WHERE x.order_id = ?")
            params.append(order_id)
        sql += " ORDER BY " + ("x.audit" if order_id is not None else "a.id") + " DESC"
        if limit is not None:
            sql += " LIMIT ?"
            params.append(limit)
        return [AuditEntry(*row) for row in self._database.query(sql, params)]

    def newest(self, kind: str, order_ids: Iterable[str]) -> dict[str, int]:
        """Return when the newest entry of a kind was made (epoch seconds), by order; without those that none names."""
        sql = (
            "SELECT x.order_id, a.id, a.at FROM audit_orders x JOIN audit a ON a.id = x.audit"
            " WHERE a.kind = ? AND x.order_id IN ({})"
        )
        found = sorted(self._database.query_in(sql, order_ids, (kind,)), key=lambda row: row[1])
        return {order_id: at for order_id, _, at in found}

    def writer_of(self, batch_id: int, order_id: str) -> tuple[str, str] | None:
        """Return the host and the login that last wrote the files of a batch which has this order; None: none did."""
        sql = (
            "SELECT payload FROM audit WHERE kind = 'batch.written' AND id > (SELECT max(x.audit) FROM audit_orders x"
            " JOIN audit s ON s.id = x.audit WHERE x.order_id = ? AND s.kind = 'batch.sent') ORDER BY id"
        )
        found = [msgspec.json.decode(payload, type=_Written) for (payload,) in self._database.query(sql, (order_id,))]
        last = next((one for one in reversed(found) if one.batch == batch_id), None)
        return None if last is None else (last.by.host, last.login or last.by.user)

    def find_damage(self) -> str:
        """Check the hashes of the newest entries; return what is damaged, or an empty text."""
        newer: tuple[int, str] | None = None
        for ident, at, kind, payload, previous, mark in self._database.query(
            "SELECT id, at, kind, payload, previous, hash FROM audit ORDER BY id DESC LIMIT ?", (CHECKED_AT_OPENING,)
        ):
            if mark != chained(previous, ident, at, kind, payload) or newer not in (None, (ident, mark)):
                return f"audit: record {ident}"
            newer = (ident - 1, previous)  # what the entry before must be
        return ""

    def verify(self) -> AuditReport:
        """Compute every hash again; see `audit_verify.verify`."""
        from .audit_verify import verify  # a start needs none of it

        return verify(self._database)
