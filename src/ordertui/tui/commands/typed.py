"""Do what was typed after `:`, such as `sort ship-by`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from ordertui.messages import ENGLISH, find_language
from ordertui.operations.query.sort_order import read_sorting
from ordertui.tui.main.command_context import CommandContext
from ordertui.tui.screens.task_runner import Task
from ordertui.tui.screens.typed_commands import QUEUE_WORDS, TypedCommand, queue_key, sort_text
from ordertui.tui.screens.view_request import ViewRequest

from .app import switch_language
from .columns import list_values
from .marking import change_marks, show_marks_of
from .navigation import find_orders, go_to_text
from .shortage import weigh_typed
from .view import show_queue


async def do_typed(context: CommandContext, task: Task, command: TypedCommand) -> None:
    """Do a typed command."""
    if command.verb in QUEUE_WORDS:
        show_queue(context, QUEUE_WORDS[command.verb].key)
    else:
        await _RUN[command.verb](context, task, command.argument)


async def _queue(context: CommandContext, _task: Task, argument: str) -> None:
    show_queue(context, queue_key(argument))


async def _filter(context: CommandContext, _task: Task, argument: str) -> None:
    context.view.apply_filter(argument)


async def _mark(context: CommandContext, task: Task, argument: str) -> None:
    await change_marks(context, task, argument, "all", mark=True)


async def _unmark(context: CommandContext, task: Task, argument: str) -> None:
    await change_marks(context, task, argument, "all", mark=False)


async def _marks(context: CommandContext, task: Task, argument: str) -> None:
    await show_marks_of(context, task, argument)


async def _sort(context: CommandContext, _task: Task, argument: str) -> None:
    sort = read_sorting(sort_text(argument), down=False)
    context.view.sort(msgspec.structs.replace(context.view.request, sort=sort))


async def _columns(context: CommandContext, _task: Task, argument: str) -> None:
    context.view.set_columns(context.view.request.with_columns(argument))


async def _view(context: CommandContext, _task: Task, argument: str) -> None:
    views, _ = context.session.workspace.views()
    context.view.ask_for(ViewRequest.of(next(view for view in views if view.name == argument)))


async def _language(context: CommandContext, _task: Task, argument: str) -> None:
    switch_language(context, find_language(argument) or ENGLISH)


_RUN: dict[str, Callable[[CommandContext, Task, str], Awaitable[None]]] = {
    "queue": _queue, "filter": _filter, "find": find_orders, "mark": _mark, "unmark": _unmark, "marks": _marks,
    "sort": _sort, "shortage": weigh_typed, "columns": _columns, "values": list_values, "view": _view,
    "language": _language, "go": go_to_text,
}  # fmt: skip
"""Verb of `typed_commands.VERBS` to what it does."""
