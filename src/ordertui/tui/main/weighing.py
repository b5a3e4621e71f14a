"""The rate panel and the status line: what the marked set comes to, at once or, when it is large, beside the screen."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual import work
from textual.content import Content

from ordertui.operations.batches.batch import Due
from ordertui.operations.errors import USER_ERRORS, Stopped
from ordertui.operations.query.queues import BY_KEY
from ordertui.tui.task_runner import TaskMixin, ends_with_screen
from ordertui.tui.view_request import Request, View
from ordertui.tui.widgets.order_table import OrderTable

from .selection_summary import Answer, Question, SelectionSummarizer

INSTANT = 500
"""Up to so many marks are weighed at once, which takes some milliseconds; more are weighed beside the screen."""
REST = 0.08
"""Seconds after the last mark until a large set is weighed."""


class Weighing(TaskMixin):
    """How the main screen says what is marked."""

    panel: SelectionSummarizer
    request: Request
    shown_view: View | None
    building: str
    looking_up: str
    next_due: Due | None
    """When a batch does something next."""
    market: str = ""
    """Whose rate the panel shows."""
    _asked = 0

    if TYPE_CHECKING:

        @property
        def table(self) -> OrderTable: ...
        def pending_text(self) -> str: ...
        def put(self, name: str, content: Content) -> None: ...

    def show_status(self) -> None:
        """The status line, with what is known at once."""
        self.put("status", self.panel.status(self._question()))

    def show_panel(self) -> None:
        """The rate panel and the status line, for the marked set. A big set is weighed beside the screen, when no other
        one follows soon; how many are marked is said before."""
        asked = self._question()
        self._asked += 1
        if len(asked.ids) <= INSTANT and self.panel.is_warm(asked):
            self._put_answer(self.panel.answer(asked))
        else:
            self.put("status", self.panel.status(asked))
            self._panel_beside(asked)

    @work(exclusive=True, group="panel")
    @ends_with_screen
    async def _panel_beside(self, asked: Question) -> None:
        number = self._asked
        if len(asked.ids) > INSTANT:
            await asyncio.sleep(REST)
        try:
            answer = await asyncio.to_thread(self.panel.answer, asked, lambda: number != self._asked)
        except Stopped:
            return
        except USER_ERRORS as error:
            self.failed(error)
            return
        if number == self._asked:
            self._put_answer(answer)

    def _question(self) -> Question:
        marks, view = self.table.marks, self.shown_view
        hidden = len(marks) - marks.common(view.members) if marks and view is not None else 0
        return Question(
            marks.ids(),
            marks.version,
            self.table.cursor_row,
            hidden,
            self.next_due,
            BY_KEY[self.request.queue].title,
            self.size.width,
            self.pending_text(),
            self.table.range_size,
            self.building or self.looking_up,
        )

    def _put_answer(self, answer: Answer) -> None:
        self.put("rate", answer.panel)
        self.put("rate-strip", answer.strip)
        self.show_status()  # of now: a range, a view, the size may be another one than when it was asked
        self.market = answer.market
