"""Choose the cheapest orders that free enough units of one SKU.

Orders of one quantity differ in cost alone, so a choice is how many of each quantity are taken, cheapest first. The
exact optimum is near the optimum in fractions, so only that neighbourhood is searched (Eisenbrand and Weismantel 2018,
"Proximity results and faster algorithms for integer programming", theorem 3.1, for one constraint: at most 2q + 1
orders apart, q the largest quantity).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

MOST_STEPS = 2_000_000
"""Steps of the search over the neighbourhood; beyond, the set is good but not proven."""
_PRECISION = 64
"""Bits after the point of a cost per unit: two that differ, differ by more, for quantities below 2**32."""
_ROUNDING = 1 << 60
"""More than the costs per unit of all orders of a group are rounded down by, and less than the smallest harm."""

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
    if len(classes) == 1:
        ((units, members),) = classes.items()
        count = -(-need // units)
        cost = sum(weight for weight, _ in members[:count])
        return UnitCover(cost, tuple(order for _, order in members[:count]), True, cost)
    taken, covered, bound = cover_in_fractions(need, classes)
    counts = dict(taken) if covered == need else _search_near(need - covered, classes, taken)
    if counts is None:
        return _rounded(need, classes, bound)
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
    lacking: int, classes: Mapping[int, list[tuple[int, int]]], taken: Mapping[int, int]
) -> dict[int, int] | None:
    """Return how many of each quantity are cheapest; None when that takes too many steps.

    `lacking`: units that `taken`, the whole part of the optimum in fractions, does not free yet. A count is left out
    when it is too far from `taken` (see the module), or when it alone costs more, at the price of a unit in the optimum
    in fractions, than the next order of that optimum would save: reduced costs of a knapsack (Martello and Toth 1990,
    section 2.2).
    """
    price, following = min(
        (cost_per_unit(members[taken[units]][0], units), units)
        for units, members in classes.items()
        if taken[units] < len(members)
    )
    slack = (classes[following][taken[following]][0] << _PRECISION) - price * lacking + _ROUNDING
    apart = 2 * max(classes) + 2
    widest = max(classes) * apart
    states: dict[int, int] = {0: 0}
    steps: list[tuple[int, dict[int, tuple[int, int]]]] = []
    work = 0
    for units, members in classes.items():
        moves = _moves(members, units, taken[units], apart, price, slack)
        work += len(states) * len(moves)
        if work > MOST_STEPS:
            return None
        after: dict[int, int] = {}
        origin: dict[int, tuple[int, int]] = {}
        for offset, cost in states.items():
            for more, extra in moves:
                reached = offset + more * units
                known = after.get(reached)
                if (
                    (known is None or cost + extra < known)
                    and -widest <= reached <= widest
                    and ((cost + extra) << _PRECISION) - price * reached <= slack
                ):
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


def _moves(
    members: Sequence[tuple[int, int]], units: int, start: int, apart: int, price: int, slack: int
) -> list[tuple[int, int]]:
    """Return by how many orders the count of a quantity may differ from `start`, each with what that costs more."""
    found = [(0, 0)]
    for sign in (1, -1):
        extra = 0
        for more in range(1, apart + 1):
            place = start + more - 1 if sign > 0 else start - more
            if not 0 <= place < len(members):
                break
            extra += sign * members[place][0]
            if (extra << _PRECISION) - price * sign * more * units > slack:
                break  # costs rise with every further order of a quantity
            found.append((sign * more, extra))
    return found


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
