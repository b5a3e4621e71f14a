"""FBA orders out of the way, the side pane hidden and wide, and one order after the other in full."""

from __future__ import annotations

from array import array
from pathlib import Path

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Static

from ordertui.operations.session import Session
from ordertui.operations.workspace import SavedView
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from ordertui.tui.actions import find_command
from ordertui.tui.screens import order_view
from ordertui.tui.screens.dialog_help import DialogHelpScreen
from ordertui.tui.screens.order_view import OrderScreen
from ordertui.tui.screens.preview import PreviewScreen
from ordertui.tui.screens.view_request import ViewRequest
from support.pilot import at_order, main, press, running, said, settled, table, text, until
from support.shops import all_orders_row, bring, open_session, order_id, unshipped_row

FBA = (2, 5)


@pytest.fixture
def shop(tmp_path: Path, clock: FixedClock) -> Session:
    """Seven orders, two of which Amazon ships; the newest is number 1."""
    found = open_session(tmp_path / "fba", clock=clock)
    channel = {number: "Amazon" if number in FBA else "Merchant" for number in range(1, 8)}
    rows = [all_orders_row(n, age=n * 3600, fulfillment_channel=channel[n]) for n in range(1, 8)]
    bring(found, tmp_path, everything=rows, open_=[unshipped_row(n, age=n * 3600) for n in range(1, 8) if n not in FBA])
    return found


def shown(pilot: Pilot[None], session: Session) -> list[int]:
    rows = session.orders.rows(table(pilot).ids)
    return [int(rows[row_id].order_id[-4:]) for row_id in table(pilot).ids]


async def go_to(pilot: Pilot[None], number: int) -> None:
    await press(pilot, "g", *order_id(number), "enter")
    await settled(pilot)


async def typed(pilot: Pilot[None], words: str) -> None:
    await press(pilot, "slash", *(" " if char == " " else char for char in words), "enter")
    await settled(pilot)


async def test_fba_orders_are_hidden_counted_and_come_back_with_a_key(shop: Session) -> None:
    async with running(shop) as pilot:
        assert shown(pilot, shop) == [1, 3, 4, 6, 7]
        assert "2 FBA hidden" in text(pilot, "status")
        assert main(pilot).view.counter.total == 5
        assert str(main(pilot).queue_tabs.render()).lstrip().startswith("1 All 5 "), "the tab counts what it shows"
        await press(pilot, "B")
        await settled(pilot)
        assert shown(pilot, shop) == [1, 2, 3, 4, 5, 6, 7]
        assert "FBA hidden" not in text(pilot, "status")
        assert main(pilot).view.request.saved("x").fba
        await press(pilot, "B")
        await settled(pilot)
        assert shown(pilot, shop) == [1, 3, 4, 6, 7]


@pytest.mark.parametrize(
    ("filter_text", "numbers", "hidden"),
    [
        ("channel:amazon", [2, 5], 0),
        ("channel:merchant", [1, 3, 4, 6, 7], 0),
        (f"id:{order_id(2)}", [2], 0),
        ("sku:SKU-2", [], 1),
        ("sku:SKU-2 or channel:amazon", [2, 5], 0),
        ("status:unshipped", [1, 3, 4, 6, 7], 2),
        ("status:shipped", [], 0),
    ],
)
def test_a_filter_that_names_the_channel_decides_itself(
    shop: Session, filter_text: str, numbers: list[int], hidden: int
) -> None:
    rows = shop.orders.rows(range(1, 100))
    found = shop.orders.find(filter_text, without_fba=True)
    assert [int(rows[row_id].order_id[-4:]) for row_id in found] == numbers
    assert shop.orders.count(filter_text, without_fba=True) == len(numbers)
    assert shop.orders.count_hidden_fba(filter_text, "all") == hidden
    assert shop.orders.count(filter_text) == len(numbers) + hidden, "the command line hides none"


