"""The refund editor: line by line in any order, wrong input said in place, and the reason chosen, never taken."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from ordertui.operations.session import Session
from ordertui.orders.clock import HOUR, FixedClock
from ordertui.tui.screens.base import DialogKeys
from ordertui.tui.screens.dialogs import ChoiceScreen, FormScreen
from ordertui.tui.screens.preview import PreviewScreen
from support.pilot import press, preview, running, said, table, until
from support.shops import NOW, all_orders_row, bring, item_id, open_session, order_id, unshipped_row


@pytest.fixture
def shipped(tmp_path: Path) -> Session:
    """Order 1, shipped: 3 mugs of 10.80 in all, and a cup of 10.80."""
    session = open_session(tmp_path / "shop", clock=FixedClock(NOW))
    lines = ((1, "MUG", 3), (2, "CUP", 1))

    def rows(status: str, updated: int) -> list[dict[str, object]]:
        return [all_orders_row(1, status, sku=sku, quantity=units, updated=updated) for _, sku, units in lines]

    open_ = [
        unshipped_row(1, sku=sku, order_item_id=item_id(1, line), quantity_purchased=units, quantity_to_ship=units)
        for line, sku, units in lines
    ]
    bring(session, tmp_path, everything=rows("Unshipped", NOW - 2 * HOUR), open_=open_)
    bring(session, tmp_path, everything=rows("Shipped", NOW - HOUR))
    return session


async def opened(pilot: Pilot[None]) -> PreviewScreen:
    await until(pilot, lambda: len(table(pilot).ids) == 1)
    await press(pilot, "r")
    await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
    assert pilot.app.screen.query_one(OptionList).highlighted is None
    await press(pilot, "G")
    screen = await preview(pilot, "enter")
    assert [row.order_id for row in screen.plan.rows] == [order_id(1)]
    return screen


def choices(pilot: Pilot[None]) -> list[str]:
    options = pilot.app.screen.query_one(OptionList)
    return [str(options.get_option_at_index(n).prompt) for n in range(options.option_count)]


def keys(screen: PreviewScreen) -> str:
    return str(screen.query_one(DialogKeys).render())


def highlighted(pilot: Pilot[None]) -> int | None:
    return pilot.app.screen.query_one(OptionList).highlighted


async def form(pilot: Pilot[None], title: str) -> FormScreen:
    def is_there() -> bool:
        screen = pilot.app.screen
        return isinstance(screen, FormScreen) and title in str(screen.query_one(".dialog-title", Static).content)

    await until(pilot, is_there)
    screen = pilot.app.screen
    assert isinstance(screen, FormScreen)
    return screen


def wrong(screen: FormScreen) -> str:
    return str(screen.query_one("#form-error", Static).content)


async def test_lines_are_edited_in_any_order_and_only_those_are_refunded(shipped: Session) -> None:
    async with running(shipped, toasts=True) as pilot:
        screen = await opened(pilot)
        await press(pilot, "m")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        assert len(choices(pilot)) == 2, "nothing entered, nothing to be done with"
        assert "refundable USD 10.80" in choices(pilot)[0]
        await press(pilot, "enter")
        units = await form(pilot, "refund how many of 3 units?")
        await press(pilot, "9", "enter")
        await until(pilot, lambda: wrong(units) == "'9' is not a number of units from 1 to 3")
        await press(pilot, "1", "enter")
        amounts = await form(pilot, "Refund MUG")
        price = amounts.query_one("#field-item_price", Input)
        assert price.value == "3.33"
        await press(pilot, *"99", "enter", "enter")
        await until(pilot, lambda: "99" in wrong(amounts) or "10.00" in wrong(amounts))
        assert pilot.app.screen is amounts, "what is wrong keeps the form open"
        await press(pilot, *"2.50", "enter", "enter")  # the field that is wrong has the focus, its text selected
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        assert choices(pilot)[0].startswith("✓ 1 of 3 × MUG")
        assert highlighted(pilot) == 1, "the next line without an amount"
        assert choices(pilot)[2].startswith("Done: refund USD 2.76 of 1 line")
        await press(pilot, "enter")
        await form(pilot, "Refund CUP")
        await press(pilot, "escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        assert choices(pilot)[0].startswith("✓ 1 of 3 × MUG"), "leaving one line keeps the other"
        await press(pilot, "G", "enter")
        await until(pilot, lambda: pilot.app.screen is screen)
        await until(pilot, lambda: screen.plan.rows[0].total == 276)
        assert "not applied" not in said(pilot)
        assert [(line.sku, line.quantity) for line in screen.plan.rows[0].lines] == [("MUG", 1)]
        await press(pilot, "m")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        assert choices(pilot)[0].startswith("✓ 1 of 3 × MUG"), "what was entered stands when it is opened again"
        await press(pilot, "escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert "not applied" not in said(pilot), "nothing new was entered"
        assert screen.plan.rows[0].total == 276


async def test_leaving_the_list_changes_nothing(shipped: Session) -> None:
    async with running(shipped, toasts=True) as pilot:
        screen = await opened(pilot)
        before = screen.plan
        await press(pilot, "m")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        await press(pilot, "escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        assert screen.plan is before
        assert "not applied" not in said(pilot), "there were none"
        await press(pilot, "m")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        await press(pilot, "enter")
        await form(pilot, "refund how many of 3 units?")
        await press(pilot, "1", "enter")
        await form(pilot, "Refund MUG")
        await press(pilot, "enter", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        assert len(choices(pilot)) == 3
        await press(pilot, "escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        await until(pilot, lambda: "the amounts were not applied: the refund stays as it was" in said(pilot))
        assert screen.plan is before


async def test_a_single_line_goes_straight_to_its_amounts(tmp_path: Path) -> None:
    session = open_session(tmp_path / "shop", clock=FixedClock(NOW))
    bring(session, tmp_path, everything=[all_orders_row(1)], open_=[unshipped_row(1)])
    bring(session, tmp_path, everything=[all_orders_row(1, "Shipped", updated=NOW - HOUR)])
    async with running(session) as pilot:
        screen = await opened(pilot)
        await press(pilot, "m")
        amounts = await form(pilot, "Refund SKU-1")
        await press(pilot, *"-1", "enter", "enter")
        await until(pilot, lambda: "below zero" in wrong(amounts))
        await press(pilot, *"4.00", "enter", *"0", "enter")
        await until(pilot, lambda: pilot.app.screen is screen)
        await until(pilot, lambda: screen.plan.rows[0].total == 400)
        await press(pilot, "m")
        again = await form(pilot, "Refund SKU-1")
        assert again.query_one("#field-item_price", Input).value == "4.00", "as it was entered"


async def test_a_preview_shows_only_keys_that_do_something(shipped: Session) -> None:
    async with running(shipped) as pilot:
        screen = await opened(pilot)
        assert "m amounts" in keys(screen)
        await press(pilot, "space")
        await until(pilot, lambda: not screen.plan.rows)
        assert "space exclude" in keys(screen), "it brings the order back"
        assert "m amounts" not in keys(screen)


async def test_a_refund_of_what_never_left_has_no_f(tmp_path: Path) -> None:
    """Its units are cancelled, so the rate is over its target; but `f` weighs cancellations of whole orders only."""
    session = open_session(tmp_path / "shop", clock=FixedClock(NOW))
    open_ = unshipped_row(1, quantity_purchased=2, quantity_shipped=1, quantity_to_ship=1)
    bring(session, tmp_path, everything=[all_orders_row(1, "PartiallyShipped", quantity=2)], open_=[open_])
    async with running(session) as pilot:
        await until(pilot, lambda: len(table(pilot).ids) == 1)
        screen = await preview(pilot, "r")
        assert screen.plan.rows[0].counts
        assert "f keep what fits" not in keys(screen)
