"""Of which days all orders are known: a rate of a part of them is not shown as one (decision 0020)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from ordertui.orders.clock import DAY, day_start, iso_utc, to_local
from ordertui.orders.text import pluralize

from .sources import RateSources


class KnownDays:
    """Says of a span why not all orders that were placed in it are known."""

    def __init__(self, sources: RateSources) -> None:
        self._sources = sources

    def is_known(self, marketplace: str, start: int, end: int) -> bool:
        """Return whether the orders of every status that were placed in a span are known, up to this moment."""
        return not self._missing(marketplace, start, end)

    def unknown_reason(self, marketplace: str, days: int) -> str:
        """Return why the orders of a window that ends now are not all known; empty when nothing speaks against it."""
        return self._missing(marketplace, *self._sources.window(marketplace, days))

    def is_untold(self, marketplace: str, start: int, end: int) -> bool:
        """Return whether orders of a span may be missing though none is known: no report says anything of a
        moment in it, or orders have no date. By a clock that is wrong both are so.
        """
        store = self._sources.store()
        newest = store.tallies.newest_fact_at(marketplace) or 0
        return (
            not start <= newest <= self._sources.now() + DAY or store.rates.count_unplaced(marketplace, start, end) > 0
        )

    def _missing(self, marketplace: str, start: int, end: int) -> str:
        """Return why the orders placed in a span are not all known, and what would tell them; else empty.

        The Unshipped orders report, and the first sync, tell of open orders only: what was shipped or cancelled is
        missing then, above and below the line. All Orders may have been asked for some of the days only, and a rate of
        some of the days is not that of the window.
        """
        rates, days = self._sources.store().rates, self._whole_days(marketplace, start, end)
        synced = rates.synced_since()
        report = f"the All Orders report of the last {len(days)} days"
        newest, now = self._sources.store().tallies.newest_fact_at(marketplace) or 0, self._sources.now()
        if is_clock_behind(newest, now):
            return clock_words(newest, now)
        partly = [] if synced is not None and synced <= start else self._partly_read(marketplace, days)
        if partly:
            of_days = _days_text(partly)
            return (
                f"of {of_days} only a part was read, as rows were left out, or an import was stopped or undone in part:"
                f" import {report}"
            )
        if not self._is_covered(marketplace, start, end):
            if synced is None and not rates.count_day(marketplace, start, end + 1)[1]:
                return f"no report tells of these days: import {report}"
            if synced is None:
                return f"of these days only open orders are known, none that shipped or was cancelled: import {report}"
            return (
                f"orders that shipped or were cancelled before the first sync ({iso_utc(synced)}) were never fetched:"
                f" `ordertui sync --history {len(days)}` fetches them; or import {report}"
            )
        unplaced = rates.count_unplaced(marketplace, start, end)
        if unplaced:
            return (
                f"of {pluralize(unplaced)} no report says when it was placed, who ships it, or if it was cancelled:"
                f" import {report}"
            )
        unknown = self._open_only(marketplace, days)
        if unknown:
            of_days = _days_text(unknown)
            return f"of {of_days} only open orders are known, none that shipped or was cancelled: import {report}"
        known = self._told(marketplace, days)
        if len(known) == len(days):
            return ""
        first, last = (known[0], known[-1]) if known else (days[0][0], days[0][0])
        if known[:1] == [days[0][0]]:
            return f"the reports tell of {len(known)} of these {len(days)} days, {first} to {last}: import {report}"
        return (
            f"the reports tell of {len(known)} of these {len(days)} days, {first} to {last}: import {report}, and of a"
            " day before them that has orders"
        )

    def _whole_days(self, marketplace: str, start: int, end: int) -> list[tuple[date, int, int]]:
        """Return the days of a span in the marketplace's zone: the date, its first second and that of the next day."""
        zone, found = self._sources.policy(marketplace).zone, []
        while start <= end:
            following = day_start(start, zone, 1)
            found.append((to_local(start, zone).date(), start, following))
            start = following
        return found

    def _is_covered(self, marketplace: str, start: int, end: int) -> bool:
        """Return whether the API, or an order that All Orders names, tells of a span."""
        rates = self._sources.store().rates
        synced = rates.synced_since()
        return (synced is not None and synced <= start) or rates.names_shipped(marketplace, start, end)

    def _partly_read(self, marketplace: str, days: Sequence[tuple[date, int, int]]) -> list[date]:
        """Return the days of which All Orders was read in part only.

        Of the day that is not over it always is: there, rows that were left out count alone.
        """
        rates, since, now = self._sources.store().rates, days[0][1], self._sources.now()
        partly, left_out = rates.partly_read(marketplace, since), rates.left_out(marketplace, since)
        return [
            day
            for day, start, following in days
            if any(
                first < following and start <= last
                for first, last in [*left_out, *(partly if following <= now else ())]
            )
        ]

    def _open_only(self, marketplace: str, days: Sequence[tuple[date, int, int]]) -> list[date]:
        """Return the days with orders none of which the API or All Orders gives.

        The day that is not over yet is left out: All Orders is downloaded after it.
        """
        rates, now = self._sources.store().rates, self._sources.now()
        return [
            day
            for day, start, following in days
            if following <= now
            and rates.count_day(marketplace, start, following)[1]
            and not self._is_covered(marketplace, start, following - 1)
        ]

    def _told(self, marketplace: str, days: Sequence[tuple[date, int, int]]) -> list[date]:
        """Return the days of which reports tell, whether they have orders or not.

        A day without orders is usual. That none was placed is known only within what reports span: from the first order
        that All Orders names on, or from the first sync, until the newest word on any order of the marketplace, without
        whole days between two All Orders reports. Today is not over: a word of yesterday is enough for it.
        """
        store, now, zone = self._sources.store(), self._sources.now(), self._sources.policy(marketplace).zone
        synced = store.rates.synced_since()
        newest, holes = store.tallies.newest_fact_at(marketplace) or 0, store.rates.holes(marketplace)

        def is_told(start: int, following: int) -> bool:
            if synced is not None and synced <= start:
                return True
            if any(low <= start and following <= high for low, high in holes):
                return store.rates.names_shipped(marketplace, start, following - 1)
            return store.rates.names_shipped(marketplace, 0, following - 1)

        return [
            day
            for day, start, following in days
            if (start <= newest or (following > now and day_start(start, zone, -1) <= newest))
            and is_told(start, following)
        ]


def is_clock_behind(newest: int, now: int) -> bool:
    """Return whether a report is dated later than any that this clock would let in: those of up to a day ahead."""
    return newest > now + DAY


def clock_words(newest: int, now: int) -> str:
    """Return what is wrong where `is_clock_behind`."""
    return f"a report is of {iso_utc(newest)}, and this machine's clock stands at {iso_utc(now)}"


def _days_text(days: Sequence[date]) -> str:
    """Return `3 days from 2026-11-20 to 2026-11-25`, or the one day."""
    first, last = days[0], days[-1]
    return str(first) if first == last else f"{pluralize(len(days), 'day')} from {first} to {last}"
