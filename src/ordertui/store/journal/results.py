"""What Amazon and the operator say became of batches: processing reports, bookings, rulings."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from ordertui.orders.batch_state import LEFT_BATCHES, SETTLEABLE, BatchState, RowState, SubmissionState
from ordertui.orders.clock import Clock
from ordertui.orders.text import name_order
from ordertui.store.engine.database import Database, as_parameter
from ordertui.store.engine.errors import StoreError
from ordertui.store.engine.protocol import digest
from ordertui.store.repositories.orders import OrderRepository

from .batches import BatchJournal
from .records import JournalBatch, KeptResult, Outcome
from .refunds import BOOKED_AGAIN
from .rows import ROW_OF_VALUE


class ResultLog:
    """Keeps processing reports and moves rows as they, bookings and the operator say."""

    def __init__(self, database: Database, clock: Clock, orders: OrderRepository, journal: BatchJournal) -> None:
        self._database = database
        self._clock = clock
        self._orders = orders
        self._journal = journal
        self._batches = journal.batches
        self._transitions = journal.transitions

    # -- processing reports

    def find(self, batch_id: int) -> list[KeptResult]:
        """Return the processing reports that came for a batch, oldest first."""
        found = self._database.query(
            "SELECT sha256, at, content, content_key FROM results WHERE batch = ? ORDER BY at, sha256", (batch_id,)
        )
        return [KeptResult(sha256, at, bytes(content), key) for sha256, at, content, key in found]

    def answered_at(self, batch_id: int) -> int | None:
        """Return when the newest processing report of a batch came, or the call for its one order was accepted.

        In epoch seconds; None before an answer.
        """
        return self._database.value(
            int,
            "SELECT max(at) FROM (SELECT at FROM results WHERE batch = :batch UNION ALL"
            " SELECT started_at FROM feed_attempts WHERE batch = :batch AND state = :done)",
            {"batch": batch_id, "done": SubmissionState.DONE.value},
        )

    def batches_answered_by(self, content_key: str, transaction_id: str = "") -> list[int]:
        """Return the batches for which a report came that says the same, or that has Amazon's number of it."""
        found = self._database.query(
            "SELECT DISTINCT batch FROM results WHERE content_key <> '' AND content_key = ?"
            " OR transaction_id <> '' AND transaction_id = ?"
            " ORDER BY batch",
            (content_key, transaction_id),
        )
        return [row[0] for row in found]

    def unkeyed(self, beginning: str) -> list[KeptResult]:
        """Return the reports, each once, whose content has no key that begins so: an older version kept them."""
        found = self._database.query(
            "SELECT sha256, at, content FROM results WHERE content_key NOT LIKE ? ORDER BY at", (f"{beginning}%",)
        )
        return list({row[0]: KeptResult(row[0], row[1], bytes(row[2])) for row in found}.values())

    def set_key(self, sha256: str, content_key: str, transaction_id: str) -> None:
        """Keep the key of a report's content, for every batch for which it came."""
        with self._database.write():
            self._database.execute(
                "UPDATE results SET content_key = ?, transaction_id = ? WHERE sha256 = ?",
                (content_key, transaction_id, sha256),
            )

    def keep(self, batch_id: int, content: bytes, content_key: str = "", transaction_id: str = "") -> bool:
        """Keep a processing report as it came; return False when one that says the same came before.

        Raises UnknownBatch, and StoreError when the batch has not left.
        """
        with self._database.write():
            batch = self._batches.get(batch_id)
            if batch.state not in LEFT_BATCHES:
                raise StoreError(f"batch {batch_id} is {batch.state.value}: it has not left")
            if content_key and any(kept.content_key == content_key for kept in self.find(batch_id)):
                return False
            added = self._database.execute(
                "INSERT INTO results (batch, sha256, at, content, content_key, transaction_id)"
                " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (batch_id, digest(content), self._clock.now(), content, content_key, transaction_id),
            )
            return added > 0

    def record(
        self,
        batch_id: int,
        outcomes: Mapping[str, Outcome],
        *,
        content: bytes = b"",
        content_key: str = "",
        transaction_id: str = "",
    ) -> JournalBatch:
        """Keep a processing report and move the rows as it says; the batch counts as answered.

        Of reports that say the same the first is kept. Raises UnknownBatch, and StoreError when the batch has not left.
        """
        with self._database.write():
            self.keep(batch_id, content, content_key, transaction_id)
            kept = {one.content_key: one.sha256 for one in self.find(batch_id) if content_key}
            sha256 = kept.get(content_key) or digest(content)
            batch = self._batches.get(batch_id)
            changes = self._transitions.move_rows(batch, outcomes)
            self._transitions.move_batch(batch.id, batch.state, BatchState.ANSWERED)
            self._journal.leases.release(batch_id)
            self._transitions.log("batch.answered", batch_id, sha256=sha256, states=changes)
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
                    raise StoreError(
                        f"order {name_order(order_id)} of batch {batch_id} is {state}: there is nothing to settle"
                    )
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
            self._journal.leases.release(batch_id)  # a file that has no name yet gets none any more
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
