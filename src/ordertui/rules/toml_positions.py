"""Find the offset of every key and value of a TOML text, so that a mistake can be shown under a caret.

For text that `tomllib` has accepted: values and validity are left to it, because it gives no positions.
"""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple, TypeAlias

TomlPath: TypeAlias = tuple[str | int, ...]
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
def find_positions(text: str) -> dict[TomlPath, TomlPosition]:
    """Return the position of every path. For text that is not TOML, those found before the mistake."""
    scanner = _Scanner(text)
    with suppress(IndexError):
        scanner.run()
    return scanner.found


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._arrays: dict[TomlPath, int] = {}
        self.found: dict[TomlPath, TomlPosition] = {}

    def run(self) -> None:
        base: TomlPath = ()
        while self._skip() < len(self._text):
            if self._text[self._at] == "[":
                base = self._read_header()
            else:
                self._read_pair(base)

    def _skip(self, lines: bool = True) -> int:
        """Move past blanks and comments, and with `lines` past line ends; return the offset."""
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

    def _read_header(self) -> TomlPath:
        double = self._text.startswith("[[", self._at)
        self._at += 2 if double else 1
        keys = self._read_keys()
        self._at += 2 if double else 1
        path: TomlPath = ()
        for number, (key, _) in enumerate(keys):
            path += (key,)
            if double and number == len(keys) - 1:
                self._arrays[path] = self._arrays.get(path, -1) + 1
            if path in self._arrays:
                path += (self._arrays[path],)
        self.found[path] = TomlPosition(keys[-1][1], keys[-1][1], False)
        return path

    def _read_keys(self) -> list[tuple[str, int]]:
        """Return the parts of a dotted key, each with its offset."""
        keys = []
        while True:
            start = self._skip(lines=False)
            if self._text[start] in "\"'":
                keys.append((self._read_string()[0], start))
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

    def _read_pair(self, base: TomlPath) -> None:
        keys = self._read_keys()
        if self._text[self._at] != "=":
            raise IndexError
        self._at += 1
        value = self._skip(lines=False)
        path = base
        for key, start in keys:
            path += (key,)
            self.found.setdefault(path, TomlPosition(start, value, False))
        exact = self._read_value(path)
        self.found[path] = TomlPosition(keys[-1][1], value, exact)

    def _read_value(self, path: TomlPath) -> bool:
        char = self._text[self._at]
        if char in "\"'":
            return self._read_string()[1]
        if char == "[":
            self._at += 1
            number = 0
            while self._text[self._skip()] != "]":
                start = self._at
                self.found[(*path, number)] = TomlPosition(start, start, False)
                exact = self._read_value((*path, number))
                self.found[(*path, number)] = TomlPosition(start, start, exact)
                number += 1
                if self._text[self._skip()] == ",":
                    self._at += 1
            self._at += 1
        elif char == "{":
            self._at += 1
            while self._text[self._skip()] != "}":
                self._read_pair(path)
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

    def _read_string(self) -> tuple[str, bool]:
        """Return the raw inside of a string, and whether it is one line without escapes."""
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
