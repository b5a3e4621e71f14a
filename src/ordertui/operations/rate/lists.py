"""What stands behind a rate: its orders as lists, what leaves it day by day, what is about to hit it, and its neighbours."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from fractions import Fraction

import msgspec

from ordertui.operations.rate.figures import Dated, RateEffect
from ordertui.orders.clock import HOUR, day_start, to_local
from ordertui.orders.enums import Action, OrderStatus, YesNo
from ordertui.orders.order import OrderRow
from ordertui.rules.rate import RateStatus, exact_text, status, window
from ordertui.rules.situation import situation_of
from ordertui.store.rates import PendingCancellation

from .calculator import RateCalculator


class RateEntry(msgspec.Struct, frozen=True):
    """One order of a rate's numerator or denominator."""

    order_id: str
    placed: int | None
    status: OrderStatus
    counts: YesNo
    """NO: only in the denominator. UNKNOWN counts in the careful figure and not in the least."""
    how: str
    """`cancelled`, `an item cancelled`, `in a batch`; empty when it is not cancelled."""
    rule: str
    why: str


class OutlookDay(msgspec.Struct, frozen=True):
    """The end of a day, if no order is placed and nothing is cancelled but by Amazon for want of a shipment."""

    day: date
    orders: int
    cancelled: int
    auto_cancels: int
    """Of these, cancelled by Amazon from now until then."""
    rolls_off: int
    """Counted cancellations that leave at the midnight after it."""
    rolls_off_orders: int
    status: str


class Metric(msgspec.Struct, frozen=True):
    """A neighbour of the cancellation rate that reports do not carry: unknown, and why."""

    name: str
    days: int
    target: str
    sign: str
    """`<`: must stay under the target; `>`: above."""
    orders: int
    at_least: int
    """Orders that are defects already, whatever comes."""
    because: str
    source: str
    status: str = RateStatus.UNKNOWN


NOT_CANCELLED = "it is not cancelled"
ITEM = "an item of it is cancelled, and one makes the order count; no report says by whom"
NO_CONFIRM_TIME = (
    "unknown: no report says when a shipment was confirmed; these waited past their ship-by time and are late already"
)
NO_TRACKING = "unknown: no order report carries tracking numbers or whether they were valid"


