"""The events of one order, from Amazon's reports and from this store's own batches."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.enums import Action
from ordertui.orders.order import Order
from ordertui.store import MESSAGE_COPIED, AuditEntry

if TYPE_CHECKING:
    from ordertui.operations.batches.batch import Batch

Event = tuple[int | None, str]
"""Epoch seconds (None: unknown) and a text."""


def messages(records: Sequence[AuditEntry]) -> list[Event]:
    """Return the messages to a buyer among an order's audit records, oldest first.

    `records` come newest first. An unclear message that a later record settled is left out.
    """
    found: list[Event] = []
    for one in reversed(records):
        if one.kind == "message":
            facts = json.loads(one.payload)
            if found and "may have gone" in found[-1][1]:
                found.pop()
            by = f" by template {facts['template']}" if "template" in facts else ""
            found.append((one.at, f"message to the buyer{by}: {facts['state']}"))
        elif one.kind == MESSAGE_COPIED:
            found.append((one.at, "text for the buyer copied"))
    return found


_ANSWERS = {
    RowState.ACCEPTED: "Amazon took the file in",
    RowState.OK: "Amazon said ok",
    RowState.ERROR: "Amazon refused it",
    RowState.UNKNOWN: "its outcome is unknown: it is never sent again by itself",
    RowState.CONFIRMED: "confirmed by a later report",
}


def history(order: Order, batches: Sequence[Batch], mail: Sequence[Event] = ()) -> list[Event]:
    """Return events in the order of time; those without a time stay after the one they follow.

    `mail` are the messages to the buyer.
    """
    row = order.row
    found: list[list[Event]] = [[event] for event in mail]
    if row.purchased_at is not None:
        found.append([(row.purchased_at, "placed")])
    if order.updated_at is not None:
        status = row.status.value.replace("_", " ")
        names = ", ".join(source.replace("_", " ") for source in order.sources)
        found.append([(order.updated_at, f"{status}, by {names or 'no report'}")])
    for batch in batches:
        mine = next((one for one in batch.rows if one.order_id == row.order_id), None)
        if mine is None:
            continue
        name = f"batch {batch.id}"
        reason = f" ({mine.reason})" if mine.reason else ""
        events: list[Event] = [(batch.created_at, f"{batch.action.value} committed in {name}{reason}")]
        if mine.state is RowState.RECALLED:
            events.append((None, f"undone in {name}: nothing was sent to Amazon"))
        elif mine.state is RowState.LEFT_OUT:
            events.append((None, f"left out of {name} at its last check: {mine.text}"))
        elif batch.state is BatchState.AWAITING:
            events.append((None, f"{name} waits for approval"))
        elif mine.state is RowState.HELD:
            events.append((batch.due_at, f"{name} leaves the hold"))
        elif batch.sent_at is not None:
            events.append(
                (batch.sent_at, f"{name} {'went to Amazon by the API' if batch.by_api else 'written for upload'}")
            )
        if mine.state in _ANSWERS:
            answer = _ANSWERS[mine.state]
            if mine.state is RowState.OK and batch.action is not Action.REFUND:  # no order report tells of a refund
                answer += "; a later All Orders report confirms it"
            words = " ".join(part for part in (mine.code, mine.text) if part)
            events.append((None, f"{answer}{f': {words}' if words else ''}"))
        found.append(events)
    found.sort(key=lambda events: events[0][0] or 0)
    return [event for events in found for event in events]
