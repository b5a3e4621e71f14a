"""Text for people, shared by the command line, the screen and the operations."""

from __future__ import annotations

import unicodedata

_DIRECTION_OVERRIDES = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_JOINERS = frozenset("\u200c\u200d")
"""Format characters that emoji and some scripts need."""


def strip_control_characters(text: str) -> str:
    """Return the text without what a terminal would obey: control characters, line ends, direction overrides."""
    return "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cs") and c not in _DIRECTION_OVERRIDES)


def to_single_line(text: str) -> str:
    """Return the text as one line of printable characters: each blank or line end becomes a space, ends are trimmed.

    Stricter than `strip_control_characters`: for text from outside that is kept.
    """
    if text.isprintable():
        return text.strip()
    out = []
    for char in text:
        kind = unicodedata.category(char)
        if kind in ("Zs", "Zl", "Zp") or char in "\t\r\n":
            out.append(" ")
        elif kind[0] != "C" or char in _JOINERS:
            out.append(char)
    return "".join(out).strip()


def pluralize(count: int, noun: str = "order") -> str:
    """Return `1 order`, `1,204 orders`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
