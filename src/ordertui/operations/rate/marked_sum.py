"""What marked orders come to, and how long that stands while nothing changes in the store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from ordertui.operations.marks import IdSet
from ordertui.orders.clock import HOUR, day_start

from .calculator import RateCalculator
from .counting import WindowGain
from .figures import Impact
from .sources import RateSources


class MarkedSum(msgspec.Struct, frozen=True):
    """What a marked set comes to."""

    impact: Impact
    gains: Mapping[str, Sequence[WindowGain]]
    """By marketplace that has some of it: what they add to each window of its rate, for `RateCalculator.effects_of`."""


class MarkedSums:
    """Goes through marked orders, which takes seconds for a million, and tells until when once is enough."""

    def __init__(self, sources: RateSources, calculator: RateCalculator) -> None:
        self._sources = sources
        self._calculator = calculator

    def of(self, ids: IdSet) -> MarkedSum:
        """Return what these orders come to now."""
        impact = self._calculator.impact(ids)
        parts = self._by_marketplace(ids, [code for code, _ in impact.markets])
        return MarkedSum(impact, {code: self._calculator.gains(code, part) for code, part in parts.items()})

    def _by_marketplace(self, ids: IdSet, codes: Sequence[str]) -> dict[str, IdSet]:
        """Return the orders of each marketplace, most of which are of the first: its part is what the others leave."""
        parts = {code: ids.common(()) for code in codes[1:]}
        for code, some in self._sources.store().tallies.elsewhere(ids, codes[0]) if parts else ():
            if code in parts:  # an order may have come to another one since they were counted
                parts[code] = parts[code].union(some)
        first = ids
        for part in parts.values():
            first = first.without(part)
        return {**dict.fromkeys(codes[:1], first), **parts}

    def next_change(self, now: int) -> int:
        """Return the first second after now (epoch seconds) at which any set of orders may come to something else.

        Windows, policies and periods of house rules begin and end at local midnight; an order enters its window when it
        was placed; a waiting order whose time is over becomes doubtful. A house rule that counts from now, such as
        `placed:last-12h`, is read anew with the next minute, as the screen is.
        """
        return min(self._moments(now))

    def _moments(self, now: int) -> Iterator[int]:
        store, eligibility = self._sources.store(), self._sources.eligibility
        codes = store.tallies.marketplaces()
        midnight = min(
            (day_start(now, self._sources.policy(code).zone, 1) for code in codes), default=day_start(now, "UTC", 1)
        )
        yield midnight
        yield store.tallies.next_placed(now) or midnight
        for code in codes:
            policy = self._sources.policy(code)
            limits = policy.values.auto_cancelled_hours * HOUR, policy.values.old_hours * HOUR
            at = store.tallies.next_outdated((code,), now, *limits)
            if at is not None:
                yield at + 1  # it is outdated once more than that is past
            for one in eligibility.rules.denying(code):
                at_first, at_last = (one.rule.condition(now=at, zone=policy.zone) for at in (now, midnight - 1))
                if at_first != at_last:
                    yield (now // 60 + 1) * 60
