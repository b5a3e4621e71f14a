"""Starting the program on a terminal, over an empty folder or the example reports."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cli.run import AS_OF, EXAMPLES, environment

from .terminal import Terminal

REPORTS = EXAMPLES / "us" / "reports"


def start(opened: list[Terminal], folder: Path, *args: str, **env: str) -> Terminal:
    """The screen over the store of a folder."""
    command = [sys.executable, "-m", "ordertui", "--store", str(folder / "orders.db"), "--as-of", AS_OF, *args]
    terminal = Terminal(command, cwd=REPORTS, env=environment(folder, **env))
    opened.append(terminal)
    return terminal


def bring(folder: Path) -> None:
    """The example reports."""
    command = [sys.executable, "-m", "ordertui", "--store", str(folder / "orders.db"), "--as-of", AS_OF, "import"]
    subprocess.run([*command, *sorted(REPORTS.iterdir())], check=True, capture_output=True, env=environment(folder))
