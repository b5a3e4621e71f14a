"""The preview: leaving orders out, other items taken along, marks that the filter hides, and a cursor that stays."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList, Static, Tree

from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import RefundReason
from ordertui.tui.screens.dialogs import ChoiceScreen
from ordertui.tui.screens.preview import PreviewScreen
from support.batches import session_of
from support.pilot import main, press, preview, running, table, to_ship, until
from support.shops import NOW, all_orders_row, bring, item_id, open_session, order_id, unshipped_row


@pytest.fixture
def mugs(tmp_path: Path) -> Session:
    """Orders 1 to 5 with a MUG; 2 and 4 have a CUP too."""
    session = open_session(tmp_path / "shop", clock=FixedClock(NOW))
    lines = [(n, 1, "MUG") for n in range(1, 6)] + [(n, 2, "CUP") for n in (2, 4)]
    bring(
        session,
        tmp_path,
        everything=[all_orders_row(n, sku=sku) for n, _, sku in sorted(lines)],
        open_=[unshipped_row(n, sku=sku, order_item_id=item_id(n, line)) for n, line, sku in sorted(lines)],
    )
    return session


def effects(screen: PreviewScreen) -> str:
    return str(screen.query_one("#effects-text", Static).content)


def lines(screen: PreviewScreen) -> list[str]:
    tree = screen.query_one(Tree)
    return [str(node.label) for node in tree.root.children for node in (node, *node.children)]


def at(screen: PreviewScreen) -> str:
    node = screen.query_one(Tree).cursor_node
    return "" if node is None else str(node.label)


def _has_reason(screen: PreviewScreen, reason: str) -> bool:
    return any(row.reason == reason for row in screen.plan.rows)


def ins(screen: PreviewScreen) -> set[str]:
    return {row.order_id for row in screen.plan.rows}


async def go_to(pilot: Pilot[None], screen: PreviewScreen, order: str) -> None:
    for _ in range(30):
        before = at(screen)
        if order in before:
            return
        await press(pilot, "j")
        for _ in range(
            20
        ):  # one key at a time, or it passes the order; one typed before the preview is drawn is dropped
            if at(screen) != before:
                break
            await pilot.pause(0.05)
    raise AssertionError(f"{order} is not in {lines(screen)}")


async def opened(pilot: Pilot[None]) -> PreviewScreen:
    await press(pilot, "2")
    await until(pilot, lambda: len(table(pilot).ids) == 5)
    await press(pilot, "a")
    return await preview(pilot)


async def test_orders_with_other_items_are_flagged_and_can_be_left_out(mugs: Session) -> None:
    async with running(mugs) as pilot:
        screen = await opened(pilot)
        assert "2 orders have several items: cancelling takes all of them along" in effects(screen)
        flagged = [line for line in lines(screen) if "with 1 × CUP" in line]
        assert [order_id(n) in " ".join(flagged) for n in range(1, 6)] == [False, True, False, True, False]
        assert any("takes other items along" in line for line in lines(screen))
        await press(pilot, "o")
        await until(pilot, lambda: ins(screen) == {order_id(n) for n in (1, 3, 5)})
        assert "CUP" not in " ".join(lines(screen))
        await press(pilot, "o")
        await until(pilot, lambda: len(ins(screen)) == 5)


async def test_space_leaves_a_row_out_and_takes_it_in_again(mugs: Session) -> None:
    async with running(mugs) as pilot:
        screen = await opened(pilot)
        await go_to(pilot, screen, order_id(3))
        await press(pilot, "space")
        await until(pilot, lambda: ins(screen) == {order_id(n) for n in (1, 2, 4, 5)})
        assert order_id(5) in at(screen) or order_id(1) in at(screen), "a neighbour of the same group"
        assert mugs.batches.find() == []
        await until(pilot, lambda: any("you left it out" in line for line in lines(screen)))
        for _ in range(20):
            if "you left it out" in at(screen):
                break
            await press(pilot, "j")
        await press(pilot, "space")
        await until(pilot, lambda: len(ins(screen)) == 5)
        await press(pilot, "y")
        await until(pilot, lambda: bool(mugs.batches.find()) or pilot.app.screen is not screen)


async def test_what_was_left_out_is_not_committed(mugs: Session) -> None:
    async with running(mugs) as pilot:
        screen = await opened(pilot)
        await go_to(pilot, screen, order_id(4))
        await press(pilot, "space")
        await until(pilot, lambda: order_id(4) not in ins(screen))
        count = screen.plan.typed_count
        await press(pilot, "y")
        if count is not None:
            await until(pilot, lambda: pilot.app.screen is not screen)
            await press(pilot, str(count), "enter")
        await until(pilot, lambda: bool(mugs.batches.find()))
        assert order_id(4) not in {row.order_id for row in mugs.batches.find()[0].rows}


async def test_the_cursor_stays_on_its_order_after_another_reason(mugs: Session) -> None:
    async with running(mugs) as pilot:
        screen = await opened(pilot)
        await go_to(pilot, screen, order_id(3))
        for moves, reason in ((2, "ShippingAddressUndeliverable"), (3, "CustomerExchange")):
            await press(pilot, "e")
            await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
            await press(pilot, *["j"] * moves, "enter")
            await until(pilot, lambda: pilot.app.screen is screen)
            await until(pilot, partial(_has_reason, screen, reason))
            assert [row.order_id for row in screen.plan.rows if row.reason == reason] == [order_id(3)]
            assert order_id(3) in at(screen)


async def test_a_group_stays_under_the_cursor_when_its_reason_changes(mugs: Session) -> None:
    async with running(mugs) as pilot:
        screen = await opened(pilot)
        before = len(screen.query_one(Tree).root.children[0].children)
        await press(pilot, "e")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        await press(pilot, "j", "j", "enter")
        await until(pilot, lambda: pilot.app.screen is screen)
        await until(pilot, lambda: "ShippingAddressUndeliverable" in at(screen))
        assert f"{before:>5,}  ShippingAddressUndeliverable" in at(screen)


async def test_marks_that_the_filter_hides_are_named(mugs: Session) -> None:
    async with running(mugs) as pilot:
        await press(pilot, "2")
        await until(pilot, lambda: len(table(pilot).ids) == 5)
        await press(pilot, "a", "slash", *"sku:CUP", "enter")
        await until(pilot, lambda: len(table(pilot).ids) == 2)
        screen = await preview(pilot)
        named = ", ".join(order_id(n) for n in (1, 3, 5))
        assert "3 orders of these, marked earlier, are hidden by the filter" in effects(screen)
        assert all(one in effects(screen) for one in named.split(", "))
        unseen = [line for line in lines(screen) if "not in the view" in line]
        assert len(unseen) == 3
        await press(pilot, "escape")
        await until(pilot, lambda: pilot.app.screen is main(pilot))


async def test_without_marks_nothing_is_hidden(session: Session) -> None:
    async with running(session) as pilot:
        await to_ship(pilot)
        screen = await preview(pilot)
        assert "hidden" not in effects(screen)


async def test_a_refund_asks_for_its_reason_first(tmp_path: Path) -> None:
    session = session_of(tmp_path / "shop", waiting=1, shipped=2)
    async with running(session) as pilot:
        await press(pilot, "slash", *"status:shipped", "enter")
        await until(pilot, lambda: len(table(pilot).ids) == 2)
        await press(pilot, "a", "r")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        choices = pilot.app.screen.query_one(OptionList)
        assert [choices.get_option_at_index(n).id for n in range(choices.option_count)] == list(RefundReason)
        await press(pilot, "escape")
        await until(pilot, lambda: pilot.app.screen is main(pilot))
        assert session.batches.find() == [], "no reason, no preview"
        await press(pilot, "r")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        await press(pilot, "j", "j")
        screen = await preview(pilot, "enter")
        assert {row.reason for row in screen.plan.rows} == {"GeneralAdjustment"}
        await go_to(pilot, screen, order_id(11))
        await press(pilot, "e")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        await press(pilot, "j", "enter")
        await until(pilot, lambda: {row.reason for row in screen.plan.rows} == {"GeneralAdjustment", "CustomerReturn"})
        assert order_id(11) in at(screen)
