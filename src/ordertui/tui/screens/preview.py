"""The preview of a plan: what it does to the rate and to money, then its orders, included or excluded and why.

Only `y` commits, and it is never the key that opened the preview. A key that changes the plan leaves the cursor on the
order that it was on; one that excludes many lists first those that are left, so that they are what is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import ClassVar

import msgspec
from msgspec.structs import replace
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from ordertui.messages import N_, _, ngettext, translate
from ordertui.operations.batches.batch import Batch
from ordertui.operations.errors import PlanChanged, PlanExpired, Stopped, error_message
from ordertui.operations.planning.lines import main_sku
from ordertui.operations.planning.order_planner import BY_OPERATOR, NO_CHOICES, PROCEEDS, PlanChoices
from ordertui.operations.planning.plan import ExcludedOrder, Plan, PlannedOrder
from ordertui.operations.planning.reasons import reasons_for
from ordertui.operations.session import Session
from ordertui.orders.enums import Action
from ordertui.orders.people import Permission
from ordertui.orders.refund_limit import refundable_lines
from ordertui.rules.rate import RateStatus
from ordertui.tui.key_queue import KeyQueue
from ordertui.tui.render.format import GAP
from ordertui.tui.render.plan import (
    MarketplaceStep,
    PlanLook,
    render_details,
)
from ordertui.tui.render.plan_rows import ExclusionGroup, PlanEntry, PlanRows, list_entries
from ordertui.tui.screens.task_runner import Task, TaskRunner
from ordertui.tui.widgets.line_list import LineList

from .base import Dialog, Title
from .dialogs import ConfirmScreen, TextScreen
from .errors import shows_errors
from .others_watch import OthersWatch
from .plan_head import PlanHead, PlanTitle
from .plan_questions import ask_budget, ask_count, ask_reason, save_plan, save_sheet
from .refund_editor import ask_amounts

BY_HAND = N_("by you")
"""Why the space bar excludes an order."""
OTHER_SKUS = N_("holds more than")
"""How the reason begins for which `o` excludes an order. Any other but BY_HAND is of `f`: when the order would fit."""
RETRY_STAYS = N_("a retry repeats what was sent: its orders, reasons and amounts stay")


class PreviewOptions(msgspec.Struct, frozen=True):
    """What a preview is told beside its plan."""

    heading: str = ""
    """What the title begins with, such as `Retry of batch 12`."""
    steps: tuple[MarketplaceStep, ...] = ()
    """All marketplaces of the plan, when there are several."""
    choices: PlanChoices = NO_CHOICES
    """What the plan was made with."""
    hidden: frozenset[int] = frozenset()
    """Row numbers of orders that the main screen does not show; they are named."""
    fixed: bool = False
    """It is a retry, which may be committed or left, but not planned anew."""
    describe: Callable[[str], Content] | None = None
    """Returns the order of an id in full, as text."""


class PreviewAnswer(msgspec.Struct, frozen=True):
    """How a preview ended, unless it was closed."""

    batch: Batch | None = None
    """The batch that was committed; None: the marketplace was skipped."""


class PreviewScreen(Dialog[PreviewAnswer | None]):
    """Shows a plan; answers when it was committed or its marketplace skipped, None when it was closed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", N_("close"), show=False),
        Binding("y", "commit", N_("commit"), show=False),
        Binding("o", "only_sku", N_("only this SKU"), show=False),
        Binding("f", "fit", N_("keep what fits"), show=False),
        Binding("F", "fit_budget", N_("keep a number"), show=False),
        Binding("e", "reason", N_("reason"), show=False),
        Binding("E", "reasons", N_("reason of all"), show=False),
        Binding("m", "amounts", N_("amounts"), show=False),
        Binding("n", "skip", N_("skip the marketplace"), show=False),
        Binding("i", "details", N_("files"), show=False),
        Binding("s", "sheet", N_("save sheet"), show=False),
        Binding("w", "save", N_("save plan"), show=False),
    ]

    def __init__(self, session: Session, keys: KeyQueue, plan: Plan, options: PreviewOptions | None = None) -> None:
        """Show a plan; `options` None: the only one, made with the defaults."""
        super().__init__(_("Preview"), _("Esc close"), is_tall=True)
        self.session = session
        self._tasks = TaskRunner(self, keys)
        self.plan = plan
        self._options = options or PreviewOptions()
        self._choices = self._options.choices
        self._known: dict[int, PlannedOrder] = {}
        """Orders as they were when they were last included."""
        self._ids = [row.id for row in plan.rows] + [row.id for row in plan.out]
        self._listed = self._ids
        """The same, in the sequence of the list: after a key that excludes many, those that are left come first."""
        self._opened: frozenset[str] = frozenset()
        self.entries: list[PlanEntry] = []
        self._rows = PlanRows(plan, {}, frozenset())
        self._others = OthersWatch(self, session, lambda: self.plan, self._show_head)

    def _make_title(self) -> Title:
        return PlanTitle(self._plan_look)

    def _compose_body(self) -> ComposeResult:
        yield PlanHead(self._plan_look, by_api=self.session.context.is_api_dispatch)
        yield LineList(self._draw, id="plan-list")

    @shows_errors
    def on_mount(self) -> None:
        """Show the plan, and let others know that it is open."""
        self._others.hold(self._ids)
        self._show()
        self._list.focus()
        self._others.start()

    def on_unmount(self) -> None:
        """Let others know that it is closed."""
        self._others.release()

    @property
    def _list(self) -> LineList:
        return self.query_one(LineList)

    @property
    def _plan_look(self) -> PlanLook:
        options = self._options
        hidden = sum(row_id in options.hidden for row_id in self._ids)
        return PlanLook(self.plan, len(self._ids), hidden, options.heading, options.steps, self._others.found)

    @property
    def _only(self) -> list[str]:
        """Ids of the orders that `o` excluded from the plan that is shown."""
        return [order_id for order_id, why in self._choices.left_out.items() if why.startswith(OTHER_SKUS)]

    @property
    def _unfit(self) -> list[str]:
        """Ids of the orders that `f` or `F` excluded from the plan that is shown."""
        mine = {BY_HAND, *(self._choices.left_out[one] for one in self._only)}
        return [order_id for order_id, why in self._choices.left_out.items() if why not in mine]

    @property
    def _entry(self) -> PlanEntry | None:
        """What the cursor is on."""
        place = self._list.cursor
        return self.entries[place] if place < len(self.entries) else None

    def _draw(self, line: int, width: int) -> Content:
        return self._rows.draw(self.entries[line], width)

    def _show(self) -> None:
        """Show the plan, with the cursor on the order or group that it was on."""
        before, place = self._entry, self._list.cursor
        self._known |= {row.id: row for row in self.plan.rows}
        self._rows = PlanRows(self.plan, self._known, self._options.hidden)
        self.entries = list_entries(self.plan, self._listed, self._opened)
        key = _key_of(before)
        place = next((n for n, entry in enumerate(self.entries) if _key_of(entry) == key), place)
        self._list.show(len(self.entries), place if before is not None else 0)
        self._show_head()
        title = self.query_one(PlanTitle)
        title.look = self._plan_look
        title.refresh()
        self._show_plan_keys()

    def _show_head(self) -> None:
        self.query_one(PlanHead).show(self._plan_look, len(self.entries))

    def _show_plan_keys(self) -> None:
        plan, options = self.plan, self._options
        counted = any(row.counts for row in plan.rows)
        if self.session.context.refusal(Permission.COMMIT):
            keys = [_("nothing can be committed here")]
        else:
            keys = [_("y commit {rows:,}", rows=len(plan.rows)) if plan.rows else _("nothing to commit")]
        if not options.fixed:
            keys.append(_("space exclude"))
            if self._only:
                keys.append(_("o all SKUs"))
            elif plan.action is Action.CANCEL and plan.rows:
                keys.append(_("o only this SKU"))
            if self._unfit:
                keys.append(_("f all"))
            elif any(one.after.status in (RateStatus.OVER, RateStatus.UNKNOWN) for one in plan.rates) and counted:
                keys.append(_("f keep what fits"))
            if plan.action is Action.REFUND:
                keys.append(_("m amounts"))
            if plan.action in (Action.CANCEL, Action.REFUND) and plan.rows:
                keys.append(_("e reason"))
        if len(options.steps) > 1:
            keys.append(_("n skip {marketplace}", marketplace=plan.marketplace))
        self.show_keys(GAP.join([*keys, _("i details"), _("? keys"), _("Esc close")]))

    # Looking

    @on(LineList.Opened)
    @shows_errors
    def _open(self) -> None:
        """Show the order under the cursor in full, or open the group."""
        entry = self._entry
        if isinstance(entry, ExclusionGroup):
            self._opened = self._opened ^ {entry.key}
            self._show()
        elif entry is not None and self._options.describe is not None:
            order_id, text = entry.order_id, partial(self._options.describe, entry.order_id)
            self._tasks.start(
                lambda task: task.ask(TextScreen(_("Order {order_id}", order_id=order_id), text, copy=order_id))
            )

    def action_details(self) -> None:
        """Show what is behind the head: counts, money by part, files with checksums."""
        text = render_details(self._plan_look, by_api=self.session.context.is_api_dispatch)
        self._tasks.start(lambda task: task.ask(TextScreen(_("Details of the plan"), text)))

    def action_skip(self) -> None:
        """Leave this marketplace out and go on to the next one."""
        self.dismiss(PreviewAnswer())

    # Changing the plan

    def _may_change(self) -> bool:
        """Return whether the plan may be made anew; say so when it may not."""
        if self._options.fixed:
            self.notify(_(RETRY_STAYS))
        return not self._options.fixed

    def _replan(self, choices: PlanChoices, *, of_many: bool = False) -> None:
        self._tasks.start(lambda task: self._plan_again(task, choices, of_many=of_many))

    async def _plan_again(self, task: Task, choices: PlanChoices, *, of_many: bool = False) -> None:
        """Plan anew. `of_many`: many were excluded or included at once, so the list is put in a new sequence too."""
        plans = await task.plan(self.session, self.plan.action, self._ids, choices)
        self._choices = choices
        self.plan = plans[0]
        if of_many:
            included = {row.id for row in self.plan.rows}
            self._listed = sorted(self._ids, key=lambda row_id: row_id not in included)
        self._show()
        self._tasks.keys.discard(Message().time)  # a `y` typed before this was shown was meant for the plan before it

    @on(LineList.Toggled)
    def _toggle(self) -> None:
        """Exclude the order under the cursor, or include it again."""
        entry = self._entry
        if not self._may_change():
            return
        if isinstance(entry, PlannedOrder):
            self._exclude({entry.order_id: BY_HAND})
        elif isinstance(entry, ExcludedOrder) and entry.rule == BY_OPERATOR:
            self._include([entry.order_id])
        elif entry is not None:
            self.notify(_("it cannot be included: its line says why"))

    def _exclude(self, whys: Mapping[str, str], *, of_many: bool = False) -> None:
        self._replan(replace(self._choices, left_out={**self._choices.left_out, **whys}), of_many=of_many)

    def _include(self, order_ids: Iterable[str], *, of_many: bool = False) -> None:
        gone = frozenset(order_ids)
        left_out = {order_id: why for order_id, why in self._choices.left_out.items() if order_id not in gone}
        self._replan(replace(self._choices, left_out=left_out), of_many=of_many)

    def action_only_sku(self) -> None:
        """Include only orders with nothing but the SKU under the cursor; again: those with other SKUs too."""
        if not self._may_change():
            return
        if self.plan.action is not Action.CANCEL:
            self.notify(_("only a cancellation takes whole orders"))
        elif self._only:
            self._include(self._only, of_many=True)
        else:
            self._exclude_other_skus()

    def _exclude_other_skus(self) -> None:
        row = self._row
        if row is None:
            self.notify(_("put the cursor on an included order: its SKU is the one that stays"))
            return
        sku = main_sku(row, self.plan.rows)
        others = [one.order_id for one in self.plan.rows if any(line.sku != sku for line in one.lines)]
        if len(others) == len(self.plan.rows):
            self.notify(_("every included order holds more than {sku}: nothing would be left", sku=sku))
        elif others:
            self._exclude(dict.fromkeys(others, f"{OTHER_SKUS} {sku}"), of_many=True)
        else:
            self.notify(_("every included order holds {sku} and nothing else", sku=sku))

    def action_fit(self) -> None:
        """Keep as many orders as stay under the rate's target; again: all of them."""
        if not self._may_fit():
            return
        if self._unfit:
            self._include(self._unfit, of_many=True)
        else:
            self._tasks.start(lambda task: self._fit(task, None))

    def action_fit_budget(self) -> None:
        """Ask how many orders may newly count, and keep so many."""
        if self._may_fit():
            self._tasks.start(self._fit_budget)

    def _may_fit(self) -> bool:
        if self.plan.action is not Action.CANCEL:
            self.notify(_("f and F weigh cancellations only"))
        return self.plan.action is Action.CANCEL and self._may_change()

    async def _fit_budget(self, task: Task) -> None:
        budget = await ask_budget(task)
        if budget is not None:
            await self._fit(task, budget)

    async def _fit(self, task: Task, budget: int | None) -> None:
        unfit = frozenset(self._unfit)
        left_out = {k: why for k, why in self._choices.left_out.items() if k not in unfit}
        choices = replace(self._choices, left_out=left_out)
        fits = await task.work(self.session.fitter.fit, self._ids, choices, budget)
        rest = {one.order_id: one.why for fit in fits for one in fit.rest}
        kept = sum(len(fit.kept) for fit in fits)
        await self._plan_again(task, replace(choices, left_out={**left_out, **rest}), of_many=True)
        if rest:
            self.notify(
                _(
                    "{orders} kept; {orders_2} excluded, and still marked: i lists their days",
                    orders=ngettext("{n:,} order", "{n:,} orders", kept),
                    orders_2=ngettext("{n:,} order", "{n:,} orders", len(rest)),
                )
            )
        else:
            self.notify(_("all {orders} fit", orders=ngettext("{n:,} order", "{n:,} orders", kept)))

    @property
    def _row(self) -> PlannedOrder | None:
        """The included order under the cursor."""
        entry = self._entry
        return entry if isinstance(entry, PlannedOrder) else None

    def action_reason(self) -> None:
        """Choose the reason of the order under the cursor."""
        row = self._row
        if row is None:
            self.notify(_("put the cursor on an included order"))
        else:
            self._choose_reason([row], row.order_id, row.reason)

    def action_reasons(self) -> None:
        """Choose the reason of every included order."""
        rows = list(self.plan.rows)
        if rows:
            self._choose_reason(
                rows,
                _("all {orders}", orders=ngettext("{n:,} order", "{n:,} orders", len(rows))),
                (self._row or rows[0]).reason,
            )

    def _choose_reason(self, rows: list[PlannedOrder], whose: str, current: str) -> None:
        cancels_units = any(line.cancelled for row in rows for line in row.lines)
        allowed = reasons_for(self.plan.action, cancels_units=cancels_units)
        if not allowed:
            self.notify(_("this action has no reason to choose"))
        elif self._may_change():
            self._tasks.start(lambda task: self._reason(task, rows, whose, allowed, current))

    async def _reason(
        self, task: Task, rows: list[PlannedOrder], whose: str, allowed: Sequence[str], current: str
    ) -> None:
        reason = await ask_reason(task, _("Reason for {whose}", whose=whose), allowed, current)
        if reason is not None:
            reasons = dict.fromkeys((row.order_id for row in rows), reason)
            await self._plan_again(task, replace(self._choices, reasons={**self._choices.reasons, **reasons}))

    def action_amounts(self) -> None:
        """Change what goes back for the order under the cursor."""
        entry = self._entry
        is_partial = isinstance(entry, ExcludedOrder) and entry.rule == PROCEEDS  # only named amounts may go back
        if not self._may_change():
            return
        if self.plan.action is not Action.REFUND:
            self.notify(_("only a refund has amounts"))
        elif entry is not None and (self._row is not None or is_partial):
            order_id = _key_of(entry)
            self._tasks.start(lambda task: self._amounts(task, order_id))
        else:
            self.notify(_("put the cursor on an included order, or on one of which only named amounts may go back"))

    async def _amounts(self, task: Task, order_id: str) -> None:
        order = self.session.orders.get(order_id)
        if order is None:
            return
        lines = await ask_amounts(task, order, refundable_lines(order), self.notify)
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
        await self._plan_again(task, choices)

    # Saving and committing

    def action_save(self) -> None:
        """Write the plan as a file that `ordertui commit` takes."""
        self._tasks.start(lambda task: save_plan(task, self.session, self.plan, self.notify))

    def action_sheet(self) -> None:
        """Write the sheet: every order, included or excluded, with reason, rule, amount."""
        self._tasks.start(lambda task: save_sheet(task, self.session, self.plan, self.notify))

    def action_commit(self) -> None:
        """Commit the plan; the batch is held first."""
        refusal = self.session.context.refusal(Permission.COMMIT)
        if refusal:  # before anything is asked
            self.notify(translate(refusal), severity="warning")
        elif self.plan.rows:
            self._tasks.start(self._commit)
        else:
            self.notify(_("no order is included: there is nothing to commit"))

    async def _commit(self, task: Task) -> None:
        plan = self.plan
        typed = None
        if plan.typed_count is not None:
            typed = await ask_count(task, plan, plan.typed_count)
            if typed is None:
                return
        try:
            with self._others.paused():
                batch = await task.commit(self.session, plan, typed)
        except Stopped:
            place = (
                _(" in {marketplace}", marketplace=plan.marketplace) if len(self._options.steps) > 1 else ""
            )  # others may be committed already
            self.notify(_("stopped; nothing was committed{place}", place=place))
            self._tasks.keys.discard(Message().time)  # a second Escape was meant for the bar: the preview stays
            return
        except (PlanChanged, PlanExpired) as error:
            if self._options.fixed:
                raise
            question = _("It changed since the preview. Make the preview again?")
            if await task.ask(
                ConfirmScreen(question, {"p": _("preview again")}, translate(error_message(error))),
                discard_typeahead=True,
            ):
                await self._plan_again(task, self._choices)
            return
        self._tasks.keys.discard(Message().time)  # meant for this preview, not for what it covers
        self.dismiss(PreviewAnswer(batch))


def _key_of(entry: PlanEntry | None) -> str:
    """Return what stays the same of a line when the plan is made anew: an order id, or the key of a group."""
    if entry is None:
        return ""
    return entry.key if isinstance(entry, ExclusionGroup) else entry.order_id
