"""The effects sheet of a plan: money by currency and component, Amazon's mails, the listing's stock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ordertui.operations.rate.figures import RateEffect
from ordertui.orders.enums import Action, YesNo
from ordertui.orders.order import COMPONENTS, LineAmounts
from ordertui.orders.text import pluralize, with_verb
from ordertui.rules.policy.policy import Policy

from .plan import MoneyEffect, Plan, PlannedOrder

TOTAL = "total"


def money_effects(sums: Mapping[str, LineAmounts]) -> tuple[MoneyEffect, ...]:
    """Return sums in minor units, per currency: each component that is not zero (promotions negative), then `total`."""
    found = []
    for currency, amounts in sorted(sums.items()):
        for name in COMPONENTS:
            minor = getattr(amounts, name)
            if minor:
                found.append(MoneyEffect(currency, name, -minor if name.endswith("promotion") else minor))
        found.append(MoneyEffect(currency, TOTAL, amounts.total))
    return tuple(found)


def buyer_mails(policy: Policy, action: Action, rows: Sequence[PlannedOrder]) -> int:
    """Return how many e-mails Amazon sends to buyers, by the table `mail`."""
    return policy.mails(action) * len(rows)


def restock_note(policy: Policy, action: Action, rows: Sequence[PlannedOrder]) -> str:
    """Return what happens to the listing's stock, by the table `restock`."""
    if action is not Action.CANCEL:
        return ""
    known: dict[str, YesNo] = {}
    units: dict[YesNo, int] = {}
    for row in rows:
        for line in row.lines:
            reason = line.reason or row.reason
            if reason not in known:  # a table is asked once for each reason, not for each row
                known[reason] = policy.restocks(reason)[0]
            back = known[reason]
            units[back] = units.get(back, 0) + line.quantity
    words = []
    if YesNo.YES in units:
        words.append(f"Amazon restocks {pluralize(units[YesNo.YES], 'unit')}")
    if YesNo.NO in units:
        words.append(f"{pluralize(units[YesNo.NO], 'unit')} not restocked (NoInventory)")
    if YesNo.UNKNOWN in units:
        words.append(f"unknown whether {with_verb(units[YesNo.UNKNOWN], 'unit is', 'units are')} restocked")
    of_all = f"of {pluralize(sum(units.values()), 'unit')}, " if len(units) > 1 else ""
    return of_all + "; ".join(words)


def fee_warnings(charged: Mapping[tuple[int | None, str], int]) -> list[str]:
    """Return what Amazon charges for the batch, by the table `fees`, in percent: no report has the referral fee itself.

    `charged`: how many orders, by percentage (None: not known how much) and why.
    """
    return [
        f"Amazon may charge a fee for {pluralize(count)}: {why}"
        if percent is None
        else f"Amazon charges {percent} % of the referral fee for {pluralize(count)}: {why}"
        for (percent, why), count in sorted(charged.items(), key=lambda one: (one[0][0] or 0, one[0][1]))
    ]


def window_words(plan: Plan, effect: RateEffect) -> list[str]:
    """Return how the orders that count differ from what a window's numerator grows by; empty when they do not.

    `7 count in these 7 days, 1 was placed before them`; then `1 adds nothing`, such as one that counted already.
    """
    counted, added, earlier = sum(row.counts for row in plan.rows), effect.added, effect.earlier
    if added == counted or effect.before.reason or effect.after.reason:
        return []
    days = pluralize(effect.after.days, "day")
    head = f"{with_verb(added, 'counts', 'count') if added else 'none counts'} in these {days}"
    if earlier:
        head += f", {with_verb(earlier, 'was', 'were')} placed before them"
    rest = counted - added - earlier
    return [head, f"{with_verb(rest, 'adds', 'add')} nothing"] if rest > 0 else [head]
