"""The states of money: what the table of transitions says is what really happens, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from ordertui.operations.session import Session
from ordertui.orders import batch_state
from ordertui.orders.batch_state import (
    BATCH_TRANSITIONS,
    BOOKABLE,
    COMMITTED,
    DONE,
    FINAL,
    LEFT,
    NEVER_ARRIVED,
    NEVER_LEFT,
    OPEN_STATES,
    OPEN_SUBMISSIONS,
    PENDING,
    POSSIBLY_DONE,
    ROW_TRANSITIONS,
    SUBMISSION_TRANSITIONS,
    UNANSWERED,
    UNCONFIRMED,
    BatchState,
    IllegalTransition,
    OpenAction,
    RowState,
    SubmissionState,
    check_transition,
    holds_order,
    open_action,
)
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from ordertui.store import Outcome, StoreError
from support.batches import commit, session_of
from support.shops import NOW, all_orders_row, bring, open_session, order_id, unshipped_row
from support.transitions import assert_states_moved_as_allowed, watch_states

TABLES: tuple[tuple[type[StrEnum], Mapping[Any, frozenset[Any]]], ...] = (
    (RowState, ROW_TRANSITIONS), (BatchState, BATCH_TRANSITIONS), (SubmissionState, SUBMISSION_TRANSITIONS),
)  # fmt: skip
BY_FILE = (RowState.WRITTEN, RowState.UPLOADED)
REACHED = (RowState.SENT, RowState.ACCEPTED, RowState.UNKNOWN, RowState.OK, RowState.ERROR)
"""States of rows that left by the API and that something can still happen to."""
TRIED = (*REACHED[1:], RowState.HELD, RowState.CONFIRMED)


@pytest.mark.parametrize(("kind", "table"), TABLES)
def test_only_the_transitions_of_the_table_are_allowed(
    kind: type[StrEnum], table: Mapping[Any, frozenset[Any]]
) -> None:
    assert set(table) == set(kind), "a new state says what may follow it"
    states: list[Any] = list(kind)
    for before, after in product(states, states):
        assert before not in table[before], "staying is no transition"
        if before is after or after in table[before]:
            assert check_transition(before, after, "it") is after
        else:
            with pytest.raises(IllegalTransition, match=f"it is {before} and cannot become {after}"):
                check_transition(before, after, "it")


def test_equal_texts_of_different_states_are_told_apart() -> None:
    check_transition(SubmissionState.UNKNOWN, SubmissionState.REFUSED, "a submission")
    with pytest.raises(IllegalTransition):
        check_transition(BatchState.ANSWERED, BatchState.SENT, "a batch")
    with pytest.raises(IllegalTransition):
        check_transition(RowState.HELD, RowState.OK, "a row")


def test_the_sets_divide_the_states() -> None:
    assert NEVER_LEFT | {RowState.CONFIRMED} == FINAL
    assert set(RowState) == LEFT | {RowState.HELD} | NEVER_LEFT
    assert set(RowState) == COMMITTED | {RowState.ERROR} | NEVER_LEFT
    assert RowState.WRITTEN not in BOOKABLE
    assert UNANSWERED < UNCONFIRMED < POSSIBLY_DONE < LEFT
    assert OPEN_STATES - {RowState.OK} == PENDING
    assert not PENDING & DONE
    assert not OPEN_SUBMISSIONS & NEVER_ARRIVED
    assert all(holds_order(Action.CANCEL, state) is (state in OPEN_STATES) for state in RowState)
    assert {s for s in RowState if holds_order(Action.REFUND, s)} == PENDING


def test_an_open_action_is_one_text_for_people_and_two_columns_for_the_store() -> None:
    for kind, state in product(Action, RowState):
        action = open_action(kind.value, state.value)
        assert action == OpenAction(kind, state)
        assert str(action) == f"{kind.value}:{state.value}"
    assert open_action(None, None) is None


def _assert_each_transition_was_seen(session: Session, begun: Collection[RowState]) -> None:
    """Assert that each transition of the table out of these states was made, and no other out of any but held."""
    store = session.context.store
    assert_states_moved_as_allowed(store)
    assert session.maintenance.check() == []
    sql = "SELECT before, after FROM state_log WHERE place = 'batch_rows' AND before <> ?"
    seen = {(RowState(a), RowState(b)) for a, b in store.database.query(sql, (RowState.HELD.value,))}
    assert seen == {(a, b) for a, following in ROW_TRANSITIONS.items() if a in begun for b in following}


def test_rows_of_a_file_move_as_the_table_says(tmp_path: Path) -> None:
    """The same for files: written, uploaded by the operator's word, then what reports and people say."""
    tried = (RowState.WRITTEN, RowState.UPLOADED, RowState.OK, RowState.ERROR, RowState.UNKNOWN, RowState.CONFIRMED)
    pairs = [(before, after) for before, after in product(BY_FILE, tried) if before is not after]
    numbers = range(1, len(pairs) + 1)
    clock = FixedClock(NOW)
    with open_session(tmp_path, clock=clock) as session:
        rows = [all_orders_row(n) for n in numbers]
        bring(session, tmp_path, everything=rows, open_=[unshipped_row(n) for n in numbers])
        watch_states(tmp_path / "orders.db")
        store = session.context.store
        for number, (before, after) in enumerate(pairs, start=1):
            key = order_id(number)
            batch = commit(session, Action.CANCEL, number)
            session.batches.release(batch)
            session.dispatcher.run()
            if before is RowState.UPLOADED:
                session.batches.mark_uploaded(batch)
            assert store.batches.get(batch).rows[0].state is before
            assert session.batches.waiting().to_upload == (before is RowState.WRITTEN)
            if after is RowState.UPLOADED:
                session.batches.mark_uploaded(batch)
            elif after is RowState.WRITTEN:
                session.batches.mark_uploaded(batch, undo=True)
            elif after is RowState.CONFIRMED:
                bring(session, tmp_path, everything=[all_orders_row(number, "Cancelled", updated=NOW)])
            else:
                store.results.record(batch, {key: Outcome(after)}, content=b"answer")
            assert store.batches.get(batch).rows[0].state is after, f"{before} and {after}"
            assert session.batches.waiting().to_upload == (after is RowState.WRITTEN)
            if after is RowState.WRITTEN:
                session.batches.mark_uploaded(batch)
            with pytest.raises(StoreError, match="no file that waits for its upload"):
                session.batches.mark_uploaded(batch)
        _assert_each_transition_was_seen(session, BY_FILE)
        assert "chain unbroken" in session.audit.verify()


