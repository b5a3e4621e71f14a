"""A value that is never printed: not by repr, not by a traceback that shows locals, not by pickling."""

from __future__ import annotations

from typing import NoReturn


class Secret:
    """Holds a text; only `reveal` gives it, and it is called in the very expression that sends it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself."""
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
