"""A real pseudo-terminal with a program in it, and what a person would see on its screen."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

import pexpect
import pyte

PATIENCE = 60.0
"""Seconds until a text that was waited for is given up; a loaded machine is slow, not wrong."""
QUIET = 0.5
"""Seconds without output after which a program that waits for keys has drawn all it had to."""
_UNKNOWN_TO_PYTE = re.compile(
    rb"\x1b\[[<>=][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p|\x1b\[[0-9;]*\$[a-z]|\x1bP.*?\x1b\\", re.DOTALL
)
"""Questions to the terminal and keyboard modes, which pyte would print."""


class Terminal:
    """A program on `columns` x `rows`."""

    def __init__(
        self, command: Sequence[str], *, cwd: Path, env: Mapping[str, str], columns: int = 120, rows: int = 40
    ) -> None:
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self.written = b""
        """Every byte the program wrote."""
        self.child = pexpect.spawn(
            command[0], list(command[1:]), cwd=str(cwd), env=dict(env), dimensions=(rows, columns), timeout=PATIENCE
        )
        self.child.delaybeforesend = None

    def _read(self, seconds: float) -> bool:
        """Take in what the program wrote; False when it has ended."""
        try:
            data = self.child.read_nonblocking(65_536, timeout=seconds)
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.written += data
        # pyte knows no alternate screen: entering it shows an empty one, and what leaving it shows again is left out
        data = data.replace(b"\x1b[?1049h", b"\x1b[2J").replace(b"\x1b[?1049l", b"\x1b[2J")
        self._stream.feed(_UNKNOWN_TO_PYTE.sub(b"", data))
        return True

    @property
    def lines(self) -> list[str]:
        """The screen, line by line, without trailing blanks."""
        return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        """The screen."""
        return "\n".join(self.lines)

    def wait(self, *words: str, gone: str = "", last: str = "") -> str:
        """Read until all these words are on the screen, `last` in its last line, and `gone` is not; gives the screen.
        Fails with the screen.
        """
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            is_there = all(word in self.text for word in words) and last in self.lines[-1]
            if is_there and (not gone or gone not in self.text):
                return self.text
            if not self._read(0.1):
                break
        raise AssertionError(f"waited for {words}, gone {gone!r}; the screen is:\n{self.text}")

    def keys(self, text: str) -> None:
        """Type."""
        self.child.send(text)

    def quiet(self, seconds: float = QUIET) -> None:
        """Read until the program wrote nothing for so long, and had nothing to do: it has drawn all it had to."""
        since = time.monotonic()
        while time.monotonic() - since < seconds:
            before = len(self.written)
            self._read(0.05)
            if len(self.written) != before or self._is_working():
                since = time.monotonic()

    def _is_working(self) -> bool:
        """Return whether a thread of the program runs, or would if a processor or the disk were free (Linux; elsewhere
        that cannot be told).
        """
        for stat in Path(f"/proc/{self.child.pid}/task").glob("*/stat"):
            with suppress(OSError):
                if stat.read_text().rsplit(")", 1)[1].split()[0] in "RD":
                    return True
        return False

    def resize(self, columns: int, rows: int) -> None:
        """Change the size of the window, once the program has finished drawing at the size before: what comes then is
        of the new one.
        """
        self.quiet()
        self._screen.resize(rows, columns)
        self._screen.reset()
        self.child.setwinsize(rows, columns)

    def storm(self, sizes: Sequence[tuple[int, int]]) -> None:
        """Change the size again and again while the program draws, as dragging the corner of a window does."""
        for columns, rows in sizes:
            self.child.setwinsize(rows, columns)
            self._read(0.003)

    def hang_up(self) -> int:
        """Close the terminal under the program, as a closed window does; gives how it ended, as `ended`."""
        self.child.ptyproc.fileobj.close()
        end = time.monotonic() + PATIENCE
        while self.child.ptyproc.isalive():
            assert time.monotonic() < end, "it still runs without its terminal"
            time.sleep(0.02)
        status, number = self.child.ptyproc.exitstatus, self.child.ptyproc.signalstatus
        return status if status is not None else -int(number or 0)

    def ended(self) -> int:
        """Read until the program has ended; gives its exit code, or the negative number of its signal."""
        end = time.monotonic() + PATIENCE
        while self._read(0.2):
            assert time.monotonic() < end, f"it did not end; the screen is:\n{self.text}"
        self.child.wait()
        return self.child.exitstatus if self.child.exitstatus is not None else -int(self.child.signalstatus or 0)

    def left_behind(self) -> list[int]:
        """Processes of the program's session that still run (Linux; elsewhere none can be told)."""
        found = []
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[3]) == self.child.pid:
                found.append(int(stat.parent.name))
        return found

    def close(self) -> None:
        """End the program, whatever it does."""
        self.child.close(force=True)


def given_back(written: bytes) -> bool:
    """Whether the program left the alternate screen and showed the cursor after its last drawing."""
    return all(
        written.rfind(on) < written.rfind(off) or on not in written
        for on, off in (
            (b"\x1b[?1049h", b"\x1b[?1049l"),
            (b"\x1b[?25l", b"\x1b[?25h"),
            (b"\x1b[?1000h", b"\x1b[?1000l"),
        )
    )
