"""The tour, and the way into the practice store. A store with real orders has no tour, only the offer of practice.

What belongs to the tour is imported when it begins: most starts are without.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer

from ordertui.messages import N_, _
from ordertui.operations.session import Session
from ordertui.orders.batch_state import LEFT_BATCHES, RowState
from ordertui.orders.enums import Action
from ordertui.tui.screens.base import ReadBelow
from ordertui.tui.screens.errors import call_every
from ordertui.tui.screens.task_runner import Task, TaskRunner
from ordertui.tui.widgets.order_table import OrderTable

if TYPE_CHECKING:
    from .steps import Facts, Tour

PLACES = {"RateScreen": "rate", "PreviewScreen": "preview", "OutboxScreen": "outbox", "PickerScreen": "files"}
"""Screen class to the name that the steps know it by."""
CHECK_SECONDS = 0.2
"""Seconds between two checks whether a step was done."""
FINISHED = N_(
    "That was the tour. What is here is made up: try anything. For your own orders: q, start ordertui, and i there."
    " ? has every key, t begins the tour again."
)
OFFER = N_("Made-up orders in a folder of their own; nothing in it is real, and your own store stays as it is.")


class TourNote(ReadBelow):
    """What to do now, docked below whatever screen is open: never over it, and never the target of a key."""

    is_docked = True


class PracticeBuilt(Message):
    """Sent to the application when the practice store was built and shall be opened."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path


class TourController:
    """Run the tour on the main screen: follow what the user does, and show what to do next."""

    def __init__(
        self,
        screen: Screen[None],
        session: Session,
        tasks: TaskRunner,
        table: OrderTable,
        current_queue: Callable[[], str],
    ) -> None:
        self._screen = screen
        self._session = session
        self._tasks = tasks
        self._table = table
        self._current_queue = current_queue
        self.tour: Tour | None = None
        """The tour under way."""
        self._timer: Timer | None = None
        self._has_ended = False
        """Whether a tour ended before, which a message says that may still be seen."""
        self._batch_facts = (0, 0, 0)
        """The last fields of `Facts`: newest batch, orders recalled, batches dispatched."""
        self._version = -1
        """Version of the store's data that `_batch_facts` are of."""

    def start_or_offer(self) -> None:
        """Begin the tour; in a store that is not practice, offer the practice store."""
        if self._session.is_practice:
            self.start()
        else:
            self._tasks.start(self._offer_practice)

    def start(self) -> None:
        """Begin the tour from its first step."""
        from .steps import Tour

        self._remove_notes()
        if self._has_ended:
            self._has_ended = False
            self._screen.app.clear_notifications()
        self.tour = Tour(self._facts())
        if self._timer is None:
            self._timer = call_every(self._screen, CHECK_SECONDS, self._check)
        self._check()

    def leave(self) -> bool:
        """End the tour where it is; return False when there is none."""
        if self.tour is None:
            return False
        self._end(_("The tour was left; t begins it again."))
        return True

    def _end(self, message: str) -> None:
        self.tour = None
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        self._remove_notes()
        self._session.workspace.keep_tour_seen()
        self._has_ended = True
        self._screen.notify(message, timeout=8)

    def _remove_notes(self) -> None:
        for screen in self._screen.app.screen_stack:
            for note in screen.query(TourNote):
                note.remove()

    def _check(self) -> None:
        """Go to the next step when this one was done, and show on the open screen what to do."""
        screen = self._screen.app.screen
        if self.tour is None or not self._table.is_attached or not screen.is_attached:
            return  # it has ended, or screens are being unmounted
        self.tour.look(self._facts())
        if self.tour.is_over:
            self._end(_(FINISHED))
            return
        text = self.tour.text()
        notes = list(screen.query(TourNote))
        if not notes:
            screen.mount(TourNote(text, markup=False))
        elif notes[0].content != text:
            notes[0].update(text)

    def _facts(self) -> Facts:
        from .steps import Facts

        version = self._session.data_version()
        if version != self._version:
            self._version = version
            batches = self._session.batches.find()
            recalled = sum(row.state is RowState.RECALLED for batch in batches for row in batch.rows)
            dispatched = sum(batch.state in LEFT_BATCHES for batch in batches)
            self._batch_facts = (max((batch.id for batch in batches), default=0), recalled, dispatched)
        return Facts(self._place(), self._current_queue(), self._table.marks.count, *self._batch_facts)

    def _place(self) -> str:
        """Return the screen that is open, as the steps name it; of a question the one that it stands over."""
        stack = self._screen.app.screen_stack
        if stack[-1] is self._screen:
            return "main"
        for screen in reversed(stack):
            name = type(screen).__name__
            if name in PLACES:
                return PLACES[name]
            if name == "OrderScreen":
                return "other" if self._can_be_cancelled() else "refused"
        return "other"

    def _can_be_cancelled(self) -> bool:
        """Return whether the order under the cursor may be cancelled; True without one."""
        row = self._table.cursor_row
        return row is None or any(
            verdict.allowed for verdict in self._session.eligibility.verdicts(row) if verdict.action is Action.CANCEL
        )

    async def _offer_practice(self, task: Task) -> None:
        from ordertui.tui.screens.dialogs import ConfirmScreen

        question = ConfirmScreen(_("Open the practice store, with a tour?"), {"p": _("practice")}, _(OFFER))
        if await task.ask(question, discard_typeahead=True):
            from ordertui.operations.config import practice_folder
            from ordertui.operations.demo import build_practice, has_practice_store, practice_store
            from ordertui.tui.screens.base import Dialog

            folder = practice_folder()
            if has_practice_store(folder):
                self._screen.app.post_message(PracticeBuilt(practice_store(folder)))
                return
            with task.showing(
                Dialog[None](_("Building the practice store"), note=_("5,000 made-up orders; some seconds."))
            ):
                path = await task.work(build_practice, folder, now=self._session.clock.now(), fresh=False)
            self._screen.app.post_message(PracticeBuilt(path))
