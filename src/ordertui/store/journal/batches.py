"""Batches: held, taken back, leaving. Each change is one transaction, with its audit record in it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence

import msgspec

from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.clock import MonotonicReading, iso_utc, monotonic_reading
from ordertui.orders.enums import Action
from ordertui.orders.order import COMPONENTS, LineAmounts
from ordertui.store.audit import digest
from ordertui.store.errors import (
    BatchChanged,
    OpenAction,
    RecallRefused,
    RefundExceedsPayment,
    StoreError,
    UnknownOrder,
    VersionChanged,
)
from ordertui.store.orders import NOTHING, RefundedSoFar

from .rows import JournalBatch, Outcome, OutcomePart

__all__ = ["FeedFile", "JournalPart", "NewRow", "RefundLine"]


class RefundLine(msgspec.Struct, frozen=True):
    """What a row gives back for one line; minor units."""

    line: int
    currency: str
    amounts: LineAmounts
    quantity: int = 0
    """Units never shipped that it cancels."""


class NewRow(msgspec.Struct, frozen=True):
    """A row to be held."""

    order_id: str
    reason: str
    currency: str | None
    total: int | None
    version: int | None = None
    """The order's version when it was planned; checked in the same transaction."""
    refunds: tuple[RefundLine, ...] = ()


class FeedFile(msgspec.Struct, frozen=True):
    """One file of a batch that leaves."""

    name: str
    sha256: str
    content: bytes


