"""The marks of the table, kept from one start to the next, with the last set and what was found."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ordertui.operations.marks import Marks
from ordertui.operations.workspace import Workspace


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

    def remember_set(self) -> None:
        """Remember what is marked now as the last set; without marks the one before stays."""
        if self.marks:
            self.last_set = self.marks.snapshot()

    def forget(self, ids: Sequence[int]) -> None:
        """Unmark orders that are there no more, so that neither an undo nor the last set marks them again."""
        self.marks.forget(ids)
        last = Marks()
        last.restore(self.last_set)
        last.remove(ids)
        self.last_set = last.snapshot()

    def changed(self) -> None:
        """Take in that the marks changed."""
        self._is_saved = False

    def save(self) -> None:
        """Write the marks and the last set down, if they changed."""
        if not self._is_saved:
            self._is_saved = True
            self._workspace.keep_marks(self.marks, self.last_set)
            self._publish(self.marks)
