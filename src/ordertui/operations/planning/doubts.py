"""What makes it doubtful that the orders of a plan still are as the reports said: silence of a report, and age."""

from __future__ import annotations

import msgspec

from ordertui.orders.clock import HOUR, iso_utc
from ordertui.orders.enums import Action
from ordertui.orders.text import format_duration, pluralize
from ordertui.rules.policy.settings import PolicyValues

from .tally import OrderTally


class Doubts(msgspec.Struct, frozen=True):
    """Doubts about the orders of a plan."""

    warnings: tuple[str, ...] = ()
    typed: tuple[str, ...] = ()
    """Why the number of orders must be typed to commit; empty when it need not."""


def find_doubts(
    action: Action, tally: OrderTally, left_out: int, newest: int | None, now: int, values: PolicyValues
) -> Doubts:
    """Return the doubts about these orders of one marketplace.

    `left_out` is how many of them a newer Unshipped report does not name, though it may have been asked for other days;
    `newest` the date of what was last said of any order of the marketplace. A waiting order is as old as the newest
    report that names it, any other one as old as `newest`. Without a ship-by time nobody can tell whether Amazon has
    cancelled an order by itself, so an old one of these asks for the count sooner.
    """
    if action is Action.MESSAGE or not tally.orders:
        return Doubts()
    warnings, typed = [], []
    if left_out:
        typed.append(f"a newer Unshipped report leaves out {pluralize(left_out)}")
        warnings.append(
            f"a newer Unshipped report leaves out {pluralize(left_out)}, and was perhaps not asked for their"
            " days: look at them in Seller Central, or import All Orders"
        )
    dates = [named_at for named_at, _ in tally.waiting]
    if newest is not None and tally.waiting.total() < tally.orders:
        dates.append(newest)
    oldest = min(dates, default=newest)
    undated = sum(
        count
        for (named_at, is_dated), count in tally.waiting.items()
        if not is_dated and named_at <= now - values.old_hours * HOUR
    )
    if undated:
        them = "it" if undated == 1 else "them"
        words = f"{pluralize(undated)}: no report gives a ship-by time, so Amazon may have cancelled {them} by now"
        typed.append(words)
        warnings.append(f"{words}; import Unshipped orders first")
    age = 0 if oldest is None else now - oldest
    if oldest is not None and age >= values.old_hours * HOUR:
        if age >= values.stale_hours * HOUR:
            typed.append(f"what the reports say is {format_duration(age)} old")
        warnings.append(
            f"what the reports say is {format_duration(age)} old (of {iso_utc(oldest)}): the orders may have been"
            " shipped, cancelled or refunded since; import new reports first"
        )
    return Doubts(tuple(warnings), tuple(typed))
