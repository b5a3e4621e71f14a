"""The main screen: queues, filter, table, rate panel and detail pane. It arranges widgets and owns the controllers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import cached_property
from inspect import iscoroutinefunction
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static

from ordertui.messages import _, ngettext, translate
from ordertui.operations.session import Session
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.tui.actions import QUEUE_COMMANDS, bindings, find_command
from ordertui.tui.key_queue import KeyQueue
from ordertui.tui.keymap import Keymap
from ordertui.tui.render.header import render_header
from ordertui.tui.screens.base import TOO_SMALL, read_selected_text
from ordertui.tui.screens.errors import call_every, call_later, errors_shown, show_error, shows_errors, work_shown
from ordertui.tui.screens.task_runner import Refresher, TaskRunner
from ordertui.tui.tour.controller import TourController
from ordertui.tui.widgets.filter_bar import FilterBar
from ordertui.tui.widgets.key_hints import KeyHints, StatusText
from ordertui.tui.widgets.minimal_repaint import DiffStatic, draw_whole_characters
from ordertui.tui.widgets.order_table import OrderTable
from ordertui.tui.widgets.order_table.messages import (
    Activated,
    ColumnSized,
    CursorMoved,
    MarksChanged,
    SortRequested,
    VisualChanged,
)
from ordertui.tui.widgets.queue_tabs import QueueTabs

from .mark_keeper import MarkKeeper
from .selection_summary import SummaryController
from .store_rows import StoreRows
from .sync_controller import SyncController
from .view_controller import ViewChange, ViewController, ViewWidgets

if TYPE_CHECKING:
    from ordertui.operations.claims import OthersClaim
    from ordertui.tui.message_history import MessageHistory

    from .command_context import LastAction

DIALOG_STYLES = Path(__file__).parent.with_name("screens") / "dialogs.tcss"
LOOK_SECONDS, REST_LOOKS = 0.2, 3
"""How often it is looked for others' changes, and for how many looks those shown stay: a change is shown within 0.8 s,
and a burst of them in one picture each 0.6 s.
"""
CURSOR_PAUSE = 0.08
"""Seconds the cursor rests before the detail pane follows."""
MOST_PASTED = 32 * 2**20
"""Characters of a paste: a million order ids take some 20 million."""
DETAIL_WIDTH = 100
"""Cells of a line of an order in full, at most."""
DETAIL_LINES = 48
"""Lines the detail pane has at least, so that another order seldom lays the screen out anew."""


class MainScreen(Screen[None]):
    """Orders, and what may be done with them."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings()]
    AUTO_FOCUS = "#orders"

    def __init__(
        self, session: Session, keys: KeyQueue, keymap: Keymap, messages: Callable[[], MessageHistory]
    ) -> None:
        """`messages`: called when they are asked for."""
        super().__init__()
        draw_whole_characters(self)
        self._messages = messages
        self.session = session
        self.keymap = keymap
        self.marks = MarkKeeper(session.workspace, lambda marks: session.team_marks.publish(marks))
        self.table = OrderTable(self.marks.marks, id="orders")
        self.filter_bar = FilterBar(session.orders.condition, id="filter")
        self.queue_tabs = QueueTabs(id="queues")
        self._rows = StoreRows(session)
        self.tasks = TaskRunner(self, keys)
        self.view = ViewController(
            self, session, self.tasks, ViewWidgets(self.table, self.filter_bar, self.queue_tabs), self._view_changed
        )
        self.summary = SummaryController(self, session, self.tasks, self.table, self.view, self.update_text)
        self.sync = SyncController(self, session, self.tasks, keymap.first_key("file.sync"), self.update_text)
        self._removed = Refresher(self, "removed")
        self.tour = TourController(self, session, self.tasks, self.table, lambda: self.view.request.queue)
        self._last: LastAction | None = None
        self._texts: dict[str, tuple[str, object]] = {}
        """Text and styles shown last, by the name of the widget."""
        self._detail_timer: Timer | None = None
        self._version = -1
        """Version of the store's data that is shown."""
        self._claims: Sequence[OthersClaim] = ()
        """Others' open previews that are shown."""
        self._looks = 0
        """How often it was looked for changes since others' were shown last."""
        self._read_at = 0
        """When changes of the store were read last."""
        self._untold_since = 0
        """From when on decisions are not read yet, or could not be; 0: none."""
        self._is_dispatching = False
        self._is_left = False
        """Asked by threads that let batches leave."""
        self._minute = session.clock.now() // 60
        """The minute that ages and countdowns are shown for."""

    def compose(self) -> ComposeResult:
        """Arrange what the first orders cannot be seen without."""
        with Vertical(id="body"):
            with Horizontal(id="header-line"):
                yield DiffStatic(id="header")
                yield Static(id="age")
            yield self.queue_tabs
            yield self.filter_bar
            with Horizontal(id="middle"):
                yield self.table
                yield Vertical(id="side")
            yield StatusText(id="status")
            yield KeyHints(self.keymap.commands, id="hints")

    # Beginning and end

    def on_mount(self) -> None:
        """Show the first orders; everything else begins when they are drawn, so that nothing holds them up."""
        self.table.set_source(self._rows)
        self.view.show_first_page()
        self.call_after_refresh(self._begin)

    async def _begin(self) -> None:
        """Show everything else, then keep an eye on holds and on other processes."""
        with self.app.batch_update():
            await self._mount_deferred()
        call_every(self, 1.0, self._tick)
        call_every(self, LOOK_SECONDS, self._look)
        self._rows.is_judging = True
        self._draw_rows_anew()
        for problem in filter(None, (*self.keymap.problems, translate(self.marks.problem))):
            self.notify(problem, severity="warning", timeout=12)
        with errors_shown(self):
            self.filter_bar.set_history(self.session.workspace.history())
            self.refresh_all()
            self._removed.read(self._forget_removed)
            last_look = self.session.workspace.last_look()
            if last_look is not None:
                self._tell_decisions(last_look)

    def _tell_decisions(self, since: int) -> None:
        """Say what others decided since then about one's own batches that waited for approval, when it is read."""
        since = self._untold_since = min(since, self._untold_since or since)

        async def tell() -> None:
            decided = await asyncio.to_thread(self.session.batches.decided_since, since)
            self._untold_since = 0
            if not decided:
                return
            from ordertui.tui.render.batch import decision_text, is_rejected

            for batch in decided:
                self.notify(decision_text(batch), severity="warning" if is_rejected(batch) else "information")

        self.run_worker(work_shown(self, tell()), group="decisions", exclusive=True)  # from the first one on

    def _draw_rows_anew(self) -> None:
        self.table.rerender()
        self.table.reload()

    async def _mount_deferred(self) -> None:
        """Mount what the first orders can be seen without; none of it moves them. Read the styles of dialogs before one
        is opened.
        """
        from ordertui.tui.render.welcome import render_welcome
        from ordertui.tui.widgets.pane_text import PaneText

        self.app.stylesheet.read(DIALOG_STYLES)
        body, side = self.query_one("#body"), self.query_one("#side")
        scroll = VerticalScroll(PaneText(id="detail"), id="detail-scroll", can_focus=False)
        await asyncio.gather(
            self.mount(Static(_(TOO_SMALL), classes="too-small"), before=body),
            body.mount(Static(id="notes"), after="#header-line"),
            body.mount(Static(render_welcome(), id="welcome"), before="#middle"),
            body.mount(DiffStatic(id="rate-strip"), before="#status"),
            side.mount(DiffStatic(id="rate"), scroll),
            self.filter_bar.mount_input(),
        )

    def on_unmount(self) -> None:
        """Save marks and columns for the next start, and stop what goes on in threads."""
        self.view.mark_place()
        self._save_workspace()
        if self._read_at:
            self.session.workspace.keep_last_look(self._untold_since or self._read_at)
        self._is_left = True
        self.summary.stop()
        self.session.orders.interrupt()
        if self.sync.run is not None:
            self.sync.run.is_stopping = True

    def _save_workspace(self) -> None:
        self.view.looks.save()
        problem = self.marks.save()
        if problem and self.is_running:
            self.notify(translate(problem), severity="warning", timeout=12)

    # Commands

    def action_run(self, command_id: str) -> None:
        """Run a command of the registry, unless the role of who is at work does not allow it."""
        command = find_command(command_id)
        refusal = self.session.context.role_refusal(command.permission)
        if refusal:
            self.notify(refusal, severity="warning")
        else:
            self._call(command.run)

    def on_key(self, event: events.Key) -> None:
        """Say of a key that does nothing here what does what it may have been meant for."""
        if event.key in self._keys or not self.table.has_focus:
            return
        if event.key in ("tab", "shift+tab"):
            event.stop()  # the keys would go to the filter, unseen
        elif any(key in self.active_bindings for key in event.aliases):
            return
        self._call("app.tell_unbound_key", event.key, event.character if event.is_printable else "")

    @cached_property
    def _keys(self) -> frozenset[str]:
        """The keys of commands."""
        commands = (*self.keymap.commands, *QUEUE_COMMANDS)
        return frozenset(key for one in commands for key in one.keys.split(","))

    def on_paste(self, event: events.Paste) -> None:
        """Go to pasted order ids, as when they are typed after `g`."""
        if len(event.text) > MOST_PASTED:
            message = _(
                "{size:,} characters are more than order ids take; the paste was left out", size=len(event.text)
            )
            self.notify(message, severity="error")
        elif event.text.strip():
            self._call("navigation.go_to_pasted", event.text)

    def _call(self, run: str, *more: object) -> None:
        from .command_context import CommandContext, LastAction, find_function

        function, parameters = find_function(run)
        self._last = self._last or LastAction()
        context = CommandContext(
            session=self.session,
            screen=self,
            keymap=self.keymap,
            tasks=self.tasks,
            table=self.table,
            filter_bar=self.filter_bar,
            view=self.view,
            marks=self.marks,
            last=self._last,
            summary=self.summary,
            sync=self.sync,
            tour=self.tour,
            messages=self._messages(),
            refresh=self.refresh_all,
            relabel=self._relabel,
            describe=self._describe_in_full,
            show_detail=self.show_detail,
        )
        if iscoroutinefunction(function):  # it asks or works, so it runs as a task
            self.tasks.start(lambda task: function(context, task, *parameters, *more))
        else:
            function(context, *parameters, *more)

    def _describe_in_full(self, order_id: str) -> Content:
        from .order_details import describe_order

        width = min(DETAIL_WIDTH, self.app.size.width * 9 // 10 - 6)
        return describe_order(self.session, order_id, width=width, is_full=True, in_dialog=True, keymap=self.keymap)

    # Texts around the table

    def update_text(self, name: str, content: Content) -> None:
        """Update the text of a widget if it differs, so that an idle screen writes nothing. Another number of lines, or
        a text that sizes its widget (`age`, and `notes`, which wrap), lays the screen out anew.
        """
        key = (content.plain, tuple(content.spans))
        before = self._texts.get(name)
        if before == key:
            return
        try:
            static = self.query_one(f"#{name}", Static)
        except NoMatches:
            return  # it is not there while the screen is unmounted
        self._texts[name] = key
        lines = -1 if before is None else before[0].count("\n")
        static.update(content, layout=lines != content.plain.count("\n") or name in ("age", "notes"))

    def show_header(self) -> None:
        """Show the first line, and what needs attention below it."""
        session = self.session
        codes = list(session.orders.marketplaces())
        if codes and self.has_class("-empty"):
            self.call_after_refresh(self.table.focus)  # what was hidden had lost the keys
        self.set_class(not codes, "-empty")
        markets = [f"{MARKETPLACES[codes[0]].name} ({codes[0]})"] if len(codes) == 1 else codes
        name = session.config.shop_name or _("my shop")
        self.update_text(
            "header",
            render_header(
                shop_name=name, marketplaces=markets, practice=session.is_practice, read_only=session.is_read_only
            ),
        )
        self.sync.show_age()
        notes = [translate(text) for text in session.notices.banners()]
        self.update_text("notes", Content("! " + "  ·  ".join(notes)) if notes else Content(""))
        self.query_one("#notes").set_class(bool(notes), "-some")

    def _relabel(self) -> None:
        """Show every text anew, in another language."""
        from ordertui.tui.render.welcome import render_welcome

        self._texts.clear()
        self.filter_bar.relabel()
        for place, text in (("#welcome", render_welcome()), (".too-small", _(TOO_SMALL))):
            for static in self.query(place).results(Static):
                static.update(text)
        for widget in (self.queue_tabs, self.query_one(KeyHints)):
            widget.refresh()
        self.table.rerender()
        self.refresh_all()
        self.show_detail()

    @shows_errors
    def show_detail(self) -> None:
        """Show the order under the cursor in the detail pane."""
        from ordertui.tui.render.order_detail import PANE

        from .order_details import describe_order

        row, is_full = self.table.cursor_row, self.has_class("-zoomed")
        width = self.size.width * 3 // 5 - 2 if is_full else PANE
        text = Content("")
        if row is not None:
            text = describe_order(self.session, row.order_id, width=width, is_full=is_full, keymap=self.keymap)
        self.update_text("detail", text + "\n" * max(0, DETAIL_LINES - text.plain.count("\n")))

    @shows_errors
    def on_resize(self) -> None:
        """Fit the first line and the status line."""
        if self.view.shown is not None:
            self.show_header()
            self.summary.fit()

    def _view_changed(self, change: ViewChange) -> None:
        match change:
            case ViewChange.SHOWN:
                self.show_header()
            case ViewChange.COMPLETE:
                self.show_header()
                self.summary.show()
                self.show_detail()
            case ViewChange.PROGRESS:
                self.summary.show_status()
            case ViewChange.PENDING:
                self.summary.show()

    # What changes by itself

    def refresh_all(self) -> None:
        """Read everything again: view, counts, summary. Does nothing while the screen is unmounted."""
        if self.table.is_attached:
            self._read_changes()
            self.view.show()

    def _read_changes(self) -> None:
        version = self.session.data_version()
        self.summary.next_due = self.session.dispatcher.next_due()
        to_approve = self.summary.waiting.to_approve
        self.summary.waiting = self.session.batches.waiting()
        if self.summary.waiting.to_approve < to_approve:
            self._tell_decisions(self._read_at)
        self._read_at = self.session.clock.now()
        self.summary.summarizer.forget()
        self.view.counter.count()
        self._version = version  # after all of it was read: what fails is read again

    def _tick(self) -> None:
        """Dispatch what is due, show what time changed, save marks and columns. Called once a second."""
        due = self.summary.next_due
        may_dispatch = not (self._is_dispatching or self.session.is_read_only)
        if due is not None and self.session.clock.now() >= due.at and may_dispatch:
            self.summary.next_due, self._is_dispatching = None, True
            self.run_worker(work_shown(self, self._dispatch_due()), group="send")
        elif self.session.clock.now() // 60 != self._minute:
            self._show_time()
        elif due is not None:
            self.summary.show_status()
        if self.summary.is_behind:
            self.summary.show()
        if self.session.notices.copy_age() != self.sync.copy_age:
            self.show_header()
        self._save_workspace()
        self.sync.tick()

    def _look(self) -> None:
        """Show what others changed and which previews they have open, soon, and many changes in a row at once.

        Raises what kept rows from being read when they were drawn, and lets them be drawn again.
        """
        claims = self.session.claims
        claims.look()
        if claims.others != self._claims:
            self._claims = claims.others
            self.table.rerender()
            self.show_detail()
        self._looks += 1
        if self._looks < REST_LOOKS:
            return
        error = self._rows.take_error()
        if error is not None:
            self._looks = 0
            self._draw_rows_anew()
        if self.session.data_version() != self._version:
            self._looks = 0
            self._read_changes()
            self.show_header()
            self.summary.show()
            self.view.show_columns()
            self.table.reload()
            self.show_detail()
            self.view.refresh_external_changes()
            self._removed.read(self._forget_removed)
        if error is not None:
            raise error

    async def _forget_removed(self) -> None:
        """Unmark what another process removed from the store, and say how many."""
        count = await self.marks.forget_gone(self.session.orders)
        if count:
            self.table.marks_changed()
            text = ngettext(
                "{n:,} marked order was removed from the store: it is not marked any more",
                "{n:,} marked orders were removed from the store: they are not marked any more",
                count,
            )
            self.notify(text, timeout=12)

    def _show_time(self) -> None:
        """Once a minute: show ages, countdowns and what counts with them; only what reads otherwise now is painted."""
        self._minute = self.session.clock.now() // 60
        self.table.refresh_ages()
        self.show_header()
        self.summary.show()
        self.show_detail()
        self.view.counter.count()

    async def _dispatch_due(self) -> None:
        try:
            sent = await asyncio.to_thread(self.session.dispatcher.run, lambda: self._is_left)
        except Exception as error:
            from ordertui.operations.dispatch.dispatcher import (
                DispatchIncomplete,  # with the dispatch, not at the start
            )

            show_error(self, error)
            sent = list(error.written) if isinstance(error, DispatchIncomplete) else []
        finally:
            self._is_dispatching = False
        self.table.reload()
        self.refresh_all()
        for batch in sent:
            where = (
                _("in the outbox folder; {batch_outbox} says where to upload it", **self.keymap.names)
                if batch.files
                else _("at Amazon; {batch_outbox} says where it stands", **self.keymap.names)
            )
            self.notify(_("batch {batch} is {where}", batch=batch.id, where=where), timeout=15)

    # Messages

    def get_selected_text(self) -> str | None:
        """Return the text selected with the mouse, for ctrl+c."""
        return read_selected_text(super().get_selected_text)

    @on(events.Click, "#rate, #rate-strip")
    def _rate_clicked(self) -> None:
        if not self.get_selected_text():  # else the mouse was drawn over it to copy
            self.action_run("see.rate")

    @on(CursorMoved)
    def _cursor_moved(self) -> None:
        if self._detail_timer is not None:
            self._detail_timer.stop()
        self._detail_timer = call_later(self, CURSOR_PAUSE, self._cursor_rests)

    def _cursor_rests(self) -> None:
        scrolls = list(self.query("#detail-scroll").results(VerticalScroll))
        if not scrolls:
            return  # it is mounted after the first orders are drawn, and filled then
        self.show_detail()
        scrolls[0].scroll_home(animate=False)
        self.summary.show_for_cursor()
        self.table.prepare_page()

    @on(MarksChanged)
    @shows_errors
    def _marks_changed(self) -> None:
        self.marks.changed()
        self.view.counter.count_marked()
        self.summary.show()

    @on(VisualChanged)
    def _visual_changed(self) -> None:
        self.summary.show_status()

    @on(Activated)
    def _activated(self) -> None:
        self.action_run("see.detail")

    @on(SortRequested)
    @shows_errors
    def _sort_requested(self, event: SortRequested) -> None:
        self.view.sort_by(event.key, more=event.more)

    @on(ColumnSized)
    @shows_errors
    def _column_sized(self, event: ColumnSized) -> None:
        shown = [column.key for column in self.table.renderer.layout.columns]
        self.view.set_columns(self.view.request.sized(event.key, event.width, shown))

    @on(KeyHints.Clicked)
    async def _hint_clicked(self, event: KeyHints.Clicked) -> None:
        command = find_command(event.command_id)
        await (self.table if command.is_of_table else self).run_action(command.action)

    @on(QueueTabs.Chosen)
    def _queue_chosen(self, event: QueueTabs.Chosen) -> None:
        self.action_run(f"queue.{event.key}")

    @on(FilterBar.Typed)
    @shows_errors
    def _filter_typed(self, event: FilterBar.Typed) -> None:
        self.view.preview_filter(event.text)

    @on(FilterBar.Applied)
    @shows_errors
    def _filter_applied(self, event: FilterBar.Applied) -> None:
        self.view.apply_filter(event.text)

    @on(FilterBar.Cancelled)
    @shows_errors
    def _filter_cancelled(self) -> None:
        self.view.cancel_filter()
