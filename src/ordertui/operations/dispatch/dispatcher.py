"""The port through which committed batches leave: as files to upload by hand, or as feeds of the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from ordertui.operations.batches.batch import Batch


class BatchDispatcher(Protocol):
    """What takes due batches out. Write-ahead, stoppable, and safe to run again after a crash at any moment."""

    def run(self, stop: Callable[[], bool] = lambda: False) -> list[Batch]:
        """Finish what was interrupted, then let leave what is due and may leave now; gives the batches that left."""
        ...
