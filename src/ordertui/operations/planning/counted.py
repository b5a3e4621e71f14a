"""How many orders of a plan count in a window of the rate, in the words that preview and command line share."""

from __future__ import annotations

from ordertui.operations.rate.figures import RateEffect
from ordertui.orders.text import pluralize, with_verb

from .plan import Plan


def window_words(plan: Plan, effect: RateEffect) -> list[str]:
    """Return how the orders that count differ from what a window's numerator grows by; empty when they do not.

    `7 count in these 7 days, 1 was placed before them`; then `1 adds nothing`, such as one that counted already.
    """
    counted, added, earlier = sum(row.counts for row in plan.rows), effect.added, effect.earlier
    if added == counted or effect.before.reason or effect.after.reason:
        return []
    days = pluralize(effect.after.days, "day")
    head = f"{with_verb(added, 'counts', 'count') if added else 'none counts'} in these {days}"
    if earlier:
        head += f", {with_verb(earlier, 'was', 'were')} placed before them"
    rest = counted - added - earlier
    return [head, f"{with_verb(rest, 'adds', 'add')} nothing"] if rest > 0 else [head]
