"""Errors that are the operator's to settle: shown as a sentence, never as a traceback. Any other is a defect."""

from __future__ import annotations

from ordertui.amazon.feeds import FeedError
from ordertui.amazon.outbox import OutboxConflict
from ordertui.amazon.reports import ReportError
from ordertui.amazon.results import ResultError
from ordertui.amazon.spapi.errors import Missing, SpApiError
from ordertui.rules.language import FilterError
from ordertui.rules.policy import PolicyError
from ordertui.store import StoreError

from .errors import OperationError, PlanChanged

KNOWN: tuple[type[Exception], ...] = (
    OperationError,
    StoreError,
    FeedError,
    OutboxConflict,
    ReportError,
    ResultError,
    SpApiError,
    Missing,
    FilterError,
    PolicyError,
    OSError,
)


def sentence(error: Exception) -> str:
    """What went wrong, with the differences when a plan changed."""
    text = str(error) or type(error).__name__
    if isinstance(error, PlanChanged):
        text += "".join(f"\n  {difference}" for difference in error.differences)
    return text
