"""A worker: every job in a thread and a session of its own, one that says that it lives, and one end for all."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Sequence

from ordertui.operations.errors import USER_ERRORS
from ordertui.orders.clock import DAY
from ordertui.orders.people import Permission
from ordertui.store.repositories.work import WorkerRecord

from .failure_text import failure_text
from .jobs import Job
from .loop import LEASE_SECONDS, JobLoop, Log, OpenSession

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
