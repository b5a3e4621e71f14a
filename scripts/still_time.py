"""Run the screen on a clock that moves only when nothing is left to do, so that a picture never depends on speed.

A timer, a debounced look or a toast waits for a moment of the event loop's clock. Here that clock stands still while a
callback is ready or a thread works, and then jumps to the next moment that somebody waits for. So whatever the load of
the machine the same things happen in the same order, and waiting takes no time.

This module alone uses private parts of Textual for that: it has no public way to give its timers another clock, to post
a key without waiting, or to resize a terminal without waiting.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

from textual import _time, events
from textual.geometry import Size
from textual.keys import _character_to_key, key_to_character
from textual.pilot import Pilot

from ordertui.tui.main.app import OrderTuiApp

Result = TypeVar("Result")
REST = 1.5
"""Seconds of the loop's clock after which nothing that was begun waits any more: the longest are the looks for others'
changes (0.8 s), and the tick of a second.
"""
LONGEST = 60.0
"""Seconds after which a thread that has not ended will not end."""


class _JumpingSelector(selectors.DefaultSelector):
    """Where the loop would sleep until a timer is due, move its clock there, unless a thread still works."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.working = set[Future[Any]]()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.working:
            found = super().select(0 if timeout == 0 else LONGEST)
            if not found and timeout != 0:
                raise TimeoutError(f"{len(self.working)} threads did not end")
            return found
        found = super().select(0 if timeout is not None else None)
        if timeout and not found:
            self.now += timeout
        return found


class StillLoop(asyncio.SelectorEventLoop):
    """An event loop with such a clock. Threads count when they run through it, as all work beside the screen does."""

    def __init__(self) -> None:
        self._moments = _JumpingSelector()
        super().__init__(self._moments)

    def time(self) -> float:
        return self._moments.now

    def set_default_executor(self, executor: ThreadPoolExecutor) -> None:  # type: ignore[override]
        super().set_default_executor(executor)
        self._executor = executor

    def run_in_executor(  # type: ignore[override]
        self, executor: Executor | None, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        work = (executor or self._executor).submit(func, *args)
        self._moments.working.add(work)
        answer = asyncio.wrap_future(work, loop=self)  # its callback comes before the next line's
        work.add_done_callback(lambda _: self.call_soon_threadsafe(self._moments.working.discard, work))
        return answer


@contextmanager
def _clock_of(loop: StillLoop) -> Iterator[None]:
    """Let Textual's timers and messages go by the loop's clock."""
    before = _time.get_time
    _time.get_time = loop.time
    try:
        yield
    finally:
        _time.get_time = before


def run_still(work: Coroutine[Any, Any, Result]) -> Result:
    """Run this on a clock that moves only when nothing is left to do."""
    with asyncio.Runner(loop_factory=StillLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, StillLoop)
        with _clock_of(loop):
            return runner.run(work)


async def rest() -> None:
    """Wait until nothing is under way: no callback, no thread, no timer that was begun."""
    await asyncio.sleep(REST)


async def pause() -> None:
    """Wait until all widgets took in what is on its way to them, and what the cursor brings along."""
    await asyncio.sleep(0.1)


async def press(pilot: Pilot[None], *names: str) -> None:
    """Type, each key when the one before had its effect and nothing is under way."""
    app = pilot.app
    assert isinstance(app, OrderTuiApp)
    for name in names:
        key = _character_to_key(name) if len(name) == 1 and not name.isalnum() else name
        app.post_message(events.Key(key, name if len(name) == 1 else key_to_character(key)))
        await pause()
        while not app.keys.is_idle:
            await pause()
    await rest()


async def resize(pilot: Pilot[None], size: tuple[int, int]) -> None:
    """Give the terminal another size."""
    driver = pilot.app._driver
    assert driver is not None
    driver._size = Size(*size)
    pilot.app.post_message(events.Resize(Size(*size), Size(*size)))
    await pause()
    await pause()  # what was laid out anew after the first drawing is drawn
