"""The one verdict: which actions an order allows, and why not the others.

Five things can deny an action: the rules (Amazon's, or another edition), a report or the time gone by that make it
doubtful whether the order still waits, a house rule of the operator, an action that a batch of the journal already
holds for the order, and lines that a feed cannot name. `Eligibility` answers for one order, and as a condition of the
store for filters, counts and sorting; both give the same answer. What only a whole batch can tell (its size, the rate
after it) and what the operator has yet to choose (amounts, tracking numbers) is decided in the plan.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

import msgspec

from ordertui.operations.marks import IdSet
from ordertui.orders.batch_state import holds_order
from ordertui.orders.clock import HOUR, Clock, iso_utc
from ordertui.orders.enums import Action, BuyerRequest, CancelledBy, OrderStatus, YesNo
from ordertui.orders.order import LinesKnown, OrderLine, OrderRow
from ordertui.rules.language import Condition
from ordertui.rules.language.ast import And, Compare, OneOf, Or, TimeRange, comparisons
from ordertui.rules.policy.policy import Policies, Policy
from ordertui.rules.situation import Situation, situation_from_number, situation_number, situation_of
from ordertui.rules.tables.explanation import Explanation, Verdict
from ordertui.store import ActionRanks, Decisions, SituationGroup, Store

from .denials import (
    AUTO_CANCEL_SOURCE,
    AWAITING_SHIPMENT,
    BATCH_ACTIONS,
    JOURNAL_SOURCE,
    MISSING,
    OPEN,
    OUTDATED,
    REPORT_SOURCE,
    Denial,
    lines_denial,
)
from .order_rules import OrderRules, decides


def _is(field: str, value: str) -> Compare:
    return Compare(field, ":", OneOf((value,)))


_WAITING = Compare("status", ":", OneOf(tuple(status.value for status in AWAITING_SHIPMENT)))
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
        self.rules = OrderRules(policies, store, clock, self.deadline)
        """What the policy file says of single orders."""

    def policy(self, marketplace: str) -> Policy:
        """Return the policy of a marketplace; an unknown one gets the default, which says so."""
        return self.policies.of(marketplace)

    # -- the verdict on one order

    def denial(
        self, row: OrderRow, action: Action, lines: Sequence[OrderLine] | None = None, *, in_own_batch: bool = False
    ) -> Denial | None:
        """Return why the action is not allowed, or None when it is.

        `lines` saves reading them when a house rule asks about them. `in_own_batch`: the order is in a batch for this
        very action, so neither the journal nor what the batch itself gives back is held against it.
        """
        policy = self.policy(row.marketplace)
        verdict = policy.verdict(situation_of(row), action)
        if not verdict.allowed:
            return Denial(verdict.rule, verdict.why, verdict.source, verdict.instead, is_by_rules=True)
        standing = self._standing_denial(policy, row, action)
        if standing is not None:
            return standing
        rule = self.rules.find_denying(row, action, lines) if policy.house_rules else None
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

    def _standing_denial(self, policy: Policy, row: OrderRow, action: Action) -> Denial | None:
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
        cancelled_at, values = self.deadline(row), policy.values
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
        store = self._store()
        parts: list[Condition] = [And((_WAITING, _is("missing", "yes")))] if store.tallies.has_missing() else []
        outdated = self.outdated_condition()
        parts += [] if outdated is None else [outdated]
        return _any(parts) if parts else None

    def outdated_before(self, marketplace: str) -> tuple[int, int]:
        """Return the times that make a waiting order outdated: it was to be cancelled before the first, and no report
        names it since the second (epoch seconds).
        """
        now, values = self._clock.now(), self.policy(marketplace).values
        return now - values.auto_cancelled_hours * HOUR, now - values.old_hours * HOUR

    def outdated_condition(self) -> Condition | None:
        """Return the condition of the waiting orders of which only a newer report can tell whether they still wait,
        as Amazon was to cancel them long ago; None when the store has none.
        """
        store, parts = self._store(), list[Condition]()
        by_limits: dict[tuple[int, int], list[str]] = {}
        for code in store.tallies.marketplaces():
            by_limits.setdefault(self.outdated_before(code), []).append(code)
        for (cancelled, known), codes in by_limits.items():
            if store.tallies.has_outdated(codes, cancelled, known):
                outdated = (
                    Compare("auto-cancel", "<", TimeRange(None, cancelled - 1, "")),
                    Compare("known", "<", TimeRange(None, known - 1, "")),
                    Compare("marketplace", ":", OneOf(tuple(codes))),
                )
                parts.append(And((_WAITING, *outdated)))
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
        policy = self.policy(row.marketplace)
        if not self.rules.denying(row.marketplace) and self._standing_denial(policy, row, Action.CANCEL) is None:
            return self._usual_action(row)
        for action in (Action.CANCEL, Action.CONFIRM, Action.REFUND):
            if self.denial(row, action) is None:
                does_not_count = action is Action.CANCEL and not self.counts(row)
                return "cancel ★" if does_not_count else action.value
        return "wait" if row.status is OrderStatus.PENDING else "-"

    def _usual_action(self, row: OrderRow) -> str:
        """Return `allowed_action` where no house rule denies: few facts decide, and each combination is judged once."""
        situation, policy = situation_of(row), self.policy(row.marketplace)
        open_ = has_open_action(row)
        key = (policy, (situation_number(situation) * 2 + open_) * 2048 + row.lines_known)
        word = self._words.get(key)
        if word is None:
            word = self._words[key] = self._first_action(policy, situation, open_, row.lines_known)
        return word

    @staticmethod
    def _first_action(policy: Policy, situation: Situation, open_: bool, lines_known: LinesKnown) -> str:
        for action in (Action.CANCEL, Action.CONFIRM, Action.REFUND):
            verdict = policy.verdict(situation, action)
            if verdict.allowed and not open_ and lines_denial(action, lines_known) is None:
                return "cancel ★" if action is Action.CANCEL and verdict.counts is YesNo.NO else action.value
        return "wait" if situation.status is OrderStatus.PENDING else "-"

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

    def denied_ids(self, ids: Collection[int], action: Action) -> IdSet:
        """Return those of these orders that what is known of each one denies the action: a report, time, a house rule.

        What whole groups of orders share is asked by `group_allows`.
        """
        denied = self._denied(action) if ids else None
        if denied is None:
            return IdSet()
        situations = {(kind, value): self._situations(kind, value) for kind, value in _asked(denied)}
        return IdSet(self._store().orders.fitting(ids, denied, decisions=Decisions(situations, by_rules_alone=True)))

    def _situations(self, kind: str, value: str) -> list[SituationGroup]:
        """List the situations for which the rules give the kind this value, by marketplaces that decide alike."""
        found: dict[tuple[int, ...], list[str]] = {}
        present = self._store().tallies.situations_present()
        for alike in self._marketplaces_by_policy():
            policy = self.policy(alike[0])
            numbers = tuple(n for n in present if decides(policy, n, kind, value))
            found.setdefault(numbers, []).extend(alike)
        if len(found) == 1:
            return [(None, numbers) for numbers in found]
        return [(tuple(codes), numbers) for numbers, codes in found.items()]

    def _marketplaces_by_policy(self) -> list[list[str]]:
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
            rules = self.rules.denying(code, action)
            conditions = tuple(one.rule.condition(now=now, zone=self.policy(code).zone) for one in rules)
            if conditions:
                by_rules.setdefault(conditions, []).append(code)
        parts = [
            And((Compare("marketplace", ":", OneOf(tuple(codes))), _any(conditions)))
            for conditions, codes in by_rules.items()
        ]
        return _any(parts) if parts else None

    def decide(self, row: OrderRow, kind: str, value: str) -> bool:
        """Return whether `action:` or `counts:` has this value for an order, as a filter of the store does."""
        if kind == "action":
            return self.denial(row, Action(value)) is None
        return self.rules.decides_by_rules(row, kind, value)

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


def _asked(condition: Condition) -> Iterator[tuple[str, str]]:
    """Yield each `action:` and `counts:` of a condition as field and value."""
    for one in comparisons(condition):
        if one.field in ("action", "counts") and isinstance(one.value, OneOf):
            yield from ((one.field, value) for value in one.value.values)


def _any(conditions: Sequence[Condition]) -> Condition:
    return conditions[0] if len(conditions) == 1 else Or(tuple(conditions))
