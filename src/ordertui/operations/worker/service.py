"""A worker: every job in a thread and a session of its own, one that says that it lives, and one end for all."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Sequence

from ordertui.amazon.spapi.cancellable_sleep import Stop
from ordertui.operations.errors import USER_ERRORS, Stopped
from ordertui.operations.session import Session
from ordertui.operations.sync.connection import retry_delay
from ordertui.orders.clock import DAY
from ordertui.orders.people import Permission
from ordertui.store.repositories.work import JobOutcome, JobRun, WorkerRecord

from .jobs import Job
from .log import failure_text

LOOK_SECONDS = 5
"""Between two looks whether a job is due: a read of a few rows."""
LEASE_SECONDS = 120
"""How long a worker that was killed keeps others from its job, by the store's clock."""
MIN_LOST_SECONDS, MAX_LOST_SECONDS = 5, 60
"""Pauses while the store cannot be opened, doubled each time."""

OpenSession = Callable[[], Session]
Log = Callable[[str], None]


class JobLoop:
    """Looks whether one job is due and runs it under its lease.

    A run gets a session of its own, so that settings and policy are those of the moment.
    """

    def __init__(self, job: Job, worker: str, open_session: OpenSession, log: Log) -> None:
        self.job = job
        self.next_at: int | None = None
        """When the job runs next (epoch seconds), as of the last look; None: there is nothing to do, or not known."""
        self.is_running = False
        self.has_failed = False
        """Whether its last run here, or the last look, failed."""
        self._worker = worker
        self._open_session = open_session
        self._log = log
        self._session: Session | None = None
        self._lost = 0
        """Looks in a row that failed."""

    @property
    def is_lost(self) -> bool:
        """Whether the store could not be reached at the last look."""
        return self._lost > 0

    def close(self) -> None:
        """Close the session."""
        if self._session is not None:
            self._session.close()
            self._session = None

    def step(self, stop: Stop) -> int:
        """Run the job if it is due; return the seconds until the next look. Raises nothing."""
        try:
            self._look(stop)
            if self._lost:
                self._log(f"{self.job.name.value}: the store is there again")
            self._lost = 0
        except Exception as error:
            self.has_failed = True
            self.close()
            self._lost += 1
            if self._lost == 1:
                self._log(f"{self.job.name.value}: {failure_text(error)}")
            return int(min(MIN_LOST_SECONDS << min(self._lost - 1, 8), MAX_LOST_SECONDS))
        return LOOK_SECONDS

    def _look(self, stop: Stop) -> None:
        session = self._session or self._reopen()
        session.context.require(Permission.WORK)
        ledger, name = session.context.store.work, self.job.name
        seen, now = ledger.job(name).last, session.clock.now()
        last = None if seen is not None and seen.ended_at > now else seen  # the clock was put back
        self.next_at = self._due_at(session, last, now)
        if self.next_at is None or self.next_at > now or stop():
            return
        if not ledger.take(name, self._worker, seen, LEASE_SECONDS):
            return
        self.is_running = True
        try:
            session = self._reopen()
            run = self._run(session, 0 if last is None else last.failures, stop)
            session.context.store.work.finish(name, self._worker, run)
            self.next_at = self._due_at(session, run, session.clock.now())
        finally:
            self.is_running = False

    def _due_at(self, session: Session, last: JobRun | None, now: int) -> int | None:
        at = self.job.due_at(session, last, now)
        if at is None or last is None or not last.failures:
            return at
        return max(at, last.ended_at + retry_delay(last.failures))

    def _run(self, session: Session, failures: int, stop: Stop) -> JobRun:
        started = session.clock.now()
        try:
            outcome, text = JobOutcome.OK, self.job.run(session, stop)
        except Stopped as error:
            outcome, text = JobOutcome.STOPPED, failure_text(error)
        except Exception as error:
            outcome, text = JobOutcome.FAILED, failure_text(error)
        self.has_failed = outcome is JobOutcome.FAILED
        count = failures + 1 if self.has_failed else 0
        again = f", again in {retry_delay(count)} s" if self.has_failed else ""
        self._log(f"{self.job.name.value}: {outcome.value}{again}: {text}")
        return JobRun(started, session.clock.now(), outcome, text, count)

    def _reopen(self) -> Session:
        self.close()
        self._session = self._open_session()
        return self._session


