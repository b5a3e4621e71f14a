"""The full view of the rate: chart of a month, days to come, lists of its orders; one marketplace or all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import ClassVar

import msgspec
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from ordertui.messages import N_, _, join_texts
from ordertui.operations.session import Session
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.tui.clipboard import copy
from ordertui.tui.key_queue import KeyQueue
from ordertui.tui.render.format import GAP
from ordertui.tui.render.rate_report import Course, render_all_rates, render_entry, render_rate, render_risk
from ordertui.tui.screens.task_runner import Task, TaskRunner
from ordertui.tui.widgets.option_list import SafeOptionList

from .base import SCROLL_KEYS, ChangeWatch, Dialog
from .dialogs import TextScreen
from .errors import shows_errors, work_shown

LISTED = 2_000
"""Orders listed; `ordertui rate --list` gives all."""
STACK_ROWS = 5
"""Rows of each chart when all marketplaces are shown."""
AROUND = 6
"""Lines of the dialog for title, figures and keys."""
CHART_ROWS = (3, 14)
"""Fewest and most rows of the chart."""
Describe = Callable[[str], Content]


def courses(session: Session, marketplace: str, ids: Sequence[int]) -> list[Course]:
    """Return the windows of a marketplace, with and without the marked orders. Reads the store."""
    marked = dict(session.rate.calculator.impact(ids).markets).get(marketplace, 0)
    mine = ids if marked else ()
    risk, budgets = session.rate.at_risk(marketplace), session.rate.budgets.of(marketplace)
    return [
        Course(
            effect,
            tuple(session.rate.trend.course(marketplace, mine, days=effect.before.days)),
            len(risk.ids),
            marked,
            budgets,
            risk.outdated,
        )
        for effect in session.rate.calculator.effects(marketplace, mine)
    ]


class RateScreen(Dialog[None]):
    """The rate of one marketplace; `p` goes to the next one, and after the last to all of them."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,P", "leave", N_("close"), show=False),
        Binding("p", "market(1)", N_("next marketplace"), show=False),
        Binding("n", "listing(True)", N_("what counts"), show=False),
        Binding("d", "listing(False)", N_("all orders"), show=False),
        Binding("r", "risk", N_("risk"), show=False),
        *SCROLL_KEYS,
    ]

    def __init__(
        self, session: Session, keys: KeyQueue, ids: Sequence[int], marketplace: str, describe: Describe
    ) -> None:
        super().__init__(
            _("Cancellation rate{text}", text=_(" · PRACTICE") if session.is_practice else ""),
            _("Esc close"),
            is_tall=True,
        )
        self._tasks = TaskRunner(self, keys)
        self._session = session
        self._ids = ids
        self._describe = describe
        self._first = marketplace
        self._views: list[Course | None] = []
        """The views that `p` goes through; None stands for all marketplaces."""
        self._place = 0
        self._is_counting = False
        self._is_behind = False
        """Whether the store changed since what is shown was counted."""

    def _compose_body(self) -> ComposeResult:
        with VerticalScroll(classes="dialog-body", can_focus=False):
            yield Static(_("Counting…"), id="rate-full", markup=False)

    @shows_errors
    def on_mount(self) -> None:
        """Count in a thread, then show the marketplace asked for; count again when the store changes."""
        ChangeWatch(self._session).start(self, self._count_again)
        self._is_counting = True
        self._tasks.start(self._count)

    async def _count(self, task: Task) -> None:
        try:
            self._views = await task.work(self._counted)
        finally:
            self._is_counting = False
        mine = [n for n, one in enumerate(self._views) if one and one.effect.before.marketplace == self._first]
        self._place = mine[0] if mine else 0
        self._show()
        if self._is_behind:
            self._count_again()

    def _counted(self) -> list[Course | None]:
        """Return the views as they are now. Reads the store."""
        session = self._session
        found = [course for code in session.orders.marketplaces() for course in courses(session, code, self._ids)]
        return [*found, None] if len(found) > 1 else [*found]

    def _count_again(self) -> None:
        """Count beside the screen, one count at a time: what changes meanwhile is counted together after it."""
        self._is_behind = True
        if not self._is_counting:
            self._is_counting = True
            self.run_worker(work_shown(self, self._count_until_done()), group="count")

    async def _count_until_done(self) -> None:
        try:
            while self._is_behind and self.is_mounted:
                self._is_behind = False
                views = await asyncio.to_thread(self._counted)
                place = next((n for n, one in enumerate(views) if _key(one) == _key(self._course)), 0)
                self._views, self._place = views, place
                self._show()
        finally:  # after an error what was counted before stays, and the next change counts again
            self._is_counting = False

    @property
    def _course(self) -> Course | None:
        return self._views[self._place] if self._views else None

    def on_resize(self) -> None:
        """Draw the chart for the new size."""
        self.call_after_refresh(self._show)

    def _show(self) -> None:
        """Show the keys, then draw the text for the room that they leave."""
        if self._views and self.query("#rate-full"):  # none when it was closed meanwhile
            keys = _("p one by one")
            if self._course is not None:
                keys = _("n what counts   d all orders   r about to be cancelled")
                keys = (_("p next marketplace   ") if len(self._views) > 1 else "") + keys
            self.show_keys(GAP.join([keys, _("? keys"), _("Esc close")]))
            self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        if not self.query("#rate-full"):
            return
        body = self.query_one(VerticalScroll)
        width = body.scrollable_content_region.width
        course = self._course
        if course is None:
            text = render_all_rates([one for one in self._views if one is not None], width, STACK_ROWS)
        else:
            low, high = CHART_ROWS
            ahead = sum(point.ahead >= 0 for point in course.points)
            text = render_rate(course, width, max(low, min(high, body.content_region.height - AROUND - ahead)))
        self.query_one("#rate-full", Static).update(text)

    def action_market(self, by: int) -> None:
        """Go to the next marketplace, or to all."""
        if self._views:
            self._place = (self._place + by) % len(self._views)
            self._show()
            self.query_one(VerticalScroll).scroll_home(animate=False)

    def action_listing(self, numerator: bool) -> None:
        """List the orders that count as cancelled, or all of the window."""
        course = self._course
        if course is None:
            self.notify(_("p goes to one marketplace: its orders can be listed"))
        else:
            self._tasks.start(lambda task: self._listing(task, course, numerator))

    async def _listing(self, task: Task, course: Course, numerator: bool) -> None:
        now = course.effect.before
        found = await task.work(self._session.rate.lists.listing, now.marketplace, days=now.days, numerator=numerator)
        lines = [(entry.order_id, render_entry(entry, now.timezone)) for entry in found[:LISTED]]
        what = _("counted as cancelled") if numerator else _("orders of the window")
        await task.ask(
            OrdersScreen(
                self._session,
                self._tasks.keys,
                join_texts([course.title, f"{len(found):,} {what}"], ": "),
                OrderLines(lines, len(found)),
                self._describe,
            )
        )

    def action_risk(self) -> None:
        """List the orders that Amazon is about to cancel by itself."""
        course = self._course
        if course is None:
            self.notify(_("p goes to one marketplace: its orders can be listed"))
        else:
            self._tasks.start(lambda task: self._risk(task, course.effect.before.marketplace))

    async def _risk(self, task: Task, code: str) -> None:
        session = self._session
        ids = (await task.work(session.rate.at_risk, code)).ids
        rows = session.orders.rows(ids[:LISTED])
        zone = MARKETPLACES[code].zone if code in MARKETPLACES else "UTC"
        now = session.clock.now()
        lines = [
            (rows[i].order_id, render_risk(rows[i], session.eligibility.deadline(rows[i]), now, zone))
            for i in ids
            if i in rows
        ]
        title = _(
            "{code}: {ids:,} that Amazon cancels within 24 h unless their shipment is confirmed",
            code=code,
            ids=len(ids),
        )
        await task.ask(OrdersScreen(session, self._tasks.keys, title, OrderLines(lines, len(ids)), self._describe))


