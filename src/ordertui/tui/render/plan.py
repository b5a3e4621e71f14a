"""Plans and batches in words: the effects sheet, the outbox's lines, a batch and its rows."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from ordertui.operations.batches.batch import Batch, BatchRow
from ordertui.operations.batches.open_issues import OpenIssue
from ordertui.operations.planning.plan import Plan
from ordertui.orders.batch_state import UNANSWERED, BatchState, RowState
from ordertui.orders.enums import Action
from ordertui.orders.money import format_grouped
from ordertui.orders.text import format_duration, pluralize

from .format import ACTION_WORD, GLYPH, MUTED, STYLE, Piece, countdown, format_rate, format_target, format_time
from .state import BATCH_LOOKS, ROW_LOOKS


def effects(plan: Plan, *, by_api: bool = False) -> Content:
    """The effects sheet of a plan: who is in, money, rate, mails, stock, and the bytes that leave: the upload file, or by the
    API its XML twin."""
    word = ACTION_WORD[plan.action]
    if not plan.rows:
        return Content.assemble(
            (f"Nothing to {word} in {plan.marketplace}: ", "bold"),
            (f"{len(plan.out):,} left out, and why\n", "$text-warning"),
        )
    counted = sum(row.counts for row in plan.rows)
    pieces: list[Piece] = [
        (f"{word.capitalize()} {pluralize(len(plan.rows))} in {plan.marketplace}", "bold"),
        (f"   {len(plan.out):,} left out\n" if plan.out else "\n", "$text-warning"),
    ]
    for effect in plan.rates:
        before, after = effect.before, effect.after
        pieces.append(f" rate {before.days} d  {before.cancelled:,} / {before.orders:,} = {format_rate(before)}")
        pieces.append(f"  →  {after.cancelled:,} / {after.orders:,} = ")
        pieces.append((f"{format_rate(after)} {GLYPH[after.status]} {after.status}\n", STYLE[after.status]))
        pieces.append((f" target {format_target(after)}, room left {after.headroom:,}\n", MUTED))
    for warning in plan.warnings:
        pieces.append((f" ! {warning}\n", "bold $text-warning"))
    if plan.action is Action.CANCEL:
        pieces.append(f" {counted:,} count, {len(plan.rows) - counted:,} do not\n")
    for entry in plan.money:
        pieces.append(
            f" {entry.component.replace('_', ' '):<18} {entry.currency} {format_grouped(entry.minor, entry.currency):>12}\n"
        )
    if plan.unpriced:
        pieces.append((f" {plan.unpriced:,} without a known price: not in these sums\n", "$text-warning"))
    pieces.append(f" buyer e-mails by Amazon: {plan.buyer_mails:,}\n")
    if plan.restock:
        pieces.append(f" stock: {plan.restock}\n")
    for file in plan.files:
        word = "twin" if file.upload is by_api else "feed" if by_api else "file"
        pieces.append((f" {word} {file.name}  {len(file.content):,} bytes  sha256 {file.sha256[:16]}…\n", MUTED))
    if by_api and plan.action is Action.CONFIRM and len(plan.rows) == 1:
        pieces.append((" a single shipment goes by its own call, if nothing of its order left before\n", MUTED))
    happens = "goes to Amazon" if by_api else "is written"
    pieces.append(f" held {format_duration(plan.hold_seconds)} before anything {happens}; u takes it back until then\n")
    return Content.assemble(*pieces)


def batch_line(batch: Batch, now: int) -> Content:
    """One batch in the outbox list."""
    states: dict[RowState, int] = {}
    for row in batch.rows:
        states[row.state] = states.get(row.state, 0) + 1
    rows = ", ".join(f"{count:,} {ROW_LOOKS[state].count}" for state, count in sorted(states.items()))
    look = BATCH_LOOKS[batch.state]
    pieces: list[Piece] = [
        f"#{batch.id:<4} {batch.action.value:<8} {batch.marketplace:<3} ",
        (f"{look.glyph} {batch.state:<9}", look.style),
        f" {rows}",
    ]
    pieces.append(_goes_on(batch, now))
    return Content.assemble(*pieces)


def _goes_on(batch: Batch, now: int) -> Piece:
    """What happens next to a batch, and when."""
    if batch.state is BatchState.HELD and (not batch.by_api or batch.next_at is not None):
        left = countdown((batch.due_at if batch.next_at is None else batch.next_at) - now)
        return f"   leaves in {left}" if left != "now" else "   leaves now", "bold $text-warning"
    if batch.state is BatchState.HELD:
        return "   waits, see below", "$text-warning"
    if batch.by_api and batch.next_at is not None:
        left = countdown(batch.next_at - now)
        return f"   next look in {left}" if left != "now" else "   looking now", MUTED
    if batch.state is BatchState.SENT:
        if not batch.by_api:
            return "   upload it, then import the processing report (i)", MUTED
        waits = any(row.state in UNANSWERED for row in batch.rows)
        return ("   needs you, see below", "bold $text-warning") if waits else ""
    return ""


def batch_head(batch: Batch, zone: str, questions: Sequence[OpenIssue] = ()) -> Content:
    """A batch in words: when, which bytes, what is open and what would settle it, what to do next."""
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


def batch_rows(batch: Batch) -> tuple[BatchRow, ...]:
    """The rows, trouble first."""
    first = {RowState.ERROR: 0, RowState.UNKNOWN: 1}
    return tuple(sorted(batch.rows, key=lambda row: (first.get(row.state, 2), row.code)))


def row_line(row: BatchRow) -> Content:
    """One row of a batch."""
    look = ROW_LOOKS[row.state]
    pieces: list[Piece] = [
        f"{row.order_id}  ",
        (f"{look.glyph} {row.state:<9}", look.style),
        f" {row.reason}",
    ]
    if row.code or row.text:
        pieces.append((f"  {row.code} {row.text}".rstrip(), look.style))
    return Content.assemble(*pieces)
