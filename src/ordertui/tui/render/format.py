"""Small words and figures that every text shares: durations, moments, rates, money."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

from textual.content import Content

from ordertui.operations.batches.batch import Due, DueStep
from ordertui.orders.clock import to_local
from ordertui.orders.enums import Action
from ordertui.orders.money import format_grouped

if TYPE_CHECKING:
    from ordertui.operations.rate.figures import RateFigure

Piece = str | tuple[str, str]
MUTED = "$foreground-muted"
GLYPH = {"ok": "✓", "near": "!", "over": "✗", "no orders": "·", "unknown": "?"}
STYLE = {
    "ok": "$text-success",
    "near": "$text-warning",
    "over": "bold $text-error",
    "no orders": "$foreground-muted",
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


def due_words(due: Due, now: int) -> str:
    """`held 14:32`, `next look in 0:30`, `leaves in 12:00`, `tried again in 1:00`."""
    left = countdown(due.at - now)
    return f"{due.step} {left}" if due.step is DueStep.HOLD_ENDS or left == "now" else f"{due.step} in {left}"


def when(epoch: int | None, zone: str) -> str:
    """`Nov 21 14:05` in the zone, or `unknown`."""
    return "unknown" if epoch is None else to_local(epoch, zone).strftime("%b %d %H:%M")


def zone_name(epoch: int, zone: str) -> str:
    """`PST`; the offset where the zone has no letters."""
    return to_local(epoch, zone).tzname() or zone


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
    parts = [f"{currency} {format_grouped(minor, currency)}" for currency, minor in money]
    if unpriced:
        parts.append(f"{unpriced} without a known price")
    return " + ".join(parts)


def wrapped(text: str, indent: str, width: int) -> str:
    """The text in lines of at most `width` cells (a wide character is two), each after the indent."""
    lines = Content(text).wrap(max(1, width - len(indent)))
    return "\n".join(f"{indent}{line.plain.rstrip()}" for line in lines)


def empty_text(text: str, filtered: bool) -> str:
    """What an empty table says."""
    return "Nothing here fits the filter; Esc clears it." if filtered else text
