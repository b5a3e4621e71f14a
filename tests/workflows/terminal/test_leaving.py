"""Signals, a closed terminal, ctrl+z and fg, sizes that change: the terminal is clean afterwards, and no process is
left.
"""

from __future__ import annotations

import os
import random
import shlex
import signal
import sys
from pathlib import Path

import pytest

pytest.importorskip("pty", reason="no pseudo-terminals here")

from support.cli import AS_OF, environment
from support.practice import start
from support.terminal import Terminal, given_back

pytestmark = pytest.mark.usefixtures("us_orders")
ORDER = "001-0000000-000000{}".format


def test_another_size_is_drawn_anew(opened: list[Terminal], tmp_path: Path) -> None:
    screen = start(opened, tmp_path)
    screen.wait("132 of 132", "Cancellation rate US", "To ship 13")
    for columns, rows, counts in (
        (80, 24, ("132 of 132", "1/129")),
        (60, 15, ("All132 ",)),
        (120, 40, ("132 of 132", "1 / 129")),
    ):
        screen.resize(columns, rows)
        screen.wait(ORDER(6), "0.78 %", "keys act on", "16 FBA hidden", *counts)
        assert len(screen.lines) == rows
    screen.wait("Cancellation rate US")
    screen.keys("q")
    assert screen.ended() == 0


@pytest.mark.long
def test_a_storm_of_sizes_ends_with_the_picture_of_the_last(opened: list[Terminal], tmp_path: Path) -> None:
    screen = start(opened, tmp_path)
    screen.wait("132 of 132", "Cancellation rate US", "To ship 13")
    screen.quiet()
    calm = screen.text
    rng = random.Random(7)
    for keys in ("jjk", "k"):
        sizes = [(rng.randint(1, 200), rng.randint(1, 60)) for _ in range(80)]
        screen.storm([size for size in sizes if size[1] != 40])
        screen.resize(120, 40)  # a smaller one may take no keys, so that none is typed before this one is drawn
        screen.wait("132 of 132", "Cancellation rate US", "To ship 13", "16 FBA hidden", last="? help")
        screen.keys(keys)
    screen.wait(f"keys act on {ORDER(6)}")
    screen.quiet()
    assert screen.text == calm
    screen.keys("q")
    assert screen.ended() == 0
    assert given_back(screen.written)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_in_order(opened: list[Terminal], tmp_path: Path, number: signal.Signals) -> None:
    screen = start(opened, tmp_path)
    screen.wait("132 of 132")
    os.kill(screen.child.pid, number)
    assert screen.ended() == 143
    assert given_back(screen.written)
    assert screen.left_behind() == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, None], ids=["TERM", "HUP", "closed"])
def test_a_command_that_asks_for_a_secret_ends_in_order(
    opened: list[Terminal], tmp_path: Path, number: signal.Signals | None
) -> None:
    words = [sys.executable, "-m", "ordertui", "--store", str(tmp_path / "orders.db"), "--as-of", AS_OF, "api", "login"]
    asking = Terminal(words, cwd=tmp_path, env=environment(tmp_path))
    opened.append(asking)
    asking.wait("client id:")
    asking.keys("me\r")
    asking.wait("client secret:")
    asking.quiet()
    assert not asking.child.getecho()
    if number is None:
        assert asking.hang_up() == 143
    else:
        os.kill(asking.child.pid, number)
        asking.wait("ordertui: stopped")
        assert asking.child.getecho()
        assert asking.ended() == 143
        assert "Traceback" not in asking.text
    assert asking.left_behind() == []


@pytest.mark.parametrize("keys", ["", "x", "/sku:", "i"], ids=["orders", "preview", "filter", "import"])
def test_a_closed_terminal_ends_it_and_nothing_is_lost(opened: list[Terminal], tmp_path: Path, keys: str) -> None:
    screen = start(opened, tmp_path)
    screen.wait("132 of 132", "To ship 13")
    screen.keys("2")
    screen.wait("13 of 132")
    screen.keys(" " + keys)
    screen.wait(*{"": ["1 marked"], "x": ["y commit"], "/sku:": ["sku:"], "i": ["Import report files"]}[keys])
    assert screen.hang_up() == 143
    assert screen.left_behind() == []
    again = start(opened, tmp_path)
    again.wait("132 of 132", "1 marked", "Held 0")


