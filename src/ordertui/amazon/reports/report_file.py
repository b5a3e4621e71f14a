"""Open report files as plain text with a header: unpacked, as UTF-8 when they are UTF-16, XML of orders as a table.

Everything is read as a stream with a cap on what comes out, so that a packed file cannot grow without end.
"""

from __future__ import annotations

import codecs
import gzip
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import IO, Protocol

from ordertui.files import MEBIBYTE, open_plain

from .errors import ReportError, UnknownReport

MOST_UNPACKED_BYTES = 2_048 * MEBIBYTE
"""A report of a million orders has some 400 MB."""
MOST_GROWTH = 200
"""How many times its packed size a file may have; order reports have 5 to 30 times. Looked at from FREE_BYTES on."""
FREE_BYTES = 16 * MEBIBYTE
PEEK_BYTES = 4_096
READ_BYTES = 1 << 18
_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
TEXT_ENDINGS = (".txt", ".csv", ".tsv", ".xml")
"""How the names of reports end."""
_BOMS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class Source(Protocol):
    """A stream of bytes."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; empty at the end."""
        ...


@contextmanager
def open_report(path: Path) -> Iterator[Source]:
    """Open a report. Raises OSError, and ReportError, also while it is read."""
    with ExitStack() as ending:
        source = _unpack(path, ending)
        if source.peek.startswith(_BOMS):
            source = Peekable(_Utf8(source))
        if b"\r" in source.peek[:-1] and b"\n" not in source.peek:
            source = Peekable(_LineFeeds(source))
        if source.peek.removeprefix(codecs.BOM_UTF8).lstrip()[:1] == b"<":
            from .xml_orders import XmlOrders, has_orders  # few files need it

            if has_orders(source.peek):
                yield XmlOrders(path, source, source.peek)
                return
        yield source


def is_utf16(path: Path) -> bool:
    """Return whether a report is UTF-16 text. Raises OSError and ReportError."""
    with ExitStack() as ending:
        return _unpack(path, ending).peek.startswith(_BOMS)


def _unpack(path: Path, ending: ExitStack) -> Peekable:
    """Open a file, or the only one that is packed in it."""
    file: IO[bytes] = ending.enter_context(open_plain(path))
    source: Source = file
    beginning = file.read(len(_ZIP))
    file.seek(0)
    if beginning.startswith(_GZIP):
        source = _Unpacked(path, ending.enter_context(closing(gzip.GzipFile(fileobj=file))))
    elif beginning.startswith(_ZIP):
        source = _Unpacked(path, _open_member(path, file, ending))
    found = Peekable(source)
    if beginning.startswith((_GZIP, _ZIP)) and found.peek.startswith((_GZIP, _ZIP)):
        raise ReportError(f"{path} holds a packed file: unpack it, and import what is in it")
    return found


def check_unpacks(path: Path, stop: Callable[[Path], bool]) -> None:
    """Read a packed file to its end, or until `stop` says so, which is asked at each part; do nothing for another.

    Raises OSError, and ReportError for a damaged one.
    """
    with ExitStack() as ending:
        source = _unpack(path, ending)
        with open_plain(path) as file:
            is_packed = file.read(len(_ZIP)).startswith((_GZIP, _ZIP))
        while is_packed and not stop(path) and source.read(READ_BYTES):
            pass


def read_report(path: Path, most: int) -> bytes:
    """Return the bytes of a report of at most `most` bytes, unpacked. Raises OSError and ReportError."""
    with open_report(path) as source:
        parts, size = [], 0
        while size <= most and (part := source.read(READ_BYTES)):
            parts.append(part)
            size += len(part)
    if size > most:
        raise ReportError(f"{path} is larger than {most:,} bytes, more than such a file has")
    return b"".join(parts)


def _open_member(path: Path, file: IO[bytes], ending: ExitStack) -> IO[bytes]:
    """Open the one file of a zip. Raises ReportError."""
    try:
        archive = ending.enter_context(zipfile.ZipFile(file))
        members = [one for one in archive.infolist() if not one.is_dir() and not _is_hidden(one.filename)]
        if any(one.filename == "[Content_Types].xml" for one in members):
            raise ReportError(f"{path} is a spreadsheet; save it as tab-delimited text, or download the .txt again")
        if not members:
            raise ReportError(f"{path} holds no report; unpack it and look, or download it again")
        if len(members) != 1:
            may_be = any(one.filename.lower().endswith(TEXT_ENDINGS) for one in members)
            kind = ReportError if may_be else UnknownReport  # photos beside the reports of a folder are nobody's fault
            raise kind(f"{path} holds {len(members):,} files, not one report; unpack it and import those")
        return ending.enter_context(archive.open(members[0]))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        why = "it needs a password" if isinstance(error, RuntimeError) else "it is damaged"
        raise ReportError(f"{path} cannot be unpacked: {why}; unpack it yourself, or download it again") from error


def _is_hidden(name: str) -> bool:
    """Return whether a file of a zip is none of the user's: what macOS adds, or begins with a point."""
    return any(part == "__MACOSX" or part.startswith(".") for part in name.split("/"))


class Peekable:
    """A stream whose beginning can be looked at before it is read."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.peek = source.read(PEEK_BYTES)
        self._rest = self.peek

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes; empty at the end."""
        found, self._rest = self._rest[:size], self._rest[size:]
        return found + self._source.read(size - len(found)) if len(found) < size else found


class _Unpacked:
    """What comes out of a packed file, up to a cap."""

    def __init__(self, path: Path, source: Source) -> None:
        self._path = path
        self._source = source
        self._packed = path.stat().st_size
        self._size = 0

    def read(self, size: int, /) -> bytes:
        try:
            found = self._source.read(size)
        except (OSError, EOFError, zlib.error, zipfile.BadZipFile, RuntimeError) as error:
            raise ReportError(f"{self._path} cannot be unpacked: it is damaged; download it again") from error
        self._size += len(found)
        if self._size > max(FREE_BYTES, MOST_GROWTH * self._packed) or self._size > MOST_UNPACKED_BYTES:
            raise ReportError(f"{self._path} grows beyond {self._size:,} bytes: no report does; it was not read")
        return found


class _Utf8:
    """UTF-16 text with a byte order mark, as UTF-8."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._decoder = codecs.getincrementaldecoder("utf-16")("replace")
        self._rest = b""

    def read(self, size: int, /) -> bytes:
        while not self._rest:
            part = self._source.read(READ_BYTES)
            self._rest = self._decoder.decode(part, not part).encode("utf-8", "replace")
            if not part:
                break
        found, self._rest = self._rest[:size], self._rest[size:]
        return found


class _LineFeeds:
    """Text whose lines end with a carriage return alone, as a spreadsheet's "Text (Macintosh)", with line feeds."""

    def __init__(self, source: Source) -> None:
        self._source = source

    def read(self, size: int, /) -> bytes:
        return self._source.read(size).replace(b"\r", b"\n")
