"""Many orders: read some at a time, with progress, stopped between any two; the same plan whatever the portion."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Sequence
from pathlib import Path
from threading import Event

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from ordertui.files import FileConflict
from ordertui.operations.batches import committer
from ordertui.operations.batches.batch import Batch, as_batch
from ordertui.operations.errors import Stopped
from ordertui.operations.planning import planner
from ordertui.operations.planning.plan import Plan
from ordertui.operations.query import orders as order_queries
from ordertui.operations.query.export import COLUMNS, render
from ordertui.operations.session import Session
from ordertui.orders.enums import Action
from ordertui.orders.order import Order
from ordertui.store import JournalBatch
from ordertui.store.repositories.orders import OrderRepository
from ordertui.tui.main.app import THREADS
from ordertui.tui.screens import task_runner
from ordertui.tui.screens.dialog_help import DialogHelpScreen
from ordertui.tui.screens.preview import PreviewScreen
from ordertui.tui.screens.progress import ProgressScreen
from support.pilot import burst, commit_preview, main, press, preview, running, said, settled, until


@pytest.mark.parametrize("portion", [1, 7, 99])
@pytest.mark.parametrize("action", list(Action))
def test_the_portion_changes_nothing(
    session: Session, monkeypatch: pytest.MonkeyPatch, portion: int, action: Action
) -> None:
    ids = session.orders.find()
    whole = session.planner.plan(action, ids)
    monkeypatch.setattr(planner, "READ_AT_ONCE", portion)
    told: list[tuple[int, int]] = []
    assert session.planner.plan(action, ids, progress=lambda *now: told.append(now)) == whole
    assert told[0] == (0, len(ids))
    assert told[-1] == (len(ids), len(ids))
    assert told == sorted(told)


@pytest.mark.parametrize("after", [0, 1, 50, 100])
def test_a_plan_is_stopped_between_two_orders(session: Session, after: int) -> None:
    asked = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > after

    with pytest.raises(Stopped, match="nothing was done"):
        session.planner.plan(Action.CANCEL, session.orders.find(), stop=stop)
    assert asked == after + 1


def test_a_list_is_written_as_it_is_read(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = session.orders.find()
    whole = {form: render(list(session.orders.records(ids)), COLUMNS, form) for form in ("csv", "tsv", "json")}
    monkeypatch.setattr(order_queries, "READ_AT_ONCE", 7)
    read: list[int] = []
    get = OrderRepository.get

    def counted(repository: OrderRepository, part: Sequence[int]) -> dict[int, Order]:
        read.append(len(part))
        return get(repository, part)

    monkeypatch.setattr(OrderRepository, "get", counted)
    for form, text in whole.items():
        assert render(session.orders.records(ids), COLUMNS, form) == text
    assert max(read) == 7


def test_an_export_that_is_stopped_leaves_no_file(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_queries, "READ_AT_ONCE", 7)
    stops = iter([False, False, True])
    folder = tmp_path / "out"
    folder.mkdir()
    with pytest.raises(Stopped, match="14 orders"):
        session.orders.export(session.orders.find(), folder / "a.csv", lambda: next(stops))
    assert os.listdir(folder) == []
    session.orders.export(session.orders.find(), folder / "a.csv")
    with pytest.raises(FileConflict):
        session.orders.export(session.orders.find(), folder / "a.csv")


async def test_escape_stops_a_plan_of_many(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_runner, "SHOWN_FROM", 10)
    made = session.planner.plan
    begun = []

    def slow(*args: object, **options: object) -> object:
        begun.append(True)
        while not options["stop"]():  # type: ignore[operator]
            options["progress"](1, 100)  # type: ignore[operator]
        return made(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(session.planner, "plan", slow)
    async with running(session, toasts=True) as pilot:
        main(pilot).table.marks.add(list(session.orders.find()))
        await press(pilot, "x")
        await until(pilot, lambda: isinstance(pilot.app.screen, ProgressScreen) and begun)
        await press(pilot, "escape")
        await until(pilot, lambda: "nothing was done" in said(pilot))
        assert not isinstance(pilot.app.screen, PreviewScreen)


async def test_work_that_ends_behind_the_help_of_its_bar_leaves_no_bar(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dialog that is not on top cannot be closed: the bar stood there for good."""
    monkeypatch.setattr(task_runner, "SHOWN_FROM", 10)
    helped = Event()
    made = session.planner.plan

    def slow(*args: object, **options: object) -> object:
        assert helped.wait(20)
        return made(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(session.planner, "plan", slow)
    async with running(session) as pilot:
        main(pilot).table.marks.add(list(session.orders.find()))
        await press(pilot, "x")
        await until(pilot, lambda: isinstance(pilot.app.screen, ProgressScreen))
        await press(pilot, "question_mark")
        await until(pilot, lambda: isinstance(pilot.app.screen, DialogHelpScreen))
        helped.set()
        await until(pilot, lambda: isinstance(pilot.app.screen, PreviewScreen))
        assert not any(isinstance(one, ProgressScreen | DialogHelpScreen) for one in pilot.app.screen_stack)


async def test_a_screen_that_ends_stops_what_its_threads_do(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_runner, "SHOWN_FROM", 10)
    ended = []

    def endless(*_: object, **options: object) -> None:
        while not options["stop"]():  # type: ignore[operator]
            pass
        ended.append(True)
        raise Stopped("stopped")

    monkeypatch.setattr(session.planner, "plan", endless)
    async with running(session) as pilot:
        main(pilot).table.marks.add(list(session.orders.find()))
        await press(pilot, "x")
        await until(pilot, lambda: isinstance(pilot.app.screen, ProgressScreen))
        pilot.app.exit()
        await asyncio.sleep(0)
    for _ in range(500):
        if ended:
            break
        await asyncio.sleep(0.01)
    assert ended


async def commit_behind_a_bar(pilot: Pilot[None], session: Session, begun: list[bool]) -> PreviewScreen:
    """Commit what can be cancelled in the US; return its preview once the bar is shown and the thread is at work."""
    main(pilot).table.marks.add(list(session.orders.find("status:unshipped action:cancel marketplace:US")))
    screen = await preview(pilot)
    await commit_preview(pilot, asked=True)
    await until(pilot, lambda: isinstance(pilot.app.screen, ProgressScreen) and begun)
    return screen


def slow_journal(session: Session, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Let a commit write its batch and then wait, in its transaction, until the stop interrupts its statement."""
    journal, begun = session.context.store.journal, list[bool]()
    add = journal.add

    def slow(**options: object) -> JournalBatch:
        batch = add(**options)  # type: ignore[arg-type]
        begun.append(True)
        session.context.store.database.query(  # hours of one statement
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000000000) SELECT sum(i) FROM n"
        )
        return batch

    monkeypatch.setattr(journal, "add", slow)
    return begun


async def test_escape_stops_a_commit_of_many_and_the_preview_stays(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_runner, "SHOWN_FROM", 3)
    before = session.audit.verify()
    begun = slow_journal(session, monkeypatch)
    async with running(session, toasts=True) as pilot:
        screen = await commit_behind_a_bar(pilot, session, begun)
        shown = pilot.app.screen.query_one("#progress-text", Static)
        count = len(screen.plan.rows)
        await until(pilot, lambda: str(shown.content) == f"{count} of {count}")
        asked = time.process_time()  # the statement works all the time: other processes do not count
        await burst(pilot, ["escape", "escape"])  # the second one is not taken for one of the preview
        await until(pilot, lambda: "stopped; nothing was committed" in said(pilot))
        assert time.process_time() - asked < 2, "a second, and what the screen does meanwhile"
        await settled(pilot)
        assert pilot.app.screen is screen
        assert session.batches.find() == []
        assert session.audit.verify() == before
        monkeypatch.undo()
        await commit_preview(pilot, asked=True)  # the plan is as good as before
        await until(pilot, lambda: len(session.batches.find()) == 1)
        await until(pilot, lambda: screen not in pilot.app.screen_stack)
        assert len(session.batches.find()[0].rows) == count


async def test_a_screen_that_ends_stops_a_commit(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(task_runner, "SHOWN_FROM", 3)
    begun = slow_journal(session, monkeypatch)
    async with running(session) as pilot:
        await commit_behind_a_bar(pilot, session, begun)
        pilot.app.exit()
        await asyncio.sleep(0)
    for _ in range(500):
        if is_at_rest(session):
            break
        await asyncio.sleep(0.01)
    assert is_at_rest(session)
    assert session.batches.find() == []


def is_at_rest(session: Session) -> bool:
    """Whether no transaction is open. Asked under the lock, as the program does: without it SQLite 3.53 waits for the
    statement that runs, while Python keeps every other thread waiting, also the one that would stop the statement.
    """
    database = session.context.store.database
    if not database.lock.acquire(blocking=False):
        return False
    try:
        return not database.engine.in_transaction
    finally:
        database.lock.release()


async def test_an_escape_that_comes_too_late_says_what_was_committed(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task_runner, "SHOWN_FROM", 3)
    commit, begun = session.batches.commit, list[bool]()

    def committed(plan: Plan, **options: object) -> Batch:
        batch = commit(plan, typed=options["typed"])  # type: ignore[arg-type]
        begun.append(True)
        while not options["stop"]():  # type: ignore[operator]
            time.sleep(0.01)
        return batch

    monkeypatch.setattr(session.batches, "commit", committed)
    async with running(session, toasts=True) as pilot:
        screen = await commit_behind_a_bar(pilot, session, begun)
        await press(pilot, "escape")
        await until(pilot, lambda: "held until" in said(pilot))
        assert "nothing was committed" not in said(pilot)
        assert screen not in pilot.app.screen_stack
        assert len(session.batches.find()) == 1


def test_dispatch_reads_the_list_of_batches_once(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    free = list(session.orders.find("status:unshipped"))
    for row_id in free:
        (plan,) = session.planner.plan(Action.CANCEL, [row_id])
        batch = session.batches.commit(plan, typed=str(plan.typed_count or ""))
        session.batches.release(batch.id)
    calls = []
    journal = session.context.store.batches
    due = journal.due

    def counted() -> list[int]:
        calls.append(True)
        return due()

    monkeypatch.setattr(journal, "due", counted)
    assert len(session.dispatcher.run()) == len(free)
    assert len(calls) == 1


def test_a_dispatch_is_stopped_at_any_order_and_its_batch_is_held_as_before(session: Session) -> None:
    plan = cancel_plan(session)
    batch = session.batches.commit(plan, typed=str(len(plan.rows)))
    session.batches.release(batch.id)
    before = session.audit.verify(), session.context.store.batches.get(batch.id)
    asked = after = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > after

    while not (sent := session.dispatcher.run(stop)):
        assert (session.audit.verify(), session.context.store.batches.get(batch.id)) == before
        assert not session.context.store.database.engine.in_transaction
        asked, after = 0, after + 1
    assert after > len(plan.rows), "it was asked for each row"
    assert [one.id for one in sent] == [batch.id]
    assert session.maintenance.check() == []


def test_a_stop_after_the_last_statement_of_a_dispatch_still_undoes_it(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = cancel_plan(session)
    batch = session.batches.commit(plan, typed=str(len(plan.rows)))
    session.batches.release(batch.id)
    store, marked = session.context.store, list[int]()
    before, mark_sent = store.batches.get(batch.id), store.journal.mark_sent

    def counted(batch_id: int, **options: object) -> None:
        mark_sent(batch_id, **options)  # type: ignore[arg-type]
        marked.append(batch_id)

    monkeypatch.setattr(store.journal, "mark_sent", counted)
    assert session.dispatcher.run(lambda: bool(marked)) == []
    assert marked, "all was marked when it was stopped"
    assert store.batches.get(batch.id) == before
    assert not session.context.outbox_directory.exists() or not list(session.context.outbox_directory.iterdir())


def test_a_statement_of_a_dispatch_is_stopped_within_a_second(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = cancel_plan(session)
    batch = session.batches.commit(plan, typed=str(len(plan.rows)))
    session.batches.release(batch.id)
    store, began = session.context.store, list[float]()

    def slow(**options: object) -> None:
        began.append(time.thread_time())
        store.database.query(  # hours of one statement
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000000000) SELECT sum(i) FROM n"
        )

    monkeypatch.setattr(store.journal, "mark_sent", lambda *_args, **options: slow(**options))
    assert session.dispatcher.run(lambda: bool(began)) == []
    assert time.thread_time() - began[0] < 1
    monkeypatch.undo()
    assert [one.id for one in session.dispatcher.run()] == [batch.id]


async def test_few_readers_with_small_caches_serve_the_screen(session: Session) -> None:
    async with running(session):
        await asyncio.gather(*(asyncio.to_thread(session.orders.count, "total>1") for _ in range(40)))
        assert len(session.context._readers) <= THREADS + 1, "one for each thread of the pool, and the screen's own"
        assert session.context.reader().database.required(int, "PRAGMA cache_size") == -512


def cancel_plan(session: Session) -> Plan:
    (plan,) = session.planner.plan(Action.CANCEL, session.orders.find("status:unshipped action:cancel marketplace:US"))
    assert len(plan.rows) > 3
    return plan


@pytest.mark.parametrize("portion", [1, 3, 1_000])
def test_a_commit_is_stopped_at_any_moment_and_nothing_of_it_is_there(
    session: Session, monkeypatch: pytest.MonkeyPatch, portion: int
) -> None:
    monkeypatch.setattr(committer, "READ_AT_ONCE", portion)
    plan = cancel_plan(session)
    before = session.audit.verify()
    asked = after = 0

    def stop() -> bool:
        nonlocal asked
        asked += 1
        return asked > after

    while True:
        asked = 0
        try:
            session.batches.commit(plan, typed=str(len(plan.rows)), stop=stop)
            break
        except Stopped:
            assert session.batches.find() == []
            assert session.audit.verify() == before
            assert not session.context.store.database.engine.in_transaction
        after += 1
    assert after > len(plan.rows), "it was asked for each row"
    assert len(session.batches.find()) == 1


def test_a_stop_after_the_last_statement_of_a_commit_still_undoes_it(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = cancel_plan(session)
    before, added = session.audit.verify(), list[int]()

    def counted(batch: JournalBatch) -> Batch:
        added.append(batch.id)
        return as_batch(batch)

    monkeypatch.setattr(committer, "as_batch", counted)
    with pytest.raises(Stopped, match="nothing was done"):
        session.batches.commit(plan, typed=str(len(plan.rows)), stop=lambda: bool(added))
    assert added, "all was written when it was stopped"
    assert session.batches.find() == []
    assert session.audit.verify() == before


def test_a_statement_of_a_commit_is_stopped_within_a_second(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = cancel_plan(session)
    store = session.context.store
    add, began = store.journal.add, []

    def slow(**options: object) -> JournalBatch:
        began.append(time.thread_time())
        store.database.query(  # hours of one statement
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000000000) SELECT sum(i) FROM n"
        )
        return add(**options)  # type: ignore[arg-type]

    monkeypatch.setattr(store.journal, "add", slow)
    with pytest.raises(Stopped, match="nothing was done"):
        session.batches.commit(plan, typed=str(len(plan.rows)), stop=lambda: bool(began))
    assert time.thread_time() - began[0] < 1
    assert session.batches.find() == []
    monkeypatch.undo()
    session.batches.commit(plan, typed=str(len(plan.rows)))


def test_a_plan_file_has_one_order_a_line_and_is_read_as_it_was_written(session: Session, tmp_path: Path) -> None:
    plans = session.planner.plan(Action.CANCEL, session.orders.find())
    session.batches.save_plan(plans, tmp_path / "plan.json")
    assert session.batches.load_plan(tmp_path / "plan.json") == plans
    lines = (tmp_path / "plan.json").read_text(encoding="utf-8").splitlines()
    for plan in plans:
        for order_id in [row.order_id for row in plan.rows] + [row.order_id for row in plan.out]:
            assert sum(line.startswith("        {") and f'"{order_id}"' in line for line in lines) == 1
    session.batches.save_plan([], tmp_path / "empty.json")
    assert session.batches.load_plan(tmp_path / "empty.json") == ()
