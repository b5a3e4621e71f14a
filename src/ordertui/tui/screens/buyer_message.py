"""The messages to buyers, one order after the other: a text to copy and, where the API is connected, to send once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.widgets import Static

from ordertui.messages import N_, _
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
from .errors import shows_errors
from .progress import AskingScreen


class MessageScreen(Dialog[None]):
    """Walks through the texts for the buyers of some orders; remembers of which the text was copied."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,enter", "leave", N_("close"), show=False),
        Binding("y", "copy", N_("copy"), show=False),
        Binding("n,right,l", "step(1)", N_("next"), show=False),
        Binding("p,left,h", "step(-1)", N_("back"), show=False),
        Binding("s", "send", N_("send"), show=False),
        *SCROLL_KEYS,
    ]

    def __init__(self, session: Session, keys: KeyQueue, order_ids: Sequence[str], copied: Mapping[str, int]) -> None:
        """`order_ids`: at least one. `copied`: when the text was copied last (epoch seconds), by order id."""
        super().__init__(_("Message"), _("Esc close"), is_tall=True)
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

    @shows_errors
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
            self._text, shown = (
                "",
                _("No message: {value}", value=foreseen_message(error) or _("the text could not be made")),
            )
        place = _(" {place} of {count}", place=self._place + 1, count=count) if count > 1 else ""
        done = _(" · {copied:,} of {count} copied", copied=len(self._copied), count=count) if count > 1 else ""
        at, zone = self._copied.get(order_id), self._session.orders.zone
        copied = (
            _(" · copied ✓ {at} {at_2}", at=format_time(at, zone), at_2=format_zone(at, zone)) if at is not None else ""
        )
        self.query_one(Title).update(
            _(
                "Message{place} for the buyer of {order_id}{copied}{done}",
                place=place,
                order_id=order_id,
                copied=copied,
                done=done,
            )
        )
        self.query_one("#message-text", Static).update(shown)
        self._show_before(order)
        self.query_one(VerticalScroll).scroll_home(animate=False)
        hints = [_("y copy, then the next") if count > 1 else _("y copy")] if self._text else []
        hints += [_("n next"), _("p back")] if count > 1 else []
        hints += [_("s send it by Amazon's API")] if order is not None and self._can_send(order) else []
        self.show_keys(GAP.join([*hints, _("Esc close")]))

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
            self.notify(_("there is no text to copy"))
            return
        order_id = self._order_id
        self.notify(copy(self.app, self._text, _("the message of {order_id}", order_id=order_id)))
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
                _("by the API only, and when Amazon shows the order as shipped; copy the text into Seller Central")
            )

    async def _send(self, task: Task, order: Order, text: str) -> None:
        asking = AskingScreen(_("Asking Amazon which message it allows"))
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
                self.notify(
                    _("{about}; write to the buyer in Seller Central", about=message.about),
                    severity="warning",
                    timeout=10,
                )
                return
            question = ConfirmScreen(
                _("Send just this to the buyer of {order_id}, once?", order_id=message.order_id),
                {"w": _("send it")},
                _("\n{message}\n\n{about}. It cannot be undone.", message=message.text, about=message.about),
            )
            if await task.ask(question, discard_typeahead=True):
                self.notify(await task.work(online.messages.send, message))
        finally:
            self._show_before(order)
