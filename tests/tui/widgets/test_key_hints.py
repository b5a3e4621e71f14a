"""The hints at the foot: as many as the width has room for, help always, and a click does what the key does."""

from __future__ import annotations

import pytest

from ordertui.operations.session import Session
from ordertui.tui.actions import hints
from ordertui.tui.screens.help import HelpScreen
from ordertui.tui.widgets.key_hints import KeyHints, fitting
from support.pilot import main, preview, running, settled, table, to_ship, until


@pytest.mark.parametrize(("width", "some"), [
    (120, ("space mark", "1-9 queue", "/ filter", "Enter open", "c confirm", "i import", "o outbox", "q quit",
           "? help")),
    (80, ("space mark", "x cancel", "u undo", "1-9 queue", "? help")),
    (60, ("space mark", "x cancel", "? help")),
    (20, ("? help",)),
])  # fmt: skip
def test_as_many_as_fit(width: int, some: tuple[str, ...]) -> None:
    shown = [f"{hint.key} {hint.label}" for hint in fitting(hints(), width)]
    assert set(some) <= set(shown)
    assert len("  ".join(shown)) <= width
    assert shown[-1] == "? help"


async def test_a_click_does_what_the_key_does(session: Session) -> None:
    async with running(session) as pilot:
        await to_ship(pilot)
        line = str(main(pilot).query_one(KeyHints).render())
        await pilot.click("#hints", offset=(line.index("space"), 0))
        await until(pilot, lambda: table(pilot).marks.count == 1)
        await pilot.click("#hints", offset=(line.index("queue"), 0))
        await settled(pilot)
        assert main(pilot).view.request.queue == "to_ship", "not one key: nothing happens"
        await pilot.click("#hints", offset=(line.index("help"), 0))
        await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
        await pilot.press("escape")
        await settled(pilot)
        await preview(pilot)
