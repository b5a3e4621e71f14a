"""Where the connection to Amazon stands: how old each marketplace's orders are, and what is left of the quotas. Nothing is called."""

from __future__ import annotations

import msgspec

from ordertui.operations.config import AmazonConfig
from ordertui.orders.text import format_duration
from ordertui.store import Store

from .connection import Quota, quotas
from .order_sync import load_state

SHOWN_QUOTAS = ("searchOrders", "createFeed", "getFeeds", "createReport")
"""The scarce ones."""


class SyncStatus(msgspec.Struct, frozen=True):
    """What screen and command line show of the connection."""

    profile: str
    marketplaces: tuple[str, ...]
    dispatch: str
    """`file` or `api`."""
    up_to: dict[str, int | None]
    """Marketplace to when all its changes are in (epoch seconds); None: never synced."""
    running: str
    """The pass that a run has left unfinished, or an empty text."""
    quotas: tuple[Quota, ...]

    @property
    def watermark(self) -> int | None:
        """All changes of all marketplaces are in up to here (epoch seconds); None: one of them was never synced."""
        known = [at for at in self.up_to.values() if at is not None]
        return min(known) if known and len(known) == len(self.up_to) else None

    def words(self, now: int, *, short: bool = False) -> str:
        """For the screen's first line: how old each marketplace's orders are, and what is left of the quota; empty without a connection."""
        if self.profile == "off":
            return ""
        test = " · TEST, not Amazon" if self.profile == "test" else ""
        if short:
            return f"{self._age(now)}{' · TEST' if test else ''}"
        search = next(quota for quota in self.quotas if quota.operation == "searchOrders")
        wait = "" if search.calls else f", next in {-(-search.next_in // 60)} min"
        return f"{self._age(now)} · {self.quota_words()}{wait}{test}"

    def _age(self, now: int) -> str:
        ages: dict[str, list[str]] = {}
        for code, at in self.up_to.items():
            words = "never synced" if at is None else f"synced {format_duration(max(0, now - at))} ago"
            ages.setdefault(words, []).append(code)
        if len(ages) <= 1:
            return next(iter(ages), "never synced")
        return ", ".join(f"{' '.join(codes)} {words}" for words, codes in ages.items())

    def quota_words(self) -> str:
        """What is left of the calls that fetch orders."""
        search = next(quota for quota in self.quotas if quota.operation == "searchOrders")
        return f"quota {search.calls} of {search.burst}"


def connection(store: Store, config: AmazonConfig, now: int) -> SyncStatus:
    """Where the connection of a store stands; nothing is called. `now`: epoch seconds."""
    state = load_state(store)
    running = "" if state.running is None else f"{state.running.kind}, {state.running.orders:,} orders so far"
    up_to = {code: state.up_to.get(code) for code in config.marketplaces}
    return SyncStatus(
        config.profile, config.marketplaces, config.dispatch, up_to, running, quotas(store, now, SHOWN_QUOTAS)
    )
