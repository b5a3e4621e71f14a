"""The jobs of a seller's day, done by keys alone: what comes of them, and how many keys each takes at most.

Letters and digits of a text (tracking numbers, amounts, a file's name) are not counted; every other key is.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from ordertui.operations.session import Session
from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.clock import DAY, HOUR, FixedClock
from ordertui.orders.enums import Action, Dispatched
from support.batches import answer, send
from support.pilot import commit_preview, main, press, running, settled, table, until
from support.shops import NOW, all_orders_row, bring, open_session, order_id, unshipped_row

SHIPPED = 41
"""Number of a shipped order whose item id is known, as a refund needs it."""


class Operator:
    """Presses keys and counts them."""

    def __init__(self, pilot: Pilot[None]) -> None:
        self.pilot = pilot
        self.count = 0

    async def keys(self, *keys: str) -> None:
        for key in keys:
            self.count += 1
            await press(self.pilot, key)
            await settled(self.pilot)

    async def types(self, text: str) -> None:
        """Type a text into a field; what stands in it is replaced."""
        await press(self.pilot, *("full_stop" if letter == "." else letter for letter in text))

    async def commit(self, *, asked: bool) -> None:
        """Commit the preview, with Enter after the number where it must be asked for."""
        self.count += 1 + asked
        await commit_preview(self.pilot, asked=asked)

    async def opened(self, name: str) -> None:
        await until(self.pilot, lambda: type(self.pilot.app.screen).__name__ == name)
        await settled(self.pilot)

    async def fill(self, *texts: str) -> None:
        """Fill the fields of a form, each with Enter; an empty text leaves a field as it is."""
        for one in texts:
            await self.types(one)
            await self.keys("enter")


@pytest.fixture
def shop(tmp_path: Path, clock: FixedClock) -> Session:
    """Open a store with 25 orders of one SKU among 40 that wait, and 2,000 shipped ones."""
    session = open_session(tmp_path / "shop", clock=clock)
    waiting = range(1, 41)
    bring(
        session,
        tmp_path,
        everything=[
            *(all_orders_row(n, sku="BOARD" if n <= 25 else f"SKU-{n}") for n in waiting),
            all_orders_row(SHIPPED),
            *(all_orders_row(1_000 + n, "Shipped", age=2 * DAY) for n in range(2_000)),
        ],
        open_=[unshipped_row(n, sku="BOARD" if n <= 25 else f"SKU-{n}") for n in (*waiting, SHIPPED)],
    )
    bring(session, tmp_path, everything=[all_orders_row(SHIPPED, "Shipped", updated=NOW - HOUR)])
    return session


def held(session: Session) -> set[str]:
    return {row.order_id for batch in session.batches.find() for row in batch.rows if row.state is RowState.HELD}


async def test_cancel_25_orders_of_one_sku_and_undo_one(shop: Session) -> None:
    async with running(shop) as pilot:
        operator = Operator(pilot)
        await operator.keys("2", "equals_sign")
        await operator.opened("ValuesScreen")
        await operator.keys("space", "escape", "x")
        await operator.opened("PreviewScreen")
        await operator.commit(asked=True)
        await until(pilot, lambda: held(shop) == {order_id(n) for n in range(1, 26)})
        await operator.keys("6", "u")
        await operator.opened("ConfirmScreen")
        await operator.keys("o")
        await until(pilot, lambda: len(held(shop)) == 24)
        assert operator.count <= 11, "about 30 before"


async def test_work_through_a_queue(shop: Session) -> None:
    async with running(shop) as pilot:
        operator = Operator(pilot)
        await operator.keys("2", "d", *["j", "full_stop"] * 4)

        def known() -> list[Dispatched]:
            return [row.dispatched for row in shop.orders.rows(shop.orders.find(queue="to_ship")).values()]

        await until(pilot, lambda: known().count(Dispatched.YES) == 5)
        assert operator.count <= 10, "two keys an order"


async def test_review_the_marked_and_unmark_one(shop: Session) -> None:
    async with running(shop) as pilot:
        operator = Operator(pilot)
        main(pilot).table.marks.add(shop.orders.find("sku:BOARD"))
        main(pilot).view.apply_filter("status:shipped")
        await settled(pilot)
        await operator.keys("escape", "9")
        assert len(table(pilot).ids) == 25
        await operator.keys("j", "space")
        assert table(pilot).marks.count == 24
        assert operator.count <= 4, "impossible before"


async def test_refund_a_part_of_an_order(shop: Session) -> None:
    async with running(shop) as pilot:
        operator = Operator(pilot)
        await operator.keys("g")
        await operator.types(order_id(SHIPPED)[-7:])
        await operator.keys("enter", "r")
        await operator.opened("ChoiceScreen")
        await operator.keys("C", "enter")
        await operator.opened("PreviewScreen")
        await operator.keys("m")
        await operator.opened("FormScreen")
        await operator.types("1")
        await operator.keys(*["enter"] * len(pilot.app.screen.query("Input")))
        await operator.opened("PreviewScreen")
        await operator.commit(asked=False)
        await until(pilot, lambda: held(shop) == {order_id(SHIPPED)})
        (batch,) = shop.batches.find()
        order = shop.orders.get(order_id(SHIPPED))
        assert order is not None
        assert order.row.total is not None
        assert batch.rows[0].total is not None
        assert 0 < batch.rows[0].total < order.row.total.minor
        assert operator.count <= 11


async def test_give_ten_orders_a_reason_and_one_of_them_another(shop: Session) -> None:
    async with running(shop) as pilot:
        operator = Operator(pilot)
        main(pilot).table.marks.add(list(shop.orders.find("sku:BOARD"))[:10])
        await operator.keys("x")
        await operator.opened("PreviewScreen")
        await operator.keys("E")
        await operator.opened("ChoiceScreen")
        await operator.keys("G", "enter")
        await operator.opened("PreviewScreen")
        await operator.keys("j", "e")
        await operator.opened("ChoiceScreen")
        await operator.keys("g", "enter")
        await operator.opened("PreviewScreen")
        await operator.commit(asked=False)
        await until(pilot, lambda: len(held(shop)) == 10)
        (batch,) = shop.batches.find()
        reasons = [row.reason for row in batch.rows]
        assert sorted(reasons.count(reason) for reason in set(reasons)) == [1, 9]
        assert operator.count <= 11, "40 before: each order had a dialog of its own"


async def test_confirm_three_shipments(shop: Session) -> None:
    async with running(shop) as pilot:
        operator = Operator(pilot)
        await operator.keys("2", "space", "space", "space", "d")
        marked = shop.orders.rows(list(table(pilot).ids)[:3])
        assert len(marked) == 3
        shown = [marked[one].order_id for one in table(pilot).ids if one in marked]
        await operator.keys("c")
        for number in range(3):
            await operator.opened("FormScreen")
            title = str(pilot.app.screen.query_one(".dialog-title", Static).content)
            assert shown[number] in title, "as the table lists them: parcels and their numbers lie in that sequence"
            assert "1 × SKU-" in str(pilot.app.screen.query_one(".dialog-text", Static).content)
            if number == 0:
                await operator.types("UPS")
                await operator.keys("enter")
            await operator.types(f"1Z{number}")
            await operator.keys("enter", "enter")
        await operator.opened("PreviewScreen")
        await operator.keys("y")
        await until(pilot, lambda: len(held(shop)) == 3)
        assert operator.count <= 14


async def test_a_shipment_with_a_wrong_date_is_asked_for_again(shop: Session) -> None:
    """What was typed into a wrong field was taken, and the order was left out of the preview for another reason."""
    async with running(shop) as pilot:
        operator = Operator(pilot)
        await operator.keys("2", "d", "c")
        await operator.opened("FormScreen")
        form = pilot.app.screen
        await operator.fill("UPS", "1Z1", "1Z2")
        assert pilot.app.screen is form
        assert "'1Z2' is not a date" in str(form.query_one("#form-error", Static).content)
        await operator.fill("2026-11-23")
        await operator.opened("PreviewScreen")
        await operator.keys("y")
        await until(pilot, lambda: len(held(shop)) == 1)


async def test_a_parcel_of_other_without_a_name_is_asked_for_again(shop: Session) -> None:
    async with running(shop) as pilot:
        operator = Operator(pilot)
        await operator.keys("2", "d", "c")
        await operator.opened("FormScreen")
        form = pilot.app.screen
        await operator.fill("other", "1Z1", "")
        assert pilot.app.screen is form
        assert "type the carrier" in str(form.query_one("#form-error", Static).content)


async def test_a_parcel_without_a_tracking_number_is_left_out(shop: Session) -> None:
    async with running(shop) as pilot:
        operator = Operator(pilot)
        await operator.keys("2", "d", "c")
        await operator.opened("FormScreen")
        await operator.fill("", "", "")
        await operator.opened("PreviewScreen")
        await operator.keys("y")
        await settled(pilot)
        assert held(shop) == set()


async def test_upload_a_file_and_bring_its_report_back(shop: Session, tmp_path: Path) -> None:
    batch = send(shop, Action.CANCEL, 1, 2)
    path = answer(shop, tmp_path, batch)
    shop.workspace.keep_folder(tmp_path)

    def state() -> BatchState:
        return next(one.state for one in shop.batches.find() if one.id == batch)

    async with running(shop) as pilot:
        operator = Operator(pilot)
        await operator.keys("o")
        await operator.opened("OutboxScreen")
        await operator.keys("y", "U")
        await until(pilot, lambda: state() is BatchState.UPLOADED)
        await operator.opened("OutboxScreen")
        await operator.keys("i")
        await operator.opened("PickerScreen")
        await operator.keys("slash")
        await operator.types(path.name)
        await operator.keys("enter")
        await until(pilot, lambda: state() is BatchState.ANSWERED)
        assert operator.count <= 6
