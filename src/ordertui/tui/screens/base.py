"""What every dialog is made of."""

from __future__ import annotations

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, ScreenResultType

from .selecting import Selecting


class Dialog(Selecting, ModalScreen[ScreenResultType]):
    """A modal screen that answers once.

    Textual's own takes whatever screen is on top away, each time it is dismissed: the second click of a double click on a
    list would so close what is beneath, and leave its question without an answer.
    """

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Answer and close; nothing when it has answered already."""
        return super().dismiss(result) if self.is_active else AwaitComplete()
