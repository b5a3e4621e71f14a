"""The rate panel and the status line: what the marked orders come to, at once or, for many, beside the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

import msgspec
from msgspec.structs import replace
from textual.content import Content
from textual.screen import Screen

from ordertui.messages import N_, _
from ordertui.operations.batches.batch import Due, Waiting
from ordertui.operations.errors import Stopped
from ordertui.operations.marks import IdSet
from ordertui.operations.query.queues import BY_KEY
from ordertui.operations.session import Session
from ordertui.orders.order import OrderRow
from ordertui.tui.render.format import cut_parts, render_sparkline
from ordertui.tui.render.status_line import StatusLine, render_status_line
from ordertui.tui.screens.task_runner import Refresher, TaskRunner
from ordertui.tui.widgets.order_table import OrderTable

from .view_controller import ViewController

if TYPE_CHECKING:
    from ordertui.operations.rate.calculator import AutoCancels
    from ordertui.operations.rate.figures import Impact, RateEffect
    from ordertui.operations.rate.marked_sum import MarkedSum
    from ordertui.tui.render.rate_panel import RatePanel

SPARK_DAYS = 14
AT_ONCE = 500
"""Up to so many marks are summed up at once, which takes some milliseconds; more are summed up beside the screen."""
MARKING_PAUSE = 0.08
"""Seconds after the last mark until a large set is summed up."""
NO_STRIPS = (Content(""), Content(""))
NO_ORDERS = N_("\n No orders yet.\n i imports the reports you\n downloaded from Seller Central.")


class SummaryRequest(msgspec.Struct, frozen=True):
    """What is marked and shown when a summary is asked for."""

    ids: IdSet
    """The marked orders."""
    version: int
    """Version of the marks; another one after each change."""
    line: StatusLine
    """What is known at once for the status line."""


class Summary(msgspec.Struct, frozen=True):
    """The texts about the rate. The status line is made by `SelectionSummarizer.status` afterwards."""

    panel: Content
    strips: tuple[Content, Content]
    """The line that stands for the panel on a narrow screen, with its words and in short."""
    market: str
    """The marketplace shown."""
    impact: Impact
    """What the marked orders come to, for the status line."""
    version: int
    """Version of the marks that `impact` is of."""
    source: RatePanel | None = None
    """What the panel shows; None without orders."""


class _Rates:
    """What was read of the rates since the store changed or the minute passed; it does not change with a mark."""

    def __init__(self, minute: int) -> None:
        self.minute = minute
        self.codes: list[str] | None = None
        """Marketplaces with orders; None before they are read."""
        self.effects: dict[str, list[RateEffect]] = {}
        """The rates without any mark, by marketplace."""
        self.around: dict[str, tuple[str, int, AutoCancels]] = {}
        """Sparkline, orders that roll off tonight and orders at risk, by marketplace."""


class _KeptSum(msgspec.Struct, frozen=True):
    """The sum of a large set of marked orders, and what must be unchanged for it to be true still."""

    version: int
    """Of the marks."""
    generation: int
    """Of the store."""
    since: int
    until: int
    """The first second (epoch) at which it may be otherwise."""
    found: MarkedSum


class SelectionSummarizer:
    """Work the texts out. Keeps which marketplace is shown, and until the store changes the rates and the sum of many
    marks.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.pinned = ""
        """The marketplace chosen with a key; empty: the panel follows the cursor."""
        self._impact: tuple[int, Impact | None] = (-1, None)
        """What the last summary found of the marks, with their version; -1: the store changed since. None: none yet."""
        self._cached = _Rates(-1)
        self._generation = 0
        """Grows with each change of the store."""
        self._kept: _KeptSum | None = None

    def forget(self) -> None:
        """Read everything again after the store changed."""
        self._cached = _Rates(-1)
        self._generation += 1
        self._impact = (-1, self._impact[1])

    def take_in(self, summary: Summary) -> None:
        """Let the status line have what a summary found. Not done by `summarize`: that runs in threads, and one whose
        summary nobody waits for any more may end last.
        """
        self._impact = (summary.version, summary.impact)

    def market(self, cursor: OrderRow | None, impact: Impact | None = None) -> str:
        """Return the marketplace that is shown; empty without orders.

        It is the pinned one, else the cursor's, but with marks only one that has some. `impact` is of the marks; None:
        that of the last summary.
        """
        codes = self._codes()
        if self.pinned in codes:
            return self.pinned
        found = impact or self._impact[1]
        marked = [code for code, _ in found.markets if code in codes] if found is not None else []
        if cursor is not None and cursor.marketplace in (marked or codes):
            return cursor.marketplace
        return (marked or codes or [""])[0]

    def switch(self) -> str:
        """Pin the next marketplace, after the last one follow the cursor again; return what is pinned."""
        codes = ["", *self._codes()]
        place = codes.index(self.pinned) if self.pinned in codes else 0
        self.pinned = codes[(place + 1) % len(codes)]
        return self.pinned

    def status(self, request: SummaryRequest) -> Content:
        """Return the status line, at once; it has money and verdicts as soon as a summary has found them."""
        version, impact = self._impact
        return render_status_line(replace(request.line, impact=impact if version == request.version else None))

    def is_warm(self, request: SummaryRequest) -> bool:
        """Return whether a summary needs nothing that takes long, because it was read since the store changed."""
        rates = self._rates()
        if rates.codes is None:
            return False
        return self.market(request.line.cursor) in rates.around and all(code in rates.effects for code in rates.codes)

    def summarize(self, request: SummaryRequest, stop: Callable[[], bool] = lambda: False) -> Summary:
        """Read the store and return the texts. Raises Stopped when `stop` says that nobody waits for them any more."""
        from ordertui.tui.render.rate_panel import RatePanel, render_rate_panel

        calculator = self._session.rate.calculator
        sums = self._sum(request, stop)
        impact = sums.impact
        shown = self.market(request.line.cursor, impact)
        if not shown:
            return Summary(Content(_(NO_ORDERS)), NO_STRIPS, "", impact, request.version)
        marked = dict(impact.markets)
        effects = {
            code: calculator.effects_of(code, sums.gains[code]) if code in sums.gains else self._unmarked_rate(code)
            for code in self._codes()
        }
        if request.ids and not impact.cancellable:
            rises = any(one.after.cancelled > one.before.cancelled for found in effects.values() for one in found)
            impact = replace(impact, refund_counts=rises)
        elsewhere = [(code, marked.get(code, 0), found[0]) for code, found in effects.items() if code != shown]
        spark, rolls_off, risk = self._around(shown)
        panel = RatePanel(
            effects=effects[shown],
            has_marks=bool(request.ids),
            name=shown,
            elsewhere=elsewhere,
            sparkline=spark,
            rolls_off=rolls_off,
            at_risk=len(risk.ids),
            outdated=risk.outdated,
            budgets=self._session.rate.budgets.of(shown),
            is_pinned=bool(self.pinned),
        )
        return Summary(render_rate_panel(panel), strips_of(panel), shown, impact, request.version, panel)

    def _sum(self, request: SummaryRequest, stop: Callable[[], bool]) -> MarkedSum:
        """Return what the marks come to. That of many is kept until marks or store change, or time may change it."""
        now, kept, generation, sums = self._session.clock.now(), self._kept, self._generation, self._session.rate.marked
        is_of_these = kept is not None and (kept.version, kept.generation) == (request.version, generation)
        if kept is not None and is_of_these and kept.since <= now < kept.until:
            return kept.found
        ids = IdSet(request.ids, partial(_go_on, stop))
        if len(ids) <= AT_ONCE:
            return sums.of(ids)
        until = sums.next_change(now)
        found = sums.of(ids)  # read later than the generation and the moment that it is kept under
        self._kept = _KeptSum(request.version, generation, now, until, found)
        return found

    def _rates(self) -> _Rates:
        minute = self._session.clock.now() // 60
        if self._cached.minute != minute:
            self._cached = _Rates(minute)
        return self._cached

    def _codes(self) -> list[str]:
        rates = self._rates()
        if rates.codes is None:
            rates.codes = list(self._session.orders.marketplaces())
        return rates.codes

    def _unmarked_rate(self, code: str) -> list[RateEffect]:
        rates = self._rates()
        if code not in rates.effects:
            rates.effects[code] = self._session.rate.calculator.effects(code)
        return rates.effects[code]

    def _around(self, code: str) -> tuple[str, int, AutoCancels]:
        rates, session = self._rates(), self._session
        if code not in rates.around:
            now = self._unmarked_rate(code)[0].before
            days = [] if now.reason else session.rate.calculator.days(code, SPARK_DAYS)
            rates.around[code] = (
                render_sparkline(days, Fraction(now.target)),
                session.rate.calculator.rolls_off_tonight(code),
                session.rate.at_risk(code),
            )
        return rates.around[code]


