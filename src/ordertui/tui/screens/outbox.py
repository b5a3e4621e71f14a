"""The outbox: what is held and until when, what left, where to upload it, and what Amazon said of each row."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from ordertui.operations.batches.batch import Batch, BatchRow
from ordertui.operations.batches.open_issues import OpenIssue
from ordertui.operations.errors import EvidenceAgainst
from ordertui.operations.session import Session
from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.text import pluralize
from ordertui.tui.clipboard import copy
from ordertui.tui.key_queue import KeyQueue
from ordertui.tui.render.batch import errors_first, render_batch, render_batch_line, render_row
from ordertui.tui.screens.task_runner import Task, TaskRunner
from ordertui.tui.widgets.option_list import SafeOptionList

from .base import Dialog
from .dialogs import ConfirmScreen, FormScreen

ROWS = 2_000
"""Rows listed of a batch; refused ones come first."""


class OutboxScreen(Dialog[None]):
    """The batches, newest first, and the rows of the one under the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,o", "leave", "close", show=False),
        Binding("u", "undo", "take back", show=False),
        Binding("r", "release", "release now", show=False),
        Binding("U", "uploaded", "it was uploaded", show=False),
        Binding("y", "copy", "copy path", show=False),
        Binding("t", "retry", "try failed again", show=False),
        Binding("s", "settle", "settle", show=False),
        Binding("tab,shift+tab", "other_list", "rows", show=False, priority=True),
    ]

    def __init__(self, session: Session, keys: KeyQueue) -> None:
        hint = "Tab batches, rows   u take back   r release now   U uploaded   t try failed rows again   s settle"
        super().__init__("Outbox", f"{hint}   y copy path   Esc close", is_tall=True)
        self._tasks = TaskRunner(self, keys)
        self._session = session
        self._batches: list[Batch] = []
        self._rows: tuple[BatchRow, ...] = ()
        self._questions: list[OpenIssue] = []
        self._version = -1

    def _compose_body(self) -> ComposeResult:
        yield SafeOptionList(id="batches")
        yield Static(id="batch-head")
        yield SafeOptionList(id="batch-rows")

    def on_mount(self) -> None:
        """Show the batches, and count down until they leave."""
        self._read()
        self._list("batches").focus()
        self.set_interval(1.0, self._count_down)

    def _list(self, name: str) -> OptionList:
        return self.query_one(f"#{name}", OptionList)

    @property
    def _in_rows(self) -> bool:
        return self.focused is self._list("batch-rows")

    def _read(self) -> None:
        self._version = self._session.data_version()
        self._batches = self._session.batches.find()
        self._questions = self._session.batches.open_issues()
        options = self._list("batches")
        keep = options.highlighted or 0
        options.clear_options()
        now = self._session.clock.now()
        options.add_options(Option(render_batch_line(batch, now), id=str(batch.id)) for batch in self._batches)
        if self._batches:
            options.highlighted = min(keep, len(self._batches) - 1)
        else:
            self.query_one("#batch-head", Static).update(
                "\n Nothing was committed yet. x, r and c on the main screen open a preview; y there commits."
            )
        self._show_batch()

    def _count_down(self) -> None:
        if self._session.data_version() != self._version:
            self._read()
            return
        now = self._session.clock.now()
        for batch in self._batches:
            if batch.state is BatchState.HELD or batch.next_at is not None:
                self._list("batches").replace_option_prompt(str(batch.id), render_batch_line(batch, now))

    @property
    def _batch(self) -> Batch | None:
        place = self._list("batches").highlighted
        return self._batches[place] if place is not None and place < len(self._batches) else None

    @property
    def _row(self) -> BatchRow | None:
        place = self._list("batch-rows").highlighted
        return self._rows[place] if place is not None and place < len(self._rows) else None

    @on(OptionList.OptionHighlighted, "#batches")
    def _show_batch(self) -> None:
        batch = self._batch
        if batch is None:
            return
        self.query_one("#batch-head", Static).update(
            render_batch(batch, self._session.orders.zone, [one for one in self._questions if one.batch == batch.id])
        )
        rows = errors_first(batch)
        if rows == self._rows and self._list("batch-rows").option_count:
            return
        self._rows = rows
        options = self._list("batch-rows")
        keep = options.highlighted or 0
        options.clear_options()
        options.add_options(Option(render_row(row)) for row in rows[:ROWS])
        if len(rows) > ROWS:
            options.add_option(
                Option(Content(f"and {len(rows) - ROWS:,} more: `ordertui outbox` lists all"), disabled=True)
            )
        options.highlighted = min(keep, len(rows) - 1) if rows else None

    def action_other_list(self) -> None:
        """Move the focus from batches to rows, or back."""
        self._list("batches" if self._in_rows else "batch-rows").focus()

    def action_copy(self) -> None:
        """Copy the path of the file to upload."""
        batch = self._batch
        path = next((name for name in batch.files if name.endswith(".txt")), "") if batch else ""
        self.notify(copy(self.app, path, path) if path else "no file was written for this batch yet")

    def action_undo(self) -> None:
        """Take back the held batch or, in its list, the row under the cursor."""
        batch = self._batch
        if batch is None or batch.state is not BatchState.HELD:
            self.notify("only what is held can be taken back")
            return
        row = self._row if self._in_rows else None
        if row is not None and row.state is not RowState.HELD:
            self.notify(f"{row.order_id} is not held: {row.state.value}")
            return
        self._tasks.start(lambda task: self._undo(task, batch, row))

    async def _undo(self, task: Task, batch: Batch, row: BatchRow | None) -> None:
        held = sum(one.state is RowState.HELD for one in batch.rows)
        answers = {"o": f"only {row.order_id}"} if row is not None else {"b": f"all {pluralize(held)}"}
        whom = f"{row.order_id} out of batch {batch.id}" if row is not None else f"batch {batch.id}"
        if await task.ask(ConfirmScreen(f"Take {whom} back?", answers), discard_typeahead=True):
            try:
                count = await task.work(self._session.batches.recall, row.order_id if row is not None else batch.id)
                self.notify(f"{pluralize(count)} taken back; nothing was sent for them")
            finally:
                self._read()

    def action_uploaded(self) -> None:
        """Record that the file of the batch was uploaded."""
        batch = self._batch
        if batch is None or batch.state is not BatchState.WRITTEN:
            self.notify("only a batch that is written, and not known to be uploaded, waits for that")
        else:
            self._tasks.start(lambda task: self._mark_uploaded(task, batch))

    async def _mark_uploaded(self, task: Task, batch: Batch) -> None:
        question = ConfirmScreen(
            f"Was the file of batch {batch.id} uploaded?",
            {"y": "yes, Amazon took the file"},
            "Kept in the audit as your word. Nothing is sent by this.",
        )
        if await task.ask(question, discard_typeahead=True):
            try:
                await task.work(self._session.batches.mark_uploaded, batch.id)
                self.notify(f"batch {batch.id}: uploaded, by your word; import Amazon's processing report next (i)")
            finally:
                self._read()

    def action_retry(self) -> None:
        """Preview the rows that Amazon refused, and only those, to send them again."""
        batch = self._batch
        if batch is None or not any(row.state is RowState.ERROR for row in batch.rows):
            self.notify("Amazon refused no row of this batch")
        else:
            self._tasks.start(lambda task: self._retry(task, batch))

    async def _retry(self, task: Task, batch: Batch) -> None:
        from .preview import PreviewOptions, PreviewScreen  # when it is opened

        for plan in await task.work(self._session.batches.retry, batch.id):
            options = PreviewOptions(f"of a retry of batch {batch.id}", fixed=True)
            again = PreviewScreen(self._session, self._tasks.keys, plan, options)
            made = await task.ask(again, discard_typeahead=True)
            if made is not None:
                self.notify(f"batch {made.id}: {len(made.rows):,} held; u takes them back")
        self._read()

    def action_settle(self) -> None:
        """Record what became of the row under the cursor, whose outcome is unknown."""
        batch, row = self._batch, self._row
        if batch is None or row is None or row.state is not RowState.UNKNOWN:
            self.notify("put the cursor on a row whose outcome is unknown (Tab)")
        else:
            self._tasks.start(lambda task: self._settle(task, batch, row))

    async def _settle(self, task: Task, batch: Batch, row: BatchRow) -> None:
        warning = "Not done lets it be tried again: if Amazon did refund it, it would then be refunded twice."
        question = ConfirmScreen(
            f"What became of {row.order_id}?", {"d": "it was done", "k": "it was not done"}, warning
        )
        answer = await task.ask(question, discard_typeahead=True)
        if not answer:
            return
        why = await task.ask(
            FormScreen(
                f"{row.order_id} was {'done' if answer == 'd' else 'not done'}",
                [("why", "What you looked at", ""), ("typed", "Type 1 to confirm", "")],
                "Kept in the audit as your word.",
            ),
            discard_typeahead=True,
        )
        if why is not None:
            settle = partial(
                self._session.batches.settle,
                batch.id,
                [row.order_id],
                done=answer == "d",
                why=why["why"],
                typed=why["typed"],
            )
            try:
                try:
                    await task.work(settle)
                except EvidenceAgainst as error:
                    names = ", ".join(error.names)
                    form = FormScreen("Evidence says otherwise", [("names", f"Type {names}", "")], str(error))
                    named = await task.ask(form, discard_typeahead=True)
                    if named is None:
                        return
                    await task.work(settle, against=named["names"].replace(",", " ").split())
                self.notify(f"{row.order_id} settled by your word; the audit keeps it")
            finally:
                self._read()

    def action_release(self) -> None:
        """End the hold now."""
        batch = self._batch
        if batch is None or batch.state is not BatchState.HELD:
            self.notify("only a held batch can be released")
        else:
            self._tasks.start(lambda task: self._release(task, batch))

    async def _release(self, task: Task, batch: Batch) -> None:
        title = f"Release batch {batch.id} now?"
        if batch.by_api:
            warning = "It goes to Amazon by the API as soon as it may; then it cannot be taken back."
            question = ConfirmScreen(title, {"w": "let it go to Amazon"}, warning)
        else:
            warning = (
                "Its files are written at once; it cannot be taken back then. "
                "Nothing reaches Amazon before you upload a file."
            )
            question = ConfirmScreen(title, {"w": "write its files now"}, warning)
        if await task.ask(question, discard_typeahead=True):
            try:
                await task.work(self._session.batches.release, batch.id)
                await task.work(self._session.dispatcher.run)
            finally:
                self._read()
