"""What Amazon and the operator say became of batches: processing reports, bookings, rulings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from ordertui.orders.batch_state import LEFT_BATCHES, SETTLEABLE, BatchState, RowState, SubmissionState
from ordertui.orders.clock import Clock
from ordertui.store.database import Database, as_parameter
from ordertui.store.engine.audit_chain import digest
from ordertui.store.errors import StoreError
from ordertui.store.orders import OrderRepository

from .batches import BatchJournal
from .records import JournalBatch, KeptResult, Outcome
from .refunds import BOOKED_AGAIN
from .rows import ROW_OF_VALUE


class ResultLog:
    """Keeps processing reports and moves rows as they, bookings and the operator say."""

    def __init__(self, database: Database, clock: Clock, orders: OrderRepository, batches: BatchJournal) -> None:
        self._database = database
        self._clock = clock
        self._orders = orders
        self._batches = batches
        self._transitions = batches.transitions

    # -- processing reports

    def find(self, batch_id: int) -> list[KeptResult]:
        """Return the processing reports that came for a batch, oldest first."""
        found = self._database.query(
            "SELECT sha256, at, content FROM results WHERE batch = ? ORDER BY at, sha256", (batch_id,)
        )
        return [KeptResult(sha256, at, bytes(content)) for sha256, at, content in found]

    def answered_at(self, batch_id: int) -> int | None:
        """Return when the newest processing report of a batch came, or the call for its one order was accepted.

        In epoch seconds; None before an answer.
        """
        found: int | None = self._database.value(
            "SELECT max(at) FROM (SELECT at FROM results WHERE batch = :batch UNION ALL"
            " SELECT started_at FROM feed_attempts WHERE batch = :batch AND state = :done)",
            {"batch": batch_id, "done": SubmissionState.DONE.value},
        )
        return found

    def batches_answered_by(self, sha256: str) -> list[int]:
        """Return the batches for which a processing report of these very bytes came."""
        found = self._database.query("SELECT batch FROM results WHERE sha256 = ? ORDER BY batch", (sha256,))
        return [row[0] for row in found]

    def keep(self, batch_id: int, content: bytes) -> bool:
        """Keep a processing report as it came; return False when these bytes came before.

        Raises UnknownBatch, and StoreError when the batch has not left.
        """
        with self._database.write():
            batch = self._batches.get(batch_id)
            if batch.state not in LEFT_BATCHES:
                raise StoreError(f"batch {batch_id} is {batch.state.value}: it has not left")
            added = self._database.execute(
                "INSERT INTO results (batch, sha256, at, content) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (batch_id, digest(content), self._clock.now(), content),
            )
            return added > 0

    def record(self, batch_id: int, outcomes: Mapping[str, Outcome], *, content: bytes = b"") -> JournalBatch:
        """Keep a processing report and move the rows as it says; the batch counts as answered.

        Raises UnknownBatch, and StoreError when the batch has not left.
        """
        with self._database.write():
            self.keep(batch_id, content)
            batch = self._batches.get(batch_id)
            changes = self._transitions.move_rows(batch, outcomes)
            self._transitions.move_batch(batch, BatchState.ANSWERED)
            self._transitions.log("batch.answered", batch_id, sha256=digest(content), states=changes)
        return self._batches.get(batch_id)

    # -- the operator's word

    def settle(self, batch_id: int, outcomes: Mapping[str, Outcome], *, why: str) -> JournalBatch:
        """Move rows as the operator says, and keep which processing reports had come by then.

        Raises UnknownBatch, and StoreError when a row has not left or is confirmed.
        """
        with self._database.write():
            batch = self._batches.get(batch_id)
            states = {row.order_id: row.state for row in batch.rows}
            for order_id in outcomes:
                if states.get(order_id) not in SETTLEABLE:
                    state = states[order_id].value if order_id in states else "not in it"
                    raise StoreError(f"order {order_id} of batch {batch_id} is {state}: there is nothing to settle")
            seen = [kept.sha256 for kept in self.find(batch_id)]
            ids = self._orders.ids_of(outcomes)
            words = [
                (ids[order_id], json.dumps({"state": outcome.state.value, "seen": seen}))
                for order_id, outcome in outcomes.items()
            ]
            self._database.execute(
                "UPDATE batch_rows SET word = v.word FROM"
                f" {self._database.values_sql('words', order_id=int, word=str)} AS v WHERE {ROW_OF_VALUE}",
                {"batch": batch_id, "words": as_parameter(words)},
            )
            changes = self._transitions.move_rows(batch, outcomes)
            self._transitions.log("batch.settled", batch_id, states=changes, why=why)
        return self._batches.get(batch_id)

    # -- bookings

    def confirm_booked(self, batch_id: int, order_id: str, *, text: str, evidence: Mapping[str, object]) -> None:
        """Confirm a refund by what Amazon booked; the audit log keeps the evidence."""
        outcome = Outcome(RowState.CONFIRMED, "", text)
        with self._database.write():
            changes = self._transitions.move_rows(self._batches.get(batch_id), {order_id: outcome})
            self._transitions.log("batch.booked", batch_id, states=changes, **evidence)

    def mark_booked_again(self, batch_id: int, order_id: str, *, text: str, transactions: Sequence[str]) -> None:
        """Record on a confirmed refund that Amazon booked it more than once."""
        with self._database.write():
            self._database.execute(
                "UPDATE batch_rows SET code = ?, text = ? WHERE batch = ? AND order_id = ?",
                (BOOKED_AGAIN, text, batch_id, self._orders.ids_of([order_id])[order_id]),
            )
            self._transitions.log("batch.booked_again", batch_id, orders=[order_id], transactions=list(transactions))
