"""Hand keys on in the order they were typed, one at a time: the next one goes when the one before has had its effect.

Textual forwards a key to the widget that has the focus when the key arrives. With a fast typist, a paste or a slow line
the letters meant for a dialog, or for the next view, would reach what is shown now. Here each key waits until the one
before was handled and until nothing that it started is still running.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable

from textual import events
from textual.app import App
from textual.message import Message
from textual.screen import Screen

TypedEvent = events.Key | events.Paste

LOST_AFTER = 0.5
"""Seconds after which a key counts as handled although its trace never arrived, because its dialog is gone."""
QUIET = 0.25
"""Seconds without a key before Escape from which Escape answers what is shown, and is not part of a run of keys."""


class KeyHandled(Message):
    """Follow a key along the same path: when this arrives at the application, the key has been handled.

    It is sent in two rounds, so that the messages which the key's action posted have been handled too.
    """

    def __init__(self, number: int, round_: int = 1) -> None:
        super().__init__()
        self.number = number
        self.round = round_


class InputLock:
    """Make keys wait while it is closed. It starts closed; closing or opening it twice is harmless."""

    def __init__(self, keys: KeyQueue) -> None:
        self._keys = keys
        self._is_closed = False
        self.close()

    def close(self) -> None:
        """Make keys wait from now on."""
        if not self._is_closed:
            self._is_closed = True
            self._keys.locks += 1

    def open(self, *, discard_before: float | None = None) -> None:
        """Let keys go on. Those typed before `discard_before` (by the clock of Textual's messages) are thrown away."""
        if discard_before is not None:
            self._keys.discard(discard_before)
        if self._is_closed:
            self._is_closed = False
            self._keys.locks -= 1
            if not self._keys.locks:
                self._keys.wake()


class KeyQueue:
    """The keys that wait, and the one that is being handled.

    `handle` gives an event to Textual. `interrupt` is called for an Escape that was typed on its own: it stops what the
    screen says can be stopped, at once, and returns whether there was anything.
    """

    def __init__(
        self, app: App[None], handle: Callable[[events.Event], Awaitable[None]], interrupt: Callable[[], bool]
    ) -> None:
        self._app = app
        self._handle = handle
        self._interrupt = interrupt
        self.locks = 0
        """How many locks are closed."""
        self._waiting: deque[TypedEvent] = deque()
        self._number = 0
        """Number of the key that is being handled, or was last."""
        self._is_handling = False
        self._event: TypedEvent | None = None
        """The key that was handed on last."""
        self._screen: Screen[object] | None = None
        """The screen that was on top when that key was handed on."""
        self._newest = 0.0
        """When the newest key was typed, by the clock of Textual's messages."""
        self._discarded_before = 0.0
        """Keys typed before this moment are thrown away, also those that have not arrived yet."""

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_idle(self) -> bool:
        """Whether every key typed so far had its effect and the next one would go on at once."""
        return not (self.locks or self._is_handling or self._waiting)

    def lock(self) -> InputLock:
        """Return a closed lock: keys wait until it is opened."""
        return InputLock(self)

    def discard(self, before: float) -> None:
        """Throw away the keys that were typed before that moment (by the clock of Textual's messages): those that wait,
        and those still on their way from the terminal's thread.
        """
        self._discarded_before = max(self._discarded_before, before)
        self._waiting = deque(event for event in self._waiting if event.time >= before)

    def came_too_late(self, event: events.Event) -> bool:
        """Return whether this key comes back from a screen that was left meanwhile. Textual would look for its binding
        in the screen below: the second Escape meant for a bar would close the preview.
        """
        return event is self._event and self._app.screen is not self._screen

    def wake(self) -> None:
        """Hand the next key on soon, if it may go."""
        self._app.call_later(self._hand_on)

    async def add(self, event: TypedEvent) -> None:
        """Queue a key that was typed, and hand it on if nothing is before it."""
        pause, self._newest = event.time - self._newest, event.time
        if event.time < self._discarded_before:
            return
        self._waiting.append(event)
        if isinstance(event, events.Key) and event.key == "escape" and pause >= QUIET and self._interrupt():
            self._waiting.clear()  # all of it was meant for the view that will not come
            return
        if self._is_handling:
            self._finish_later(self._number)
        await self._hand_on()

    def trace(self, trace: KeyHandled) -> None:
        """Take in that a trace arrived at the application."""
        trace.stop()
        if trace.round == 1:
            self._follow(trace.number, 2)
        elif self._app.screen is self._screen:
            self._app.call_later(self._finish, trace.number)
        else:  # wait until what the key opened, or uncovered, is drawn, unless it is closed before that
            self._app.screen.call_after_refresh(self._finish, trace.number)
            self._finish_later(trace.number)

    async def _hand_on(self) -> None:
        if self._is_handling or self.locks or not self._waiting:
            return
        self._is_handling = True
        self._number += 1
        self._event, self._screen = self._waiting.popleft(), self._app.screen
        await self._handle(self._event)
        self._follow(self._number, 1)

    def _follow(self, number: int, round_: int) -> None:
        if not (self._app.focused or self._app.screen).post_message(KeyHandled(number, round_)):
            self._finish(number)

    def _finish_later(self, number: int) -> None:
        self._app.set_timer(LOST_AFTER, lambda: self._finish(number))

    def _finish(self, number: int) -> None:
        if number == self._number and self._is_handling:
            self._is_handling = False
            self.wake()
