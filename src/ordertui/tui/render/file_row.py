"""A file in the list of report files, as one line."""

from __future__ import annotations

from textual.content import Content

from ordertui.operations.reports.files import FileEntry

from .format import MUTED, format_time

NAME, KIND = 44, 18
"""Cells of the name and of the kind."""
STEPS = (("B", 1), ("kB", 1000), ("MB", 1000**2), ("GB", 1000**3))


def size_text(size: int) -> str:
    """`914 B`, `38 kB`, `1.2 GB`."""
    unit, step = next((one for one in reversed(STEPS) if size >= one[1]), STEPS[0])
    value = size / step
    return f"{value:.1f} {unit}" if value < 10 and step > 1 else f"{value:.0f} {unit}"


def file_line(entry: FileEntry, kind: str | None, *, marked: bool, zone: str, width: int) -> Content:
    """Mark, name, what it is by its header (None: not looked at yet), size, date. The name gives way first."""
    if entry.is_folder:
        return Content.assemble(("  ", MUTED), (f"{entry.path.name}/", "bold"))
    rest = KIND + 8 + 14
    room = max(12, min(NAME, width - 2 - rest))
    name = entry.path.name if len(entry.path.name) <= room else f"{entry.path.name[: room - 1]}…"
    word = "…" if kind is None else kind or "no report"
    return Content.assemble(
        ("● ", "bold $text-accent") if marked else "  ",
        (f"{name:<{room}} ", "" if kind or kind is None else MUTED),
        (f"{word:<{KIND}}", "$text-success" if kind else MUTED),
        f"{size_text(entry.size):>7}",
        (f"  {format_time(entry.modified, zone)}", MUTED),
    )
