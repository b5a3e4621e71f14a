"""The first line of the screen."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from ordertui.orders.clock import DAY
from ordertui.orders.text import format_duration

from .format import MUTED, Piece, format_time, format_zone


def render_header(*, shop_name: str, marketplaces: Sequence[str], practice: bool, read_only: bool) -> Content:
    """Return the left of the first line: whose orders these are, and whether they are real."""
    pieces: list[Piece] = [(" ordertui ", "bold $text-accent")]
    if practice:
        pieces += [" ", (" PRACTICE ", "bold reverse $text-warning")]
    if read_only:
        pieces += [" ", (" READ ONLY ", "bold reverse $text-warning")]
    pieces.append(f"  {shop_name} · {', '.join(marketplaces) or 'no orders yet'} ")
    return Content.assemble(*pieces)


def render_age(
    *, as_of: int | None, now: int, zone: str, short: bool = False, live: str = "", copy: str = ""
) -> Content:
    """Return the right of the first line: how old the orders shown are.

    `as_of` and `now` are epoch seconds; `as_of` is None before the first import. `short`: without the time. `live`: the
    state of the connection to Amazon, shown instead. `copy`: how old the copy of a server's store is.
    """
    if copy:
        rest = render_age(as_of=as_of, now=now, zone=zone, short=short, live=live)
        return Content.assemble((f"{copy} · ", "$text-warning" if copy != "copy in step" else MUTED), rest)
    if live:
        return Content.styled(f"{live} ", MUTED)
    if as_of is None:
        return Content.styled("no report imported yet ", MUTED)
    old = max(0, now - as_of)
    text = (
        f"reports {format_duration(old)} old "
        if short
        else f"reports as of {format_time(as_of, zone)} {format_zone(as_of, zone)}, {format_duration(old)} ago "
    )
    return Content.styled(text, "$text-warning" if old > DAY else MUTED)
