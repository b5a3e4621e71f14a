"""Every action by name: type, choose, Enter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from ordertui.tui.actions import Command
from ordertui.tui.render.format import MUTED
from ordertui.tui.widgets.line_input import LineInput
from ordertui.tui.widgets.option_list import SafeOptionList

from .base import Dialog


class PaletteScreen(Dialog[Command | None]):
    """The actions, narrowed by the words typed; gives the one chosen (why not Textual's: docs/decisions/0007)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "leave", show=False),
        Binding("down", "step(1)", show=False),
        Binding("up", "step(-1)", show=False),
    ]

    def __init__(self, actions: Sequence[Command]) -> None:
        super().__init__("Actions", "↑ ↓ choose   Enter do it   Esc leave")
        self._actions = tuple(action for action in actions if action.id != "app.palette")
        self._shown: list[Command] = []

    def _compose_body(self) -> ComposeResult:
        yield LineInput(placeholder="type to narrow")
        yield SafeOptionList()

    def on_mount(self) -> None:
        """Show all actions, and focus the input."""
        self._narrow("")
        self.query_one(OptionList).can_focus = False
        self.query_one(Input).focus()

    def _narrow(self, text: str) -> None:
        words = text.lower().split()
        found = [
            action
            for action in self._actions
            if all(word in f"{action.label} {action.description} {action.group} {action.id}".lower() for word in words)
        ]
        start = words[0] if words else ""
        self._shown = sorted(found, key=lambda action: not action.label.startswith(start))
        options = self.query_one(OptionList)
        options.clear_options()
        options.add_options(
            Option(
                Content.assemble(
                    (f"{action.key_text:<14}", "bold $text-accent"), action.description, (f"  {action.id}", MUTED)
                )
            )
            for action in self._shown
        )
        options.highlighted = 0 if self._shown else None

    @on(Input.Changed)
    def _changed(self, event: Input.Changed) -> None:
        self._narrow(event.value)

    @on(Input.Submitted)
    def _submitted(self) -> None:
        place = self.query_one(OptionList).highlighted
        self.dismiss(self._shown[place] if place is not None else None)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self._shown[event.option_index])

    def action_step(self, by: int) -> None:
        """Move the highlight up or down."""
        options = self.query_one(OptionList)
        if by > 0:
            options.action_cursor_down()
        else:
            options.action_cursor_up()
