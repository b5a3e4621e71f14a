"""Texts of batches: the outbox's list, a batch in full, its rows."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from rich.cells import cell_len
from textual.content import Content

from ordertui.messages import _, join_texts, ngettext, translate
from ordertui.operations.batches.approvals import ApprovalOutlook, ApprovedBatch
from ordertui.operations.batches.batch import Batch, is_of_others, may_decide
from ordertui.operations.batches.open_issues import OpenIssue
from ordertui.orders.batch_state import AT_LARGE, NEVER_LEFT, NOT_LEFT, UNANSWERED, BatchState, RowState
from ordertui.orders.clock import to_local
from ordertui.orders.money import format_money
from ordertui.orders.order import OrderRow
from ordertui.orders.text import mask_control_characters
from ordertui.store import Approval, JournalRow

from .format import (
    GAP,
    MUTED,
    Piece,
    action_word,
    budget_pieces,
    cut_text,
    format_countdown,
    format_time,
    format_zone,
    pad,
    wrap_text,
)
from .plan import rate_pieces
from .state import BATCH_LOOKS, ROW_LOOKS, person_sign, row_look

WITH_NEXT = 76
"""From so many cells on a line of the list has a column of what to do next."""
STATE_WIDTH = 18
"""Cells of the column State."""
WARNING = "bold $text-warning"
MOST_WHYS = 4
"""Orders that would be left out which are named before an approval."""


class BatchContext(msgspec.Struct, frozen=True):
    """What a line of the list needs besides its batch."""

    now: int
    """Epoch seconds."""
    zone: str
    """IANA zone of times."""
    width: int
    """Cells of the line."""
    held: int = 0
    """Held batches of the store."""
    me: str = ""
    """Login of who looks."""
    may_approve: bool = True
    """Whether the role of who looks may approve."""


def render_outbox_head(batches: Sequence[Batch], issues: Sequence[OpenIssue], folder: str, width: int) -> Content:
    """Return how many batches wait, and for what: `3 held · 5 files to upload · 2 waiting for a report`.

    `folder`: where files are written, shown where there is room.
    """
    held = sum(batch.state is BatchState.HELD for batch in batches)
    to_approve = sum(batch.state is BatchState.AWAITING for batch in batches)
    to_upload = sum(_is_to_upload(batch) for batch in batches)
    reports = sum(_awaits_report(batch) for batch in batches)
    at_amazon = sum(batch.state is BatchState.SENT and bool(batch.count(*UNANSWERED)) for batch in batches)
    attention = len({one.batch for one in issues})
    parts = [
        (_("{held:,} held", held=held) if held else "", "$text-warning"),
        (_("{n:,} waiting for approval", n=to_approve) if to_approve else "", "$text-warning"),
        (
            ngettext("{n:,} file to upload", "{n:,} files to upload", to_upload) if to_upload else "",
            "$text-warning",
        ),
        (_("{reports:,} waiting for a report", reports=reports) if reports else "", "$text-accent"),
        (_("{at_amazon:,} at Amazon", at_amazon=at_amazon) if at_amazon else "", "$text-accent"),
        (
            ngettext("{n:,} needs attention", "{n:,} need attention", attention) if attention else "",
            WARNING,
        ),
    ]
    found = [Content.styled(text, style) for text, style in parts if text]
    line = Content(" · ").join(found) if found else Content.styled(_("nothing waits"), MUTED)
    place = Content.styled(_("files in {folder}", folder=folder), MUTED) if folder else Content("")
    gap = width - line.cell_length - place.cell_length
    return line + " " * gap + place if gap > 2 else line


def render_batch_columns(width: int, zone: str, now: int) -> Content:
    """Return the heads of the list's columns."""
    state = _("State ({now})", now=format_zone(now, zone))
    cells = (pad(_("Action"), 8), pad(_("Mk"), 2), pad(_("Orders"), 6, right=True), pad(_("Total"), 14, right=True))
    head = f"{'#':>4} {' '.join(cells)}  {pad(state, STATE_WIDTH)}"
    return Content.styled(head + _("Next") if width >= WITH_NEXT else head.rstrip(), MUTED)


