"""Weigh the orders that wait for SKUs with too few units, and say of each why it is to be cancelled or kept."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path

import msgspec

from ordertui.operations.context import SessionContext
from ordertui.operations.eligibility import Eligibility
from ordertui.operations.planning.harm import HarmScale
from ordertui.operations.rate.counting import RateCounting
from ordertui.orders.enums import Action, BuyerRequest, OrderStatus
from ordertui.orders.money import Money
from ordertui.orders.order import Order
from ordertui.orders.text import pluralize
from ordertui.rules.shortage import Harm, Shortage, WaitingOrder, Why, weigh

from .stock_file import read_stock

SLICE = 1_000
"""Orders read at a time."""
SHOWN_SKUS = 3
"""SKUs that a note names."""


class ShortageRow(msgspec.Struct, frozen=True):
    """One order that holds a short SKU."""

    id: int
    order_id: str
    marketplace: str
    is_chosen: bool
    """Whether it is to be cancelled."""
    reason: Why
    why: str
    units: tuple[tuple[str, int], ...]
    """Units of each short SKU that it waits for."""
    total: Money | None
    ship_by: int | None
    """Epoch seconds."""
    counts: bool
    """Whether cancelling it newly counts toward the rate."""


class ShortageSheet(msgspec.Struct, frozen=True):
    """What to cancel and what to keep, with reasons."""

    rows: tuple[ShortageRow, ...]
    """Chosen ones first, each part by ship-by time."""
    available: Mapping[str, int]
    """Units on hand, of the SKUs that were asked for."""
    result: Shortage
    notes: tuple[str, ...]
    """What was assumed, and what no cancellation can settle."""

    @property
    def chosen(self) -> tuple[int, ...]:
        """Row numbers of the orders to cancel."""
        return tuple(row.id for row in self.rows if row.is_chosen)


class _Waiting(msgspec.Struct, frozen=True):
    """An order that waits for units."""

    order: Order
    units: tuple[tuple[str, int], ...]
    is_guessed: bool
    """Whether no report says of some line how many units wait; it is taken as one."""
    denied: str
    """Why it may not be cancelled; empty when it may."""
    counts: bool


class ShortageService:
    """Reads the orders that wait for SKUs, and weighs them."""

    def __init__(self, context: SessionContext, eligibility: Eligibility) -> None:
        self._context = context
        self._eligibility = eligibility
        self._counting = RateCounting(eligibility)

    def weigh(
        self, available: Mapping[str, int], *, cancel: Collection[int] = (), keep: Collection[int] = ()
    ) -> ShortageSheet:
        """Return which waiting orders to cancel so that the units on hand suffice for the rest.

        `available`: units on hand by SKU; other SKUs are taken as plenty. `cancel` and `keep`: the operator's own
        choices by row number. Orders that were handed to the carrier, or that a batch is about to cancel, wait for
        nothing.
        """
        waiting = list(self._read(available))
        scale = HarmScale(self._eligibility, (one.order for one in waiting))
        candidates = [_candidate(one, scale) for one in waiting]
        result = weigh(candidates, available, cancel=cancel, keep=keep)
        harms = {one.id: one.harm for one in candidates}
        worst = _worst(waiting, result, harms)
        rows = [
            _row(one, result, harms, worst)
            for one in waiting
            if one.order.row.id in result.chosen or one.order.row.id in result.kept
        ]
        rows.sort(key=lambda row: (not row.is_chosen, row.ship_by is None, row.ship_by or 0, row.order_id))
        return ShortageSheet(
            tuple(rows), available, result, tuple(_notes(waiting, available, result, scale.currencies))
        )

    @staticmethod
    def read_stock(path: Path) -> dict[str, int]:
        """Return the units on hand that a file names; see `stock_file.read_stock`."""
        return read_stock(path)

    def _read(self, available: Mapping[str, int]) -> Iterator[_Waiting]:
        store = self._context.reader()
        ids = iter(store.orders.waiting_for(available))
        while part := list(islice(ids, SLICE)):
            orders = store.orders.get(part)
            newly: set[int] = set()
            for code in {order.row.marketplace for order in orders.values()}:
                newly |= self._counting.newly_counting(store, code, orders)
            for order in orders.values():
                one = self._waiting(order, available, counts=order.row.id in newly)
                if one.units:
                    yield one

    def _waiting(self, order: Order, available: Mapping[str, int], *, counts: bool) -> _Waiting:
        units: dict[str, int] = {}
        is_guessed = False
        for line in order.lines:
            if line.sku not in available or line.status is OrderStatus.CANCELLED:
                continue
            waits = line.units_waiting
            if waits is None:
                waits = 1 if line.quantity is None else max(0, line.quantity - line.units_cancelled)
                is_guessed = is_guessed or line.quantity is None
            if waits:
                units[line.sku] = units.get(line.sku, 0) + waits
        denial = self._eligibility.denial(order.row, Action.CANCEL, order.lines)
        return _Waiting(order, tuple(units.items()), is_guessed, "" if denial is None else denial.why, counts)


def _candidate(one: _Waiting, scale: HarmScale) -> WaitingOrder:
    row = one.order.row
    return WaitingOrder(
        row.id,
        one.units,
        scale.harm(one.order, counts=one.counts),
        is_cancellable=not one.denied,
        is_requested=row.buyer_request is BuyerRequest.OFFICIAL,
    )


def _row(
    one: _Waiting, result: Shortage, harms: Mapping[int, Harm], worst: Mapping[str, tuple[Harm, int]]
) -> ShortageRow:
    row = one.order.row
    is_chosen = row.id in result.chosen
    reason = (result.chosen if is_chosen else result.kept)[row.id]
    return ShortageRow(
        id=row.id,
        order_id=row.order_id,
        marketplace=row.marketplace,
        is_chosen=is_chosen,
        reason=reason,
        why=_why(one, reason, result, harms, worst),
        units=tuple((sku, units) for sku, units in one.units if sku in result.short),
        total=row.total,
        ship_by=row.ship_by,
        counts=one.counts,
    )


_WORSE = (
    "cancelling it would count toward the rate; cancelling those chosen instead does not",
    "your policy file protects it",
    "your policy file prefers to cancel others",
    "it is worth more than what is cancelled instead",
    "it is to be shipped before those that are cancelled instead",
)
"""Why an order is kept, by the first level of `Harm` at which it does more harm than a chosen one."""


def _why(
    one: _Waiting, reason: Why, result: Shortage, harms: Mapping[int, Harm], worst: Mapping[str, tuple[Harm, int]]
) -> str:
    """Return the reason in words. `worst`: of each SKU the most harmful order chosen for its harm, and its units."""
    if reason is Why.REQUESTED:
        return "its buyer requested cancellation on Amazon"
    if reason is Why.BY_HAND:
        return "chosen by hand" if one.order.row.id in result.chosen else "kept by hand"
    if reason is Why.DENIED:
        return f"may not be cancelled: {one.denied}"
    harm = harms[one.order.row.id]
    if reason is Why.LEAST_HARM:
        return "least harm: " + ("counts toward the rate" if harm.counts else "does not count toward the rate")
    for sku, _ in one.units:
        if sku in worst:
            other, units = worst[sku]
            level = next((n for n in range(len(harm)) if harm[n] != other[n]), None)
            if level is not None and harm[level] > other[level]:
                return _WORSE[level]
            if dict(one.units)[sku] < units:
                return f"it would free {dict(one.units)[sku]} of {sku}; more are needed at once"
    return "enough units are on hand for it"


def _worst(waiting: Sequence[_Waiting], result: Shortage, harms: Mapping[int, Harm]) -> dict[str, tuple[Harm, int]]:
    """Return, by SKU, the most harmful of the orders chosen for the least harm, and how many units it frees."""
    found: dict[str, tuple[Harm, int]] = {}
    for one in waiting:
        if result.chosen.get(one.order.row.id) is Why.LEAST_HARM:
            for sku, units in one.units:
                if sku in result.short:
                    found[sku] = max(found.get(sku, (harms[one.order.row.id], units)), (harms[one.order.row.id], units))
    return found


def _notes(
    waiting: Sequence[_Waiting], available: Mapping[str, int], result: Shortage, currencies: int
) -> Iterator[str]:
    """Yield what was assumed, and what no cancellation can settle."""
    unknown = [sku for sku in available if not result.ordered.get(sku)]
    if unknown:
        yield f"no order waits for {_some(unknown)}"
    for sku, units in sorted(result.missing.items()):
        yield f"{sku}: {pluralize(units, 'unit')} still missing: who holds them may not be cancelled, or is kept"
    guessed = sum(one.is_guessed for one in waiting)
    if guessed:
        yield f"{pluralize(guessed)} without a known quantity: taken as 1 unit each"
    if currencies > 1:
        yield "the orders are in several currencies: their amounts are not compared"
    if not result.is_exact:
        yield (
            f"too many orders share these SKUs to look at every set: {result.harm.counts:,} orders count,"
            f" and no set has fewer than {result.at_least_counting:,}"
        )


def _some(skus: Sequence[str]) -> str:
    shown = ", ".join(skus[:SHOWN_SKUS])
    return shown if len(skus) <= SHOWN_SKUS else f"{shown} and {len(skus) - SHOWN_SKUS:,} more"
