"""The one verdict: which actions an order allows, and why not the others.

Five things can deny an action: the rules (Amazon's, or another edition), a report or the time gone by that make it
doubtful whether the order still waits, a house rule of the operator, an action that a batch of the journal already
holds for the order, and lines that a feed cannot name. `Eligibility` answers for one order, and as a condition of the
store for filters, counts and sorting; both give the same answer. What only a whole batch can tell (its size, the rate
after it) and what the operator has yet to choose (amounts, tracking numbers) is decided in the plan.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import msgspec

from ordertui.orders.api_facts import PROGRAM_NAMES, PROGRAM_SOURCE
from ordertui.orders.batch_state import holds_order
from ordertui.orders.clock import HOUR, Clock, iso_utc, to_local
from ordertui.orders.enums import Action, BuyerRequest, CancelledBy, OrderStatus, Program, YesNo
from ordertui.orders.marketplace import zone_of
from ordertui.orders.order import LinesKnown, OrderLine, OrderRow, lines_allow
from ordertui.rules.language import Condition, predicate
from ordertui.rules.language import parse as parse_filter
from ordertui.rules.language.ast import And, Compare, Not, OneOf, Or, Text, TimeRange, comparisons
from ordertui.rules.language.predicate import BatchFacts, OrderTest
from ordertui.rules.policy.house_rules import Effect, HouseRule
from ordertui.rules.policy.policy import Policies, Policy
from ordertui.rules.situation import Situation, situation_from_number, situation_number, situation_of
from ordertui.rules.tables.explanation import Explanation, Verdict
from ordertui.store import ActionRanks, Decisions, SituationGroup, Store

BATCH_ACTIONS = (Action.CANCEL, Action.REFUND, Action.CONFIRM)
"""Actions that go into a batch. A message is text to copy: neither the journal nor item ids stand against it."""
AWAITING_SHIPMENT = (OrderStatus.UNSHIPPED, OrderStatus.PARTIALLY_SHIPPED)
LINE_COLUMNS = ("sku", "asin", "title")
"""Columns of a condition that are read from the lines of an order."""
MOST_KEPT = 2_000
"""Orders whose lines are kept for house rules that ask about them."""


class Denial(msgspec.Struct, frozen=True):
    """Why an action is not allowed."""

    rule: str
    """Id of the row of the policy; `house ID`; `open`; `program`, `parcel`, `item-id`, `price`, `refunded`, `lines`."""
    why: str
    source: str
    instead: Action | None = None
    because: str = ""
    """The fact or condition behind it, where the policy itself does not deny."""
    is_by_rules: bool = False
    """Whether the policy denies it, and not something about this order."""
    short: str = ""
    """`why` in two or three words, for the side pane."""


OPEN = "open"
"""Id of the denial of an order that a batch holds."""
JOURNAL_SOURCE = "the journal of this store"
LINES_SOURCE = "Amazon's feeds name each item by its order-item-id; a refund needs what was paid"
NO_ITEM_ID = Denial(
    "item-id",
    "its order-item-id is unknown: import the Unshipped orders or New orders report",
    LINES_SOURCE,
    because="an order-item-id is unknown",
    short="item id unknown",
)
NO_PRICE = Denial(
    "price",
    "what was paid for it is unknown: import the New orders or All Orders report",
    LINES_SOURCE,
    because="no report gave a price",
    short="price unknown",
)
NO_LINES = Denial(
    "lines",
    "no line of it is left to act on",
    LINES_SOURCE,
    because="every line is cancelled",
    short="no items left",
)
NOTHING_LEFT = Denial(
    "refunded",
    "nothing is left to give back: nothing was charged, or all of it has gone back or is on its way",
    LINES_SOURCE,
    because="nothing is left to give back",
    short="nothing to refund",
)


PARCEL_LEFT = Denial(
    "parcel",
    "Amazon shows that a parcel of it has left: confirm the shipment; the money goes back as a refund",
    "developer-docs, Orders API v2026-01-01: packages[].packageStatus",
    because="a package is in transit, shipped or delivered",
    short="parcel has left",
)
_IN_SELLER_CENTRAL = {
    Action.CANCEL: "takes no cancellation from a feed: cancel it in Seller Central",
    Action.CONFIRM: "takes no shipment confirmation from a feed: schedule or confirm it in Seller Central",
}
MISSING, OUTDATED = "missing", "outdated"
"""Ids of the denials of orders that may not be unshipped any more, by a report's silence and by the time gone by."""
REPORT_SOURCE = "an Unshipped report lists all that is unconfirmed of the days it was asked for"
AUTO_CANCEL_SOURCE = "Amazon cancels an order that is not confirmed in time"


