"""The preview: the effects sheet first, then who is in by reason and who is out and why. Only `y` goes on, and it is never
the key that opened the preview; Enter and Escape change nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static, Tree
from textual.widgets.tree import TreeNode

from ordertui.operations.errors import PlanChanged, PlanExpired
from ordertui.operations.known import KNOWN, sentence
from ordertui.operations.plan_values import Batch, Plan, PlanLine, PlanOut, PlanRow
from ordertui.operations.shop import Shop
from ordertui.orders.money import grouped
from ordertui.orders.status import Action

from .. import texts
from .dialogs import ChoiceScreen, ConfirmScreen, FormScreen
from .refund import ask_amounts

Node = PlanRow | PlanOut | None


class PreviewScreen(ModalScreen[Batch | None]):
    """Shows a plan; gives the batch when it was committed, else None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,n,q", "close", "no", show=False),
        Binding("y", "commit", "commit", show=False),
        Binding("e", "reason", "reason", show=False),
        Binding("m", "amounts", "amounts", show=False),
        Binding("w", "save", "save plan", show=False),
        Binding("j", "down", show=False),
        Binding("k", "up", show=False),
    ]

    def __init__(self, shop: Shop, plan: Plan, place: str, *, shipping: Mapping[str, tuple[str, str, str]]) -> None:
        super().__init__(classes="dialog-screen")
        self._shop = shop
        self._plan = plan
        self._place = place
        self._shipping = dict(shipping)
        self._ids = [row.id for row in plan.rows] + [row.id for row in plan.out]
        self._reasons: dict[str, str] = {}
        self._refunds: dict[str, tuple[PlanLine, ...]] = {}

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog dialog-tall"):
            yield Static(f"Preview {self._place}".rstrip(), classes="dialog-title", markup=False)
            with VerticalScroll(id="effects", can_focus=False):
                yield Static(id="effects-text", markup=False)
            tree: Tree[Node] = Tree("plan", id="plan-tree")
            tree.show_root = False
            tree.guide_depth = 2
            yield tree
            yield Static(id="preview-keys", classes="dialog-keys", markup=False)

    def on_mount(self) -> None:
        """Show the plan."""
        self._show()
        self.query_one(Tree).focus()

    def _show(self) -> None:
        plan = self._plan
        self.query_one("#effects-text", Static).update(texts.effects(plan))
        tree: Tree[Node] = self.query_one(Tree)
        tree.clear()
        for reason, rows in _by_reason(plan).items():
            label = Text.assemble(("✓ in   ", "bold"), f"{len(rows):,}  {reason}")
            group = tree.root.add(label, expand=len(plan.rows) <= 12)
            for row in rows:
                group.add_leaf(_in_line(row), data=row)
        for (rule, why, instead), left in _by_why(plan).items():
            more = f"; instead: {instead}" if instead else ""
            label = Text.assemble(("✗ out  ", "bold"), f"{len(left):,}  {why}{more}  ", (rule, "dim"))
            group = tree.root.add(label, expand=not plan.rows)
            for out in left:
                group.add_leaf(f"{out.order_id}", data=out)
        tree.cursor_line = 0
        keys = [
            "y commit" + (" (asks for the number)" if plan.typed_count else "") if plan.rows else "nothing to commit"
        ]
        if plan.rows and plan.action in (Action.CANCEL, Action.REFUND):
            keys.append("e reason")
        if plan.rows and plan.action is Action.REFUND:
            keys.append("m amounts")
        self.query_one("#preview-keys", Static).update(
            "   ".join([*keys, "Enter open or close a group", "w save plan", "Esc no"])
        )

    @property
    def _node(self) -> TreeNode[Node] | None:
        tree: Tree[Node] = self.query_one(Tree)
        return tree.cursor_node

    def _chosen_rows(self) -> list[PlanRow]:
        """The order under the cursor, or the orders of its group."""
        node = self._node
        if node is None:
            return []
        found = [node.data] if node.data is not None else [child.data for child in node.children]
        return [row for row in found if isinstance(row, PlanRow)]

    def action_close(self) -> None:
        """No."""
        self.dismiss(None)

    def action_down(self) -> None:
        """Next line."""
        self.query_one(Tree).action_cursor_down()

    def action_up(self) -> None:
        """The line before."""
        self.query_one(Tree).action_cursor_up()

    @work(exclusive=True, group="preview")
    async def action_reason(self) -> None:
        """Choose the reason of the order, or of the group, under the cursor."""
        rows = self._chosen_rows()
        choices = self._shop.reasons(self._plan.action)
        if not rows or not choices:
            return
        reason = await self.app.push_screen_wait(
            ChoiceScreen(
                f"Reason for {rows[0].order_id if len(rows) == 1 else f'{len(rows):,} orders'}",
                [(c, c) for c in choices],
            )
        )
        if reason is not None:
            self._reasons.update(dict.fromkeys((row.order_id for row in rows), reason))
            await self._plan_again()

    @work(exclusive=True, group="preview")
    async def action_amounts(self) -> None:
        """Change what goes back for the order under the cursor."""
        rows = self._chosen_rows()
        if self._plan.action is not Action.REFUND or len(rows) != 1:
            self.notify("put the cursor on one order that is in")
            return
        order = self._shop.order(rows[0].order_id)
        if order is None:
            return
        lines = await ask_amounts(self.app, order, self._shop.refundable(order))
        if lines is not None:
            self._refunds[order.row.order_id] = lines
            await self._plan_again()

    async def _plan_again(self) -> None:
        try:
            plans = await asyncio.to_thread(
                self._shop.plan,
                self._plan.action,
                self._ids,
                reasons=self._reasons,
                refunds=self._refunds,
                shipping=self._shipping,
            )
        except KNOWN as error:
            self.notify(sentence(error), severity="error", timeout=10)
            return
        self._plan = plans[0]
        self._show()

    @work(exclusive=True, group="preview")
    async def action_save(self) -> None:
        """Write the plan as a file that `ordertui commit` takes."""
        answer = await self.app.push_screen_wait(
            FormScreen("Save the plan", [("path", "File", str(self._shop.folder / f"plan-{self._plan.id}.json"))])
        )
        if answer is None or not answer["path"].strip():
            return
        path = Path(answer["path"].strip()).expanduser()
        try:
            self._shop.save_plan([self._plan], path)
        except KNOWN as error:
            self.notify(sentence(error), severity="error")
            return
        self.notify(f"saved: {path}")

    @work(exclusive=True, group="preview")
    async def action_commit(self) -> None:
        """Put the plan into the hold."""
        plan = self._plan
        if not plan.rows:
            self.notify("no order is in: there is nothing to commit")
            return
        typed = None
        if plan.typed_count is not None:
            answer = await self.app.push_screen_wait(
                FormScreen(
                    f"Type how many orders: {plan.typed_count}",
                    [("count", "Number of orders", "")],
                    f"{texts.ACTION_WORD[plan.action].capitalize()} {plan.typed_count:,} orders in {plan.marketplace}.",
                )
            )
            if answer is None:
                return
            typed = answer["count"]
        try:
            batch = await asyncio.to_thread(self._shop.commit, plan, typed=typed)
        except (PlanChanged, PlanExpired) as error:
            again = await self.app.push_screen_wait(
                ConfirmScreen(
                    "It changed since the preview. Make the preview again?", {"p": "preview again"}, sentence(error)
                )
            )
            if again:
                await self._plan_again()
            return
        except KNOWN as error:
            self.notify(sentence(error), severity="error", timeout=10)
            return
        self.dismiss(batch)


def _by_reason(plan: Plan) -> dict[str, list[PlanRow]]:
    """Rows by what their group is called."""
    groups: dict[str, list[PlanRow]] = {}
    for row in plan.rows:
        word = row.reason or texts.ACTION_WORD[plan.action]
        if plan.action is Action.CANCEL:
            word += "  counts" if row.counts else "  does not count"
        groups.setdefault(word, []).append(row)
    return groups


def _by_why(plan: Plan) -> dict[tuple[str, str, str], list[PlanOut]]:
    groups: dict[tuple[str, str, str], list[PlanOut]] = {}
    for out in plan.out:
        groups.setdefault((out.rule, out.why, out.instead), []).append(out)
    return groups


def _in_line(row: PlanRow) -> Text:
    """One order that is in."""
    money = (
        f"{row.currency} {grouped(row.total, row.currency)}"
        if row.total is not None and row.currency
        else "price unknown"
    )
    pieces: list[str | tuple[str, str]] = [f"{row.order_id}  {money:>14}  ", (row.rule, "dim")]
    if row.tracking:
        pieces.append(f"  {row.carrier} {row.tracking} {row.ship_date}")
    if row.note:
        pieces.append((f"  {row.note}", "italic"))
    return Text.assemble(*pieces)
