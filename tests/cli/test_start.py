"""Starting the command line: what it imports, and what it says without a terminal."""

import subprocess
import sys

from click.testing import CliRunner

from ordertui.cli.exits import Exit, exit_for
from ordertui.cli.main import cli


def test_start_imports_no_screen_and_no_database() -> None:
    code = "import sys, ordertui.cli.main; print([m for m in ('textual', 'sqlite3', 'rich', 'holidays', 'httpx', 'keyring', 'cryptography', 'asyncio') if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


def test_without_a_terminal_it_says_what_to_use() -> None:
    result = CliRunner().invoke(cli, [])
    assert result.exit_code == Exit.USAGE
    assert "ordertui list" in result.stderr
    assert result.stdout == ""


def test_a_wrong_time_is_a_usage_error() -> None:
    assert CliRunner().invoke(cli, ["--as-of", "yesterday", "list"]).exit_code == Exit.USAGE


def test_dispatch_takes_no_other_clock() -> None:
    result = CliRunner(env={"ORDERTUI_TEST_CLOCK": ""}).invoke(cli, ["--as-of", "2026-11-23T00:00:00Z", "dispatch"])
    assert result.exit_code == Exit.USAGE


def test_plan_without_orders_is_never_all() -> None:
    result = CliRunner().invoke(cli, ["plan", "cancel", "--filter", " ", "-o", "plan.json"])
    assert result.exit_code == Exit.USAGE


def test_an_unknown_error_is_internal() -> None:
    assert exit_for(KeyError("x")) is Exit.INTERNAL
    assert exit_for(FileNotFoundError("x")) is Exit.BAD_INPUT
