"""`?` in every dialog lists its keys, each with a sentence."""

from __future__ import annotations

import inspect

import pytest
from textual.actions import parse
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.screen import Screen
from textual.widgets import Static

from ordertui.messages import CHINESE, translate
from ordertui.operations.session import Session
from ordertui.orders.enums import Action
from ordertui.tui.screens.base import Dialog
from ordertui.tui.screens.dialog_help import KEYS, PLAIN_WORDS, DialogHelpScreen
from ordertui.tui.widgets.option_list import SafeOptionList
from support.batches import commit
from support.dialogs import dialogs
from support.languages import speaking
from support.pilot import press, running, until
from support.shops import order_id


def test_every_key_of_every_dialog_has_a_sentence() -> None:
    found = list(dialogs())
    assert len(found) > 10
    silent = []
    for one in found:
        for binding in one.__dict__.get("BINDINGS", ()):
            assert isinstance(binding, Binding)
            destination, name, _ = parse(binding.action)
            if destination != "app" and not inspect.getdoc(getattr(one, f"action_{name}")):
                silent.append(f"{one.__name__}.{name}")
    assert silent == []


@pytest.mark.parametrize("widget", [Screen, SafeOptionList])
def test_what_textual_says_of_its_keys_is_translated(widget: type[Screen[object] | SafeOptionList]) -> None:
    bindings = [binding for one in widget.__mro__ for binding in one.__dict__.get("BINDINGS", ())]
    names = {parse(Binding(*one).action if isinstance(one, tuple) else one.action)[1] for one in bindings}
    actions = [getattr(widget, f"action_{name}") for name in names if hasattr(widget, f"action_{name}")]
    said = {(inspect.getdoc(action) or "").split("\n")[0].rstrip(".") for action in actions}
    assert said
    with speaking(CHINESE):
        assert [text for text in sorted(said) if text and translate(PLAIN_WORDS.get(text, text)) == text] == []


@pytest.mark.parametrize(
    ("keys", "title", "key", "sentence"),
    [
        (("o",), "Outbox", "U", "Mark the file of the batch as uploaded, or undo that"),
        (("o", "r"), "Release batch 1 now?", "w", "write its files now"),
        (("2", "x"), "Preview", "y", "Commit the plan; the batch is held first"),
        (("C",), "Columns", "r", "Go back to the columns that the width of the terminal chooses"),
        (("f",), "Saved views", "s", "Save what is shown now; a view of the same name is replaced"),
        (("i",), "Import report files, or a processing report", "/", "Type a path"),
        (("P",), "Cancellation rate", "r", "List the orders that Amazon is about to cancel by itself"),
        (("enter",), f"Order {order_id(6)}", "y", "Copy the order id"),
        (("s",), "Sort by", "↓ j", "Down"),
        (("s",), "Sort by", "a letter", "Go to the next line that begins with it"),
    ],
)
async def test_a_question_mark_shows_the_keys_and_closes_them(
    session: Session, keys: tuple[str, ...], title: str, key: str, sentence: str
) -> None:
    commit(session, Action.CANCEL, 6)
    async with running(session) as pilot:
        await press(pilot, *keys)
        await until(pilot, lambda: isinstance(pilot.app.screen, Dialog))
        below = pilot.app.screen
        await press(pilot, "question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, DialogHelpScreen))
        words = [line for one in pilot.app.screen.query(Static) for line in str(one.content).split("\n")]
        assert words[0] == f"Keys: {title}"
        assert f"{key:<{KEYS - 1}} {sentence}" in words
        if title in ("Outbox", "Saved views"):
            assert not any(line.startswith("a letter") for line in words), "no line of it begins with a letter"
        await press(pilot, "question_mark")
        await until(pilot, lambda: pilot.app.screen is below)


async def test_a_text_goes_to_its_ends(session: Session) -> None:
    async with running(session, size=(60, 15)) as pilot:
        await press(pilot, "o", "question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, DialogHelpScreen))
        body = pilot.app.screen.query_one(VerticalScroll)
        await until(pilot, lambda: body.max_scroll_y > 0)
        for last, first in (("G", "g"), ("end", "home")):
            await press(pilot, last)
            await until(pilot, lambda: body.scroll_y == body.max_scroll_y)
            await press(pilot, first)
            await until(pilot, lambda: body.scroll_y == 0)
