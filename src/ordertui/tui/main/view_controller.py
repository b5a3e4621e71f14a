"""The view: the orders that are asked for, read beside the screen, first page first; other processes' changes wait."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from enum import Enum, auto

import msgspec
from textual.screen import Screen
from textual.timer import Timer
from textual.worker import Worker

from ordertui.messages import _, ngettext, translate
from ordertui.operations.marks import Marks
from ordertui.operations.query.queues import BY_KEY
from ordertui.operations.session import Session
from ordertui.store import Interrupted
from ordertui.tui.actions import find_command
from ordertui.tui.render.format import empty_text
from ordertui.tui.screens.errors import call_later, errors_shown, show_error, work_shown
from ordertui.tui.screens.task_runner import Refresher, TaskRunner
from ordertui.tui.screens.view_request import FIRST_PAGE, View, ViewRequest, read_ids, read_view
from ordertui.tui.widgets.filter_bar import FilterBar
from ordertui.tui.widgets.order_table import OrderTable
from ordertui.tui.widgets.order_table.table import CursorAnchor
from ordertui.tui.widgets.queue_tabs import QueueTabs

from .order_search import PROGRESS_AFTER, OrderSearch
from .queue_counter import QueueCounter
from .queue_looks import QueueLooks

TYPING_PAUSE = 0.12
"""Seconds after the last letter of a filter until its first orders are shown."""
ROWS_AT_ONCE = 110
"""Orders whose marketplaces decide the columns of the first picture: more than a terminal has lines."""


class ViewChange(Enum):
    """What the view controller reports to the screen."""

    SHOWN = auto()
    """Other orders are in the table, maybe only the first of them."""
    COMPLETE = auto()
    """All orders of the view are in the table."""
    PROGRESS = auto()
    """`progress` says something else."""
    PENDING = auto()
    """A view that another process's changes made is waiting to be shown."""


class ViewWidgets(msgspec.Struct, frozen=True):
    """The widgets that show the view."""

    table: OrderTable
    filter_bar: FilterBar
    queue_tabs: QueueTabs


