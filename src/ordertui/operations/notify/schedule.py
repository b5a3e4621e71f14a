"""Decide when a receiver may be told: quiet hours, the gap between two of a kind, the most in an hour. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ordertui.operations.config import NotifyConfig
from ordertui.orders.clock import CLOCK_SLACK_SECONDS, HOUR, to_local
from ordertui.orders.enums import AlertKind

from .alerts import Alert

RETRY_SECONDS = (60, 300, 900, 3_600, 3_600, 3_600, 3_600)
"""Seconds after each failed attempt before the next one; after the last one it is given up, some five hours later."""


def is_quiet(now: int, config: NotifyConfig) -> bool:
    """Return whether a moment is within the quiet hours: by the clock on a wall of their zone, whatever it jumps.

    So an hour that a clock change repeats is quiet twice, and one that it leaves out never comes.
    """
    if not config.quiet_from:
        return False
    wall = to_local(now, config.zone).strftime("%H:%M")
    begin, end = config.quiet_from, config.quiet_to
    return begin <= wall < end if begin < end else wall >= begin or wall < end


def waiting_reason(
    kind: AlertKind, config: NotifyConfig, recent: Sequence[tuple[AlertKind, int]], now: int, *, again: bool = False
) -> str:
    """Return why a receiver is not told of a kind now; empty when it may be.

    `recent`: kind and begin of the notifications that it got, of an hour and of the gap at least. `again`: it is a
    further attempt of one of these, which counts for nothing new.
    """
    if kind not in config.urgent and is_quiet(now, config):
        return f"quiet hours until {config.quiet_to} ({config.zone})"
    if again:
        return ""
    recent = [one for one in recent if one[1] <= now + CLOCK_SLACK_SECONDS]  # others are of a clock that was put back
    if sum(at > now - HOUR for _, at in recent) >= config.most_per_hour:
        return f"{config.most_per_hour} notifications in an hour are reached"
    if any(one is kind and at > now - config.gap_minutes * 60 for one, at in recent):
        return f"told together with what comes within {config.gap_minutes} min"
    return ""


def group_by_kind(alerts: Iterable[Alert]) -> dict[AlertKind, list[Alert]]:
    """Return alerts by kind, in the order of the kinds; of alerts with the same keys the first alone."""
    found: dict[AlertKind, dict[tuple[str, ...], Alert]] = {kind: {} for kind in AlertKind}
    for alert in alerts:
        found[alert.kind].setdefault(alert.keys, alert)
    return {kind: list(group.values()) for kind, group in found.items() if group}


def retry_at(attempts: int, now: int) -> int | None:
    """Return when to try again after so many failed attempts (epoch seconds); None: give up."""
    return now + RETRY_SECONDS[attempts - 1] if attempts <= len(RETRY_SECONDS) else None
