"""The full view of the rate: figures, chart of its trend, the days to come, the lines of its lists."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import msgspec
from textual.content import Content

from ordertui.messages import N_, _, join_texts, ngettext, translate
from ordertui.operations.rate.budget import BudgetUse
from ordertui.operations.rate.figures import RateEffect
from ordertui.operations.rate.lists import RateEntry
from ordertui.operations.rate.trend import BACK, CoursePoint
from ordertui.orders.enums import YesNo
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.order import OrderRow

from .bar_chart import AXIS, Bar, draw_chart
from .format import (
    GAP,
    GLYPH,
    MUTED,
    STYLE,
    Piece,
    budget_pieces,
    format_day,
    format_duration,
    format_rate,
    format_share,
    format_target,
    format_time,
    pad,
    rate_word,
)
from .state import status_forms

RATE_CELLS = 18
"""Cells of a rate in the days to come."""
MAX_DAY_WIDTH = 3
"""Cells of a day in the chart, at most."""
NARROW, ROOMY = 78, 100
"""In fewer cells the figures, or the days to come, are written shorter."""
COUNTS = {
    YesNo.YES: (N_("✗ counts"), "$text-error"),
    YesNo.UNKNOWN: (N_("? may count"), "$text-warning"),
    YesNo.NO: (N_("· does not"), MUTED),
}


class Course(msgspec.Struct, frozen=True):
    """The rate of one marketplace and window, as the view shows it."""

    effect: RateEffect
    """Now, and with the marked set."""
    points: tuple[CoursePoint, ...]
    risk: int
    marked: int
    """How many of the marked orders are of this marketplace."""
    budgets: tuple[BudgetUse, ...] = ()
    """The seller's own budgets of counting cancellations."""
    outdated: int = 0
    """Orders whose auto-cancel was over long ago, by old reports: what became of them is unknown."""

    @property
    def title(self) -> str:
        """`Amazon.com (US) · 7 days`."""
        now = self.effect.before
        market = MARKETPLACES.get(now.marketplace)
        return _(
            "{market} ({marketplace}) · {days} days",
            market=market.name if market else now.marketplace,
            marketplace=now.marketplace,
            days=now.days,
        )


def _share(orders: int, cancelled: int) -> Fraction | None:
    return Fraction(cancelled, orders) if orders else None


def _point_text(orders: int, cancelled: int, status: str, target: Fraction) -> str:
    return f"{format_share(_share(orders, cancelled), target):>8} {GLYPH[status]} {pad(rate_word(status), 5)}"


def render_figures(course: Course, *, short: bool = False) -> Content:
    """Return the rate now and with the marked orders, target and room, and how many Amazon is about to cancel."""
    now, after = course.effect.before, course.effect.after
    pieces: list[Piece] = [(f"{course.title}", "bold"), (_(" · estimate"), MUTED)]
    for word, figure in ((_("now"), now), *(((_("after"), after),) if course.marked else ())):
        total = "?" if figure.reason else f"{figure.orders:,}"
        counts = _("{cancelled:,} of {total}", cancelled=figure.cancelled, total=total)
        pieces += ["\n", (f" {pad(word, 7)}", MUTED), pad(counts, 14)]
        pieces.append(
            (
                f"{format_rate(figure):>8} {GLYPH[figure.status]} {pad(rate_word(figure.status), 5)}",
                STYLE[figure.status],
            )
        )
        if not figure.reason:
            is_room = figure.headroom > 0
            allowed = _("{headroom:,} more allowed", headroom=figure.headroom) if is_room else _("none left")
            pieces.append((f"  {allowed}", "" if is_room else "bold $text-error"))
        if figure is after and course.marked:
            pieces.append(
                (
                    f"  {course.marked:,} ●" if short else _("  with the {marked:,} marked", marked=course.marked),
                    "$text-accent",
                )
            )
    pieces += ["\n", (_(" target"), MUTED), f" {format_target(now)}"]
    unsure = now.cancelled - now.cancelled_at_least
    if unsure:
        pieces.append(
            (
                f" · {unsure:,} ?" if short else _(" · {unsure:,} of the cancelled: by whom is unknown", unsure=unsure),
                "$text-warning",
            )
        )
    if course.risk:
        words = _(" · Amazon cancels {risk:,} in 24 h", risk=course.risk)
        pieces.append(
            (words if short else _("{words} unless their shipment is confirmed", words=words), "$text-warning")
        )
    if course.outdated:
        pieces.append((_(" · ? {outdated:,} past auto-cancel: outdated", outdated=course.outdated), "$text-warning"))
    if now.reason:
        pieces.append((f"\n ? {translate(now.reason)}", "$text-warning"))
    for number, use in enumerate(course.budgets):
        pieces += [(GAP if number else _("\n budget  "), MUTED), *budget_pieces(use)]
    return Content.assemble(*pieces, "\n")


