"""What this program and its reading process say to each other over two pipes, in msgpack."""

from __future__ import annotations

import os
from pathlib import Path
from typing import IO, Any

import msgspec

from ordertui.amazon.reports import RejectedRow, ReportInfo
from ordertui.store.importing.changeset import ImportChangeset

_LENGTH = 8


class Read(msgspec.Struct, array_like=True, tag=True):
    """To the process: read a report."""

    store: Path
    info: ReportInfo
    chunk_rows: int
    block_bytes: int


class ChunkWritten(msgspec.Struct, array_like=True, tag=True):
    """To the process: the oldest chunk on its way is written."""


class Replan(msgspec.Struct, array_like=True, tag=True):
    """To the process: somebody else changed the store; plan anew what is on its way."""


class Ready(msgspec.Struct, array_like=True, tag=True):
    """From the process: it came up. `version` says whether it is of the same program."""

    version: str


class Chunk(msgspec.Struct, array_like=True, tag=True):
    """From the process: what some rows change."""

    round: int
    """How often it was told to plan anew before."""
    changes: ImportChangeset
    bytes_done: int
    rejects: list[RejectedRow]
    """Without their file."""
    ignored: int
    unknown_words: list[str]


class End(msgspec.Struct, array_like=True, tag=True):
    """From the process: that was the report."""


class Failed(msgspec.Struct, array_like=True, tag=True):
    """From the process: why it cannot be read further."""

    kind: str
    """`system`, `report`, `store`, or `defect`."""
    text: str
    number: int | None = None
    """The system's number of the error."""


def _plain(value: Any) -> Any:
    if isinstance(value, Path):
        return os.fsencode(value)
    raise NotImplementedError


def _whole(kind: type, value: Any) -> Any:
    if kind is Path:
        return Path(os.fsdecode(value))
    raise NotImplementedError


_encode = msgspec.msgpack.Encoder(enc_hook=_plain).encode
to_process = msgspec.msgpack.Decoder(Read | ChunkWritten | Replan, dec_hook=_whole).decode
from_process = msgspec.msgpack.Decoder(Ready | Chunk | End | Failed, dec_hook=_whole).decode


def send(pipe: IO[bytes], message: msgspec.Struct) -> None:
    """Write a message. Raises OSError when nobody reads any more."""
    data = _encode(message)
    for part in (len(data).to_bytes(_LENGTH, "little"), data):
        rest = memoryview(part)
        while rest:
            rest = rest[pipe.write(rest) :]  # an unbuffered pipe may take a part only


def receive(pipe: IO[bytes]) -> bytes | None:
    """Return the next message, to be decoded; None when the other side has ended, even in the middle of one."""
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
    return b"".join(parts)
