"""Several threads that do something at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor


def at_once(*works: Callable[[], object]) -> None:
    """Run each in a thread of its own, begun together, until all have ended; raise what one of them raised."""
    together = threading.Barrier(len(works))

    def run(work: Callable[[], object]) -> None:
        together.wait(30)
        work()

    with ThreadPoolExecutor(len(works)) as pool:
        for one in [pool.submit(run, work) for work in works]:
            one.result()
