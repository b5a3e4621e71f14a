"""Messages to buyers by Amazon's templates: shown before they are sent, and sent once.

A message goes only after the shipment is confirmed, and only by a template that Amazon allows for the order. A buyer is
never asked to cancel (AMAZON.md i): a text that speaks of cancelling is refused.
"""

from __future__ import annotations

from hashlib import sha256

import msgspec

from ordertui.amazon.spapi.cancellable_sleep import OnWait, Stop, ignore_wait, never_stop
from ordertui.amazon.spapi.client import Client
from ordertui.amazon.spapi.errors import CallCancelled, SpApiError
from ordertui.amazon.spapi.operations import (
    CONFIRM_DELIVERY_DETAILS,
    GET_ATTRIBUTES,
    GET_MESSAGING_ACTIONS,
    UNEXPECTED_PROBLEM,
)
from ordertui.amazon.spapi.schemas import BuyerAttributes, Created, MessagingActions
from ordertui.operations.errors import BadInput, OperationError, Refused
from ordertui.operations.limits import message_limits
from ordertui.orders.clock import iso_utc
from ordertui.orders.enums import OrderStatus
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.order import Order

from .connection import ApiConnection

TEMPLATES = {"unexpectedProblem": UNEXPECTED_PROBLEM, "confirmDeliveryDetails": CONFIRM_DELIVERY_DETAILS}
"""Templates for a parcel on its way, the best one first. `confirmOrderDetails` is for orders before the shipment."""
UNCLEAR = "a message may have gone at"
"""Start of the note on a message whose call had no clear answer."""
_NOTE_KEY = "amazon:message:"


def check_text(text: str) -> None:
    """Raise BadInput for a text that Amazon refuses, Refused for one that speaks of cancelling."""
    limits = message_limits()
    if not 1 <= len(text) <= limits.longest.value or "<" in text or "@" in text:
        raise BadInput(f"the text must have 1 to {limits.longest.value:,} characters, no HTML and no e-mail address")
    found = next((word for word in limits.asks_to_cancel.words if word in text.casefold()), "")
    if found:
        raise Refused(f"the text says “{found}”: a buyer is never asked to cancel; nothing was sent")


class Message(msgspec.Struct, frozen=True):
    """A message as it is shown and then sent, unchanged."""

    order_id: str
    marketplace: str
    kind: str
    """Name of the template; empty when Amazon allows none that fits."""
    language: str
    """The buyer's language as Amazon names it; the text has to be in it."""
    text: str
    written_in: str = ""
    """Language of the text, such as `en`; empty: not known."""

    @property
    def is_wrong_language(self) -> bool:
        """Whether the text is known to be in another language than the buyer's."""
        return bool(self.written_in and self.language) and self.language[:2].lower() != self.written_in[:2]

    @property
    def about(self) -> str:
        """Text about the template and the language."""
        template = f"template {self.kind}" if self.kind else "Amazon allows no template that fits this order now"
        other = ""
        if self.is_wrong_language:
            other = f", but the text is in {self.written_in}: Amazon wants the buyer's language"
        return f"{template}; the buyer's language: {self.language or 'not said'}{other}"


class BuyerMessenger:
    """Previews and sends messages for one store."""

    def __init__(self, connection: ApiConnection) -> None:
        self._connection = connection
        self._store = connection.context.store
        self._clock = connection.context.clock

    def earlier_note(self, order_id: str) -> str:
        """Return the note on a message that was sent, or may have been; empty when none was. Nothing is called."""
        return self._connection.context.reader().meta(_NOTE_KEY + order_id) or ""

    def preview(
        self, order: Order, text: str, written_in: str = "", *, on_wait: OnWait = ignore_wait, stop: Stop = never_stop
    ) -> Message:
        """Ask Amazon for template and language, and return the message as it would be sent.

        Raises Refused when the shipment is not confirmed or a message was sent before; SpApiError, BadInput, Stopped.
        """
        return self._connection.run(
            lambda client: self._preview(client, order, text, written_in), on_wait=on_wait, stop=stop
        )

    def send(self, message: Message, *, on_wait: OnWait = ignore_wait, stop: Stop = never_stop) -> str:
        """Send a message as it was shown, once, and return the note on it.

        Raises Refused; OperationError when it is not clear whether Amazon sent it; SpApiError, Stopped.
        """
        return self._connection.run(lambda client: self._send(client, message), on_wait=on_wait, stop=stop)

    def mark_not_sent(self, order_id: str) -> None:
        """Record the operator's ruling that an unclear message was not sent. Raises Refused when none is unclear."""
        note = self.earlier_note(order_id)
        if not note.startswith(UNCLEAR):
            raise Refused(f"{order_id}: {note or 'no message was sent'}; there is nothing to settle")
        with self._store.write():
            self._store.set_meta(_NOTE_KEY + order_id, None)
            self._audit({"orders": [order_id], "state": "it did not go, by the operator's word"})

    async def _preview(self, client: Client, order: Order, text: str, written_in: str) -> Message:
        row = order.row
        if row.status is not OrderStatus.SHIPPED:
            raise Refused(
                f"{row.order_id}: its shipment is not confirmed to Amazon; confirm it first, then the message can go"
            )
        self._check_first(row.order_id)
        check_text(text)
        path, query = {"amazonOrderId": row.order_id}, {"marketplaceIds": MARKETPLACES[row.marketplace].id}
        actions = await client.call(GET_MESSAGING_ACTIONS, MessagingActions, path=path, query=query)
        buyer = await client.call(GET_ATTRIBUTES, BuyerAttributes, path=path, query=query)
        kind = next((name for name in TEMPLATES if name in actions.names), "")
        return Message(row.order_id, row.marketplace, kind, buyer.locale, text, written_in)

    async def _send(self, client: Client, message: Message) -> str:
        order_id = message.order_id
        if not message.kind:
            raise Refused(f"{order_id}: Amazon allows no message that fits; write to the buyer in Seller Central")
        check_text(message.text)
        with self._store.write():  # of two processes only one sends
            self._check_first(order_id)
            self._record(message, f"{UNCLEAR} {iso_utc(self._clock.now())}")
        path, query = {"amazonOrderId": order_id}, {"marketplaceIds": MARKETPLACES[message.marketplace].id}
        try:
            await client.call(TEMPLATES[message.kind], Created, path=path, query=query, body={"text": message.text})
        except (SpApiError, CallCancelled) as error:
            if isinstance(error, SpApiError) and error.may_have_been_applied:
                raise OperationError(
                    f"{order_id}: it is not clear whether the message went ({error}); it is not sent again: look into"
                    " Seller Central's messages"
                ) from error
            self._record(message, None)
            raise
        note = f"a message went at {iso_utc(self._clock.now())}"
        self._record(message, note)
        return note

    def _check_first(self, order_id: str) -> None:
        """Raise Refused when a message was sent before, or may have been."""
        note = self._store.meta(_NOTE_KEY + order_id)  # by the writer: within `_send` the transaction guards it
        if note:
            raise Refused(f"{order_id}: {note}; look into Seller Central's messages before writing again")

    def _record(self, message: Message, note: str | None) -> None:
        """Keep the note on a message, and an audit entry; None removes the note."""
        with self._store.write():
            self._store.set_meta(_NOTE_KEY + message.order_id, note)
            self._audit(
                {
                    "orders": [message.order_id],
                    "template": message.kind,
                    "text": sha256(message.text.encode()).hexdigest(),
                    "state": note or "it did not go",
                }
            )

    def _audit(self, payload: dict[str, object]) -> None:
        self._store.audit.add("message", payload)