def render_batch_line(batch: Batch, context: BatchContext) -> Content:
    """Return the line of a batch in the list: number, action, orders, total, state and what to do next."""
    rows = _rows_in(batch)
    text, style = batch_state(batch, context)
    if batch.state in NOT_LEFT and is_of_others(batch, context.me):
        text = cut_text(f"{text} {person_sign(batch.author)}", STATE_WIDTH - 1)
    line = Content.assemble(
        f"{batch.id:>4} {pad(action_word(batch.action), 8)} {batch.marketplace:<2} {len(rows):>6,} ",
        pad(_total(rows), 14, right=True) + "  ",
        (pad(text, STATE_WIDTH), style),
    )
    if context.width < WITH_NEXT:
        return line
    room = context.width - line.cell_length
    following = next_steps(batch, context)
    if following and following[0] == _("i report for this batch") and cell_len(following[0]) > room:
        following[0] = _("i report")
    while following and cell_len(GAP.join(following)) > room:
        following = following[:-1]
    return line + Content(GAP.join(following))


def _rows_in(batch: Batch) -> list[JournalRow]:
    """Return the rows that were neither undone nor left out; all of them where each one was."""
    return [row for row in batch.rows if row.state not in NEVER_LEFT] or list(batch.rows)


def _total(rows: Sequence[JournalRow]) -> str:
    """Return what the rows come to: one amount, `2 currencies`, or `?` for what is not known."""
    sums: dict[str, int] = {}
    for row in rows:
        if row.currency is not None and row.total is not None:
            sums[row.currency] = sums.get(row.currency, 0) + row.total
    if len(sums) > 1:
        return _("{sums} currencies", sums=len(sums))
    known = next((format_money(minor, currency) for currency, minor in sums.items()), "")
    is_partly_unknown = any(row.total is None for row in rows)
    return f"{known} + ?" if known and is_partly_unknown else known or "?"


def _is_to_upload(batch: Batch) -> bool:
    return not batch.by_api and not batch.withheld and bool(batch.count(RowState.WRITTEN))


WRITING_SECONDS = 60
"""Seconds for which a batch whose files are not all there is taken as being written, by this machine or another."""


def _is_fresh(batch: Batch, context: BatchContext) -> bool:
    """Return whether a batch began to be written only now: nothing is wrong with it yet."""
    return batch.sent_at is not None and context.now - batch.sent_at < WRITING_SECONDS


def _awaits_report(batch: Batch) -> bool:
    return not batch.by_api and not _is_to_upload(batch) and bool(batch.count(RowState.UPLOADED, RowState.ACCEPTED))


def batch_state(batch: Batch, context: BatchContext) -> tuple[str, str]:
    """Return the state of a batch with its sign, such as `◷ held 7:55` or `✗ 1 of 14`, and its style."""
    look = BATCH_LOOKS[batch.state]
    if batch.state is BatchState.HELD:
        if batch.by_api and batch.next_at is None:
            return _("{glyph} held, waits", glyph=look.glyph), look.style
        left = format_countdown((batch.due_at if batch.next_at is None else batch.next_at) - context.now)
        return _("{glyph} held {left}", glyph=look.glyph, left=left), WARNING
    if batch.state in (BatchState.AWAITING, BatchState.RECALLED, BatchState.LEFT_OUT):
        return f"{look.glyph} {_(look.count) if look.count else ''}", look.style
    if batch.is_writing:
        look = ROW_LOOKS[RowState.WRITTEN]
        return (
            (_("… writing the files"), look.style) if _is_fresh(batch, context) else (_("! not all written"), WARNING)
        )
    answer = _answer(batch)
    if answer is not None:
        return answer
    if batch.state is BatchState.UPLOADED and batch.uploaded_at is not None:
        return _(
            "{glyph} uploaded {uploaded_at}", glyph=look.glyph, uploaded_at=_time_of_day(batch.uploaded_at, context)
        ), look.style
    if batch.state is BatchState.SENT and batch.sent_at is not None:
        return _("{glyph} sent {sent_at}", glyph=look.glyph, sent_at=_time_of_day(batch.sent_at, context)), look.style
    if batch.withheld:
        return _("! do not upload"), WARNING
    return f"{look.glyph} {_(look.count) if look.count else ''}", look.style


def _answer(batch: Batch) -> tuple[str, str] | None:
    """Return what came of the rows, by Amazon's answer, a later report or the operator's word; None while nothing."""
    rows = _rows_in(batch)
    refused, unclear = batch.count(RowState.ERROR), batch.count(RowState.UNKNOWN)
    done = batch.count(RowState.OK, RowState.CONFIRMED)
    if refused:
        text = _("✗ {refused:,} of {rows:,}", refused=refused, rows=len(rows))
        return join_texts([text, f"{unclear:,} ?"] if unclear else [text]), ROW_LOOKS[RowState.ERROR].style
    if unclear:
        return _("? {unclear:,} of {rows:,}", unclear=unclear, rows=len(rows)), ROW_LOOKS[RowState.UNKNOWN].style
    if batch.is_confirmed:
        return _("✓ confirmed"), ROW_LOOKS[RowState.CONFIRMED].style
    if done == len(rows):
        look = ROW_LOOKS[RowState.OK]
        return _("{glyph} answered", glyph=look.glyph), look.style
    if done:
        return _("… {done:,} of {rows:,} done", done=done, rows=len(rows)), ROW_LOOKS[RowState.ACCEPTED].style
    return None


