"""One order's shipment confirmed by a call of its own: at once, where a feed would take up to half an hour.

Only a batch with a single order of which nothing has shipped goes this way; several orders go as one feed, as Amazon
wants it. The number of the parcel makes the call repeatable: the same number edits the same shipment, so that a call
without a clear answer is made again with the same bytes, and never opens a second parcel.
"""

from __future__ import annotations

import msgspec

from ordertui.amazon.feeds import FEED_TYPES
from ordertui.amazon.spapi.client import Client
from ordertui.amazon.spapi.errors import CallCancelled, Rejected, SpApiError
from ordertui.amazon.spapi.operations import CONFIRM_SHIPMENT
from ordertui.amazon.spapi.schemas import Created
from ordertui.amazon.spapi.shipments import free_parcel, parcel_of, shipment_body
from ordertui.operations.planning.feed_builder import shipment
from ordertui.operations.planning.plan_file import decode
from ordertui.orders.batch_state import UNCLEAR_CALLS, RowState, SubmissionState
from ordertui.orders.clock import Clock, iso_utc
from ordertui.orders.enums import Action, OrderStatus
from ordertui.store import JournalBatch, Outcome, Store, Submission

from .feed_tracker import FeedTracker


def submission_kind(store: Store, batch: JournalBatch) -> str:
    """Return how a held batch leaves: `confirmShipment`, or the type of its feed."""
    held = batch.orders_in(RowState.HELD)
    if batch.action is Action.CONFIRM and len(held) == 1:
        order = store.orders.order(held[0])
        if order is not None and order.row.status is OrderStatus.UNSHIPPED and not order.row.units_shipped:
            return CONFIRM_SHIPMENT.name
    return FEED_TYPES[batch.action].xml


class ShipmentCall:
    """Confirms the shipment of single orders of one store."""

    def __init__(self, store: Store, clock: Clock, tracker: FeedTracker) -> None:
        self._store = store
        self._clock = clock
        self._tracker = tracker

    def begin(self, batch: JournalBatch) -> Submission:
        """Write down, before the call, that the batch's one order leaves.

        Raises FeedBusy, RecallRefused, StoreError, FeedError.
        """
        held = batch.orders_in(RowState.HELD)
        plan = decode(self._store.batches.plan_bytes(batch.id))
        row = next(row for row in plan.rows if row.order_id == held[0])
        body = shipment_body([shipment(row, line) for line in row.lines], batch.marketplace, self._parcel(held[0]))
        return self._store.submissions.begin(
            batch.id, feed_type=CONFIRM_SHIPMENT.name, content=body, document_id="", known=(), orders=held
        )

    def _parcel(self, order_id: str) -> str:
        """Return the number of the order's parcel: that of an earlier try without an answer, else one that is free."""
        row_id = self._store.orders.ids_of([order_id])[order_id]
        for one in self._store.submissions.find():
            is_unclear = one.feed_type == CONFIRM_SHIPMENT.name and one.state in UNCLEAR_CALLS
            if is_unclear and order_id in {row.order_id for row in self._store.batches.get(one.batch).rows}:
                return parcel_of(self._store.submissions.content(one.id))
        facts = self._store.api_facts.get(row_id)
        return free_parcel({parcel.reference for parcel in facts.parcels} if facts is not None else ())

    async def repeat(self, client: Client, submission: Submission, order_id: str) -> Submission:
        """Make a call again that had no clear answer, with the same bytes; return the submission with its outcome.

        A refusal leaves the row unknown: it does not say that the first call was refused. Raises CallCancelled.
        """
        log, ident = self._store.submissions, submission.id
        body = msgspec.Raw(log.content(ident))
        try:
            await client.call(CONFIRM_SHIPMENT, Created, path={"orderId": order_id}, body=body)
        except SpApiError as error:
            return log.mark_polled(ident, note=f"Repeated at {iso_utc(self._clock.now())}: {error}.")
        return log.answer(ident, SubmissionState.DONE, Outcome(RowState.OK))

    async def post(self, client: Client, submission: Submission, order_id: str) -> Submission:
        """Make the call that acts, with the bytes that were written down; return the submission with its outcome.

        Raises CallCancelled: then the call was not made.
        """
        log, ident = self._store.submissions, submission.id
        body = msgspec.Raw(log.content(ident))
        try:
            await client.call(CONFIRM_SHIPMENT, Created, path={"orderId": order_id}, body=body)
        except CallCancelled:
            log.return_to_hold(ident, SubmissionState.NOT_TAKEN, note="It was stopped before it was sent.")
            raise
        except Rejected as error:
            outcome = Outcome(RowState.ERROR, error.code or str(error.status), f"Amazon refused it: {error.text}")
            return log.answer(ident, SubmissionState.REJECTED, outcome, note=f"Amazon's answer: {error}.")
        except SpApiError as error:
            if error.may_have_been_applied:
                return self._tracker.mark_unclear(submission, str(error))
            return log.return_to_hold(ident, SubmissionState.REFUSED, note=f"Amazon's answer: {error}.")
        return log.answer(ident, SubmissionState.DONE, Outcome(RowState.OK))
