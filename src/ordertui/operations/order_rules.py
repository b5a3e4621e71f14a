"""House rules and filters of the policy file that ask about single orders, compiled for one moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from ordertui.orders.clock import Clock, to_local
from ordertui.orders.enums import Action, OrderStatus, YesNo
from ordertui.orders.order import OrderLine, OrderRow
from ordertui.rules.language import Condition, predicate
from ordertui.rules.language import parse as parse_filter
from ordertui.rules.language.ast import Compare, Text, leaves
from ordertui.rules.language.predicate import BatchFacts, OrderTest
from ordertui.rules.policy.house_rules import Effect, HouseRule
from ordertui.rules.policy.policy import Policies, Policy
from ordertui.rules.situation import situation_from_number, situation_number, situation_of
from ordertui.store import Store

from .denials import BATCH_ACTIONS

LINE_COLUMNS = ("sku", "asin", "title")
"""Columns of a condition that are read from the lines of an order."""
MOST_KEPT = 2_000
"""Orders whose lines are kept for conditions that ask about them."""


class Subject(NamedTuple):
    """An order as a condition reads it."""

    row: OrderRow
    lines: Sequence[OrderLine]


class LineCache:
    """The lines of orders that conditions ask about. `store` returns the reader of the calling thread."""

    def __init__(self, store: Callable[[], Store]) -> None:
        self._store = store
        self._lines: dict[int, tuple[int, Sequence[OrderLine]]] = {}
        """Row number to version and lines."""

    def prefetch(self, rows: Iterable[OrderRow]) -> None:
        """Read the lines of many orders at once, so that a page costs one query."""
        wanted = [row.id for row in rows if self._lines.get(row.id, (-1,))[0] != row.version]
        if not wanted:
            return
        if len(self._lines) + len(wanted) > MOST_KEPT:
            self._lines.clear()
        for row_id, order in self._store().orders.get(wanted).items():
            self._lines[row_id] = (order.row.version, order.lines)

    def of(self, row: OrderRow) -> Sequence[OrderLine]:
        """Return the lines of an order; none when it is gone."""
        self.prefetch((row,))
        return self._lines.get(row.id, (0, ()))[1]


class DenyRule(NamedTuple):
    """A house rule with effect deny about single orders, compiled for one moment."""

    rule: HouseRule
    test: OrderTest
    reads_lines: bool


def decides(policy: Policy, number: int, kind: str, value: str) -> bool:
    """Return whether the rules give `action:` or `counts:` (the kind) this value in a situation.

    An order whose canceller is unknown counts.
    """
    situation = situation_from_number(number)
    if kind == "action":
        return policy.verdict(situation, Action(value)).allowed
    cancel = policy.verdict(situation, Action.CANCEL)
    if situation.status is OrderStatus.CANCELLED:
        counts = policy.counts_history(situation)
    elif cancel.allowed:
        counts = cancel.counts
    else:
        return False
    return (counts is YesNo.NO) is (value == "no")


class OrderRules:
    """Asks the rules of the policy file about orders of one store. `deadline`: when Amazon cancels an order."""

    def __init__(
        self, policies: Policies, store: Callable[[], Store], clock: Clock, deadline: Callable[[OrderRow], int | None]
    ) -> None:
        self._policies = policies
        self._clock = clock
        self._deadline = deadline
        self._deny_rules: dict[tuple[Policy, Action], list[DenyRule]] = {}
        self._deny_rules_at = -1
        self._lines = LineCache(store)
        self._order_tests: dict[tuple[str, str], tuple[int, OrderTest]] = {}
        """Filter and zone to the moment it was compiled for and its test."""

    def in_force(self, marketplace: str, action: Action) -> list[HouseRule]:
        """Return the house rules about an action that are in force now, in the order of the file."""
        policy = self._policies.of(marketplace)
        day = to_local(self._clock.now(), policy.zone).date()
        return [rule for rule in policy.house_rules if action in rule.actions and rule.period.contains(day)]

    def test_of(self, rule: HouseRule, zone: str, batch: BatchFacts | None = None) -> OrderTest:
        """Return a house rule's condition as a function over an order. In it, `action:` asks the rules alone."""
        return predicate(
            rule.condition(now=self._clock.now(), zone=zone),
            decide=self.decides_by_rules,
            auto_cancel_at=self._deadline,
            batch=batch,
        )

    def denying(self, marketplace: str, action: Action | None = None) -> list[DenyRule]:
        """Return the rules that deny whatever the batch, about one action or any; compiled once a second."""
        policy = self._policies.of(marketplace)
        if not policy.house_rules:
            return []
        if action is None:
            return [rule for one in BATCH_ACTIONS for rule in self.denying(marketplace, one)]
        now = self._clock.now()
        if now != self._deny_rules_at:
            self._deny_rules, self._deny_rules_at = {}, now
        found = self._deny_rules.get((policy, action))
        if found is None:
            rules = [rule for rule in self.in_force(marketplace, action) if rule.effect is Effect.DENY]
            found = self._deny_rules[policy, action] = [
                DenyRule(rule, self.test_of(rule, policy.zone), reads_lines(rule.condition(now=now, zone=policy.zone)))
                for rule in rules
                if not rule.asks_batch
            ]
        return found

    def find_denying(self, row: OrderRow, action: Action, lines: Sequence[OrderLine] | None) -> HouseRule | None:
        """Return the first house rule that denies an action for an order; `lines` as for `Eligibility.denial`."""
        rules = self.denying(row.marketplace, action)
        if not rules:
            return None
        if lines is None:
            lines = self._lines.of(row) if any(rule.reads_lines for rule in rules) else ()
        subject = Subject(row, lines)
        return next((rule.rule for rule in rules if rule.test(subject)), None)

    def shortage_preferences(self, row: OrderRow, lines: Sequence[OrderLine]) -> tuple[bool, bool]:
        """Return whether the policy file protects an order in a shortage, and whether it prefers to cancel it."""
        house = self._policies.house
        if not (house.protect or house.prefer):
            return False, False
        subject = Subject(row, lines)
        zone = self._policies.of(row.marketplace).zone
        protects, prefers = (
            any(self._order_test(text, zone)(subject) for text in texts) for texts in (house.protect, house.prefer)
        )
        return protects, prefers

    def _order_test(self, text: str, zone: str) -> OrderTest:
        """Return a filter as a function over an order; compiled once a second."""
        now = self._clock.now()
        found = self._order_tests.get((text, zone))
        if found is None or found[0] != now:
            condition = parse_filter(text, now=now, zone=zone)
            test = predicate(condition, decide=self.decides_by_rules, auto_cancel_at=self._deadline)
            found = self._order_tests[text, zone] = (now, test)
        return found[1]

    def prefetch(self, rows: Iterable[OrderRow]) -> None:
        """Read the lines of many orders at once, when a house rule asks about lines."""
        self._lines.prefetch(row for row in rows if any(rule.reads_lines for rule in self.denying(row.marketplace)))

    def decides_by_rules(self, row: OrderRow, kind: str, value: str) -> bool:
        """Return whether the rules alone give `action:` or `counts:` this value for an order: what house rules ask."""
        return decides(self._policies.of(row.marketplace), situation_number(situation_of(row)), kind, value)


def reads_lines(condition: Condition) -> bool:
    """Return whether a condition asks about the lines of an order."""
    return any(
        isinstance(leaf, Text) or (isinstance(leaf, Compare) and leaf.field in LINE_COLUMNS)
        for leaf in leaves(condition)
    )
