"""The tour's lines at the foot of whatever is open: below it, never over it, and never a target of keys."""

from __future__ import annotations

from textual.widgets import Static


class TourNote(Static):
    """Docked below what the screen shows."""
