"""Batches from the plan to the settled row: commit, hold, recall, list, retry, settle."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from ordertui.operations.context import SessionContext
from ordertui.operations.errors import BadInput, NotConfirmed, Refused, Stopped
from ordertui.operations.long_runs import changing
from ordertui.orders.batch_state import AT_AMAZON, NOT_LEFT, BatchState, RowState
from ordertui.orders.clock import time_of
from ordertui.orders.enums import Action
from ordertui.orders.people import Permission
from ordertui.orders.text import name_order, pluralize, with_verb
from ordertui.store import Interrupted, JournalBatch, Store, Submission

from .batch import Batch, Waiting, as_batch

MOST_SENTENCES = 5
"""Held batches that are named one by one when the program is left."""

if TYPE_CHECKING:
    from ordertui.operations.planning.plan import Plan, PlanLine
    from ordertui.operations.planning.planner import Planner

    from .open_issues import OpenIssue
    from .settle import OperatorStatement
    from .upload import UploadCheck


class BatchService:
    """Commits plans and follows what becomes of them.

    `planner` is called when a plan is first checked; `describe` adds to a batch of the journal what to do next, from
    its own submissions, newest first, and why its file must not be uploaded.
    `look_at_bookings` reads what Amazon booked; None without an API.
    """

    def __init__(
        self,
        context: SessionContext,
        planner: Callable[[], Planner],
        describe: Callable[[JournalBatch, Sequence[Submission], str], Batch],
        uploads: UploadCheck,
        look_at_bookings: Callable[[], object] | None = None,
    ) -> None:
        self._look_at_bookings = look_at_bookings
        self._context = context
        self._planner = planner
        self._describe = describe
        self._uploads = uploads

    def commit(
        self,
        plan: Plan,
        *,
        typed: str | None = None,
        stop: Callable[[], bool] = lambda: False,
        progress: Callable[[int, int], None] = lambda *_: None,
    ) -> Batch:
        """Put one plan into the hold; see `commit_all`."""
        return self.commit_all([plan], typed=typed, stop=stop, progress=progress)[0]

    def commit_all(
        self,
        plans: Sequence[Plan],
        *,
        typed: str | None = None,
        stop: Callable[[], bool] = lambda: False,
        progress: Callable[[int, int], None] = lambda *_: None,
    ) -> list[Batch]:
        """Put plans into the hold, all or none; see `committer.Committer.commit`.

        Refused also when the policy file was edited meanwhile, and when the store may be a copy. Raises Stopped when
        `stop`, which a thread asks too, says so; then nothing was committed. `progress` takes, from each plan, how many
        orders were checked again, and of how many.
        """
        from ordertui.operations.policies import edited_since_load

        from .committer import Committer

        context = self._context
        store = context.writer(Permission.COMMIT)
        context.copies.require_original()

        def check_policy(asked: Store = store) -> None:
            obstacle = edited_since_load(context.config, context.active_policies, asked)
            if obstacle:
                raise Refused(obstacle)

        def check_rules() -> None:
            """Judge by what the server has: nobody else changes it in this transaction, and the copy may be behind."""
            context.catch_up()
            check_policy()

        check_policy(context.reader())  # without a trip to a server; the committer asks there
        committer = Committer(
            store, self._planner(), context.clock, check_rules,
            merchant_id=context.merchant_id, practice=context.is_practice,
        )  # fmt: skip
        committed = committer.commit(plans, typed, stop, progress)
        context.copies.note_quietly()
        return committed

    def recall(self, what: int | str, stop: Callable[[], bool] = lambda: False) -> int:
        """Take back a held batch by number, or one order of it by order id; return how many orders came back.

        Raises store.RecallRefused when it has left already, BadInput when nothing of it is held, Refused when the store
        may be a copy, from which nothing is taken back that may have left, and Stopped when `stop` says so; then
        nothing was taken back.
        """
        self._context.copies.require_original()
        with changing(self._context, Permission.RECALL, stop) as store:
            if isinstance(what, int):
                count = store.journal.recall(what)
            else:
                holder = store.batches.holder_of(what)
                if holder is None:
                    raise BadInput(f"no held batch has order {name_order(what)}; `ordertui outbox` shows what is held")
                count = store.journal.recall(holder.batch, [what])
        self._context.copies.note_quietly()
        return count

    def holder_of(self, order_id: str) -> int | None:
        """Return the batch that holds an order; None when none does."""
        found = self._context.reader().batches.holder_of(order_id)
        return None if found is None else found.batch

    def author_of(self, batch_id: int | None) -> str:
        """Return the login that committed a batch; empty when none is known. Raises UnknownBatch."""
        return "" if batch_id is None else self._context.reader().batches.head(batch_id).author

    def recall_orders(self, order_ids: Collection[str]) -> int:
        """Take these orders back, of whatever batches hold them, all in one step; return how many came back.

        Raises Refused when the store may be a copy.
        """
        store = self._context.writer(Permission.RECALL)
        self._context.copies.require_original()
        count = 0
        with store.write():
            for batch in store.batches.find(open_only=True):
                if batch.state in NOT_LEFT:
                    held = batch.orders_in(RowState.HELD)
                    wanted = [order_id for order_id in held if order_id in order_ids]
                    count += store.journal.recall(batch.id, wanted) if wanted else 0
        self._context.copies.note_quietly()
        return count

    def release(self, batch_id: int) -> Batch:
        """End the hold of a batch now; the next dispatch takes it."""
        return self.release_all([batch_id])[0]

    def release_all(self, batch_ids: Sequence[int], stop: Callable[[], bool] = lambda: False) -> list[Batch]:
        """End the hold of these batches now, all or none. Raises UnknownBatch, RecallRefused, Refused, Stopped."""
        self._context.copies.require_original()
        with changing(self._context, Permission.DISPATCH, stop) as store:
            for batch_id in batch_ids:
                store.journal.end_hold(batch_id)
            return [as_batch(store.batches.get(batch_id)) for batch_id in batch_ids]

    def mark_uploaded(
        self, *batch_ids: int, undo: bool = False, confirmed: bool = False, stop: Callable[[], bool] = lambda: False
    ) -> None:
        """Record the operator's word that the files of written batches were uploaded, of all or of none.

        `undo` takes that word back. Raises UnknownBatch, and StoreError when a batch is not written (with `undo`: not
        marked), or its answer is known, and Stopped when `stop` says so; then nothing was recorded. Where something
        speaks against the upload, it must be `confirmed` that it was made; else NotConfirmed is raised.
        """
        with changing(self._context, Permission.DISPATCH, stop) as store:
            against = {} if undo or confirmed else self._uploads.withheld(store, batch_ids)
            texts = [against[batch_id] for batch_id in batch_ids if batch_id in against]
            if texts:
                raise NotConfirmed(f"{' '.join(texts)} If it was uploaded all the same, give --yes to record that.")
            for batch_id in batch_ids:
                (store.journal.unmark_uploaded if undo else store.journal.mark_uploaded)(batch_id)
        self._uploads.write_notes(store)

    def waiting(self) -> Waiting:
        """Return how many batches are held, how many files wait for their upload, and how many batches for approval."""
        if self._context.copies.reason():
            return Waiting(is_inactive=True)
        reader = self._context.reader()
        counts, to_upload = reader.batches.count, len(self._uploads.to_upload(reader))
        return Waiting(counts(BatchState.HELD), to_upload, counts(BatchState.AWAITING))

    def unfinished(self, zone: str = "UTC") -> list[str]:
        """Return what is not done when the program is left: one sentence for each held batch and each kind of wait.

        Times are of the zone. Of a store that was moved, or may be a copy, just that: nothing is done in it.
        """
        why = self._context.copies.reason()
        if why:
            return [why]
        found_open = self._context.reader().batches.find(open_only=True)
        held = [one for one in found_open if one.state is BatchState.HELD]
        leaves = (
            "submitted when ordertui is open, or by `ordertui dispatch`"
            if self._context.is_api_dispatch
            else "written when ordertui is open, or by `ordertui dispatch`"
        )
        now = self._context.clock.now()
        found = [
            f"batch {one.id} ({one.action.value}, {pluralize(one.count(RowState.HELD))}) is"
            f" held until {time_of(one.due_at, now, zone)}; {leaves}"
            for one in held[:MOST_SENTENCES]
        ]
        if len(held) > MOST_SENTENCES:
            found.append(f"{len(held) - MOST_SENTENCES:,} more batches are held: `ordertui outbox` lists them")
        awaiting = self.waiting().to_approve
        if awaiting:
            found.append(f"{with_verb(awaiting, 'batch waits', 'batches wait')} for approval: `ordertui approvals`")
        unanswered = [count for one in found_open if (count := one.count(*AT_AMAZON))]
        if unanswered:
            found.append(
                f"{with_verb(len(unanswered), 'batch that left waits', 'batches that left wait')} for Amazon's answer"
                f" ({pluralize(sum(unanswered))}): `ordertui outbox` lists them"
            )
        return found + self.to_upload_sentences()

    def to_upload_sentences(self) -> list[str]:
        """Return a sentence on files that wait for their upload; none when none does."""
        waiting = self.waiting().to_upload
        if not waiting or self._context.is_practice:
            return []
        return [
            f"{pluralize(waiting, 'file')} to upload, as far as is known: key o and `ordertui outbox` list them; U"
            " there, or `ordertui uploaded BATCH`, when it is done"
        ]

    def get(self, batch_id: int) -> Batch:
        """Return a batch with what to do next. Raises UnknownBatch."""
        reader = self._context.reader()
        batch = reader.batches.get(batch_id)
        against = self._uploads.obstacles(reader, [batch]).get(batch_id, "")
        described = self._with_tries(self._describe(batch, reader.submissions.find(batch_id), against))
        return _inactive(described, self._context.copies.reason())

    def decided_since(self, at: int) -> list[Batch]:
        """Return the batches that somebody approved or rejected from then on, in that sequence, but those of others;
        without rows.
        """
        found = self._context.reader().batches.approval_decided_since(at, self._context.person.name)
        return [as_batch(one) for one in found]

    def find(self, *, open_only: bool = False) -> list[Batch]:
        """Return the batches, newest first, each with what to do next."""
        reader = self._context.reader()
        submissions: dict[int, list[Submission]] = {}
        for one in reader.submissions.find():
            submissions.setdefault(one.batch, []).append(one)
        found = reader.batches.find(open_only=open_only)
        against, why = self._uploads.obstacles(reader, found), self._context.copies.reason()
        return [
            _inactive(
                self._with_tries(self._describe(batch, submissions.get(batch.id, ()), against.get(batch.id, ""))), why
            )
            for batch in found
        ]

    def _with_tries(self, batch: Batch) -> Batch:
        """Return the batch less the refused orders that a later batch tries in what may be tried again."""
        if not batch.retryable:
            return batch
        later = self._context.reader().batches.later_tries(batch.id)
        left = sum(row.state is RowState.ERROR and row.order_id not in later for row in batch.rows)
        return replace(batch, retryable=left)

    def retry(self, batch_id: int, stop: Callable[[], bool] = lambda: False) -> tuple[Plan, ...]:
        """Return the failed rows of a batch as new plans; see `retry.retry_plans`.

        Raises UnknownBatch, Refused, and Stopped when `stop` says so.
        """
        from .retry import retry_plans

        reader = self._context.reader()
        try:
            with reader.database.stoppable(stop):
                return retry_plans(reader, self._planner(), batch_id)
        except Interrupted as error:
            raise Stopped("stopped; nothing was done") from error

    def open_issues(self) -> list[OpenIssue]:
        """Return what needs somebody, and what would settle it; see `open_issues.OpenIssue` for the kinds.

        Nothing in a store that was moved: it is settled where it went.
        """
        from .open_issues import open_issues

        reader = self._context.reader()
        if reader.identity.move is not None:
            return []
        return open_issues(reader, self._context.clock.now(), self._uploads.withheld(reader))

    def settle(
        self,
        batch_id: int,
        order_ids: Sequence[str],
        *,
        done: bool,
        why: str,
        typed: str | None = None,
        against: Sequence[str] = (),
    ) -> Batch:
        """Record the operator's word on rows that left; see `record`."""
        from .settle import OperatorStatement

        return self.record(batch_id, order_ids, OperatorStatement(done, why, typed, against))

    def record(
        self,
        batch_id: int,
        order_ids: Sequence[str],
        statement: OperatorStatement,
        stop: Callable[[], bool] = lambda: False,
    ) -> Batch:
        """Record what the operator says of rows that left; see `settle.settle`.

        By the API, what Amazon booked is asked for before refunds are settled as not done. Raises Stopped when `stop`
        says so; then nothing was recorded.
        """
        from .settle import settle

        if not statement.done and self._look_at_bookings is not None:
            batch = self._context.writer(Permission.SETTLE).batches.head(batch_id)
            if batch.action is Action.REFUND:
                self._look_at_bookings()
        settled = settle(self._context, batch_id, order_ids, statement, stop)
        self._uploads.write_notes(self._context.store)
        self._context.copies.note_quietly()
        return settled

    def read_refunds(self, path: Path, ids: Sequence[int]) -> dict[str, tuple[PlanLine, ...]]:
        """Return the amounts to refund that a file names, by order id, for a plan of `ids`. Raises BadInput."""
        from ordertui.operations.planning.choice_files import read_refunds

        orders = self._context.reader().orders.get(list(ids))
        return read_refunds(path, {order.row.order_id: order for order in orders.values()})

    def check_plan_output(self, path: Path, *, replace: bool = False) -> None:
        """Refuse a file that `save_plan` would refuse. Raises FileConflict, Refused."""
        from ordertui.operations.planning.plan_file import check_plan_output

        check_plan_output(path, inside=self._context.export_directory, replace=replace)

    def save_plan(self, plans: Sequence[Plan], path: Path, *, replace: bool = False) -> None:
        """Write a plan file, over another plan file only with `replace`.

        Raises BadInput, FileConflict, and Refused where a practice store's file would leave its folder.
        """
        from ordertui.operations.planning.plan_file import save_plans

        save_plans(plans, path, inside=self._context.export_directory, replace=replace)

    @staticmethod
    def load_plan(path: Path) -> tuple[Plan, ...]:
        """Read a plan file. Raises BadInput."""
        from ordertui.operations.planning.plan_file import load_plans

        return load_plans(path)

    def export_sheet(self, plan: Plan, path: Path) -> int:
        """Write which orders a plan takes in, which it leaves out and why, as CSV, TSV or JSON. Return how many.

        Raises BadInput, and Refused where a practice store's file would leave its folder.
        """
        from ordertui.operations.planning.plan_file import inside_only
        from ordertui.operations.query.export import SHEET, sheet, write_list

        inside_only(path, self._context.export_directory)
        return write_list(sheet(plan), path, SHEET)


def _inactive(batch: Batch, why: str) -> Batch:
    """Return a batch of a store in which nothing is done, for that reason; as it is without one."""
    return replace(batch, advice=why, withheld="", next_at=None, retryable=0, is_inactive=True) if why else batch
