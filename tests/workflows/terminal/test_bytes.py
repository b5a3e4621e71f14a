"""What a slow line feels: the bytes that one key costs on a terminal of 160 x 50 in true colour, the table full."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

pytest.importorskip("pty", reason="no pseudo-terminals here")

from support.cli import AS_OF, environment
from support.terminal import Terminal

SCROLL, CURSOR = 16_000, 6_000
WATCHED = 3.0
"""Seconds of an idle screen: three of its once-a-second looks around."""
DOWN, UP = "\x1b[<65;40;20M", "\x1b[<64;40;20M"


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[Terminal]:
    command = [
        sys.executable,
        "-m",
        "ordertui",
        "--as-of",
        AS_OF,
        "demo",
        "--where",
        str(tmp_path / "practice"),
        "--orders",
        "1000",
    ]
    env = environment(tmp_path, COLORTERM="truecolor")
    terminal = Terminal(command, cwd=tmp_path, env=env, columns=160, rows=50)
    terminal.wait("891 of 891", "109 FBA hidden", "Cancellation rate", "To ship")
    terminal.quiet()
    yield terminal
    terminal.close()


def cost(screen: Terminal, keys: str) -> int:
    """Bytes from the key until all that follows it is drawn: the detail pane, the panel."""
    before = len(screen.written)
    screen.keys(keys)
    screen.quiet()
    return len(screen.written) - before


@pytest.mark.long
def test_a_key_costs_few_bytes_and_an_idle_screen_none(screen: Terminal) -> None:
    scrolling = {
        "page": "\x1b[6~",
        "page again": "\x1b[6~",
        "wheel": DOWN,
        "back": UP,
        "last": "G",
        "page up": "\x1b[5~",
        "edge": "j",
    }
    moving = {"up": "k", "up again": "k", "mark": " ", "range": "v"}
    scrolled = {name: cost(screen, keys) for name, keys in scrolling.items()}
    moved = {name: cost(screen, keys) for name, keys in moving.items()}
    assert all(0 < size < SCROLL for size in scrolled.values()), scrolled
    assert all(0 < size < CURSOR for size in moved.values()), moved
    assert b"\x1b[38;2;" in screen.written, "the terminal takes true colour"
    before = len(screen.written)
    screen.quiet(WATCHED)
    assert len(screen.written) == before
