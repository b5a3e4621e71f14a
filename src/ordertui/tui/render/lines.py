"""The first line of the screen, and the line above the key hints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.content import Content

from ordertui.orders.order import OrderRow
from ordertui.orders.text import format_duration

from .format import MUTED, Piece, format_sums, format_time, format_zone

if TYPE_CHECKING:
    from ordertui.operations.rate.figures import Impact


def header(*, shop_name: str, marketplaces: Sequence[str], practice: bool, read_only: bool) -> Content:
    """The left of the first line: whose orders these are, and whether they are real."""
    pieces: list[Piece] = [(" ordertui ", "bold $text-accent")]
    if practice:
        pieces += [" ", (" PRACTICE ", "bold reverse $text-warning")]
    if read_only:
        pieces += [" ", (" READ ONLY ", "bold reverse $text-warning")]
    pieces.append(f"  {shop_name} · {', '.join(marketplaces) or 'no orders yet'} ")
    return Content.assemble(*pieces)


def age(*, as_of: int | None, now: int, zone: str, short: bool = False, live: str = "") -> Content:
    """The right of the first line: how old what is shown is; `short` without the time. `live`: the words of the
    connection to Amazon.
    """
    if live:
        return Content.styled(f"{live} ", MUTED)
    if as_of is None:
        return Content.styled("no report imported yet ", MUTED)
    old = now - as_of
    text = (
        f"reports {format_duration(old)} old "
        if short
        else f"reports as of {format_time(as_of, zone)} {format_zone(as_of, zone)}, {format_duration(old)} ago "
    )
    return Content.styled(text, "$text-warning" if old > 86_400 else MUTED)


def status_line(
    *,
    count: int,
    impact: Impact | None,
    hidden: int,
    cursor: OrderRow | None,
    held: str,
    view: str,
    pending: str = "",
    range_: int = 0,
    building: str = "",
    width: int,
) -> Content:
    """The line above the key hints: the marked set and what may be done with it, or what one key would act on.

    `count`: marked orders; `impact`: what they come to, None while it is worked out. `hidden`: marked orders that the
    view does not show. `range_`: orders of an open range. `pending`: changes that wait. `building`: a view that is
    being read. `width`: cells there are. Where they are few, money in several currencies is only counted, then the end
    is left out; the countdown of what is held always stands.
    """
    clock = Content.styled(f"   ◷ {held}", "bold $text-warning") if held else Content("")
    room = max(0, width - clock.cell_length)
    pieces: list[Piece] = []
    if building:
        pieces += [" ", (f" {building} ", "bold reverse $text-warning")]
    if pending:
        pieces += [" ", (f" {pending} · R ", "bold reverse $text-accent")]
    if range_:
        pieces.append((f" range of {range_:,} · space takes it, Esc leaves it", "bold $text-accent"))
    elif count:
        pieces.append((f" ● {count:,} marked", "bold $text-accent"))
        if hidden:
            pieces.append((f" ({hidden:,} hidden)", "bold $text-warning"))
        long, short = ([*pieces, *_weighed(impact, short=short)] for short in (False, True))
        pieces = long if Content.assemble(*long).cell_length <= room else short
    elif cursor is not None:
        pieces.append((f" none marked: keys act on {cursor.order_id}", MUTED))
    else:
        pieces.append((f" {view}: nothing to show", MUTED))
    return Content.assemble(*pieces).truncate(room, ellipsis=True) + clock


def _weighed(impact: Impact | None, *, short: bool) -> list[Piece]:
    """Money of the marked set, and how many of it each action may take."""
    if impact is None:
        return [(" · working out what they come to…", MUTED)]
    many = short and len(impact.money) > 1
    money = f"{len(impact.money)} currencies" if many else format_sums(impact.money, impact.unpriced)
    pieces: list[Piece] = [f" · {money}"] if money else []
    pieces.append(f" · {impact.cancellable:,} cancel ({impact.counted:,} count)")
    if impact.refundable:
        pieces.append(f" · {impact.refundable:,} refund")
    if impact.confirmable:
        pieces.append(f" · {impact.confirmable:,} confirm")
    if impact.cannot:
        pieces.append((f" · {impact.cannot:,} cannot", "$text-warning"))
    return pieces
