"""Commands typed after `:`: read, refused in words, completed, remembered; `g` finds a part of an id."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from ordertui.operations.errors import UnknownChoice
from ordertui.operations.session import Session
from ordertui.rules.language import FilterError, parse
from ordertui.tui.screens.command_palette import PaletteScreen
from ordertui.tui.screens.typed_commands import VERBS, CommandReader
from ordertui.tui.screens.values import ValuesScreen
from support.pilot import main, press, running, said, settled, table, text, until
from support.shops import order_id

READER = CommandReader(lambda text: parse(text, now=0, zone="UTC", marks=True), ["my view"])


@pytest.mark.parametrize(("text", "verb", "argument"), [
    ("late", "late", ""),
    ("to-ship ", "to-ship", ""),
    ("queue 3", "queue", "3"),
    ("sort ship-by", "sort", "ship-by"),
    ("sort status, -total", "sort", "status, -total"),
    ("filter   sku:A*  late", "filter", "sku:A* late"),
    ("filter ", "filter", ""),
    ("view my view", "view", "my view"),
    ("columns order total:12", "columns", "order total:12"),
])  # fmt: skip
def test_a_line_is_read(text: str, verb: str, argument: str) -> None:
    found = READER.read(text)
    assert found is not None
    assert (found.verb, found.argument) == (verb, argument)


@pytest.mark.parametrize("text", ["", "cancel", "sort", "sort ", "filter", "late now", "queue"])
def test_what_is_no_whole_command_is_none(text: str) -> None:
    assert READER.read(text) is None


@pytest.mark.parametrize(
    "text", ["queue 12", "queue nothing", "sort pirce", "view yours", "columns title price", "values x"]
)
def test_a_wrong_argument_is_refused_with_what_can_be_typed(text: str) -> None:
    with pytest.raises(UnknownChoice):
        READER.read(text)


def test_a_wrong_filter_is_refused() -> None:
    with pytest.raises(FilterError):
        READER.read("mark statsu:unshipped")


@pytest.mark.parametrize(("text", "some"), [
    ("so", ["sort "]),
    ("la", ["late"]),
    ("queue bu", ["queue buyer-asked"]),
    ("sort -tot", ["sort -total"]),
    ("sort status,pl", ["sort status,placed"]),
    ("filter late sta", ["filter late status:", "filter late state:"]),
    ("columns order to", ["columns order total"]),
    ("view m", ["view my view"]),
])  # fmt: skip
def test_lines_are_completed(text: str, some: list[str]) -> None:
    assert set(some) <= set(READER.complete(text))


def test_every_completion_is_read_or_completed_further() -> None:
    for verb in VERBS:
        for line in READER.complete(f"{verb} "):
            if not line.endswith((":", " or", " not")):
                READER.read(line)


async def typed(pilot: Pilot[None], text: str) -> None:
    await press(pilot, "colon")
    await until(pilot, lambda: isinstance(pilot.app.screen, PaletteScreen))
    pilot.app.screen.query_one(Input).value = text
    await press(pilot, "enter")
    await settled(pilot)


async def test_what_is_typed_is_done(session: Session) -> None:
    async with running(session, toasts=True) as pilot:
        view = main(pilot).view
        await typed(pilot, "late")
        assert view.request.queue == "late"
        await typed(pilot, "queue 2")
        assert view.request.queue == "to_ship"
        await typed(pilot, "sort -total,placed")
        assert view.request.order == (("total", True), ("placed", False))
        await typed(pilot, "filter total>1")
        assert view.request.filter == "total>1"
        await typed(pilot, "filter ")
        assert view.request.filter == ""
        await typed(pilot, "mark status:unshipped")
        assert table(pilot).marks.count == session.orders.count("status:unshipped")
        await typed(pilot, "unmark late")
        assert table(pilot).marks.count == session.orders.count("status:unshipped -late")
        await typed(pilot, "columns order total")
        assert view.request.keys == ("order", "total")
        await typed(pilot, "values status")
        await until(pilot, lambda: isinstance(pilot.app.screen, ValuesScreen))
        await press(pilot, "space")
        await until(pilot, lambda: not table(pilot).marks.count)
        await until(pilot, lambda: "no marks" in text(pilot, "status"))  # though the dialog is still open
        await press(pilot, "space")
        await until(pilot, lambda: table(pilot).marks.count)
        await until(pilot, lambda: "marked · USD" in text(pilot, "status"))
        await press(pilot, "escape")
        assert session.workspace.commands()[-1] == "values status"


async def test_actions_are_still_found_by_name(session: Session) -> None:
    async with running(session) as pilot:
        await typed(pilot, "sort")
        assert "Sort by" in str(pilot.app.screen.query("Title").first().render())


async def test_the_word_of_a_command_is_the_command(session: Session) -> None:
    """`marks` alone inverted the marks of all that was shown: an action with that word in its help came first."""
    async with running(session, toasts=True) as pilot:
        await typed(pilot, "marks")
        assert not isinstance(pilot.app.screen, PaletteScreen)
        assert table(pilot).marks.count == 0
        await until(pilot, lambda: "the store is a file" in said(pilot))
        await typed(pilot, "queue")
        assert pilot.app.screen.query_one(Input).value == "queue ", "its argument is still to be typed"


async def test_history_tab_and_errors_in_the_palette(session: Session) -> None:
    async with running(session) as pilot:
        await typed(pilot, "sort total")
        await press(pilot, "colon")
        await until(pilot, lambda: isinstance(pilot.app.screen, PaletteScreen))
        options, entry = pilot.app.screen.query_one(OptionList), pilot.app.screen.query_one(Input)
        assert "sort total" in str(options.get_option_at_index(0).prompt)
        await press(pilot, *"que", "tab")
        assert entry.value == "queue "
        await press(pilot, "x")
        note = pilot.app.screen.query_one("#palette-note", Static)
        assert "buyer-asked" in str(note.content)
        await press(pilot, "enter")
        assert isinstance(pilot.app.screen, PaletteScreen), "a wrong command stays open"
        await press(pilot, "backspace", *"la", "tab", "enter")
        await settled(pilot)
        assert main(pilot).view.request.queue == "late"


async def test_an_unknown_word_is_told_with_the_nearest_and_does_nothing(session: Session) -> None:
    async with running(session) as pilot:
        await press(pilot, "colon", *"mrak", "space", *"late", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, PaletteScreen))
        palette = pilot.app.screen
        note, options = palette.query_one("#palette-note", Static), palette.query_one(OptionList)

        def offered() -> list[str]:
            return [str(option.prompt).strip() for option in options.options]

        assert str(note.content) == "no action or command is called 'mrak'; the nearest are below, ↓ chooses one"
        assert offered()[0].startswith("mark late"), "with what was typed after it"
        assert (options.highlighted, pilot.app.screen) == (None, palette), "Enter takes nothing that is only similar"
        await press(pilot, "down", "enter")
        assert table(pilot).marks.count == session.orders.count("late")
        await press(pilot, "colon")
        await until(pilot, lambda: isinstance(pilot.app.screen, PaletteScreen))
        await press(pilot, *"qqzzqq")
        note = pilot.app.screen.query_one("#palette-note", Static)
        assert str(note.content) == "no action or command is called 'qqzzqq', and none nearly so"
        await press(pilot, "ctrl+u", *"late", "space", *"now")
        assert str(note.content) == "'late' takes nothing after it"
        await press(pilot, "ctrl+u", *"late")
        assert str(note.content) == "", "it is one"
        await press(pilot, "escape", "f2", "colon")
        await until(pilot, lambda: isinstance(pilot.app.screen, PaletteScreen))
        await press(pilot, *"取消定单")
        note, options = pilot.app.screen.query_one("#palette-note", Static), pilot.app.screen.query_one(OptionList)
        assert str(note.content) == "没有名为“取消定单”的操作或命令；最接近的列在下面，用 ↓ 选择"
        assert "取消已标记的订单" in offered()[0]


async def test_a_part_of_an_id_is_found(session: Session) -> None:
    async with running(session, toasts=True) as pilot:
        wanted = order_id(3)
        await settled(pilot)
        await press(pilot, "g", *wanted[-7:], "enter")
        await until(pilot, lambda: "in the id" in said(pilot))
        await settled(pilot)
        row = table(pilot).cursor_row
        assert row is not None
        assert wanted[-7:] in row.order_id
        await press(pilot, "g", *"9999999", "enter")
        await until(pilot, lambda: "no order id has 9999999" in said(pilot))
        main(pilot).view.apply_filter("status:shipped")
        await settled(pilot)
        await press(pilot, "g", *wanted[-7:], "enter")
        await settled(pilot)
        assert session.orders.id_of(wanted) in table(pilot).ids
