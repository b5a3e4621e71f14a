"""The title and the head of a preview: what the plan does, in as many lines as leave room for the orders."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from ordertui.tui.render.plan import PlanLook, render_head, render_title

from .base import Title


class PlanTitle(Title):
    """The title of a preview, which changes with the plan and with the width."""

    def __init__(self, look: PlanLook) -> None:
        super().__init__("")
        self.look = look

    def render(self) -> Content:
        """Return the title as wide as the dialog is now."""
        return render_title(self.look, self.size.width)


class PlanHead(Widget):
    """What the plan does, in as many lines as leave room for the orders."""

    def __init__(self, look: PlanLook, *, by_api: bool) -> None:
        super().__init__(id="plan-head")
        self._look = look
        self._by_api = by_api
        self._entries = 0

    def show(self, look: PlanLook, entries: int) -> None:
        """Show another plan, whose list has so many lines."""
        self._look, self._entries = look, entries
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002
        """Return the lines that are needed; at most half of those there are, more where the list is short."""
        most = max(4, (container.height - 1) // 2, container.height - 1 - self._entries)
        return len(self.lines(width, most))

    def lines(self, width: int, height: int) -> list[Content]:
        """Return at most `height` lines."""
        return render_head(self._look, width, height, by_api=self._by_api)

    def render(self) -> Content:
        """Return the lines that fit."""
        return Content("\n").join(self.lines(self.size.width, max(1, self.size.height)))
