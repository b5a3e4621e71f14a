"""A store that fails at every read while the screen is open: a line says so, nothing ends, and all of it comes back."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.timer import Timer
from textual.widget import Widget

import ordertui.tui
from ordertui.operations.config import Config
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.store import StoreError
from ordertui.store.engine.sqlite import SqliteEngine
from ordertui.tui.main.screen import REST_LOOKS
from support.pilot import main, press, running, said, table, until
from support.walks import build_shop, lines

TUI = Path(ordertui.tui.__file__).parent
READS = ("query", "stream", "execute", "change_token")
DAMAGE = "orders.db: disk I/O error"
DIALOGS = ("2 x", "o", "o enter", "P", "equals_sign", "w 3 enter", "3 m", "N", "f", "C", "i", "s", "colon", "g")
"""Keys that open dialogs: each is opened while all is well, and is left open when the store begins to fail."""
KEYS = (
    "down end home enter n p escape space a A z + - , M L . x r c m w u d D b N escape slash l a t e enter escape F s "
    "enter escape g 1 enter escape escape ctrl+o f escape = escape 0 1 2 9 s escape [ ] H C escape B p P n r d escape "
    "escape T | J K o enter tab u a x r R y U i escape t s escape escape y Y escape O e escape i escape ! escape R"
)


class Failing:
    """Lets every read of every connection raise while `is_on`."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.is_on = False
        for name in READS:
            patch.setattr(SqliteEngine, name, self._failing(getattr(SqliteEngine, name)))

    def _failing(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **more: Any) -> Any:
            if self.is_on:
                raise StoreError(DAMAGE)
            return real(*args, **more)

        return call


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> Failing:
    """Return what lets reads fail; what is called again and again is called so often that no test waits for it."""
    real = Widget.set_interval

    def soon(self: Widget, seconds: float, callback: Callable[[], None], **more: Any) -> Timer:
        return real(self, min(seconds, 0.02), callback, **more)

    monkeypatch.setattr(Widget, "set_interval", soon)
    return Failing(monkeypatch)


async def go_on(pilot: Pilot[None], failing: Failing, count: int) -> None:
    """Let the store be read again, and see that all is there."""
    failing.is_on = False
    while pilot.app.screen is not main(pilot):
        await press(pilot, "escape")
    await press(pilot, "1")
    await until(pilot, lambda: len(table(pilot).ids) == count and " can" in "".join(lines(pilot)))


async def test_no_timer_ends_the_screen(tmp_path: Path, clock: FixedClock, failing: Failing) -> None:
    async with running(build_shop(tmp_path, clock), toasts=True) as pilot:
        count = len(table(pilot).ids)
        for keys in ("2", "2 x", "o enter", "P", "w 3 enter"):
            await press(pilot, *keys.split())
            pilot.app.clear_notifications()
            await until(pilot, lambda: not said(pilot))
            failing.is_on = True
            clock.advance(120)
            await until(pilot, lambda: DAMAGE in said(pilot))
            await press(pilot, "enter")
            assert pilot.app.is_running, keys
            await go_on(pilot, failing, count)


@pytest.mark.long
async def test_no_key_ends_the_screen(tmp_path: Path, clock: FixedClock, failing: Failing) -> None:
    async with running(build_shop(tmp_path, clock), toasts=True) as pilot:
        failing.is_on = True
        for key in KEYS.split():
            await press(pilot, key)
            assert pilot.app.is_running, key


@pytest.mark.long
async def test_no_key_of_a_dialog_ends_the_screen(tmp_path: Path, clock: FixedClock, failing: Failing) -> None:
    async with running(build_shop(tmp_path, clock), toasts=True) as pilot:
        count = len(table(pilot).ids)
        for keys in DIALOGS:
            await press(pilot, *keys.split())
            failing.is_on = True
            await press(pilot, *["enter", "down", "space", "tab", "x", "y", "escape", "escape", "escape"])
            assert pilot.app.is_running, keys
            await go_on(pilot, failing, count)


async def test_an_order_that_cannot_be_judged_hides_no_change_of_others(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its error comes back each time that it is drawn; what others did was not looked at as long as it did."""
    session = build_shop(tmp_path, clock)
    async with running(session) as pilot:
        screen, row = main(pilot), table(pilot).cursor_row
        assert row is not None
        with Session.open(session.directory / "orders.db", clock=clock, config=Config()) as other:
            other.facts.set_note([row.id], "waits")
        monkeypatch.setattr(session.eligibility, "deadline", lambda _row: 1 // 0)
        screen._rows.context(row)
        screen._looks = REST_LOOKS
        with pytest.raises(ZeroDivisionError):
            screen._look()
        assert screen._version == session.data_version()
        found = table(pilot).cursor_row
        assert found is not None
        assert found.note == "waits"


def test_every_timer_of_the_screen_shows_its_errors() -> None:
    found = {
        str(path.relative_to(TUI))
        for path in TUI.rglob("*.py")
        if re.search(r"\.(set_interval|set_timer)\(", path.read_text("utf-8"))
    }
    assert found == {"screens/errors.py", "key_queue.py", "terminal.py", "main/app.py"}, "the last three read no store"
