"""The message to a buyer: a text to copy and, where the API is connected, to send once."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from ordertui.operations.session import Session
from ordertui.orders.enums import OrderStatus
from ordertui.orders.order import Order
from ordertui.tui.key_queue import KeyQueue
from ordertui.tui.screens.task_runner import Task, TaskRunner

from .dialogs import ConfirmScreen, TextScreen
from .progress import AskingScreen


class MessageScreen(TextScreen):
    """The text; `y` copies it, `s` sends it by the API if Amazon allows it and the operator confirms."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("s", "send", "send", show=False)]

    def __init__(self, session: Session, keys: KeyQueue, order: Order, text: str) -> None:
        connected = session.config.amazon.profile != "off" and not session.is_practice and not session.is_read_only
        self._can_send = connected and order.row.status is OrderStatus.SHIPPED
        hint = "y copy   s send it by Amazon's API   Esc close" if self._can_send else "y copy   Esc close"
        super().__init__(f"Message for the buyer of {order.row.order_id}", text, copy=text, keys=hint)
        self._tasks = TaskRunner(self, keys)
        self._session = session
        self._order = order
        self._text = text

    def _compose_body(self) -> ComposeResult:
        with VerticalScroll(classes="dialog-body", can_focus=False):
            yield Static(self._body, markup=False)
            yield Static(id="message-before", markup=False)

    def on_mount(self) -> None:
        """Show what was sent before."""
        self._show_before()

    def _show_before(self) -> None:
        before = self._session.sync.messages.earlier_note(self._order.row.order_id) if self._can_send else ""
        self.query_one("#message-before", Static).update(f"\n! {before}" if before else "")

    def action_send(self) -> None:
        """Ask Amazon which template it allows, show it with the text, and send it if the operator confirms."""
        if self._can_send:
            self._tasks.start(self._send)
        else:
            self.notify(
                "by the API only, and when Amazon shows the order as shipped; copy the text into Seller Central"
            )

    async def _send(self, task: Task) -> None:
        asking = AskingScreen("Asking Amazon which message it allows")
        online = self._session.sync
        try:
            with task.showing(asking):
                message = await task.work(
                    online.messages.preview,
                    self._order,
                    self._text,
                    self._session.messages.language(self._order),
                    stop=lambda: asking.stopping,
                )
            if not message.kind:
                self.notify(f"{message.about}; write to the buyer in Seller Central", severity="warning", timeout=10)
                return
            question = ConfirmScreen(
                f"Send just this to the buyer of {message.order_id}, once?",
                {"w": "send it"},
                f"\n{message.text}\n\n{message.about}. It cannot be taken back.",
            )
            if await task.ask(question, discard_typeahead=True):
                self.notify(await task.work(online.messages.send, message))
        finally:
            self._show_before()
