"""The main screen: queues, filter, table, rate panel and detail. What its keys do to orders is in `acting` and `bringing`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Static

from ordertui.operations.known import KNOWN, sentence
from ordertui.operations.queues import BY_KEY, QUEUES
from ordertui.operations.shop import Shop
from ordertui.operations.values import Queue
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.order import OrderRow

from .. import texts
from ..actions import bindings, hint_line
from ..widgets.filter_bar import FilterBar
from ..widgets.order_table import OrderTable
from ..widgets.queue_tabs import QueueTabs
from .acting import Acting
from .bringing import Bringing
from .dialogs import TextScreen
from .help import HelpScreen
from .outbox import OutboxScreen

SORTS = {
    "order": "order_id",
    "placed": "placed",
    "ship-by": "ship_by",
    "items": "items",
    "total": "total",
    "status": "status",
}
"""Table column to what the shop sorts by; other columns cannot be sorted."""
DEBOUNCE = 0.06
INSTANT = 2_000
"""Up to so many marks the panel is worked out at once; more are worked out beside the screen."""


class MainScreen(Acting, Bringing, Screen[None]):
    """Orders, and what may be done with them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *bindings(),
        *(Binding(str(n), f"queue('{queue.key}')", queue.title, show=False) for n, queue in enumerate(QUEUES, start=1)),
    ]
    AUTO_FOCUS = "#orders"

    def __init__(self, shop: Shop) -> None:
        super().__init__()
        self.shop = shop
        self.queue = "all"
        self.filter_text = ""
        self.sort = "placed"
        self.reverse = True
        self._queues: tuple[Queue, ...] = ()
        self._version = -1
        self._next_due: int | None = None
        self._market = ""
        self._shown: dict[str, tuple[str, object]] = {}
        self._detail_timer: Timer | None = None

    def compose(self) -> ComposeResult:
        yield Static("ordertui needs at least 60 x 15", id="too-small")
        with Vertical(id="body"):
            yield Static(id="header")
            yield Static(id="notes")
            yield QueueTabs(id="queues")
            yield FilterBar(self.shop.condition, id="filter")
            with Horizontal(id="middle"):
                yield OrderTable(id="orders")
                with Vertical(id="side"):
                    yield Static(id="rate")
                    with VerticalScroll(id="detail-scroll", can_focus=False):
                        yield Static(id="detail")
            yield Static(id="rate-strip")
            yield Static(id="status")
            yield Static(hint_line(), id="hints", markup=False)

    def on_mount(self) -> None:
        """Show the orders, then keep an eye on holds and on other processes."""
        self.table.set_source(self)
        self.table.set_sort("placed", True)
        self.refresh_all()
        self.set_interval(1.0, self._tick)

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
        """Update a text, and only if it differs: an idle screen writes nothing."""
        key = (content.plain, tuple(content.spans))
        if self._shown.get(name) != key:
            self._shown[name] = key
            self.query_one(f"#{name}", Static).update(content)

    def refresh_all(self) -> None:
        """Read everything again: view, counts, panel."""
        self._version = self.shop.data_version()
        self._next_due = self.shop.next_due()
        self._show_header()
        self._build_view()
        self._count_queues()

    def _show_header(self) -> None:
        shop = self.shop
        codes = shop.marketplaces()
        markets = [f"{MARKETPLACES[codes[0]].name} ({codes[0]})"] if len(codes) == 1 else codes
        self.put(
            "header",
            texts.header(
                shop_name=shop.config.shop_name or "my shop", marketplaces=markets, as_of=shop.as_of(), now=self.now(),
                zone=shop.zone, practice=shop.practice, read_only=shop.read_only,
            ),
        )  # fmt: skip
        notes = shop.notes()
        self.put("notes", Content("! " + "  ·  ".join(notes)) if notes else Content(""))
        self.query_one("#notes").set_class(bool(notes), "-some")

    @work(exclusive=True, group="view")
    async def _build_view(self) -> None:
        try:
            ids = await asyncio.to_thread(self.shop.view, self.filter_text, self.sort, self.reverse, self.queue)
        except KNOWN as error:
            self.notify(sentence(error), severity="error")
            return
        self.table.empty_text = texts.why_empty(BY_KEY[self.queue].why_empty, bool(self.filter_text.strip()))
        self.table.show(ids)
        self._show_count()
        self.show_panel()
        self._show_detail()

    @work(exclusive=True, group="counts")
    async def _count_queues(self) -> None:
        self._queues = await asyncio.to_thread(self.shop.queues)
        self.query_one(QueueTabs).show(self._queues, self.queue)
        self._show_count()

    def _show_count(self) -> None:
        total = self._queues[0].count if self._queues else None
        shown = f"{len(self.table.ids):,}"
        self.query_one(FilterBar).count(shown if total is None else f"{shown} of {total:,}")

    def show_panel(self) -> None:
        """The rate panel and the status line, for the marked set."""
        row = self.table.cursor_row
        codes = self.shop.marketplaces()
        self._market = row.marketplace if row is not None and row.marketplace in codes else (codes[0] if codes else "")
        ids = self.table.marks.ids()
        if len(ids) <= INSTANT:
            self._put_panel(*self._work_out(ids, self._market, row, self._hidden(ids)))
        else:
            self._panel_beside(ids, row, self._hidden(ids))

    @work(exclusive=True, group="panel")
    async def _panel_beside(self, ids: Sequence[int], row: OrderRow | None, hidden: int) -> None:
        found = await asyncio.to_thread(self._work_out, ids, self._market, row, hidden)
        self._put_panel(*found)

    def _work_out(
        self, ids: Sequence[int], market: str, row: OrderRow | None, hidden: int
    ) -> tuple[Content, Content, Content]:
        """Panel, strip and status line; reads the shop and touches no widget."""
        impact = self.shop.impact(ids)
        status = texts.status_line(
            marked=impact.count, hidden=hidden, money=texts.money_sums(impact.money, impact.unpriced),
            allowed=impact.cancellable, counted=impact.counted, cannot=impact.cannot, cursor=row, held=self._held_text(),
        )  # fmt: skip
        if not market:
            return (
                Content("\n No orders yet.\n i imports the reports you\n downloaded from Seller Central."),
                Content(""),
                status,
            )
        effects = self.shop.rate(market, ids)
        days = self.shop.rate_days(market, 14)
        panel = texts.rate_panel(
            effects, marked=bool(ids), spark=texts.sparkline(days, Fraction(effects[0].before.target)),
            rolls_off=self.shop.rolls_off_tonight(market), risk=self.shop.auto_cancel_risk(market), name=market,
        )  # fmt: skip
        return panel, texts.rate_strip(effects, marked=bool(ids), name=market), status

    def _put_panel(self, panel: Content, strip: Content, status: Content) -> None:
        self.put("rate", panel)
        self.put("rate-strip", strip)
        self.put("status", status)

    def _hidden(self, ids: Sequence[int]) -> int:
        """How many marked orders the view does not show."""
        if not ids:
            return 0
        marks = self.table.marks
        return len(ids) - sum(row_id in marks for row_id in self.table.ids)

    def _held_text(self) -> str:
        if self._next_due is None:
            return ""
        return f"held {texts.countdown(self._next_due - self.now())}"

    def _show_detail(self) -> None:
        row = self.table.cursor_row
        order = self.shop.order(row.order_id) if row is not None else None
        if order is None:
            self.put("detail", Content(""))
            return
        self.put("detail", self.detail_of(order.row, full=False))

    def detail_of(self, row: OrderRow, *, full: bool) -> Content:
        """The order in words."""
        order = self.shop.order(row.order_id)
        assert order is not None, "the row is in the store"
        return texts.detail(
            order,
            self.shop.verdicts(row),
            deadline=self.shop.deadline(row),
            now=self.now(),
            zone=self.zone(row),
            full=full,
        )

    def _tick(self) -> None:
        """Once a second: what is due leaves, what others changed is shown, the countdown goes on."""
        if self._next_due is not None and self.now() >= self._next_due and not self.shop.read_only:
            self._next_due = None
            self.send_due()
        elif self.shop.data_version() != self._version and not self.table.in_visual:
            self.table.reload()
            self.refresh_all()
        elif self._next_due is not None and self.app.screen is self:
            self.show_panel()

    # Messages

    @on(OrderTable.CursorMoved)
    def _cursor_moved(self) -> None:
        if self._detail_timer is not None:
            self._detail_timer.stop()
        self._detail_timer = self.set_timer(DEBOUNCE, self._cursor_rests)

    def _cursor_rests(self) -> None:
        self._show_detail()
        row = self.table.cursor_row
        if not self.table.marks or (row is not None and row.marketplace != self._market):
            self.show_panel()

    @on(OrderTable.MarksChanged)
    def _marks_changed(self) -> None:
        self.show_panel()

    @on(OrderTable.Activated)
    def _activated(self) -> None:
        self.action_detail()

    @on(OrderTable.SortRequested)
    def _sort_requested(self, event: OrderTable.SortRequested) -> None:
        self._sort_by(event.key)

    @on(QueueTabs.Chosen)
    def _queue_chosen(self, event: QueueTabs.Chosen) -> None:
        self.action_queue(event.key)

    @on(FilterBar.Applied)
    def _filter_applied(self, event: FilterBar.Applied) -> None:
        self.filter_text = event.text
        self.table.focus()
        self._build_view()

    @on(FilterBar.Left)
    def _filter_left(self) -> None:
        self.table.focus()

    # Keys that only look

    def action_queue(self, key: str) -> None:
        """Show a work queue."""
        self.queue = key
        self.query_one(QueueTabs).show(self._queues, key)
        note = next((queue.note for queue in self._queues if queue.key == key and queue.note), "")
        if note:
            self.notify(note, severity="warning")
        self._build_view()

    def action_filter(self) -> None:
        """Type a filter."""
        self.query_one(FilterBar).begin()

    def action_clear_filter(self) -> None:
        """Drop the filter."""
        if self.filter_text:
            self.filter_text = ""
            self.query_one(FilterBar).put("")
            self._build_view()

    def action_sort(self) -> None:
        """Sort by the next column."""
        keys = list(SORTS)
        self._sort_by(keys[(keys.index(self._sort_column()) + 1) % len(keys)])

    def action_reverse(self) -> None:
        """Turn the order round."""
        self._sort_by(self._sort_column())

    def _sort_column(self) -> str:
        return next(column for column, key in SORTS.items() if key == self.sort)

    def _sort_by(self, column: str) -> None:
        if column not in SORTS:
            self.notify(f"the column {column} cannot be sorted", severity="warning")
            return
        self.reverse = not self.reverse if SORTS[column] == self.sort else column in ("placed", "total", "items")
        self.sort = SORTS[column]
        self.table.set_sort(column, self.reverse)
        self._build_view()

    def action_detail(self) -> None:
        """The whole order."""
        row = self.table.cursor_row
        if row is not None:
            self.app.push_screen(TextScreen(f"Order {row.order_id}", self.detail_of(row, full=True), copy=row.order_id))

    def action_outbox(self) -> None:
        """Batches."""
        self.app.push_screen(OutboxScreen(self.shop), lambda _: self.refresh_all())

    def action_refresh_view(self) -> None:
        """Read the store again."""
        self.table.reload()
        self.refresh_all()

    def action_help(self) -> None:
        """All keys."""
        self.app.push_screen(HelpScreen())

    def action_quit(self) -> None:
        """Leave; what is held stays held."""
        self.app.exit()
