"""A crash, a full disk and a folder that may not be written, at every point of each step: true states, no half file,
and it goes on.
"""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import pytest

from ordertui.operations.dispatch.dispatcher import DispatchIncomplete
from ordertui.operations.errors import EvidenceAgainst, OperationError
from ordertui.operations.session import Session
from ordertui.orders.batch_state import RowState
from ordertui.orders.clock import DAY, FixedClock
from ordertui.orders.enums import Action, Dispatched
from ordertui.store import StoreError
from ordertui.store.engine import file_connection, sqlite
from support.batches import answer, commit, send, session_of, states
from support.disks import small_disk
from support.faults import Crash, Faults, disk_full, inject, read_only_folder
from support.reports import write
from support.shops import ALL_ORDERS, NOW, all_orders_row, bring, open_session, order_id, quick_connection, settle_in

Step = Callable[[Session], object]
WAIT_FOR_DISK = file_connection.WAIT_FOR_DISK  # read before the tests' shortcut changes it
ERRORS: dict[str, Callable[[], BaseException]] = {
    "crash": Crash,
    "full disk": disk_full,
    "read-only folder": read_only_folder,
}


def reports_in(session: Session) -> object:
    """Two order reports, one of them with a row that is rejected, so that a file of rejects is written."""
    return session.imports.import_files([session.directory.parent / "good.txt", session.directory.parent / "bad.txt"])


def committed(session: Session) -> object:
    return commit(session, Action.CANCEL, 1, 2)


def dispatched(session: Session) -> object:
    return session.dispatcher.run()


def answered(session: Session) -> object:
    return session.results.take_in([session.directory.parent / "report.txt"], batch_id=1)


def undone(session: Session) -> object:
    return session.batches.recall(order_id(1))


def settled(session: Session) -> object:
    return session.batches.settle(1, [order_id(1)], done=True, why="seen", typed="1")


def retried(session: Session) -> object:
    return [session.batches.commit(one, typed="1") for one in session.batches.retry(1)]


def import_undone(session: Session) -> object:
    return session.undo_import(session.context.store.database.required(int, "SELECT max(id) FROM imports"))


def purged(session: Session) -> object:
    return session.maintenance.purge(700, yes=True)


def said_sent(session: Session) -> object:
    ids = [found for n in (1, 2) if (found := session.orders.id_of(order_id(n))) is not None]
    return session.facts.set_dispatched(ids, Dispatched.YES), session.facts.set_note(ids, "a gift")


STEPS: dict[str, tuple[Step, str]] = {
    "import": (reports_in, "new"),
    "commit": (committed, "new"),
    "undo": (undone, "held"),
    "dispatch": (dispatched, "due"),
    "results": (answered, "sent"),
    "settle": (settled, "sent"),
    "refund": (lambda session: commit(session, Action.REFUND, 11), "new"),
    "retry": (retried, "answered"),
    "undo import": (import_undone, "undone"),
    "purge": (purged, "undone"),
    "facts": (said_sent, "new"),
}
"""A step, and the state of the session it starts from."""


