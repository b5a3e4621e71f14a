"""How each queue looks: its sort, its columns and where its cursor stood, kept from one start to the next."""

from __future__ import annotations

import msgspec

from ordertui.operations.errors import UnknownChoice
from ordertui.operations.query.queues import BY_KEY
from ordertui.operations.query.sort_order import SortKey, read_sorting, sorting_text
from ordertui.operations.workspace import QueueLook, Workspace
from ordertui.tui.screens.view_request import View, ViewRequest
from ordertui.tui.widgets.order_table.table import CursorAnchor
from ordertui.tui.widgets.viewport import Viewport

MOST_PLACES = 50
"""Places that can be gone back to."""
TOP = Viewport(0, 0, 1, 0)


class QueueLooks:
    """Remember how the operator left each queue, and the places that were jumped from."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._looks = workspace.looks()
        self._columns = workspace.columns()
        self._anchors: dict[str, CursorAnchor] = {
            key: CursorAnchor(TOP, look.cursor) for key, look in self._looks.items() if look.cursor is not None
        }
        self._places: list[tuple[ViewRequest, CursorAnchor]] = []
        self._is_saved = True

    def request(self, queue: str, filter_text: str = "") -> ViewRequest:
        """Return the request for a queue as it was left."""
        look = self._looks.get(queue, QueueLook())
        columns = look.columns or self._columns
        return ViewRequest(queue, filter_text, self._sorting(queue, look.sort)).with_columns(columns)

    @staticmethod
    def _sorting(queue: str, kept: str) -> tuple[SortKey, ...]:
        try:
            return read_sorting(kept or BY_KEY[queue].sort)
        except UnknownChoice:  # the file was edited, or is of another version
            return read_sorting(BY_KEY[queue].sort)

    def anchor(self, queue: str) -> CursorAnchor | None:
        """Return where the cursor of a queue stood; None when it was never opened."""
        return self._anchors.get(queue)

    def keep_sort(self, request: ViewRequest) -> None:
        """Sort this queue so from now on."""
        self._change(request.queue, sort=sorting_text(request.sort))

    def keep_columns(self, request: ViewRequest) -> None:
        """Show these columns in this queue from now on; none: those that the width of the terminal chooses."""
        self._change(request.queue, columns=request.columns)
        if not request.columns:
            self._columns = ""  # those of version 0.1 were for all queues

    def leave(self, view: View | None, anchor: CursorAnchor) -> None:
        """Remember where the cursor of a queue stands, and the place to jump back to."""
        if view is None:
            return
        self._anchors[view.request.queue] = anchor
        self._change(view.request.queue, cursor=anchor.order_rowid)
        self._places = [*self._places, (view.request, anchor)][-MOST_PLACES:]

    def jump_back(self) -> tuple[ViewRequest, CursorAnchor] | None:
        """Return the newest place that was left, and forget it; None when there is none."""
        return self._places.pop() if self._places else None

    def _change(self, queue: str, **values: str | int | None) -> None:
        before = self._looks.get(queue, QueueLook())
        after = msgspec.structs.replace(before, **values)
        if after != before:
            self._looks[queue] = after
            self._is_saved = False

    def save(self) -> None:
        """Write the looks down for the next start, if they changed."""
        if not self._is_saved:
            self._is_saved = True
            self._workspace.keep_looks(self._looks)
