"""Keys in the order they were typed, one at a time: the next is handed on only when the one before has had its effect.

Textual forwards a key to what has the focus when the key arrives. A fast typist, a paste or a slow line would so put
the letters meant for a dialog, or for the next view, on what is shown now. Here each key waits until the one before went
through and until nothing that it started is still being worked out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from textual import events
from textual.message import Message

TypedEvent = events.Key | events.Paste


class KeyHandled(Message):
    """Sent after a key along the same way: when it arrives at the application, the key has been handled.

    It goes twice, so that what the key's action posted has been handled too.
    """

    def __init__(self, number: int, round_: int = 1) -> None:
        super().__init__()
        self.number = number
        self.round = round_


class Hold:
    """Keys wait while it is shut. A context manager; opening twice is harmless."""

    def __init__(self, keys: KeyQueue) -> None:
        self._keys = keys
        self._is_shut = False
        self.shut()

    def shut(self) -> None:
        """Keys wait from now on."""
        if not self._is_shut:
            self._is_shut = True
            self._keys.holds += 1

    def open(self, *, unseen_before: float | None = None) -> None:
        """Keys go on. Those typed before `unseen_before` (by the clock that messages carry) are thrown away: nobody can have seen what they
        would answer."""
        if unseen_before is not None:
            self._keys.drop(unseen_before)
        if self._is_shut:
            self._is_shut = False
            self._keys.holds -= 1
            if not self._keys.holds:
                self._keys.ready()

    def __enter__(self) -> Hold:
        return self

    def __exit__(self, *_: object) -> None:
        self.open()


class KeyQueue:
    """The keys that wait, and whether one may go."""

    def __init__(self, ready: Callable[[], object]) -> None:
        self.ready = ready
        """Called when keys may go on."""
        self.holds = 0
        """How many holds are shut."""
        self.number = 0
        """Which key is on its way, or was last."""
        self.on_its_way = False
        self.dropped = 0
        """Keys thrown away so far."""
        self.pause = 0.0
        """Seconds between the newest key and the one before it."""
        self._newest = 0.0
        self._waiting: deque[TypedEvent] = deque()

    def __len__(self) -> int:
        return len(self._waiting)

    def hold(self) -> Hold:
        """Keys wait until it is opened."""
        return Hold(self)

    def add(self, event: TypedEvent) -> None:
        """A key was typed."""
        self.pause, self._newest = event.time - self._newest, event.time
        self._waiting.append(event)

    def next(self) -> TypedEvent | None:
        """The key that goes now, or None while one is on its way, keys are held, or none waits."""
        if self.on_its_way or self.holds or not self._waiting:
            return None
        self.on_its_way = True
        self.number += 1
        return self._waiting.popleft()

    def went(self, number: int) -> bool:
        """The key of this number has had its effect; False when that was known."""
        if number != self.number or not self.on_its_way:
            return False
        self.on_its_way = False
        return True

    def drop(self, before: float) -> None:
        """Throw away what was typed before that moment (by the clock that messages carry)."""
        kept = [event for event in self._waiting if event.time >= before]
        self.dropped += len(self._waiting) - len(kept)
        self._waiting = deque(kept)
