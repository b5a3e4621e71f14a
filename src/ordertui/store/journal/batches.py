"""Batches: committed and held, recalled, sent. Each change is one transaction, with its audit entry in it."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ordertui.orders.batch_state import COMMITTED, NEVER_LEFT, NOT_LEFT, UNCONFIRMED, BatchState, RowState
from ordertui.orders.clock import LATEST_MOMENT, Clock, MonotonicReading, iso_utc
from ordertui.orders.enums import Action
from ordertui.store.engine.database import Database, in_list
from ordertui.store.engine.errors import (
    ActionAlreadyOpen,
    BatchChanged,
    RecallRefused,
    StoreError,
    UnknownBatch,
    UnknownOrder,
    VersionChanged,
)
from ordertui.store.engine.protocol import digest
from ordertui.store.repositories.audit import AuditLog
from ordertui.store.repositories.operator_facts import OperatorFacts
from ordertui.store.repositories.orders import OrderRepository

from .holds import HoldTimer, hold_columns
from .records import (
    Approval,
    CommittedTotals,
    FeedFile,
    HoldingBatch,
    JournalBatch,
    JournalRow,
    NewRow,
    OperatorRuling,
    Outcome,
)
from .refunds import RefundLedger
from .rows import TransitionWriter
from .writer_leases import WriterLeases

if TYPE_CHECKING:
    from .approvals import ApprovalLedger
    from .wishes import WishLedger

_UNKNOWN = "SELECT batch FROM batch_rows WHERE state = 'unknown'"
"""Word for word the condition of the partial index `batch_rows_unknown`."""
_LARGEST_ID = 2**63 - 1
"""SQLite's largest integer; a larger one cannot even be asked for."""


