"""The worker process: parses a big report, looks its orders up and plans their changes; its parent writes the store.

It writes nothing but its messages. It is at most AHEAD chunks ahead of what is written, and plans no chunk with an
order of a chunk that is still on its way. It ends when its parent does. Only `process` starts it, as
`python -m ordertui.operations.reports.worker.main`.
"""

from __future__ import annotations

import gc
import os
import signal
import sys
import traceback
from collections import deque
from typing import IO

import msgspec

from ordertui.amazon.reports import RejectedRow, ReportError, read_orders
from ordertui.operations.reports.marketplaces import MarketplaceResolver
from ordertui.orders.clock import SystemClock
from ordertui.store import Store, StoreError
from ordertui.store.engine.sqlite import raw_sqlite
from ordertui.store.importing.import_session import OrderGrouper
from ordertui.store.importing.merge_planner import Groups, Named

from .protocol import Chunk, ChunkWritten, End, Failed, Read, Ready, Replan, receive, send, to_process

AHEAD = 2
VERSION = "1"


class _Gone(Exception):
    """The other side is gone."""


class _Planned:
    """A chunk that is on its way: planned, and not known to be written."""

    def __init__(
        self, groups: Groups, bytes_done: int, rejects: list[RejectedRow], ignored: int, unknown_words: list[str]
    ) -> None:
        self.groups = groups
        self.told = (bytes_done, rejects, ignored, unknown_words)
        self.named: Named = []


class _Reading:
    """One report."""

    def __init__(self, order: Read, store: Store, inbox: IO[bytes], out: IO[bytes]) -> None:
        self._order = order
        self._store = store
        self._planner = store.imports.planner(order.info.kind.value)
        self._inbox = inbox
        self._out = out
        self._waiting: deque[_Planned] = deque()
        self._round = 0

    def run(self) -> None:
        """Read it all. Raises ReportError, StoreError, OSError, and _Gone."""
        gatherer = OrderGrouper(self._order.chunk_rows)
        rejects: list[RejectedRow] = []
        odd: list[str] = []
        ignored = done = 0
        batches = read_orders(self._order.info, block_bytes=self._order.block_bytes)
        for batch in MarketplaceResolver(self._store, self._order.info).resolve(batches):
            rejects += [msgspec.structs.replace(one, file="") for one in batch.rejects]
            odd += batch.unknown_words
            ignored += batch.ignored
            done = batch.bytes_done
            for groups in gatherer.add(batch.rows):
                self._offer(_Planned(groups, done, rejects, ignored, odd))
                rejects, odd, ignored = [], [], 0
        self._offer(_Planned(gatherer.rest(), done, rejects, ignored, odd))
        while self._waiting:
            self._hear()
        send(self._out, End())

    def _offer(self, chunk: _Planned) -> None:
        while len(self._waiting) >= AHEAD or any(
            not chunk.groups.keys().isdisjoint(other.groups) for other in self._waiting
        ):
            self._hear()
        self._waiting.append(chunk)
        self._plan(chunk)

    def _plan(self, chunk: _Planned) -> None:
        changes, chunk.named = self._planner.plan(chunk.groups)
        send(self._out, Chunk(self._round, changes, *chunk.told))

    def _hear(self) -> None:
        data = receive(self._inbox)
        word = None if data is None else to_process(data)
        if isinstance(word, ChunkWritten):
            self._planner.keep(self._waiting.popleft().named)
        elif isinstance(word, Replan):
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
        send(out, Ready(VERSION))
        while (data := receive(inbox)) is not None:
            order = to_process(data)
            if isinstance(order, Read):
                _serve(order, inbox, out)
    except (_Gone, BrokenPipeError):
        pass


def _serve(order: Read, inbox: IO[bytes], out: IO[bytes]) -> None:
    """Read one report, or tell why it cannot be read."""
    try:
        with Store.open(order.store, clock=SystemClock(), read_only=True) as store, raw_sqlite(store.database.engine):
            _Reading(order, store, inbox, out).run()
    except (BrokenPipeError, _Gone):
        raise
    except OSError as error:
        send(out, Failed("system", error.strerror or str(error), error.errno))
    except ReportError as error:
        send(out, Failed("report", str(error)))
    except StoreError as error:
        send(out, Failed("store", str(error)))
    except Exception:
        send(out, Failed("defect", traceback.format_exc()))


if __name__ == "__main__":
    main()
