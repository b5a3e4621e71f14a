"""Committing and dispatching take the rows of a batch some at a time: what is held of each is a few bytes."""

from __future__ import annotations

import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ordertui.operations.batches import committer
from ordertui.operations.session import Session
from ordertui.orders import packed
from ordertui.orders.batch_state import RowState
from ordertui.orders.enums import Action
from ordertui.store import ActionAlreadyOpen, NewRow
from ordertui.store.journal import batches, refunds, rows
from support.batches import commit, session_of, states
from support.profile import LONG
from support.shops import all_orders_row, bring, order_id, unshipped_row

PORTION = 3


@pytest.fixture
def small_portions(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in (
        (batches, "ROWS_AT_ONCE"), (refunds, "ROWS_AT_ONCE"), (rows, "MAX_VALUES"), (committer, "SEEN_AT_ONCE"),
        (packed, "PACKED_FROM"), (packed, "ITEMS_AT_ONCE"),
    ):  # fmt: skip
        monkeypatch.setattr(module, name, PORTION)


def add(session: Session, taken: Iterator[NewRow]) -> int:
    journal = session.context.store.journal
    return journal.add(
        action=Action.CANCEL, marketplace="US", rows=taken, plan=b"{}", sha256="", due_at=session.clock.now()
    ).id


@pytest.mark.usefixtures("small_portions")
def test_a_batch_is_written_as_its_rows_come(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with session_of(tmp_path, waiting=8) as session:
        store, taken, waiting = session.context.store, 0, list[int]()
        add_rows = store.journal.transitions.add_rows

        def counted(*given: object) -> None:
            add_rows(*given)  # type: ignore[arg-type]
            waiting.append(taken - store.database.required(int, "SELECT count(*) FROM batch_rows"))

        monkeypatch.setattr(store.journal.transitions, "add_rows", counted)

        def given() -> Iterator[NewRow]:
            nonlocal taken
            for number in range(1, 9):
                taken += 1
                yield NewRow(order_id(number), "NoInventory", "USD", 1000, counts=True)

        batch = add(session, given())
        assert waiting == [0, 0, 0], "each portion is written before the next is taken"
        found = store.batches.get(batch)
        assert [row.order_id for row in found.rows] == [order_id(number) for number in range(1, 9)]
        assert session.audit.records(order_id(8))[0]["orders"] == " ".join(order_id(n) for n in range(1, 9))
        assert "chain unbroken" in session.audit.verify()


@pytest.mark.usefixtures("small_portions")
def test_an_order_that_cannot_be_held_undoes_all_portions(tmp_path: Path) -> None:
    with session_of(tmp_path, waiting=8) as session:
        before = commit(session, Action.CANCEL, 7)
        seen = session.audit.verify()
        with pytest.raises(ActionAlreadyOpen):
            add(session, (NewRow(order_id(number), "NoInventory", "USD", 1000) for number in range(1, 9)))
        assert [batch.id for batch in session.batches.find()] == [before]
        assert session.audit.verify() == seen
        assert session.context.store.database.required(int, "SELECT count(*) FROM batch_rows") == 1


@pytest.mark.usefixtures("small_portions")
@pytest.mark.parametrize("action", [Action.CANCEL, Action.REFUND])
def test_a_batch_of_many_portions_leaves_as_one_of_one_does(tmp_path: Path, action: Action) -> None:
    with session_of(tmp_path, waiting=8, shipped=8) as session:
        numbers = range(1, 9) if action is Action.CANCEL else range(11, 19)
        batch = commit(session, action, *numbers)
        session.batches.release(batch)
        (sent,) = session.dispatcher.run()
        assert sent == session.batches.get(batch)
        assert states(session, batch) == {order_id(number): RowState.WRITTEN for number in numbers}
        assert session.audit.records(order_id(numbers[-1]))[0]["change"] == "held -> written"
        assert "chain unbroken" in session.audit.verify()
        assert session.maintenance.check() == []


@pytest.mark.usefixtures("small_portions")
def test_a_statement_about_a_whole_batch_runs_once_whatever_its_portions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with session_of(tmp_path, waiting=1, shipped=8) as session:
        database, written = session.context.store.database, Counter[tuple[str, object]]()
        execute = database.execute

        def counted(sql: str, params: object = ()) -> int:
            written[sql, repr(params)] += "batch" in sql and "UPDATE" in sql
            return execute(sql, params)  # type: ignore[arg-type]

        monkeypatch.setattr(database, "execute", counted)
        commit(session, Action.REFUND, *range(11, 19))
        assert set((+written).values()) == {1}
        assert database.required(int, "SELECT count(*) FROM refunds r JOIN lines l USING (order_id, line)"
                              " WHERE r.item_id = l.item_id") == 8  # fmt: skip


@pytest.mark.parametrize("parts", [1, 2, 5])
def test_a_number_that_is_there_twice_is_seen_whatever_the_portion(monkeypatch: pytest.MonkeyPatch, parts: int) -> None:
    monkeypatch.setattr(committer, "SEEN_AT_ONCE", 12 // parts)
    ids = [hash(one) for one in (*range(10), 2**70, -1)]
    assert not committer._has_twice(ids)
    for one in ids:
        assert committer._has_twice([*ids, one])


@pytest.mark.long
@pytest.mark.skipif(not LONG, reason="the long profile: a minute of CPU")
def test_memory_of_a_commit_and_a_dispatch_hardly_grows_with_the_batch(tmp_path: Path) -> None:
    few, many = (peaks(tmp_path / str(count), count) for count in (10_000, 40_000))
    for step, most in (("commit", 100), ("dispatch", 170)):
        assert (many[step] - few[step]) / 30_000 < most, f"bytes an order of a {step}: {few} {many}"


def peaks(folder: Path, count: int) -> dict[str, int]:
    """Return the most bytes of Python's that a commit and a dispatch of so many orders have at a time."""
    folder.mkdir()
    with session_of(folder, waiting=1, shipped=1) as session:
        numbers = range(100, 100 + count)
        bring(
            session, folder, everything=[all_orders_row(n) for n in numbers], open_=[unshipped_row(n) for n in numbers]
        )
        (plan,) = session.planner.plan(Action.CANCEL, session.orders.find("status:unshipped"))
        typed = str(len(plan.rows))

        def dispatch() -> None:
            session.batches.release(1)
            session.dispatcher.run()

        steps: dict[str, Callable[[], object]] = {
            "commit": lambda: session.batches.commit(plan, typed=typed), "dispatch": dispatch,
        }  # fmt: skip
        found = {}
        for name, step in steps.items():
            tracemalloc.start()
            try:
                step()
                found[name] = tracemalloc.get_traced_memory()[1]
            finally:
                tracemalloc.stop()
        return found
