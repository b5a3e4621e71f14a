"""Past imports as the lines of a choice, and what undoing one changes, as a question and as the message after it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from pathlib import Path

from ordertui.messages import _, join_texts, ngettext, translate, translate_codes
from ordertui.orders.text import mask_control_characters
from ordertui.store.importing.import_history import PastImport, kept_by_reason
from ordertui.store.importing.undo import UndoneImport

from .format import format_time, orders_text

SHOWN_IDS = 3
"""Orders that are named of those that stay for one reason."""


def import_name(one: PastImport | UndoneImport) -> str:
    """Return the name of its file."""
    return mask_control_characters(Path(one.path).name)


def import_line(one: PastImport, zone: str) -> str:
    """Return an import in lines: number, time and file, what it brought, and what undoing it would do, or why not."""
    new = ngettext("{n:,} new order", "{n:,} new orders", one.new)
    counts = [translate_codes(one.kind.replace("_", " ")), new, _("{changed:,} changed", changed=one.changed)]
    if one.can_be_undone:
        below = _("undone: {effects}", effects=join_texts(_effects(one), "; "))
    else:
        below = _("cannot be undone: {why}", why=refusal_text(one))
    head = f"{one.number}  {format_time(one.at, zone)}  {import_name(one)}"
    return f"{head}\n  {join_texts(counts)}\n  {below}"


def refusal_text(one: PastImport) -> str:
    """Return why an import cannot be undone."""
    return translate(one.refusal) if one.refusal else _kept_text(one.effect.kept)


def undo_question(one: PastImport, marked: Collection[int]) -> str:
    """Return what undoing an import changes, a line for each; `marked`: row numbers of the marked orders."""
    lines = [f"{text}." for text in _effects(one)]
    count = sum(row_id in marked for row_id, _order_id in one.effect.removed)
    if count:
        lines.append(
            ngettext(
                "{n:,} of those that go is marked: its mark goes too.",
                "{n:,} of those that go are marked: their marks go too.",
                count,
            )
        )
    if one.effect.kept:
        lines.append(_("Why they stay: {why}", why=_kept_text(one.effect.kept)))
    lines.append(_("Importing the file again brings back what it said."))
    return "\n".join(lines)


def undone_text(done: UndoneImport) -> str:
    """Return what undoing an import did."""
    effects = []
    if done.removed:
        effects.append(ngettext("{n:,} order is gone", "{n:,} orders are gone", done.removed))
    if done.restored or not done.removed:
        effects.append(ngettext("{n:,} order is as before it", "{n:,} orders are as before it", done.restored))
    text = _(
        "import {number} ({path}) is undone: {effects}",
        number=done.number,
        path=import_name(done),
        effects=join_texts(effects),
    )
    return f"{text}\n{_('not undone: {why}', why=_kept_text(done.kept))}" if done.kept else text


def _kept_text(kept: Iterable[tuple[str, str]]) -> str:
    """Return why orders stay: `named again by import 7: 12 orders (113-..., 113-..., ...)`."""
    texts = []
    for reason, ids in kept_by_reason(kept).items():
        shown = join_texts([*ids[:SHOWN_IDS], *["…"] * (len(ids) > SHOWN_IDS)])
        orders = orders_text(len(ids))
        texts.append(_("{reason}: {orders} ({shown})", reason=translate(reason), orders=orders, shown=shown))
    return join_texts(texts, "; ")


def _effects(one: PastImport) -> list[str]:
    effect, texts = one.effect, []
    if effect.removed:
        count = len(effect.removed)
        texts.append(
            ngettext("{n:,} order goes: no other report names it", "{n:,} orders go: no other report names them", count)
        )
    if effect.changed:
        texts.append(ngettext("{n:,} order becomes as before it", "{n:,} orders become as before it", effect.changed))
    if effect.kept:
        texts.append(ngettext("{n:,} order stays as it is", "{n:,} orders stay as they are", len(effect.kept)))
    return texts or [_("no order changes")]
