"""What the screen says, as functions of values: no widget, no clock of its own, so every sentence can be tested."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from textual.content import Content

from ordertui.operations.plan_values import Batch, Plan, RateEffect, RateFigure
from ordertui.orders.clock import to_local
from ordertui.orders.money import grouped
from ordertui.orders.order import Order, OrderRow
from ordertui.orders.status import Action, BuyerRequest, Dispatched, YesNo
from ordertui.rules.verdict import Verdict

Piece = str | tuple[str, str]
PANE = 41
"""Cells of a line in the detail pane."""

GLYPH = {"ok": "✓", "near": "!", "over": "✗", "no orders": "·", "unknown": "?"}
STYLE = {
    "ok": "$text-success",
    "near": "$text-warning",
    "over": "bold $text-error",
    "no orders": "$text-muted",
    "unknown": "$text-warning",
}
ACTION_WORD = {
    Action.CANCEL: "cancel",
    Action.REFUND: "refund",
    Action.CONFIRM: "confirm shipment",
    Action.MESSAGE: "message",
}


def span(seconds: int) -> str:
    """A duration for people: `45 s`, `12 min`, `5 h`, `3 d`."""
    seconds = abs(seconds)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 48 * 3600:
        return f"{seconds // 3600} h"
    return f"{seconds // 86400} d"


def countdown(seconds: int) -> str:
    """Time left as `14:32`, or `now`."""
    if seconds <= 0:
        return "now"
    hours, rest = divmod(seconds, 3600)
    minutes, secs = divmod(rest, 60)
    return f"{hours}:{minutes:02d}:{secs:02d}" if hours else f"{minutes}:{secs:02d}"


def when(epoch: int | None, zone: str) -> str:
    """`Nov 21 14:05` in the zone, or `unknown`."""
    return "unknown" if epoch is None else to_local(epoch, zone).strftime("%b %d %H:%M")


def percent(figure: RateFigure) -> str:
    """The rate with two decimals, cut towards what is safe to believe: rounded half up, `–` without orders."""
    if figure.orders == 0:
        return "–"
    hundredths = Fraction(figure.cancelled, figure.orders) * 10_000
    value = int(hundredths + Fraction(1, 2))
    return f"{value // 100}.{value % 100:02d} %"


def target_text(figure: RateFigure) -> str:
    """`< 2.5 %`."""
    return f"< {float(Fraction(figure.target) * 100):g} %"


def sparkline(days: Sequence[tuple[date, int, int]], target: Fraction) -> str:
    """One block a day, its height the day's rate, full height at twice the target; `·` for a day without orders."""
    blocks = "▁▂▃▄▅▆▇█"
    out = []
    for _, orders, cancelled in days:
        if orders == 0:
            out.append("·")
            continue
        share = Fraction(cancelled, orders) / (2 * target) if target else Fraction(0)
        out.append(blocks[min(7, int(share * 8))])
    return "".join(out)


def money_sums(money: Sequence[tuple[str, int]], unpriced: int = 0) -> str:
    """`USD 240.55 + EUR 12.00`; never one sum across currencies. Orders without prices are named."""
    parts = [f"{currency} {grouped(minor, currency)}" for currency, minor in money]
    if unpriced:
        parts.append(f"{unpriced} without a known price")
    return " + ".join(parts)


def header(
    *,
    shop_name: str,
    marketplaces: Sequence[str],
    as_of: int | None,
    now: int,
    zone: str,
    practice: bool,
    read_only: bool,
) -> Content:
    """The first line of the screen."""
    pieces: list[Piece] = [
        (" ordertui ", "bold $text-accent"),
        f" {shop_name} · {', '.join(marketplaces) or 'no orders yet'}",
    ]
    if practice:
        pieces.append(("  PRACTICE – nothing leaves its own folder ", "bold $text-warning"))
    if read_only:
        pieces.append(("  READ ONLY ", "bold $text-warning"))
    if as_of is None:
        pieces.append(("   no report imported yet", "$text-muted"))
    else:
        age = now - as_of
        style = "$text-warning" if age > 86_400 else "$text-muted"
        pieces.append((f"   reports as of {when(as_of, zone)}, {span(age)} ago", style))
    return Content.assemble(*pieces)


