"""Approve or reject batches that a house rule lets wait for somebody other than who committed them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from ordertui.operations.context import SessionContext
from ordertui.operations.errors import Refused
from ordertui.operations.long_runs import changing
from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.people import Permission
from ordertui.store import JournalBatch, Store

from .batch import Batch, LastLook, as_batch
from .settle import check_reason

if TYPE_CHECKING:
    from ordertui.operations.planning.planner import Planner
    from ordertui.operations.rate.budget import BudgetUse
    from ordertui.operations.rate.figures import RateEffect


class ApprovedBatch(msgspec.Struct, frozen=True):
    """A batch after it was approved."""

    batch: Batch
    left_out: int
    """Orders that may not leave any more, and were taken out. When that is all, the batch is over, and not approved."""
    warnings: tuple[str, ...]
    """What house rules say of it now, such as that it goes over a budget of today."""


class ApprovalOutlook(msgspec.Struct, frozen=True):
    """What an approval would do now."""

    batch: Batch
    """As it would leave: what may not is left out of it."""
    whys: Mapping[str, str]
    """Orders that would be left out, by id, and why."""
    rates: tuple[RateEffect, ...]
    """The rate without the batch, and with what of it would leave, by window; empty where it changes none."""
    budgets: tuple[BudgetUse, ...]
    warnings: tuple[str, ...]
    """What house rules say of it now."""


class _UndoneError(Exception):
    """Ends a transaction whose changes are only looked at."""


class ApprovalService:
    """The batches that wait for approval, and what becomes of them.

    `planner` is called when one is approved; `look` takes out, within the transaction, what may not leave any more.
    """

    def __init__(
        self, context: SessionContext, planner: Callable[[], Planner], look: Callable[[int], LastLook]
    ) -> None:
        self._context = context
        self._planner = planner
        self._look = look

    def waiting(self) -> list[Batch]:
        """Return the batches that wait for approval, oldest first."""
        found = self._context.reader().batches.find(open_only=True)
        return [as_batch(batch) for batch in reversed(found) if batch.state is BatchState.AWAITING]

    def check(self, batch_id: int) -> None:
        """Raise store.ApprovalRefused when who is at work may not decide about a batch, before a word is asked for."""
        store = self._context.writer(Permission.APPROVE)
        store.journal.approvals.check(store.batches.get(batch_id))

    def outlook(self, batch_id: int, stop: Callable[[], bool] = lambda: False) -> ApprovalOutlook:
        """Return what `approve` would do: it is done in a transaction that is undone. Raises as `approve` does."""
        self._context.copies.require_original()
        planner, found = self._planner(), []
        try:
            with changing(self._context, Permission.APPROVE, stop) as store:
                before = self._waiting(store, batch_id)
                found.append((before, self._look(batch_id)))
                raise _UndoneError
        except _UndoneError:
            ((before, look),) = found
        held = set(before.orders_in(RowState.HELD))
        whys = {row.order_id: row.text for row in look.batch.rows if row.state is RowState.LEFT_OUT}
        rates, budgets = planner.held_effects(look.plan, look.batch, held)
        gone = {one: why for one, why in whys.items() if one in held}
        return ApprovalOutlook(as_batch(look.batch), gone, rates, budgets, look.warnings)

    def approve(self, batch_id: int, word: str, stop: Callable[[], bool] = lambda: False) -> ApprovedBatch:
        """Let the hold of a batch begin, for as long as the policy in force says.

        Each of its rows is looked at as before it leaves, in the same transaction: those that may not leave any more
        are taken out. Raises BadInput, Refused, Stopped, OperationError when what would leave is not what was
        previewed, and store.ApprovalRefused when the batch does not wait or is of who approves it; then nothing was
        changed.
        """
        context = self._context
        context.require(Permission.APPROVE)
        reason = check_reason(word)
        context.copies.require_original()
        planner = self._planner()
        with changing(context, Permission.APPROVE, stop) as store:
            before = self._waiting(store, batch_id)
            look = self._look(batch_id)
            if look.files:
                due_at = context.clock.now() + planner.hold_seconds(look.plan)
                store.journal.approvals.approve(look.batch, reason, due_at)
            after = as_batch(store.batches.get(batch_id))
        context.copies.note_quietly()
        left_out = after.count(RowState.LEFT_OUT) - before.count(RowState.LEFT_OUT)
        return ApprovedBatch(after, left_out, look.warnings if look.files else ())

    def _waiting(self, store: Store, batch_id: int) -> JournalBatch:
        """Return a batch that waits, about which who is at work may decide by the rules in force."""
        from ordertui.operations.policies import edited_since_load

        obstacle = edited_since_load(self._context.config, self._context.active_policies, store)
        if obstacle:
            raise Refused(obstacle)
        batch = store.batches.get(batch_id)
        store.journal.approvals.check(batch)
        return batch

    def reject(self, batch_id: int, word: str, stop: Callable[[], bool] = lambda: False) -> int:
        """Take a batch back that waits for approval; return how many orders came back.

        Raises BadInput, Refused, Stopped, and store.ApprovalRefused as `approve` does.
        """
        self._context.require(Permission.APPROVE)
        reason = check_reason(word)
        self._context.copies.require_original()
        with changing(self._context, Permission.APPROVE, stop) as store:
            store.journal.approvals.reject(store.batches.get(batch_id), reason)
            count = store.journal.recall(batch_id, why=f"rejected: {reason}")
        self._context.copies.note_quietly()
        return count
