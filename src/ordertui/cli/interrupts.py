"""Ctrl-C while a command acts: it ends between two steps, and what was done is told."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import click

ASKED = b"stopping once this step is whole; Ctrl-C again stops at once\n"


@contextmanager
def stop_on_interrupt() -> Iterator[Callable[[], bool]]:
    """Let the first Ctrl-C ask the run to end after a whole step, and a second one end it at once."""
    asked = False

    def ask(_signal: int, _frame: object) -> None:
        nonlocal asked
        if asked:
            raise KeyboardInterrupt
        asked = True
        if sys.stderr is not None:
            with suppress(OSError, ValueError):  # not by `sys.stderr`, which this line may have interrupted
                os.write(sys.stderr.fileno(), ASKED)

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield lambda: asked
    finally:
        signal.signal(signal.SIGINT, before)


def stop_before_the_end() -> Callable[[], bool]:
    """As `stop_on_interrupt`, until the command that runs has ended: what it did is told whole, also after a Ctrl-C."""
    return click.get_current_context().with_resource(stop_on_interrupt())
