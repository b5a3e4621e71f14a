"""Facts of many orders are asked about, named, and taken back; `u` and `m` act on the marked orders."""

from __future__ import annotations

from array import array
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList

from ordertui.operations.session import Session
from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action, BuyerRequest, Dispatched
from ordertui.tui.screens.base import DialogKeys
from ordertui.tui.screens.dialogs import ChoiceScreen, ConfirmScreen, FormScreen
from support.batches import commit
from support.pilot import main, press, running, said, settled, table, until
from support.shops import NOW, open_session, order_id, standard


@pytest.fixture
def many(tmp_path: Path) -> Session:
    found = open_session(tmp_path / "shop", clock=FixedClock(NOW))
    standard(found, tmp_path, waiting=12, shipped=3)
    return found


def notes(session: Session) -> dict[str, str]:
    rows = session.orders.rows(session.orders.find("")).values()
    return {row.order_id: row.note for row in rows if row.note is not None}


def known(session: Session) -> dict[str, Dispatched]:
    rows = session.orders.rows(session.orders.find("status:unshipped")).values()
    return {row.order_id: row.dispatched for row in rows}


async def test_more_than_ten_are_asked_about_by_name_and_taken_back(many: Session) -> None:
    ids = list(many.orders.find("status:unshipped"))
    many.facts.set_dispatched(ids[:2], Dispatched.NO)
    before = known(many)
    async with running(many, toasts=True) as pilot:
        main(pilot).table.marks.add(ids)
        await press(pilot, "d")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        shown = str(pilot.app.screen.query("Title").first().render())
        assert "12 orders" in shown
        assert "handed to the carrier" in shown
        await press(pilot, "n")
        await settled(pilot)
        assert known(many) == before, "n changes nothing"
        await press(pilot, "d")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await press(pilot, "y")
        await until(pilot, lambda: set(known(many).values()) == {Dispatched.YES})
        assert "z undoes it" in said(pilot)
        await settled(pilot)
        await press(pilot, "z")
        await until(pilot, lambda: known(many) == before)


async def test_ten_are_not_asked_about(many: Session) -> None:
    ids = list(many.orders.find("status:unshipped"))[:10]
    async with running(many) as pilot:
        main(pilot).table.marks.add(ids)
        await press(pilot, "d")
        await until(pilot, lambda: sum(one is Dispatched.YES for one in known(many).values()) == 10)
        assert not isinstance(pilot.app.screen, ConfirmScreen)


def test_only_what_still_stands_is_taken_back(many: Session) -> None:
    ids = list(many.orders.find("status:unshipped"))
    many.facts.set_dispatched(ids[:3], Dispatched.YES)
    with open_session(many.directory, clock=FixedClock(NOW)) as other:
        other.facts.set_dispatched(ids[:1], Dispatched.NO)
    assert many.facts.undo() == 2
    assert many.facts.undo() == 0
    rows = many.orders.rows(ids)
    assert [rows[one].dispatched for one in ids[:3]] == [Dispatched.NO, Dispatched.UNKNOWN, Dispatched.UNKNOWN]


@pytest.mark.parametrize("asked", [True, False])
def test_a_buyers_message_is_taken_back(many: Session, asked: bool) -> None:
    ids = list(many.orders.find("status:unshipped"))[:4]
    many.facts.set_asked(ids[:2], True)
    before = {row.id: row.buyer_request for row in many.orders.rows(ids).values()}
    many.facts.set_asked(ids, asked)
    many.facts.undo()
    assert {row.id: row.buyer_request for row in many.orders.rows(ids).values()} == before
    assert BuyerRequest.MESSAGE in before.values()


async def test_u_takes_the_marked_back_of_whatever_batch(many: Session) -> None:
    first, second = commit(many, Action.CANCEL, 1, 2), commit(many, Action.CANCEL, 3, 4)
    ids = many.orders.ids_of([order_id(2), order_id(3)])
    async with running(many) as pilot:
        main(pilot).table.marks.add(ids.values())
        await press(pilot, "u")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await press(pilot, "m")
        await until(
            pilot,
            lambda: (
                {
                    row.order_id
                    for batch in many.batches.find()
                    for row in batch.rows
                    if batch.id in (first, second) and row.state is RowState.RECALLED
                }
                == set(ids)
            ),
        )


def asked(pilot: Pilot[None]) -> str:
    """The answers of the question that is open, in one line."""
    assert isinstance(pilot.app.screen, ConfirmScreen)
    return " ".join(pilot.app.screen.query_one(DialogKeys).render().plain.split()).removesuffix(" Enter, Esc: no")


@pytest.mark.parametrize(
    ("batches", "marked", "answers"),
    [
        ([(1, 2)], (), "b batch 1: 2 orders (cancel, US)"),
        ([(1, 2)], (1,), "m the marked: 1 order of 2 held b batch 1: 2 orders (cancel, US)"),
        ([(1, 2), (3,)], (), "b batch 2: 1 order (cancel, US) c choose one of 2 held batches"),
        (
            [(1, 2), (3,)],
            (1, 9),
            "m the marked: 1 order of 2 held in batch 1 b batch 1: 2 orders (cancel, US) c choose one of 2 held"
            " batches",
        ),
        (
            [(1,), (2,), (3,), (4,), (5,)],
            (2, 3, 5),
            "m the marked: 3 orders of 3 held in batches 5, 3, 2 c choose one of 5 held batches",
        ),
        (
            [(1, 2), (3, 4), (5, 6, 7)],
            (1, 3),
            "m the marked: 2 orders of 4 held in batches 2, 1 c choose one of 3 held batches",
        ),
        (
            [(1,), (2,), (3,), (4,), (5,), (6,)],
            (1, 2, 3, 4, 5, 6),
            "m the marked: 6 orders of 6 held in 6 batches c choose one of 6 held batches",
        ),
    ],
)
async def test_u_says_which_batches_hold_the_marked(
    many: Session, batches: list[tuple[int, ...]], marked: tuple[int, ...], answers: str
) -> None:
    for numbers in batches:
        commit(many, Action.CANCEL, *numbers)
    async with running(many) as pilot:
        main(pilot).table.marks.add(many.orders.ids_of(map(order_id, marked)).values())
        assert table(pilot).go_to(many.orders.find("status:shipped")[0])
        await press(pilot, "u")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        assert asked(pilot) == answers


