"""The rate panel, and its one line for terminals without room for it."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from ordertui.operations.rate.figures import RateEffect, RateFigure

from .format import GLYPH, MUTED, STYLE, Piece, format_rate, format_target

OTHERS = 5
"""Other marketplaces listed below the one that is shown."""


def rate_panel(
    effects: Sequence[RateEffect],
    *,
    marked: bool,
    spark: str,
    rolls_off: int,
    risk: int,
    name: str,
    elsewhere: Sequence[tuple[str, int, RateEffect]] = (),
    follows: bool = True,
) -> Content:
    """The rate panel of one marketplace: now, after the marked set, target, room, roll-off, risk; below it the others.

    `elsewhere`: code, how many of the marked are of it, its effect. `follows`: the marketplace is that of the cursor.
    """
    pieces: list[Piece] = []
    for number, effect in enumerate(effects):
        now, after = effect.before, effect.after
        title = f"Cancellation rate {name} · {now.days} d" if number == 0 else f"{now.days} d"
        pieces += [(f"{title}", "bold"), (" · estimate\n", MUTED)]
        pieces += [(" now     ", MUTED), *_figure(now), "\n"]
        pieces.append((" after   ", MUTED))
        pieces += [*_figure(after), "\n"] if marked else [("mark orders to see it\n", MUTED)]
        pieces += [(" target  ", MUTED), f"{format_target(now)}\n"]
        room = after.headroom if marked else now.headroom
        pieces += [(" room    ", MUTED), _room(room, over=(after if marked else now).status == "over"), "\n"]
        unsure = now.cancelled - now.cancelled_at_least
        if unsure:
            pieces.append((f" ? {unsure:,} of these: canceller unknown\n", "$text-warning"))
    if spark:
        pieces += [(" 14 days ", MUTED), (f"{spark}\n", "$primary")]
    pieces += [(" tonight ", MUTED), f"{rolls_off:,} roll off\n"]
    pieces += [(" risk    ", MUTED), (f"Amazon cancels {risk:,} in 24 h", "$text-warning" if risk else "")]
    if elsewhere:
        there = sum(count for _, count, _ in elsewhere)
        word = f"{there:,} marked elsewhere" if there else "other marketplaces"
        pieces += ["\n", (f" {word}", "bold $text-warning" if there else MUTED)]
        pieces.append((f" · p {'switches' if follows else 'next'}", MUTED))
        first = sorted(elsewhere, key=lambda entry: -entry[1])
        for code, count, effect in first[:OTHERS]:
            now, after = effect.before, effect.after
            pieces += [f"\n {code:<3}", (f"{format_rate(now):>7} {GLYPH[now.status]}", STYLE[now.status])]
            pieces += (
                [(" → ", MUTED), *_short(after), (f"  {count:,} ●", "$text-accent")]
                if count
                else [(f" {now.status}", STYLE[now.status])]
            )
        if len(first) > OTHERS:
            pieces.append((f"\n and {len(first) - OTHERS} more", MUTED))
    return Content.assemble(*pieces)


def _figure(figure: RateFigure) -> list[Piece]:
    counts = f"{figure.cancelled:,} / {figure.orders:,}"
    return [f"{counts:<13}", (f"{format_rate(figure):>7} {GLYPH[figure.status]} {figure.status}", STYLE[figure.status])]


def _short(figure: RateFigure) -> list[Piece]:
    return [(f"{format_rate(figure):>7} {GLYPH[figure.status]} {figure.status}", STYLE[figure.status])]


def _room(room: int, *, over: bool) -> Piece:
    if room:
        return f"{room:,} more that count", "$text-success"
    return "none: over the target" if over else "none that counts", "bold $text-error"


def rate_strip(
    effects: Sequence[RateEffect],
    *,
    marked: bool,
    name: str,
    elsewhere: Sequence[tuple[str, int, RateEffect]] = (),
) -> Content:
    """The rate in one line, for terminals without room for the panel."""
    pieces: list[Piece] = [(f"{name} ", "bold")]
    for effect in effects[:1]:
        now, after = effect.before, effect.after
        pieces.append((f"{format_rate(now)} {GLYPH[now.status]} {now.status}", STYLE[now.status]))
        if marked:
            pieces.append((" → ", MUTED))
            pieces.append((f"{format_rate(after)} {GLYPH[after.status]} {after.status}", STYLE[after.status]))
        room = after.headroom if marked else now.headroom
        pieces += [
            (f" · room {room:,}", "" if room else "bold $text-error"),
            (f" · target {format_target(now)}", MUTED),
        ]
    for code, count, effect in sorted(elsewhere, key=lambda entry: -entry[1]):
        if count:
            after = effect.after
            pieces.append((f" · {code} ", MUTED))
            pieces.append((f"{format_rate(after)} {GLYPH[after.status]}", STYLE[after.status]))
    for effect in effects[:1]:
        pieces.append(
            (f" · {effect.before.days} d {effect.before.cancelled:,}/{effect.before.orders:,} estimate", MUTED)
        )
    return Content.assemble(*pieces)
