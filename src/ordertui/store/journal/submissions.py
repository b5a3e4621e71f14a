"""Submissions: attempts to bring a batch to Amazon as a feed, or by the call that confirms one shipment.

A submission is written down before the one call that acts, and changed after each thing learned. At most one of a feed
type is open, which an index of the schema enforces. The rows of the batch move in the same transaction, so that a crash
cannot leave the two in contradiction.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence

from ordertui.orders.batch_state import (
    NEVER_ARRIVED,
    OPEN_SUBMISSIONS,
    UNANSWERED,
    BatchState,
    RowState,
    SubmissionState,
    check_transition,
)
from ordertui.orders.clock import Clock
from ordertui.orders.enums import Action
from ordertui.store.engine.database import Database, in_list
from ordertui.store.engine.errors import ConstraintViolated, FeedBusy, StoreError
from ordertui.store.engine.protocol import digest

from .batches import BatchJournal
from .records import Outcome, Submission

_COLUMNS = (
    "id, batch, action, feed_type, marketplace, state, sha256, size, messages, document_id, started_at, known, feed_id,"
    " polls, polled_at, status, note"
)


class SubmissionLog:
    """Records submissions, and moves their batches and rows with them."""

    def __init__(self, database: Database, clock: Clock, journal: BatchJournal) -> None:
        self._database = database
        self._clock = clock
        self._journal = journal
        self._batches = journal.batches
        self._transitions = journal.transitions

    # -- reading

    def find(self, batch_id: int | None = None) -> list[Submission]:
        """Return the submissions of one batch, or of all (None), newest first."""
        return self._read("", ()) if batch_id is None else self._read("WHERE batch = ?", (batch_id,))

    def find_open(self) -> list[Submission]:
        """Return the submissions that may be at Amazon without an outcome, calls without an answer too, oldest first.

        There are a few, however many there ever were.
        """
        wanted = OPEN_SUBMISSIONS | {SubmissionState.UNANSWERED}
        return self._read(f"WHERE state IN {in_list(wanted)}", ())[::-1]

    def last_begun(self, feed_type: str) -> int | None:
        """Return when the newest submission of a kind that Amazon may have was begun (epoch seconds); None: never."""
        return self._database.value(
            int,
            f"SELECT started_at FROM feed_attempts WHERE feed_type = ? AND state NOT IN {in_list(NEVER_ARRIVED)}"
            " ORDER BY id DESC LIMIT 1",
            (feed_type,),
        )

    def was_ever_done(self, feed_type: str) -> bool:
        """Return whether a submission of a kind came through."""
        sql = "SELECT 1 FROM feed_attempts WHERE feed_type = ? AND state = ? LIMIT 1"
        return self._database.value(int, sql, (feed_type, SubmissionState.DONE.value)) is not None

    def has_feed(self, feed_id: str) -> bool:
        """Return whether a feed of Amazon's is one of these submissions."""
        return (
            self._database.value(int, "SELECT 1 FROM feed_attempts WHERE feed_id = ? LIMIT 1", (feed_id,)) is not None
        )

    def never_arrived(self) -> set[tuple[int, int]]:
        """Return the number of each submission that Amazon provably never got, with its batch."""
        sql = f"SELECT id, batch FROM feed_attempts WHERE state IN {in_list(NEVER_ARRIVED)}"
        return set(self._database.query(sql))

    def _get(self, submission_id: int) -> Submission:
        return self._read("WHERE id = ?", (submission_id,))[0]

    def _read(self, where: str, params: Sequence[object]) -> list[Submission]:
        found = self._database.query(f"SELECT {_COLUMNS} FROM feed_attempts {where} ORDER BY id DESC", params)
        return [
            Submission(
                v[0], v[1], Action(v[2]), v[3], v[4], SubmissionState(v[5]), v[6], v[7], v[8], v[9], v[10],
                tuple(json.loads(v[11])), v[12], v[13], v[14], v[15], v[16],
            )
            for v in found
        ]  # fmt: skip

    def content(self, submission_id: int) -> bytes:
        """Return the bytes that were written down before the call."""
        return self._database.required(bytes, "SELECT content FROM feed_attempts WHERE id = ?", (submission_id,))

    def sent_content(self, batch_id: int) -> bytes | None:
        """Return the XML of a batch that left, by the API or beside the upload file; None when it was not kept."""
        went = next((one for one in self.find(batch_id) if one.state not in NEVER_ARRIVED), None)
        if went is not None:
            return self.content(went.id)
        return next((feed.content for feed in self._batches.feeds(batch_id) if feed.name.endswith(".xml")), None)

    # -- writing

    def begin(
        self,
        batch_id: int,
        *,
        feed_type: str,
        content: bytes,
        document_id: str,
        known: Collection[str],
        orders: Collection[str],
    ) -> Submission:
        """Record, before the call, that the batch leaves with this content.

        `known` are the feeds of this type that Amazon listed before. Raises FeedBusy, RecallRefused when the batch is
        not held any more, StoreError when its held rows are not just these orders; then nothing was changed.
        """
        sha256 = digest(content)
        with self._database.write():
            batch = self._batches.get(batch_id)
            held = set(batch.orders_in(RowState.HELD))
            if held != set(orders):
                raise StoreError(f"batch {batch_id} changed while its feed was made; dispatch again")
            self._journal.mark_sent(batch_id, files=(), sha256=sha256)
            try:
                submission_id = self._database.required(int,
                    "INSERT INTO feed_attempts (batch, action, feed_type, marketplace, state, sha256, size, messages,"
                    " document_id, started_at, known, content) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
                    " RETURNING id",
                    (batch_id, batch.action.value, feed_type, batch.marketplace, SubmissionState.SUBMITTING.value,
                     sha256, len(content), len(held), document_id, self._clock.now(), json.dumps(sorted(known)),
                     content),
                )  # fmt: skip
            except ConstraintViolated:
                raise FeedBusy(f"a feed of type {feed_type} is on its way; batch {batch_id} waits for it") from None
            submission = self._get(submission_id)
            self._log(submission, SubmissionState.SUBMITTING, document=document_id, sha256=sha256)
        return submission

    def mark_polled(self, submission_id: int, *, status: str = "", note: str) -> Submission:
        """Record that Amazon was asked, the status it gave if any, and what went wrong if anything did."""
        with self._database.write():
            self._database.execute(
                "UPDATE feed_attempts SET polls = polls + 1, polled_at = ?,"
                " status = CASE ? WHEN '' THEN status ELSE ? END, note = ? WHERE id = ?",
                (self._clock.now(), status, status, note, submission_id),
            )
        return self._get(submission_id)

    def move(
        self,
        submission_id: int,
        state: SubmissionState,
        *,
        note: str = "",
        feed_id: str | None = None,
        outcome: Outcome | None = None,
    ) -> Submission:
        """Move a submission, and with `outcome` the rows of its batch that wait for an answer."""
        with self._database.write():
            before = self._get(submission_id)
            self._set_state(before, state)
            self._database.execute(
                "UPDATE feed_attempts SET note = ?, feed_id = coalesce(?, feed_id), polls = 0, polled_at = NULL"
                " WHERE id = ?",
                (note, feed_id, submission_id),
            )
            more: dict[str, object] = {} if feed_id is None else {"feed": feed_id}
            if outcome is not None:
                more["states"] = self._move_unanswered(before.batch, outcome)
            if outcome is not None and outcome.state is RowState.HELD:
                self._hold_again(before.batch)
            self._log(before, state, was=before.state.value, note=note, **more)
        return self._get(submission_id)

    def _hold_again(self, batch_id: int) -> None:
        """Hold a batch whose rows came back; when all of them were settled meanwhile, it counts as answered."""
        batch = self._batches.get(batch_id)
        if any(row.state is RowState.HELD for row in batch.rows):
            self._transitions.move_batch(batch.id, batch.state, BatchState.HELD)
            self._database.execute("UPDATE batches SET sent_at = NULL WHERE id = ?", (batch.id,))
        else:
            self._transitions.move_batch(batch.id, batch.state, BatchState.ANSWERED)

    def answer(self, submission_id: int, state: SubmissionState, outcome: Outcome, *, note: str = "") -> Submission:
        """End a submission, and move the rows that wait for its answer; the batch counts as answered."""
        with self._database.write():
            before = self._get(submission_id)
            changes = self._move_unanswered(before.batch, outcome)
            self._transitions.move_batch(before.batch, self._batches.get(before.batch).state, BatchState.ANSWERED)
            self._set_state(before, state)
            self._database.execute("UPDATE feed_attempts SET note = ? WHERE id = ?", (note, submission_id))
            self._log(before, state, was=before.state.value, note=note, states=changes)
        return self._get(submission_id)

    def return_to_hold(self, submission_id: int, state: SubmissionState, *, note: str) -> Submission:
        """Hold the batch again, because Amazon provably does not have the submission.

        The batch may leave again or be taken back. Rows that were settled meanwhile stay as they are. Raises ValueError
        for a state that is no proof.
        """
        if state not in NEVER_ARRIVED:
            raise ValueError(f"{state} does not say that Amazon does not have it")
        return self.move(submission_id, state, note=note, outcome=Outcome(RowState.HELD))

    def drop(self, submission_id: int, *, note: str) -> Submission:
        """Free the orders of a feed that Amazon cancelled before it began, so that a new plan may take them."""
        with self._database.write():
            submission = self.return_to_hold(submission_id, SubmissionState.NOT_TAKEN, note=note)
            self.move(submission_id, SubmissionState.CANCELLED, note=note)
            if self._batches.get(submission.batch).state is BatchState.HELD:
                self._journal.recall(submission.batch, why=note)
        return self._get(submission_id)

    def _set_state(self, submission: Submission, state: SubmissionState) -> None:
        check_transition(submission.state, state, f"submission {submission.id} of batch {submission.batch}")
        self._database.execute("UPDATE feed_attempts SET state = ? WHERE id = ?", (state.value, submission.id))

    def _move_unanswered(self, batch_id: int, outcome: Outcome) -> dict[str, list[str]]:
        """Move the rows that left and have no answer."""
        batch = self._batches.get(batch_id)
        waiting = batch.orders_in(*UNANSWERED)
        return self._transitions.move_rows(batch, dict.fromkeys(waiting, outcome))

    def _log(self, submission: Submission, state: SubmissionState, **facts: object) -> None:
        self._transitions.log(f"feed.{state.value}", submission.batch, attempt=submission.id, **facts)
