"""The messages to buyers, one order after the other: a text to copy and, where the API is connected, to send once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from ordertui.operations.errors import foreseen_message
from ordertui.operations.session import Session
from ordertui.orders.enums import OrderStatus
from ordertui.orders.order import Order
from ordertui.tui.clipboard import copy
from ordertui.tui.key_queue import KeyQueue
from ordertui.tui.render.format import GAP, format_time, format_zone
from ordertui.tui.screens.task_runner import Task, TaskRunner

from .base import SCROLL_KEYS, Dialog, Title
from .dialogs import ConfirmScreen
from .progress import AskingScreen


class MessageScreen(Dialog[None]):
    """Walks through the texts for the buyers of some orders; remembers of which the text was copied."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "leave", "close", show=False),
        Binding("y", "copy", "copy", show=False),
        Binding("n,right,l", "step(1)", "next", show=False),
        Binding("p,left,h", "step(-1)", "back", show=False),
        Binding("s", "send", "send", show=False),
        *SCROLL_KEYS,
    ]

    def __init__(self, session: Session, keys: KeyQueue, order_ids: Sequence[str], copied: Mapping[str, int]) -> None:
        """`order_ids`: at least one. `copied`: when the text was copied last (epoch seconds), by order id."""
        super().__init__("Message", "Esc close", is_tall=True)
        self._tasks = TaskRunner(self, keys)
        self._session = session
        self._order_ids = tuple(order_ids)
        self._copied = dict(copied)
        self._place = 0
        self._text = ""
        """The text shown; empty where Amazon's rules allow no message."""

    def _compose_body(self) -> ComposeResult:
        with VerticalScroll(classes="dialog-body", can_focus=False):
            yield Static(id="message-text", markup=False)
            yield Static(id="message-before", markup=False)

    def on_mount(self) -> None:
        """Show the first text."""
        self._show()

    @property
    def _order_id(self) -> str:
        return self._order_ids[self._place]

    def _show(self) -> None:
        order_id, count = self._order_id, len(self._order_ids)
        order = self._session.orders.get(order_id)
        try:
            self._text = self._session.messages.text(order_id)
            shown = self._text
        except Exception as error:
            self._text, shown = "", f"No message: {foreseen_message(error) or 'the text could not be made'}"
        place = f" {self._place + 1} of {count}" if count > 1 else ""
        done = f" · {len(self._copied):,} of {count} copied" if count > 1 else ""
        at, zone = self._copied.get(order_id), self._session.orders.zone
        copied = f" · copied ✓ {format_time(at, zone)} {format_zone(at, zone)}" if at is not None else ""
        self.query_one(Title).update(f"Message{place} for the buyer of {order_id}{copied}{done}")
        self.query_one("#message-text", Static).update(shown)
        self._show_before(order)
        self.query_one(VerticalScroll).scroll_home(animate=False)
        hints = ["y copy, then the next" if count > 1 else "y copy"] if self._text else []
        hints += ["n next", "p back"] if count > 1 else []
        hints += ["s send it by Amazon's API"] if order is not None and self._can_send(order) else []
        self.show_keys(GAP.join([*hints, "Esc close"]))

    def _can_send(self, order: Order) -> bool:
        session = self._session
        connected = session.config.amazon.profile != "off" and not session.is_practice and not session.is_read_only
        return connected and bool(self._text) and order.row.status is OrderStatus.SHIPPED

    def _show_before(self, order: Order | None) -> None:
        can_send = order is not None and self._can_send(order)
        before = self._session.sync.messages.earlier_note(self._order_id) if can_send else ""
        self.query_one("#message-before", Static).update(f"\n! {before}" if before else "")

    def action_copy(self) -> None:
        """Copy the text, remember that of the order, and go on to the next."""
        if not self._text:
            self.notify("there is no text to copy")
            return
        order_id = self._order_id
        self.notify(copy(self.app, self._text, f"the message of {order_id}"))
        self._copied[order_id] = self._session.clock.now()
        self._tasks.start(lambda task: self._remember(task, order_id))
        if self._place + 1 < len(self._order_ids):
            self.action_step(1)
        else:
            self._show()

    async def _remember(self, task: Task, order_id: str) -> None:
        if not self._session.is_read_only:
            await task.work(self._session.messages.note_copied, order_id)

    def action_step(self, steps: int) -> None:
        """Go to the next order, or back to the one before."""
        self._place = max(0, min(len(self._order_ids) - 1, self._place + steps))
        self._show()

    def action_send(self) -> None:
        """Send the text by the API, when Amazon shows the order as shipped; it asks first."""
        order = self._session.orders.get(self._order_id)
        if order is not None and self._can_send(order):
            self._tasks.start(lambda task: self._send(task, order, self._text))
        else:
            self.notify(
                "by the API only, and when Amazon shows the order as shipped; copy the text into Seller Central"
            )

    async def _send(self, task: Task, order: Order, text: str) -> None:
        asking = AskingScreen("Asking Amazon which message it allows")
        online = self._session.sync
        try:
            with task.showing(asking):
                message = await task.work(
                    online.messages.preview,
                    order,
                    text,
                    self._session.messages.language(order),
                    stop=lambda: asking.stopping,
                )
            if not message.kind:
                self.notify(f"{message.about}; write to the buyer in Seller Central", severity="warning", timeout=10)
                return
            question = ConfirmScreen(
                f"Send just this to the buyer of {message.order_id}, once?",
                {"w": "send it"},
                f"\n{message.text}\n\n{message.about}. It cannot be undone.",
            )
            if await task.ask(question, discard_typeahead=True):
                self.notify(await task.work(online.messages.send, message))
        finally:
            self._show_before(order)
