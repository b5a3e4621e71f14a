"""Several people in one store on a server: whoever is later is refused, and nothing happens twice."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from ordertui.operations.config import Config
from ordertui.operations.session import Session
from ordertui.orders.batch_state import LEFT
from ordertui.orders.clock import FixedClock
from ordertui.orders.enums import Action
from ordertui.orders.errors import UserError
from ordertui.store import StoreError
from ordertui.store.journal.batches import BatchJournal
from ordertui.store.journal.writer_leases import LEASE_SECONDS
from support import places
from support.at_once import at_once
from support.batches import commit, session_of
from support.faults import Crash, inject
from support.server import Server
from support.shops import NOW, order_id

pytestmark = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
PEOPLE, STEPS, ORDERS = 5, 12, 9


def work(path: Path, seed: int) -> None:
    """Hold, take back and send at random, until all steps are done."""
    rng = random.Random(seed)
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


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.long), pytest.param(2, marks=pytest.mark.long)])
def test_nothing_is_held_sent_or_taken_back_twice(seed: int, tmp_path: Path) -> None:
    path = tmp_path / "orders.db"
    with session_of(tmp_path, waiting=ORDERS) as session:
        at_once(*(partial(work, path, 100 * seed + n) for n in range(PEOPLE)))
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


class Machine:
    """A machine with files of its own."""

    def __init__(self, path: Path, name: str, patch: pytest.MonkeyPatch) -> None:
        self.home = path.parent / name
        self._path = path
        self._patch = patch

    def session(self, clock: FixedClock) -> Session:
        with self._patch.context() as patch:
            patch.setenv("XDG_DATA_HOME", str(self.home))
            patch.setenv("XDG_DOCUMENTS_DIR", str(self.home / "documents"))
            return Session.open(places.place(self._path), clock=clock, config=Config())

    def dispatch(self, clock: FixedClock) -> list[int]:
        with self.session(clock) as session:
            return [batch.id for batch in session.dispatcher.run()]

    def unwritten(self, clock: FixedClock) -> list[tuple[int, tuple[str, ...]]]:
        """What `ordertui questions` lists here as left and not written: batch and orders."""
        with self.session(clock) as session:
            found = session.batches.open_issues()
        return [(issue.batch, issue.orders) for issue in found if issue.kind == "unwritten"]

    def uploads(self, batch: int) -> list[bytes]:
        """The files to upload that somebody would find here."""
        found = self.home.rglob(f"{batch:04d}-*/*.txt")
        return [path.read_bytes() for path in found if not path.stem.isupper()]


@pytest.mark.parametrize("stride", [7, pytest.param(1, marks=pytest.mark.long)])
def test_a_dispatch_killed_at_any_step_leaves_one_file_on_one_machine(
    stride: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, path = FixedClock(NOW), tmp_path / "orders.db"
    session_of(tmp_path, clock, shipped=60).close()
    one, other = (Machine(path, name, monkeypatch) for name in ("one", "other"))
    one.session(clock).close()
    ends, listed = Counter[str](), 0
    with monkeypatch.context() as patch:
        faults = inject(patch)
        for point in range(0, 60, stride):
            with other.session(clock) as session:
                batch = commit(session, Action.REFUND, 11 + point)
                session.batches.release(batch)
            crashed = True
            with faults.armed(point, Crash()):
                try:
                    one.dispatch(clock)
                    crashed = False
                except Crash:
                    pass
            assert one.uploads(batch) == [] or not other.dispatch(clock)
            took = batch in other.dispatch(clock)
            assert one.uploads(batch) == [] or other.uploads(batch) == [], point
            if crashed and not took and not one.uploads(batch):
                with other.session(clock) as session:
                    assert batch not in session.context.store.journal.unwritten(), "one has it"
                    is_writing = session.context.store.batches.get(batch).is_writing
                asked = [(batch, (order_id(11 + point),))] if is_writing else []
                assert one.unwritten(clock) == other.unwritten(clock) == asked, point
                listed += is_writing
            clock.advance(LEASE_SECONDS + 1)
            late = batch in other.dispatch(clock)
            one.dispatch(clock)
            found = one.uploads(batch), other.uploads(batch)
            assert [len(files) for files in found] in ([1, 0], [0, 1]), (point, found)
            ends["one" if found[0] else "late" if late else "at once"] += 1
            with one.session(clock) as session:
                assert session.maintenance.check() == []
                kept = session.context.store.batches.get(batch)
                assert not kept.is_writing
                assert [name for name in kept.files if Path(name).exists()] == list(kept.files)
                assert session.context.store.database.query("SELECT key FROM meta WHERE key LIKE 'writer:%'") == []
            if not crashed:
                break
    assert min(ends[name] for name in ("one", "late", "at once")) > 0, ends
    assert listed > 0
    assert not crashed


def test_a_lost_line_leaves_no_file_that_could_be_uploaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, path = FixedClock(NOW), tmp_path / "orders.db"
    session_of(tmp_path, clock).close()
    one, other = (Machine(path, name, monkeypatch) for name in ("one", "other"))
    with one.session(clock) as session:
        batch = commit(session, Action.CANCEL, 1)
        session.batches.release(batch)
        store = session.context.store
        real = type(store.journal).mark_written

        def cut(journal: BatchJournal, number: int, files: Sequence[str]) -> None:
            real(journal, number, files)
            with other.session(clock) as killer:
                pid = store.database.required(int, "SELECT pg_backend_pid()")
                killer.context.store.database.query("SELECT pg_terminate_backend(CAST(? AS int))", (pid,))

        with monkeypatch.context() as patch:
            patch.setattr("ordertui.store.journal.batches.BatchJournal.mark_written", cut)
            with pytest.raises(StoreError, match="what was not finished was not kept"):
                session.dispatcher.run()
    assert one.uploads(batch) == []
    assert other.dispatch(clock) == []
    assert one.unwritten(clock) == other.unwritten(clock) == [(batch, (order_id(1),))]
    clock.advance(LEASE_SECONDS + 1)
    assert other.dispatch(clock) == [batch]
    assert one.dispatch(clock) == []
    assert one.unwritten(clock) == other.unwritten(clock) == []
    assert (len(one.uploads(batch)), len(other.uploads(batch))) == (0, 1)
    assert list(one.home.rglob("NOTHING-TO-UPLOAD.txt"))


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