def rate_panel(
    effects: Sequence[RateEffect],
    *,
    marked: bool,
    spark: str,
    rolls_off: int,
    risk: int,
    name: str,
) -> Content:
    """The rate panel of one marketplace: now, after the marked set, target, room, roll-off, risk."""
    pieces: list[Piece] = []
    for number, effect in enumerate(effects):
        now, after = effect.before, effect.after
        if number:
            pieces.append("\n")
        pieces.append((f"Cancellation rate {name} · {now.days} days · estimate\n", "bold"))
        pieces.append((" now    ", "$text-muted"))
        pieces.append(f"{now.cancelled:>5,} / {now.orders:<7,}")
        pieces.append((f" {percent(now):>7} {GLYPH[now.status]} {now.status}", STYLE[now.status]))
        if number == 0:
            pieces.append(f"\n        {spark}")
        pieces.append("\n")
        pieces.append((" after  ", "$text-muted"))
        if marked:
            pieces.append(f"{after.cancelled:>5,} / {after.orders:<7,}")
            pieces.append((f" {percent(after):>7} {GLYPH[after.status]} {after.status}", STYLE[after.status]))
        else:
            pieces.append(("    mark orders to see it", "$text-muted"))
        pieces.append("\n")
        pieces.append((" target ", "$text-muted"))
        pieces.append(f"    {target_text(now)}\n")
        pieces.append((" room   ", "$text-muted"))
        room = after.headroom if marked else now.headroom
        word = "after the marked" if marked else "more that count"
        pieces.append((f"    {room:,} {word}\n", "$text-success" if room else "bold $text-error"))
        if now.cancelled_at_least != now.cancelled:
            pieces.append(
                (
                    f" of these {now.cancelled - now.cancelled_at_least:,} by whom is unknown: taken as counting\n",
                    "$text-warning",
                )
            )
    pieces.append(
        (f" tonight {rolls_off:,} roll off · auto-cancel < 24 h: {risk:,}", "$text-warning" if risk else "$text-muted")
    )
    return Content.assemble(*pieces)


REQUEST_WORD = {
    BuyerRequest.OFFICIAL: "★ buyer asked officially: does not count",
    BuyerRequest.MESSAGE: "✉ buyer asked by message only: counts",
    BuyerRequest.NONE: "buyer did not ask",
    BuyerRequest.UNKNOWN: "? buyer request unknown: treated as counting",
}
DISPATCHED_WORD = {
    Dispatched.YES: "parcel left",
    Dispatched.NO: "parcel still here",
    Dispatched.UNKNOWN: "? parcel: not said (d left, D here)",
}


def wrapped(text: str, indent: str, width: int) -> str:
    """The text in lines of at most `width` cells, each after the indent."""
    return textwrap.fill(text, width, initial_indent=indent, subsequent_indent=indent)


def verdict_lines(verdicts: Sequence[Verdict], *, full: bool, width: int) -> list[Piece]:
    """Per action: allowed or not with its rule, then why; sources too when `full`. `width`: cells of a line."""
    pieces: list[Piece] = []
    for verdict in verdicts:
        mark, style = ("✓ may", "$text-success") if verdict.allowed else ("✗ no ", "$text-muted")
        head = f" → {verdict.instead.value} instead" if verdict.instead and not verdict.allowed else ""
        pieces += [(f" {verdict.action.value:<8}", "bold" if verdict.allowed else ""), (mark, style)]
        pieces += [(f" {verdict.rule:<4}", "$text-muted"), (f"{head}\n", "$text-accent")]
        pieces.append((f"{wrapped(verdict.why, '    ', width)}\n", "" if verdict.allowed else "$text-muted"))
        if verdict.action is Action.CANCEL and verdict.allowed:
            counts = verdict.counts is not YesNo.NO
            text = f"{'counts' if counts else '★ does not count'} ({verdict.counts_rule}): {verdict.counts_why}"
            pieces.append((f"{wrapped(text, '    ', width)}\n", "$text-warning" if counts else "$text-success"))
        if verdict.note and (full or verdict.allowed):
            pieces.append((f"{wrapped(verdict.note, '    ', width)}\n", "$text-warning"))
        if full:
            pieces.append((f"{wrapped('source: ' + verdict.source, '    ', width)}\n", "$text-muted"))
    return pieces