class _Subject(NamedTuple):
    """An order as a condition reads it."""

    row: OrderRow
    lines: Sequence[OrderLine]


class _DenyRule(NamedTuple):
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


def _is(field: str, value: str) -> Compare:
    return Compare(field, ":", OneOf((value,)))


RANKS: ActionRanks = (
    (And((_is("action", "cancel"), _is("counts", "no"))), 6),
    (And((_is("action", "cancel"), _is("request", "message"))), 5),
    (_is("action", "cancel"), 4),
    (_is("action", "confirm"), 3),
    (_is("action", "refund"), 2),
    (_is("status", "pending"), 1),
)
"""How a list is sorted by what can be done first: the first condition that fits gives the rank, none gives 0."""


class Eligibility:
    """Answers by the policies in force for orders of one store. `store` returns the reader of the calling thread."""

    def __init__(self, policies: Policies, store: Callable[[], Store], clock: Clock) -> None:
        self.policies = policies
        self._store = store
        self._clock = clock
        self._words: dict[tuple[Policy, int], str] = {}
        self._deny_rules: dict[tuple[Policy, Action], list[_DenyRule]] = {}
        self._deny_rules_at = -1
        self._lines: dict[int, tuple[int, Sequence[OrderLine]]] = {}
        """Row number to version and lines, only for house rules that read lines."""
        self._order_tests: dict[tuple[str, str], tuple[int, OrderTest]] = {}
        """Filter and zone to the moment it was compiled for and its test."""

    def policy(self, marketplace: str) -> Policy:
        """Return the policy of a marketplace; an unknown one gets the default, which says so."""
        return self.policies.of(marketplace)

    def zone(self, marketplace: str) -> str:
        """Return the named zone in which a marketplace's times are shown."""
        return zone_of(marketplace)

    # -- the verdict on one order

    def denial(
        self, row: OrderRow, action: Action, lines: Sequence[OrderLine] | None = None, *, in_own_batch: bool = False
    ) -> Denial | None:
        """Return why the action is not allowed, or None when it is.

        `lines` saves reading them when a house rule asks about them. `in_own_batch`: the order is in a batch for this
        very action, so neither the journal nor what the batch itself gives back is held against it.
        """
        verdict = self.policy(row.marketplace).verdict(situation_of(row), action)
        if not verdict.allowed:
            return Denial(verdict.rule, verdict.why, verdict.source, verdict.instead, is_by_rules=True)
        standing = self._standing_denial(row, action)
        if standing is not None:
            return standing
        rule = self._denying_rule(row, action, lines)
        if rule is not None:
            source = self.policies.house.file or "your policy file"
            return Denial(
                f"house {rule.id}", rule.why, source, because=f"your rule: {rule.text}", short=f"rule {rule.id}"
            )
        if in_own_batch or action not in BATCH_ACTIONS:
            return None
        if row.open_action is not None and has_open_action(row):
            state = f"{row.open_action.kind.value}, {row.open_action.state.value}"
            return Denial(
                OPEN,
                f"a batch already holds an action for it ({state})",
                JOURNAL_SOURCE,
                because=state,
                short=f"{row.open_action.kind} under way",
            )
        return lines_denial(action, row.lines_known, row.program)

    def _standing_denial(self, row: OrderRow, action: Action) -> Denial | None:
        """Return why a waiting order may not be unshipped any more, or None. `_standing_condition` agrees."""
        if action not in BATCH_ACTIONS or row.status not in AWAITING_SHIPMENT:
            return None
        if row.missing_since is not None:
            date = iso_utc(row.missing_since)
            why = f"not among the unshipped orders of {date}: import All Orders, which says what became of it"
            return Denial(
                MISSING,
                why,
                REPORT_SOURCE,
                because=f"the Unshipped report, or first sync, of {date} leaves it out",
                short="not in last report",
            )
        cancelled_at, values = self.deadline(row), self.policy(row.marketplace).values
        now = self._clock.now()
        if cancelled_at is None or row.named_at is None or cancelled_at >= now - values.auto_cancelled_hours * HOUR:
            return None
        if row.named_at >= now - values.old_hours * HOUR:
            return None
        at_latest = iso_utc(self.latest_deadline(row) or cancelled_at)
        why = (
            f"Amazon has cancelled it by {at_latest}, or it was shipped: the newest report that names it is of"
            f" {iso_utc(row.named_at)}; import a new one"
        )
        return Denial(
            OUTDATED,
            why,
            AUTO_CANCEL_SOURCE,
            because="its time is over, and no newer report says otherwise",
            short="outdated: import",
        )

    def _standing_condition(self, action: Action) -> Condition | None:
        """Return the condition under which `_standing_denial` denies; None when it denies no order of the store."""
        if action not in BATCH_ACTIONS:
            return None
        now, store = self._clock.now(), self._store()
        waiting = Compare("status", ":", OneOf(tuple(status.value for status in AWAITING_SHIPMENT)))
        parts: list[Condition] = [And((waiting, _is("missing", "yes")))] if store.tallies.has_missing() else []
        by_limits: dict[tuple[int, int], list[str]] = {}
        for code in store.tallies.marketplaces():
            values = self.policy(code).values
            limits = now - values.auto_cancelled_hours * HOUR, now - values.old_hours * HOUR
            by_limits.setdefault(limits, []).append(code)
        for (cancelled, known), codes in by_limits.items():
            if store.tallies.has_outdated(codes, cancelled, known):
                outdated = (
                    Compare("auto-cancel", "<", TimeRange(None, cancelled - 1, "")),
                    Compare("known", "<", TimeRange(None, known - 1, "")),
                    Compare("marketplace", ":", OneOf(tuple(codes))),
                )
                parts.append(And((waiting, *outdated)))
        return _any(parts) if parts else None

    def verdict(self, row: OrderRow, action: Action, lines: Sequence[OrderLine] | None = None) -> Verdict:
        """Return the verdict for one action. `lines` as for `denial`."""
        found = self.policy(row.marketplace).verdict(situation_of(row), action)
        denial = self.denial(row, action, lines)
        if denial is None or denial.is_by_rules:
            return found
        return msgspec.structs.replace(
            found,
            allowed=False,
            rule=denial.rule,
            why=denial.why,
            source=denial.source,
            instead=None,
            note="",
            short=denial.short,
        )

    def rules_verdict(self, row: OrderRow, action: Action) -> Verdict:
        """Return what the rules alone say, for an order of which `denial` is known."""
        return self.policy(row.marketplace).verdict(situation_of(row), action)

    def verdicts(self, row: OrderRow, lines: Sequence[OrderLine] | None = None) -> tuple[Verdict, ...]:
        """Return one verdict per action, in the order of Action."""
        return tuple(self.verdict(row, action, lines) for action in Action)

    def explain(self, row: OrderRow, action: Action, lines: Sequence[OrderLine] | None = None) -> Explanation:
        """Return the verdict with the facts that decided; where the rules deny, the nearest row that allows too."""
        found = self.policy(row.marketplace).explain(situation_of(row), action)
        denial = self.denial(row, action, lines)
        if denial is None or denial.is_by_rules:
            return found
        return msgspec.structs.replace(
            found, allowed=False, rule=denial.rule, why=denial.why, because=(denial.because,), source=denial.source,
            note="", instead=None, counts=None, counts_rule="", counts_why="", counts_because=(), counts_source="",
        )  # fmt: skip

    def allowed_action(self, row: OrderRow) -> str:
        """Return what can be done first: `cancel`, `confirm`, `refund`; `★` when cancelling does not count."""
        if not self._denying_rules(row.marketplace) and self._standing_denial(row, Action.CANCEL) is None:
            return self._known_word(row)
        for action in (Action.CANCEL, Action.CONFIRM, Action.REFUND):
            if self.denial(row, action) is None:
                does_not_count = action is Action.CANCEL and not self.counts(row)
                return "cancel ★" if does_not_count else action.value
        return "wait" if row.status is OrderStatus.PENDING else "-"

    def _known_word(self, row: OrderRow) -> str:
        """As `allowed_action` without house rules: then few facts decide, and each combination is answered once."""
        situation, policy = situation_of(row), self.policy(row.marketplace)
        open_ = has_open_action(row)
        key = (policy, (situation_number(situation) * 2 + open_) * 256 + row.lines_known)
        word = self._words.get(key)
        if word is None:
            word = self._words[key] = self._word(policy, situation, open_, row.lines_known)
        return word

    @staticmethod
    def _word(policy: Policy, situation: Situation, open_: bool, lines_known: LinesKnown) -> str:
        for action in (Action.CANCEL, Action.CONFIRM, Action.REFUND):
            verdict = policy.verdict(situation, action)
            if verdict.allowed and not open_ and lines_denial(action, lines_known) is None:
                return "cancel ★" if action is Action.CANCEL and verdict.counts is YesNo.NO else action.value
        return "wait" if situation.status is OrderStatus.PENDING else "-"

    # -- house rules about single orders

    def house_rules(self, marketplace: str, action: Action) -> list[HouseRule]:
        """Return the house rules about an action that are in force now, in the order of the file."""
        policy = self.policy(marketplace)
        day = to_local(self._clock.now(), policy.zone).date()
        return [rule for rule in policy.house_rules if action in rule.actions and rule.period.contains(day)]

    def test_of(self, rule: HouseRule, zone: str, batch: BatchFacts | None = None) -> OrderTest:
        """Return a house rule's condition as a function over an order. In it, `action:` asks the rules alone."""
        return predicate(
            rule.condition(now=self._clock.now(), zone=zone),
            decide=self.decides_by_rules,
            auto_cancel_at=self.deadline,
            batch=batch,
        )

    def _denying_rules(self, marketplace: str, action: Action | None = None) -> list[_DenyRule]:
        """Rules that deny whatever the batch, about one action or any; compiled once a second."""
        policy = self.policy(marketplace)
        if not policy.house_rules:
            return []
        if action is None:
            return [rule for one in BATCH_ACTIONS for rule in self._denying_rules(marketplace, one)]
        now = self._clock.now()
        if now != self._deny_rules_at:
            self._deny_rules, self._deny_rules_at = {}, now
        found = self._deny_rules.get((policy, action))
        if found is None:
            rules = [rule for rule in self.house_rules(marketplace, action) if rule.effect is Effect.DENY]
            found = self._deny_rules[policy, action] = [
                _DenyRule(
                    rule,
                    self.test_of(rule, policy.zone),
                    reads_lines(rule.condition(now=now, zone=policy.zone)),
                )
                for rule in rules
                if not rule.asks_batch
            ]
        return found

    def _denying_rule(self, row: OrderRow, action: Action, lines: Sequence[OrderLine] | None) -> HouseRule | None:
        rules = self._denying_rules(row.marketplace, action)
        if not rules:
            return None
        if lines is None:
            lines = self._lines_of(row) if any(rule.reads_lines for rule in rules) else ()
        subject = _Subject(row, lines)
        return next((rule.rule for rule in rules if rule.test(subject)), None)

    def shortage_preferences(self, row: OrderRow, lines: Sequence[OrderLine]) -> tuple[bool, bool]:
        """Return whether the policy file protects an order in a shortage, and whether it prefers to cancel it."""
        house = self.policies.house
        if not (house.protect or house.prefer):
            return False, False
        subject = _Subject(row, lines)
        zone = self.policy(row.marketplace).zone
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
            test = predicate(condition, decide=self.decides_by_rules, auto_cancel_at=self.deadline)
            found = self._order_tests[text, zone] = (now, test)
        return found[1]

    def prefetch(self, rows: Iterable[OrderRow]) -> None:
        """Read the lines of many orders at once, when a house rule asks about lines, so that a page costs one query."""
        wanted = [
            row.id
            for row in rows
            if self._lines.get(row.id, (-1,))[0] != row.version
            and any(rule.reads_lines for rule in self._denying_rules(row.marketplace))
        ]
        if not wanted:
            return
        if len(self._lines) + len(wanted) > MOST_KEPT:
            self._lines.clear()
        for row_id, order in self._store().orders.get(wanted).items():
            self._lines[row_id] = (order.row.version, order.lines)

    def _lines_of(self, row: OrderRow) -> Sequence[OrderLine]:
        found = self._lines.get(row.id)
        if found is None or found[0] != row.version:
            self.prefetch([row])
            found = self._lines.get(row.id)
        return () if found is None else found[1]

    # -- the same verdict as a condition of the store

    def decisions(self, conditions: Iterable[Condition]) -> Decisions:
        """Return what the store needs for each `action:` and `counts:` of these conditions."""
        wanted = {pair for condition in conditions for pair in _asked(condition)}
        denials: dict[Action, Condition] = {}
        for action in {Action(value) for field, value in wanted if field == "action"}:
            denied = self._denied(action)
            if denied is not None:
                denials[action] = denied
                wanted |= set(_asked(denied))
        return Decisions({(kind, value): self._situations(kind, value) for kind, value in wanted}, denials)

    def denied_ids(self, ids: Iterable[int], action: Action) -> list[int]:
        """Return those of these orders that what is known of each one denies the action: a report, time, a house rule.

        What whole groups of orders share is asked by `group_allows`.
        """
        denied = self._denied(action)
        if denied is None:
            return []
        situations = {(kind, value): self._situations(kind, value) for kind, value in _asked(denied)}
        return self._store().orders.fitting(ids, denied, decisions=Decisions(situations, by_rules_alone=True))

    def _situations(self, kind: str, value: str) -> list[SituationGroup]:
        """List the situations for which the rules give the kind this value, by marketplaces that decide alike."""
        found: dict[tuple[int, ...], list[str]] = {}
        present = self._store().tallies.situations_present()
        for alike in self._alike():
            policy = self.policy(alike[0])
            numbers = tuple(n for n in present if decides(policy, n, kind, value))
            found.setdefault(numbers, []).extend(alike)
        if len(found) == 1:
            return [(None, numbers) for numbers in found]
        return [(tuple(codes), numbers) for numbers, codes in found.items()]

    def _alike(self) -> list[list[str]]:
        """Group the marketplaces of the store by policies that decide alike."""
        groups: dict[object, list[str]] = {}
        for code in self._store().tallies.marketplaces():
            groups.setdefault(self.policy(code).decision_signature, []).append(code)
        return list(groups.values())

    def _denied(self, action: Action) -> Condition | None:
        """Return the condition under which single orders are denied the action; None when none is."""
        parts = [one for one in (self._standing_condition(action), self._house_denial(action)) if one is not None]
        return _any(parts) if parts else None

    def _house_denial(self, action: Action) -> Condition | None:
        """Return the condition under which a house rule denies the action, with dates in each marketplace's zone."""
        if not self.policies.house.rules:
            return None
        now = self._clock.now()
        by_rules: dict[tuple[Condition, ...], list[str]] = {}
        for code in self._store().tallies.marketplaces():
            rules = self._denying_rules(code, action)
            conditions = tuple(one.rule.condition(now=now, zone=self.policy(code).zone) for one in rules)
            if conditions:
                by_rules.setdefault(conditions, []).append(code)
        parts = [
            And((Compare("marketplace", ":", OneOf(tuple(codes))), _any(conditions)))
            for conditions, codes in by_rules.items()
        ]
        return _any(parts) if parts else None

    def decides_by_rules(self, row: OrderRow, kind: str, value: str) -> bool:
        """Return whether the rules alone give `action:` or `counts:` this value for an order: what house rules ask."""
        return decides(self.policy(row.marketplace), situation_number(situation_of(row)), kind, value)

    def decide(self, row: OrderRow, kind: str, value: str) -> bool:
        """Return whether `action:` or `counts:` has this value for an order, as a filter of the store does."""
        if kind == "action":
            return self.denial(row, Action(value)) is None
        return self.decides_by_rules(row, kind, value)

    # -- many orders with the same facts

    def group_allows(
        self, marketplace: str, situation: int, action: Action, lines_known: LinesKnown, *, has_open_action: bool
    ) -> bool:
        """Return whether orders with these facts allow the action; single ones are asked by `denied_ids`."""
        return (
            not has_open_action
            and self.policy(marketplace).verdict(situation_from_number(situation), action).allowed
            and lines_denial(action, lines_known) is None
        )

    # -- what the rules say, whatever this store has under way

    def counts(self, row: OrderRow) -> bool:
        """Return whether cancelling it as a whole counts; an unknown request does (AMAZON.md a)."""
        return self.policy(row.marketplace).verdict(situation_of(row), Action.CANCEL).counts is not YesNo.NO

    def items_count(self, row: OrderRow, lines: Sequence[OrderLine]) -> bool:
        """Return whether cancelling units of these lines counts: not when the buyer requested each one on Amazon."""
        if not lines:
            return False
        situation = situation_of(row)
        if all(line.buyer_request is BuyerRequest.OFFICIAL for line in lines):
            situation = situation._replace(buyer_request=BuyerRequest.OFFICIAL)
        return self.policy(row.marketplace).verdict(situation, Action.CANCEL).counts is not YesNo.NO

    def cancel_outcome(self, marketplace: str, number: int) -> tuple[bool, bool]:
        """Return, for a situation number, whether the rules allow to cancel, and whether that would count."""
        verdict = self.policy(marketplace).verdict(situation_from_number(number), Action.CANCEL)
        return verdict.allowed, verdict.allowed and verdict.counts is not YesNo.NO

    def auto_counts(self, marketplace: str, number: int) -> bool:
        """Return, for the situation number of a waiting order, whether Amazon's cancelling it by itself would count."""
        gone = situation_from_number(number)._replace(status=OrderStatus.CANCELLED, cancelled_by=CancelledBy.AUTO)
        return self.policy(marketplace).counts_history(gone) is not YesNo.NO

    def history(self, marketplace: str, number: int) -> YesNo:
        """Return, for a cancelled order's situation number, whether it counts; UNKNOWN when no report said by whom."""
        return self.policy(marketplace).counts_history(situation_from_number(number))

    def deadline(self, row: OrderRow) -> int | None:
        """Return when Amazon cancels an order that is not confirmed (epoch seconds); None: unknown, or never."""
        if row.ship_by is None or row.status not in AWAITING_SHIPMENT:
            return None
        return self.policy(row.marketplace).auto_cancel_at(row.ship_by)

    def latest_deadline(self, row: OrderRow) -> int | None:
        """Return when Amazon cancels the order at the latest, where sources differ; else as `deadline`."""
        if self.deadline(row) is None or row.ship_by is None:
            return None
        return self.policy(row.marketplace).latest_auto_cancel_at(row.ship_by)

    def auto_cancel_at(self, marketplace: str, ship_by: int) -> int | None:
        """As `deadline`, for the store while it imports."""
        return self.policy(marketplace).auto_cancel_at(ship_by)


