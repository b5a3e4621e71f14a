"""Dialogs answer once and take any key, and what they leave is true; each case was found by random keys."""

import importlib
import pkgutil
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from textual import events
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.screen import ModalScreen
from textual.selection import Selection
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from ordertui.operations.rate.figures import Impact
from ordertui.operations.session import Session
from ordertui.tui import screens
from ordertui.tui.screens.base import Dialog
from ordertui.tui.screens.command_palette import PaletteScreen
from ordertui.tui.screens.dialogs import ChoiceScreen
from ordertui.tui.screens.preview import PreviewScreen
from ordertui.tui.widgets.line_input import MOST_CHARACTERS
from ordertui.tui.widgets.option_list import SafeOptionList
from support.pilot import burst, main, press, preview, running, settled, table, text, to_ship, until


def test_every_modal_screen_is_a_dialog() -> None:
    for module in pkgutil.iter_modules(screens.__path__):
        importlib.import_module(f"{screens.__name__}.{module.name}")
    waiting: list[type[ModalScreen[Any]]] = [ModalScreen]
    found: list[type[ModalScreen[Any]]] = []
    while waiting:
        waiting += (subclasses := waiting.pop().__subclasses__())
        found += [one for one in subclasses if one.__module__.startswith(screens.__name__)]
    assert len(found) > 8
    assert [one for one in found if not issubclass(one, Dialog)] == []


def click(pilot: Pilot[None], times: int) -> None:
    """Click on the second line of the list, so often that nothing is handled in between."""
    place = pilot.app.screen.query_one(SafeOptionList).region.offset + (2, 1)
    for kind in (events.MouseMove, *[events.MouseDown, events.MouseUp] * times):
        pilot.app.post_message(kind(None, *place, 0, 0, kind is not events.MouseMove, False, False, False, *place))


async def test_a_double_click_on_a_list_closes_only_that_list(session: Session) -> None:
    async with running(session) as pilot:
        await press(pilot, "s")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        click(pilot, 2)
        await until(pilot, lambda: pilot.app.screen is main(pilot))
        await settled(pilot)
        await to_ship(pilot)
        shown = await preview(pilot)
        await press(pilot, "e")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        click(pilot, 3)
        await until(pilot, lambda: pilot.app.screen is shown)
        await settled(pilot)
        await press(pilot, "escape")
        assert pilot.app.screen is main(pilot)
        await press(pilot, "colon")
        await until(pilot, lambda: isinstance(pilot.app.screen, PaletteScreen))
        click(pilot, 2)
        await until(pilot, lambda: not isinstance(pilot.app.screen, PaletteScreen))
        await settled(pilot)
        assert not isinstance(pilot.app.screen, (PaletteScreen, PreviewScreen))
        assert main(pilot).is_attached


@pytest.mark.parametrize("key", ["colon", "equals_sign", "o", "f"])
async def test_a_click_on_an_option_that_is_not_listed_any_more_does_nothing(session: Session, key: str) -> None:
    """A list may be filled anew between a click and the message about it; its place then names another option."""
    async with running(session) as pilot:
        await press(pilot, key)
        await until(pilot, lambda: isinstance(pilot.app.screen, Dialog))
        dialog, options = pilot.app.screen, pilot.app.screen.query_one(SafeOptionList)
        for place in (0, 999):
            dialog.post_message(OptionList.OptionSelected(options, Option("gone", id="what was there"), place))
        await settled(pilot)
        assert pilot.app.screen is dialog


@pytest.mark.parametrize("keys", [["o"], ["f"], ["s"], ["C"], ["Y"]])
async def test_page_keys_on_a_list_without_room_or_without_lines(session: Session, keys: list[str]) -> None:
    async with running(session, size=(20, 3)) as pilot:
        await burst(pilot, keys)
        await burst(pilot, ["pageup", "pagedown", "end", "pageup", "home", "pagedown"])
        await pilot.resize_terminal(80, 24)
        await burst(pilot, ["pagedown", "pageup", "escape", "escape"])
        assert pilot.app.screen is main(pilot)


