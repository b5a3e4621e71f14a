"""What an empty store says: which reports to download, where, and what to press."""

from __future__ import annotations

from textual.content import Content

from .format import MUTED, Piece

REPORTS = (
    ("Unshipped orders", "Orders > Order Reports > Unshipped"),
    ("New orders", "Orders > Order Reports > New"),
    ("All Orders", "Reports > Fulfillment > All Orders"),
    ("Cancellation Rate", "Performance > Account Health"),
)
"""Report, and where Seller Central offers it."""


def render_welcome() -> Content:
    """Return the page of an empty store: the keys come first, so that the smallest terminal shows them."""
    key = "bold $text-accent"
    pieces: list[Piece] = [("No orders yet\n", "bold")]
    pieces += [("i", key), " imports report files   ", ("t", key), " practice store, with a tour   "]
    pieces += [("?", key), " all keys\n\n", "Download from Seller Central, as text files:\n"]
    for name, where in REPORTS:
        pieces += [(f" {name:<18}", "bold"), (f"{where}\n", MUTED)]
    pieces += ["\nTurn on the column ", ("Buyer Requested Cancel", "bold"), " of Unshipped orders:\n"]
    pieces += ["without it no report tells who requested a cancellation.\n\n", "Then ", ("i", key)]
    pieces.append(" lists the files: space marks, Enter imports.")
    return Content.assemble(*pieces)
