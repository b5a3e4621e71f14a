"""A program on a real pseudo-terminal, timed from outside: when its bytes come, how many, and the memory of all its
processes.

Nothing inside the program is trusted. A terminal is emulated (pyte) only while a text is waited for, not while keys are
timed. Linux only (`/proc` tells the memory).
"""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyte

MIB = 1024.0
UNKNOWN_TO_PYTE = re.compile(
    rb"\x1b\[[<>=][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p|\x1b\[[0-9;]*\$[a-z]|\x1bP.*?\x1b\\\\", re.DOTALL
)
"""Questions to the terminal and keyboard modes, which pyte would print."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one key brought: seconds until the last byte of the first frame and of all that followed it, and bytes of
    both.
    """

    frame: float
    all: float
    frame_bytes: int
    all_bytes: int


class Program:
    """A command on a terminal of `columns` x `lines`, from now on."""

    def __init__(self, command: Sequence[str], *, columns: int, lines: int, env: Mapping[str, str]) -> None:
        self.began = time.perf_counter()
        self.ended = False
        self.peak: dict[int, int] = {}
        """Largest resident size of each process seen, in KiB."""
        self._screen = pyte.Screen(columns, lines)
        self._stream = pyte.ByteStream(self._screen)
        self._looked = 0.0
        pid, self._terminal = pty.fork()
        if pid == 0:
            os.environ.clear()
            os.environ.update(env, TERM="xterm-256color", COLORTERM="truecolor", COLUMNS=str(columns), LINES=str(lines))
            os.execvp(command[0], list(command))
        self.pid = pid
        termios.tcsetwinsize(self._terminal, (lines, columns))

    @property
    def memory(self) -> float:
        """Peak memory of the process and all it started, in MiB (what they share is counted in each)."""
        return sum(self.peak.values()) / MIB

    def _read(self, seconds: float) -> bytes:
        """Return what is written within that time, as soon as something is."""
        if time.perf_counter() - self._looked > 0.2:
            self._look()
        if self.ended or not select.select([self._terminal], [], [], seconds)[0]:
            return b""
        try:
            data = os.read(self._terminal, 65_536)
        except OSError:
            data = b""
        self.ended = not data
        return data

    def _look(self) -> None:
        """Take the peak sizes of the tree."""
        self._looked = time.perf_counter()
        tree = [self.pid]
        for pid in tree:  # grows while it is walked
            try:
                tree += [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
                size = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
            except OSError:
                continue
            if size:
                self.peak[pid] = max(self.peak.get(pid, 0), int(size[1]))

    def wait(self, mark: re.Pattern[str], longest: float) -> float | None:
        """Seconds from the start until the screen shows what fits; None when it does not within `longest` seconds of
        the start.
        """
        came = time.perf_counter()
        while came - self.began < longest and not self.ended:
            if mark.search("\n".join(self._screen.display)):
                return came - self.began
            data = self._read(0.2)
            came = time.perf_counter()
            self._stream.feed(UNKNOWN_TO_PYTE.sub(b"", data))
        return None

    def quiet(self, seconds: float, longest: float) -> None:
        """Read until nothing is written for so long, but at most `longest` seconds."""
        end = time.perf_counter() + longest
        last = time.perf_counter()
        while time.perf_counter() < end and time.perf_counter() - last < seconds and not self.ended:
            if self._read(0.02):
                last = time.perf_counter()

    def press(self, key: str, *, gap: float, quiet: float, longest: float) -> Answer | None:
        """Type a key; a silence of `gap` seconds ends the first frame, one of `quiet` seconds all. None when nothing
        came.
        """
        began = last = time.perf_counter()
        os.write(self._terminal, key.encode())
        frame = frame_bytes = None
        size = 0
        while not self.ended:
            now = time.perf_counter()
            if size and frame is None and now - last >= gap:
                frame, frame_bytes = last - began, size
            if (size and now - last >= quiet) or now - began >= longest:
                break
            data = self._read(0.002)
            if data:
                last, size = time.perf_counter(), size + len(data)
        if not size:
            return None
        return Answer(frame or last - began, last - began, frame_bytes or size, size)

    def close(self) -> None:
        """End it, whatever it does."""
        self._look()
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.kill(self.pid, number)
            except ProcessLookupError:
                break
            end = time.perf_counter() + 3
            while time.perf_counter() < end:
                self._read(0.05)
                if os.waitpid(self.pid, os.WNOHANG)[0]:
                    os.close(self._terminal)
                    return
        os.close(self._terminal)
