"""Sort keys as text, such as `status,-total`: the same on the command line, on the screen and in the views file."""

from __future__ import annotations

from typing import NamedTuple

from ordertui.operations.errors import UnknownChoice
from ordertui.store import SORT_KEYS


class SortKey(NamedTuple):
    """A column to sort by, and in which direction."""

    key: str
    down: bool
    """Largest first."""

    def turned(self) -> SortKey:
        """Return this key with the opposite direction."""
        return SortKey(self.key, not self.down)


def key_names() -> tuple[str, ...]:
    """Return every key as it is typed and shown, such as `ship-by`."""
    return tuple(key.replace("_", "-") for key in SORT_KEYS)


def read_sorting(text: str, *, down: bool = True) -> tuple[SortKey, ...]:
    """Return the sort keys of a text, the one that weighs most first.

    `-total` is largest first, `+total` smallest first; `down` decides for a key without a sign. A repeated key is left
    out; upper case and `_` in the place of `-` are read too. Raises UnknownChoice.
    """
    found: dict[str, SortKey] = {}
    for word in text.split(","):
        sign, name = word.strip()[:1], word.strip().lstrip("+-").strip()
        key = name.lower().replace("-", "_")
        if key not in SORT_KEYS:
            raise UnknownChoice("sort key", name, key_names())
        found.setdefault(key, SortKey(key, sign == "-" if sign in ("+", "-") else down))
    return tuple(found.values())


def sorting_text(sorting: tuple[SortKey, ...]) -> str:
    """Return the text that `read_sorting` reads, with every sign."""
    return ",".join(f"{'-' if one.down else '+'}{one.key}" for one in sorting)
