"""The work queues: filters with a name, a count, and a text for when they are empty."""

from __future__ import annotations

import msgspec

from ordertui.orders.batch_state import RowState
from ordertui.orders.enums import Action


def within(filter_text: str, more: str) -> str:
    """Return the filter for the orders that fit both. Raises FilterError where the brackets of one do not match."""
    return " ".join(filter(None, (_as_part(filter_text), _as_part(more))))


def _as_part(text: str) -> str:
    """Return a filter so that other conditions can stand beside it: in brackets, where it has an `or` outside of any.

    One with a bracket too many would close those of the other part, and take in what neither of both does; one that
    ends in a `not` would turn the other part round, and is in brackets too, where it is an error.
    """
    from ordertui.rules.language.errors import FilterError  # with the first filter, not at the start
    from ordertui.rules.language.lexer import TokenKind, tokenize

    opened: list[int] = []
    is_or = ends_open = False
    for token in tokenize(text):
        if token.kind is TokenKind.OPEN:
            opened.append(token.column)
        elif token.kind is TokenKind.CLOSE:
            if not opened:
                raise FilterError(token.column, "this ')' closes nothing")
            opened.pop()
        is_or = is_or or (not opened and token.kind is TokenKind.OR)
        ends_open = token.kind is TokenKind.NOT
    if opened:
        raise FilterError(opened[-1], "this '(' is never closed")
    return f"({text.strip()})" if is_or or ends_open else text.strip()


class QueueSpec(msgspec.Struct, frozen=True):
    """A queue before it is counted."""

    key: str
    title: str
    filter: str
    why_empty: str
    unknown: str = ""
    """Filter of the orders that may belong to it, because the fact it asks about is unknown; empty: there are none."""
    unknown_why: str = ""
    """What is not known of them, and which report would say it."""
    sort: str = "-placed"
    """How it is sorted until the operator sorts it otherwise, as `sort_order` reads it."""


class Queue(msgspec.Struct, frozen=True):
    """A work queue with its count."""

    key: str
    title: str
    filter: str
    count: int | None
    """None: no imported report can tell; `note` says why."""
    why_empty: str
    note: str = ""
    unknown: int = 0
    """Orders that may belong to it: the fact it asks about is unknown."""


_WAITING = "(status:unshipped or status:partially_shipped)"
_NO_CANCEL_UNDER_WAY = f"-(journal:{Action.CANCEL} (state:{RowState.HELD} or state:unconfirmed)) -rest-cancelled:yes"
"""A cancellation that is held, that left, or that Amazon took, also by a refund that cancels the rest: there is nothing
left to do for the order.
"""
_NO_SHIP_BY = f"-channel:amazon {_WAITING} ship-by:unknown {_NO_CANCEL_UNDER_WAY}"
_SHIP_BY_WHY = "their ship-by time is unknown: import the Unshipped orders report"

_ON_VERGE = "(verge:cancellation (status:unshipped or status:partially_shipped))"
"""Amazon says itself that it is about to cancel it, whatever the policy's deadline."""
AUTO_CANCEL = "auto_cancel"
"""Key of the queue that leaves out outdated orders besides its filter: their time was over long ago, by old reports."""
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
        f"channel:merchant {_WAITING} {_NO_CANCEL_UNDER_WAY}",
        "Nothing waits to be shipped, as far as the imported reports say.",
        f"(channel:unknown {_WAITING} or -channel:amazon status:unknown) {_NO_CANCEL_UNDER_WAY}",
        "no report says who ships them, or whether they are shipped: import All Orders",
    ),
    QueueSpec(
        "buyer_asked",
        "Buyer asked",
        "-channel:amazon (request:official or request:some or request:message)"
        f" (status:unshipped or status:partially_shipped or status:unknown) {_NO_CANCEL_UNDER_WAY}",
        "No buyer of an unshipped order asked to cancel.",
        f"-channel:amazon request:unknown {_WAITING} {_NO_CANCEL_UNDER_WAY}",
        "no report says whether their buyers asked to cancel: import Unshipped orders with “Buyer Requested Cancel”",
    ),
    QueueSpec(
        "late",
        "Late",
        f"channel:merchant late {_NO_CANCEL_UNDER_WAY}",
        "No unshipped order is past its ship-by time.",
        _NO_SHIP_BY,
        _SHIP_BY_WHY,
        "+ship_by",
    ),
    QueueSpec(
        AUTO_CANCEL,
        "Auto-cancel < 24 h",
        f"channel:merchant (auto-cancel<24h or {_ON_VERGE}) {_NO_CANCEL_UNDER_WAY}",
        "Amazon is not about to cancel any order that is known here.",
        _NO_SHIP_BY,
        "their ship-by time is unknown, or was over long ago: import the Unshipped orders report",
        "+auto_cancel",
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
        "Amazon refused no order of your batches, or each was tried again or is cancelled by now.",
    ),
    QueueSpec(
        "marked", "Marked", "marked", "No order is marked. space marks the one under the cursor, a all that are shown."
    ),
    QueueSpec(
        "missing",
        "Missing",
        "missing (status:unshipped or status:partially_shipped) -state:unconfirmed",
        "Every unshipped order is named by the newest Unshipped report of its days, as far as one was imported.",
    ),
)
NO_ANSWERED_REFUNDS = f"-(journal:{Action.REFUND} state:{RowState.OK})"
"""Without a connection no report ever shows a refund: Amazon's `ok`, or the operator's word, is the last that comes."""
BY_KEY = {queue.key: queue for queue in QUEUES}
INVISIBLE_REQUESTS = (
    "buyer requests are invisible in these reports: add the column “Buyer Requested Cancel” in Seller Central"
    " and import again"
)
