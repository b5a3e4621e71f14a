"""The work queues with their counts, in one line; a click or a number key chooses one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from rich.cells import cell_len
from textual import events
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from ordertui.messages import N_, _
from ordertui.operations.query.queues import QUEUES, Queue, QueueSpec
from ordertui.tui.render.format import pad

MEDIUM = {"auto_cancel": "<24h", "buyer_asked": N_("Asked"), "failed": N_("Fail")}
"""Titles for a terminal of 120 cells."""
SHORT = {
    **MEDIUM, "to_ship": N_("Ship"), "buyer_asked": N_("Ask"), "auto_cancel": "24h", "unconfirmed": N_("Unconf"),
    "marked": N_("Mark"), "missing": N_("Miss"),
}  # fmt: skip
"""Titles for a terminal of 80 cells."""
SHORTEST = {**SHORT, "unconfirmed": N_("Unc")}
"""Titles for a terminal of 60 cells."""
ONLY_WHEN_NEEDED = frozenset({"missing"})
"""Queues that have no tab while they are empty: they are rarely of use, and the line has little room."""


FEW_CELLS = 4
"""A count in so many cells has no separators, and is not followed by a word."""


class TabForm(msgspec.Struct, frozen=True):
    """A way to write the tabs: titles, the text of one tab, and the cells kept free for a count.

    A count of another length then moves no tab and shortens no title. 0: a count takes the cells that it needs.
    """

    titles: Mapping[str, str]
    text: str
    cells: int


FORMS = (
    TabForm({}, " {number} {title} {count} ", 7),
    TabForm({}, " {number} {title} {count} ", 4),
    TabForm(MEDIUM, " {number} {title} {count} ", 4),
    TabForm(MEDIUM, "{number} {title} {count} ", 4),
    TabForm(SHORT, "{number} {title} {count} ", 4),
    TabForm(SHORT, "{title} {count} ", 3),
    TabForm(SHORTEST, "{title} {count} ", 0),
    TabForm(SHORTEST, "{title}{count} ", 0),
    TabForm({}, "{number}:{count} ", 0),
)
"""The longest first."""


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
        """Show these queues (none: not counted yet), one of them chosen; repaint only when something differs."""
        found = tuple(queues) or QUEUES
        if (found, active) != (self._queues, self._active):
            self._queues, self._active = found, active
            self.refresh()

    def render(self) -> Content:
        """Return one line with the longest titles that fit, whatever the counts are."""
        for form in FORMS:
            content, ends = self._line(form)
            if content.cell_length <= self.size.width + 1:  # the blank at the end may be cut
                break
        self._ends = ends
        return content

    def _line(self, form: TabForm) -> tuple[Content, list[tuple[int, str]]]:
        pieces: list[str | tuple[str, str]] = []
        ends: list[tuple[int, str]] = []
        at = 0
        for number, queue in enumerate(self._queues, start=1):
            if queue.key in ONLY_WHEN_NEEDED and queue.key != self._active and not getattr(queue, "count", 0):
                continue
            title, count = _(form.titles.get(queue.key, queue.title)), _count(queue, form.cells)
            text = form.text.format(number=number % 10, title=title, count=count)
            style = "reverse bold" if queue.key == self._active else ""
            if not style and not (isinstance(queue, Queue) and queue.count):
                style = "$foreground-muted"
            elif not style and queue.key in ("late", "auto_cancel", "failed", "missing"):
                style = "$text-warning"
            pieces.append((text, style))
            at += cell_len(text)
            ends.append((at, queue.key))
        return Content.assemble(*pieces), ends

    def on_click(self, event: events.Click) -> None:
        """Choose the queue under the mouse."""
        for end, key in self._ends:
            if event.x < end:
                self.post_message(self.Chosen(key))
                return


def _count(queue: Queue | QueueSpec, cells: int) -> str:
    """Return how many orders it holds, in at least so many cells; `…` before it was counted, `?` when no imported
    report could tell.

    Orders of which it is not known whether they belong to it are added: `0 + 565 unknown`, or `0+565?` where cells are
    few.
    """
    if not isinstance(queue, Queue):
        return f"{'…':<{cells}}"
    if queue.count is None:
        return f"{'?':<{cells}}"
    count = brief(queue.count, cells or 3)
    if not queue.unknown:
        return f"{count:<{cells}}"
    unknown = brief(queue.unknown, cells or 3)
    if cells > FEW_CELLS:
        return pad(_("{count} + {unknown} unknown", count=count, unknown=unknown), 2 * cells + 11)
    return f"{f'{count}+{unknown}?':<{2 * cells + 2 if cells else 0}}"


def brief(count: int, cells: int) -> str:
    """Return the number in at most so many cells, from 3: `412`, `18k`, `1.2M`; never rounded up."""
    text = f"{count:,}" if cells > FEW_CELLS else str(count)
    if len(text) <= cells:
        return text
    is_large = count >= 1_000_000 or len(f"{count // 1_000}k") > cells
    size, sign = (1_000_000, "M") if is_large else (1_000, "k")
    whole, tenth = count // size, count % size * 10 // size
    if whole and (whole >= 10 or not tenth or cells < len("1.2M")):
        return f"{whole}{sign}"
    return f"{whole or ''}.{tenth}{sign}"
