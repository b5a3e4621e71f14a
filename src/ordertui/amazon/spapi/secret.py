"""A text that is never printed: not by repr, not in a traceback that shows local variables, not by pickling."""

from __future__ import annotations

from typing import NoReturn


class Secret:
    """Holds a text that only `reveal` returns. Call it within the expression that sends it, never into a variable."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "Secret(...)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written anywhere")
