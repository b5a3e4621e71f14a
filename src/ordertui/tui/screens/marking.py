"""The keys that mark by something other than the row under the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ordertui.operations.query.marks import Marks
from ordertui.operations.session import Session
from ordertui.orders.clock import to_local
from ordertui.orders.enums import BuyerRequest, OrderStatus
from ordertui.orders.order import OrderRow
from ordertui.tui.task_runner import Task, TaskMixin
from ordertui.tui.view_request import Request
from ordertui.tui.widgets.order_table import OrderTable


class Marking(TaskMixin):
    """How the main screen marks sets."""

    session: Session
    request: Request
    last_set: bytes

    if TYPE_CHECKING:

        @property
        def table(self) -> OrderTable: ...
        async def ask_filter(self, task: Task, title: str, note: str) -> str | None: ...
        async def look_up(self, task: Task, text: str, queue: str = "all") -> Marks | None: ...

    def action_mark_query(self, mark: bool) -> None:
        """Mark, or unmark, what a filter finds, without changing what is shown."""
        self.start(lambda task: self._mark_query(task, mark))

    async def _mark_query(self, task: Task, mark: bool) -> None:
        word = "Mark" if mark else "Unmark"
        text = await self.ask_filter(task, f"{word} by a filter", "Of all orders, shown or not.")
        if text is not None:
            await self._change(task, text, "all", mark=mark)

    def action_mark_same(self) -> None:
        """Mark what shares a value with the order under the cursor, of what is shown."""
        row = self.table.cursor_row
        if row is not None:
            self.start(lambda task: self._mark_same(task, row))

    async def _mark_same(self, task: Task, row: OrderRow) -> None:
        from .dialogs import ChoiceScreen

        choices = []
        for text, words in same_values(row, self.session.orders.zone):
            count = await task.work(self.session.orders.count, self._within(text), self.request.queue)
            choices.append((text, f"{words}   {count:,} shown"))
        chosen = await task.ask(ChoiceScreen("Mark, of the orders shown, those with the same", choices))
        if chosen is not None:
            await self._change(task, self._within(chosen), self.request.queue, mark=True)

    def _within(self, text: str) -> str:
        return f"({self.request.filter}) {text}" if self.request.filter.strip() else text

    async def _change(self, task: Task, text: str, queue: str, *, mark: bool) -> None:
        found = await self.look_up(task, text, queue)
        if found is None:
            return
        changed = self.table.marks.add(found) if mark else self.table.marks.remove(found)
        self.table.marks_changed()
        self.notify(f"{changed:,} {'marked' if mark else 'unmarked'}; z takes that back")

    def keep_set(self) -> None:
        """Remember the marked set for `last_set`."""
        if self.table.marks:
            self.last_set = self.table.marks.snapshot()

    def action_clear_marks(self) -> None:
        """Remove every mark; z brings them back, and so does L later."""
        self.keep_set()
        count = self.table.marks.clear()
        if count:
            self.table.marks_changed()
            self.notify(f"{count:,} unmarked; z brings them back")

    def action_last_set(self) -> None:
        """Mark the last set again."""
        if not self.last_set:
            self.notify("no set was cleared or committed yet")
        elif self.table.marks.restore(self.last_set):
            self.table.marks_changed()
            self.notify(f"{self.table.marks.count:,} marked; z takes that back")
        else:
            self.notify("these are marked already")


def same_values(row: OrderRow, zone: str) -> list[tuple[str, str]]:
    """Filter and words for each value of the row that others may share; unknown ones are left out. Days are of `zone`."""
    found: list[tuple[str, str]] = []
    if row.sku:
        escaped = row.sku.replace("\\", "\\\\").replace('"', '\\"')
        found.append((f'sku:"{escaped}"', f"SKU            {row.sku}"))
    if row.buyer_request is not BuyerRequest.UNKNOWN:
        found.append((f"request:{row.buyer_request.value}", f"buyer asked    {row.buyer_request.value}"))
    if row.ship_by is not None:
        day = to_local(row.ship_by, zone).date().isoformat()
        found.append((f"ship-by:{day}", f"ship-by day    {day}"))
    if row.purchased_at is not None:
        day = to_local(row.purchased_at, zone).date().isoformat()
        found.append((f"placed:{day}", f"day placed     {day}"))
    if row.status is not OrderStatus.UNKNOWN:
        found.append((f"status:{row.status.value}", f"status         {row.status.value.replace('_', ' ')}"))
    found.append((f"marketplace:{row.marketplace}", f"marketplace    {row.marketplace}"))
    return found
