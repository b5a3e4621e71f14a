"""A part of the screen that ends within a wide character is drawn one cell further."""

from __future__ import annotations

import pytest
from rich.segment import Segment
from textual.strip import Strip

from ordertui.operations.session import Session
from ordertui.tui.screens.base import Dialog
from ordertui.tui.widgets.whole_characters import WholeCharacters, _whole
from support.pilot import main, press, running, until


@pytest.mark.parametrize(
    ("end", "whole"),
    [(0, 0), (1, 1), (2, 2), (3, 4), (4, 4), (5, 6), (6, 6), (7, 8), (8, 8), (12, 12)],
)
def test_no_wide_character_is_cut(end: int, whole: int) -> None:
    line = {0: Strip([Segment("ab中"), Segment("国")]), 6: Strip([Segment("文d")]), 9: None}
    assert _whole(line, end) == whole


async def test_main_screen_and_dialogs_draw_so(session: Session) -> None:
    async with running(session) as pilot:
        assert isinstance(main(pilot)._compositor, WholeCharacters)
        await press(pilot, "s")
        await until(pilot, lambda: isinstance(pilot.app.screen, Dialog))
        assert isinstance(pilot.app.screen._compositor, WholeCharacters)
