"""Apply the house rules to a batch as a whole. They leave orders out, ask for the count or warn; they never let in."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

import msgspec

from ordertui.operations.rate.service import RateService
from ordertui.orders.batch_state import BatchState
from ordertui.orders.clock import day_start
from ordertui.orders.enums import Action
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.money import Money
from ordertui.orders.order import Order
from ordertui.orders.text import pluralize
from ordertui.rules.language import HasOrderFields
from ordertui.rules.policy.house_rules import Effect, HouseRule
from ordertui.rules.rate import rate
from ordertui.rules.tables.explanation import HouseRuleMatch
from ordertui.store import CommittedTotals, JournalBatch

from .offer_removal import Offers, SellerCancellations
from .plan import PlannedOrder
from .reading import OrderReader


class BatchSums(NamedTuple):
    """A batch as house rules read it: row numbers of its orders, and what they come to."""

    ids: Sequence[int]
    counting: Sequence[int]
    """Those that count toward the cancellation rate."""
    total: Money
    """Of the orders whose amounts are known in the currency of the marketplace."""
    is_unpriced: bool
    """Whether there are others."""


def batch_sums(marketplace: str, rows: Iterable[tuple[int, bool, int | None, str | None]]) -> BatchSums:
    """Return what rows come to: each a row number, whether it counts, minor units (None: unknown) and currency."""
    market = MARKETPLACES.get(marketplace)
    currency = market.currency if market else ""
    ids, counting = array("q"), array("q")
    minor = priced = 0
    for row_id, counts, total, its_currency in rows:
        ids.append(row_id)
        if counts:
            counting.append(row_id)
        if total is not None and its_currency == currency:
            minor += total
            priced += 1
    return BatchSums(ids, counting, Money(minor, currency), priced < len(ids))


class HouseRuleOutcome(msgspec.Struct, frozen=True):
    """What the house rules say of a batch."""

    denied: Mapping[int, HouseRule]
    """Row number to the rule that takes the order out."""
    warnings: tuple[str, ...]
    typed: tuple[str, ...]
    """Which rules ask for the count to be typed; empty when none does."""
    approval: tuple[str, ...] = ()
    """Which rules ask for the approval of somebody else; empty when none does."""

    def why(self, row_id: int) -> str:
        """Return which rule takes an order out, and its sentence."""
        return f"house rule {self.denied[row_id].id}: {self.denied[row_id].why}"


class PlannedBatchFacts:
    """Answers the fields of PLAN_FIELDS for one batch, each calculated when it is first asked for."""

    def __init__(
        self, house: HouseRules, action: Action, marketplace: str, sums: BatchSums, own_batch: int | None = None
    ) -> None:
        self._house = house
        self._own_batch = own_batch
        self._action = action
        self._marketplace = marketplace
        self._sums = sums
        self._offers: Offers | None = None
        self._rate: tuple[Fraction | None, bool] | None = None
        self._committed_totals: CommittedTotals | None = None
        self._beside = CommittedTotals(0, 0, {}) if own_batch is None else house.committed_beside(own_batch)
        """The other parts of a batch that leaves in parts: a limit of a batch is asked of the whole."""

    def fact(self, subject: HasOrderFields, name: str) -> int | Money | Fraction | None:
        """Return a field of PLAN_FIELDS.

        Money is the sum of what is known, so that a missing price never switches a limit off; so is the rate that of
        the orders that are known.
        """
        if name == "batch-orders":
            return len(self._sums.ids) + self._beside.orders
        if name == "batch-total":
            total = self._sums.total
            return Money(total.minor + self._beside.totals.get(total.currency, 0), total.currency)
        if name in ("day-orders", "day-total"):
            day = self._today()
            total = self._sums.total
            if name == "day-orders":
                return day.orders + len(self._sums.ids)
            return Money(day.totals.get(total.currency, 0) + total.minor, total.currency)
        if name == "rate-after":
            return self._rate_after()[0]
        if self._offers is None:
            self._offers = self._house.offers(self._action, self._marketplace, self._sums)
        cancels, streak, _ = self._offers.of(subject.row.id)
        return cancels if name == "sku-cancels" else streak

    def unknown(self, subject: HasOrderFields, name: str) -> bool:
        """Return whether part of a fact is not known."""
        if name == "day-total":
            return self._sums.is_unpriced or self._today().unpriced > 0
        if name == "rate-after":
            return not self._rate_after()[1]
        if name == "batch-total":
            return self._sums.is_unpriced or self._beside.unpriced > 0
        return self.fact(subject, name) is None

    def _rate_after(self) -> tuple[Fraction | None, bool]:
        if self._rate is None:
            self._rate = self._house.rate_after(self._marketplace, self._sums)
        return self._rate

    def _today(self) -> CommittedTotals:
        if self._committed_totals is None:
            self._committed_totals = self._house.committed_today(self._action, self._marketplace, self._own_batch)
        return self._committed_totals


class HouseRules:
    """Asks the user's rules about batches of one store."""

    def __init__(self, rate: RateService) -> None:
        self._rate = rate
        self._sources = rate.sources
        self._rules = rate.sources.eligibility.rules

    def batch(
        self,
        action: Action,
        marketplace: str,
        rows: Sequence[PlannedOrder],
        reader: OrderReader,
        *,
        own_batch: JournalBatch | None = None,
    ) -> HouseRuleOutcome:
        """Return what the rules say of a batch of these orders, which are read when there are rules.

        The facts of the batch are those before its own rules leave orders out. `own_batch` is the batch when it is
        committed: it is not counted twice.
        """
        rules = self._rules.in_force(marketplace, action)
        if not rows:
            return HouseRuleOutcome({}, (), ())
        zone = self._sources.policy(marketplace).zone
        sums = batch_sums(marketplace, ((row.id, row.counts, row.total, row.currency) for row in rows))
        own_id = None if own_batch is None else own_batch.id
        facts = PlannedBatchFacts(self, action, marketplace, sums, own_id)
        tests = [(rule, self._rules.test_of(rule, zone, facts)) for rule in rules]
        denied: dict[int, HouseRule] = {}
        found = [(rule, array("q")) for rule in rules if rule.effect is not Effect.DENY]
        others = [test for rule, test in tests if rule.effect is not Effect.DENY]
        for row, order in reader.read(rows) if rules else ():
            for rule, test in tests:
                if rule.effect is Effect.DENY and row.id not in denied and test(order):
                    denied[row.id] = rule
            for (_, hit), test in zip(found, others, strict=True):
                if test(order):
                    hit.append(row.id)
        if own_batch is None or own_batch.state is BatchState.AWAITING:  # what was decided within a budget leaves
            counting = array("q", (row_id for row_id in sums.counting if row_id not in denied))
            for use in self._rate.budgets.of(marketplace, counting, besides=own_id):
                if not use.is_over:
                    continue
                rule = use.budget.rule(use.used, use.after)
                if rule.effect is Effect.DENY:
                    for row_id in counting:
                        denied.setdefault(row_id, rule)
                else:
                    found.append((rule, counting))
        texts: dict[Effect, list[str]] = {effect: [] for effect in Effect}
        for rule, hit in found:
            left = sum(row_id not in denied for row_id in hit)
            if left:
                texts[rule.effect].append(f"house rule {rule.id}: {rule.why} ({pluralize(left)})")
        typed = tuple(texts[Effect.TYPED])
        return HouseRuleOutcome(denied, (*texts[Effect.WARN], *typed), typed, tuple(texts[Effect.APPROVAL]))

    def hits(
        self, action: Action, order: Order, *, counts: bool, total: tuple[int | None, str | None]
    ) -> tuple[HouseRuleMatch, ...]:
        """Return every rule that fits an order, as if it were a batch by itself.

        `counts`: toward the rate. `total`: what a plan of it would lose or give back, and the currency.
        """
        marketplace = order.row.marketplace
        facts = PlannedBatchFacts(self, action, marketplace, batch_sums(marketplace, [(order.row.id, counts, *total)]))
        zone = self._sources.policy(marketplace).zone
        return tuple(
            HouseRuleMatch(rule.id, rule.effect.value, rule.why, rule.text)
            for rule in self._rules.in_force(marketplace, action)
            if self._rules.test_of(rule, zone, facts)(order)
        )

    def committed_today(self, action: Action, marketplace: str, own_batch: int | None) -> CommittedTotals:
        """Return what was decided for an action since the marketplace's midnight.

        What was taken back, or refused by Amazon, is left out, and the batch that asks.
        """
        midnight = day_start(self._sources.now(), self._sources.policy(marketplace).zone)
        return self._sources.store().batches.committed_since(action, marketplace, midnight, besides=own_batch)

    def committed_beside(self, own_batch: int) -> CommittedTotals:
        """Return what the other parts of the same larger batch come to."""
        return self._sources.store().batches.committed_beside(own_batch)

    def rate_after(self, marketplace: str, sums: BatchSums) -> tuple[Fraction | None, bool]:
        """Return the highest rate of any window after the batch, with items a refund cancels, and whether it is known.

        None without orders. It is not known when that of some window is not.
        """
        effects = self._rate.calculator.effects(marketplace, counting_ids=sums.counting)
        shares = [share for e in effects if (share := rate(e.after.orders, e.after.cancelled)) is not None]
        return max(shares, default=None), bool(shares) and not any(e.after.reason for e in effects)

    def offers(self, action: Action, marketplace: str, sums: BatchSums) -> Offers:
        """Return the seller cancellations of the batch's SKUs, with the batch."""
        pending = sums.counting if action is Action.CANCEL else ()
        return SellerCancellations(self._sources, marketplace).offers(sums.ids, pending)
