"""The screen in other languages: switched while it runs, and a made-up one whose texts are long and wide."""

from __future__ import annotations

import pytest

from ordertui.messages import CHINESE, ENGLISH, current_language, use_catalog
from ordertui.operations.session import Session
from ordertui.tui.widgets.key_hints import KeyHints
from support.languages import PseudoCatalog
from support.pilot import main, press, running, text, until


def hints(pilot: object) -> str:
    return str(main(pilot).query_one(KeyHints).render())  # type: ignore[arg-type]


async def test_the_language_is_switched_and_back_without_a_restart(session: Session) -> None:
    async with running(session) as pilot:
        assert "cancel" in hints(pilot)
        await press(pilot, "colon", *"language", "space", *"zh", "enter")
        await until(pilot, lambda: current_language() == CHINESE)
        await until(pilot, lambda: "标记" in text(pilot, "status"))
        assert "取消订单" in hints(pilot)
        await until(pilot, lambda: "取消率" in text(pilot, "rate"))
        await until(pilot, lambda: "买家" in text(pilot, "detail"))
        await press(pilot, "f2")
        await until(pilot, lambda: "mark" in text(pilot, "status"))
        assert current_language() == ENGLISH
    assert current_language() == ENGLISH


async def test_leaving_the_screen_leaves_its_language(session: Session) -> None:
    async with running(session, language=CHINESE) as pilot:
        assert "取消订单" in hints(pilot)
    assert current_language() == ENGLISH


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 15)])
async def test_long_and_wide_texts_cut_off_nothing_essential(session: Session, size: tuple[int, int]) -> None:
    """Ids whole, a word of the state in each row, help among the hints, lines no wider than the screen."""
    async with running(session, size) as pilot:
        use_catalog("en_XA", PseudoCatalog())
        screen = main(pilot)
        screen.action_run("see.refresh")
        screen.table.rerender()
        await pilot.pause()
        strips = [strip.text for strip in (screen.table.render_line(y) for y in range(1, 6))]
        ids = [row.order_id for row in session.orders.rows(screen.table.ids[:5]).values()]
        assert [one for one in ids if not any(one in strip for strip in strips)] == []
        assert "?" in hints(pilot)
        assert screen.query_one(KeyHints).render().cell_length <= size[0]
        assert all(strip.cell_length <= size[0] for strip in (screen.table.render_line(y) for y in range(6)))
