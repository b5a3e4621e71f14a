"""One registry: what the keys do, what help, palette, footer and docs say of them, and the operator's own keys."""

import inspect
import pkgutil
from collections import Counter
from importlib import import_module
from pathlib import Path
from types import FunctionType

import write_pages

from ordertui.operations.session import Session
from ordertui.orders.people import Person, Role
from ordertui.tui import commands
from ordertui.tui.actions import (
    ALL_COMMANDS,
    MAIN_COMMANDS,
    NEEDS,
    NO_KEY,
    QUEUE_COMMANDS,
    TABLE_COMMANDS,
    find_command,
    hints,
)
from ordertui.tui.keymap import read_keymap, resolve
from ordertui.tui.main.command_context import find_function
from ordertui.tui.screens.help import help_text
from ordertui.tui.widgets.order_table import OrderTable
from support.pilot import main, press, running, said, table, until

DOCS = Path(__file__).parents[2] / "docs" / "keys.md"


def test_the_docs_page_is_the_registry() -> None:
    assert DOCS.read_text(encoding="utf-8") == write_pages.keys_page(), "run: .venv/bin/python scripts/write_pages.py"


CALLED_BY_EVENTS = {"app.tell_unbound_key", "navigation.go_to_pasted"}
"""Command functions without a key: the screen calls them for an event, by the name tested here too."""
CALLED_BY_COMMANDS = {
    "columns.list_values", "marking.change_marks", "marking.show_marks_of", "navigation.find_orders",
    "navigation.go_to_text", "shortage.weigh_typed", "typed.do_typed",
}  # fmt: skip
"""Command functions without a key: a typed command calls them."""


def command_functions() -> dict[str, FunctionType]:
    """Every public function of the command modules that takes a CommandContext first, by `module.function`."""
    found = {}
    for info in pkgutil.iter_modules(commands.__path__):
        module = import_module(f"{commands.__name__}.{info.name}")
        for name, function in vars(module).items():
            if isinstance(function, FunctionType) and function.__module__ == module.__name__ and name[0] != "_":
                first = next(iter(inspect.signature(function).parameters.values()), None)
                if first is not None and first.annotation == "CommandContext":
                    found[f"{info.name}.{name}"] = function
    return found


def test_every_command_is_a_function_and_takes_its_parameters() -> None:
    for command in MAIN_COMMANDS + QUEUE_COMMANDS:
        function, parameters = find_function(command.run)
        task = [None] if inspect.iscoroutinefunction(function) else []
        inspect.signature(function).bind(None, *task, *parameters)
        assert find_command(command.id) is command
    for run in CALLED_BY_EVENTS:
        find_function(run)


def test_every_command_function_is_in_the_registry() -> None:
    registered = {command.run.partition("(")[0] for command in MAIN_COMMANDS + QUEUE_COMMANDS}
    assert set(command_functions()) == registered | CALLED_BY_EVENTS | CALLED_BY_COMMANDS


def test_no_key_is_given_twice() -> None:
    keys = Counter(key for command in ALL_COMMANDS + QUEUE_COMMANDS for key in command.keys.split(",") if key)
    twice = [key for key, count in keys.items() if count > 1]
    assert twice == ["escape"], "Esc ends an open range of the table, else it clears the filter"


def test_every_key_of_the_table_is_an_action_of_the_table() -> None:
    for command in TABLE_COMMANDS:
        assert command.is_of_table
        assert hasattr(OrderTable, f"action_{command.action.partition('(')[0]}"), command.id


def test_help_and_footer_say_what_the_registry_says() -> None:
    words = help_text("", width=500).plain
    assert all(action.description in words for action in ALL_COMMANDS)
    assert len({action.id for action in ALL_COMMANDS}) == len(ALL_COMMANDS)
    assert {"enter", "i", "o", "c", "q"} <= {find_command(hint.command_id).keys for hint in hints() if hint.command_id}
    assert "1-9" in [hint.key for hint in hints()]
    mine = resolve({"app.help": "f1"})
    assert (hints(mine.commands)[-1].key, hints(mine.commands)[-1].label) == ("f1", "help")
    assert "f1" in help_text("", mine.commands, 500).plain


