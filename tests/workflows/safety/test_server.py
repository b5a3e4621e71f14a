"""Several people in one store on a server: whoever is later is refused, and nothing happens twice."""

from __future__ import annotations

import random
import threading
from collections import Counter
from pathlib import Path

import pytest

from ordertui.operations.config import Config
from ordertui.operations.session import Session
from ordertui.orders.batch_state import LEFT
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from ordertui.orders.errors import UserError
from ordertui.store import StoreError
from support import places
from support.batches import commit, session_of
from support.faults import Crash
from support.server import Server
from support.shops import NOW

pytestmark = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
PEOPLE, STEPS, ORDERS = 5, 12, 9


def work(path: Path, seed: int, lost: list[str]) -> None:
    """Hold, take back and send at random, until all steps are done."""
    rng = random.Random(seed)
    try:
        with Session.open(places.place(path), clock=FixedClock(NOW), config=Config()) as session:
            for _ in range(STEPS):
                held = [batch.id for batch in session.batches.find(open_only=True)]
                try:
                    if rng.random() < 0.5 or not held:
                        commit(session, Action.CANCEL, *rng.sample(range(1, ORDERS + 1), 2))
                    elif rng.random() < 0.5:
                        session.batches.recall(rng.choice(held))
                    else:
                        session.batches.release(rng.choice(held))
                        session.dispatcher.run()
                except (UserError, IndexError):  # refused, or nothing is left to plan
                    continue
    except BaseException as error:
        lost.append(repr(error))
        raise


@pytest.mark.parametrize("seed", range(3))
def test_nothing_is_held_sent_or_taken_back_twice(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "orders.db"
    lost: list[str] = []
    with session_of(tmp_path, waiting=ORDERS) as session:
        people = [threading.Thread(target=work, args=(path, 100 * seed + n, lost)) for n in range(PEOPLE)]
        for one in people:
            one.start()
        for one in people:
            one.join(90)
        assert lost == []
        query = session.context.store.database.query
        assert query("SELECT order_id FROM batch_rows WHERE is_open = 1 GROUP BY order_id HAVING count(*) > 1") == []
        left = [name for batch in session.batches.find() for name in batch.files if name.endswith(".txt")]
        assert left, "the people did something"
        sent = Counter(row.order_id for batch in session.batches.find() for row in batch.rows if row.state in LEFT)
        assert max(sent.values()) == 1
        for batch in session.batches.find():
            written = "".join(Path(name).read_text(encoding="utf-8") for name in batch.files if name.endswith(".txt"))
            for row in batch.rows:
                assert (row.order_id in written) == (row.state in LEFT)
        assert session.maintenance.check() == []


def test_another_machine_does_not_finish_what_this_one_was_writing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FixedClock(NOW)
    session = session_of(tmp_path, clock)
    batch = commit(session, Action.CANCEL, 1)
    session.batches.release(batch)
    with monkeypatch.context() as patch:

        def crash(*_: object) -> None:
            raise Crash

        patch.setattr("ordertui.store.journal.batches.BatchJournal.mark_written", crash)
        with pytest.raises(Crash):
            session.dispatcher.run()
    with monkeypatch.context() as patch:
        patch.setattr("platform.node", lambda: "another-machine")
        with Session.open(places.place(tmp_path / "orders.db"), clock=clock, config=Config()) as other:
            assert other.dispatcher.run() == []
            assert [issue.kind for issue in other.batches.open_issues()] == ["unwritten"]
    with Session.open(places.place(tmp_path / "orders.db"), clock=clock, config=Config()) as again:
        assert [one.id for one in again.dispatcher.run()] == [batch]
        assert again.context.store.database.query("SELECT key FROM meta WHERE key LIKE 'writer:%'") == []
    session.close()


def test_a_server_that_crashes_keeps_what_was_committed(server: Server, tmp_path: Path) -> None:
    session = session_of(tmp_path)
    batch = commit(session, Action.CANCEL, 1)
    server.stop("immediate")
    with pytest.raises(StoreError, match=r"connection .*lost|cannot be opened"):
        commit(session, Action.CANCEL, 2)
    with pytest.raises(StoreError, match="cannot be opened"):
        Session.open(places.place(tmp_path / "orders.db"), clock=FixedClock(NOW), config=Config())
    session.close()
    server.start()
    with Session.open(places.place(tmp_path / "orders.db"), clock=FixedClock(NOW), config=Config()) as after:
        assert [one.id for one in after.batches.find()] == [batch]
        assert after.maintenance.check() == []
