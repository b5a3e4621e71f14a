"""One registry: what the keys do, what help, palette, footer and docs say of them, and the operator's own keys."""

from pathlib import Path

from ordertui.operations.session import Session
from ordertui.tui.actions import ALL_ACTIONS, NO_KEY, hints, keys_page
from ordertui.tui.keymap import read_keymap, resolve
from ordertui.tui.main.screen import MainScreen
from ordertui.tui.screens.help import help_text
from ordertui.tui.widgets.order_table import OrderTable
from support.pilot import main, press, running, table, until

DOCS = Path(__file__).parents[2] / "docs" / "keys.md"


def test_the_docs_page_is_the_registry() -> None:
    assert DOCS.read_text(encoding="utf-8") == keys_page(), "run: python scripts/write_keys.py"


def test_every_action_can_be_done() -> None:
    for action in ALL_ACTIONS:
        owner = OrderTable if action.id.startswith("table.") else MainScreen
        assert hasattr(owner, f"action_{action.action.partition('(')[0]}"), action.id


def test_help_and_footer_say_what_the_registry_says() -> None:
    words = help_text("", width=500).plain
    assert all(action.description in words for action in ALL_ACTIONS)
    assert len({action.id for action in ALL_ACTIONS}) == len(ALL_ACTIONS)
    assert len(hints()) == 8
    mine = resolve({"app.help": "f1"})
    assert hints(mine.actions)[-1] == ("f1", "help")
    assert "f1" in help_text("", mine.actions, 500).plain


def test_the_operators_key_wins_and_the_loser_is_named() -> None:
    found = resolve({"order.cancel": ["ctrl+x", "a"], "find.filter": "f"})
    keys = {action.id: action.keys for action in found.actions}
    assert keys["order.cancel"] == "ctrl+x,a"
    assert keys["table.all"] == NO_KEY
    assert keys["find.views"] == NO_KEY
    assert any("table.all" in problem and "order.cancel" in problem for problem in found.problems)


def test_what_cannot_be_read_is_named_and_the_rest_holds(tmp_path: Path) -> None:
    path = tmp_path / "keys.toml"
    path.write_text('"order.cancle" = "x"\n"app.quit" = 7\n"app.help" = "h"\n"see.theme" = "h"\n', encoding="utf-8")
    found = read_keymap(path)
    said = "\n".join(found.problems)
    assert "did you mean order.cancel?" in said
    assert "app.quit needs a key" in said
    assert "given to app.help and to see.theme" in said
    assert {a.id: a.keys for a in found.actions}["app.help"] == "h"
    path.write_text("not toml", encoding="utf-8")
    assert len(read_keymap(path).problems) == 1
    assert read_keymap(tmp_path / "none.toml").problems == ()


async def test_own_keys_work_and_lost_ones_do_nothing(session: Session) -> None:
    async with running(session, keymap=resolve({"order.cancel": "ctrl+x", "table.toggle": "x"})) as pilot:
        await press(pilot, "x")
        assert table(pilot).marks.count == 1
        await press(pilot, "space")
        assert table(pilot).marks.count == 1
        await press(pilot, "ctrl+x")
        await until(pilot, lambda: pilot.app.screen is not main(pilot))
