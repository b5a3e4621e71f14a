"""Choose the reason code of an order that a plan takes in, and say what is to know about it."""

from __future__ import annotations

from collections.abc import Sequence

from ordertui.amazon.feeds.vocabulary import FLAT_REFUND_REASONS, PARTIAL_CANCEL_REASONS, flat_refund_reason
from ordertui.operations.denials import Denial
from ordertui.orders.enums import Action, BuyerRequest, CancelReason, Dispatched, RefundReason
from ordertui.orders.order import Order
from ordertui.orders.text import pluralize

from .plan import PlanLine

REASONS: dict[Action, tuple[str, ...]] = {
    Action.CANCEL: tuple(reason.value for reason in CancelReason),
    Action.REFUND: tuple(reason.value for reason in RefundReason),
    Action.CONFIRM: (),
    Action.MESSAGE: (),
}
"""Reason codes each action takes; the first is a cancellation's default."""
UNSAID = Denial("reason", "choose a reason first, such as GeneralAdjustment")
"""Of a refund of a shipped order: a reason is a claim about what happened, so there is none unasked."""


def reasons_for(action: Action, *, cancels_units: bool = False) -> tuple[str, ...]:
    """Return the reason codes that an order of a plan may have. `cancels_units`: the refund cancels unshipped units."""
    if action is Action.REFUND and cancels_units:
        return tuple(reason.value for reason in PARTIAL_CANCEL_REASONS)
    return REASONS[action]


def cancel_reason(order: Order, wanted: str) -> tuple[str, str]:
    """Return the reason of a cancellation and a note about it. `wanted`: the operator's choice; empty: the default."""
    wanted = wanted or REASONS[Action.CANCEL][0]
    if order.row.buyer_request is BuyerRequest.OFFICIAL:
        return CancelReason.BUYER_CANCELED.value, "buyer requested cancellation on Amazon: the reason is fixed"
    if order.row.buyer_request is BuyerRequest.SOME:
        asked = [line for line in order.lines if line.buyer_request is BuyerRequest.OFFICIAL]
        names = ", ".join(f"{line.sku} (item {line.order_item_id or 'id unknown'})" for line in asked)
        return wanted, f"buyer requested cancellation of {names} only: the whole order counts"
    if wanted == CancelReason.BUYER_CANCELED.value:
        return wanted, "no cancellation request on Amazon is known: it counts all the same"
    return wanted, ""


def refund_reason(
    order: Order, lines: Sequence[PlanLine], own: str, for_all: str, by_policy: str
) -> tuple[str, str] | Denial:
    """Return the reason of a refund and a note about it, or UNSAID when nobody said one.

    A refund that cancels units never shipped takes NoInventory or CustomerCancel. `own`: the operator's choice for this
    order, `for_all` for the whole plan, `by_policy` in the policy file; empty: none.
    """
    if any(line.cancelled for line in lines):
        return _partial_cancel_reason(order, lines, own, for_all)
    reason = own or for_all
    if not reason and order.row.dispatched is Dispatched.NO:
        reason = RefundReason.COULD_NOT_SHIP.value  # the operator recorded that the parcel never left
    reason = reason or by_policy
    if not reason:
        return UNSAID
    if reason in FLAT_REFUND_REASONS:
        return reason, ""
    return reason, f"the upload file says {flat_refund_reason(reason)}: only the XML feed knows {reason}"


def _partial_cancel_reason(order: Order, lines: Sequence[PlanLine], own: str, for_all: str) -> tuple[str, str] | Denial:
    allowed = reasons_for(Action.REFUND, cancels_units=True)
    units = sum(line.cancelled for line in lines)
    skus = ", ".join(dict.fromkeys(line.sku for line in lines if line.cancelled))
    note = f"cancels {pluralize(units, 'unit')} of {skus}, not shipped"
    if own and own not in allowed:
        return Denial("reason", f"a refund that cancels units takes {' or '.join(allowed)}, not {own}")
    if own or for_all in allowed:
        return own or for_all, note
    numbers = {line.line for line in lines if line.cancelled}
    asked = all(line.buyer_request is BuyerRequest.OFFICIAL for line in order.lines if line.line in numbers)
    reason = (RefundReason.CUSTOMER_CANCEL if asked else RefundReason.NO_INVENTORY).value
    return reason, f"{note}; {for_all} does not go with that" if for_all else note
