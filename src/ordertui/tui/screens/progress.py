"""How far a long run is, and the key that stops it; or that something takes a moment."""

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
    """A bar while a file is read; Escape asks it to stop after a whole chunk."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "stop", "stop", show=False)]

    def __init__(self, title: str = "Importing") -> None:
        super().__init__(classes="dialog-screen")
        self._title = title
        self.latest: ImportProgress | None = None
        """Written by the import's thread, read here by a timer."""
        self.stopping = False
        self._started = time.monotonic()

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Title(self._title)
            yield ProgressBar(total=None, show_eta=True)
            yield Static("", id="progress-text", markup=False)
            yield Static("Esc stop; what was read is kept", classes="dialog-keys")

    def on_mount(self) -> None:
        """Look a few times a second."""
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
        """Ask the import to end."""
        self.stopping = True


class AskingScreen(Dialog[None]):
    """While Amazon is asked; Escape stops it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "stop", "stop", show=False)]

    def __init__(self, what: str) -> None:
        super().__init__(classes="dialog-screen")
        self._what = what
        self.stopping = False
        """Read by the thread that asks."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Title(self._what)
            yield Static("Esc stop", classes="dialog-keys")

    def action_stop(self) -> None:
        """Ask it to end."""
        self.stopping = True


class WaitScreen(Dialog[None]):
    """Something that takes some seconds and cannot be stopped halfway."""

    def __init__(self, title: str, detail: str) -> None:
        super().__init__(classes="dialog-screen")
        self._title = title
        self._detail = detail

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Title(self._title)
            yield Static(self._detail, markup=False)
