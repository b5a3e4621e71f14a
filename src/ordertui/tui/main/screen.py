"""The main screen: queues, filter, table, rate panel and detail. How it gets its orders is in `showing`; its keys live in `looking`, `marking`, `acting`, `bringing`, `syncing`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static

from ordertui.operations.batches.batch import Due
from ordertui.operations.errors import USER_ERRORS
from ordertui.operations.query.marks import Marks
from ordertui.operations.query.queues import QUEUES, Queue
from ordertui.operations.session import Session
from ordertui.orders.enums import Action
from ordertui.orders.marketplace import MARKETPLACES, zone_of
from ordertui.orders.order import OrderRow
from ordertui.tui.actions import bindings
from ordertui.tui.key_queue import KeyQueue
from ordertui.tui.keymap import Keymap
from ordertui.tui.render.lines import header
from ordertui.tui.screens.acting import Acting
from ordertui.tui.screens.base import read_selected_text
from ordertui.tui.screens.bringing import Bringing
from ordertui.tui.screens.looking import Looking
from ordertui.tui.screens.marking import Marking
from ordertui.tui.screens.rating import Rating
from ordertui.tui.task_runner import TaskRunner, ends_with_screen
from ordertui.tui.tour.controller import Touring
from ordertui.tui.view_request import FIRST_PAGE, Request, View, read
from ordertui.tui.widgets.filter_bar import FilterBar
from ordertui.tui.widgets.key_hints import KeyHints
from ordertui.tui.widgets.minimal_repaint import DiffStatic
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

from .selection_summary import SelectionSummarizer
from .sync_controller import ROOMY, Syncing
from .view_controller import ViewController
from .weighing import Weighing

DIALOGS = Path(__file__).parent.with_name("screens") / "dialogs.tcss"
DEBOUNCE = 0.08
"""Seconds the cursor rests before the detail follows."""
DETAIL_LINES = 48
"""Lines the detail pane has at least, so that another order seldom lays the screen out anew."""
FULL = 100
"""Cells of a line in the full view of an order, at most."""


class MainScreen(ViewController, Weighing, Looking, Marking, Acting, Bringing, Syncing, Rating, Touring, Screen[None]):
    """Orders, and what may be done with them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(),
        *(Binding(str(n), f"queue('{queue.key}')", queue.title, show=False) for n, queue in enumerate(QUEUES, start=1)),
    ]
    AUTO_FOCUS = "#orders"

    def __init__(self, session: Session, keys: KeyQueue, keymap: Keymap) -> None:
        super().__init__()
        self.session = session
        self.keys = keys
        self.tasks = TaskRunner(self, keys)
        self.keymap = keymap
        self.request = Request().with_columns(session.workspace.columns())
        self.shown_view: View | None = None
        self.whole_view: View | None = None
        self.pending: View | None = None
        self.panel = SelectionSummarizer(session)
        self.queue_counts: tuple[Queue, ...] = ()
        self.marks, self.last_set = session.workspace.marks()
        self.found = Marks()
        self._version = -1
        self.next_due: Due | None = None
        self.view_lock = keys.lock()
        self.building = ""
        self._shown: dict[str, tuple[str, object]] = {}
        self._detail_timer: Timer | None = None
        self._marks_kept = self.columns_kept = True
        self._judging = False
        self._minute = self.now() // 60

    def compose(self) -> ComposeResult:
        with Vertical(id="body"):
            with Horizontal(id="header-line"):
                yield DiffStatic(id="header")
                yield Static(id="age")
            yield QueueTabs(id="queues")
            yield FilterBar(self.session.orders.condition, id="filter")
            with Horizontal(id="middle"):
                yield OrderTable(self.marks, id="orders")
                yield Vertical(id="side")
            yield DiffStatic(id="status")
            yield KeyHints(self.keymap.actions, id="hints")

    def on_mount(self) -> None:
        """Show the first orders; everything else begins when they are drawn, so that nothing holds them up."""
        self.table.set_source(self)
        self.table.set_sort(self.request.order)
        self._show_at_once()
        self.call_after_refresh(self._begin)

    async def _begin(self) -> None:
        """Show what may be done and all the rest, then keep an eye on holds and on other processes."""
        with self.app.batch_update():
            await self._furnish()
        self._judging = True
        self.table.rerender()
        self.query_one(FilterBar).set_history(self.session.workspace.history())
        self.refresh_all()
        for problem in self.keymap.problems:
            self.notify(problem, severity="warning", timeout=12)
        self.set_interval(1.0, self._tick)

    async def _furnish(self) -> None:
        """What the first orders can be seen without; none of it moves them. Styles of dialogs are read before any is opened."""
        from ordertui.tui.render.welcome import welcome

        self.app.stylesheet.read(DIALOGS)
        body, side = self.query_one("#body"), self.query_one("#side")
        scroll = VerticalScroll(DiffStatic(id="detail"), id="detail-scroll", can_focus=False)
        await asyncio.gather(
            self.mount(Static("ordertui needs at least 60 x 15", id="too-small"), before=body),
            body.mount(Static(id="notes"), after="#header-line"),
            body.mount(Static(welcome(), id="welcome"), before="#middle"),
            body.mount(DiffStatic(id="rate-strip"), before="#status"),
            side.mount(DiffStatic(id="rate"), scroll),
            self.query_one(FilterBar).mount_input(),
        )

    def _show_at_once(self) -> None:
        """The first orders, before anything is counted: a page of the first view comes straight from an index."""
        try:
            first = read(self.session, self.request, FIRST_PAGE)
            codes = {row.marketplace for row in self.session.orders.rows(first[:ROOMY]).values()}
        except USER_ERRORS:
            return  # the view that is built next says what is wrong
        self.table.set_columns(self.request.choice(several=len(codes) > 1))
        self.table.show(first)

    def on_unmount(self) -> None:
        """Keep the marks for the next start."""
        self._keep_desk()
        if self.syncing is not None:
            self.syncing.stopping = True

    def on_resize(self) -> None:
        """The first line and the status line say what fits."""
        if self.shown_view is not None:
            self.show_header()
            self.show_status()

    @property
    def table(self) -> OrderTable:
        """The table."""
        return self.query_one(OrderTable)

    def key_of(self, action: str) -> str:
        """The first key of an action, as people write it."""
        return next(one.first_key for one in self.keymap.actions if one.id == action)

    # What the table asks (RowSource)

    def rows(self, ids: Sequence[int]) -> Mapping[int, OrderRow]:
        """Return the rows of these ids, ready to be asked for the word of the May column."""
        found = self.session.orders.rows(ids)
        if self._judging:
            self.session.eligibility.prefetch(found.values())
        return found

    def may(self, row: OrderRow) -> str:
        """The word of the May column; empty until the rules are read, right after the first orders are drawn."""
        return self.session.eligibility.allowed_action(row) if self._judging else ""

    def now(self) -> int:
        """Epoch seconds."""
        return self.session.clock.now()

    def zone(self, row: OrderRow) -> str:
        """The zone of the row's marketplace."""
        return zone_of(row.marketplace)

    # Showing

    def put(self, name: str, content: Content) -> None:
        """Update a text if it differs: an idle screen writes nothing. Another number of lines, or `age`, lays out anew."""
        key = (content.plain, tuple(content.spans))
        before = self._shown.get(name)
        if before != key and self.query(f"#{name}"):  # nothing is there while the screen is taken down
            self._shown[name] = key
            lines = -1 if before is None else before[0].count("\n")
            layout = lines != content.plain.count("\n") or name == "age"
            for static in self.query(f"#{name}").results(Static):  # none when the screen is being closed
                static.update(content, layout=layout)

    def refresh_all(self) -> None:
        """Read everything again: view, counts, panel."""
        if not self.query(OrderTable):
            return  # work that ends while the screen is taken down
        self._look_again()
        self.show_view()

    def _look_again(self) -> None:
        self._version = self.session.data_version()
        self.next_due = self.session.dispatcher.next_due()
        self.panel.forget()
        self._count_queues()

    def show_header(self) -> None:
        """The first line, and what needs attention below it."""
        session = self.session
        codes = list(session.orders.marketplaces())
        self.set_class(not codes, "-empty")
        markets = [f"{MARKETPLACES[codes[0]].name} ({codes[0]})"] if len(codes) == 1 else codes
        name = session.config.shop_name or "my shop"
        self.put(
            "header",
            header(shop_name=name, marketplaces=markets, practice=session.is_practice, read_only=session.is_read_only),
        )
        self.show_age()
        notes = session.notices.banners()
        self.put("notes", Content("! " + "  ·  ".join(notes)) if notes else Content(""))
        self.query_one("#notes").set_class(bool(notes), "-some")
        self.table.set_columns(self.request.choice(several=len(codes) > 1))

    @work(exclusive=True, group="counts")
    @ends_with_screen
    async def _count_queues(self) -> None:
        try:
            self.queue_counts = await asyncio.to_thread(self.session.orders.queues)
        except USER_ERRORS as error:
            self.failed(error)
            return
        self.query_one(QueueTabs).show(self.queue_counts, self.request.queue)
        self.show_count()
        self.say_why_empty()

    def show_detail(self) -> None:
        """The detail pane, for the order under the cursor."""
        row = self.table.cursor_row
        text = Content("") if row is None else self.detail_of(row, full=False)
        self.put("detail", text + "\n" * max(0, DETAIL_LINES - text.plain.count("\n")))

    def detail_of(self, row: OrderRow, *, full: bool) -> Content:
        """The order in words; empty when it is gone."""
        from ordertui.tui.render.order_detail import PANE, detail

        order = self.session.orders.get(row.order_id)
        if order is None:
            return Content("")
        return detail(
            order,
            self.session.eligibility.verdicts(order.row, order.lines),
            deadline=self.session.eligibility.deadline(order.row),
            now=self.now(),
            zone=self.zone(row),
            full=full,
            history=self.session.orders.timeline(order) if full else (),
            behind=[self.session.planner.explain(order, action) for action in Action] if full else (),
            width=min(FULL, self.size.width * 9 // 10 - 6) if full else PANE,
        )

    def _tick(self) -> None:
        """Once a second: what is due leaves, what others changed is shown, the countdown goes on, marks are kept."""
        if self.next_due is not None and self.now() >= self.next_due.at and not self.session.is_read_only:
            self.next_due = None
            self.send_due()
        elif self.session.data_version() != self._version:
            self._look_again()
            self.show_header()
            self.table.reload()
            self.look_elsewhere()
        elif self.now() // 60 != self._minute:
            self._tell_time()
        elif self.next_due is not None and self.app.screen is self:
            self.show_status()
        self._keep_desk()
        self.watch_sync()

    def _tell_time(self) -> None:
        """Once a minute: ages, countdowns and what counts with them; only what reads otherwise now is painted."""
        self._minute = self.now() // 60
        self.table.refresh_ages()
        self.show_header()
        self.show_panel()
        self.show_detail()
        self._count_queues()

    def _keep_desk(self) -> None:
        """Write down what is to be there at the next start."""
        if not self.columns_kept:
            self.columns_kept = True
            self.session.workspace.keep_columns(self.request.columns)
        if not self._marks_kept:
            self._marks_kept = True
            self.session.workspace.keep_marks(self.marks, self.last_set)

    def get_selected_text(self) -> str | None:
        """Return the text selected with the mouse, for ctrl+c."""
        return read_selected_text(super().get_selected_text)

    # Messages

    @on(events.Click, "#rate, #rate-strip")
    def _rate_clicked(self) -> None:
        if not self.get_selected_text():  # else the mouse was drawn over it to copy
            self.action_rate()

    @on(CursorMoved)
    def _cursor_moved(self) -> None:
        if self._detail_timer is not None:
            self._detail_timer.stop()
        self._detail_timer = self.set_timer(DEBOUNCE, self._cursor_rests)

    def _cursor_rests(self) -> None:
        if not self.query("#detail-scroll"):
            return  # it is mounted after the first orders are drawn, and filled then
        self.show_detail()
        for scroll in self.query("#detail-scroll").results(
            VerticalScroll
        ):  # none before it is mounted, or while it is taken down
            scroll.scroll_home(animate=False)
        if not self.table.marks or self.panel.market(self.table.cursor_row) != self.market:
            self.show_panel()

    @on(MarksChanged)
    def _marks_changed(self) -> None:
        self._marks_kept = False
        self.show_panel()

    @on(VisualChanged)
    def _visual_changed(self) -> None:
        self.show_status()

    @on(Activated)
    def _activated(self) -> None:
        self.action_detail()

    @on(SortRequested)
    def _sort_requested(self, event: SortRequested) -> None:
        self.sort_by(event.key, more=event.more)

    @on(ColumnSized)
    def _column_sized(self, event: ColumnSized) -> None:
        shown = [column.key for column in self.table.renderer.layout.columns]
        self.show_columns(self.request.sized(event.key, event.width, shown))

    @on(QueueTabs.Chosen)
    def _queue_chosen(self, event: QueueTabs.Chosen) -> None:
        self.action_queue(event.key)
