"""The counts on the queue tabs: how many orders of each queue fit the filter, counted beside the screen."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
from textual.screen import Screen

from ordertui.operations.query.queues import Queue
from ordertui.operations.session import Session
from ordertui.tui.screens.task_runner import Refresher
from ordertui.tui.widgets.queue_tabs import QueueTabs


class QueueCounter:
    """Count the queues for the filter in force, and show the counts on the tabs."""

    def __init__(self, screen: Screen[None], session: Session, tabs: QueueTabs, on_counted: Callable[[], None]) -> None:
        self._screen = screen
        self._session = session
        self._tabs = tabs
        self._on_counted = on_counted
        self._queues: tuple[Queue, ...] = ()
        """None while they are counted for another filter: counts of an older one are never shown."""
        self._filter = ""
        self._without_fba = True
        self._active = "all"
        self._counts = Refresher(screen, "counts")
        self._counts_of_marked = Refresher(screen, "marked")
        self.total: int | None = None
        """Orders of the store; without FBA orders if those are not counted; None before they are counted."""

    def show(self, filter_text: str, queue: str, *, without_fba: bool) -> None:
        """Show the tabs with this queue chosen, and count anew if other orders are to be counted."""
        self._active = queue
        if (filter_text, without_fba) != (self._filter, self._without_fba):
            self._filter, self._without_fba, self._queues = filter_text, without_fba, ()
            self.count()
        self._tabs.show(self._queues, queue)

    def count(self) -> None:
        """Count anew, after orders changed in the store, and once more when they change while it counts."""
        self._counts.read(self._count, of=(self._filter, self._without_fba))

    async def _count(self) -> None:
        orders, text, without_fba = self._session.orders, self._filter, self._without_fba
        total = await asyncio.to_thread(orders.count, without_fba=without_fba)
        queues = await asyncio.to_thread(orders.queues, text, without_fba=without_fba)
        if (text, without_fba) == (self._filter, self._without_fba):
            self.total, self._queues = total, queues
            self.count_marked()
            self._tabs.show(self._queues, self._active)
            self._on_counted()

    def count_marked(self) -> None:
        """Count the marked orders anew, after the marks changed."""
        if self._queues and self._filter.strip():
            self._counts_of_marked.read(self._count_marked, of=self._filter)
        elif self._queues:
            self._take_in_marked(self._session.orders.marks().count)

    async def _count_marked(self) -> None:
        text = self._filter
        count = await asyncio.to_thread(self._session.orders.count, text, "marked")
        if text == self._filter:
            self._take_in_marked(count)

    def _take_in_marked(self, count: int) -> None:
        self._queues = tuple(
            msgspec.structs.replace(queue, count=count) if queue.key == "marked" else queue for queue in self._queues
        )
        self._tabs.show(self._queues, self._active)

    def note(self, key: str) -> str:
        """Return why a queue cannot be counted; empty when it can."""
        return next((queue.note for queue in self._queues if queue.key == key), "")
