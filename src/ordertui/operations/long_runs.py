"""Support for runs over many orders: how they are stopped, and when garbage is looked for."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ordertui.orders.people import Permission
from ordertui.store import Interrupted, Store

from .context import SessionContext
from .errors import Stopped


def stop_check(stop: Callable[[], bool]) -> Callable[[], None]:
    """Return a function that raises Stopped once `stop` says so."""

    def check() -> None:
        if stop():
            raise Stopped("stopped; nothing was done")

    return check


@contextmanager
def paused_collection() -> Iterator[None]:
    """Let Python look for garbage in cycles later: it looks at all that is kept, again and again, and finds none.

    It takes a fifth of the time of a plan of 40,000 orders.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def changing(context: SessionContext, permission: Permission, stop: Callable[[], bool]) -> Iterator[Store]:
    """Open a transaction for something that is allowed, in which `stop` ends the statement that runs.

    `stop` is asked before it too: SQLite asks it of long statements alone.

    Raises RoleRefused, ReadOnly, and Stopped, with which all of it is undone.
    """
    store = context.writer(permission)
    stop_check(stop)()
    try:
        with store.write() as database, database.stoppable(stop):
            yield store
    except Interrupted as error:
        raise Stopped("stopped; nothing was done") from error
