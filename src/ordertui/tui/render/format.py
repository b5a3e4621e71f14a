"""Formats and styles that every text of the screen shares. Durations are in `orders.text`, money in `orders.money`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from fractions import Fraction
from typing import TYPE_CHECKING

from rich.cells import cell_len, set_cell_size
from textual.content import Content

from ordertui.messages import N_, _, ngettext, pgettext
from ordertui.operations.batches.batch import Due, DueStep
from ordertui.orders.clock import HOUR, to_local, zone_letters
from ordertui.orders.enums import Action
from ordertui.orders.money import format_money
from ordertui.orders.text import format_duration as duration_text

if TYPE_CHECKING:
    from ordertui.operations.rate.budget import BudgetUse
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
MINUTE = 60
"""Seconds."""
SEPARATOR = " · "
"""Stands between the facts of a line; where there is no room for all, the last facts are left out."""
GAP = "   "
"""Stands between facts or keys of a text that may be wrapped: lines break only here."""


def orders_text(count: int) -> str:
    """Return a number of orders in words."""
    return ngettext("{n:,} order", "{n:,} orders", count)


def action_text(action: Action, orders: str) -> str:
    """Return what is done to how many orders, as a sentence begins: `Cancel 3 orders`."""
    match action:
        case Action.CONFIRM:
            return _("Confirm the shipment of {orders}", orders=orders)
        case Action.CANCEL:
            return _("Cancel {orders}", orders=orders)
        case Action.REFUND:
            return _("Refund {orders}", orders=orders)
    return _("Message {orders}", orders=orders)


_ACTION_WORDS = {
    Action.CANCEL: N_("cancel"),
    Action.REFUND: N_("refund"),
    Action.CONFIRM: N_("confirm"),
    Action.MESSAGE: N_("message"),
}


def action_word(action: Action) -> str:
    """Return the word for an action on the screen; `action.value` is its id in commands, filters and files."""
    return _(_ACTION_WORDS[action])


def format_left(ends: int, now: int, *, with_seconds: bool = False) -> str:
    """Return how long it is until `ends`, the same wherever the screen says it: `3h`, `119m`, `12m`, `<1m`. A form as
    `14:30` would be read as a time of day.

    Counted from the full minute of the clock: only then the table draws its words anew. `with_seconds`: the last 60
    seconds as `48s`, and `now` after them, for what is drawn each second.
    """
    if with_seconds and ends - now < MINUTE:
        return f"{ends - now}{pgettext('unit', 's')}" if ends > now else _("now")
    left = ends - now // MINUTE * MINUTE
    if left >= 2 * HOUR:
        return f"{left // HOUR}{pgettext('unit', 'h')}"
    return f"{left // MINUTE or '<1'}{pgettext('unit', 'm')}"


def format_due(due: Due, now: int) -> str:
    """Return what happens next to a batch: `held 14m`, `next look in 30s`, `leaves in 12m`."""
    left = format_left(due.at, now, with_seconds=True)
    return (
        f"{_(due.step)} {left}"
        if due.step is DueStep.HOLD_ENDS or due.at <= now
        else _("{step} in {left}", step=_(due.step), left=left)
    )


def format_time(epoch: int | None, zone: str) -> str:
    """Return `Nov 21 14:05` in the zone; `unknown` for None."""
    return _("unknown") if epoch is None else _("{time:%b %d %H:%M}", time=to_local(epoch, zone))


def since_text(epoch: int, now: int, zone: str) -> str:
    """Return `14:05` of the day of `now`, else `Nov 21 14:05`."""
    day, moment = format_time(epoch, zone).rsplit(" ", 1)
    return moment if format_time(now, zone).startswith(day) else f"{day} {moment}"


def format_day(day: date, *, weekday: bool = False) -> str:
    """Return `Nov 3`, or `Tue Nov 3`."""
    return _("{day:%a} {day:%b} {day.day}", day=day) if weekday else _("{day:%b} {day.day}", day=day)


def format_duration(seconds: int) -> str:
    """Return a duration without its sign, rounded down: `45 s`, `12 min`, `5 h`, `3 d`."""
    number, unit = duration_text(seconds).split(" ")
    return f"{number} {pgettext('unit', unit)}"


def rate_word(status: str) -> str:
    """Return the word for the status of a rate against its target."""
    return pgettext("rate", status)


def format_zone(epoch: int, zone: str) -> str:
    """Return the zone's letters at that moment, as `PST`, or its offset."""
    return zone_letters(to_local(epoch, zone))


def format_rate(figure: RateFigure) -> str:
    """Return the rate with two decimals, never rounded across its target; `–` without orders, `?` when not known."""
    return "?" if figure.reason else format_share(figure.share, Fraction(figure.target))


def format_share(share: Fraction | None, target: Fraction) -> str:
    """Return a share of orders as `2.49 %`, never rounded across the target; `–` for None."""
    from ordertui.rules.rate import percent  # the first picture shows no rate

    return "–" if share is None else percent(share, target=target)