def _key(course: Course | None) -> tuple[str, int] | None:
    """Return what a view is of: a marketplace and its days; None: all."""
    return None if course is None else (course.effect.before.marketplace, course.effect.before.days)


class OrderLines(msgspec.Struct, frozen=True):
    """Orders to list: order id and line of each, and how many there are in all."""

    lines: Sequence[tuple[str, Content]]
    count: int


class OrdersScreen(Dialog[None]):
    """A list of orders; Enter opens one in full, space marks it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q", "leave", N_("close"), show=False),
        Binding("y", "copy", N_("copy id"), show=False),
        Binding("space", "mark", N_("mark"), show=False),
    ]

    def __init__(self, session: Session, keys: KeyQueue, title: str, orders: OrderLines, describe: Describe) -> None:
        super().__init__(title, _("Enter the whole order   space mark   y copy its id   Esc close"), is_tall=True)
        self._marks = session.orders.marks()
        self._tasks = TaskRunner(self, keys)
        self._lines = list(orders.lines)
        self._count = orders.count
        self._describe = describe
        self._ids = session.orders.ids_of([order_id for order_id, _ in self._lines])

    def _compose_body(self) -> ComposeResult:
        options = [Option(self._prompt(place), id=order_id) for place, (order_id, _) in enumerate(self._lines)]
        if self._count > len(self._lines):
            more = self._count - len(self._lines)
            options.append(Option(_("and {more:,} more: `ordertui rate --list` gives all", more=more), disabled=True))
        yield SafeOptionList(
            *(options or [Option(_("no order"), disabled=True)]), id="rate-orders", markup=False, mark_cells=2
        )

    def _prompt(self, place: int) -> Content:
        order_id, line = self._lines[place]
        return Content.assemble(("● " if self._ids.get(order_id) in self._marks else "  ", "$text-accent"), line)

    def on_mount(self) -> None:
        """Focus the list."""
        self.query_one(OptionList).focus()

    @shows_errors
    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Open the order."""
        order_id = event.option_id
        if order_id is not None:
            text = TextScreen(
                _("Order {order_id}", order_id=order_id), partial(self._describe, order_id), copy=order_id
            )
            self._tasks.start(lambda task: task.ask(text))

    @property
    def _place(self) -> int | None:
        """Number of the line under the cursor; None when there is none."""
        place = self.query_one(OptionList).highlighted
        return place if place is not None and place < len(self._lines) else None

    def action_copy(self) -> None:
        """Copy the id under the cursor."""
        if self._place is not None:
            order_id = self._lines[self._place][0]
            self.notify(copy(self.app, order_id, order_id))

    def action_mark(self) -> None:
        """Mark or unmark the order under the cursor, and go on to the next."""
        place = self._place
        row_id = None if place is None else self._ids.get(self._lines[place][0])
        if place is None or row_id is None:
            return
        self._marks.toggle(row_id)
        options = self.query_one(OptionList)
        options.replace_option_prompt_at_index(place, self._prompt(place))
        if place + 1 < len(self._lines):
            options.highlighted = place + 1