class ViewController:
    """Get from a request to orders in the table. Keys wait from the request until all orders are there."""

    def __init__(
        self,
        screen: Screen[None],
        session: Session,
        tasks: TaskRunner,
        widgets: ViewWidgets,
        on_change: Callable[[ViewChange], None],
    ) -> None:
        self._screen = screen
        self._session = session
        self._tasks = tasks
        self._table, self._filter_bar = widgets.table, widgets.filter_bar
        self._on_change = on_change
        self.looks = QueueLooks(session.workspace)
        self.request = self.looks.request("all")
        """What was asked for last."""
        self.shown: View | None = None
        """What is in the table; only its beginning while the rest is read."""
        self._complete: View | None = None
        """The last view that was read to its end: the one to go back to when a reading is stopped."""
        self._pending: View | None = None
        """A view that other processes' changes made; it waits because marks, a range or a dialog are open."""
        self.counter = QueueCounter(screen, session, widgets.queue_tabs, self._show_counts)
        self.reading_text = ""
        """What the status line says while a view is read, once that takes long; else empty."""
        self.search = OrderSearch(screen, session, self._search_changed)
        """Looks orders up for a command."""
        self._lock = tasks.keys.lock()
        self._changes = Refresher(screen, "elsewhere")
        """Reads the view again for what others changed."""
        self._number = 0
        """Grows with each view that is asked for, and again when it is there."""
        self._progress_timer: Timer | None = None
        self._typing_timer: Timer | None = None
        self._anchor: CursorAnchor | None = None
        """Where the cursor stood when a view was asked for or typing a filter began: partial views do not move it."""

    @property
    def progress(self) -> str:
        """What the status line says of a reading under way; empty when it says nothing."""
        return self.reading_text or self.search.text

    @property
    def is_stoppable(self) -> bool:
        """Whether something is being read that Escape stops, and the status line says so."""
        return bool(self.search.text) or (bool(self.reading_text) and self._complete is not None)

    # Showing a view

    def show_first_page(self) -> None:
        """Show the first orders before anything is counted: a page of the first view comes straight from an index."""
        self._table.set_sort(self.request.order)
        try:
            first = read_ids(self._session, self.request, FIRST_PAGE)
            codes = {row.marketplace for row in self._session.orders.rows(first[:ROWS_AT_ONCE]).values()}
        except Exception:
            return  # the view that is built next says what is wrong
        self._table.set_columns(self.request.choice(several=len(codes) > 1))
        self._table.show(first)

    def ask_for(self, request: ViewRequest, anchor: CursorAnchor | None = None) -> Worker[None]:
        """Show another view; the worker that is returned ends when all of it is there.

        `anchor`: where the cursor shall be; None: on the same order, if the view has it.
        """
        if (request.queue, request.filter) != (self.request.queue, self.request.filter):
            self.mark_place()
            self._anchor = anchor or self._anchor
        if request.filter != self.request.filter:
            self._filter_bar.set_text(request.filter)
        self.request = request
        return self.show()

    def show_queue(self, key: str) -> None:
        """Show another queue as it was left, with the filter and the choice about FBA orders in force. The queue
        that is shown is read again.
        """
        anchor = self.looks.anchor(key) if key != self.request.queue else None
        if key == self.request.queue:
            self.ask_for(self.request)
        else:
            self.ask_for(self.looks.request(key, self.request.filter).with_fba(self.request.fba), anchor)

    def jump_back(self) -> bool:
        """Show the place that was jumped from last; return False when there is none."""
        found = self.looks.jump_back()
        if found is None:
            return False
        request, self._anchor = found
        if request.filter != self.request.filter:
            self._filter_bar.set_text(request.filter)
        self.request = request
        self.show()
        return True

    def mark_place(self) -> None:
        """Remember the place of the cursor, to jump back to."""
        self.looks.leave(self._complete, self._anchor or self._table.cursor_anchor)

    def show(self) -> Worker[None]:
        """Show what `request` asks for: the first page at once, the rest when it is known."""
        self._pending = None
        self._anchor = self._anchor or self._table.cursor_anchor
        self._show_request()
        self._lock.close()
        self._stop_progress_timer()
        self._number += 1
        number = self._number
        self._progress_timer = call_later(self._screen, PROGRESS_AFTER, lambda: self._say_reading(number))
        return self._run(self._read_view(self.request, number), "view")

    def stop_reading(self) -> None:
        """Stop what `is_stoppable` tells of. Of a view that was being read, show the one before it."""
        if self.search.text:
            self.search.stop()
        elif self.reading_text and self._complete is not None:
            self._screen.workers.cancel_group(self._screen, "view")
            self._session.orders.interrupt()
            self._go_back()
            self._finish_reading()
            self._screen.notify(_("stopped: what was shown before is shown again"))

    async def _read_view(self, request: ViewRequest, number: int) -> None:
        self._session.orders.interrupt()
        try:
            while not await self._has_read(request):
                if number != self._number:  # another view is asked for, or this one was stopped
                    return
        except Exception as error:
            show_error(self._screen, error)
            self._go_back()
        self._finish_reading()

    def _go_back(self) -> None:
        """Show the last view that was read to its end, and what others changed since: reading that was interrupted."""
        with errors_shown(self._screen):
            if self._complete is not None:
                self.request = self._complete.request
                if self._filter_bar.typed is None:
                    self._filter_bar.set_text(self.request.filter)
                self._swap(self._complete, is_complete=True)
        self.refresh_external_changes()

    async def _has_read(self, request: ViewRequest) -> bool:
        """Show a view, its first page first; return False when the reading was interrupted."""
        try:
            first = await asyncio.to_thread(read_ids, self._session, request, FIRST_PAGE)
            await asyncio.to_thread(self._session.orders.marketplaces)
            if len(first) == FIRST_PAGE:
                self._swap(View(request, first, Marks(first)), is_complete=False)
            self._swap(await asyncio.to_thread(read_view, self._session, request), is_complete=True)
            if self._pending is not None:  # came while this was read, and may be older, newer, or the same
                self.refresh_external_changes()
        except Interrupted:
            return False
        return True

    def _swap(self, view: View, *, is_complete: bool) -> None:
        self.shown = view
        self._show_request()
        self.show_columns()
        self._show_empty_text()
        self._table.show(view.ids, view.members, anchor=self._anchor)
        if is_complete:
            self._complete = view
            self._anchor = None
            self._show_count()
        self._on_change(ViewChange.COMPLETE if is_complete else ViewChange.SHOWN)

    def _finish_reading(self) -> None:
        self._number += 1
        self._stop_progress_timer()
        was_said, self.reading_text = bool(self.reading_text), ""
        if was_said:
            self._on_change(ViewChange.PROGRESS)
        self._lock.open()

    def _say_reading(self, number: int) -> None:
        if number != self._number:
            return  # it was built just before, or another one is asked for
        before = self.request if self._complete is None else self._complete.request
        is_sorting = self.request.sort != before.sort
        hint = _(" Esc stops") if self._complete is not None else ""
        self.reading_text = f"{(_('sorting') if is_sorting else _('looking'))}…{hint}"
        self._on_change(ViewChange.PROGRESS)

    def _stop_progress_timer(self) -> None:
        if self._progress_timer is not None:
            self._progress_timer.stop()

    # Beside the orders: sort signs, queue tabs, columns, counts

    def _show_request(self) -> None:
        self._table.set_sort(self.request.order)
        self.counter.show(self.request.filter, self.request.queue, without_fba=not self.request.fba)

    def sort_by(self, column: str, *, more: bool = False) -> None:
        """Sort by a column of the table, alone or (`more`) after the others."""
        self.sort(self.request.then_by(column) if more else self.request.sorted_by(column))

    def sort(self, request: ViewRequest) -> None:
        """Show the same orders in the order of this request, and sort this queue so from now on."""
        self.looks.keep_sort(request)
        self.ask_for(request)

    def set_columns(self, request: ViewRequest) -> None:
        """Show the same orders with the columns of this request, and keep them for this queue."""
        self.request = request
        self.looks.keep_columns(request)

        def with_columns(view: View | None) -> View | None:
            """Return the view with these columns: it may be gone back to."""
            if view is None:
                return None
            other = msgspec.structs.replace(view.request, keys=request.keys, widths=request.widths)
            return msgspec.structs.replace(view, request=other)

        self.shown, self._complete = with_columns(self.shown), with_columns(self._complete)
        self.show_columns()

    def show_columns(self) -> None:
        """Show the columns of the request; one for the marketplace only where there are several."""
        self._table.set_columns(self.request.choice(several=len(self._session.orders.marketplaces()) > 1))

    def _show_counts(self) -> None:
        self._show_count()
        self._show_empty_text()

    def _show_empty_text(self) -> None:
        """Say in the table, if it has no order, why its queue has none, or that no report could have said."""
        note = translate(self.counter.note(self.request.queue))
        why = _("It cannot be said: {note}.", note=note) if note else _(BY_KEY[self.request.queue].why_empty)
        text = empty_text(why, bool(self.request.filter.strip()))
        hidden = 0 if self.shown is None else self.shown.hidden_fba
        if hidden:
            key = find_command("see.fba").first_key
            text = _(
                "{hidden} (Amazon ships them) hidden here: {key} shows them. {text}",
                hidden=ngettext("{n:,} FBA order", "{n:,} FBA orders", hidden),
                key=key,
                text=text,
            )
        self._table.set_empty_text(text)

    def _show_count(self) -> None:
        shown = f"{len(self._table.ids):,}"
        self._filter_bar.count(
            shown if self.counter.total is None else _("{shown} of {total:,}", shown=shown, total=self.counter.total)
        )

    def _search_changed(self, is_stopped: bool) -> None:
        self._on_change(ViewChange.PROGRESS)
        if is_stopped:
            self.refresh_external_changes()  # it may have been interrupted as well

    # While a filter is typed: its first orders, without making keys wait

    def preview_filter(self, text: str) -> None:
        """Show the first orders of a filter that is being typed, when no letter follows soon."""
        self._stop_typing_timer()
        if not self._table.in_visual:
            self._typing_timer = call_later(
                self._screen, TYPING_PAUSE, lambda: self._run(self._preview_filter(text), "typed")
            )

    async def _preview_filter(self, text: str) -> None:
        bar = self._filter_bar
        if self._complete is None or self.reading_text or bar.typed != text:
            return
        self._session.orders.interrupt()
        request = self.request.with_filter(text)
        try:
            first = await asyncio.to_thread(read_ids, self._session, request, FIRST_PAGE)
        except Exception:
            return  # the bar says what is wrong with a filter; an interrupted one was followed by another letter
        if bar.typed == text:
            self._anchor = self._anchor or self._table.cursor_anchor
            self._table.set_empty_text(empty_text("", True))
            self._table.show(first, anchor=self._anchor)
            bar.count(
                f"{len(first):,}" if len(first) < FIRST_PAGE else _("{first_page:,} and more", first_page=FIRST_PAGE)
            )

    def apply_filter(self, text: str) -> None:
        """Show the view of a filter that was typed, and remember the filter."""
        self._stop_preview()
        self._session.workspace.remember(text)
        self.ask_for(self.request.with_filter(text))

    def cancel_filter(self) -> None:
        """Show again what was there before a filter was typed."""
        self._stop_preview()
        if self._anchor is not None and self._complete is not None:
            self._swap(self._complete, is_complete=True)
        self.refresh_external_changes()  # typing may have interrupted that, also before its first orders were there

    def _stop_preview(self) -> None:
        self._stop_typing_timer()
        self._screen.workers.cancel_group(self._screen, "typed")
        self._table.focus()

    def _stop_typing_timer(self) -> None:
        if self._typing_timer is not None:
            self._typing_timer.stop()

    # Changes by other processes

    def refresh_external_changes(self) -> None:
        """Read the view again after another process changed the store. Rows that are shown stay in place; other orders
        are shown at once, or wait while something is marked or open.

        Changes that come while it is read are read after it: a long run of them never keeps the view from being shown.
        """
        self._changes.read(self._refresh_external_changes)

    async def _refresh_external_changes(self) -> None:
        number = self._number
        try:
            view = await asyncio.to_thread(read_view, self._session, self.request)
        except Exception:
            return  # the next change, or the next key that reads, says what is wrong
        if view.request != self.request or self.shown is None:
            return
        if number != self._number:  # the view was asked for anew meanwhile: this one may be older
            self.refresh_external_changes()
            return
        if view.ids == self.shown.ids:
            if self._pending is not None:  # what came went again
                self._pending = None
                self._on_change(ViewChange.PENDING)
            return
        is_busy = (
            self._table.in_visual
            or bool(self._table.marks)
            or bool(self._tasks.keys.locks)
            or self._filter_bar.typed is not None
        )
        if self._screen.app.screen is self._screen and not is_busy:
            self._swap(view, is_complete=True)
        else:
            self._pending = view
            self._on_change(ViewChange.PENDING)

    @property
    def pending_text(self) -> str:
        """How many orders come and go when the pending view is shown; empty without one."""
        if self._pending is None or self.shown is None:
            return ""
        stay = self._pending.members.common(self.shown.members)
        come, go = len(self._pending.ids) - stay, len(self.shown.ids) - stay
        parts = [f"+{come:,}"] * bool(come) + [f"−{go:,}"] * bool(go)
        return " ".join(parts) or _("sequence changed")

    def _run(self, work: Coroutine[object, object, None], group: str) -> Worker[None]:
        """Run this beside the screen; another run of the same group is cancelled."""
        return self._screen.run_worker(work_shown(self._screen, work), group=group, exclusive=True)
