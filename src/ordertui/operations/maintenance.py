"""The care of a store: is it sound, is there room on the disk, is it a restored backup, and what does its audit say."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ordertui.orders.clock import DAY, iso_utc
from ordertui.orders.people import Permission
from ordertui.orders.text import pluralize
from ordertui.store import AuditEntry, Store

from .context import SessionContext
from .errors import BadInput, NotConfirmed, Refused
from .limits import operation_limits

if TYPE_CHECKING:
    from ordertui.rules.policy.policy import Policies
    from ordertui.store import AuditReport

Value = TypeVar("Value")
Record = dict[str, Any]
"""A row of a list or export: column to text, number or nested facts."""


def disk_space_warning(store: Store) -> str:
    """Return a warning when the disk is nearly full, else an empty text."""
    folder = next(one for one in store.path.parents if one.exists())  # a reader of a shared store may have none yet
    free, wanted = shutil.disk_usage(folder).free, operation_limits().free_bytes(store.maintenance.size())
    if free >= wanted:
        return ""
    return (
        f"the disk is nearly full: {free // 2**20:,} MiB free, {wanted // 2**20:,} MiB wanted;"
        " make room before importing or sending"
    )


class MaintenanceService:
    """Checks, copies, compacts and purges one store."""

    def __init__(self, context: SessionContext, damaged_files: Callable[[Store], Mapping[int, str]]) -> None:
        """`damaged_files` returns what is wrong with files that wait for their upload, by batch."""
        self._context = context
        self._damaged_files = damaged_files

    def check(self) -> list[str]:
        """Return everything that is wrong with the store, one text each; empty when all is well."""
        store = self._context.reader()
        found = store.maintenance.check()
        report, writing = store.audit.verify(), store.batches.writing()
        if not report.ok:
            found.append(_broken(report))
        found += [f"batch {batch}: its files are not all written; run `ordertui dispatch`" for batch in writing]
        found += [
            f"batch {batch}: {host} wrote its file to upload and gave it no name yet; run `ordertui dispatch` there"
            for batch, host in store.journal.leases.unnamed().items()
            if batch not in writing
        ]
        found += [f"batch {batch}: {text}" for batch, text in self._damaged_files(store).items()]
        return found + [text for text in (self._context.copies.reason(), disk_space_warning(store)) if text]

    def backup(self, target: Path, progress: Callable[[int, int], None] | None = None) -> int:
        """Copy the store into a new file and return its bytes. Raises StoreError."""
        return self._context.reader().maintenance.backup(target, progress)

    def compact(self) -> int:
        """Give unused room back to the disk and return how many bytes. Raises RoleRefused, ReadOnly."""
        return self._context.writer(Permission.MAINTAIN).maintenance.compact()

    def purge(self, days: int | None = None, *, yes: bool = False) -> int:
        """Delete orders older than so many days that were never in a batch, and return how many they were.

        `days` None: as the settings say. Without `yes` nothing is deleted. Raises NotConfirmed, which says how many
        orders would go, Refused where a rate's window would lose orders, RoleRefused, ReadOnly.
        """
        context = self._context
        store = context.writer(Permission.MAINTAIN)
        days = context.config.retention_days if days is None else days
        before = _cutoff(context.active_policies.policies, days, context.clock.now())
        if not yes:
            count = store.maintenance.count_purgeable(before)
            found = f"{pluralize(count)} placed before {iso_utc(before)} that were never in a batch"
            raise NotConfirmed(f"{found} would be deleted; give --yes")
        return store.maintenance.purge(before)


class AuditService:
    """Verifies the audit of one store and reads its records."""

    def __init__(self, context: SessionContext) -> None:
        self._context = context

    def verify(self) -> str:
        """Return the state of the audit chain and of the kept bytes. Raises BadInput naming the first broken record."""
        report = self._context.reader().audit.verify()
        if not report.ok:
            raise BadInput(_broken(report))
        return f"{report.entries} records, chain unbroken, head {report.head[:16]}"

    def records(self, order_id: str | None = None, limit: int | None = None) -> list[Record]:
        """Return audit records, newest first, of one order or of all, as lists show and export them.

        With `order_id` the `change` of a record is that order's.
        """
        return [
            audit_record(entry, order_id) for entry in self._context.reader().audit.entries(limit, order_id=order_id)
        ]


def _cutoff(policies: Policies, days: int, now: int) -> int:
    """Return the moment before which orders may be deleted. Raises Refused when a rate's window would lose orders."""
    least = max(max(policies.of(code).values.rate_days) for code in policies.marketplaces) * 2
    if days < least:
        raise Refused(
            f"orders of the last {least} days are needed for the cancellation rate; give {least} days or more"
        )
    return now - days * DAY


def _broken(report: AuditReport) -> str:
    return f"the audit is broken at record {report.first_bad} of {report.entries}: {report.why}"


def audit_record(entry: AuditEntry, order_id: str | None) -> Record:
    """Return an audit record as lists show and export it; with `order_id` its `change` is that order's."""
    facts = json.loads(entry.payload)
    by, states = _take(facts, "by", dict), _take(facts, "states", dict)
    orders = _take(facts, "orders", list) or sorted(states)
    shown = states if order_id is None else {order_id: states.get(order_id)}
    changes = {" -> ".join(map(str, one)) for one in shown.values() if isinstance(one, list)}
    return {
        "record": entry.id,
        "at": iso_utc(entry.at),
        "what": entry.kind,
        "operator": by.get("operator", ""),
        "user": f"{by['user']}@{by.get('host', '')}" if by.get("user") else str(facts.get("login", "")),
        "batch": facts.pop("batch", None),
        "orders": " ".join(map(str, orders)),
        "change": ", ".join(sorted(changes)),
        "why": facts.pop("why", ""),
        "more": facts,
        "hash": entry.hash,
    }


def _take(facts: dict[str, Any], key: str, kind: type[Value]) -> Value:
    """Take a value out of a record; one of another kind, which only SQL by hand writes, stays in it."""
    return facts.pop(key) if isinstance(facts.get(key), kind) else kind()
