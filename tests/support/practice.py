"""Starting the program on a terminal, over an empty folder or the example reports."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from .cli import AS_OF, EXAMPLES, environment
from .terminal import Terminal

REPORTS = EXAMPLES / "us" / "reports"
needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="no tmux here")


class InTmux(Terminal):
    """A program inside tmux, which ends with it. Its server is of this test alone and reads no settings."""

    def __init__(self, command: list[str], folder: Path) -> None:
        settings = folder / "tmux.conf"
        settings.write_text("set -g status off\nset -sg escape-time 0\n", encoding="utf-8")
        self._sockets = tempfile.mkdtemp(prefix="otui")  # a socket's path must be short
        self._tmux = ["tmux", "-S", f"{self._sockets}/s", "-f", str(settings)]
        super().__init__([*self._tmux, "new-session", shlex.join(command)], cwd=REPORTS, env=environment(folder))

    def close(self) -> None:
        """End the server too, when a failed test left it."""
        subprocess.run([*self._tmux, "kill-server"], capture_output=True, check=False)
        super().close()
        shutil.rmtree(self._sockets, ignore_errors=True)


def start(opened: list[Terminal], folder: Path, *args: str, in_tmux: bool = False, **env: str) -> Terminal:
    """The screen over the store of a folder."""
    command = [sys.executable, "-m", "ordertui", "--store", str(folder / "orders.db"), "--as-of", AS_OF, *args]
    terminal = InTmux(command, folder) if in_tmux else Terminal(command, cwd=REPORTS, env=environment(folder, **env))
    opened.append(terminal)
    return terminal


def running_in(folder: Path) -> list[int]:
    """Processes that have the store of a folder on their command line (Linux; elsewhere none can be told)."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            if str(folder / "orders.db").encode() in line.read_bytes():
                found.append(int(line.parent.name))
    return found
