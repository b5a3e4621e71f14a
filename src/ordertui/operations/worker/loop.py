"""One job of a worker, run whenever it is due and nobody else runs it; its failures are its own."""

from __future__ import annotations

from collections.abc import Callable

from ordertui.amazon.spapi.cancellable_sleep import Stop
from ordertui.operations.errors import Stopped
from ordertui.operations.session import Session
from ordertui.operations.sync.connection import retry_delay
from ordertui.orders.people import Permission
from ordertui.store.repositories.work import JobOutcome, JobRun

from .failure_text import failure_text
from .jobs import Job

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
