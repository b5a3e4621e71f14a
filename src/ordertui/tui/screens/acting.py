"""The keys that act on orders: plan and preview, take back, the operator's facts, messages, marking by filter."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from textual import work
from textual.css.query import NoMatches

from ordertui.operations.batches.batch import Batch
from ordertui.operations.errors import USER_ERRORS
from ordertui.operations.session import Session
from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.clock import to_local
from ordertui.orders.enums import Action, BuyerRequest, Dispatched
from ordertui.orders.text import pluralize
from ordertui.tui.task_runner import Task, TaskMixin
from ordertui.tui.widgets.order_table import OrderTable

Shipping = dict[str, tuple[str, str, str]]


class Acting(TaskMixin):
    """What the main screen does to orders."""

    session: Session

    if TYPE_CHECKING:

        @property
        def table(self) -> OrderTable: ...
        def refresh_all(self) -> None: ...
        def keep_set(self) -> None: ...

    def action_plan(self, name: str) -> None:
        """Preview an action on the marked orders, else on the one under the cursor."""
        action, ids = Action(name), self.table.acting_ids()
        if not ids:
            self.notify("there is no order here to act on")
            return
        self.start(lambda task: self._plan(task, action, ids))

    async def _plan(self, task: Task, action: Action, ids: array[int]) -> None:
        from ordertui.operations.planning.planner import PlanChoices

        from .preview import PreviewScreen  # when it is opened: the first orders are on the screen before that

        shipping: Shipping | None = {}
        if action is Action.CONFIRM:
            shipping = await self._ask_shipping(task, ids)
            if shipping is None:
                return
        plans = await task.work(self.session.planner.plan, action, ids, PlanChoices(shipping=shipping or {}))
        for number, plan in enumerate(plans, start=1):
            place = f"{number} of {len(plans)}" if len(plans) > 1 else ""
            preview = PreviewScreen(self.session, self.keys, plan, place, shipping=shipping or {})
            batch = await task.ask(preview, discard_typeahead=True)
            if batch is not None:
                self._committed(batch)

    def _committed(self, batch: Batch) -> None:
        orders = {row.order_id for row in batch.rows}
        ids = [
            row_id for row_id, row in self.session.orders.rows(self.table.marks.ids()).items() if row.order_id in orders
        ]
        self.keep_set()
        if self.table.marks.remove(ids):
            self.table.marks_changed()
        self.table.reload()
        self.refresh_all()
        due = to_local(batch.due_at, self.session.orders.zone).strftime("%H:%M")
        self.notify(f"batch {batch.id}: {pluralize(len(batch.rows))} held until {due}; u takes them back")

    async def _ask_shipping(self, task: Task, ids: Sequence[int]) -> Shipping | None:
        """Carrier, tracking and date for each order that may be confirmed; None when the operator leaves."""
        from .dialogs import FormScreen

        rows = [
            row for row in self.session.orders.rows(ids).values() if self.session.eligibility.verdicts(row)[2].allowed
        ]
        found: Shipping = {}
        carrier = ""
        day = to_local(self.session.clock.now(), self.session.orders.zone).date().isoformat()
        for number, row in enumerate(rows, start=1):
            answer = await task.ask(
                FormScreen(
                    f"Confirm the shipment of {row.order_id}  ({number} of {len(rows)})",
                    [("carrier", "Carrier", carrier), ("tracking", "Tracking number", ""), ("day", "Ship date", day)],
                    "Nothing is sent before the preview.",
                )
            )
            if answer is None:
                return None
            carrier, day = answer["carrier"].strip(), answer["day"].strip()
            found[row.order_id] = (carrier, answer["tracking"].strip(), day)
        return found

    def action_undo(self) -> None:
        """Take held orders back, after asking which."""
        self.start(self._undo)

    async def _undo(self, task: Task) -> None:
        from .dialogs import ConfirmScreen

        held = [batch for batch in self.session.batches.find(open_only=True) if batch.state is BatchState.HELD]
        if not held:
            self.notify("nothing is held; what has left cannot be taken back")
            return
        row = self.table.cursor_row
        here = row is not None and row.open_action is not None and row.open_action.state is RowState.HELD
        batch = held[0]
        answers = {}
        if row is not None and here:
            batch = next((b for b in held if any(r.order_id == row.order_id for r in b.rows)), batch)
            answers["o"] = f"only {row.order_id}"
        waiting = sum(r.state is RowState.HELD for r in batch.rows)
        if waiting > 1:
            answers["b"] = f"all {waiting:,} orders of batch {batch.id}"
        elif not answers:
            answers["b"] = f"batch {batch.id}, of 1 order"
        question = f"Take back from batch {batch.id} ({batch.action.value}, {batch.marketplace})?"
        answer = await task.ask(ConfirmScreen(question, answers), discard_typeahead=True)
        if not answer:
            return
        what: int | str = row.order_id if answer == "o" and row is not None else batch.id
        count = await task.work(self.session.batches.recall, what)
        self.notify(f"{pluralize(count)} taken back; nothing was sent for them")
        self.table.reload()
        self.refresh_all()

    @work(exclusive=True, group="send")
    async def send_due(self) -> None:
        """Write what is due into the outbox folder."""
        try:
            sent = await asyncio.to_thread(self.session.dispatcher.run)
        except USER_ERRORS as error:
            self.failed(error)
            return
        with suppress(NoMatches):  # the screen is being closed, piece by piece; what left is in the journal
            self.table.reload()
            self.refresh_all()
        for batch in sent:
            where = (
                "in the outbox folder; o says where to upload it"
                if batch.files
                else "at Amazon; o says where it stands"
            )
            self.notify(f"batch {batch.id} is {where}", timeout=15)

    def action_dispatched(self, value: str) -> None:
        """Say whether the parcels left."""
        ids = self.table.acting_ids()
        self._set_fact(ids, lambda: self.session.facts.set_dispatched(ids, Dispatched(value)))

    def action_asked(self) -> None:
        """Say that the buyers asked by message; when all are said to have asked, take that back."""
        ids = self.table.acting_ids()
        rows = self.session.orders.rows(ids).values()
        asked = not all(row.buyer_request in (BuyerRequest.MESSAGE, BuyerRequest.OFFICIAL) for row in rows)
        self._set_fact(ids, lambda: self.session.facts.set_asked(ids, asked))

    def _set_fact(self, ids: array[int], change: object) -> None:
        if not ids:
            return
        try:
            count = change()  # type: ignore[operator]
        except USER_ERRORS as error:
            self.failed(error)
            return
        self.notify(f"{pluralize(count)} changed" if count else "nothing changed: it was so already")
        self.table.reload(ids)
        self.refresh_all()

    def action_message(self) -> None:
        """The text for the buyer of the order under the cursor."""
        row = self.table.cursor_row
        if row is None:
            return
        try:
            text = self.session.messages.text(row.order_id)
        except USER_ERRORS as error:
            self.failed(error)
            return
        order = self.session.orders.get(row.order_id)
        if order is not None:
            from .buyer_message import MessageScreen  # when it is opened

            self.app.push_screen(MessageScreen(self.session, self.keys, order, text))
