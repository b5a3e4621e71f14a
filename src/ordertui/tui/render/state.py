"""Glyphs, words and styles of states: of orders in the State column, of rows and batches in pane and outbox."""

from __future__ import annotations

import msgspec

from ordertui.orders.batch_state import BatchState, RowState, holds_order
from ordertui.orders.clock import DAY, HOUR
from ordertui.orders.enums import BuyerRequest, Channel, OrderStatus, Verge
from ordertui.orders.order import OrderRow


class StateLook(msgspec.Struct, frozen=True):
    """How one state is shown."""

    glyph: str
    tone: str
    """`muted`, `error`, `warning`, `success` or `accent`: a component style of the order table."""
    column: str
    """The word of the State column; empty: the order's own state is shown there."""
    count: str
    """After a number of rows, in the outbox's list."""
    sentence: str

    @property
    def style(self) -> str:
        """The style of text in this state outside the order table."""
        return "$foreground-muted" if self.tone == "muted" else f"$text-{self.tone}"


ROW_LOOKS = {
    RowState.HELD: StateLook("◷", "warning", RowState.HELD, RowState.HELD, "held: nothing was sent to Amazon"),
    RowState.RECALLED: StateLook("↶", "muted", "", "undone", "undone: nothing was sent to Amazon"),
    RowState.LEFT_OUT: StateLook("↷", "muted", "", "left out", "left out at dispatch: no longer allowed"),
    RowState.WRITTEN: StateLook("↑", "warning", "to upload", "file written", "file written: upload it to Amazon"),
    RowState.UPLOADED: StateLook("…", "accent", "uploaded", "uploaded", "marked as uploaded, not answered yet"),
    RowState.SENT: StateLook("→", "accent", RowState.SENT, RowState.SENT, "sent by the API, not answered yet"),
    RowState.ACCEPTED: StateLook("…", "accent", "accepted", "accepted", "accepted by Amazon, not answered yet"),
    RowState.OK: StateLook("✓", "success", "ok", "answered ok", "Amazon answered ok, not confirmed yet"),
    RowState.ERROR: StateLook("✗", "error", "refused", "refused", "refused by Amazon"),
    RowState.UNKNOWN: StateLook(
        "?", "warning", "unclear", "unclear", "unclear: check in Seller Central; never sent again by itself"
    ),
    RowState.CONFIRMED: StateLook("✓", "success", "", RowState.CONFIRMED, "confirmed by a later report"),
}  # fmt: skip
BATCH_LOOKS = {
    BatchState.HELD: ROW_LOOKS[RowState.HELD],
    BatchState.RECALLED: ROW_LOOKS[RowState.RECALLED],
    BatchState.LEFT_OUT: ROW_LOOKS[RowState.LEFT_OUT],
    BatchState.WRITTEN: ROW_LOOKS[RowState.WRITTEN],
    BatchState.UPLOADED: ROW_LOOKS[RowState.UPLOADED],
    BatchState.SENT: ROW_LOOKS[RowState.SENT],
    BatchState.ANSWERED: StateLook("✓", "muted", "", "", "answered by Amazon"),
}


class Verdicts(msgspec.Struct, frozen=True):
    """What `Eligibility` says of an order, as far as the State column shows it."""

    action: str = ""
    """As `Eligibility.allowed_action`; empty before the rules were read."""
    denial: str = ""
    """Id of the denial of a cancellation, of an order that waits and allows nothing; else empty."""
    deadline: int | None = None
    """When Amazon cancels the order by itself at the earliest, epoch seconds; None: never, or unknown."""


class OrderState(msgspec.Struct, frozen=True):
    """The state of an order in words, the longest form first; a cell takes the first that fits."""

    forms: tuple[str, ...]
    tone: str = ""


UNDECIDED = OrderState(("",))
SOON = DAY
"""Seconds before the auto-cancellation in which the State column counts them."""
STATUS_FORMS = {
    OrderStatus.PENDING: ("pending",),
    OrderStatus.UNSHIPPED: ("unshipped",),
    OrderStatus.PARTIALLY_SHIPPED: ("partly shipped", "part shipped", "part ship."),
    OrderStatus.SHIPPED: ("shipped",),
    OrderStatus.CANCELLED: ("cancelled",),
    OrderStatus.UNFULFILLABLE: ("unfulfillable", "unfulfill."),
    OrderStatus.UNKNOWN: ("? status unknown", "? status"),
}
_DENIED = {
    "missing": OrderState(("? missing from report", "? missing"), "warning"),
    "outdated": OrderState(("? outdated: import", "? outdated"), "warning"),
    "program": OrderState(("in Seller Central only", "– program"), "muted"),
    "parcel": OrderState(("parcel has left", "parcel left", "left"), "warning"),
    "item-id": OrderState(("? item id unknown", "? item id"), "warning"),
    "lines": OrderState(("no items left", "no items"), "muted"),
}
"""Words for a waiting order that allows nothing, by the id of what denies its cancellation."""
_HOUSE_RULE = OrderState(("denied by house rule", "house rule", "– rule"), "muted")


