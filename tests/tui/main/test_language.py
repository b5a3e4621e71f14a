"""The screen in other languages: switched while it runs, and a made-up one whose texts are long and wide."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path

import pytest
from textual.widgets import Static

from ordertui.messages import CHINESE, ENGLISH, current_language, use_catalog
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from ordertui.tui.main.app import OrderTuiApp, run
from ordertui.tui.widgets.key_hints import KeyHints
from support.batches import commit
from support.languages import PseudoCatalog
from support.pilot import main, press, running, said, send, settled, text, until
from support.walks import build_shop, english_in, lines, walk


def hints(pilot: object) -> str:
    return str(main(pilot).query_one(KeyHints).render())  # type: ignore[arg-type]


async def test_the_language_is_switched_and_back_without_a_restart(session: Session) -> None:
    async with running(session, toasts=True) as pilot:
        assert "cancel" in hints(pilot)
        await press(pilot, "colon", *"language", "space", *"zh", "enter")
        await until(pilot, lambda: current_language() == CHINESE)
        await until(pilot, lambda: "标记" in text(pilot, "status"))
        assert "取消订单" in hints(pilot)
        await until(pilot, lambda: "取消率" in text(pilot, "rate"))
        await until(pilot, lambda: "买家" in text(pilot, "detail"))
        await press(pilot, "s", "f2")
        await until(pilot, lambda: "F2 在主界面切换语言" in said(pilot))
        assert current_language() == CHINESE, "a dialog says where it is switched"
        await press(pilot, "escape", "f2")
        await until(pilot, lambda: "mark" in text(pilot, "status"))
        assert current_language() == ENGLISH
    assert current_language() == ENGLISH


async def test_what_is_typed_is_explained_in_the_new_language(session: Session) -> None:
    async with running(session) as pilot:
        await press(pilot, "slash", *"late")
        note = main(pilot).query_one("#filter-note", Static)
        await until(pilot, lambda: "late" in str(note.render()))
        await press(pilot, *(["backspace"] * 4))
        await until(pilot, lambda: "all orders of this queue" in str(note.render()))
        await press(pilot, "f2")
        await until(pilot, lambda: "此队列" in str(note.render()))
        await press(pilot, "f2")
        await until(pilot, lambda: "all orders of this queue" in str(note.render()))


async def test_leaving_the_screen_leaves_its_language(session: Session) -> None:
    async with running(session, language=CHINESE) as pilot:
        assert "取消订单" in hints(pilot)
    assert current_language() == ENGLISH


@pytest.mark.parametrize("keys", [[], ["f2"]], ids=["english", "switched"])
def test_what_is_said_after_leaving_is_in_the_language_of_the_screen(
    session: Session, keys: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def visit(app: OrderTuiApp) -> None:
        async with app.run_test() as pilot:
            await settled(pilot)
            await press(pilot, *keys)
            send(pilot, "q")  # after it nothing is idle any more

    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setattr(OrderTuiApp, "run", lambda app, mouse: asyncio.run(visit(app)))
    commit(session, Action.CANCEL, 5)
    heard: list[str] = []
    assert run(session, say=heard.append) == 0
    english = "is held until 06:20 PST; written when ordertui is\n  open, or by `ordertui dispatch`"
    chinese = "批次 1（取消，1 个订单）保留到 06:20 PST；届时由打开着的 ordertui 或 `ordertui\n  dispatch` 写出文件"
    assert heard == [f"batch 1 (cancel, 1 order) {english}" if not keys else chinese]
    assert current_language() == ENGLISH


WALK = (
    "2", "enter", "question_mark", "colon", "x", "x question_mark", "x i", "x E", "a x y", "c", "o", "o question_mark",
    "o G enter", "o r", "o u", "P", "P question_mark", "equals_sign", "equals_sign right", "equals_sign right right",
    "equals_sign right right right", "equals_sign left", "equals_sign left left left", "comma", "s", "C",
    "C question_mark", "f", "N", "g", "F", "plus",
    "slash s t a t u colon x", "m", "exclamation_mark", "Y", "e", "i", "i question_mark", "I", "w", "d", "b",
    "full_stop", "z", "vertical_line", "3 x", "8 r", "6 u", "9", "0",
)  # fmt: skip
"""Keys from the main screen to each dialog there is, and to what the main screen says for a while."""


@pytest.fixture
def shop(tmp_path: Path, clock: FixedClock) -> Session:
    return build_shop(tmp_path, clock)


async def test_no_dialog_shows_english_on_a_chinese_screen(shop: Session) -> None:
    """Nor signs as in English sentences."""
    found = []
    async with running(shop, (110, 36), toasts=True, language=CHINESE) as pilot:
        async for keys in walk(pilot, WALK):
            found += [f"{keys}: {one}" for one in english_in(lines(pilot))]
    assert found == [], "\n".join(found)


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


PLACES = ("2 x", "o", "o G enter", "P", "question_mark", "C", "N", "enter", "6 u")


@pytest.mark.parametrize("size", [(120, 40), (80, 24), (60, 15)])
async def test_long_and_wide_texts_leave_what_a_dialog_is_about(shop: Session, size: tuple[int, int]) -> None:
    """The orders of the preview and of a batch by their whole ids, the key that closes, a place for what is asked."""
    order_id_there = re.compile(r"\b111-\d{7}-\d{7}\b")
    async with running(shop, size) as pilot:
        use_catalog("en_XA", PseudoCatalog())
        async for keys in walk(pilot, PLACES):
            text = "\n".join(lines(pilot))
            assert re.search("[EÉ]s[cç]", text), f"{keys}: no key that closes\n{text}"
            if keys in ("2 x", "o G enter", "enter", "6 u"):
                assert order_id_there.search(text), f"{keys}: no order id\n{text}"
            if keys == "o":
                assert "◷" in text, text
                assert "✗ réfúséd" in text, text
