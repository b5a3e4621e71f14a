"""Texts of batches: the outbox's lines, a batch in full, its rows."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from ordertui.operations.batches.batch import Batch, BatchRow
from ordertui.operations.batches.open_issues import OpenIssue
from ordertui.orders.batch_state import AT_LARGE, UNANSWERED, BatchState, RowState
from ordertui.orders.text import pluralize

from .format import ACTION_WORD, MUTED, Piece, format_countdown, format_time
from .state import BATCH_LOOKS, ROW_LOOKS


def render_batch_line(batch: Batch, now: int) -> Content:
    """Return the line of a batch in the outbox; `now` in epoch seconds."""
    states: dict[RowState, int] = {}
    for row in batch.rows:
        states[row.state] = states.get(row.state, 0) + 1
    rows = ", ".join(f"{count:,} {ROW_LOOKS[state].count}" for state, count in sorted(states.items()))
    look = BATCH_LOOKS[batch.state]
    pieces: list[Piece] = [
        f"#{batch.id:<4} {batch.action.value:<8} {batch.marketplace:<3} ",
        (f"{look.glyph} {batch.state:<9}", look.style),
        f" {rows}",
        _next_step(batch, now),
    ]
    return Content.assemble(*pieces)


def _next_step(batch: Batch, now: int) -> Piece:
    if batch.state is BatchState.HELD and (not batch.by_api or batch.next_at is not None):
        left = format_countdown((batch.due_at if batch.next_at is None else batch.next_at) - now)
        return f"   leaves in {left}" if left != "now" else "   leaves now", "bold $text-warning"
    if batch.state is BatchState.HELD:
        return "   waits, see below", "$text-warning"
    if batch.by_api and batch.next_at is not None:
        left = format_countdown(batch.next_at - now)
        return f"   next look in {left}" if left != "now" else "   looking now", MUTED
    if batch.state is BatchState.WRITTEN and not batch.by_api:
        return "   upload it, U when done, then import the processing report (i)", "$text-warning"
    if batch.state is BatchState.UPLOADED and not batch.by_api:
        return "   import the processing report (i)", MUTED
    if batch.state in AT_LARGE:
        waits = any(row.state in UNANSWERED for row in batch.rows)
        return ("   needs you, see below", "bold $text-warning") if waits else ""
    return ""


def render_batch(batch: Batch, zone: str, questions: Sequence[OpenIssue] = ()) -> Content:
    """Return a batch in full: times, hash of its bytes, what is open, what would settle it, what to do next."""
    pieces: list[Piece] = [
        (f"\nBatch {batch.id}: {ACTION_WORD[batch.action]}, {batch.marketplace}, {batch.state.value}", "bold"),
        (f" · committed {format_time(batch.created_at, zone)}", MUTED),
    ]
    if batch.state is BatchState.HELD:
        leaves = batch.next_at or batch.due_at
        if not batch.by_api or batch.next_at is not None:
            pieces.append((f", leaves {format_time(leaves, zone)}", "$text-warning"))
    elif batch.sent_at:
        pieces.append((f", left {format_time(batch.sent_at, zone)}", MUTED))
    pieces.append((f"\nsha256 {batch.sha256}", MUTED))
    for one in questions:
        orders = pluralize(len(one.orders))
        pieces.append((f"\n! {orders} {one.kind}: {one.why}", "bold $text-warning"))
        pieces.append((f"\n  {one.evidence}", MUTED))
    if batch.advice:
        pieces.append(f"\n\n{batch.advice}")
    return Content.assemble(*pieces)


def errors_first(batch: Batch) -> tuple[BatchRow, ...]:
    """Return the rows: refused ones first, then those of unknown outcome, then the others."""
    first = {RowState.ERROR: 0, RowState.UNKNOWN: 1}
    return tuple(sorted(batch.rows, key=lambda row: (first.get(row.state, 2), row.code)))


def render_row(row: BatchRow) -> Content:
    """Return the line of a row."""
    look = ROW_LOOKS[row.state]
    pieces: list[Piece] = [f"{row.order_id}  ", (f"{look.glyph} {row.state:<9}", look.style), f" {row.reason}"]
    if row.code or row.text:
        pieces.append((f"  {row.code} {row.text}".rstrip(), look.style))
    return Content.assemble(*pieces)
