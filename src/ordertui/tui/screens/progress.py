"""Dialogs shown while something takes time that can be stopped: an import, a question to Amazon."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import ProgressBar, Static

from ordertui.messages import N_, _

from .base import Dialog, Title
from .errors import call_every


class AskingScreen(Dialog[None]):
    """Shown while a thread works, such as one that asks Amazon; Escape asks it to stop."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "stop", N_("stop"), show=False)]

    def __init__(self, title: str, keys: str = "") -> None:
        super().__init__(title, keys or _("Esc stop"))
        self.stopping = False
        """Read by the thread."""

    def action_stop(self) -> None:
        """Ask the thread to stop."""
        self.stopping = True

    def on_unmount(self) -> None:
        """Ask the thread to stop when the application ends, so that nothing goes on without a screen."""
        self.stopping = True


class ProgressScreen(AskingScreen):
    """A bar while a thread goes through much, such as a file or many orders; Escape asks it to stop."""

    def __init__(self, title: str = "", keys: str = "") -> None:
        super().__init__(title or _("Importing"), keys or _("Esc stop; what was read is kept"))
        self._latest: tuple[int, int, str] | None = None
        """Set by the thread, read here by a timer: a thread never touches a widget."""

    def retitle(self, title: str) -> None:
        """Show another title, of what the thread goes through next."""
        self._title = title
        for shown in self.query(Title):
            shown.update(title)

    def advance(self, done: int, total: int, text: str = "") -> None:
        """Take what is done of all, from any thread; `text` says it in words. A total of 0 is not known yet."""
        self._latest = done, total, text or _("{done:,} of {total:,}", done=done, total=total)

    def _compose_body(self) -> ComposeResult:
        yield ProgressBar(total=None, show_eta=True)
        yield Static("", id="progress-text", markup=False)

    def on_mount(self) -> None:
        """Show the progress a few times a second."""
        call_every(self, 0.2, self._look)

    def action_stop(self) -> None:
        """Ask the thread to stop."""
        super().action_stop()
        self._look()

    def _look(self) -> None:
        text = ""
        if self._latest is not None:
            done, total, text = self._latest
            self.query_one(ProgressBar).update(total=total or None, progress=done)
        self.query_one("#progress-text", Static).update(text + (_("   stopping…") if self.stopping else ""))
