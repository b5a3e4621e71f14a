"""Base of every dialog, and a guard that every screen needs."""

from __future__ import annotations

from collections.abc import Callable

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, ScreenResultType


def read_selected_text(read: Callable[[], str | None]) -> str | None:
    """Return the text that Textual's `Screen.get_selected_text` gives; None where it fails.

    Textual raises IndexError when a widget's text has become shorter since it was selected.
    """
    try:
        return read()
    except IndexError:
        return None


class Dialog(ModalScreen[ScreenResultType]):
    """A modal screen that answers once.

    Textual dismisses whatever screen is on top, each time it is asked to: the second click of a double click on a list
    would close the screen beneath, and leave its question without an answer.
    """

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Answer and close; do nothing when the dialog has answered already."""
        return super().dismiss(result) if self.is_active else AwaitComplete()

    def get_selected_text(self) -> str | None:
        """Return the text selected with the mouse, for ctrl+c."""
        return read_selected_text(super().get_selected_text)
