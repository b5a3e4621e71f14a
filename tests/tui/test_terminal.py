"""A terminal that is closed sends SIGHUP and SIGCONT together: the second is no `fg`."""

import os
import signal
import sys

import pytest

from ordertui.tui.terminal import has_terminal, resume_only_with_a_terminal


def test_only_with_a_terminal_does_it_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    pty = pytest.importorskip("pty", reason="a terminal of Unix")
    went_on: list[int] = []
    before = signal.signal(signal.SIGCONT, lambda number, frame: went_on.append(number))
    master, slave = pty.openpty()
    try:
        resume_only_with_a_terminal()
        with os.fdopen(slave, "rb", buffering=0, closefd=False) as terminal:
            monkeypatch.setattr(sys, "__stdin__", terminal)
            monkeypatch.setattr(sys, "__stderr__", terminal)
            os.kill(os.getpid(), signal.SIGCONT)
            assert went_on == [signal.SIGCONT]
            os.close(master)
            os.kill(os.getpid(), signal.SIGCONT)
            assert went_on == [signal.SIGCONT]
    finally:
        signal.signal(signal.SIGCONT, before)
        os.close(slave)


def test_a_closed_terminal_to_draw_on_is_noticed_where_another_one_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    pty = pytest.importorskip("pty", reason="a terminal of Unix")
    (keys, read), (drawing, drawn) = pty.openpty(), pty.openpty()
    with os.fdopen(read, "rb", buffering=0) as stdin, os.fdopen(drawn, "wb", buffering=0) as stderr:
        monkeypatch.setattr(sys, "__stdin__", stdin)
        monkeypatch.setattr(sys, "__stderr__", stderr)
        assert has_terminal()
        os.close(drawing)
        assert not has_terminal()
        monkeypatch.setattr(sys, "__stderr__", None)
        assert not has_terminal()
    os.close(keys)
