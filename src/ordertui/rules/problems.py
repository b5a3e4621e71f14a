"""Mistakes in policy files: message, file, line, column, and the line itself with a caret."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import msgspec

from ordertui.orders.errors import UserError

from .toml_positions import TomlPath, find_positions


class PolicyProblem(msgspec.Struct, frozen=True):
    """One mistake. Line and column count from 1; 0 when it concerns the file as a whole."""

    file: str
    line: int
    column: int
    message: str
    text: str = ""

    def __str__(self) -> str:
        if not self.line:
            return f"{self.file}: {self.message}"
        return f"{self.file}:{self.line}:{self.column}: {self.message}\n    {self.text}\n    {' ' * (self.column - 1)}^"


class PolicyError(UserError, ValueError):
    """A policy file was refused; `problems` lists every mistake that was found."""

    def __init__(self, problems: Sequence[PolicyProblem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class PolicySource(msgspec.Struct, frozen=True):
    """The text of a policy file. Makes problems that show their place in it."""

    file: str
    text: str

    def problem(
        self, message: str, path: TomlPath = (), *, key: bool = False, inside: int | None = None
    ) -> PolicyProblem:
        """Return a problem at the value of a path, or at its key; `inside` is a position within a text value.

        A path that does not exist is shown at its nearest existing part.
        """
        known = find_positions(self.text)
        place, whole = known.get(path), path
        while place is None and path:
            path = path[:-1]
            place = known.get(path)
        if place is None:
            return PolicyProblem(self.file, 0, 0, message)
        at = place.key if key or path != whole else place.value
        if inside is not None and path == whole and place.exact:
            at = place.value + 1 + inside
        return self.at(message, at)

    def unknown(self, label: str, given: Iterable[str], known: Collection[str], path: TomlPath) -> list[PolicyProblem]:
        """Return a problem at each given key of a table that is not known: the label, the key, what was meant."""
        return [
            self.problem(f"{label} {key!r}{did_you_mean(str(key), known)}", (*path, key), key=True)
            for key in given
            if key not in known
        ]

    def at(self, message: str, offset: int) -> PolicyProblem:
        """Return a problem at an offset of the text."""
        start = self.text.rfind("\n", 0, offset) + 1
        end = self.text.find("\n", offset)
        line = self.text[start : end if end >= 0 else None].rstrip("\r").replace("\t", " ")
        return PolicyProblem(self.file, self.text.count("\n", 0, offset) + 1, offset - start + 1, message, line)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ` (did you mean 'unshipped'?)` when a known word is close, else the list of known words."""
    from difflib import get_close_matches  # only a mistake needs it

    choices = list(known)
    close = get_close_matches(word, choices, n=1, cutoff=0.6)
    return f" (did you mean {close[0]!r}?)" if close else f"; there are: {', '.join(choices)}"
