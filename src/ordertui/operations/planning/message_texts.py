"""The text of the message to a buyer, for Seller Central or for the API."""

from __future__ import annotations

from collections.abc import Iterable

from ordertui.operations.context import SessionContext
from ordertui.operations.eligibility import Eligibility
from ordertui.operations.errors import BadInput, Refused
from ordertui.orders.enums import Action
from ordertui.orders.order import Order
from ordertui.orders.people import Permission
from ordertui.orders.text import name_order
from ordertui.store import MESSAGE_COPIED

from .planner import Planner


class MessageTexts:
    """Writes messages by the policies in force."""

    def __init__(self, context: SessionContext, eligibility: Eligibility, planner: Planner) -> None:
        self._context = context
        self._eligibility = eligibility
        self._planner = planner

    def text(self, order_id: str) -> str:
        """Return the text for the buyer. Raises BadInput for an unknown order, Refused with the rule's reason."""
        order = self._context.reader().orders.order(order_id)
        if order is None:
            raise BadInput(f"no order {name_order(order_id)} in this store")
        verdict = self._eligibility.verdict(order.row, Action.MESSAGE, order.lines)
        if not verdict.allowed:
            raise Refused(f"{order_id}: {verdict.why} ({verdict.rule})")
        return self._planner.orders.message(order)

    def note_copied(self, order_id: str) -> None:
        """Remember of an order that the text for its buyer was copied; it is not said that it was sent."""
        store = self._context.writer(Permission.RECORD)
        with store.write():
            store.audit.append(MESSAGE_COPIED, {"orders": [order_id]})

    def copied_at(self, order_ids: Iterable[str]) -> dict[str, int]:
        """Return when the text for each order's buyer was copied last (epoch seconds); without those it never was."""
        return self._context.reader().audit.newest(MESSAGE_COPIED, order_ids)

    def language(self, order: Order) -> str:
        """Return the language of that text, such as `en`."""
        return self._eligibility.policy(order.row.marketplace).message_language
