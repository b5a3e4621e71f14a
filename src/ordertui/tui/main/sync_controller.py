"""The key that syncs with Amazon, and the first line's words on how old the orders are. Keys never wait for a sync."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from textual import work
from textual.content import Content
from textual.css.query import NoMatches

from ordertui.operations.errors import USER_ERRORS, BadInput, PassphraseNeeded
from ordertui.operations.session import Session
from ordertui.orders.text import pluralize
from ordertui.tui.render.format import countdown
from ordertui.tui.render.lines import age
from ordertui.tui.task_runner import Task, TaskMixin

if TYPE_CHECKING:
    from ordertui.operations.sync.order_sync import SyncProgress, SyncSummary

ROOMY = 110
"""Cells from which the first line has room for all of it."""


class Run:
    """A sync under way. Its thread writes here, the screen reads."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.stopping = False
        self._orders = 0
        self._waits_until = 0

    def page(self, progress: SyncProgress) -> None:
        """A page came."""
        self._orders = progress.orders

    def waits(self, operation: str, seconds: int) -> None:
        """The next call waits for its quota."""
        self._waits_until = self._session.clock.now() + seconds

    def words(self, key: str, *, short: bool) -> str:
        """For the first line."""
        if self.stopping:
            return "stopping the sync"
        left = self._waits_until - self._session.clock.now()
        said = f"syncing · {pluralize(self._orders)}" if self._orders else "syncing"
        if left > 0:
            said += f" · next in {countdown(left)}"
        if not short:
            quota = self._session.sync.status().format_quota()
            said += f" · {quota}"
        return f"{said} · {key} stops"


class Syncing(TaskMixin):
    """What the main screen fetches from Amazon."""

    session: Session
    syncing: Run | None = None
    """The sync under way."""
    _failures = _not_before = 0

    if TYPE_CHECKING:

        def put(self, name: str, content: Content) -> None: ...
        def key_of(self, action: str) -> str: ...

    def action_sync(self) -> None:
        """Fetch what changed from Amazon; again stops it."""
        if not self.stop_sync():
            self._begin_sync(by_hand=True)

    def stop_sync(self) -> bool:
        """Ask the sync to end; False when none is under way."""
        if self.syncing is None:
            return False
        self.syncing.stopping = True
        self.show_age()
        return True

    def _begin_sync(self, *, by_hand: bool) -> None:
        self.syncing = Run(self.session)
        self.show_age()
        self._sync(self.syncing, by_hand=by_hand)

    @work(group="sync")
    async def _sync(self, run: Run, *, by_hand: bool) -> None:
        ask = False
        try:
            found = await asyncio.to_thread(self._fetch, run)
        except USER_ERRORS as error:
            from ordertui.operations.sync.connection import retry_delay  # imported by the sync that failed

            self._failures += 1
            self._not_before = self.session.clock.now() + retry_delay(self._failures)
            ask = by_hand and isinstance(error, PassphraseNeeded)
            if isinstance(error, BadInput):
                self.session.sync.connection.credentials.ask = None  # a wrong passphrase is asked for again
            if (by_hand or self._failures == 1) and not ask:
                self.failed(error)
        else:
            self._failures = self._not_before = 0
            said = sync_words(found, self.key_of("file.sync"))
            if by_hand or found.notes or found.rejects:
                self.notify(said, severity="warning" if found.notes or found.rejects else "information", timeout=8)
        finally:
            self.syncing = None
        try:
            self.show_age()
        except NoMatches:  # the screen is being taken down
            return
        if ask:
            self.start(self._ask_passphrase)

    def _fetch(self, run: Run) -> SyncSummary:
        return self.session.sync.sync(on_page=run.page, on_wait=run.waits, stop=lambda: run.stopping)

    async def _ask_passphrase(self, task: Task) -> None:
        from ordertui.tui.screens.dialogs import FormScreen

        fields = [("word", "Passphrase", "")]
        note = "It is kept in memory until you leave."
        answer = await task.ask(FormScreen("The credentials are sealed", fields, note, password=True))
        if answer is not None and answer["word"]:
            word = answer["word"]
            self.session.sync.connection.credentials.ask = lambda: word
            self._begin_sync(by_hand=True)

    def show_age(self) -> None:
        """The right of the first line: how old the orders are, or how far a sync is."""
        session, short = self.session, self.size.width < ROOMY
        live = (
            self.syncing.words(self.key_of("file.sync"), short=short)
            if self.syncing
            else session.notices.connection(short=short)
        )
        self.put(
            "age",
            age(
                as_of=session.orders.as_of(), now=session.clock.now(), zone=session.orders.zone, short=short, live=live
            ),
        )

    def watch_sync(self) -> None:
        """Once a second: the first line says how far a sync is, and what the settings want synced by itself is."""
        if self.syncing is not None:
            self.show_age()
        elif self._is_due():
            self._begin_sync(by_hand=False)

    def _is_due(self) -> bool:
        """Whether the orders are older than the settings want them; a first sync is always begun by hand."""
        session, amazon = self.session, self.session.config.amazon
        if not amazon.sync_minutes or amazon.profile == "off" or session.is_practice or session.is_read_only:
            return False
        watermark, now = session.sync.status().watermark, session.clock.now()
        return watermark is not None and now >= max(watermark + amazon.sync_minutes * 60, self._not_before)


def sync_words(found: SyncSummary, key: str) -> str:
    """What a sync brought."""
    said = f"synced: {pluralize(found.new, 'new order')}, {found.changed:,} changed"
    if found.stopped:
        said = f"sync stopped: {found.orders:,} orders came and are kept; {key} goes on from there"
    if found.rejects:
        first = found.rejects[0]
        said += f"\n{pluralize(len(found.rejects))} could not be taken in, first {first.text}: {first.reason}"
    return "\n".join((said, *(note for note in found.notes if not found.stopped)))
