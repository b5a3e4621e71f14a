"""Mark by something other than the row under the cursor."""

from __future__ import annotations

from rich.cells import cell_len

from ordertui.messages import _, translate_codes
from ordertui.operations.query.facets import quoted
from ordertui.operations.query.queues import within
from ordertui.orders.clock import to_local
from ordertui.orders.enums import BuyerRequest, OrderStatus
from ordertui.orders.marketplace import zone_of
from ordertui.orders.order import OrderRow
from ordertui.tui.main.command_context import CommandContext
from ordertui.tui.render.format import format_time, orders_text, pad
from ordertui.tui.render.state import status_forms
from ordertui.tui.screens.dialogs import ChoiceScreen
from ordertui.tui.screens.filter_prompt import ask_filter
from ordertui.tui.screens.task_runner import Task

LABEL_CELLS = 40
"""Cells up to which the counts behind the values are lined up."""


def clear_marks(context: CommandContext) -> None:
    """Remove every mark; `z` brings them back, and so does `L` later."""
    context.marks.remember_set()
    count = context.table.marks.clear()
    if count:
        context.table.marks_changed()
        context.notify(_("{count:,} unmarked; {change_undo} brings them back", count=count, **context.keymap.names))


def restore_last_set(context: CommandContext) -> None:
    """Mark again what was marked before it was cleared or committed."""
    marks = context.table.marks
    if not context.marks.last_set:
        context.notify(_("no set was cleared or committed yet"))
    elif marks.restore(context.marks.last_set):
        context.table.marks_changed()
        context.notify(_("{count:,} marked; {change_undo} undoes that", count=marks.count, **context.keymap.names))
    else:
        context.notify(_("these are marked already"))


async def mark_by_filter(context: CommandContext, task: Task, mark: bool) -> None:
    """Mark or unmark what a filter finds, without changing what is shown."""
    title = _("Mark by a filter") if mark else _("Unmark by a filter")
    text = await ask_filter(task, context.session, context.filter_bar, title, _("Of all orders, shown or not."))
    if text is not None:
        await change_marks(context, task, text, "all", mark=mark)


async def mark_similar(context: CommandContext, task: Task) -> None:
    """Mark, of the orders shown, those that share a value with the one under the cursor."""
    row, request = context.table.cursor_row, context.view.request
    if row is None:
        return
    choices, filters = [], similar_filters(row)
    cells = min(max(cell_len(label) for _text, label in filters), LABEL_CELLS)
    for text, label in filters:
        count = await task.work(
            context.session.orders.count, request.filter, request.queue, text, without_fba=not request.fba
        )
        choices.append((text, _("{label}   {count:,} shown", label=pad(label, cells), count=count)))
    chosen = await task.ask(ChoiceScreen(_("Mark, of the orders shown, those with the same"), choices))
    if chosen is not None:
        await change_marks(context, task, within(request.filter, chosen), request.queue, mark=True)


async def change_marks(context: CommandContext, task: Task, text: str, queue: str, *, mark: bool) -> None:
    """Mark or unmark the orders of a queue that fit a filter."""
    found = await context.view.search.find(task, text, queue, without_fba=not context.view.request.fba)
    if found is None:
        return
    marks = context.table.marks
    changed = marks.add(found) if mark else marks.remove(found)
    context.table.marks_changed()
    context.notify(
        _(
            "{changed:,} {text}; {change_undo} undoes that",
            changed=changed,
            text=_("marked") if mark else _("unmarked"),
            **context.keymap.names,
        )
    )


async def show_marks_of(context: CommandContext, task: Task, argument: str) -> None:
    """Show what somebody of the team marked, to be looked at or marked too; without a name, list who has marks.

    Raises BadInput for a store in a file, or when nobody of that name has marks.
    """
    from ordertui.tui.screens.typed_commands import marked_by

    marks, zone = context.session.team_marks, context.session.orders.zone
    name = argument.removeprefix("of ").strip()
    if not name:
        people = await task.work(marks.everybody)
        if not people:
            context.notify(_("nobody of the team has marked anything"))
            return
        choices = [
            (
                one.login,
                _(
                    "{login}   {orders} marked, {when}",
                    login=one.login,
                    orders=orders_text(one.orders.count),
                    when=format_time(one.at, zone),
                ),
            )
            for one in people
        ]
        name = await task.ask(ChoiceScreen(_("Whose marks shall be shown?"), choices)) or ""
    if name:
        found = await task.work(marks.of, name)
        context.view.show_queue("all")
        context.view.apply_filter(marked_by(found.login))
        context.notify(
            _(
                "{orders} that {login} marked, last changed {when}; a marks them for you too, Esc goes back",
                orders=orders_text(found.orders.count),
                login=found.login,
                when=format_time(found.at, zone),
            )
        )


def similar_filters(row: OrderRow) -> list[tuple[str, str]]:
    """Return a filter and its label for each value of the row that others may share; unknown values are left out. Days
    are those of its marketplace.
    """
    zone = zone_of(row.marketplace)
    found: list[tuple[str, str]] = []
    if row.sku:
        found.append((f"sku:{quoted(row.sku)}", _("SKU            {sku}", sku=row.sku)))
    if row.buyer_request is not BuyerRequest.UNKNOWN:
        found.append(
            (
                f"request:{row.buyer_request.value}",
                _("buyer asked    {buyer_request}", buyer_request=translate_codes(row.buyer_request.value)),
            )
        )
    if row.ship_by is not None:
        day = to_local(row.ship_by, zone).date().isoformat()
        found.append((f"ship-by:{day}", _("ship-by day    {day}", day=day)))
    if row.purchased_at is not None:
        day = to_local(row.purchased_at, zone).date().isoformat()
        found.append((f"placed:{day}", _("day placed     {day}", day=day)))
    if row.status is not OrderStatus.UNKNOWN:
        found.append((f"status:{row.status.value}", _("status         {replace}", replace=status_forms(row.status)[0])))
    found.append((f"marketplace:{row.marketplace}", _("marketplace    {marketplace}", marketplace=row.marketplace)))
    return found
