"""Look up the orders that fit a filter for a command, beside the screen, until Escape stops it."""

from __future__ import annotations

from collections.abc import Callable

from textual.screen import Screen

from ordertui.messages import _
from ordertui.operations.marks import Marks
from ordertui.operations.session import Session
from ordertui.store import Interrupted
from ordertui.tui.screens.errors import call_later
from ordertui.tui.screens.task_runner import Task

PROGRESS_AFTER = 0.3
"""Seconds after which the status line says that something is read, and that Escape stops it."""


class OrderSearch:
    """Looks up orders. `changed` is called when `text` is another, with whether the search was stopped."""

    def __init__(self, screen: Screen[None], session: Session, changed: Callable[[bool], None]) -> None:
        self._screen = screen
        self._session = session
        self._changed = changed
        self._is_stopped = False
        self.text = ""
        """What the status line says of a search once it takes long; else empty."""

    async def find(self, task: Task, text: str, queue: str = "all", *, without_fba: bool) -> Marks | None:
        """Return the orders of a queue that fit a filter; None when Escape stopped it, which the screen says.

        Raises FilterError.
        """
        self._is_stopped = False
        timer = call_later(self._screen, PROGRESS_AFTER, self._say)
        try:
            while not self._is_stopped:
                try:
                    found = await task.work(
                        lambda: Marks(self._session.orders.find(text, queue=queue, without_fba=without_fba))
                    )
                except Interrupted:
                    continue  # stopped, or interrupted together with another reading that was stopped
                if not self._is_stopped:
                    return found
        finally:
            timer.stop()
            if self.text:
                self.text = ""
                self._changed(self._is_stopped)
        self._screen.notify(_("stopped: nothing was looked up, nothing changed"))
        return None

    def stop(self) -> None:
        """Stop the search under way: it finds nothing, and says so."""
        self._is_stopped = True
        self._session.orders.interrupt()

    def _say(self) -> None:
        self.text = _("looking… Esc stops")
        self._changed(False)