def _time_of_day(epoch: int, context: BatchContext) -> str:
    """Return `14:20` of today, else `Nov 21`."""
    day, moment = format_time(epoch, context.zone).rsplit(" ", 1)
    return moment if format_time(context.now, context.zone).startswith(day) else day


def next_steps(batch: Batch, context: BatchContext) -> list[str]:
    """Return what may be done next with a batch, each as `key word`, the most likely first."""
    if batch.state is BatchState.HELD:
        release_all = [_("R release all")] if context.held > 1 else []
        return [_("u undo"), _("r release"), *release_all]
    if batch.state is BatchState.AWAITING:
        decisions = context.may_approve and may_decide(batch, context.me)
        return [*([_("a approve"), _("x reject")] if decisions else []), _("u undo")]
    found = []
    if batch.is_writing:
        return [] if _is_fresh(batch, context) else [_("s give up"), _("`ordertui todo` says why")]
    if _is_to_upload(batch):
        found += [_("y path"), _("U mark uploaded")]
    elif _awaits_report(batch):
        found.append(_("i report for this batch"))
    elif batch.withheld and batch.count(RowState.WRITTEN):
        found.append(_("needs you: Enter"))
    unclear = batch.count(RowState.UNKNOWN)
    if batch.retryable:
        found.append(_("t retry {retryable:,}", retryable=batch.retryable))
    if unclear:
        found.append(_("s resolve {unclear:,}", unclear=unclear))
    if _is_to_upload(batch):
        found.append(_("i report"))
    elif batch.state is BatchState.UPLOADED:
        found.append(_("U not uploaded"))
    if batch.by_api and batch.next_at is not None:
        left = batch.next_at - context.now
        found.append(_("next look in {left}", left=format_countdown(left)) if left > 0 else _("looking now"))
    elif batch.by_api and batch.state in AT_LARGE and batch.count(*UNANSWERED):
        found.append(_("needs you: Enter"))
    return found


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
        if not batch.by_api or batch.next_at is not None:
            how = _("goes to Amazon") if batch.by_api else _("file is written")
            pieces.append((join_texts(["", f"{how} {format_time(leaves, zone)} {zoned}"]), "$text-warning"))
    elif batch.sent_at:
        how = _("went to Amazon") if batch.by_api else _("file written")
        pieces.append((join_texts(["", f"{how} {format_time(batch.sent_at, zone)} {zoned}"]), MUTED))
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
        about = join_texts([ngettext("{n:,} order", "{n:,} orders", len(one.orders)), translate(one.words)])
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
        who = approval.who.partition(" (")[0] or "?"  # without account, machine and process, which the audit has
        facts = {"when": format_time(approval.decided_at, zone), "who": who, "word": approval.word}
        yes, no = _("approved {when} by {who}: {word}", **facts), _("rejected {when} by {who}: {word}", **facts)
        pieces = [(f"\n◇ {yes if approval.is_approved else no}", MUTED)]
    return [*pieces, *((f"\n  {translate(why)}", MUTED) for why in approval.why)]


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
        out = ngettext("{n:,} order", "{n:,} orders", len(outlook.whys))
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
    held = ngettext("{n:,} order", "{n:,} orders", batch.count(RowState.HELD))
    text = _("batch {batch} approved: {orders} held until {due}", batch=batch.id, orders=held, due=due)
    if approved.left_out:
        out = ngettext("{n:,} order", "{n:,} orders", approved.left_out)
        text += _("; {orders} left out, not allowed any more", orders=out)
    return join_texts([text, *map(translate, approved.warnings)], "; ")


def committed_text(batch: Batch) -> str:
    """Return what a batch waits for that was just committed, and how to undo it."""
    facts = {"made": batch.id, "orders": ngettext("{n:,} order", "{n:,} orders", len(batch.rows))}
    if batch.state is BatchState.AWAITING:
        return _("batch {made}: {orders} waiting for approval; u undoes it", **facts)
    return _("batch {made}: {orders} held; u undoes it", **facts)


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
