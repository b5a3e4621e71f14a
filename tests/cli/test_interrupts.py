"""A Ctrl-C that came before the work of a command began: nothing of it is done."""

from __future__ import annotations

from pathlib import Path

import pytest

from ordertui.cli import batches, imports
from ordertui.cli.exit_codes import Exit
from support.cli import EXAMPLES, Command


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