def test_the_operators_key_wins_and_the_loser_is_named() -> None:
    found = resolve({"order.cancel": ["ctrl+x", "a"], "find.filter": "f"})
    keys = {action.id: action.keys for action in found.commands}
    assert keys["order.cancel"] == "ctrl+x,a"
    assert keys["table.all"] == NO_KEY
    assert keys["find.views"] == NO_KEY
    assert any("table.all" in problem and "order.cancel" in problem for problem in found.problems)


def test_what_is_said_of_a_command_without_a_key_names_what_opens_the_palette() -> None:
    found = resolve({"order.cancel": [":", "a"]})
    assert any("a is yours now" in one and "it has no key now, ^p finds it by name" in one for one in found.problems)
    assert found.first_key("table.all") == "^p all"
    assert found.first_key("file.undo-import") == "^p undo-import"
    assert resolve({"order.cancel": "a"}).first_key("table.all") == ":all"
    none = resolve({"order.cancel": [":", "ctrl+p", "a"]})
    assert any(one.endswith("(all) lost it; it has no key now") for one in none.problems)
    assert none.first_key("table.all") == "all"


async def test_texts_name_the_keys_of_the_keymap(session: Session) -> None:
    own = {"change.undo": "U", "batch.undo": "Q", "find.find": "W", "see.columns": "X"}
    async with running(session, keymap=resolve(own), toasts=True) as pilot:
        await press(pilot, "U")
        await until(pilot, lambda: "no change of marks or facts to undo; Q undoes held orders" in said(pilot))
        await press(pilot, "n")
        await until(pilot, lambda: "W finds, space marks" in said(pilot))
        await press(pilot, "plus", *"late", "enter")
        await until(pilot, lambda: "U undoes that" in said(pilot))


def test_what_cannot_be_read_is_named_and_the_rest_holds(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text('"order.cancle" = "x"\n"app.quit" = 7\n"app.help" = "h"\n"see.theme" = "h"\n', encoding="utf-8")
    found = read_keymap(path)
    said = "\n".join(found.problems)
    assert "did you mean order.cancel?" in said
    assert "app.quit needs a key" in said
    assert "given to app.help and to see.theme" in said
    assert {a.id: a.keys for a in found.commands}["app.help"] == "h"
    path.write_text("not toml", encoding="utf-8")
    assert len(read_keymap(path).problems) == 1
    assert read_keymap(tmp_path / "none.toml").problems == ()


def test_a_key_that_no_keyboard_has_is_named_and_the_usual_one_stays() -> None:
    keymap = resolve({"order.cancel": "ctrl+foo", "order.refund": ["R", "crtl+r"], "table.undo": "U"}, "keys.toml")
    assert [problem for problem in keymap.problems if "not a key" in problem] == [
        "keys.toml: order.cancel: 'foo' in 'ctrl+foo' is not a key; write x, ctrl+x, f5, pageup or slash",
        "keys.toml: order.refund: 'crtl' in 'crtl+r' is not a key; write x, ctrl+x, f5, pageup or slash",
    ]
    keys = {command.id: command.keys for command in keymap.commands}
    assert keys["order.cancel"] == "x"
    assert keys["order.refund"] == "R"
    assert keys["change.undo"] == "U", "a name of version 0.1"


async def test_own_keys_work_and_lost_ones_do_nothing(session: Session) -> None:
    async with running(session, keymap=resolve({"order.cancel": "ctrl+x", "table.toggle": "x"})) as pilot:
        await press(pilot, "x")
        assert table(pilot).marks.count == 1
        await press(pilot, "space")
        assert table(pilot).marks.count == 1
        await press(pilot, "ctrl+x")
        await until(pilot, lambda: pilot.app.screen is not main(pilot))


async def test_a_key_that_the_role_does_not_allow_says_who_may(session: Session) -> None:
    session.context.person = Person("vic", Role.VIEWER)
    before = session.data_version()
    async with running(session, toasts=True) as pilot:
        for command_id, permission in NEEDS.items():
            command = find_command(command_id)
            assert command.permission is permission
            await press(pilot, command.keys.split(",")[0])
            assert pilot.app.screen is main(pilot), command_id
        await until(pilot, lambda: "vic, as a viewer, may not commit a batch; an agent or above may" in said(pilot))
        await press(pilot, "space")
        assert table(pilot).marks.count == 1, "marks are on this machine alone"
    assert session.data_version() == before
