"""The care of a store, in words: is it sound, is there room, is it an older copy, and what the audit says."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ordertui.orders.clock import DAY, iso_utc
from ordertui.rules.policy.policy import Policies
from ordertui.store import AuditEntry, Store

from .errors import BadInput, NotConfirmed, Refused
from .waiting import waiting

_FOLDER = re.compile(r"(\d{4,})-[A-Z]{2}-[a-z]+")


def disk_space_warning(store: Store) -> str:
    """What to say when the disk is nearly full, else an empty text."""
    free, wanted = shutil.disk_usage(store.path.parent).free, waiting().room(store.maintenance.size())
    if free >= wanted:
        return ""
    return f"the disk is nearly full: {free // 2**20:,} MiB free, {wanted // 2**20:,} MiB wanted; make room before importing or sending"


def detect_restored_backup(store: Store, outbox: Path) -> str:
    """Why this store must be an older copy (a restored backup), or an empty text: the outbox has batches it does not know."""
    last = max((batch.id for batch in store.batches.find(limit=1)), default=0)
    found = [int(match[1]) for path in _folders(outbox) if (match := _FOLDER.fullmatch(path.name))]
    if not found or max(found) <= last:
        return ""
    return (
        f"the outbox has batch {max(found)}, and this store knows up to {last}: it is an older copy. What left since then "
        f"could be done twice: look at each folder of {outbox} in Seller Central, then move it away"
    )


def _folders(outbox: Path) -> list[Path]:
    try:
        return [path for path in outbox.iterdir() if path.is_dir()]
    except OSError:
        return []


def check(store: Store, outbox: Path) -> list[str]:
    """Everything that is wrong with a store, in words; empty when all is well."""
    found = store.maintenance.check()
    report = store.audit.verify()
    if not report.ok:
        found.append(f"the audit is broken at record {report.first_bad} of {report.entries}: {report.why}")
    found += [
        f"batch {batch}: its files are not all written; run `ordertui dispatch`" for batch in store.batches.unwritten()
    ]
    return found + [text for text in (detect_restored_backup(store, outbox), disk_space_warning(store)) if text]


def cutoff(policies: Policies, days: int, now: int) -> int:
    """The moment before which orders may be deleted. Raises Refused when a rate's window would lose orders."""
    least = max(max(policies.of(code).values.rate_days) for code in policies.marketplaces) * 2
    if days < least:
        raise Refused(
            f"orders of the last {least} days are needed for the cancellation rate; give {least} days or more"
        )
    return now - days * DAY


def purge(store: Store, before: int, *, yes: bool) -> int:
    """Delete what may go. Raises NotConfirmed, saying how many orders, without `yes`."""
    count = store.maintenance.count_purgeable(before)
    if not yes:
        raise NotConfirmed(
            f"{count:,} orders placed before {iso_utc(before)} that were never in a batch would be deleted; give --yes"
        )
    return store.maintenance.purge(before)


def verified(store: Store) -> str:
    """The state of the audit in words. Raises BadInput naming the first broken record."""
    report = store.audit.verify()
    if not report.ok:
        raise BadInput(f"the audit is broken at record {report.first_bad} of {report.entries}: {report.why}")
    return f"{report.entries} records, chain unbroken, head {report.head[:16]}"


def records(entries: list[AuditEntry], order_id: str | None = None) -> Iterator[dict[str, Any]]:
    """Audit records as lists show and export them; with `order_id`, the change is that order's."""
    for entry in entries:
        facts = json.loads(entry.payload)
        by = facts.pop("by", {})
        states = facts.pop("states", None) or {}
        orders = facts.pop("orders", None) or sorted(states)
        told = states if order_id is None else {order_id: states.get(order_id)}
        changes = {f"{before} -> {after}" for before, after in (s for s in told.values() if isinstance(s, list))}
        yield {
            "record": entry.id,
            "at": iso_utc(entry.at),
            "what": entry.kind,
            "operator": by.get("operator", ""),
            "user": f"{by['user']}@{by['host']}" if by.get("user") else "",
            "batch": facts.pop("batch", None),
            "orders": " ".join(orders),
            "change": ", ".join(sorted(changes)),
            "why": facts.pop("why", ""),
            "more": facts,
            "hash": entry.hash,
        }
