"""Whatever goes wrong ends in words and an exit code; what nobody foresaw is logged without values."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from decimal import Decimal
from io import StringIO
from pathlib import Path

import pytest

from ordertui.cli.exit_codes import Exit
from ordertui.operations.errors import defect_log, error_message
from ordertui.operations.query.orders import OrderQueries
from ordertui.operations.session import Session
from ordertui.tui.main.app import OrderTuiApp
from support.cli import Command, environment
from support.pilot import press, running, said, until

SECRET = "Jane Doe, 113-0000001-0000001"


@pytest.fixture
def command(tmp_path: Path) -> Command:
    found = Command(tmp_path)
    found.bring("US")
    return found


def digits() -> None:
    int("9" * 5_000)


def deep() -> None:
    deep()


@pytest.mark.parametrize(
    ("cause", "words"),
    [(deep, "too deep"), (digits, "too many digits"), (lambda: 10**400 / 3, "too large"),
     (lambda: Decimal(10) ** 10**9, "too large"), (lambda: "\udcff".encode(), "not UTF-8"),
     (lambda: Path("/nowhere/at all").read_bytes(), "/nowhere/at all: No such file")],
)  # fmt: skip
def test_what_is_foreseeable_is_said(cause: object, words: str) -> None:
    with pytest.raises(Exception) as found:
        cause()  # type: ignore[operator]
    assert words in error_message(found.value)
    assert not defect_log().exists()


def test_a_defect_is_logged_without_values(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        buyer = SECRET
        raise KeyError(buyer)

    monkeypatch.setattr(OrderQueries, "find", fail)
    monkeypatch.setenv("XDG_STATE_HOME", str(command.folder / "state"))
    done = command.run("list")
    assert done.code == Exit.INTERNAL
    assert "Traceback" not in done.stderr
    assert SECRET not in done.stderr
    log = Path(done.stderr.split("where it happened is in ")[1].split(", without")[0])
    text = log.read_text("utf-8")
    assert "KeyError" in text
    assert "test_words.py:" in text
    assert SECRET not in text
    assert log.stat().st_mode & 0o77 == 0


@pytest.mark.parametrize(
    "args",
    [("list", "--filter", "(" * 50_000), ("list", "--filter", "total>" + "9" * 6_000),
     ("list", "--filter", "total>1e999999999"), ("list", "--sort", "\udcff"), ("show", "\udcff"),
     ("plan", "cancel", "--filter", "\udcff", "-o", "x.json"), ("undo", "9" * 5_000), ("undo", "²"),
     ("commit", "\udcff.json"), ("list", "--limit", "9" * 4_000), ("settle", "9" * 30, "a", "--done", "--why", "x")],
)  # fmt: skip
def test_arguments_nobody_means_end_in_words(command: Command, args: tuple[str, ...]) -> None:
    done = command.run(*args)
    assert done.code in (Exit.USAGE, Exit.REFUSED, Exit.BAD_INPUT, Exit.NOT_CONFIRMED), (done.code, done.stderr[-300:])


@pytest.mark.parametrize(
    "args", [("list",), ("rate",), ("outbox",), ("store", "check"), ("plan", "cancel", "--filter", "a", "-o", "p")]
)
def test_a_mistyped_store_is_named_and_not_made(tmp_path: Path, args: tuple[str, ...]) -> None:
    command = Command(tmp_path, tmp_path / "typo" / "ordres.db")
    done = command.run(*args)
    assert (done.code, "there is no store" in done.stderr, "ordres.db" in done.stderr) == (4, True, True)
    assert not (tmp_path / "typo").exists()


def test_a_plan_goes_over_nothing_but_a_plan(command: Command) -> None:
    before = command.store.read_bytes()
    for target in (command.store, command.folder / "notes.txt"):
        if not target.exists():
            target.write_text("mine")
        for more in ((), ("--replace",)):
            assert command.run("plan", "cancel", "--filter", "status:unshipped", "-o", target, *more).code == 3
    assert command.store.read_bytes() == before
    assert (command.folder / "notes.txt").read_text() == "mine"
    plan = command.folder / "plan.json"
    for more, code in (((), 0), ((), 3), (("--replace",), 0)):
        assert command.run("plan", "cancel", "--filter", "status:unshipped", "-o", plan, *more).code == code
    assert json.loads(plan.read_text("utf-8"))["ordertui_plan"]


def test_a_backup_goes_over_nothing(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(1, "no hard links here")

    monkeypatch.setattr(os, "link", refuse)
    target = command.folder / "copy.db"
    command.ok("store", "backup", target)
    assert Command(command.folder, target).ok("list") == command.ok("list")
    assert command.run("store", "backup", target).code == 4
    assert not list(command.folder.glob(".*.part"))


def test_a_store_on_a_disk_that_cannot_be_written_is_looked_at(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda _, wanted, **__: wanted != os.W_OK)
    assert command.run("--read-only", "list").code == 0
    assert not command.store.with_name("orders.db-shm").exists(), "nothing was written beside it"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a full disk as a device")
def test_a_full_or_closed_output_ends_in_words(tmp_path: Path) -> None:
    program = [sys.executable, "-m", "ordertui", "--help"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(program, stdout=full, stderr=subprocess.PIPE, env=environment(tmp_path), check=False)
    assert done.returncode == Exit.BAD_INPUT
    assert done.stderr.decode().startswith("ordertui: not all of its output could be written: No space left")
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(program, stdout=write, stderr=subprocess.PIPE, env=environment(tmp_path), check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (Exit.PIPE_CLOSED, b"")


async def test_a_defect_of_a_command_is_said_on_the_screen_which_goes_on(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyError(SECRET)

    monkeypatch.setattr(type(session.planner), "plan", fail)
    async with running(session, toasts=True) as pilot:
        await press(pilot, "x")
        await until(pilot, lambda: "should not happen (KeyError)" in said(pilot))
        assert SECRET not in said(pilot)
        await press(pilot, "down")
        assert pilot.app.is_running


async def test_a_defect_that_ends_the_screen_is_kept_for_the_log(session: Session) -> None:
    app = None

    def fail(*_: object, **__: object) -> None:
        raise KeyError(SECRET)

    with suppress(KeyError):
        async with running(session) as pilot:
            app = pilot.app
            app.call_later(fail)
            await pilot.pause()
    assert isinstance(app, OrderTuiApp)
    assert isinstance(app.defect, KeyError)
    file = app.error_console.file
    assert isinstance(file, StringIO)


def test_ids_without_end_are_refused(command: Command) -> None:
    done = command.run("plan", "cancel", "--ids", "/dev/zero", "-o", command.folder / "p")
    assert (done.code, "--ids is longer than 33,554,432 characters" in done.stderr) == (Exit.BAD_INPUT, True)
