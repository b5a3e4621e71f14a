"""Make plans of orders: which are in, which are left out and why, money, rates, and the bytes of the feed files."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from hashlib import sha256
from typing import TYPE_CHECKING

import msgspec

from ordertui.operations.context import SessionContext
from ordertui.operations.denials import OPEN, Denial
from ordertui.operations.eligibility import Eligibility
from ordertui.operations.errors import Refused, Stopped, UnknownReason
from ordertui.operations.long_runs import paused_collection, stop_check
from ordertui.operations.rate.budget import RateBudgets
from ordertui.operations.rate.calculator import RateCalculator
from ordertui.operations.rate.figures import RateEffect
from ordertui.orders.clock import iso_utc
from ordertui.orders.enums import Action, BuyerRequest, ReportKind
from ordertui.orders.marketplace import zone_of
from ordertui.orders.order import Order, OrderRow
from ordertui.orders.packed import Packer, pack
from ordertui.orders.text import pluralize
from ordertui.rules.policy.house_rules import HouseRule
from ordertui.rules.policy.policy import Policy
from ordertui.rules.rate import RateStatus, percent, target_percent
from ordertui.rules.situation import situation_number, situation_of
from ordertui.rules.tables.explanation import Explanation
from ordertui.store import JournalBatch

from .doubts import Doubts, find_doubts
from .effects import buyer_mails, fee_warnings, money_effects, restock_note
from .feed_builder import describe_feed_files, feed_problem
from .house_rules import BatchSums, HouseRules, batch_sums
from .lines import Exclusion, cancel_lines, confirm_lines, refund_lines, without_refund
from .offer_removal import removal_warnings
from .other_items import has_several_items
from .plan import ExcludedOrder, Plan, PlanLine, PlannedOrder
from .reading import READ_AT_ONCE, OrderReader
from .reasons import REASONS, cancel_reason, refund_reason
from .tally import OrderTally
from .warnings import gone_warning, plan_warnings, prime_warnings

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

PROCEEDS = "proceeds"
"""Rule of an order of which Amazon's own total is not what its parts come to: it is not refunded in full."""
_REFUND_A_PART = "name amounts below both to refund a part"
BY_OPERATOR = "operator"
"""Rule of orders that the operator excluded, and may include again."""
OTHER_ITEMS = Exclusion("other-items", "it holds other SKUs too")
Shipping = Mapping[str, tuple[str, str, str]]
"""Order id to carrier, tracking number, ship date (`2026-11-23`)."""


