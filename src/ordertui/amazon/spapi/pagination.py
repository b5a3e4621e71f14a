"""Page tokens of one listing: a listing that would never end is an error, not a loop."""

from __future__ import annotations

from .errors import BadAnswer
from .operations import Operation

MAX_EMPTY_PAGES = 25
"""Pages without an entry in a row: Amazon may send some, a listing of nothing else does not end."""


class PageTokens:
    """The tokens that one listing has followed."""

    def __init__(self, operation: Operation) -> None:
        self._operation = operation
        self._seen: set[str] = set()
        self._empty = 0

    def follow(self, token: str, entries: int) -> str:
        """Return the token of the next page, empty after the last one. `entries`: how many this page had.

        Raises BadAnswer for a token that came before, and after `MAX_EMPTY_PAGES` pages without an entry.
        """
        self._empty = 0 if entries else self._empty + 1
        if token and token in self._seen:
            raise BadAnswer(self._operation.name, "Amazon names a page again that it gave before: its list has no end")
        if token and self._empty >= MAX_EMPTY_PAGES:
            text = f"Amazon gave {self._empty} pages in a row without an entry, and names another: its list has no end"
            raise BadAnswer(self._operation.name, text)
        self._seen.add(token)
        return token
