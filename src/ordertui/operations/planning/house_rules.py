"""House rules at work: what they say of an order, and of a batch as a whole. They take out, ask or warn; never let in."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

import msgspec

from ordertui.operations.eligibility import Eligibility
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


class Candidate(NamedTuple):
    """An order that a batch would take in."""

    order: Order
    counts: bool
    total: Money | None


class HouseRuleOutcome(msgspec.Struct, frozen=True):
    """What the rules about batches say of one."""

    denied: Mapping[int, HouseRule]
    """Row number to the rule that takes the order out."""
    warnings: tuple[str, ...]
    typed: bool
    """Whether the count must be typed."""


class _Batch:
    """The facts of a batch, each worked out when first asked for."""

    def __init__(self, house: HouseRules, action: Action, marketplace: str, taken: Sequence[Candidate]) -> None:
        self._house = house
        self._action = action
        self._marketplace = marketplace
        self._taken = taken
        self._offers: Offers | None = None
        self._rate: Fraction | None = None
        self._rate_known = False
        market = MARKETPLACES.get(marketplace)
        currency = market.currency if market else ""
        priced = [one.total.minor for one in taken if one.total is not None and one.total.currency == currency]
        self._total = Money(sum(priced), currency)
        self._unpriced = len(priced) < len(taken)
        self._day: CommittedTotals | None = None

    def fact(self, subject: HasOrderFields, name: str) -> int | Money | Fraction | None:
        """A field of PLAN_FIELDS. Money is the sum of what is known, so that a missing price never switches a limit off."""
        if name == "batch-orders":
            return len(self._taken)
        if name == "batch-total":
            return self._total
        if name in ("day-orders", "day-total"):
            day = self._today()
            before = day.totals.get(self._total.currency, 0)
            return (
                day.orders + len(self._taken)
                if name == "day-orders"
                else Money(before + self._total.minor, self._total.currency)
            )
        if name == "rate-after":
            if not self._rate_known:
                self._rate, self._rate_known = (
                    self._house.rate_after(self._action, self._marketplace, self._taken),
                    True,
                )
            return self._rate
        if self._offers is None:
            self._offers = self._house.offers(self._action, self._marketplace, self._taken)
        cancels, streak, _ = self._offers.of(subject.row.id)
        return cancels if name == "sku-cancels" else streak

    def unknown(self, subject: HasOrderFields, name: str) -> bool:
        """Whether part of a fact is not known."""
        if name == "day-total":
            return self._unpriced or self._today().unpriced > 0
        return self._unpriced if name == "batch-total" else self.fact(subject, name) is None

    def _today(self) -> CommittedTotals:
        if self._day is None:
            self._day = self._house.committed_today(self._action, self._marketplace)
        return self._day


class HouseRules:
    """The user's rules, asked about orders of one reader of the store."""

    def __init__(self, store: Callable[[], Store], judge: Eligibility, rates: RateCalculator, clock: Clock) -> None:
        self._store = store
        self._judge = judge
        self._rates = rates
        self._clock = clock

    def batch(self, action: Action, marketplace: str, taken: Sequence[Candidate]) -> HouseRuleOutcome:
        """What the rules say of a batch of these orders. Facts of the batch are those before its own rules take orders out."""
        if not taken:
            return HouseRuleOutcome({}, (), False)
        zone = self._judge.policy(marketplace).zone
        facts = _Batch(self, action, marketplace, taken)
        denied: dict[int, HouseRule] = {}
        found: list[tuple[HouseRule, list[Candidate]]] = []
        for rule in self._judge.house_rules(marketplace, action):
            test = self._judge.test_of(rule, zone, facts)
            hit = [one for one in taken if test(one.order)]
            if rule.effect is Effect.DENY:
                for one in hit:
                    denied.setdefault(one.order.row.id, rule)
            else:
                found.append((rule, hit))
        warnings, typed = [], False
        for rule, hit in found:
            left = sum(one.order.row.id not in denied for one in hit)
            if left:
                typed |= rule.effect is Effect.TYPED
                warnings.append(f"house rule {rule.id}: {rule.why} ({pluralize(left)})")
        return HouseRuleOutcome(denied, tuple(warnings), typed)

    def hits(self, action: Action, taken: Candidate) -> tuple[HouseRuleMatch, ...]:
        """Every rule that fits an order, as if it were a batch by itself."""
        marketplace = taken.order.row.marketplace
        facts = _Batch(self, action, marketplace, [taken])
        zone = self._judge.policy(marketplace).zone
        return tuple(
            HouseRuleMatch(rule.id, rule.effect.value, rule.why, rule.text)
            for rule in self._judge.house_rules(marketplace, action)
            if self._judge.test_of(rule, zone, facts)(taken.order)
        )

    def committed_today(self, action: Action, marketplace: str) -> CommittedTotals:
        """What was committed for an action since the marketplace's midnight, and neither taken back nor refused by Amazon."""
        midnight = day_start(self._clock.now(), self._judge.policy(marketplace).zone)
        return self._store().batches.committed_since(action, marketplace, midnight)

    def rate_after(self, action: Action, marketplace: str, taken: Sequence[Candidate]) -> Fraction | None:
        """The highest rate of any window after the batch, items that a refund cancels included; None without orders."""
        ids = [one.order.row.id for one in taken if one.counts]
        effects = self._rates.effects(
            marketplace, ids if action is Action.CANCEL else (), () if action is Action.CANCEL else ids
        )
        shares = [share for e in effects if (share := rate(e.after.orders, e.after.cancelled)) is not None]
        return max(shares, default=None)

    def offers(self, action: Action, marketplace: str, taken: Sequence[Candidate]) -> Offers:
        """Seller cancellations of the batch's SKUs, with the batch."""
        coming = [one.order.row.id for one in taken if one.counts] if action is Action.CANCEL else []
        ids = [one.order.row.id for one in taken]
        return offer_cancels(self._store(), self._judge, marketplace, ids, coming, self._clock.now())