async def test_u_lets_a_batch_be_chosen_and_asks_again(many: Session) -> None:
    for number in range(1, 6):
        commit(many, Action.CANCEL, number)
    async with running(many, toasts=True) as pilot:
        assert table(pilot).go_to(many.orders.find("status:shipped")[0])
        await press(pilot, "u")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await press(pilot, "c")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        options = pilot.app.screen.query_one(OptionList).options
        assert [str(one.prompt) for one in options] == [
            f"batch {number}: 1 order (cancel, US)" for number in range(5, 0, -1)
        ]
        await press(pilot, "j", "j", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        assert asked(pilot) == "b batch 3: 1 order (cancel, US)"
        await press(pilot, "enter")
        await settled(pilot)
        assert {batch.state for batch in many.batches.find()} == {BatchState.HELD}, "Enter alone undoes nothing"
        await press(pilot, "u", "c")
        await until(pilot, lambda: isinstance(pilot.app.screen, ChoiceScreen))
        await press(pilot, "j", "j", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await press(pilot, "b")
        await until(pilot, lambda: "1 order undone" in said(pilot))
        assert [batch.id for batch in many.batches.find() if batch.state is BatchState.RECALLED] == [3]


async def test_z_takes_changes_of_marks_and_facts_back_newest_first(many: Session) -> None:
    async with running(many, toasts=True) as pilot:
        table, before = main(pilot).table, known(many)
        await press(pilot, "2")
        await settled(pilot)
        await press(pilot, "space", "space")
        await press(pilot, "d")
        await until(pilot, lambda: list(known(many).values()).count(Dispatched.YES) == 2)
        await settled(pilot)
        await press(pilot, "D")
        await until(pilot, lambda: list(known(many).values()).count(Dispatched.NO) == 2)
        await settled(pilot)
        await press(pilot, "M")
        assert table.marks.count == 0
        await press(pilot, "z")
        await settled(pilot)
        assert table.marks.count == 2
        assert said(pilot) == "undone: 2 marked now", "not the message of what was undone"
        assert list(known(many).values()).count(Dispatched.NO) == 2
        await press(pilot, "z")
        await until(pilot, lambda: list(known(many).values()).count(Dispatched.YES) == 2)
        await settled(pilot)
        await press(pilot, "z")
        await until(pilot, lambda: known(many) == before)
        await settled(pilot)
        await press(pilot, "z", "z")
        await settled(pilot)
        assert table.marks.count == 0
        await press(pilot, "z")
        await until(pilot, lambda: "no change of marks or facts" in said(pilot))


async def test_a_point_repeats_the_last_action_with_the_orders_marked_now(many: Session) -> None:
    async with running(many, toasts=True) as pilot:
        await press(pilot, "full_stop")
        await until(pilot, lambda: "nothing was done yet" in said(pilot))
        await press(pilot, "2")
        await settled(pilot)
        await press(pilot, "d")
        await until(pilot, lambda: list(known(many).values()).count(Dispatched.YES) == 1)
        await settled(pilot)
        await press(pilot, "j", "space", "space", "full_stop")
        await until(pilot, lambda: list(known(many).values()).count(Dispatched.YES) == 3)


async def test_a_note_goes_to_the_orders_of_its_title(many: Session) -> None:
    """The cursor may be moved by a refresh while the form is open."""
    async with running(many) as pilot:
        await press(pilot, "2")
        await settled(pilot)
        named = table(pilot).cursor_row
        assert named is not None
        await press(pilot, "N")
        await until(pilot, lambda: isinstance(pilot.app.screen, FormScreen))
        assert named.order_id in str(pilot.app.screen.query("Title").first().render())
        table(pilot).show(array("q", [one for one in table(pilot).ids if one != named.id]))
        await press(pilot, *"call", "enter")
        await until(pilot, lambda: notes(many) == {named.order_id: "call"})


async def test_a_point_asks_before_it_overwrites_notes_of_hidden_orders(many: Session) -> None:
    ids = list(many.orders.find("status:unshipped"))
    many.facts.set_note(ids[1:4], "old")
    before = notes(many)
    async with running(many) as pilot:
        await press(pilot, "2")
        await settled(pilot)
        table(pilot).go_to(ids[0])
        await press(pilot, "N", *"new", "enter")
        await until(pilot, lambda: "new" in notes(many).values())
        await settled(pilot)
        before = notes(many)
        main(pilot).table.marks.add(ids[1:4])
        main(pilot).view.apply_filter("status:shipped")
        await settled(pilot)
        await press(pilot, "full_stop")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        shown = str(pilot.app.screen.query("Title").first().render())
        assert "3 orders (3 not shown): note: new" in shown
        await press(pilot, "n")
        await settled(pilot)
        assert notes(many) == before
        await press(pilot, "full_stop")
        await until(pilot, lambda: isinstance(pilot.app.screen, ConfirmScreen))
        await press(pilot, "y")
        await until(pilot, lambda: list(notes(many).values()) == ["new"] * 4)
