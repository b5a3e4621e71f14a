"""What the operator states about orders that Amazon left unclear: the questions, and the record of the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from msgspec.structs import replace
from textual.screen import Screen

from ordertui.messages import N_, _, translate
from ordertui.operations.batches.batch import Batch
from ordertui.operations.batches.settle import OperatorStatement, check_reason
from ordertui.operations.errors import BadInput, EvidenceAgainst
from ordertui.operations.session import Session
from ordertui.orders.batch_state import RowState
from ordertui.orders.enums import Action
from ordertui.store import JournalRow
from ordertui.tui.render.format import orders_text
from ordertui.tui.screens.task_runner import Task

from .dialogs import ConfirmScreen, FormScreen
from .processing_reports import ask_evidence

Given = TypeVar("Given")
TRIED_TWICE = {
    Action.CANCEL: N_("cancel it, the same would be asked of it twice"),
    Action.REFUND: N_("refund it, it would then be refunded twice"),
    Action.CONFIRM: N_("take the shipment, it would then be confirmed twice"),
}
"""What comes of a row that was done and is recorded as not done."""


def reason_problem(name: str, values: Mapping[str, str]) -> Mapping[str, str]:
    """Return what is wrong with the operator's words in a field."""
    try:
        check_reason(values[name])
    except BadInput as error:
        return {name: translate(str(error))}
    return {}


def _statement_problem(count: str, values: Mapping[str, str]) -> Mapping[str, str]:
    """Return what is wrong with a statement on so many orders: its words, or the number that was typed."""
    wrong = reason_problem("why", values)
    if wrong or values["typed"].strip() == count:
        return wrong
    return {"typed": _("type {count}, the number of orders this is about", count=count)}


class OperatorStatements:
    """Asks for statements and records them. `changed` is called after each, to read the batches again."""

    def __init__(self, screen: Screen[Given], session: Session, changed: Callable[[], None]) -> None:
        self._screen = screen
        self._session = session
        self._changed = changed

    async def resolve(self, task: Task, batch: Batch, row: JournalRow) -> None:
        """Record what became of a row whose outcome is unclear."""
        warning = _(
            "Not done lets it be tried again: if Amazon did {tried_twice}.", tried_twice=TRIED_TWICE[batch.action]
        )
        question = ConfirmScreen(
            _("What became of {order_id}?", order_id=row.order_id),
            {"d": _("it was done"), "k": _("it was not done")},
            warning,
        )
        answer = await task.ask(question, discard_typeahead=True)
        if not answer:
            return
        title = (
            _("{order_id}: it was done", order_id=row.order_id)
            if answer == "d"
            else _("{order_id}: it was not done", order_id=row.order_id)
        )
        recorded = _("{order_id} resolved by hand; the audit keeps it", order_id=row.order_id)
        await self._record(task, batch, [row.order_id], title, recorded, is_done=answer == "d")

    async def give_up(self, task: Task, batch: Batch) -> None:
        """Give up a batch whose files were never all written, so that its orders may be planned again."""
        orders = batch.orders_in(RowState.WRITTEN)
        many = orders_text(len(orders))
        question = ConfirmScreen(
            _("Give up batch {batch}, whose files are not all written?", batch=batch.id),
            {"g": _("{orders} were not done", orders=many)},
            _(
                "Look in Seller Central first: if its file was uploaded all the same, a retry acts twice. Nothing of"
                " it is written any more; t tries its orders again."
            ),
            no=_("Enter, Esc: the next dispatch goes on writing it"),
        )
        if await task.ask(question, discard_typeahead=True):
            title = _("Batch {batch}: {orders} were not done", batch=batch.id, orders=many)
            given_up = _("batch {batch} is given up; t tries its orders again", batch=batch.id)
            await self._record(task, batch, orders, title, given_up, is_done=False)

    async def _record(
        self, task: Task, batch: Batch, order_ids: Sequence[str], title: str, recorded: str, *, is_done: bool
    ) -> None:
        """Ask for the reason and the number of orders, and for the evidence against it; record and say it."""
        fields = [
            ("why", _("What you looked at"), ""),
            ("typed", _("Type {count} to confirm", count=len(order_ids)), ""),
        ]
        note = _("The audit keeps it as your statement.")
        check = partial(_statement_problem, str(len(order_ids)))
        form = FormScreen(title, fields, note, done=_("record it"), check=check)
        why = await task.ask(form, discard_typeahead=True)
        if why is None:
            return
        statement = OperatorStatement(is_done, why["why"], why["typed"])
        record, rows = partial(self._session.batches.record, batch.id, order_ids), len(batch.rows)
        try:
            try:
                await task.change(title, rows, partial(record, statement))
            except EvidenceAgainst as error:
                named = await ask_evidence(task, _("Evidence says otherwise"), error)
                if named is None:
                    return
                await task.change(title, rows, partial(record, replace(statement, against=tuple(named))))
            self._screen.notify(recorded)
        finally:
            self._changed()
