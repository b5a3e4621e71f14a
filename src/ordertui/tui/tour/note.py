"""The tour's lines at the foot of whatever screen is open: below it, never over it, and never the target of a key."""

from __future__ import annotations

from textual.widgets import Static


class TourNote(Static):
    """What to do now, docked below the screen's content."""
