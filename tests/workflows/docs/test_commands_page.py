"""The page of commands is that of the program, and every command and option says what it is for."""

from __future__ import annotations

from pathlib import Path

import click
from write_pages import all_commands, commands_page

PAGE = Path(__file__).resolve().parents[3] / "docs" / "commands.md"


def test_the_page_is_that_of_the_program() -> None:
    assert PAGE.read_text(encoding="utf-8") == commands_page(), "run: .venv/bin/python scripts/write_pages.py"


def test_every_command_and_option_says_what_it_is_for() -> None:
    found = [(name, command) for name, command, _ in all_commands()]
    assert len(found) > 50
    assert [name for name, command in found if not command.help] == []
    options = [(name, one) for name, command in found for one in command.params if isinstance(one, click.Option)]
    assert len(options) > 80
    assert [(name, one.opts) for name, one in options if not one.help and not one.hidden] == []
