"""An import is undone from the screen: found by name, said before, refused with the reason, marks follow."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList

from ordertui.operations.session import Session
from ordertui.orders.clock import HOUR, FixedClock
from ordertui.orders.enums import Action
from ordertui.orders.people import Person, Role
from ordertui.tui.screens import task_runner
from ordertui.tui.screens.base import Dialog
from ordertui.tui.screens.dialogs import ChoiceScreen, ConfirmScreen
from support.batches import commit
from support.pilot import main, press, running, said, settled, table, until
from support.reports import write
from support.shops import ALL_ORDERS, NOW, UNSHIPPED, all_orders_row, open_session, order_id, unshipped_row


def bring_in(session: Session, path: Path, numbers: range, status: str = "Unshipped") -> None:
    """Import an All Orders report of these orders, newer than the ones before."""
    updated = NOW - HOUR + len(session.newest_imports(9))
    rows = [all_orders_row(number, status, updated=updated) for number in numbers]
    session.imports.import_files([write(path, ALL_ORDERS, rows)])


@pytest.fixture
def shop(tmp_path: Path) -> Session:
    """Orders 1 to 4, then 3 to 6, of which 3 and 4 are shipped by then."""
    session = open_session(tmp_path / "shop", clock=FixedClock(NOW))
    bring_in(session, tmp_path / "first.txt", range(1, 5))
    bring_in(session, tmp_path / "wrong.txt", range(3, 7), "Shipped")
    return session


def row_id(session: Session, number: int) -> int:
    found = session.orders.id_of(order_id(number))
    assert found is not None
    return found


def dialog_text(pilot: Pilot[None]) -> str:
    screen = pilot.app.screen
    assert isinstance(screen, Dialog)
    options = [str(option.prompt) for box in screen.query(OptionList) for option in box.options]
    return "\n".join([*(str(one.render()) for one in screen.query("Static, Title")), *options])


async def open_list(pilot: Pilot[None]) -> None:
    await press(pilot, "colon", *"undo imp", "enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
    await settled(pilot)


async def test_the_newest_import_is_undone_and_its_orders_and_marks_go(shop: Session) -> None:
    async with running(shop, toasts=True) as pilot:
        main(pilot).table.marks.add([row_id(shop, 1), row_id(shop, 5)])
        main(pilot).marks.remember_set()
        gone = row_id(shop, 5)
        await open_list(pilot)
        shown = dialog_text(pilot)
        assert "2  Nov 23 06:05  wrong.txt\n  all orders, 2 new orders, 2 changed\n  undone: 2 orders go" in shown
        assert "1  Nov 23 06:05  first.txt\n  all orders, 4 new orders, 0 changed\n  undone: 2 orders go" in shown
        assert "2 orders stay as they are" in shown, "the second import names orders 3 and 4 again"
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        shown = dialog_text(pilot)
        assert "Undo import 2, wrong.txt?" in shown
        assert "2 orders go: no other report names them." in shown
        assert "2 orders become as before it." in shown
        assert "1 of those that go is marked: its mark goes too." in shown
        await press(pilot, "enter")
        await settled(pilot)
        assert len(shop.orders.find("")) == 6, "Enter alone undoes nothing"
        await open_list(pilot)
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await press(pilot, "y")
        await until(pilot, lambda: len(table(pilot).ids) == 4)
        await settled(pilot)
        assert "import 2 (wrong.txt) is undone: 2 orders are gone, 2 orders are as before it" in said(pilot)
        marks = table(pilot).marks
        assert list(marks) == [row_id(shop, 1)]
        await press(pilot, "L")
        assert gone not in marks
        while marks.undo():
            assert gone not in marks, "no undo marks an order that is not there"
    rows = shop.orders.rows([row_id(shop, number) for number in (3, 4)])
    assert {row.status for row in rows.values()} == {"unshipped"}


async def test_the_import_before_says_which_orders_stay_and_why(shop: Session) -> None:
    async with running(shop, toasts=True) as pilot:
        await press(pilot, "colon", *"undo-import", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        await press(pilot, "down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        assert f"Why they stay: named again by import 2: 2 orders ({order_id(3)}, {order_id(4)})" in dialog_text(pilot)
        await press(pilot, "y")
        await until(pilot, lambda: len(table(pilot).ids) == 4)
        assert "not undone: named again by import 2: 2 orders" in said(pilot)


async def test_one_that_cannot_be_undone_says_why_and_the_list_stays(shop: Session, tmp_path: Path) -> None:
    shop.imports.import_files([write(tmp_path / "open.txt", UNSHIPPED, [unshipped_row(1), unshipped_row(2)])])
    commit(shop, Action.CANCEL, 1)
    before = shop.data_version()
    async with running(shop) as pilot:
        await open_list(pilot)
        await press(pilot, "down", "down", "enter")
        await until(pilot, lambda: "Import 1, first.txt, cannot be undone: after it order" in dialog_text(pilot))
        shown = dialog_text(pilot)
        assert "was committed in batch 1; while the batch is held, `u` on the screen or `ordertui undo 1`" in shown
        assert pilot.app.screen.query_one(OptionList).highlighted == 2
        await press(pilot, "escape")
        await until(pilot, lambda: pilot.app.screen is main(pilot))
    assert shop.data_version() == before


async def test_a_long_undo_shows_a_bar_that_escape_stops(shop: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_runner, "SHOWN_FROM", 1)
    undo = shop.undo_import
    shown: list[str] = []

    async with running(shop, toasts=True) as pilot:

        def stopped_undo(number: int, stop: object) -> object:
            pilot.app.call_from_thread(lambda: shown.append(dialog_text(pilot)))
            return undo(number, lambda: True)

        monkeypatch.setattr(shop, "undo_import", stopped_undo)
        await open_list(pilot)
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await press(pilot, "y")
        await until(pilot, lambda: "stopped; nothing was undone" in said(pilot))
    assert "Undoing import 2" in shown[0]
    assert len(shop.orders.find("")) == 6


async def test_nothing_is_asked_where_it_may_not_be_done(shop: Session, tmp_path: Path) -> None:
    shop.context.person = Person("ada", Role.AGENT)
    async with running(shop, toasts=True) as pilot:
        await press(pilot, "colon", *"undo-import", "enter")
        await until(pilot, lambda: "ada, as an agent, may not undo an import; a lead or above may" in said(pilot))
        assert pilot.app.screen is main(pilot)
    shop.close()
    with open_session(tmp_path / "shop", read_only=True) as session:
        async with running(session, toasts=True) as pilot:
            await press(pilot, "colon", *"undo-import", "enter")
            await until(pilot, lambda: "read-only" in said(pilot))
            assert pilot.app.screen is main(pilot)


async def test_an_empty_store_says_that_nothing_was_imported(tmp_path: Path) -> None:
    with open_session(tmp_path / "new") as session:
        async with running(session, toasts=True) as pilot:
            await press(pilot, "colon", *"undo-import", "enter")
            await until(pilot, lambda: "no report file was imported into this store yet" in said(pilot))