def order_state(row: OrderRow, verdicts: Verdicts, hold_ends: int | None, now: int) -> OrderState:
    """Return the state of an order: what its batch waits for, else what can be done, else Amazon's status.

    `hold_ends` is when the hold of its batch ends; None when it is not held. Times are epoch seconds.
    """
    return _journal_state(row, verdicts, hold_ends, now) or _own_state(row, verdicts, now)


def _journal_state(row: OrderRow, verdicts: Verdicts, hold_ends: int | None, now: int) -> OrderState | None:
    """Return the state of the order's batch row; None when the order's own state says more."""
    action = row.open_action
    look = None if action is None else ROW_LOOKS[action.state]
    if action is None or look is None or not look.column:
        return None
    if action.state is RowState.ERROR and row.status is OrderStatus.CANCELLED:
        return None
    if action.state is RowState.OK and not holds_order(action.kind, action.state) and _can_act(verdicts):
        return None
    head = f"{look.glyph} {look.column}"
    long = f"{look.glyph} {action.kind.value} {look.column}"
    if action.state is RowState.HELD and hold_ends is not None:
        left = max(0, hold_ends - now)
        span = f"{left // HOUR}h" if left >= HOUR else f"{left // 60}m" if left >= 60 else "<1m"
        return OrderState((f"{long} {span}", f"{head} {span}", f"{look.glyph} {span}"), look.tone)
    return OrderState((long, head, f"{look.glyph}{look.column.split()[-1]}"), look.tone)


def _can_act(verdicts: Verdicts) -> bool:
    return verdicts.action not in ("", "-", "wait")


def _own_state(row: OrderRow, verdicts: Verdicts, now: int) -> OrderState:
    match verdicts.action:
        case "":
            return UNDECIDED
        case "cancel ★":
            return (
                OrderState(("★ requested: can cancel", "★ requested", "★ request"), "success")
                if row.buyer_request is BuyerRequest.OFFICIAL
                else OrderState(("★ cancel: not counted", "★ cancel"), "success")
            )
        case "cancel" | "confirm":
            return _waiting_state(row, verdicts, now)
        case "refund":
            status = STATUS_FORMS[row.status][0]
            return OrderState((f"{status}: can refund", "can refund", "refund"))
    if row.channel is Channel.AMAZON:
        return OrderState((f"FBA {STATUS_FORMS[row.status][0]}", "FBA"), "muted")
    if verdicts.action == "wait":
        return OrderState(STATUS_FORMS[OrderStatus.PENDING], "muted")
    if verdicts.denial.startswith("house "):
        return _HOUSE_RULE
    if verdicts.denial in _DENIED:
        return _DENIED[verdicts.denial]
    if row.channel is Channel.UNKNOWN:
        return OrderState(("? who ships is unknown", "? who ships", "? ships"), "warning")
    return OrderState(STATUS_FORMS[row.status], "muted" if row.status is OrderStatus.CANCELLED else "")


def _waiting_state(row: OrderRow, verdicts: Verdicts, now: int) -> OrderState:
    """Return the state of an order that can be cancelled, or whose shipment can be confirmed."""
    is_here = verdicts.action == "cancel"
    if is_here and row.buyer_request is BuyerRequest.MESSAGE:
        return OrderState(("☆ message: cancel counts", "☆ message"), "warning")
    if is_here and row.buyer_request is BuyerRequest.SOME:
        return OrderState(("☆ items: cancel counts", "☆ for items", "☆ items"), "warning")
    left = None if verdicts.deadline is None else verdicts.deadline - now
    if left is not None and left < SOON:
        span = f"{max(0, left) // HOUR} h" if left >= HOUR else f"{left // 60} m" if left >= 60 else "now"
        brief = span.replace(" ", "")
        if is_here:
            return OrderState((f"auto-cancel {span} !", f"auto {span} !", f"auto {brief}!"), "error")
        return OrderState((f"can confirm {span} !", f"confirm {brief}!", f"conf {brief}!"), "error")
    if row.verge is Verge.CANCELLATION:
        return OrderState(("auto-cancel soon !", "auto soon !", "auto !"), "error")
    return OrderState(("can cancel", "cancel") if is_here else ("can confirm", "confirm"))
