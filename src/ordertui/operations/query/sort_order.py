"""The order of a list as text: `status,-total`. The same words on the command line, on the screen and in the views file."""

from __future__ import annotations

from typing import NamedTuple

from ordertui.operations.errors import UnknownChoice
from ordertui.store import SORT_KEYS


class SortKey(NamedTuple):
    """One key."""

    key: str
    down: bool
    """Largest first."""

    def turned(self) -> SortKey:
        """The other way round."""
        return SortKey(self.key, not self.down)


def read_sorting(text: str, *, down: bool = True) -> tuple[SortKey, ...]:
    """The keys of a text, the first weighs most: `-total` largest first, `+total` smallest first; without a sign as
    `down` says. A key that comes again says nothing new and is left out. Raises UnknownChoice."""
    found: dict[str, SortKey] = {}
    for word in text.split(","):
        sign, key = word.strip()[:1], word.strip().lstrip("+-").strip()
        if key not in SORT_KEYS:
            raise UnknownChoice("sort key", key, tuple(SORT_KEYS))
        found.setdefault(key, SortKey(key, sign == "-" if sign in ("+", "-") else down))
    return tuple(found.values())


def sorting_text(sorting: tuple[SortKey, ...]) -> str:
    """The text that `read_sorting` reads, with every sign."""
    return ",".join(f"{'-' if one.down else '+'}{one.key}" for one in sorting)
