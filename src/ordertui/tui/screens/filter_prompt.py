"""A dialog that asks for a filter, explained and completed as in the filter bar; an invalid one is shown with its
error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.widgets import Static

from ordertui.messages import _
from ordertui.operations.session import Session
from ordertui.rules.language import Condition
from ordertui.tui.screens.task_runner import Task
from ordertui.tui.widgets.filter_bar import FilterBar

from .base import Dialog


class FilterScreen(Dialog[str | None]):
    """Gives a valid filter that is not empty; Escape gives None."""

    def __init__(self, title: str, note: str, read: Callable[[str], Condition], history: Sequence[str]) -> None:
        super().__init__(title, _("Enter done   Tab complete   ↑ earlier ones   Esc leave"), note=note)
        self._read = read
        self._history = list(history)

    def _compose_body(self) -> ComposeResult:
        yield Static("")
        yield FilterBar(self._read, nothing="")

    async def on_mount(self) -> None:
        """Focus the input."""
        bar = self.query_one(FilterBar)
        await bar.mount_input()
        bar.set_history(self._history)
        bar.begin()

    def on_filter_bar_applied(self, event: FilterBar.Applied) -> None:
        """Give the filter; an empty one means None, never all orders."""
        self.dismiss(event.text if event.text.strip() else None)

    def on_filter_bar_cancelled(self) -> None:
        """Close, and change nothing."""
        self.dismiss(None)


async def ask_filter(task: Task, session: Session, bar: FilterBar, title: str, note: str) -> str | None:
    """Ask for a filter and remember it with those of the filter bar; None when the user leaves."""
    workspace = session.workspace
    text = await task.ask(FilterScreen(title, note, session.orders.condition, workspace.history()))
    if text is not None:
        workspace.remember(text)
        bar.set_history(workspace.history())
    return text
