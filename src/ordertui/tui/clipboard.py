"""Copy text: through the terminal (OSC 52), and by a local tool where there is one."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence

from textual.app import App

from ordertui.messages import N_, _
from ordertui.operations.query.export import COLUMNS, record, render
from ordertui.orders.order import OrderRow

OSC52_LIMIT = 74_000
"""Bytes that every terminal with OSC 52 takes; xterm and others stop near 100,000 after base64."""
TOOL_SECONDS = 2
"""How long a local copying tool may take."""
COPY_FORMS = (
    ("ids", N_("order ids, one a line")),
    ("tsv", N_("rows for a spreadsheet (TSV)")),
    ("json", N_("JSON")),
    ("markdown", N_("a Markdown table")),
)
"""Forms of `format_orders`, and their names in the menu."""


def tools(environment: dict[str, str]) -> list[list[str]]:
    """Return the installed commands that copy their standard input in this environment, best first."""
    found: list[list[str]] = []
    if environment.get("TMUX"):
        found.append(["tmux", "load-buffer", "-w", "-"])
    if not environment.get("SSH_CONNECTION"):
        found.append(["pbcopy"])
    if environment.get("WAYLAND_DISPLAY"):
        found.append(["wl-copy"])
    if environment.get("DISPLAY"):
        found += [["xclip", "-selection", "clipboard"], ["xsel", "--clipboard", "--input"]]
    return [command for command in found if shutil.which(command[0])]


def copy(app: App[object], text: str, what: str) -> str:
    """Copy the text; return a sentence that says how it was copied, and what to do if it did not arrive."""
    size = len(text.encode())
    small = size <= OSC52_LIMIT
    if small:
        app.copy_to_clipboard(text)
    if not (app.is_headless or app.is_web):  # a browser's clipboard is where the browser is
        for command in tools(dict(os.environ)):
            if _run(command, text):
                return _("copied {what} ({tool})", what=what, tool=command[0])
    if small:
        return _(
            "copied {what} by OSC 52; if nothing arrives, allow it in the terminal, or select with shift and the mouse",
            what=what,
        )
    return _(
        "{what}: {size:,} bytes are more than a terminal's clipboard takes; e writes a file instead",
        what=what,
        size=size,
    )


def _run(command: list[str], text: str) -> bool:
    try:
        done = subprocess.run(
            command,
            input=text.encode(),
            stdout=subprocess.DEVNULL,  # what it prints is not read: it may have no end
            stderr=subprocess.DEVNULL,
            timeout=TOOL_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def format_orders(rows: Sequence[OrderRow], form: str, may: Callable[[OrderRow], str]) -> str:
    """Return these orders in one of the COPY_FORMS; `may` gives the word for what may be done with one."""
    if form == "ids":
        return "\n".join(row.order_id for row in rows)
    records = [record(row, may(row)) for row in rows]
    if form in ("tsv", "json"):
        return render(records, COLUMNS, form)
    lines = [COLUMNS, ("---",) * len(COLUMNS), *([str(one[name] or "") for name in COLUMNS] for one in records)]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)
