"""Questions and work in turn, with the keys held while nothing on the screen could take them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from textual.css.query import NoMatches
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget

from ordertui.operations.errors import USER_ERRORS, error_message

from .key_queue import Hold, KeyQueue

Answer = TypeVar("Answer")
Result = TypeVar("Result")
Owner = TypeVar("Owner")
Given = ParamSpec("Given")


def ends_with_screen(
    run: Callable[Concatenate[Owner, Given], Coroutine[Any, Any, None]],
) -> Callable[Concatenate[Owner, Given], Coroutine[Any, Any, None]]:
    """A worker that may still run while its screen is being taken down: what it finds missing then is nobody's loss."""

    @wraps(run)
    async def guarded(self: Owner, /, *args: Given.args, **more: Given.kwargs) -> None:
        with suppress(NoMatches):
            await run(self, *args, **more)

    return guarded


class Task:
    """What a piece of work asks and does. Keys wait from its start to its end, but for the time a dialog is open."""

    def __init__(self, owner: Widget, hold: Hold) -> None:
        self._owner = owner
        self._hold = hold

    async def ask(self, screen: Screen[Answer | None], *, unseen: bool = False) -> Answer | None:
        """Open a dialog and wait for its answer. Keys typed before it was drawn go to it; with `unseen` they are thrown
        away, because they might answer what nobody has read."""
        answer: asyncio.Future[Answer | None] = self._owner.app.push_screen(screen, wait_for_dismiss=True)
        with self._keys_go_to(screen, drop=unseen):
            return await answer

    @contextmanager
    def showing(self, screen: Screen[None]) -> Iterator[None]:
        """Show a screen, and give it the keys, as long as the context lasts."""
        self._owner.app.push_screen(screen)
        try:
            with self._keys_go_to(screen, drop=False):
                yield
        finally:
            screen.dismiss(None)

    @contextmanager
    def _keys_go_to(self, screen: Screen[Any], *, drop: bool) -> Iterator[None]:
        over = False

        def drawn() -> None:
            if not over:
                self._hold.open(unseen_before=_first_drawn(screen) if drop else None)

        screen.call_after_refresh(drawn)
        try:
            yield
        finally:
            over = True
            self._hold.shut()

    async def work(self, what: Callable[..., Result], *args: Any, **options: Any) -> Result:
        """Run this beside the screen."""
        return await asyncio.to_thread(what, *args, **options)


class TaskRunner(Widget if TYPE_CHECKING else object):  # type: ignore[misc]
    """A screen that runs flows, one at a time."""

    keys: KeyQueue

    flowing = False

    def start(self, run: Callable[[Task], Coroutine[Any, Any, None]]) -> None:
        """Run a flow, unless one is running; what the operator can settle is said, not raised."""
        if not self.flowing:
            self.flowing = True
            hold = self.keys.hold()
            self.run_worker(self._run(run(Task(self, hold)), hold), group="act")

    async def _run(self, flow: Awaitable[None], hold: Hold) -> None:
        try:
            await flow
        except USER_ERRORS as error:
            self.failed(error)
        finally:
            self.flowing = False
            hold.open()

    def failed(self, error: Exception) -> None:
        """Say what went wrong."""
        self.notify(error_message(error), severity="error", timeout=10)


def _first_drawn(screen: Screen[Any]) -> float:
    """When the dialog's title was first drawn (by the clock that messages carry); now, when it has none."""
    from .widgets.dialog_title import Title

    moments = [title.first_drawn for title in screen.query(Title) if title.first_drawn is not None]
    return min(moments, default=Message().time)
