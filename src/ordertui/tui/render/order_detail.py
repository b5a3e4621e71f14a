"""The text of one order: facts, verdicts, lines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from textual.content import Content

from ordertui.operations.query.api_sentences import api_sentences, program_sentences
from ordertui.orders.clock import DAY
from ordertui.orders.enums import Action, BuyerRequest, Dispatched, OrderStatus, Verge, YesNo
from ordertui.orders.money import format_grouped, format_money
from ordertui.orders.order import Order, OrderRow
from ordertui.orders.text import format_duration

from .format import MUTED, Piece, format_time, format_zone, wrap_text
from .state import ROW_LOOKS

if TYPE_CHECKING:
    from ordertui.orders.api_facts import ApiFacts
    from ordertui.rules.tables.explanation import Explanation, Verdict

PANE = 37
"""Cells of a line in the detail pane."""

REQUEST_WORD = {
    BuyerRequest.OFFICIAL: "★ buyer asked officially: does not count",
    BuyerRequest.SOME: "☆ buyer asked for some items: the whole order counts",
    BuyerRequest.MESSAGE: "✉ buyer asked by message only: counts",
    BuyerRequest.NONE: "buyer did not ask",
    BuyerRequest.UNKNOWN: "? buyer request unknown: treated as counting",
}
VERGE_WORD = {
    Verge.CANCELLATION: "! Amazon's report: on the verge of cancellation",
    Verge.LATE: "! Amazon's report: on the verge of a late shipment",
}
DISPATCHED_WORD = {
    Dispatched.YES: "parcel left",
    Dispatched.NO: "parcel still here",
    Dispatched.UNKNOWN: "? parcel: not said (d left, D here)",
}


def _verdict_pieces(detail: OrderDetail) -> list[Piece]:
    """Return each action: allowed or not with its rule, then why; in full its source too."""
    width, is_full = detail.width, detail.is_full
    pieces: list[Piece] = []
    for verdict in detail.verdicts:
        mark, style = ("✓ may", "$text-success") if verdict.allowed else ("✗ no ", MUTED)
        head = f" → {verdict.instead.value} instead" if verdict.instead and not verdict.allowed else ""
        pieces += [(f" {verdict.action.value:<8}", "bold" if verdict.allowed else ""), (mark, style)]
        pieces += [(f" {verdict.rule:<4}", MUTED), (f"{head}\n", "$text-accent")]
        pieces.append((f"{wrap_text(verdict.why, '    ', width)}\n", "" if verdict.allowed else MUTED))
        if verdict.action is Action.CANCEL and verdict.allowed:
            counts = verdict.counts is not YesNo.NO
            text = f"{'counts' if counts else '★ does not count'} ({verdict.counts_rule}): {verdict.counts_why}"
            pieces.append((f"{wrap_text(text, '    ', width)}\n", "$text-warning" if counts else "$text-success"))
        if verdict.note and (is_full or verdict.allowed):
            pieces.append((f"{wrap_text(verdict.note, '    ', width)}\n", "$text-warning"))
        for one in detail.explanations:
            if one.action is verdict.action:
                pieces += [(f"{wrap_text(text, '    ', width)}\n", style) for text, style in _explain(one)]
        if is_full:
            pieces.append((f"{wrap_text('source: ' + verdict.source, '    ', width)}\n", MUTED))
    return pieces


def _explain(one: Explanation) -> list[tuple[str, str]]:
    """Return the facts that decided, what a denied action would need, and the house rules that match."""
    found = [(f"because {', '.join(one.because)}", MUTED)] if one.because else []
    if one.nearest is not None:
        found.append((str(one.nearest), MUTED))
    found += [(f"house rule {hit.rule}, {hit.effect}: {hit.why}", "$text-warning") for hit in one.house]
    return found


def _facts(row: OrderRow, detail: OrderDetail) -> list[Piece]:
    """Return request, parcel, and the two times that matter, each with how long is left."""
    deadline, now, zone, width = detail.deadline, detail.now, detail.zone, detail.width
    official = row.buyer_request is BuyerRequest.OFFICIAL
    words = [(REQUEST_WORD[row.buyer_request], "$text-success" if official else MUTED)]
    waiting = row.status in (OrderStatus.UNSHIPPED, OrderStatus.PARTIALLY_SHIPPED, OrderStatus.UNKNOWN)
    if waiting or row.dispatched is not Dispatched.UNKNOWN:
        words.append((DISPATCHED_WORD[row.dispatched], MUTED))
    if row.ship_by is None:
        words += [("? ship by unknown, so auto-cancel too", "$text-warning")] if waiting else []
    elif waiting:
        late = row.ship_by < now
        left = f"{format_duration(row.ship_by - now)} late" if late else f"in {format_duration(row.ship_by - now)}"
        text = f"ship by {format_time(row.ship_by, zone)} {format_zone(row.ship_by, zone)}, {left}"
        words.append((text, "$text-error" if late else MUTED))
    else:
        words.append((f"ship by {format_time(row.ship_by, zone)} {format_zone(row.ship_by, zone)}", MUTED))
    if waiting and row.verge in VERGE_WORD:
        words.append((VERGE_WORD[row.verge], "$text-error" if row.verge is Verge.CANCELLATION else "$text-warning"))
    if deadline is not None:
        left = (
            f"in {format_duration(deadline - now)}" if deadline > now else f"{format_duration(deadline - now)} overdue"
        )
        soon = deadline - now < 2 * DAY
        latest = (
            ""
            if detail.latest in (None, deadline)
            else f" at the earliest, {format_time(detail.latest, zone)} at the latest"
        )
        text = f"Amazon cancels {format_time(deadline, zone)}{latest}, {left}"
        words.append((text, "$text-warning" if soon else MUTED))
    words += [(text, "$text-warning") for text in program_sentences(row)]
    if detail.api_facts is not None:
        words += [(text, MUTED) for text in api_sentences(detail.api_facts, lambda at: format_time(at, zone))]
    return [(f"{wrap_text(text, ' ', width)}\n", style) for text, style in words]


class OrderDetail(msgspec.Struct, frozen=True, kw_only=True):
    """What the pane, or the full view, shows of an order."""

    order: Order
    verdicts: Sequence[Verdict]
    deadline: int | None
    """When Amazon cancels by itself at the earliest, in epoch seconds; None: never, or unknown."""
    now: int
    """Epoch seconds."""
    zone: str
    """IANA zone of the times."""
    is_full: bool = False
    """Whether sources, history and item ids are shown too."""
    api_facts: ApiFacts | None = None
    """What only the API said of it; None: nothing."""
    latest: int | None = None
    """The same at the latest, by the other source."""
    history: Sequence[tuple[int | None, str]] = ()
    """Moment and text of each event; None: its moment is unknown."""
    explanations: Sequence[Explanation] = ()
    """Why each action is allowed or not."""
    width: int = PANE
    """Cells of a line."""


def render_order(detail: OrderDetail) -> Content:
    """Return the order as text: facts, verdicts, lines and, in full, its history and sources."""
    order, zone, width, is_full = detail.order, detail.zone, detail.width, detail.is_full
    row = order.row
    pieces: list[Piece] = [(f"{row.order_id}", "bold"), f"  {row.marketplace} · {row.status.value.replace('_', ' ')}\n"]
    if row.open_action:
        kind, state = row.open_action.kind, row.open_action.state
        look = ROW_LOOKS[state]
        pieces.append((f" {look.glyph} journal: {kind} · {look.sentence if is_full else state}\n", look.style))
    pieces += _facts(row, detail)
    pieces.append("\n")
    pieces += _verdict_pieces(detail)
    pieces.append("\n")
    pieces.append((" Lines\n", "bold"))
    for line in order.lines:
        quantity = "?" if line.quantity is None else str(line.quantity)
        pieces.append(f" {quantity} × {line.sku}")
        if line.paid is not None and line.currency:
            pieces.append(f"  {format_money(line.paid.total, line.currency)}")
            if line.refunded.total:
                pieces.append((f"  refunded {format_grouped(line.refunded.total, line.currency)}", "$text-warning"))
        else:
            pieces.append(("  price unknown", MUTED))
        if row.buyer_request is BuyerRequest.SOME and line.buyer_request is BuyerRequest.OFFICIAL:
            pieces.append(("  ★ asked", "$text-success"))
        if line.title:
            pieces.append((f"\n{wrap_text(line.title, '     ', width)}", MUTED))
        if line.request_reason:
            pieces.append((f"\n{wrap_text(f'buyer: {line.request_reason}', '     ', width)}", "$text-accent"))
        if is_full:
            pieces.append(
                (f"\n     item {line.order_item_id or 'id unknown: import the Unshipped orders report'}", MUTED)
            )
        pieces.append("\n")
    if is_full and detail.history:
        pieces.append(("\n What happened\n", "bold"))
        for moment, text in detail.history:
            pieces += [(f" {format_time(moment, zone) if moment is not None else '':<13}", MUTED), f"{text}\n"]
    if is_full:
        placed, updated = format_time(row.purchased_at, zone), format_time(order.updated_at, zone)
        pieces.append((f"\n placed {placed} · last word {updated} · times in {zone}\n", MUTED))
        pieces.append((f" named by: {', '.join(order.sources) or 'no report'}\n", MUTED))
    return Content.assemble(*pieces)
