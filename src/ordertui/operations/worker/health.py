"""Whether the work of a store goes on: its workers and jobs, judged by the store's clock."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum

import msgspec

from ordertui.orders.clock import HOUR
from ordertui.orders.text import format_duration
from ordertui.store import Store
from ordertui.store.repositories.work import JobName, JobOutcome, JobRecord, WorkerRecord

LATE_SECONDS = 120
"""A worker that was not heard of for so long is late: four signs of life are missing."""
ONCE_SECONDS = HOUR
"""A worker that runs from cron is late when its last run is older."""
OVERDUE_SECONDS = 900
"""A job that should have run so long ago is late, unless somebody runs it."""


class Health(StrEnum):
    """State of the workers and jobs of a store."""

    HEALTHY = "healthy"
    NONE = "none"
    """No worker runs, or ever ran, or the store was moved: nothing is done in it any more."""
    LATE = "late"
    """No worker was heard of lately, one was killed and only runs from cron went on, or a job is overdue."""
    FAILING = "failing"
    """The last run of a job failed."""


class WorkerHealth(msgspec.Struct, frozen=True):
    """Workers of a store, and what is wrong."""

    health: Health
    reasons: tuple[str, ...]
    """One sentence for each thing that is wrong; none when healthy."""
    workers: tuple[WorkerRecord, ...]
    running: dict[JobName, str]
    """Id of the worker for each job that is under way."""


def worker_health(store: Store, now: int, host: str | None = None) -> WorkerHealth:
    """Return how the work goes. `now`: epoch seconds.

    A job that failed on one machine and went well on another since is well, unless `host` asks for that machine alone.
    """
    workers = tuple(one for one in store.work.workers() if host is None or one.host == host)
    jobs = {name: store.work.job(name) for name in JobName}
    running = {name: job.holder for name, job in jobs.items() if job.holder and job.until > now}
    if store.identity.move is not None:  # who works here, can note neither that nor its end
        return WorkerHealth(Health.NONE, (str(store.identity.move),), workers, running)
    current = [one for one in workers if is_current(one, now)]
    if not current:
        candidates = [one for one in workers if one.ended_at is None or one.is_once]
        if not candidates:
            return WorkerHealth(Health.NONE, ("no worker runs: `ordertui worker`",), workers, running)
        newest = max(candidates, key=lambda one: one.beat_at)
        return WorkerHealth(Health.LATE, (_last_heard(newest, now),), workers, running)
    late = [
        f"{_last_heard(one, now)}, and only `--once` ran since" for one in _killed_without_another(workers, current)
    ]
    late += [
        f"{name.value} of {one.id} should have run {format_duration(now - at)} ago"
        for one in current
        for name, at in one.next_at.items()
        if not one.is_once and at is not None and now - at > OVERDUE_SECONDS and name not in running
        and not _ran_since(jobs[name], at)
    ]  # fmt: skip
    failing = [
        f"{name.value} of {one.id} failed {run.failures} times: {run.text}"
        for one in current
        for name, run in one.runs.items()
        if run.outcome is JobOutcome.FAILED and (host is not None or _failed_last(jobs[name]))
    ]
    health = Health.LATE if late else Health.FAILING if failing else Health.HEALTHY
    return WorkerHealth(health, (*late, *failing), workers, running)


def is_current(worker: WorkerRecord, now: int) -> bool:
    """Return whether a worker runs, as far as is known, or ran from cron lately, to its end.

    A sign of life that is minutes ahead is of before the clock was put back, and tells nothing.
    """
    if worker.ended_at is not None:
        return worker.is_once and not worker.is_cut and -LATE_SECONDS <= now - worker.beat_at <= ONCE_SECONDS
    return abs(now - worker.beat_at) <= LATE_SECONDS


def _killed_without_another(workers: Sequence[WorkerRecord], current: Sequence[WorkerRecord]) -> list[WorkerRecord]:
    """Return the workers that were killed, when only runs from cron go on: a run by hand does not stand for them.

    One that was started on the same machine later, and ended in order, does.
    """
    if not all(one.is_once for one in current):
        return []
    lasting = [one for one in workers if not one.is_once]
    return [
        one
        for one in lasting
        if one.ended_at is None and not any(it.host == one.host and it.started_at > one.beat_at for it in lasting)
    ]


def _last_heard(worker: WorkerRecord, now: int) -> str:
    gone = now - worker.beat_at
    ago = f"{format_duration(gone)} ago" if gone >= 0 else f"{format_duration(-gone)} ahead: was the clock put back?"
    if worker.is_cut:
        return f"{worker.id} was told to end {ago}, before it had run every job that was due"
    return f"{worker.id} was last heard of {ago}"


def _failed_last(job: JobRecord) -> bool:
    """Return whether the last run of a job by any worker failed."""
    return job.last is not None and job.last.outcome is JobOutcome.FAILED


def _ran_since(job: JobRecord, at: int) -> bool:
    """Return whether any worker ran a job since then."""
    return job.last is not None and job.last.ended_at >= at
