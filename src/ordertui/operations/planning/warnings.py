"""Warnings of a plan that its rows and its rates give."""

from __future__ import annotations

from collections.abc import Sequence

from ordertui.amazon.reports import REPORT_FORMATS
from ordertui.operations.rate.figures import RateEffect
from ordertui.operations.rate.prime_rate import PrimeFigure
from ordertui.orders.api_facts import SELLER_FULFILLED_PRIME, is_seller_fulfilled_prime
from ordertui.orders.enums import Action, BuyerRequest, CancelReason, YesNo
from ordertui.orders.marketplace import PriceTax, price_tax
from ordertui.orders.order import Order
from ordertui.orders.text import pluralize, with_verb
from ordertui.rules.rate import RateStatus

from .other_items import other_items
from .plan import PlannedOrder

INCOMPLETE = frozenset(kind for kind, one in REPORT_FORMATS.items() if not one.names_every_line)
"""Kinds of report that need not name every line of an order."""


def plan_warnings(
    action: Action,
    rows: Sequence[PlannedOrder],
    orders: Sequence[Order],
    rates: Sequence[RateEffect],
    offers: Sequence[str] = (),
) -> list[str]:
    """Return what to say of a plan with these rows, whose orders these are.

    `offers` are the warnings of `removal_warnings`.
    """
    by_id = {order.row.id: order for order in orders}
    planned = [by_id[row.id] for row in rows]
    found = [*_rate_warnings(rates), *offers]
    if action is Action.CANCEL:
        found += _cancel_warnings(rows, planned)
    replaced = sum(order.row.replacement is YesNo.YES for order in planned)
    if replaced:
        words = with_verb(replaced, "is a replacement order", "are replacement orders")
        found.append(f"{words}: no source gives a special rule: look in Seller Central first")
    prime = sum(is_seller_fulfilled_prime(order.row) for order in planned)
    if prime and action in (Action.CANCEL, Action.REFUND):
        found.append(f"{pluralize(prime)} of {SELLER_FULFILLED_PRIME}")
    if action is Action.REFUND and rows:
        found.append("refunds by file are paid at once and cannot be undone after the upload")
        market = planned[0].row.marketplace
        if price_tax(market) is PriceTax.UNKNOWN:
            found.append(
                f"unknown whether prices in {market} include the tax: it is not added, so that no refund exceeds"
                " what was paid"
            )
        if not all(order.refunds_known for order in orders):
            found.append(
                "refunds made outside this store are not in Amazon's order reports:"
                " only this store's own are subtracted"
            )
    return found


def prime_warnings(figures: Sequence[tuple[PrimeFigure, PrimeFigure]]) -> list[str]:
    """Return what the plan does to the rate of Seller Fulfilled Prime, now and after it, window by window."""
    return [
        f"the {after.days}-day cancellation rate of Seller Fulfilled Prime is not known: {after.reason}"
        if after.reason
        else f"takes the {after.days}-day cancellation rate of Seller Fulfilled Prime from {before} to {after}"
        + (": over" if after.status is RateStatus.OVER else "")
        for before, after in figures
        if after.at_least > before.at_least
    ]


def _rate_warnings(rates: Sequence[RateEffect]) -> list[str]:
    return [
        f"the {effect.after.days}-day rate is not known: {effect.after.reason}"
        for effect in rates
        if effect.after.reason and effect.after.cancelled > effect.before.cancelled
    ]


def _cancel_warnings(rows: Sequence[PlannedOrder], planned: Sequence[Order]) -> list[str]:
    found = []
    unknown = sum(order.row.buyer_request is BuyerRequest.UNKNOWN for order in planned)
    if unknown:
        found.append(f"{pluralize(unknown)}: no report has the buyer's request; treated as counting")
    agreed = sum(order.row.buyer_request is BuyerRequest.MESSAGE for order in planned)
    if agreed:
        found.append(
            f"{pluralize(agreed)}: requested by message only, so cancelling counts; it does not once the buyer requests"
            " it on Amazon (Your Orders, Request Cancellation) and a new report shows that"
        )
    some = sum(order.row.buyer_request is BuyerRequest.SOME for order in planned)
    if some:
        found.append(
            f"{pluralize(some)}: the buyer requested cancellation of some items only; this cancels the others too,"
            " and counts. Cancel just those items in Seller Central (Manage Orders, Cancel items), or confirm the"
            " others first: then a refund (r) cancels just the items asked for, and does not count"
        )
    partial = sum(set(order.sources) <= INCOMPLETE for order in planned)
    if partial:
        found.append(
            f"{pluralize(partial)} named by the Unshipped report alone: if another line of one was shipped, cancelling"
            " refunds the whole order; import All Orders first"
        )
    several = len(other_items(Action.CANCEL, rows))
    if several:
        which = (
            "the order holds"
            if len(rows) == 1
            else f"{several:,} of {len(rows):,} orders {'holds' if several == 1 else 'hold'}"
        )
        found.append(f"{which} several SKUs: all of them are cancelled")
    claimed = sum(row.reason == CancelReason.BUYER_CANCELED.value and row.counts for row in rows)
    if claimed:
        found.append(f"{pluralize(claimed)} with reason BuyerCanceled but no request on Amazon: counted all the same")
    return found
