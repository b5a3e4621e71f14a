"""Choose what is shown, and how: queue, filter, sort, columns, saved views, details, the rate."""

from __future__ import annotations

from textual.containers import VerticalScroll

from ordertui.messages import _, translate
from ordertui.operations.marks import Marks
from ordertui.orders.enums import Action
from ordertui.tui.main.command_context import CommandContext
from ordertui.tui.screens.dialogs import ChoiceScreen
from ordertui.tui.screens.task_runner import Task
from ordertui.tui.screens.view_request import ViewRequest


def show_queue(context: CommandContext, key: str) -> None:
    """Show a work queue; say why when it cannot be counted."""
    note = translate(context.view.counter.note(key))
    if note:
        context.screen.notify(note, severity="warning")
    context.view.show_queue(key)


def jump_back(context: CommandContext) -> None:
    """Go back to the queue, filter and order that were left last."""
    if not context.view.jump_back():
        context.notify(
            _("no place was left yet: {find_back} goes back after a queue, a filter or a jump", **context.keymap.names)
        )


def type_filter(context: CommandContext) -> None:
    """Begin to type a filter."""
    context.filter_bar.begin()


def clear_filter(context: CommandContext) -> None:
    """Clear the filter; without one, what was found; else stop a sync, or leave the tour."""
    view = context.view
    if view.request.filter:
        view.ask_for(view.request.with_filter(""))
    elif context.marks.found:
        context.marks.found = Marks()
        context.notify(_("what was found is forgotten; n and # go through the marked orders"))
    elif not context.sync.stop():
        context.tour.leave()


def switch_marketplace(context: CommandContext) -> None:
    """Show the rate of the next marketplace."""
    pinned = context.summary.summarizer.switch()
    context.screen.notify(
        _("the panel stays with {pinned}", pinned=pinned) if pinned else _("the panel follows the cursor"), timeout=2
    )
    context.summary.show()


async def show_order(context: CommandContext, task: Task) -> None:
    """Show the order under the cursor in full, and the next ones; act on the one shown."""
    from ordertui.tui.screens.order_view import OrderScreen, ShownOrder

    table = context.table

    def at_cursor() -> ShownOrder | None:
        row = table.cursor_row
        return None if row is None else ShownOrder(row.id, row.order_id)

    def step(row_id: int, forward: bool) -> ShownOrder | None:
        """Go on from the order that is shown: a refresh may have moved the cursor, or taken the order out."""
        is_there = table.go_to(row_id)
        before = table.cursor
        if is_there or not forward:  # else the next order is in its place
            table.action_move(1 if forward else -1)
            if table.cursor == before:
                return None
        return at_cursor()

    shown = at_cursor()
    answer = None if shown is None else await task.ask(OrderScreen(shown, step, context.describe, context.keymap))
    if answer is None:
        return
    action, order = answer
    if action is Action.MESSAGE:
        from .output import show_message

        await show_message(context, task, order.order_id)
    else:
        from .batches import act

        await act(context, task, action.value, only=(order.row_id,))


def toggle_fba(context: CommandContext) -> None:
    """Show orders that Amazon ships, or hide them."""
    view = context.view
    view.ask_for(view.request.with_fba(not view.request.fba))
    context.notify(_("FBA orders are shown") if view.request.fba else _("FBA orders are hidden"))


def toggle_pane(context: CommandContext) -> None:
    """Hide the side pane, or show it; on a screen that has no room beside the table it is hidden at first."""
    screen = context.screen
    if not _has_room_for_pane(context):
        return
    screen.toggle_class("-no-pane" if screen.has_class("-wide") else "-with-pane")
    screen.remove_class("-zoomed")
    screen.call_after_refresh(context.show_detail)


def zoom_pane(context: CommandContext) -> None:
    """Make the side pane wide, with the order in full, or as it was."""
    if not _has_room_for_pane(context):
        return
    context.screen.toggle_class("-zoomed")
    context.screen.call_after_refresh(context.show_detail)


def _has_room_for_pane(context: CommandContext) -> bool:
    is_narrow = context.screen.has_class("-narrow")
    if is_narrow:
        context.notify(_("the side pane needs 80 columns; Enter shows the order"))
    return not is_narrow


def scroll_detail(context: CommandContext, lines: int) -> None:
    """Scroll the detail pane by so many lines."""
    context.screen.query_one("#detail-scroll", VerticalScroll).scroll_relative(y=lines, animate=False)


def refresh(context: CommandContext) -> None:
    """Read the store again."""
    context.table.reload()
    context.refresh()


async def sort(context: CommandContext, task: Task) -> None:
    """Choose the column to sort by."""
    note = _("Choose the same column again to reverse. S on the table sorts by one more.")
    first = next((column for column, _ in context.view.request.order), "")
    chosen = await task.ask(ChoiceScreen(_("Sort by"), _sortable_columns(context), note, at=first))
    if chosen is not None:
        context.view.sort_by(chosen)


async def sort_further(context: CommandContext, task: Task) -> None:
    """Choose one more column to sort by."""
    note = _("After those that have a number. One of them again turns round, then goes.")
    chosen = await task.ask(ChoiceScreen(_("Then sort by"), _sortable_columns(context), note))
    if chosen is not None:
        context.view.sort_by(chosen, more=True)


def _sortable_columns(context: CommandContext) -> list[tuple[str, str]]:
    """Return key and text of each column that can be sorted by; the text shows place and direction of a sort."""
    signs = {
        column: f"{number}{'▼' if descends else '▲'}"
        for number, (column, descends) in enumerate(context.view.request.order, start=1)
    }
    return [
        (column.key, f"{signs.get(column.key, ''):<3}{_(column.label)}")
        for column in context.table.renderer.columns
        if column.sort_key
    ]


async def choose_columns(context: CommandContext, task: Task) -> None:
    """Choose, order and widen columns."""
    from ordertui.tui.screens.columns import ColumnsScreen

    several = len(context.session.orders.marketplaces()) > 1
    chosen = await task.ask(ColumnsScreen(context.view.request, context.table.renderer.layout, several=several))
    if chosen is not None:
        context.view.set_columns(chosen)


async def open_saved_view(context: CommandContext, task: Task) -> None:
    """Open, save, rename or delete saved views."""
    from ordertui.tui.screens.saved_views import ViewsScreen

    workspace = context.session.workspace
    views, problem = workspace.views()
    if problem:
        context.screen.notify(problem, severity="error", timeout=12)
        return
    chosen = await task.ask(ViewsScreen(workspace, views, context.view.request))
    if chosen is not None:
        context.view.ask_for(ViewRequest.of(chosen))


async def show_rate(context: CommandContext, task: Task) -> None:
    """Show the rate in full, with and without the marked orders."""
    from ordertui.tui.screens.rate import RateScreen

    if not context.session.orders.marketplaces():
        context.notify(_("no orders yet: there is no rate; i brings in reports"))
        return
    marks = context.table.marks
    ids = marks.ids() if marks else ()
    market, version = context.summary.summarizer.market(context.table.cursor_row), marks.version
    await task.ask(RateScreen(context.session, context.tasks.keys, ids, market, context.describe))
    if marks.version != version:
        context.table.marks_changed()
