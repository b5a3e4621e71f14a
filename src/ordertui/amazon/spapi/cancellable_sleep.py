"""Waiting that the operator can stop, and the callbacks for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from .errors import CallCancelled

Result = TypeVar("Result")
Stop = Callable[[], bool]
"""Returns True once the operator wants a run to end."""
OnWait = Callable[[str, int], None]
"""Called when a call has to wait: the operation's name, and for how many seconds."""
_STOP_CHECK_SECONDS = 0.25
"""How often a stop is looked for while a call is under way."""


def never_stop() -> bool:
    """Return False: the default `stop` callback."""
    return False


def ignore_wait(_operation: str, _seconds: int) -> None:
    """Do nothing: the default `on_wait` callback."""


class CancellableSleep:
    """Waits in short steps, so that a stop is noticed. Tests pass a `sleep` that moves a simulated clock."""

    def __init__(
        self,
        *,
        stop: Stop = never_stop,
        on_wait: OnWait = ignore_wait,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        step: float = 0.5,
    ) -> None:
        self.is_stopped = stop
        self._on_wait = on_wait
        self._sleep = sleep
        self._step = step

    def check(self) -> None:
        """Raise CallCancelled when the operator wants the run to end."""
        if self.is_stopped():
            raise CallCancelled

    async def pause(self, operation: str, seconds: int) -> None:
        """Wait that many seconds and report it to `on_wait`. Raises CallCancelled when stopped."""
        self.check()
        if seconds <= 0:
            return
        self._on_wait(operation, seconds)
        left = float(seconds)
        while left > 0:
            await self._sleep(min(self._step, left))
            left -= self._step
            self.check()

    async def during(self, work: Awaitable[Result]) -> Result:
        """Await work that may be abandoned at any moment, looking for a stop meanwhile. Raises CallCancelled."""
        task = asyncio.ensure_future(work)
        try:
            while not (await asyncio.wait({task}, timeout=_STOP_CHECK_SECONDS))[0]:
                self.check()
            return task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.wait({task})
