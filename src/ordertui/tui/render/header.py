"""The first line of the screen."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from ordertui.messages import N_, _, translate
from ordertui.orders.clock import DAY

from .format import MUTED, Piece, format_duration, format_time, format_zone


def render_header(*, shop_name: str, marketplaces: Sequence[str], practice: bool, read_only: bool) -> Content:
    """Return the left of the first line: whose orders these are, and whether they are real."""
    pieces: list[Piece] = [(" ordertui ", "bold $text-accent")]
    if practice:
        pieces += [" ", (_(" PRACTICE "), "bold reverse $text-warning")]
    if read_only:
        pieces += [" ", (_(" READ ONLY "), "bold reverse $text-warning")]
    pieces.append(f"  {shop_name} · {', '.join(marketplaces) or _('no orders yet')}")
    return Content.assemble(*pieces)


def render_age(*, as_of: int | None, now: int, zone: str, short: bool, live: str, copy: str = "") -> Content:
    """Return the right of the first line: how old the orders shown are.

    `as_of` and `now` are epoch seconds; `as_of` is None before the first import. `short`: without the time. `live`: the
    state of the connection to Amazon, shown instead. `copy`: how old the copy of a server's store is.
    """
    if copy:
        rest = render_age(as_of=as_of, now=now, zone=zone, short=short, live=live)
        style = MUTED if copy == N_("copy in step") else "$text-warning"
        return Content.assemble((f"{translate(copy)} · ", style), rest)
    if live:
        return Content.styled(f"{live} ", MUTED)
    if as_of is None:
        return Content.styled(_("no report imported yet "), MUTED)
    old = max(0, now - as_of)
    text = (
        _("reports {old} old ", old=format_duration(old))
        if short
        else _(
            "reports as of {as_of} {as_of_2}, {old} ago ",
            as_of=format_time(as_of, zone),
            as_of_2=format_zone(as_of, zone),
            old=format_duration(old),
        )
    )
    return Content.styled(text, "$text-warning" if old > DAY else MUTED)
