"""Read the orders that wait for SKUs with too few units, and weigh them as often as the operator moves one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from itertools import islice
from pathlib import Path

import msgspec

from ordertui.operations.context import SessionContext
from ordertui.operations.eligibility import Eligibility
from ordertui.operations.planning.harm import HarmScale
from ordertui.operations.rate.counting import RateCounting
from ordertui.orders.enums import Action, BuyerRequest, OrderStatus
from ordertui.orders.order import Order
from ordertui.orders.text import pluralize
from ordertui.rules.shortage import Shortage, WaitingOrder, Weigher, Why

from .reasons import WeighedOrder, WeighedReasons
from .sheet import ShortageRow, ShortageSheet
from .stock_file import read_stock

ORDERS_AT_ONCE = 1_000
"""Orders read at a time."""
SHOWN_SKUS = 3
"""SKUs that a note names."""


class _Waiting(msgspec.Struct, frozen=True):
    """An order that waits for units."""

    order: Order
    units: tuple[tuple[str, int], ...]
    is_guessed: bool
    """Whether no report says of some line how many units wait; it is taken as one."""
    denied: str
    """Why it may not be cancelled; empty when it may."""
    counts: bool


class ShortageDraft:
    """The orders that wait for some SKUs, read once; `weigh` touches no store, so any thread may call it."""

    def __init__(
        self, waiting: Sequence[_Waiting], available: Mapping[str, int], scale: HarmScale, alike: Sequence[str]
    ) -> None:
        """`alike`: other SKUs that orders wait for, spelled nearly as those of `available`."""
        self.available = available
        self._alike = alike
        self._waiting = sorted(waiting, key=_by_ship_by)
        self._currencies = scale.currencies
        self._candidates = {one.order.row.id: _candidate(one, scale) for one in self._waiting}
        self._orders = {
            one.order.row.id: WeighedOrder(
                one.order.row.order_id,
                one.units,
                self._candidates[one.order.row.id].harm,
                one.denied,
                is_priced=one.order.row.total is not None,
                is_dated=one.order.row.ship_by is not None,
            )
            for one in self._waiting
        }
        self._weigher = Weigher(list(self._candidates.values()), available)
        self._rows: dict[int, ShortageRow] = {}

    def weigh(self, *, cancel: Collection[int] = (), keep: Collection[int] = ()) -> ShortageSheet:
        """Return which orders to cancel so that the units on hand suffice for the rest.

        `cancel` and `keep`: the operator's own choices by row number.
        """
        result = self._weigher.weigh(cancel=cancel, keep=keep)
        reasons = WeighedReasons(self._orders, result)
        chosen, kept = [], []
        for one in self._waiting:
            row_id = one.order.row.id
            if row_id in result.chosen:
                chosen.append(self._row(one, result.chosen[row_id], reasons.chosen(row_id), result))
            elif row_id in result.kept:
                kept.append(self._row(one, result.kept[row_id], reasons.kept(row_id), result))
        return ShortageSheet((*chosen, *kept), self.available, result, tuple(self._notes(result)))

    def _row(self, one: _Waiting, reason: Why, why: str, result: Shortage) -> ShortageRow:
        row, is_chosen = one.order.row, one.order.row.id in result.chosen
        before = self._rows.get(row.id)
        if before is not None and (before.is_chosen, before.reason, before.why) == (is_chosen, reason, why):
            return before
        found = self._rows[row.id] = ShortageRow(
            id=row.id,
            order_id=row.order_id,
            marketplace=row.marketplace,
            is_chosen=is_chosen,
            reason=reason,
            why=why,
            units=tuple((sku, units) for sku, units in one.units if sku in result.short),
            total=row.total,
            ship_by=row.ship_by,
            counts=one.counts,
        )
        return found

    def _notes(self, result: Shortage) -> Iterator[str]:
        """Yield what no cancellation can settle, and what was assumed."""
        for sku, units in sorted(result.missing.items()):
            held = {
                row_id: dict(self._orders[row_id].units).get(sku, 0)
                for row_id, reason in result.kept.items()
                if reason is Why.BY_HAND
            }
            mine = min(units, sum(held.values()))
            orders = pluralize(sum(count > 0 for count in held.values()))
            other = f"{pluralize(units - mine, 'unit')} in orders that may not be cancelled" if units > mine else ""
            own = f"{pluralize(mine, 'unit')} in {orders} that you keep" if mine else ""
            where = " and ".join(part for part in (own, other) if part)
            yield f"{sku}: {pluralize(units, 'unit')} still missing: {where}"
        shared = self._shared_stock()
        if shared:
            codes = ", ".join(sorted({code for markets in shared.values() for code in markets}))
            yield f"units on hand of {_some(sorted(shared))} are taken as one stock for the orders of {codes}"
        if self._alike:
            yield f"orders wait for {_some(self._alike)} too, which is spelled otherwise and not weighed: name each SKU"
        unknown = [sku for sku in self.available if not result.ordered.get(sku)]
        if unknown:
            yield f"no order waits for {_some(unknown)}"
        guessed = sum(one.is_guessed for one in self._waiting)
        if guessed:
            yield f"{pluralize(guessed)} without a known quantity: taken as 1 unit each"
        if self._currencies > 1:
            yield "the orders are in several currencies: their amounts are not compared"
        if not result.is_exact:
            yield (
                "too many orders share these SKUs to look at every set: the one shown adds"
                f" {result.harm.counts:,} to the rate, and none adds fewer than {result.at_least_counting:,}"
            )

    def _shared_stock(self) -> Mapping[str, Set[str]]:
        """Return the SKUs that orders of several marketplaces wait for, with these marketplaces."""
        markets: dict[str, set[str]] = {}
        for one in self._waiting:
            for sku, _ in one.units:
                markets.setdefault(sku, set()).add(one.order.row.marketplace)
        return {sku: codes for sku, codes in markets.items() if len(codes) > 1}


class ShortageService:
    """Reads the orders that wait for SKUs."""

    def __init__(self, context: SessionContext, eligibility: Eligibility) -> None:
        self._context = context
        self._eligibility = eligibility
        self._counting = RateCounting(eligibility)
        self.stock: Mapping[str, int] = {}
        """Units on hand by SKU, as the last stock file says; empty when none was read."""

    def draft(self, available: Mapping[str, int]) -> ShortageDraft:
        """Read the orders that wait for these SKUs. `available`: units on hand; other SKUs are taken as plenty.

        A SKU is one stock for the orders of all marketplaces: no report says which warehouse serves which.
        Orders that were handed to the carrier, or that a batch is about to cancel, wait for nothing.
        """
        waiting = list(self._read(available))
        alike = self._context.reader().orders.spelled_alike(available)
        return ShortageDraft(waiting, available, HarmScale(self._eligibility, (one.order for one in waiting)), alike)

    def read_stock(self, path: Path) -> Mapping[str, int]:
        """Return the units on hand that a file names, and remember them. Raises BadInput; see `stock_file`."""
        self.stock = read_stock(path)
        return self.stock

    def _read(self, available: Mapping[str, int]) -> Iterator[_Waiting]:
        store = self._context.reader()
        ids = iter(store.orders.waiting_for(available))
        while part := list(islice(ids, ORDERS_AT_ONCE)):
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


def _by_ship_by(one: _Waiting) -> tuple[object, ...]:
    row = one.order.row
    return (row.ship_by is None, row.ship_by or 0, row.order_id)


def _candidate(one: _Waiting, scale: HarmScale) -> WaitingOrder:
    row = one.order.row
    return WaitingOrder(
        row.id,
        one.units,
        scale.harm(one.order, counts=one.counts),
        is_cancellable=not one.denied,
        is_requested=row.buyer_request is BuyerRequest.OFFICIAL,
    )


def _some(skus: Sequence[str]) -> str:
    shown = ", ".join(skus[:SHOWN_SKUS])
    return shown if len(skus) <= SHOWN_SKUS else f"{shown} and {len(skus) - SHOWN_SKUS:,} more"