class JournalPart(OutcomePart):
    """The journal of a store."""

    def add_batch(
        self, *, action: Action, marketplace: str, rows: Sequence[NewRow], plan: bytes, sha256: str, due_at: int
    ) -> JournalBatch:
        """Hold a batch. Raises OpenAction, VersionChanged, UnknownOrder, OverRefund; then nothing was written."""
        if not rows:
            raise StoreError("a batch without rows is not kept")
        now = self.clock.now()
        boot, mark = self._mark(due_at - now)
        with self.writing() as connection:
            ids = self.ids_of(row.order_id for row in rows)
            self._check(connection, rows, ids)
            cursor = connection.execute(
                "INSERT INTO batches (action, marketplace, state, created_at, due_at, sha256, advice, plan, who, hold_boot, hold_mark)"
                " VALUES (?, ?, 'held', ?, ?, ?, '', ?, ?, ?, ?)",
                (action.value, marketplace, now, due_at, sha256, plan, str(self.who), boot, mark),
            )
            batch = int(cursor.lastrowid or 0)
            for position, row in enumerate(rows):
                self._add_row(connection, batch, position, action, row, ids[row.order_id])
            self._note(connection, "batch.held", batch, action=action.value, marketplace=marketplace, sha256=sha256,
                       due_at=due_at, orders=[row.order_id for row in rows], plan=digest(plan))  # fmt: skip
        return self.batch(batch)

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
        amounts, units = self._returned([row_id]).get((row_id, refund.line), NOTHING)
        why = beyond(paid, (amounts.plus(refund.amounts), units + refund.quantity))
        if refund.amounts.total <= 0 or refund.quantity < 0:
            why = "nothing would go back"
        if why:
            raise RefundExceedsPayment(f"{where}: {why}")

    def _paid(self, row_id: int, line: int, currency: str) -> RefundedSoFar | None:
        """What was paid for a line, and for how many units, if that is known in this currency."""
        found = self._query(
            f"SELECT currency, quantity, {', '.join(COMPONENTS)} FROM lines WHERE order_id = ? AND line = ?",
            (row_id, line),
        )
        if not found or found[0][2] is None or found[0][0] != currency:
            return None
        return LineAmounts(*(part or 0 for part in found[0][2:])), found[0][1] or 0

    # -- the hold

    def _mark(self, seconds: int) -> tuple[str, int | None]:
        """Where the steady clock will stand in so many seconds."""
        steady = monotonic_reading(self.clock)
        return ("", None) if steady is None else (steady.boot, steady.seconds + seconds)

    def anchor_holds(self) -> None:
        """Tie holds of another start of the machine to this one's steady clock, so that setting the wall clock moves none.

        The wall clock is believed once; one that stands before the commit is not: then the whole hold begins again.
        """
        steady = monotonic_reading(self.clock)
        if steady is None:
            return
        sql = "SELECT id, created_at, due_at FROM batches WHERE state = 'held' AND hold_boot <> ?"
        if not self._query(sql, (steady.boot,)):
            return
        now = self.clock.now()
        with self.writing() as connection:
            for batch, created, due in connection.execute(sql, (steady.boot,)).fetchall():
                left = due - now if now >= created else due - created
                connection.execute(
                    "UPDATE batches SET hold_boot = ?, hold_mark = ? WHERE id = ?",
                    (steady.boot, steady.seconds + max(left, 0), batch),
                )

    def due(self) -> list[JournalBatch]:
        """Held batches whose hold has ended, oldest first."""
        now = self.clock.now()
        return [batch for batch in self._batches("WHERE state = 'held' ORDER BY id", ()) if batch.due_at <= now]

    def hold_until(self, batch_id: int, due_at: int) -> None:
        """Move the end of a hold. Raises UnknownBatch, RecallRefused when it has left."""
        with self.writing() as connection:
            batch = self.batch(batch_id)
            if batch.state is not BatchState.HELD:
                raise RecallRefused(f"batch {batch_id} is not held any more: it is {batch.state.value}")
            boot, mark = self._mark(due_at - self.clock.now())
            connection.execute(
                "UPDATE batches SET due_at = ?, hold_boot = ?, hold_mark = ? WHERE id = ?",
                (due_at, boot, mark, batch_id),
            )
            self._note(connection, "batch.due", batch_id, before=batch.due_at, after=due_at)

    def recall(self, batch_id: int, order_ids: Collection[str] | None = None, *, why: str = "taken back") -> int:
        """Take held rows back (None: all); gives how many. Raises UnknownBatch, RecallRefused when it has left or has no such row."""
        with self.writing() as connection:
            batch = self.batch(batch_id)
            if batch.state is not BatchState.HELD:
                raise RecallRefused(
                    f"batch {batch_id} has left ({batch.state.value}); only a held batch can be taken back"
                )
            wanted = {row.order_id for row in batch.rows if row.state is RowState.HELD}
            if order_ids is not None:
                wanted &= set(order_ids)
            if not wanted:
                raise RecallRefused(f"batch {batch_id} holds nothing of that any more")
            changes = self._move(connection, batch, {key: Outcome(RowState.RECALLED, "", why) for key in wanted})
            if not any(row.state is RowState.HELD for row in self.batch(batch_id).rows):
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
        with self.writing() as connection:
            batch = self.batch(batch_id)
            if batch.state is not BatchState.HELD:
                raise RecallRefused(f"batch {batch_id} is {batch.state.value}; only a held batch can leave")
            leaving = {r.order_id: Outcome(RowState.SENT) for r in batch.rows if r.state is RowState.HELD}
            if not leaving:
                raise BatchChanged(f"batch {batch_id} holds nothing that could leave")
            connection.execute(
                "UPDATE batches SET state = 'sent', sent_at = ?, files = ?, sha256 = ?, writing = ? WHERE id = ?",
                (self.clock.now(), json.dumps(list(files)), sha256, int(bool(feeds)), batch_id),
            )
            connection.executemany(
                "INSERT INTO feeds (batch, name, sha256, content) VALUES (?, ?, ?, ?)",
                [(batch_id, feed.name, feed.sha256, feed.content) for feed in feeds],
            )
            changes = self._move(connection, batch, leaving)
            self._note(connection, "batch.sent", batch_id, sha256=sha256, states=changes,
                       feeds={feed.name: feed.sha256 for feed in feeds})  # fmt: skip
        return self.batch(batch_id)

    def unwritten(self) -> list[int]:
        """Batches that are said to have left, but whose files are not all known to be written."""
        return [row[0] for row in self._query("SELECT id FROM batches WHERE writing = 1 ORDER BY id")]

    def written(self, batch_id: int) -> None:
        """Say that every file of the batch is written, whole."""
        with self.writing() as connection:
            connection.execute("UPDATE batches SET writing = 0 WHERE id = ?", (batch_id,))
            self._note(connection, "batch.written", batch_id)

    def feeds(self, batch_id: int) -> list[FeedFile]:
        """The very bytes of the batch that left, by file name."""
        found = self._query("SELECT name, sha256, content FROM feeds WHERE batch = ? ORDER BY name", (batch_id,))
        return [FeedFile(name, mark, bytes(content)) for name, mark, content in found]

    def blocking_reasons(self, batch_id: int) -> dict[str, str]:
        """Orders of a held batch that must not leave, by what the journal has learned since, and why."""
        found: dict[str, str] = {}
        for order_id, other, state in self._query(
            "SELECT o.order_id, x.batch, x.state FROM batch_rows r JOIN orders o ON o.id = r.order_id"
            " JOIN batch_rows x ON x.order_id = r.order_id AND x.batch <> r.batch AND x.action = r.action"
            " WHERE r.batch = ? AND r.state = 'held' AND r.action <> 'refund'"
            " AND x.state IN ('sent', 'accepted', 'ok', 'unknown')",
            (batch_id,),
        ):
            found[order_id] = f"batch {other} may have done it already ({state})"
        for row_id, order_id, line, currency in self._query(
            "SELECT o.id, o.order_id, f.line, f.currency FROM refunds f JOIN orders o ON o.id = f.order_id"
            " JOIN batch_rows r ON r.batch = f.batch AND r.order_id = f.order_id WHERE f.batch = ? AND r.state = 'held'",
            (batch_id,),
        ):
            paid = self._paid(row_id, line, currency)
            after = self._returned([row_id]).get((row_id, line), NOTHING)
            why = "what was paid is unknown now" if paid is None else beyond(paid, after)
            if why:
                found[order_id] = f"line {line}: {why}"
        return found

    def overpaid(self) -> list[tuple[int, Action, str, str, int, str]]:
        """(batch, action, marketplace, order id, when it left, why) of refunds that together gave back more than was paid.

        Only late or contradicting answers of Amazon's make that possible: nothing that would do it is ever committed.
        """
        found = []
        for row_id, line, currency in self._query(
            "SELECT order_id, line, currency FROM refunds GROUP BY order_id, line, currency HAVING count(*) > 1"
        ):
            paid = self._paid(row_id, line, currency)
            back = self._returned([row_id]).get((row_id, line), NOTHING)
            why = "" if paid is None else beyond(paid, back)
            if why:
                head = self._query(
                    "SELECT b.id, b.marketplace, o.order_id, coalesce(b.sent_at, b.created_at) FROM batch_rows r"
                    " JOIN batches b ON b.id = r.batch JOIN orders o ON o.id = r.order_id"
                    " WHERE r.order_id = ? AND r.action = 'refund' ORDER BY b.id DESC LIMIT 1",
                    (row_id,),
                )[0]
                found.append((head[0], Action.REFUND, head[1], head[2], head[3], f"line {line}: {why}"))
        return found

    # -- one by one

    def _batches(self, tail: str, params: Sequence[object]) -> list[JournalBatch]:
        """As OutcomePart's, with the end of each hold as the steady clock has it."""
        steady = monotonic_reading(self.clock)
        found = super()._batches(tail, params)
        if steady is None:
            return found
        now = self.clock.now()
        return [msgspec.structs.replace(batch, due_at=self._due(batch, steady, now)) for batch in found]

    def _due(self, batch: JournalBatch, steady: MonotonicReading, now: int) -> int:
        if batch.state is not BatchState.HELD or batch.hold[0] != steady.boot or batch.hold[1] is None:
            return batch.due_at
        due = now + batch.hold[1] - steady.seconds
        return batch.due_at if abs(due - batch.due_at) <= 1 else due  # both clocks tick in whole seconds


def beyond(paid: RefundedSoFar, back: RefundedSoFar) -> str:
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
