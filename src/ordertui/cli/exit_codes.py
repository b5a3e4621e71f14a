"""Exit codes, and which error leads to which."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the process."""

    OK = 0
    INTERNAL = 1
    """A defect of ordertui."""
    USAGE = 2
    """A wrong command, option, filter or time; also: the screen was asked for without a terminal."""
    REFUSED = 3
    """The rules, an open action or a read-only store refused it."""
    BAD_INPUT = 4
    """A file could not be read, or rows of it were rejected; what was good is loaded."""
    NOT_CONFIRMED = 5
    """`--yes` or the typed count is missing."""
    CHANGED = 6
    """Orders changed since the plan, or the plan expired."""
    NOT_ALL = 7
    """Not all went through: Amazon refused orders, the outcome of some is unknown, or some were left out; the rest
    stands.
    """
    NO_WORKER = 10
    """`worker status`: no worker runs."""
    WORKER_LATE = 11
    """`worker status`: no worker was heard of lately, or a job is overdue."""
    WORKER_FAILING = 12
    """`worker status`: the last run of a job failed."""
    INTERRUPTED = 130
    """Stopped by Ctrl-C, as shells number it; an import stops between two chunks."""
    PIPE_CLOSED = 141
    """Who read stdout went away (`| head -1`), as shells number it. What the command does was done."""
    TERMINATED = 143
    """Told to end (SIGTERM, or its terminal was closed), as shells number it; else as INTERRUPTED."""


def exit_for(error: BaseException) -> Exit:
    """Return the code of an error; INTERNAL for one that is not listed here.

    The classes are imported when something went wrong, so that the start of a command pays for none of them.
    """
    from ordertui.amazon.feeds import FeedError
    from ordertui.amazon.processing_report import ProcessingReportError
    from ordertui.amazon.reports import ReportError
    from ordertui.amazon.spapi.errors import Missing, SpApiError
    from ordertui.files import FileConflict
    from ordertui.operations import errors
    from ordertui.operations.dispatch.dispatcher import DispatchIncomplete
    from ordertui.rules.language import FilterError
    from ordertui.rules.policy.policy import PolicyError
    from ordertui.store import ActionAlreadyOpen, ApprovalRefused, ReadOnlyStore, RecallRefused, StoreError

    known: tuple[tuple[type[BaseException], Exit], ...] = (
        (errors.NotConfirmed, Exit.NOT_CONFIRMED),
        (errors.PlanChanged, Exit.CHANGED),
        (errors.PlanExpired, Exit.CHANGED),
        (FilterError, Exit.USAGE),
        (errors.TeamNeedsServer, Exit.USAGE),
        (errors.UnknownReason, Exit.USAGE),
        (errors.UnknownChoice, Exit.USAGE),
        (errors.Refused, Exit.REFUSED),
        (errors.Stopped, Exit.INTERRUPTED),
        (ActionAlreadyOpen, Exit.REFUSED),
        (RecallRefused, Exit.REFUSED),
        (ApprovalRefused, Exit.REFUSED),
        (ReadOnlyStore, Exit.REFUSED),
        (FileConflict, Exit.REFUSED),
        (errors.OperationError, Exit.BAD_INPUT),
        (ReportError, Exit.BAD_INPUT),
        (ProcessingReportError, Exit.BAD_INPUT),
        (SpApiError, Exit.BAD_INPUT),
        (Missing, Exit.BAD_INPUT),
        (FeedError, Exit.BAD_INPUT),
        (PolicyError, Exit.BAD_INPUT),
        (StoreError, Exit.BAD_INPUT),
        (OSError, Exit.BAD_INPUT),
    )
    if isinstance(error, DispatchIncomplete):
        return exit_for(error.errors[0])
    for kind, code in known:
        if isinstance(error, kind):
            return code
    return Exit.BAD_INPUT if errors.foreseen_message(error) else Exit.INTERNAL