BEAT_SECONDS = 30
"""Between two signs of life, and two renewals of leases."""
FORGET_SECONDS = 7 * DAY
"""A worker that nobody heard of for so long is not listed any more."""
END_SECONDS = 20
"""Wait so long in all for jobs to end that were asked to; what is cut off then goes on with the next start."""
LOOK_END_SECONDS = 0.5
"""Wait so long for one that runs nothing."""


def worker_id(host: str, *, is_once: bool) -> str:
    """Return an id for a worker that starts on a machine of this name; those that run once there are one."""
    return f"{host}-once" if is_once else f"{host}-{os.urandom(4).hex()}"


class Worker:
    """Runs jobs until `stop` is set, or every due one once."""

    def __init__(self, name: str, host: str, open_session: OpenSession, jobs: Sequence[Job], log: Log) -> None:
        """`name`: see `worker_id`. `open_session` is called in several threads."""
        self._name = name
        self._host = host
        self._open_session = open_session
        self._log = log
        self.loops = [JobLoop(job, name, open_session, log) for job in jobs]

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set. Raises what opening the store raises at the start, and RoleRefused."""
        self._begin(is_once=False)
        threads = [
            threading.Thread(target=self._work, args=(loop, stop), name=f"job {loop.job.name.value}", daemon=True)
            for loop in self.loops
        ]
        beat = threading.Thread(target=self._beat_until, args=(stop,), daemon=True)
        for thread in [*threads, beat]:
            thread.start()
        while not stop.wait(BEAT_SECONDS):  # the signs of life have a thread: a server that is away delays no end
            pass
        self._join(threads)
        beat.join(LOOK_END_SECONDS)
        last = threading.Thread(target=self._beat, kwargs={"ended": True}, daemon=True)
        last.start()
        last.join(LOOK_END_SECONDS if any(loop.is_lost for loop in self.loops) else END_SECONDS)
        self._log(f"{self._name} ended")

    def _join(self, threads: Sequence[threading.Thread]) -> None:
        """Wait for the jobs that run; one that only looks whether it is due, or looks for the store, is cut off."""
        begun = time.monotonic()
        for loop, thread in zip(self.loops, threads, strict=True):
            while thread.is_alive():
                gone = time.monotonic() - begun
                if gone > (END_SECONDS if loop.is_running else LOOK_END_SECONDS):
                    break
                thread.join(0.05)

    def run_once(self, stop: threading.Event) -> bool:
        """Run every job that is due, once; return whether all went well."""
        self._begin(is_once=True)
        done = threading.Event()
        beat = threading.Thread(target=self._beat_until, args=(done,), daemon=True)
        beat.start()
        is_cut = False
        try:
            for loop in self.loops:
                if not stop.is_set():
                    loop.step(stop.is_set)
                is_cut |= stop.is_set()
                loop.close()
        finally:
            done.set()
            beat.join(END_SECONDS)
        self._beat(ended=True, is_cut=is_cut)
        return not any(loop.has_failed for loop in self.loops)

    def _begin(self, *, is_once: bool) -> None:
        with self._open_session() as session:
            session.context.require(Permission.WORK)
            now = session.clock.now()
            session.context.store.work.begin(WorkerRecord(self._name, self._host, now, now, is_once=is_once))
        names = ", ".join(loop.job.name.value for loop in self.loops)
        self._log(f"{self._name} started: {names}")

    def _work(self, loop: JobLoop, stop: threading.Event) -> None:
        try:
            while not stop.is_set():
                stop.wait(loop.step(stop.is_set))
        finally:
            loop.close()

    def _beat_until(self, stop: threading.Event) -> None:
        while not stop.wait(BEAT_SECONDS):
            self._beat()

    def _beat(self, *, ended: bool = False, is_cut: bool = False) -> None:
        """Say that the worker lives, and keep the leases of its jobs. A store that is not there is the jobs' to log."""
        try:
            with self._open_session() as session:
                ledger = session.context.store.work
                for loop in self.loops:
                    if loop.is_running:
                        ledger.renew(loop.job.name, self._name, LEASE_SECONDS)
                times = {loop.job.name: loop.next_at for loop in self.loops}
                ledger.beat(self._name, times, ended=ended, is_cut=is_cut, silent_seconds=FORGET_SECONDS)
        except Exception as error:
            if not isinstance(error, USER_ERRORS):
                self._log(f"heartbeat: {failure_text(error)}")
