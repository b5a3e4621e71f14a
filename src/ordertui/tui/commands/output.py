"""Take orders out of the screen: copy, open in the browser, export, write to the buyer."""

from __future__ import annotations

import os
import sys
from contextlib import nullcontext

from ordertui.messages import _, ngettext
from ordertui.operations.paths import typed_path
from ordertui.orders.clock import to_local
from ordertui.orders.marketplace import seller_central_url
from ordertui.tui.clipboard import COPY_FORMS, copy, format_orders
from ordertui.tui.main.command_context import CommandContext
from ordertui.tui.render.format import orders_text
from ordertui.tui.screens.dialogs import ChoiceScreen, FormScreen, TextScreen, filled, no_file_name
from ordertui.tui.screens.task_runner import SHOWN_FROM, Task


def copy_id(context: CommandContext) -> None:
    """Copy the order id under the cursor."""
    row = context.table.cursor_row
    if row is not None:
        context.notify(copy(context.screen.app, row.order_id, row.order_id))


async def open_in_seller_central(context: CommandContext, task: Task) -> None:
    """Open the order's page in Seller Central; show the link where no browser would open, and in practice."""
    row = context.table.cursor_row
    if row is None:
        return
    link = seller_central_url(row.marketplace, row.order_id)
    app, is_practice = context.screen.app, context.session.is_practice
    if not is_practice and (app.is_web or can_browse()):
        app.open_url(link)
        context.notify(_("opened {link}", link=link))
        return
    why = _("Practice orders are not real: the link would find nothing.") if is_practice else _("No browser here.")
    screen = TextScreen(_("{order_id} in Seller Central", order_id=row.order_id), f"{why}\n\n{link}", copy=link)
    await task.ask(screen)


MOST_MESSAGES = 1_000
"""Marked orders whose texts one walk shows."""


async def show_message(context: CommandContext, task: Task, only: str = "") -> None:
    """Walk through the texts for the buyers of the marked orders, or show that of the order under the cursor; for
    `only` this order, if an id is given.
    """
    from ordertui.tui.screens.buyer_message import MessageScreen

    context.last.remember(show_message)
    session, row = context.session, context.table.cursor_row
    marked = () if only else context.table.marks.ids()
    if len(marked) > MOST_MESSAGES:
        context.notify(
            _("mark at most {most_messages:,} orders: each buyer gets a text of their own", most_messages=MOST_MESSAGES)
        )
        return
    rows = await task.work(session.orders.rows, marked) if marked else {}
    orders = [rows[row_id].order_id for row_id in marked if row_id in rows] or ([row.order_id] if row else [])
    orders = [only] if only else orders
    if len(orders) == 1:
        session.messages.text(orders[0])  # says at once why there is none
    if orders:
        copied = await task.work(session.messages.copied_at, orders)
        await task.ask(MessageScreen(session, context.tasks.keys, orders, copied))


def can_browse() -> bool:
    """Return whether a browser would open where the user sits."""
    if os.environ.get("SSH_CONNECTION") or os.environ.get("SSH_TTY"):
        return False
    return sys.platform in ("darwin", "win32") or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


async def copy_as(context: CommandContext, task: Task, known_form: str = "") -> None:
    """Copy the marked orders, or the one under the cursor, in a form that is asked for if it is not known."""
    session, ids = context.session, context.table.acting_ids()
    what = _("the order") if len(ids) == 1 and not context.hidden(ids) else context.count_text(ids)
    forms = [(form, _(name)) for form, name in COPY_FORMS]
    form = known_form or await task.ask(ChoiceScreen(_("Copy {what} as", what=what), forms))
    if form is not None and ids:
        context.last.remember(lambda context, task: copy_as(context, task, form))
        rows = await task.work(session.orders.rows, ids)
        text = format_orders(
            [rows[row_id] for row_id in ids if row_id in rows], form, session.eligibility.allowed_action
        )
        context.notify(copy(context.screen.app, text, what))


async def export(context: CommandContext, task: Task) -> None:
    """Write the marked orders, or all that are shown, to a file."""
    session, table = context.session, context.table
    ids = table.marks.ids() if table.marks else table.ids
    count = len(ids)
    what = (
        ngettext("{n:,} marked order", "{n:,} marked orders", count)
        if table.marks
        else ngettext("{n:,} shown order", "{n:,} shown orders", count)
    ) + context.hidden_text(ids)
    stamp = to_local(session.clock.now(), session.orders.zone).strftime("%Y%m%d-%H%M")
    path = session.directory / f"orders-{stamp}.csv"
    note = _("Ends in .csv, .tsv or .json. Buyers' names and addresses are not in it: ordertui keeps none.")
    fields, check = [("path", _("File"), str(path))], filled("path", no_file_name())
    answer = await task.ask(FormScreen(_("Export {what}", what=what), fields, note, done=_("export"), check=check))
    if answer is not None:
        target = typed_path(answer["path"])
        from ordertui.tui.screens.progress import AskingScreen

        writing = AskingScreen(_("Writing {what}", what=what), _("Esc stop; then no file is there"))
        with task.showing(writing) if len(ids) > SHOWN_FROM else nullcontext():
            count = await task.work(session.orders.export, ids, target, lambda: writing.stopping)
        context.notify(_("{orders} written: {target}", orders=orders_text(count), target=target))
