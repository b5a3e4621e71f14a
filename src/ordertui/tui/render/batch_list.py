"""The outbox's list: one line for each batch, with its state, whose it is and what to do next."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from rich.cells import cell_len
from textual.content import Content

from ordertui.messages import _, join_texts, ngettext
from ordertui.operations.batches.batch import Batch, is_of_others, may_decide
from ordertui.operations.batches.open_issues import OpenIssue
from ordertui.orders.batch_state import AT_LARGE, NEVER_LEFT, NOT_LEFT, UNANSWERED, BatchState, RowState
from ordertui.orders.money import format_money
from ordertui.orders.people import Permission
from ordertui.orders.text import mask_control_characters
from ordertui.store import JournalRow

from .batch import WARNING, decider, is_rejected
from .format import GAP, MUTED, action_word, cut_text, format_left, format_time, format_zone, pad
from .state import BATCH_LOOKS, ROW_LOOKS, person_sign

WITH_NEXT = 76
"""From so many cells on a line of the list has a column of what to do next."""
STATE_WIDTH = 18
"""Cells of the column State."""
BEFORE_STATE = 40
"""Cells of the columns before it."""
COUNTDOWN_ROOM = 3
"""Cells by which a text of it may grow while it counts down, and a blank after it."""


class BatchContext(msgspec.Struct, frozen=True):
    """What a line of the list needs besides its batch."""

    now: int
    """Epoch seconds."""
    zone: str
    """IANA zone of times."""
    width: int
    """Cells of the line."""
    state_width: int = STATE_WIDTH
    """Cells of the column State; see `fit_state`."""
    held: int = 0
    """Held batches of the store."""
    me: str = ""
    """Login of who looks."""
    may: frozenset[Permission] = frozenset(Permission)
    """What the role of who looks allows here."""


def render_outbox_head(batches: Sequence[Batch], issues: Sequence[OpenIssue], folder: str, width: int) -> Content:
    """Return how many batches wait, and for what: `3 held · 5 files to upload · 2 waiting for a report`.

    `folder`: where files are written, shown where there is room.
    """
    if any(batch.is_inactive for batch in batches):
        return Content.styled(_("nothing is done here"), WARNING)
    held = sum(batch.state is BatchState.HELD for batch in batches)
    to_approve = sum(batch.state is BatchState.AWAITING for batch in batches)
    to_upload = sum(_is_to_upload(batch) for batch in batches)
    reports = sum(_awaits_report(batch) for batch in batches)
    at_amazon = sum(batch.state is BatchState.SENT and bool(batch.count(*UNANSWERED)) for batch in batches)
    attention = len({one.batch for one in issues})
    parts = [
        (_("{held:,} held", held=held) if held else "", "$text-warning"),
        (_("{n:,} waiting for approval", n=to_approve) if to_approve else "", "$text-warning"),
        (ngettext("{n:,} file to upload", "{n:,} files to upload", to_upload) if to_upload else "", "$text-warning"),
        (_("{reports:,} waiting for a report", reports=reports) if reports else "", "$text-accent"),
        (_("{at_amazon:,} at Amazon", at_amazon=at_amazon) if at_amazon else "", "$text-accent"),
        (ngettext("{n:,} needs attention", "{n:,} need attention", attention) if attention else "", WARNING),
    ]
    found = [Content.styled(text, style) for text, style in parts if text]
    line = Content(" · ").join(found) if found else Content.styled(_("nothing waits"), MUTED)
    place = Content.styled(_("files in {folder}", folder=folder), MUTED) if folder else Content("")
    gap = width - line.cell_length - place.cell_length
    return line + " " * gap + place if gap > 2 else line


def fit_state(batches: Sequence[Batch], context: BatchContext) -> int:
    """Return the cells of the column State: as many as its texts need, of those that what to do next leaves free."""
    wanted = max((cell_len(_state_text(batch, context)[0]) for batch in batches), default=0) + COUNTDOWN_ROOM
    following = max((cell_len(GAP.join(next_steps(batch, context))) for batch in batches), default=0)
    free = context.width - BEFORE_STATE - (following if context.width >= WITH_NEXT else 0)
    return max(STATE_WIDTH, min(wanted, free))


def render_batch_columns(context: BatchContext) -> Content:
    """Return the heads of the list's columns."""
    state = _("State ({now})", now=format_zone(context.now, context.zone))
    cells = (pad(_("Action"), 8), pad(_("Mk"), 2), pad(_("Orders"), 6, right=True), pad(_("Total"), 14, right=True))
    head = f"{'#':>4} {' '.join(cells)}  {pad(state, context.state_width)}"
    return Content.styled(head + _("Next") if context.width >= WITH_NEXT else head.rstrip(), MUTED)