def facts(session: Session) -> dict[str, object]:
    """What a step changed, as far as it can be compared between runs."""
    return {
        "orders": [(row.order_id, row.status, row.open_action, row.dispatched, row.note) for row in
             session.orders.rows(session.orders.find(sort="order_id")).values()],
        "batches": [(b.id, b.state, [(r.order_id, r.state) for r in b.rows]) for b in session.batches.find()],
        "files": {str(p.relative_to(session.directory)): p.read_bytes() for p in session.directory.glob("outbox/*/*")
                  if p.is_file() and not p.name.startswith(".")},
        "rejects": sorted(p.name for p in session.directory.glob("rejects/*")),
    }  # fmt: skip


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Shops in each state that a step starts from; batch 1 cancels orders 1 and 2."""
    found = {}
    for name in ("new", "held", "due", "sent", "answered", "undone"):
        folder = found[name] = tmp_path_factory.mktemp(name)
        write(folder / "good.txt", ALL_ORDERS, [all_orders_row(n) for n in range(60, 63)])
        write(folder / "bad.txt", ALL_ORDERS, [all_orders_row(70), all_orders_row(71, quantity="many")])
        with session_of(folder / "shop") as session:
            if name == "held":
                commit(session, Action.CANCEL, 1, 2)
            elif name == "due":
                session.batches.release(commit(session, Action.CANCEL, 1, 2))
                session.batches.release(commit(session, Action.REFUND, 11))
            elif name in ("sent", "answered"):
                report = answer(session, folder, send(session, Action.CANCEL, 1, 2), {2})
                if name == "answered":
                    session.results.take_in([report])
            elif name == "undone":
                old = [all_orders_row(n, age=1_000 * DAY) for n in (80, 81)]
                bring(session, folder, everything=old)
                session.imports.import_files([folder / "good.txt"])
    return found


@pytest.fixture
def faults(monkeypatch: pytest.MonkeyPatch) -> Faults:
    return inject(monkeypatch)


def fresh(scene: Path, folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(scene, folder)
    with closing(quick_connection(folder / "shop" / "orders.db")) as connection, connection:  # the folder moved
        connection.execute("UPDATE batches SET files = replace(files, ?, ?)", (str(scene), str(folder)))
    settle_in(folder / "shop" / "orders.db")
    return folder / "shop"


@pytest.mark.parametrize("kind", list(ERRORS))
@pytest.mark.parametrize("name", list(STEPS))
def test_at_every_point(name: str, kind: str, scenes: dict[str, Path], tmp_path: Path, faults: Faults) -> None:
    step, start = STEPS[name]
    folder = tmp_path / "scene"
    with open_session(fresh(scenes[start], folder)) as session, faults.armed(None, None):
        before = facts(session)
        faults.seen.clear()
        step(session)
        points = list(faults.seen)
        wanted = facts(session)
    assert "before commit" in points
    for at, point in enumerate(points):
        if kind != "crash" and point in ("before commit", "after commit"):
            continue  # the disk fails at the disk
        session = open_session(fresh(scenes[start], folder))
        try:
            with faults.armed(at, ERRORS[kind]()):
                failed = outcome(session, step)
        finally:
            session.close()
        with open_session(folder / "shop") as session:
            told = facts(session)
            assert failed or told == wanted, "without a word of trouble, all of it is done"
            assert not [p for p in (folder / "shop").rglob("*.part") if kind != "crash"], (at, point)
            for path, content in told["files"].items():  # type: ignore[attr-defined]
                whole = (wanted["files"][path], before["files"].get(path))  # type: ignore[index,attr-defined]
                assert content in whole, "whole, or not there"
            assert [line for line in session.maintenance.check() if "not got its name" not in line] == [], (at, point)
            assert session.context.reader().batches.writing() == [], "it is held, or written"
            if told != wanted:
                again(session, step, told == before)
            assert facts(session) == wanted, (at, point)
            assert not list((folder / "shop" / "outbox").rglob(".*")), "nothing half is left"
            assert session.maintenance.check() == []


def outcome(session: Session, step: Step) -> bool:
    """Whether the step said that it failed. A file system without hard links, or that cannot make a folder's entry
    durable, is no trouble.
    """
    try:
        step(session)
    except (Crash, OSError, DispatchIncomplete, EvidenceAgainst):
        return True
    return False


def again(session: Session, step: Step, untouched: bool) -> None:
    """Do the step again, as an operator would; one that was done already may be refused."""
    try:
        step(session)
    except (OperationError, StoreError):
        assert not untouched, "nothing was done, so nothing may stand in the way"


@contextmanager
def no_more_room(path: Path) -> Iterator[None]:
    """No file may grow beyond what the store's log has now: the system fails every write that would."""
    resource = pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.with_name(path.name + "-wal").stat().st_size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("name", list(STEPS))
@pytest.mark.parametrize("kind", ["full", "read-only"])
def test_the_stores_own_disk(name: str, kind: str, scenes: dict[str, Path], tmp_path: Path) -> None:
    """The store itself cannot be written: the step fails in words, nothing of it is kept, and it works when there is
    room again.
    """
    step, start = STEPS[name]
    folder = tmp_path / "scene"
    with open_session(fresh(scenes[start], folder)) as session:
        before = facts(session)
        connection = sqlite.sqlite_engine(session.context.store.database.engine).connection
        connection.execute(f"PRAGMA query_only = {'ON' if kind == 'read-only' else 'OFF'}")
        with no_more_room(session.context.store.path) if kind == "full" else nullcontext():
            words = r"the disk may be full|may not be written|File too large"
            with pytest.raises((StoreError, DispatchIncomplete, OSError, EvidenceAgainst), match=words):
                step(session)
            assert facts(session) == before
        connection.execute("PRAGMA query_only = OFF")
        step(session)
        assert session.maintenance.check() == []


def test_an_import_whose_log_finds_no_room_in_the_file_is_no_failure(tmp_path: Path) -> None:
    """What was committed is in the log, and is copied into the file once there is room."""
    with small_disk(tmp_path / "disk", "2m") as disk, open_session(disk / "shop") as session:
        database = session.context.store.database
        database.set_bulk(True)
        with database.write():
            for n in range(60):
                database.execute("INSERT INTO meta VALUES (?, ?)", (f"key {n}", "x" * 4_000))
        with suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
            while filler.write(bytes(4_096)):
                pass
        database.set_bulk(False)
        assert database.required(int, "SELECT count(*) FROM meta WHERE key LIKE 'key %'") == 60


