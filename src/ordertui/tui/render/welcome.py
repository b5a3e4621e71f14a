"""What an empty store says: which reports to download, where, and what to press."""

from __future__ import annotations

from textual.content import Content

from ordertui.messages import N_, _

from .format import MUTED, Piece, pad

REPORTS = (
    (N_("Unshipped orders"), N_("Orders > Order Reports > Unshipped")),
    (N_("New orders"), N_("Orders > Order Reports > New")),
    (N_("All Orders"), N_("Reports > Fulfillment > All Orders")),
    (N_("Cancellation Rate"), N_("Performance > Account Health")),
)
"""Report, and where Seller Central offers it."""


def render_welcome() -> Content:
    """Return the page of an empty store: the keys come first, so that the smallest terminal shows them."""
    key = "bold $text-accent"
    pieces: list[Piece] = [(_("No orders yet\n"), "bold")]
    pieces += [("i", key), _(" imports report files   "), ("t", key), _(" practice store, with a tour   ")]
    pieces += [("?", key), _(" all keys\n\n"), _("Download from Seller Central, as text files:\n")]
    for name, where in REPORTS:
        pieces += [(f" {pad(_(name), 18)}", "bold"), (f"{_(where)}\n", MUTED)]
    pieces += [_("\nTurn on the column "), (_("Buyer Requested Cancel"), "bold"), _(" of Unshipped orders:\n")]
    pieces += [_("without it no report tells who requested a cancellation.\n\n"), _("Then "), ("i", key)]
    pieces.append(_(" lists the files: space marks, Enter imports."))
    return Content.assemble(*pieces)
