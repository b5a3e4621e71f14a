"""One order's shipment confirmed by its own call: at once, where a feed would take up to half an hour.

Only a batch that holds a single order of which nothing has left yet goes this way; several go as one feed, which is
Amazon's way for many. The call is made once: it is no GET, and Amazon says nowhere what a second one does.
"""

from __future__ import annotations

from hashlib import sha256

import msgspec

from ordertui.amazon.feeds import FEED_TYPES
from ordertui.amazon.spapi.client import Client
from ordertui.amazon.spapi.errors import CallCancelled, Rejected, SpApiError
from ordertui.amazon.spapi.operations import CONFIRM_SHIPMENT
from ordertui.amazon.spapi.schemas import Created
from ordertui.amazon.spapi.shipments import shipment_body
from ordertui.operations.planning.feed_builder import shipment
from ordertui.operations.planning.plan_file import decode
from ordertui.orders.batch_state import RowState
from ordertui.orders.enums import Action, OrderStatus
from ordertui.store import JournalBatch, Outcome, Store, Submission

from .feed_tracker import FeedTracker


def way(store: Store, batch: JournalBatch) -> str:
    """What a held batch leaves by: confirmShipment, or the type of its feed."""
    held = [row.order_id for row in batch.rows if row.state is RowState.HELD]
    if batch.action is Action.CONFIRM and len(held) == 1:
        order = store.orders.order(held[0])
        if order is not None and order.row.status is OrderStatus.UNSHIPPED and not order.row.units_shipped:
            return CONFIRM_SHIPMENT.name
    return FEED_TYPES[batch.action].xml


class ShipmentCall:
    """Confirms the shipment of single orders of one store."""

    def __init__(self, store: Store, watch: FeedTracker) -> None:
        self._store = store
        self._watch = watch

    def begin(self, batch: JournalBatch) -> Submission:
        """Write down, before the call, that the batch's one order leaves. Raises FeedBusy, RecallRefused, StoreError, FeedError."""
        held = [row.order_id for row in batch.rows if row.state is RowState.HELD]
        plan = decode(self._store.batches.plan_bytes(batch.id))
        row = next(row for row in plan.rows if row.order_id == held[0])
        body = shipment_body([shipment(row, line) for line in row.lines], batch.marketplace)
        return self._store.submissions.begin(
            batch.id, feed_type=CONFIRM_SHIPMENT.name, content=body, sha256=sha256(body).hexdigest(), document_id="", known=(),
            orders=held,
        )  # fmt: skip

    async def post(self, client: Client, attempt: Submission, order_id: str) -> Submission:
        """The one call that acts, with the very bytes that were written down. Raises CallStopped: then it was not made."""
        body = msgspec.Raw(self._store.submissions.content(attempt.id))
        try:
            await client.call(CONFIRM_SHIPMENT, Created, path={"orderId": order_id}, body=body)
        except CallCancelled:
            self._store.submissions.return_to_hold(attempt.id, "not_taken", note="It was stopped before it was sent.")
            raise
        except Rejected as error:
            outcome = Outcome(RowState.ERROR, str(error.status), f"Amazon refused it: {error.text}")
            return self._store.submissions.answer(attempt.id, "rejected", outcome, note=f"Amazon's answer: {error}.")
        except SpApiError as error:
            if error.may_have_been_applied:
                return self._watch.unclear(attempt, str(error))
            return self._store.submissions.return_to_hold(attempt.id, "refused", note=f"Amazon's answer: {error}.")
        return self._store.submissions.answer(attempt.id, "done", Outcome(RowState.OK))
