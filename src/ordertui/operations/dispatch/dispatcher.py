"""The interface of both ways in which committed batches leave."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from ordertui.amazon.spapi.cancellable_sleep import Stop, never_stop
from ordertui.operations.batches.batch import Batch
from ordertui.operations.errors import OperationError
from ordertui.orders.batch_state import BatchState
from ordertui.store import JournalBatch

Note = Callable[[str], None]
"""Called with a text for the operator, such as why a due batch does not leave yet."""


def ignore_note(_text: str) -> None:
    """Do nothing: the default `note` callback."""


def nothing_leaves_text(batch: JournalBatch) -> str:
    """Return why nothing of a due batch leaves after the last look at it."""
    if batch.state is BatchState.AWAITING and batch.approval is not None:
        return f"batch {batch.id} waits for approval: {'; '.join(batch.approval.why)}"
    return f"batch {batch.id}: nothing of it may leave any more"


def batch_failure(batch_id: int, error: Exception) -> OperationError:
    """Return a foreign error of one batch as one that names the batch and what can be done."""
    found = OperationError(
        f"batch {batch_id} cannot leave ({type(error).__name__}: {error}); the others go on:"
        " see `ordertui store check`, or undo it"
    )
    found.__cause__ = error
    return found


class Dispatcher(Protocol):
    """Lets due batches leave. Writes each step down before it acts, so that it may be run again after any crash."""

    def run(self, stop: Stop = never_stop, note: Note = ignore_note, /) -> list[Batch]:
        """Finish what was interrupted, then let the batches leave that are due and may; return those that left."""
        ...


class DispatchIncomplete(OperationError):
    """Batches were written, and others could not be; the message names both."""

    def __init__(self, written: Sequence[Batch], errors: Mapping[int, Exception]) -> None:
        """`errors`: by batch number, at least one."""
        parts = [f"batch {number} was not written: {error}" for number, error in errors.items()]
        if written:
            plural = "batches" if len(written) > 1 else "batch"
            done = f"{plural} {', '.join(str(one.id) for one in written)} written"
            parts.insert(0, done)
        super().__init__("\n".join(parts))
        self.written = tuple(written)
        self.errors = tuple(errors.values())
