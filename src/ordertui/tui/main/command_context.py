"""What a command gets to work with, and how the function of a command is found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from importlib import import_module

import msgspec
from textual.actions import parse
from textual.content import Content
from textual.screen import Screen

from ordertui.messages import _
from ordertui.operations.session import Session
from ordertui.tui.keymap import Keymap
from ordertui.tui.message_history import MessageHistory
from ordertui.tui.render.format import orders_text
from ordertui.tui.screens.task_runner import Task, TaskRunner
from ordertui.tui.tour.controller import TourController
from ordertui.tui.widgets.filter_bar import FilterBar
from ordertui.tui.widgets.order_table import OrderTable

from .mark_keeper import MarkKeeper
from .selection_summary import SummaryController
from .sync_controller import SyncController
from .view_controller import ViewController


class LastAction:
    """The action that `.` repeats."""

    def __init__(self) -> None:
        self.run: Callable[[CommandContext, Task], Awaitable[None]] | None = None
        """None: nothing was done yet."""

    def remember(self, run: Callable[[CommandContext, Task], Awaitable[None]]) -> None:
        """Let `.` do this from now on, for what is marked then."""
        self.run = run


class CommandContext(msgspec.Struct, frozen=True):
    """The main screen's parts, for the functions in `tui.commands`."""

    session: Session
    screen: Screen[None]
    keymap: Keymap
    tasks: TaskRunner
    table: OrderTable
    filter_bar: FilterBar
    view: ViewController
    marks: MarkKeeper
    last: LastAction
    summary: SummaryController
    sync: SyncController
    tour: TourController
    messages: MessageHistory
    refresh: Callable[[], None]
    """Reads everything again after orders changed in the store."""
    describe: Callable[[str], Content]
    """Returns the order of an id in full, as text; empty when there is no such order."""
    relabel: Callable[[], None]
    """Shows every text anew, in another language."""
    show_detail: Callable[[], None]
    """Shows the order under the cursor in the side pane again."""

    def hidden(self, ids: Iterable[int]) -> frozenset[int]:
        """Return those of these orders that queue and filter do not show."""
        shown = self.view.shown
        return frozenset() if shown is None else frozenset(row_id for row_id in ids if row_id not in shown.members)

    def count_text(self, ids: Sequence[int]) -> str:
        """Return how many orders these are, and how many of them queue and filter hide: `12 orders (3 not shown)`."""
        return orders_text(len(ids)) + self.hidden_text(ids)

    def hidden_text(self, ids: Sequence[int]) -> str:
        """Return ` (3 not shown)`: how many of these orders queue and filter hide; empty when none is hidden."""
        hidden = len(self.hidden(ids))
        return _(" ({hidden:,} not shown)", hidden=hidden) if hidden else ""

    def notify(self, message: str) -> None:
        """Show a message for a while."""
        self.screen.notify(message)


def find_function(run: str) -> tuple[Callable[..., object], tuple[object, ...]]:
    """Return the function in `tui.commands` that a command's `run` names, and its parameters besides context and task.

    The module is imported here, on first use. Raises ImportError or AttributeError when there is none.
    """
    module, name, parameters = parse(run)
    function: Callable[..., object] = getattr(import_module(f"ordertui.tui.commands.{module}"), name)
    return function, parameters
