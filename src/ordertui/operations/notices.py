"""Banners: what the operator must know before acting, and how old the orders from Amazon's API are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ordertui.orders.clock import DAY, iso_utc
from ordertui.orders.text import format_duration, pluralize

from .context import SessionContext

if TYPE_CHECKING:
    from .batches.open_issues import OpenIssue

IN_STEP_SECONDS = 30
"""A copy that was compared with the server so recently is not called old."""


class Notices:
    """Looks for what needs attention. `open_issues` is called with each look."""

    def __init__(self, context: SessionContext, open_issues: Callable[[], Sequence[OpenIssue]]) -> None:
        self._context = context
        self._open_issues = open_issues

    def banners(self) -> tuple[str, ...]:
        """Return one text for each thing that needs attention.

        A policy file not in force or edited, stale reports and policy values, invisible requests, an old client secret,
        a full disk, a store that may be a copy, what opening it mended, a lost server, and open issues of batches.
        """
        from .maintenance import disk_space_warning
        from .policies import edited_since_load
        from .query.queues import INVISIBLE_REQUESTS

        context, reader = self._context, self._context.reader()
        active = context.active_policies
        as_of, now = reader.tallies.as_of(), context.clock.now()
        found = [active.note, edited_since_load(context.config, active, reader)]
        if as_of is not None and now - as_of > DAY:
            found.append(f"the newest report is of {iso_utc(as_of)}: import fresh ones before acting")
        if as_of is not None and not reader.tallies.has_request_column():
            found.append(INVISIBLE_REQUESTS)
        stale = {
            setting.name for code in reader.tallies.marketplaces() for setting in active.policies.of(code).stale(now)
        }
        if stale:
            found.append(f"policy values to check again: {', '.join(sorted(stale))}")
        found += [
            self.secret_rotation(),
            disk_space_warning(reader),
            context.copies.reason(),
            context.store.mended,
            *self._line(),
        ]
        for issue in self._open_issues():
            count = pluralize(len(issue.orders), "order")
            found.append(f"batch {issue.batch} ({issue.action.value}), {count}, {issue.words}: {issue.why}")
        return tuple(text for text in found if text)

    def _line(self) -> tuple[str, ...]:
        """Return why the copy of a server's store stands still, and what became of a change whose answer was lost."""
        copy, state = self._context.copy, self._context.copy_state
        return () if state is None else (state.lost_text(), "" if copy is None else copy.outcome)

    def copy_age(self) -> str:
        """Return how old the copy of a server's store is that is read; empty where the store itself is read."""
        state = self._context.copy_state
        if state is None:
            return ""
        seconds = max(self._context.clock.now() - state.at, 0)
        age = format_duration(seconds)
        if state.lost_since is not None:
            return f"{'NO LINE' if state.is_line_lost else 'STANDS STILL'}, copy {age} old"
        return "copy in step" if seconds < IN_STEP_SECONDS else f"copy {age} old"

    def secret_rotation(self) -> str:
        """Return when the client secret must be renewed, from 30 days before; empty while there is time, or unknown."""
        if self._context.config.amazon.profile == "off":
            return ""
        from .sync.credentials import SECRET_ISSUED_KEY, rotation_warning

        issued = self._context.reader().meta(SECRET_ISSUED_KEY)
        return "" if issued is None else rotation_warning(int(issued), self._context.clock.now())

    def connection(self, *, short: bool = False) -> str:
        """Return how old the orders from Amazon's API are and what a refresh costs; empty without a connection."""
        context = self._context
        if context.config.amazon.profile == "off" or context.is_practice:
            return ""
        from .sync.status import sync_status

        now = context.clock.now()
        return sync_status(context.reader(), context.config.amazon, now).format(now, short=short)
