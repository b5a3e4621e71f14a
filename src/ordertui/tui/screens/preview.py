"""The preview of a plan: the effects sheet, then the orders that are in by reason, and those that are out and why.

Only `y` commits, and it is never the key that opened the preview; Enter and Escape change nothing. A key that changes
the plan leaves the cursor on the order, or the group, that it was on.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

import msgspec
from msgspec.structs import replace
from rich.style import Style
from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message
from textual.widgets import Static, Tree
from textual.widgets.tree import TreeNode

from ordertui.operations.batches.batch import Batch
from ordertui.operations.errors import PlanChanged, PlanExpired, error_message
from ordertui.operations.paths import typed_path
from ordertui.operations.planning.other_items import other_items
from ordertui.operations.planning.plan import ExcludedOrder, Plan, PlannedOrder
from ordertui.operations.planning.planner import LEFT_OUT, NO_CHOICES, PROCEEDS, PlanChoices
from ordertui.operations.session import Session
from ordertui.orders.enums import Action
from ordertui.orders.text import pluralize
from ordertui.tui.key_queue import KeyQueue
from ordertui.tui.render.format import ACTION_WORD
from ordertui.tui.render.plan import render_effects
from ordertui.tui.render.plan_groups import PlanGroup, group_plan, render_member
from ordertui.tui.screens.task_runner import Task, TaskRunner

from .base import Dialog
from .dialogs import ChoiceScreen, ConfirmScreen, FormScreen
from .refund_editor import ask_amounts

Node = PlanGroup | PlannedOrder | ExcludedOrder | None
OPENED = 12
"""A group of at most so many orders is open at first."""
LISTED = 2_000
"""Orders listed in an open group; the saved plan and the sheet have all."""


class PlanTree(Tree[Node]):
    """The orders in groups; a line that does not fit ends in an ellipsis."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "screen.leave_out", "leave out", show=False)]

    def render_label(self, node: TreeNode[Node], base_style: Style, style: Style) -> Text:
        """Return the line of a node, cut to the width there is."""
        text = super().render_label(node, base_style, style)
        level = 0 if node.parent is None or node.parent.is_root else 1
        text.truncate(max(1, self.scrollable_content_region.width - level * self.guide_depth), overflow="ellipsis")
        return text


class PreviewOptions(msgspec.Struct, frozen=True):
    """What a preview is told beside its plan."""

    place: str = ""
    """Which of several plans it is, for the title."""
    choices: PlanChoices = NO_CHOICES
    """What the plan was made with."""
    hidden: frozenset[int] = frozenset()
    """Row numbers of orders that the main screen's filter hides; they are named."""
    fixed: bool = False
    """It is a retry, which may be committed or left, but not planned anew."""