class BatchJournal:
    """Commits, recalls and sends batches, and reads them. It owns the refund ledger and the writer of transitions."""

    def __init__(
        self, database: Database, clock: Clock, audit: AuditLog, facts: OperatorFacts, orders: OrderRepository
    ) -> None:
        self._database = database
        self._clock = clock
        self._operator = audit.operator
        self._orders = orders
        self._holds = HoldTimer(database, clock)
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

    # -- reading

    def get(self, batch_id: int) -> JournalBatch:
        """Return a batch. Raises UnknownBatch."""
        if batch_id > _LARGEST_ID:
            raise _unknown_batch(batch_id)
        found = self._read("WHERE id = ?", (batch_id,))
        if not found:
            raise _unknown_batch(batch_id)
        return found[0]

    def find(self, *, open_only: bool = False) -> list[JournalBatch]:
        """Return batches, newest first; with `open_only` those with a row that holds its order, or is unknown.

        An unknown row stays an open question also when a newer batch holds its order.
        """
        rows = f"SELECT batch FROM batch_rows WHERE is_open = 1 UNION {_UNKNOWN}"
        where = f"WHERE id IN ({rows})" if open_only else ""
        return self._read(f"{where} ORDER BY id DESC", ())

    def last_id(self) -> int:
        """Return the number of the newest batch; 0 before the first."""
        return int(self._database.value("SELECT coalesce(max(id), 0) FROM batches"))

    def due(self) -> list[JournalBatch]:
        """Return the held batches whose hold has ended, oldest first."""
        now = self._clock.now()
        held = self._read("WHERE state = ? ORDER BY id", (BatchState.HELD.value,))
        return [batch for batch in held if batch.due_at <= now]

    def is_due(self, batch_id: int) -> bool:
        """Return whether a batch is held and its hold has ended. Raises UnknownBatch."""
        batch = self.get(batch_id)
        return batch.state is BatchState.HELD and batch.due_at <= self._clock.now()

    def plan_bytes(self, batch_id: int) -> bytes:
        """Return the plan as it was committed. Raises UnknownBatch."""
        found = self._database.value("SELECT plan FROM batches WHERE id = ?", (batch_id,))
        if found is None:
            raise _unknown_batch(batch_id)
        return bytes(found)

    def holder_of(self, order_id: str) -> HoldingBatch | None:
        """Return the batch that holds an order; None when none does."""
        found = self._database.query(
            "SELECT h.id, h.who, h.created_at FROM batch_rows b JOIN orders o ON o.id = b.order_id"
            " JOIN batches h ON h.id = b.batch WHERE o.order_id = ? AND b.is_open = 1",
            (order_id,),
        )
        return HoldingBatch(*found[0]) if found else None

    def later_tries(self, batch_id: int) -> dict[str, int]:
        """Return, by order id, the newest later batch that tries the same action and was not taken back."""
        return dict(
            self._database.query(
                "SELECT o.order_id, max(x.batch) FROM batch_rows r JOIN orders o ON o.id = r.order_id"
                " JOIN batch_rows x ON x.order_id = r.order_id AND x.action = r.action AND x.batch > r.batch"
                f" AND x.state NOT IN {in_list(NEVER_LEFT)} WHERE r.batch = ? GROUP BY o.order_id",
                (batch_id,),
            )
        )

    def committed_since(
        self, action: Action, marketplace: str, start: int, *, besides: int | None = None
    ) -> CommittedTotals:
        """Return what was decided from `start` on (epoch seconds), less what was taken back or refused by Amazon.

        Decided as in `counting_since`. `besides` is the number of a batch that is not counted.
        """
        orders = unpriced = 0
        totals: dict[str, int] = {}
        for currency, total, count in self._database.query_in(
            "SELECT currency, CAST(sum(total) AS bigint), count(*) FROM batch_rows WHERE batch IN ({})"
            f" AND action = '{action.value}' AND state IN {in_list(COMMITTED)} GROUP BY currency, total IS NULL",
            list(self._decided_since(marketplace, start, besides)),
        ):
            orders += count
            if currency is None or total is None:
                unpriced += count
            else:
                totals[currency] = totals.get(currency, 0) + total
        return CommittedTotals(orders, unpriced, totals)

    def counting_since(self, marketplace: str, start: int, besides: int | None = None) -> dict[int, int]:
        """Return the orders of counting cancellations that were decided from `start` on, each with when, the last time.

        A batch is decided when it is committed or, later, approved; one that still waits for approval is taken as
        decided now, a part of a split batch when the whole was. What was taken back or refused by Amazon is left out;
        of which it is not known whether they count, are in. `besides`: a batch that is left out; its parts are not.
        """
        decided = self._decided_since(marketplace, start, besides)
        found: dict[int, int] = {}
        for order, batch in self._database.query_in(
            "SELECT order_id, batch FROM batch_rows WHERE batch IN ({})"
            " AND (counts = 1 OR (counts IS NULL AND action = 'cancel'))"
            f" AND state IN {in_list(COMMITTED)}",
            list(decided),
        ):
            found[order] = max(found.get(order, 0), decided[batch])
        return found

    def _decided_since(self, marketplace: str, start: int, besides: int | None) -> dict[int, int]:
        """Return the batches that were decided from `start` on, each with when; see `counting_since`."""
        heads = self._database.query(
            "SELECT b.id, b.created_at, b.state, a.decided_at FROM batches b LEFT JOIN approvals a ON a.batch = b.id"
            " WHERE b.marketplace = ? AND (b.created_at >= ? OR b.state = ? OR a.decided_at >= ?) ORDER BY b.id",
            (marketplace, start, BatchState.AWAITING.value, start),
        )
        parts = "SELECT batch, after_batch FROM feed_parts WHERE batch IN ({}) AND after_batch < batch"
        whole: dict[int, int] = dict(self._database.query_in(parts, [head[0] for head in heads]))
        committed: dict[int, int] = {}
        decided: dict[int, int] = {}
        for batch, created_at, state, approved_at in heads:
            committed[batch] = committed.get(whole[batch], 0) if batch in whole else created_at
            moment = self._clock.now() if state == BatchState.AWAITING else max(committed[batch], approved_at or 0)
            if moment >= start and batch != besides:
                decided[batch] = moment
        return decided

    def _read(self, tail: str, params: Sequence[object]) -> list[JournalBatch]:
        heads = self._database.query(
            "SELECT id, action, marketplace, state, created_at, due_at, sent_at, files, sha256, who, hold_boot,"
            " hold_mark, writing, uploaded_at, author, asked_at, why, decided_at, approved, decided_who, word"
            f" FROM batches LEFT JOIN approvals ON batch = id {tail}",
            params,
        )
        rows: dict[int, list[JournalRow]] = {}
        same: dict[str, str] = {}  # of equal texts of many rows one is kept
        for v in self._database.query_in(
            "SELECT b.batch, o.order_id, b.state, b.reason, b.currency, b.total, b.code, b.text, b.word"
            " FROM batch_rows b JOIN orders o ON o.id = b.order_id WHERE b.batch IN ({}) ORDER BY b.batch, b.pos",
            [head[0] for head in heads],
        ):
            reason, code, text = (same.setdefault(value, value) for value in (v[3], v[6], v[7]))
            currency = None if v[4] is None else same.setdefault(v[4], v[4])
            row = JournalRow(v[1], RowState(v[2]), reason, currency, v[5], code, text, _ruling(v[8]))
            rows.setdefault(v[0], []).append(row)
        batches = [
            JournalBatch(
                h[0], Action(h[1]), h[2], BatchState(h[3]), h[4], min(h[5], LATEST_MOMENT), h[6],
                tuple(rows.get(h[0], ())), tuple(json.loads(h[7])), h[8], h[9],
                None if h[11] is None else MonotonicReading(h[10], h[11]), bool(h[12]), h[13],
                h[14], None if h[15] is None else _approval(h[15:]),
            )
            for h in heads
        ]  # fmt: skip
        return self._holds.with_due_times(batches)

    # -- committing

    def add(
        self, *, action: Action, marketplace: str, rows: Sequence[NewRow], plan: bytes, sha256: str, due_at: int
    ) -> JournalBatch:
        """Commit a batch, which is held until `due_at` (epoch seconds).

        Raises ActionAlreadyOpen, VersionChanged, UnknownOrder, RefundExceedsPayment; then nothing was written.
        """
        if not rows:
            raise StoreError("a batch without rows is not kept")
        now = self._clock.now()
        end = self._holds.end_after(due_at - now)
        with self._database.write(joined=True):
            author = self.approvals.login
            ids = self._check_orders(rows)
            self.refunds.check(rows, ids)
            batch_id: int = self._database.value(
                "INSERT INTO batches (action, marketplace, state, created_at, due_at, sha256, advice, plan, who,"
                " author, hold_boot, hold_mark) VALUES (?, ?, ?, ?, ?, ?, '', ?, ?, ?, ?, ?) RETURNING id",
                (action.value, marketplace, BatchState.HELD.value, now, due_at, sha256, plan, str(self._operator),
                 author, *hold_columns(end)),
            )  # fmt: skip
            with self._database.together():
                self.refunds.add_lines(batch_id, rows, ids)
                self.transitions.add_rows(batch_id, action, rows, ids)
                self.wishes.record(batch_id)
                self.transitions.log(
                    "batch.held", batch_id, action=action.value, marketplace=marketplace, sha256=sha256,
                    due_at=due_at, orders=[row.order_id for row in rows], plan=digest(plan),
                )  # fmt: skip
        held = tuple(
            JournalRow(row.order_id, RowState.HELD, row.reason, row.currency, row.total, "", "") for row in rows
        )
        return JournalBatch(
            batch_id,
            action,
            marketplace,
            BatchState.HELD,
            now,
            due_at,
            None,
            held,
            (),
            sha256,
            str(self._operator),
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

    def anchor_holds(self) -> None:
        """Tie holds that began before this start of the machine to its monotonic clock; see `HoldTimer.anchor`."""
        self._holds.anchor()

    def hold_until(self, batch_id: int, due_at: int) -> None:
        """Move the end of a hold. Raises UnknownBatch, and RecallRefused when the batch is not held any more."""
        with self._database.write():
            batch = self.get(batch_id)
            if batch.state is BatchState.AWAITING:
                raise RecallRefused(f"batch {batch_id} waits for approval: its hold has not begun")
            if batch.state is not BatchState.HELD:
                raise RecallRefused(f"batch {batch_id} is not held any more: it is {batch.state.value}")
            self._database.execute(
                "UPDATE batches SET due_at = ?, hold_boot = ?, hold_mark = ? WHERE id = ?",
                (due_at, *hold_columns(self._holds.end_after(due_at - self._clock.now())), batch_id),
            )
            self.transitions.log("batch.due", batch_id, before=batch.due_at, after=due_at)

    def recall(self, batch_id: int, order_ids: Collection[str] | None = None, *, why: str = "taken back") -> int:
        """Take held rows back (None: all of the batch); return how many.

        Raises UnknownBatch, and RecallRefused when the batch has left or holds none of these orders.
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
            batch = self.get(batch_id)
            if batch.state not in NOT_LEFT:
                raise RecallRefused(f"batch {batch_id} has left ({batch.state.value}); only a held batch can be undone")
            held = {row.order_id for row in batch.rows if row.state is RowState.HELD}
            wanted = held if order_ids is None else held & set(order_ids)
            if not wanted:
                raise RecallRefused(f"batch {batch_id} holds nothing of that any more")
            whys = dict.fromkeys(wanted, why) if isinstance(why, str) else {one: why[one] for one in sorted(wanted)}
            outcomes = {order_id: Outcome(row_state, "", text) for order_id, text in whys.items()}
            changes = self.transitions.move_rows(batch, outcomes)
            if wanted == held:
                self.transitions.move_batch(batch, batch_state)
            texts = sorted(set(whys.values()))
            more = {"whys": whys} if len(texts) > 1 else {}
            self.transitions.log(f"batch.{row_state}", batch_id, states=changes, why="; ".join(texts), **more)
        return len(wanted)

    # -- leaving

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

    def mark_sent(
        self, batch_id: int, *, files: Sequence[str], sha256: str, feeds: Sequence[FeedFile] = ()
    ) -> JournalBatch:
        """Record, before anything is written or submitted, that the held rows of a batch leave as these files.

        With `feeds` their bytes are kept, and the batch counts as being written until `mark_written`. Raises
        RecallRefused when the batch is not held, BatchChanged when none of its rows is.
        """
        with self._database.write():
            batch = self.get(batch_id)
            if batch.state is not BatchState.HELD:
                raise RecallRefused(f"batch {batch_id} is {batch.state.value}; only a held batch can leave")
            row_state, batch_state = (
                (RowState.WRITTEN, BatchState.WRITTEN) if files else (RowState.SENT, BatchState.SENT)
            )
            leaving = {row.order_id: Outcome(row_state) for row in batch.rows if row.state is RowState.HELD}
            if not leaving:
                raise BatchChanged(f"batch {batch_id} holds nothing that could leave")
            self.transitions.move_batch(batch, batch_state)
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
            changes = self.transitions.move_rows(batch, leaving)
            hashes = {feed.name: feed.sha256 for feed in feeds}
            self.transitions.log("batch.sent", batch_id, sha256=sha256, states=changes, feeds=hashes)
        return self.get(batch_id)

    def mark_left_elsewhere(self, batch_id: int, outcome: Outcome) -> None:
        """Record that a held batch left from another store, with this outcome of its rows.

        Raises RecallRefused, BatchChanged.
        """
        with self._database.write():
            batch = self.get(batch_id)
            if batch.state is BatchState.AWAITING:
                self.approvals.note_left_elsewhere(batch)
            self.mark_sent(batch_id, files=(), sha256=batch.sha256)
            batch = self.get(batch_id)
            self.doubt(batch_id, {row.order_id: outcome for row in batch.rows if row.state is RowState.SENT})

    def doubt(self, batch_id: int, outcomes: Mapping[str, Outcome]) -> None:
        """Move rows to what is not known of them any more, by order id."""
        with self._database.write():
            changes = self.transitions.move_rows(self.get(batch_id), outcomes)
            self.transitions.log("batch.doubted", batch_id, states=changes)

    def unwritten(self) -> list[int]:
        """Return those of `writing` that no other machine is at; see `WriterLeases`."""
        return [one for one in self.writing() if self.leases.is_free(one)]

    def writing(self) -> list[int]:
        """Return the batches that are marked as sent while their files are not all known to be written, anywhere."""
        return [row[0] for row in self._database.query("SELECT id FROM batches WHERE writing = 1 ORDER BY id")]

    def mark_written(self, batch_id: int, files: Sequence[str]) -> None:
        """Record that every file of the batch is written whole, and where."""
        with self._database.write():
            self._database.execute(
                "UPDATE batches SET writing = 0, files = ? WHERE id = ?", (json.dumps(list(files)), batch_id)
            )
            self.transitions.log("batch.written", batch_id)

    def mark_uploaded(self, batch_id: int) -> JournalBatch:
        """Record the operator's word that the file of a batch was uploaded.

        Raises UnknownBatch, and StoreError when it is not written, or its upload or answer is known already.
        """
        with self._database.write():
            batch = self.get(batch_id)
            waiting = [row.order_id for row in batch.rows if row.state is RowState.WRITTEN]
            if batch.state is not BatchState.WRITTEN or batch.is_writing or not waiting:
                raise StoreError(f"batch {batch_id} has no file that waits for its upload: it is {batch.state.value}")
            changes = self.transitions.move_rows(batch, dict.fromkeys(waiting, Outcome(RowState.UPLOADED)))
            self.transitions.move_batch(batch, BatchState.UPLOADED)
            self._database.execute("UPDATE batches SET uploaded_at = ? WHERE id = ?", (self._clock.now(), batch_id))
            self.transitions.log("batch.uploaded", batch_id, states=changes)
        return self.get(batch_id)

    def unmark_uploaded(self, batch_id: int) -> JournalBatch:
        """Take the operator's word back that the file of a batch was uploaded.

        Raises UnknownBatch, and StoreError when nobody said so, or its answer is known already.
        """
        with self._database.write():
            batch = self.get(batch_id)
            said = [row.order_id for row in batch.rows if row.state is RowState.UPLOADED]
            if batch.state is not BatchState.UPLOADED or not said:
                raise StoreError(f"batch {batch_id} is not marked as uploaded: it is {batch.state.value}")
            changes = self.transitions.move_rows(batch, dict.fromkeys(said, Outcome(RowState.WRITTEN)))
            self.transitions.move_batch(batch, BatchState.WRITTEN)
            self._database.execute("UPDATE batches SET uploaded_at = NULL WHERE id = ?", (batch_id,))
            self.transitions.log("batch.not_uploaded", batch_id, states=changes)
        return self.get(batch_id)

    def newest_file(self) -> str:
        """Return the path of a file of the newest batch that has any; empty when none has."""
        found = self._database.value("SELECT files FROM batches WHERE files <> '[]' ORDER BY id DESC LIMIT 1")
        return json.loads(found)[0] if found else ""

    def count_held(self) -> int:
        """Return how many batches are held."""
        return int(self._database.value("SELECT count(*) FROM batches WHERE state = ?", (BatchState.HELD.value,)))

    def count_awaiting(self) -> int:
        """Return how many batches wait for approval."""
        return int(self._database.value("SELECT count(*) FROM batches WHERE state = ?", (BatchState.AWAITING.value,)))

    def count_to_upload(self) -> int:
        """Return how many batches are written and, as far as is known, not uploaded."""
        sql = f"SELECT count(DISTINCT batch) FROM batch_rows WHERE is_open = 1 AND state = '{RowState.WRITTEN}'"
        return int(self._database.value(sql))

    def to_upload(self) -> list[JournalBatch]:
        """Return the batches whose files are written and, as far as is known, not uploaded, newest first."""
        rows = f"SELECT batch FROM batch_rows WHERE is_open = 1 AND state = '{RowState.WRITTEN}'"
        return self._read(f"WHERE id IN ({rows}) AND writing = 0 ORDER BY id DESC", ())

    def refused(self, since: int) -> dict[int, list[str]]:
        """Return the orders that Amazon refused, which no later batch tries, of batches that left since then."""
        found: dict[int, list[str]] = {}
        for batch, order_id in self._database.query(
            "SELECT r.batch, o.order_id FROM batches b JOIN batch_rows r ON r.batch = b.id JOIN orders o"
            f" ON o.id = r.order_id WHERE b.sent_at >= ? AND r.state = '{RowState.ERROR}' AND NOT EXISTS"
            " (SELECT 1 FROM batch_rows x WHERE x.order_id = r.order_id AND x.action = r.action AND x.batch > r.batch"
            f" AND x.state NOT IN {in_list(NEVER_LEFT)}) ORDER BY r.batch DESC, r.pos",
            (since,),
        ):
            found.setdefault(batch, []).append(order_id)
        return found

    def feeds(self, batch_id: int) -> list[FeedFile]:
        """Return the files of the batch as they left, by name."""
        found = self._database.query(
            "SELECT name, sha256, content FROM feeds WHERE batch = ? ORDER BY name", (batch_id,)
        )
        return [FeedFile(name, sha256, bytes(content)) for name, sha256, content in found]

    # -- batches split off a large one

    def chain(self, batch_ids: Sequence[int]) -> None:
        """Let each of these batches wait until the one before it came through well."""
        with self._database.write():
            self._database.fill(
                "feed_parts", ("batch", "after_batch"), list(zip(batch_ids[1:], batch_ids, strict=False))
            )

    def predecessor(self, batch_id: int) -> int | None:
        """Return the batch for which this one waits; None when it waits for none."""
        found: int | None = self._database.value("SELECT after_batch FROM feed_parts WHERE batch = ?", (batch_id,))
        return found


def _unknown_batch(batch_id: int) -> UnknownBatch:
    return UnknownBatch(f"there is no batch {batch_id}; `ordertui outbox` lists them")


def _approval(columns: Sequence[Any]) -> Approval:
    asked_at, why, decided_at, approved, who, word = columns
    return Approval(asked_at, tuple(json.loads(why)), decided_at, bool(approved), who, word)


def _ruling(text: str | None) -> OperatorRuling | None:
    if text is None:
        return None
    found = json.loads(text)
    return OperatorRuling(RowState(found["state"]), tuple(found["seen"]))
