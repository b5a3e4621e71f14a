"""Each screen at three sizes, in two languages, dark, light and without colours: drawn, and looked at cell by cell.

The pictures in `tests/tui/snapshots` show how the main ones look; this holds for all of them what must be true of any.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from rich.segment import Segment
from textual.color import Color
from textual.pilot import Pilot

from ordertui.messages import CHINESE, ENGLISH
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.tui.main.screen import MainScreen
from ordertui.tui.screens.base import Dialog
from ordertui.tui.themes import DARK, LIGHT
from support.colours import ratio
from support.dialogs import dialogs
from support.pilot import main, running, settled, until
from support.walks import HALF_WIDTH, NO_WORDS, build_shop, lines, strips, walk

SIZES = ((120, 40), (80, 24), (60, 15))
PLACES = {
    "MainScreen": "2", "OrderScreen": "enter", "HelpScreen": "question_mark", "PaletteScreen": "colon",
    "PreviewScreen": "2 x", "DialogHelpScreen": "2 x question_mark", "ChoiceScreen": "s", "FormScreen": "N",
    "OutboxScreen": "o", "ConfirmScreen": "o r", "RateScreen": "P", "OrdersScreen": "P n",
    "ValuesScreen": "equals_sign",
    "ColumnsScreen": "C", "ViewsScreen": "f", "GoScreen": "g", "FilterScreen": "plus", "MessageScreen": "3 m",
    "MessageLogScreen": "exclamation_mark", "PickerScreen": "i", "ShortageScreen": "w 3 enter", "TextScreen": "x i",
}  # fmt: skip
"""A place of each class of screen. RefundEditorScreen and the like are FormScreens."""
MAIN = ("MainScreen", "PreviewScreen", "OutboxScreen", "RateScreen")
LEGIBLE = 3.9
"""Contrast that every word has at least, also on the highlighted line of a list; `READABLE` holds for the colours of
the themes."""
PASSING = frozenset({"AskingScreen", "ProgressScreen"})
"""Shown while something is worked out."""


@pytest.fixture
def shop(tmp_path: Path, clock: FixedClock) -> Session:
    return build_shop(tmp_path, clock)


def test_every_screen_has_a_place() -> None:
    assert {MainScreen.__name__, *(one.__name__ for one in dialogs())} - PASSING == set(PLACES)


def flaws(pilot: Pilot[None], language: str, *, colours: bool) -> Iterator[str]:
    """Yield what is wrong with the picture on the screen."""
    shown = lines(pilot)
    width, height = pilot.app.size
    if len(shown) != height or {strip.cell_length for strip in strips(pilot)} != {width}:
        yield "lines are missing, or not as wide as the terminal"
    if not any(re.search(r"\bEsc\b|\?", line) for line in shown):
        yield "no key that closes it or lists the keys"
    if language == CHINESE:  # English words: `test_no_dialog_shows_english_on_a_chinese_screen`
        for line in shown:
            words = NO_WORDS.sub("", line)
            yield from (f"half-width {found!r}: {line}" for found in HALF_WIDTH.findall(words))
    yield from unreadable(pilot, colours=colours)


def unreadable(pilot: Pilot[None], *, colours: bool) -> Iterator[str]:
    """Yield words of the uppermost dialog that can hardly be read, or that have a colour where none is wanted."""
    screen = pilot.app.screen
    region = screen.query_one(".dialog").region if isinstance(screen, Dialog) else screen.region
    for y, strip in enumerate(strips(pilot)):
        if not region.y <= y < region.bottom:
            continue
        for segment in strip.crop(region.x, region.right):
            yield from _unreadable(segment, colours=colours)


def _unreadable(segment: Segment, *, colours: bool) -> Iterator[str]:
    text, style = segment.text.strip(), segment.style
    if style is None or not re.search(r"\w", text) or style.color is None or style.bgcolor is None:
        return
    front, back = Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)
    if style.reverse:
        front, back = back, front
    if ratio(front, back) < LEGIBLE:
        yield f"{text!r} has contrast {ratio(front, back):.1f}"
    if not colours and (len({front.r, front.g, front.b}) > 1 or len({back.r, back.g, back.b}) > 1):
        yield f"{text!r} has a colour"


def has_size(pilot: Pilot[None], size: tuple[int, int]) -> bool:
    return tuple(pilot.app.screen.size) == size


async def look(
    session: Session, places: list[str], language: str, monkeypatch: pytest.MonkeyPatch, *, colours: bool
) -> list[str]:
    """Return what is wrong at these places, at every size and, with colours, in both themes."""
    found: list[str] = []
    if not colours:
        monkeypatch.setenv("NO_COLOR", "1")
    async with running(session, SIZES[0], language=language) as pilot:
        async for keys in walk(pilot, places):
            for size in SIZES:
                await pilot.resize_terminal(*size)
                await until(pilot, partial(has_size, pilot, size))
                await settled(pilot)
                for theme in (DARK.name, LIGHT.name) if colours else (DARK.name,):
                    pilot.app.theme = theme
                    await pilot.pause()
                    picture = f"{keys} at {size[0]}x{size[1]}, {theme if colours else 'no colour'}, {language}"
                    found += [f"{picture}: {flaw}" for flaw in flaws(pilot, language, colours=colours)]
            await pilot.resize_terminal(*SIZES[0])
            pilot.app.theme = DARK.name
            await settled(pilot)
            if keys == PLACES["MainScreen"]:
                main(pilot).view.show_queue("all")
    return found


async def test_the_main_screens_are_whole_and_readable(shop: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    assert await look(shop, [PLACES[one] for one in MAIN], CHINESE, monkeypatch, colours=True) == []


@pytest.mark.long
@pytest.mark.parametrize("colours", [True, False], ids=["colours", "none"])
@pytest.mark.parametrize("language", [ENGLISH, CHINESE])
async def test_every_screen_is_whole_and_readable(
    shop: Session, language: str, colours: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = await look(shop, list(PLACES.values()), language, monkeypatch, colours=colours)
    assert found == [], "\n".join(found)


@pytest.mark.parametrize("wait", [True, False], ids=["seen", "at once"])
async def test_every_screen_keeps_the_place_of_its_keys_through_a_terminal_too_small(shop: Session, wait: bool) -> None:
    """What is hidden loses the keys: Textual gives them to nobody, or to a neighbour."""
    async with running(shop) as pilot:
        async for keys in walk(pilot, [*PLACES.values(), "slash"]):
            await settled(pilot)
            had = pilot.app.screen.focused
            await pilot.resize_terminal(30, 8)
            if wait:
                await until(pilot, partial(has_size, pilot, (30, 8)))
                await settled(pilot)
            await pilot.resize_terminal(*SIZES[0])
            await until(pilot, partial(has_size, pilot, SIZES[0]))
            await settled(pilot)
            assert pilot.app.screen.focused is had, keys


async def test_the_line_of_the_cursor_is_reversed_without_colours(
    shop: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With 16 colours, or none, its background is that of the other lines."""
    monkeypatch.setenv("NO_COLOR", "1")
    async with running(shop) as pilot:
        async for keys in walk(pilot, ["2 x", "s", "o", "o enter", "P n", "equals_sign", "colon", "i"]):
            await settled(pilot)
            here = pilot.app.screen.query_one(".dialog").region
            shown = [strip.crop(here.x, here.right) for strip in strips(pilot)[here.y : here.bottom]]
            assert any(one.style and one.style.reverse and one.text.strip() for line in shown for one in line), keys