def make_bars(course: Course, width: int) -> list[Bar]:
    """Return a bar a day, as many past days as fit; from today on two if orders are marked: without and with them."""
    two = bool(course.marked)
    future = [point for point in course.points if point.ahead >= 0]
    past = [point for point in course.points if point.ahead < 0]
    room = width - AXIS - 1

    def each(cells: int) -> int:
        return (2 * cells if two else cells) + 1

    fits = [cells for cells in range(1, MAX_DAY_WIDTH + 1) if len(past) * cells + len(future) * each(cells) <= room]
    wide = max(fits, default=1)
    past = past[-max(1, (room - len(future) * each(wide)) // wide) :]
    target = Fraction(course.effect.before.target)
    found = []
    for number, point in enumerate((*past, *future)):
        label = _("▲ today") if not point.ahead else format_day(point.day)
        low, high = _share(point.orders, point.at_least), _share(point.orders, point.cancelled)
        is_past = point.ahead < 0
        gap = 1 if number == len(past) - 1 or (not is_past and not two) else 0
        tone = "$secondary" if is_past else ""
        unclear = (
            is_past and point.status == "over" and (low or 0) < target
        )  # to come, the worse of the two is planned for
        word = "unknown" if unclear else point.status
        style, glyph = STYLE[word], GLYPH[word]
        found.append(Bar(low or Fraction(0), high, style, glyph, label, wide, gap, tone, strong=not point.ahead))
        if two and not is_past:
            after, unsure = _share(point.orders, point.after), point.cancelled - point.at_least
            least = _share(point.orders, max(0, point.after - unsure)) or Fraction(0)
            style, glyph = STYLE[point.after_status], GLYPH[point.after_status]
            found.append(Bar(least, after, style, glyph, "", wide, 1))
    return found


def render_chart(course: Course, width: int, height: int) -> Content:
    """Return the chart, and what its signs mean."""
    drawn = draw_chart(make_bars(course, width), Fraction(course.effect.before.target), height)
    words = _(" bar: the window ending that day · ✓ ok ! near ✗ over")
    if any(point.cancelled > point.at_least for point in course.points):
        words += _("\n ░ cancelled, nobody knows by whom: may count · ? over if it does")
    past = [point.day for point in course.points if point.ahead < 0]
    if len(past) < BACK:
        words += (
            _("\n days before {day} are not drawn", day=format_day(past[0]))
            if past
            else _("\n past days are not drawn")
        )
        words += _(": the reports begin later than their windows")
    if course.marked:
        words += _("\n from today on two bars: left without, right with the marked")
    return drawn + Content.styled(f"{words}\n", MUTED)


def render_days_ahead(course: Course, *, short: bool) -> Content:
    """Return the table of the days to come: what rolls off, and the rate after it."""
    two = bool(course.marked)
    head = f" {pad(_('day'), 11)}{pad(_('rolls off'), 10, right=True)}{pad(_('Amazon'), 8, right=True)}   "
    head += pad(_("rate, sales going on"), RATE_CELLS)
    head += f"  {pad(_('with the marked'), RATE_CELLS)}" if two else ""
    head += "" if short else _("  if no order comes")
    pieces: list[Piece] = [
        (_("To come"), "bold"),
        (
            _(" · rolls off: leaves the window at midnight · Amazon: cancels by itself until then\n")
            if not short
            else "\n",
            MUTED,
        ),
    ]
    pieces.append((f"{head}\n", MUTED))
    target = Fraction(course.effect.before.target)
    for point in course.points:
        if point.ahead < 0:
            continue
        day = _("today") if not point.ahead else format_day(point.day, weekday=True)
        due = f"{point.due:,}" if point.due or not course.outdated else "?"
        pieces.append(f" {pad(day, 11)}{point.rolls_off:>10,}{due if point.ahead else '–':>8}   ")
        pieces.append(
            (pad(_point_text(point.orders, point.cancelled, point.status, target), RATE_CELLS), STYLE[point.status])
        )
        if two:
            text = _point_text(point.orders, point.after, point.after_status, target)
            pieces += ["  ", (pad(text, RATE_CELLS), STYLE[point.after_status])]
        if not short:
            share = _share(point.orders_left, point.cancelled)
            words = (
                "–"
                if share is None
                else _("{share} of {orders_left:,}", share=format_share(share, target), orders_left=point.orders_left)
            )
            over = share is not None and share >= target
            pieces.append((f"  {words}{(_(' ✗ over') if over else '')}", STYLE["over"] if over else MUTED))
        pieces.append("\n")
    first = next((point for point in course.points if point.due > point.auto_cancels), None)
    if first is not None:
        text = ngettext(
            " {day}: of the {due:,} orders that Amazon cancels by then, {n:,} counts anew in this window\n",
            " {day}: of the {due:,} orders that Amazon cancels by then, {n:,} count anew in this window\n",
            first.auto_cancels,
            day=format_day(first.day, weekday=True),
            due=first.due,
        )
        pieces.append((text, MUTED))
    return Content.assemble(*pieces)


def render_rate(course: Course, width: int, height: int) -> Content:
    """Return one marketplace: figures, chart, days to come, how it is dated."""
    short = width < ROOMY
    now = course.effect.before
    window = _(
        "{window_from} to {window_to}",
        window_from=format_time(now.window_from, now.timezone),
        window_to=format_time(now.window_to, now.timezone),
    )
    dated = _(
        "Window {window}, {timezone}; {basis}.\n", window=window, timezone=now.timezone, basis=translate(now.basis)
    )
    if now.silent_days and not now.reason:
        dated += _("No order at all is known of {days}.\n", days=join_texts(now.silent_days))
    figures = render_figures(course, short=width < NARROW)
    if now.reason:
        return Content("\n").join([figures, Content.styled(dated, MUTED)])
    return Content("\n").join(
        [
            figures + render_chart(course, width, height),
            render_days_ahead(course, short=short),
            Content.styled(dated, MUTED),
        ]
    )


def render_all_rates(courses: Sequence[Course], width: int, height: int) -> Content:
    """Return every marketplace, one below the other."""
    return Content("\n").join(
        render_figures(course, short=width < NARROW)
        if course.effect.before.reason
        else render_figures(course, short=width < NARROW)
        + draw_chart(make_bars(course, width), Fraction(course.effect.before.target), height)
        for course in courses
    )


def render_entry(entry: RateEntry, zone: str) -> Content:
    """Return the line of an order that counts, or of one in the window."""
    word, style = COUNTS[entry.counts]
    word = pad(_(word), 12)
    how = " · ".join(
        part
        for part in (
            translate(entry.how) or status_forms(entry.status)[0],
            translate(entry.why) if entry.how else "",
            entry.rule,
        )
        if part
    )
    return Content.assemble(
        f"{entry.order_id}  ", (pad(format_time(entry.placed, zone), 13), MUTED), (word, style), how
    )


def render_risk(row: OrderRow, deadline: int | None, now: int, zone: str) -> Content:
    """Return the line of an order that Amazon is about to cancel by itself."""
    left = (
        _("unknown")
        if deadline is None
        else _("in {deadline}", deadline=format_duration(deadline - now))
        if deadline > now
        else _("overdue")
    )
    return Content.assemble(
        f"{row.order_id}  ",
        (f"! {pad(left, 10)}", "$text-warning"),
        (_("ship by {ship_by}  ", ship_by=format_time(row.ship_by, zone)), MUTED),
        row.title or "",
    )