def weighing_waits(session: Session, monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """What a marked set comes to is not known before this is set."""
    go, impact = threading.Event(), session.rate.calculator.impact

    def held(ids: Sequence[int]) -> Impact:
        assert go.wait(30)
        return impact(ids)

    monkeypatch.setattr(session.rate.calculator, "impact", held)
    return go


async def summed_up(pilot: Pilot[None]) -> None:
    """Wait until nothing is summed up any more; a summary may have taken the place of another."""
    await until(pilot, lambda: not any(one.is_running for one in pilot.app.workers if one.group == "panel"))


async def test_a_late_answer_does_not_hide_the_range_begun_meanwhile(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(session) as pilot:
        main(pilot).summary.summarizer.forget()
        go = weighing_waits(session, monkeypatch)
        await press(pilot, "space")
        await press(pilot, "v", "j", "j")
        await until(pilot, lambda: "range of 3" in text(pilot, "status"))
        go.set()
        await summed_up(pilot)
        await pilot.pause()
        assert "range of 3" in text(pilot, "status")
        await press(pilot, "escape")
        assert "1 marked" in text(pilot, "status")
        assert table(pilot).marks.count == 1


async def test_a_late_answer_does_not_say_that_a_view_is_read_which_is_there(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(session) as pilot:
        main(pilot).summary.summarizer.forget()
        go = weighing_waits(session, monkeypatch)
        main(pilot).view.reading_text = "looking…"
        main(pilot).summary.show()
        await until(pilot, lambda: "looking…" in text(pilot, "status"))
        main(pilot).view.reading_text = ""
        go.set()
        await summed_up(pilot)
        await until(pilot, lambda: "looking…" not in text(pilot, "status"))


async def test_a_paste_brings_only_what_can_be_read(session: Session) -> None:
    async with running(session) as pilot:
        for key, field in (("e", "field-path"), ("slash", "filter-input")):
            await press(pilot, key)
            await until(pilot, lambda field=field: pilot.app.focused is not None and pilot.app.focused.id == field)  # type: ignore[misc]
            pilot.app.post_message(events.Paste("one\x00\x1b[2J\ntwo\u202e 三"))
            await settled(pilot)
            line = pilot.app.screen.query_one(f"#{field}", Input)
            await until(pilot, lambda line=line: line.value)  # type: ignore[misc]
            assert line.value.endswith("one[2J two 三")
            pilot.app.post_message(events.Paste("x" * MOST_CHARACTERS))
            await settled(pilot)
            assert line.value.endswith("one[2J two 三"), "a line that is too long is left out whole"
            await press(pilot, "escape")
            await settled(pilot)
        assert main(pilot).is_attached


@pytest.mark.parametrize("where", ["orders", "preview"])
async def test_a_selection_of_a_text_that_became_shorter_is_no_end(session: Session, where: str) -> None:
    async with running(session) as pilot:
        if where == "preview":
            await to_ship(pilot)
            await preview(pilot)
        screen = pilot.app.screen
        words = screen.query("#status, #plan-head").first()
        below = len(str(words.render()).splitlines())
        screen.selections = {words: Selection(Offset(0, below), Offset(3, below + 2))}
        await press(pilot, "ctrl+c")
        await settled(pilot)
        assert screen.get_selected_text() is None
        screen.selections = {words: Selection(None, None)}
        assert (screen.get_selected_text() or "").strip()


async def test_a_y_typed_before_the_new_plan_was_shown_does_not_commit_it(session: Session) -> None:
    async with running(session) as pilot:
        await to_ship(pilot)
        shown = await preview(pilot)
        before = shown.plan
        await press(pilot, "j", "e")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        await burst(pilot, ["j", "enter", "y"])
        await until(pilot, lambda: shown.plan is not before)
        await settled(pilot)
        assert session.batches.find() == []
        assert pilot.app.screen is shown


async def test_enter_without_a_highlighted_choice_says_what_to_do(session: Session) -> None:
    """A reason that costs money has no first choice: Enter did nothing, and said nothing."""
    async with running(session) as pilot:
        screen = ChoiceScreen("Reason", [("a", "Apple"), ("b", "Bread")], at=None)
        answers: list[str | None] = []
        pilot.app.push_screen(screen, answers.append)
        await until(pilot, lambda: pilot.app.screen is screen)

        def told() -> str:
            return str(screen.query_one(".error", Static).content)

        await press(pilot, "enter")
        await until(pilot, lambda: "choose one first" in told())
        assert pilot.app.screen is screen
        await press(pilot, "b")
        await until(pilot, lambda: not told())
        await press(pilot, "enter")
        await until(pilot, lambda: answers == ["b"])
