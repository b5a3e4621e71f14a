"""The process that reads a big report beside the one that writes the store: parses, looks orders up, works out what changes.

It never writes anything but its messages. It is at most AHEAD chunks ahead of what is written, and plans no chunk with an
order of one that is still on its way. It ends when the other side does. `python -m ordertui.operations.reading_main` is
started by `reading_process`, and by nobody else.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from collections import deque
from pathlib import Path
from typing import IO, Any

from ordertui.amazon.reports import ReportError, ReportInfo, ReportKind, read
from ordertui.orders.clock import SystemClock
from ordertui.store import Store, StoreError
from ordertui.store.importer import Gatherer

from .pipe import receive, send

READY = "ordertui reads 1"
"""Says that both sides are of one program."""
AHEAD = 2


class _Gone(Exception):
    """The other side is gone."""


class _Chunk:
    """A chunk that was planned and is not written yet."""

    def __init__(self, groups: dict[str, list[Any]], told: tuple[Any, ...]) -> None:
        self.groups = groups
        self.told = told
        """What the reader has to say beside rows: bytes done, rejects, rows left out, odd words."""
        self.named: Any = ()


class _Reading:
    """One report."""

    def __init__(self, info: ReportInfo, store: Store, inbox: IO[bytes], out: IO[bytes], chunk_rows: int) -> None:
        self._info = info
        self._planner = store.planner(info.kind.value)
        self._inbox = inbox
        self._out = out
        self._gatherer = Gatherer(chunk_rows)
        self._waiting: deque[_Chunk] = deque()
        self._round = 0
        """How often everything that waits was planned anew."""

    def run(self, block_bytes: int) -> None:
        """Read it all. Raises ReportError, StoreError, OSError, and _Gone."""
        rejects: list[tuple[str, int, str, str]] = []
        odd: list[str] = []
        ignored = done = 0
        for batch in read(self._info, block_bytes=block_bytes):
            rejects += [(one.file, one.line, one.reason, one.text) for one in batch.rejects]
            odd += batch.odd_words
            ignored += batch.ignored
            done = batch.bytes_done
            for groups in self._gatherer.add(batch.rows):
                self._offer(_Chunk(groups, (done, rejects, ignored, odd)))
                rejects, odd, ignored = [], [], 0
        self._offer(_Chunk(self._gatherer.rest(), (done, rejects, ignored, odd)))
        while self._waiting:
            self._hear()
        send(self._out, ("end",))

    def _offer(self, chunk: _Chunk) -> None:
        while len(self._waiting) >= AHEAD or not all(
            chunk.groups.keys().isdisjoint(other.groups) for other in self._waiting
        ):
            self._hear()
        self._waiting.append(chunk)
        self._plan(chunk)

    def _plan(self, chunk: _Chunk) -> None:
        changes, chunk.named = self._planner.plan(chunk.groups)
        send(self._out, ("chunk", self._round, tuple(changes), chunk.told))

    def _hear(self) -> None:
        word = receive(self._inbox)
        if word == "kept":
            self._planner.keep(self._waiting.popleft().named)
        elif word == "again":  # somebody else changed the store
            self._round += 1
            self._planner.reload()
            for chunk in self._waiting:
                self._plan(chunk)
        else:
            raise _Gone


def main() -> None:
    """Serve reports until the other side closes its end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to the whole terminal; the other side decides
    gc.disable()  # nothing here makes cycles, and looking for them takes a tenth of the time
    inbox, out = os.fdopen(0, "rb", buffering=0), os.fdopen(os.dup(1), "wb", buffering=0)
    sys.stdout = sys.stderr  # a stray print must not get between the messages
    try:
        send(out, READY)
        while (asked := receive(inbox)) is not None:
            _serve(asked, inbox, out)
    except (_Gone, BrokenPipeError):
        pass


def _serve(asked: Any, inbox: IO[bytes], out: IO[bytes]) -> None:
    """Read one report, or tell why it cannot be read."""
    store_path, chunk_rows, block_bytes, told = asked
    path, kind, *rest = told
    info = ReportInfo(Path(path), ReportKind(kind), *rest)
    try:
        with Store.open(Path(store_path), clock=SystemClock(), read_only=True) as store, store.in_words():
            _Reading(info, store, inbox, out, chunk_rows).run(block_bytes)
    except (BrokenPipeError, _Gone):
        raise
    except OSError as error:
        send(out, ("error", "system", (error.errno, error.strerror, str(path))))
    except ReportError as error:
        send(out, ("error", "report", (str(error),)))
    except StoreError as error:
        send(out, ("error", "store", (str(error),)))
    except Exception:
        send(out, ("error", "broken", (traceback.format_exc(),)))


if __name__ == "__main__":
    main()
