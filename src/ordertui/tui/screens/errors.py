"""Show the error that a timer, a key, a message of a widget or work beside the screen meets as a line on the screen,
which goes on.

A store may fail at any read: a server is lost, a file is locked or damaged, a disk is full. Textual ends the program
on an error that reaches it.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from textual.content import Content
from textual.css.query import NoMatches
from textual.timer import Timer
from textual.widget import Widget

from ordertui.messages import translate
from ordertui.operations.errors import error_message

SHOWN_SECONDS = 10.0
"""How long an error is shown."""
Node = TypeVar("Node", bound=Widget)
Arguments = ParamSpec("Arguments")


def show_error(node: Widget, error: Exception) -> None:
    """Say on the screen what went wrong."""
    node.notify(error_message(error), severity="error", timeout=SHOWN_SECONDS)


def text_or_error(make: Callable[[], Content]) -> Content:
    """Return a text that a widget shows from the first, or in its place what keeps it from being made."""
    try:
        return make()
    except Exception as error:
        return Content(translate(error_message(error)))


@contextmanager
def errors_shown(node: Widget) -> Iterator[None]:
    """Show an error that is raised inside. `NoMatches` is ignored: widgets are being unmounted while work goes on."""
    try:
        yield
    except NoMatches:
        return
    except Exception as error:
        show_error(node, error)


def shows_errors(handler: Callable[Concatenate[Node, Arguments], None]) -> Callable[Concatenate[Node, Arguments], None]:
    """Let a handler of a screen show the error that it raises."""

    @wraps(handler)
    def guarded(node: Node, /, *args: Arguments.args, **options: Arguments.kwargs) -> None:
        with errors_shown(node):
            handler(node, *args, **options)

    return guarded


async def work_shown(node: Widget, work: Awaitable[None]) -> None:
    """Await work beside the screen, and show the error that it raises."""
    with errors_shown(node):
        await work


def call_later(node: Widget, seconds: float, callback: Callable[[], object]) -> Timer:
    """Call this once, after so many seconds, and show the error that it raises."""

    def guarded() -> None:
        with errors_shown(node):
            callback()

    return node.set_timer(seconds, guarded)


def call_every(node: Widget, seconds: float, callback: Callable[[], None]) -> Timer:
    """Call this again and again. The error that it raises is shown, and while it lasts again as often as it has gone
    from the screen; what the callback did not do, its next call does.
    """
    shown, quiet_until = "", 0.0

    def guarded() -> None:
        nonlocal shown, quiet_until
        try:
            callback()
        except NoMatches:
            return
        except Exception as error:
            now, kind = time.monotonic(), f"{type(error).__name__} {error}"
            if kind != shown or now >= quiet_until:
                shown, quiet_until = kind, now + SHOWN_SECONDS
                show_error(node, error)

    return node.set_interval(seconds, guarded)
