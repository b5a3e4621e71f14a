"""What a store says of its move to another place: a mark in `meta`, which keeps everything else from writing."""

from __future__ import annotations

import msgspec

from ordertui.orders.clock import iso_utc

from .errors import StoreMoved


class MoveMark(msgspec.Struct, frozen=True):
    """The two ends of a move. Both stores have one while it is under way; afterwards the one that was left."""

    store: str
    """Id of the store."""
    source: str
    target: str
    """Places as messages name them."""
    at: int
    """When it began, or ended (epoch seconds)."""
    is_done: bool = False
    is_target: bool = False
    """Whether this is the mark of the store that is being filled."""

    def __str__(self) -> str:
        if self.is_done:
            return f"{self.source} was moved to {self.target} on {iso_utc(self.at)}; work there"
        again = f"`ordertui store move {self.source} {self.target}`"
        if self.is_target:
            return f"{self.target} is not yet filled from {self.source}; finish it with {again}"
        return f"{self.source} is being moved to {self.target}; finish it with {again}"


def read_mark(text: str) -> MoveMark:
    """Return the mark that `meta` has. Raises StoreMoved when it cannot be read, because something did move."""
    try:
        return msgspec.json.decode(text, type=MoveMark)
    except (msgspec.MsgspecError, RecursionError):
        raise StoreMoved(f"the store has a mark of a move that cannot be read: {text[:100]}") from None
