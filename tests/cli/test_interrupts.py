"""A Ctrl-C that came before the work of a command began, or between two of its files: nothing of it is done."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from ordertui import __main__ as program
from ordertui.cli import batches, imports
from ordertui.cli.exit_codes import Exit
from ordertui.cli.interrupts import stop_on_interrupt
from ordertui.operations.errors import Stopped
from ordertui.orders.batch_state import RowState
from ordertui.orders.enums import Action
from support.batches import answer, send, session_of, states
from support.cli import EXAMPLES, Command
from support.shops import order_id


@pytest.fixture
def command(tmp_path: Path) -> Command:
    found = Command(tmp_path)
    found.ok("import", *sorted((EXAMPLES / "us" / "reports").iterdir()))
    return found


def interrupt(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each command find that Ctrl-C was pressed."""
    for module in (batches, imports):
        monkeypatch.setattr(module, "stop_before_the_end", lambda: lambda: True)


def test_no_import_is_undone(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    before = command.ok("list", "--format", "json")
    interrupt(monkeypatch)
    done = command.run("import", "--undo", "1")
    assert (done.code, "nothing was undone" in done.stderr) == (Exit.INTERRUPTED, True)
    assert command.ok("list", "--format", "json") == before


def test_of_several_processing_reports_none_is_taken_in(tmp_path: Path) -> None:
    with session_of(tmp_path) as session:
        batches_ = [send(session, Action.CANCEL, *numbers) for numbers in ((1, 2), (3,))]
        answers = [answer(session, tmp_path, batch, name=f"{batch}.txt") for batch in batches_]
        stops = iter((False, True))
        with pytest.raises(Stopped, match="nothing was taken in"):
            session.results.take_in(answers, stop=lambda: next(stops))
        assert {state for batch in batches_ for state in states(session, batch).values()} == {RowState.WRITTEN}


def test_no_report_is_taken_in_and_nothing_settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with session_of(tmp_path) as session:
        batch = send(session, Action.REFUND, 11)
        report = answer(session, tmp_path, batch)
    command = Command(tmp_path)
    interrupt(monkeypatch)
    said = ("--done", "--why", "seen in Seller Central", "--typed", "1")
    for args, words in (
        (("results", str(report)), "nothing was taken in"),
        (("settle", str(batch), order_id(11), *said), "nothing was done"),
    ):
        done = command.run(*args)
        assert (done.code, words in done.stderr) == (Exit.INTERRUPTED, True), done.stderr
        assert [row["state"] for row in command.json("outbox", str(batch))] == [RowState.WRITTEN]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGHUP")
def test_a_closed_terminal_that_is_told_twice_is_one_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    """A shell that ends passes SIGHUP on, and the system sends another: the second one cut the step."""
    monkeypatch.setattr(program, "_told_to_end", False)
    with stop_on_interrupt() as stop:
        for _ in range(2):
            program._end(signal.SIGHUP, None)
            assert stop()
        with pytest.raises(KeyboardInterrupt):
            program._end(signal.SIGTERM, None)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
def test_a_lost_sigterm_comes_again_where_ctrl_c_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a command that a script began with `&`."""

    def lost() -> None:
        for _ in range(2):  # Python comes to it between two lines
            program._interrupt_again()

    monkeypatch.setattr(program, "_told_to_end", True)
    monkeypatch.setattr(program, "AGAIN_SECONDS", 0)
    before = [(one, signal.getsignal(one)) for one in (signal.SIGINT, signal.SIGTERM)]
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, program._end)
        with pytest.raises(KeyboardInterrupt):
            lost()
    finally:
        for number, handler in before:
            signal.signal(number, handler)
