"""The main screen: queues, filter, table, rate panel and detail. Its keys live in `looking`, `marking`, `acting`, `bringing`."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.css.query import NoMatches
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static

from ordertui.operations.known import KNOWN
from ordertui.operations.marks import Marks
from ordertui.operations.queues import BY_KEY, QUEUES
from ordertui.operations.shop import Shop
from ordertui.operations.values import Queue
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.order import OrderRow
from ordertui.orders.status import Action
from ordertui.store import Interrupted

from ..actions import bindings
from ..keymap import Keymap
from ..panel import Answer, Question, RatePanel
from ..texts.detail import PANE, detail
from ..texts.lines import age, header
from ..texts.welcome import welcome
from ..texts.words import why_empty
from ..typeahead import TypeAhead
from ..view import FIRST_PAGE, Request, View, build, read
from ..widgets.filter_bar import FilterBar
from ..widgets.hint_line import HintLine
from ..widgets.order_table import OrderTable
from ..widgets.order_table.messages import Activated, CursorMoved, MarksChanged, SortRequested, VisualChanged
from ..widgets.queue_tabs import QueueTabs
from ..widgets.thrift import ThriftyStatic
from .acting import Acting
from .bringing import Bringing
from .looking import Looking
from .marking import Marking

DEBOUNCE = 0.08
"""Seconds the cursor rests before the detail follows."""
DETAIL_LINES = 48
"""Lines the detail pane has at least, so that another order seldom lays the screen out anew."""
ROOMY = 110
"""Cells from which the first line has room for the time of the reports."""
FULL = 100
"""Cells of a line in the full view of an order, at most."""
INSTANT = 2_000
"""Up to so many marks the panel is worked out at once; more are worked out beside the screen."""


class MainScreen(Looking, Marking, Acting, Bringing, Screen[None]):
    """Orders, and what may be done with them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(),
        *(Binding(str(n), f"queue('{queue.key}')", queue.title, show=False) for n, queue in enumerate(QUEUES, start=1)),
    ]
    AUTO_FOCUS = "#orders"

    def __init__(self, shop: Shop, keys: TypeAhead, keymap: Keymap) -> None:
        super().__init__()
        self.shop = shop
        self.keys = keys
        self.keymap = keymap
        self.request = Request()
        self.shown_view: View | None = None
        self.pending: View | None = None
        """A view that other processes' changes made, and that waits because marks, a range or a dialog are open."""
        self.panel = RatePanel(shop)
        self.queue_counts: tuple[Queue, ...] = ()
        self.marks, self.last_set = shop.desk.marks()
        self.found: array[int] = array("q")
        self._version = -1
        self._next_due: int | None = None
        self._market = ""
        self._asked = 0
        self._view_hold = keys.hold()
        self._shown: dict[str, tuple[str, object]] = {}
        self._detail_timer: Timer | None = None
        self._marks_kept = True

    def compose(self) -> ComposeResult:
        yield Static("ordertui needs at least 60 x 15", id="too-small")
        with Vertical(id="body"):
            with Horizontal(id="header-line"):
                yield ThriftyStatic(id="header")
                yield Static(id="age")
            yield Static(id="notes")
            yield QueueTabs(id="queues")
            yield FilterBar(self.shop.condition, id="filter")
            yield Static(welcome(), id="welcome")
            with Horizontal(id="middle"):
                yield OrderTable(self.marks, id="orders")
                with Vertical(id="side"):
                    yield ThriftyStatic(id="rate")
                    with VerticalScroll(id="detail-scroll", can_focus=False):
                        yield ThriftyStatic(id="detail")
            yield ThriftyStatic(id="rate-strip")
            yield ThriftyStatic(id="status")
            yield HintLine(self.keymap.actions, id="hints")

    def on_mount(self) -> None:
        """Show the orders, then keep an eye on holds and on other processes."""
        self.table.set_source(self)
        self.query_one(FilterBar).set_history(self.shop.desk.history())
        self._show_at_once()
        self.refresh_all()
        for problem in self.keymap.problems:
            self.notify(problem, severity="warning", timeout=12)
        self.set_interval(1.0, self._tick)

    def _show_at_once(self) -> None:
        """The first orders, before anything is counted: a page of the first view comes straight from an index."""
        try:
            first = read(self.shop, self.request, FIRST_PAGE)
            codes = {row.marketplace for row in self.shop.rows(first[:ROOMY]).values()}
        except KNOWN:
            return  # the view that is built next says what is wrong
        self.table.set_columns(self.request.choice(several=len(codes) > 1))
        self.table.show(first)

    def on_unmount(self) -> None:
        """Keep the marks for the next start."""
        self._keep_marks()

    def on_resize(self) -> None:
        """The first line says what fits."""
        if self.shown_view is not None:
            self._show_header()

    @property
    def table(self) -> OrderTable:
        """The table."""
        return self.query_one(OrderTable)

    # What the table asks (RowSource)

    def rows(self, ids: Sequence[int]) -> Mapping[int, OrderRow]:
        """Rows of these ids."""
        return self.shop.rows(ids)

    def may(self, row: OrderRow) -> str:
        """The word of the May column."""
        return self.shop.may(row)

    def now(self) -> int:
        """Epoch seconds."""
        return self.shop.clock.now()

    def zone(self, row: OrderRow) -> str:
        """The zone of the row's marketplace."""
        market = MARKETPLACES.get(row.marketplace)
        return market.zone if market else "UTC"

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
        self._version = self.shop.data_version()
        self._next_due = self.shop.next_due()
        self.panel.forget()
        self._count_queues()

    def _show_header(self) -> None:
        shop = self.shop
        codes = list(shop.marketplaces())
        self.set_class(not codes, "-empty")
        markets = [f"{MARKETPLACES[codes[0]].name} ({codes[0]})"] if len(codes) == 1 else codes
        name = shop.config.shop_name or "my shop"
        self.put(
            "header", header(shop_name=name, marketplaces=markets, practice=shop.practice, read_only=shop.read_only)
        )
        short = self.size.width < ROOMY
        words = age(as_of=shop.as_of(), now=self.now(), zone=shop.zone, short=short, live=shop.live(short=short))
        self.put("age", words)
        notes = shop.notes()
        self.put("notes", Content("! " + "  ·  ".join(notes)) if notes else Content(""))
        self.query_one("#notes").set_class(bool(notes), "-some")
        self.table.set_columns(self.request.choice(several=len(codes) > 1))

    def show_view(self) -> None:
        """Show what `request` asks for: the first page at once, the rest when it is known. Keys wait until all is there."""
        self.pending = None
        self.table.set_sort(self.request.order)
        self.query_one(QueueTabs).show(self.queue_counts, self.request.queue)
        self._view_hold.shut()
        self._build_view(self.request)

    @work(exclusive=True, group="view")
    async def _build_view(self, request: Request) -> None:
        self.shop.interrupt_views()
        try:
            first = await asyncio.to_thread(read, self.shop, request, FIRST_PAGE)
            await asyncio.to_thread(self.shop.marketplaces)
            if len(first) == FIRST_PAGE:
                self._swap(View(request, first, Marks(first)), whole=False)
            self._swap(await asyncio.to_thread(build, self.shop, request), whole=True)
        except (Interrupted, NoMatches):  # another view is asked for, or the screen is being taken down
            return
        except KNOWN as error:
            self.failed(error)
        self._view_hold.open()

    def _swap(self, view: View, *, whole: bool) -> None:
        self.shown_view = view
        self._show_header()
        self.table.empty_text = why_empty(BY_KEY[view.request.queue].why_empty, bool(view.request.filter.strip()))
        self.table.show(view.ids)
        if whole:
            self._show_count()
            self.show_panel()
            self._show_detail()

    @work(exclusive=True, group="elsewhere")
    async def _look_elsewhere(self) -> None:
        """Another process changed the store: rows are read again in place; new ones wait while something is open or marked."""
        try:
            view = await asyncio.to_thread(build, self.shop, self.request)
        except KNOWN:
            return  # the next change, or the next key that reads, says what is wrong
        if view.request != self.request or self.shown_view is None or view.ids == self.shown_view.ids:
            return
        if self.app.screen is self and not self.table.in_visual and not self.table.marks and not self.keys.holds:
            self._swap(view, whole=True)
        else:
            self.pending = view
            self.show_panel()

    def _pending_text(self) -> str:
        if self.pending is None or self.shown_view is None:
            return ""
        stay = self.pending.members.common(self.shown_view.members)
        come, go = len(self.pending.ids) - stay, len(self.shown_view.ids) - stay
        parts = [f"+{come:,}"] * bool(come) + [f"−{go:,}"] * bool(go)
        return " ".join(parts) or "order changed"

    @work(exclusive=True, group="counts")
    async def _count_queues(self) -> None:
        try:
            self.queue_counts = await asyncio.to_thread(self.shop.queues)
        except KNOWN as error:
            self.failed(error)
            return
        if self.query(QueueTabs):  # none when the screen was closed meanwhile
            self.query_one(QueueTabs).show(self.queue_counts, self.request.queue)
            self._show_count()

    def _show_count(self) -> None:
        total = self.queue_counts[0].count if self.queue_counts else None
        shown = f"{len(self.table.ids):,}"
        self.query_one(FilterBar).count(shown if total is None else f"{shown} of {total:,}")

    def show_panel(self) -> None:
        """The rate panel and the status line, for the marked set."""
        asked = self._question()
        self._asked += 1
        if len(asked.ids) <= INSTANT and self.panel.is_warm(asked):
            self._put_answer(self.panel.answer(asked))
        else:
            self._panel_beside(asked)

    @work(exclusive=True, group="panel")
    async def _panel_beside(self, asked: Question) -> None:
        number = self._asked
        try:
            answer = await asyncio.to_thread(self.panel.answer, asked)
        except KNOWN as error:
            self.failed(error)
            return
        if number == self._asked:
            self._put_answer(answer)

    def _question(self) -> Question:
        marks, view = self.table.marks, self.shown_view
        ids = marks.ids() if marks else array("q")
        hidden = len(ids) - marks.common(view.members) if ids and view is not None else 0
        title = BY_KEY[self.request.queue].title
        return Question(
            ids, self.table.cursor_row, hidden, self._next_due, title, self._pending_text(), self.table.range_size
        )

    def _put_answer(self, answer: Answer) -> None:
        self.put("rate", answer.panel)
        self.put("rate-strip", answer.strip)
        self.put("status", answer.status)
        self._market = answer.market

    def _show_detail(self) -> None:
        row = self.table.cursor_row
        text = Content("") if row is None else self.detail_of(row, full=False)
        self.put("detail", text + "\n" * max(0, DETAIL_LINES - text.plain.count("\n")))

    def detail_of(self, row: OrderRow, *, full: bool) -> Content:
        """The order in words; empty when it is gone."""
        order = self.shop.order(row.order_id)
        if order is None:
            return Content("")
        return detail(
            order,
            self.shop.verdicts(order.row),
            deadline=self.shop.deadline(order.row),
            now=self.now(),
            zone=self.zone(row),
            full=full,
            history=self.shop.history(order) if full else (),
            behind=[self.shop.explain(order, action) for action in Action] if full else (),
            width=min(FULL, self.size.width * 9 // 10 - 6) if full else PANE,
        )

    def _tick(self) -> None:
        """Once a second: what is due leaves, what others changed is shown, the countdown goes on, marks are kept."""
        if self._next_due is not None and self.now() >= self._next_due and not self.shop.read_only:
            self._next_due = None
            self.send_due()
        elif self.shop.data_version() != self._version:
            self._look_again()
            self._show_header()
            self.table.reload()
            self._look_elsewhere()
        elif self._next_due is not None and self.app.screen is self:
            self.put("status", self.panel.status(self._question()))
        self._keep_marks()

    def _keep_marks(self) -> None:
        if not self._marks_kept:
            self._marks_kept = True
            self.shop.desk.keep_marks(self.marks, self.last_set)

    # Messages

    @on(CursorMoved)
    def _cursor_moved(self) -> None:
        if self._detail_timer is not None:
            self._detail_timer.stop()
        self._detail_timer = self.set_timer(DEBOUNCE, self._cursor_rests)

    def _cursor_rests(self) -> None:
        self._show_detail()
        self.query_one("#detail-scroll", VerticalScroll).scroll_home(animate=False)
        if not self.table.marks or self.panel.market(self.table.cursor_row) != self._market:
            self.show_panel()

    @on(MarksChanged)
    def _marks_changed(self) -> None:
        self._marks_kept = False
        self.show_panel()

    @on(VisualChanged)
    def _visual_changed(self) -> None:
        self.put("status", self.panel.status(self._question()))

    @on(Activated)
    def _activated(self) -> None:
        self.action_detail()

    @on(SortRequested)
    def _sort_requested(self, event: SortRequested) -> None:
        self.sort_by(event.key, more=event.more)

    @on(QueueTabs.Chosen)
    def _queue_chosen(self, event: QueueTabs.Chosen) -> None:
        self.action_queue(event.key)

    @on(FilterBar.Applied)
    def _filter_applied(self, event: FilterBar.Applied) -> None:
        self.shop.desk.remember(event.text)
        self.table.focus()
        self.ask_for(msgspec.structs.replace(self.request, filter=event.text))

    @on(FilterBar.Left)
    def _filter_left(self) -> None:
        self.table.focus()
