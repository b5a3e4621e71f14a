"""What became of the rows of batches: reading them, moving them from state to state, and what follows for their orders."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping, Sequence

import msgspec

from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.enums import Action
from ordertui.orders.order import COMPONENTS
from ordertui.store.audit import digest, states_of
from ordertui.store.derived_facts import refunded
from ordertui.store.errors import StoreError, UnknownBatch
from ordertui.store.operator_facts import FactsPart
from ordertui.store.orders import ReadsPart

OPEN = frozenset({RowState.HELD, RowState.SENT, RowState.ACCEPTED, RowState.OK, RowState.UNKNOWN})
"""States in which no other action may be taken with the order. A cancel or shipment that is ok waits for a report to show it."""
BOOKED_AGAIN = "booked-again"
"""The code of a refund that Amazon booked more than once."""
_GONE = "('sent','accepted','ok','unknown','confirmed')"


class OperatorRuling(msgspec.Struct, frozen=True):
    """What the operator said became of a row, and the sha256 of the reports that had come by then."""

    state: RowState
    seen: tuple[str, ...]


class JournalRow(msgspec.Struct, frozen=True):
    """One order of a batch."""

    order_id: str
    state: RowState
    reason: str
    currency: str | None
    total: int | None
    code: str
    text: str
    word: OperatorRuling | None = None


class JournalBatch(msgspec.Struct, frozen=True):
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
    who: str = ""
    """Who committed it."""
    hold: tuple[str, int | None] = ("", None)
    """The steady clock on which its hold ends, and when."""
    writing: bool = False
    """It is said to have left, but its files are not all known to be written."""


class HoldingBatch(msgspec.Struct, frozen=True):
    """The batch that holds an order."""

    batch: int
    who: str
    at: int
    """When it was committed (epoch seconds)."""


class CommittedTotals(msgspec.Struct, frozen=True):
    """What a stretch of time saw committed."""

    orders: int
    unpriced: int
    """Of them, those whose amounts no report gave."""
    totals: Mapping[str, int]
    """Minor units by currency."""


class RefundRow(msgspec.Struct, frozen=True):
    """A refund that left."""

    batch: int
    order_id: str
    state: RowState
    currency: str
    total: int
    """Minor units."""
    sent_at: int
    """Epoch seconds."""


class Outcome(msgspec.Struct, frozen=True):
    """What became of one order."""

    state: RowState
    code: str = ""
    text: str = ""


class KeptResult(msgspec.Struct, frozen=True):
    """A processing report as it came."""

    sha256: str
    at: int
    content: bytes


def is_open(action: Action, state: RowState) -> bool:
    """Whether a row in that state holds its order. A refund that is ok is done: no report shows refunds."""
    return state in OPEN and not (action is Action.REFUND and state is RowState.OK)


class OutcomePart(FactsPart, ReadsPart):
    """Rows of batches."""

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
            "SELECT id, action, marketplace, state, created_at, due_at, sent_at, files, sha256, who, hold_boot, hold_mark, writing"
            f" FROM batches {tail}",
            params,
        )
        rows: dict[int, list[JournalRow]] = {}
        for v in self._query_in(
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

    def plan_bytes(self, batch_id: int) -> bytes:
        """The plan as it was committed. Raises UnknownBatch."""
        found = self._one("SELECT plan FROM batches WHERE id = ?", (batch_id,))
        if found is None:
            raise UnknownBatch(f"there is no batch {batch_id}; `ordertui outbox` lists them")
        return bytes(found)

    def holder_of(self, order_id: str) -> HoldingBatch | None:
        """The batch that holds an order, if any, with who committed it and when."""
        found = self._query(
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
            self._query(
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
        for currency, total, count in self._query(
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

    # -- what Amazon, or the operator, said

    def results_of(self, batch_id: int) -> list[KeptResult]:
        """The processing reports that came for a batch, oldest first."""
        found = self._query("SELECT sha256, at, content FROM results WHERE batch = ? ORDER BY at, sha256", (batch_id,))
        return [KeptResult(mark, at, bytes(content)) for mark, at, content in found]

    def answered_at(self, batch_id: int) -> int | None:
        """When the newest processing report of a batch came, or a call for its one order was taken (epoch seconds)."""
        found: int | None = self._one(
            "SELECT max(at) FROM (SELECT at FROM results WHERE batch = :batch UNION ALL"
            " SELECT started_at FROM feed_attempts WHERE batch = :batch AND state = 'done')",
            {"batch": batch_id},
        )
        return found

    def batches_answered_by(self, sha256: str) -> list[int]:
        """The batches for which a processing report of these very bytes came."""
        return [row[0] for row in self._query("SELECT batch FROM results WHERE sha256 = ? ORDER BY batch", (sha256,))]

    def keep_result(self, batch_id: int, raw: bytes) -> bool:
        """Keep a processing report as it came; False when these bytes came before. Raises UnknownBatch, StoreError."""
        with self.writing() as connection:
            batch = self.batch(batch_id)
            if batch.state not in (BatchState.SENT, BatchState.ANSWERED):
                raise StoreError(f"batch {batch_id} is {batch.state.value}: it has not left")
            cursor = connection.execute(
                "INSERT OR IGNORE INTO results (batch, sha256, at, content) VALUES (?, ?, ?, ?)",
                (batch_id, digest(raw), self.clock.now(), raw),
            )
            return cursor.rowcount > 0

    def record_results(self, batch_id: int, outcomes: Mapping[str, Outcome], *, raw: bytes = b"") -> JournalBatch:
        """Keep what Amazon said. A row that a report confirmed already, or that was taken back, stays as it is. Raises UnknownBatch, StoreError."""
        with self.writing() as connection:
            self.keep_result(batch_id, raw)
            changes = self._move(connection, self.batch(batch_id), outcomes)
            connection.execute("UPDATE batches SET state = 'answered' WHERE id = ?", (batch_id,))
            self._note(connection, "batch.answered", batch_id, sha256=digest(raw), states=changes)
        return self.batch(batch_id)

    def settle(self, batch_id: int, outcomes: Mapping[str, Outcome], *, why: str) -> JournalBatch:
        """Take the operator's word for rows that left. Raises UnknownBatch, StoreError when one has not left or is confirmed."""
        with self.writing() as connection:
            batch = self.batch(batch_id)
            states = {row.order_id: row.state for row in batch.rows}
            for order_id in outcomes:
                if states.get(order_id) in (None, RowState.HELD, RowState.RECALLED, RowState.CONFIRMED):
                    state = states[order_id].value if order_id in states else "not in it"
                    raise StoreError(f"order {order_id} of batch {batch_id} is {state}: there is nothing to settle")
            seen = [kept.sha256 for kept in self.results_of(batch_id)]
            ids = self.ids_of(outcomes)
            for order_id, outcome in outcomes.items():
                connection.execute(
                    "UPDATE batch_rows SET word = ? WHERE batch = ? AND order_id = ?",
                    (json.dumps({"state": outcome.state.value, "seen": seen}), batch_id, ids[order_id]),
                )
            changes = self._move(connection, batch, outcomes)
            self._note(connection, "batch.settled", batch_id, states=changes, why=why)
        return self.batch(batch_id)

    def refund_rows(self) -> list[RefundRow]:
        """The refunds that left, oldest batch first, whatever became of them."""
        found = self._query(
            "SELECT r.batch, o.order_id, r.state, r.currency, r.total, b.sent_at FROM batch_rows r"
            " JOIN batches b ON b.id = r.batch JOIN orders o ON o.id = r.order_id"
            " WHERE r.action = 'refund' AND r.state NOT IN ('held', 'recalled') AND b.sent_at IS NOT NULL"
            " AND r.currency IS NOT NULL AND r.total IS NOT NULL ORDER BY r.batch, r.pos"
        )
        return [RefundRow(v[0], v[1], RowState(v[2]), *v[3:]) for v in found]

    def confirm_booked(self, batch_id: int, order_id: str, *, text: str, evidence: Mapping[str, object]) -> None:
        """Confirm a refund by what Amazon booked; the evidence is kept in the audit."""
        with self.writing() as connection:
            changes = self._move(connection, self.batch(batch_id), {order_id: Outcome(RowState.CONFIRMED, "", text)})
            self._note(connection, "batch.booked", batch_id, states=changes, **evidence)

    def booked_again(self, batch_id: int, order_id: str, *, text: str, transactions: Sequence[str]) -> None:
        """Say of a confirmed refund that Amazon booked it more than once."""
        with self.writing() as connection:
            connection.execute(
                "UPDATE batch_rows SET code = ?, text = ? WHERE batch = ? AND order_id = ?",
                (BOOKED_AGAIN, text, batch_id, self.ids_of([order_id])[order_id]),
            )
            self._note(connection, "batch.booked_again", batch_id, orders=[order_id], transactions=list(transactions))

    def twice_booked(self) -> list[tuple[int, Action, str, str, int, str]]:
        """(batch, action, marketplace, order id, when it left, why) of refunds that Amazon booked more than once."""
        found = self._query(
            "SELECT b.id, b.action, b.marketplace, o.order_id, b.sent_at, r.text FROM batch_rows r"
            " JOIN batches b ON b.id = r.batch JOIN orders o ON o.id = r.order_id WHERE r.code = ? ORDER BY b.id DESC",
            (BOOKED_AGAIN,),
        )
        return [(v[0], Action(v[1]), *v[2:]) for v in found]

    # -- moving rows

    def _move(
        self, connection: sqlite3.Connection, batch: JournalBatch, outcomes: Mapping[str, Outcome]
    ) -> dict[str, list[str]]:
        """Move rows to new states, and what follows for their orders; gives each one's state before and after.

        A row that a report confirmed, or that was taken back, stays as it is.
        """
        fixed = (RowState.CONFIRMED, RowState.RECALLED)
        before = {row.order_id: row.state for row in batch.rows if row.state not in fixed}
        ids = self.ids_of(outcomes)
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
                self._refresh_refunded(connection, row_id)
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
            "UPDATE orders SET state = ?, open_action = ? WHERE id = ?", (state, f"{action}:{state}" if found else None, row_id)
        )  # fmt: skip

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
        self.append(connection, kind, json.dumps({"batch": batch, **more}))


def _word(text: str | None) -> OperatorRuling | None:
    if text is None:
        return None
    found = json.loads(text)
    return OperatorRuling(RowState(found["state"]), tuple(found["seen"]))
