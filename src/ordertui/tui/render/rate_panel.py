"""The rate panel, and its one line for terminals without room for it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from rich.cells import cell_len
from textual.content import Content

from ordertui.messages import _, ngettext, translate
from ordertui.operations.rate.budget import BudgetUse
from ordertui.operations.rate.figures import RateEffect, RateFigure

from .format import GLYPH, MUTED, STYLE, Piece, budget_pieces, format_rate, format_target, rate_word, wrap_text

WIDTH = 36
"""Cells of a line."""
OTHERS = 5
"""Other marketplaces listed below the one shown."""


class RatePanel(msgspec.Struct, frozen=True, kw_only=True):
    """What the panel shows of one marketplace."""

    effects: Sequence[RateEffect]
    """One for each window: the rate now and with the marked orders."""
    has_marks: bool
    """Whether `effects` tell of marked orders."""
    name: str
    """Code of the marketplace."""
    elsewhere: Sequence[tuple[str, int, RateEffect]]
    """The other marketplaces: code, how many of the marked orders are there, its effect."""
    sparkline: str
    rolls_off: int
    """Orders that leave the window tonight."""
    at_risk: int
    """Orders that Amazon cancels within 24 hours unless their shipment is confirmed."""
    outdated: int = 0
    """Orders whose auto-cancel was over long ago, by old reports: what became of them is unknown."""
    budgets: Sequence[BudgetUse] = ()
    """The seller's own budgets of counting cancellations."""
    is_pinned: bool
    """Whether the operator chose the marketplace; else the panel follows the cursor."""
    is_counting: bool = False
    """Orders are marked, and what they come to is being worked out."""


def render_rate_panel(panel: RatePanel) -> Content:
    """Return the panel: now, with the marked orders, target, room, roll-off, risk; below it the other marketplaces."""
    pieces: list[Piece] = []
    for number, effect in enumerate(panel.effects):
        now, after = effect.before, effect.after
        title = (
            _("Cancellation rate {panel} · {days} d", panel=panel.name, days=now.days)
            if number == 0
            else f"{now.days} d"
        )
        pieces += [(f"{title}", "bold"), (_(" · estimate\n"), MUTED)]
        pieces += [(_(" now     "), MUTED), *_figure(now), "\n"]
        pieces.append((_(" after   "), MUTED))
        unmarked = _("counting the marked…\n") if panel.is_counting else _("mark orders to see it\n")
        pieces += [*_figure(after), "\n"] if panel.has_marks else [(unmarked, MUTED)]
        pieces += [(_(" target  "), MUTED), f"{format_target(now)}\n"]
        if now.reason:
            pieces.append((f" ?{wrap_text(translate(now.reason), '   ', WIDTH)[2:]}\n", "$text-warning"))
        elif panel.is_counting:
            pieces += [(_(" allowed "), MUTED), "…\n"]
        else:
            room = after.headroom if panel.has_marks else now.headroom
            is_over = (after if panel.has_marks else now).status == "over"
            pieces += [(_(" allowed "), MUTED), _allowed(room, over=is_over), "\n"]
        unsure = now.cancelled - now.cancelled_at_least
        if unsure:
            pieces.append((_(" ? {unsure:,} cancelled by: unknown\n", unsure=unsure), "$text-warning"))
    for number, use in enumerate(panel.budgets):
        head = _(" budget  ") if number == 0 else " " * cell_len(_(" budget  "))
        pieces += [(head, MUTED), *budget_pieces(use), "\n"]
    if panel.sparkline:
        pieces += [(_(" 14 days "), MUTED), (f"{panel.sparkline}\n", "$primary")]
    pieces.append(
        (_(" {leavess} the window at midnight\n", leavess=ngettext("{n:,} leaves", "{n:,} leave", panel.rolls_off)), "")
    )
    text = _(
        " {at_risk} within 24 h",
        at_risk=ngettext("{n:,} order auto-cancels", "{n:,} orders auto-cancel", panel.at_risk),
    )
    unknown = _(" ? {outdated:,} past auto-cancel: outdated", outdated=panel.outdated)
    if panel.at_risk or not panel.outdated:
        pieces.append((text, "$text-warning" if panel.at_risk else ""))
    if panel.outdated:
        pieces.append((f"\n{unknown}" if panel.at_risk else unknown, "$text-warning"))
    if panel.elsewhere:
        there = sum(count for _, count, _ in panel.elsewhere)
        word = _("{there:,} marked elsewhere", there=there) if there else _("other marketplaces")
        pieces += ["\n", (f" {word}", "bold $text-warning" if there else MUTED)]
        more = _(" · p next") if panel.is_pinned else _(" · p switches")
        pieces.append((more if cell_len(f" {word}{more}") <= WIDTH else "", MUTED))
        first = sorted(panel.elsewhere, key=lambda entry: -entry[1])
        for code, count, effect in first[:OTHERS]:
            now = effect.before
            pieces += [f"\n {code:<3}", (_signed(now), STYLE[now.status])]
            pieces += (
                _marked_there(effect.after, count) if count else [(f" {rate_word(now.status)}", STYLE[now.status])]
            )
        if len(first) > OTHERS:
            pieces.append((_("\n and {first} more", first=len(first) - OTHERS), MUTED))
    return Content.assemble(*pieces)


