"""The jobs of the worker: when each is due, and what it does. None of them commits, approves or releases anything."""

from __future__ import annotations

from collections import Counter
from typing import Protocol

from ordertui.amazon.spapi.cancellable_sleep import Stop
from ordertui.operations.config import Config, WorkerConfig
from ordertui.operations.errors import Stopped
from ordertui.operations.paths import typed_path
from ordertui.operations.session import Session
from ordertui.orders.clock import local_time
from ordertui.orders.text import pluralize
from ordertui.store.repositories.work import JobName, JobRun

from .import_folder import ImportJob

SWEEP_SECONDS = 300
"""Between two looks for files that another machine began to write and did not finish."""
AGAIN_SECONDS = 60
"""Before a batch that is due and did not leave is tried again."""
NOTIFY_SECONDS = 60


class Job(Protocol):
    """Something that the worker does again and again."""

    @property
    def name(self) -> JobName:
        """Name under which the store keeps its lease and its runs."""
        ...

    def due_at(self, session: Session, last: JobRun | None, now: int) -> int | None:
        """Return when it is run next (epoch seconds); None when there is nothing to do. `last`: its run before."""
        ...

    def run(self, session: Session, stop: Stop) -> str:
        """Do it; return what was done, without data of a buyer. Raises Stopped when it was stopped in the middle."""
        ...


class DispatchJob:
    """Lets batches leave whose hold has ended, and follows feeds to their end."""

    name = JobName.DISPATCH

    def due_at(self, session: Session, last: JobRun | None, now: int) -> int | None:
        """See `Job`: when a hold ends or a feed is looked at; for files also every five minutes."""
        found = session.dispatcher.next_due()
        if last is None:
            return now
        times = [] if session.context.is_api_dispatch else [last.ended_at + SWEEP_SECONDS]
        if found is not None:
            times.append(found.at if found.at > last.ended_at else last.ended_at + AGAIN_SECONDS)
        return min(times, default=None)

    def run(self, session: Session, stop: Stop) -> str:
        """See `Job`."""
        watch = session.dispatcher.watch_failures()
        waits: list[str] = []
        left = session.dispatcher.run(stop, waits.append)
        text = f"left: batch {', '.join(str(batch.id) for batch in left)}" if left else "nothing left"
        bad = watch.sentences()
        notes = [pluralize(len(waits), "note")] if waits else []
        return "; ".join([text, *notes, *bad])


class SyncJob:
    """Brings the orders up to date from Amazon's API."""

    name = JobName.SYNC

    def __init__(self, config: WorkerConfig) -> None:
        self._config = config

    def due_at(self, session: Session, last: JobRun | None, now: int) -> int | None:
        """See `Job`: when the orders are old, whoever synced them, or a time of the settings has come.

        A store that no worker ever synced is synced at once: no time was there that could have come since.
        """
        times = []
        if self._config.sync_minutes:
            seconds, known = self._config.sync_minutes * 60, session.sync.status().watermark
            times.append(now if known is None else known + seconds)
            if last is not None:  # the newest minutes are not asked for, so that the orders are old right after it
                times[0] = max(times[0], last.ended_at + min(seconds, AGAIN_SECONDS))
        if self._config.sync_times:
            zone = self._config.zone or "UTC"
            times.append(now if last is None else next_time(self._config.sync_times, zone, last.started_at))
        return min(times, default=None)

    def run(self, session: Session, stop: Stop) -> str:
        """See `Job`."""
        found = session.sync.sync(stop=stop)
        text = f"{pluralize(found.orders)}: {found.new:,} new, {found.changed:,} changed"
        if found.rejects:
            text += f"; {pluralize(len(found.rejects))} cannot be read: `ordertui api status`"
        if found.stopped:
            raise Stopped(text)
        return text


class NotifyJob:
    """Tells the receivers of the settings what is worth telling: requests, deadlines, the rate, batches that need one.

    A receiver that fails is no failure of the job, which goes on for the others: the log of notifications has it.
    """

    name = JobName.NOTIFY

    def due_at(self, session: Session, last: JobRun | None, now: int) -> int | None:  # noqa: ARG002
        """See `Job`: every minute."""
        return now if last is None else last.ended_at + NOTIFY_SECONDS

    def run(self, session: Session, stop: Stop) -> str:
        """See `Job`."""
        states = Counter(one.state.value.replace("_", " ") for one in session.notifications.send_due(stop))
        return ", ".join(f"{count} {state}" for state, count in sorted(states.items())) or "nothing to tell"


def next_time(times: tuple[str, ...], zone: str, since: int) -> int:
    """Return the first of some times of day, such as `06:30`, after a moment (epoch seconds)."""
    found = (local_time(since, zone, days, text) for days in (0, 1, 2) for text in times)
    return min(at for at in found if at > since)


def jobs_for(config: Config, *, is_practice: bool) -> list[Job]:
    """Return the jobs that the settings ask for; dispatch always."""
    jobs: list[Job] = [DispatchJob()]
    asks = config.worker.sync_minutes or config.worker.sync_times
    if asks and config.amazon.profile != "off" and not is_practice:
        jobs.append(SyncJob(config.worker))
    if config.worker.import_folder:
        jobs.append(ImportJob(typed_path(config.worker.import_folder)))
    if config.notify.receivers and not is_practice:
        jobs.append(NotifyJob())
    return jobs
