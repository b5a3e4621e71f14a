"""One order in full: read it, go to the next one, act on it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

import msgspec
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content

from ordertui.messages import _, pgettext
from ordertui.orders.enums import Action
from ordertui.tui.clipboard import copy
from ordertui.tui.keymap import Keymap
from ordertui.tui.render.format import GAP

from .base import SCROLL_KEYS, Dialog, FittedText, Title


class ShownOrder(msgspec.Struct, frozen=True):
    """The order that the dialog shows: what its keys act on, wherever the table's cursor is by then."""

    row_id: int
    order_id: str


class OrderScreen(Dialog[tuple[Action, ShownOrder] | None]):
    """Shows orders one after the other; answers with what to do with which of them, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "leave", show=False),
        Binding("y", "copy", show=False),
        Binding("n,right", "step(True)", show=False),
        Binding("p,left", "step(False)", show=False),
        *SCROLL_KEYS,
    ]

    def __init__(
        self,
        shown: ShownOrder,
        step: Callable[[int, bool], ShownOrder | None],
        describe: Callable[[str], Content],
        keymap: Keymap,
    ) -> None:
        """`step` returns the order after (True) or before the one of a row number; None when there is none."""
        self._commands = {action: keymap.command(f"order.{action.value}") for action in Action}
        acts = [f"{one.first_key} {pgettext('key', one.label)}" for one in self._commands.values() if one.has_key]
        hints = [_("n next"), _("p previous"), *acts, _("y copy id"), _("Esc close")]
        super().__init__(_("Order {order_id}", order_id=shown.order_id), GAP.join(hints), is_tall=True)
        self._shown = shown
        self._step = step
        self._describe = describe

    def _more_keys(self) -> Sequence[tuple[str, str]]:
        return [(one.key_text, _(one.description)) for one in self._commands.values() if one.has_key]

    def on_key(self, event: events.Key) -> None:
        """Close with the action of a key, to do it with the order shown."""
        for action, command in self._commands.items():
            if event.key in command.keys.split(","):
                event.stop()
                self.dismiss((action, self._shown))

    def _compose_body(self) -> ComposeResult:
        with VerticalScroll(classes="dialog-body", can_focus=False):
            yield FittedText(partial(self._describe, self._shown.order_id), name="order-text")

    def action_step(self, forward: bool) -> None:
        """Show the next or the previous order of the view."""
        found = self._step(self._shown.row_id, forward)
        if found is None:
            self.notify(_("the last order") if forward else _("the first order"), timeout=2)
            return
        self._shown = found
        self.query_one(Title).update(_("Order {order_id}", order_id=found.order_id))
        self.query_one(FittedText).show(partial(self._describe, found.order_id))
        self.query_one(VerticalScroll).scroll_home(animate=False)

    def action_copy(self) -> None:
        """Copy the order id."""
        self.notify(copy(self.app, self._shown.order_id, self._shown.order_id))
