"""Plans of several marketplaces are committed all or none, whatever fails and wherever."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from ordertui.operations.dispatch.dispatcher import DispatchIncomplete
from ordertui.operations.errors import EvidenceAgainst, NotConfirmed, PlanChanged, Refused
from ordertui.operations.planning.plan import Plan
from ordertui.operations.session import Session
from ordertui.orders.batch_state import BatchState, RowState
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action, Dispatched
from ordertui.store import StoreError
from ordertui.store.journal.batches import BatchJournal
from support import places
from support.batches import answer, send, session_of
from support.cli import Command
from support.shops import NOW, all_orders_row, bring, open_session, order_id, unshipped_row

MARKETS = ("CA", "DE", "UK", "US")
EACH = 5
"""Orders of each marketplace: so many that the count must be typed."""


def shop(folder: Path, clock: FixedClock | None = None) -> Session:
    session = open_session(folder, clock=clock or FixedClock(NOW))
    numbers = [(market, 100 * at + n) for at, market in enumerate(MARKETS, 1) for n in range(EACH)]
    bring(
        session,
        folder,
        everything=[all_orders_row(number, market=market) for market, number in numbers],
        open_=[unshipped_row(number, market=market) for market, number in numbers],
    )
    return session


def plans_of(session: Session) -> tuple[Plan, ...]:
    return session.planner.plan(Action.CANCEL, session.orders.find())


def nothing_is_held(session: Session) -> bool:
    held = [row.open_action for row in session.orders.rows(session.orders.find()).values()]
    return session.batches.find() == [] and held == [None] * len(held)


@places.on_both
def test_one_number_for_all_marketplaces(tmp_path: Path) -> None:
    session = shop(tmp_path)
    plans = plans_of(session)
    assert [(plan.marketplace, plan.typed_count) for plan in plans] == [(market, EACH) for market in MARKETS]
    for typed in (None, str(EACH), "19"):
        with pytest.raises(NotConfirmed, match="20, to commit these plans"):
            session.batches.commit_all(plans, typed=typed)
        assert nothing_is_held(session)
    made = session.batches.commit_all(plans, typed="20")
    assert [(batch.marketplace, batch.state, len(batch.rows)) for batch in made] == [
        (market, BatchState.HELD, EACH) for market in MARKETS
    ]


def _changed(session: Session, plan: Plan) -> type[Exception]:
    session.facts.set_dispatched([plan.rows[-1].id], Dispatched.NO)
    return PlanChanged


def _taken(session: Session, plan: Plan) -> type[Exception]:
    (other,) = session.planner.plan(Action.CANCEL, [plan.rows[0].id])
    session.batches.commit(other, typed="1")
    return PlanChanged


@places.on_both
@pytest.mark.parametrize("spoil", [_changed, _taken])
@pytest.mark.parametrize("place", range(len(MARKETS)))
def test_one_plan_that_does_not_fit_any_more_keeps_all_out(
    tmp_path: Path, place: int, spoil: Callable[[Session, Plan], type[Exception]]
) -> None:
    session = shop(tmp_path)
    plans = plans_of(session)
    expected = spoil(session, plans[place])
    before = session.batches.find()
    with pytest.raises(expected):
        session.batches.commit_all(plans, typed="20")
    assert session.batches.find() == before


@places.on_both
@pytest.mark.parametrize("error", [StoreError("the disk is full"), OSError(28, "full"), KeyboardInterrupt()])
@pytest.mark.parametrize("place", range(len(MARKETS)))
def test_whatever_fails_while_the_journal_is_written_leaves_nothing_held(
    tmp_path: Path, place: int, error: BaseException, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = shop(tmp_path)
    plans, add, calls = plans_of(session), BatchJournal.add, []

    def fail_at(self: BatchJournal, **values: object) -> object:
        calls.append(values["marketplace"])
        found = add(self, **values)  # type: ignore[arg-type]
        if len(calls) > place:
            raise error
        return found

    monkeypatch.setattr(BatchJournal, "add", fail_at)
    with pytest.raises(type(error)):
        session.batches.commit_all(plans, typed="20")
    monkeypatch.undo()
    assert calls == list(MARKETS[: place + 1])
    assert nothing_is_held(session)
    assert len(session.batches.commit_all(plans, typed="20")) == len(MARKETS), "the same plans may still be committed"


@places.on_both
def test_a_file_with_two_plans_for_one_marketplace_is_refused(tmp_path: Path) -> None:
    session = shop(tmp_path)
    plan = plans_of(session)[0]
    with pytest.raises(Refused, match="one plan for each marketplace"):
        session.batches.commit_all([plan, plan], typed="10")
    assert nothing_is_held(session)


@pytest.mark.parametrize("place", range(len(MARKETS)))
def test_the_command_says_that_nothing_is_held(tmp_path: Path, place: int) -> None:
    with shop(tmp_path) as session:
        plans = plans_of(session)
        session.batches.save_plan(plans, tmp_path / "all.json")
        command = Command(tmp_path)
        done = command.run("plan", "cancel", "--filter", "status:unshipped", "-o", tmp_path / "again.json")
        assert "--typed 20" in done.stderr
        wrong = command.run("commit", tmp_path / "all.json", "--yes", "--typed", "5")
        assert (wrong.code, "no order of this plan file is held" in wrong.stderr) == (5, True)
        _taken(session, plans[place])
        done = command.run("commit", tmp_path / "all.json", "--yes", "--typed", "20")
        assert done.code == 6
        assert "no order of this plan file is held" in done.stderr
        assert len(session.batches.find()) == 1, "only the batch that was in the way"


def test_the_command_lists_every_batch_that_it_committed(tmp_path: Path) -> None:
    with shop(tmp_path) as session:
        session.batches.save_plan(plans_of(session), tmp_path / "all.json")
    found = Command(tmp_path).json("commit", tmp_path / "all.json", "--yes", "--typed", "20")
    assert [record["marketplace"] for record in found] == list(MARKETS)


# -- other loops of effects with one result


@places.on_both
def test_a_batch_that_cannot_be_written_hides_none_that_was(tmp_path: Path, clock: FixedClock) -> None:
    session = shop(tmp_path, clock)
    made = session.batches.commit_all(plans_of(session), typed="20")
    in_the_way = (
        session.context.outbox_directory / f"{made[1].id:04d}-DE-cancel-{session.context.store.identity.id[:8]}"
    )
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_text("a file where the folder should be", encoding="utf-8")
    for batch in made:
        session.batches.release(batch.id)
    with pytest.raises(DispatchIncomplete) as caught:
        session.dispatcher.run()
    written = [made[0].id, made[2].id, made[3].id]
    assert [batch.id for batch in caught.value.written] == written
    assert f"batches {', '.join(map(str, written))} written" in str(caught.value)
    assert f"batch {made[1].id} was not written" in str(caught.value)


def test_dispatch_lists_what_was_written_though_a_batch_failed(tmp_path: Path) -> None:
    with shop(tmp_path) as session:
        made = session.batches.commit_all(plans_of(session), typed="20")
        (session.context.outbox_directory).mkdir(parents=True)
        name = f"{made[0].id:04d}-CA-cancel-{session.context.store.identity.id[:8]}"
        (session.context.outbox_directory / name).write_text("", encoding="utf-8")
        for batch in made:
            session.batches.release(batch.id)
    done = Command(tmp_path).run("dispatch", "--format", "json")
    assert done.code == 4
    assert [f'"marketplace": "{market}"' in done.stdout for market in MARKETS] == [False, True, True, True]
    assert f"batch {made[0].id} was not written" in done.stderr


@places.on_both
def test_processing_reports_are_taken_in_all_or_none(tmp_path: Path) -> None:
    session = session_of(tmp_path)
    first = send(session, Action.CANCEL, 1, 2)
    good = answer(session, tmp_path, first)
    bad = tmp_path / "bad.txt"
    bad.write_text("no report at all", encoding="utf-8")
    for files in ([good, bad], [bad, good]):
        with pytest.raises(Exception, match=r"bad\.txt"):
            session.results.take_in(files)
        assert _states(session, first) == {RowState.WRITTEN}
    session.results.take_in([good])
    assert _states(session, first) == {RowState.OK}


@places.on_both
def test_a_word_that_could_not_be_written_beside_the_files_does_not_count(tmp_path: Path) -> None:
    session = session_of(tmp_path)
    batch = send(session, Action.REFUND, 11)
    folder = next(session.context.outbox_directory.iterdir())
    (folder / "DO-NOT-UPLOAD.txt").mkdir()
    settle = partial(session.batches.settle, batch, [order_id(11)], done=False, why="looked", typed="1")
    with pytest.raises(EvidenceAgainst, match="no warning can stand beside its file") as told:
        settle()
    assert _states(session, batch) == {RowState.WRITTEN}
    settle(against=told.value.names)
    assert _states(session, batch) == {RowState.ERROR}
    assert "unwarned" in str(session.audit.records(order_id(11))[0]["why"])


def _states(session: Session, batch: int) -> set[RowState]:
    return {row.state for one in session.batches.find() if one.id == batch for row in one.rows}
