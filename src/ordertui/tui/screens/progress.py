"""Dialogs shown while something takes time: an import, a question to Amazon, anything that cannot be stopped."""

from __future__ import annotations

import time
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import ProgressBar, Static

from ordertui.operations.reports.progress import ImportProgress
from ordertui.tui.widgets.dialog_title import Title

from .base import Dialog


class ProgressScreen(Dialog[None]):
    """A bar while a file is imported; Escape asks the import to stop after the current chunk."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "stop", "stop", show=False)]

    def __init__(self, title: str = "Importing") -> None:
        super().__init__(classes="dialog-screen")
        self._title = title
        self.latest: ImportProgress | None = None
        """Set by the import's thread, read here by a timer: a thread never touches a widget."""
        self.stopping = False
        self._started = time.monotonic()

    def compose(self) -> ComposeResult:
        """Compose the dialog."""
        with Vertical(classes="dialog"):
            yield Title(self._title)
            yield ProgressBar(total=None, show_eta=True)
            yield Static("", id="progress-text", markup=False)
            yield Static("Esc stop; what was read is kept", classes="dialog-keys")

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

    def action_stop(self) -> None:
        """Ask the import to stop."""
        self.stopping = True


class AskingScreen(Dialog[None]):
    """Shown while Amazon is asked; Escape stops that."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "stop", "stop", show=False)]

    def __init__(self, what: str) -> None:
        super().__init__(classes="dialog-screen")
        self._what = what
        self.stopping = False
        """Read by the thread that asks Amazon."""

    def compose(self) -> ComposeResult:
        """Compose the dialog."""
        with Vertical(classes="dialog"):
            yield Title(self._what)
            yield Static("Esc stop", classes="dialog-keys")

    def action_stop(self) -> None:
        """Ask the thread to stop."""
        self.stopping = True


class WaitScreen(Dialog[None]):
    """Shown while something takes some seconds and cannot be stopped."""

    def __init__(self, title: str, detail: str) -> None:
        super().__init__(classes="dialog-screen")
        self._title = title
        self._detail = detail

    def compose(self) -> ComposeResult:
        """Compose the dialog."""
        with Vertical(classes="dialog"):
            yield Title(self._title)
            yield Static(self._detail, markup=False)
