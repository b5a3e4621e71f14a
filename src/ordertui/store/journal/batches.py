"""Batches: held, taken back, leaving, answered. Each change is one transaction, with its audit entry in it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence

import msgspec

from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.clock import Clock, MonotonicReading, iso_utc, monotonic_reading
from ordertui.orders.enums import Action
from ordertui.orders.order import COMPONENTS, LineAmounts
from ordertui.store.audit import AuditLog, digest, states_of
from ordertui.store.database import Database
from ordertui.store.derived_facts import refunded
from ordertui.store.errors import (
    BatchChanged,
    OpenAction,
    RecallRefused,
    RefundExceedsPayment,
    StoreError,
    UnknownBatch,
    UnknownOrder,
    VersionChanged,
)
from ordertui.store.operator_facts import OperatorFacts
from ordertui.store.orders import NOTHING, OrderRepository, RefundedSoFar

from .records import (
    CommittedTotals,
    FeedFile,
    HoldingBatch,
    JournalBatch,
    JournalRow,
    KeptResult,
    NewRow,
    OperatorRuling,
    Outcome,
    RefundLine,
    RefundRow,
    is_open,
)

BOOKED_AGAIN = "booked-again"
"""The code of a refund that Amazon booked more than once."""
_GONE = "('sent','accepted','ok','unknown','confirmed')"


class BatchJournal:
    """The journal: batches of actions, what became of their rows, and what follows for their orders."""

    def __init__(
        self, database: Database, clock: Clock, audit: AuditLog, facts: OperatorFacts, orders: OrderRepository
    ) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit
        self._facts = facts
        self._orders = orders

    # -- reading

    def get(self, batch_id: int) -> JournalBatch:
        """A batch with its rows. Raises UnknownBatch."""
        found = self._find("WHERE id = ?", (batch_id,))
        if not found:
            raise UnknownBatch(f"there is no batch {batch_id}; `ordertui outbox` lists them")
        return found[0]

    def find(self, *, open_only: bool = False, limit: int | None = None) -> list[JournalBatch]:
        """Batches, newest first. `open_only`: those of which a row still holds its order."""
        where = "WHERE id IN (SELECT batch FROM batch_rows WHERE is_open = 1)" if open_only else ""
        return self._find(f"{where} ORDER BY id DESC" + (f" LIMIT {int(limit)}" if limit else ""), ())

    def plan_bytes(self, batch_id: int) -> bytes:
        """The plan as it was committed. Raises UnknownBatch."""
        found = self._database.value("SELECT plan FROM batches WHERE id = ?", (batch_id,))
        if found is None:
            raise UnknownBatch(f"there is no batch {batch_id}; `ordertui outbox` lists them")
        return bytes(found)

    def holder_of(self, order_id: str) -> HoldingBatch | None:
        """The batch that holds an order, if any, with who committed it and when."""
        found = self._database.query(
            "SELECT h.id, h.who, h.created_at FROM batch_rows b JOIN orders o ON o.id = b.order_id JOIN batches h ON h.id = b.batch"
            " WHERE o.order_id = ? AND b.is_open = 1",
            (order_id,),
        )
        return HoldingBatch(*found[0]) if found else None

    def open_batch_of(self, order_id: str) -> int | None:
        """The batch that holds an order, if any."""
        holder = self.holder_of(order_id)
        return None if holder is None else holder.batch

    def later_tries(self, batch_id: int) -> dict[str, int]:
        """Orders of a batch for which a newer batch had the same action and was not taken back, and that batch."""
        return dict(
            self._database.query(
                "SELECT o.order_id, max(x.batch) FROM batch_rows r JOIN orders o ON o.id = r.order_id"
                " JOIN batch_rows x ON x.order_id = r.order_id AND x.action = r.action AND x.batch > r.batch"
                " AND x.state <> 'recalled' WHERE r.batch = ? GROUP BY o.order_id",
                (batch_id,),
            )
        )

    def committed_since(self, action: Action, marketplace: str, start: int) -> CommittedTotals:
        """What was committed for an action from `start` on (epoch seconds), but for rows taken back or refused by Amazon."""
        orders = unpriced = 0
        totals: dict[str, int] = {}
        for currency, total, count in self._database.query(
            "SELECT r.currency, sum(r.total), count(*) FROM batch_rows r JOIN batches b ON b.id = r.batch"
            " WHERE b.action = ? AND b.marketplace = ? AND b.created_at >= ? AND r.state NOT IN ('recalled', 'error')"
            " GROUP BY r.currency, r.total IS NULL",
            (action.value, marketplace, start),
        ):
            orders += count
            if currency is None or total is None:
                unpriced += count
            else:
                totals[currency] = total
        return CommittedTotals(orders, unpriced, totals)

    def _find(self, tail: str, params: Sequence[object]) -> list[JournalBatch]:
        """Read batches, with the end of each hold as the monotonic clock of this start of the machine has it."""
        steady = monotonic_reading(self._clock)
        found = self._read(tail, params)
        if steady is None:
            return found
        now = self._clock.now()
        return [msgspec.structs.replace(batch, due_at=self._due(batch, steady, now)) for batch in found]

    def _due(self, batch: JournalBatch, steady: MonotonicReading, now: int) -> int:
        if batch.state is not BatchState.HELD or batch.hold[0] != steady.boot or batch.hold[1] is None:
            return batch.due_at
        due = now + batch.hold[1] - steady.seconds
        return batch.due_at if abs(due - batch.due_at) <= 1 else due  # both clocks tick in whole seconds

    def _read(self, tail: str, params: Sequence[object]) -> list[JournalBatch]:
        heads = self._database.query(
            "SELECT id, action, marketplace, state, created_at, due_at, sent_at, files, sha256, who, hold_boot, hold_mark, writing"
            f" FROM batches {tail}",
            params,
        )
        rows: dict[int, list[JournalRow]] = {}
        for v in self._database.query_in(
            "SELECT b.batch, o.order_id, b.state, b.reason, b.currency, b.total, b.code, b.text, b.word FROM batch_rows b"
            " JOIN orders o ON o.id = b.order_id WHERE b.batch IN ({}) ORDER BY b.batch, b.pos",
            [head[0] for head in heads],
        ):
            rows.setdefault(v[0], []).append(
                JournalRow(v[1], RowState(v[2]), v[3], v[4], v[5], v[6], v[7], _word(v[8]))
            )
        return [
            JournalBatch(
                h[0], Action(h[1]), h[2], BatchState(h[3]), h[4], h[5], h[6], tuple(rows.get(h[0], ())), tuple(json.loads(h[7])), h[8],
                "", h[9], (h[10], h[11]), bool(h[12]),
            )
            for h in heads
        ]  # fmt: skip

    # -- committing

    def add(
        self, *, action: Action, marketplace: str, rows: Sequence[NewRow], plan: bytes, sha256: str, due_at: int
    ) -> JournalBatch:
        """Hold a batch. Raises OpenAction, VersionChanged, UnknownOrder, OverRefund; then nothing was written."""
        if not rows:
            raise StoreError("a batch without rows is not kept")
        now = self._clock.now()
        boot, mark = self._monotonic_end(due_at - now)
        with self._database.write() as connection:
            ids = self._orders.ids_of(row.order_id for row in rows)
            self._check(connection, rows, ids)
            cursor = connection.execute(
                "INSERT INTO batches (action, marketplace, state, created_at, due_at, sha256, advice, plan, who, hold_boot, hold_mark)"
                " VALUES (?, ?, 'held', ?, ?, ?, '', ?, ?, ?, ?)",
                (action.value, marketplace, now, due_at, sha256, plan, str(self._audit.operator), boot, mark),
            )
            batch = int(cursor.lastrowid or 0)
            for position, row in enumerate(rows):
                self._add_row(connection, batch, position, action, row, ids[row.order_id])
            self._note(connection, "batch.held", batch, action=action.value, marketplace=marketplace, sha256=sha256,
                       due_at=due_at, orders=[row.order_id for row in rows], plan=digest(plan))  # fmt: skip
        return self.get(batch)

    def _check(self, connection: sqlite3.Connection, rows: Sequence[NewRow], ids: Mapping[str, int]) -> None:
        changed = []
        for row in rows:
            row_id = ids.get(row.order_id)
            if row_id is None:
                raise UnknownOrder(f"order {row.order_id} is not in this store")
            held = connection.execute(
                "SELECT r.batch, r.action, r.state, b.who, b.created_at FROM batch_rows r JOIN batches b ON b.id = r.batch"
                " WHERE r.order_id = ? AND r.is_open = 1",
                (row_id,),
            ).fetchone()
            if held:
                by = f"{held[3] or 'somebody'} at {iso_utc(held[4])}"
                raise OpenAction(row.order_id, str(held[0]), held[1], held[2], by)
            version = connection.execute("SELECT version FROM orders WHERE id = ?", (row_id,)).fetchone()[0]
            if row.version is not None and row.version != version:
                changed.append(row.order_id)
        if changed:
            raise VersionChanged(changed)

    def _add_row(
        self, connection: sqlite3.Connection, batch: int, position: int, action: Action, row: NewRow, row_id: int
    ) -> None:
        for refund in row.refunds:
            self._check_refund(row, row_id, refund)
            connection.execute(
                f"INSERT INTO refunds (batch, order_id, line, currency, quantity, {', '.join(COMPONENTS)})"
                f" VALUES (?, ?, ?, ?, ?, {', '.join('?' * len(COMPONENTS))})",
                (batch, row_id, refund.line, refund.currency, refund.quantity,
                 *(getattr(refund.amounts, name) for name in COMPONENTS)),
            )  # fmt: skip
        connection.execute(
            "INSERT INTO batch_rows (batch, pos, order_id, action, state, is_open, reason, currency, total)"
            " VALUES (?, ?, ?, ?, 'held', 1, ?, ?, ?)",
            (batch, position, row_id, action.value, row.reason, row.currency, row.total),
        )
        self._show(connection, row_id)

    def _check_refund(self, row: NewRow, row_id: int, refund: RefundLine) -> None:
        """The last guard: with what went back before, no line gives back more than was paid, in all or in any component,
        or cancels more units than it has."""
        where = f"order {row.order_id}, line {refund.line}"
        paid = self._paid(row_id, refund.line, refund.currency)
        if paid is None:
            raise RefundExceedsPayment(f"{where}: what was paid in {refund.currency} is unknown")
        amounts, units = self._orders.refunded_so_far([row_id]).get((row_id, refund.line), NOTHING)
        why = refund_excess(paid, (amounts.plus(refund.amounts), units + refund.quantity))
        if refund.amounts.total <= 0 or refund.quantity < 0:
            why = "nothing would go back"
        if why:
            raise RefundExceedsPayment(f"{where}: {why}")

    def _paid(self, row_id: int, line: int, currency: str) -> RefundedSoFar | None:
        """What was paid for a line, and for how many units, if that is known in this currency."""
        found = self._database.query(
            f"SELECT currency, quantity, {', '.join(COMPONENTS)} FROM lines WHERE order_id = ? AND line = ?",
            (row_id, line),
        )
        if not found or found[0][2] is None or found[0][0] != currency:
            return None
        return LineAmounts(*(part or 0 for part in found[0][2:])), found[0][1] or 0

    # -- the hold

    def _monotonic_end(self, seconds: int) -> tuple[str, int | None]:
        """Where the steady clock will stand in so many seconds."""
        steady = monotonic_reading(self._clock)
        return ("", None) if steady is None else (steady.boot, steady.seconds + seconds)

    def anchor_holds(self) -> None:
        """Tie holds of another start of the machine to this one's steady clock, so that setting the wall clock moves none.

        The wall clock is believed once; one that stands before the commit is not: then the whole hold begins again.
        """
        steady = monotonic_reading(self._clock)
        if steady is None:
            return
        sql = "SELECT id, created_at, due_at FROM batches WHERE state = 'held' AND hold_boot <> ?"
        if not self._database.query(sql, (steady.boot,)):
            return
        now = self._clock.now()
        with self._database.write() as connection:
            for batch, created, due in connection.execute(sql, (steady.boot,)).fetchall():
                left = due - now if now >= created else due - created
                connection.execute(
                    "UPDATE batches SET hold_boot = ?, hold_mark = ? WHERE id = ?",
                    (steady.boot, steady.seconds + max(left, 0), batch),
                )

    def due(self) -> list[JournalBatch]:
        """Held batches whose hold has ended, oldest first."""
        now = self._clock.now()
        return [batch for batch in self._find("WHERE state = 'held' ORDER BY id", ()) if batch.due_at <= now]

    def hold_until(self, batch_id: int, due_at: int) -> None:
        """Move the end of a hold. Raises UnknownBatch, RecallRefused when it has left."""
        with self._database.write() as connection:
            batch = self.get(batch_id)
            if batch.state is not BatchState.HELD:
                raise RecallRefused(f"batch {batch_id} is not held any more: it is {batch.state.value}")
            boot, mark = self._monotonic_end(due_at - self._clock.now())
            connection.execute(
                "UPDATE batches SET due_at = ?, hold_boot = ?, hold_mark = ? WHERE id = ?",
                (due_at, boot, mark, batch_id),
            )
            self._note(connection, "batch.due", batch_id, before=batch.due_at, after=due_at)

    def recall(self, batch_id: int, order_ids: Collection[str] | None = None, *, why: str = "taken back") -> int:
        """Take held rows back (None: all); gives how many. Raises UnknownBatch, RecallRefused when it has left or has no such row."""
        with self._database.write() as connection:
            batch = self.get(batch_id)
            if batch.state is not BatchState.HELD:
                raise RecallRefused(
                    f"batch {batch_id} has left ({batch.state.value}); only a held batch can be taken back"
                )
            wanted = {row.order_id for row in batch.rows if row.state is RowState.HELD}
            if order_ids is not None:
                wanted &= set(order_ids)
            if not wanted:
                raise RecallRefused(f"batch {batch_id} holds nothing of that any more")
            changes = self.move(connection, batch, {key: Outcome(RowState.RECALLED, "", why) for key in wanted})
            if not any(row.state is RowState.HELD for row in self.get(batch_id).rows):
                connection.execute("UPDATE batches SET state = 'recalled' WHERE id = ?", (batch_id,))
            self._note(connection, "batch.recalled", batch_id, states=changes, why=why)
        return len(wanted)

    # -- leaving

    def mark_sent(
        self, batch_id: int, *, files: Sequence[str], sha256: str, feeds: Sequence[FeedFile] = ()
    ) -> JournalBatch:
        """Say, before anything is written, that the batch's held rows leave as these files.

        With `feeds` their bytes are kept, and the batch counts as being written until `written`. Raises RecallRefused
        unless it is held, BatchMoved when nothing of it is held.
        """
        with self._database.write() as connection:
            batch = self.get(batch_id)
            if batch.state is not BatchState.HELD:
                raise RecallRefused(f"batch {batch_id} is {batch.state.value}; only a held batch can leave")
            leaving = {r.order_id: Outcome(RowState.SENT) for r in batch.rows if r.state is RowState.HELD}
            if not leaving:
                raise BatchChanged(f"batch {batch_id} holds nothing that could leave")
            connection.execute(
                "UPDATE batches SET state = 'sent', sent_at = ?, files = ?, sha256 = ?, writing = ? WHERE id = ?",
                (self._clock.now(), json.dumps(list(files)), sha256, int(bool(feeds)), batch_id),
            )
            connection.executemany(
                "INSERT INTO feeds (batch, name, sha256, content) VALUES (?, ?, ?, ?)",
                [(batch_id, feed.name, feed.sha256, feed.content) for feed in feeds],
            )
            changes = self.move(connection, batch, leaving)
            self._note(connection, "batch.sent", batch_id, sha256=sha256, states=changes,
                       feeds={feed.name: feed.sha256 for feed in feeds})  # fmt: skip
        return self.get(batch_id)

    def unwritten(self) -> list[int]:
        """Batches that are said to have left, but whose files are not all known to be written."""
        return [row[0] for row in self._database.query("SELECT id FROM batches WHERE writing = 1 ORDER BY id")]

    def mark_written(self, batch_id: int) -> None:
        """Say that every file of the batch is written, whole."""
        with self._database.write() as connection:
            connection.execute("UPDATE batches SET writing = 0 WHERE id = ?", (batch_id,))
            self._note(connection, "batch.written", batch_id)

    def feeds(self, batch_id: int) -> list[FeedFile]:
        """The very bytes of the batch that left, by file name."""
        found = self._database.query(
            "SELECT name, sha256, content FROM feeds WHERE batch = ? ORDER BY name", (batch_id,)
        )
        return [FeedFile(name, mark, bytes(content)) for name, mark, content in found]

    def blocking_reasons(self, batch_id: int) -> dict[str, str]:
        """Orders of a held batch that must not leave, by what the journal has learned since, and why."""
        found: dict[str, str] = {}
        for order_id, other, state in self._database.query(
            "SELECT o.order_id, x.batch, x.state FROM batch_rows r JOIN orders o ON o.id = r.order_id"
            " JOIN batch_rows x ON x.order_id = r.order_id AND x.batch <> r.batch AND x.action = r.action"
            " WHERE r.batch = ? AND r.state = 'held' AND r.action <> 'refund'"
            " AND x.state IN ('sent', 'accepted', 'ok', 'unknown')",
            (batch_id,),
        ):
            found[order_id] = f"batch {other} may have done it already ({state})"
        for row_id, order_id, line, currency in self._database.query(
            "SELECT o.id, o.order_id, f.line, f.currency FROM refunds f JOIN orders o ON o.id = f.order_id"
            " JOIN batch_rows r ON r.batch = f.batch AND r.order_id = f.order_id WHERE f.batch = ? AND r.state = 'held'",
            (batch_id,),
        ):
            paid = self._paid(row_id, line, currency)
            after = self._orders.refunded_so_far([row_id]).get((row_id, line), NOTHING)
            why = "what was paid is unknown now" if paid is None else refund_excess(paid, after)
            if why:
                found[order_id] = f"line {line}: {why}"
        return found

    def overpaid(self) -> list[tuple[int, Action, str, str, int, str]]:
        """(batch, action, marketplace, order id, when it left, why) of refunds that together gave back more than was paid.

        Only late or contradicting answers of Amazon's make that possible: nothing that would do it is ever committed.
        """
        found = []
        for row_id, line, currency in self._database.query(
            "SELECT order_id, line, currency FROM refunds GROUP BY order_id, line, currency HAVING count(*) > 1"
        ):
            paid = self._paid(row_id, line, currency)
            back = self._orders.refunded_so_far([row_id]).get((row_id, line), NOTHING)
            why = "" if paid is None else refund_excess(paid, back)
            if why:
                head = self._database.query(
                    "SELECT b.id, b.marketplace, o.order_id, coalesce(b.sent_at, b.created_at) FROM batch_rows r"
                    " JOIN batches b ON b.id = r.batch JOIN orders o ON o.id = r.order_id"
                    " WHERE r.order_id = ? AND r.action = 'refund' ORDER BY b.id DESC LIMIT 1",
                    (row_id,),
                )[0]
                found.append((head[0], Action.REFUND, head[1], head[2], head[3], f"line {line}: {why}"))
        return found

    # -- parts of a large batch

    def chain(self, batches: Sequence[int]) -> None:
        """Let each of these batches wait for the one before it."""
        with self._database.write() as connection:
            connection.executemany(
                "INSERT INTO feed_parts (batch, after_batch) VALUES (?, ?)",
                list(zip(batches[1:], batches, strict=False)),
            )

    def predecessor(self, batch_id: int) -> int | None:
        """The batch that this one waits for."""
        found: int | None = self._database.value("SELECT after_batch FROM feed_parts WHERE batch = ?", (batch_id,))
        return found

    # -- what Amazon, or the operator, said

    def results_of(self, batch_id: int) -> list[KeptResult]:
        """The processing reports that came for a batch, oldest first."""
        found = self._database.query(
            "SELECT sha256, at, content FROM results WHERE batch = ? ORDER BY at, sha256", (batch_id,)
        )
        return [KeptResult(mark, at, bytes(content)) for mark, at, content in found]

    def answered_at(self, batch_id: int) -> int | None:
        """When the newest processing report of a batch came, or a call for its one order was taken (epoch seconds)."""
        found: int | None = self._database.value(
            "SELECT max(at) FROM (SELECT at FROM results WHERE batch = :batch UNION ALL"
            " SELECT started_at FROM feed_attempts WHERE batch = :batch AND state = 'done')",
            {"batch": batch_id},
        )
        return found

    def answered_by(self, sha256: str) -> list[int]:
        """The batches for which a processing report of these very bytes came."""
        return [
            row[0]
            for row in self._database.query("SELECT batch FROM results WHERE sha256 = ? ORDER BY batch", (sha256,))
        ]

    def keep_result(self, batch_id: int, raw: bytes) -> bool:
        """Keep a processing report as it came; False when these bytes came before. Raises UnknownBatch, StoreError."""
        with self._database.write() as connection:
            batch = self.get(batch_id)
            if batch.state not in (BatchState.SENT, BatchState.ANSWERED):
                raise StoreError(f"batch {batch_id} is {batch.state.value}: it has not left")
            cursor = connection.execute(
                "INSERT OR IGNORE INTO results (batch, sha256, at, content) VALUES (?, ?, ?, ?)",
                (batch_id, digest(raw), self._clock.now(), raw),
            )
            return cursor.rowcount > 0

    def record_results(self, batch_id: int, outcomes: Mapping[str, Outcome], *, raw: bytes = b"") -> JournalBatch:
        """Keep what Amazon said. A row that a report confirmed already, or that was taken back, stays as it is. Raises UnknownBatch, StoreError."""
        with self._database.write() as connection:
            self.keep_result(batch_id, raw)
            changes = self.move(connection, self.get(batch_id), outcomes)
            connection.execute("UPDATE batches SET state = 'answered' WHERE id = ?", (batch_id,))
            self._note(connection, "batch.answered", batch_id, sha256=digest(raw), states=changes)
        return self.get(batch_id)

    def settle(self, batch_id: int, outcomes: Mapping[str, Outcome], *, why: str) -> JournalBatch:
        """Take the operator's word for rows that left. Raises UnknownBatch, StoreError when one has not left or is confirmed."""
        with self._database.write() as connection:
            batch = self.get(batch_id)
            states = {row.order_id: row.state for row in batch.rows}
            for order_id in outcomes:
                if states.get(order_id) in (None, RowState.HELD, RowState.RECALLED, RowState.CONFIRMED):
                    state = states[order_id].value if order_id in states else "not in it"
                    raise StoreError(f"order {order_id} of batch {batch_id} is {state}: there is nothing to settle")
            seen = [kept.sha256 for kept in self.results_of(batch_id)]
            ids = self._orders.ids_of(outcomes)
            for order_id, outcome in outcomes.items():
                connection.execute(
                    "UPDATE batch_rows SET word = ? WHERE batch = ? AND order_id = ?",
                    (json.dumps({"state": outcome.state.value, "seen": seen}), batch_id, ids[order_id]),
                )
            changes = self.move(connection, batch, outcomes)
            self._note(connection, "batch.settled", batch_id, states=changes, why=why)
        return self.get(batch_id)

    def refund_rows(self) -> list[RefundRow]:
        """The refunds that left, oldest batch first, whatever became of them."""
        found = self._database.query(
            "SELECT r.batch, o.order_id, r.state, r.currency, r.total, b.sent_at FROM batch_rows r"
            " JOIN batches b ON b.id = r.batch JOIN orders o ON o.id = r.order_id"
            " WHERE r.action = 'refund' AND r.state NOT IN ('held', 'recalled') AND b.sent_at IS NOT NULL"
            " AND r.currency IS NOT NULL AND r.total IS NOT NULL ORDER BY r.batch, r.pos"
        )
        return [RefundRow(v[0], v[1], RowState(v[2]), *v[3:]) for v in found]

    def confirm_booked(self, batch_id: int, order_id: str, *, text: str, evidence: Mapping[str, object]) -> None:
        """Confirm a refund by what Amazon booked; the evidence is kept in the audit."""
        with self._database.write() as connection:
            changes = self.move(connection, self.get(batch_id), {order_id: Outcome(RowState.CONFIRMED, "", text)})
            self._note(connection, "batch.booked", batch_id, states=changes, **evidence)

    def mark_booked_again(self, batch_id: int, order_id: str, *, text: str, transactions: Sequence[str]) -> None:
        """Say of a confirmed refund that Amazon booked it more than once."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE batch_rows SET code = ?, text = ? WHERE batch = ? AND order_id = ?",
                (BOOKED_AGAIN, text, batch_id, self._orders.ids_of([order_id])[order_id]),
            )
            self._note(connection, "batch.booked_again", batch_id, orders=[order_id], transactions=list(transactions))

    def twice_booked(self) -> list[tuple[int, Action, str, str, int, str]]:
        """(batch, action, marketplace, order id, when it left, why) of refunds that Amazon booked more than once."""
        found = self._database.query(
            "SELECT b.id, b.action, b.marketplace, o.order_id, b.sent_at, r.text FROM batch_rows r"
            " JOIN batches b ON b.id = r.batch JOIN orders o ON o.id = r.order_id WHERE r.code = ? ORDER BY b.id DESC",
            (BOOKED_AGAIN,),
        )
        return [(v[0], Action(v[1]), *v[2:]) for v in found]

    # -- moving rows

    def move(
        self, connection: sqlite3.Connection, batch: JournalBatch, outcomes: Mapping[str, Outcome]
    ) -> dict[str, list[str]]:
        """Move rows to new states, and what follows for their orders; gives each one's state before and after.

        A row that a report confirmed, or that was taken back, stays as it is.
        """
        fixed = (RowState.CONFIRMED, RowState.RECALLED)
        before = {row.order_id: row.state for row in batch.rows if row.state not in fixed}
        ids = self._orders.ids_of(outcomes)
        changes = []
        for order_id, outcome in outcomes.items():
            if order_id not in before:
                continue
            row_id = ids[order_id]
            connection.execute(
                "UPDATE batch_rows SET state = ?, code = ?, text = ? WHERE batch = ? AND order_id = ?",
                (outcome.state.value, outcome.code, outcome.text, batch.id, row_id),
            )
            self._hold_order(connection, row_id)
            self._show(connection, row_id)
            if batch.action is Action.REFUND:
                self.refresh_refunded(connection, row_id)
            changes.append((order_id, before[order_id].value, outcome.state.value))
        return states_of(changes)

    @staticmethod
    def _hold_order(connection: sqlite3.Connection, row_id: int) -> None:
        """One row at most holds an order: the newest in an open state. An older one that a late answer reopened waits behind it."""
        rows = connection.execute(
            "SELECT batch, action, state, is_open FROM batch_rows WHERE order_id = ? ORDER BY batch DESC", (row_id,)
        ).fetchall()
        holder = next((row[0] for row in rows if is_open(Action(row[1]), RowState(row[2]))), None)
        sql = "UPDATE batch_rows SET is_open = ? WHERE order_id = ? AND batch = ?"
        for batch in [row[0] for row in rows if row[3] and row[0] != holder]:
            connection.execute(sql, (0, row_id, batch))
        if holder is not None:
            connection.execute(sql, (1, row_id, holder))

    @staticmethod
    def _show(connection: sqlite3.Connection, row_id: int) -> None:
        """What the order's own row says of the action that holds it, else of its last one."""
        found = connection.execute(
            "SELECT action, state FROM batch_rows WHERE order_id = ? AND state <> 'recalled' ORDER BY is_open DESC, batch DESC LIMIT 1",
            (row_id,),
        ).fetchone()
        action, state = found or (None, None)
        connection.execute(
            "UPDATE orders SET state = ?, open_action = ? WHERE id = ?", (state, action, row_id)
        )  # fmt: skip

    def refresh_refunded(self, connection: sqlite3.Connection, row_id: int) -> None:
        """The order's `refunded` fact, from refunds that left."""
        sums = " + ".join(COMPONENTS[:6]) + " - item_promotion - ship_promotion"
        paid = connection.execute(
            f"SELECT sum({sums}), count(*) - count(item_price) FROM"
            f" (SELECT item_price, {', '.join(f'coalesce({name}, 0) AS {name}' for name in COMPONENTS[1:])}"
            " FROM lines WHERE order_id = ? AND coalesce(status, '') <> 'cancelled')",
            (row_id,),
        ).fetchone()
        back = connection.execute(
            f"SELECT sum({sums}) FROM refunds r JOIN batch_rows b ON b.batch = r.batch AND b.order_id = r.order_id"
            f" WHERE r.order_id = ? AND b.state IN {_GONE}",
            (row_id,),
        ).fetchone()[0]
        self._facts.change(connection, row_id, "refunded", refunded(None if paid[1] else paid[0], back))

    def _note(self, connection: sqlite3.Connection, kind: str, batch: int, **more: object) -> None:
        self._audit.append(connection, kind, json.dumps({"batch": batch, **more}))


def refund_excess(paid: RefundedSoFar, back: RefundedSoFar) -> str:
    """In which way more would have gone back than was paid, or an empty text."""
    for name in COMPONENTS:
        value, most = getattr(back[0], name), getattr(paid[0], name)
        if value > most:
            return f"{name.replace('_', ' ')}: {value} would have gone back of {most} minor units"
    if back[0].total > paid[0].total:
        return f"{back[0].total} would have gone back of {paid[0].total} minor units"
    if back[1] > paid[1]:
        return f"{back[1]} units would be cancelled of {paid[1]}"
    return ""


def _word(text: str | None) -> OperatorRuling | None:
    if text is None:
        return None
    found = json.loads(text)
    return OperatorRuling(RowState(found["state"]), tuple(found["seen"]))
