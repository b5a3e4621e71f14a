"""Messages between this program and a process of its own: plain values (texts, numbers, tuples, lists) of the same Python, over a pipe."""

from __future__ import annotations

import marshal
from typing import IO, Any

_LENGTH = 8


def send(pipe: IO[bytes], message: Any) -> None:
    """Write a message. Raises BrokenPipeError when nobody reads any more."""
    data = marshal.dumps(message)
    for part in (len(data).to_bytes(_LENGTH, "little"), data):
        rest = memoryview(part)
        while rest:
            rest = rest[pipe.write(rest) :]  # an unbuffered pipe may take a part only
    pipe.flush()


def receive(pipe: IO[bytes]) -> Any:
    """The next message; None when the other side is gone, even in the middle of a message."""
    data = receive_bytes(pipe)
    return None if data is None else marshal.loads(data)


def receive_bytes(pipe: IO[bytes]) -> bytes | None:
    """The next message as `marshal.loads` takes it; None as for `receive`."""
    head = _exactly(pipe, _LENGTH)
    return None if head is None else _exactly(pipe, int.from_bytes(head, "little"))


def _exactly(pipe: IO[bytes], size: int) -> bytes | None:
    parts = []
    while size:
        part = pipe.read(size)
        if not part:
            return None
        parts.append(part)
        size -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
