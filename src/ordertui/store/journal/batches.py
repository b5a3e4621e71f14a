"""Batches: committed and held, recalled, sent. Each change is one transaction, with its audit entry in it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from ordertui.orders.batch_state import NOT_LEFT, SETTLED, UNCONFIRMED, BatchState, RowState
from ordertui.orders.clock import Clock, iso_utc
from ordertui.orders.enums import Action
from ordertui.orders.text import pluralize
from ordertui.store.engine.database import Database, in_list, slices
from ordertui.store.engine.errors import (
    ActionAlreadyOpen,
    BatchChanged,
    RecallRefused,
    StoreError,
    UnknownOrder,
    VersionChanged,
)
from ordertui.store.engine.protocol import digest
from ordertui.store.repositories.audit import AuditLog, NamedOrders
from ordertui.store.repositories.operator_facts import OperatorFacts
from ordertui.store.repositories.orders import OrderRepository

from .batch_queries import BatchQueries
from .holds import hold_columns
from .records import FeedFile, JournalBatch, JournalRow, NewRow, Outcome
from .refunds import ROWS_AT_ONCE, RefundLedger
from .rows import TransitionWriter
from .writer_leases import WriterLeases

if TYPE_CHECKING:
    from .approvals import ApprovalLedger
    from .wishes import WishLedger


class BatchJournal:
    """Commits, recalls and sends batches. It owns the refund ledger and the writer of transitions."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        audit: AuditLog,
        facts: OperatorFacts,
        orders: OrderRepository,
        batches: BatchQueries,
    ) -> None:
        self._database = database
        self._clock = clock
        self._operator = audit.operator
        self._holds = batches.holds
        self.batches = batches
        self.refunds = RefundLedger(database, facts)
        self.leases = WriterLeases(database, clock, audit.operator.host)
        self.transitions = TransitionWriter(database, audit, orders, self.refunds)

    @cached_property
    def approvals(self) -> ApprovalLedger:
        """Who asked for approvals, and who decided."""
        from .approvals import ApprovalLedger

        return ApprovalLedger(self._database, self._clock, self._operator, self.transitions, self._holds)

    @cached_property
    def wishes(self) -> WishLedger:
        """Which rows try again what an earlier one asked for."""
        from .wishes import WishLedger

        return WishLedger(self._database)

    # -- committing

    def add(
        self, *, action: Action, marketplace: str, rows: Iterable[NewRow], plan: bytes, sha256: str, due_at: int
    ) -> JournalBatch:
        """Commit a batch, which is held until `due_at` (epoch seconds). Its rows are taken some at a time.

        Raises ActionAlreadyOpen, VersionChanged, UnknownOrder, RefundExceedsPayment; then nothing was written.
        """
        from ordertui.orders.packed import Packer  # the first orders on the screen are read without

        now = self._clock.now()
        end = self._holds.end_after(due_at - now)
        who, batch_id, named, held = str(self._operator), 0, NamedOrders(), Packer(JournalRow)
        with self._database.write(joined=True):
            author = self.approvals.login
            for part in slices(rows, ROWS_AT_ONCE):
                ids = self._check_orders(part)
                self.refunds.check(part, ids)
                batch_id = batch_id or self._database.required(int,
                    "INSERT INTO batches (action, marketplace, state, created_at, due_at, sha256, advice, plan, who,"
                    " author, hold_boot, hold_mark) VALUES (?, ?, ?, ?, ?, ?, '', ?, ?, ?, ?, ?) RETURNING id",
                    (action.value, marketplace, BatchState.HELD.value, now, due_at, sha256, plan, who,
                     author, *hold_columns(end)),
                )  # fmt: skip
                with self._database.together():
                    self.refunds.add_lines(batch_id, part, ids)
                    self.transitions.add_rows(batch_id, action, part, ids, len(named))
                named.add([row.order_id for row in part])
                for row in part:
                    held.add(JournalRow(row.order_id, RowState.HELD, row.reason, row.currency, row.total, "", ""))
            if not batch_id:
                raise StoreError("a batch without rows is not kept")
            with self._database.together():
                if action is Action.REFUND:
                    self.refunds.name_items(batch_id)
                self.transitions.show_on_orders(batch_id)
                self.wishes.record(batch_id)
                self.transitions.log(
                    "batch.held", batch_id, action=action.value, marketplace=marketplace, sha256=sha256,
                    due_at=due_at, orders=named, plan=digest(plan),
                )  # fmt: skip
        return JournalBatch(
            batch_id,
            action,
            marketplace,
            BatchState.HELD,
            now,
            due_at,
            None,
            held.finish(),
            (),
            sha256,
            who,
            end,
            author=author,
        )

    def _check_orders(self, rows: Sequence[NewRow]) -> dict[str, int]:
        """Return the row numbers of the orders. Raises UnknownOrder, ActionAlreadyOpen, VersionChanged."""
        found = {
            row[0]: row[1:]
            for row in self._database.query_in(
                "SELECT o.order_id, o.id, o.version, r.batch, r.action, r.state, b.who, b.created_at FROM orders o"
                " LEFT JOIN batch_rows r ON r.order_id = o.id AND r.is_open = 1 LEFT JOIN batches b ON b.id = r.batch"
                " WHERE o.order_id IN ({})",
                [row.order_id for row in rows],
            )
        }
        changed = []
        for row in rows:
            if row.order_id not in found:
                raise UnknownOrder(f"order {row.order_id} is not in this store")
            _, version, batch, action, state, who, at = found[row.order_id]
            if batch is not None:
                by = f"{who or 'somebody'} at {iso_utc(at)}"
                raise ActionAlreadyOpen(row.order_id, str(batch), action, state, by)
            if row.version is not None and row.version != version:
                changed.append(row.order_id)
        if changed:
            raise VersionChanged(changed)
        return {order_id: values[0] for order_id, values in found.items()}

    # -- the hold

    def hold_until(self, batch_id: int, due_at: int) -> None:
        """Move the end of a hold. Raises UnknownBatch, and RecallRefused when the batch is not held any more."""
        with self._database.write():
            batch = self.require_held(batch_id)
            self._database.execute(
                "UPDATE batches SET due_at = ?, hold_boot = ?, hold_mark = ? WHERE id = ?",
                (due_at, *hold_columns(self._holds.end_after(due_at - self._clock.now())), batch_id),
            )
            self.transitions.log("batch.due", batch_id, before=batch.due_at, after=due_at)

    def end_hold(self, batch_id: int) -> None:
        """Let a hold end now. Raises as `hold_until` does."""
        self.hold_until(batch_id, self._clock.now())

    def require_held(self, batch_id: int) -> JournalBatch:
        """Return a held batch without its rows. Raises UnknownBatch, and RecallRefused when it is not held."""
        batch = self.batches.head(batch_id)
        if batch.state is BatchState.AWAITING:
            raise RecallRefused(f"batch {batch_id} waits for approval: its hold has not begun")
        if batch.state is not BatchState.HELD:
            raise RecallRefused(f"batch {batch_id} is not held any more: it is {batch.state.value}")
        return batch

    def note_release(self, batch_id: int) -> None:
        """Record that a batch leaves before its hold ends, in the transaction with which it leaves by the API.

        The hold stays as it is: when Amazon never gets the batch, it is held as long as before. Raises as `hold_until`.
        """
        self.transitions.log("batch.released", batch_id, before=self.require_held(batch_id).due_at)

    def recall(self, batch_id: int, order_ids: Collection[str] | None = None, *, why: str = "taken back") -> int:
        """Take held rows back (None: all of the batch); return how many.

        Raises UnknownBatch, and RecallRefused when the batch is not held or holds none of these orders.
        """
        return self._take_out(batch_id, order_ids, why, RowState.RECALLED, BatchState.RECALLED)

    def leave_out(self, batch_id: int, whys: Mapping[str, str]) -> int:
        """Take held rows out, by order id with the reason, because they must not leave any more; return how many.

        Raises as `recall` does.
        """
        return self._take_out(batch_id, whys, whys, RowState.LEFT_OUT, BatchState.LEFT_OUT)

    def _take_out(
        self,
        batch_id: int,
        order_ids: Collection[str] | None,
        why: str | Mapping[str, str],
        row_state: RowState,
        batch_state: BatchState,
    ) -> int:
        with self._database.write():
            batch = self.batches.get(batch_id)
            if batch.state is BatchState.RECALLED:
                raise RecallRefused(f"batch {batch_id} was taken back already; nothing of it left")
            if batch.state is BatchState.LEFT_OUT:
                raise RecallRefused(f"batch {batch_id} was left out whole at the last check; nothing of it left")
            if batch.state not in NOT_LEFT:
                raise RecallRefused(f"batch {batch_id} has left ({batch.state.value}); only a held batch can be undone")
            held = set(batch.orders_in(RowState.HELD))
            wanted = held if order_ids is None else held & set(order_ids)
            if not wanted:
                raise RecallRefused(f"batch {batch_id} holds nothing of that any more")
            whys = dict.fromkeys(wanted, why) if isinstance(why, str) else {one: why[one] for one in sorted(wanted)}
            outcomes = {order_id: Outcome(row_state, "", text) for order_id, text in whys.items()}
            changes = self.transitions.move_rows(batch, outcomes)
            if wanted == held:
                self.transitions.move_batch(batch_id, batch.state, batch_state)
            texts = sorted(set(whys.values()))
            more = {"whys": whys} if len(texts) > 1 else {}
            self.transitions.log(f"batch.{row_state}", batch_id, states=changes, why="; ".join(texts), **more)
        return len(wanted)

    # -- leaving

    def upload_obstacles(self) -> dict[int, str]:
        """Return why the files of written batches must not be uploaded any more, by batch; without those that may.

        The operator settled orders of it, or Amazon may have done for one of its orders what the file asks for, by
        this very file perhaps.
        """
        found = self.wishes.upload_obstacles() | self.refunds.upload_obstacles()
        for (batch,) in self._database.query(
            "SELECT b.id FROM batches b WHERE b.state = ? AND EXISTS (SELECT 1 FROM batch_rows r WHERE r.batch = b.id"
            f" AND r.word IS NOT NULL AND r.state IN {in_list(SETTLED)}) ORDER BY b.id",
            (BatchState.WRITTEN.value,),
        ):
            found.setdefault(batch, "orders of it were settled by hand")
        for batch, done in self.batches.partly_confirmed().items():
            found.setdefault(batch, f"order reports show {pluralize(done)} of it as done, so perhaps it was uploaded")
        return found

    def blocking_reasons(self, batch_id: int) -> dict[str, str]:
        """Return why held rows of a batch must not leave, by order id, as the journal knows it now."""
        found: dict[str, str] = {}
        for order_id, other, state in self._database.query(
            "SELECT o.order_id, x.batch, x.state FROM batch_rows r JOIN orders o ON o.id = r.order_id"
            " JOIN batch_rows x ON x.order_id = r.order_id AND x.batch <> r.batch AND x.action = r.action"
            f" WHERE r.batch = ? AND r.state = '{RowState.HELD}' AND r.action <> 'refund'"
            f" AND x.state IN {in_list(UNCONFIRMED)}",
            (batch_id,),
        ):
            found[order_id] = f"batch {other} may have done it already ({state})"
        return found | self.refunds.blocking_reasons(batch_id) | self.wishes.blocking_reasons(batch_id)

    def mark_sent(self, batch_id: int, *, files: Sequence[str], sha256: str, feeds: Sequence[FeedFile] = ()) -> None:
        """Record, before anything is written or submitted, that the held rows of a batch leave as these files.

        With `feeds` their bytes are kept, and the batch counts as being written until `mark_written`. Raises
        RecallRefused when the batch is not held, BatchChanged when none of its rows is.
        """
        with self._database.write():
            state, action = self.batches.state_of(batch_id)
            if state is not BatchState.HELD:
                raise RecallRefused(f"batch {batch_id} is {state.value}; only a held batch can leave")
            row_state, batch_state = (
                (RowState.WRITTEN, BatchState.WRITTEN) if files else (RowState.SENT, BatchState.SENT)
            )
            self.transitions.move_batch(batch_id, state, batch_state)
            self._database.execute(
                "UPDATE batches SET sent_at = ?, files = ?, sha256 = ?, writing = ? WHERE id = ?",
                (self._clock.now(), json.dumps(list(files)), sha256, int(bool(feeds)), batch_id),
            )
            self._database.fill(
                "feeds",
                ("batch", "name", "sha256", "content"),
                [(batch_id, feed.name, feed.sha256, feed.kept) for feed in feeds],
            )
            if feeds and not self.leases.take(batch_id):
                raise StoreError(f"batch {batch_id} is being written by another machine; look again in some minutes")
            changes = self.transitions.move_all(batch_id, action, RowState.HELD, row_state)
            if not changes:
                raise BatchChanged(f"batch {batch_id} holds nothing that could leave")
            hashes = {feed.name: feed.sha256 for feed in feeds}
            self.transitions.log("batch.sent", batch_id, sha256=sha256, states=changes, feeds=hashes)

    def mark_left_elsewhere(self, batch_id: int, outcome: Outcome) -> None:
        """Record that a held batch left from another store, with this outcome of its rows.

        Raises RecallRefused, BatchChanged.
        """
        with self._database.write():
            batch = self.batches.get(batch_id)
            if batch.state is BatchState.AWAITING:
                self.approvals.note_left_elsewhere(batch)
            self.mark_sent(batch_id, files=(), sha256=batch.sha256)
            batch = self.batches.get(batch_id)
            self.doubt(batch_id, {row.order_id: outcome for row in batch.rows if row.state is RowState.SENT})

    def doubt(self, batch_id: int, outcomes: Mapping[str, Outcome]) -> None:
        """Move rows to what is not known of them any more, by order id."""
        with self._database.write():
            changes = self.transitions.move_rows(self.batches.get(batch_id), outcomes)
            self.transitions.log("batch.doubted", batch_id, states=changes)

    def unwritten(self) -> list[int]:
        """Return those of `writing` that no other machine is at; see `WriterLeases`."""
        return [one for one in self.batches.writing() if self.leases.is_free(one)]

    def mark_written(self, batch_id: int, files: Sequence[str]) -> None:
        """Record that every file of the batch is written whole, and where."""
        with self._database.write():
            self._database.execute(
                "UPDATE batches SET writing = 0, files = ? WHERE id = ?", (json.dumps(list(files)), batch_id)
            )
            self.transitions.log("batch.written", batch_id)

    def give_up_writing(self, batch_id: int) -> None:
        """Record that the files of a batch are never written any more. The open transaction settles its rows."""
        with self._database.write():
            self._database.execute("UPDATE batches SET writing = 0 WHERE id = ?", (batch_id,))
            self.transitions.log("batch.given_up", batch_id)

    def mark_uploaded(self, batch_id: int) -> JournalBatch:
        """Record the operator's word that the file of a batch was uploaded.

        Raises UnknownBatch, and StoreError when it is not written, or its upload or answer is known already.
        """
        with self._database.write():
            batch = self.batches.get(batch_id)
            waiting = batch.orders_in(RowState.WRITTEN)
            if batch.state is not BatchState.WRITTEN or batch.is_writing or not waiting:
                raise StoreError(f"batch {batch_id} has no file that waits for its upload: it is {batch.state.value}")
            changes = self.transitions.move_rows(batch, dict.fromkeys(waiting, Outcome(RowState.UPLOADED)))
            self.transitions.move_batch(batch_id, batch.state, BatchState.UPLOADED)
            self._database.execute("UPDATE batches SET uploaded_at = ? WHERE id = ?", (self._clock.now(), batch_id))
            self.transitions.log("batch.uploaded", batch_id, states=changes)
        return self.batches.get(batch_id)

    def unmark_uploaded(self, batch_id: int) -> JournalBatch:
        """Take the operator's word back that the file of a batch was uploaded.

        Raises UnknownBatch, and StoreError when nobody said so, or its answer is known already.
        """
        with self._database.write():
            batch = self.batches.get(batch_id)
            uploaded = batch.orders_in(RowState.UPLOADED)
            if batch.state is BatchState.UPLOADED and not uploaded:
                raise StoreError(f"batch {batch_id} has no order any more of which nothing but its upload is known")
            if batch.state is not BatchState.UPLOADED:
                raise StoreError(f"batch {batch_id} is not marked as uploaded: it is {batch.state.value}")
            changes = self.transitions.move_rows(batch, dict.fromkeys(uploaded, Outcome(RowState.WRITTEN)))
            self.transitions.move_batch(batch_id, batch.state, BatchState.WRITTEN)
            self._database.execute("UPDATE batches SET uploaded_at = NULL WHERE id = ?", (batch_id,))
            self.transitions.log("batch.not_uploaded", batch_id, states=changes)
        return self.batches.get(batch_id)

    # -- batches split off a large one

    def chain(self, batch_ids: Sequence[int]) -> None:
        """Let each of these batches wait until the one before it came through well."""
        with self._database.write():
            self._database.fill(
                "feed_parts", ("batch", "after_batch"), list(zip(batch_ids[1:], batch_ids, strict=False))
            )
