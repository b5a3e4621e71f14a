"""A large batch into parts, each a batch of its own: a canary first, then a few feeds, each waiting for the one before.

A part has the very rows that were approved, and each row is in exactly one part; only the envelope is new.
"""

from __future__ import annotations

import math

import msgspec

from ordertui.operations.limits import FeedLimits
from ordertui.operations.planning.feed_builder import FeedRows, describe_feed_files
from ordertui.operations.planning.plan import Plan, PlannedOrder, plan_id
from ordertui.operations.planning.plan_file import decode, encode
from ordertui.orders.batch_state import RowState
from ordertui.orders.clock import Clock
from ordertui.store import JournalBatch, Store

from .batch import journal_row


def sizes(rows: int, *, first: bool, limits: FeedLimits) -> list[int]:
    """Return how many rows each part has; one number when the batch leaves as it is.

    `first`: no batch of its kind came through yet.
    """
    canary = limits.canary_rows.value if first and rows >= limits.canary_from.value else 0
    rest = rows - canary
    parts = max(1, math.ceil(rest / limits.most_rows.value))
    each, more = divmod(rest, parts)
    return ([canary] if canary else []) + [each + (part < more) for part in range(parts)]


def split(store: Store, clock: Clock, batch: JournalBatch, parts: list[int], merchant_id: str) -> list[int]:
    """Split a held batch; gives the numbers of the batches that are its parts, the first being itself. One transaction.

    Raises StoreError; then nothing was changed.
    """
    plan = decode(store.batches.plan_bytes(batch.id))
    held = set(batch.orders_in(RowState.HELD))
    rows = [row for row in plan.rows if row.order_id in held]
    if sum(parts) != len(rows):
        raise ValueError(f"parts of {sum(parts)} rows for a batch of {len(rows)}")
    numbers = [batch.id]
    with store.write():
        place = parts[0]
        for size in parts[1:]:
            part = _part(plan, rows[place : place + size], batch.id, clock.now(), merchant_id)
            place += size
            store.journal.recall(
                batch.id, [row.order_id for row in part.rows], why="it leaves in a later part of this batch"
            )
            made = store.journal.add(
                action=part.action,
                marketplace=part.marketplace,
                rows=[
                    msgspec.structs.replace(journal_row(part.action, row), version=None) for row in part.rows
                ],  # its version was approved
                plan=encode(part),
                sha256=next(file.sha256 for file in part.files if file.upload),
                due_at=batch.due_at,
            )
            store.journal.wishes.inherit(batch.id, made.id)
            store.journal.approvals.pass_on(batch.id, made.id)
            numbers.append(made.id)
        store.journal.chain(numbers)
    return numbers


def _part(plan: Plan, rows: list[PlannedOrder], batch_id: int, now: int, merchant_id: str) -> Plan:
    ident = plan_id(plan.action, plan.marketplace, now, rows)
    return msgspec.structs.replace(
        plan,
        id=ident,
        created_at=now,
        rows=tuple(rows),
        out=(),
        money=(),
        rates=(),
        unpriced=0,
        buyer_mails=len(rows),
        warnings=(f"a part of batch {batch_id}, committed with it",),
        typed_count=None,
        files=describe_feed_files(FeedRows(ident, plan.action, plan.marketplace, rows, merchant_id)),
    )
