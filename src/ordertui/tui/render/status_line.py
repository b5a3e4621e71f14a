"""The line above the key hints: the marked orders and what may be done with them, or what a key would act on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec
from rich.cells import cell_len
from textual.content import Content

from ordertui.messages import _, ngettext
from ordertui.operations.batches.batch import Due, DueStep, Waiting
from ordertui.orders.order import OrderRow

from .format import MUTED, Piece, cut_parts, format_due, format_left, format_sums

if TYPE_CHECKING:
    from ordertui.operations.rate.figures import Impact

NARROW = 80
"""Below so many cells the words of what waits are cut short."""


class StatusLine(msgspec.Struct, frozen=True, kw_only=True):
    """Contents of the status line."""

    marked: int
    """Marked orders."""
    impact: Impact | None
    """What they come to; None while it is worked out."""
    hidden: int
    """Marked orders that the view does not show."""
    cursor: OrderRow | None
    waiting: Waiting
    """Batches that are held, files that wait for their upload, and batches that wait for approval."""
    due: Due | None
    """What happens next to a batch by itself."""
    now: int
    """Epoch seconds."""
    view: str
    """Title of the queue."""
    width: int
    """Cells there are."""
    pending: str = ""
    """Changes that wait to be shown."""
    range_size: int = 0
    """Orders of the open range."""
    progress: str = ""
    """The view that is being read."""
    hidden_fba: int = 0
    """Orders that Amazon ships and that the view leaves out."""


def render_status_line(line: StatusLine) -> Content:
    """Return the line, cut to its width.

    Where cells are few, money in several currencies is only counted, then left out, then the end is; what is held and
    what waits for its upload always stands.
    """
    clock = render_waiting(line.waiting, line.due, line.now, is_short=line.width < NARROW)
    room = max(0, line.width - clock.cell_length)
    pieces: list[Piece] = []
    if line.progress:
        pieces += [" ", (f" {line.progress} ", "bold reverse $text-warning")]
    if line.pending:
        pieces += [" ", (f" {line.pending} · R ", "bold reverse $text-accent")]
    if line.range_size:
        pieces.append(
            (
                _(" range of {range_size:,} · space takes it, Esc leaves it", range_size=line.range_size),
                "bold $text-accent",
            )
        )
    elif line.marked:
        pieces.append((_(" ● {marked:,} marked", marked=line.marked), "bold $text-accent"))
        if line.hidden:
            pieces.append((_(" ({hidden:,} not shown)", hidden=line.hidden), "bold $text-warning"))
        forms = [[*pieces, *_impact_pieces(line.impact, money)] for money in (format_sums, _currencies, _no_money)]
        pieces = next((form for form in forms if Content.assemble(*form).cell_length <= room), forms[-1])
    else:
        fba = _(" · {hidden_fba:,} FBA hidden", hidden_fba=line.hidden_fba) if line.hidden_fba else ""
        cursor = line.cursor.order_id if line.cursor is not None else ""
        texts = (
            (_(" no marks: keys act on {cursor}", cursor=cursor), _(" no marks: {cursor}", cursor=cursor))
            if cursor
            else ("",)
        )
        texts = texts if cursor else (_(" {view}: nothing to show", view=line.view),)
        left = room - cell_len(fba) - Content.assemble(*pieces).cell_length
        pieces.append((next((text for text in texts if cell_len(text) <= left), texts[-1]) + fba, MUTED))
    return cut_parts(Content.assemble(*pieces), room) + clock


def render_waiting(waiting: Waiting, due: Due | None, now: int, *, is_short: bool) -> Content:
    """Return what waits, such as `   ◷ 3 held 12m   ◇ 2 to approve   ↑ 5 to upload`; empty when nothing does."""
    if waiting.is_inactive:
        return Content.styled(f"   ■ {_('nothing is done here')}", "bold $text-warning")
    found = Content("")
    if waiting.held:
        left = ""
        if due is not None and due.step is DueStep.HOLD_ENDS:
            left = f" {format_left(due.at, now, with_seconds=True)}"
        found += Content.styled(_("   ◷ {held:,} held{left}", held=waiting.held, left=left), "bold $text-warning")
    if due is not None and (not waiting.held or due.step is not DueStep.HOLD_ENDS):
        found += Content.styled(f"   → {format_due(due, now)}", "bold $text-warning")
    if waiting.to_approve:
        word = "" if is_short else _(" to approve")
        found += Content.styled(f"   ◇ {waiting.to_approve:,}{word}", "bold $text-warning")
    if waiting.to_upload:
        word = "" if is_short else _(" to upload")
        found += Content.styled(f"   ↑ {waiting.to_upload:,}{word}", "bold $text-warning")
    return found


def _currencies(money: Sequence[tuple[str, int]], unpriced: int) -> str:
    if len(money) < 2:
        return format_sums(money, unpriced)
    return " + ".join(text for text in (_("{money} currencies", money=len(money)), format_sums((), unpriced)) if text)


def _no_money(money: Sequence[tuple[str, int]], unpriced: int) -> str:
    return "" if len(money) > 1 else format_sums(money, unpriced)


def _impact_pieces(impact: Impact | None, money_text: Callable[[Sequence[tuple[str, int]], int], str]) -> list[Piece]:
    """Return the money of the marked orders, and for how many of them each action is possible."""
    if impact is None:
        return [(_(" · working out what they come to…"), MUTED)]
    money = money_text(impact.money, impact.unpriced)
    pieces: list[Piece] = [f" · {money}"] if money else []
    if impact.cancellable:
        counted = ngettext("{n:,} counts", "{n:,} count", impact.counted) if impact.cancellable > 1 else _("counts")
        pieces.append(
            _(" · {cancellable:,} cancel", cancellable=impact.cancellable)
            + (_(" ({note})", note=counted) if impact.counted else "")
        )
        if impact.cannot:  # beside those that can be cancelled, so that the two are the marked ones
            pieces.append((_(", {cannot:,} cannot", cannot=impact.cannot), "$text-warning"))
    elif impact.cannot:
        pieces.append((_(" · none can be cancelled"), "$text-warning"))
    if impact.refundable:
        note = _(" ({note})", note=_("counts")) if impact.refund_counts else ""
        pieces.append(_(" · {refundable:,} refund", refundable=impact.refundable) + note)
    if impact.confirmable:
        pieces.append(_(" · {confirmable:,} confirm", confirmable=impact.confirmable))
    return pieces
