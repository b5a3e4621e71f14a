"""The key that opens the rate in full."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from ordertui.operations.session import Session
from ordertui.orders.order import OrderRow
from ordertui.tui.main.selection_summary import SelectionSummarizer
from ordertui.tui.task_runner import Task, TaskMixin
from ordertui.tui.widgets.order_table import OrderTable


class Rating(TaskMixin):
    """What the main screen shows of the rate beside the panel."""

    session: Session
    panel: SelectionSummarizer

    if TYPE_CHECKING:

        @property
        def table(self) -> OrderTable: ...
        def detail_of(self, row: OrderRow, *, full: bool) -> Content: ...

    def action_rate(self) -> None:
        """The rate in full, with and without the marked orders."""
        if self.session.orders.marketplaces():
            self.start(self._rate)
        else:
            self.notify("no orders yet: there is no rate; i brings in reports")

    async def _rate(self, task: Task) -> None:
        from .rate import RateScreen  # when it is opened

        marks = self.table.marks
        ids = marks.ids() if marks else ()
        await task.ask(
            RateScreen(self.session, self.keys, ids, self.panel.market(self.table.cursor_row), self._describe)
        )

    def _describe(self, order_id: str) -> Content:
        order = self.session.orders.get(order_id)
        return Content("") if order is None else self.detail_of(order.row, full=True)
