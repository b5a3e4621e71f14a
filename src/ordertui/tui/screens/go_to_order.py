"""The dialog that asks where to go in the table: an order id, several to mark, or the first order."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from ordertui.messages import N_, _
from ordertui.tui.widgets.line_input import LineInput

from .base import Dialog

FIRST = "g"
"""Typed alone it stands for the first order, as vim's `gg`; no order id has a letter."""


class GoScreen(Dialog[str | None]):
    """Gives the text typed or pasted, or FIRST at once; None when nothing was typed."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", N_("leave"), show=False)]

    def __init__(self) -> None:
        note = _("A part finds the ids that have it. Several ids, pasted in any form, are marked.")
        super().__init__(_("Go to an order"), _("Enter go   g the first order   Esc leave"), note=note)

    def _compose_body(self) -> ComposeResult:
        yield Static("")
        yield LineInput(placeholder="111-2222222-3333333")

    def on_mount(self) -> None:
        """Focus the input."""
        self.query_one(Input).focus()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value == FIRST:
            self.dismiss(FIRST)

    @on(Input.Submitted)
    def _done(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss(event.value.strip() or None)
