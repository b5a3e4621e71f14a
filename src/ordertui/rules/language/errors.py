"""The error of the condition language."""

from __future__ import annotations

from collections.abc import Iterable

from ordertui.orders.errors import UserError


class FilterError(UserError, ValueError):
    """A filter cannot be read. `column` is 1-based; `suggestion` is a replacement for the word there, or None."""

    def __init__(self, column: int, message: str, suggestion: str | None = None) -> None:
        self.column = column
        self.message = message
        self.suggestion = suggestion
        hint = f" (did you mean '{suggestion}'?)" if suggestion else ""
        super().__init__(f"column {column}: {message}{hint}")


def closest(word: str, known: Iterable[str], least: float = 0.6) -> str | None:
    """Return the known word closest to a misspelt one; None when none is as like it as `least`, of 1."""
    import difflib  # only a mistake needs it

    found = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=least)
    return found[0] if found else None
