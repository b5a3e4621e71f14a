"""The policies asked about orders: verdicts, the word for the table, deadlines, situation numbers for filters."""

from __future__ import annotations

from collections.abc import Sequence

from ordertui.orders.enums import Action, BuyerRequest, CancelledBy, OrderStatus, YesNo
from ordertui.orders.marketplace import zone_of
from ordertui.orders.order import OrderRow
from ordertui.rules.language.ast import Condition, OneOf, comparisons
from ordertui.rules.policy.policy import Policies, Policy
from ordertui.rules.situation import Situation, situation_from_number, situation_number, situation_of
from ordertui.rules.tables.explanation import Explanation, Verdict
from ordertui.store import ActionRanks, SituationGroup, SituationLists, Store


def decides(policy: Policy, number: int, kind: str, value: str) -> bool:
    """Whether `action:` or `counts:` (the kind) has the value in a situation. An unknown canceller counts."""
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


WAITING = (OrderStatus.UNSHIPPED, OrderStatus.PARTIALLY_SHIPPED)
RANKED = ("-", "wait", "refund", "confirm", "cancel", "cancel ☆", "cancel ★")
"""The words of the `May` column as a list sorts them; `☆`: the buyer asked by message, and it counts."""


class Eligibility:
    """Answers from the policies in force."""

    def __init__(self, policies: Policies) -> None:
        self.policies = policies
        self._words: dict[tuple[Policy, int], str] = {}

    def policy(self, marketplace: str) -> Policy:
        """The policy of a marketplace; an unknown one gets the default, which says so."""
        return self.policies.of(marketplace)

    def zone(self, marketplace: str) -> str:
        """The named zone in which a marketplace's times are shown."""
        return zone_of(marketplace)

    def verdicts(self, row: OrderRow) -> tuple[Verdict, ...]:
        """One verdict per action, in the order of Action."""
        return self.policy(row.marketplace).verdicts(situation_of(row))

    def verdict(self, row: OrderRow, action: Action) -> Verdict:
        """The verdict for one action."""
        return self.policy(row.marketplace).verdict(situation_of(row), action)

    def counts(self, row: OrderRow) -> bool:
        """Whether cancelling it, or an item of it, counts toward the rate; an unknown request does (AMAZON.md a)."""
        return self.verdict(row, Action.CANCEL).counts is not YesNo.NO

    def explain(self, row: OrderRow, action: Action) -> Explanation:
        """The verdict with the facts that decided and the nearest row that would allow; without house rules."""
        return self.policy(row.marketplace).explain(situation_of(row), action)

    def may(self, row: OrderRow) -> str:
        """One short word for the table: what may be done first; `★` when cancelling does not count."""
        situation = situation_of(row)
        policy = self.policy(row.marketplace)
        key = (policy, situation_number(situation))
        word = self._words.get(key)
        if word is None:
            word = self._words[key] = self._word(policy, situation)
        return word

    @staticmethod
    def _word(policy: Policy, situation: Situation) -> str:
        cancel, refund, confirm, _ = policy.verdicts(situation)
        if cancel.allowed:
            return "cancel ★" if cancel.counts is YesNo.NO else "cancel"
        if confirm.allowed:
            return "confirm"
        if refund.allowed:
            return "refund"
        return "wait" if situation.status is OrderStatus.PENDING else "-"

    def ranks(self, store: Store) -> ActionRanks:
        """How much may be done in each situation there is, as RANKED, for sorting by it; by marketplaces that decide alike."""
        decision_signature: dict[object, list[str]] = {}
        for code in store.tallies.marketplaces():
            decision_signature.setdefault(self.policy(code).decision_signature, []).append(code)
        present = store.tallies.situations_present()
        found = []
        for alike in decision_signature.values():
            policy = self.policy(alike[0])
            by_rank: list[list[int]] = [[] for _ in RANKED]
            for number in present:
                situation = situation_from_number(number)
                word = self._word(policy, situation)
                asked = word == "cancel" and situation.buyer_request is BuyerRequest.MESSAGE
                by_rank[RANKED.index("cancel ☆" if asked else word)].append(number)
            found += [
                (alike if len(decision_signature) > 1 else None, numbers, rank) for rank, numbers in enumerate(by_rank)
            ]
        return found

    def deadline(self, row: OrderRow) -> int | None:
        """When Amazon cancels the order for want of a ship confirmation (epoch seconds); None: unknown, or it will not."""
        if row.ship_by is None or row.status not in WAITING:
            return None
        return self.policy(row.marketplace).auto_cancel_at(row.ship_by)

    def auto_cancel_at(self, marketplace: str, ship_by: int) -> int | None:
        """As `deadline`, for the store while it imports."""
        return self.policy(marketplace).auto_cancel_at(ship_by)

    def cancel_weight(self, marketplace: str, number: int) -> tuple[bool, bool]:
        """For a situation number: whether it may be cancelled, and whether that would count toward the rate."""
        verdict = self.policy(marketplace).verdict(situation_from_number(number), Action.CANCEL)
        return verdict.allowed, verdict.allowed and verdict.counts is not YesNo.NO

    def item_counts(self, marketplace: str, number: int) -> bool:
        """For a situation number: whether cancelling items of it counts, although the whole order may not be cancelled."""
        return self.policy(marketplace).verdict(situation_from_number(number), Action.CANCEL).counts is not YesNo.NO

    def allows(self, marketplace: str, number: int, action: Action) -> bool:
        """For a situation number: whether the action may be taken."""
        return self.policy(marketplace).verdict(situation_from_number(number), action).allowed

    def auto_counts(self, marketplace: str, number: int) -> bool:
        """For the situation number of a waiting order: whether Amazon's cancelling it for want of a shipment would count."""
        gone = situation_from_number(number)._replace(status=OrderStatus.CANCELLED, cancelled_by=CancelledBy.AUTO)
        return self.policy(marketplace).counts_history(gone) is not YesNo.NO

    def history(self, marketplace: str, number: int) -> YesNo:
        """For a cancelled order's situation number: whether it counts; UNKNOWN when nobody said who cancelled."""
        return self.policy(marketplace).counts_history(situation_from_number(number))

    def situation_lists(self, condition: Condition, store: Store) -> SituationLists:
        """Return what the store needs for each `action:` and `counts:` of a condition: the situations that fit.

        They are listed by marketplaces that decide alike; in one list when all do.
        """
        wanted = {
            (one.field, value)
            for one in comparisons(condition)
            if one.field in ("action", "counts") and isinstance(one.value, OneOf)
            for value in one.value.values
        }
        return {key: self._situation_groups(*key, store) for key in wanted}

    def _situation_groups(self, kind: str, value: str, store: Store) -> Sequence[SituationGroup]:
        by_signature: dict[object, list[str]] = {}
        for code in store.tallies.marketplaces():
            by_signature.setdefault(self.policy(code).decision_signature, []).append(code)
        found: dict[tuple[int, ...], list[str]] = {}
        present = store.tallies.situations_present()
        for alike in by_signature.values():
            policy = self.policy(alike[0])
            numbers = tuple(n for n in present if decides(policy, n, kind, value))
            found.setdefault(numbers, []).extend(alike)
        if len(found) == 1:
            return [(None, numbers) for numbers in found]
        return [(tuple(alike), numbers) for numbers, alike in found.items()]

    def decide(self, row: OrderRow, kind: str, value: str) -> bool:
        """As a filter decides with `situation_lists`, for one order."""
        return decides(self.policy(row.marketplace), situation_number(situation_of(row)), kind, value)
