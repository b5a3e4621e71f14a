"""The preview of a plan: what it does to the rate and to money, then its orders, included or excluded and why.

Only `y` commits, and it is never the key that opened the preview. A key that changes the plan leaves the cursor on the
order that it was on; one that excludes many lists first those that are left, so that they are what is seen.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

import msgspec
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message

from ordertui.messages import N_, _, translate
from ordertui.operations.batches.batch import Batch
from ordertui.operations.errors import PlanChanged, PlanExpired, Stopped, error_message
from ordertui.operations.planning.order_planner import BY_OPERATOR, NO_CHOICES, PROCEEDS, PlanChoices
from ordertui.operations.planning.plan import Plan, PlannedOrder
from ordertui.operations.session import Session
from ordertui.orders.enums import Action
from ordertui.orders.people import Permission
from ordertui.rules.rate import RateStatus
from ordertui.tui.key_queue import KeyQueue
from ordertui.tui.render.format import GAP
from ordertui.tui.render.plan import MarketplaceStep, PlanLook, render_details
from ordertui.tui.render.plan_rows import ExclusionGroup, PlanEntry, PlanRows, list_entries
from ordertui.tui.screens.task_runner import Task, TaskRunner
from ordertui.tui.widgets.line_list import LineList

from .base import Dialog, Title
from .dialogs import ConfirmScreen, TextScreen
from .errors import shows_errors
from .others_watch import OthersWatch
from .plan_editor import PlanEditor
from .plan_head import PlanHead, PlanTitle
from .plan_questions import ask_count, save_plan, save_sheet


class PreviewOptions(msgspec.Struct, frozen=True):
    """What a preview is told beside its plan."""

    heading: str = ""
    """What the title begins with, such as `Retry of batch 12`."""
    steps: tuple[MarketplaceStep, ...] = ()
    """All marketplaces of the plan, when there are several."""
    choices: PlanChoices | None = NO_CHOICES
    """What the plan was made with; None: it is a retry, which may be committed or left, but not planned anew."""
    hidden: frozenset[int] = frozenset()
    """Row numbers of orders that the main screen does not show; they are named."""
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
        self._options = options or PreviewOptions()
        self._editor = PlanEditor(session, self._tasks, plan, self._options.choices, self.notify, self._show)
        self._known: dict[int, PlannedOrder] = {}
        """Orders as they were when they were last included."""
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
        self._others.hold(self._editor.ids)
        self._show()
        self._list.focus()
        self._others.start()

    def on_unmount(self) -> None:
        """Let others know that it is closed."""
        self._others.release()

    @property
    def plan(self) -> Plan:
        """The plan that is shown."""
        return self._editor.plan

    @property
    def _list(self) -> LineList:
        return self.query_one(LineList)

    @property
    def _plan_look(self) -> PlanLook:
        options, ids = self._options, self._editor.ids
        hidden = sum(row_id in options.hidden for row_id in ids)
        return PlanLook(self.plan, len(ids), hidden, options.heading, options.steps, self._others.found)

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
        self.entries = list_entries(self.plan, self._editor.listed, self._opened)
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
        plan, editor = self.plan, self._editor
        counted = plan.action is Action.CANCEL and any(row.counts for row in plan.rows)
        if self.session.context.refusal(Permission.COMMIT):
            keys = [_("nothing can be committed here")]
        else:
            keys = [_("y commit {rows:,}", rows=len(plan.rows)) if plan.rows else _("nothing to commit")]
        if not editor.is_fixed:
            if plan.rows or any(out.rule == BY_OPERATOR for out in plan.out):
                keys.append(_("space exclude"))
            if editor.other_skus:
                keys.append(_("o all SKUs"))
            elif plan.action in (Action.CANCEL, Action.REFUND) and plan.rows:
                keys.append(_("o only this SKU"))
            if editor.unfit:
                keys.append(_("f all"))
            elif any(one.after.status in (RateStatus.OVER, RateStatus.UNKNOWN) for one in plan.rates) and counted:
                keys.append(_("f keep what fits"))
            if plan.action is Action.REFUND and (plan.rows or any(out.rule == PROCEEDS for out in plan.out)):
                keys.append(_("m amounts"))
            if plan.action in (Action.CANCEL, Action.REFUND) and plan.rows:
                keys.append(_("e reason"))
        if len(self._options.steps) > 1:
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

    @on(LineList.Toggled)
    def _toggle(self) -> None:
        self._editor.toggle(self._entry)

    def action_only_sku(self) -> None:
        """Include only orders with nothing but the SKU under the cursor; again: those with other SKUs too."""
        self._editor.only_sku(self._entry)

    def action_fit(self) -> None:
        """Keep as many orders as stay under the rate's target; again: all of them."""
        self._editor.fit()

    def action_fit_budget(self) -> None:
        """Ask how many orders may newly count, and keep so many."""
        self._editor.fit_budget()

    def action_reason(self) -> None:
        """Choose the reason of the order under the cursor."""
        self._editor.reason(self._entry)

    def action_reasons(self) -> None:
        """Choose the reason of every included order."""
        self._editor.reasons(self._entry)

    def action_amounts(self) -> None:
        """Change what goes back for the order under the cursor."""
        self._editor.amounts(self._entry)

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
            if self._editor.is_fixed:
                raise
            question = _("It changed since the preview. Make the preview again?")
            if await task.ask(
                ConfirmScreen(question, {"p": _("preview again")}, translate(error_message(error))),
                discard_typeahead=True,
            ):
                await self._editor.plan_again(task)
            return
        self._tasks.keys.discard(Message().time)  # meant for this preview, not for what it covers
        self.dismiss(PreviewAnswer(batch))


def _key_of(entry: PlanEntry | None) -> str:
    """Return what stays the same of a line when the plan is made anew: an order id, or the key of a group."""
    if entry is None:
        return ""
    return entry.key if isinstance(entry, ExclusionGroup) else entry.order_id
