"""Exit codes, one documented enum, and which error means which."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """What the process returns."""

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


_BY_NAME = {
    "NotConfirmed": Exit.NOT_CONFIRMED,
    "PlanChanged": Exit.CHANGED,
    "PlanExpired": Exit.CHANGED,
    "FilterError": Exit.USAGE,
    "OpenAction": Exit.REFUSED,
    "ReadOnly": Exit.REFUSED,
    "Refused": Exit.REFUSED,
    "ReportError": Exit.BAD_INPUT,
    "ResultError": Exit.BAD_INPUT,
    "PolicyError": Exit.BAD_INPUT,
    "StoreError": Exit.BAD_INPUT,
    "SchemaTooNew": Exit.BAD_INPUT,
    "OSError": Exit.BAD_INPUT,
    "ValueError": Exit.BAD_INPUT,
}


def exit_for(error: BaseException) -> Exit:
    """The code of an error, by the nearest known class among its ancestors; INTERNAL when none is known.

    By name, so that a command's start imports none of the packages that define them.
    """
    for kind in type(error).__mro__:
        if kind.__name__ in _BY_NAME:
            return _BY_NAME[kind.__name__]
    return Exit.INTERNAL