class PlanChoices(msgspec.Struct, frozen=True):
    """What the operator chose for a plan, beyond which orders."""

    reason: str = ""
    """For all rows; empty: a cancellation's default, and for a refund what `reasons.refund_reason` finds."""
    reasons: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Order id to its own reason."""
    refunds: Mapping[str, Sequence[PlanLine]] = msgspec.field(default_factory=dict)
    """Order id to the lines and amounts to give back; others give back all that is left."""
    shipping: Shipping = msgspec.field(default_factory=dict)
    left_out: Mapping[str, str] = msgspec.field(default_factory=dict)
    """Ids of orders that the operator excludes, and why."""
    nothing_else: bool = False
    """Cancel only orders whose lines are all of one SKU."""


Progress = Callable[[int, int], None]
"""Called with what is done and what there is in all."""
NO_CHOICES = PlanChoices()
"""Every order with the defaults of its action."""


class LimitCheck(msgspec.Struct, frozen=True):
    """How the limits of a plan compare with those in force."""

    differences: tuple[str, ...]
    """Empty: the plan may be committed."""
    approval: tuple[str, ...]
    """House rules that let its batch wait for approval: those in force, or else those that the plan told of."""


class HeldOutcome(msgspec.Struct, frozen=True):
    """What house rules say of a batch before it leaves."""

    denied: Mapping[str, str]
    """Order id to why it is taken out."""
    approval: tuple[str, ...]
    """Rules that ask for an approval; empty when none does."""
    warnings: tuple[str, ...]
    """What the other rules say."""


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

    def __init__(
        self, context: SessionContext, eligibility: Eligibility, calculator: RateCalculator, budgets: RateBudgets
    ) -> None:
        self._context = context
        self._eligibility = eligibility
        self._calculator = calculator
        self._budgets = budgets
        self._house_rules = HouseRules(context.reader, eligibility, calculator, context.clock, budgets)
        self._nearest: dict[tuple[Policy, int, Action], str] = {}
        """What would have to be otherwise, by policy, situation and action."""

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
                    judged[code].add(order, self.plan_order(action, order, choices))
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
        warnings += [*outcome.warnings, *doubts.warnings, *plan_warnings(action, marketplace, tally, rates, offers)]
        warnings += fee_warnings(tally.charged)
        if tally.prime_cancelled:
            cancelling = (row.id for row in rows if action is Action.CANCEL or any(one.cancelled for one in row.lines))
            warnings += prime_warnings(self._calculator.prime.figures(marketplace, cancelling))
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
            budgets=self._budgets.of(marketplace, sums.counting) if rates else (),
            buyer_mails=buyer_mails(policy, action, rows),
            restock=restock_note(policy, action, rows),
            warnings=tuple(warnings),
            typed_count=len(rows) if typed_why else None,
            files=describe_feed_files(ident, action, marketplace, rows, self._context.merchant_id, check_stop),
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
        return tuple(self._calculator.effects(marketplace, counting_ids=counting))

    def plan_order(
        self, action: Action, order: Order, choices: PlanChoices, *, in_own_batch: bool = False
    ) -> PlannedOrder | ExcludedOrder:
        """Return the order as a row of the plan, or why it is left out. `in_own_batch`: see `Eligibility.denial`."""
        row = order.row
        denial = self._eligibility.denial(row, action, order.lines, in_own_batch=in_own_batch)
        if denial is not None:
            return self._excluded(row, action, denial)
        left_out = choices.left_out.get(row.order_id)
        if left_out is not None:
            return ExcludedOrder(row.id, row.order_id, BY_OPERATOR, left_out)
        lines = self._lines(action, order, choices)
        if isinstance(lines, Exclusion):
            return ExcludedOrder(row.id, row.order_id, lines.rule, lines.why, lines.instead)
        verdict = self._eligibility.rules_verdict(row, action)
        reason = self._reason(action, order, choices, lines)
        if isinstance(reason, Exclusion):
            return ExcludedOrder(row.id, row.order_id, reason.rule, reason.why, reason.instead)
        code, note = reason
        if action is Action.MESSAGE:
            note = self.message(order)
        total, currency = _total(action, order, lines)
        shipping = choices.shipping.get(row.order_id) if action is Action.CONFIRM else None
        carrier, tracking, ship_date = shipping or ("", "", "")
        planned = PlannedOrder(
            id=row.id,
            order_id=row.order_id,
            version=row.version,
            reason=code,
            rule=verdict.rule,
            counts=self._counts(action, order, lines),
            lines=lines,
            currency=currency,
            total=total,
            carrier=carrier,
            tracking=tracking,
            ship_date=ship_date,
            note=note or verdict.note,
        )
        problem = feed_problem(action, row.marketplace, planned)
        return ExcludedOrder(row.id, row.order_id, "feed", problem) if problem else planned

    def _reason(
        self, action: Action, order: Order, choices: PlanChoices, lines: Sequence[PlanLine]
    ) -> tuple[str, str] | Exclusion:
        """Return the reason code and a note about it, or why the order is left out without one."""
        if not REASONS[action]:
            return "", ""
        own = choices.reasons.get(order.row.order_id, "")
        if action is Action.CANCEL:
            return cancel_reason(order, own or choices.reason)
        by_policy = self._eligibility.policy(order.row.marketplace).values.refund_reason
        return refund_reason(order, lines, own, choices.reason, by_policy)

    def _counts(self, action: Action, order: Order, lines: Sequence[PlanLine]) -> bool:
        if action is Action.CANCEL:
            return self._eligibility.counts(order.row)
        numbers = {line.line for line in lines if line.cancelled}
        return self._eligibility.items_count(order.row, [line for line in order.lines if line.line in numbers])

    def _lines(self, action: Action, order: Order, choices: PlanChoices) -> tuple[PlanLine, ...] | Exclusion:
        if action is Action.MESSAGE:
            return ()
        if action is Action.CANCEL:
            whole = cancel_lines(order)
            if isinstance(whole, Exclusion):
                return whole
            return OTHER_ITEMS if choices.nothing_else and has_several_items(whole) else whole
        order_id = order.row.order_id
        if action is Action.REFUND:
            found = refund_lines(order, choices.refunds.get(order_id))
            return found if isinstance(found, Exclusion) else self._with_known_totals(order, found)
        zone = zone_of(order.row.marketplace)
        return confirm_lines(order, choices.shipping.get(order_id), self._context.clock.now(), zone)

    def _with_known_totals(self, order: Order, lines: tuple[PlanLine, ...]) -> tuple[PlanLine, ...] | Exclusion:
        """Return the lines, or why they are not given back where Amazon's own total of one is not what its parts are.

        Such a line may be refunded in part, of amounts that the operator names, but not as a whole.
        """
        if ReportKind.API_ORDERS not in order.sources:
            return lines
        facts = self._context.reader().api_facts.get(order.row.id)
        if facts is None:
            return lines
        known = {line.line: line for line in order.lines}
        for line in lines:
            total = facts.differing_totals.get(line.order_item_id)
            if total is not None and line.refund is not None:
                back = line.refund.plus(known[line.line].refunded).total
                if back >= min(total.stated, total.parts):
                    return Exclusion(PROCEEDS, f"line {line.line}: {total}; {_REFUND_A_PART}")
        whole = facts.differing_grand_total
        if whole is not None:
            back = sum(line.refund.total for line in lines if line.refund is not None)
            back += sum(line.refunded.total for line in order.lines)
            paid = sum(line.paid.total for line in order.lines if line.paid is not None and line.is_active)
            if back >= min(whole.stated, whole.parts, paid):
                return Exclusion(PROCEEDS, f"the order: {whole}; {_REFUND_A_PART}")
        return lines

    def _excluded(self, row: OrderRow, action: Action, denial: Denial) -> ExcludedOrder:
        """Return the order with the reason of its denial; of one that a batch holds, also which batch and whose."""
        why, nearest = denial.why, denial.because if denial.rule.startswith("house ") else ""
        if denial.is_by_rules:
            key = self._eligibility.policy(row.marketplace), situation_number(situation_of(row)), action
            if key not in self._nearest:  # few situations, however many orders
                found = self._eligibility.explain(row, action).nearest
                self._nearest[key] = str(found) if found else ""
            nearest = self._nearest[key]
        elif denial.rule == OPEN and (holder := self._context.reader().batches.holder_of(row.order_id)) is not None:
            by = f"committed by {holder.who or 'somebody'} at {iso_utc(holder.at)}"
            why = f"batch {holder.batch} already holds an action for it ({denial.because}), {by}"
        instead = denial.instead.value if denial.instead else ""
        return ExcludedOrder(row.id, row.order_id, denial.rule, why, instead, nearest)

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
                share = "" if after.share is None else f" ({percent(after.share, target=Fraction(after.target))})"
                found.append(
                    f"the {after.days}-day rate is {after.cancelled:,} of {after.orders:,}{share} after it, not under"
                    f" {target}"
                )
            elif after.reason:
                found.append(f"the {after.days}-day rate after it is not known")
        return (*found, *others)

    def _doubts(self, action: Action, marketplace: str, ids: Sequence[int], tally: OrderTally) -> Doubts:
        """Return what makes it doubtful that these orders still are as the reports said."""
        store, values = self._context.reader(), self._eligibility.policy(marketplace).values
        left_out = store.orders.left_out_by_reports(ids) if action is not Action.MESSAGE else ()
        return find_doubts(
            action, tally, len(left_out), store.tallies.newest_word(marketplace), self._context.clock.now(), values
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
        row, counts, total = (
            order.row,
            False,
            _total(action, order, ()) if action is not Action.REFUND else (None, None),
        )
        if action is Action.CANCEL:
            counts = self._eligibility.cancel_outcome(row.marketplace, situation_number(situation_of(row)))[1]
        elif action is Action.REFUND:
            lines = self._lines(action, order, NO_CHOICES)  # of a partly shipped order, what never left
            if not isinstance(lines, Exclusion):
                counts, total = self._counts(action, order, lines), _total(action, order, lines)
        return msgspec.structs.replace(found, house=self._house_rules.hits(action, order, counts=counts, total=total))

    def still_allowed(self, action: Action, order: Order, row: PlannedOrder) -> str:
        """Return why a row that its own batch holds may not leave as it was previewed, or an empty text.

        It is planned again, as if its batch were not there: what leaves is what a plan of this moment would send.
        """
        fresh = self.plan_order(action, without_refund(order, row), choices_of(action, [row]), in_own_batch=True)
        if isinstance(fresh, ExcludedOrder):
            return (
                f"{fresh.rule.replace('house', 'house rule', 1)}: {fresh.why}" if "house" in fresh.rule else fresh.why
            )
        if _sent_lines(action, fresh) != _sent_lines(action, row):
            return "its lines are not those of the preview any more"
        if fresh.reason != row.reason:
            return f"its reason would be {fresh.reason} now, and {row.reason} was previewed"
        if fresh.counts and not row.counts:
            return "it would count toward the cancellation rate now, and did not in the preview"
        return "" if fresh.currency == row.currency else "its currency is another now"

    def held_outcome(
        self, plan: Plan, batch: JournalBatch, rows: Sequence[PlannedOrder], reader: OrderReader
    ) -> HeldOutcome:
        """Return what house rules say now of the held rows of a batch that may leave."""
        outcome = self._house_rules.batch(plan.action, plan.marketplace, rows, reader, own_batch=batch)
        denied = {
            row.order_id: f"house rule {outcome.denied[row.id].id}: {outcome.denied[row.id].why}"
            for row in rows
            if row.id in outcome.denied
        }
        return HeldOutcome(denied, outcome.approval, outcome.warnings)

    def message(self, order: Order) -> str:
        """Return the text to send to the buyer of an order, by what the order is waiting for."""
        policy = self._eligibility.policy(order.row.marketplace)
        asked = (
            order.row.buyer_request is BuyerRequest.MESSAGE
            and self._eligibility.policy(order.row.marketplace).verdict(situation_of(order.row), Action.CANCEL).allowed
        )
        return policy.message_text("ask_to_request" if asked else "refuse_parcel")


def choices_of(action: Action, rows: Sequence[PlannedOrder]) -> PlanChoices:
    """Return what the operator chose for rows of a plan, read back from them."""
    reasons = {row.order_id: row.reason for row in rows}
    if action is Action.REFUND:
        return PlanChoices(reasons=reasons, refunds={row.order_id: row.lines for row in rows})
    if action is Action.CONFIRM:
        return PlanChoices(shipping={row.order_id: (row.carrier, row.tracking, row.ship_date) for row in rows})
    return PlanChoices(reasons=reasons)


def _sent_lines(action: Action, row: PlannedOrder) -> list[tuple[object, ...]]:
    """Return what a feed says of each line of a row."""
    return sorted(
        (
            line.order_item_id,
            line.quantity if action is Action.CONFIRM else 0,
            line.cancelled,
            repr(line.refund),
            line.reason,
            line.item_promotion_id,
            line.ship_promotion_id,
        )
        for line in row.lines
    )


def _total(action: Action, order: Order, lines: Sequence[PlanLine]) -> tuple[int | None, str | None]:
    """Return minor units that the order loses or gives back, and their currency; None where no report gave prices."""
    if action is Action.REFUND:
        total = sum(line.refund.total for line in lines if line.refund is not None)
        return total, next(line.currency for line in order.lines if line.currency)
    return (order.row.total.minor, order.row.total.currency) if order.row.total else (None, None)


def seal_of(plan: Plan) -> str:
    """Return 12 hex digits over what a plan tells its reader beside what it does: money, rates, warnings, notes, who is
    out.
    """
    told = (plan.money, plan.unpriced, plan.rates, plan.buyer_mails, plan.restock, plan.warnings)
    budgets = (plan.budgets,) if plan.budgets else ()
    found = sha256(b"[")
    _update(found, plan.out)
    found.update(b"," + msgspec.json.encode((*told, *budgets, plan.typed_why, plan.approval))[1:-1] + b",")
    _update(found, (row.note for row in plan.rows))
    found.update(b"]")
    return found.hexdigest()[:12]


def plan_id(action: Action, marketplace: str, created_at: int, rows: Iterable[PlannedOrder]) -> str:
    """Return the id of a plan: 12 hex digits over all that it would do. Notes, which are words for people, are not."""
    found = sha256(msgspec.json.encode((action, marketplace, created_at))[:-1] + b",")
    _update(found, (msgspec.structs.replace(row, note="") for row in rows))
    found.update(b"]")
    return found.hexdigest()[:12]


def _update(digest: Hash, values: Iterable[object]) -> None:
    """Hash values as one JSON array, piece by piece."""
    mark = b"["
    for value in values:
        digest.update(mark + msgspec.json.encode(value))
        mark = b","
    digest.update(b"[]" if mark == b"[" else b"]")
