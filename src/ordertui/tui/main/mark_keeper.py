"""The marks of the table, kept from one start to the next, with the last set and what was found."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from ordertui.operations.marks import Marks
from ordertui.operations.workspace import Workspace

if TYPE_CHECKING:
    from ordertui.operations.query.orders import OrderQueries


class MarkKeeper:
    """Own the marks, and write them down when they changed."""

    def __init__(self, workspace: Workspace, publish: Callable[[Marks], None]) -> None:
        """`publish` lets the team see the marks."""
        self._workspace = workspace
        self._publish = publish
        self.marks, self.last_set = workspace.marks()
        self.problem = workspace.set_marks_aside()
        """Why nothing is marked although something was; empty as a rule."""
        self.found = Marks()
        """Orders that a search found, shown or not; `n` and `#` go through them. Not kept for the next start."""
        self.fact_changes: list[int] = []
        """How many changes of marks had been made when each change of facts was: `z` takes the newest of both back."""
        self._is_saved = True
        self._unwritten = ""
        """Why the marks could not be written at the last try; each save tries again."""

    def remember_set(self) -> None:
        """Remember what is marked now as the last set; without marks the one before stays."""
        if self.marks:
            self.last_set = self.marks.snapshot()

    def forget(self, ids: Collection[int]) -> None:
        """Unmark orders that are there no more, so that neither an undo nor the last set marks them again."""
        self.marks.forget(ids)
        last = self._last_marks()
        last.remove(ids)
        self.last_set = last.snapshot()
        self.changed()

    async def forget_gone(self, orders: OrderQueries) -> int:
        """Forget orders that another process removed from the store; return how many of them were marked."""
        gone = await asyncio.to_thread(orders.gone, self.marks.reachable().union(self._last_marks()))
        count = len(gone.common(self.marks.frozen()))
        if gone:
            self.forget(gone)
        return count

    def _last_marks(self) -> Marks:
        last = Marks()
        last.restore(self.last_set)
        return last

    def changed(self) -> None:
        """Take in that the marks changed."""
        self._is_saved = False

    def save(self) -> str:
        """Write the marks and the last set down, if they changed. Return why they cannot be written, but once."""
        told = self._unwritten
        if not self._is_saved:
            self._unwritten = self._workspace.keep_marks(self.marks, self.last_set)
            self._is_saved = not self._unwritten
            self._publish(self.marks)
        return "" if self._unwritten == told else self._unwritten