def test_rows_that_left_move_as_the_table_says(tmp_path: Path) -> None:
    """Bring a row into each state, let each thing happen to it that could lead to another one, and look at it."""
    pairs = [(before, after) for before, after in product(REACHED, TRIED) if before is not after]
    numbers = range(1, len(pairs) + 1)
    with open_session(tmp_path, clock=FixedClock(NOW)) as session:
        rows = [all_orders_row(n) for n in numbers]
        bring(session, tmp_path, everything=rows, open_=[unshipped_row(n) for n in numbers])
        watch_states(tmp_path / "orders.db")
        store = session.context.store
        for number, (before, after) in enumerate(pairs, start=1):
            key = order_id(number)
            batch = commit(session, Action.CANCEL, number)
            submission = store.submissions.begin(
                batch, feed_type=f"T{number}", content=b"<feed/>", document_id="", known=(), orders=(key,)
            )
            if before is RowState.ACCEPTED:
                store.submissions.move(submission.id, SubmissionState.SUBMITTED, outcome=Outcome(before))
            elif before is RowState.UNKNOWN:
                store.submissions.move(submission.id, SubmissionState.UNKNOWN, outcome=Outcome(before))
            elif before is not RowState.SENT:
                store.results.record(batch, {key: Outcome(before)}, content=b"first")
            assert store.batches.get(batch).rows[0].state is before
            if after is RowState.HELD:
                store.submissions.return_to_hold(submission.id, SubmissionState.NOT_TAKEN, note="")
            elif after is RowState.ACCEPTED:
                store.submissions.move(submission.id, SubmissionState.SUBMITTED, outcome=Outcome(after))
            elif after is RowState.CONFIRMED:
                bring(session, tmp_path, everything=[all_orders_row(number, "Cancelled", updated=NOW)])
            else:
                store.results.record(batch, {key: Outcome(after)}, content=b"second")
            expected = after if after in ROW_TRANSITIONS[before] else before
            assert store.batches.get(batch).rows[0].state is expected, f"{before} and {after}"
        _assert_each_transition_was_seen(session, REACHED)


def test_a_row_that_is_confirmed_or_taken_back_stays_so(tmp_path: Path) -> None:
    with session_of(tmp_path, FixedClock(NOW), waiting=2) as session:
        store = session.context.store
        batch = commit(session, Action.CANCEL, 1, 2)
        session.batches.recall(order_id(2))
        store.journal.mark_sent(batch, files=(), sha256="")
        bring(session, tmp_path, everything=[all_orders_row(1, "Cancelled", updated=NOW)])
        outcomes = {order_id(n): Outcome(RowState.ERROR) for n in (1, 2)}
        found = store.results.record(batch, outcomes, content=b"late")
        assert [row.state for row in found.rows] == [RowState.CONFIRMED, RowState.RECALLED]


def test_a_change_that_no_flow_makes_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    with session_of(tmp_path, FixedClock(NOW)) as session:
        store = session.context.store
        batch = commit(session, Action.CANCEL, 1, 2)
        before = store.batches.get(batch)
        with pytest.raises(IllegalTransition, match="is held and cannot become ok"), store.write():
            store.journal.transitions.move_rows(before, {order_id(1): Outcome(RowState.OK)})
        with pytest.raises(IllegalTransition, match="is held and cannot become answered"), store.write():
            store.journal.transitions.move_batch(batch, before.state, BatchState.ANSWERED)
        assert store.batches.get(batch) == before


def test_no_other_module_spells_a_state() -> None:
    source = Path(batch_state.__file__).parents[1]
    spelled = re.compile(r"""(?<!N_\()["'](held|sent|recalled|submitting|not_taken|needs_operator)["']|:held""")
    found = [
        f"{path.relative_to(source)}: {line.strip()}"
        for path in source.rglob("*.py")
        if path != Path(batch_state.__file__)
        for line in path.read_text(encoding="utf-8").splitlines()
        if spelled.search(line)
    ]
    assert found == []
