"""Every dialog under the mouse, under pastes and sizes: nothing fails, the keys have a place, nothing is committed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual import events
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widget import Widget

from ordertui.messages import CHINESE, ENGLISH
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.tui.main.app import OrderTuiApp
from ordertui.tui.render.format import GAP
from ordertui.tui.screens.base import Dialog, DialogKeys
from ordertui.tui.screens.dialogs import FormScreen, TextScreen
from ordertui.tui.screens.order_view import OrderScreen
from ordertui.tui.screens.outbox import OutboxScreen
from ordertui.tui.screens.preview import PreviewScreen
from ordertui.tui.screens.progress import AskingScreen
from ordertui.tui.widgets.filter_bar import FilterInput
from ordertui.tui.widgets.key_hints import key_at
from ordertui.tui.widgets.option_list import SafeOptionList
from support.pilot import main, press, preview, running, settled, table, until
from support.profile import LONG
from support.walks import build_shop, lines, walk

PLACES = (
    "2", "slash", "enter", "8 enter", "question_mark", "colon", "colon l a", "2 x", "2 x question_mark", "2 x i",
    "2 x e", "2 x E", "2 x F", "r", "c", "s", "S", "N", "o", "o G enter", "o r", "o R", "o i", "o question_mark", "P",
    "P p", "P n", "P n enter", "equals_sign", "comma", "C", "f", "f s", "g", "plus", "minus", "F", "3 m", "Y", "e",
    "exclamation_mark", "i", "i slash", "w", "w 3 enter", "6 u",
)  # fmt: skip
"""Keys from the main screen to each dialog, and to each state of it that has widgets of its own."""
SOME = ("2 x", "o", "i")
NO_HINTS = ("nothing", "没有")
"""Begin what stands in place of a key that does nothing."""
SIZE = (80, 24)
STEP = (27, 6)
WIDE = (40, 9)
"""The grid of all places, but in the long profile."""
"""Cells from one click to the next, in both directions."""
LONG_TEXT = "117-0000000-0000001\r\nsku:A* late\n\x1b[31m" + "水筒 y\n" * 3_000
SIZES = ((60, 15), (30, 8), (200, 60), SIZE)


@pytest.fixture
def shop(tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch) -> Session:
    monkeypatch.chdir(tmp_path)
    return build_shop(tmp_path, clock)


def mouse(pilot: Pilot[None], kind: type[events.MouseEvent], place: Offset, button: int = 1) -> None:
    pilot.app.post_message(kind(None, *place, 0, 0, button, False, False, False, *place))


def click(pilot: Pilot[None], place: Offset, times: int = 1) -> None:
    mouse(pilot, events.MouseMove, place, 0)
    for _ in range(times):
        mouse(pilot, events.MouseDown, place)
        mouse(pilot, events.MouseUp, place)


def drag(pilot: Pilot[None], place: Offset) -> None:
    mouse(pilot, events.MouseDown, place)
    for end in (place + (3, 2), place + (0, 4)):
        mouse(pilot, events.MouseMove, end)
    mouse(pilot, events.MouseUp, place + (0, 4))


def wheel(pilot: Pilot[None], place: Offset) -> None:
    for kind in (events.MouseScrollDown, events.MouseScrollDown, events.MouseScrollUp):
        mouse(pilot, kind, place, 0)


def paste(pilot: Pilot[None], pasted: str) -> None:
    pilot.app.post_message(events.Paste(pasted))


def does_what_a_key_does(pilot: Pilot[None], place: Offset) -> bool:
    """Whether a click there is meant as a key, which may change something."""
    screen = pilot.app.screen
    named: list[Widget] = [*screen.query(DialogKeys), *screen.query("#hints, #detail")]
    return any(one.region.contains_point(place) for one in named)


def grid(pilot: Pilot[None], step: tuple[int, int]) -> Iterator[Offset]:
    width, height = pilot.app.size
    for y in range(1, height, step[1]):
        for x in range(y % step[0], width, step[0]):
            yield Offset(x, y)


def changes(session: Session) -> int:
    """Records of the audit: each change of the store has one. Reading a report is what a double click on it is for."""
    return sum(entry.kind != "import" for entry in session.context.store.audit.entries())


def flaw(pilot: Pilot[None], had: Widget | None, screen: Screen[object]) -> str:
    """What is wrong with the screen after something was done to it; empty when nothing is."""
    app = pilot.app
    assert isinstance(app, OrderTuiApp)
    wrong = [one.text for one in app._messages.newest_first() if "should not happen" in one.text]
    if wrong:
        return wrong[0]
    if app.screen is screen and had is not None and screen.focused is None:
        return "the keys have no place"
    return ""


class Attack:
    """What is done at one place, and what went wrong."""

    def __init__(self, pilot: Pilot[None], session: Session, keys: str) -> None:
        self.pilot, self.session, self.keys = pilot, session, keys
        self.found: list[str] = []
        self._records = changes(session)

    async def begin(self) -> None:
        """Go to the place, from wherever that is."""
        screen = main(self.pilot)
        while self.pilot.app.screen is not screen:
            await press(self.pilot, "escape")
        await press(self.pilot, "escape", "escape")
        screen.table.marks.clear()
        screen.view.show_queue("all")
        screen.table.action_home()
        await press(self.pilot, *self.keys.split())
        await until(self.pilot, lambda: not isinstance(self.pilot.app.screen, AskingScreen))
        await settled(self.pilot)

    async def do(self, what: str, act: Callable[[], None]) -> None:
        """Do something, look, and go back if it led elsewhere."""
        screen, had = self.pilot.app.screen, self.pilot.app.screen.focused
        act()
        await settled(self.pilot)
        wrong = flaw(self.pilot, had, screen)
        if changes(self.session) != self._records:
            wrong = "the store was changed"
        if wrong:
            self.found.append(f"{self.keys}: {what}: {wrong}")
        if self.pilot.app.screen is not screen or screen.focused is not had:
            await self.begin()

    async def mouse(self, step: tuple[int, int]) -> None:
        """Turn, drag and click at the places of a grid."""
        for name, act in (
            ("wheel", wheel),
            ("drag", drag),
            ("click", click),
            ("double click", partial(click, times=2)),
        ):
            await self.begin()
            for place in grid(self.pilot, step):
                if act is wheel or not does_what_a_key_does(self.pilot, place):
                    await self.do(f"{name} at {place}", partial(act, self.pilot, place))

    async def pastes(self) -> None:
        """Paste what is too long, has line breaks, or would answer a question if it were typed."""
        for pasted in (LONG_TEXT, "y\n"):
            await self.begin()
            await self.do(f"paste of {pasted[:9]!r}", partial(paste, self.pilot, pasted))

    async def sizes(self) -> None:
        """Make the terminal small, too small, large, and as it was."""
        await self.begin()
        for size in SIZES:
            await self.pilot.resize_terminal(*size)
            await until(self.pilot, partial(has_size, self.pilot, size))
            await self.do(f"size {size}", lambda: None)


def has_size(pilot: Pilot[None], size: tuple[int, int]) -> bool:
    return tuple(pilot.app.screen.size) == size


async def attack(session: Session, places: Sequence[str], step: tuple[int, int]) -> list[str]:
    found = []
    async with running(session, SIZE) as pilot:
        for keys in places:
            one = Attack(pilot, session, keys)
            await one.mouse(step)
            await one.pastes()
            await one.sizes()
            found += one.found
    return found


async def test_nothing_fails_and_nothing_is_committed(shop: Session) -> None:
    assert await attack(shop, SOME, STEP) == []


@pytest.mark.long
@pytest.mark.parametrize("part", range(8 if LONG else 4))
async def test_nothing_fails_and_nothing_is_committed_anywhere(shop: Session, part: int) -> None:
    assert await attack(shop, PLACES[part::8], STEP if LONG else WIDE) == []


@pytest.mark.parametrize("language", [ENGLISH, pytest.param(CHINESE, marks=pytest.mark.long)])
async def test_every_hint_of_a_dialog_names_a_key_that_it_takes(shop: Session, language: str) -> None:
    async with running(shop, language=language) as pilot:
        async for keys in walk(pilot, PLACES):
            await settled(pilot)
            screen = pilot.app.screen
            hints = [hint for line in screen.query(DialogKeys) for hint in line._keys.split(GAP)]
            named = {hint: key_at(hint, 0) for hint in hints}
            assert all(key is not None or hint.startswith(NO_HINTS) for hint, key in named.items()), (keys, named)
            more = [key for key, _words in screen._more_keys()] if isinstance(screen, Dialog) else []
            taken = {*screen.active_bindings, *more, "enter", "g"}  # the last two of fields to type in
            assert {key.key for key in named.values() if key is not None} <= taken, keys


@pytest.mark.parametrize(("hint", "cell", "key"), [
    ("y commit 7", 0, "y"), ("y commit 7", 6, "y"), ("J K more of the text", 2, "K"), ("J K more of the text", 6, "J"),
    ("Enter, Esc: no", 1, "enter"), ("Enter, Esc: no", 8, "escape"), ("Enter, Esc: no", 12, "enter"),
    ("← → other facts", 2, "right"), (". other files", 0, "full_stop"), ("nothing to commit", 0, None),
])  # fmt: skip
def test_the_key_of_a_hint(hint: str, cell: int, key: str | None) -> None:
    found = key_at(hint, cell)
    assert (None if found is None else found.key) == key


def cell_of(pilot: Pilot[None], words: str) -> Offset:
    """The first cell of words on the screen."""
    for y, line in enumerate(lines(pilot)):
        if words in line:
            return Offset(cell_len(line[: line.index(words)]), y)
    raise AssertionError(f"{words!r} is not shown: {lines(pilot)}")


async def test_a_preview_is_read_and_committed_with_the_mouse(shop: Session) -> None:
    async with running(shop) as pilot:
        await press(pilot, "2")
        shown = await preview(pilot)
        count = len(shop.batches.find())
        click(pilot, cell_of(pilot, "i details"))
        await until(pilot, lambda: isinstance(pilot.app.screen, TextScreen))
        await settled(pilot)
        click(pilot, cell_of(pilot, "Esc close"))
        await until(pilot, lambda: pilot.app.screen is shown)
        await settled(pilot)
        click(pilot, cell_of(pilot, "y commit"))
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        assert len(shop.batches.find()) == count, "the number is asked for"
        await press(pilot, *str(shown.plan.typed_count))
        click(pilot, cell_of(pilot, "Enter commit"))
        await until(pilot, lambda: len(shop.batches.find()) == count + 1)
        await until(pilot, lambda: pilot.app.screen is main(pilot))


async def test_the_second_half_of_a_double_click_is_not_meant_for_what_the_first_opened(
    shop: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A double click on a choice opened the order that the table has under it."""
    monkeypatch.setattr(OrderTuiApp, "CLICK_CHAIN_TIME_THRESHOLD", 1_000.0)
    async with running(shop) as pilot:
        await press(pilot, "s")
        await settled(pilot)
        place = pilot.app.screen.query_one(SafeOptionList).region.offset + (2, 1)
        assert table(pilot).region.contains_point(place)
        click(pilot, place)
        await until(pilot, lambda: pilot.app.screen is main(pilot))
        await settled(pilot)
        cursor = table(pilot).cursor
        click(pilot, place)
        await settled(pilot)
        assert pilot.app.screen is main(pilot)
        assert table(pilot).cursor == cursor