def format_target(figure: RateFigure) -> str:
    """Return `< 2.5 %`."""
    from ordertui.rules.rate import target_percent  # as above

    return f"< {target_percent(Fraction(figure.target))}"


def render_sparkline(days: Sequence[tuple[date, int, int]], target: Fraction) -> str:
    """Return one block a day, as high as the day's rate (full at twice the target); `·` for a day without orders."""
    blocks = "▁▂▃▄▅▆▇█"
    out = []
    for _day, orders, cancelled in days:
        if orders == 0:
            out.append("·")
            continue
        share = Fraction(cancelled, orders) / (2 * target) if target else Fraction(0)
        out.append(blocks[min(7, int(share * 8))])
    return "".join(out)


def format_sums(money: Sequence[tuple[str, int]], unpriced: int = 0) -> str:
    """Return `USD 240.55 + EUR 12.00`: never one sum across currencies. `unpriced` orders are counted beside it."""
    parts = [format_money(minor, currency) for currency, minor in money]
    if unpriced:
        parts.append(_("{unpriced} without a known price", unpriced=unpriced))
    return " + ".join(parts)


def wrap_text(text: str, indent: str, width: int) -> str:
    """Return the text in lines of at most `width` cells (a wide character takes two), each after the indent."""
    room = max(2, width - len(indent))
    if _WIDE.search(text) is None:
        lines = [line.plain.rstrip() for line in Content(text).wrap(room)]
    else:
        lines = [line for part in text.split("\n") for line in _wrap_wide(part, room)]
    return "\n".join(f"{indent}{line}" for line in lines)


_WIDE = re.compile("[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]")
"""Characters of Chinese, Japanese and Korean: a line may end after each, as there are no blanks between words."""
_CLOSING = "[，。；：！？、）”’】》]*"
_NARROW = rf"[^\s{_WIDE.pattern[1:]}"
_UNITS = re.compile(rf"{_NARROW}*\d ?{_WIDE.pattern}{_CLOSING}|\s+|{_WIDE.pattern}{_CLOSING}|{_NARROW}+{_CLOSING}")
"""What a line is not broken within: a word, or one wide character, with the signs that close it; a number and the
counter after it.
"""


def _wrap_wide(text: str, width: int) -> Iterator[str]:
    """Yield the lines of one line of wide text."""
    line = ""
    for unit in _UNITS.findall(text):
        if cell_len(line) + cell_len(unit.rstrip()) > width and line.strip():
            yield line.rstrip()
            line = ""
        line += unit if line else unit.lstrip()
        while cell_len(line.rstrip()) > width:  # a word that is longer than a line
            head = set_cell_size(line, width).rstrip()
            yield head
            line = line[len(head) :]
    yield line.rstrip()


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Return the text with blanks up to `width` cells; `right`: before it. A wide character takes two cells."""
    blanks = " " * (width - cell_len(text))
    return blanks + text if right else text + blanks


def cut_text(text: str, width: int) -> str:
    """Return the text in at most `width` cells, with an ellipsis if it is cut."""
    if cell_len(text) <= width:
        return text
    return "" if width < 1 else set_cell_size(text, width - 1).rstrip() + "…"


def cut_parts(text: Content, width: int) -> Content:
    """Return a line of parts, `one · two · three`, in at most `width` cells: parts that do not fit are left out whole,
    behind an ellipsis. The first part alone is cut at a blank where it has one: half a number is another number.
    """
    if text.cell_length <= width:
        return text
    for mark in (SEPARATOR, " "):
        for found in reversed(list(re.finditer(f"(?={mark})", text.plain))):
            kept = text[: found.start()]
            if kept.plain.strip() and kept.cell_length + 2 <= width:
                return kept + Content.styled(" …", MUTED)
    return text.truncate(max(0, width), ellipsis=True)


def reason_choices(codes: Sequence[str]) -> list[tuple[str, str]]:
    """Return reason codes for a list to choose from, each with its words in the language of the screen behind it."""
    found = [(code, pgettext("reason", code)) for code in codes]
    cells = max((len(code) for code in codes), default=0)
    return [(code, code if words == code else f"{pad(code, cells)}  {words}") for code, words in found]


def budget_pieces(use: BudgetUse) -> list[Piece]:
    """Return a budget as `today 3 of 5, 2 left`; with a batch `today 3 → 5 of 5, 0 left`."""
    over, span = use.after - use.budget.most, _("today") if use.budget.span == "day" else _("this week")
    used = f"{use.used:,} → {use.after:,}" if use.added else f"{use.used:,}"
    left = _("{over:,} over", over=over) if over > 0 else _("{left:,} left", left=use.left)
    style = STYLE["over"] if over > 0 else "$text-warning" if not over else "$text-success"
    return [_("{span} {used} of {most:,}, ", span=span, used=used, most=use.budget.most), (left, style)]


def empty_text(text: str, filtered: bool) -> str:
    """Return the text of an empty table."""
    return _("Nothing here fits the filter; Esc clears it.") if filtered else text
