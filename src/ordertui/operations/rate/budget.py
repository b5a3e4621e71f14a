"""How much of the seller's own budgets of counting cancellations is used, and what a batch would add.

A cancellation counts toward the day and the week in which its batch was decided, in the marketplace's zone: when it was
committed or, where it had to be, approved. While it waits for approval it counts today, because it may be approved
today. A week begins on Monday. One that was taken back, or refused by Amazon, does not count any more. Cancellations
made elsewhere, such as in Seller Central, are in no batch and so in no budget.
"""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from ordertui.orders.clock import day_start, to_local
from ordertui.rules.policy.house_rules import CancellationBudget

from .sources import RateSources


class BudgetUse(msgspec.Struct, frozen=True):
    """One budget of one marketplace."""

    marketplace: str
    budget: CancellationBudget
    start: int
    """Epoch seconds of the first midnight of its span."""
    end: int
    """Of the midnight after it."""
    timezone: str
    used: int
    """Orders decided in the span whose cancellation counts, and those that wait for approval."""
    added: int = 0
    """Orders of a batch that would be committed now, and are not among these."""

    @property
    def after(self) -> int:
        """What is used with the batch."""
        return self.used + self.added

    @property
    def left(self) -> int:
        """How many more may be committed; 0 when it is used up."""
        return max(0, self.budget.most - self.after)

    @property
    def is_over(self) -> bool:
        """Whether the batch goes over it."""
        return bool(self.added) and self.after > self.budget.most


class RateBudgets:
    """Reads what is used."""

    def __init__(self, sources: RateSources) -> None:
        self._sources = sources

    def of(
        self, marketplace: str, adding: Collection[int] = (), *, besides: int | None = None
    ) -> tuple[BudgetUse, ...]:
        """Return the budgets of a marketplace, the day's first; none when the policy file has none.

        `adding`: orders of a batch that would count; `besides`: its number, when it is committed already.
        """
        budgets = self._sources.eligibility.policies.house.budgets_of(marketplace)
        if not budgets:
            return ()
        zone, now = self._sources.policy(marketplace).zone, self._sources.now()
        starts = {"day": day_start(now, zone), "week": day_start(now, zone, -to_local(now, zone).weekday())}
        decided = self._sources.store().batches.counting_since(marketplace, min(starts.values()), besides)
        found = []
        for budget in budgets:
            start = starts[budget.span]
            used = {order for order, at in decided.items() if at >= start}
            end = day_start(start, zone, 1 if budget.span == "day" else 7)
            found.append(BudgetUse(marketplace, budget, start, end, zone, len(used), len(set(adding) - used)))
        return tuple(found)
