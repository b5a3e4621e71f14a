"""Each queue keeps its sort, its columns and the place of its cursor; ctrl+o goes back to places that were left."""

from __future__ import annotations

from pathlib import Path

from textual.pilot import Pilot

from ordertui.operations.session import Session
from ordertui.operations.workspace import QueueLook, Workspace
from ordertui.orders.clock import FixedClock
from ordertui.tui.main.queue_looks import QueueLooks
from support.pilot import main, press, running, said, settled, table, text
from support.shops import open_session, order_id


def at(pilot: Pilot[None]) -> int | None:
    return table(pilot).cursor_id


async def go(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        await press(pilot, key)
        await settled(pilot)


async def test_late_and_auto_cancel_begin_with_the_least_time_left(session: Session) -> None:
    async with running(session) as pilot:
        await go(pilot, "4")
        assert main(pilot).view.request.order == (("ship-by", False),)
        await go(pilot, "5")
        assert [by.key for by in main(pilot).view.request.sort] == ["auto_cancel"]
        await go(pilot, "1")
        assert main(pilot).view.request.order == (("placed", True),)


async def test_a_queue_is_found_as_it_was_left_also_at_the_next_start(
    session: Session, tmp_path: Path, clock: FixedClock
) -> None:
    async with running(session) as pilot:
        await go(pilot, "2", "j", "j", "l", "left_square_bracket", "H", "j")
        left = (at(pilot), main(pilot).view.request.sort, main(pilot).view.request.keys)
        await go(pilot, "1", "j")
        all_at = at(pilot)
        assert main(pilot).view.request.keys == (), "another queue has its own columns"
        await go(pilot, "2")
        assert (at(pilot), main(pilot).view.request.sort, main(pilot).view.request.keys) == left
        await go(pilot, "1")
        assert at(pilot) == all_at
    async with running(open_session(tmp_path / "shop", clock=clock)) as pilot:
        await go(pilot, "2")
        assert (at(pilot), main(pilot).view.request.sort, main(pilot).view.request.keys) == left


async def test_a_saved_view_changes_no_queue(session: Session) -> None:
    async with running(session) as pilot:
        screen = main(pilot)
        await go(pilot, "2")
        before = screen.view.request
        screen.view.ask_for(screen.view.request.then_by("total").with_filter("late"))
        await settled(pilot)
        await go(pilot, "1", "2")
        assert screen.view.request == before.with_filter("late")


async def test_ctrl_o_goes_back_step_by_step(session: Session) -> None:
    async with running(session, toasts=True) as pilot:
        view = main(pilot).view
        await go(pilot, "ctrl+o")
        assert "no place was left yet" in said(pilot)
        await go(pilot, "2", "j", "j")
        first = at(pilot)
        view.apply_filter("sku:SKU-1")
        await settled(pilot)
        await go(pilot, "1", "escape", "G")
        last = at(pilot)
        await press(pilot, "g", *order_id(3), "enter")
        await settled(pilot)
        assert at(pilot) == session.orders.id_of(order_id(3))
        await go(pilot, "ctrl+o")
        assert at(pilot) == last
        await go(pilot, "ctrl+o", "ctrl+o")
        assert (view.request.queue, view.request.filter) == ("to_ship", "sku:SKU-1")
        await go(pilot, "ctrl+o")
        assert (view.request.queue, view.request.filter, at(pilot)) == ("to_ship", "", first)
        assert f"keys act on {order_id(4)}" in text(pilot, "status")
        await go(pilot, "ctrl+o")
        assert view.request.queue == "all"


def test_a_file_that_cannot_be_read_costs_only_convenience(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "orders.db", read_only=False)
    workspace.keep_looks({"late": QueueLook(sort="no-such-key", columns="nothing total:9", cursor=7)})
    request = QueueLooks(workspace).request("late")
    assert [by.key for by in request.sort] == ["ship_by"]
    assert request.columns == "order total:9"
    (tmp_path / "orders.queues.json").write_text("[1", encoding="utf-8")
    assert QueueLooks(workspace).request("late").columns == ""


def test_the_columns_of_version_0_1_hold_for_every_queue_until_one_has_its_own(tmp_path: Path) -> None:
    (tmp_path / "orders.columns.txt").write_text("order total:14 title\n", encoding="utf-8")
    looks = QueueLooks(Workspace(tmp_path / "orders.db", read_only=False))
    assert {looks.request(queue).columns for queue in ("all", "late")} == {"order total:14 title"}
    looks.keep_columns(looks.request("late").with_columns("order items"))
    assert looks.request("late").columns == "order items"
    assert looks.request("all").columns == "order total:14 title"


async def test_the_column_cursor_may_be_where_a_narrower_table_does_not_reach(session: Session) -> None:
    """It ended the screen with a ValueError."""
    async with running(session) as pilot:
        for keys in ("l" * 3, "|", "\\", "|", "h" * 9, "l" * 9):
            for key in keys:
                await press(pilot, {"|": "vertical_line", "\\": "backslash"}.get(key, key))
        for width in (60, 61, 79, 80, 109, 110, 200):
            await pilot.resize_terminal(width, 24)
            await pilot.pause()
        assert pilot.app.is_running
