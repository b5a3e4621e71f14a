"""The effects sheet of a plan: money by currency and component, Amazon's mails, the listing's stock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ordertui.orders.order import COMPONENTS, Components, Order
from ordertui.orders.reason import CancelReason
from ordertui.orders.status import Action, OrderStatus

from .plan_values import MoneyEffect, PlanRow

TOTAL = "total"


def money_effects(action: Action, rows: Sequence[PlanRow], orders: Mapping[int, Order]) -> tuple[MoneyEffect, ...]:
    """Sums in minor units, per currency: each component that is not zero (promotions negative), then `total`.

    For cancel, what the buyers will not be charged; for refund, what goes back. Rows without prices are left out.
    """
    if action not in (Action.CANCEL, Action.REFUND):
        return ()
    sums: dict[str, Components] = {}
    for row in rows:
        for currency, amounts in _amounts(action, row, orders[row.id]):
            sums[currency] = sums.get(currency, Components()).plus(amounts)
    found = []
    for currency, amounts in sorted(sums.items()):
        for name in COMPONENTS:
            minor = getattr(amounts, name)
            if minor:
                found.append(MoneyEffect(currency, name, -minor if name.endswith("promotion") else minor))
        found.append(MoneyEffect(currency, TOTAL, amounts.total))
    return tuple(found)


def _amounts(action: Action, row: PlanRow, order: Order) -> list[tuple[str, Components]]:
    if action is Action.REFUND:
        return [(row.currency or "", line.refund) for line in row.lines if line.refund is not None]
    if row.total is None:
        return []
    return [
        (line.currency, line.paid)
        for line in order.lines
        if line.paid is not None and line.currency is not None and line.status is not OrderStatus.CANCELLED
    ]


def buyer_mails(action: Action, rows: Sequence[PlanRow]) -> int:
    """How many e-mails Amazon sends to buyers: one an order for cancel, refund and shipment (AMAZON.md b, d)."""
    return 0 if action is Action.MESSAGE else len(rows)


def restock_words(action: Action, rows: Sequence[PlanRow]) -> str:
    """What happens to the listing's stock: raised for every cancel reason but NoInventory (AMAZON.md b, grade B)."""
    if action is not Action.CANCEL or not rows:
        return ""
    back = sum(line.quantity for row in rows if row.reason != CancelReason.NO_INVENTORY.value for line in row.lines)
    none = sum(row.reason == CancelReason.NO_INVENTORY.value for row in rows)
    words = []
    if back:
        words.append(f"Amazon puts {back:,} units back on sale")
    if none:
        words.append(f"NoInventory puts nothing back ({none:,} orders)")
    return "; ".join(words)
