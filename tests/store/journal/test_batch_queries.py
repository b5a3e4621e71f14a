"""Batches are read some rows at a time, whichever batches they are of, and move in statements of their own."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from ordertui.orders import packed
from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from ordertui.store import RecallRefused
from ordertui.store.journal import batch_queries
from support.batches import commit, session_of, states
from support.shops import NOW, order_id


@pytest.mark.parametrize("size", [1, 2, 3, 4, 100])
def test_rows_that_are_read_some_at_a_time_are_those_of_their_batches(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    with session_of(tmp_path, waiting=9, shipped=2) as session:
        for numbers in ((1, 2, 3), (4,), (5, 6), (7, 8, 9)):
            commit(session, Action.CANCEL, *numbers)
        journal = session.context.store.batches
        session.context.store.journal.recall(2)
        whole = journal.find()
        assert [len(batch.rows) for batch in whole] == [3, 2, 1, 3]
        monkeypatch.setattr(batch_queries, "ROWS_AT_ONCE", size)
        monkeypatch.setattr(batch_queries, "MAX_VALUES", max(size - 1, 1))
        monkeypatch.setattr(packed, "PACKED_FROM", 2)
        monkeypatch.setattr(packed, "ITEMS_AT_ONCE", 2)
        found = journal.find()
        assert found == whole
        assert [isinstance(batch.rows, packed.PackedList) for batch in found] == [True, True, False, True]
        assert journal.get(1) == whole[3]
        assert journal.find(open_only=True) == [one for one in whole if one.id != 2]


def test_a_batch_that_was_taken_back_is_not_said_to_have_left(tmp_path: Path) -> None:
    with session_of(tmp_path, waiting=2, shipped=0) as session:
        commit(session, Action.CANCEL, 1)
        commit(session, Action.CANCEL, 2)
        journal = session.context.store.journal
        journal.recall(1)
        journal.leave_out(2, {order_id(2): "shipped"})
        for number, text in ((1, "was taken back already; nothing of it left"), (2, "was left out whole")):
            with pytest.raises(RecallRefused, match=text):
                journal.recall(number)


@pytest.mark.parametrize("action", [Action.CANCEL, Action.REFUND])
def test_the_held_rows_of_a_batch_leave_and_the_others_stay(tmp_path: Path, action: Action) -> None:
    with session_of(tmp_path, FixedClock(NOW), waiting=3, shipped=3) as session:
        numbers = (1, 2, 3) if action is Action.CANCEL else (11, 12, 13)
        batch, other = commit(session, action, *numbers[:2]), commit(session, action, numbers[2])
        session.batches.recall(order_id(numbers[0]))
        store = session.context.store
        file = tmp_path / "a.txt"
        file.write_bytes(b"feed")
        store.journal.mark_sent(batch, files=[str(file)], sha256=sha256(b"feed").hexdigest())
        assert states(session, batch) == {
            order_id(numbers[0]): RowState.RECALLED, order_id(numbers[1]): RowState.WRITTEN,
        }  # fmt: skip
        assert states(session, other) == {order_id(numbers[2]): RowState.HELD}
        assert store.batches.get(batch).state is BatchState.WRITTEN
        actions = [session.orders.get(order_id(number)).row.open_action for number in numbers]  # type: ignore[union-attr]
        assert [one and one.state for one in actions] == [None, RowState.WRITTEN, RowState.HELD]
        assert session.maintenance.check() == []
