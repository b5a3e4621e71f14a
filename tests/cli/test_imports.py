"""`ordertui import` from the command line: taking an import back."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cli import EXAMPLES, Command

REPORTS = sorted((EXAMPLES / "us" / "reports").iterdir())
NEXT_DAY = EXAMPLES / "us" / "next-day" / "all-orders-by-last-update.txt"


def numbers(command: Command, *files: Path) -> list[int]:
    return [one["import"] for one in command.json("import", "--marketplace", "US", *files)]


def test_an_import_is_taken_back_by_its_number(tmp_path: Path) -> None:
    command = Command(tmp_path)
    numbers(command, *REPORTS)
    before = command.ok("list", "--format", "json")
    (next_day,) = numbers(command, NEXT_DAY)
    assert command.ok("list", "--format", "json") != before
    done = command.json("import", "--undo", str(next_day))
    assert [done[0][name] for name in ("import", "path", "kept")] == [next_day, str(NEXT_DAY), 0]
    assert command.ok("list", "--format", "json") == before
    assert command.run("import", "--undo", str(next_day)).code == 4
    assert command.ok("audit", "--format", "json").count("import.undone") == 1


def test_what_a_later_import_named_again_stays_and_is_said(tmp_path: Path) -> None:
    command = Command(tmp_path)
    first, *_ = numbers(command, *REPORTS)
    done = command.run("import", "--undo", str(first))
    assert done.code == 7
    assert "named again by import" in done.stderr


@pytest.mark.parametrize(
    "args", [("import",), ("import", "--undo", "1", str(NEXT_DAY)), ("import", "--undo", "1", "--marketplace", "US")]
)
def test_undo_stands_alone(args: tuple[str, ...], tmp_path: Path) -> None:
    assert Command(tmp_path).run(*args).code == 2
