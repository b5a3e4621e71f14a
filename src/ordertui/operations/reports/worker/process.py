"""The parent's side of the worker process: starts it, writes its chunks to the store, ends it.

A report of a hundred thousand rows is read on one core while the other writes. Whatever happens to the worker, the
store stays whole: the worker only tells what to write, and each chunk is one transaction here.
"""

from __future__ import annotations

import contextlib
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import IO, Any

import msgspec

from ordertui.amazon.reports import ReportError, ReportInfo
from ordertui.operations.errors import ReportWorkerDied
from ordertui.operations.reports.importer import ImportStep
from ordertui.store import Store, StoreError
from ordertui.store.importing.changeset import ImportChangeset
from ordertui.store.importing.import_session import ImportSession

from .main import VERSION
from .protocol import Chunk, ChunkWritten, Failed, Read, Ready, Replan, from_process, receive, send

_START_SECONDS = 30.0
_END_SECONDS = 5.0
_LOOK_SECONDS = 0.5
BLOCK_BYTES = 1 << 19


class WorkerProcess:
    """`with ReadingProcess.start() as process` (it may be None), then `steps`. Ends with the `with`, at the latest."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process = process
        self._out: IO[bytes] = process.stdin
        self._messages: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._listen, args=(process.stdout,), daemon=True)
        self._thread.start()
        self._ready: bool | None = None

    @classmethod
    def start(cls) -> WorkerProcess | None:
        """Start it; None where a second process is no help or cannot be started."""
        if (os.cpu_count() or 1) < 2 or not sys.executable or getattr(sys, "frozen", False):
            return None
        apart: dict[str, Any] = {"start_new_session": True}  # so that Ctrl-C comes to this side only
        if sys.platform == "win32":
            apart = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
        command = [
            sys.executable,
            "-P",
            "-m",
            "ordertui.operations.reports.worker.main",
        ]  # never a module of the folder at hand
        try:
            return cls(
                subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.DEVNULL,
                    bufsize=0,
                    **apart,
                )
            )
        except OSError:
            return None

    @property
    def pid(self) -> int:
        """Its process number."""
        return self._process.pid

    def ready(self) -> bool:
        """Whether it came up and is of the same program; waits for that."""
        if self._ready is None:
            try:
                data = self._messages.get(timeout=_START_SECONDS)
            except queue.Empty:
                data = None
            self._ready = data is not None and from_process(data) == Ready(VERSION)
        return self._ready

    def steps(
        self, info: ReportInfo, store: Store, target: ImportSession, *, block_bytes: int = BLOCK_BYTES
    ) -> Iterator[ImportStep]:
        """Import the report, one chunk per step.

        Raises ReportError, StoreError and OSError as reading here would, and ReportWorkerDied when the worker ended or
        failed.
        """
        turn = 0

        def again() -> ImportChangeset:
            nonlocal turn
            self._say(info, Replan())
            turn += 1
            while (chunk := self._next(info)) is None or chunk.round != turn:
                pass  # planned before it heard
            return chunk.changes

        if not self.ready():
            raise self._broken(info)
        self._say(info, Read(store.path, info, target.chunk_rows, block_bytes))
        while (chunk := self._next(info)) is not None:
            if chunk.round != turn:
                continue
            target.write_planned(chunk.changes, again)
            self._say(info, ChunkWritten())
            rejects = [msgspec.structs.replace(one, file=str(info.path)) for one in chunk.rejects]
            yield ImportStep(chunk.changes.rows, rejects, chunk.ignored, chunk.bytes_done, tuple(chunk.unknown_words))

    def _say(self, info: ReportInfo, word: msgspec.Struct) -> None:
        try:
            send(self._out, word)
        except OSError:
            raise self._broken(info) from None

    def _next(self, info: ReportInfo) -> Chunk | None:
        """Return the next chunk, None at the end. Raises the error that the worker reports."""
        while True:
            with contextlib.suppress(queue.Empty):  # looks up now and then, so that Ctrl-C is heard everywhere
                data = self._messages.get(timeout=_LOOK_SECONDS)
                break
        if data is None:
            raise self._broken(info)
        message = from_process(data)
        if isinstance(message, Failed):
            raise _error(info, message)
        return message if isinstance(message, Chunk) else None

    def _broken(self, info: ReportInfo) -> ReportWorkerDied:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        return ReportWorkerDied(
            f"{info.path}: the process that reads it ended before its end (code {self._process.returncode});"
            " what was read so far is kept: import the file again to go on"
        )

    def _listen(self, pipe: IO[bytes]) -> None:
        """Receive messages while a chunk is written, so that the worker can go on; it limits how many wait."""
        try:
            while (data := receive(pipe)) is not None:
                self._messages.put(data)
        except (OSError, ValueError):
            pass  # closed
        self._messages.put(None)

    def __enter__(self) -> WorkerProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()  # it writes nothing, so nothing can be left half done
        self._process.wait()
        self._thread.join()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def _error(info: ReportInfo, failed: Failed) -> Exception:
    """Return the worker's error as it would be raised here."""
    if failed.kind == "system":
        return OSError(failed.number, failed.text, str(info.path))
    if failed.kind == "report":
        return ReportError(failed.text)
    if failed.kind == "store":
        return StoreError(failed.text)
    return ReportWorkerDied(
        f"{info.path}: reading failed, what was read so far is kept; please report this:\n{failed.text}"
    )
