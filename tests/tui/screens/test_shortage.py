"""The shortage sheet: asked for by key and by name, orders moved across, weighed again, marked and saved."""

from __future__ import annotations

import threading
from collections.abc import Collection
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from ordertui.operations.session import Session
from ordertui.operations.shortage.service import ShortageDraft
from ordertui.operations.shortage.sheet import ShortageSheet
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Dispatched
from ordertui.rules.shortage import Why
from ordertui.store import StoreError
from ordertui.tui.screens import base
from ordertui.tui.screens.dialogs import ChoiceScreen, FormScreen, TextScreen
from ordertui.tui.screens.shortage import ShortageScreen
from ordertui.tui.widgets.line_list import LineList
from support.pilot import press, running, said, settled, table, until
from support.shops import NOW, all_orders_row, bring, item_id, open_session, order_id, unshipped_row


@pytest.fixture
def mugs(tmp_path: Path) -> Session:
    """Orders 1 to 5 with a MUG each; 2 and 4 have a CUP too. The buyer of 3 requested cancellation."""
    session = open_session(tmp_path / "shop", clock=FixedClock(NOW))
    lines = sorted([(n, 1, "MUG") for n in range(1, 6)] + [(n, 2, "CUP") for n in (2, 4)])
    bring(
        session,
        tmp_path,
        everything=[all_orders_row(n, sku=sku) for n, _, sku in lines],
        open_=[
            unshipped_row(n, "true" if n == 3 else "false", sku=sku, order_item_id=item_id(n, line))
            for n, line, sku in lines
        ],
    )
    return session


async def typed(pilot: Pilot[None], line: str) -> None:
    await press(pilot, "colon")
    pilot.app.screen.query_one(Input).value = line
    await press(pilot, "enter")


async def sheet_screen(pilot: Pilot[None]) -> ShortageScreen:
    await until(pilot, lambda: isinstance(pilot.app.screen, ShortageScreen))
    screen = pilot.app.screen
    assert isinstance(screen, ShortageScreen)
    await until(pilot, lambda: screen.query("#shortage-list"))
    return screen


async def weighed(pilot: Pilot[None], screen: ShortageScreen) -> None:
    await settled(pilot)
    await until(pilot, lambda: not screen.is_weighing)


def reasons(screen: ShortageScreen) -> dict[str, Why]:
    return {row.order_id: row.reason for row in screen.sheet.rows}


def chosen(screen: ShortageScreen) -> set[str]:
    return {row.order_id for row in screen.sheet.chosen}


def head(screen: ShortageScreen) -> str:
    return str(screen.query_one("#shortage-head", Static).content)


async def go_to(pilot: Pilot[None], screen: ShortageScreen, order: str) -> None:
    await press(pilot, "g", *["j"] * [row.order_id for row in screen.sheet.rows].index(order))


async def test_from_the_cursor_to_marks(mugs: Session) -> None:
    """Asked for by its key; an order moved across is pinned, others take its place; the chosen are marked."""
    async with running(mugs, toasts=True) as pilot:
        table(pilot).go_to(mugs.orders.id_of(order_id(1)) or 0)
        await press(pilot, "w")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        await press(pilot, "x", "enter")
        assert isinstance(pilot.app.screen, FormScreen), "no number: it stays open"
        await press(pilot, "3", "enter")
        screen = await sheet_screen(pilot)
        assert "MUG: 5 ordered, 3 on hand, 2 missing" in head(screen)
        assert reasons(screen)[order_id(3)] is Why.REQUESTED
        (free,) = chosen(screen) - {order_id(3)}
        assert all(row.why.startswith(("chosen because ", "kept because ")) for row in screen.sheet.rows)

        await go_to(pilot, screen, free)
        await press(pilot, "space")
        await weighed(pilot, screen)
        assert reasons(screen)[free] is Why.BY_HAND
        assert free not in chosen(screen)
        assert len(chosen(screen)) == 2, "another one takes its place"
        await go_to(pilot, screen, free)
        await press(pilot, "u")
        await weighed(pilot, screen)
        assert free in chosen(screen)
        assert Why.BY_HAND not in reasons(screen).values()

        await press(pilot, "y")
        await until(pilot, lambda: table(pilot).marks.count == 2)
        assert {row.order_id for row in mugs.orders.rows(table(pilot).marks.ids()).values()} == {free, order_id(3)}
        await until(pilot, lambda: "2 orders marked; x cancels them" in said(pilot))


async def test_a_pin_that_makes_it_impossible_says_so(mugs: Session) -> None:
    async with running(mugs) as pilot:
        await typed(pilot, "shortage MUG 0")
        screen = await sheet_screen(pilot)
        assert len(chosen(screen)) == 5
        await press(pilot, "g", "space", "space")
        await weighed(pilot, screen)
        assert len(chosen(screen)) == 3
        assert "MUG: 2 units still missing: 2 units in 2 orders that you keep" in head(screen)
        await press(pilot, "U")
        await weighed(pilot, screen)
        assert "still missing" not in head(screen)


