"""Messages to buyers by Amazon's own templates: only after the shipment is confirmed, only what Amazon allows for the order,
shown before they go, sent once. None ever asks a buyer to cancel (AMAZON.md i)."""

from __future__ import annotations

import json

import msgspec

from ordertui.amazon.spapi.answers import BuyerAttributes, Created, MessagingActions
from ordertui.amazon.spapi.client import Client
from ordertui.amazon.spapi.errors import CallStopped, SpApiError
from ordertui.amazon.spapi.operations import (
    CONFIRM_DELIVERY_DETAILS,
    GET_ATTRIBUTES,
    GET_MESSAGING_ACTIONS,
    UNEXPECTED_PROBLEM,
)
from ordertui.orders.clock import Clock, iso_utc
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.order import Order
from ordertui.orders.status import OrderStatus
from ordertui.store import Store

from .errors import BadInput, OperationError, Refused

TEMPLATES = {"unexpectedProblem": UNEXPECTED_PROBLEM, "confirmDeliveryDetails": CONFIRM_DELIVERY_DETAILS}
"""Kinds that fit a parcel on its way, the fitting one first. `confirmOrderDetails` is for before the shipment: it is not sent."""
LONGEST = 2000
"""Characters a message may have (model of Messaging v1)."""
_NOTE = "amazon:message:"


class Message(msgspec.Struct, frozen=True):
    """A message before it goes."""

    order_id: str
    marketplace: str
    kind: str
    """The template it goes by; empty when Amazon allows none that fits."""
    language: str
    """The buyer's, as Amazon says: the text must be in it."""
    text: str


class Messenger:
    """Sends messages for one store."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    async def preview(self, client: Client, order: Order, text: str) -> Message:
        """What would go. Raises Refused when the shipment is not confirmed or a message went before, BadInput for a text that Amazon refuses."""
        row = order.row
        if row.status is not OrderStatus.SHIPPED:
            raise Refused(
                f"{row.order_id}: its shipment is not confirmed to Amazon; confirm it first, then the message can go"
            )
        before = self._store.meta(_NOTE + row.order_id)
        if before is not None:
            raise Refused(f"{row.order_id}: {before}; look into Seller Central's messages before writing again")
        if not 1 <= len(text) <= LONGEST or "<" in text or "@" in text:
            raise BadInput(f"the text must have 1 to {LONGEST:,} characters, no HTML and no e-mail address")
        path, query = {"amazonOrderId": row.order_id}, {"marketplaceIds": MARKETPLACES[row.marketplace].id}
        actions = await client.call(GET_MESSAGING_ACTIONS, MessagingActions, path=path, query=query)
        buyer = await client.call(GET_ATTRIBUTES, BuyerAttributes, path=path, query=query)
        kind = next((name for name in TEMPLATES if name in actions.names), "")
        return Message(row.order_id, row.marketplace, kind, buyer.locale, text)

    async def send(self, client: Client, message: Message) -> str:
        """Send it, once; gives what to say. Raises Refused, OperationError when it is not clear whether it went."""
        if not message.kind:
            raise Refused(
                f"{message.order_id}: Amazon allows no message that fits; write to the buyer in Seller Central"
            )
        self._keep(message, f"a message may have gone at {iso_utc(self._clock.now())}")
        try:
            await client.call(
                TEMPLATES[message.kind], Created, path={"amazonOrderId": message.order_id},
                query={"marketplaceIds": MARKETPLACES[message.marketplace].id}, body={"text": message.text},
            )  # fmt: skip
        except (SpApiError, CallStopped) as error:
            if isinstance(error, SpApiError) and error.maybe_done:
                raise OperationError(
                    f"{message.order_id}: it is not clear whether the message went ({error}); look into Seller Central before writing again"
                ) from error
            self._keep(message, None)
            raise
        said = f"a message went at {iso_utc(self._clock.now())}"
        self._keep(message, said)
        return said

    def _keep(self, message: Message, state: str | None) -> None:
        with self._store.writing():
            self._store.set_meta(_NOTE + message.order_id, state)
            payload = {"orders": [message.order_id], "template": message.kind, "state": state or "it did not go"}
            self._store.audit_add("message", json.dumps(payload, sort_keys=True, separators=(",", ":")))
