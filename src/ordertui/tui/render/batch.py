"""Texts of batches: a batch in full, its rows, questions and messages. The outbox's list: `batch_list`."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from ordertui.messages import _, join_texts, ngettext, translate
from ordertui.operations.batches.approvals import ApprovalOutlook, ApprovedBatch
from ordertui.operations.batches.batch import Batch, is_of_others
from ordertui.operations.batches.open_issues import OpenIssue
from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.clock import to_local
from ordertui.orders.money import format_money
from ordertui.orders.order import OrderRow
from ordertui.orders.text import mask_control_characters
from ordertui.store import Approval, JournalRow

from .format import (
    MUTED,
    Piece,
    action_word,
    budget_pieces,
    format_time,
    format_zone,
    orders_text,
    since_text,
    wrap_text,
)
from .plan import rate_pieces
from .state import row_look

WARNING = "bold $text-warning"
MOST_WHYS = 4
"""Orders that would be left out which are named before an approval."""


def render_batch(
    batch: Batch, zone: str, issues: Sequence[OpenIssue] = (), *, with_hash: bool = True, me: str = ""
) -> Content:
    """Return a batch in full: times, what is open, what would settle it, what to do next, the hash of its bytes.

    `me`: login of who looks; somebody else's batch says whose it is.
    """
    zoned = format_zone(batch.created_at, zone)
    pieces: list[Piece] = [
        (
            _(
                "Batch {batch}: {action}, {marketplace}",
                batch=batch.id,
                action=action_word(batch.action),
                marketplace=batch.marketplace,
            ),
            "bold",
        ),
        (_(" · committed {created_at} {zoned}", created_at=format_time(batch.created_at, zone), zoned=zoned), MUTED),
        (_(" by {who}", who=mask_control_characters(batch.author)) if is_of_others(batch, me) else "", MUTED),
    ]
    if batch.approval is not None:
        pieces += _approval_pieces(batch, batch.approval, zone)
    if batch.state is BatchState.HELD:
        leaves = batch.next_at or batch.due_at
        if not batch.is_inactive and (not batch.by_api or batch.next_at is not None):
            how = _("goes to Amazon") if batch.by_api else _("file is written")
            pieces.append(
                (join_texts(["", f"{how} {since_text(leaves, batch.created_at, zone)} {zoned}"]), "$text-warning")
            )
    elif batch.sent_at:
        how = _("went to Amazon") if batch.by_api else _("file written")
        pieces.append((join_texts(["", f"{how} {since_text(batch.sent_at, batch.created_at, zone)} {zoned}"]), MUTED))
    if batch.uploaded_at:
        pieces.append(
            (
                _(
                    ", marked as uploaded {uploaded_at} {zoned}",
                    uploaded_at=format_time(batch.uploaded_at, zone),
                    zoned=zoned,
                ),
                MUTED,
            )
        )
    for one in issues:
        about = join_texts([orders_text(len(one.orders)), translate(one.words)])
        pieces.append((join_texts([f"\n! {about}", translate(one.why)], ": "), WARNING))
        pieces.append((f"\n  {translate(one.evidence)}", MUTED))
    tried = batch.count(RowState.ERROR) - batch.retryable
    if tried:
        again = ngettext(
            "{n:,} refused order was tried again in a later batch",
            "{n:,} refused orders were tried again in a later batch",
            tried,
        )
        pieces.append(f"\n{again}")
    if batch.advice:
        pieces.append(f"\n{translate(batch.advice)}")
    if with_hash:
        pieces.append((f"\nsha256 {batch.sha256}", MUTED))
    return Content.assemble(*pieces)


def _approval_pieces(batch: Batch, approval: Approval, zone: str) -> list[Piece]:
    """Return what asks for an approval and who committed the batch, or who decided, when, and what they said."""
    if batch.state is BatchState.AWAITING:
        text = _("waits for approval by somebody other than {who}", who=mask_control_characters(batch.author) or "?")
        pieces: list[Piece] = [(f"\n◇ {text}", WARNING)]
    elif approval.decided_at is None:
        pieces = [(f"\n◇ {_('was to be approved; nobody decided')}", MUTED)]
    else:
        facts = {"when": format_time(approval.decided_at, zone), "who": decider(approval), "word": approval.word}
        yes, no = _("approved {when} by {who}: {word}", **facts), _("rejected {when} by {who}: {word}", **facts)
        pieces = [(f"\n◇ {yes if approval.is_approved else no}", MUTED)]
    return [*pieces, *((f"\n  {translate(why)}", MUTED) for why in approval.why)]


def is_rejected(batch: Batch) -> bool:
    """Return whether somebody rejected a batch that waited for approval."""
    return batch.approval is not None and batch.approval.is_rejected


def decider(approval: Approval) -> str:
    """Return the name of who decided, without account, machine and process, which the audit has."""
    return mask_control_characters(approval.who.partition(" (")[0]) or "?"


def decision_text(batch: Batch) -> str:
    """Return what somebody decided about a batch that waited for approval, and what they said; empty: nobody did."""
    approval = batch.approval
    if approval is None or approval.decided_at is None:
        return ""
    facts = {"batch": batch.id, "who": decider(approval), "word": mask_control_characters(approval.word)}
    if is_rejected(batch):
        return _("batch {batch} was rejected by {who}: {word}; nothing was sent to Amazon", **facts)
    return _("batch {batch} was approved by {who}: {word}", **facts)


def others_note(batch: Batch, me: str) -> str:
    """Return who committed a batch that is somebody else's, before it is undone; empty for one's own."""
    who = mask_control_characters(batch.author)
    return (
        _("! batch {batch} was committed by {who}, not by you", batch=batch.id, who=who)
        if is_of_others(batch, me)
        else ""
    )


def outlook_text(outlook: ApprovalOutlook) -> str:
    """Return what an approval would do, in lines: the rate before and after, budgets, what would be left out."""
    leaving = outlook.batch.count(RowState.HELD)
    lines = []
    for effect in outlook.rates:
        days = _("Rate {days}", days=ngettext("{n:,} day", "{n:,} days", effect.after.days))
        lines.append(f"{days}:{'  '.join(piece.plain for piece in rate_pieces(effect))}")
    if outlook.budgets:
        uses = (Content.assemble(*budget_pieces(use)).plain for use in outlook.budgets)
        lines.append(f"{_('Budget')}: {join_texts(uses, '; ')}")
    if not leaving:
        lines.append(_("! None of it may leave any more: approving takes all of it out, and it is not approved."))
    elif outlook.whys:
        out = orders_text(len(outlook.whys))
        lines.append(_("! {orders} will be left out:", orders=out))
    lines += [f"  {one}: {translate(why)}" for one, why in list(outlook.whys.items())[:MOST_WHYS]]
    if len(outlook.whys) > MOST_WHYS:
        lines.append("  …")
    return "\n".join([*lines, *(f"! {translate(one)}" for one in outlook.warnings)])


def approved_text(approved: ApprovedBatch, zone: str) -> str:
    """Return what became of a batch that was approved: until when it is held, and how many orders were taken out."""
    batch = approved.batch
    if batch.state is not BatchState.HELD:
        return _("batch {batch} is not approved: nothing of it may leave any more", batch=batch.id)
    due = f"{to_local(batch.due_at, zone).strftime('%H:%M')} {format_zone(batch.due_at, zone)}"
    held = orders_text(batch.count(RowState.HELD))
    text = _("batch {batch} approved: {orders} held until {due}", batch=batch.id, orders=held, due=due)
    if approved.left_out:
        out = orders_text(approved.left_out)
        text += _("; {orders} left out, not allowed any more", orders=out)
    return join_texts([text, *map(translate, approved.warnings)], "; ")


def committed_text(batch: Batch, undo: str = "u") -> str:
    """Return what a batch waits for that was just committed, and how to undo it: by the key `undo`."""
    facts = {"made": batch.id, "orders": orders_text(len(batch.rows)), "undo": undo}
    if batch.state is BatchState.AWAITING:
        return _("batch {made}: {orders} waiting for approval; {undo} undoes it", **facts)
    return _("batch {made}: {orders} held; {undo} undoes it", **facts)


def errors_first(batch: Batch) -> tuple[JournalRow, ...]:
    """Return the rows: refused ones first, then those of unknown outcome, then the others."""
    first = {RowState.ERROR: 0, RowState.UNKNOWN: 1}
    return tuple(sorted(batch.rows, key=lambda row: (first.get(row.state, 2), row.code)))


def render_row(row: JournalRow, order: OrderRow | None, width: int, *, awaits_approval: bool = False) -> Content:
    """Return a row of a batch: order, SKU, total, state, reason; Amazon's words below it, never cut off.

    `order` is the order as the store has it; None when it is gone. `awaits_approval`: its batch does.
    """
    look = row_look(row.state, awaits_approval=awaits_approval)
    total = format_money(row.total, row.currency) if row.total is not None and row.currency else "?"
    sku = (order.sku if order is not None else None) or "?"
    room = max(6, min(24, width - 63))
    name = Content(sku).truncate(room, ellipsis=True, pad=True)
    state = (f"{look.glyph} {_(look.count)}", look.style)
    pieces = Content.assemble(f"{row.order_id:<19} ", name, f" {total:>12}  ", state)
    if row.reason:
        pieces += Content.styled(f"  {row.reason}", MUTED)
    if row.code or row.text:
        words = wrap_text(f"{row.code} {row.text}".strip(), "    ", width)
        pieces += Content.styled(f"\n{words}", look.style)
    return pieces