async def test_lists_move_open_and_mark(shop: Session) -> None:
    async with running(shop) as pilot:
        await press(pilot, "o")
        await settled(pilot)
        batches = pilot.app.screen.query_one("#batches", SafeOptionList)
        click(pilot, batches.region.offset + (9, 1))
        await until(pilot, lambda: batches.highlighted == 1)
        await settled(pilot)
        assert not pilot.app.screen.has_class("-in-rows"), "so that a click on a hint can follow"
        click(pilot, batches.region.offset + (9, 2), times=2)
        await until(pilot, lambda: pilot.app.screen.has_class("-in-rows"))
        await press(pilot, "escape", "escape", "equals_sign")
        await until(pilot, lambda: pilot.app.screen.query_one(SafeOptionList).option_count > 2)
        values = pilot.app.screen.query_one(SafeOptionList)
        click(pilot, values.region.offset + (0, 1))
        await until(pilot, lambda: table(pilot).marks.count == 6)


async def test_what_the_main_screen_says_is_clicked(shop: Session) -> None:
    async with running(shop) as pilot:
        await press(pilot, "2", "j", "space")
        await settled(pilot)
        click(pilot, cell_of(pilot, "● 1 marked"))
        await until(pilot, lambda: main(pilot).view.request.queue == "marked")
        await settled(pilot)
        click(pilot, cell_of(pilot, "◷ 1 held"))
        await until(pilot, lambda: isinstance(pilot.app.screen, OutboxScreen))
        await press(pilot, "escape", "M")
        click(pilot, cell_of(pilot, "filter:"))
        await until(pilot, lambda: pilot.app.screen.query_one(FilterInput).has_focus)
        await settled(pilot)
        assert not main(pilot).filter_bar.has_class("-idle")
        await press(pilot, "escape", "2")
        click(pilot, cell_of(pilot, "x cancel   yes"))
        await until(pilot, lambda: isinstance(pilot.app.screen, PreviewScreen))
        await press(pilot, "escape")
        click(pilot, cell_of(pilot, "Enter: reasons"))
        await until(pilot, lambda: isinstance(pilot.app.screen, OrderScreen))
        await press(pilot, "escape")
        click(pilot, cell_of(pilot, "[b]") + (1, 0))
        await until(pilot, lambda: shop.orders.count("request:message") == 1)
