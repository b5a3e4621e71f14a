"""The plan editor: what the keys of a preview change of its plan (orders, reasons, amounts), planned anew each time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec.structs import replace
from textual.message import Message

from ordertui.messages import N_, _
from ordertui.operations.planning.lines import main_sku
from ordertui.operations.planning.order_planner import BY_OPERATOR, NO_CHOICES, PROCEEDS, PlanChoices
from ordertui.operations.planning.plan import ExcludedOrder, Plan, PlannedOrder
from ordertui.operations.planning.reasons import reasons_for
from ordertui.operations.session import Session
from ordertui.orders.enums import Action
from ordertui.orders.refund_limit import refundable_lines
from ordertui.tui.render.format import orders_text
from ordertui.tui.render.plan_rows import PlanEntry

from .plan_questions import Say, ask_budget, ask_reason
from .refund_editor import ask_amounts
from .task_runner import Task, TaskRunner

BY_HAND = N_("by you")
"""Why the space bar excludes an order."""
OTHER_SKUS = N_("holds more than")
"""How the reason begins for which `o` excludes an order. Any other but BY_HAND is of `f`: when the order would fit."""
RETRY_STAYS = N_("a retry repeats what was sent: its orders, reasons and amounts stay")


class PlanEditor:
    """Holds the plan of a preview, changes it, and calls `changed` after each change."""

    def __init__(
        self, session: Session, tasks: TaskRunner, plan: Plan, choices: PlanChoices | None, say: Say,
        changed: Callable[[], None],
    ) -> None:  # fmt: skip
        """`choices`: what the plan was made with; None: it is a retry, which stays as it is."""
        self.plan = plan
        self.ids = [row.id for row in plan.rows] + [row.id for row in plan.out]
        """Row numbers of all its orders, included or excluded."""
        self.listed = self.ids
        """The same, in the sequence of the list: after a key that excludes many, those that are left come first."""
        self.is_fixed = choices is None
        self._choices = choices or NO_CHOICES
        self._session = session
        self._tasks = tasks
        self._say = say
        self._changed = changed

    @property
    def other_skus(self) -> list[str]:
        """Ids of the orders that `only_sku` excluded."""
        return [order_id for order_id, why in self._choices.left_out.items() if why.startswith(OTHER_SKUS)]

    @property
    def unfit(self) -> list[str]:
        """Ids of the orders that `fit` excluded."""
        mine = {BY_HAND, *(self._choices.left_out[one] for one in self.other_skus)}
        return [order_id for order_id, why in self._choices.left_out.items() if why not in mine]

    def may_change(self) -> bool:
        """Return whether the plan may be made anew; say so when it may not."""
        if self.is_fixed:
            self._say(_(RETRY_STAYS))
        return not self.is_fixed

    async def plan_again(self, task: Task, choices: PlanChoices | None = None, *, of_many: bool = False) -> None:
        """Plan anew, with the choices made so far if none are given. `of_many`: many orders were excluded or included
        at once, so the list is put in a new sequence too.
        """
        choices = choices or self._choices
        self.plan = (await task.plan(self._session, self.plan.action, self.ids, choices))[0]
        self._choices = choices
        if of_many:
            included = {row.id for row in self.plan.rows}
            self.listed = sorted(self.ids, key=lambda row_id: row_id not in included)
        self._changed()
        self._tasks.keys.discard(Message().time)  # a `y` typed before this was shown was meant for the plan before it

    def _replan(self, choices: PlanChoices, *, of_many: bool) -> None:
        self._tasks.start(lambda task: self.plan_again(task, choices, of_many=of_many))

    # Which orders

    def toggle(self, entry: PlanEntry | None) -> None:
        """Exclude this order, or include it again if the operator excluded it."""
        if not self.may_change():
            return
        if isinstance(entry, PlannedOrder):
            self._exclude({entry.order_id: BY_HAND})
        elif isinstance(entry, ExcludedOrder) and entry.rule == BY_OPERATOR:
            self._include([entry.order_id])
        elif entry is not None:
            self._say(_("it cannot be included: its line says why"))

    def _exclude(self, whys: Mapping[str, str], *, of_many: bool = False) -> None:
        self._replan(replace(self._choices, left_out={**self._choices.left_out, **whys}), of_many=of_many)

    def _include(self, order_ids: Iterable[str], *, of_many: bool = False) -> None:
        self._replan(self._choices_with(order_ids), of_many=of_many)

    def _choices_with(self, order_ids: Iterable[str]) -> PlanChoices:
        """Return the choices without the exclusion of these orders."""
        gone = frozenset(order_ids)
        left_out = {order_id: why for order_id, why in self._choices.left_out.items() if order_id not in gone}
        return replace(self._choices, left_out=left_out)

    def only_sku(self, entry: PlanEntry | None) -> None:
        """Include only orders with nothing but the SKU of this one; again: those with other SKUs too."""
        if not self.may_change():
            return
        if self.plan.action not in (Action.CANCEL, Action.REFUND):
            self._say(_("only cancellations and refunds are chosen by SKU"))
        elif self.other_skus:
            self._include(self.other_skus, of_many=True)
        elif isinstance(entry, PlannedOrder):
            self._exclude_other_skus(main_sku(entry, self.plan.rows))
        else:
            self._say(_("put the cursor on an included order: its SKU is the one that stays"))

    def _exclude_other_skus(self, sku: str) -> None:
        others = [one.order_id for one in self.plan.rows if any(line.sku != sku for line in one.lines)]
        if len(others) == len(self.plan.rows):
            self._say(_("every included order holds more than {sku}: nothing would be left", sku=sku))
        elif others:
            self._exclude(dict.fromkeys(others, f"{OTHER_SKUS} {sku}"), of_many=True)
        else:
            self._say(_("every included order holds {sku} and nothing else", sku=sku))

    def fit(self) -> None:
        """Keep as many orders as stay under the rate's target; again: all of them."""
        if not self._may_fit():
            return
        if self.unfit:
            self._include(self.unfit, of_many=True)
        else:
            self._tasks.start(lambda task: self._fit(task, None))

    def fit_budget(self) -> None:
        """Ask how many orders may newly count, and keep so many."""
        if self._may_fit():
            self._tasks.start(self._fit_budget)

    def _may_fit(self) -> bool:
        if self.plan.action is not Action.CANCEL:
            self._say(_("f and F weigh cancellations only"))
        return self.plan.action is Action.CANCEL and self.may_change()

    async def _fit_budget(self, task: Task) -> None:
        budget = await ask_budget(task)
        if budget is not None:
            await self._fit(task, budget)

    async def _fit(self, task: Task, budget: int | None) -> None:
        choices = self._choices_with(self.unfit)
        fits = await task.work(self._session.fitter.fit, self.ids, choices, budget)
        rest = {one.order_id: one.why for fit in fits for one in fit.rest}
        kept = orders_text(sum(len(fit.kept) for fit in fits))
        await self.plan_again(task, replace(choices, left_out={**choices.left_out, **rest}), of_many=True)
        if rest:
            self._say(
                _(
                    "{orders} kept; {orders_2} excluded, and still marked: i lists their days",
                    orders=kept,
                    orders_2=orders_text(len(rest)),
                )
            )
        else:
            self._say(_("all {orders} fit", orders=kept))

    # Reasons and amounts

    def reason(self, entry: PlanEntry | None) -> None:
        """Choose the reason of this order."""
        if isinstance(entry, PlannedOrder):
            self._choose_reason([entry], entry.order_id, entry.reason)
        else:
            self._say(_("put the cursor on an included order"))

    def reasons(self, entry: PlanEntry | None) -> None:
        """Choose the reason of every included order, beginning at the one of this order."""
        rows = self.plan.rows
        if rows:
            whose = _("all {orders}", orders=orders_text(len(rows)))
            first = entry if isinstance(entry, PlannedOrder) else rows[0]
            self._choose_reason(rows, whose, first.reason)

    def _choose_reason(self, rows: Sequence[PlannedOrder], whose: str, current: str) -> None:
        cancels_units = any(line.cancelled for row in rows for line in row.lines)
        allowed = reasons_for(self.plan.action, cancels_units=cancels_units)
        if not allowed:
            self._say(_("this action has no reason to choose"))
        elif self.may_change():
            title = _("Reason for {whose}", whose=whose)
            self._tasks.start(lambda task: self._reason(task, rows, title, allowed, current))

    async def _reason(
        self, task: Task, rows: Sequence[PlannedOrder], title: str, allowed: Sequence[str], current: str
    ) -> None:
        reason = await ask_reason(task, title, allowed, current)
        if reason is not None:
            reasons = dict.fromkeys((row.order_id for row in rows), reason)
            await self.plan_again(task, replace(self._choices, reasons={**self._choices.reasons, **reasons}))

    def amounts(self, entry: PlanEntry | None) -> None:
        """Change what goes back for this order."""
        if not self.may_change():
            return
        if self.plan.action is not Action.REFUND:
            self._say(_("only a refund has amounts"))
        elif isinstance(entry, PlannedOrder) or (isinstance(entry, ExcludedOrder) and entry.rule == PROCEEDS):
            order_id = entry.order_id  # of one excluded by PROCEEDS only named amounts may go back
            self._tasks.start(lambda task: self._amounts(task, order_id))
        else:
            self._say(_("put the cursor on an included order, or on one of which only named amounts may go back"))

    async def _amounts(self, task: Task, order_id: str) -> None:
        order = self._session.orders.get(order_id)
        if order is None:
            return
        entered = self._choices.refunds.get(order_id, ())
        lines = await ask_amounts(task, order, refundable_lines(order), self._say, entered)
        if not lines:
            return
        choices = replace(self._choices, refunds={**self._choices.refunds, order_id: lines})
        allowed = reasons_for(self.plan.action, cancels_units=any(line.cancelled for line in lines))
        reason: str | None = next((row.reason for row in self.plan.rows if row.order_id == order_id), "")
        if reason not in allowed:
            reason = await ask_reason(task, _("Reason for refunding {order_id}", order_id=order_id), allowed)
            if reason is None:
                return
            choices = replace(choices, reasons={**choices.reasons, order_id: reason})
        await self.plan_again(task, choices)
