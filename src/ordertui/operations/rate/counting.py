"""Which orders count as cancelled, and which would newly count: the one answer for every figure, list and forecast.

An order counts once, whatever cancels it: a report, an item cancelled before, a batch under way, Amazon by itself, or
the set whose effect is asked for. So whatever is added to a numerator is added as the difference that it makes to what
is known of each order already (`Gain`), and a numerator never exceeds its orders.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ordertui.operations.eligibility import Eligibility
from ordertui.operations.marks import IdSet
from ordertui.orders.enums import Action, BuyerRequest, OrderStatus, YesNo
from ordertui.orders.order import Order
from ordertui.orders.refund_limit import lines_to_cancel
from ordertui.rules.situation import situation_from_number
from ordertui.store import Store
from ordertui.store.engine.database import slices
from ordertui.store.repositories.rates import Cancelled, Pending, RateFacts, RateGroup

ALWAYS = (0, 2**62)
"""A span of time (epoch seconds) that leaves nothing out."""


class Gain(NamedTuple):
    """What orders add to a numerator: to the careful count, and to those known to count."""

    cancelled: int = 0
    at_least: int = 0

    def plus(self, other: Gain, times: int = 1) -> Gain:
        """Return this gain with another one, taken so many times."""
        return Gain(self.cancelled + other.cancelled * times, self.at_least + other.at_least * times)


NO_GAIN = Gain()


class WindowGain(NamedTuple):
    """What orders add to one window of a rate."""

    days: int
    """Of the window."""
    gain: Gain
    earlier: int = 0
    """As `RateEffect.earlier`."""


_GAINS = {YesNo.NO: Gain(1, 1), YesNo.UNKNOWN: Gain(0, 1), YesNo.YES: NO_GAIN}


def gain_over(standing: YesNo) -> Gain:
    """Return what it adds that an order counts for sure from now on, which counted like this until now."""
    return _GAINS[standing]


def sum_gains(upcoming: Iterable[tuple[int, int, Gain]], *, placed: tuple[int, int], before: int | None = None) -> Gain:
    """Return the sum of (time, placed, gain) of orders placed in a span; with `before`, only those of earlier times."""
    total = NO_GAIN
    for at, when, gain in upcoming:
        if placed[0] <= when <= placed[1] and (before is None or at < before):
            total = total.plus(gain)
    return total


class ChosenOrders(NamedTuple):
    """Orders of one marketplace whose effect on the rate is asked for."""

    cancelled: IdSet = IdSet()
    """Cancelled as far as their verdicts allow it."""
    counting: IdSet = IdSet()
    """They count, whatever they count by."""


NOTHING_CHOSEN = ChosenOrders()


class RateCounting:
    """Decides by the policies in force."""

    def __init__(self, eligibility: Eligibility) -> None:
        self._eligibility = eligibility

    def reported(self, marketplace: str, facts: RateFacts) -> YesNo:
        """Return whether the order counts by what reports say of it; UNKNOWN is taken as counting."""
        if facts.cancelled is Cancelled.YES:
            return self._eligibility.history(marketplace, facts.situation)
        amazon = situation_from_number(facts.situation).amazon_counts
        if amazon is not YesNo.UNKNOWN:
            return amazon
        # one cancelled item makes the order a cancellation (AMAZON.md a); no report says who cancelled an item
        return YesNo.UNKNOWN if facts.cancelled is Cancelled.SOME_ITEM else YesNo.NO

    def standing(self, marketplace: str, facts: RateFacts) -> YesNo:
        """Return whether the order counts, with what batches of this store are about to cancel."""
        return YesNo.YES if self.is_pending(facts) else self.reported(marketplace, facts)

    @staticmethod
    def is_pending(facts: RateFacts) -> bool:
        """Return whether a batch under way makes the order count.

        It was decided when the batch was committed. Only Amazon's word changes it since: a report that shows the order
        as cancelled or shipped, or how the buyer asked for it with Amazon's own button.
        """
        pending = facts.pending
        if facts.cancelled is Cancelled.YES or not pending.is_whole:
            return pending is Pending.ITEMS_COUNT and facts.cancelled is not Cancelled.YES
        now = situation_from_number(facts.situation)
        if now.status is OrderStatus.SHIPPED or now.buyer_request is BuyerRequest.OFFICIAL:
            return False
        return now.buyer_request is not BuyerRequest.UNKNOWN or pending is Pending.WHOLE_COUNTS

    def auto_cancel_gain(self, marketplace: str, facts: RateFacts) -> Gain:
        """Return what Amazon's cancelling a waiting order by itself adds."""
        if not self._eligibility.auto_counts(marketplace, facts.situation):
            return NO_GAIN
        return gain_over(self.standing(marketplace, facts))

    # -- chosen orders

    def choose(self, store: Store, marketplace: str, ids: Iterable[int]) -> ChosenOrders:
        """Return what acting on marked orders comes to, as a preview says it: those that may be cancelled.

        Only when none may be, what a refund comes to: of an order that is partly shipped it cancels what never left,
        and so the order counts. One preview is of one action, so the two are never added.
        """
        wanted = ids if isinstance(ids, IdSet) else IdSet(ids)
        if not wanted:
            return NOTHING_CHOSEN
        chosen = wanted.without(self._eligibility.denied_ids(wanted, Action.CANCEL))
        groups = store.rates.groups(chosen, marketplace, ALWAYS, ALWAYS)
        if any(self._allows_cancelling(marketplace, group) for group in groups):
            return ChosenOrders(chosen)
        waiting = wanted.common(store.rates.with_waiting_units(wanted, marketplace))
        orders = (order for part in slices(waiting) for order in store.orders.get(part).values())
        return ChosenOrders(counting=wanted.common(order.row.id for order in orders if self._refund_counts(order)))

    def _refund_counts(self, order: Order) -> bool:
        """Return whether a refund without amounts named is allowed, and cancels units so that the order counts."""
        lines = lines_to_cancel(order)
        if not lines or self._eligibility.denial(order.row, Action.CANCEL, order.lines) is None:
            return False
        allowed = self._eligibility.denial(order.row, Action.REFUND, order.lines) is None
        return allowed and self._eligibility.items_count(order.row, lines)

    def chosen_gain(
        self, store: Store, marketplace: str, chosen: ChosenOrders, placed: tuple[int, int], recent: tuple[int, int]
    ) -> Gain:
        """Return what the chosen orders add to the numerator of those placed in a span; both ends are included.

        `recent` is the span in which reports must have shown a cancellation for it to be in that numerator.
        """
        total = NO_GAIN
        for ids, counting in ((chosen.cancelled, False), (chosen.counting, True)):
            if not ids:
                continue
            for group in store.rates.groups(ids, marketplace, placed, recent):
                if counting or self._cancel_counts(marketplace, group):
                    total = total.plus(gain_over(self._standing_in(marketplace, group)), group.orders)
        return total

    def held_gain(self, store: Store, marketplace: str, ids: Iterable[int], placed: tuple[int, int]) -> Gain:
        """Return what orders add to a numerator only because a batch is about to cancel them, or items of them."""
        total = NO_GAIN
        for group in store.rates.groups(IdSet(ids), marketplace, placed, ALWAYS):
            if self.is_pending(group.facts):
                total = total.plus(gain_over(self.reported(marketplace, group.facts)), group.orders)
        return total

    def newly_counting(self, store: Store, marketplace: str, ids: Iterable[int]) -> frozenset[int]:
        """Return those of these orders that would add to the careful count if each were cancelled as a whole."""
        return frozenset(
            row_id
            for row_id, facts in store.rates.facts(ids, marketplace)
            if self._eligibility.cancel_outcome(marketplace, facts.situation)[1]
            and gain_over(self.standing(marketplace, facts)).cancelled
        )

    def _standing_in(self, marketplace: str, group: RateGroup) -> YesNo:
        if not group.is_recent and not self.is_pending(group.facts):
            return YesNo.NO
        return self.standing(marketplace, group.facts)

    def _cancel_counts(self, marketplace: str, group: RateGroup) -> bool:
        return (
            self._allows_cancelling(marketplace, group)
            and self._eligibility.cancel_outcome(marketplace, group.facts.situation)[1]
        )

    def _allows_cancelling(self, marketplace: str, group: RateGroup) -> bool:
        return self._eligibility.group_allows(
            marketplace, group.facts.situation, Action.CANCEL, group.lines_known, has_open_action=group.has_open_action
        )
