"""The mouse on the table."""

from pathlib import Path

import pytest
from textual import events
from textual.widgets import Static

from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.tui.screens.order_view import OrderScreen
from ordertui.tui.screens.rate import RateScreen
from ordertui.tui.widgets.order_table import OrderTable
from support.pilot import main, press, running, settled, table, text, until
from support.shops import all_orders_row, bring, open_session


async def test_click_marks_in_the_gutter_and_moves_elsewhere(session: Session) -> None:
    async with running(session) as pilot:
        await pilot.click(OrderTable, offset=(10, 5))
        assert table(pilot).cursor == 4
        assert table(pilot).marks.count == 0
        await pilot.click(OrderTable, offset=(1, 3))
        assert list(table(pilot).marks.ids()) == [table(pilot).ids[2]]
        await pilot.click(OrderTable, offset=(10, 8), shift=True)
        assert table(pilot).marks.count == 6, "from the cursor to the click"
        await pilot.click(OrderTable, offset=(10, 2), times=2)
        await until(pilot, lambda: isinstance(pilot.app.screen, OrderScreen))


async def test_a_drag_marks_what_it_covers(session: Session) -> None:
    async with running(session) as pilot:
        view = table(pilot)

        def at(kind: type[events.MouseEvent], y: int, button: int = 1) -> None:
            place = view.region.offset + (10, y)
            pilot.app.post_message(kind(None, *place, 0, 0, button, False, False, False, *place))

        at(events.MouseMove, 9, button=0)
        at(events.MouseDown, 2)
        for y in (3, 5, 6):
            at(events.MouseMove, y)
        await until(pilot, lambda: view.range_size == 5)
        assert view.marks.count == 0
        at(events.MouseUp, 6)
        await until(pilot, lambda: view.marks.count == 5)
        assert list(view.marks.ids()) == sorted(view.ids[1:6])


async def test_a_click_on_a_header_sorts_and_on_a_queue_opens_it(session: Session) -> None:
    async with running(session) as pilot:
        await pilot.click(OrderTable, offset=(5, 0))
        await settled(pilot)
        assert main(pilot).view.request.order == (("order", False),)
        await pilot.click("#queues", offset=(14, 0))
        await settled(pilot)
        assert main(pilot).view.request.queue == "to_ship"


async def test_the_wheel_takes_the_cursor_along_only_when_it_must(session: Session) -> None:
    async with running(session) as pilot:
        view = table(pilot)

        def turn(kind: type[events.MouseEvent]) -> events.MouseEvent:
            return kind(view, 5, 5, 0, 0, 0, False, False, False)

        view.post_message(turn(events.MouseScrollDown))
        await pilot.pause()
        assert (view.view.top, view.cursor) == (3, 3)
        view.post_message(turn(events.MouseScrollUp))
        await pilot.pause()
        assert (view.view.top, view.cursor) == (0, 3)


async def test_the_panel_can_be_held_at_a_marketplace(session: Session) -> None:
    async with running(session) as pilot:
        assert "Cancellation rate US" in text(pilot, "rate")
        await press(pilot, "p")
        assert main(pilot).summary.summarizer.pinned == "US"
        await press(pilot, "p")
        assert main(pilot).summary.summarizer.pinned == ""
        assert isinstance(main(pilot).query_one("#rate"), Static)


@pytest.mark.parametrize(("size", "where"), [((120, 40), "#rate"), ((80, 24), "#rate-strip")])
async def test_a_click_on_the_rate_opens_it_in_full(session: Session, size: tuple[int, int], where: str) -> None:
    async with running(session, size=size) as pilot:
        await pilot.click(where, offset=(4, 0))
        await until(pilot, lambda: isinstance(pilot.app.screen, RateScreen))
        await press(pilot, "escape")
        await until(pilot, lambda: pilot.app.screen is main(pilot))


async def test_the_scroll_bar_is_clicked_and_dragged(tmp_path: Path, clock: FixedClock) -> None:
    session = open_session(tmp_path / "many", clock=clock)
    bring(session, tmp_path, everything=[all_orders_row(n, age=n * 60) for n in range(1, 601)])
    async with running(session, size=(160, 50)) as pilot:
        view = table(pilot)
        left = view.region.x + view.size.width - 1

        def at(kind: type[events.MouseEvent], y: int) -> None:
            place = (left, view.region.y + 1 + y)
            pilot.app.post_message(kind(None, *place, 0, 0, 1, False, False, False, *place))

        last = 600 - view.view.height
        at(events.MouseDown, view.view.height - 1)
        await until(pilot, lambda: view.view.top == last)
        at(events.MouseMove, 0)
        await until(pilot, lambda: view.view.top == 0)
        at(events.MouseMove, view.view.height // 2)
        await until(pilot, lambda: abs(view.view.top - last // 2) < 30)
        top, cursor = view.view.top, view.cursor
        at(events.MouseUp, view.view.height // 2)
        at(events.MouseMove, 0)
        await pilot.pause(0.05)
        assert (view.view.top, view.cursor) == (top, cursor), "once the button is up nothing follows"
        assert view.marks.count == 0
