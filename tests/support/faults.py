"""Crashes and failing disks, at the file layer and around each transaction."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from errno import EACCES, ENOSPC
from typing import Any

import pytest

from ordertui import files
from ordertui.store.engine.database import Database

FILE_CALLS = ("open", "write", "fsync", "link", "rename")


class Crash(BaseException):
    """The process is gone: nothing after this point happens."""


class Faults:
    """Counts the points at which things can go wrong, and makes one of them do so."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.at: int | None = None
        """The point, from 0, at which it happens; None: never."""
        self.error: BaseException | None = None
        self.kills = False
        """Whether the process is killed there instead."""

    def point(self, name: str) -> None:
        """Called at each point."""
        number = len(self.seen)
        self.seen.append(name)
        if number == self.at and self.kills:
            os.kill(os.getpid(), signal.SIGKILL)
        if number == self.at and self.error is not None:
            raise self.error

    @contextmanager
    def armed(self, at: int | None, error: BaseException | None) -> Iterator[None]:
        """Let the point number `at` raise, within the block."""
        self.seen.clear()
        self.at, self.error = at, error
        try:
            yield
        finally:
            self.at = self.error = None


def disk_full() -> OSError:
    return OSError(ENOSPC, os.strerror(ENOSPC))


def read_only_folder() -> OSError:
    return OSError(EACCES, os.strerror(EACCES))


class FaultyOs:
    """The module os, with a point before each call that changes the disk, and half a write before a failing one."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name not in FILE_CALLS:
            return real

        def call(*args: Any, **more: Any) -> Any:
            if name == "open" and not args[1] & (os.O_WRONLY | os.O_RDWR):
                return real(*args, **more)
            try:
                self._faults.point(name)
            except BaseException:
                if name == "write":
                    real(args[0], bytes(args[1])[: len(args[1]) // 2])
                raise
            return real(*args, **more)

        return call


def inject(patch: pytest.MonkeyPatch, faults: Faults | None = None) -> Faults:
    """Put the points into the file layer and into the store's transactions."""
    faults = faults or Faults()
    patch.setattr(files, "os", FaultyOs(faults))
    original = Database.write

    @contextmanager
    def write(self: Database, **more: bool) -> Iterator[Any]:
        outer = not self.engine.in_transaction
        with original(self, **more) as connection:
            yield connection
            if outer:
                faults.point("before commit")
        if outer:
            faults.point("after commit")

    patch.setattr(Database, "write", write)
    return faults
