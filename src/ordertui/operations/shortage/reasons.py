"""Say in words why each order of a shortage is chosen or kept, beside the order that it was weighed against."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from ordertui.orders.text import pluralize
from ordertui.rules.shortage import Harm, Shortage, Why


class WeighedOrder(msgspec.Struct, frozen=True):
    """An order as its reason names it."""

    order_id: str
    units: tuple[tuple[str, int], ...]
    harm: Harm
    denied: str
    """Why it may not be cancelled; empty when it may."""
    is_priced: bool = True
    """Whether its amount is known; `harm` takes an unknown one as 0."""
    is_dated: bool = True
    """Whether its ship-by time is known; `harm` takes an unknown one as the earliest."""


_BETTER = (
    "it does not count toward the rate, as {other} would, which is kept",
    "your policy file protects {other}, which is kept",
    "your policy file prefers to cancel it",
    "it is worth less than {other}, which is kept",
    "it ships after {other}, which is kept",
)
"""Why an order is chosen, by the first level of `Harm` at which it does less harm than the least harmful kept one."""
_WORSE = (
    "it would count toward the rate; {other}, which is chosen, does not",
    "your policy file protects it",
    "your policy file prefers to cancel others, such as {other}",
    "it is worth more than {other}, which is chosen",
    "it ships before {other}, which is chosen",
)
"""Why an order is kept, by the first level at which it does more harm than the most harmful chosen one."""
_MONEY, _URGENCY = Harm._fields.index("money"), Harm._fields.index("urgency")
_BETTER_UNPRICED = "its amount is not known and is taken as 0; {other}, which is kept, is worth more"
_BETTER_UNDATED = "the ship-by time of {other}, which is kept, is not known and is taken as the earliest"
_WORSE_UNPRICED = "{other}, which is chosen, is taken as worth 0: its amount is not known"
_WORSE_UNDATED = "its ship-by time is not known and is taken as the earliest; {other}, which is chosen, has one"


class WeighedReasons:
    """Reasons of one result. Compared are orders that are free: neither requested, moved by hand nor denied."""

    def __init__(self, orders: Mapping[int, WeighedOrder], result: Shortage) -> None:
        self._orders = orders
        self._result = result
        free = (row_id for row_id, reason in result.kept.items() if reason is Why.ENOUGH_UNITS)
        taken = (row_id for row_id, reason in result.chosen.items() if reason is Why.LEAST_HARM)
        self._best_kept = self._by_sku(free, sign=-1)
        self._worst_chosen = self._by_sku(taken, sign=1)

    def _by_sku(self, ids: Iterable[int], sign: int) -> dict[str, WeighedOrder]:
        """Return the most harmful (`sign` 1) or least harmful (-1) of these orders for each short SKU."""
        found: dict[str, WeighedOrder] = {}
        for row_id in ids:
            one = self._orders[row_id]
            for sku, _ in one.units:
                if sku not in self._result.short:
                    continue
                other = found.get(sku)
                if other is None or (one.harm > other.harm if sign > 0 else one.harm < other.harm):
                    found[sku] = one
        return found

    def chosen(self, row_id: int) -> str:
        """Return why an order is to be cancelled."""
        reason = self._result.chosen[row_id]
        if reason is Why.REQUESTED:
            return "chosen because its buyer requested cancellation on Amazon"
        if reason is Why.BY_HAND:
            return "chosen because you said so"
        return f"chosen because {self._least_harm(self._orders[row_id])}"

    def _least_harm(self, one: WeighedOrder) -> str:
        short = [(sku, units) for sku, units in one.units if sku in self._result.short]
        others = [(sku, self._best_kept[sku]) for sku, _ in short if sku in self._best_kept]
        if not others:
            return f"all of {short[0][0]} that may be cancelled is needed"
        for _, other in others:
            level = _first_difference(one.harm, other.harm)
            if level is not None and one.harm[level] < other.harm[level]:
                return _better(level, one, other).format(other=other.order_id)
        if len(short) > 1:
            return f"it frees units of {len(short)} short SKUs at once"
        (sku, units), (_, other) = short[0], others[0]
        if units > dict(other.units)[sku]:
            return f"it frees {pluralize(units, 'unit')} at once"
        if one.harm == other.harm:
            return f"units are missing, and it harms no more than {other.order_id}, which is kept"
        return "no other set of orders does less harm"

    def kept(self, row_id: int) -> str:
        """Return why an order is not to be cancelled."""
        reason, one = self._result.kept[row_id], self._orders[row_id]
        if reason is Why.BY_HAND:
            return "kept because you said so"
        if reason is Why.DENIED:
            return f"kept because it may not be cancelled: {one.denied}"
        return f"kept because {self._enough(one)}"

    def _enough(self, one: WeighedOrder) -> str:
        for sku, units in one.units:
            other = self._worst_chosen.get(sku)
            if other is None:
                continue
            level = _first_difference(one.harm, other.harm)
            if level is not None and one.harm[level] > other.harm[level]:
                return _worse(level, one, other).format(other=other.order_id)
            if units < dict(other.units)[sku]:
                return f"it would free {units} of {sku}; more are needed at once"
        return "units are on hand for it"


def _better(level: int, one: WeighedOrder, kept: WeighedOrder) -> str:
    if level == _MONEY and not one.is_priced:
        return _BETTER_UNPRICED
    return _BETTER_UNDATED if level == _URGENCY and not kept.is_dated else _BETTER[level]


def _worse(level: int, one: WeighedOrder, chosen: WeighedOrder) -> str:
    if level == _MONEY and not chosen.is_priced:
        return _WORSE_UNPRICED
    return _WORSE_UNDATED if level == _URGENCY and not one.is_dated else _WORSE[level]


def _first_difference(one: Harm, other: Harm) -> int | None:
    return next((level for level in range(len(one)) if one[level] != other[level]), None)
