"""One order in full: read it, go to the next one, act on it."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import msgspec
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from ordertui.orders.enums import Action
from ordertui.tui.clipboard import copy
from ordertui.tui.keymap import Keymap

from .base import SCROLL_KEYS, Dialog, Title


class ShownOrder(msgspec.Struct, frozen=True):
    """The order under the table's cursor, as the dialog needs it."""

    order_id: Callable[[], str]
    move: Callable[[bool], bool]
    """Goes to the next order (True) or the one before; returns whether there is one."""
    describe: Callable[[], Content]


class OrderScreen(Dialog[Action | None]):
    """Shows orders one after the other; answers with what to do with the one shown, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "leave", show=False),
        Binding("y", "copy", show=False),
        Binding("n,right", "step(True)", show=False),
        Binding("p,left", "step(False)", show=False),
        *SCROLL_KEYS,
    ]

    def __init__(self, shown: ShownOrder, keymap: Keymap) -> None:
        keys = [(keymap.first_key(f"order.{action.value}"), action) for action in Action]
        acts = "   ".join(f"{key} {action.value}" for key, action in keys)
        super().__init__(
            f"Order {shown.order_id()}", f"n next   p previous   {acts}   y copy id   Esc close", is_tall=True
        )
        self._shown = shown
        self._actions = {
            key: action
            for action in Action
            for command in keymap.commands
            if command.id == f"order.{action.value}"
            for key in command.keys.split(",")
        }

    def on_key(self, event: events.Key) -> None:
        """Close with the action of a key, to do it with the order shown."""
        action = self._actions.get(event.key)
        if action is not None:
            event.stop()
            self.dismiss(action)

    def _compose_body(self) -> ComposeResult:
        with VerticalScroll(classes="dialog-body", can_focus=False):
            yield Static(self._shown.describe(), id="order-text", markup=False)

    def action_step(self, forward: bool) -> None:
        """Show the next or the previous order of the view."""
        if not self._shown.move(forward):
            self.notify("the last order" if forward else "the first order", timeout=2)
            return
        self.query_one(Title).update(f"Order {self._shown.order_id()}")
        self.query_one("#order-text", Static).update(self._shown.describe())
        self.query_one(VerticalScroll).scroll_home(animate=False)

    def action_copy(self) -> None:
        """Copy the order id."""
        self.notify(copy(self.app, self._shown.order_id(), self._shown.order_id()))
