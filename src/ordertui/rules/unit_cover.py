"""Choose the cheapest orders that free enough units of one SKU.

Orders of one quantity differ in cost alone, so a choice is how many of each quantity are taken, cheapest first. The
exact optimum is near the optimum in fractions, so only that neighbourhood is searched (Eisenbrand and Weismantel 2018,
"Proximity results and faster algorithms for integer programming", theorem 3.1, for one constraint: at most 2q + 1
orders apart, q the largest quantity).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple, TypeAlias

MOST_STEPS = 2_000_000
"""Steps of the search over the neighbourhood; beyond, the set is good but not proven."""
_PRECISION = 64
"""Bits after the point of a cost per unit: two that differ, differ by more, for quantities below 2**32."""

Item: TypeAlias = tuple[int, int, int]
"""Units, harm as one number, order: an order of which only one SKU matters."""


class UnitCover(NamedTuple):
    """Orders that free the units of one SKU."""

    cost: int
    orders: tuple[int, ...]
    is_exact: bool
    bound: int
    """No set costs less."""


def cost_per_unit(weight: int, units: int) -> int:
    """Return the cost of one unit as a whole number that orders fractions exactly."""
    return (weight << _PRECISION) // units


def cover(need: int, items: Sequence[Item]) -> UnitCover:
    """Return the cheapest orders that free at least `need` units of one SKU; together the items must have as many."""
    if need <= 0:
        return UnitCover(0, (), True, 0)
    classes: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for units, weight, order in items:
        classes[min(units, need)].append((weight, order))
    for members in classes.values():
        members.sort()
    taken, covered, bound = cover_in_fractions(need, classes)
    if len(classes) == 1:
        ((units, members),) = classes.items()
        count = -(-need // units)
        cost = sum(weight for weight, _ in members[:count])
        return UnitCover(cost, tuple(order for _, order in members[:count]), True, cost)
    largest = max(classes)
    apart = 2 * largest + 2
    if len(classes) * (2 * apart + 1) * 2 * largest * apart > MOST_STEPS:
        return _rounded(need, classes, bound)
    counts = _search_near(need - covered, classes, taken, apart)
    orders = tuple(order for units, members in classes.items() for _, order in members[: counts[units]])
    cost = sum(weight for units, members in classes.items() for weight, _ in members[: counts[units]])
    return UnitCover(cost, orders, True, cost)


def cover_in_fractions(need: int, classes: Mapping[int, list[tuple[int, int]]]) -> tuple[dict[int, int], int, int]:
    """Return how many of each quantity the optimum in fractions takes whole, the units of these, and a lower bound."""
    steps = sorted((cost_per_unit(weight, units), units) for units, members in classes.items() for weight, _ in members)
    taken = dict.fromkeys(classes, 0)
    covered = bound = 0
    for per_unit, units in steps:
        if covered + units > need:
            bound += per_unit * (need - covered)
            break
        taken[units] += 1
        covered += units
        bound += per_unit * units
        if covered == need:
            break
    return taken, covered, -(-bound >> _PRECISION)


def _search_near(
    lacking: int, classes: Mapping[int, list[tuple[int, int]]], taken: Mapping[int, int], apart: int
) -> dict[int, int]:
    """Return how many of each quantity are cheapest, of all counts that differ from `taken` by at most `apart`.

    `lacking`: units that `taken` does not free yet.
    """
    widest = max(classes) * apart
    states: dict[int, int] = {0: 0}
    steps: list[tuple[int, dict[int, tuple[int, int]]]] = []
    for units, members in classes.items():
        costs = [0, *accumulate(weight for weight, _ in members)]
        start = taken[units]
        moves = [
            (count - start, costs[count] - costs[start])
            for count in range(max(0, start - apart), min(len(members), start + apart) + 1)
        ]
        after: dict[int, int] = {}
        origin: dict[int, tuple[int, int]] = {}
        for offset, cost in states.items():
            for more, extra in moves:
                reached = offset + more * units
                if -widest <= reached <= widest and (reached not in after or cost + extra < after[reached]):
                    after[reached] = cost + extra
                    origin[reached] = (offset, more)
        states = after
        steps.append((units, origin))
    place = min((offset for offset in states if offset >= lacking), key=lambda offset: (states[offset], offset))
    counts = dict(taken)
    for units, origin in reversed(steps):
        place, more = origin[place]
        counts[units] += more
    return counts


def _rounded(need: int, classes: Mapping[int, list[tuple[int, int]]], bound: int) -> UnitCover:
    """Return a good set: the cheapest per unit until enough, without those that turn out to be superfluous."""
    items = sorted(
        (cost_per_unit(weight, units), units, weight, order)
        for units, members in classes.items()
        for weight, order in members
    )
    chosen: dict[int, tuple[int, int]] = {}
    covered = 0
    for _, units, weight, order in items:
        if covered >= need:
            break
        chosen[order] = (weight, units)
        covered += units
    for order, (_, units) in sorted(chosen.items(), key=lambda entry: entry[1], reverse=True):
        if covered - units >= need:
            del chosen[order]
            covered -= units
    cost = sum(weight for weight, _ in chosen.values())
    return UnitCover(cost, tuple(chosen), cost == bound, bound)