class RateViews(RateCalculator):
    """Rates with what is behind them."""

    def listing(
        self, marketplace: str, *, days: int | None = None, dated: Dated = Dated.ORDER, numerator: bool = True
    ) -> list[RateEntry]:
        """The orders of a window (by default the shortest), oldest first: those that count as cancelled, or all of it."""
        policy = self._judge.policy(marketplace)
        start, end = window(self._clock.now(), days or min(policy.values.rate_days), policy.zone)
        store = self._store()
        by_order = dated is Dated.ORDER
        if not numerator:
            ids = store.rates.placed_ids(marketplace, start, end + 1)
        elif by_order:
            ids = store.rates.placed_ids(marketplace, start, end + 1, cancelled=True)
        else:
            ids = store.rates.cancelled_ids(marketplace, start, end + 1)
        earliest = start if by_order else 0
        coming = {
            one.id: one
            for one in store.rates.pending_cancellations(marketplace)
            if one.placed is not None and earliest <= one.placed <= end
        }
        if numerator:
            ids = list(dict.fromkeys([*ids, *coming]))
        items = {order.id for order in store.tallies.of_orders(ids) if order.cancelled_lines}
        rows = store.orders.rows(ids)
        found = [self._entry(rows[i], i in items, coming.get(i)) for i in ids if i in rows]
        return [entry for entry in found if not numerator or entry.counts is not YesNo.NO]

    def _entry(self, row: OrderRow, item: bool, coming: PendingCancellation | None) -> RateEntry:
        policy, situation = self._judge.policy(row.marketplace), situation_of(row)
        counts, how, rule, why = YesNo.NO, "", "", NOT_CANCELLED
        if row.status is OrderStatus.CANCELLED:
            found = policy.explain(situation, Action.CANCEL)
            counts, how, rule, why = found.counts or YesNo.NO, "cancelled", found.counts_rule, found.counts_why
        elif item:
            counts, how, why = YesNo.UNKNOWN, "an item cancelled", ITEM
        elif coming is not None:
            verdict = policy.verdict(situation, Action.CANCEL)
            counts = YesNo.YES if self._will_count(row.marketplace, coming) else YesNo.NO
            how, rule, why = "in a batch", verdict.counts_rule, verdict.counts_why
        return RateEntry(row.order_id, row.purchased_at, row.status, counts, how, rule, why)

    def forecast(self, marketplace: str) -> list[RateEffect]:
        """The rate now, and after what Amazon is about to cancel by itself within the policy's `forecast_hours`."""
        policy, now = self._judge.policy(marketplace), self._clock.now()
        landing = self._landing(marketplace, now + policy.values.forecast_hours * HOUR)
        found = []
        for days in policy.values.rate_days:
            start, end = window(now, days, policy.zone)
            found.append(self._effect(marketplace, days, sum(start <= placed <= end for _, placed in landing)))
        return found

    def _landing(self, marketplace: str, until: int, but: Iterable[int] = ()) -> list[tuple[int, int]]:
        """(auto-cancel time, placed) of what Amazon cancels before `until` and counts; what is overdue lands now. Those of
        `but` that may be cancelled are left out: they would be, before."""
        now = self._clock.now()
        found = self._store().rates.auto_cancellations(marketplace, until)
        mine = {
            row_id for row_id, _, _, number in found if self._judge.cancel_outcome(marketplace, number)[0]
        }.intersection(but)
        return [
            (max(at, now), placed)
            for row_id, at, placed, number in found
            if placed is not None and row_id not in mine and self._judge.auto_counts(marketplace, number)
        ]

    def outlook(self, marketplace: str) -> list[OutlookDay]:
        """Day by day until the window is empty, today first; of the shortest window."""
        policy, now = self._judge.policy(marketplace), self._clock.now()
        days = min(policy.values.rate_days)
        past = [counts[:3] for counts in self._by_day(marketplace, days)]
        landing = self._landing(marketplace, day_start(now, policy.zone, days))
        found = []
        for ahead in range(days):
            left = past[ahead:]
            start, midnight = left[0][0], day_start(now, policy.zone, ahead + 1)
            orders = sum(count for _, count, _ in left)
            auto = sum(at < midnight and placed >= start for at, placed in landing)
            cancelled = sum(count for _, _, count in left) + self._committed(marketplace, start, now) + auto
            found.append(
                OutlookDay(
                    to_local(midnight - 1, policy.zone).date(), orders, cancelled, auto, left[0][2], left[0][1],
                    status(orders, min(cancelled, orders), policy.values.rate_target, policy.values.near),
                )
            )  # fmt: skip
        return found

    def metrics(self, marketplace: str) -> list[Metric]:
        """Late shipment rate and valid tracking rate, as far as reports say anything of them."""
        policy, now = self._judge.policy(marketplace), self._clock.now()
        sources = {setting.name: setting.source for setting in policy.settings()}

        def metric(name: str, days: int, target: Fraction, sign: str, late: bool, because: str, setting: str) -> Metric:
            start, _ = window(now, days, policy.zone)
            orders = self._window(marketplace, days)[0]
            at_least = self._store().rates.count_late(marketplace, start, now) if late else 0
            return Metric(name, days, exact_text(target), sign, orders, at_least, because, sources[setting])

        late = [
            metric(
                "late shipment rate",
                days,
                policy.values.late_shipment_target,
                "<",
                True,
                NO_CONFIRM_TIME,
                "late_shipment_target",
            )
            for days in policy.values.late_shipment_days
        ]
        return late + [
            metric(
                "valid tracking rate",
                days,
                policy.values.valid_tracking_target,
                ">",
                False,
                NO_TRACKING,
                "valid_tracking_target",
            )
            for days in policy.values.valid_tracking_days
        ]
