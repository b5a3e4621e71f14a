"""What the workers of a store do: which of them runs a job, how it ended, and when each was last heard of.

All of it is kept as JSON in the table `meta`. Times are epoch seconds by the store's clock: on a server, the server's.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from ordertui.orders.clock import Clock, lease_has_ended
from ordertui.store.engine.database import Database

JOB_KEY, WORKER_KEY = "job:", "worker:"
"""Begin the keys of jobs and of workers."""


class JobName(StrEnum):
    """A job of the worker."""

    DISPATCH = "dispatch"
    SYNC = "sync"
    IMPORT = "import"
    NOTIFY = "notify"


class JobOutcome(StrEnum):
    """How a run of a job ended."""

    OK = "ok"
    FAILED = "failed"
    STOPPED = "stopped"
    """The worker was told to end; what was done before is kept."""


class JobRun(msgspec.Struct, frozen=True):
    """One run of a job that has ended."""

    started_at: int
    ended_at: int
    outcome: JobOutcome
    text: str
    """What was done or went wrong, without data of a buyer."""
    failures: int = 0
    """Failed runs in a row, this one included; 0 after any other end."""


class JobRecord(msgspec.Struct, frozen=True):
    """A job as all workers share it."""

    holder: str = ""
    """Id of the worker that runs it; empty: none."""
    until: int = 0
    """When another worker may take it from the holder, unless that one renews it."""
    last: JobRun | None = None
    """The last run by any worker; None: never."""


class WorkerRecord(msgspec.Struct, frozen=True):
    """A worker process: where it runs, and when it was last heard of."""

    id: str
    host: str
    started_at: int
    beat_at: int
    """When it was last heard of."""
    ended_at: int | None = None
    """When it ended in order; None: it runs, or it was killed."""
    is_once: bool = False
    """It ran every due job once, as from cron."""
    is_cut: bool = False
    """It was told to end before it had run every due job once."""
    runs: dict[JobName, JobRun] = {}
    """Its own last run of each job."""
    next_at: dict[JobName, int | None] = {}
    """When it runs each job next; None: there is nothing to do."""


class WorkLedger:
    """Keeps jobs and workers of one store. A lease only spares double work: the journal lets nothing happen twice."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def job(self, name: JobName) -> JobRecord:
        """Return a job as it stands."""
        found = self._database.meta(f"{JOB_KEY}{name.value}")
        return JobRecord() if found is None else msgspec.json.decode(found, type=JobRecord)

    def take(self, name: JobName, worker: str, seen: JobRun | None, seconds: int) -> bool:
        """Give a worker the lease of a job; return False when another one has it, or ran it since `seen`."""
        with self._database.write(quiet=True):
            record, now = self.job(name), self._clock.now()
            is_free = record.holder in ("", worker) or lease_has_ended(record.until, now, seconds)
            if record.last != seen or not is_free:
                return False
            self._put_job(name, JobRecord(worker, now + seconds, record.last))
        return True

    def renew(self, name: JobName, worker: str, seconds: int) -> None:
        """Let a worker keep the lease of a job that it still runs; nothing happens when another one has it."""
        with self._database.write(quiet=True):
            record = self.job(name)
            if record.holder == worker:
                self._put_job(name, JobRecord(worker, self._clock.now() + seconds, record.last))

    def finish(self, name: JobName, worker: str, run: JobRun) -> None:
        """Record a run, with the job and with its worker, and end the lease."""
        with self._database.write(quiet=True):
            record = self.job(name)
            is_ours = record.holder in ("", worker)
            kept = JobRecord(last=run) if is_ours else JobRecord(record.holder, record.until, run)
            self._put_job(name, kept)
            mine = self._worker(worker)
            if mine is not None:
                self._put_worker(msgspec.structs.replace(mine, runs=mine.runs | {name: run}))

    def begin(self, record: WorkerRecord) -> None:
        """Write a worker down that starts; what one of the same id did before stays with it."""
        with self._database.write(quiet=True):
            before = self._worker(record.id)
            self._put_worker(record if before is None else msgspec.structs.replace(record, runs=before.runs))

    def beat(
        self,
        worker: str,
        next_at: dict[JobName, int | None],
        *,
        ended: bool = False,
        is_cut: bool = False,
        silent_seconds: int,
    ) -> None:
        """Record that a worker lives, or that it ended; forget workers that nobody heard of for `silent_seconds`."""
        now = self._clock.now()
        with self._database.write(quiet=True):
            for one in self.workers():
                if one.id == worker:
                    ended_at = now if ended else None
                    self._put_worker(
                        msgspec.structs.replace(one, beat_at=now, next_at=next_at, ended_at=ended_at, is_cut=is_cut)
                    )
                    if ended:
                        self._end_leases(worker)
                elif one.beat_at < now - silent_seconds:
                    self._database.set_meta(f"{WORKER_KEY}{one.id}", None)

    def _end_leases(self, worker: str) -> None:
        """Let others run at once what a worker that ends was at."""
        for name in JobName:
            record = self.job(name)
            if record.holder == worker:
                self._put_job(name, JobRecord(last=record.last))

    def workers(self) -> list[WorkerRecord]:
        """Return every worker that was heard of lately, by host and start."""
        found = self._database.query(f"SELECT value FROM meta WHERE key LIKE '{WORKER_KEY}%'")
        records = [msgspec.json.decode(value, type=WorkerRecord) for (value,) in found]
        return sorted(records, key=lambda one: (one.host, one.started_at, one.id))

    def _worker(self, worker: str) -> WorkerRecord | None:
        found = self._database.meta(f"{WORKER_KEY}{worker}")
        return None if found is None else msgspec.json.decode(found, type=WorkerRecord)

    def _put_worker(self, record: WorkerRecord) -> None:
        self._database.set_meta(f"{WORKER_KEY}{record.id}", msgspec.json.encode(record).decode())

    def _put_job(self, name: JobName, record: JobRecord) -> None:
        self._database.set_meta(f"{JOB_KEY}{name.value}", msgspec.json.encode(record).decode())
