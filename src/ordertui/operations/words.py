"""Words that screen, command line and operations share."""

from __future__ import annotations


def how_many(count: int, what: str = "order") -> str:
    """`1 order`, `1,204 orders`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"
