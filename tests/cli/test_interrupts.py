"""A Ctrl-C that came before the work of a command began, or between two of its files: nothing of it is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from ordertui.cli import batches, imports
from ordertui.cli.exit_codes import Exit
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
