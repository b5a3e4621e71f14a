"""Words that screen, command line and operations share."""

from __future__ import annotations

import unicodedata

_OVERRIDES = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"


def clean(text: str) -> str:
    """The text without control, format-override or line-break characters."""
    return "".join(c for c in text if unicodedata.category(c) not in ("Cc", "Cs") and c not in _OVERRIDES)


def pluralize(count: int, what: str = "order") -> str:
    """`1 order`, `1,204 orders`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"
