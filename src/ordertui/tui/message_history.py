"""What the screen showed for a while, kept so that it can be read again."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import msgspec
from textual.notifications import SeverityLevel

from ordertui.orders.clock import Clock

KEPT = 200
"""Messages that are kept."""


class ShownMessage(msgspec.Struct, frozen=True):
    """A message that was shown for a while."""

    at: int
    """Epoch seconds."""
    text: str
    severity: SeverityLevel


class MessageHistory:
    """The last messages of this run."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._messages: deque[ShownMessage] = deque(maxlen=KEPT)

    def add(self, text: str, severity: SeverityLevel) -> None:
        """Keep a message that is shown now."""
        self._messages.append(ShownMessage(self._clock.now(), text, severity))

    def newest_first(self) -> Iterator[ShownMessage]:
        """Yield the messages."""
        return reversed(self._messages)
