"""Workers: what is due is done once, whoever does it; a failure stays its own; an end leaves nothing half."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest

from ordertui.amazon.spapi.cancellable_sleep import Stop
from ordertui.operations.config import Config, NotifyConfig, OutboxConfig, ReceiverConfig, WorkerConfig
from ordertui.operations.session import Session
from ordertui.operations.worker import service
from ordertui.operations.worker.health import ONCE_SECONDS, Health, worker_health
from ordertui.operations.worker.jobs import AGAIN_SECONDS, SWEEP_SECONDS, DispatchJob, NotifyJob, SyncJob, next_time
from ordertui.operations.worker.service import LEASE_SECONDS, JobLoop
from ordertui.orders.batch_state import BatchState
from ordertui.orders.clock import DAY, HOUR, FixedClock, iso_utc, parse_iso
from ordertui.orders.enums import Action
from ordertui.store.repositories.work import JobName, JobOutcome, JobRun, WorkerRecord
from support import places
from support.batches import TWO_WAIT, commit, session_of
from support.faults import Faults, inject
from support.logins import session_as
from support.profile import LONG
from support.shops import NOW, order_id
from support.waiting import LONGEST, until
from support.workers import last_text, run_once, worker

Open = Callable[[], Session]


@pytest.fixture
def opener(tmp_path: Path, clock: FixedClock) -> Open:
    """Open sessions on a store with orders 1 to 6 that may be cancelled."""
    session_of(tmp_path, clock, waiting=6).close()

    def again() -> Session:
        return Session.open(places.place(tmp_path / "orders.db"), clock=clock, config=Config())

    return again


def held(opener: Open, number: int) -> int:
    with opener() as session:
        return commit(session, Action.CANCEL, number)


def state(opener: Open, batch: int) -> BatchState:
    with opener() as session:
        return session.batches.get(batch).state


@places.on_both
def test_a_batch_leaves_when_its_hold_ends_and_not_before(opener: Open, clock: FixedClock) -> None:
    batch, made = held(opener, 1), worker(opener)
    with opener() as session:
        due_at = session.batches.get(batch).due_at
    assert run_once(made)
    assert (state(opener, batch), made.loops[0].next_at) == (BatchState.HELD, NOW + min(SWEEP_SECONDS, due_at - NOW))
    clock.moment = due_at - 1
    run_once(made)
    assert state(opener, batch) is BatchState.HELD
    clock.moment = due_at
    assert run_once(worker(opener, "other-2"))
    assert state(opener, batch) is BatchState.WRITTEN
    with opener() as session:
        assert last_text(session, JobName.DISPATCH) == f"ok: left: batch {batch}"
        found = worker_health(session.context.reader(), clock.now())
        assert found.health is Health.HEALTHY
        assert [(one.id, one.is_once, one.ended_at) for one in found.workers] == [
            ("box-1", True, due_at - 1),
            ("other-2", True, due_at),
        ]
        assert list(found.workers[1].runs) == [JobName.DISPATCH]


def test_a_batch_that_waits_for_approval_stays_whatever_the_worker_does(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_of(tmp_path, clock, waiting=6).close()
    policy = tmp_path / "house.toml"
    policy.write_text(TWO_WAIT, encoding="utf-8")

    def as_login(login: str) -> Session:
        return session_as(login, tmp_path / "orders.db", clock, monkeypatch, Config(policy_file=str(policy)))

    with as_login("ann") as session:
        batch, small = commit(session, Action.CANCEL, 1, 2), commit(session, Action.CANCEL, 3)
    made = worker(lambda: as_login("worker"))
    clock.advance(DAY)
    assert run_once(made)
    with as_login("bob") as session:
        assert session.batches.get(small).state is BatchState.WRITTEN
        assert session.batches.get(batch).state is BatchState.AWAITING
        assert last_text(session, JobName.DISPATCH) == f"ok: left: batch {small}"
        session.approvals.approve(batch, "looked at it")
    clock.advance(DAY)
    assert run_once(made)
    with as_login("bob") as session:
        assert session.batches.get(batch).state is BatchState.WRITTEN


@places.on_both
def test_screens_read_nothing_again_for_a_worker_that_has_nothing_to_do(
    opener: Open, tmp_path: Path, clock: FixedClock
) -> None:
    """Signs of life, leases and runs that find nothing are no change that is shown; one that stopped is told late."""
    telling = NotifyConfig(receivers=(ReceiverConfig("team", ("false",)),))

    def again() -> Session:
        return Session.open(places.place(tmp_path / "orders.db"), clock=clock, config=Config(notify=telling))

    made = worker(again, jobs=[DispatchJob(), NotifyJob()])
    with opener() as screen:
        reader = screen.context.reader()
        before, anything = screen.data_version(), reader.database.change_token()
        for _ in range(3):
            assert run_once(made)
            clock.advance(SWEEP_SECONDS)
        assert screen.data_version() == before
        assert reader.database.change_token() != anything, "it was written down all the same"
        assert worker_health(reader, clock.now()).health is Health.HEALTHY
        assert worker_health(reader, clock.now() + ONCE_SECONDS).health is Health.LATE
        commit(screen, Action.CANCEL, 1)
        assert screen.data_version() != before


class Sample:
    """A job that is always due, and does what the test says."""

    name = JobName.SYNC

    def __init__(self, work: Callable[[], str]) -> None:
        self.work = work
        self.runs = 0

    def due_at(self, session: Session, last: JobRun | None, now: int) -> int | None:
        return now

    def run(self, session: Session, stop: Stop) -> str:
        self.runs += 1
        return self.work()


def refuse() -> str:
    raise RuntimeError("Mr Example, 5 Sample Street, buyer@example.com")


def test_a_failure_waits_longer_each_time_and_keeps_no_other_job(opener: Open, clock: FixedClock) -> None:
    batch, bad, lines = held(opener, 1), Sample(refuse), list[str]()
    with opener() as session:
        session.batches.release(batch)
    made = worker(opener, log=lines.append, jobs=[bad, DispatchJob()])
    assert not run_once(made)
    assert state(opener, batch) is BatchState.WRITTEN
    pauses = []
    for _ in range(6):
        start, runs = clock.now(), bad.runs
        while bad.runs == runs:
            clock.advance(30)
            made.loops[0].step(lambda: False)
        pauses.append(clock.now() - start)
    made.loops[0].close()
    assert pauses == [60, 120, 240, 480, 900, 900]
    with opener() as session:
        found = worker_health(session.context.reader(), clock.now())
        assert (found.health, len(found.reasons)) == (Health.FAILING, 1)
        assert "sync of box-1 failed 7 times: this should not happen (RuntimeError)" in found.reasons[0]
    clock.advance(900)
    assert run_once(worker(opener, "other-2", jobs=[Sample(lambda: "fine here")]))
    with opener() as session:
        reader = session.context.reader()
        assert worker_health(reader, clock.now()).health is Health.HEALTHY
        assert worker_health(reader, clock.now(), "box").health is Health.FAILING
    bad.work = lambda: "fine again"
    clock.advance(900)
    assert run_once(made)
    with opener() as session:
        assert worker_health(session.context.reader(), clock.now()).health is Health.HEALTHY
    assert "Example" not in "".join(lines)
    assert any(line.startswith("sync: failed, again in 60 s: ") for line in lines)


def test_a_job_is_run_by_one_worker_at_a_time(opener: Open, clock: FixedClock) -> None:
    """The second looks while the first is at it, and again right after it; a dead one keeps it for its lease alone."""
    second = Sample(lambda: "by the second")
    others = worker(opener, "other-2", jobs=[second])

    def look() -> str:
        run_once(others)
        return "by the first"

    first = Sample(look)
    run_once(worker(opener, jobs=[first]))
    assert (first.runs, second.runs) == (1, 0)
    with opener() as session:
        ledger = session.context.store.work
        seen = ledger.job(JobName.SYNC).last
        assert not ledger.take(JobName.SYNC, "other-2", None, LEASE_SECONDS), "it ran since the other one looked"
        assert ledger.take(JobName.SYNC, "killed-3", seen, LEASE_SECONDS)
    run_once(others)
    assert second.runs == 0
    clock.advance(LEASE_SECONDS)
    run_once(others)
    assert second.runs == 1


def test_a_store_that_is_not_there_is_looked_for_with_pauses(opener: Open) -> None:
    down, lines = True, list[str]()

    def open_session() -> Session:
        if down:
            raise OSError(5, "Input/output error", "/the/store")
        return opener()

    job = Sample(lambda: "done")
    loop = JobLoop(job, "box-1", open_session, lines.append)
    assert [loop.step(lambda: False) for _ in range(6)] == [5, 10, 20, 40, 60, 60]
    down = False
    loop.step(lambda: False)
    loop.close()
    assert job.runs == 1
    assert lines == ["sync: /the/store: Input/output error", "sync: ok: done", "sync: the store is there again"]


def test_an_end_waits_for_nothing_but_what_runs_and_is_noted(
    opener: Open, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for wait in ("LOOK_SECONDS", "BEAT_SECONDS", "END_SECONDS"):
        monkeypatch.setattr(service, wait, HOUR)
    stop, begun = threading.Event(), threading.Event()

    class Endless(Sample):
        def run(self, session: Session, stop: Stop) -> str:
            begun.set()
            while not stop():
                time.sleep(0.01)
            return "cut short"

    made = worker(opener, jobs=[Endless(str), DispatchJob()])
    thread = threading.Thread(target=made.run, args=(stop,), daemon=True)
    thread.start()
    assert begun.wait(LONGEST)
    with opener() as session:
        found = worker_health(session.context.reader(), clock.now())
        assert found.running[JobName.SYNC] == "box-1"
    stop.set()
    until(lambda: not thread.is_alive())
    with opener() as session:
        assert session.context.store.work.workers()[0].ended_at == clock.now()
        assert worker_health(session.context.reader(), clock.now()).health is Health.NONE


def test_what_does_not_end_is_not_waited_for_four_times(opener: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """One time for all jobs; a job that only looks whether it is due holds up no end, and its lease ends with it."""
    looked = count()
    monkeypatch.setattr(service, "END_SECONDS", 0.3)
    monkeypatch.setattr(service, "time", SimpleNamespace(monotonic=lambda: next(looked) * 0.05))
    stop, release = threading.Event(), threading.Event()
    begun = threading.Barrier(3)

    class Deaf(Sample):
        def due_at(self, session: Session, last: JobRun | None, now: int) -> int | None:
            if self.name is JobName.IMPORT:
                begun.wait(LONGEST)
                release.wait()
            return now

        def run(self, session: Session, stop: Stop) -> str:
            begun.wait(LONGEST)
            release.wait()
            return ""

    looks = Deaf(str)
    looks.name = JobName.IMPORT
    made = worker(opener, jobs=[Deaf(str), looks])
    thread = threading.Thread(target=made.run, args=(stop,), daemon=True)
    thread.start()
    begun.wait(LONGEST)
    stop.set()
    try:
        until(lambda: not thread.is_alive())
        assert next(looked) == 12, "7 looks for the first until 0.3 s are over, 4 more for the other until 0.5 s are"
        with opener() as session:
            until(lambda: session.context.store.work.job(JobName.SYNC).holder == "")
    finally:
        release.set()


def test_a_clock_that_is_put_back_stops_no_job(opener: Open) -> None:
    class EachMinute(Sample):
        def due_at(self, session: Session, last: JobRun | None, now: int) -> int | None:
            return now if last is None else last.ended_at + 60

    job = EachMinute(lambda: "done")
    made = worker(opener, jobs=[job])
    with opener() as session:
        work = session.context.store.work
        work.begin(WorkerRecord("gone-1", "gone", NOW, NOW + DAY))
        work.finish(JobName.SYNC, "gone-1", JobRun(NOW + DAY, NOW + DAY, JobOutcome.OK, "of tomorrow"))
        assert work.take(JobName.SYNC, "gone-1", work.job(JobName.SYNC).last, DAY)
        found = worker_health(session.context.reader(), NOW)
        assert (found.health, "put back" in found.reasons[0]) == (Health.LATE, True)
        assert run_once(made)
        assert (job.runs, last_text(session, JobName.SYNC)) == (1, "ok: done")
        assert made.loops[0].next_at == NOW + 60


def test_the_first_time_of_day_comes_also_to_a_store_that_was_never_synced(opener: Open) -> None:
    job = SyncJob(WorkerConfig(sync_minutes=0, sync_times=("06:30",)))
    with opener() as session:
        assert job.due_at(session, None, NOW) == NOW
        run = JobRun(NOW, NOW + 5, JobOutcome.OK, "")
        assert job.due_at(session, run, NOW + 5) == next_time(("06:30",), "UTC", NOW)


def test_health_tells_none_late_and_overdue_apart(opener: Open, clock: FixedClock) -> None:
    made = worker(opener, jobs=[DispatchJob()])
    with opener() as session:
        reader = session.context.reader()
        assert worker_health(reader, clock.now()).health is Health.NONE
        made._begin(is_once=False)
        made._beat()
        assert worker_health(reader, clock.now()).health is Health.HEALTHY
        assert worker_health(reader, clock.now(), "elsewhere").health is Health.NONE
        clock.advance(121)
        found = worker_health(reader, clock.now())
        assert (found.health, found.reasons) == (Health.LATE, ("box-1 was last heard of 2 min ago",))
        made.loops[0].next_at = clock.now() - 901
        made._beat()
        assert worker_health(reader, clock.now()).health is Health.LATE
        run = JobRun(clock.now(), clock.now(), JobOutcome.OK, "by another worker")
        session.context.store.work.finish(JobName.DISPATCH, "other-2", run)
        assert worker_health(reader, clock.now()).health is Health.HEALTHY
        worker(opener, "new-3", jobs=[])._begin(is_once=False)
        clock.advance(8 * DAY)
        worker(opener, "new-4", jobs=[])._begin(is_once=False)
        made._beat()
        assert [one.id for one in session.context.store.work.workers()] == ["box-1", "new-4"]


def test_a_run_by_hand_does_not_hide_a_worker_that_was_killed(opener: Open, clock: FixedClock) -> None:
    with opener() as session:
        reader = session.context.reader()

        def health() -> tuple[Health, tuple[str, ...]]:
            found = worker_health(reader, clock.now())
            return found.health, found.reasons

        worker(opener, jobs=[])._begin(is_once=False)
        clock.advance(300)
        assert run_once(worker(opener, "box-once", jobs=[]))
        told = ("box-1 was last heard of 5 min ago, and only `--once` ran since",)
        assert health() == (Health.LATE, told)
        newer = worker(opener, "box-2", jobs=[])
        newer._begin(is_once=False)
        assert health() == (Health.HEALTHY, ())
        newer._beat(ended=True)
        assert health() == (Health.HEALTHY, ()), "what was started there since, and ended in order, stands for it"
        worker(opener, "box-once", jobs=[])._begin(is_once=True)
        clock.advance(180)
        assert health() == (Health.LATE, ("box-once was last heard of 3 min ago",)), "killed in the middle of its run"
        stop = threading.Event()
        jobs = [Sample(lambda: f"half of it {stop.set()}"), Sample(lambda: "never")]  # type: ignore[func-returns-value]
        worker(opener, "box-once", jobs=jobs).run_once(stop)
        cut = ("box-once was told to end 0 s ago, before it had run every job that was due",)
        assert health() == (Health.LATE, cut)
        clock.advance(900)
        assert run_once(worker(opener, "box-once", jobs=[]))
        assert health() == (Health.HEALTHY, ())


@pytest.mark.parametrize(
    ("since", "zone", "expected"),
    [
        ("2026-11-23T05:29:59Z", "Europe/Berlin", "2026-11-23T05:30:00Z"),
        ("2026-11-23T05:30:00Z", "Europe/Berlin", "2026-11-23T17:00:00Z"),
        ("2026-11-23T17:00:00Z", "Europe/Berlin", "2026-11-24T05:30:00Z"),
        ("2026-03-28T17:00:00Z", "Europe/Berlin", "2026-03-29T04:30:00Z"),
        ("2026-11-23T23:30:00Z", "UTC", "2026-11-24T06:30:00Z"),
    ],
)
def test_times_of_day_are_those_of_their_zone(since: str, zone: str, expected: str) -> None:
    assert iso_utc(next_time(("18:00", "06:30"), zone, parse_iso(since))) == expected


def test_a_batch_that_does_not_leave_is_tried_again_after_a_minute(opener: Open, clock: FixedClock) -> None:
    """Not in a tight loop; one that comes to be due meanwhile leaves at once."""
    batch = held(opener, 1)
    with opener() as session:
        session.batches.release(batch)
        run = JobRun(NOW, NOW + 10, JobOutcome.OK, "nothing left")
        assert DispatchJob().due_at(session, run, NOW) == NOW + 10 + AGAIN_SECONDS
        clock.advance(20)
        other = commit(session, Action.CANCEL, 2)
        session.batches.recall(batch)
        session.batches.release(other)
        assert DispatchJob().due_at(session, run, NOW) == NOW + 20


def killed_at(faults: Faults, opener: Open, name: str, point: int | None) -> int:
    """Run a worker in a process of its own, which is killed at a point; return the process."""
    pid = os.fork()
    if pid:
        return pid
    try:
        faults.seen.clear()
        faults.at, faults.kills = point, True
        run_once(worker(opener, name, jobs=[DispatchJob()]))
    finally:
        os._exit(0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize(
    "point", [n if n % 8 == 4 else pytest.param(n, marks=pytest.mark.long) for n in range(0, 40, 1 if LONG else 2)]
)
def test_two_workers_one_killed_at_any_step_make_one_dispatch(
    point: int, tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    session_of(tmp_path, clock, waiting=3).close()
    outbox = tmp_path / "uploads"
    config = Config(outbox=OutboxConfig(folder=str(outbox)))

    def opener() -> Session:
        return Session.open(tmp_path / "orders.db", clock=clock, config=config)

    batch = held(opener, 1)
    with opener() as session:
        session.batches.release(batch)
    with monkeypatch.context() as patch:
        faults = inject(patch)
        pids = [killed_at(faults, opener, "box-1", point), killed_at(faults, opener, "other-2", None)]
        for pid in pids:
            os.waitpid(pid, 0)
    clock.advance(LEASE_SECONDS + SWEEP_SECONDS)
    assert run_once(worker(opener, "box-3", jobs=[DispatchJob()]))
    files = [path for path in outbox.rglob("*.txt") if not path.stem.isupper()]
    assert len(files) == 1
    assert files[0].read_text(encoding="utf-8").count(order_id(1)) == 1
    with opener() as session:
        assert session.maintenance.check() == []
        assert session.batches.get(batch).state is BatchState.WRITTEN
        records = [one for one in session.audit.records() if one["what"] == "batch.sent"]
        assert len(records) == 1


def test_what_the_settings_ask_for_is_checked(tmp_path: Path) -> None:
    from ordertui.operations.config import load_config
    from ordertui.operations.errors import BadInput

    path = tmp_path / "config.toml"
    for text, said in (
        ('sync_times = ["6:30"]', "no time of day"),
        ('zone = "Mars/Base"', "no such time zone"),
        ('import_folder = "reports"', "absolute path"),
    ):
        path.write_text(f"[worker]\n{text}\n", encoding="utf-8")
        with pytest.raises(BadInput, match=said):
            load_config(path)
    path.write_text('[worker]\nsync_times = ["06:30"]\nzone = "Europe/Berlin"\n', encoding="utf-8")
    assert load_config(path).worker == WorkerConfig(sync_times=("06:30",), zone="Europe/Berlin")
