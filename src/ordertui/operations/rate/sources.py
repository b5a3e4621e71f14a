"""Inputs of the rates: the store, the verdicts, the time."""

from __future__ import annotations

from collections.abc import Callable

from ordertui.operations.eligibility import Eligibility
from ordertui.orders.clock import Clock
from ordertui.rules.policy.policy import Policy
from ordertui.rules.rate import window
from ordertui.store import Store


class RateSources:
    """The orders of one store, the verdict on them, and the time. `store` returns the reader of the calling thread."""

    def __init__(self, store: Callable[[], Store], eligibility: Eligibility, clock: Clock) -> None:
        self.store = store
        self.eligibility = eligibility
        self.now = clock.now

    def policy(self, marketplace: str) -> Policy:
        """Return the rules in force in a marketplace."""
        return self.eligibility.policy(marketplace)

    def window(self, marketplace: str, days: int) -> tuple[int, int]:
        """Return the first second of the window whose last day is today, and now."""
        return window(self.now(), days, self.policy(marketplace).zone)
