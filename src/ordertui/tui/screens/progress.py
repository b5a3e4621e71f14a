"""Dialogs shown while something takes time that can be stopped: an import, a question to Amazon."""

from __future__ import annotations

import time
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import ProgressBar, Static

from ordertui.operations.reports.progress import ImportProgress

from .base import Dialog


class AskingScreen(Dialog[None]):
    """Shown while a thread works, such as one that asks Amazon; Escape asks it to stop."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "stop", "stop", show=False)]

    def __init__(self, title: str, keys: str = "Esc stop") -> None:
        super().__init__(title, keys)
        self.stopping = False
        """Read by the thread."""

    def action_stop(self) -> None:
        """Ask the thread to stop."""
        self.stopping = True


class ProgressScreen(AskingScreen):
    """A bar while a file is imported; Escape asks the import to stop after the current chunk."""

    def __init__(self, title: str = "Importing") -> None:
        super().__init__(title, "Esc stop; what was read is kept")
        self.latest: ImportProgress | None = None
        """Set by the import's thread, read here by a timer: a thread never touches a widget."""
        self._started = time.monotonic()

    def _compose_body(self) -> ComposeResult:
        yield ProgressBar(total=None, show_eta=True)
        yield Static("", id="progress-text", markup=False)

    def on_mount(self) -> None:
        """Show the progress a few times a second."""
        self.set_interval(0.2, self._look)

    def _look(self) -> None:
        now = self.latest
        if now is None:
            return
        speed = now.rows / max(time.monotonic() - self._started, 0.001)
        self.query_one(ProgressBar).update(total=now.bytes_total, progress=now.bytes_done)
        stopping = "   stopping…" if self.stopping else ""
        self.query_one("#progress-text", Static).update(
            f"{now.path.name}: {now.rows:,} rows, {speed:,.0f} rows/s{stopping}"
        )
