"""Batches and what became of their rows. Each change is one transaction, with its audit record in it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256 as digest

from ordertui.orders.order import COMPONENTS, Components
from ordertui.orders.status import Action, BatchState, RowState

from .derive import refunded
from .errors import OpenAction, OverRefund, RecallRefused, StoreError, UnknownBatch, UnknownOrder, VersionChanged
from .facts import FactsPart
from .reads import NOTHING, ReadsPart

OPEN = frozenset({RowState.HELD, RowState.SENT, RowState.ACCEPTED, RowState.OK, RowState.UNKNOWN})
"""States in which no other action may be taken with the order. A cancel or shipment that is ok waits for a report to show it."""
_GONE = "('sent','accepted','ok','unknown','confirmed')"


@dataclass(frozen=True, slots=True)
class RefundLine:
    """What a row gives back for one line; minor units."""

    line: int
    currency: str
    amounts: Components
    quantity: int = 0
    """Units never shipped that it cancels."""


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row to be held."""

    order_id: str
    reason: str
    currency: str | None
    total: int | None
    version: int | None = None
    """The order's version when it was planned; checked in the same transaction."""
    refunds: tuple[RefundLine, ...] = ()


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One order of a batch."""

    order_id: str
    state: RowState
    reason: str
    currency: str | None
    total: int | None
    code: str
    text: str


@dataclass(frozen=True, slots=True)
class JournalBatch:
    """A batch."""

    id: int
    action: Action
    marketplace: str
    state: BatchState
    created_at: int
    due_at: int
    sent_at: int | None
    rows: tuple[JournalRow, ...]
    files: tuple[str, ...]
    sha256: str
    advice: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What Amazon said of one order."""

    state: RowState
    code: str = ""
    text: str = ""


def is_open(action: Action, state: RowState) -> bool:
    """Whether a row in that state still holds its order. A refund that is ok is done: no report shows refunds."""
    return state in OPEN and not (action is Action.REFUND and state is RowState.OK)


