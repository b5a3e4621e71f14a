"""The base of every error that an operator can settle, alone in a module: who shows errors imports nothing else."""

from __future__ import annotations


class UserError(Exception):
    """Shown as a sentence that says what is wrong and what to do, not as a traceback. Other errors are defects."""
