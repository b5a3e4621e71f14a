"""Attempts to bring a batch to Amazon, as a feed or by a call for its one order: written down before the one call that acts, and after each thing learned.

At most one attempt of a feed type is open; the schema's own index sees to it. Rows of the batch move with the attempt, in
the same transaction, so that no crash leaves the two telling different stories.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Collection

from ordertui.orders.batch_state import RowState
from ordertui.orders.clock import Clock
from ordertui.orders.enums import Action
from ordertui.store.audit import AuditLog
from ordertui.store.database import Database
from ordertui.store.errors import FeedBusy, StoreError

from .batches import BatchJournal
from .records import NEVER_ARRIVED, Outcome, Submission

_COLUMNS = (
    "id, batch, action, feed_type, marketplace, state, sha256, size, messages, document_id, started_at, known, feed_id, polls,"
    " polled_at, status, note"
)


class SubmissionLog:
    """The log of submissions. What it changes of a batch it changes through the journal, in the same transaction."""

    def __init__(self, database: Database, clock: Clock, audit: AuditLog, batches: BatchJournal) -> None:
        self._database = database
        self._clock = clock
        self._audit = audit
        self._batches = batches

    def find(self, batch_id: int | None = None) -> list[Submission]:
        """Attempts, newest first; of one batch, or all."""
        where, params = ("", ()) if batch_id is None else (" WHERE batch = ?", (batch_id,))
        found = self._database.query(f"SELECT {_COLUMNS} FROM feed_attempts{where} ORDER BY id DESC", params)
        return [
            Submission(
                v[0], v[1], Action(v[2]), v[3], v[4], v[5], v[6], v[7], v[8], v[9], v[10], tuple(json.loads(v[11])), v[12], v[13],
                v[14], v[15], v[16],
            )
            for v in found
        ]  # fmt: skip

    def begin(
        self,
        batch_id: int,
        *,
        feed_type: str,
        content: bytes,
        sha256: str,
        document_id: str,
        known: Collection[str],
        orders: Collection[str],
    ) -> Submission:
        """Say, before the call, that the batch leaves as this feed. Raises FeedBusy, RecallRefused (not held any more),
        StoreError when its held rows are not just these orders any more; then nothing was changed."""
        with self._database.write() as connection:
            batch = self._batches.get(batch_id)
            held = {row.order_id for row in batch.rows if row.state is RowState.HELD}
            if held != set(orders):
                raise StoreError(f"batch {batch_id} changed while its feed was made; dispatch again")
            self._batches.mark_sent(batch_id, files=(), sha256=sha256)
            try:
                cursor = connection.execute(
                    "INSERT INTO feed_attempts (batch, action, feed_type, marketplace, state, sha256, size, messages, document_id,"
                    " started_at, known, content) VALUES (?, ?, ?, ?, 'submitting', ?, ?, ?, ?, ?, ?, ?)",
                    (batch_id, batch.action.value, feed_type, batch.marketplace, sha256, len(content), len(held), document_id,
                     self._clock.now(), json.dumps(sorted(known)), content),
                )  # fmt: skip
            except sqlite3.IntegrityError:
                raise FeedBusy(f"a feed of type {feed_type} is on its way; batch {batch_id} waits for it") from None
            attempt = int(cursor.lastrowid or 0)
            self._tell(connection, "feed.submitting", batch_id, attempt, document=document_id, sha256=sha256)
        return self._get(attempt)

    def _get(self, attempt_id: int) -> Submission:
        return next(one for one in self.find() if one.id == attempt_id)

    def content(self, attempt_id: int) -> bytes:
        """The bytes that were written down before the call."""
        return bytes(self._database.value("SELECT content FROM feed_attempts WHERE id = ?", (attempt_id,)))

    def sent_content(self, batch_id: int) -> bytes | None:
        """The XML of a batch that left, as it went by the API, else as it was written beside the upload file; None: not kept."""
        went = next((one for one in self.find(batch_id) if one.state not in NEVER_ARRIVED), None)
        if went is not None:
            return self.content(went.id)
        return next((feed.content for feed in self._batches.feeds(batch_id) if feed.name.endswith(".xml")), None)

    def mark_polled(self, attempt_id: int, *, status: str = "", note: str = "") -> Submission:
        """Keep that Amazon was asked, its own word if it gave one, and what went wrong if something did."""
        with self._database.write() as connection:
            connection.execute(
                "UPDATE feed_attempts SET polls = polls + 1, polled_at = ?, status = CASE ? WHEN '' THEN status ELSE ? END, note = ?"
                " WHERE id = ?",
                (self._clock.now(), status, status, note, attempt_id),
            )
        return self._get(attempt_id)

    def move(
        self,
        attempt_id: int,
        state: str,
        *,
        note: str = "",
        feed_id: str | None = None,
        rows: tuple[RowState, str] | None = None,
    ) -> Submission:
        """Bring an attempt to a state, and with `rows` (state, text) the rows of its batch that wait for an answer."""
        with self._database.write() as connection:
            before = self._get(attempt_id)
            connection.execute(
                "UPDATE feed_attempts SET state = ?, note = ?, feed_id = coalesce(?, feed_id), polls = 0, polled_at = NULL WHERE id = ?",
                (state, note, feed_id, attempt_id),
            )
            if rows is not None:
                self._rows_to(connection, before.batch, *rows)
            more = {} if feed_id is None else {"feed": feed_id}
            self._tell(connection, f"feed.{state}", before.batch, attempt_id, was=before.state, note=note, **more)
        return self._get(attempt_id)

    def answer(self, attempt_id: int, state: str, outcome: Outcome, *, note: str = "") -> Submission:
        """Bring an attempt to its end, with what became of the rows that left with it; the batch counts as answered."""
        with self._database.write() as connection:
            before = self._get(attempt_id)
            batch = self._batches.get(before.batch)
            left = (RowState.SENT, RowState.ACCEPTED, RowState.UNKNOWN)
            waiting = [row.order_id for row in batch.rows if row.state in left]
            changes = self._batches.move(connection, batch, dict.fromkeys(waiting, outcome))
            connection.execute("UPDATE batches SET state = 'answered' WHERE id = ?", (batch.id,))
            connection.execute("UPDATE feed_attempts SET state = ?, note = ? WHERE id = ?", (state, note, attempt_id))
            self._tell(connection, f"feed.{state}", batch.id, attempt_id, was=before.state, note=note, states=changes)
        return self._get(attempt_id)

    def return_to_hold(self, attempt_id: int, state: str, *, note: str) -> Submission:
        """Amazon provably does not have it: the batch is held again, and may leave or be taken back; but for rows that were settled."""
        if state not in NEVER_ARRIVED:
            raise ValueError(f"{state} does not say that Amazon does not have it")
        with self._database.write() as connection:
            attempt = self.move(attempt_id, state, note=note, rows=(RowState.HELD, ""))
            if self._holds(attempt.batch):
                connection.execute("UPDATE batches SET state = 'held', sent_at = NULL WHERE id = ?", (attempt.batch,))
            else:
                connection.execute("UPDATE batches SET state = 'answered' WHERE id = ?", (attempt.batch,))
        return attempt

    def _holds(self, batch_id: int) -> bool:
        return any(row.state is RowState.HELD for row in self._batches.get(batch_id).rows)

    def drop(self, attempt_id: int, *, note: str) -> Submission:
        """Amazon cancelled the feed before it began: its orders are free again, and a new plan may take them."""
        with self._database.write():
            attempt = self.return_to_hold(attempt_id, "not_taken", note=note)
            self.move(attempt_id, "cancelled", note=note)
            if self._holds(attempt.batch):
                self._batches.recall(attempt.batch, why=note)
        return self._get(attempt_id)

    def _rows_to(self, connection: sqlite3.Connection, batch_id: int, state: RowState, text: str) -> None:
        """Move the rows that left and are not answered. An open state keeps holding its order: none of these lets it go."""
        waiting = "state IN ('sent', 'accepted', 'unknown')"
        connection.execute(
            "UPDATE orders SET state = ?, open_action = (SELECT action FROM batches WHERE id = ?) WHERE id IN"
            f" (SELECT order_id FROM batch_rows WHERE batch = ? AND is_open = 1 AND {waiting})",
            (state.value, batch_id, batch_id),
        )
        connection.execute(
            f"UPDATE batch_rows SET state = ?, code = '', text = ? WHERE batch = ? AND {waiting}",
            (state.value, text, batch_id),
        )
        if self._batches.get(batch_id).action is Action.REFUND:
            for (row_id,) in connection.execute(
                "SELECT order_id FROM batch_rows WHERE batch = ?", (batch_id,)
            ).fetchall():
                self._batches.refresh_refunded(connection, row_id)

    def _tell(self, connection: sqlite3.Connection, kind: str, batch: int, attempt: int, **more: object) -> None:
        """The audit's record."""
        payload = {"batch": batch, "attempt": attempt, **more}
        self._audit.append(connection, kind, json.dumps(payload, sort_keys=True, separators=(",", ":")))
