"""The effects sheet of a plan: money by currency and component, Amazon's mails, the listing's stock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ordertui.orders.enums import Action, YesNo
from ordertui.orders.order import COMPONENTS, LineAmounts
from ordertui.orders.text import pluralize, with_verb
from ordertui.rules.policy.policy import Policy

from .plan import MoneyEffect, PlannedOrder

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


def fee_warnings(charged: Mapping[tuple[int, str], int]) -> list[str]:
    """Return what Amazon charges for the batch, by the table `fees`, in percent: no report has the referral fee itself.

    `charged`: how many orders, by percentage and why.
    """
    return [
        f"Amazon charges {percent} % of the referral fee for {pluralize(count)}: {why}"
        for (percent, why), count in sorted(charged.items())
    ]
