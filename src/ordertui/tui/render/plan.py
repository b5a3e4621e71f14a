"""The effects sheet of a plan."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from ordertui.operations.planning.plan import Plan
from ordertui.orders.enums import Action
from ordertui.orders.money import format_grouped
from ordertui.orders.text import format_duration, pluralize, with_verb

from .format import ACTION_WORD, GLYPH, MUTED, STYLE, Piece, format_rate, format_target

HIDDEN_NAMED = 3
"""How many hidden orders are named; their lines say so too."""


def render_effects(plan: Plan, *, by_api: bool = False, hidden: Sequence[str] = ()) -> Content:
    """Return the sheet: who is in, money, rate, mails, stock, and the files.

    `by_api`: the rows go to Amazon by the API; the file of the other way is then named as its twin. `hidden`: ids of
    the orders that the main screen's filter hides.
    """
    word = ACTION_WORD[plan.action]
    if not plan.rows:
        return Content.assemble(
            (f"Nothing to {word} in {plan.marketplace}: ", "bold"),
            (f"{len(plan.out):,} left out, and why\n", "$text-warning"),
        )
    counted = sum(row.counts for row in plan.rows)
    pieces: list[Piece] = [
        (f"{word.capitalize()} {pluralize(len(plan.rows))} in {plan.marketplace}", "bold"),
        (f"   {len(plan.out):,} left out\n" if plan.out else "\n", "$text-warning"),
    ]
    if hidden:
        named = ", ".join(hidden[:HIDDEN_NAMED]) + (", …" if len(hidden) > HIDDEN_NAMED else "")
        text = f" ! {pluralize(len(hidden))} of these, marked earlier, are hidden by the filter: {named}\n"
        pieces.append((text, "bold $text-warning"))
    for effect in plan.rates:
        before, after = effect.before, effect.after
        total = "?" if after.reason else f"{after.orders:,}"
        pieces.append(f" rate {before.days} d  {before.cancelled:,} / {total} = {format_rate(before)}")
        pieces.append(f"  →  {after.cancelled:,} / {total} = ")
        pieces.append((f"{format_rate(after)} {GLYPH[after.status]} {after.status}\n", STYLE[after.status]))
        room = "unknown" if after.reason else f"{after.headroom:,}"
        pieces.append((f" target {format_target(after)}, room left {room}\n", MUTED))
    pieces += [(f" ! {warning}\n", "bold $text-warning") for warning in plan.warnings]
    if plan.action is Action.CANCEL:
        pieces.append(
            f" {with_verb(counted, 'counts', 'count')}, {with_verb(len(plan.rows) - counted, 'does', 'do')} not\n"
        )
    for entry in plan.money:
        amount = format_grouped(entry.minor, entry.currency)
        pieces += [f" {entry.component.replace('_', ' '):<18} {entry.currency} {amount:>12}\n"]
    if plan.unpriced:
        pieces.append((f" {plan.unpriced:,} without a known price: not in these sums\n", "$text-warning"))
    opted_out = ", also to buyers who opted out" if plan.action is Action.CANCEL and plan.buyer_mails else ""
    pieces.append(f" buyer e-mails by Amazon: {plan.buyer_mails:,}{opted_out}\n")
    if plan.restock:
        pieces.append(f" stock: {plan.restock}\n")
    for file in plan.files:
        word = "twin" if file.upload is by_api else "feed" if by_api else "file"
        pieces.append((f" {word} {file.name}  {len(file.content):,} bytes  sha256 {file.sha256[:16]}…\n", MUTED))
    if by_api and plan.action is Action.CONFIRM and len(plan.rows) == 1:
        pieces.append((" a single shipment goes by its own call, if nothing of its order left before\n", MUTED))
    happens = "goes to Amazon" if by_api else "is written"
    pieces.append(f" held {format_duration(plan.hold_seconds)} before anything {happens}; u takes it back until then\n")
    return Content.assemble(*pieces)