class JournalPart(FactsPart, ReadsPart):
    """The journal of a store."""

    def add_batch(
        self, *, action: Action, marketplace: str, rows: Sequence[NewRow], plan: bytes, sha256: str, due_at: int
    ) -> JournalBatch:
        """Hold a batch. Raises OpenAction, VersionChanged, UnknownOrder, OverRefund; then nothing was written."""
        if not rows:
            raise StoreError("a batch without rows is not kept")
        now = self.clock.now()
        with self.writing() as connection:
            ids = self.ids_of(row.order_id for row in rows)
            self._check(connection, rows, ids)
            cursor = connection.execute(
                "INSERT INTO batches (action, marketplace, state, created_at, due_at, sha256, advice, plan)"
                " VALUES (?, ?, 'held', ?, ?, ?, '', ?)",
                (action.value, marketplace, now, due_at, sha256, plan),
            )
            batch = int(cursor.lastrowid or 0)
            for position, row in enumerate(rows):
                self._add_row(connection, batch, position, action, row, ids[row.order_id])
            self._note(connection, "batch.held", batch, action=action.value, marketplace=marketplace, sha256=sha256,
                       due_at=due_at, orders=[row.order_id for row in rows])  # fmt: skip
        return self.batch(batch)

    def _check(self, connection: sqlite3.Connection, rows: Sequence[NewRow], ids: Mapping[str, int]) -> None:
        changed = []
        for row in rows:
            row_id = ids.get(row.order_id)
            if row_id is None:
                raise UnknownOrder(f"order {row.order_id} is not in this store")
            held = connection.execute(
                "SELECT batch, action, state FROM batch_rows WHERE order_id = ? AND is_open = 1", (row_id,)
            ).fetchone()
            if held:
                raise OpenAction(row.order_id, str(held[0]), held[1], held[2])
            version = connection.execute("SELECT version FROM orders WHERE id = ?", (row_id,)).fetchone()[0]
            if row.version is not None and row.version != version:
                changed.append(row.order_id)
        if changed:
            raise VersionChanged(changed)

    def _add_row(
        self, connection: sqlite3.Connection, batch: int, position: int, action: Action, row: NewRow, row_id: int
    ) -> None:
        for refund in row.refunds:
            self._check_refund(connection, row, row_id, refund)
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
        self._show(connection, row_id, action, RowState.HELD)

    def _check_refund(self, connection: sqlite3.Connection, row: NewRow, row_id: int, refund: RefundLine) -> None:
        """The last guard: with what went back before, no line gives back more than was paid, or cancels more units than it has."""
        paid = connection.execute(
            f"SELECT currency, {', '.join(COMPONENTS)}, quantity FROM lines WHERE order_id = ? AND line = ?",
            (row_id, refund.line),
        ).fetchone()
        if paid is None or paid[1] is None or paid[0] != refund.currency:
            raise OverRefund(f"order {row.order_id}, line {refund.line}: what was paid in {refund.currency} is unknown")
        before, cancelled = self._returned([row_id]).get((row_id, refund.line), NOTHING)
        after = before.plus(refund.amounts).total
        if refund.amounts.total <= 0 or after > Components(*(part or 0 for part in paid[1:9])).total:
            raise OverRefund(f"order {row.order_id}, line {refund.line}: more would go back than was paid")
        if refund.quantity < 0 or cancelled + refund.quantity > (paid[9] or 0):
            raise OverRefund(
                f"order {row.order_id}, line {refund.line}: more units would be cancelled than were ordered"
            )

    @staticmethod
    def _show(connection: sqlite3.Connection, row_id: int, action: Action, state: RowState) -> None:
        """What the order's own row says of its last action."""
        shown = state is not RowState.RECALLED
        connection.execute(
            "UPDATE orders SET state = ?, open_action = ? WHERE id = ?",
            (state.value if shown else None, f"{action.value}:{state.value}" if shown else None, row_id),
        )

    def batch(self, batch_id: int) -> JournalBatch:
        """A batch with its rows. Raises UnknownBatch."""
        found = self._batches("WHERE id = ?", (batch_id,))
        if not found:
            raise UnknownBatch(f"there is no batch {batch_id}; `ordertui outbox` lists them")
        return found[0]

    def batches(self, *, open_only: bool = False, limit: int | None = None) -> list[JournalBatch]:
        """Batches, newest first. `open_only`: those of which a row still holds its order."""
        where = "WHERE id IN (SELECT batch FROM batch_rows WHERE is_open = 1)" if open_only else ""
        return self._batches(f"{where} ORDER BY id DESC" + (f" LIMIT {int(limit)}" if limit else ""), ())

    def _batches(self, tail: str, params: Sequence[object]) -> list[JournalBatch]:
        heads = self._query(
            f"SELECT id, action, marketplace, state, created_at, due_at, sent_at, files, sha256 FROM batches {tail}",
            params,
        )
        rows: dict[int, list[JournalRow]] = {}
        for v in self._query_in(
            "SELECT b.batch, o.order_id, b.state, b.reason, b.currency, b.total, b.code, b.text FROM batch_rows b"
            " JOIN orders o ON o.id = b.order_id WHERE b.batch IN ({}) ORDER BY b.batch, b.pos",
            [head[0] for head in heads],
        ):
            rows.setdefault(v[0], []).append(JournalRow(v[1], RowState(v[2]), *v[3:]))
        return [
            JournalBatch(
                h[0], Action(h[1]), h[2], BatchState(h[3]), h[4], h[5], h[6], tuple(rows.get(h[0], ())), tuple(json.loads(h[7])), h[8]
            )
            for h in heads
        ]  # fmt: skip

    def plan_bytes(self, batch_id: int) -> bytes:
        """The plan as it was committed. Raises UnknownBatch."""
        found = self._one("SELECT plan FROM batches WHERE id = ?", (batch_id,))
        if found is None:
            raise UnknownBatch(f"there is no batch {batch_id}; `ordertui outbox` lists them")
        return bytes(found)

    def open_batch_of(self, order_id: str) -> int | None:
        """The batch that holds an order, if any."""
        found: int | None = self._one(
            "SELECT b.batch FROM batch_rows b JOIN orders o ON o.id = b.order_id WHERE o.order_id = ? AND b.is_open = 1",
            (order_id,),
        )
        return found

    def batches_of(self, order_id: str) -> list[int]:
        """Every batch that ever had an order, oldest first."""
        sql = (
            "SELECT b.batch FROM batch_rows b JOIN orders o ON o.id = b.order_id WHERE o.order_id = ? ORDER BY b.batch"
        )
        return [row[0] for row in self._query(sql, (order_id,))]

    def due(self, now: int) -> list[JournalBatch]:
        """Held batches whose hold has ended, oldest first."""
        return self._batches("WHERE state = 'held' AND due_at <= ? ORDER BY id", (now,))

    def hold_until(self, batch_id: int, due_at: int) -> None:
        """Move the end of a hold. Raises UnknownBatch, RecallRefused when it has left."""
        with self.writing() as connection:
            batch = self.batch(batch_id)
            if batch.state is not BatchState.HELD:
                raise RecallRefused(f"batch {batch_id} is not held any more: it is {batch.state.value}")
            connection.execute("UPDATE batches SET due_at = ? WHERE id = ?", (due_at, batch_id))
            self._note(connection, "batch.due", batch_id, due_at=due_at)

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
            self._settle(connection, batch, {order_id: Outcome(RowState.RECALLED, "", why) for order_id in wanted})
            if not any(row.state is RowState.HELD for row in self.batch(batch_id).rows):
                connection.execute("UPDATE batches SET state = 'recalled' WHERE id = ?", (batch_id,))
            self._note(connection, "batch.recalled", batch_id, orders=sorted(wanted), why=why)
        return len(wanted)

    def mark_sent(self, batch_id: int, *, files: Sequence[str], sha256: str) -> JournalBatch:
        """Say, before anything is written, that the batch leaves as these files. Raises RecallRefused unless it is held."""
        with self.writing() as connection:
            batch = self.batch(batch_id)
            if batch.state is not BatchState.HELD:
                raise RecallRefused(f"batch {batch_id} is {batch.state.value}; only a held batch can leave")
            connection.execute(
                "UPDATE batches SET state = 'sent', sent_at = ?, files = ?, sha256 = ? WHERE id = ?",
                (self.clock.now(), json.dumps(list(files)), sha256, batch_id),
            )
            leaving = {r.order_id: Outcome(RowState.SENT) for r in batch.rows if r.state is RowState.HELD}
            self._settle(connection, batch, leaving)
            self._note(connection, "batch.sent", batch_id, sha256=sha256, orders=sorted(leaving))
        return self.batch(batch_id)

    def record_results(self, batch_id: int, outcomes: Mapping[str, Outcome], *, raw: bytes = b"") -> JournalBatch:
        """Keep what Amazon said. A row that a report confirmed already, or that was taken back, stays as it is. Raises UnknownBatch, StoreError."""
        with self.writing() as connection:
            batch = self.batch(batch_id)
            if batch.state not in (BatchState.SENT, BatchState.ANSWERED):
                raise StoreError(f"batch {batch_id} is {batch.state.value}: it has not left")
            settled = (RowState.CONFIRMED, RowState.RECALLED)
            fixed = {row.order_id for row in batch.rows if row.state in settled}
            self._settle(connection, batch, {key: value for key, value in outcomes.items() if key not in fixed})
            connection.execute("UPDATE batches SET state = 'answered' WHERE id = ?", (batch_id,))
            mark = digest(raw).hexdigest()
            connection.execute(
                "INSERT OR IGNORE INTO results (batch, sha256, at, content) VALUES (?, ?, ?, ?)",
                (batch_id, mark, self.clock.now(), raw),
            )
            self._note(connection, "batch.answered", batch_id, sha256=mark,
                       states={key: value.state.value for key, value in sorted(outcomes.items())})  # fmt: skip
        return self.batch(batch_id)

    def _settle(self, connection: sqlite3.Connection, batch: JournalBatch, outcomes: Mapping[str, Outcome]) -> None:
        """Move rows to new states, and what follows for their orders."""
        ids = self.ids_of(outcomes)
        for order_id, outcome in outcomes.items():
            row_id = ids[order_id]
            connection.execute(
                "UPDATE batch_rows SET state = ?, is_open = ?, code = ?, text = ? WHERE batch = ? AND order_id = ?",
                (
                    outcome.state.value,
                    is_open(batch.action, outcome.state),
                    outcome.code,
                    outcome.text,
                    batch.id,
                    row_id,
                ),
            )
            self._show(connection, row_id, batch.action, outcome.state)
            if batch.action is Action.REFUND:
                self._refresh_refunded(connection, row_id)

    def _refresh_refunded(self, connection: sqlite3.Connection, row_id: int) -> None:
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
        self.change_fact(connection, row_id, "refunded", refunded(None if paid[1] else paid[0], back))

    def _note(self, connection: sqlite3.Connection, kind: str, batch: int, **more: object) -> None:
        self.append(connection, kind, json.dumps({"batch": batch, **more}, sort_keys=True, separators=(",", ":")))
