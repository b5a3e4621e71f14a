"""Errors that are the operator's to settle: shown as a sentence, never as a traceback. Any other is a defect."""

from __future__ import annotations

from ordertui.orders.trouble import Trouble

from .errors import PlanChanged

KNOWN: tuple[type[Exception], ...] = (Trouble, OSError)


def sentence(error: Exception) -> str:
    """What went wrong, with the differences when a plan changed."""
    text = str(error) or type(error).__name__
    if isinstance(error, PlanChanged):
        text += "".join(f"\n  {difference}" for difference in error.differences)
    return text
