"""Read processing reports: ask which batch one is about where its content cannot tell, and for evidence by name."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from ordertui.messages import _, translate
from ordertui.operations.errors import BatchNeeded, EvidenceAgainst
from ordertui.operations.results.evaluation import ResultSummary
from ordertui.operations.session import Session
from ordertui.tui.render.format import action_word, format_time, format_zone, orders_text
from ordertui.tui.screens.task_runner import Task

from .dialogs import ChoiceScreen, FormScreen, filled


async def read_processing_reports(
    session: Session, task: Task, paths: Sequence[Path], batch_id: int | None = None
) -> Sequence[ResultSummary]:
    """Take these reports in, with the checks of `ordertui results`; return nothing when the user leaves a question.

    `batch_id`: the batch they are about; None: their content says it, else the user is asked. Raises as
    `ResultReconciler.take_in` does.
    """
    try:
        return await _take_in(session, task, paths, batch_id)
    except BatchNeeded as error:
        if batch_id is not None or not error.batches:
            raise
        chosen = await task.ask(
            ChoiceScreen(
                _("Which batch is this report about?"), _choices(session, error.batches), translate(error.problem)
            )
        )
        return () if chosen is None else await _take_in(session, task, paths, int(chosen))


async def _take_in(
    session: Session, task: Task, paths: Sequence[Path], batch_id: int | None
) -> Sequence[ResultSummary]:
    take_in = partial(session.results.take_in, paths, batch_id)
    try:
        return await task.work(take_in)
    except EvidenceAgainst as error:
        named = await ask_evidence(task, _("Another batch has this answer"), error)
        return () if named is None else await task.work(take_in, named)


async def ask_evidence(task: Task, title: str, error: EvidenceAgainst) -> list[str] | None:
    """Ask for the names of the evidence that says otherwise; None when the operator leaves."""
    names = _("Type {names}", names=", ".join(error.names))
    check = filled("names", _("type what is named, or press Esc to leave everything as it is"))
    form = FormScreen(title, [("names", names, "")], translate(str(error)), check=check)
    named = await task.ask(form, discard_typeahead=True)
    return None if named is None else named["names"].replace(",", " ").split()


def _choices(session: Session, batches: Sequence[int]) -> list[tuple[str, str]]:
    zone = session.orders.zone
    found = []
    for batch in (session.batches.get(number) for number in batches):
        left = _(
            "file written {sent_at} {value}",
            sent_at=format_time(batch.sent_at, zone),
            value=format_zone(batch.sent_at or batch.created_at, zone),
        )
        orders = orders_text(len(batch.rows))
        text = f"{batch.id:>4}  {action_word(batch.action)} {batch.marketplace}  {orders}  {left}"
        found.append((str(batch.id), text))
    return found
