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
_FEW_UNITS = 8
"""Quantities up to this one leave so few choices that all are looked at in one run."""
_FIRST_APART = 4
"""Orders by which the first, quick look lets each quantity differ from the optimum in fractions."""
_NARROWER = (48, 32, 16, 8, 4, 2, 0)
"""Powers of 2 by which the search is narrower than the loss of the first choice, run by run until nothing is left out.
Where money follows units, as with one price, the best choice loses a millionth of what the first does.
"""
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
    counts, is_exact = taken, True
    if covered < need:
        near = _Neighbourhood(need - covered, classes, taken)
        is_exact, counts = near.run(), near.counts
    orders = tuple(order for units, members in classes.items() for _, order in members[: counts[units]])
    cost = sum(weight for units, members in classes.items() for weight, _ in members[: counts[units]])
    return UnitCover(cost, orders, is_exact or cost == bound, cost if is_exact else bound)


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


class _Neighbourhood:
    """Searches the choices near the optimum in fractions.

    A choice is told by the units that it frees beside the whole part of that optimum, and by its loss: what it costs
    more than these units at the price of a unit there. No order alone makes a loss below 0, so no part of a choice
    loses more than the whole, and what loses more than the best choice known is left out: reduced costs of a knapsack
    (Martello and Toth 1990, section 2.2).
    """

    def __init__(self, lacking: int, classes: Mapping[int, list[tuple[int, int]]], taken: Mapping[int, int]) -> None:
        """`taken`: the whole part of the optimum in fractions, by quantity; `lacking`: units that it does not free."""
        self._lacking = lacking
        self._classes = classes
        self._taken = taken
        self._price, following = min(
            (cost_per_unit(members[taken[units]][0], units), units)
            for units, members in classes.items()
            if taken[units] < len(members)
        )
        self.counts = {**taken, following: taken[following] + 1}
        """The best choice known: orders of each quantity."""
        weight, _ = classes[following][taken[following]]
        self._least = (weight << _PRECISION) - self._price * lacking
        """Its loss, the units beyond `lacking` at their price included."""

    def run(self) -> bool:
        """Set `counts` to the cheapest choice; return False when that takes too many steps."""
        largest, left = max(self._classes), MOST_STEPS
        if largest > _FEW_UNITS:
            left = self._look(self._least, _FIRST_APART, left)
        first, apart = self._least, 2 * largest + 2
        for shift in _NARROWER if largest > _FEW_UNITS else (0,):
            limit = min(first >> shift, self._least)
            if left < 0 or self._is_at_bound:
                break
            left = self._look(limit + _ROUNDING, apart, left)
            if self._least <= limit:
                break  # all choices that lose so little were looked at
        return left >= 0 or self._is_at_bound

    @property
    def _is_at_bound(self) -> bool:
        """Whether the best choice costs no more than the optimum in fractions, rounded up."""
        return self._least >> _PRECISION <= 0

    def _look(self, limit: int, apart: int, left: int) -> int:
        """Look at choices that lose at most `limit`; return how many of the steps are left, below 0 if too few.

        `apart`: most orders by which the count of a quantity may differ. The quantities with the fewest counts come
        first; the last one has its count by what is lacking then.
        """
        moves = {units: self._moves(units, apart, limit) for units in self._classes}
        widest, beyond = apart * max(self._classes), limit + 1
        *firsts, last = sorted(moves, key=lambda units: len(moves[units]))
        states = {0: 0}  # the least loss by units freed
        passed: list[tuple[int, dict[int, int]]] = []
        for units in firsts:
            if len(moves[units]) == 1:
                continue
            left -= len(states) * len(moves[units])
            if left < 0:
                return left
            passed.append((units, states))
            after = dict(states)
            known = after.get
            for more, extra in moves[units][1:]:
                freed = more * units
                for place, loss in states.items():
                    total = loss + extra
                    if total < known(place + freed, beyond):
                        after[place + freed] = total
            if len(after) > widest:
                after = {place: loss for place, loss in after.items() if -widest <= place <= widest}
            states = after
        total, place, count = self._complete(states, last)
        if total < self._least:
            self._least = total
            self.counts = {**self._taken, last: count}
            for units, before in reversed(passed):
                more = next(
                    more
                    for more, extra in moves[units]
                    if before.get(place - more * units, limit + 1) == states[place] - extra
                )
                self.counts[units] += more
                place -= more * units
                states = before
        return left

    def _complete(self, states: Mapping[int, int], units: int) -> tuple[int, int, int]:
        """Return the loss, the place and the count of the best state, with as few orders of `units` as it needs."""
        members, start = self._classes[units], self._taken[units]
        costs = list(accumulate((weight for weight, _ in members), initial=0))
        found = [(self._least, 0, start)]
        for place, loss in states.items():
            count = max(0, start - (place - self._lacking) // units)
            if count < len(costs):
                more = ((costs[count] - costs[start]) << _PRECISION) + self._price * (place - self._lacking)
                found.append((loss + more, place, count))
        return min(found)

    def _moves(self, units: int, apart: int, limit: int) -> list[tuple[int, int]]:
        """Return by how many orders the count of a quantity may differ from `taken`, each with its loss; 0 first."""
        members, start = self._classes[units], self._taken[units]
        found = [(0, 0)]
        for sign, places in ((1, range(start, len(members))), (-1, range(start - 1, -1, -1))):
            loss = 0
            for count, place in enumerate(places[:apart], start=1):
                loss += sign * ((members[place][0] << _PRECISION) - self._price * units)
                if loss > limit:
                    break  # losses rise with every further order of a quantity
                found.append((sign * count, loss))
        return found
