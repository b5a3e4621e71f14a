"""What the keys of the outbox do with a batch: each asks what must be asked, acts, and says what is so now."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from textual.content import Content
from textual.screen import Screen

from ordertui.messages import _, join_texts, ngettext, translate
from ordertui.operations.batches.batch import Batch
from ordertui.operations.session import Session
from ordertui.orders.batch_state import LEFT_BATCHES, NOT_LEFT, BatchState, RowState
from ordertui.orders.people import Permission
from ordertui.orders.text import mask_control_characters
from ordertui.store import JournalRow
from ordertui.tui.clipboard import copy
from ordertui.tui.render.batch import approved_text, committed_text, others_note, outlook_text
from ordertui.tui.render.format import action_word, orders_text
from ordertui.tui.render.import_summary import result_lines
from ordertui.tui.render.state import BATCH_LOOKS, ROW_LOOKS
from ordertui.tui.screens.task_runner import Task, TaskRunner

from .dialogs import ConfirmScreen, FormScreen, TextScreen
from .operator_statements import OperatorStatements, reason_problem
from .processing_reports import read_processing_reports

Given = TypeVar("Given")


def marking(batch: Batch) -> str:
    """Return the title of the bar while the rows of a batch are marked."""
    return _("Marking {orders}", orders=orders_text(len(batch.rows)))


class BatchActions:
    """Acts on batches for a screen. `changed` is called after each act, to read the batches again."""

    def __init__(self, screen: Screen[Given], session: Session, tasks: TaskRunner, changed: Callable[[], None]) -> None:
        self._screen = screen
        self._session = session
        self._tasks = tasks
        self._changed = changed
        self._statements = OperatorStatements(screen, session, changed)

    def _say(self, text: str) -> None:
        self._screen.notify(text)

    def _may(self, permission: Permission) -> bool:
        """Return whether who is at work may do something; say so, before anything is asked, when it is not so."""
        refusal = self._session.context.refusal(permission)
        if refusal:
            self._screen.notify(translate(refusal), severity="warning")
        return not refusal

    # Held

    def undo(self, batch: Batch, row: JournalRow | None) -> None:
        """Undo a held batch or, with a row, that one of its orders too."""
        if batch.state not in NOT_LEFT:
            self._say(_("only a held batch can be undone"))
        elif row is not None and row.state is not RowState.HELD:
            self._say(_("{order_id} is not held: {state}", order_id=row.order_id, state=_(ROW_LOOKS[row.state].count)))
        elif self._may(Permission.RECALL):
            self._tasks.start(lambda task: self._undo(task, batch, row))

    async def _undo(self, task: Task, batch: Batch, row: JournalRow | None) -> None:
        held = batch.count(RowState.HELD)
        answers = (
            {"o": _("only {order_id}", order_id=row.order_id)}
            if row is not None
            else {"b": _("all {orders}", orders=orders_text(held))}
        )
        whom = (
            _("{order_id} of batch {batch}", order_id=row.order_id, batch=batch.id)
            if row is not None
            else _("batch {batch}", batch=batch.id)
        )
        note = others_note(batch, self._session.context.person.name)
        if await task.ask(ConfirmScreen(_("Undo {whom}?", whom=whom), answers, note), discard_typeahead=True):
            try:
                whom = _("Undoing {orders}", orders=orders_text(1 if row is not None else held))
                undo = partial(self._session.batches.recall, row.order_id if row is not None else batch.id)
                count = await task.change(whom, len(batch.rows), undo)
                self._say(_("{orders} undone; nothing was sent to Amazon", orders=orders_text(count)))
            finally:
                self._changed()

    def release(self, batch: Batch) -> None:
        """End the hold of a batch now."""
        if batch.state is not BatchState.HELD:
            self._say(_("only a held batch can be released"))
        elif self._may(Permission.DISPATCH):
            self._tasks.start(lambda task: self._release(task, [batch]))

    def release_all(self, batches: Sequence[Batch]) -> None:
        """End the hold of these batches now, of all or of none."""
        if not batches:
            self._say(_("no batch is held"))
        elif self._may(Permission.DISPATCH):
            self._tasks.start(lambda task: self._release(task, batches))

    async def _release(self, task: Task, batches: Sequence[Batch]) -> None:
        held_orders = sum(batch.count(RowState.HELD) for batch in batches)
        orders = orders_text(held_orders)
        names = ", ".join(str(batch.id) for batch in batches)
        title = (
            _("Release batch {names} now?", names=names)
            if len(batches) == 1
            else _("Release all {batches} held batches now?", batches=len(batches))
        )
        if batches[0].by_api:
            answer = {"w": _("send to Amazon")}
            warning = ngettext(
                "{n:,} order is sent to Amazon by the API as soon as possible, and cannot be undone then.",
                "{n:,} orders are sent to Amazon by the API as soon as possible, and cannot be undone then.",
                held_orders,
            )
        else:
            answer = {"w": _("write the files now") if len(batches) > 1 else _("write its files now")}
            warning = ngettext(
                "{n:,} order is written to a file at once, and cannot be undone then. Amazon gets nothing before you"
                " upload it.",
                "{n:,} orders are written to a file at once, and cannot be undone then. Amazon gets nothing before you"
                " upload it.",
                held_orders,
            )
        which = _("Batches {names}: ", names=names) if len(batches) > 1 else ""
        if await task.ask(ConfirmScreen(title, answer, f"{which}{warning}"), discard_typeahead=True):
            try:
                notes: list[str] = []
                count, ids = sum(len(batch.rows) for batch in batches), [batch.id for batch in batches]
                keys = _("Esc stop; what has not left stays held")
                with task.progress(_("Releasing {orders}", orders=orders), keys, count) as bar:
                    release = partial(self._session.dispatcher.release, ids, lambda: bar.stopping, notes.append)
                    left = [batch.id for batch in await task.work(release)]
                kept = len(set(ids).difference(left))
                if bar.stopping and kept:
                    held = ngettext("{n:,} batch", "{n:,} batches", kept)
                    gone = ngettext("{n:,} batch", "{n:,} batches", len(ids) - kept)
                    self._say(_("stopped: {gone} left, {held} held as before", gone=gone, held=held))
                if notes:
                    self._say("\n".join(map(translate, notes)))
            finally:
                self._changed()

    # Approval

    def decide(self, batch: Batch, *, is_approved: bool) -> None:
        """Approve or reject a batch that waits for it; ask for a word."""
        if batch.state is not BatchState.AWAITING:
            self._say(_("batch {batch} does not wait for approval", batch=batch.id))
        elif self._may(Permission.APPROVE):
            self._tasks.start(lambda task: self._decide(task, batch, is_approved=is_approved))

    async def _decide(self, task: Task, batch: Batch, *, is_approved: bool) -> None:
        facts = {
            "batch": batch.id,
            "action": action_word(batch.action),
            "orders": orders_text(batch.count(RowState.HELD)),
            "who": mask_control_characters(batch.author) or "?",
            "why": join_texts(map(translate, batch.approval.why), "; ") if batch.approval is not None else "",
        }
        if is_approved:
            title = _("Approve batch {batch}: {action} {orders}", **facts)
            note = _("{why}. Committed by {who}. Its hold begins then; the audit keeps your word.", **facts)
        else:
            title = _("Reject batch {batch}: {action} {orders}", **facts)
            note = _("{why}. Committed by {who}, who sees your reason. It is undone then; the audit keeps it.", **facts)
        if is_approved:  # nobody is asked about a batch of their own: that is refused here
            checking = _("Checking {orders}", orders=facts["orders"])
            outlook = partial(self._session.approvals.outlook, batch.id)
            note += f"\n\n{outlook_text(await task.change(checking, len(batch.rows), outlook))}"
        else:
            await task.work(self._session.approvals.check, batch.id)
        label, done = (_("What you looked at"), _("approve")) if is_approved else (_("Why not"), _("reject"))
        form = FormScreen(title, [("word", label, "")], note, done=done, check=partial(reason_problem, "word"))
        given = await task.ask(form, discard_typeahead=True)
        if given is None:
            return
        approvals = self._session.approvals
        try:
            if not is_approved:
                title = _("Undoing {orders}", orders=facts["orders"])
                reject = partial(approvals.reject, batch.id, given["word"])
                count = await task.change(title, len(batch.rows), reject)
                self._say(
                    _(
                        "batch {batch} rejected: {orders} undone; nothing was sent to Amazon",
                        batch=batch.id,
                        orders=orders_text(count),
                    )
                )
                return
            title = _("Checking {orders}", orders=facts["orders"])
            approve = partial(approvals.approve, batch.id, given["word"])
            found = await task.change(title, len(batch.rows), approve)
            self._say(approved_text(found, self._session.orders.zone))
        finally:
            self._changed()

    # The file

    def copy_path(self, batch: Batch) -> None:
        """Copy the path of the file to upload."""
        path = batch.upload_file
        if batch.withheld:
            self._say(translate(batch.withheld))
            return
        where = _("{path} on {machine}", path=path, machine=batch.machine) if batch.machine else path
        self._say(copy(self._screen.app, path, where) if path else _("no file is written for this batch yet"))

    def mark_uploaded(self, batch: Batch) -> None:
        """Mark the file of a written batch as uploaded; ask before that is undone of an uploaded one."""
        if batch.withheld and not batch.count(RowState.WRITTEN):
            self._say(translate(batch.withheld))
        elif batch.state is BatchState.WRITTEN and not batch.is_writing:
            if self._may(Permission.DISPATCH):
                self._tasks.start(lambda task: self._mark_uploaded(task, batch))
        elif batch.state is BatchState.UPLOADED:
            if self._may(Permission.DISPATCH):
                self._tasks.start(lambda task: self._unmark_uploaded(task, batch))
        elif batch.state is BatchState.ANSWERED:
            self._say(_("Amazon answered this batch: its file was uploaded"))
        else:
            self._say(_("only a batch whose file is written can be marked as uploaded"))

    async def _mark_uploaded(self, task: Task, batch: Batch) -> None:
        confirmed = bool(batch.withheld)
        question = ConfirmScreen(
            _("Was the file of batch {batch} uploaded all the same?", batch=batch.id),
            {"u": _("it was uploaded")},
            translate(batch.withheld),
        )
        if confirmed and not await task.ask(question, discard_typeahead=True):
            return
        try:
            mark = partial(self._session.batches.mark_uploaded, batch.id, confirmed=confirmed)
            await task.change(marking(batch), len(batch.rows), lambda stop: mark(stop=stop))
            self._say(
                _("batch {batch} is marked as uploaded; U undoes that. Next: Amazon's report (i)", batch=batch.id)
            )
        finally:
            self._changed()

    async def _unmark_uploaded(self, task: Task, batch: Batch) -> None:
        question = ConfirmScreen(
            _("Was the file of batch {batch} not uploaded after all?", batch=batch.id),
            {"n": _("not uploaded: it still waits for its upload")},
            _("If Amazon did get the file, do not upload it a second time: Amazon would act twice."),
            no=_("Enter, Esc: leave it marked"),
        )
        if await task.ask(question, discard_typeahead=True):
            try:
                mark = self._session.batches.mark_uploaded
                await task.change(marking(batch), len(batch.rows), lambda stop: mark(batch.id, undo=True, stop=stop))
                self._say(_("batch {batch} is no longer marked as uploaded", batch=batch.id))
            finally:
                self._changed()

    # Amazon's answer

    def read_report(self, batch: Batch) -> None:
        """Read processing reports for this very batch."""
        if batch.state not in LEFT_BATCHES:
            self._say(
                _(
                    "batch {batch} is {state}: no report can be about it",
                    batch=batch.id,
                    state=_(BATCH_LOOKS[batch.state].count),
                )
            )
        elif self._may(Permission.IMPORT):
            self._tasks.start(lambda task: self._read_report(task, batch))

    async def _read_report(self, task: Task, batch: Batch) -> None:
        from .file_picker import PickerScreen  # when it is opened

        title = _("Processing report of batch {batch}", batch=batch.id)
        paths = await task.ask(PickerScreen(self._session, self._tasks.keys, title))
        if not paths:
            return
        try:
            found = await read_processing_reports(self._session, task, paths, batch.id)
        finally:
            self._changed()
        if found:
            await task.ask(
                TextScreen(
                    _("Amazon's answer to batch {batch}", batch=batch.id), Content.assemble(*result_lines(found))
                )
            )

    def retry(self, batch: Batch, describe: Callable[[str], Content], show: Callable[[int], None]) -> None:
        """Preview the rows that Amazon refused, and only those, to try them again; show the batch that comes of it."""
        if not batch.count(RowState.ERROR):
            self._say(_("Amazon refused no row of this batch"))
        elif self._may(Permission.COMMIT):
            self._tasks.start(lambda task: self._retry(task, batch, describe, show))

    async def _retry(
        self, task: Task, batch: Batch, describe: Callable[[str], Content], show: Callable[[int], None]
    ) -> None:
        from .preview import PreviewOptions, PreviewScreen  # when it is opened

        title = _("Checking {orders}", orders=orders_text(batch.count(RowState.ERROR)))
        plan_again = partial(self._session.batches.retry, batch.id)
        for plan in await task.change(title, len(batch.rows), plan_again):
            options = PreviewOptions(_("Retry of batch {batch}", batch=batch.id), choices=None, describe=describe)
            again = PreviewScreen(self._session, self._tasks.keys, plan, options)
            answer = await task.ask(again, discard_typeahead=True)
            made = answer.batch if answer is not None else None
            if made is not None:
                self._say(committed_text(made))
                self._changed()
                show(made.id)  # the keys that the message names act on the batch under the cursor
        self._changed()

    def resolve(self, batch: Batch, row: JournalRow) -> None:
        """Record what became of a row whose outcome is unclear."""
        if self._may(Permission.SETTLE):
            self._tasks.start(lambda task: self._statements.resolve(task, batch, row))

    def give_up(self, batch: Batch) -> None:
        """Give up a batch whose files were never all written, so that its orders may be planned again."""
        if self._may(Permission.SETTLE):
            self._tasks.start(lambda task: self._statements.give_up(task, batch))
