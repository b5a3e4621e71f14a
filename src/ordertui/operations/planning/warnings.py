"""Warnings of a plan that its rows and its rates give."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from ordertui.operations.rate.figures import RateEffect
from ordertui.operations.rate.known_days import clock_words, is_clock_behind
from ordertui.operations.rate.prime_rate import PrimeFigure
from ordertui.orders.api_facts import AMAZON_BUSINESS, SELLER_FULFILLED_PRIME
from ordertui.orders.clock import HOUR, iso_utc
from ordertui.orders.enums import Action, BuyerRequest
from ordertui.orders.marketplace import PriceTax, price_tax
from ordertui.orders.order import UNDATED_PRICE
from ordertui.orders.text import format_duration, pluralize, with_verb
from ordertui.rules.policy.settings import PolicyValues
from ordertui.rules.rate import RateStatus
from ordertui.store.repositories.derived_facts import WITHOUT_DATE

from .tally import OrderTally


def plan_warnings(
    action: Action,
    marketplace: str,
    tally: OrderTally,
    rates: Sequence[RateEffect],
    offers: Sequence[str] = (),
    told: Sequence[str] = (),
) -> list[str]:
    """Return what to say of a plan with these orders. `offers` are the warnings of `removal_warnings`; `told` why
    the number must be typed anyway (`Doubts.typed`): a rate that is unknown for the same reason is not told again.
    """
    found = [*_rate_warnings(rates, told), *offers]
    if action is Action.CANCEL:
        found += _cancel_warnings(tally)
    if tally.replacements:
        words = with_verb(tally.replacements, "is a replacement order", "are replacement orders")
        found.append(f"{words}: no page of Amazon's says whether this differs; check in Seller Central first")
    if tally.business and action is Action.CANCEL:
        found.append(f"{pluralize(tally.business)} of {AMAZON_BUSINESS}")
    if tally.prime and action in (Action.CANCEL, Action.REFUND):
        found.append(f"{pluralize(tally.prime)} of {SELLER_FULFILLED_PRIME}")
    if action is Action.REFUND and tally.several_skus:
        found.append(f"{_which(tally)} several SKUs: money goes back for more than one of them")
    if action is Action.REFUND and tally.orders:
        found.append("refunds by file are paid at once and cannot be undone after the upload")
        if price_tax(marketplace) is PriceTax.UNKNOWN:
            found.append(
                f"unknown whether prices in {marketplace} include the tax: it is not added, so that no refund exceeds"
                " what was paid"
            )
        if tally.undated_prices:
            found.append(f"{pluralize(tally.undated_prices)}: {UNDATED_PRICE}")
        if not tally.refunds_known:
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


def _rate_warnings(rates: Sequence[RateEffect], told: Sequence[str]) -> list[str]:
    return [
        f"the {effect.after.days}-day rate is not known: {effect.after.reason}"
        for effect in rates
        if effect.after.reason and effect.after.cancelled > effect.before.cancelled
        if effect.after.reason not in told
    ]


def gone_warning(count: int) -> str:
    """Return what to say of orders that were to be planned and that the store has no more; empty for none."""
    if not count:
        return ""
    return (
        f"{pluralize(count)} left out: not in this store any more, because somebody deleted old orders or took an"
        " import back"
    )


def _which(tally: OrderTally) -> str:
    """Return of which orders the plan takes items of several SKUs, as the begin of a sentence."""
    several = tally.several_skus
    if tally.orders == 1:
        return "the order holds"
    return f"{several:,} of {tally.orders:,} orders {'holds' if several == 1 else 'hold'}"


def _cancel_warnings(tally: OrderTally) -> list[str]:
    found = []
    unknown = tally.requests[BuyerRequest.UNKNOWN]
    if unknown:
        found.append(f"{pluralize(unknown)}: no report has the buyer's request; treated as counting")
    agreed = tally.requests[BuyerRequest.MESSAGE]
    if agreed:
        found.append(
            f"{pluralize(agreed)}: requested by message only, so cancelling counts; it does not once the buyer requests"
            " it on Amazon (Your Orders, Request Cancellation) and a new report shows that"
        )
    some = tally.requests[BuyerRequest.SOME]
    if some:
        found.append(
            f"{pluralize(some)}: the buyer requested cancellation of some items only; this cancels the others too,"
            " and counts. Cancel just those items in Seller Central (Manage Orders, Cancel items), or confirm the"
            " others first: then a refund (key r, or `ordertui plan refund`) cancels just the items asked for, and does"
            " not count"
        )
    if tally.incomplete:
        found.append(
            f"{pluralize(tally.incomplete)} named by the Unshipped report alone: if another line of one was shipped,"
            " cancelling refunds the whole order; import All Orders first"
        )
    if tally.several_skus:
        found.append(f"{_which(tally)} several SKUs: all of them are cancelled")
    claimed = tally.claimed
    if asked_elsewhere := claimed[BuyerRequest.NONE] + claimed[BuyerRequest.MESSAGE]:
        found.append(
            f"{pluralize(asked_elsewhere)} with reason BuyerCanceled but no request on Amazon: counted all the same"
        )
    if asked_in_part := claimed[BuyerRequest.SOME]:
        found.append(
            f"{pluralize(asked_in_part)} with reason BuyerCanceled, requested on Amazon for some items only: counted"
            " all the same"
        )
    if not_known := claimed[BuyerRequest.UNKNOWN]:
        found.append(
            f"{pluralize(not_known)} with reason BuyerCanceled; whether it was requested on Amazon is unknown: counted"
            " all the same"
        )
    return found


class Doubts(msgspec.Struct, frozen=True):
    """Doubts about the orders of a plan."""

    warnings: tuple[str, ...] = ()
    typed: tuple[str, ...] = ()
    """Why the number of orders must be typed to commit; empty when it need not."""


def find_doubts(
    action: Action, tally: OrderTally, left_out: int, newest: int | None, now: int, values: PolicyValues
) -> Doubts:
    """Return the doubts about these orders of one marketplace.

    `left_out` is how many of them a newer Unshipped report does not name, though it may have been asked for other days;
    `newest` the date of what was last said of any order of the marketplace. A waiting order is as old as the newest
    report that names it, any other one as old as `newest`. Without a ship-by time nobody can tell whether Amazon has
    cancelled an order by itself, so an old one of these asks for the count sooner.
    """
    if action is Action.MESSAGE or not tally.orders:
        return Doubts()
    warnings, typed = [], []
    if left_out:
        typed.append(f"a newer Unshipped report leaves out {pluralize(left_out)}")
        warnings.append(
            f"a newer Unshipped report leaves out {pluralize(left_out)}, and was perhaps not asked for their"
            " days: look at them in Seller Central, or import All Orders"
        )
    dates = [named_at for named_at, _ in tally.waiting]
    if newest is not None and tally.waiting.total() < tally.orders:
        dates.append(newest)
    oldest = min(dates, default=newest)
    undated = sum(
        count
        for (named_at, is_dated), count in tally.waiting.items()
        if not is_dated and named_at <= now - values.old_hours * HOUR
    )
    if undated:
        them = "it" if undated == 1 else "them"
        words = f"{pluralize(undated)}: no report gives a ship-by time, so Amazon may have cancelled {them} by now"
        typed.append(words)
        warnings.append(f"{words}; import Unshipped orders first")
    age = 0 if oldest is None else now - oldest
    if oldest == WITHOUT_DATE:
        typed.append("no report tells from when it is")
        warnings.append(
            "no report of some of these orders tells from when it is: they may have been shipped, cancelled or refunded"
            " since; import new reports first"
        )
    elif oldest is not None and age >= values.old_hours * HOUR:
        if age >= values.stale_hours * HOUR:
            typed.append(f"what the reports say is {format_duration(age)} old")
        warnings.append(
            f"what the reports say is {format_duration(age)} old (of {iso_utc(oldest)}): the orders may have been"
            " shipped, cancelled or refunded since; import new reports first"
        )
    if newest is not None and is_clock_behind(newest, now):
        words = clock_words(newest, now)
        typed.append(words)
        warnings.append(f"{words}: rate, deadlines and ages are not those of now; set the clock right and plan again")
    return Doubts(tuple(warnings), tuple(typed))