class PreviewScreen(Dialog[Batch | None]):
    """Shows a plan; gives the batch if it was committed, else None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n,q", "leave", "no", show=False),
        Binding("y", "commit", "commit", show=False),
        Binding("e", "reason", "reason", show=False),
        Binding("m", "amounts", "amounts", show=False),
        Binding("o", "nothing_else", "only orders with nothing else", show=False),
        Binding("w", "save", "save plan", show=False),
        Binding("s", "sheet", "save sheet", show=False),
        Binding("j", "down", show=False),
        Binding("k", "up", show=False),
        Binding("J", "scroll(3)", show=False),
        Binding("K", "scroll(-3)", show=False),
    ]

    def __init__(self, session: Session, keys: KeyQueue, plan: Plan, options: PreviewOptions | None = None) -> None:
        """Show a plan; `options` None: the only one, made with the defaults."""
        options = options or PreviewOptions()
        super().__init__(f"Preview {options.place}".rstrip(), "Esc no", is_tall=True)
        self.session = session
        self._tasks = TaskRunner(self, keys)
        self.plan = plan
        self._fixed = options.fixed
        self._choices = options.choices
        self._hidden = options.hidden
        self._ids = [row.id for row in plan.rows] + [row.id for row in plan.out]

    def _compose_body(self) -> ComposeResult:
        with VerticalScroll(id="effects", can_focus=False):
            yield Static(id="effects-text", markup=False)
        tree = PlanTree("plan", id="plan-tree")
        tree.show_root = False
        tree.guide_depth = 2
        yield tree

    def on_mount(self) -> None:
        """Show the plan."""
        self._show()
        self._tree.focus()

    @property
    def _tree(self) -> Tree[Node]:
        tree: Tree[Node] = self.query_one(Tree)
        return tree

    def _show(self, anchor: str = "", *, on_group: bool = False) -> None:
        """Show the plan, with the cursor on `anchor`: an order id, or a group's key.

        `on_group`: on the group of that order instead.
        """
        plan = self.plan
        members: tuple[PlannedOrder | ExcludedOrder, ...] = (*plan.rows, *plan.out)
        hidden = [member.order_id for member in members if member.id in self._hidden]
        self.query_one("#effects-text", Static).update(
            render_effects(plan, by_api=self.session.context.is_api_dispatch, hidden=hidden)
        )
        tree = self._tree
        opened = {group.key: node.is_expanded for node in tree.root.children if (group := _group_of(node)) is not None}
        tree.clear()
        line = at = 0
        for group in group_plan(plan):
            places = {member.order_id: place for place, member in enumerate(group.members[:LISTED], start=1)}
            few = len(group.members) <= OPENED and (group.is_in or not plan.rows)
            node = tree.root.add(
                group.label, data=group, expand=opened.get(group.key, few) or (anchor in places and not on_group)
            )
            if anchor == group.key or any(member.order_id == anchor for member in group.members):
                at = line + (0 if on_group or not node.is_expanded else places.get(anchor, 0))
            if node.is_expanded:
                self._fill(node, group)
                line += len(node.children)
            line += 1
        tree.cursor_line = at
        self._show_plan_keys()

    def _show_plan_keys(self) -> None:
        plan = self.plan
        keys = [
            "y commit" + (", asks for the number" if plan.typed_count else "") if plan.rows else "nothing to commit"
        ]
        if plan.rows and plan.action in (Action.CANCEL, Action.REFUND) and not self._fixed:
            keys.append("e reason")
        if plan.rows and plan.action is Action.REFUND and not self._fixed:
            keys.append("m amounts")
        if not self._fixed:
            keys.append("Space leave out")
        if self._choices.nothing_else:
            keys.append("o orders with other items too")
        elif other_items(plan.action, plan.rows) and not self._fixed:
            keys.append("o only orders with nothing else")
        self.show_keys("   ".join([*keys, "Enter open a group", "s save sheet", "w save plan", "Esc no"]))

    def _anchor(self) -> str:
        """Return what the cursor is on: an order id, or the key of a group."""
        node = self._tree.cursor_node
        if node is None or node.data is None:
            return ""
        return node.data.key if isinstance(node.data, PlanGroup) else node.data.order_id

    def _next_anchor(self) -> str:
        """Return where the cursor goes when the order it is on leaves its group: the next order, else the last one."""
        node = self._tree.cursor_node
        if node is None or isinstance(node.data, PlanGroup) or node.parent is None:
            return self._anchor()
        near = [one for one in (node.next_sibling, node.previous_sibling) if one is not None and one.data is not None]
        data = near[0].data if near else node.parent.data
        return data.key if isinstance(data, PlanGroup) else data.order_id if data is not None else ""

    @on(Tree.NodeExpanded)
    def _expanded(self, event: Tree.NodeExpanded[Node]) -> None:
        if isinstance(event.node.data, PlanGroup) and not event.node.children:
            self._fill(event.node, event.node.data)

    def _chosen_rows(self) -> list[PlannedOrder]:
        """Return the order under the cursor, or those of its group; only those that are in."""
        node = self._tree.cursor_node
        data = node.data if node is not None else None
        found = data.members if isinstance(data, PlanGroup) else [data]
        return [row for row in found if isinstance(row, PlannedOrder)]

    def action_down(self) -> None:
        """Go to the next line."""
        self._tree.action_cursor_down()

    def action_up(self) -> None:
        """Go to the previous line."""
        self._tree.action_cursor_up()

    def action_reason(self) -> None:
        """Choose the reason of the order, or of the group, under the cursor."""
        rows = self._chosen_rows()
        cancels_units = any(line.cancelled for row in rows for line in row.lines)
        choices = self.session.batches.reasons(self.plan.action, cancels_units=cancels_units)
        if self._fixed:
            self.notify("a retry repeats what was sent: its reasons and amounts stay")
        elif rows and choices:
            self._tasks.start(lambda task: self._reason(task, rows, choices))
        else:
            self.notify("put the cursor on orders that are in" if choices else "this action has no reason to choose")

    async def _reason(self, task: Task, rows: list[PlannedOrder], allowed: tuple[str, ...]) -> None:
        whose = rows[0].order_id if len(rows) == 1 else pluralize(len(rows))
        reason = await task.ask(ChoiceScreen(f"Reason for {whose}", [(choice, choice) for choice in allowed]))
        if reason is not None:
            reasons = dict.fromkeys((row.order_id for row in rows), reason)
            choices = replace(self._choices, reasons={**self._choices.reasons, **reasons})
            node = self._tree.cursor_node
            on_group = node is not None and isinstance(node.data, PlanGroup)
            await self._plan_again(task, choices, rows[0].order_id, on_group=on_group)

    def action_leave_out(self) -> None:
        """Leave the order, or the group, under the cursor out of the plan, or take it in again."""
        node = self._tree.cursor_node
        data = node.data if node is not None else None
        members = data.members if isinstance(data, PlanGroup) else () if data is None else (data,)
        leaving = {row.order_id for row in members if isinstance(row, PlannedOrder)}
        coming = {out.order_id for out in members if isinstance(out, ExcludedOrder) and out.rule == LEFT_OUT.rule}
        if self._fixed:
            self.notify("a retry repeats what was sent: take its orders back in the outbox instead")
        elif leaving or coming:
            choices = replace(self._choices, left_out=(self._choices.left_out | leaving) - coming)
            anchor = self._next_anchor()
            self._tasks.start(lambda task: self._plan_again(task, choices, anchor))
        else:
            self.notify("it is left out by the rules: its line says why")

    def action_nothing_else(self) -> None:
        """Cancel only orders with nothing else in them, or the others too again."""
        if self.plan.action is not Action.CANCEL or self._fixed:
            self.notify("only a cancellation takes other items along")
        else:
            choices = replace(self._choices, nothing_else=not self._choices.nothing_else)
            self._tasks.start(lambda task: self._plan_again(task, choices, self._anchor()))

    def action_amounts(self) -> None:
        """Change what goes back for the order under the cursor."""
        node = self._tree.cursor_node
        data = node.data if node is not None else None
        rows: list[PlannedOrder | ExcludedOrder] = [*self._chosen_rows()]
        if isinstance(data, ExcludedOrder) and data.rule == PROCEEDS:
            rows = [data]  # of which only a part may go back, that is to be named
        if self._fixed:
            self.notify("a retry repeats what was sent: its reasons and amounts stay")
        elif self.plan.action is not Action.REFUND or len(rows) != 1:
            self.notify("put the cursor on one order that is in")
        else:
            self._tasks.start(lambda task: self._amounts(task, rows[0].order_id))

    async def _amounts(self, task: Task, order_id: str) -> None:
        order = self.session.orders.get(order_id)
        if order is None:
            return
        lines = await ask_amounts(task, order, self.session.batches.refundable(order), self.notify)
        if lines is not None:
            refunds = {**self._choices.refunds, order.row.order_id: lines}
            await self._plan_again(task, replace(self._choices, refunds=refunds), order.row.order_id)

    async def _plan_again(self, task: Task, choices: PlanChoices, anchor: str, *, on_group: bool = False) -> None:
        plans = await task.plan(self.session, self.plan.action, self._ids, choices)
        self._choices = choices
        self.plan = plans[0]
        self._show(anchor, on_group=on_group)
        self._tasks.keys.discard(Message().time)  # a `y` typed before this was shown was meant for the plan before it

    def action_save(self) -> None:
        """Write the plan as a file that `ordertui commit` takes."""
        path = self.session.directory / f"plan-{self.plan.id}.json"
        self._tasks.start(lambda task: self._save(task, "Save the plan", path, sheet=False))

    def action_sheet(self) -> None:
        """Write the sheet: every order with in or out, reason, rule, amount."""
        path = self.session.directory / f"sheet-{self.plan.id}.csv"
        self._tasks.start(lambda task: self._save(task, "Save the sheet (.csv, .tsv or .json)", path, sheet=True))

    async def _save(self, task: Task, title: str, path: Path, *, sheet: bool) -> None:
        answer = await task.ask(FormScreen(title, [("path", "File", str(path))]))
        if answer is None or not answer["path"].strip():
            return
        target = typed_path(answer["path"])
        if sheet:
            await task.work(self.session.batches.export_sheet, self.plan, target)
        else:
            await task.work(self.session.batches.save_plan, [self.plan], target)
        self.notify(f"saved: {target}")

    def action_commit(self) -> None:
        """Commit the plan; the batch is held first."""
        if self.plan.rows:
            self._tasks.start(self._commit)
        else:
            self.notify("no order is in: there is nothing to commit")

    async def _commit(self, task: Task) -> None:
        plan = self.plan
        typed = None
        if plan.typed_count is not None:
            answer = await task.ask(
                FormScreen(
                    f"Type how many orders: {plan.typed_count}",
                    [("count", "Number of orders", "")],
                    f"{ACTION_WORD[plan.action].capitalize()} {pluralize(plan.typed_count)} in {plan.marketplace}.",
                ),
                discard_typeahead=True,
            )
            if answer is None:
                return
            typed = answer["count"]
        try:
            batch = await task.work(self.session.batches.commit, plan, typed=typed)
        except (PlanChanged, PlanExpired) as error:
            if self._fixed:
                raise
            question = "It changed since the preview. Make the preview again?"
            if await task.ask(
                ConfirmScreen(question, {"p": "preview again"}, error_message(error)), discard_typeahead=True
            ):
                await self._plan_again(task, self._choices, self._anchor())
            return
        self.dismiss(batch)

    def _fill(self, node: TreeNode[Node], group: PlanGroup) -> None:
        others = other_items(self.plan.action, self.plan.rows) if group.is_in else {}
        for member in group.members[:LISTED]:
            label = render_member(member, others.get(member.id, ()), is_hidden=member.id in self._hidden)
            node.add_leaf(label, data=member)
        left = len(group.members) - LISTED
        if left > 0:
            node.add_leaf(f"and {left:,} more: s saves all of them")


def _group_of(node: TreeNode[Node]) -> PlanGroup | None:
    return node.data if isinstance(node.data, PlanGroup) else None
