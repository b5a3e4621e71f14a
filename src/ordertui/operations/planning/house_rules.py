"""Apply the house rules to a batch as a whole. They leave orders out, ask for the count or warn; they never let in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

import msgspec

from ordertui.operations.eligibility import Eligibility
from ordertui.operations.rate.budget import RateBudgets
from ordertui.operations.rate.calculator import RateCalculator
from ordertui.orders.clock import Clock, day_start
from ordertui.orders.enums import Action
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.money import Money
from ordertui.orders.order import Order
from ordertui.orders.text import pluralize
from ordertui.rules.language import HasOrderFields
from ordertui.rules.policy.house_rules import Effect, HouseRule
from ordertui.rules.rate import rate
from ordertui.rules.tables.explanation import HouseRuleMatch
from ordertui.store import CommittedTotals, Store

from .offer_removal import Offers, offer_cancels
from .plan import PlannedOrder


class Candidate(NamedTuple):
    """An order that a batch would take in."""

    order: Order
    counts: bool
    total: Money | None


def batch_candidates(rows: Sequence[PlannedOrder], orders: Sequence[Order]) -> list[Candidate]:
    """Return the rows of a plan as house rules read them."""
    by_id = {order.row.id: order for order in orders}
    return [
        Candidate(
            by_id[row.id],
            row.counts,
            None if row.total is None or row.currency is None else Money(row.total, row.currency),
        )
        for row in rows
    ]


class HouseRuleOutcome(msgspec.Struct, frozen=True):
    """What the house rules say of a batch."""

    denied: Mapping[int, HouseRule]
    """Row number to the rule that takes the order out."""
    warnings: tuple[str, ...]
    typed: tuple[str, ...]
    """Which rules ask for the count to be typed; empty when none does."""
    approval: tuple[str, ...] = ()
    """Which rules ask for the approval of somebody else; empty when none does."""


class PlannedBatchFacts:
    """Answers the fields of PLAN_FIELDS for one batch, each calculated when it is first asked for."""

    def __init__(
        self,
        house: HouseRules,
        action: Action,
        marketplace: str,
        candidates: Sequence[Candidate],
        own_batch: int | None = None,
    ) -> None:
        self._house = house
        self._own_batch = own_batch
        self._action = action
        self._marketplace = marketplace
        self._candidates = candidates
        self._offers: Offers | None = None
        self._rate: Fraction | None = None
        self._rate_known = False
        market = MARKETPLACES.get(marketplace)
        currency = market.currency if market else ""
        priced = [one.total.minor for one in candidates if one.total is not None and one.total.currency == currency]
        self._total = Money(sum(priced), currency)
        self._unpriced = len(priced) < len(candidates)
        self._committed_totals: CommittedTotals | None = None

    def fact(self, subject: HasOrderFields, name: str) -> int | Money | Fraction | None:
        """Return a field of PLAN_FIELDS.

        Money is the sum of what is known, so that a missing price never switches a limit off.
        """
        if name == "batch-orders":
            return len(self._candidates)
        if name == "batch-total":
            return self._total
        if name in ("day-orders", "day-total"):
            day = self._today()
            before = day.totals.get(self._total.currency, 0)
            return (
                day.orders + len(self._candidates)
                if name == "day-orders"
                else Money(before + self._total.minor, self._total.currency)
            )
        if name == "rate-after":
            if not self._rate_known:
                self._rate, self._rate_known = (
                    self._house.rate_after(self._marketplace, self._candidates),
                    True,
                )
            return self._rate
        if self._offers is None:
            self._offers = self._house.offers(self._action, self._marketplace, self._candidates)
        cancels, streak, _ = self._offers.of(subject.row.id)
        return cancels if name == "sku-cancels" else streak

    def unknown(self, subject: HasOrderFields, name: str) -> bool:
        """Return whether part of a fact is not known."""
        if name == "day-total":
            return self._unpriced or self._today().unpriced > 0
        return self._unpriced if name == "batch-total" else self.fact(subject, name) is None

    def _today(self) -> CommittedTotals:
        if self._committed_totals is None:
            self._committed_totals = self._house.committed_today(self._action, self._marketplace, self._own_batch)
        return self._committed_totals


class HouseRules:
    """Asks the user's rules about batches of one store. `store` returns the reader of the calling thread."""

    def __init__(
        self,
        store: Callable[[], Store],
        eligibility: Eligibility,
        calculator: RateCalculator,
        clock: Clock,
        budgets: RateBudgets,
    ) -> None:
        self._budgets = budgets
        self._store = store
        self._eligibility = eligibility
        self._calculator = calculator
        self._clock = clock

    def batch(
        self, action: Action, marketplace: str, candidates: Sequence[Candidate], *, own_batch: int | None = None
    ) -> HouseRuleOutcome:
        """Return what the rules say of a batch of these orders.

        The facts of the batch are those before its own rules leave orders out. `own_batch` is the number of the batch
        when it is committed: it is not counted twice.
        """
        if not candidates:
            return HouseRuleOutcome({}, (), ())
        zone = self._eligibility.policy(marketplace).zone
        facts = PlannedBatchFacts(self, action, marketplace, candidates, own_batch)
        denied: dict[int, HouseRule] = {}
        found: list[tuple[HouseRule, list[Candidate]]] = []
        for rule in self._eligibility.house_rules(marketplace, action):
            test = self._eligibility.test_of(rule, zone, facts)
            hit = [one for one in candidates if test(one.order)]
            if rule.effect is Effect.DENY:
                for one in hit:
                    denied.setdefault(one.order.row.id, rule)
            else:
                found.append((rule, hit))
        if own_batch is None:  # asked when a plan is made and committed: what was committed within a budget leaves
            counting = [one for one in candidates if one.counts and one.order.row.id not in denied]
            for use in self._budgets.of(marketplace, [one.order.row.id for one in counting]):
                if not use.is_over:
                    continue
                rule = use.budget.rule(use.used, use.after)
                if rule.effect is Effect.DENY:
                    for one in counting:
                        denied.setdefault(one.order.row.id, rule)
                else:
                    found.append((rule, counting))
        texts: dict[Effect, list[str]] = {effect: [] for effect in Effect}
        for rule, hit in found:
            left = sum(one.order.row.id not in denied for one in hit)
            if left:
                texts[rule.effect].append(f"house rule {rule.id}: {rule.why} ({pluralize(left)})")
        typed = tuple(texts[Effect.TYPED])
        return HouseRuleOutcome(denied, (*texts[Effect.WARN], *typed), typed, tuple(texts[Effect.APPROVAL]))

    def hits(self, action: Action, candidate: Candidate) -> tuple[HouseRuleMatch, ...]:
        """Return every rule that fits an order, as if it were a batch by itself."""
        marketplace = candidate.order.row.marketplace
        facts = PlannedBatchFacts(self, action, marketplace, [candidate])
        zone = self._eligibility.policy(marketplace).zone
        return tuple(
            HouseRuleMatch(rule.id, rule.effect.value, rule.why, rule.text)
            for rule in self._eligibility.house_rules(marketplace, action)
            if self._eligibility.test_of(rule, zone, facts)(candidate.order)
        )

    def committed_today(self, action: Action, marketplace: str, own_batch: int | None) -> CommittedTotals:
        """Return what was committed for an action since the marketplace's midnight.

        What was taken back, or refused by Amazon, is left out, and the batch that asks.
        """
        midnight = day_start(self._clock.now(), self._eligibility.policy(marketplace).zone)
        return self._store().batches.committed_since(action, marketplace, midnight, besides=own_batch)

    def rate_after(self, marketplace: str, candidates: Sequence[Candidate]) -> Fraction | None:
        """Return the highest rate of any window after the batch, with items a refund cancels; None without orders."""
        effects = self._calculator.effects(
            marketplace, counting_ids=[one.order.row.id for one in candidates if one.counts]
        )
        shares = [share for e in effects if (share := rate(e.after.orders, e.after.cancelled)) is not None]
        return max(shares, default=None)

    def offers(self, action: Action, marketplace: str, candidates: Sequence[Candidate]) -> Offers:
        """Return the seller cancellations of the batch's SKUs, with the batch."""
        pending = [one.order.row.id for one in candidates if one.counts] if action is Action.CANCEL else []
        ids = [one.order.row.id for one in candidates]
        return offer_cancels(self._store(), self._eligibility, marketplace, ids, pending, self._clock.now())
