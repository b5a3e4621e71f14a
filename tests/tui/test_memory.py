"""Large blocks go back to the system when they are freed, whatever was freed before."""

from __future__ import annotations

import ctypes
import subprocess
import sys

import pytest

from ordertui.tui.memory import give_large_blocks_back

HAS_GLIBC = sys.platform == "linux" and hasattr(ctypes.CDLL(None), "gnu_get_libc_version")
PROGRAM = """
from pathlib import Path
from ordertui.tui.memory import give_large_blocks_back

def private():
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))

if {is_asked}:
    assert give_large_blocks_back()
before = private()
for size in (8, 6):  # the first one that is freed raises from which size on glibc maps a block by itself
    block = bytearray(b"x" * (size << 20))
    del block
print(private() - before)
"""


def kept_kib(is_asked: bool) -> int:
    """KiB that a process keeps after it freed blocks of 8 and 6 MB."""
    program = [sys.executable, "-c", PROGRAM.format(is_asked=is_asked)]
    return int(subprocess.run(program, capture_output=True, text=True, check=True).stdout)


@pytest.mark.skipif(not HAS_GLIBC, reason="glibc alone")
def test_blocks_of_megabytes_are_given_back() -> None:
    if kept_kib(is_asked=False) < 2_000:
        pytest.skip("this version does so by itself")
    assert kept_kib(is_asked=True) < 2_000


def test_nothing_is_asked_of_other_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "darwin")
    assert not give_large_blocks_back()
