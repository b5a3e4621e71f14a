"""Where every key and value of a TOML text stands, by its path, so that a mistake is shown under its own caret.

Works on text that `tomllib` has accepted; it finds places and leaves values and validity to it.
"""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple, TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Keys and array positions from the top: `("table", "cancel", "row", 3, "when", "status")`."""
_BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")
_SPACE = " \t"


class TomlPosition(NamedTuple):
    """Offsets into the text, from 0."""

    key: int
    value: int
    exact: bool
    """Whether the value is a one-line string without escapes: then position n of it stands at `value` + 1 + n."""


@lru_cache(maxsize=8)
def places(text: str) -> dict[Path, TomlPosition]:
    """Path to place. A text that is not TOML gives what was found up to there."""
    scanner = _Scanner(text)
    with suppress(IndexError):
        scanner.run()
    return scanner.found


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._arrays: dict[Path, int] = {}
        self.found: dict[Path, TomlPosition] = {}

    def run(self) -> None:
        base: Path = ()
        while self._skip() < len(self._text):
            if self._text[self._at] == "[":
                base = self._header()
            else:
                self._pair(base)

    def _skip(self, lines: bool = True) -> int:
        """To the next thing that is neither space nor comment (nor line end)."""
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == "#":
                end = self._text.find("\n", self._at)
                self._at = len(self._text) if end < 0 else end
            elif char in _SPACE or (lines and char in "\r\n"):
                self._at += 1
            else:
                break
        return self._at

    def _header(self) -> Path:
        double = self._text.startswith("[[", self._at)
        self._at += 2 if double else 1
        keys = self._keys()
        self._at += 2 if double else 1
        path: Path = ()
        for number, (key, _) in enumerate(keys):
            path += (key,)
            if double and number == len(keys) - 1:
                self._arrays[path] = self._arrays.get(path, -1) + 1
            if path in self._arrays:
                path += (self._arrays[path],)
        self.found[path] = TomlPosition(keys[-1][1], keys[-1][1], False)
        return path

    def _keys(self) -> list[tuple[str, int]]:
        """A dotted key: each part and where it starts."""
        keys = []
        while True:
            start = self._skip(lines=False)
            if self._text[start] in "\"'":
                keys.append((self._string()[0], start))
            else:
                while self._text[self._at] in _BARE:
                    self._at += 1
                if self._at == start:
                    raise IndexError
                keys.append((self._text[start : self._at], start))
            self._skip(lines=False)
            if self._text[self._at] != ".":
                return keys
            self._at += 1

    def _pair(self, base: Path) -> None:
        keys = self._keys()
        if self._text[self._at] != "=":
            raise IndexError
        self._at += 1
        value = self._skip(lines=False)
        path = base
        for key, start in keys:
            path += (key,)
            self.found.setdefault(path, TomlPosition(start, value, False))
        exact = self._value(path)
        self.found[path] = TomlPosition(keys[-1][1], value, exact)

    def _value(self, path: Path) -> bool:
        char = self._text[self._at]
        if char in "\"'":
            return self._string()[1]
        if char == "[":
            self._at += 1
            number = 0
            while self._text[self._skip()] != "]":
                start = self._at
                self.found[(*path, number)] = TomlPosition(start, start, False)
                exact = self._value((*path, number))
                self.found[(*path, number)] = TomlPosition(start, start, exact)
                number += 1
                if self._text[self._skip()] == ",":
                    self._at += 1
            self._at += 1
        elif char == "{":
            self._at += 1
            while self._text[self._skip()] != "}":
                self._pair(path)
                if self._text[self._skip()] == ",":
                    self._at += 1
            self._at += 1
        else:
            start = self._at
            while self._at < len(self._text) and self._text[self._at] not in ",]}#\r\n":
                self._at += 1
            if self._at == start:
                raise IndexError
        return False

    def _string(self) -> tuple[str, bool]:
        """The raw inside of a string, and whether it is one line without escapes."""
        quote = self._text[self._at]
        fence = quote * 3 if self._text.startswith(quote * 3, self._at) else quote
        self._at += len(fence)
        start = self._at
        escaped = False
        while not self._text.startswith(fence, self._at):
            if quote == '"' and self._text[self._at] == "\\":
                escaped = True
                self._at += 1
            self._at += 1
            if self._at >= len(self._text):
                raise IndexError
        inside = self._text[start : self._at]
        self._at += len(fence)
        return inside, len(fence) == 1 and not escaped