def detail(
    order: Order, verdicts: Sequence[Verdict], *, deadline: int | None, now: int, zone: str, full: bool = False
) -> Content:
    """The detail pane: facts, lines, verdicts."""
    row = order.row
    pieces: list[Piece] = [(f"{row.order_id}", "bold"), f"  {row.marketplace} · {row.status.value.replace('_', ' ')}\n"]
    if row.open_action:
        pieces.append((f" journal: {row.open_action.replace(':', ' · ')}\n", "bold $text-accent"))
    official = row.buyer_request is BuyerRequest.OFFICIAL
    pieces.append((f" {REQUEST_WORD[row.buyer_request]}\n", "$text-success" if official else "$text-muted"))
    pieces.append((f" {DISPATCHED_WORD[row.dispatched]}\n", "$text-muted"))
    pieces.append(
        (
            f" ship by {when(row.ship_by, zone)}",
            "$text-error" if row.ship_by is not None and row.ship_by < now else "$text-muted",
        )
    )
    if deadline is not None:
        left = deadline - now
        word = f"in {span(left)}" if left > 0 else f"{span(left)} overdue"
        pieces.append(
            (
                f"\n Amazon cancels {when(deadline, zone)} ({word})",
                "$text-warning" if left < 2 * 86_400 else "$text-muted",
            )
        )
    elif row.ship_by is None:
        pieces.append(("\n auto-cancel date unknown", "$text-muted"))
    pieces.append("\n")
    pieces.append("\n")
    pieces += verdict_lines(verdicts, full=full, width=100 if full else PANE)
    pieces.append("\n")
    pieces.append((" Lines\n", "bold"))
    for line in order.lines:
        quantity = "?" if line.quantity is None else str(line.quantity)
        pieces.append(f" {quantity} × {line.sku}")
        if line.paid is not None and line.currency:
            pieces.append(f"  {line.currency} {grouped(line.paid.total, line.currency)}")
            if line.refunded.total:
                pieces.append((f"  refunded {grouped(line.refunded.total, line.currency)}", "$text-warning"))
        else:
            pieces.append(("  price unknown", "$text-muted"))
        if line.title:
            pieces.append((f"\n     {line.title}", "$text-muted"))
        if line.request_reason:
            pieces.append((f"\n     buyer: {line.request_reason}", "$text-accent"))
        if full:
            pieces.append(
                (f"\n     item {line.order_item_id or 'id unknown: import the Unshipped orders report'}", "$text-muted")
            )
        pieces.append("\n")
    if full:
        pieces.append(
            (
                f"\n placed {when(row.purchased_at, zone)} · last word {when(order.updated_at, zone)} · times in {zone}\n",
                "$text-muted",
            )
        )
        pieces.append((f" named by: {', '.join(order.sources) or 'no report'}\n", "$text-muted"))
    return Content.assemble(*pieces)


def status_line(
    *, marked: int, hidden: int, money: str, allowed: int, counted: int, cannot: int, cursor: OrderRow | None, held: str
) -> Content:
    """The line above the key hints: the marked set, or what one key would act on."""
    pieces: list[Piece] = []
    if marked:
        pieces.append((f" ● {marked:,} marked", "bold $text-accent"))
        if hidden:
            pieces.append((f" ({hidden:,} not in this view)", "$text-warning"))
        if money:
            pieces.append(f" · {money}")
        pieces.append(f" · {allowed:,} cancel ({counted:,} count)")
        if cannot:
            pieces.append((f" · {cannot:,} cannot", "$text-warning"))
    elif cursor is not None:
        pieces.append((f" none marked: keys act on {cursor.order_id} only", "$text-muted"))
    else:
        pieces.append((" nothing to show", "$text-muted"))
    if held:
        pieces.append((f"   ◷ {held}", "bold $text-warning"))
    return Content.assemble(*pieces)


