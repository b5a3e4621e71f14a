"""Drive the screen in tests: a session at one moment, keys slow or in one burst, waiting for what must be true."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from types import ModuleType
from typing import Any

import pytest
from textual import events
from textual.keys import _character_to_key, key_to_character
from textual.pilot import Pilot
from textual.widgets import Static

from ordertui.operations.session import Session
from ordertui.tui.main.app import OrderTuiApp
from ordertui.tui.main.screen import MainScreen
from ordertui.tui.screens.dialogs import FormScreen
from ordertui.tui.screens.preview import PreviewScreen
from ordertui.tui.widgets.order_table import OrderTable

LONGEST = 60.0
"""Seconds after which what is waited for did not come: the machine may be busy."""
NO_BACKDROP = ".dialog-screen { background: $background !important; }"
"""Style with which the screen behind a dialog is not drawn, which takes a tenth of the CPU of the tests of dialogs."""


async def until(pilot: Pilot[None], true: Callable[[], object]) -> None:
    """Wait until it is so, and then until what was on its way to any widget arrived."""
    if not true():
        await _look_until(pilot, true)
        await pilot.pause(0)


async def _look_until(pilot: Pilot[None], true: Callable[[], object]) -> None:
    end = time.monotonic() + LONGEST
    while not true():
        assert time.monotonic() < end, f"never came true; the screen is {pilot.app.screen}"
        await asyncio.sleep(0.004)  # not `pilot.pause`, which draws the screen and messages every widget each time


@asynccontextmanager
async def running(
    session: Session, size: tuple[int, int] = (120, 40), *, toasts: bool = False, **more: Any
) -> AsyncIterator[Pilot[None]]:
    app = OrderTuiApp(session, **more)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(OrderTuiApp, "CSS", NO_BACKDROP)
        async with app.run_test(size=size, notifications=toasts) as pilot:
            count = session.orders.count(without_fba=True)
            await until(pilot, lambda: len(table(pilot).ids) == count)
            await settled(pilot)
            yield pilot


def main(pilot: Pilot[None]) -> MainScreen:
    screen = pilot.app.screen_stack[0]
    assert isinstance(screen, MainScreen)
    return screen


def table(pilot: Pilot[None]) -> OrderTable:
    return main(pilot).query_one(OrderTable)


def at_order(pilot: Pilot[None], order_id: str) -> bool:
    """Tell whether the cursor is on an order."""
    row = table(pilot).cursor_row
    return row is not None and row.order_id == order_id


def text(pilot: Pilot[None], name: str) -> str:
    return str(main(pilot).query_one(f"#{name}", Static).content)


def said(pilot: Pilot[None]) -> str:
    """What the screen says for a while, newest last. Only a screen that runs with `toasts=True` says anything."""
    assert not pilot.app._disable_notifications, "running(..., toasts=True): without it nothing is ever said"
    return "\n".join(str(toast.render()) for toast in pilot.app.screen.query("Toast"))


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Type each key when the one before had its effect."""
    for key in keys:
        send(pilot, key)
        arrived = asyncio.Event()
        pilot.app.call_later(arrived.set)  # behind the key
        await _look_until(pilot, arrived.is_set)
        await settled(pilot)


def send(pilot: Pilot[None], key: str) -> None:
    """Give the app a key as its driver does, and wait for nothing: `pilot.press` guesses thrice when its effect was."""
    name = _character_to_key(key) if len(key) == 1 and not key.isalnum() else key
    pilot.app.post_message(events.Key(name, key if len(key) == 1 else key_to_character(name)))


async def to_ship(pilot: Pilot[None]) -> None:
    await press(pilot, "2")
    await until(pilot, lambda: len(table(pilot).ids) == 6)


async def preview(pilot: Pilot[None], key: str = "x") -> PreviewScreen:
    await press(pilot, key)
    await until(pilot, lambda: isinstance(pilot.app.screen, PreviewScreen))
    screen = pilot.app.screen
    assert isinstance(screen, PreviewScreen)
    return screen


async def commit_preview(pilot: Pilot[None], *, asked: bool) -> None:
    """Press `y` in the preview on the screen, and type the number of orders, which must be asked for as `asked` says.

    Returns when the keys were typed: that the batch is there is for the caller to wait for.
    """
    screen = pilot.app.screen
    assert isinstance(screen, PreviewScreen)
    count = screen.plan.typed_count
    assert (count is not None) == asked, (count, screen.plan.typed_why)
    await press(pilot, "y")
    if count is not None:
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        await settled(pilot)
        await press(pilot, *str(count), "enter")


def fake_copy(monkeypatch: pytest.MonkeyPatch, module: ModuleType) -> list[str]:
    """Let a module copy into a list, which is returned."""
    copied: list[str] = []

    def copy(_app: object, text: str, what: str) -> str:
        copied.append(text)
        return f"{what} copied"

    monkeypatch.setattr(module, "copy", copy)
    return copied


def idle(pilot: Pilot[None]) -> bool:
    """Whether no key waits or is on its way, and nothing holds them."""
    app = pilot.app
    assert isinstance(app, OrderTuiApp)
    return app.keys.is_idle


async def settled(pilot: Pilot[None]) -> None:
    """Wait until every key typed so far had its effect, and all widgets took in and drew what came of it."""
    await _look_until(pilot, lambda: idle(pilot))
    await pilot.pause()


async def burst(pilot: Pilot[None], keys: Iterable[str]) -> None:
    """Type these without waiting for anything, as a paste or a slow line does."""
    for key in keys:
        character = key_to_character(key)
        pilot.app.post_message(events.Key(key, character))
    await pilot.pause()
    await settled(pilot)
