"""A file in the list of report files, as one line."""

from __future__ import annotations

from textual.content import Content

from ordertui.messages import _, translate_codes
from ordertui.operations.reports.files import FileEntry

from .format import MUTED, format_time, pad

NAME, KIND = 44, 18
"""Cells of the name and of the kind."""
STEPS = (("B", 1), ("kB", 1000), ("MB", 1000**2), ("GB", 1000**3))


def format_size(size: int) -> str:
    """Return `914 B`, `38 kB`, `1.2 GB`."""
    unit, step = next((one for one in reversed(STEPS) if size >= one[1]), STEPS[0])
    value = size / step
    return f"{value:.1f} {unit}" if value < 10 and step > 1 else f"{value:.0f} {unit}"


def render_file(entry: FileEntry, kind: str | None, *, marked: bool, zone: str, width: int) -> Content:
    """Return mark, name, report kind, size and date of a file; the name is cut first.

    `kind`: what its header says; None: not looked at yet; empty: no report.
    """
    mark = ("● ", "bold $text-accent") if marked else ("  ", MUTED)
    if entry.is_folder:
        return Content.assemble(mark, (f"{entry.path.name}/", "bold"))
    rest = KIND + 8 + 14
    room = max(12, min(NAME, width - 2 - rest))
    name = entry.path.name if len(entry.path.name) <= room else f"{entry.path.name[: room - 1]}…"
    word = "…" if kind is None else translate_codes(_(kind)) if kind else _("not a report")
    return Content.assemble(
        mark,
        (pad(name, room) + " ", "" if kind or kind is None else MUTED),
        (pad(word, KIND), "$text-success" if kind else MUTED),
        f"{format_size(entry.size):>7}",
        (f"  {format_time(entry.modified, zone)}", MUTED),
    )
