"""Make plans of orders: which are in, which are left out and why, money, rates, and the bytes of the feed files."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Sequence
from fractions import Fraction

import msgspec

from ordertui.operations.context import SessionContext
from ordertui.operations.eligibility import Eligibility
from ordertui.operations.errors import Refused, Stopped, UnknownReason
from ordertui.operations.long_runs import paused_collection, stop_check
from ordertui.operations.rate.budget import BudgetUse
from ordertui.operations.rate.figures import RateEffect
from ordertui.operations.rate.service import RateService
from ordertui.orders.batch_state import RowState
from ordertui.orders.enums import Action, YesNo
from ordertui.orders.order import Order, OrderRow
from ordertui.orders.packed import Packer, pack
from ordertui.orders.text import pluralize
from ordertui.rules.policy.house_rules import HouseRule
from ordertui.rules.rate import RateStatus, percent, target_percent
from ordertui.rules.tables.explanation import Explanation
from ordertui.store import JournalBatch

from .effects import buyer_mails, fee_warnings, money_effects, restock_note
from .feed_builder import FeedRows, describe_feed_files
from .house_rules import BatchSums, HouseRuleOutcome, HouseRules, batch_sums
from .offer_removal import removal_warnings
from .order_planner import NO_CHOICES, OrderPlanner, PlanChoices
from .plan import ExcludedOrder, Plan, PlannedOrder, plan_id, seal_of
from .reading import READ_AT_ONCE, OrderReader
from .reasons import REASONS
from .tally import OrderTally
from .warnings import Doubts, find_doubts, gone_warning, plan_warnings, prime_warnings

Progress = Callable[[int, int], None]
"""Called with what is done and what there is in all."""


class LimitCheck(msgspec.Struct, frozen=True):
    """How the limits of a plan compare with those in force."""

    differences: tuple[str, ...]
    """Empty: the plan may be committed."""
    approval: tuple[str, ...]
    """House rules that let its batch wait for approval: those in force, or else those that the plan told of."""


class JudgedOrders:
    """The orders of one marketplace as they are judged: what became of each, and what those taken in come to."""

    def __init__(self, tally: OrderTally) -> None:
        self.rows = Packer(PlannedOrder)
        self.out = Packer(ExcludedOrder)
        self.tally = tally

    def add(self, order: Order, found: PlannedOrder | ExcludedOrder) -> None:
        """Take one order in, with what became of it."""
        if isinstance(found, PlannedOrder):
            self.rows.add(found)
            self.tally.add(found, order)
        else:
            self.out.add(found)


class Planner:
    """Makes plans of the orders in one store, by the policies in force; changes nothing."""

    def __init__(self, context: SessionContext, eligibility: Eligibility, rate: RateService) -> None:
        self._context = context
        self._eligibility = eligibility
        self._rate = rate
        self._house_rules = HouseRules(rate)
        self.orders = OrderPlanner(context, eligibility)

    def plan(
        self,
        action: Action,
        ids: Sequence[int],
        choices: PlanChoices = NO_CHOICES,
        *,
        progress: Progress = lambda _done, _total: None,
        stop: Callable[[], bool] = lambda: False,
    ) -> tuple[Plan, ...]:
        """Return one plan per marketplace of these orders, by marketplace code.

        Orders are read and judged some at a time, and what became of them is packed. `progress` is called with the
        orders judged so far and all of them. Each plan warns of orders that the store has no more. Raises Refused when
        it has none of them, UnknownReason, FeedError, and Stopped when `stop` says so.
        """
        self._check_reasons(action, choices)
        gone = 0
        wanted = array("q", dict.fromkeys(ids))
        judged: dict[str, JudgedOrders] = {}
        with paused_collection():
            for start in range(0, len(wanted), READ_AT_ONCE):
                progress(start, len(wanted))
                part = wanted[start : start + READ_AT_ONCE]
                orders = self._context.reader().orders.get(part)
                gone += len(part) - len(orders)
                for order in (orders[row_id] for row_id in part if row_id in orders):
                    if stop():
                        raise Stopped(f"stopped after {pluralize(start)}; nothing was done")
                    code = order.row.marketplace
                    if code not in judged:
                        judged[code] = JudgedOrders(self._tally(action, code))
                    judged[code].add(order, self.orders.plan(action, order, choices))
            progress(len(wanted), len(wanted))
            check, note = stop_check(stop), gone_warning(gone)
            if note and not judged:
                raise Refused(note)
            return tuple(self._plan_marketplace(action, code, judged.pop(code), check, note) for code in sorted(judged))

    @staticmethod
    def _check_reasons(action: Action, choices: PlanChoices) -> None:
        known = REASONS[action]
        for reason in (choices.reason, *choices.reasons.values()):
            if reason and known and reason not in known:
                raise UnknownReason(action, reason, known)

    def _plan_marketplace(
        self, action: Action, marketplace: str, judged: JudgedOrders, check_stop: Callable[[], None], gone: str
    ) -> Plan:
        policy = self._eligibility.policy(marketplace)
        now = self._context.clock.now()
        rows, tally, reader = judged.rows.finish(), judged.tally, OrderReader(self._context.reader())
        outcome = self._house_rules.batch(action, marketplace, rows, reader)
        if outcome.denied:
            for row in rows:
                if row.id in outcome.denied:
                    judged.out.add(self._denied(row, outcome.denied[row.id]))
            rows = pack(PlannedOrder, (row for row in rows if row.id not in outcome.denied))
            tally = self._tally(action, marketplace, rows, reader)
        check_stop()
        sums = batch_sums(marketplace, ((row.id, row.counts, row.total, row.currency) for row in rows))
        rates = self._rate_effects(action, marketplace, sums.counting)
        check_stop()
        ident = plan_id(action, marketplace, now, rows)
        doubts = self._doubts(action, marketplace, sums.ids, tally)
        typed_why = self._typed_reasons(marketplace, len(rows), rates, (*outcome.typed, *doubts.typed))
        offers = self._offer_warnings(action, marketplace, sums)
        check_stop()
        warnings = [gone] if gone else []
        warnings += [*outcome.warnings, *doubts.warnings]
        warnings += plan_warnings(action, marketplace, tally, rates, offers, doubts.typed)
        warnings += fee_warnings(tally.charged)
        if tally.prime_cancelled:
            cancelling = (row.id for row in rows if action is Action.CANCEL or any(one.cancelled for one in row.lines))
            warnings += prime_warnings(self._rate.calculator.prime.figures(marketplace, cancelling))
        check_stop()
        plan = Plan(
            id=ident,
            action=action,
            marketplace=marketplace,
            created_at=now,
            expires_at=now + self.life_seconds(marketplace),
            rows=rows,
            out=judged.out.finish(),
            money=money_effects(tally.money),
            unpriced=tally.unpriced,
            rates=rates,
            budgets=self._rate.budgets.of(marketplace, sums.counting) if rates else (),
            buyer_mails=buyer_mails(policy, action, rows),
            restock=restock_note(policy, action, rows),
            warnings=tuple(warnings),
            typed_count=len(rows) if typed_why else None,
            files=describe_feed_files(
                FeedRows(ident, action, marketplace, rows, self._context.merchant_id), check_stop
            ),
            hold_seconds=policy.hold_seconds(action),
            practice=self._context.is_practice,
            store=self._context.reader().identity.id,
            typed_why=typed_why,
            approval=outcome.approval,
        )
        return msgspec.structs.replace(plan, seal=seal_of(plan))

    def _tally(
        self, action: Action, marketplace: str, rows: Sequence[PlannedOrder] = (), reader: OrderReader | None = None
    ) -> OrderTally:
        """Return a tally, of these rows with their orders, or an empty one."""
        tally = OrderTally(action, self._eligibility.policy(marketplace), self._context.clock.now())
        if reader is not None:
            for row, order in reader.read(rows):
                tally.add(row, order)
        return tally

    def _rate_effects(self, action: Action, marketplace: str, counting: Sequence[int]) -> tuple[RateEffect, ...]:
        if action is not Action.CANCEL and not counting:
            return ()
        return tuple(self._rate.calculator.effects(marketplace, counting_ids=counting))

    @staticmethod
    def _denied(row: OrderRow | PlannedOrder, rule: HouseRule) -> ExcludedOrder:
        return ExcludedOrder(row.id, row.order_id, f"house {rule.id}", rule.why, nearest=f"your rule: {rule.text}")

    def _typed_reasons(
        self, marketplace: str, count: int, rates: Sequence[RateEffect], others: Sequence[str]
    ) -> tuple[str, ...]:
        """Return why the number must be typed: a large batch, a rate over its target or unknown, and `others`.

        A rate that is over already asks for it only when the plan makes it worse.
        """
        if not count:
            return ()
        found = []
        typed_from = self._eligibility.policy(marketplace).values.typed_count_from
        if count >= typed_from:
            found.append(f"it has {pluralize(count)}, and policy asks from {typed_from:,} on")
        for effect in rates:
            after = effect.after
            if after.cancelled <= effect.before.cancelled:
                continue
            if after.status == RateStatus.OVER:
                target = target_percent(Fraction(after.target))
                share = None if after.share is None else percent(after.share, target=Fraction(after.target))
                found.append(
                    f"the {after.days}-day rate is {after.cancelled:,} of {after.orders:,} after it, not under {target}"
                    if share is None
                    else f"the {after.days}-day rate is {after.cancelled:,} of {after.orders:,} ({share}) after it,"
                    f" not under {target}"
                )
            elif after.reason and after.reason not in others:
                found.append(f"the {after.days}-day rate after it is not known")
        return (*found, *others)

    def _doubts(self, action: Action, marketplace: str, ids: Sequence[int], tally: OrderTally) -> Doubts:
        """Return what makes it doubtful that these orders still are as the reports said."""
        store, values = self._context.reader(), self._eligibility.policy(marketplace).values
        left_out = store.orders.left_out_by_reports(ids) if action is not Action.MESSAGE else ()
        return find_doubts(
            action, tally, len(left_out), store.tallies.newest_fact_at(marketplace), self._context.clock.now(), values
        )

    def life_seconds(self, marketplace: str) -> int:
        """Return how long a plan may be committed, by the policy in force."""
        return self._eligibility.policy(marketplace).values.plan_expires_minutes * 60

    def hold_seconds(self, plan: Plan) -> int:
        """Return how long the batch of a plan is held, by the policy in force."""
        return self._eligibility.policy(plan.marketplace).hold_seconds(plan.action)

    def check_limits(self, plan: Plan, reader: OrderReader) -> LimitCheck:
        """Compare the limits of a plan with those in force now.

        Orders that a house rule takes out, the hold, the life of a plan, the count to type, and the approval: whatever
        the plan carries, it may have been edited, or the rules tightened after it was made.
        """
        rows = plan.rows
        outcome = self._house_rules.batch(plan.action, plan.marketplace, rows, reader)
        found = [
            f"{row.order_id}: now excluded by house rule {outcome.denied[row.id].id}: {outcome.denied[row.id].why}"
            for row in rows
            if row.id in outcome.denied
        ]
        for what, planned, now in (
            ("the hold", plan.hold_seconds, self.hold_seconds(plan)),
            ("the time in which it may be committed", plan.expires_at - plan.created_at,
             self.life_seconds(plan.marketplace)),
        ):  # fmt: skip
            if planned != now:
                found.append(f"{what} is {now:,} s by the policy in force, and {planned:,} s by the plan")
        if plan.typed_count not in (None, len(plan.rows)):
            found.append(f"the plan asks for the number {plan.typed_count:,} to be typed, and has {len(plan.rows):,}")
        elif plan.typed_count is None:
            rates = self._rate_effects(plan.action, plan.marketplace, [row.id for row in rows if row.counts])
            tally = self._tally(plan.action, plan.marketplace, rows, reader)
            doubts = self._doubts(plan.action, plan.marketplace, [row.id for row in rows], tally)
            why = self._typed_reasons(plan.marketplace, len(rows), rates, (*outcome.typed, *doubts.typed))
            if why:
                found.append(
                    f"the rules in force ask for the count to be typed, and the plan does not: {'; '.join(why)}"
                )
        if outcome.approval and not plan.approval:
            asks = "; ".join(outcome.approval)
            found.append(f"the rules in force ask for approval by somebody else, and the plan does not: {asks}")
        return LimitCheck(tuple(found), outcome.approval or plan.approval)

    def _offer_warnings(self, action: Action, marketplace: str, sums: BatchSums) -> list[str]:
        """Return which offers Amazon may remove after this batch."""
        if action is not Action.CANCEL or not sums.counting:
            return []
        limit, days = self._eligibility.policy(marketplace).values.offer_removal
        offers = self._house_rules.offers(action, marketplace, sums._replace(ids=sums.counting))
        return removal_warnings(offers, limit, days)

    def explain(self, order: Order, action: Action) -> Explanation:
        """Return the verdict with the facts that decided, the nearest row that would allow, and fitting house rules."""
        found = self._eligibility.explain(order.row, action, order.lines)
        if action is Action.MESSAGE:
            return found
        counts, total = self.orders.weigh_alone(action, order)
        if action is Action.REFUND and found.allowed and counts:
            why = "it cancels units that never left"
            found = msgspec.structs.replace(found, counts=YesNo.YES, counts_why=why)
        return msgspec.structs.replace(found, house=self._house_rules.hits(action, order, counts=counts, total=total))

    def held_effects(
        self, plan: Plan, batch: JournalBatch, held: Collection[str]
    ) -> tuple[tuple[RateEffect, ...], tuple[BudgetUse, ...]]:
        """Return the rate without a committed batch and with it as it would leave, and the budgets with it.

        `held`: the orders that it held before the last check took some out.
        """
        leaving = set(batch.orders_in(RowState.HELD))
        counting = [row.id for row in plan.rows if row.counts and row.order_id in leaving]
        all_held = [row.id for row in plan.rows if row.order_id in held]
        if plan.action is not Action.CANCEL and not any(row.counts for row in plan.rows):
            return (), ()
        left = [row.id for row in plan.rows if row.order_id in leaving]
        effects = self._rate.calculator.held_effects(plan.marketplace, all_held, left)
        return tuple(effects), self._rate.budgets.of(plan.marketplace, counting, besides=batch.id)

    def held_outcome(
        self, plan: Plan, batch: JournalBatch, rows: Sequence[PlannedOrder], reader: OrderReader
    ) -> HouseRuleOutcome:
        """Return what house rules say now of the held rows of a batch that may leave."""
        return self._house_rules.batch(plan.action, plan.marketplace, rows, reader, own_batch=batch)
