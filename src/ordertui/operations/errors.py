"""Errors that operations raise. `cli.exit_codes` gives each an exit code."""

from __future__ import annotations

from collections.abc import Sequence

from ordertui.orders.enums import Action
from ordertui.orders.errors import UserError


class OperationError(UserError):
    """An operation was not done; the message says why and what to do."""


class Refused(OperationError):
    """The rules, the journal or the mode of the store forbid it."""


class ReadOnly(Refused):
    """The store was opened with --read-only."""

    def __init__(self) -> None:
        super().__init__("the store was opened read-only; start without --read-only to change something")


class PassphraseNeeded(Refused):
    """The credentials are in the sealed file, and nobody gave its passphrase."""


class NotConfirmed(OperationError):
    """The confirmation is missing or is not the number asked for."""


class PlanChanged(OperationError):
    """Orders, or the plan file itself, changed since the plan was made."""

    def __init__(self, message: str, differences: Sequence[str]) -> None:
        super().__init__(message)
        self.differences = tuple(differences)


class PlanExpired(OperationError):
    """The plan is older than policy lets a plan be."""


class BadInput(OperationError):
    """A file, id or value that was given cannot be used."""


class ReportWorkerDied(OperationError):
    """The process that reads a report came to an end before the report did."""


class UnknownReason(BadInput):
    """A reason code that Amazon does not take for the action."""

    def __init__(self, action: Action, reason: str, choices: Sequence[str]) -> None:
        super().__init__(f"{reason!r} is no reason for {action.value}; choose one of: {', '.join(choices)}")
        self.choices = tuple(choices)


class UnknownChoice(BadInput):
    """A sort key or queue that does not exist."""

    def __init__(self, what: str, given: str, choices: Sequence[str]) -> None:
        super().__init__(f"there is no {what} {given!r}; there are: {', '.join(choices)}")


class BatchNeeded(BadInput):
    """A processing report fits no batch, or several: the operator must say which."""


class Stopped(OperationError):
    """The operator stopped a long run; what was done before is whole and kept."""


USER_ERRORS: tuple[type[Exception], ...] = (UserError, OSError)
"""Errors that the operator can settle: shown as a sentence, never as a traceback. Any other error is a defect."""


def error_message(error: Exception) -> str:
    """Return the error's message, with the differences when a plan changed."""
    text = str(error) or type(error).__name__
    if isinstance(error, PlanChanged):
        text += "".join(f"\n  {difference}" for difference in error.differences)
    return text