def effects(plan: Plan) -> Content:
    """The effects sheet of a plan: who is in, money, rate, mails, stock, bytes."""
    word = ACTION_WORD[plan.action]
    counted = sum(row.counts for row in plan.rows)
    pieces: list[Piece] = [
        (f"{word.capitalize()} {len(plan.rows):,} orders in {plan.marketplace}", "bold"),
        (f"   {len(plan.out):,} left out\n" if plan.out else "\n", "$text-warning"),
    ]
    for effect in plan.rates:
        before, after = effect.before, effect.after
        pieces.append(
            f" rate {before.days} days   {before.cancelled:,} / {before.orders:,} {percent(before)}  →  {after.cancelled:,} / {after.orders:,} "
        )
        pieces.append((f"{percent(after)} {GLYPH[after.status]} {after.status}", STYLE[after.status]))
        pieces.append(f"   target {target_text(after)} · room left {after.headroom:,}\n")
    if plan.action is Action.CANCEL:
        pieces.append(f" {counted:,} count, {len(plan.rows) - counted:,} do not\n")
    for entry in plan.money:
        pieces.append(
            f" {entry.component.replace('_', ' '):<18} {entry.currency} {grouped(entry.minor, entry.currency):>12}\n"
        )
    if plan.unpriced:
        pieces.append((f" {plan.unpriced:,} without a known price: not in these sums\n", "$text-warning"))
    pieces.append(f" buyer e-mails by Amazon: {plan.buyer_mails:,}\n")
    if plan.restock:
        pieces.append(f" stock: {plan.restock}\n")
    for warning in plan.warnings:
        pieces.append((f" ! {warning}\n", "$text-warning"))
    for file in plan.files:
        pieces.append(
            (
                f" {'file' if file.upload else 'twin'} {file.name}  {len(file.content):,} bytes  sha256 {file.sha256[:16]}…\n",
                "$text-muted",
            )
        )
    pieces.append(f" held {span(plan.hold_seconds)} before anything is written; u takes it back until then\n")
    return Content.assemble(*pieces)


def batch_line(batch: Batch, now: int) -> str:
    """One batch in the outbox list."""
    states: dict[str, int] = {}
    for row in batch.rows:
        states[row.state.value] = states.get(row.state.value, 0) + 1
    rows = ", ".join(f"{count:,} {state}" for state, count in sorted(states.items()))
    left = f" · leaves in {countdown(batch.due_at - now)}" if batch.state.value == "held" else ""
    return f"#{batch.id:<4} {batch.action.value:<8} {batch.marketplace}  {batch.state.value:<9} {rows}{left}"


def rate_strip(effects: Sequence[RateEffect], *, marked: bool, name: str) -> Content:
    """The rate in one line, for terminals without room for the panel."""
    pieces: list[Piece] = [(f"{name} ", "bold")]
    for effect in effects[:1]:
        now, after = effect.before, effect.after
        pieces.append((f"{now.days} d {now.cancelled:,}/{now.orders:,} ", "$text-muted"))
        pieces.append((f"{percent(now)} {GLYPH[now.status]} {now.status}", STYLE[now.status]))
        if marked:
            pieces.append((" → after ", "$text-muted"))
            pieces.append((f"{percent(after)} {GLYPH[after.status]} {after.status}", STYLE[after.status]))
        room = after.headroom if marked else now.headroom
        pieces.append((f" · target {target_text(now)} · room {room:,}", "$text-muted"))
    return Content.assemble(*pieces)


def why_empty(text: str, filtered: bool) -> str:
    """What an empty table says."""
    return "Nothing here fits the filter; Esc clears it." if filtered else text


ROW_STYLE = {
    "held": "$text-warning",
    "recalled": "$text-muted",
    "sent": "$text-accent",
    "accepted": "$text-accent",
    "ok": "$text-success",
    "error": "$text-error",
    "unknown": "$text-warning",
    "confirmed": "$text-success",
}


def batch_detail(batch: Batch, zone: str) -> Content:
    """A batch in words: what to do next, then its rows, trouble first."""
    pieces: list[Piece] = [
        (f"Batch {batch.id}: {ACTION_WORD[batch.action]}, {batch.marketplace}, {batch.state.value}\n", "bold"),
        (f" committed {when(batch.created_at, zone)}", "$text-muted"),
    ]
    if batch.state.value == "held":
        pieces.append((f", leaves {when(batch.due_at, zone)}\n", "$text-warning"))
    else:
        pieces.append((f", left {when(batch.sent_at, zone)}\n" if batch.sent_at else "\n", "$text-muted"))
    pieces.append((f" sha256 {batch.sha256}\n", "$text-muted"))
    if batch.advice:
        pieces.append(f"\n{batch.advice}\n")
    pieces.append("\n")
    first = {"error": 0, "unknown": 1}
    for row in sorted(batch.rows, key=lambda row: first.get(row.state.value, 2)):
        pieces.append(f" {row.order_id}  ")
        pieces.append((f"{row.state.value:<9}", ROW_STYLE[row.state.value]))
        pieces.append(f" {row.reason}")
        if row.code or row.text:
            pieces.append((f"  {row.code} {row.text}", ROW_STYLE[row.state.value]))
        pieces.append("\n")
    return Content.assemble(*pieces)
