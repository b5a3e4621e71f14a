"""Workers on a store of a test, whose waiting nobody waits for."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from ordertui.operations.session import Session
from ordertui.operations.worker.jobs import Job, jobs_for
from ordertui.operations.worker.service import Worker
from ordertui.store.repositories.work import JobName


def worker(
    open_session: Callable[[], Session],
    name: str = "box-1",
    log: Callable[[str], None] = lambda _text: None,
    jobs: Sequence[Job] | None = None,
) -> Worker:
    """A worker on the machine `box`, with the jobs of the settings."""
    if jobs is None:
        with open_session() as session:
            jobs = jobs_for(session.config, is_practice=session.is_practice)
    return Worker(name, name.split("-")[0], open_session, jobs, log)


def run_once(made: Worker) -> bool:
    """Run what is due."""
    return made.run_once(threading.Event())


def last_text(session: Session, name: JobName) -> str:
    """What the last run of a job says."""
    run = session.context.store.work.job(name).last
    return "never" if run is None else f"{run.outcome.value}: {run.text}"
