"""A choice list jumps to the option that begins with a letter; the keys of the dialog go before."""

from __future__ import annotations

from ordertui.operations.session import Session
from ordertui.tui.screens.dialogs import ChoiceScreen
from ordertui.tui.widgets.option_list import SafeOptionList
from support.pilot import press, running, until

REASONS = ("NoInventory", "GeneralAdjustment", "CouldNotShip", "CustomerReturn", "Jam", "GiftReturn", "quick")


async def test_a_letter_goes_to_the_next_option_that_begins_with_it(session: Session) -> None:
    async with running(session) as pilot:
        pilot.app.push_screen(ChoiceScreen("Reason", [(one, f"  {one}") for one in REASONS]))
        await until(pilot, lambda: pilot.app.screen.query(SafeOptionList))
        await pilot.pause()
        options = pilot.app.screen.query_one(SafeOptionList)
        seen = []
        for key in ("c", "c", "c", "g", "g", "g", "n", "j", "k", "G", "z", "N", "ctrl+d", "ctrl+u"):
            await press(pilot, key)
            seen.append(options.highlighted)
        assert seen == [2, 3, 2, 5, 1, 5, 0, 1, 0, 6, 6, 0, 6, 0], "j, k and G move; z begins nothing"
        await press(pilot, "q")
        await until(pilot, lambda: not isinstance(pilot.app.screen, ChoiceScreen))


async def test_g_goes_to_the_first_where_no_option_begins_with_it(session: Session) -> None:
    async with running(session) as pilot:
        pilot.app.push_screen(ChoiceScreen("Mark same", [("a", "SKU-1"), ("b", "day")], at="b"))
        await until(pilot, lambda: pilot.app.screen.query(SafeOptionList))
        await pilot.pause()
        await press(pilot, "g")
        assert pilot.app.screen.query_one(SafeOptionList).highlighted == 0
