"""The cancellation rate of what the store holds: now, after a set, per day, and what rolls off."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import date

from ordertui.orders.clock import Clock, day_start, to_local
from ordertui.orders.status import Action, YesNo
from ordertui.rules.rates import Figure, exact_text, figure, roll_off_span, window
from ordertui.store import UNDER_WAY, Cancelled, Store

from .judging import Judge
from .plan_values import RateEffect, RateFigure
from .values import Impact

KEPT = 100
"""Sums of past days kept; one a reader, marketplace and window."""
BASIS = "by order date, whole days, today included; orders in held or sent batches are taken as cancelled"


class Rates:
    """Rates over one reader of the store. `store` is called for the reader of the calling thread."""

    def __init__(self, store: Callable[[], Store], judge: Judge, clock: Clock) -> None:
        self._store = store
        self._judge = judge
        self._clock = clock
        self._kept: dict[tuple[int, int, str, int, int], tuple[int, int, int]] = {}

    def effects(
        self, marketplace: str, extra_ids: Iterable[int] = (), item_ids: Iterable[int] = ()
    ) -> list[RateEffect]:
        """Now, and after cancelling `extra_ids`, and single items of `item_ids`; one for each window the policy names
        (India has two).

        Ids of other marketplaces, outside the window, already on their way, or that may not be cancelled add nothing.
        """
        extra = self._countable(marketplace, extra_ids) | self._items_countable(marketplace, item_ids)
        return [self._effect(marketplace, days, extra) for days in self._judge.policy(marketplace).rate_days]

    def _countable(self, marketplace: str, ids: Iterable[int]) -> dict[int, int]:
        """Purchase time by id, of those whose cancellation would count."""
        return {
            order.id: order.purchased_at
            for order in self._store().tally(dict.fromkeys(ids))
            if order.marketplace == marketplace
            and order.purchased_at is not None
            and not order.on_its_way
            and self._judge.cancel_weight(marketplace, order.situation)[1]
        }

    def _items_countable(self, marketplace: str, ids: Iterable[int]) -> dict[int, int]:
        """As `_countable`, where only items are cancelled: one makes the order count (AMAZON.md a), a second adds nothing."""
        wanted = list(dict.fromkeys(ids))
        store = self._store()
        before = store.with_cancelled_units(wanted)
        return {
            order.id: order.purchased_at
            for order in store.tally(wanted)
            if order.marketplace == marketplace
            and order.purchased_at is not None
            and not (order.cancelled_lines or order.id in before)
            and self._judge.item_counts(marketplace, order.situation)
        }

    def _effect(self, marketplace: str, days: int, extra: dict[int, int]) -> RateEffect:
        policy = self._judge.policy(marketplace)
        start, end = window(self._clock.now(), days, policy.zone)
        orders, cancelled, known = self._tally(marketplace, start, end + 1)
        committed = self._committed(marketplace, start, end)
        cancelled, known = cancelled + committed, known + committed
        more = sum(start <= placed <= end for placed in extra.values())

        def as_value(found: Figure) -> RateFigure:
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
                headroom=found.headroom,
                status=found.status,
                basis=BASIS,
                committed=committed,
            )

        target, near = policy.rate_target, policy.near
        return RateEffect(
            as_value(figure(orders, cancelled, target, near, at_least=known)),
            as_value(figure(orders, cancelled, target, near, at_least=known, more=more)),
        )

    def _tally(self, marketplace: str, start: int, end: int) -> tuple[int, int, int]:
        """Orders, counted cancellations, and those known to count; `end` is not included.

        What was placed before today is kept until the store changes, so that a mark costs only today's orders.
        """
        today = day_start(self._clock.now(), self._judge.policy(marketplace).zone)
        if not start < today < end:
            return self._sum(marketplace, self._store().rate_tally(marketplace, start, end))
        store = self._store()
        key = (id(store), store.data_version(), marketplace, start, today)
        before = self._kept.get(key)
        if before is None:
            if len(self._kept) >= KEPT:
                self._kept.clear()
            before = self._kept[key] = self._sum(marketplace, store.rate_tally(marketplace, start, today))
        since = self._sum(marketplace, store.rate_tally(marketplace, today, end))
        return before[0] + since[0], before[1] + since[1], before[2] + since[2]

    def _sum(self, marketplace: str, groups: Iterable[tuple[int, Cancelled, int]]) -> tuple[int, int, int]:
        orders = cancelled = known = 0
        for number, kind, count in groups:
            orders += count
            if kind is not Cancelled.NO:
                # one cancelled item makes the order a cancellation (AMAZON.md a); no report says who cancelled an item
                counts = self._judge.history(marketplace, number) if kind is Cancelled.YES else YesNo.UNKNOWN
                cancelled += count if counts is not YesNo.NO else 0
                known += count if counts is YesNo.YES else 0
        return orders, cancelled, known

    def _committed(self, marketplace: str, start: int, end: int) -> int:
        return sum(
            count
            for number, whole, count in self._store().on_their_way(marketplace, start, end)
            if (
                self._judge.cancel_weight(marketplace, number)[1]
                if whole
                else self._judge.item_counts(marketplace, number)
            )
        )

    def days(self, marketplace: str, days: int) -> list[tuple[date, int, int]]:
        """Day, orders placed on it, counted cancellations of them; oldest first, today last."""
        zone = self._judge.policy(marketplace).zone
        now = self._clock.now()
        edges = [day_start(now, zone, offset) for offset in range(1 - days, 2)]
        groups = self._store().per_day(marketplace, edges)
        out = []
        for start, group in zip(edges, groups, strict=False):
            orders, cancelled, _ = self._sum(marketplace, group)
            out.append((to_local(start, zone).date(), orders, cancelled))
        return out

    def rolls_off_tonight(self, marketplace: str) -> int:
        """Counted cancellations that leave the shortest window at the next local midnight."""
        policy = self._judge.policy(marketplace)
        start, end = roll_off_span(self._clock.now(), min(policy.rate_days), policy.zone)
        return self._tally(marketplace, start, end + 1)[1]

    def impact(self, ids: Sequence[int]) -> Impact:
        """Money, and how many may be cancelled and count, of a marked set; orders on their way cannot."""
        weights: dict[tuple[str, int], tuple[bool, bool, bool]] = {}
        money: dict[str, int] = {}
        markets: dict[str, int] = {}
        count = unpriced = cancellable = counted = refundable = 0
        for order in self._store().tally(ids):
            count += 1
            markets[order.marketplace] = markets.get(order.marketplace, 0) + 1
            if order.total is None or order.currency is None:
                unpriced += 1
            else:
                money[order.currency] = money.get(order.currency, 0) + order.total
            key = (order.marketplace, order.situation)
            if key not in weights:
                weights[key] = (*self._judge.cancel_weight(*key), self._judge.allows(*key, Action.REFUND))
            allowed, counts, refunds = weights[key]
            if order.state in UNDER_WAY:
                continue
            refundable += refunds
            if allowed:
                cancellable += 1
                counted += counts
        return Impact(
            count,
            tuple(sorted(money.items())),
            unpriced,
            cancellable,
            counted,
            count - cancellable,
            refundable,
            tuple(sorted(markets.items(), key=lambda entry: (-entry[1], entry[0]))),
        )
