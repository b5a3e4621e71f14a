"""Words for an error that hold no data of a buyer, for the log and the status of the worker.

A message of a report that cannot be read may quote a cell, and one of Amazon's may quote what was sent. So only
messages that the program composes of its own facts are given; of the others, the kind.
"""

from __future__ import annotations

from contextlib import suppress

from ordertui.amazon.spapi.errors import SpApiError
from ordertui.operations.dispatch.dispatcher import DispatchIncomplete
from ordertui.operations.errors import USER_ERRORS, OperationError, Refused, Stopped, error_message, log_defect
from ordertui.store import StoreError


class JobFailed(OperationError):
    """A job did not do all of its work; the message holds no data of a buyer."""


def failure_text(error: BaseException) -> str:
    """Return what went wrong, in one line without values of reports or answers."""
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