def test_a_closed_terminal_ends_it_when_nobody_passes_the_signal_on(opened: list[Terminal], tmp_path: Path) -> None:
    """As under `make run`: only the leader of the session is told of it, and that waits for its child."""
    command = shlex.join([sys.executable, "-m", "ordertui", "--store", str(tmp_path / "orders.db"), "--as-of", AS_OF])
    leader = Terminal(["bash", "-c", f"trap : HUP; {command}; exit $?"], cwd=tmp_path, env=environment(tmp_path))
    opened.append(leader)
    leader.wait("132 of 132", "To ship 13")
    assert leader.hang_up() == 143
    assert leader.left_behind() == []


def test_ctrl_z_gives_the_shell_back_and_fg_the_screen(opened: list[Terminal], tmp_path: Path) -> None:
    command = (
        f"{shlex.quote(sys.executable)} -m ordertui --store {shlex.quote(str(tmp_path / 'orders.db'))} --as-of {AS_OF}"
    )
    shell = Terminal(["bash", "--norc", "--noprofile", "-i"], cwd=tmp_path, env=environment(tmp_path, PS1="shell$ "))
    opened.append(shell)
    shell.wait("shell$")
    for _ in range(2):
        shell.keys(f"{command}\r" if b"1049h" not in shell.written else "fg\r")
        shell.wait("132 of 132", "To ship 13")
        shell.keys("j")
        shell.keys("\x1a")
        shell.wait("Stopped")
        assert given_back(shell.written)
        shell.keys("echo $((6 * 7))\r")
        shell.wait("42")
    shell.keys("fg\r")
    shell.wait("132 of 132", "To ship 13")
    shell.resize(80, 24)
    shell.wait("132 of 132", "keys act on")
    shell.keys("q")
    shell.wait("shell$", gone="132 of 132")
    assert given_back(shell.written)
    shell.keys("exit\r")
    assert shell.ended() == 0
    assert shell.left_behind() == []


@pytest.mark.parametrize("stderr", ["2>&-", "2>/dev/null", "2>said.txt"])
def test_what_would_draw_elsewhere_than_on_the_terminal_does_not_begin(
    opened: list[Terminal], tmp_path: Path, stderr: str
) -> None:
    command = shlex.join([sys.executable, "-m", "ordertui", "--store", str(tmp_path / "orders.db"), "--as-of", AS_OF])
    shell = Terminal(["bash", "-c", f"{command} {stderr}; exit $?"], cwd=tmp_path, env=environment(tmp_path))
    opened.append(shell)
    assert shell.ended() == 2
    assert shell.left_behind() == []
    if stderr == "2>said.txt":
        assert "the screen needs a terminal (stderr: redirected" in (tmp_path / "said.txt").read_text()


@pytest.mark.parametrize("words", ["outbox", "import all.txt", "store check --orders", "no-such"])
def test_a_command_with_a_closed_stderr_ends_as_with_an_open_one(
    opened: list[Terminal], tmp_path: Path, words: str
) -> None:
    (tmp_path / "all.txt").write_text("no report\n", encoding="utf-8")
    command = shlex.join([sys.executable, "-m", "ordertui", "--store", str(tmp_path / "orders.db"), "--as-of", AS_OF])
    codes = []
    for stderr in ("", "2>&-"):
        shell = Terminal(
            ["bash", "-c", f"{command} {words} {stderr}; exit $?"], cwd=tmp_path, env=environment(tmp_path)
        )
        opened.append(shell)
        codes.append(shell.ended())
    assert codes == [codes[0]] * 2 != [1, 1]
