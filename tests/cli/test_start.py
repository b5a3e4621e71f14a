"""Starting the command line: what it imports, and what it says without a terminal."""

import json
import subprocess
import sys
from typing import Any

import pytest
from click.testing import CliRunner

from ordertui.cli.exit_codes import Exit, exit_for
from ordertui.cli.main import cli
from ordertui.orders.clock import FixedClock
from support.shops import NOW, all_orders_row, bring, open_session

FIRST_ORDERS = """
import json, sys
from pathlib import Path
import ordertui.cli.main, ordertui.cli.context
from ordertui.operations.config import Config
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
session = Session.open(Path(sys.argv[1]), clock=FixedClock(int(sys.argv[2])), config=Config())
from ordertui.tui.main.app import OrderTuiApp
from ordertui.tui.main.screen import MainScreen

async def begin(screen):
    modules = sorted(sys.modules)
    made = [
        f"{name}.{kind.__name__}"
        for name in modules if name.startswith("ordertui")
        for kind in vars(sys.modules[name]).values()
        if isinstance(kind, type) and kind.__module__ == name and hasattr(kind, "__dataclass_fields__")
    ]
    page = [row.order_id for row in session.orders.rows(screen.table.ids).values()]
    print(json.dumps({
        "modules": modules, "dataclasses": made, "lines": screen.table.renders, "strips": screen.table.renderer.made,
        "orders": page, "widgets": len(screen.app.query("*")),
    }))
    screen.app.exit()

MainScreen._begin = begin
OrderTuiApp(session).run(headless=True, size=(120, 40))
"""
"""Starts the screen, and says what there is when the first orders are drawn and nothing else has begun."""
HEAVY = ("textual", "sqlite3", "rich", "holidays", "httpx", "keyring", "cryptography", "asyncio")
LATER = (
    "ordertui.amazon", "ordertui.rules.language", "ordertui.rules.policy.policy", "ordertui.rules.policy.edition",
    "ordertui.rules.policy.house_rules",
    "ordertui.operations.planning.planner", "ordertui.operations.batches.committer",
    "ordertui.operations.dispatch.file_dispatcher",
    "ordertui.operations.results.reconciler", "ordertui.operations.reports.importer",
    "ordertui.operations.rate.calculator",
    "ordertui.operations.rate.lists", "ordertui.operations.query.export", "ordertui.operations.maintenance",
    "ordertui.operations.sync.service",
    "ordertui.operations.sync.connection", "ordertui.operations.sync.credentials",
    "ordertui.store.repositories.filter_sql",
    "ordertui.store.importing.import_session", "ordertui.tui.screens.dialogs",
    "ordertui.tui.screens.preview", "ordertui.tui.screens.outbox", "ordertui.tui.screens.columns",
    "ordertui.tui.screens.saved_views", "ordertui.tui.commands", "ordertui.tui.screens.help",
    "ordertui.tui.screens.command_palette", "csv", "hashlib", "holidays", "html", "httpx", "keyring", "cryptography",
    "importlib.resources", "ordertui.store.journal.batches", "tomllib",
)  # fmt: skip
"""Not imported before the first orders are drawn."""
MODULES = 98
"""How many of the program's are."""


@pytest.fixture(scope="module")
def first_orders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what FIRST_ORDERS prints for a store of 60 orders."""
    folder = tmp_path_factory.mktemp("start")
    session = open_session(folder / "shop", clock=FixedClock(NOW))
    bring(session, folder, everything=[all_orders_row(n, age=n * 60) for n in range(1, 61)])
    session.close()
    command = [sys.executable, "-c", FIRST_ORDERS, str(folder / "shop" / "orders.db"), str(NOW)]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: dict[str, Any] = json.loads(said.strip().splitlines()[-1])
    return found


def test_the_first_orders_are_drawn_before_anything_else_is_imported(first_orders: dict[str, Any]) -> None:
    modules = first_orders["modules"]
    assert [name for name in modules if name.startswith(LATER)] == []
    assert sum(name.startswith("ordertui") for name in modules) <= MODULES


def test_the_first_orders_are_real_and_undecided(first_orders: dict[str, Any]) -> None:
    """Rows of the store are on the screen; no decision can be, for the rules were not imported (the test above)."""
    assert len(first_orders["orders"]) == 60
    assert 25 <= first_orders["strips"] <= first_orders["lines"]


def test_the_first_orders_need_few_widgets(first_orders: dict[str, Any]) -> None:
    assert first_orders["widgets"] <= 16


def test_values_of_the_start_are_structs(first_orders: dict[str, Any]) -> None:
    """A dataclass costs half a millisecond at import, fifty times as much as a Struct (docs/architecture.md)."""
    assert first_orders["dataclasses"] == []


def test_start_imports_no_screen_and_no_database() -> None:
    code = f"import sys, ordertui.cli.main; print([m for m in {HEAVY} if m in sys.modules])"
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"
    )


def test_without_a_terminal_it_says_what_to_use() -> None:
    result = CliRunner().invoke(cli, [])
    assert result.exit_code == Exit.USAGE
    assert "ordertui list" in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize("time", ["yesterday", "0001-01-01", "9999-12-31T23:59:59Z"])
def test_a_wrong_time_is_a_usage_error(time: str) -> None:
    assert CliRunner().invoke(cli, ["--as-of", time, "rate"]).exit_code == Exit.USAGE


@pytest.mark.parametrize("store", ["", ".", "/"])
def test_a_store_without_a_file_name_is_a_usage_error(store: str) -> None:
    assert CliRunner().invoke(cli, ["--store", store, "list"]).exit_code == Exit.USAGE


def test_dispatch_takes_no_other_clock() -> None:
    result = CliRunner(env={"ORDERTUI_TEST_CLOCK": ""}).invoke(cli, ["--as-of", "2026-11-23T00:00:00Z", "dispatch"])
    assert result.exit_code == Exit.USAGE


def test_plan_without_orders_is_never_all() -> None:
    result = CliRunner().invoke(cli, ["plan", "cancel", "--filter", " ", "-o", "plan.json"])
    assert result.exit_code == Exit.USAGE


def test_an_unknown_error_is_internal() -> None:
    assert exit_for(KeyError("x")) is Exit.INTERNAL
    assert exit_for(FileNotFoundError("x")) is Exit.BAD_INPUT


def test_ctrl_c_while_the_program_is_loaded_ends_it_without_a_traceback() -> None:
    interrupts = (
        "import sys\nclass Finder:\n    def find_spec(self, name, *_):\n        if name == 'ordertui.cli.main':\n"
        "            raise KeyboardInterrupt\nsys.meta_path.insert(0, Finder())\n"
        "from ordertui.__main__ import entry\nentry()"
    )
    done = subprocess.run([sys.executable, "-c", interrupts], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (Exit.INTERRUPTED, "", "")
