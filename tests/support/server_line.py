"""The line between the program and a PostgreSQL server: it counts what is asked, and is cut anywhere.

A proxy on a socket of its own reads the program's messages one by one (the protocol's types: Q a query, P B D E the
parts of a prepared one, S its end, d c the rows of a COPY). The server is asked by Q and S, which are the round trips.
"""

from __future__ import annotations

import shutil
import socket
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path

COMMIT = "COMMIT"
"""Noted in the place of Q for a query that ends a transaction."""
ASKS = ("Q", COMMIT, "S", "c")
"""Messages that the server answers."""


class Cut(Enum):
    """What is lost with the line."""

    REQUEST = "the server never got the message"
    ANSWER = "the server did it, and the program never heard"


class ServerLine:
    """A proxy before a server's socket. Its `folder` takes the place of the server's in an address."""

    def __init__(self, server: Path) -> None:
        self._server = str(server / ".s.PGSQL.5432")
        self.folder = Path(tempfile.mkdtemp(prefix="otui-line-"))
        self._lock = threading.Lock()
        self._open: set[_Connection] = set()
        self.seen: list[str] = []
        """The messages since the line was armed."""
        self._is_armed, self._of = False, ""
        self.at: int | None = None
        self.cut = Cut.REQUEST
        self.was_cut = False
        self.is_away = False
        """Whether nobody gets through."""
        self.stays_away = False
        """Whether it is away after the cut, until somebody says otherwise."""
        self.before_cut: Callable[[], None] = lambda: None
        """Called when the line is cut, before the program learns of it: such as to kill the server."""
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.folder / ".s.PGSQL.5432"))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def address(self, schema: str) -> str:
        """Return the address of a store in a schema, by this line."""
        return f"postgresql://owner@/postgres?host={self.folder}&schema={schema}"

    @contextmanager
    def armed(
        self, at: int | None, cut: Cut = Cut.REQUEST, *, of: str = "", stays_away: bool = False
    ) -> Iterator[None]:
        """Note the messages within the block, and cut the line at the one with this number, from 0, or with the next
        answer. `of` counts messages of one type alone.
        """
        with self._lock:
            self._of = of
            self.seen, self.at, self.cut, self.was_cut, self.stays_away = [], at, cut, False, stays_away
            self._is_armed = True
        try:
            yield
        finally:
            with self._lock:
                self._is_armed = self.is_away = False

    @property
    def trips(self) -> int:
        """How often the server was asked since the line was armed. H has it answer what it has so far; after S it is
        nothing more.
        """
        pairs = zip(["", *self.seen], self.seen, strict=False)
        return sum(one in ("Q", COMMIT, "S") or (one == "H" and before != "S") for before, one in pairs)

    def points(self) -> list[tuple[int, Cut]]:
        """Return each place at which what was noted can be cut."""
        places = enumerate(self.seen)
        return [(n, cut) for n, one in places for cut in Cut if cut is Cut.REQUEST or one in ASKS]

    def passes(self, kind: str) -> Cut | None:
        """Note a message; say whether the line is cut at it, and what is lost."""
        with self._lock:
            if not self._is_armed or kind == "X":  # a goodbye, which may be of a connection from before
                return None
            number = len(self.seen) if not self._of else self.seen.count(self._of)
            self.seen.append(kind)
            if self.is_away:
                return Cut.REQUEST
            if self.was_cut or self.at is None or number < self.at or self._of not in ("", kind):
                return None
            if self.cut is Cut.ANSWER and kind not in ASKS:
                return None  # the next one that is answered
            self.was_cut, self.is_away = True, self.stays_away
            return self.cut

    def lose(self) -> None:
        """Do what belongs to the cut that was asked for, once."""
        with self._lock:
            act, self.before_cut = self.before_cut, lambda: None
        act()

    def drop(self) -> None:
        """Cut every connection that is open now."""
        with self._lock:
            found = list(self._open)
        for one in found:
            one.close()

    def close(self) -> None:
        """End the proxy."""
        self._listener.close()
        self.drop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _accept(self) -> None:
        while True:
            try:
                program, _ = self._listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self._server)
            except OSError:
                program.close()
                server.close()
                continue
            made = _Connection(self, program, server)
            with self._lock:
                self._open.add(made)
            made.start()

    def forget(self, connection: _Connection) -> None:
        """Remove a connection that ended."""
        with self._lock:
            self._open.discard(connection)


class _Connection:
    """One connection of the program, with one to the server."""

    def __init__(self, line: ServerLine, program: socket.socket, server: socket.socket) -> None:
        self._line = line
        self._program, self._server = program, server
        self._is_last = False
        """Whether the program hears nothing more."""
        self._asked = 0
        """Asked and not answered yet."""
        self._lock = threading.Lock()

    def start(self) -> None:
        for work in (self._send, self._answer):
            threading.Thread(target=work, daemon=True).start()

    def close(self) -> None:
        for one in (self._program, self._server):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._line.forget(self)

    def _send(self) -> None:
        """Pass the program's messages on."""
        try:
            self._begin()
            for kind, message in _messages(self._program):
                if kind == "Q" and b"COMMIT" in message:
                    kind = COMMIT
                cut = self._line.passes(kind)
                if cut is Cut.REQUEST:
                    self._line.lose()
                    return
                if kind in ("Q", COMMIT, "S"):
                    with self._lock:
                        self._asked += 1
                if cut is Cut.ANSWER:
                    self._is_last = True
                    self._server.sendall(message)
                    return  # the server's answer ends it
                self._server.sendall(message)
        except OSError:
            pass
        finally:
            if not self._is_last:
                self.close()

    def _begin(self) -> None:
        """Pass the first message on, which has no type: who connects, or that another connection shall stop."""
        head = _exactly(self._program, 4)
        if head is None:
            raise OSError
        rest = _exactly(self._program, struct.unpack("!i", head)[0] - 4)
        if rest is None or self._line.passes("s") is not None:
            raise OSError
        self._server.sendall(head + rest)

    def _answer(self) -> None:
        """Pass the server's messages on, as long as the program hears."""
        try:
            for kind, message in _messages(self._server):
                with self._lock:
                    self._asked -= kind == "Z" and self._asked > 0
                    is_answered = self._asked == 0 and kind == "Z"
                if self._is_last and (is_answered or kind == "G"):
                    self._line.lose()
                    return
                if not self._is_last:
                    self._program.sendall(message)
        except OSError:
            pass
        finally:
            self.close()
            for one in (self._program, self._server):
                with suppress(OSError):
                    one.close()


def _messages(source: socket.socket) -> Iterator[tuple[str, bytes]]:
    """Yield the messages with their types, until the line ends."""
    buffer = b""
    while True:
        while len(buffer) >= 5 and len(buffer) > (size := struct.unpack("!i", buffer[1:5])[0]):
            yield chr(buffer[0]), buffer[: size + 1]
            buffer = buffer[size + 1 :]
        part = source.recv(65_536)
        if not part:
            return
        buffer += part


def _exactly(source: socket.socket, size: int) -> bytes | None:
    found = b""
    while len(found) < size:
        part = source.recv(size - len(found))
        if not part:
            return None
        found += part
    return found
