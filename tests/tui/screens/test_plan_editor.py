"""The plan editor: what a retry refuses; what it changes is in test_preview.py."""

from __future__ import annotations

from pathlib import Path

import pytest

from ordertui.orders.enums import Action
from ordertui.tui.main.app import OrderTuiApp
from ordertui.tui.screens.plan_editor import RETRY_STAYS
from ordertui.tui.screens.preview import PreviewOptions, PreviewScreen
from support.batches import plan, session_of
from support.pilot import press, running, settled, until


@pytest.mark.parametrize(
    ("action", "number", "keys"), [(Action.CANCEL, 1, "oFfeE "), (Action.REFUND, 11, "meE ")], ids=["cancel", "refund"]
)
async def test_a_retry_stays_as_it_was_sent_whatever_is_pressed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, action: Action, number: int, keys: str
) -> None:
    heard: list[str] = []
    monkeypatch.setattr(PreviewScreen, "notify", lambda _screen, text, **_more: heard.append(text))
    session = session_of(tmp_path / "shop")
    made = plan(session, action, number)
    assert len(made.rows) == 1
    async with running(session) as pilot:
        assert isinstance(pilot.app, OrderTuiApp)
        screen = PreviewScreen(session, pilot.app.keys, made, PreviewOptions(choices=None))
        pilot.app.push_screen(screen)
        await until(pilot, lambda: pilot.app.screen is screen)
        await settled(pilot)
        for pressed, key in enumerate(keys, start=1):
            await press(pilot, "space" if key == " " else key)
            assert pilot.app.screen is screen, "nothing is asked"
            assert heard == [RETRY_STAYS] * pressed
            assert screen.plan is made
