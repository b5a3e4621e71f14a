"""The outbox: one line for each batch with what to do next, and on Enter the rows of a batch with Amazon's words."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option, OptionDoesNotExist

from ordertui.messages import N_, _
from ordertui.operations.batches.batch import Batch
from ordertui.operations.batches.open_issues import OpenIssue
from ordertui.operations.paths import short_path
from ordertui.operations.session import Session
from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.people import Permission
from ordertui.store import JournalRow
from ordertui.tui.key_queue import KeyQueue
from ordertui.tui.render.batch import errors_first, render_batch, render_row
from ordertui.tui.render.batch_list import (
    STATE_WIDTH,
    BatchContext,
    fit_state,
    next_steps,
    render_batch_columns,
    render_batch_line,
    render_outbox_head,
)
from ordertui.tui.render.format import GAP
from ordertui.tui.screens.task_runner import TaskRunner
from ordertui.tui.widgets.option_list import SafeOptionList

from .base import Dialog, ReadBelow, Title
from .batch_actions import BatchActions
from .dialogs import TextScreen
from .errors import call_every, errors_shown, shows_errors

ROWS = 2_000
"""Rows listed of a batch; refused ones come first."""
LINES_AT_ONCE = 5
"""Lines by which the text about a batch scrolls at a time."""
IN_ROWS = "-in-rows"
"""Class of the screen while it shows the rows of a batch."""
NOTHING_YET = N_("\n Nothing was committed yet. x, r and c on the main screen open a preview; y there commits.")


class OutboxScreen(Dialog[None]):
    """The batches, newest first, or the rows of one of them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "back", N_("close"), show=False),
        Binding("o", "leave", N_("close"), show=False),
        Binding("u", "undo", N_("undo"), show=False),
        Binding("a", "approve", N_("approve"), show=False),
        Binding("x", "reject", N_("reject"), show=False),
        Binding("r", "release", N_("release now"), show=False),
        Binding("R", "release_all", N_("release all"), show=False),
        Binding("y", "copy", N_("copy path"), show=False),
        Binding("U", "uploaded", N_("mark uploaded, or undo that"), show=False),
        Binding("i", "report", N_("report for this batch"), show=False),
        Binding("t", "retry", N_("retry refused"), show=False),
        Binding("s", "resolve", N_("resolve by hand"), show=False),
        Binding("J", f"about({LINES_AT_ONCE})", N_("Scroll the text about the batch down"), show=False),
        Binding("K", f"about({-LINES_AT_ONCE})", N_("Scroll the text about the batch up"), show=False),
        Binding("tab,shift+tab", "other_list", N_("rows"), show=False, priority=True),
    ]

    def __init__(self, session: Session, keys: KeyQueue, describe: Callable[[str], Content]) -> None:
        """`describe` returns an order in full, as text."""
        super().__init__(_("Outbox"), _("Esc close"), is_tall=True)
        self._acts = BatchActions(self, session, TaskRunner(self, keys), self._read)
        self._session = session
        self._describe = describe
        self._batches: list[Batch] = []
        self._rows: tuple[JournalRow, ...] = ()
        self._issues: list[OpenIssue] = []
        self._version = -1
        self._width = 0
        """Cells of the lines as they were drawn last."""
        self._state_width = STATE_WIDTH

    def _compose_body(self) -> ComposeResult:
        yield Static(id="outbox-head", markup=False)
        yield Static(id="batch-columns", markup=False)
        yield SafeOptionList(id="batches", markup=False)
        with VerticalScroll(id="batch-about", can_focus=False):
            yield ReadBelow(id="batch-head")
        yield SafeOptionList(id="batch-rows", markup=False)

    def on_mount(self) -> None:
        """Show the batches, and count down to what happens to them next."""
        self._list("batches").focus()
        call_every(self, 1.0, self._count_down)
        with errors_shown(self):
            self._read()

    def on_resize(self) -> None:
        """Fit the lines to the new width."""
        self.call_after_refresh(self._show)

    def _list(self, name: str) -> OptionList:
        return self.query_one(f"#{name}", OptionList)

    @property
    def _in_rows(self) -> bool:
        return self.has_class(IN_ROWS)

    # What is shown

    def _read(self) -> None:
        version = self._session.data_version()
        self._batches = self._session.batches.find()
        self._issues = self._session.batches.open_issues()
        self._version = version  # after all of it was read: what fails is read again
        self._show()

    def _line_context(self) -> BatchContext:
        return BatchContext(
            now=self._session.clock.now(),
            zone=self._session.orders.zone,
            width=(self._list("batches").scrollable_content_region.width or self.size.width - 3) - 1,
            state_width=self._state_width,
            held=sum(batch.state is BatchState.HELD for batch in self._batches),
            me=self._session.context.person.name,
            may=frozenset(one for one in Permission if not self._session.context.refusal(one)),
        )

    @shows_errors
    def _show(self) -> None:
        if not self.query("#batches"):
            return  # it is being closed
        options = self._list("batches")
        self._state_width = fit_state(self._batches, self._line_context())
        context = self._line_context()
        self._width = context.width
        before, place = _highlighted_id(options), options.highlighted or 0
        options.clear_options()
        options.add_options(Option(render_batch_line(batch, context), id=str(batch.id)) for batch in self._batches)
        files = self._session.context
        folder = "" if files.is_api_dispatch else short_path(files.outbox_directory)
        head = render_outbox_head(self._batches, self._issues, folder, context.width + 2)
        self.query_one("#outbox-head", Static).update(head)
        self.query_one("#batch-columns", Static).update(render_batch_columns(context) if self._batches else Content(""))
        if self._batches:
            options.highlighted = _place_of(options, before, min(place, len(self._batches) - 1))
        else:
            self.query_one("#batch-head", Static).update(_(NOTHING_YET))
        self._rows = ()
        self._show_batch()

    def _count_down(self) -> None:
        if self._session.data_version() != self._version:
            self._read()
            return
        context = self._line_context()
        if context.width != self._width:  # it was drawn before its place was known
            self._show()
            return
        for batch in self._batches:
            if batch.state is BatchState.HELD or batch.next_at is not None:
                self._list("batches").replace_option_prompt(str(batch.id), render_batch_line(batch, context))
        if self._batch is not None:
            self._show_hints(self._batch)  # they count down too

    @property
    def _batch(self) -> Batch | None:
        number = _highlighted_id(self._list("batches"))
        return next((batch for batch in self._batches if str(batch.id) == number), None)

    @property
    def _row(self) -> JournalRow | None:
        order_id = _highlighted_id(self._list("batch-rows")) if self._in_rows else None
        return next((row for row in self._rows if row.order_id == order_id), None)

    @on(OptionList.OptionHighlighted, "#batches")
    @shows_errors
    def _show_batch(self) -> None:
        batch = self._batch
        if batch is None:
            return
        mine = [one for one in self._issues if one.batch == batch.id]
        text = render_batch(
            batch, self._session.orders.zone, mine, with_hash=self._in_rows, me=self._session.context.person.name
        )
        self.query_one("#batch-head", Static).update(text)
        self.query_one("#batch-about").scroll_home(animate=False)
        self.query_one(Title).update(_("Outbox · batch {batch}", batch=batch.id) if self._in_rows else _("Outbox"))
        self._show_hints(batch)
        if self._in_rows:
            self._show_rows(batch)

    def _show_hints(self, batch: Batch) -> None:
        ends = [_("Enter order"), _("Esc batches")] if self._in_rows else [_("Enter rows"), _("? keys"), _("Esc close")]
        about = self.query_one("#batch-about")
        more = [_("J K more of the text")] if about.display and about.max_scroll_y else []
        self.show_keys(GAP.join([*next_steps(batch, self._line_context()), *more, *ends]))

    def _show_rows(self, batch: Batch) -> None:
        rows = errors_first(batch)
        options = self._list("batch-rows")
        if rows == self._rows and options.option_count:
            return
        before, place = _highlighted_id(options), options.highlighted or 0
        self._rows = rows
        ids = self._session.orders.ids_of([row.order_id for row in rows[:ROWS]])
        found = self._session.orders.rows(ids.values())
        orders = {order_id: found.get(row_id) for order_id, row_id in ids.items()}
        width = self.query_one(Title).size.width - 3
        options.clear_options()
        options.add_options(
            Option(
                render_row(row, orders.get(row.order_id), width, awaits_approval=batch.state is BatchState.AWAITING),
                id=row.order_id,
            )
            for row in rows[:ROWS]
        )
        if len(rows) > ROWS:
            more = _("and {rows:,} more: `ordertui outbox {batch}` lists all", rows=len(rows) - ROWS, batch=batch.id)
            options.add_option(Option(Content(more), disabled=True))
        options.highlighted = _place_of(options, before, min(place, len(rows) - 1)) if rows else None

    # Moving between the batches and the rows of one

    @on(OptionList.OptionSelected, "#batches")
    @shows_errors
    def _open_rows(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self._go_to_rows()

    def _go_to_rows(self) -> None:
        batch = self._batch
        if batch is None:
            return
        self.add_class(IN_ROWS)
        self._rows = ()
        self._list("batch-rows").highlighted = None
        self._show_batch()
        self._list("batch-rows").focus()

    def _go_to_batches(self) -> None:
        self.remove_class(IN_ROWS)
        self._list("batches").focus()
        self._show_batch()

    def _go_to_batch(self, number: int) -> None:
        options = self._list("batches")
        options.highlighted = _place_of(options, str(number), options.highlighted or 0)
        self._go_to_batches()

    def action_back(self) -> None:
        """Go from the rows to the batches, and from there back to the main screen."""
        if self._in_rows:
            self._go_to_batches()
        else:
            self.action_leave()

    def action_other_list(self) -> None:
        """Go from the batches to the rows of the one under the cursor, or back."""
        if self._in_rows:
            self._go_to_batches()
        else:
            self._go_to_rows()

    @on(OptionList.OptionSelected, "#batch-rows")
    @shows_errors
    def _open_order(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        row = self._row
        if row is not None:
            order_id = row.order_id

            def text() -> Content:
                found = self._describe(order_id)
                return found if found.plain else Content(_("this order is not in the store any more"))

            self.app.push_screen(TextScreen(order_id, text, copy=order_id))

    # Keys of a batch

    def action_about(self, lines: int) -> None:
        """Scroll the text about the batch."""
        self.query_one("#batch-about").scroll_relative(y=lines, animate=False)

    def action_undo(self) -> None:
        """Undo the held batch or, among its rows, the row under the cursor."""
        if self._batch is not None:
            self._acts.undo(self._batch, self._row)

    def action_approve(self) -> None:
        """Approve the batch that waits for somebody else: its hold begins."""
        if self._batch is not None:
            self._acts.decide(self._batch, is_approved=True)

    def action_reject(self) -> None:
        """Reject the batch that waits for somebody else: it is undone."""
        if self._batch is not None:
            self._acts.decide(self._batch, is_approved=False)

    def action_release(self) -> None:
        """End the hold of the batch now."""
        if self._batch is not None:
            self._acts.release(self._batch)

    def action_release_all(self) -> None:
        """End the hold of every held batch now."""
        self._acts.release_all([batch for batch in self._batches if batch.state is BatchState.HELD])

    def action_copy(self) -> None:
        """Copy the path of the file to upload."""
        if self._batch is not None:
            self._acts.copy_path(self._batch)

    def action_uploaded(self) -> None:
        """Mark the file of the batch as uploaded, or undo that."""
        if self._batch is not None:
            self._acts.mark_uploaded(self._batch)

    def action_report(self) -> None:
        """Read a processing report for this very batch."""
        if self._batch is not None:
            self._acts.read_report(self._batch)

    def action_retry(self) -> None:
        """Preview the rows that Amazon refused, and only those, to try them again."""
        if self._batch is not None:
            self._acts.retry(self._batch, self._describe, self._go_to_batch)

    def action_resolve(self) -> None:
        """Record what became of the row under the cursor, whose outcome is unclear, or of a batch never all written."""
        batch, row = self._batch, self._row
        if batch is None:
            return
        if batch.is_writing:
            self._acts.give_up(batch)
        elif row is not None and row.state is RowState.UNKNOWN:
            self._acts.resolve(batch, row)
        elif not batch.count(RowState.UNKNOWN):
            self.notify(_("no row of this batch is unclear"))
        else:
            if not self._in_rows:
                self._go_to_rows()
            first = next(place for place, one in enumerate(self._rows) if one.state is RowState.UNKNOWN)
            if first >= ROWS:  # so many were refused
                self.notify(
                    _("no row listed here is unclear: `ordertui settle` resolves those below"), severity="warning"
                )
                return
            self._list("batch-rows").highlighted = first
            self.notify(_("s again resolves the row under the cursor"))


def _highlighted_id(options: OptionList) -> str | None:
    """Return the id of the option under the cursor; None in an empty list."""
    return None if options.highlighted is None else options.get_option_at_index(options.highlighted).id


def _place_of(options: OptionList, option_id: str | None, otherwise: int) -> int:
    """Return the place of an option in a list that was read again, or `otherwise` where it is gone."""
    try:
        return otherwise if option_id is None else options.get_option_index(option_id)
    except OptionDoesNotExist:
        return otherwise
