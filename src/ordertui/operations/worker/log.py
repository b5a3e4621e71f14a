"""The log of the worker: one line for each thing done, without data of a buyer, in the folder of the user's logs."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ordertui.amazon.spapi.errors import SpApiError
from ordertui.files import MEBIBYTE, make_own_folder
from ordertui.operations.dispatch.dispatcher import DispatchIncomplete
from ordertui.operations.errors import (
    USER_ERRORS,
    OperationError,
    Refused,
    Stopped,
    defect_log,
    error_message,
    log_defect,
)
from ordertui.orders.clock import Clock, iso_utc
from ordertui.store import StoreError

MOST_BYTES = MEBIBYTE
KEPT = 4
"""Older files beside the newest: `worker.log.1` is the youngest of them."""


def worker_log() -> Path:
    """Return where the worker logs."""
    return defect_log().with_name("worker.log")


class WorkerLog:
    """Appends lines to a file, and shows them; several processes may share one.

    A disk that is full stops no work: the line is then only shown.
    """

    def __init__(self, path: Path, clock: Clock, show: Callable[[str], None]) -> None:
        self._path = path
        self._clock = clock
        self._show = show
        self._lock = threading.Lock()

    def __call__(self, text: str) -> None:
        """Log a text as one line."""
        line = f"{iso_utc(self._clock.now())} {' '.join(text.split())}"
        with self._lock:
            self._show(line)
            with suppress(OSError):
                self._append(f"{line}\n".encode("utf-8", "backslashreplace"))

    def _append(self, line: bytes) -> None:
        make_own_folder(self._path.parent)
        with suppress(FileNotFoundError):
            if self._path.stat().st_size + len(line) > MOST_BYTES:
                self._rotate()
        handle = os.open(self._path, os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
        try:
            os.write(handle, line)
        finally:
            os.close(handle)

    def _rotate(self) -> None:
        for number in range(KEPT, 0, -1):
            older = self._path.with_name(f"{self._path.name}.{number}")
            newer = self._path if number == 1 else self._path.with_name(f"{self._path.name}.{number - 1}")
            if newer.exists():
                os.replace(newer, older)


class JobFailed(OperationError):
    """A job did not do all of its work; the message holds no data of a buyer."""


def failure_text(error: BaseException) -> str:
    """Return what went wrong, in one line without data of a buyer.

    A message about a report may quote a cell, and one of Amazon's what was sent: only messages that the program
    composes of its own facts are given; of the others, the kind.
    """
    if isinstance(error, DispatchIncomplete):
        kinds = ", ".join(sorted({type(one.__cause__ or one).__name__ for one in error.errors}))
        left = f"{len(error.written)} batches left; " if error.written else ""
        return f"{left}{len(error.errors)} batches could not leave ({kinds}): `ordertui dispatch` says why"
    if isinstance(error, SpApiError):
        facts = [f"HTTP {error.status}"] if error.status else []
        facts += [error.code] if error.code.isidentifier() else []
        return f"Amazon's {error.operation}: {' '.join([type(error).__name__, *facts])}"
    if isinstance(error, JobFailed | Refused | Stopped | StoreError | OSError):
        return " ".join(error_message(error).split())
    if isinstance(error, USER_ERRORS):
        return f"{type(error).__name__}: the same command by hand says more"
    with suppress(OSError):
        log_defect(error)
    return f"this should not happen ({type(error.__cause__ or error).__name__}); the log of defects says where"
