"""The terminal the screen runs on: notice that it was closed, and end in order then."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from types import FrameType

from textual.app import App

CHECK_SECONDS = 1.0
"""Seconds between two checks that somebody can still see the screen. Textual holds 30 drawings that nobody takes and
then blocks, so this is shorter than a countdown needs to fill that."""
TERMINATED = 143
"""Exit code after SIGTERM or SIGHUP, as shells number it."""


def has_terminal() -> bool:
    """Return whether the terminal that is read from, and the one that is drawn on, are still there."""
    drawn_on = sys.__stdout__ if sys.platform == "win32" else sys.__stderr__  # as Textual's drivers do
    return all(stream is not None and stream.isatty() for stream in (sys.__stdin__, drawn_on))


def shows_few_colours(app: App[object] | App[None]) -> bool:
    """Return whether the terminal shows no more than 16 colours, or none are wanted (`NO_COLOR`)."""
    return app.no_color or (not app.is_headless and app.console.color_system in ("standard", "windows"))


def exit_on_signals(app: App[None]) -> None:
    """Leave the application when the system says so: the terminal is given back, and nothing is half done."""
    for name in ("SIGTERM", "SIGHUP"):
        with suppress(AttributeError, NotImplementedError):  # Windows
            number = getattr(signal, name)
            asyncio.get_running_loop().add_signal_handler(number, lambda: app.exit(return_code=TERMINATED))


def watch_terminal(app: App[None]) -> None:
    """Leave the application when nobody can see it any more; does nothing while it runs headless."""
    resume_only_with_a_terminal()
    if not app.is_headless:
        app.set_interval(CHECK_SECONDS, _exit_when_gone(app))


def resume_only_with_a_terminal() -> None:
    """Ignore SIGCONT once the terminal is closed.

    A terminal that is closed sends it after SIGHUP; Textual would take it for `fg` and begin to read keys a second
    time, from nowhere, and for ever.
    """
    number = getattr(signal, "SIGCONT", None)  # not on Windows
    resume = None if number is None else signal.getsignal(number)
    if number is None or not callable(resume):
        return

    def handler(received: int, frame: FrameType | None) -> None:
        if has_terminal():
            resume(received, frame)

    signal.signal(number, handler)


def discard_output_of_closed_terminal() -> None:
    """Redirect stdout and stderr to the null device once the terminal has closed, so that the interpreter's final flush
    cannot change the exit status.
    """
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _exit_when_gone(app: App[None]) -> Callable[[], None]:
    """Return the check: in a browser, that the server is still there; else the terminal, because a program that is not
    first in its session (under `make`, say) is not always told that it was closed.
    """
    server = os.getppid()

    def check() -> None:
        if os.getppid() != server if app.is_web else not has_terminal():
            app.exit(return_code=TERMINATED)

    return check
