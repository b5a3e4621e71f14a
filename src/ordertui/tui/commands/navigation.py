"""Go to orders: by id, by a filter, from one to the next."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress

from textual.worker import WorkerCancelled

from ordertui.messages import _
from ordertui.operations.marks import Marks
from ordertui.orders.enums import Channel
from ordertui.orders.text import mask_control_characters
from ordertui.tui.actions import find_command
from ordertui.tui.main.command_context import CommandContext
from ordertui.tui.screens.filter_prompt import ask_filter
from ordertui.tui.screens.go_to_order import FIRST, GoScreen
from ordertui.tui.screens.task_runner import Task

NAMED_IDS = 5
"""Unknown ids that a message names, at most."""
_PART = re.compile(r"[\d-]{3,}")
"""Part of an order id: shorter ones fit too many."""
_ORDER_ID = re.compile(r"(?<!\d)\d{3}-\d{7}-\d{7}(?!\d)")


def order_ids(text: str) -> list[str]:
    """Return Amazon's order ids in the text, in order, each once."""
    return list(dict.fromkeys(_ORDER_ID.findall(text)))


async def find(context: CommandContext, task: Task) -> None:
    """Ask for a filter, and find the orders that fit without hiding the others."""
    note = _("n and # go through what fits; nothing is hidden.")
    text = await ask_filter(task, context.session, context.filter_bar, _("Find by a filter"), note)
    if text is not None:
        await find_orders(context, task, text)


async def find_orders(context: CommandContext, task: Task, text: str) -> None:
    """Find the orders that fit a filter without hiding the others, and go to the first one."""
    view, table = context.view, context.table
    found = await view.search.find(task, text, without_fba=not view.request.fba)
    if found is None:
        return
    count = 0 if view.shown is None else found.common(view.shown.members)
    context.marks.found = found if count else Marks()
    context.notify(_("{count:,} found in this view", count=count) if count else _("nothing in this view fits"))
    if count and table.cursor_id not in found:
        step(context, forward=True)


def step(context: CommandContext, forward: bool) -> None:
    """Go to the next or the previous order that was found or, with nothing found, is marked."""
    table = context.table
    wanted = context.marks.found or table.marks
    if not wanted:
        context.notify(
            _(
                "nothing was found and nothing is marked: {find_find} finds, {table_toggle} marks",
                **context.keymap.names,
            )
        )
        return
    places = range(table.cursor + 1, len(table.ids)) if forward else range(table.cursor - 1, -1, -1)
    place = next((index for index in places if table.ids[index] in wanted), None)
    if place is None:
        context.notify(_("none {text}", text=_("below") if forward else _("above")))
    else:
        table.cursor = place


async def go_to_id(context: CommandContext, task: Task) -> None:
    """Ask for an order id and go there; mark the orders when there are several ids."""
    wanted = await task.ask(GoScreen())
    if wanted == FIRST:
        context.view.mark_place()
        context.table.action_home()
    elif wanted:
        await go_to_text(context, task, wanted)


async def go_to_text(context: CommandContext, task: Task, text: str) -> None:
    """Go to the order id in a text, mark the orders when there are several ids, or go to an id with this part."""
    part = text.strip()
    if order_ids(part) or not _PART.fullmatch(part):
        await go_to_pasted(context, task, text)
        return
    view = context.view
    found = await view.search.find(task, f'id:"{part}" or id:*{part}*', without_fba=not view.request.fba)
    if found is None:
        return
    if not found:
        context.screen.notify(_("no order id has {part} in it", part=part), severity="error")
    elif view.shown is not None and found.common(view.shown.members):
        context.marks.found = found
        context.notify(
            _(
                "{members:,} shown with {part} in the id; n and # go through them",
                members=found.common(view.shown.members),
                part=part,
            )
        )
        if context.table.cursor_id not in found:
            view.mark_place()
            _go_to_first(context, found)
    elif len(found) == 1:
        await _show(context, found.ids()[0])
    else:
        view.ask_for(view.request.with_filter(f"id:*{part}*", queue="all"))
        context.notify(
            _(
                "{found:,} orders with {part} in the id, none of them in that view: all are shown",
                found=len(found),
                part=part,
            )
        )


def _go_to_first(context: CommandContext, found: Marks) -> None:
    table = context.table
    table.cursor = next((index for index, row_id in enumerate(table.ids) if row_id in found), table.cursor)


async def go_to_pasted(context: CommandContext, task: Task, text: str) -> None:
    """Go to the order id in a pasted text; mark the orders when there are several ids."""
    wanted = order_ids(text)
    if not wanted:
        found = mask_control_characters(text[:60])
        context.screen.notify(_("no order id such as 111-2222222-3333333 in: {found}", found=found), severity="error")
        return
    known = await task.work(context.session.orders.ids_of, wanted)
    missing = [order_id for order_id in wanted if order_id not in known]
    if missing:
        more = _(" and {missing:,} more", missing=len(missing) - NAMED_IDS) if len(missing) > NAMED_IDS else ""
        message = _("not in this store: {missing}{more}", missing=", ".join(missing[:NAMED_IDS]), more=more)
        context.screen.notify(message, severity="warning", timeout=10)
    if len(wanted) > 1:
        _mark(context, list(known.values()))
    elif known:
        await _show(context, known[wanted[0]])


def _mark(context: CommandContext, ids: Sequence[int]) -> None:
    changed = context.table.marks.add(ids)
    context.table.marks_changed()
    context.notify(_("{changed:,} marked", changed=changed))


async def _show(context: CommandContext, row_id: int) -> None:
    view, table = context.view, context.table
    view.mark_place()
    had_fba = view.request.fba
    if not table.go_to(row_id):
        with suppress(WorkerCancelled):  # something else, such as a batch that left, had the view read again meanwhile
            rows = context.session.orders.rows((row_id,)).values()
            is_fba = any(row.channel is Channel.AMAZON for row in rows)
            request = view.request.with_filter("", queue="all").with_fba(view.request.fba or is_fba)
            await view.ask_for(request).wait()
        if view.request.fba and not had_fba:
            key = find_command("see.fba").first_key
            context.notify(_("it is not in that view: all orders are shown, FBA too; {key} hides FBA", key=key))
        else:
            context.notify(_("it is not in that view: all orders are shown"))
        table.go_to(row_id)