async def test_an_empty_view_says_that_what_fits_is_fba(shop: Session) -> None:
    async with running(shop) as pilot:
        main(pilot).view.ask_for(ViewRequest().with_filter("sku:SKU-2"))
        await settled(pilot)
        assert table(pilot).empty_text.startswith("1 FBA order (Amazon ships them) hidden here: B shows them.")


async def test_marking_by_a_filter_takes_no_order_that_is_out_of_the_way(shop: Session) -> None:
    async with running(shop) as pilot:
        await press(pilot, "plus", *"late:no", "enter")
        await settled(pilot)
        assert table(pilot).marks.count == 5


async def test_going_to_an_fba_order_shows_it_and_says_how_to_hide_fba_again(shop: Session) -> None:
    async with running(shop, toasts=True) as pilot:
        await press(pilot, "g", *order_id(2), "enter")
        await settled(pilot)
        row = table(pilot).cursor_row
        assert row is not None
        assert row.order_id == order_id(2)
        assert "FBA too; B hides FBA" in said(pilot)


def test_a_saved_view_keeps_whether_fba_is_shown() -> None:
    assert ViewRequest.of(ViewRequest(fba=True).saved("all")).fba
    assert not ViewRequest.of(SavedView("of version 0.1")).fba
    old = ViewRequest.of(SavedView("old", columns="order may status total:9 title"))
    assert old.keys == ("order", "state", "status", "total", "title"), "the column May is part of State now"


async def test_the_side_pane_is_hidden_shown_and_made_wide(shop: Session) -> None:
    async with running(shop) as pilot:
        side, width = main(pilot).query_one("#side"), table(pilot).size.width
        await press(pilot, "backslash")
        assert (side.display, table(pilot).size.width) == (False, 120)
        assert main(pilot).query_one("#rate-strip").display
        await press(pilot, "backslash")
        assert (side.display, table(pilot).size.width) == (True, width)
        assert "Reasons" not in text(pilot, "detail")
        await press(pilot, "vertical_line")
        await until(pilot, lambda: "Reasons" in text(pilot, "detail"))
        assert side.size.width > 65
        await press(pilot, "vertical_line")
        await until(pilot, lambda: "Reasons" not in text(pilot, "detail"))
        assert table(pilot).size.width == width
    async with running(shop, (80, 24)) as pilot:
        assert not main(pilot).query_one("#side").display
        await press(pilot, "backslash")
        assert main(pilot).query_one("#side").display
        assert "item" in [column.key for column in table(pilot).renderer.layout.columns]
    async with running(shop, (60, 15)) as pilot:
        await press(pilot, "backslash", "vertical_line")
        assert not main(pilot).query_one("#side").display


async def test_in_full_n_and_p_go_on_and_an_action_is_about_the_order_shown(shop: Session) -> None:
    async with running(shop) as pilot:
        await press(pilot, "space", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, OrderScreen))

        def title() -> str:
            return str(pilot.app.screen.query_one(".dialog-title").render())

        assert order_id(3) in title()
        await press(pilot, "n", "n")
        assert order_id(6) in title()
        await press(pilot, "p")
        assert order_id(4) in title()
        await press(pilot, "x")
        await until(pilot, lambda: isinstance(pilot.app.screen, PreviewScreen))
        screen = pilot.app.screen
        assert isinstance(screen, PreviewScreen)
        assert [row.order_id for row in screen.plan.rows] == [order_id(4)], "not the one that is marked"
        await press(pilot, "escape")
        await settled(pilot)
        row = table(pilot).cursor_row
        assert row is not None
        assert row.order_id == order_id(4)
        assert table(pilot).marks.count == 1


