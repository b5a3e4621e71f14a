"""The interface of both ways in which committed batches leave."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ordertui.amazon.spapi.cancellable_sleep import Stop, never_stop
from ordertui.operations.batches.batch import Batch

Note = Callable[[str], None]
"""Called with a text for the operator, such as why a due batch does not leave yet."""


def ignore_note(_text: str) -> None:
    """Do nothing: the default `note` callback."""


class Dispatcher(Protocol):
    """Lets due batches leave. Writes each step down before it acts, so that it may be run again after any crash."""

    def run(self, stop: Stop = never_stop, note: Note = ignore_note, /) -> list[Batch]:
        """Finish what was interrupted, then let the batches leave that are due and may; return those that left."""
        ...
