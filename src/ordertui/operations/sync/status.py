"""How old the orders of each marketplace are, and what is left of the quotas. Nothing is called."""

from __future__ import annotations

import msgspec

from ordertui.operations.config import AmazonConfig
from ordertui.orders.text import format_duration, pluralize
from ordertui.store import Store

from .order_sync import load_state
from .quotas import Quota, quotas
from .unread_orders import unread_orders

SHOWN_QUOTAS = ("searchOrders", "createFeed", "getFeeds", "createReport")
"""The operations whose quotas are small enough to run out."""


class SyncStatus(msgspec.Struct, frozen=True):
    """State of the connection, as screen and command line show it."""

    profile: str
    marketplaces: tuple[str, ...]
    dispatch: str
    """`file` or `api`."""
    up_to: dict[str, int | None]
    """Marketplace to the time up to which all its changes are stored (epoch seconds); None: never synced."""
    running: str
    """Text about the pass that a run has left unfinished; empty when there is none."""
    quotas: tuple[Quota, ...]
    unread: dict[str, str] = {}
    """Order id to the reason, for orders whose newest state could not be read."""

    @property
    def watermark(self) -> int | None:
        """Time up to which all changes of all marketplaces are stored (epoch seconds); None: one was never synced."""
        known = [at for at in self.up_to.values() if at is not None]
        return min(known) if known and len(known) == len(self.up_to) else None

    def format(self, now: int, *, short: bool = False) -> str:
        """Return the text of the screen's first line: age of the orders and quota; empty without a connection."""
        if self.profile == "off":
            return ""
        if short:
            return f"{self._format_age(now)}{' · TEST' if self.profile == 'test' else ''}"
        quota = self._search_quota
        wait = "" if quota.calls else f", next in {-(-quota.next_in // 60)} min"
        unread = f" · {pluralize(len(self.unread))} cannot be read" if self.unread else ""
        test = " · TEST, not Amazon" if self.profile == "test" else ""
        return f"{self._format_age(now)} · {self.format_quota()}{wait}{unread}{test}"

    def format_quota(self) -> str:
        """Return how many calls that fetch orders are left."""
        return f"quota {self._search_quota.calls} of {self._search_quota.burst}"

    @property
    def _search_quota(self) -> Quota:
        return next(quota for quota in self.quotas if quota.operation == "searchOrders")

    def _format_age(self, now: int) -> str:
        ages: dict[str, list[str]] = {}
        for code, at in self.up_to.items():
            text = "never synced" if at is None else f"synced {format_duration(max(0, now - at))} ago"
            ages.setdefault(text, []).append(code)
        if len(ages) <= 1:
            return next(iter(ages), "never synced")
        return ", ".join(f"{' '.join(codes)} {text}" for text, codes in ages.items())


def sync_status(store: Store, config: AmazonConfig, now: int) -> SyncStatus:
    """Return the state of a store's connection. `now`: epoch seconds."""
    state = load_state(store)
    running = "" if state.running is None else f"{state.running.kind}, {pluralize(state.running.orders)} so far"
    up_to = {code: state.up_to.get(code) for code in config.marketplaces}
    return SyncStatus(
        config.profile,
        config.marketplaces,
        config.dispatch,
        up_to,
        running,
        quotas(store, now, SHOWN_QUOTAS),
        unread_orders(store),
    )
