"""What is wrong in a policy file, and where: file, line, column, the line itself with a caret."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PolicyProblem:
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


class PolicyError(ValueError):
    """A policy file was refused; `problems` lists every mistake that was found."""

    def __init__(self, problems: Sequence[PolicyProblem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a policy file, to find where something stands in it."""

    file: str
    text: str

    def problem(self, message: str, path: Sequence[str]) -> PolicyProblem:
        """A problem at the place that is found by searching for each word of the path after the one before."""
        at = -1
        for word in path:
            found = self._find(word, max(at, 0) if at < 0 else at + 1)
            if found < 0:
                break
            at = found
        if at < 0:
            return PolicyProblem(self.file, 0, 0, message)
        start = self.text.rfind("\n", 0, at) + 1
        end = self.text.find("\n", at)
        line = self.text[start : end if end >= 0 else None]
        indent = len(line) - len(line.lstrip())
        return PolicyProblem(
            self.file, self.text.count("\n", 0, at) + 1, at - start + 1 - indent, message, line.strip()
        )

    def _find(self, word: str, start: int) -> int:
        quoted = self.text.find(f'"{word}"', start)
        if quoted >= 0:
            return quoted + 1
        return self.text.find(word, start)