async def test_a_file_its_prefill_details_and_the_saved_sheet(mugs: Session, tmp_path: Path) -> None:
    stock = tmp_path / "stock.tsv"
    stock.write_text("sku\tavailable\nMUG\t4\nCUP\t0\n", encoding="utf-8")
    async with running(mugs, toasts=True) as pilot:
        await typed(pilot, f"shortage {stock}")
        screen = await sheet_screen(pilot)
        assert {order_id(2), order_id(4)} <= chosen(screen)
        await press(pilot, "i")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextScreen))
        await press(pilot, "escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextScreen))
        await press(pilot, "escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        await press(pilot, "w")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        pilot.app.screen.query_one(Input).value = str(tmp_path / "sheet.tsv")
        await press(pilot, "enter")
        await until(pilot, lambda: (tmp_path / "sheet.tsv").exists())
        ids = (tmp_path / "sheet.ids.txt").read_text(encoding="utf-8").split()
        assert set(ids) == chosen(screen)
        table_text = (tmp_path / "sheet.tsv").read_text(encoding="utf-8")
        assert all(row.order_id in table_text and row.why in table_text for row in screen.sheet.rows)
        await until(pilot, lambda: pilot.app.screen is screen)
        await press(pilot, "escape")

        table(pilot).go_to(mugs.orders.id_of(order_id(2)) or 0)
        await press(pilot, "w")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        assert pilot.app.screen.query_one(Input).value == "4", "as the file said of MUG"
        await press(pilot, "escape")
        await typed(pilot, "shortage none.tsv")
        await until(pilot, lambda: "none.tsv: no file" in said(pilot))
        await typed(pilot, "shortage NOTHING 3")
        await until(pilot, lambda: "no unshipped order waits for NOTHING" in said(pilot))


async def test_an_answer_older_than_the_last_move_is_dropped(mugs: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first weighing is slow, and a second order is moved meanwhile: no sheet of one move is ever shown."""
    weigh, slow, shown = ShortageDraft.weigh, threading.Event(), list[ShortageSheet]()

    def weigh_slowly(self: ShortageDraft, *, cancel: Collection[int] = (), keep: Collection[int] = ()) -> ShortageSheet:
        if len(keep) == 1:
            assert slow.wait(30)
        return weigh(self, cancel=cancel, keep=keep)

    async with running(mugs) as pilot:
        await typed(pilot, "shortage MUG 2")
        screen = await sheet_screen(pilot)
        monkeypatch.setattr(ShortageDraft, "weigh", weigh_slowly)
        first, second = (row.order_id for row in screen.sheet.rows[:2])
        await press(pilot, "g", "space", "space", "y")
        await settled(pilot)
        assert pilot.app.screen is screen, "nothing is marked before the moves are weighed"
        assert screen.is_weighing
        show = screen.query_one(LineList).show

        def remember(count: int, cursor: int) -> None:
            shown.append(screen.sheet)
            show(count, cursor)

        monkeypatch.setattr(screen.query_one(LineList), "show", remember)
        slow.set()
        await weighed(pilot, screen)
        moved = {row.id for row in screen.sheet.rows if row.order_id in (first, second)}
        assert shown
        assert all(moved <= one.result.kept.keys() for one in shown)
        assert {order for order, why in reasons(screen).items() if why is Why.BY_HAND} == {first, second}


async def test_a_change_meanwhile_moves_nothing_until_it_is_asked_for(
    mugs: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that came while the first sheet was weighed."""
    monkeypatch.setattr(base, "LOOK_SECONDS", 0.01)
    real = ShortageDraft.weigh

    def weigh(draft: ShortageDraft, **moved: Collection[int]) -> ShortageSheet:
        with open_session(tmp_path / "shop") as other:
            other.facts.set_dispatched([other.orders.id_of(order_id(5)) or 0], Dispatched.YES)
        return real(draft, **moved)

    monkeypatch.setattr(ShortageDraft, "weigh", weigh)
    async with running(mugs) as pilot:
        await typed(pilot, "shortage MUG 2")
        screen = await sheet_screen(pilot)
        title = screen.query_one(base.Title)
        await until(pilot, lambda: "orders changed: R weighs them as they are now" in str(title.content))
        monkeypatch.setattr(ShortageDraft, "weigh", real)
        before = screen.sheet
        await press(pilot, "space", "home")
        await weighed(pilot, screen)
        moved, under = before.rows[0].order_id, screen.sheet.rows[screen.query_one(LineList).cursor].order_id
        assert order_id(5) in reasons(screen), "read once"
        assert under != order_id(5)
        with monkeypatch.context() as broken:
            broken.setattr(mugs.shortage, "draft", lambda _available: (_ for _ in ()).throw(StoreError("no disk")))
            await press(pilot, "R")
            assert "orders changed" in str(title.content), "what is shown is as old as before"
        await press(pilot, "R")
        await until(pilot, lambda: order_id(5) not in reasons(screen))
        assert str(title.content) == "Shortage"
        assert reasons(screen)[moved] is Why.BY_HAND
        assert screen.sheet.rows[screen.query_one(LineList).cursor].order_id == under
