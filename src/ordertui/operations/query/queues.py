"""The work queues: filters with a name, a count, and a text for when they are empty."""

from __future__ import annotations

import msgspec

from ordertui.orders.batch_state import RowState


class QueueSpec(msgspec.Struct, frozen=True):
    """A queue before it is counted."""

    key: str
    title: str
    filter: str
    why_empty: str


class Queue(msgspec.Struct, frozen=True):
    """A work queue with its count."""

    key: str
    title: str
    filter: str
    count: int | None
    """None: no imported report can tell; `note` says why."""
    why_empty: str
    note: str = ""


QUEUES = (
    QueueSpec(
        "all",
        "All",
        "",
        "No orders yet. Import the reports that Seller Central offers: key i, or `ordertui import FILE`.",
    ),
    QueueSpec(
        "to_ship",
        "To ship",
        "channel:merchant (status:unshipped or status:partially_shipped)",
        "Nothing waits to be shipped, as far as the imported reports say.",
    ),
    QueueSpec(
        "buyer_asked",
        "Buyer asked",
        "(request:official or request:some or request:message)"
        " (status:unshipped or status:partially_shipped or status:unknown)",
        "No buyer of an unshipped order asked to cancel.",
    ),
    QueueSpec("late", "Late", "channel:merchant late", "No unshipped order is past its ship-by time."),
    QueueSpec(
        "auto_cancel",
        "Auto-cancel < 24 h",
        "channel:merchant auto-cancel<24h",
        "Amazon is not about to cancel any order that is known here.",
    ),
    QueueSpec(
        RowState.HELD,
        "Held",
        f"state:{RowState.HELD}",
        "No batch is held. x, r and c open a preview; y there puts it into the hold.",
    ),
    QueueSpec(
        "unconfirmed",
        "Unconfirmed",
        "state:unconfirmed",
        "Every order that left in a batch is confirmed by a later report, or failed.",
    ),
    QueueSpec(
        "failed",
        "Failed",
        "state:failed -status:cancelled",
        "Amazon refused no order of your batches, or each one is cancelled by now.",
    ),
)
BY_KEY = {queue.key: queue for queue in QUEUES}
INVISIBLE_REQUESTS = (
    "buyer requests are invisible in these reports: add the column “Buyer Requested Cancel” in Seller Central"
    " and import again"
)
