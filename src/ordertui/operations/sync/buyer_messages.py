"""Messages to buyers by Amazon's own templates: only after the shipment is confirmed, only what Amazon allows for the order,
shown before they go, sent once. None ever asks a buyer to cancel (AMAZON.md i): a text that speaks of it is refused.
"""

from __future__ import annotations

import json
from hashlib import sha256

import msgspec

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
from ordertui.orders.clock import Clock, iso_utc
from ordertui.orders.enums import OrderStatus
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.order import Order
from ordertui.store import Store

TEMPLATES = {"unexpectedProblem": UNEXPECTED_PROBLEM, "confirmDeliveryDetails": CONFIRM_DELIVERY_DETAILS}
"""Kinds that fit a parcel on its way, the fitting one first. `confirmOrderDetails` is for before the shipment: it is not sent."""
UNCLEAR = "a message may have gone at"
"""How the note of a message begins whose call had no clear answer."""
_NOTE = "amazon:message:"


def checked_text(text: str) -> str:
    """The text, if it may be sent. Raises BadInput for what Amazon refuses, Refused for a text that speaks of cancelling."""
    limits = message_limits()
    if not 1 <= len(text) <= limits.longest.value or "<" in text or "@" in text:
        raise BadInput(f"the text must have 1 to {limits.longest.value:,} characters, no HTML and no e-mail address")
    found = next((word for word in limits.asks_to_cancel.words if word in text.casefold()), "")
    if found:
        raise Refused(f"the text says “{found}”: a buyer is never asked to cancel; nothing was sent")
    return text


class Message(msgspec.Struct, frozen=True):
    """A message before it goes: exactly this goes, or nothing."""

    order_id: str
    marketplace: str
    kind: str
    """The template it goes by; empty when Amazon allows none that fits."""
    language: str
    """The buyer's, as Amazon says: the text must be in it."""
    text: str
    written_in: str = ""
    """Language of the text, such as `en`; empty: not said."""

    @property
    def misread(self) -> bool:
        """Whether the text is in another language than the buyer's."""
        return bool(self.written_in and self.language) and self.language[:2].lower() != self.written_in[:2]

    @property
    def about(self) -> str:
        """Template and language, in words."""
        template = f"template {self.kind}" if self.kind else "Amazon allows no template that fits this order now"
        other = f", but the text is in {self.written_in}: Amazon wants the buyer's language" if self.misread else ""
        return f"{template}; the buyer's language: {self.language or 'not said'}{other}"


class Messenger:
    """Sends messages for one store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def before(self, order_id: str) -> str:
        """What is known of a message that went, or may have; empty when none did."""
        return self._store.meta(_NOTE + order_id) or ""

    def _may(self, order_id: str) -> None:
        """Raises Refused when a message went before, or may have."""
        before = self.before(order_id)
        if before:
            raise Refused(f"{order_id}: {before}; look into Seller Central's messages before writing again")

    async def preview(self, client: Client, order: Order, text: str, written_in: str = "") -> Message:
        """What would go. Raises Refused when the shipment is not confirmed or a message went before, and as `checked_text`."""
        row = order.row
        if row.status is not OrderStatus.SHIPPED:
            raise Refused(
                f"{row.order_id}: its shipment is not confirmed to Amazon; confirm it first, then the message can go"
            )
        self._may(row.order_id)
        checked_text(text)
        path, query = {"amazonOrderId": row.order_id}, {"marketplaceIds": MARKETPLACES[row.marketplace].id}
        actions = await client.call(GET_MESSAGING_ACTIONS, MessagingActions, path=path, query=query)
        buyer = await client.call(GET_ATTRIBUTES, BuyerAttributes, path=path, query=query)
        kind = next((name for name in TEMPLATES if name in actions.names), "")
        return Message(row.order_id, row.marketplace, kind, buyer.locale, text, written_in)

    async def send(self, client: Client, message: Message) -> str:
        """Send just what was shown, once; gives what to say. Raises Refused, OperationError when it is not clear whether it went."""
        if not message.kind:
            raise Refused(
                f"{message.order_id}: Amazon allows no message that fits; write to the buyer in Seller Central"
            )
        checked_text(message.text)
        with self._store.write():  # of two processes one sends
            self._may(message.order_id)
            self._keep(message, f"{UNCLEAR} {iso_utc(self._clock.now())}")
        try:
            await client.call(
                TEMPLATES[message.kind], Created, path={"amazonOrderId": message.order_id},
                query={"marketplaceIds": MARKETPLACES[message.marketplace].id}, body={"text": message.text},
            )  # fmt: skip
        except (SpApiError, CallCancelled) as error:
            if isinstance(error, SpApiError) and error.may_have_been_applied:
                raise OperationError(
                    f"{message.order_id}: it is not clear whether the message went ({error}); it is not sent again: look into"
                    " Seller Central's messages"
                ) from error
            self._keep(message, None)
            raise
        said = f"a message went at {iso_utc(self._clock.now())}"
        self._keep(message, said)
        return said

    def did_not_go(self, order_id: str) -> None:
        """The operator looked: the unclear message did not go, and may be sent. Raises Refused when none is unclear."""
        if not self.before(order_id).startswith(UNCLEAR):
            raise Refused(f"{order_id}: {self.before(order_id) or 'no message was sent'}; there is nothing to settle")
        with self._store.write():
            self._store.set_meta(_NOTE + order_id, None)
            self._tell({"orders": [order_id], "state": "it did not go, by the operator's word"})

    def _keep(self, message: Message, state: str | None) -> None:
        with self._store.write():
            self._store.set_meta(_NOTE + message.order_id, state)
            self._tell(
                {
                    "orders": [message.order_id],
                    "template": message.kind,
                    "text": sha256(message.text.encode()).hexdigest(),
                    "state": state or "it did not go",
                }
            )

    def _tell(self, payload: dict[str, object]) -> None:
        self._store.audit.add("message", json.dumps(payload, sort_keys=True, separators=(",", ":")))
