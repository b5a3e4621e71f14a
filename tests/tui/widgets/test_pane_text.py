"""The side pane under the mouse: its own keys act, whichever they are; what people wrote never does."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock
from ordertui.tui.keymap import resolve
from ordertui.tui.screens.order_view import OrderScreen
from ordertui.tui.screens.preview import PreviewScreen
from support.pilot import main, press, running, settled, text, until
from support.shops import all_orders_row, bring, open_session, order_id, unshipped_row


@pytest.fixture
def shop(tmp_path: Path, clock: FixedClock) -> Iterator[Session]:
    """An order whose title and note end as lines with keys do."""
    session = open_session(tmp_path / "shop", clock=clock)
    row = {"sku": "x", "product_name": "Mug [x]"}
    bring(session, tmp_path, everything=[all_orders_row(1, **row)], open_=[unshipped_row(1, **row)])
    session.facts.set_note(list(session.orders.ids_of([order_id(1)]).values()), "ask him [D]")
    with session:
        yield session


async def click(pilot: Pilot[None], words: str, on: str) -> None:
    """Click in the pane on the last cell of `on` in the line that has these words."""
    for y, line in enumerate(text(pilot, "detail").split("\n")):
        if words in line:
            x = cell_len(line[: line.index(on, line.index(words)) + len(on)]) - 1
            await pilot.click("#detail", offset=(x, y))
            return await settled(pilot)
    raise AssertionError(f"{words!r} is not in {text(pilot, 'detail')}")


async def test_what_people_wrote_is_no_key(shop: Session) -> None:
    """A click on a note that ended with `[D]` marked the order as still here."""
    before = shop.data_version()
    async with running(shop) as pilot:
        for words, on in (("ask him", "him"), ("ask him", "D"), ("Mug", "Mug"), ("Mug", "x"), ("1 × x", "× x")):
            await click(pilot, words, on)
            assert pilot.app.screen is main(pilot), words
    assert shop.data_version() == before


async def test_each_key_of_a_line_does_what_it_does(shop: Session) -> None:
    async with running(shop) as pilot:
        await click(pilot, "Carrier", "D")
        await until(pilot, lambda: shop.orders.count("dispatched:no") == 1)
        await until(pilot, lambda: "handed over: no" in text(pilot, "detail"))
        await click(pilot, "Carrier", "[d")
        await until(pilot, lambda: shop.orders.count("dispatched:yes") == 1)


async def test_own_keys_are_clicked_too(shop: Session) -> None:
    """A click did nothing on keys of several signs."""
    own = {"order.cancel": "ctrl+x", "order.asked": "f8", "order.not_dispatched": "shift+up", "see.detail": "f7"}
    async with running(shop, keymap=resolve(own)) as pilot:
        await click(pilot, "[f8]", "f8")
        await until(pilot, lambda: shop.orders.count("request:message") == 1)
        await click(pilot, "[d shift+↑]", "shift")
        await until(pilot, lambda: shop.orders.count("dispatched:no") == 1)
        await click(pilot, "^x cancel", "cancel")
        await until(pilot, lambda: isinstance(pilot.app.screen, PreviewScreen))
        await press(pilot, "escape")
        await click(pilot, "Enter: reasons", "Enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, OrderScreen))
