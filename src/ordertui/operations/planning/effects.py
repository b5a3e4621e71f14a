"""The effects sheet of a plan: money by currency and component, Amazon's mails, the listing's stock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ordertui.orders.clock import DAY
from ordertui.orders.enums import Action, YesNo
from ordertui.orders.money import Money
from ordertui.orders.order import COMPONENTS, LineAmounts, Order
from ordertui.orders.text import pluralize, with_verb
from ordertui.rules.policy.policy import Policy

from .plan import MoneyEffect, PlannedOrder

TOTAL = "total"


def money_effects(action: Action, rows: Sequence[PlannedOrder], orders: Mapping[int, Order]) -> tuple[MoneyEffect, ...]:
    """Return sums in minor units, per currency: each component that is not zero (promotions negative), then `total`.

    For cancel, what the buyers will not be charged; for refund, what goes back. Rows without prices are left out.
    """
    if action not in (Action.CANCEL, Action.REFUND):
        return ()
    sums: dict[str, LineAmounts] = {}
    for row in rows:
        for currency, amounts in _amounts(action, row, orders[row.id]):
            sums[currency] = sums.get(currency, LineAmounts()).plus(amounts)
    found = []
    for currency, amounts in sorted(sums.items()):
        for name in COMPONENTS:
            minor = getattr(amounts, name)
            if minor:
                found.append(MoneyEffect(currency, name, -minor if name.endswith("promotion") else minor))
        found.append(MoneyEffect(currency, TOTAL, amounts.total))
    return tuple(found)


def _amounts(action: Action, row: PlannedOrder, order: Order) -> list[tuple[str, LineAmounts]]:
    if action is Action.REFUND:
        return [(row.currency or "", line.refund) for line in row.lines if line.refund is not None]
    if row.total is None:
        return []
    return [
        (line.currency, line.paid)
        for line in order.lines
        if line.paid is not None and line.currency is not None and line.is_active
    ]


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


def fee_warnings(
    policy: Policy, action: Action, rows: Sequence[PlannedOrder], orders: Mapping[int, Order], now: int
) -> list[str]:
    """Return what Amazon charges for the batch, by the table `fees`, in percent: no report has the referral fee itself.

    `now` is in epoch seconds.
    """
    known: dict[tuple[bool, int | None, Money | None], tuple[int, str]] = {}
    charged: dict[tuple[int, str], int] = {}
    for row in rows:
        order = orders[row.id].row
        late = None if order.ship_by is None else -((order.ship_by - now) // DAY)
        facts = row.counts, late, order.total
        if facts not in known:
            known[facts] = policy.referral_fee_percent(action, *facts)
        percent, why = known[facts]
        if percent:
            charged[percent, why] = charged.get((percent, why), 0) + 1
    return [
        f"Amazon charges {percent} % of the referral fee for {pluralize(count)}: {why}"
        for (percent, why), count in sorted(charged.items())
    ]