def counting(panel: RatePanel) -> RatePanel:
    """Return the panel while what is marked is worked out: without what it said of other marks."""
    elsewhere = [(code, 0, effect) for code, _count, effect in panel.elsewhere]
    return msgspec.structs.replace(panel, has_marks=False, is_counting=True, elsewhere=elsewhere)


def _marked_there(after: RateFigure, count: int) -> list[Piece]:
    """Return the rate of another marketplace with its marked orders, and how many these are, in the rest of a line.

    Where cells are few, the rate has its sign alone.
    """
    text, style = _judged(after)
    signed, marks = _signed(after), f"  {count:,} ●"
    if cell_len(f" {'':<3}{signed} → {text}{marks}") > WIDTH:
        text = signed
    if cell_len(f" {'':<3}{signed} → {text}{marks}") > WIDTH:
        text, marks = text.strip(), marks[1:]
    return [(" → ", MUTED), (text, style), (marks, "$text-accent")]


def _figure(figure: RateFigure) -> list[Piece]:
    """Return the cancelled of the orders, and the rate with its word, in the rest of a line."""
    counts = f"{figure.cancelled:,} / {'?' if figure.reason else f'{figure.orders:,}'}"
    text, style = _judged(figure)
    counts = f"{counts:<13}"
    left = WIDTH - cell_len(_(" after   ")) - cell_len(counts)
    return [counts, (text if cell_len(text) <= left else " ".join(text.split()), style)]


def _signed(figure: RateFigure) -> str:
    """Return the rate with its sign; a rate that is not known is the sign alone."""
    return f"{'':>7} ?" if figure.reason else f"{format_rate(figure):>7} {GLYPH[figure.status]}"


def _judged(figure: RateFigure) -> tuple[str, str]:
    return f"{_signed(figure)} {rate_word(figure.status)}", STYLE[figure.status]


def _allowed(room: int, *, over: bool) -> Piece:
    """Return how many more cancellations that count are allowed under the target."""
    if room:
        return ngettext("{n:,} more cancellation", "{n:,} more cancellations", room), "$text-success"
    return _("none left: over the target") if over else _("none left"), "bold $text-error"


def render_rate_strip(panel: RatePanel, *, is_short: bool = False) -> Content:
    """Return the rate in one line, for terminals without room for the panel. `is_short`: signs alone, without words."""

    def share(figure: RateFigure) -> Piece:
        word = "" if is_short else f" {rate_word(figure.status)}"
        return f"{format_rate(figure)} {GLYPH[figure.status]}{word}", STYLE[figure.status]

    pieces: list[Piece] = [(f"{panel.name} ", "bold")]
    for effect in panel.effects[:1]:
        now, after = effect.before, effect.after
        orders = "?" if now.reason else f"{now.orders:,}"
        counted = _("{days} d {cancelled:,}/{orders} ", days=now.days, cancelled=now.cancelled, orders=orders)
        pieces += [(counted, MUTED), share(now)]
        if panel.has_marks:
            pieces += [(" → ", MUTED), share(after)]
        elif panel.is_counting:
            pieces.append((" → …", MUTED))
        room = after.headroom if panel.has_marks else now.headroom
        known = (
            _(" · {room:,} more allowed", room=room) if room else _(" · none left"),
            "" if room else "bold $text-error",
        )
        if now.reason:
            pieces.append((_(" · import All Orders"), "$text-warning"))
        elif not panel.is_counting:
            pieces.append(known)
    for use in panel.budgets[:1]:
        pieces += [(_(" · budget "), MUTED), *budget_pieces(use)]
    for code, count, effect in sorted(panel.elsewhere, key=lambda entry: -entry[1]):
        if count:
            after = effect.after
            pieces.append((f" · {code} ", MUTED))
            pieces.append((f"{format_rate(after)} {GLYPH[after.status]}", STYLE[after.status]))
    for effect in panel.effects[:1]:  # last: where cells are few they are left out first
        pieces += [(_(" · target {now}", now=format_target(effect.before)), MUTED), (_(" · estimate"), MUTED)]
    return Content.assemble(*pieces)
