"""Record what the user knows of orders: whether parcels left, whether buyers asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ordertui.messages import _, translate
from ordertui.operations.facts import ASKED_WORDS, DISPATCHED_WORDS
from ordertui.orders.enums import BuyerRequest, Dispatched
from ordertui.tui.main.command_context import CommandContext
from ordertui.tui.render.format import orders_text
from ordertui.tui.screens.dialogs import ConfirmScreen, FormScreen
from ordertui.tui.screens.task_runner import Task

ASK_FROM = 11
"""Orders from which on a change is asked about first: so many are not seen at a glance. Hidden ones never are."""


async def set_dispatched(context: CommandContext, task: Task, answer: str) -> None:
    """Record whether the parcels were handed to the carrier; `answer` is a value of Dispatched."""
    session, ids, value = context.session, context.table.acting_ids(), Dispatched(answer)
    context.last.remember(lambda context, task: set_dispatched(context, task, answer))
    await _record(context, task, ids, _(DISPATCHED_WORDS[value]), lambda: session.facts.set_dispatched(ids, value))


async def toggle_asked(context: CommandContext, task: Task) -> None:
    """Record that the buyers asked by message; when all are recorded so, undo that."""
    ids = context.table.acting_ids()
    rows = await task.work(context.session.orders.rows, ids)
    asked = not all(
        row.buyer_request in (BuyerRequest.MESSAGE, BuyerRequest.OFFICIAL, BuyerRequest.SOME) for row in rows.values()
    )
    await _set_asked(context, task, ids, asked)


async def _set_asked(context: CommandContext, task: Task, ids: Sequence[int], asked: bool) -> None:
    session = context.session
    context.last.remember(lambda context, task: _set_asked(context, task, context.table.acting_ids(), asked))
    await _record(context, task, ids, _(ASKED_WORDS[asked]), lambda: session.facts.set_asked(ids, asked))


async def write_note(context: CommandContext, task: Task) -> None:
    """Ask for a note, and write it on the orders in place of the ones they have; an empty one removes them."""
    ids = context.table.acting_ids()
    rows = await task.work(context.session.orders.rows, ids)
    if not rows:
        return
    notes = {row.note for row in rows.values()}
    is_one = len(ids) == 1 and not context.hidden(ids)
    title = _("Note on {order_id}", order_id=next(iter(rows.values())).order_id if is_one else context.count_text(ids))
    others = orders_text(sum(row.note is not None for row in rows.values()))
    about = (
        _("An empty one removes it.")
        if len(notes) == 1
        else _("It takes the place of the notes on {others}.", others=others)
    )
    known = (notes.pop() if len(notes) == 1 else None) or ""
    answer = await task.ask(
        FormScreen(title, [("note", _("Note"), known)], _("{about} Amazon never gets it.", about=about), done=_("save"))
    )
    if answer is not None:
        text = answer["note"]
        context.last.remember(lambda context, task: _repeat_note(context, task, text))
        await _change(context, task, ids, _note_words(text), lambda: context.session.facts.set_note(ids, text))


async def _repeat_note(context: CommandContext, task: Task, text: str) -> None:
    """Write the same note on the orders marked now; nothing but a question would say how many those are."""
    ids = context.table.acting_ids()
    await _record(context, task, ids, _note_words(text), lambda: context.session.facts.set_note(ids, text))


def _note_words(text: str) -> str:
    return _("note: {strip}", strip=text.strip()) if text.strip() else _("note removed")


async def _record(
    context: CommandContext, task: Task, ids: Sequence[int], words: str, change: Callable[[], int]
) -> None:
    if not ids:
        return
    if len(ids) >= ASK_FROM or context.hidden(ids):
        question = ConfirmScreen(
            _("Record for {ids}: {words}?", ids=context.count_text(ids), words=words), {"y": _("yes, record it")}
        )
        if await task.ask(question, discard_typeahead=True) != "y":
            return
    await _change(context, task, ids, words, change)


async def _change(
    context: CommandContext, task: Task, ids: Sequence[int], words: str, change: Callable[[], int]
) -> None:
    count = await task.work(change)
    if count:
        context.marks.fact_changes.append(context.table.marks.changes_made)
    context.notify(
        _(
            "{orders} changed: {words}; {change_undo} undoes it",
            orders=orders_text(count),
            words=words,
            **context.keymap.names,
        )
        if count
        else _("already set")
    )
    context.table.reload(ids)
    context.refresh()


async def undo_change(context: CommandContext, task: Task) -> None:
    """Undo the newest change of marks or of facts of orders."""
    marks, facts, changes = context.table.marks, context.session.facts, context.marks.fact_changes
    last = facts.last
    if last is not None and changes and changes[-1] >= marks.changes_made:
        count = await task.work(facts.undo)
        changes.pop()
        context.notify(
            _("{orders} changed back (was: {words})", orders=orders_text(count), words=translate(last.words))
        )
        context.table.reload(last.ids)
        context.refresh()
    elif marks.undo():
        context.table.marks_changed()
        context.notify(_("undone: {count:,} marked now", count=marks.count))
    else:
        context.notify(
            _("no change of marks or facts to undo; {batch_undo} undoes held orders", **context.keymap.names)
        )
