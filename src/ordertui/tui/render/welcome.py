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


def welcome() -> Content:
    """The page of an empty store: what to press comes first, so that the smallest terminal shows it."""
    pieces: list[Piece] = [
        ("No orders yet\n", "bold"),
        ("i", "bold $text-accent"), " imports report files   ", ("t", "bold $text-accent"), " practice store, with a tour   ",
        ("?", "bold $text-accent"), " all keys\n\n",
        "Download from Seller Central, as text files:\n",
    ]  # fmt: skip
    for name, where in REPORTS:
        pieces += [(f" {name:<18}", "bold"), (f"{where}\n", MUTED)]
    pieces += [
        "\nSwitch the column ", ("Buyer Requested Cancel", "bold"), " of Unshipped orders on:\nwithout it these requests are invisible.\n\n",
        "Then ", ("i", "bold $text-accent"), " lists them: space marks, Enter reads.",
    ]  # fmt: skip
    return Content.assemble(*pieces)
