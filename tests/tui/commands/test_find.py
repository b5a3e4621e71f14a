"""Filters in dialogs, ids pasted onto the table, ranges by shift and arrows, and what the bar offers."""

from __future__ import annotations

import pytest
from textual import events
from textual.widgets import Input, Static

from ordertui.operations.session import Session
from ordertui.rules.language import FilterError, complete
from ordertui.rules.language.fields import PLAN_FIELDS
from ordertui.tui.main.screen import MOST_PASTED
from ordertui.tui.screens.filter_prompt import FilterScreen
from support.pilot import at_order, burst, main, press, running, said, settled, table, text, to_ship, until
from support.shops import order_id


@pytest.mark.parametrize(("key", "marked"), [("plus", 7), ("minus", 1), ("F", 1)])
async def test_a_wrong_filter_stays_in_the_dialog_with_what_is_wrong(session: Session, key: str, marked: int) -> None:
    async with running(session, (60, 15)) as pilot:
        main(pilot).table.marks.add(
            [row_id for row_id in table(pilot).ids if row_id not in list(session.orders.find("status:unshipped"))][:1]
        )
        await press(pilot, key)
        await until(pilot, lambda: isinstance(pilot.app.screen, FilterScreen))
        screen = pilot.app.screen
        note = screen.query_one("#filter-note", Static)
        await burst(pilot, [*"statsu", "colon", *"unshipped", "enter"])
        assert pilot.app.screen is screen, "it stays open"
        assert "status" in str(note.content)
        assert note.region.bottom <= 15
        screen.query_one(Input).value = ""
        await burst(pilot, [*"statu", "tab", *"unshipped"])
        assert str(note.content).startswith("status"), "completed, and explained"
        await burst(pilot, ["enter"])
        await until(pilot, lambda: pilot.app.screen is main(pilot))
        await settled(pilot)
        assert table(pilot).marks.count == marked
        assert session.workspace.history() == ["status:unshipped"]


async def test_an_empty_filter_in_a_dialog_marks_nothing(session: Session) -> None:
    async with running(session) as pilot:
        await burst(pilot, ["plus", "enter"])
        assert pilot.app.screen is main(pilot)
        assert table(pilot).marks.count == 0


async def test_ids_pasted_onto_the_table_are_marked_and_one_is_gone_to(session: Session) -> None:
    async with running(session, toasts=True) as pilot:
        pilot.app.post_message(events.Paste(f"{order_id(2)}\r\n{order_id(3)},{order_id(1001)} {order_id(999)}"))
        await until(pilot, lambda: table(pilot).marks.count == 3)
        await until(pilot, lambda: f"not in this store: {order_id(999)}" in said(pilot))
        await settled(pilot)
        pilot.app.post_message(events.Paste(order_id(1050)))
        await until(pilot, lambda: at_order(pilot, order_id(1050)))
        await settled(pilot)
        pilot.app.post_message(events.Paste("nothing \x1b[2J here"))
        await until(pilot, lambda: "no order id" in said(pilot))
        assert "\x1b" not in said(pilot)
        assert table(pilot).marks.count == 3
        pilot.app.post_message(events.Paste("x" * (MOST_PASTED + 1)))
        await until(pilot, lambda: "more than order ids take" in said(pilot))


async def test_shift_and_arrows_draw_a_range_that_space_takes_and_escape_leaves(session: Session) -> None:
    async with running(session) as pilot:
        await to_ship(pilot)
        view = table(pilot)
        await burst(pilot, ["shift+down", "shift+down", "shift+up", "shift+down"])
        assert (view.range_size, view.marks.count) == (3, 0)
        assert "range of 3 · space takes it, Esc leaves it" in text(pilot, "status")
        await burst(pilot, ["escape"])
        assert (view.range_size, view.marks.count, view.cursor) == (0, 0, 2)
        await burst(pilot, ["shift+up", "space"])
        assert (view.range_size, list(view.marks.ids())) == (0, sorted(view.ids[1:3]))
        await burst(pilot, ["g", "g", "V", "G", "space"])
        assert view.marks.count == 0


def test_facts_of_a_whole_batch_are_never_offered_and_named_when_they_are_typed(session: Session) -> None:
    for name in PLAN_FIELDS:
        for length in range(1, len(name) + 1):
            assert not any(word.rstrip(":") == name for word in complete(name[:length], length))
        with pytest.raises(FilterError):
            session.orders.condition(f"{name}>3")


async def test_escape_goes_back_one_step_at_a_time_and_never_unmarks(session: Session) -> None:
    async with running(session) as pilot:
        await burst(pilot, ["slash", *"status", "colon", *"unshipped", "enter", "g", "g", "space", "space", "v", "j"])
        view, marked = table(pilot), list(table(pilot).marks.ids())
        assert (len(marked), view.in_visual, len(view.ids)) == (2, True, 6)
        await burst(pilot, ["escape"])
        assert (view.in_visual, main(pilot).view.request.filter) == (False, "status:unshipped")
        await burst(pilot, ["escape"])
        assert (len(view.ids), main(pilot).view.request.filter) == (100, "")
        await burst(pilot, ["escape", "escape"])
        assert list(view.marks.ids()) == marked, "only M unmarks"
        await burst(pilot, ["s", "enter", "3", "R", "1"])
        assert list(view.marks.ids()) == marked, "a sort, a queue, a refresh lose none"
        await burst(pilot, ["u"])
        assert list(view.marks.ids()) == marked, "u takes held orders back, and nothing else"
        await burst(pilot, ["z"])
        assert len(view.marks) == 1, "z takes changes of marks back"
        assert session.batches.find() == []


async def test_the_status_line_says_how_many_each_action_may_take(session: Session) -> None:
    async with running(session) as pilot:
        await to_ship(pilot)
        await burst(pilot, ["d", "a"])
        await until(pilot, lambda: "5 cancel (" in text(pilot, "status"))
        assert "), 1 cannot · 1 confirm" in text(pilot, "status")
