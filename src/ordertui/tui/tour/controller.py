"""The tour, and the way into the practice store. In a store with real orders there is no tour, only the offer of practice.

What belongs to the tour is imported when it begins: most starts are without.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.screen import Screen
from textual.timer import Timer

from ordertui.operations.session import Session
from ordertui.orders.batch_state import LEFT_BATCHES, RowState
from ordertui.orders.enums import Action
from ordertui.tui.task_runner import Task, TaskMixin
from ordertui.tui.view_request import Request
from ordertui.tui.widgets.order_table import OrderTable

if TYPE_CHECKING:
    from .steps import Facts, Tour

SCREENS = {"RateScreen": "rate", "PreviewScreen": "preview", "OutboxScreen": "outbox"}
LOOK = 0.2
"""Seconds between two looks whether a step was done."""
OVER = "That was the tour. What is here is made up: try anything. ? has every key, t begins the tour again."
OFFER = "Made-up orders in a folder of their own; nothing in it is real, and your own store stays as it is."


class Touring(TaskMixin):
    """What the main screen does for the tour."""

    session: Session
    request: Request
    tour: Tour | None = None
    _tour_timer: Timer | None = None
    _batches: tuple[int, tuple[int, int, int]] = (-1, (0, 0, 0))

    if TYPE_CHECKING:

        @property
        def table(self) -> OrderTable: ...

    def action_tour(self) -> None:
        """Begin the tour; in a store that is not practice, offer the practice store."""
        if self.session.is_practice:
            self.begin_tour()
        else:
            self.start(self._practice)

    def begin_tour(self) -> None:
        """From its first step."""
        from .steps import Tour

        self._take_notes_away()
        self.tour = Tour(self._facts())
        if self._tour_timer is None:
            self._tour_timer = self.set_interval(LOOK, self._look_around)
        self._look_around()

    def leave_tour(self) -> bool:
        """End it where it is; False when there is none."""
        if self.tour is None:
            return False
        self._end_tour("The tour was left; t begins it again.")
        return True

    def _end_tour(self, why: str) -> None:
        self.tour = None
        if self._tour_timer is not None:
            self._tour_timer.stop()
            self._tour_timer = None
        self._take_notes_away()
        self.session.workspace.keep_tour_seen()
        self.notify(why, timeout=8)

    def _take_notes_away(self) -> None:
        from .note import TourNote

        for screen in self.app.screen_stack:
            for note in screen.query(TourNote):
                note.remove()

    def _look_around(self) -> None:
        """Go on when the step was done, and say on the screen that is open what to do."""
        from .note import TourNote

        if self.tour is None or not self.query(OrderTable) or not self.app.screen.is_attached:
            return  # there is none, or screens are being taken down
        self.tour.look(self._facts())
        if self.tour.over:
            self._end_tour(OVER)
            return
        text, screen = self.tour.text(), self.app.screen
        notes = list(screen.query(TourNote))
        if not notes:
            screen.mount(TourNote(text, markup=False))
        elif notes[0].content != text:
            notes[0].update(text)

    def _facts(self) -> Facts:
        from .steps import Facts

        version = self.session.data_version()
        if version != self._batches[0]:
            batches = self.session.batches.find()
            recalled = sum(row.state is RowState.RECALLED for batch in batches for row in batch.rows)
            left = sum(batch.state in LEFT_BATCHES for batch in batches)
            self._batches = (version, (max((batch.id for batch in batches), default=0), recalled, left))
        return Facts(self._open_screen(self.app.screen), self.request.queue, self.table.marks.count, *self._batches[1])

    def _open_screen(self, screen: Screen[object]) -> str:
        if screen is self:
            return "main"
        name = type(screen).__name__
        if name == "TextScreen":
            row = self.table.cursor_row
            may = row is None or any(
                v.allowed for v in self.session.eligibility.verdicts(row) if v.action is Action.CANCEL
            )
            return "other" if may else "refused"
        return SCREENS.get(name, "other")

    async def _practice(self, task: Task) -> None:
        from ordertui.tui.screens.dialogs import ConfirmScreen

        if await task.ask(
            ConfirmScreen("Open the practice store, with a tour?", {"p": "practice"}, OFFER), discard_typeahead=True
        ):
            from ordertui.operations.config import practice_folder
            from ordertui.operations.demo import build_practice
            from ordertui.tui.screens.progress import WaitScreen

            with task.showing(WaitScreen("Building the practice store", "5,000 made-up orders; some seconds.")):
                path = await task.work(build_practice, practice_folder(), now=self.session.clock.now())
            self.app.call_later(self.app.open_practice, path)
