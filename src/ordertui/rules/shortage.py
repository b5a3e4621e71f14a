"""Choose which orders to cancel when there are fewer units on hand than ordered, with the least harm.

The set is optimal by these levels, each deciding only where those before are equal:

1. orders whose buyers requested cancellation on Amazon are chosen first, all that hold a short SKU: they are cancelled
   anyway, and do not count toward the rate;
2. the fewest orders that newly count toward the rate;
3. the fewest orders that a house rule protects, then the fewest that none prefers;
4. the least money;
5. the latest ship-by times.

Cancelling takes a whole order, so an order with several short SKUs frees units of each. Orders that share no short SKU
do not touch each other; each such group is solved on its own:

- One SKU: `unit_cover`.
- Several SKUs: branch and bound over the orders that hold more than one of them, each leaf solved SKU by SKU.

A group that takes too many steps gets the best set found, and what no set can be better than: `Shortage.is_exact`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from enum import StrEnum
from heapq import heapify, heappop, heappush
from typing import NamedTuple

import msgspec

from .unit_cover import Item, UnitCover, cost_per_unit, cover, cover_in_fractions

MOST_VISITS = 100_000
"""Orders looked at in all branches for one group of SKUs that share orders: enough for every group of 12 orders."""
LARGE_GROUP, MOST_VISITS_LARGE = 24, 40_000
"""The same for groups of more orders. One in which a single way down through the branches takes more is not searched:
it gets the set of `_Search.__init__`, and the bound.
"""


class Harm(NamedTuple):
    """What cancelling one order costs, the first level first. Every level is 0 or more."""

    counts: int
    """1 when it newly counts toward the cancellation rate."""
    is_protected: int
    """1 when a house rule protects it."""
    is_not_preferred: int
    """0 when a house rule prefers it."""
    money: int
    """Minor units; 0 everywhere when the orders have several currencies, which cannot be compared."""
    urgency: int
    """Seconds that its ship-by time is before the latest one."""


class WaitingOrder(msgspec.Struct, frozen=True):
    """An order that waits for units."""

    id: int
    units: tuple[tuple[str, int], ...]
    """SKU and units still to be shipped; each SKU once, units above 0."""
    harm: Harm
    is_cancellable: bool = True
    is_requested: bool = False
    """Whether its buyer requested cancellation on Amazon."""


class Why(StrEnum):
    """Why an order is chosen or kept."""

    REQUESTED = "requested"
    LEAST_HARM = "least_harm"
    BY_HAND = "by_hand"
    """The operator chose or kept it."""
    DENIED = "denied"
    """It may not be cancelled."""
    ENOUGH_UNITS = "enough_units"
    """What it needs is on hand, once the chosen ones are cancelled."""


class Shortage(msgspec.Struct, frozen=True):
    """Answer to a shortage: what to cancel, what to keep, and what stays short."""

    chosen: Mapping[int, Why]
    kept: Mapping[int, Why]
    """Every other candidate that holds a SKU with too few units."""
    ordered: Mapping[str, int]
    """Units of each named SKU that the candidates wait for."""
    short: Mapping[str, int]
    """Units ordered beyond what is on hand, of each SKU with too few."""
    missing: Mapping[str, int]
    """Units that no cancellation can free: the orders that hold them may not be cancelled, or are kept by hand."""
    harm: Harm
    """The sum over the chosen orders."""
    is_exact: bool
    """Whether no other set does less harm. By hand choices and requested orders are taken as given."""
    at_least_counting: int
    """Newly counting orders that no set can go below; equals `harm.counts` when the set is exact."""


class Weigher:
    """Weighs the orders that wait for SKUs, again and again as the operator moves orders.

    What an order moved by hand does not touch is not solved again: groups of orders that are the same as last time.
    """

    def __init__(self, candidates: Collection[WaitingOrder], available: Mapping[str, int]) -> None:
        """`available`: units on hand of the SKUs to look at; other SKUs are taken as plenty."""
        self._ordered: dict[str, int] = dict.fromkeys(available, 0)
        for one in candidates:
            for sku, units in one.units:
                if sku in self._ordered:
                    self._ordered[sku] += units
        self._short = {sku: units - available[sku] for sku, units in self._ordered.items() if units > available[sku]}
        self._holding = _holders(candidates, self._short)
        self._levels = _Levels(self._holding)
        self._weights = {one.id: self._levels.number(one.harm) for one in self._holding}
        self._solved: dict[tuple[object, ...], UnitCover] = {}

    def weigh(self, *, cancel: Collection[int] = (), keep: Collection[int] = ()) -> Shortage:
        """Return the set to cancel.

        `cancel` and `keep` are choices of the operator by order; one that may not be cancelled stays kept.
        """
        need = dict(self._short)
        chosen: dict[int, Why] = {}
        kept: dict[int, Why] = {}
        open_: list[WaitingOrder] = []
        for one in self._holding:
            if not one.is_cancellable:
                kept[one.id] = Why.DENIED
            elif one.id in keep:
                kept[one.id] = Why.BY_HAND
            elif one.id in cancel or one.is_requested:
                chosen[one.id] = Why.BY_HAND if one.id in cancel else Why.REQUESTED
                for sku, units in one.units:
                    if sku in need:
                        need[sku] -= units
            else:
                open_.append(one)
        fixed = sum(one.harm.counts for one in self._holding if one.id in chosen)
        missing = _cap(need, open_)
        exact, bound = True, 0
        solved: dict[tuple[object, ...], UnitCover] = {}
        for group in _groups(open_, need):
            key = (*sorted(group.need.items()), *(one.id for one in group.orders))
            found = solved[key] = self._solved.get(key) or group.solve(self._weights)
            chosen |= dict.fromkeys(found.orders, Why.LEAST_HARM)
            exact &= found.is_exact
            bound += self._levels.split(found.bound).counts
        self._solved = solved
        kept |= {one.id: Why.ENOUGH_UNITS for one in open_ if one.id not in chosen}
        harms = [one.harm for one in self._holding if one.id in chosen]
        total = Harm(*(sum(level) for level in zip(*harms, strict=True))) if harms else Harm(0, 0, 0, 0, 0)
        least = total.counts if exact else fixed + bound
        return Shortage(chosen, kept, self._ordered, self._short, missing, total, exact, least)


def _cap(need: dict[str, int], open_: Iterable[WaitingOrder]) -> dict[str, int]:
    """Lower each need to what the open orders can free, drop those that are met, and return what stays missing."""
    supply: dict[str, int] = defaultdict(int)
    for one in open_:
        for sku, units in one.units:
            supply[sku] += units
    missing = {sku: need[sku] - supply[sku] for sku in need if need[sku] > supply[sku]}
    for sku in list(need):
        need[sku] = min(need[sku], supply[sku])
        if need[sku] <= 0:
            del need[sku]
    return missing


class _Levels:
    """Harm as one whole number: each level times more than all later levels of all orders can add up to."""

    def __init__(self, orders: Collection[WaitingOrder]) -> None:
        sums = [sum(one.harm[level] for one in orders) + 1 for level in range(len(Harm._fields))]
        self._factors = [1] * len(sums)
        for level in range(len(sums) - 2, -1, -1):
            self._factors[level] = self._factors[level + 1] * sums[level + 1]

    def number(self, harm: Harm) -> int:
        """Return the harm as one number; sums of numbers compare as sums of levels do."""
        first, second, third, fourth, fifth = self._factors
        return harm[0] * first + harm[1] * second + harm[2] * third + harm[3] * fourth + harm[4] * fifth

    def split(self, number: int) -> Harm:
        """Return the levels of a number."""
        values = []
        for factor in self._factors:
            value, number = divmod(number, factor)
            values.append(value)
        return Harm(*values)


class _Group(NamedTuple):
    """Orders that share short SKUs, directly or by others."""

    need: dict[str, int]
    orders: list[WaitingOrder]

    def solve(self, weights: Mapping[int, int]) -> UnitCover:
        """Return the orders to cancel. `weights`: the harm of each order as one number."""
        if len(self.need) == 1:
            ((sku, need),) = self.need.items()
            holds = ((units, one.id) for one in self.orders for held, units in one.units if held == sku)
            return cover(need, [(units, weights[order], order) for units, order in holds])
        return _Search(self, weights).run()


def _holders(orders: Iterable[WaitingOrder], skus: Mapping[str, int]) -> list[WaitingOrder]:
    """Return the orders that hold any of these SKUs."""
    found = []
    for one in orders:
        for sku, _ in one.units:
            if sku in skus:
                found.append(one)
                break
    return found


def _groups(orders: Iterable[WaitingOrder], need: Mapping[str, int]) -> list[_Group]:
    """Return the orders in groups that share no needed SKU. Orders that hold none are left out."""
    if len(need) == 1:
        return [_Group(dict(need), _holders(orders, need))]
    parent = {sku: sku for sku in need}

    def root(sku: str) -> str:
        while parent[sku] != sku:
            parent[sku] = parent[parent[sku]]
            sku = parent[sku]
        return sku

    useful = []
    for one in orders:
        skus = [sku for sku, _ in one.units if sku in need]
        if skus:
            useful.append((skus[0], one))
            for other in skus[1:]:
                parent[root(other)] = root(skus[0])
    groups: dict[str, _Group] = {}
    for sku, units in need.items():
        groups.setdefault(root(sku), _Group({}, [])).need[sku] = units
    for sku, one in useful:
        groups[root(sku)].orders.append(one)
    return list(groups.values())


class _Search:
    """Branch and bound over the orders of one group that hold several of its SKUs."""

    def __init__(self, group: _Group, weights: Mapping[int, int]) -> None:
        self._weights = weights
        self._need = group.need
        self._single: dict[str, list[Item]] = {sku: [] for sku in group.need}
        self._several: list[tuple[int, dict[str, int]]] = []
        """Order and its units of each needed SKU."""
        for one in group.orders:
            useful = {sku: units for sku, units in one.units if sku in group.need}
            if len(useful) > 1:
                self._several.append((one.id, useful))
            else:
                ((sku, units),) = useful.items()
                self._single[sku].append((units, weights[one.id], one.id))
        self._several.sort(key=lambda entry: cost_per_unit(weights[entry[0]], sum(entry[1].values())))
        self._covers: dict[tuple[str, int], UnitCover | None] = {}
        self._all_exact = True
        self._size = len(group.orders)
        self._most_visits = MOST_VISITS if self._size <= LARGE_GROUP else MOST_VISITS_LARGE
        self._visits = 0
        self._best = self._greedy(group)
        self._best_cost = sum(weights[order] for order in self._best)
        several = {order for order, _ in self._several}
        self._take_leaf([order for order in self._best if order in several])

    def run(self) -> UnitCover:
        """Return the best set found."""
        root = self._whole_bound()
        finished = False
        if root < self._best_cost and self._size * len(self._several) <= self._most_visits:
            self._all_exact = True
            finished = self._branch(0, dict(self._need), 0, []) and self._all_exact
        exact = finished or self._best_cost == root
        return UnitCover(self._best_cost, tuple(self._best), exact, self._best_cost if exact else root)

    def _take_leaf(self, taken: list[int]) -> None:
        """Try the cheapest orders of single SKUs beside these orders of several."""
        useful = dict(self._several)
        need = dict(self._need)
        for order in taken:
            for sku, units in useful[order].items():
                need[sku] -= units
        self._leaf(need, sum(self._weights[order] for order in taken), taken)

    def _whole_bound(self) -> int:
        """Return what the orders cost at least: every SKU covered by itself, in whole orders.

        The harm of an order with several SKUs is shared among them, rounded down, so the covers together cost no more
        than any set that covers all (Lagrangian decomposition).
        """
        shared: dict[str, list[Item]] = defaultdict(list)
        for order, useful in self._several:
            share = self._weights[order] // len(useful)
            for sku, units in useful.items():
                shared[sku].append((units, share, order))
        return sum(cover(units, self._single[sku] + shared[sku]).bound for sku, units in self._need.items())

    def _branch(self, place: int, need: dict[str, int], cost: int, taken: list[int]) -> bool:
        """Look at both ways for the order at `place`; return False when the steps were used up."""
        self._visits += self._size
        if self._visits > self._most_visits:
            return False
        if cost + self._bound(need, place) >= self._best_cost:
            return True
        if place == len(self._several):
            self._leaf(need, cost, taken)
            return True
        order, useful = self._several[place]
        finished = True
        if any(need[sku] > 0 for sku in useful):
            after = {sku: units - useful.get(sku, 0) for sku, units in need.items()}
            finished = self._branch(place + 1, after, cost + self._weights[order], [*taken, order])
        return self._branch(place + 1, need, cost, taken) and finished

    def _leaf(self, need: Mapping[str, int], cost: int, taken: list[int]) -> None:
        orders = list(taken)
        for sku, units in need.items():
            found = self._cover_of(sku, units)
            if found is None:
                return
            orders += found.orders
            cost += found.cost
        if cost < self._best_cost:
            self._best, self._best_cost = orders, cost

    def _cover_of(self, sku: str, units: int) -> UnitCover | None:
        """Return the cover of one SKU by the orders that hold it alone; None when they have too few units."""
        key = (sku, max(units, 0))
        if key not in self._covers:
            items = self._single[sku]
            enough = sum(item[0] for item in items) >= units
            found = self._covers[key] = cover(key[1], items) if enough else None
            self._all_exact &= found is None or found.is_exact
        return self._covers[key]

    def _bound(self, need: Mapping[str, int], place: int) -> int:
        """Return what the undecided orders cost at least, in fractions, SKU by SKU.

        The harm of an order with several SKUs is shared among them equally, rounded down, so no share is counted twice.
        """
        shares: dict[str, list[tuple[int, int]]] = {sku: [] for sku, units in need.items() if units > 0}
        for order, useful in self._several[place:]:
            share = self._weights[order] // len(useful)
            for sku, units in useful.items():
                if sku in shares:
                    shares[sku].append((share, units))
        total = 0
        for sku, shared in shares.items():
            classes: dict[int, list[tuple[int, int]]] = defaultdict(list)
            for units, weight, _ in self._single[sku]:
                classes[min(units, need[sku])].append((weight, 0))
            for weight, units in shared:
                classes[min(units, need[sku])].append((weight, 0))
            for members in classes.values():
                members.sort()
            total += cover_in_fractions(need[sku], classes)[2]
        return total

    def _greedy(self, group: _Group) -> list[int]:
        """Return a set that is enough: the least harm per useful unit first, then without what is superfluous."""
        need = dict(group.need)
        useful = {one.id: {sku: units for sku, units in one.units if sku in need} for one in group.orders}

        def rank(order: int) -> int | None:
            units = sum(min(units, max(need[sku], 0)) for sku, units in useful[order].items())
            return cost_per_unit(self._weights[order], units) if units else None

        heap = [(rank(order) or 0, order) for order in useful]
        heapify(heap)
        chosen: list[int] = []
        lacking = sum(units > 0 for units in need.values())
        while heap and lacking:
            known, order = heappop(heap)
            now = rank(order)
            if now is None:
                continue
            if now > known:
                heappush(heap, (now, order))
                continue
            chosen.append(order)
            for sku, units in useful[order].items():
                lacking -= 0 < need[sku] <= units
                need[sku] -= units
        superfluous = set()
        for order in sorted(chosen, key=self._weights.__getitem__, reverse=True):
            if all(need[sku] + units <= 0 for sku, units in useful[order].items()):
                superfluous.add(order)
                for sku, units in useful[order].items():
                    need[sku] += units
        return [order for order in chosen if order not in superfluous]