def test_commits_wait_for_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the tests' shortcut: every commit is on the disk before it is believed."""
    monkeypatch.setattr(file_connection, "WAIT_FOR_DISK", WAIT_FOR_DISK)
    with open_session(tmp_path) as session:
        assert session.context.store.database.required(int, "PRAGMA synchronous") == 2
        assert session.context.store.database.value(str, "PRAGMA journal_mode") == "wal"


@pytest.fixture
def crashed(tmp_path: Path) -> Iterator[Path]:
    """A store whose last writer never closed it."""
    session = session_of(tmp_path / "crashed")
    commit(session, Action.CANCEL, 1)
    yield tmp_path / "crashed"
    session.close()


def test_a_damaged_journal_is_found_at_the_next_open(crashed: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("orders.db", "orders.db-wal"):
        shutil.copy(crashed / name, copy / name)
    assert file_connection.is_unclean(copy / "orders.db")
    with sqlite3.connect(copy / "orders.db") as connection:
        page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'batch_rows'").fetchone()[0]
        size = connection.execute("PRAGMA page_size").fetchone()[0]
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    content = bytearray((copy / "orders.db").read_bytes())
    content[(page - 1) * size + 8 : (page - 1) * size + 200] = b"\xff" * 192
    (copy / "orders.db").write_bytes(content)
    (copy / "orders.db-wal").write_bytes(b"\0" * 32)
    with pytest.raises(StoreError, match=r"was damaged|not a readable store"):
        open_session(copy)


def test_a_broken_end_of_the_audit_is_found_at_the_next_open(crashed: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    copy.mkdir()
    for name in ("orders.db", "orders.db-wal"):
        shutil.copy(crashed / name, copy / name)
    open_session(copy).close()
    connection = sqlite3.connect(copy / "orders.db")
    connection.execute("DROP TRIGGER audit_no_update")
    connection.execute("UPDATE audit SET payload = payload || ' ' WHERE id = (SELECT max(id) FROM audit) - 1")
    connection.commit()
    assert file_connection.is_unclean(copy / "orders.db"), "the tool has not closed it yet"
    with pytest.raises(StoreError, match=r"was damaged \(audit: record \d+\)"):
        open_session(copy)
    connection.close()


def test_a_clean_store_is_not_checked_again(tmp_path: Path) -> None:
    session_of(tmp_path).close()
    assert not file_connection.is_unclean(tmp_path / "orders.db")


def test_two_dispatchers_write_one_file_once(tmp_path: Path) -> None:
    clock = FixedClock(NOW)
    session = session_of(tmp_path, clock)
    batch = commit(session, Action.CANCEL, 1)
    other = open_session(tmp_path, clock=clock)
    clock.advance(900)
    assert [one.id for one in session.dispatcher.run()] == [batch]
    upload = Path(session.batches.find()[0].files[0])
    upload.rename(upload.with_name("uploaded.txt"))
    assert other.dispatcher.run() == []
    assert not upload.exists()
    other.close()


def test_a_row_taken_back_by_another_process_does_not_leave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Taken back at the last moment before the batch leaves."""
    session = session_of(tmp_path)
    batch = commit(session, Action.CANCEL, 1, 2)
    session.batches.release(batch)
    other = open_session(tmp_path)
    real = type(session.dispatcher.files)._leave

    def leave(*args: Any, **more: Any) -> object:
        assert other.batches.recall(order_id(1)) == 1
        return real(*args, **more)

    monkeypatch.setattr(type(session.dispatcher.files), "_leave", leave)
    assert len(session.dispatcher.run()) == 1
    assert order_id(1) not in Path(session.batches.find()[0].files[0]).read_text(encoding="utf-8")
    assert states(session, batch) == {order_id(1): RowState.RECALLED, order_id(2): RowState.WRITTEN}
    other.close()


def test_one_batch_that_cannot_be_written_does_not_hold_up_the_others(tmp_path: Path) -> None:
    session = session_of(tmp_path)
    first, second = commit(session, Action.CANCEL, 1), commit(session, Action.CANCEL, 2)
    session.batches.release(first)
    session.batches.release(second)
    blocked = session.context.outbox_directory / f"{first:04d}-US-cancel-{session.context.store.identity.id[:8]}"
    blocked.mkdir(parents=True)
    (blocked / "order-cancellation.txt").write_text("somebody's own file", encoding="utf-8")

    with pytest.raises(DispatchIncomplete, match="is there already, and this store never wrote it"):
        session.dispatcher.run()
    assert Path(session.batches.find()[0].files[0]).exists()
    assert states(session, first) == {order_id(1): RowState.HELD}
    (blocked / "order-cancellation.txt").unlink()
    assert [batch.id for batch in session.dispatcher.run()] == [first]
