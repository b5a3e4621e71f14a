"""Act on the column under the column cursor: sort by it, hide it, size it, list its values."""

from __future__ import annotations

from ordertui.messages import _
from ordertui.tui.main.command_context import CommandContext
from ordertui.tui.screens.task_runner import Task
from ordertui.tui.widgets.order_table.columns import BY_KEY

ALWAYS_SHOWN = "order"


def sort_by_column(context: CommandContext, down: bool) -> None:
    """Sort by the column, the largest first or the smallest."""
    key = _column(context)
    if key and BY_KEY[key].sort_key:
        context.view.sort(context.view.request.sorted_one_way(key, down=down))
    elif key:
        context.notify(_("the table cannot be sorted by {by_key}", by_key=_(BY_KEY[key].label)))


def hide_column(context: CommandContext) -> None:
    """Hide the column; the order id stays."""
    key = _column(context)
    if key == ALWAYS_SHOWN:
        context.notify(_("the order id is always shown"))
    elif key:
        shown = _shown(context)
        left = [one for one in shown if one != key]
        context.table.column = left[min(shown.index(key), len(left) - 1)]
        context.view.set_columns(context.view.request.without(key, shown))
        context.notify(
            _("{by_key} is hidden; {see_columns} shows it again", by_key=_(BY_KEY[key].label), **context.keymap.names)
        )


def widen_column(context: CommandContext, cells: int) -> None:
    """Make the column wider or, below 0, narrower."""
    key = _column(context)
    span = context.table.renderer.layout.span(key)
    if key and span is not None:
        context.view.set_columns(context.view.request.sized(key, span[1] + cells, _shown(context)))


async def show_values(context: CommandContext, task: Task) -> None:
    """List the values of the column with their counts: one to filter by, any to mark."""
    from ordertui.operations.query.facets import facet_of

    await list_values(context, task, facet_of(context.table.column))


async def list_values(context: CommandContext, task: Task, facet: str) -> None:
    """List the values of a facet, SKUs without one, with their counts: one to filter by, any to mark."""
    from ordertui.tui.screens.values import ValuesScreen

    request, marks = context.view.request, context.table.marks
    version = marks.version
    screen = ValuesScreen(context.session, context.tasks.keys, facet or "sku", request)
    chosen = await task.ask(screen)
    if marks.version != version:
        context.table.marks_changed()
    if chosen is not None:
        context.view.apply_filter(chosen)


def _shown(context: CommandContext) -> list[str]:
    return [column.key for column in context.table.renderer.layout.columns]


def _column(context: CommandContext) -> str:
    """Return the column under the column cursor; without one say how to get it, and return an empty text."""
    key = context.table.column
    if key not in _shown(context):
        context.notify(_("h and l choose a column first"))
        return ""
    return key
