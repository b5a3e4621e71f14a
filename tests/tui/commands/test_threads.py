"""What reads the store for all marked orders reads it beside the screen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from threading import current_thread, main_thread

import pytest
from textual.pilot import Pilot
from textual.screen import ModalScreen

from ordertui.operations.planning.message_texts import MessageTexts
from ordertui.operations.query.orders import OrderQueries
from ordertui.operations.session import Session
from ordertui.orders.enums import Action
from support.batches import commit
from support.pilot import main, press, running, until
from support.shops import order_id
from support.statements import noted


@pytest.mark.parametrize("key", ["b", "N", "c", "u", "m"])
async def test_a_key_for_all_marks_reads_none_of_them_in_the_screens_thread(
    session: Session, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    commit(session, Action.CANCEL, 1, 2)
    ids = set(session.orders.find("")[:77])
    seen: list[bool] = []
    expected = 2 if key == "u" else len(ids)  # `u` asks which of those that batches hold are marked

    def recorded(read: Callable[..., object]) -> Callable[..., object]:
        def call(self: object, wanted: Iterable[object]) -> object:
            found = list(wanted)
            if len(found) == expected:
                seen.append(current_thread() is main_thread())
            return read(self, found)

        return call

    monkeypatch.setattr(OrderQueries, "rows", recorded(OrderQueries.rows))
    monkeypatch.setattr(OrderQueries, "ids_of", recorded(OrderQueries.ids_of))
    monkeypatch.setattr(MessageTexts, "copied_at", recorded(MessageTexts.copied_at))
    async with running(session) as pilot:
        main(pilot).table.marks.add(ids)
        await press(pilot, key)
        await until(pilot, lambda: _asks(pilot))
        assert set(seen) == {False}, "read, and never by the thread of the screen"


def _asks(pilot: Pilot[None]) -> bool:
    return isinstance(pilot.app.screen, ModalScreen)


def test_when_texts_were_copied_is_one_statement_for_many_orders(session: Session) -> None:
    names = [order_id(n) for n in (1, 2, 3)]
    for name in (names[0], names[1], names[0]):
        session.messages.note_copied(name)
    with noted(session.context.reader()) as notes:
        assert session.messages.copied_at(names) == dict.fromkeys(names[:2], session.clock.now())
    assert len(notes.statements) == 1
