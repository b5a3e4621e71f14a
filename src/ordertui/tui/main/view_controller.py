"""The view that is shown: built beside the screen, its first page at once, stopped by Escape; what other processes change waits."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from textual import work
from textual.timer import Timer

from ordertui.operations.errors import USER_ERRORS
from ordertui.operations.query.marks import Marks
from ordertui.operations.query.queues import BY_KEY, Queue
from ordertui.operations.session import Session
from ordertui.store import Interrupted
from ordertui.tui.key_queue import InputLock
from ordertui.tui.render.format import empty_text
from ordertui.tui.task_runner import Task, TaskMixin, ends_with_screen
from ordertui.tui.view_request import FIRST_PAGE, Request, View, build, read
from ordertui.tui.widgets.filter_bar import FilterBar
from ordertui.tui.widgets.order_table import OrderTable
from ordertui.tui.widgets.order_table.table import CursorAnchor
from ordertui.tui.widgets.queue_tabs import QueueTabs

SAY_AFTER = 0.3
"""Seconds after which the status line says that a view is being built, and that Escape stops it."""
TYPED = 0.12
"""Seconds after the last letter of a filter until its first orders are shown."""


class ViewController(TaskMixin):
    """How the main screen gets from a request to orders in the table."""

    session: Session
    request: Request
    """What was asked for last."""
    shown_view: View | None
    """What is in the table; its beginning only, while the rest is read."""
    whole_view: View | None
    """The last view that was read to its end: what a stopped one goes back to."""
    pending: View | None
    """A view that other processes' changes made, and that waits because marks, a range or a dialog are open."""
    queue_counts: tuple[Queue, ...]
    view_lock: InputLock
    columns_kept: bool
    """Whether the operator's columns are written down."""
    building: str
    """What the status line says while a view is being built; empty at first, and when none is."""

    looking_up: str = ""
    """What the status line says while orders that fit a filter are looked up for a key, once that takes long."""

    _say_timer: Timer | None = None
    _look_up_stopped = False
    _view_number = 0
    """Another number for each view that is asked for, and when it is there."""
    _typed_timer: Timer | None = None
    _rest: CursorAnchor | None = None
    """Where the cursor stood when a view was asked for, or typing a filter began: what is shown until all is there does not
    move it."""

    if TYPE_CHECKING:

        @property
        def table(self) -> OrderTable: ...
        def show_panel(self) -> None: ...
        def show_status(self) -> None: ...
        def show_header(self) -> None: ...
        def show_detail(self) -> None: ...

    def ask_for(self, request: Request) -> None:
        """Show another view."""
        if request.filter != self.request.filter:
            self.query_one(FilterBar).set_text(request.filter)
        self.request = request
        self.show_view()

    def show_view(self) -> None:
        """Show what `request` asks for: the first page at once, the rest when it is known. Keys wait until all is there."""
        self.pending = None
        self._rest = self._rest or self.table.cursor_anchor
        self._show_request()
        self.view_lock.close()
        if self._say_timer is not None:
            self._say_timer.stop()
        self._view_number += 1
        number = self._view_number
        self._say_timer = self.set_timer(SAY_AFTER, lambda: self._say_building(number))
        self._build_view(self.request, number)

    @property
    def is_stoppable(self) -> bool:
        """Whether something is being read that Escape stops, and that was said."""
        return bool(self.looking_up) or (bool(self.building) and self.whole_view is not None)

    def show_columns(self, request: Request) -> None:
        """Show the same orders with other columns, which are kept for the next start."""
        self.request = request
        self.columns_kept = False

        def dressed(view: View | None) -> View | None:
            """The view with them too: it may be gone back to."""
            if view is None:
                return None
            other = msgspec.structs.replace(view.request, keys=request.keys, widths=request.widths)
            return msgspec.structs.replace(view, request=other)

        self.shown_view, self.whole_view = dressed(self.shown_view), dressed(self.whole_view)
        self.table.set_columns(request.choice(several=len(self.session.orders.marketplaces()) > 1))

    def stop_reading(self) -> None:
        """Stop what `is_stoppable` tells of; of a view that was being built the one before it is shown."""
        view = self.whole_view
        if self.looking_up:
            self._look_up_stopped = True
            self.session.orders.interrupt()
            return
        if not self.building or view is None:
            return
        self.workers.cancel_group(self, "view")
        self.session.orders.interrupt()
        self.request = view.request
        self.query_one(FilterBar).set_text(view.request.filter)
        self._swap(view, whole=True)
        self._built()
        self.notify("stopped: what was shown before is shown again")

    async def look_up(self, task: Task, text: str, queue: str = "all") -> Marks | None:
        """The orders of a queue that fit a filter, read beside the screen; None when Escape stopped that, which is said. Raises FilterError."""
        self._look_up_stopped = False
        say = self.set_timer(SAY_AFTER, self._say_looking_up)
        try:
            while not self._look_up_stopped:
                try:
                    found = await task.work(lambda: Marks(self.session.orders.find(text, queue=queue)))
                except Interrupted:
                    continue  # stopped, or taken along by somebody else who stopped his own reading
                if not self._look_up_stopped:
                    return found
        finally:
            say.stop()
            if self.looking_up:
                self.looking_up = ""
                self.show_status()
        self.notify("stopped: nothing was looked up, nothing changed")
        self.look_elsewhere()  # it may have been stopped as well
        return None

    def _say_looking_up(self) -> None:
        self.looking_up = "looking… Esc stops"
        self.show_status()

    def _show_request(self) -> None:
        self.table.set_sort(self.request.order)
        self.query_one(QueueTabs).show(self.queue_counts, self.request.queue)

    def _say_building(self, number: int) -> None:
        if number != self._view_number:
            return  # it was built just before, or another one is asked for
        before = self.whole_view.request if self.whole_view is not None else self.request
        sorts = self.request.sort != before.sort
        self.building = f"{'sorting' if sorts else 'looking'}…" + (" Esc stops" if self.whole_view is not None else "")
        self.show_status()

    def _built(self) -> None:
        self._view_number += 1
        if self._say_timer is not None:
            self._say_timer.stop()
        said, self.building = self.building, ""
        if said:
            self.show_status()
        self.view_lock.open()

    @work(exclusive=True, group="view")
    @ends_with_screen
    async def _build_view(self, request: Request, number: int) -> None:
        self.session.orders.interrupt()
        try:
            while not await self._has_built(request):
                if number != self._view_number:  # another view is asked for, or this one was stopped
                    return
        except USER_ERRORS as error:
            self.failed(error)
            if self.whole_view is not None:
                self.request = self.whole_view.request
                self._swap(self.whole_view, whole=True)
        self._built()

    async def _has_built(self, request: Request) -> bool:
        """Show a view, its first page first; False when its reading was interrupted."""
        try:
            first = await asyncio.to_thread(read, self.session, request, FIRST_PAGE)
            await asyncio.to_thread(self.session.orders.marketplaces)
            if len(first) == FIRST_PAGE:
                self._swap(View(request, first, Marks(first)), whole=False)
            self._swap(await asyncio.to_thread(build, self.session, request), whole=True)
        except Interrupted:
            return False
        return True

    def _swap(self, view: View, *, whole: bool) -> None:
        self.shown_view = view
        self._show_request()
        self.show_header()
        self.say_why_empty()
        self.table.show(view.ids, view.members, anchor=self._rest)
        if whole:
            self.whole_view = view
            self._rest = None
            self.show_count()
            self.show_panel()
            self.show_detail()

    def say_why_empty(self) -> None:
        """What the table says when it shows no order: why its queue has none, or that no report could have said."""
        key = self.request.queue
        note = next((queue.note for queue in self.queue_counts if queue.key == key), "")
        why = f"It cannot be said: {note}." if note else BY_KEY[key].why_empty
        self.table.set_empty_text(empty_text(why, bool(self.request.filter.strip())))

    def show_count(self) -> None:
        """How many orders are shown, and of how many."""
        total = self.queue_counts[0].count if self.queue_counts else None
        shown = f"{len(self.table.ids):,}"
        self.query_one(FilterBar).count(shown if total is None else f"{shown} of {total:,}")

    # While a filter is typed: its first orders, without holding keys

    def on_filter_bar_typed(self, event: FilterBar.Typed) -> None:
        """Wait until no letter follows."""
        if self._typed_timer is not None:
            self._typed_timer.stop()
        if not self.table.in_visual:
            text = event.text
            self._typed_timer = self.set_timer(TYPED, lambda: self._try_filter(text))

    @work(exclusive=True, group="typed")
    @ends_with_screen
    async def _try_filter(self, text: str) -> None:
        bar, view = self.query_one(FilterBar), self.whole_view
        if view is None or self.building or bar.typed != text:
            return
        self.session.orders.interrupt()
        try:
            first = await asyncio.to_thread(
                read, self.session, msgspec.structs.replace(self.request, filter=text), FIRST_PAGE
            )
        except USER_ERRORS:
            return  # of a text that cannot be read the bar says what is wrong; another one was typed meanwhile
        if bar.typed == text:
            self._rest = self._rest or self.table.cursor_anchor
            self.table.set_empty_text(empty_text("", True))
            self.table.show(first, anchor=self._rest)
            bar.count(f"{len(first):,}" if len(first) < FIRST_PAGE else f"{FIRST_PAGE:,} and more")

    def on_filter_bar_applied(self, event: FilterBar.Applied) -> None:
        """Enter: the filter is in force."""
        self._forget_typed()
        self.session.workspace.remember(event.text)
        self.table.focus()
        self.ask_for(msgspec.structs.replace(self.request, filter=event.text))

    def on_filter_bar_cancelled(self) -> None:
        """Escape: what was there is shown again."""
        self._forget_typed()
        self.table.focus()
        if self._rest is not None and self.whole_view is not None:
            self._swap(self.whole_view, whole=True)
            self.look_elsewhere()  # typing interrupts that too

    def _forget_typed(self) -> None:
        if self._typed_timer is not None:
            self._typed_timer.stop()
        self.workers.cancel_group(self, "typed")

    # What other processes change

    @work(exclusive=True, group="elsewhere")
    @ends_with_screen
    async def look_elsewhere(self) -> None:
        """Another process changed the store: rows are read again in place; new ones wait while something is open or marked."""
        try:
            view = await asyncio.to_thread(build, self.session, self.request)
        except USER_ERRORS:
            return  # the next change, or the next key that reads, says what is wrong
        if view.request != self.request or self.shown_view is None or view.ids == self.shown_view.ids:
            return
        busy: Sequence[object] = (
            self.table.in_visual,
            self.table.marks,
            self.keys.locks,
            self.query_one(FilterBar).typed is not None,
        )
        if self.app.screen is self and not any(busy):
            self._swap(view, whole=True)
        else:
            self.pending = view
            self.show_panel()

    def pending_text(self) -> str:
        """How many orders come and go when the pending view is shown; empty without one."""
        if self.pending is None or self.shown_view is None:
            return ""
        stay = self.pending.members.common(self.shown_view.members)
        come, go = len(self.pending.ids) - stay, len(self.shown_view.ids) - stay
        parts = [f"+{come:,}"] * bool(come) + [f"−{go:,}"] * bool(go)
        return " ".join(parts) or "order changed"
