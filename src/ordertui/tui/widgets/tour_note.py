"""The tour's lines at the foot of whatever is open: below it, never over it, and never a target of keys."""

from __future__ import annotations

from textual.widgets import Static


class TourNote(Static):
    """Docked below what the screen shows."""

    DEFAULT_CSS = """
    TourNote { dock: bottom; height: auto; max-height: 4; width: 1fr; padding: 0 1; background: $panel; border-top: solid $accent; }
    .-low TourNote { border-top: none; max-height: 3; }
    .-too-narrow TourNote, .-too-low TourNote { display: none; }
    """
