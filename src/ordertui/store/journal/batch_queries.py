"""Reading batches of the journal: one, those of a state, their rows, files and plans, and how many were decided."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ordertui.orders.batch_state import NEVER_LEFT, BatchState, RowState
from ordertui.orders.clock import LATEST_MOMENT, Clock, MonotonicReading
from ordertui.orders.enums import Action
from ordertui.store.engine.database import MAX_VALUES, Database, in_list, slices
from ordertui.store.engine.errors import UnknownBatch
from ordertui.store.engine.protocol import LARGEST_ID, Row
from ordertui.store.repositories.derived_facts import is_committed, total_of

from .holds import HoldTimer
from .records import Approval, CommittedTotals, FeedFile, HoldingBatch, JournalBatch, JournalRow, OperatorRuling

_UNKNOWN = "SELECT batch FROM batch_rows WHERE state = 'unknown'"
"""Word for word the condition of the partial index `batch_rows_unknown`."""
_WRITTEN = f"FROM batch_rows WHERE is_open = 1 AND state = '{RowState.WRITTEN}'"
_IS_COMMITTED = is_committed("batch_rows")
_COMMITTED_TOTAL = (
    f"coalesce((SELECT CAST(sum({total_of('f')}) AS bigint) FROM refunds f WHERE f.batch = batch_rows.batch"
    f" AND f.order_id = batch_rows.order_id AND f.accepted = 1 AND batch_rows.state = '{RowState.ERROR}'), total)"
)
"""SQL: what such a row gives back or costs; of a refund that failed in part, what of it was paid."""
ROWS_AT_ONCE = 5_000
"""Rows of batches that are read at a time: while the next are read, those are still there."""
_STATES = {state.value: state for state in RowState}


class BatchQueries:
    """Reads batches, with the end of each hold as `holds` has it."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self.holds = HoldTimer(database, clock)

    def get(self, batch_id: int) -> JournalBatch:
        """Return a batch. Raises UnknownBatch."""
        if batch_id > LARGEST_ID:
            raise _unknown_batch(batch_id)
        found = self._read("WHERE id = ?", (batch_id,))
        if not found:
            raise _unknown_batch(batch_id)
        return found[0]

    def head(self, batch_id: int) -> JournalBatch:
        """Return a batch as if it had no rows, whatever it has: what is said of it as a whole. Raises UnknownBatch."""
        found = self._read("WHERE id = ?", (batch_id,), with_rows=False)
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
        return self._database.required(int, "SELECT coalesce(max(id), 0) FROM batches")

    def state_of(self, batch_id: int) -> tuple[BatchState, Action]:
        """Return the state of a batch and its action, without its rows. Raises UnknownBatch."""
        found = self._database.query("SELECT state, action FROM batches WHERE id = ?", (batch_id,))
        if not found:
            raise _unknown_batch(batch_id)
        return BatchState(found[0][0]), Action(found[0][1])

    def due(self) -> list[int]:
        """Return the held batches whose hold has ended, oldest first."""
        now = self._clock.now()
        return [batch for batch, end in sorted(self.holds.ends().items()) if end <= now]

    def is_due(self, batch_id: int) -> bool:
        """Return whether a batch is held and its hold has ended."""
        now = self._clock.now()
        return any(end <= now for end in self.holds.ends(batch_id).values())

    def plan_bytes(self, batch_id: int) -> bytes:
        """Return the plan as it was committed. Raises UnknownBatch."""
        found = self._database.value(bytes, "SELECT plan FROM batches WHERE id = ?", (batch_id,))
        if found is None:
            raise _unknown_batch(batch_id)
        return found

    def holder_of(self, order_id: str) -> HoldingBatch | None:
        """Return the batch that holds an order; None when none does."""
        found = self._database.query(
            "SELECT h.id, h.who, h.created_at FROM batch_rows b JOIN orders o ON o.id = b.order_id"
            " JOIN batches h ON h.id = b.batch WHERE o.order_id = ? AND b.is_open = 1",
            (order_id,),
        )
        return HoldingBatch(*found[0]) if found else None

    def held_of(self, batch_id: int, order_ids: Iterable[str]) -> list[str]:
        """Return those of these orders that a batch holds until it leaves; no other row of it is read."""
        found = self._database.query_in(
            "SELECT o.order_id FROM orders o CROSS JOIN batch_rows r WHERE r.order_id = o.id AND r.is_open = 1"
            f" AND r.state = '{RowState.HELD}' AND r.batch = ? AND o.order_id IN ({{}}) ORDER BY r.pos",
            order_ids,
            (batch_id,),
        )
        return [row[0] for row in found]

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
            f"SELECT currency, CAST(sum({_COMMITTED_TOTAL}) AS bigint), count(*) FROM batch_rows WHERE batch IN ({{}})"
            f" AND action = '{action.value}' AND {_IS_COMMITTED} GROUP BY currency, total IS NULL",
            list(self._decided_since(marketplace, start, besides)),
        ):
            orders += count
            if currency is None or total is None:
                unpriced += count
            else:
                totals[currency] = totals.get(currency, 0) + total
        return CommittedTotals(orders, unpriced, totals)

    def committed_beside(self, batch_id: int) -> CommittedTotals:
        """Return what the other parts come to of the batch that this one is split off, or that was split."""
        pairs = self._database.query("SELECT batch, after_batch FROM feed_parts")
        before: dict[int, int] = dict(pairs)
        after = {whole: part for part, whole in before.items()}
        parts = []
        for chain in (before, after):
            part = chain.get(batch_id)
            while part is not None and part not in parts:
                parts.append(part)
                part = chain.get(part)
        orders = unpriced = 0
        totals: dict[str, int] = {}
        for currency, total in self._database.query_in(
            f"SELECT currency, {_COMMITTED_TOTAL} FROM batch_rows WHERE {_IS_COMMITTED} AND batch IN ({{}})",
            parts,
        ):
            orders += 1
            if currency is None or total is None:
                unpriced += 1
            else:
                totals[currency] = totals.get(currency, 0) + total
        return CommittedTotals(orders, unpriced, totals)

    def counting_since(self, marketplace: str, start: int, besides: int | None = None) -> dict[int, int]:
        """Return the orders of counting cancellations that were decided from `start` on, each with when, the last time.

        A batch is decided when it is committed or, later, approved; one that still waits for approval is taken as
        decided now, a part of a split batch when the whole was. What was taken back or refused by Amazon is left out,
        also a refund of which Amazon accepted no item that cancels units. Cancellations that may count, for all that is
        known, are in. `besides`: a batch that is left out; its parts are not.
        """
        decided = self._decided_since(marketplace, start, besides)
        found: dict[int, int] = {}
        for order, batch in self._database.query_in(
            "SELECT order_id, batch FROM batch_rows WHERE batch IN ({})"
            " AND (counts = 1 OR (counts IS NULL AND action = 'cancel'))"
            f" AND {is_committed('batch_rows', with_units=True)}",
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

    def approval_decided_since(self, at: int, login: str) -> list[JournalBatch]:
        """Return the batches that were approved or rejected from then on, in that sequence, without rows: those that
        this login committed, and those of nobody known.
        """
        which = "WHERE decided_at >= ? AND author IN ('', ?) ORDER BY decided_at, id"
        return self._read(which, (at, login), with_rows=False)

    def writing(self) -> list[int]:
        """Return the batches that are marked as sent while their files are not all known to be written, anywhere."""
        return [row[0] for row in self._database.query("SELECT id FROM batches WHERE writing = 1 ORDER BY id")]

    def newest_file(self) -> str:
        """Return the path of a file of the newest batch that has any; empty when none has."""
        found = self._database.value(str, "SELECT files FROM batches WHERE files <> '[]' ORDER BY id DESC LIMIT 1")
        return json.loads(found)[0] if found else ""

    def count(self, state: BatchState) -> int:
        """Return how many batches are in a state."""
        return self._database.required(int, "SELECT count(*) FROM batches WHERE state = ?", (state.value,))

    def to_upload(self) -> list[JournalBatch]:
        """Return, without their rows, the batches whose files are written and, as far as is known, not uploaded.

        Newest first. What speaks against the upload of one is not asked; see `BatchJournal.upload_obstacles`.
        """
        tail = f"WHERE id IN (SELECT batch {_WRITTEN}) AND writing = 0 ORDER BY id DESC"
        return self._read(tail, (), with_rows=False)

    def partly_confirmed(self) -> dict[int, int]:
        """Return how many orders of each batch reports show as done whose file is written, and of which others wait."""
        return dict(
            self._database.query(
                "SELECT r.batch, count(*) FROM batch_rows r JOIN batches b ON b.id = r.batch WHERE b.state = ?"
                f" AND r.state = '{RowState.CONFIRMED}' AND r.batch IN (SELECT batch {_WRITTEN}) GROUP BY r.batch",
                (BatchState.WRITTEN.value,),
            )
        )

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

    def predecessor(self, batch_id: int) -> int | None:
        """Return the batch for which this one waits; None when it waits for none."""
        return self._database.value(int, "SELECT after_batch FROM feed_parts WHERE batch = ?", (batch_id,))

    def _read(self, tail: str, params: Sequence[object], *, with_rows: bool = True) -> list[JournalBatch]:
        from ordertui.orders.packed import Packer  # the first orders on the screen are read without

        heads = self._database.query(
            "SELECT id, action, marketplace, state, created_at, due_at, sent_at, files, sha256, who, hold_boot,"
            " hold_mark, writing, uploaded_at, author, asked_at, why, decided_at, approved, decided_who, word"
            f" FROM batches LEFT JOIN approvals ON batch = id {tail}",
            params,
        )
        rows = {head[0]: Packer(JournalRow) for head in heads}
        same = dict[str, str]().setdefault  # of equal texts of many rows one is kept
        for batch, _, order_id, state, reason, currency, total, code, text, word in self._rows_of(
            sorted(rows) if with_rows else ()
        ):
            rows[batch].add(
                JournalRow(
                    order_id,
                    _STATES.get(state) or RowState(state),
                    same(reason, reason),
                    None if currency is None else same(currency, currency),
                    total,
                    same(code, code),
                    same(text, text),
                    None if word is None else _ruling(word),
                )
            )
        batches = [
            JournalBatch(
                h[0], Action(h[1]), h[2], BatchState(h[3]), h[4], min(h[5], LATEST_MOMENT), h[6],
                rows[h[0]].finish(), tuple(json.loads(h[7])), h[8], h[9],
                None if h[11] is None else MonotonicReading(h[10], h[11]), bool(h[12]), h[13],
                h[14], None if h[15] is None else _approval(h[15:]),
            )
            for h in heads
        ]  # fmt: skip
        return self.holds.with_due_times(batches)

    def _rows_of(self, batch_ids: Sequence[int]) -> Iterator[Row]:
        """Yield the rows of these batches, some of which are in memory together. The ids are in their order."""
        for ids in slices(batch_ids, MAX_VALUES):
            part, after = ids, -1
            while part:
                found = self._database.query_in(
                    "SELECT b.batch, b.pos, o.order_id, b.state, b.reason, b.currency, b.total, b.code, b.text, b.word"
                    " FROM batch_rows b JOIN orders o ON o.id = b.order_id WHERE b.pos > ? AND b.batch IN ({})"
                    f" ORDER BY b.batch, b.pos LIMIT {ROWS_AT_ONCE}",
                    part,
                    (after,),
                )
                yield from found
                if len(found) == ROWS_AT_ONCE:  # the rest of the batch in which it ended
                    part, after = [found[-1][0]], found[-1][1]
                else:
                    part, after = [one for one in ids if one > part[-1]], -1


def _unknown_batch(batch_id: int) -> UnknownBatch:
    return UnknownBatch(f"there is no batch {batch_id}; `ordertui outbox` lists them")


def _approval(columns: Sequence[Any]) -> Approval:
    asked_at, why, decided_at, approved, who, word = columns
    return Approval(asked_at, tuple(json.loads(why)), decided_at, bool(approved), who, word)


def _ruling(text: str) -> OperatorRuling:
    found = json.loads(text)
    return OperatorRuling(RowState(found["state"]), tuple(found["seen"]))