def render_batch_line(batch: Batch, context: BatchContext) -> Content:
    """Return the line of a batch in the list: number, action, orders, total, state and what to do next."""
    rows = _rows_in(batch)
    text, style = _state_text(batch, context)
    if cell_len(text) >= context.state_width and batch.state in NOT_LEFT and is_of_others(batch, context.me):
        glyph, *_words, last = batch_state(batch, context)[0].split(" ")  # the sign says what the words do
        text = " ".join([glyph, *([last] if batch.state is BatchState.HELD else []), person_sign(batch.author)])
    if text != batch_state(batch, context)[0]:
        text = cut_text(text, context.state_width - 1)
    line = Content.assemble(
        f"{batch.id:>4} {pad(action_word(batch.action), 8)} {batch.marketplace:<2} {len(rows):>6,} ",
        pad(_total(rows), 14, right=True) + "  ",
        (pad(text, context.state_width), style),
    )
    if context.width < WITH_NEXT:
        return line
    room = context.width - line.cell_length
    following = next_steps(batch, context)
    if following and following[0] == _("i report for this batch") and cell_len(following[0]) > room:
        following[0] = _("i report")
    if is_rejected(batch) and batch.approval is not None:
        decision = join_texts([decider(batch.approval), mask_control_characters(batch.approval.word)], ": ")
        return line + Content.styled(cut_text(decision, room), style)
    while following and cell_len(GAP.join(following)) > room:
        following = following[:-1]
    return line + Content(GAP.join(following))


def _state_text(batch: Batch, context: BatchContext) -> tuple[str, str]:
    """Return the state of a batch, with who committed one that has not left, and its style."""
    text, style = batch_state(batch, context)
    if batch.state in NOT_LEFT and is_of_others(batch, context.me):
        return f"{text} {person_sign(batch.author)}", style
    return text, style


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
    """Return the state of a batch with its sign, such as `◷ held 8m` or `✗ 1 of 14`, and its style."""
    look = BATCH_LOOKS[batch.state]
    if batch.state is BatchState.HELD:
        if batch.is_inactive or (batch.by_api and batch.next_at is None):
            return _("{glyph} held, waits", glyph=look.glyph), look.style
        at = batch.due_at if batch.next_at is None else batch.next_at
        left = format_left(at, context.now, with_seconds=True)
        return _("{glyph} held {left}", glyph=look.glyph, left=left), WARNING
    if is_rejected(batch):
        return _("✗ rejected"), ROW_LOOKS[RowState.ERROR].style
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
        text = _("✗ refused {refused:,}/{rows:,}", refused=refused, rows=len(rows))
        return join_texts([text, f"{unclear:,} ?"] if unclear else [text]), ROW_LOOKS[RowState.ERROR].style
    if unclear:
        return _("? unknown {unclear:,}/{rows:,}", unclear=unclear, rows=len(rows)), ROW_LOOKS[RowState.UNKNOWN].style
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
    """Return what may be done next with a batch by who looks, each as `key word`, the most likely first."""
    return [text for permission, text in _steps(batch, context) if permission in context.may]


def _steps(batch: Batch, context: BatchContext) -> list[tuple[Permission, str]]:
    """Return what may be done next, each with what it needs."""
    if batch.is_inactive:
        return []
    if batch.state is BatchState.HELD:
        release = [_("r release"), *([_("R release all")] if context.held > 1 else [])]
        return [(Permission.RECALL, _("u undo")), *((Permission.DISPATCH, one) for one in release)]
    if batch.state is BatchState.AWAITING:
        decisions = [_("a approve"), _("x reject")] if may_decide(batch, context.me) else []
        return [*((Permission.APPROVE, one) for one in decisions), (Permission.RECALL, _("u undo"))]
    found: list[tuple[Permission, str]] = []
    if batch.is_writing:
        giving_up = [(Permission.SETTLE, _("s give up")), (Permission.LOOK, _("`ordertui todo` says why"))]
        return [] if _is_fresh(batch, context) else giving_up
    if _is_to_upload(batch):
        found += [(Permission.LOOK, _("y path")), (Permission.DISPATCH, _("U mark uploaded"))]
    elif _awaits_report(batch):
        found.append((Permission.IMPORT, _("i report for this batch")))
    elif batch.withheld and batch.count(RowState.WRITTEN):
        found.append((Permission.SETTLE, _("needs you: Enter")))
    unclear = batch.count(RowState.UNKNOWN)
    if batch.retryable:
        found.append((Permission.COMMIT, _("t retry {retryable:,}", retryable=batch.retryable)))
    if unclear:
        found.append((Permission.SETTLE, _("s resolve {unclear:,}", unclear=unclear)))
    if _is_to_upload(batch):
        found.append((Permission.IMPORT, _("i report")))
    elif batch.state is BatchState.UPLOADED:
        found.append((Permission.DISPATCH, _("U not uploaded")))
    if batch.by_api and batch.next_at is not None:
        left = format_left(batch.next_at, context.now, with_seconds=True)
        look = _("next look in {left}", left=left) if batch.next_at > context.now else _("looking now")
        found.append((Permission.LOOK, look))
    elif batch.by_api and batch.state in AT_LARGE and batch.count(*UNANSWERED):
        found.append((Permission.SETTLE, _("needs you: Enter")))
    return found
