"""Match text with wildcards, in Python and as LIKE in SQL, with equal answers.

Case is ignored for A-Z, as SQL's LIKE does. For other letters a pattern is tried as typed, lower and upper, so that
`übertopf` finds `Übertopf`. Without regular expressions: a greedy search cannot take exponential time.
"""

from __future__ import annotations

import string

from .ast import Pattern

ESCAPE = "!"
_FOLD = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)


def fold(text: str) -> str:
    """Return the text with A-Z in lower case and nothing else changed."""
    return text.translate(_FOLD)


def variants(pattern: Pattern) -> tuple[Pattern, ...]:
    """Return the folded pattern as typed and with its non-ASCII letters all lower and all upper, without repeats."""
    lower = Pattern(tuple(_recase(part, False) for part in pattern.parts))
    upper = Pattern(tuple(_recase(part, True) for part in pattern.parts))
    typed = Pattern(tuple(fold(part) for part in pattern.parts))
    return tuple(dict.fromkeys((typed, lower, upper)))


def _recase(text: str, upper: bool) -> str:
    out = []
    for char in fold(text):
        other = char if char.isascii() else (char.upper() if upper else char.lower())
        out.append(other if len(other) == 1 and not other.isascii() else char)
    return "".join(out)


def like(pattern: Pattern, *, anywhere: bool) -> str:
    """Return the pattern for `lower(column) LIKE ... ESCAPE '!'`."""
    parts = [_escaped(part) for part in pattern.parts]
    body = "%".join(parts)
    return f"%{body}%" if anywhere else body


def _escaped(text: str) -> str:
    for char in (ESCAPE, "%", "_"):
        text = text.replace(char, ESCAPE + char)
    return text


def matches(pattern: Pattern, text: str | None, *, anywhere: bool) -> bool:
    """Return whether a folded pattern (one of `variants`) matches; None never does."""
    if text is None:
        return False
    parts = ("", *pattern.parts, "") if anywhere else pattern.parts
    subject = fold(text)
    if len(parts) == 1:
        return subject == parts[0]
    first, *middle, last = parts
    if not subject.startswith(first):
        return False
    at = len(first)
    for part in middle:
        found = subject.find(part, at)
        if found < 0:
            return False
        at = found + len(part)
    return len(subject) - len(last) >= at and subject.endswith(last)
