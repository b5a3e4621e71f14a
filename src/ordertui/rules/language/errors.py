"""The one error of the condition language: where, what, and what was probably meant."""

from __future__ import annotations

from collections.abc import Iterable

from ordertui.orders.errors import UserError


class FilterError(UserError, ValueError):
    """A filter that cannot be read. `column` is 1-based; `suggestion` is a replacement for the word there, or None."""

    def __init__(self, column: int, message: str, suggestion: str | None = None) -> None:
        self.column = column
        self.message = message
        self.suggestion = suggestion
        hint = f" (did you mean '{suggestion}'?)" if suggestion else ""
        super().__init__(f"column {column}: {message}{hint}")

    def caret(self, text: str) -> str:
        """The filter with a caret under the column, two lines."""
        return f"{text}\n{' ' * (self.column - 1)}^"


def closest(word: str, known: Iterable[str]) -> str | None:
    """The known word nearest to a misspelt one, or None when none is near."""
    import difflib  # only a mistake needs it

    found = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return found[0] if found else None
