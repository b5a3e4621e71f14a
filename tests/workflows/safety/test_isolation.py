"""What is checked and what is done are one transaction, and one bad batch never holds up the others."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from ordertui.cli.main import cli
from ordertui.operations.batches.batch import journal_row
from ordertui.operations.errors import OperationError, PlanChanged, Refused
from ordertui.operations.planning.feed_builder import FeedRows, build_feed_files
from ordertui.operations.planning.order_planner import PlanChoices
from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.clock import DAY, FixedClock
from ordertui.orders.enums import Action
from ordertui.store import ActionAlreadyOpen
from ordertui.store.repositories import maintenance
from support.batches import commit, plan, session_of, states, unwritten
from support.shops import NOW, all_orders_row, bring, open_session, order_id, unshipped_row


def test_an_order_committed_while_a_purge_runs_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "PURGED_AT_ONCE", 1)
    clock = FixedClock(NOW)
    session = session_of(tmp_path / "shop", clock)
    numbers = range(21, 25)
    bring(
        session,
        tmp_path,
        everything=[all_orders_row(n, "Shipped", age=500 * DAY, updated=NOW - 499 * DAY) for n in numbers],
    )
    bring(session, tmp_path, open_=[unshipped_row(n, age=500 * DAY, reporting_date="2025-07-12") for n in numbers])
    bring(session, tmp_path, everything=[all_orders_row(30)])
    committed: list[int] = []

    def commit_meanwhile(_done: int) -> None:
        if not committed:
            committed.append(commit(session, Action.REFUND, 24))

    deleted = session.context.store.maintenance.purge(NOW - 400 * DAY, commit_meanwhile)
    assert deleted == 3
    assert states(session, committed[0]) == {order_id(24): RowState.HELD}, "the order that was committed stays"
    assert session.maintenance.check() == []


def test_a_purge_between_looking_and_planning_is_told(tmp_path: Path) -> None:
    """Another process deletes orders that somebody marked: the plan says how many, and the lists go on without them."""
    session, other = session_of(tmp_path, waiting=5, shipped=6), open_session(tmp_path)
    commit(session, Action.CANCEL, 1, 2)
    ids = session.orders.find()
    plans = session.planner.plan(Action.REFUND, ids, PlanChoices(reason="GeneralAdjustment"))
    records = session.orders.records(ids)
    gone = other.context.store.maintenance.purge(NOW + DAY)
    assert gone == len(ids) - 3, "the two of the batch and the newest stay"
    assert [one["order_id"] for one in records] == [one["order_id"] for one in session.orders.records(ids)]
    with pytest.raises(PlanChanged):
        session.batches.commit_all(plans, typed=str(len(plans[0].rows)))
    (plan_left,) = session.planner.plan(Action.REFUND, ids, PlanChoices(reason="GeneralAdjustment"))
    assert plan_left.warnings[0].startswith(f"{gone} orders left out: not in this store any more")
    stay = {order.id for order in session.orders.rows(ids).values()}
    with pytest.raises(Refused, match="not in this store any more"):
        session.planner.plan(Action.CANCEL, [one for one in ids if one not in stay])
    for batch in session.batches.find():
        session.batches.release(batch.id)
    session.dispatcher.run()
    assert session.maintenance.check() == []


def broken(session_path: Path, batch: int, column: str, value: object) -> None:
    with sqlite3.connect(session_path) as connection:
        connection.execute(f"UPDATE batches SET {column} = ? WHERE id = ?", (value, batch))
    connection.close()


@pytest.mark.parametrize("plan_bytes", [b"", b"{", b"[1]", b"\xff\xfe"])
def test_a_batch_whose_plan_is_damaged_holds_up_no_other(tmp_path: Path, plan_bytes: bytes) -> None:
    session = session_of(tmp_path)
    bad, good = commit(session, Action.CANCEL, 1), commit(session, Action.CANCEL, 2)
    broken(tmp_path / "orders.db", bad, "plan", plan_bytes)
    for batch in (bad, good):
        session.batches.release(batch)
    with pytest.raises(OperationError):
        session.dispatcher.run()
    assert states(session, good) == {order_id(2): RowState.WRITTEN}
    assert states(session, bad) == {order_id(1): RowState.HELD}
    assert {batch.id for batch in session.batches.find()} == {bad, good}, "and the list of batches is there"
    session.batches.recall(bad)


def test_a_kept_file_that_was_damaged_before_it_was_written_does_not_leave(tmp_path: Path) -> None:
    """The batch was marked and not written, so the next dispatch writes what the store kept."""
    session = session_of(tmp_path)
    bad = unwritten(session, Action.CANCEL, 1)
    with sqlite3.connect(tmp_path / "orders.db") as connection:
        changed = "UPDATE feeds SET content = CAST(replace(content, 'NoInventory', 'PricingError') AS BLOB)"
        assert connection.execute(f"{changed} WHERE name LIKE '%.txt'").rowcount == 1
    connection.close()
    good = commit(session, Action.CANCEL, 2)
    session.batches.release(good)
    with pytest.raises(OperationError, match=rf"batch {bad}: the kept .+\.txt is damaged"):
        session.dispatcher.run()
    assert states(session, good) == {order_id(2): RowState.WRITTEN}
    assert session.batches.get(bad).is_writing
    assert [path.parent.name[:4] for path in tmp_path.glob("outbox/*/*.txt")] == [f"{good:04}"] * 2, "and none of it"


def test_whatever_one_batch_raises_the_others_leave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = session_of(tmp_path)
    bad, good = commit(session, Action.CANCEL, 1), commit(session, Action.CANCEL, 2)
    for batch in (bad, good):
        session.batches.release(batch)

    def fail_for_the_first(source: FeedRows, between: Callable[[], None]) -> object:
        if any(row.order_id == order_id(1) for row in source.rows):
            raise ZeroDivisionError("a defect")
        return build_feed_files(source, between)

    monkeypatch.setattr("ordertui.operations.dispatch.freeze.build_feed_files", fail_for_the_first)
    with pytest.raises(OperationError, match=f"batch {bad} cannot leave.*a defect"):
        session.dispatcher.run()
    assert states(session, good) == {order_id(2): RowState.WRITTEN}


def test_a_batch_of_which_an_order_is_lost_holds_up_no_other(tmp_path: Path) -> None:
    session = session_of(tmp_path)
    bad, good = commit(session, Action.CANCEL, 1), commit(session, Action.CANCEL, 2)
    with sqlite3.connect(tmp_path / "orders.db") as connection:
        connection.execute("DELETE FROM orders WHERE order_id = ?", (order_id(1),))
    connection.close()
    for batch in (bad, good):
        session.batches.release(batch)
    with pytest.raises(OperationError, match=f"{order_id(1)} is not in this store any more"):
        session.dispatcher.run()
    assert states(session, good) == {order_id(2): RowState.WRITTEN}
    assert session.batches.open_issues() == []


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ("INSERT INTO batch_rows (batch, pos, order_id, action, state, is_open, reason) SELECT 1, 5, id, 'cancel',"
         " 'held', 1, 'NoInventory' FROM orders WHERE order_id = ?", "order {} is not in its plan"),
        ("UPDATE batch_rows SET order_id = (SELECT id FROM orders WHERE order_id = ?) WHERE batch = 1 AND pos = 1",
         "is not in this store any more"),
    ],
)  # fmt: skip
def test_a_batch_whose_rows_are_not_those_of_its_plan_does_not_leave(tmp_path: Path, change: str, why: str) -> None:
    """Rows that SQL put in: nothing is said to be written that is in no file."""
    session = session_of(tmp_path, waiting=4)
    bad, good = commit(session, Action.CANCEL, 1, 2), commit(session, Action.CANCEL, 4)
    with sqlite3.connect(tmp_path / "orders.db") as connection:
        connection.execute(change, (order_id(3),))
    connection.close()
    for batch in (bad, good):
        session.batches.release(batch)
    with pytest.raises(OperationError, match=why.format(order_id(3))):
        session.dispatcher.run()
    assert set(states(session, bad).values()) == {RowState.HELD}
    assert states(session, good) == {order_id(4): RowState.WRITTEN}


@pytest.mark.parametrize("column", ["due_at", "hold_mark"])
def test_a_hold_without_end_leaves_the_lists_whole(tmp_path: Path, column: str) -> None:
    session = session_of(tmp_path)
    bad, good = commit(session, Action.CANCEL, 1), commit(session, Action.CANCEL, 2)
    session.close()
    broken(tmp_path / "orders.db", bad, column, 10**18)
    result = CliRunner().invoke(cli, ["--store", str(tmp_path / "orders.db"), "outbox", "--format", "json"])
    assert result.exit_code == 0, result.output
    assert {one["batch"] for one in json.loads(result.stdout)} == {bad, good}
    with session_of(tmp_path) as again:
        assert again.batches.recall(bad) == 1
        assert {batch.state for batch in again.batches.find()} == {BatchState.HELD, BatchState.RECALLED}


def test_the_screen_goes_on_when_one_batch_cannot_leave(tmp_path: Path) -> None:
    """`dispatcher.run` gives the screen an error that it shows as a sentence, whatever the batch raised."""
    session = session_of(tmp_path)
    bad = commit(session, Action.CANCEL, 1)
    broken(tmp_path / "orders.db", bad, "plan", b"{")
    session.batches.release(bad)
    with pytest.raises(OperationError):
        session.dispatcher.run()
    assert plan(session, Action.CANCEL, 2).rows, "and planning goes on"


def test_who_comes_second_is_told_which_batch_by_whom_and_since_when(tmp_path: Path) -> None:
    """Both ways: judged again before the commit, and by the journal itself when the other came after that."""
    session, other = session_of(tmp_path), open_session(tmp_path)
    late = plan(other, Action.CANCEL, 1)
    first = commit(session, Action.CANCEL, 1)
    with pytest.raises(PlanChanged) as told:
        other.batches.commit(late)
    assert f"batch {first}" in told.value.differences[0]
    row = journal_row(Action.CANCEL, late.rows[0])
    with pytest.raises(ActionAlreadyOpen, match=rf"in batch {first}, committed by .+ at 2026-11-23T14:05:00Z"):
        other.context.store.journal.add(
            action=Action.CANCEL, marketplace="US", rows=[row], plan=b"{}", sha256="", due_at=NOW
        )
    assert [batch.id for batch in session.batches.find()] == [first]