async def test_in_full_keys_act_on_the_order_drawn_wherever_the_cursor_went(
    shop: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hold that ends reads the view again; an order that left it gives its place to another."""
    copied: list[str] = []

    def copy(_app: object, order: str, what: str) -> str:
        copied.append(order)
        return f"copied {what}"

    monkeypatch.setattr(order_view, "copy", copy)
    for key in ("x", "m"):
        async with running(shop, toasts=True) as pilot:
            await go_to(pilot, 3)
            await press(pilot, "enter")
            await until(pilot, lambda: isinstance(pilot.app.screen, OrderScreen))
            lost = table(pilot).cursor_id
            table(pilot).show(array("q", [one for one in table(pilot).ids if one != lost]))
            assert at_order(pilot, order_id(4))
            await press(pilot, "y", key)
            assert copied.pop() == order_id(3)
            if key == "m":
                await until(pilot, lambda: f"{order_id(3)}: " in said(pilot))  # why there is no message to its buyer
            else:
                await until(pilot, lambda: isinstance(pilot.app.screen, PreviewScreen))
                screen = pilot.app.screen
                assert isinstance(screen, PreviewScreen)
                assert [row.order_id for row in screen.plan.rows] == [order_id(3)]


async def test_in_full_the_next_order_is_the_one_after_that_drawn(shop: Session) -> None:
    async with running(shop) as pilot:

        def title() -> str:
            return str(pilot.app.screen.query_one(".dialog-title").render())

        await go_to(pilot, 3)
        await press(pilot, "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, OrderScreen))
        table(pilot).cursor = 0
        await press(pilot, "n")
        assert order_id(4) in title(), "though the cursor was moved off"
        lost = table(pilot).cursor_id
        table(pilot).show(array("q", [one for one in table(pilot).ids if one != lost]))
        await press(pilot, "n")
        assert order_id(6) in title(), "it took the place of the one that went"


async def test_in_full_the_question_mark_lists_what_acts(shop: Session) -> None:
    async with running(shop) as pilot:
        await press(pilot, "enter", "question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, DialogHelpScreen))
        listed = "\n".join(str(one.content) for one in pilot.app.screen.query(Static))
        for action in Action:
            command = find_command(f"order.{action.value}")
            assert f"{command.keys:<17} {command.description[:30]}" in listed
        assert "True" not in listed


async def test_fba_orders_stay_shown_in_the_next_queue(shop: Session) -> None:
    async with running(shop) as pilot:
        await press(pilot, "B")
        await settled(pilot)
        await press(pilot, "3", "1")
        await settled(pilot)
        assert shown(pilot, shop) == [1, 2, 3, 4, 5, 6, 7]
        await press(pilot, "B", "3", "1")
        await settled(pilot)
        assert shown(pilot, shop) == [1, 3, 4, 6, 7]


async def test_a_new_filter_replaces_the_old_one_and_an_arrow_key_keeps_it(shop: Session) -> None:
    async with running(shop) as pilot:
        await typed(pilot, "id:111")
        await typed(pilot, "status:unshipped")
        assert main(pilot).view.request.filter == "status:unshipped", "not behind the old one"
        await press(pilot, "slash")
        assert main(pilot).filter_bar.typed == "status:unshipped", "the old one is still to be read"
        await press(pilot, "escape")
        assert main(pilot).view.request.filter == "status:unshipped"
        await press(pilot, "slash", "enter")
        assert main(pilot).view.request.filter == "status:unshipped"
        await press(pilot, "slash", "end", "space", *"total>0", "enter")
        await settled(pilot)
        assert main(pilot).view.request.filter == "status:unshipped total>0"
        await press(pilot, "slash", "backspace", "enter")
        await settled(pilot)
        assert main(pilot).view.request.filter == ""
        await typed(pilot, "late")
        await press(pilot, "slash")
        pilot.app.post_message(events.Paste("id:111"))
        await press(pilot, "enter")
        await settled(pilot)
        assert main(pilot).view.request.filter == "id:111", "a paste replaces it too"
        await press(pilot, "slash", "up", "up")
        assert main(pilot).filter_bar.typed == "late", "the history goes on from there"
