"""Calculate the cancellation rate of the orders in the store: now, after cancelling a set, by day.

Counts are cached by day until something in the store changes, so a rate asked again costs no query over the orders.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import pairwise
from typing import NamedTuple

import msgspec

from ordertui.operations.denials import BATCH_ACTIONS
from ordertui.operations.marks import IdSet
from ordertui.orders.clock import day_start, to_local
from ordertui.orders.enums import Action, YesNo
from ordertui.rules.policy.policy import Policy
from ordertui.rules.rate import RateStatus, exact_text, figure, window
from ordertui.store import OrderSum
from ordertui.store.repositories.rates import Cancelled, Pending, RateFacts, SituationCounts

from .counting import ALWAYS, NO_GAIN, NOTHING_CHOSEN, ChosenOrders, Gain, RateCounting, WindowGain, gain_over
from .figures import Dated, Impact, RateEffect, RateFigure
from .known_days import KnownDays
from .prime_rate import PrimeRate
from .sources import RateSources

_TODAY = "whole days, today included; orders in held or sent batches are taken as cancelled"
BASIS = {
    Dated.ORDER: f"by order date, {_TODAY}",
    Dated.CANCELLATION: f"orders by order date, cancellations by the newest report that shows them, {_TODAY}",
}


class AutoCancels(NamedTuple):
    """Orders that Amazon cancels by itself before some time unless their shipment is confirmed."""

    ids: list[int]
    """The one that is due first at the head."""
    times: list[int]
    """When, of each; what is overdue is dated now (epoch seconds)."""
    outdated: int
    """Orders besides, so long overdue, by old reports alone, that it is not known whether they still wait."""


class RateCalculator:
    """Calculates rates of one store."""

    def __init__(self, sources: RateSources) -> None:
        self._sources = sources
        self.counting = RateCounting(sources.eligibility)
        self.known = KnownDays(sources)
        self.prime = PrimeRate(sources, self.known.unknown_reason)
        self._sums: dict[tuple[str, int], tuple[SituationCounts, Policy, tuple[int, int, int]]] = {}

    def effects(
        self,
        marketplace: str,
        extra_ids: Iterable[int] = (),
        counting_ids: Iterable[int] = (),
        dated: Dated = Dated.ORDER,
    ) -> list[RateEffect]:
        """Return the rate now, and after acting on `extra_ids` and after `counting_ids` count too, by window.

        India has two windows. Of `extra_ids` each order counts that may be cancelled so that it counts, or of which a
        refund cancels what never left. Orders of other marketplaces, outside the window, or that count already add
        nothing. All of it is of one state of the store: an order that a batch takes in between would count twice.
        """
        extra = extra_ids if isinstance(extra_ids, IdSet) else IdSet(extra_ids)
        counting = IdSet(counting_ids)

        def read() -> list[RateEffect]:
            return self.effects_of(marketplace, self.gains(marketplace, extra, counting, dated), dated)

        return self._sources.store().database.of_one_state(read)

    def gains(
        self,
        marketplace: str,
        extra_ids: Iterable[int] = (),
        counting_ids: Iterable[int] = (),
        dated: Dated = Dated.ORDER,
    ) -> tuple[WindowGain, ...]:
        """Return what acting on these orders adds to each window: the part of `effects` that reads every one."""
        chosen = self.counting.choose(self._sources.store(), marketplace, extra_ids)
        chosen = chosen._replace(counting=chosen.counting.union(counting_ids))
        now, policy = self._sources.now(), self._sources.policy(marketplace)
        found = []
        for days in policy.values.rate_days:
            start, end = window(now, days, policy.zone)
            placed, recent = ((start, end), ALWAYS) if dated is Dated.ORDER else ((0, end), (start, end))
            gain, earlier = self.chosen_gain(marketplace, chosen, placed, recent), 0
            if dated is Dated.ORDER and gain.cancelled < len(chosen.cancelled) + len(chosen.counting):
                earlier = self.chosen_gain(marketplace, chosen, (0, start - 1), recent).cancelled
            found.append(WindowGain(days, gain, earlier))
        return tuple(found)

    def effects_of(self, marketplace: str, gains: Iterable[WindowGain], dated: Dated = Dated.ORDER) -> list[RateEffect]:
        """Return the rate now, and with what is added to each window.

        What is added may have been read before a batch took some of these orders: it adds no more than there are.
        """
        return [
            msgspec.structs.replace(self.effect(marketplace, one.days, one.gain, dated), earlier=one.earlier)
            for one in gains
        ]

    def held_effects(self, marketplace: str, held_ids: Iterable[int], leaving_ids: Iterable[int]) -> list[RateEffect]:
        """Return, by window, the rate without a batch that holds these orders, and with those of it that may leave.

        What is held counts already: it is taken off.
        """
        store, now, policy = self._sources.store(), self._sources.now(), self._sources.policy(marketplace)
        held, leaving = IdSet(held_ids), IdSet(leaving_ids)
        found = []
        for days in policy.values.rate_days:
            placed = window(now, days, policy.zone)
            off = [self.counting.held_gain(store, marketplace, ids, placed) for ids in (held, held.without(leaving))]
            before, after = (self.effect(marketplace, days, NO_GAIN.plus(gain, -1)).after for gain in off)
            found.append(RateEffect(before, after))
        return found

    def chosen_gain(
        self, marketplace: str, chosen: ChosenOrders, placed: tuple[int, int], recent: tuple[int, int]
    ) -> Gain:
        """Return what chosen orders add to a numerator; see `RateCounting.chosen_gain`."""
        return self.counting.chosen_gain(self._sources.store(), marketplace, chosen, placed, recent)

    def effect(self, marketplace: str, days: int, more: Gain, dated: Dated = Dated.ORDER) -> RateEffect:
        """Return the rate of one window, now and with what is added to its numerator."""
        policy = self._sources.policy(marketplace)
        start, end = self._sources.window(marketplace, days)
        orders, cancelled, known = self.window_counts(marketplace, days)
        by_order = dated is Dated.ORDER
        if not by_order:
            cancelled, known = self.cancelled_between(marketplace, start, end)
        placed, recent = ((start, end), ALWAYS) if by_order else ((0, end), (start, end))
        committed = self.pending_gain(marketplace, placed, recent)
        now = Gain(cancelled, known).plus(committed)
        target, near = policy.values.rate_target, policy.values.near
        is_asked = orders or now.cancelled or self.known.is_untold(marketplace, start, end)
        reason = self.known.unknown_reason(marketplace, days) if is_asked else ""
        counted = self.days(marketplace, days)[:-1] if orders else []
        silent = tuple(str(day) for day, placed, _ in counted if not placed)

        def as_value(counts: Gain) -> RateFigure:
            found = figure(
                orders, counts.cancelled, target, near, at_least=counts.at_least, cancelled_outside_orders=not by_order
            )
            return RateFigure(
                marketplace=marketplace,
                days=days,
                window_from=start,
                window_to=end,
                timezone=policy.zone,
                orders=found.orders,
                cancelled=found.cancelled,
                cancelled_at_least=found.cancelled_at_least,
                target=exact_text(found.target),
                headroom=0 if reason else found.headroom,
                status=RateStatus.UNKNOWN if reason else found.status,
                basis=BASIS[dated],
                committed=committed.cancelled,
                reason=reason,
                silent_days=silent,
            )

        after = now.plus(more)
        if by_order:
            after = Gain(*(min(count, max(orders, known)) for count, known in zip(after, now, strict=True)))
        return RateEffect(as_value(now), as_value(after))

    def span_counts(self, marketplace: str, start: int, end: int) -> tuple[int, int, int]:
        """Return orders placed from `start` to `end`, counted cancellations of them, and those known to count.

        Both ends are included (epoch seconds). Batches under way are left out, because Amazon does not know them.
        """
        return self._sum(marketplace, self._sources.store().rates.count_placed(marketplace, start, end + 1))

    def window_counts(self, marketplace: str, days: int) -> tuple[int, int, int]:
        """Return orders, counted cancellations and those known to count, of a window of so many days that ends now."""
        counts = [day[1:] for day in self.daily_counts(marketplace, days)]
        return sum(c[0] for c in counts), sum(c[1] for c in counts), sum(c[2] for c in counts)

    def daily_counts(self, marketplace: str, days: int) -> list[tuple[int, int, int, int]]:
        """Return local midnight, orders, counted cancellations and those known to count of each of the last days.

        Today comes last; orders dated after now are left out.
        """
        store, now, zone = self._sources.store(), self._sources.now(), self._sources.policy(marketplace).zone
        edges = [day_start(now, zone, offset) for offset in range(1 - days, 2)]
        found = []
        for start, end in pairwise(edges):
            newest, groups = store.rates.count_day(marketplace, start, end)
            if newest <= now:
                found.append((start, *self._day_sum(marketplace, start, groups)))
            else:
                found.append((start, *self._sum(marketplace, store.rates.count_placed(marketplace, start, now + 1))))
        return found

    def cancelled_between(self, marketplace: str, start: int, end: int) -> tuple[int, int]:
        """Return counted cancellations in reports of a span, and those known to count, whenever they were placed."""
        store = self._sources.store()
        groups = [
            (order.situation, Cancelled.YES if order.status == "cancelled" else Cancelled.SOME_ITEM, 1)
            for order in store.tallies.of_orders(store.rates.cancelled_ids(marketplace, start, end + 1))
        ]
        return self._sum(marketplace, groups)[1:]

    def _day_sum(self, marketplace: str, start: int, groups: SituationCounts) -> tuple[int, int, int]:
        """Return `_sum` of one day, cached while the store returns the same counts and the policy is the same."""
        policy = self._sources.policy(marketplace)
        kept = self._sums.get((marketplace, start))
        if kept is not None and kept[0] is groups and kept[1] is policy:
            return kept[2]
        found = self._sum(marketplace, groups)
        self._sums[marketplace, start] = (groups, policy, found)
        return found

    def _sum(self, marketplace: str, groups: Iterable[tuple[int, Cancelled, int]]) -> tuple[int, int, int]:
        orders = cancelled = known = 0
        for number, kind, count in groups:
            orders += count
            counts = self.counting.reported(marketplace, RateFacts(number, kind, Pending.NOTHING))
            cancelled += count if counts is not YesNo.NO else 0
            known += count if counts is YesNo.YES else 0
        return orders, cancelled, known

    def pending_gain(self, marketplace: str, placed: tuple[int, int], recent: tuple[int, int] = ALWAYS) -> Gain:
        """Return what batches under way add to the numerator of the orders placed in a span; both ends are included.

        `recent` as for `RateCounting.chosen_gain`.
        """
        total = NO_GAIN
        for one in self._sources.store().rates.pending_cancellations(marketplace):
            if one.placed is not None and placed[0] <= one.placed <= placed[1] and self.counting.is_pending(one.facts):
                is_recent = recent[0] <= one.at <= recent[1]
                total = total.plus(gain_over(self.counting.reported(marketplace, one.facts) if is_recent else YesNo.NO))
        return total

    def auto_cancels(self, marketplace: str, until: int) -> AutoCancels:
        """Return the orders that Amazon cancels before `until`, whatever that adds.

        The panel, the rate in full and the days to come ask here; the queue Auto-cancel < 24 h counts the same.
        """
        now, store = self._sources.now(), self._sources.store()
        outdated = store.tallies.outdated(marketplace, *self._sources.eligibility.outdated_before(marketplace))
        found = store.auto_cancellations(marketplace, until)
        due = [one for one in found if one.id not in outdated]
        return AutoCancels([one.id for one in due], [max(one.at, now) for one in due], len(found) - len(due))

    def upcoming_auto_cancels(
        self, marketplace: str, until: int, without: ChosenOrders = NOTHING_CHOSEN
    ) -> list[tuple[int, int, Gain]]:
        """Return (auto-cancel time, placed, what it adds) of orders that Amazon cancels before `until`.

        What is overdue is dated now, and what adds nothing is left out, as are chosen orders: those are cancelled
        before. Of an outdated order nobody knows whether Amazon cancelled it: a forecast takes it as cancelled.
        """
        now, outcome = self._sources.now(), self._sources.eligibility.cancel_outcome
        found = []
        for one in self._sources.store().auto_cancellations(marketplace, until):
            if one.placed is None or one.id in without.counting:
                continue
            if one.id in without.cancelled and outcome(marketplace, one.facts.situation)[0]:
                continue
            gain = self.counting.auto_cancel_gain(marketplace, one.facts)
            if gain != NO_GAIN:
                found.append((max(one.at, now), one.placed, gain))
        return found

    def days(self, marketplace: str, days: int) -> list[tuple[date, int, int]]:
        """Return day, orders placed on it, and counted cancellations of them; today last."""
        zone = self._sources.policy(marketplace).zone
        counted = self.daily_counts(marketplace, days)
        return [(to_local(start, zone).date(), orders, cancelled) for start, orders, cancelled, _ in counted]

    def rolls_off_tonight(self, marketplace: str) -> int:
        """Return how many counted cancellations leave the shortest window at the next local midnight."""
        return self.days(marketplace, min(self._sources.policy(marketplace).values.rate_days))[0][2]

    def impact(self, ids: Iterable[int]) -> Impact:
        """Return what a marked set comes to: money, and how many of it each action may take."""
        wanted = ids if isinstance(ids, IdSet) else IdSet(ids)
        money: dict[str, int] = {}
        markets: dict[str, int] = {}
        count = unpriced = 0
        sums = self._sources.store().tallies.sums(wanted)
        for one in sums:
            count += one.orders
            markets[one.marketplace] = markets.get(one.marketplace, 0) + one.orders
            if one.currency is None:
                unpriced += one.orders
            else:
                money[one.currency] = money.get(one.currency, 0) + one.total
        allowed = {action: self._allowed(sums, action) for action in BATCH_ACTIONS}
        counted = self._allowed(sums, Action.CANCEL, counting=True)
        for action in BATCH_ACTIONS:
            denied_ids = wanted.common(self._sources.eligibility.denied_ids(wanted, action))  # stopped as `wanted` is
            denied = self._sources.store().tallies.sums(denied_ids)
            allowed[action] -= self._allowed(denied, action)
            if action is Action.CANCEL:
                counted -= self._allowed(denied, action, counting=True)
        return Impact(
            count,
            tuple(sorted(money.items())),
            unpriced,
            allowed[Action.CANCEL],
            counted,
            count - allowed[Action.CANCEL],
            allowed[Action.REFUND],
            tuple(sorted(markets.items(), key=lambda entry: (-entry[1], entry[0]))),
            allowed[Action.CONFIRM],
        )

    def _allowed(self, sums: Iterable[OrderSum], action: Action, *, counting: bool = False) -> int:
        """Return how many of these orders allow the action, or would also count; house rules are not asked."""
        return sum(
            one.orders
            for one in sums
            if self._sources.eligibility.group_allows(
                one.marketplace, one.situation, action, one.lines_known, has_open_action=one.has_open_action
            )
            and (not counting or self._sources.eligibility.cancel_outcome(one.marketplace, one.situation)[1])
        )
