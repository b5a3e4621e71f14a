"""Every long run of the outbox is stopped by Escape within a second, and then nothing of it was done."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from ordertui.operations.session import Session
from ordertui.orders.batch_state import BatchState
from ordertui.orders.enums import Action
from ordertui.store import Store
from ordertui.tui.screens import task_runner
from ordertui.tui.screens.outbox import OutboxScreen
from ordertui.tui.screens.preview import PreviewScreen
from ordertui.tui.screens.progress import ProgressScreen
from support.batches import answer, commit, send
from support.pilot import press, running, said, until

Slow = tuple[object, str]


class Run(NamedTuple):
    """A long run: its keys, the batches that it is about, and the call in which it is when it is stopped."""

    keys: tuple[str, ...]
    prepare: Callable[[Session, Path], object]
    slow: Callable[[Session], Slow]
    said: str = "stopped; nothing was done"


def _held(session: Session, _folder: Path) -> None:
    commit(session, Action.CANCEL, 1, 2)
    commit(session, Action.CANCEL, 3)


def _uploaded(session: Session, _folder: Path) -> None:
    session.batches.mark_uploaded(send(session, Action.CANCEL, 1, 2))


def _refused(session: Session, folder: Path) -> None:
    batch = send(session, Action.CANCEL, 1, 2)
    session.results.take_in([answer(session, folder, batch, failed={1})], batch_id=batch)


def _unclear(session: Session, folder: Path) -> None:
    """Two reports contradict each other."""
    batch = send(session, Action.CANCEL, 1)
    for failed, name in ((set[int](), "done.txt"), ({1}, "refused.txt")):
        session.results.take_in([answer(session, folder, batch, failed, name)], batch_id=batch)


RUNS = {
    "undo": Run(("u", "b"), _held, lambda session: (session.context.store.journal, "recall")),
    "release": Run(
        ("r", "w"), _held, lambda session: (session.context.store.journal, "mark_sent"), "0 batches left, 1 batch held"
    ),
    "release all": Run(
        ("R", "w"),
        _held,
        lambda session: (session.context.store.journal, "mark_sent"),
        "0 batches left, 2 batches held",
    ),
    "uploaded": Run(
        ("U",),
        lambda session, _: send(session, Action.CANCEL, 1, 2),
        lambda session: (session.context.store.journal, "mark_uploaded"),
    ),
    "not uploaded": Run(("U", "n"), _uploaded, lambda session: (session.context.store.journal, "unmark_uploaded")),
    "resolve": Run(
        ("s", "s", "d", "x", "tab", "1", "enter"), _unclear, lambda session: (session.context.store.results, "settle")
    ),
    "retry": Run(("t",), _refused, lambda session: (session.planner, "plan")),
}


def hours_of_one_statement(store: Store) -> None:
    store.database.query(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000000000) SELECT sum(i) FROM n"
    )


@pytest.mark.parametrize("name", RUNS)
async def test_escape_stops_it_and_all_is_as_before(
    session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    run = RUNS[name]
    run.prepare(session, tmp_path)
    monkeypatch.setattr(task_runner, "SHOWN_FROM", 0)
    before = session.audit.verify(), session.batches.find()
    owner, attribute = run.slow(session)
    real, begun = getattr(owner, attribute), list[bool]()

    def slow(*args: object, **options: object) -> object:
        result = real(*args, **options) if name != "retry" else None  # it is done, and undone
        begun.append(True)
        hours_of_one_statement(session.context.reader() if name == "retry" else session.context.store)
        return result

    monkeypatch.setattr(owner, attribute, slow)
    async with running(session, toasts=True) as pilot:
        await press(pilot, "o")
        await until(pilot, lambda: isinstance(pilot.app.screen, OutboxScreen))
        for key in run.keys:
            await press(pilot, key)
        await until(pilot, lambda: isinstance(pilot.app.screen, ProgressScreen) and begun)
        asked = time.process_time()
        await press(pilot, "escape")
        await until(pilot, lambda: run.said in said(pilot))
        assert time.process_time() - asked < 2, "a second, and what the screen does meanwhile"
        assert not isinstance(pilot.app.screen, PreviewScreen)
        assert (session.audit.verify(), session.batches.find()) == before
        monkeypatch.setattr(owner, attribute, real)
        for key in run.keys:  # it is as possible as before
            await press(pilot, key)
        await until(
            pilot,
            lambda: (
                isinstance(pilot.app.screen, PreviewScreen) if name == "retry" else session.batches.find() != before[1]
            ),
        )


def test_what_is_released_and_cannot_leave_is_held_as_long_as_before(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = commit(session, Action.CANCEL, 1), commit(session, Action.CANCEL, 2)
    due = session.context.store.batches.head(first).due_at
    journal = session.context.store.journal
    mark_sent = journal.mark_sent

    def refusing(batch_id: int, **options: object) -> None:
        if batch_id == first:
            raise OSError("broken")
        mark_sent(batch_id, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(journal, "mark_sent", refusing)
    with pytest.raises(Exception, match="batch 1 was not written: broken"):
        session.dispatcher.release([first, second])
    states = {one.id: (one.state, one.due_at) for one in session.batches.find()}
    assert states[first] == (BatchState.HELD, due)
    assert states[second][0] is BatchState.WRITTEN
