"""What an operator can settle himself, as the one base of every such error: whoever shows them needs no other import."""

from __future__ import annotations


class UserError(Exception):
    """Shown as a sentence that says what is wrong and what to do, never as a traceback. Any other error is a defect."""
