"""Run tasks, made of questions and work, one at a time; keys wait while nothing on the screen could take them. Readings
of what a screen shows run beside it, and keep no key waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from ordertui.messages import _
from ordertui.operations.session import Session
from ordertui.orders.enums import Action
from ordertui.tui.key_queue import InputLock, KeyQueue
from ordertui.tui.render.format import orders_text

from .base import Title
from .errors import errors_shown, work_shown

if TYPE_CHECKING:
    from ordertui.operations.batches.batch import Batch
    from ordertui.operations.planning.order_planner import PlanChoices
    from ordertui.operations.planning.plan import Plan

    from .progress import ProgressScreen

SHOWN_FROM = 2_000
"""Orders from which on a bar is shown while they are worked on: fewer take no time that is noticed."""
Given = TypeVar("Given")
Result = TypeVar("Result")
Arguments = ParamSpec("Arguments")


class Task:
    """Lets one task ask and work. Keys wait from its start to its end, except while a dialog is open."""

    def __init__(self, owner: Screen[Given], lock: InputLock) -> None:
        self._app = owner.app
        self._lock = lock
        self._keys_of: Widget | None = None
        """The screen that has the keys; None while they wait. A dialog over a bar gives them back to it."""

    async def ask(self, screen: Screen[Given | None], *, discard_typeahead: bool = False) -> Given | None:
        """Open a dialog and return its answer; None when it was left. Keys typed before it was drawn go to it; with
        `discard_typeahead` they are thrown away, because they might answer what nobody has read.
        """
        answer: asyncio.Future[Given | None] = self._app.push_screen(screen, wait_for_dismiss=True)
        with self._keys_go_to(screen, discard=discard_typeahead):
            return await answer

    @contextmanager
    def showing(self, screen: Screen[None]) -> Iterator[None]:
        """Show a screen, and give it the keys, as long as the context lasts."""
        self._app.push_screen(screen)
        try:
            with self._keys_go_to(screen, discard=False):
                yield
        finally:
            stack = self._app.screen_stack  # a dialog below another one, such as its help, cannot be dismissed
            for above in reversed(stack[stack.index(screen) :] if screen in stack else ()):
                above.dismiss(None)

    @contextmanager
    def _keys_go_to(self, screen: Screen[Given], *, discard: bool) -> Iterator[None]:
        def open_when_drawn() -> None:
            if self._keys_of is screen:
                self._lock.open(discard_before=_first_drawn(screen) if discard else None)

        below, self._keys_of = self._keys_of, screen
        self._lock.close()
        screen.call_after_refresh(open_when_drawn)
        try:
            yield
        finally:
            self._keys_of = below
            if below is None:
                self._lock.close()
            else:
                self._lock.open()

    async def plan(
        self, session: Session, action: Action, ids: Sequence[int], choices: PlanChoices
    ) -> tuple[Plan, ...]:
        """Plan these orders in a thread; many of them behind a bar that Escape stops. Raises Stopped then."""
        with self.progress(
            _("Checking {orders}", orders=orders_text(len(ids))), _("Esc stop; nothing is done"), len(ids)
        ) as screen:
            return await self.work(
                session.planner.plan, action, ids, choices, progress=screen.advance, stop=lambda: screen.stopping
            )

    async def commit(self, session: Session, plan: Plan, typed: str | None) -> Batch:
        """Commit a plan in a thread; many orders behind a bar that Escape stops. Raises Stopped then, with nothing
        committed. An Escape that comes too late stops nothing: the batch is returned.
        """
        count = len(plan.rows)
        with self.progress(
            _("Committing {orders}", orders=orders_text(count)), _("Esc stop; nothing is committed"), count
        ) as screen:
            return await self.work(
                session.batches.commit, plan, typed=typed, progress=screen.advance, stop=lambda: screen.stopping
            )

    async def change(self, title: str, count: int, change: Callable[[Callable[[], bool]], Result]) -> Result:
        """Call this in a thread, which changes this many orders; many of them behind a bar that Escape stops.

        It is given what says whether to stop, and does all or nothing. Raises Stopped. An Escape that comes too late
        stops nothing.
        """
        with self.progress(title, _("Esc stop; nothing is done"), count) as screen:
            return await self.work(change, lambda: screen.stopping)

    @contextmanager
    def progress(self, title: str, keys: str, count: int) -> Iterator[ProgressScreen]:
        """Give what the work reports to and is stopped by; it is shown where so many orders take time."""
        from .progress import ProgressScreen

        screen = ProgressScreen(title, keys)
        with self.showing(screen) if count > SHOWN_FROM else nullcontext():
            yield screen

    async def work(
        self, function: Callable[Arguments, Result], *args: Arguments.args, **options: Arguments.kwargs
    ) -> Result:
        """Call this in a thread, beside the screen, and return what it gives."""
        return await asyncio.to_thread(function, *args, **options)


class TaskRunner:
    """Run the tasks of one screen, one at a time."""

    def __init__(self, screen: Screen[Given], keys: KeyQueue) -> None:
        self._screen = screen
        self.keys = keys
        self._is_running = False

    def start(self, run: Callable[[Task], Coroutine[object, object, object]]) -> None:
        """Run a task, unless one is running. An error that the user can settle is shown, not raised."""
        if not self._is_running:
            self._is_running = True
            lock = self.keys.lock()
            self._screen.run_worker(self._run(run(Task(self._screen, lock)), lock), group="act")

    async def _run(self, task: Awaitable[object], lock: InputLock) -> None:
        try:
            with errors_shown(self._screen):
                await task
        finally:
            self._is_running = False
            lock.open()


def _first_drawn(screen: Screen[Given]) -> float:
    """Return when the dialog's title was first drawn, by the clock of Textual's messages; now when it has none."""
    moments = [title.first_drawn for title in screen.query(Title) if title.first_drawn is not None]
    return min(moments, default=Message().time)


class Refresher:
    """Runs one reading at a time. One that is asked for while it runs follows it, so that changes in a row, however
    many, never keep it from its end.
    """

    def __init__(self, screen: Screen[None], group: str) -> None:
        self._screen = screen
        self._group = group
        self._current: tuple[Hashable, object] | None = None
        """What is being read, with a mark of its own for each run."""
        self._is_stale = False
        """Whether it may have changed since its reading began."""

    def read(self, read: Callable[[], Awaitable[None]], of: Hashable = None) -> None:
        """Read beside the screen, or once more after the reading under way. One that is of something else is cancelled;
        what it does in a thread goes on until it looks whether it is still wanted.
        """
        self._is_stale = True
        if self._current is None or self._current[0] != of:
            self._current = current = (of, object())
            work = work_shown(self._screen, self._read_until_fresh(read, current))
            self._screen.run_worker(work, group=self._group, exclusive=True)

    async def _read_until_fresh(self, read: Callable[[], Awaitable[None]], current: tuple[Hashable, object]) -> None:
        try:
            while self._is_stale:
                self._is_stale = False
                await read()
        finally:
            if self._current is current:
                self._current = None