def strips_of(panel: RatePanel) -> tuple[Content, Content]:
    """Return the rate in one line, with words and without."""
    from ordertui.tui.render.rate_panel import render_rate_strip

    return render_rate_strip(panel), render_rate_strip(panel, is_short=True)


def _go_on(stop: Callable[[], bool]) -> None:
    if stop():
        raise Stopped("another set is marked by now")


class SummaryController:
    """Show the texts whenever marks, cursor or view changed."""

    def __init__(
        self,
        screen: Screen[None],
        session: Session,
        tasks: TaskRunner,
        table: OrderTable,
        view: ViewController,
        update_text: Callable[[str, Content], None],
    ) -> None:
        self._screen = screen
        self._session = session
        self._tasks = tasks
        self._table = table
        self._view = view
        self._update_text = update_text
        self.summarizer = SelectionSummarizer(session)
        self.next_due: Due | None = None
        """When a batch does something next; the status line counts down to it."""
        self.waiting = Waiting()
        """How many batches are held, and how many files wait for their upload."""
        self._strips = NO_STRIPS
        """The rate in one line, as it was found last."""
        self._market = ""
        """Whose rate the panel shows."""
        self._number = 0
        """Grows when a summary that is being made is not wanted any more."""
        self._asked_version = 0
        """Of the marks whose summary was asked for last."""
        self._later = Refresher(screen, "panel")
        self._panel: RatePanel | None = None
        """What the panel showed last of marks that were worked out."""
        self._shown_version = -1
        """Of these marks."""

    @property
    def is_behind(self) -> bool:
        """Whether the marks were changed since, as by a dialog over the screen."""
        return self._table.marks.version != self._asked_version

    def fit(self) -> None:
        """Show the lines that depend on the width of the screen."""
        room = self._screen.size.width - 2
        long, short = self._strips
        self._update_text("rate-strip", long if long.cell_length <= room else cut_parts(short, room))
        self.show_status()

    def show_status(self) -> None:
        """Show the status line with what is known at once."""
        self._update_text("status", self.summarizer.status(self._request()))

    def show(self) -> None:
        """Show panel and status line for the marks. A large set is summed up beside the screen, unless another one
        follows soon; how many are marked is said before.
        """
        request = self._request()
        is_at_once = len(request.ids) <= AT_ONCE and self.summarizer.is_warm(request)
        if is_at_once or request.version != self._asked_version:
            self._number += 1
        self._asked_version = request.version
        if is_at_once:
            self._show(self.summarizer.summarize(request))
        else:
            self._update_text("status", self.summarizer.status(request))
            self._show_counting(request)
            self._later.read(self._show_later, of=request.version)

    def stop(self) -> None:
        """Let the summary that is being made end."""
        self._number += 1

    def show_for_cursor(self) -> None:
        """Show what the cursor moved to: nothing changes while orders of the same marketplace are marked."""
        if not self._table.marks or self.summarizer.market(self._table.cursor_row) != self._market:
            self.show()

    async def _show_later(self) -> None:
        request, number = self._request(), self._number
        if len(request.ids) > AT_ONCE:
            await asyncio.sleep(MARKING_PAUSE)
        try:
            summary = await asyncio.to_thread(self.summarizer.summarize, request, lambda: number != self._number)
        except Stopped:
            return
        if number == self._number:
            self._show(summary)

    def _show_counting(self, request: SummaryRequest) -> None:
        """Show in the panel that what is marked now is being worked out, not what other marks came to."""
        if self._panel is None or not request.ids or request.version == self._shown_version:
            return
        from ordertui.tui.render.rate_panel import counting, render_rate_panel

        panel = counting(self._panel)
        self._update_text("rate", render_rate_panel(panel))
        self._strips = strips_of(panel)
        self.fit()

    def _show(self, summary: Summary) -> None:
        self._panel, self._shown_version = summary.source, summary.version
        self.summarizer.take_in(summary)
        self._update_text("rate", summary.panel)
        self._strips = summary.strips
        self.fit()  # the status line is of now: range, view or size may differ from when the summary was asked for
        self._market = summary.market

    def _request(self) -> SummaryRequest:
        marks, view = self._table.marks, self._view
        hidden = len(marks) - marks.common(view.shown.members) if marks and view.shown is not None else 0
        line = StatusLine(
            marked=len(marks),
            impact=None,
            hidden=hidden,
            cursor=self._table.cursor_row,
            waiting=self.waiting,
            due=self.next_due,
            now=self._session.clock.now(),
            view=_(BY_KEY[view.request.queue].title),
            width=self._screen.size.width,
            pending=view.pending_text,
            range_size=self._table.range_size,
            progress=view.progress,
            hidden_fba=0 if view.shown is None else view.shown.hidden_fba,
        )
        return SummaryRequest(marks.frozen(), marks.version, line)
