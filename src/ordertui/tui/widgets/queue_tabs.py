"""The work queues with their counts, in one line; a click or a number key chooses one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from ordertui.operations.query.queues import QUEUES, Queue, QueueSpec

SHORT = {"to_ship": "Ship", "buyer_asked": "Asked", "auto_cancel": "<24h", "unconfirmed": "Sent"}
"""Titles for a terminal of 80 cells."""
SHORTEST = {**SHORT, "buyer_asked": "Ask", "auto_cancel": "24h", "failed": "Fail", "missing": "Miss"}
"""Titles for a terminal of 60 cells."""

ONLY_WHEN_NEEDED = frozenset({"missing"})
"""Queues that have no tab while they are empty: they are rarely of use, and the line has little room."""


class QueueTabs(Widget):
    """Tabs over work queues."""

    class Chosen(Message):
        """A queue was clicked."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._queues: Sequence[Queue | QueueSpec] = QUEUES
        self._active = "all"
        self._ends: list[tuple[int, str]] = []

    def show(self, queues: Sequence[Queue], active: str) -> None:
        """Show these queues (none: those shown before), one of them chosen; repaint only when something differs."""
        found = tuple(queues) or self._queues
        if (found, active) != (self._queues, self._active):
            self._queues, self._active = found, active
            self.refresh()

    def render(self) -> Content:
        """Return one line with the longest titles that fit.

        Where cells are few the numbers of the keys go first, then the titles are shortened, then left out.
        """
        ways: tuple[tuple[Mapping[str, str], str], ...] = (
            ({}, " {number} {title} {full} "),
            ({}, " {number} {title} {count} "),
            ({"auto_cancel": "<24h"}, " {number} {title} {count} "),
            (SHORT, " {number} {title} {count} "),
            (SHORT, "{number} {title} {count} "),
            (SHORTEST, "{number} {title} {count} "),
            (SHORTEST, "{number}{title} {brief} "),
            (SHORTEST, "{title} {brief} "),
            (SHORTEST, "{title}{brief} "),
            (SHORTEST, "{number}:{brief} "),
        )
        for words, form in ways:
            content, ends = self._line(words, form)
            if content.cell_length <= self.size.width + 1:  # the blank at the end may be cut
                break
        self._ends = ends
        return content

    def _line(self, words: Mapping[str, str], form: str) -> tuple[Content, list[tuple[int, str]]]:
        pieces: list[str | tuple[str, str]] = []
        ends: list[tuple[int, str]] = []
        at = 0
        for number, queue in enumerate(self._queues, start=1):
            if queue.key in ONLY_WHEN_NEEDED and queue.key != self._active and not getattr(queue, "count", 0):
                continue
            text = form.format(
                number=number,
                title=words.get(queue.key, queue.title),
                count=_count(queue, lambda count: f"{count:,}"),
                brief=_count(queue, brief),
                full=_count(queue, lambda count: f"{count:,}", in_full=True),
            )
            style = "reverse bold" if queue.key == self._active else ""
            if not style and not (isinstance(queue, Queue) and queue.count):
                style = "$foreground-muted"
            elif not style and queue.key in ("late", "auto_cancel", "failed", "missing"):
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


def _count(queue: Queue | QueueSpec, written: Callable[[int], str], *, in_full: bool = False) -> str:
    """Return how many orders it holds; `…` before it was counted, `?` when no imported report could tell.

    Orders of which it is not known whether they belong to it are added: `0 + 565 unknown`, or `0+565?` where cells are
    few.
    """
    if not isinstance(queue, Queue):
        return "…"
    if queue.count is None:
        return "?"
    if not queue.unknown:
        return written(queue.count)
    if in_full:
        return f"{written(queue.count)} + {written(queue.unknown)} unknown"
    return f"{written(queue.count)}+{brief(queue.unknown)}?"


def brief(count: int) -> str:
    """Return the number in at most four cells: `412`, `18k`, `1.2M`; never rounded up."""
    for size, sign in ((1_000_000, "M"), (1_000, "k")):
        if count >= size:
            whole, tenth = count // size, count % size * 10 // size
            return f"{whole}.{tenth}{sign}" if whole < 10 and tenth else f"{whole}{sign}"
    return str(count)
