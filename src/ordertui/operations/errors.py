"""Errors that operations raise. `cli.exit_codes` gives each an exit code."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from ordertui.files import MEBIBYTE, make_folder, read_file, replace_file
from ordertui.orders.enums import Action
from ordertui.orders.errors import UserError

_LOG_BYTES = MEBIBYTE
"""A larger log begins anew."""
_LOGGED_LINES = 400


class OperationError(UserError):
    """An operation was not done; the message says why and what to do."""


class Refused(OperationError):
    """The rules, the journal or the mode of the store forbid it."""


class ReadOnly(Refused):
    """The store was opened with --read-only."""

    def __init__(self) -> None:
        super().__init__("the store was opened read-only; start without --read-only to change something")


class TeamNeedsServer(OperationError):
    """The store is a file, whose only person is the user of the system."""


class RoleRefused(Refused):
    """The role of who is at work does not allow it; see `orders.people`."""


class PassphraseNeeded(Refused):
    """The credentials are in the sealed file, and nobody gave its passphrase."""


class NotConfirmed(OperationError):
    """The confirmation is missing or is not the number asked for."""


class CountNotTyped(NotConfirmed):
    """The number of orders must be typed, and was not; `count` is that number."""

    def __init__(self, message: str, count: int) -> None:
        super().__init__(message)
        self.count = count


class EvidenceAgainst(NotConfirmed):
    """The operator's word goes against evidence at hand, and the operator did not name that evidence."""

    def __init__(self, message: str, names: Sequence[str]) -> None:
        super().__init__(message)
        self.names = tuple(names)


class PlanChanged(OperationError):
    """Orders, or the plan file itself, changed since the plan was made."""

    def __init__(self, message: str, differences: Sequence[str]) -> None:
        super().__init__(message)
        self.differences = tuple(differences)


class PlanExpired(OperationError):
    """The plan is older than policy lets a plan be."""


class BadInput(OperationError):
    """A file, id or value that was given cannot be used."""


class UnknownReason(BadInput):
    """A reason code that Amazon does not take for the action."""

    def __init__(self, action: Action, reason: str, choices: Sequence[str]) -> None:
        super().__init__(f"{reason!r} is no reason for {action.value}; choose one of: {', '.join(choices)}")
        self.choices = tuple(choices)


class UnknownChoice(BadInput):
    """A sort key, queue or the like that does not exist."""

    def __init__(self, what: str, given: str, choices: Sequence[str]) -> None:
        super().__init__(f"there is no {what} named {given!r}; there are: {', '.join(choices)}")


class BatchNeeded(BadInput):
    """A processing report fits no batch, or several: the operator must say which."""

    def __init__(self, problem: str, batches: Sequence[int] = (), how: str = "") -> None:
        """`batches`: those that it may be about, by number; empty when none is known. `how`: what to type, on the
        command line.
        """
        super().__init__(f"{problem}; {how}" if how else problem)
        self.problem = problem
        self.batches = tuple(batches)


class Stopped(OperationError):
    """The operator stopped a long run; what was done before is whole and kept."""


USER_ERRORS: tuple[type[Exception], ...] = (UserError, OSError)
"""Errors that the operator can settle: shown as a sentence, never as a traceback. Any other error is a defect."""


def error_message(error: BaseException) -> str:
    """Return any error in words: the one boundary between what goes wrong and who sees it.

    An error that nobody foresaw is written to a log file, which the words name; neither shows values of orders or
    buyers.
    """
    text = foreseen_message(error)
    if text:
        return text
    kind = type(error).__name__
    try:
        place = f"where it happened is in {log_defect(error)}, without any order's or buyer's data"
    except OSError as problem:
        place = f"where it happened could not be logged: {problem.strerror}"
    return f"this should not happen ({kind}): what was stored before is whole; {place}. Please report it"


def foreseen_message(error: BaseException) -> str:
    """Return the words of an error that the operator can settle, and its notes; an empty text for a defect."""
    text = _foreseen(error)
    return "\n".join((text, *getattr(error, "__notes__", ()))) if text else ""


def _foreseen(error: BaseException) -> str:
    if isinstance(error, UserError):
        text = str(error) or type(error).__name__
        if isinstance(error, PlanChanged):
            text += "".join(f"\n  {difference}" for difference in error.differences)
        return text
    if isinstance(error, OSError):
        text = error.strerror or str(error) or type(error).__name__
        return f"{error.filename}: {text}" if error.filename else text
    if isinstance(error, RecursionError):
        return "what was given stands too deep inside itself (brackets, tables, lists): make it flatter"
    if isinstance(error, MemoryError):
        return "there is not enough memory for this: take fewer orders, or close other programs"
    if isinstance(error, UnicodeError):
        return "a name or text has characters that are not UTF-8: rename the file, or save it as UTF-8"
    if isinstance(error, ArithmeticError) and not isinstance(error, ZeroDivisionError):
        return "a number is too large to be worked with: look at the dates, amounts and counts that were given"
    if type(error) is ValueError and "integer string conversion" in str(error):
        return "a number has too many digits: look at the dates, amounts and counts that were given"
    return ""


def defect_log() -> Path:
    """Return where defects are logged: a file in the user's folder for logs."""
    import platformdirs  # something went wrong: a start needs none of it

    return Path(platformdirs.user_log_dir("ordertui", appauthor=False)) / "defects.log"


def log_defect(error: BaseException) -> Path:
    """Append the kinds and places of an error and its causes to the log, and return its path. Raises OSError.

    Messages and local values stay out: they may hold what reports say of buyers.
    """
    import platform
    from traceback import extract_tb

    from ordertui import __version__

    lines = [f"ordertui {__version__}, Python {platform.python_version()}, {platform.system()}"]
    found: BaseException | None = error
    while found is not None and len(lines) < _LOGGED_LINES:
        lines.append(f"{type(found).__module__}.{type(found).__qualname__}")
        lines += [
            f"  {Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in extract_tb(found.__traceback__)
        ]
        found = found.__cause__ or found.__context__
    path = defect_log()
    make_folder(path.parent)
    before = b""
    with suppress(OSError):
        before = read_file(path, _LOG_BYTES)
    replace_file(path, before + ("\n".join(lines[:_LOGGED_LINES]) + "\n\n").encode("utf-8", "backslashreplace"))
    return path
