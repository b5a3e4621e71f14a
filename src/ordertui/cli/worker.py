"""`ordertui worker`: what goes on while nobody looks, and whether it does."""

from __future__ import annotations

import platform
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from ordertui.operations.query.export import Record, json_text
from ordertui.orders.clock import iso_utc

from .context import Group, Settings, fail, open_session, real_clock_only, say
from .exit_codes import Exit
from .output import ONE_FORMAT, emit

if TYPE_CHECKING:
    from ordertui.operations.session import Session
    from ordertui.operations.worker.health import WorkerHealth
    from ordertui.store.repositories.work import JobName, WorkerRecord

COLUMNS = ("worker", "state", "job", "last_run", "result", "next_run", "text")
CODES = {"healthy": Exit.OK, "none": Exit.NO_WORKER, "late": Exit.WORKER_LATE, "failing": Exit.WORKER_FAILING}
"""Value of `Health` to the exit code of `worker status`."""


@click.group(cls=Group, invoke_without_command=True)
@click.option("--once", is_flag=True, help="Run every due job once, then end: for cron. Exit 7 when one failed.")
@click.pass_context
def worker(ctx: click.Context, once: bool) -> None:
    """Work while nobody looks: let batches leave when their hold ends, follow feeds, sync, import, notify.

    Several may run, on any machine that reaches the store. It never commits, approves or releases a batch. SIGTERM and
    Ctrl-C end it within a second; what it had begun goes on with the next start.
    """
    if ctx.invoked_subcommand is not None:
        if once:
            fail(Exit.USAGE, "--once is for `ordertui worker` alone")
        return
    settings: Settings = ctx.obj
    real_clock_only(settings)
    from ordertui.operations.session import Session
    from ordertui.operations.worker.jobs import jobs_for
    from ordertui.operations.worker.log import WorkerLog, worker_log
    from ordertui.operations.worker.service import Worker, worker_id

    clock = settings.clock()
    with open_session(settings) as session:  # what is wrong with settings or store is told before anything runs
        jobs = jobs_for(session.config, is_practice=session.is_practice)

    def open_another() -> Session:
        return Session.open(settings.store, clock=clock, read_only=settings.read_only)

    host = platform.node() or "unknown"
    log = WorkerLog(worker_log(), clock, say)
    made = Worker(worker_id(host, is_once=once), host, open_another, jobs, log)
    with stop_event() as stop:
        if not once:
            made.run(stop)
        elif not made.run_once(stop):
            fail(Exit.NOT_ALL, "a job failed; `ordertui worker status` says which")


@contextmanager
def stop_event() -> Iterator[threading.Event]:
    """Set the event at SIGTERM, SIGINT or when the terminal goes away, but not under `nohup`."""
    stop = threading.Event()
    names = ("SIGTERM", "SIGINT", "SIGHUP")
    signals = [found for name in names if (found := getattr(signal, name, None)) is not None]
    if (hangup := getattr(signal, "SIGHUP", None)) is not None and signal.getsignal(hangup) is signal.SIG_IGN:
        signals.remove(hangup)
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in signals}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@worker.command()
@click.option("--here", is_flag=True, help="Judge only the workers of this machine.")
@ONE_FORMAT
@click.pass_obj
def status(settings: Settings, here: bool, form: str) -> None:
    """Say which workers run, what each job did last, and when it runs next; ask from any machine.

    Exit 0 healthy, 10 no worker runs, 11 none was heard of for two minutes or a job is overdue, 12 the last run of a
    job failed.
    """
    from ordertui.operations.worker.health import worker_health

    with open_session(settings) as session:
        now = session.clock.now()
        found = worker_health(session.context.reader(), now, platform.node() if here else None)
    if form == "json":
        click.echo(json_text(_as_json(found, now)))
    else:
        emit([line for one in found.workers for line in _lines(one, found, now)], COLUMNS, form)
        if found.workers:
            say(f"the work is {found.health.value}")
        for reason in found.reasons:
            say(reason)
    sys.exit(int(CODES[found.health.value]))


def _state(worker: WorkerRecord, now: int) -> str:
    from ordertui.operations.worker.health import is_current

    if worker.is_cut:
        return f"cut off {iso_utc(worker.beat_at)}"
    if worker.ended_at is not None:
        return f"ran once {iso_utc(worker.ended_at)}" if worker.is_once else f"ended {iso_utc(worker.ended_at)}"
    return "runs" if is_current(worker, now) else f"silent since {iso_utc(worker.beat_at)}"


def _lines(worker: WorkerRecord, found: WorkerHealth, now: int) -> Iterator[Record]:
    """Yield a line for each job of a worker; one for a worker that ran none."""
    names: list[JobName] = sorted({*worker.runs, *worker.next_at})
    if not names:
        yield {"worker": worker.id, "state": _state(worker, now)}
    for name in names:
        run, at = worker.runs.get(name), worker.next_at.get(name)
        is_running = found.running.get(name) == worker.id
        yield {
            "worker": worker.id,
            "state": _state(worker, now),
            "job": name.value,
            "last_run": "" if run is None else iso_utc(run.ended_at),
            "result": "" if run is None else run.outcome.value,
            "next_run": "runs now" if is_running else "" if at is None else iso_utc(at),
            "text": "" if run is None else run.text,
        }


def _as_json(found: WorkerHealth, now: int) -> object:
    return {
        "health": found.health.value,
        "reasons": list(found.reasons),
        "workers": [
            {
                "id": one.id,
                "host": one.host,
                "state": _state(one, now),
                "started_at": iso_utc(one.started_at),
                "beat_at": iso_utc(one.beat_at),
                "ended_at": None if one.ended_at is None else iso_utc(one.ended_at),
                "jobs": {
                    line["job"]: {key: line[key] or None for key in ("last_run", "result", "next_run", "text")}
                    for line in _lines(one, found, now)
                    if "job" in line
                },
            }
            for one in found.workers
        ],
    }
