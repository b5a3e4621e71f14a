"""The work queues with their counts, in one line; a click or a number key chooses."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from ordertui.operations.values import Queue

SHORT = {"to_ship": "Ship", "buyer_asked": "Asked", "auto_cancel": "<24h", "unconfirmed": "Sent", "failed": "Fail"}


class QueueTabs(Widget):
    """Tabs over work queues."""

    class Chosen(Message):
        """A queue was clicked."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._queues: tuple[Queue, ...] = ()
        self._active = "all"
        self._ends: list[tuple[int, str]] = []

    def show(self, queues: Sequence[Queue], active: str) -> None:
        """These queues, with one of them chosen; repaints only when something differs."""
        if (tuple(queues), active) != (self._queues, self._active):
            self._queues, self._active = tuple(queues), active
            self.refresh()

    def render(self) -> Content:
        """One line, with names as long as fit."""
        everything = frozenset(SHORT)
        for short, letters in (
            (frozenset(), 99),
            (frozenset({"auto_cancel"}), 99),
            (everything, 99),
            (everything, 5),
            (everything, 0),
        ):
            content, ends = self._line(short=short, letters=letters)
            if content.cell_length <= self.size.width:
                break
        self._ends = ends
        return content

    def _line(self, *, short: frozenset[str], letters: int) -> tuple[Content, list[tuple[int, str]]]:
        pieces: list[str | tuple[str, str]] = []
        ends: list[tuple[int, str]] = []
        at = 0
        for number, queue in enumerate(self._queues, start=1):
            title = SHORT[queue.key] if queue.key in short else queue.title
            if queue.key != self._active:
                title = title[:letters]
            count = "?" if queue.count is None else f"{queue.count:,}"
            text = f"{number} {title} {count} " if title else f"{number}:{count} "
            text = f" {text}" if letters == 99 else text
            style = "reverse bold" if queue.key == self._active else ""
            if not style and not queue.count:
                style = "$foreground-muted"
            elif not style and queue.key in ("late", "auto_cancel", "failed"):
                style = "$text-warning"
            pieces.append((text, style))
            at += len(text)
            ends.append((at, queue.key))
        return Content.assemble(*pieces), ends

    def on_click(self, event: events.Click) -> None:
        """Choose the queue under the mouse."""
        for end, key in self._ends:
            if event.x < end:
                self.post_message(self.Chosen(key))
                return
