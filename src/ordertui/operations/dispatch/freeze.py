"""The last check before a batch leaves: impossible rows are taken out, and the files are made of the rest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import zip_longest

import msgspec

from ordertui.operations.batches.batch import LastLook
from ordertui.operations.errors import OperationError
from ordertui.operations.planning.feed_builder import BuiltFile, build_feed_files, describe_feed_files, feed_rows
from ordertui.operations.planning.house_rules import HouseRuleOutcome
from ordertui.operations.planning.plan import Plan, PlanFile, PlannedOrder
from ordertui.operations.planning.plan_file import decode
from ordertui.operations.planning.planner import Planner
from ordertui.operations.planning.reading import OrderReader
from ordertui.operations.sync.unread_orders import unread_reason
from ordertui.orders.batch_state import NEVER_LEFT, RowState
from ordertui.orders.packed import pack
from ordertui.store import FeedFile, JournalBatch, Store


class BatchWaits(OperationError):
    """A batch stays held until the newest state of one of its orders can be read; the message says what to do."""


class BatchFreezer:
    """Prepares the batches of one store to leave. Both dispatchers use it, within their own transaction."""

    def __init__(
        self, store: Store, planner: Planner, merchant_id: str, check_rules: Callable[[], None] = lambda: None
    ) -> None:
        """`check_rules` is called before `planner` judges; it raises Refused when its rules are out of force."""
        self._store = store
        self._planner = planner
        self.merchant_id = merchant_id
        self._check_rules = check_rules

    def freeze(
        self, batch_id: int, between: Callable[[], None] = lambda: None
    ) -> tuple[JournalBatch, tuple[BuiltFile, ...]]:
        """Return the batch without the rows that must not leave any more, and its files; no files when none may leave.

        A batch that a house rule asks an approval of by now, and that has none, waits for it from here on. `between` is
        called for each order and may raise. Raises as `look` does.
        """
        found = self.look(batch_id, between)
        journal = self._store.journal
        if found.files and found.approval and not journal.approvals.is_approved(batch_id):
            journal.approvals.ask(found.batch, found.approval)
            return self._store.batches.get(batch_id), ()
        return found.batch, found.files

    def look(self, batch_id: int, between: Callable[[], None] = lambda: None) -> LastLook:
        """Take out the rows of a batch that has not left that must not leave any more, and return what is left of it.

        Raises BatchWaits, OperationError when the files are not those that were previewed, or when an order is gone,
        Refused when the store's policy was published anew.
        """
        self._check_rules()
        plan = decode(self._store.batches.plan_bytes(batch_id), with_excluded=False)
        batch = self._store.batches.get(batch_id)
        unread = unread_reason(self._store, batch_id)
        if unread:
            raise BatchWaits(f"batch {batch_id} waits: {unread}")
        others = set()
        """Orders that it does not hold any more."""
        for row, kept in zip_longest(plan.rows, batch.rows):
            if row is None:
                raise OperationError(f"batch {batch_id}: order {kept.order_id} is not in its plan; nothing was sent")
            if kept is None or kept.order_id != row.order_id:
                raise OperationError(
                    f"batch {batch_id}: order {row.order_id} is not in this store any more; nothing of the batch was"
                    " sent: undo it, import the order and plan again"
                )
            if kept.state is not RowState.HELD:
                others.add(row.order_id)
        self._check_part(batch_id, plan)
        whys, outcome = self._changed_rows(batch, plan, others, between)
        if whys:
            self._store.journal.leave_out(batch.id, whys)
            batch = self._store.batches.get(batch_id)
        files = self._build(batch, plan, others.union(whys), between)
        return LastLook(batch, plan, files, outcome.approval, outcome.warnings)

    def rebuild(self, batch: JournalBatch) -> list[FeedFile]:
        """Return the files of a batch that left, made again of its plan: stores of version 1 kept no bytes."""
        gone = set(batch.orders_in(*NEVER_LEFT))
        return as_feed_files(self._build(batch, decode(self._store.batches.plan_bytes(batch.id)), gone))

    def _check_part(self, batch_id: int, plan: Plan) -> None:
        """Raise OperationError when a part of a split batch has a row that was not previewed and approved with it."""
        store = self._store
        *_, whole = store.journal.approvals.with_parts_before(batch_id)
        if whole == batch_id:
            return
        mine = {row.order_id: row for row in plan.rows}
        previewed = {
            row.order_id: row for row in decode(self._store.batches.plan_bytes(whole)).rows if row.order_id in mine
        }
        if mine != previewed:
            raise OperationError(
                f"batch {batch_id} is no part of batch {whole} as it was previewed; nothing of it was sent: undo it"
                " and plan again"
            )

    def _changed_rows(
        self, batch: JournalBatch, plan: Plan, others: Collection[str], between: Callable[[], None]
    ) -> tuple[dict[str, str], HouseRuleOutcome]:
        """Return the rows that a report, a fact or a late result made impossible and why, and what house rules say.

        `others` are orders that it does not hold any more.
        """
        reasons = self._store.journal.blocking_reasons(batch.id)
        reader = OrderReader(self._store)
        whys, checked = {}, 0
        for row, order in reader.read(plan.rows):
            checked += 1
            between()
            if row.order_id not in others:
                why = reasons.get(row.order_id) or self._planner.orders.still_allowed(plan.action, order, row)
                if why:
                    whys[row.order_id] = why
        if checked < len(plan.rows):
            raise OperationError(f"batch {batch.id}: orders of it are not in this store any more; nothing was sent")
        rows = _without(plan.rows, whys.keys() | others)
        outcome = self._planner.held_outcome(plan, batch, rows, reader)
        whys |= {row.order_id: outcome.why(row.id) for row in rows if row.id in outcome.denied}
        return whys, outcome

    def _build(
        self, batch: JournalBatch, plan: Plan, gone: Collection[str], between: Callable[[], None] = lambda: None
    ) -> tuple[BuiltFile, ...]:
        """Return the files of the rows that leave, or left, without those that are `gone`: the plan's own bytes when
        these are all its rows.
        """
        whole = feed_rows(plan, self.merchant_id)
        if gone:  # what leaves is made by the same program and for the same account as what was previewed
            self._check(batch, describe_feed_files(whole, between), plan)
        files = build_feed_files(msgspec.structs.replace(whole, rows=_without(plan.rows, gone)), between)
        if not gone:
            self._check(batch, [one.file for one in files], plan)
        return files

    @staticmethod
    def _check(batch: JournalBatch, made: Sequence[PlanFile], plan: Plan) -> None:
        """Raise OperationError when these are not the files of the preview."""
        if {file.name: file.sha256 for file in made} != {file.name: file.sha256 for file in plan.files}:
            raise OperationError(
                f"batch {batch.id}: its bytes are no longer those of the preview (was the merchant id changed?);"
                " undo it and plan again"
            )


def _without(rows: Sequence[PlannedOrder], gone: Collection[str]) -> Sequence[PlannedOrder]:
    """Return the rows but for some orders; the same rows, which are not packed anew, when none is gone."""
    return pack(PlannedOrder, (row for row in rows if row.order_id not in gone)) if gone else rows


def as_feed_files(files: tuple[BuiltFile, ...]) -> list[FeedFile]:
    """Return a plan's files as the journal keeps them."""
    return [FeedFile(one.file.name, one.file.sha256, one.kept) for one in files]
