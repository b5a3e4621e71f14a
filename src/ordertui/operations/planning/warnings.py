"""Warnings of a plan that its rows and its rates give."""

from __future__ import annotations

from collections.abc import Sequence

from ordertui.amazon.reports import REPORT_FORMATS
from ordertui.operations.rate.figures import RateEffect
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
        found.append(f"{words}: no source gives a special rule, look there first")
    prime = sum(is_seller_fulfilled_prime(order.row) for order in planned)
    if prime and action in (Action.CANCEL, Action.REFUND):
        found.append(f"{pluralize(prime)} of {SELLER_FULFILLED_PRIME}")
    if action is Action.REFUND and rows:
        found.append("refunds by file are paid at once and cannot be taken back after the upload")
        market = planned[0].row.marketplace
        if price_tax(market) is PriceTax.UNKNOWN:
            found.append(
                f"no source says whether prices in {market} include the tax: it is not added, so that no refund exceeds"
                " what was paid"
            )
        if not all(order.refunds_known for order in orders):
            found.append(
                "refunds made outside this store are not in Amazon's order reports:"
                " only this store's own are subtracted"
            )
    return found


def _rate_warnings(rates: Sequence[RateEffect]) -> list[str]:
    unknown = [
        f"the {effect.after.days}-day rate is not known: {effect.after.reason}"
        for effect in rates
        if effect.after.reason and effect.after.cancelled > effect.before.cancelled
    ]
    return unknown + [
        f"takes the {effect.after.days}-day rate to {effect.after.cancelled} of {effect.after.orders}:"
        " at or over the target"
        for effect in rates
        if effect.after.status == RateStatus.OVER and effect.after.cancelled > effect.before.cancelled
    ]


def _cancel_warnings(rows: Sequence[PlannedOrder], planned: Sequence[Order]) -> list[str]:
    found = []
    unknown = sum(order.row.buyer_request is BuyerRequest.UNKNOWN for order in planned)
    if unknown:
        found.append(f"{pluralize(unknown)}: no report says whether the buyer asked; they are taken as counting")
    agreed = sum(order.row.buyer_request is BuyerRequest.MESSAGE for order in planned)
    if agreed:
        found.append(
            f"{pluralize(agreed)}: the buyer agreed in a message only, so cancelling counts; it does not once he asks"
            " with Amazon's own button (Your Orders, Request Cancellation), and a fresh report shows that"
        )
    some = sum(order.row.buyer_request is BuyerRequest.SOME for order in planned)
    if some:
        found.append(
            f"{pluralize(some)}: the buyer asked officially for some of the items only; this cancels the others too,"
            " and counts. Cancel just those items in Seller Central (Manage Orders, Cancel items), or confirm the"
            " others first: then a refund (r) cancels just the items asked for, and does not count"
        )
    partial = sum(set(order.sources) <= INCOMPLETE for order in planned)
    if partial:
        found.append(
            f"{with_verb(partial, 'is', 'are')} named by Unshipped orders alone: if another line of an order has left,"
            " cancelling refunds the whole order; import All Orders first"
        )
    several = other_items(Action.CANCEL, rows)
    if several:
        words = with_verb(len(several), "order has", "orders have")
        found.append(f"{words} several items: cancelling takes all of them along")
    claimed = sum(row.reason == CancelReason.BUYER_CANCELED.value and row.counts for row in rows)
    if claimed:
        say, count = with_verb(claimed, "says", "say"), "it counts" if claimed == 1 else "they count"
        found.append(f"{say} BuyerCanceled without an official request: {count} all the same")
    return found
