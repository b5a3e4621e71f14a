"""Asks for the passphrase of the sealed credentials; what is typed is not shown."""

from __future__ import annotations

from textual.widgets import Input

from .dialogs import FormScreen


class PassphraseScreen(FormScreen):
    """One field; Enter gives what was typed, Escape nothing."""

    def __init__(self) -> None:
        super().__init__(
            "The credentials are sealed", [("word", "Passphrase", "")], "It is kept in memory until you leave."
        )

    def on_mount(self) -> None:
        """Begin in the field."""
        self.query_one(Input).password = True
        super().on_mount()
