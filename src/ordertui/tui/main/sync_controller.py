"""Sync with Amazon from the screen, and say in the first line how old the orders are. Keys never wait for a sync."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.content import Content
from textual.screen import Screen

from ordertui.messages import _, ngettext
from ordertui.operations.errors import BadInput, PassphraseNeeded
from ordertui.operations.session import Session
from ordertui.tui.render.format import format_left, orders_text
from ordertui.tui.render.header import render_age
from ordertui.tui.screens.errors import show_error, work_shown
from ordertui.tui.screens.task_runner import Task, TaskRunner

if TYPE_CHECKING:
    from ordertui.operations.sync.order_sync import SyncProgress, SyncSummary

ROOMY = 110
"""Cells from which the first line has room for all of it."""


class SyncRun:
    """A sync under way. Its thread writes here, the screen reads."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.is_stopping = False
        self._orders = 0
        self._waits_until = 0

    def page(self, progress: SyncProgress) -> None:
        """Take in that a page of orders came."""
        self._orders = progress.orders

    def waits(self, _operation: str, seconds: int) -> None:
        """Take in that the next call waits so long for its quota."""
        self._waits_until = self._session.clock.now() + seconds

    def text(self, key: str, *, short: bool) -> str:
        """Return what the first line says; `key` stops the sync."""
        if self.is_stopping:
            return _("stopping the sync")
        now = self._session.clock.now()
        text = _("syncing · {orders}", orders=orders_text(self._orders)) if self._orders else _("syncing")
        if self._waits_until > now:
            text += _(" · next in {left}", left=format_left(self._waits_until, now, with_seconds=True))
        if not short:
            text += f" · {self._session.sync.status().format_quota()}"
        return _("{text} · {key} stops", text=text, key=key)


class SyncController:
    """Run one sync at a time beside the screen, by hand or when the settings want it. `key` stops it."""

    def __init__(
        self,
        screen: Screen[None],
        session: Session,
        tasks: TaskRunner,
        key: str,
        update_text: Callable[[str, Content], None],
    ) -> None:
        self._screen = screen
        self._session = session
        self._tasks = tasks
        self._key = key
        self._update_text = update_text
        self.run: SyncRun | None = None
        """The sync under way."""
        self.copy_age = ""
        """Shown last; see `Notices.copy_age`."""
        self._failures = 0
        """Failed syncs since the last one that worked."""
        self._not_before = 0
        """Epoch seconds before which no sync begins by itself."""

    def start_or_stop(self) -> None:
        """Fetch what changed from Amazon; stop the sync that is under way."""
        if not self.stop():
            self._start(by_hand=True)

    def stop(self) -> bool:
        """Ask the sync to end; return False when none is under way."""
        if self.run is None:
            return False
        self.run.is_stopping = True
        self.show_age()
        return True

    def show_age(self) -> None:
        """Show at the right of the first line how old the orders are, or how far a sync is."""
        session, short = self._session, self._screen.size.width < ROOMY
        self.copy_age = session.notices.copy_age()
        live = self.run.text(self._key, short=short) if self.run else session.notices.connection(short=short)
        self._update_text(
            "age",
            render_age(
                as_of=session.orders.as_of(),
                now=session.clock.now(),
                zone=session.orders.zone,
                short=short,
                live=live,
                copy=self.copy_age,
            ),
        )

    def tick(self) -> None:
        """Show how far a sync is; start the one that the settings want. Called once a second."""
        if self.run is not None:
            self.show_age()
        elif self._is_due():
            self._start(by_hand=False)

    def _is_due(self) -> bool:
        """Return whether the orders are older than the settings want them; a first sync is always started by hand."""
        session, amazon = self._session, self._session.config.amazon
        if not amazon.sync_minutes or amazon.profile == "off" or session.is_practice or session.is_read_only:
            return False
        watermark, now = session.sync.status().watermark, session.clock.now()
        return watermark is not None and now >= max(watermark + amazon.sync_minutes * 60, self._not_before)

    def _start(self, *, by_hand: bool) -> None:
        self.run = SyncRun(self._session)
        self.show_age()
        self._screen.run_worker(work_shown(self._screen, self._sync(self.run, by_hand=by_hand)), group="sync")

    async def _sync(self, run: SyncRun, *, by_hand: bool) -> None:
        needs_passphrase = False
        try:
            found = await asyncio.to_thread(self._fetch, run)
        except Exception as error:
            from ordertui.operations.sync.connection import retry_delay  # imported by the sync that failed

            self._failures += 1
            self._not_before = self._session.clock.now() + retry_delay(self._failures)
            needs_passphrase = by_hand and isinstance(error, PassphraseNeeded)
            if isinstance(error, BadInput):
                self._session.sync.connection.credentials.ask = None  # a wrong passphrase is asked for again
            if (by_hand or self._failures == 1) and not needs_passphrase:
                show_error(self._screen, error)
        else:
            self._failures = self._not_before = 0
            is_serious = bool(found.notes or found.rejects)
            if by_hand or is_serious:
                text = _summary_text(found, self._key)
                self._screen.notify(text, severity="warning" if is_serious else "information", timeout=8)
        finally:
            self.run = None
        self.show_age()
        if needs_passphrase:
            self._tasks.start(self._ask_passphrase)

    def _fetch(self, run: SyncRun) -> SyncSummary:
        return self._session.sync.sync(on_page=run.page, on_wait=run.waits, stop=lambda: run.is_stopping)

    async def _ask_passphrase(self, task: Task) -> None:
        from ordertui.tui.screens.dialogs import FormScreen, filled

        fields = [("word", _("Passphrase"), "")]
        note = _("It is kept in memory until you leave.")
        check = filled("word", _("type the passphrase; Esc leaves without a sync"))
        form = FormScreen(_("The credentials are sealed"), fields, note, done=_("sync"), password=True, check=check)
        answer = await task.ask(form)
        if answer is not None:
            word = answer["word"]
            self._session.sync.connection.credentials.ask = lambda: word
            self._start(by_hand=True)


def _summary_text(found: SyncSummary, key: str) -> str:
    text = _(
        "synced: {new}, {changed:,} changed",
        new=ngettext("{n:,} new order", "{n:,} new orders", found.new),
        changed=found.changed,
    )
    if found.stopped:
        text = _(
            "sync stopped: {orders} came and are kept; {key} goes on from there",
            orders=orders_text(found.orders),
            key=key,
        )
    if found.rejects:
        first = found.rejects[0]
        text += _(
            "\n{orders} could not be taken in, first {first}: {reason}",
            orders=orders_text(len(found.rejects)),
            first=first.text,
            reason=first.reason,
        )
    return "\n".join((text, *(note for note in found.notes if not found.stopped)))
