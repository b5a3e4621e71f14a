"""Verification of the audit log: every hash computed again, and every recorded sha256 compared with the bytes kept."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ordertui.store.engine.database import Database
from ordertui.store.engine.kept_files import kept_sha256
from ordertui.store.engine.protocol import GENESIS, chained, digest

from .audit import AuditReport, orders_in


def verify(database: Database) -> AuditReport:
    """Compute the hashes of the chain again, and of the plans, feeds and reports whose sha256 an entry names."""
    previous, expected, entries, listed = GENESIS, 1, 0, 0
    first: tuple[int, str] | None = None
    sent: dict[int, tuple[int, str]] = {}
    named: dict[str, set[tuple[object, ...]]] = {"batch.held": set(), "batch.sent": set(), "batch.answered": set()}
    for ident, at, *texts in database.stream(
        f"SELECT id, at, {', '.join(map(database.engine.bytes_sql, ('kind', 'payload', 'previous', 'hash')))}"
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
            try:
                facts = json.loads(payload)
                if kind in named:
                    key = (facts["batch"], facts["sha256"]) if kind == "batch.answered" else (facts["batch"],)
                    named[kind].add(key)
                if kind == "batch.sent":
                    sent[facts["batch"]] = (ident, facts["sha256"])
                order_ids = orders_in(facts)
                listed += len(order_ids)
                why = _damage(database, kind, facts) or _unlisted(database, ident, order_ids)
            except (LookupError, TypeError, ValueError, AttributeError):
                why = f"ordertui writes no {kind} of this form: somebody wrote it by SQL"
        if why and first is None:
            first = (ident, why)
        previous, expected = mark, ident + 1
    first = first or _changed_sha256(database, sent)
    if first is None:
        extra = database.required(int, "SELECT count(*) FROM audit_orders") - listed
        why = _unrecorded(database, named) or (f"the list by order has {extra} entries too many" if extra else "")
        first = (expected, why) if why else None
    return AuditReport(first is None, entries, first[0] if first else None, previous, first[1] if first else "")


def _damage(database: Database, kind: str, facts: Mapping[str, Any]) -> str:
    """Return why the bytes that an entry names are not those that are kept, or an empty text."""
    batch = facts.get("batch")
    if kind == "batch.held" and "plan" in facts:
        found = database.value(object, "SELECT plan FROM batches WHERE id = ?", (batch,))
        return _differs(found, facts["plan"], f"the plan of batch {batch}")
    if kind == "batch.sent":
        for name, mark in sorted((facts.get("feeds") or {}).items()):
            what = f"the kept feed {name} of batch {batch}"
            found = database.value(object, "SELECT content FROM feeds WHERE batch = ? AND name = ?", (batch, name))
            noted = database.value(object, "SELECT sha256 FROM feeds WHERE batch = ? AND name = ?", (batch, name))
            why = _kept_file_differs(found, mark, what) or (
                "" if noted == mark else f"the sha256 of {what} was changed"
            )
            if why:
                return why
    if kind == "feed.submitting":
        found = database.value(object, "SELECT content FROM feed_attempts WHERE id = ?", (facts["attempt"],))
        return _differs(found, facts["sha256"], f"the kept feed of batch {batch} that went by the API")
    if kind == "batch.answered":
        found = database.value(
            object, "SELECT content FROM results WHERE batch = ? AND sha256 = ?", (batch, facts["sha256"])
        )
        return _differs(found, facts["sha256"], f"a kept processing report of batch {batch}")
    return ""


def _changed_sha256(database: Database, sent: Mapping[int, tuple[int, str]]) -> tuple[int, str] | None:
    """Return the first batch whose sha256 is not that of its last `batch.sent` entry, and why.

    A feed that never arrived leaves again, so a batch may have several such entries.
    """
    for batch, (ident, mark) in sorted(sent.items(), key=lambda item: item[1]):
        if database.value(object, "SELECT sha256 FROM batches WHERE id = ?", (batch,)) != mark:
            return ident, f"the sha256 of batch {batch} is not what was recorded"
    return None


def _unlisted(database: Database, ident: int, order_ids: Iterable[str]) -> str:
    """Return why the list by order does not lead from these orders to an entry, or an empty text."""
    for order_id in order_ids:
        if (
            database.value(object, "SELECT 1 FROM audit_orders WHERE order_id = ? AND audit = ?", (order_id, ident))
            is None
        ):
            return f"the list by order does not name it for {order_id}"
    return ""


def _unrecorded(database: Database, named: Mapping[str, set[tuple[object, ...]]]) -> str:
    """Return what the journal has and no entry names, because entries at the end were cut off, or an empty text."""
    for sql, kind, what in (
        ("SELECT id FROM batches ORDER BY id", "batch.held", "batch {} was committed"),
        ("SELECT id FROM batches WHERE sent_at IS NOT NULL ORDER BY id", "batch.sent", "batch {} left"),
        ("SELECT batch, sha256 FROM results ORDER BY batch", "batch.answered", "batch {} was answered"),
    ):
        for row in database.query(sql):
            if tuple(row) not in named[kind]:
                return f"{what.format(row[0])}, but no record says so: records are missing at the end"
    return ""


def _kept_file_differs(kept: object, mark: str, what: str) -> str:
    if not isinstance(kept, bytes):
        return _differs(kept, mark, what)
    return "" if kept_sha256(kept) == mark else f"{what} is not what was recorded"


def _differs(content: object, mark: str, what: str) -> str:
    if content is None:
        return f"{what} is missing"
    found = content.encode("utf-8", "replace") if isinstance(content, str) else content
    return "" if isinstance(found, bytes) and digest(found) == mark else f"{what} is not what was recorded"
