"""The part of the shop that deals with what left: trying again, open questions, the operator's word, the audit, care."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ordertui.orders.clock import Clock
from ordertui.store import Store

from .config import Config

if TYPE_CHECKING:
    from ordertui.rules.policy.policy import Policies

    from .planning.plan import Batch, Plan
    from .planning.planner import Planner
    from .values import Question


class AfterPart:
    """Mixed into the shop."""

    clock: Clock
    config: Config
    outbox_dir: Path

    def _reader(self) -> Store:
        raise NotImplementedError

    def _writer(self) -> Store:
        raise NotImplementedError

    @property
    def policies(self) -> Policies:
        """The policies in force."""
        raise NotImplementedError

    @cached_property
    def _planner(self) -> Planner:
        raise NotImplementedError

    def retry(self, batch_id: int) -> tuple[Plan, ...]:
        """The failed rows of a batch as a new plan; every other row is listed as left out. Raises UnknownBatch, Refused."""
        from .batches.retry import retry_plans

        return retry_plans(self._reader(), self._planner, batch_id)

    def questions(self) -> list[Question]:
        """What left and needs somebody: unwritten, stuck, unknown, diverged, unconfirmed, overpaid."""
        from .batches.settle import questions

        return questions(self._reader(), self.clock.now())

    def settle(
        self, batch_id: int, order_ids: Sequence[str], *, done: bool, why: str, typed: str | None = None
    ) -> Batch:
        """Take the operator's word for rows that left; see `settling.settle`."""
        from .batches.settle import settle

        return settle(self._writer(), self.outbox_dir, batch_id, order_ids, done=done, why=why, typed=typed)

    def needs(self) -> tuple[str, ...]:
        """Banners about the store and about batches that need somebody."""
        from . import maintenance

        found = [
            maintenance.disk_space_warning(self._reader()),
            maintenance.detect_restored_backup(self._reader(), self.outbox_dir),
        ]
        for one in self.questions():
            count = f"{len(one.orders)} order" + ("s" if len(one.orders) > 1 else "")
            found.append(f"batch {one.batch} ({one.action.value}), {count} {one.kind}: {one.why}")
        return tuple(text for text in found if text)

    # -- audit and care

    def audit_verify(self) -> str:
        """The state of the audit chain and of the kept bytes, in words. Raises BadInput naming the first broken record."""
        from . import maintenance

        return maintenance.verified(self._reader())

    def audit_records(self, order_id: str | None = None, limit: int | None = None) -> list[dict[str, Any]]:
        """Audit records, newest first, of one order or of all: record, at, what, operator, user, batch, orders, change, why, more, hash."""
        from . import maintenance

        return list(maintenance.records(self._reader().audit.entries(limit, order_id=order_id), order_id))

    def store_check(self) -> list[str]:
        """Everything that is wrong with the store; empty when all is well."""
        from . import maintenance

        return maintenance.check(self._reader(), self.outbox_dir)

    def store_backup(self, target: Path, progress: Callable[[int, int], None] | None = None) -> int:
        """Copy the store into a new file; gives its bytes. Raises StoreError."""
        return self._reader().maintenance.backup(target, progress)

    def store_compact(self) -> int:
        """Give back unused room; gives the bytes won."""
        return self._writer().maintenance.compact()

    def store_purge(self, days: int | None = None, *, yes: bool = False) -> int:
        """Delete orders older than so many days (None: as the settings say) that were never in a batch; gives how many.

        Raises Refused, NotConfirmed.
        """
        from . import maintenance

        store = self._writer()
        before = maintenance.cutoff(
            self.policies, self.config.retention_days if days is None else days, self.clock.now()
        )
        return maintenance.purge(store, before, yes=yes)