def has_open_action(row: OrderRow) -> bool:
    """Return whether a batch of the journal holds the order: no other batch may take it."""
    return row.open_action is not None and holds_order(row.open_action.kind, row.open_action.state)


def lines_denial(action: Action, facts: LinesKnown, program: Program = Program.UNKNOWN) -> Denial | None:
    """Return why an order of which this is known does not allow an action, or None. `program` is named in the text."""
    if lines_allow(action, facts):
        return None
    bar = {Action.CANCEL: LinesKnown.PROGRAM_BARS_CANCEL, Action.CONFIRM: LinesKnown.PROGRAM_BARS_CONFIRM}.get(action)
    if bar is not None and facts & bar:
        name = PROGRAM_NAMES.get(program, "its program")
        why = f"not by this program: {name} {_IN_SELLER_CENTRAL[action]}"
        return Denial(
            "program",
            why,
            PROGRAM_SOURCE,
            because=f"program {program.value.replace('_', ' ')}",
            short="Seller Central only",
        )
    if action is Action.CANCEL and facts & LinesKnown.PARCEL_LEFT:
        return PARCEL_LEFT
    if not facts & LinesKnown.ACTIVE:
        return NO_LINES
    if action is Action.REFUND and not facts & LinesKnown.PRICED:
        return NO_PRICE
    return NO_ITEM_ID if facts & LinesKnown.MISSING_ID else NOTHING_LEFT


def _asked(condition: Condition) -> Iterator[tuple[str, str]]:
    """Yield each `action:` and `counts:` of a condition as field and value."""
    for one in comparisons(condition):
        if one.field in ("action", "counts") and isinstance(one.value, OneOf):
            yield from ((one.field, value) for value in one.value.values)


def _any(conditions: Sequence[Condition]) -> Condition:
    return conditions[0] if len(conditions) == 1 else Or(tuple(conditions))


def _leaves(condition: Condition) -> Iterator[Condition]:
    if isinstance(condition, Not):
        yield from _leaves(condition.item)
    elif isinstance(condition, And | Or):
        for item in condition.items:
            yield from _leaves(item)
    else:
        yield condition


def reads_lines(condition: Condition) -> bool:
    """Return whether a condition asks about the lines of an order."""
    return any(
        isinstance(leaf, Text) or (isinstance(leaf, Compare) and leaf.field in LINE_COLUMNS)
        for leaf in _leaves(condition)
    )
