"""The first look at a report file: encoding, header, kind, newest date, checksum, in one pass over its bytes."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.text import to_single_line

from .cell_parsers import ORDER_ID, moment, unquoted
from .encoding import EncodingDetector, fits, known
from .errors import MarketplaceNeeded, ProcessingReportGiven, ReportError, UnknownReport
from .model import ReportInfo
from .report_kind import FIELDS, ReportKind, missing, nearest, normal, positions, recognise

CHUNK = 1 << 20
LONGEST_LINE = 1 << 20
DELIMITERS = "\t,;"
"""Amazon's reports have tabs; a spreadsheet may have saved them with another."""
DATES = frozenset({"last-updated-date", "purchase-date", "reporting-date"})
"""Columns that tell how new a report is."""
SHOWN_HEADER = 200

GLANCE = 1 << 16
"""Bytes of the first look at a folder's files."""

Stop = Callable[[], bool]


class Stopped(Exception):
    """The look was ended before the end of the file; nothing is known of it."""


def read_line_blocks(path: Path, size: int = CHUNK) -> Iterator[tuple[bytes, int]]:
    """Whole lines of a file in pieces of about `size` bytes, each with the bytes read so far. Memory does not grow with the file."""
    done = 0
    rest = b""
    with path.open("rb") as file:
        while block := file.read(size):
            done += len(block)
            cut = block.rfind(b"\n")
            if cut < 0:
                rest += block
                if len(rest) > LONGEST_LINE:
                    raise UnknownReport(f"{path}: a line is longer than {LONGEST_LINE:,} bytes; this is no report")
                continue
            yield rest + block[: cut + 1], done
            rest = block[cut + 1 :]
    if rest:
        yield rest + b"\n", done


def split(line: str, delimiter: str) -> list[str]:
    """The cells of a line. Amazon's tab-delimited reports quote nothing; a comma-delimited one does."""
    if delimiter == "\t" or '"' not in line:
        return line.split(delimiter)
    import csv

    return next(csv.reader([line.rstrip("\r")], delimiter=delimiter), [])


def inspect(
    path: Path, *, encoding: str | None = None, marketplace: str | None = None, stop: Stop = lambda: False
) -> ReportInfo:
    """What the file is. Reads all of it once.

    Raises UnknownReport, MarketplaceNeeded, AmbiguousEncoding (with samples), ProcessingReportGiven, ReportError (unreadable, wrong encoding),
    and Stopped when `stop` says so.
    """
    if marketplace is not None and marketplace not in MARKETPLACES:
        raise ReportError(f"there is no marketplace {marketplace!r}; there are: {', '.join(MARKETPLACES)}")
    given = known(encoding) if encoding is not None else None
    try:
        return _look(path, given, marketplace, stop)
    except OSError as error:
        raise ReportError(f"{path} cannot be read: {error.strerror}") from error


def detect_kind(path: Path) -> ReportKind:
    """What a file is by its header alone; no row is looked at. Raises as `inspect` does for what is no report."""
    try:
        with path.open("rb") as file:
            first = file.read(GLANCE)
    except OSError as error:
        raise ReportError(f"{path} cannot be read: {error.strerror}") from error
    if not first:
        raise UnknownReport(f"{path} is empty: it has not even a header")
    return _Scan(path, first, None).kind


def _look(path: Path, given: str | None, marketplace: str | None, stop: Stop) -> ReportInfo:
    digest = sha256()
    scan: _Scan | None = None
    for block, _ in read_line_blocks(path):
        if stop():
            raise Stopped
        digest.update(block)
        if scan is None:
            scan = _Scan(path, block, given)
        scan.take(block)
    if scan is None:
        raise UnknownReport(f"{path} is empty: it has not even a header")
    scan.look_again(block for block, _ in read_line_blocks(path))
    names = {name.lower() for name in scan.channels}
    if scan.kind is not ReportKind.CANCELLATION_RATE and scan.has_rows and not names and marketplace is None:
        raise MarketplaceNeeded(path)
    if given is None:
        japanese = marketplace == "JP" or "amazon.co.jp" in names
        western = marketplace not in (None, "JP") or any(n.startswith("amazon.") for n in names - {"amazon.co.jp"})
        encoding = scan.encodings.choose(japanese=japanese, western=western)
    else:
        encoding = scan.encodings.confirm()
    return ReportInfo(
        path=path,
        kind=scan.kind,
        encoding=encoding,
        delimiter=scan.delimiter,
        header=scan.header,
        size_bytes=path.stat().st_size,
        sha256=digest.hexdigest(),
        as_of=scan.newest(),
        marketplace=marketplace,
        has_request_column="is-buyer-requested-cancellation" in scan.header,
        missing=missing(scan.kind, scan.header),
    )


class _Scan:
    def __init__(self, path: Path, first: bytes, given: str | None) -> None:
        if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise UnknownReport(f"{path} is UTF-16 text; save it as UTF-8, tab-delimited, and import that")
        line = first.removeprefix(codecs.BOM_UTF8).split(b"\n", 1)[0].rstrip(b"\r")
        text = line.decode(next((name for name in ("utf-8", "cp932", "cp1252") if fits(line, name)), "iso-8859-1"))
        self.delimiter = max(DELIMITERS, key=text.count)
        self.header = tuple(normal(name) for name in split(text, self.delimiter))
        kind = recognise(self.header)
        if kind is None:
            raise _strange(path, first, self.header)
        self.kind = kind
        self.has_rows = False
        self.channels: set[str] = set()
        """Words of the sales-channel column: one at least, when there are any; all of them after `look_again`."""
        self._passed_over = False
        places = positions(self.header)
        self._read = sorted(at for at in places if at is not None)
        self._dates = [at for at, name in enumerate(self.header) if name in DATES]
        self._pick_dates = _picking(self._dates) if self.delimiter == "\t" and self._dates else None
        self._channel = dict(zip(FIELDS, places, strict=True))["sales_channel"]
        self._newest: dict[tuple[int, bytes], bytes] = {}
        self._started = False
        self.encodings = EncodingDetector(path, given, self._read_cells)

    def _read_cells(self, line: bytes) -> list[bytes]:
        """A line's cells in columns that are read."""
        cells = split(line.decode("latin-1"), self.delimiter)
        return [cells[at].encode("latin-1") for at in self._read if at < len(cells)]

    def take(self, block: bytes) -> None:
        """Look at some whole lines."""
        self.encodings.take(block)
        first = not self._started
        self._started = True
        if self._pick_dates is not None:
            found = self._pick_dates(block if first else b"\n" + block)
            for texts in [found] if len(self._dates) == 1 else zip(*found, strict=True):
                self._take_dates(texts)
        elif self._dates:
            rows = [split(line, self.delimiter) for line in self._lines(block, first=first)]
            for date in self._dates:
                self._take_dates([cells[date].encode("latin-1") for cells in rows if len(cells) > date])
        if not self.has_rows or not self.channels or self.encodings.odd:
            lines = self._lines(block, first=first)
            self.has_rows = self.has_rows or not all(not line or line.isspace() for line in lines)
            self._take_channels(lines)
        else:
            self._passed_over = True

    def look_again(self, blocks: Iterable[bytes]) -> None:
        """Take the sales channels of all blocks, when they matter and some were passed over."""
        if self._passed_over and self.encodings.odd:
            for number, block in enumerate(blocks):
                self._take_channels(self._lines(block, first=not number))

    @staticmethod
    def _lines(block: bytes, *, first: bool) -> list[str]:
        """The lines of a block but for the header; places of cells are the same in every encoding that is read."""
        lines = block.decode("latin-1").split("\n")
        return lines[1:] if first else lines

    def _take_dates(self, texts: Sequence[bytes]) -> None:
        """Keep the newest text of each shape: those compare as text."""
        newest = self._newest
        ends = {text[19:] for text in texts}
        if len(ends) == 1 and b"" not in ends:
            texts = [max(texts)]
        for text in texts:
            key = (len(text), text[19:])
            if text > newest.get(key, b""):
                newest[key] = text

    def _take_channels(self, lines: Iterable[str]) -> None:
        channel = self._channel
        if channel is None:
            return
        mark = self.delimiter
        found = set()
        for line in lines:
            cells = line.split(mark, channel + 1) if mark == "\t" else split(line, mark)
            if channel < len(cells):
                found.add(cells[channel])
        self.channels.update(word for name in found if (word := unquoted(name)))

    def newest(self) -> int | None:
        """Epoch seconds of the newest date; texts of one shape compare as text, shapes compare as times."""
        times = []
        for text in self._newest.values():
            try:
                time = moment(text.decode("latin-1"))
            except ValueError:
                continue
            if time is not None:
                times.append(time)
        return max(times, default=None)


def _picking(columns: list[int]) -> Callable[[bytes], list[Any]]:
    """Finds the cells of these columns in each line that follows a line end; empty where the line ends before. Much faster than splitting."""
    cell, before = r"[^\t\n]*+", -1
    parts = []
    for at in columns:
        passed = at - before - 1
        parts.append(rf"(?:{cell}\t){{{passed}}}({cell})")
        before = at
    return re.compile(("\n" + r"(?:\t".join(parts) + ")?" * (len(parts) - 1)).encode()).findall


def _strange(path: Path, first: bytes, header: tuple[str, ...]) -> UnknownReport:
    """What to say of a file whose header is none of the known ones."""
    head = first[:400].lower()
    if b"feed processing summary" in head or b"processingreport" in head or b"<amazonenvelope" in head:
        return ProcessingReportGiven(f"{path} is a processing report: import it with `ordertui results`")
    if first[:2] == b"PK":
        return UnknownReport(
            f"{path} is a spreadsheet or zip; save it as tab-delimited text, or download the .txt again"
        )
    if any(ORDER_ID.fullmatch(cell.upper()) for cell in header):
        return UnknownReport(f"{path}: the file begins with a row, its header is missing; download the report again")
    seen = to_single_line(", ".join(name for name in header if name))[:SHOWN_HEADER] or "nothing"
    near = nearest(header)
    hint = f"; nearest is {near[0]}, which also needs {' and '.join(near[1])}" if near else ""
    return UnknownReport(
        f"{path}: line 1 is no header of a known report (Unshipped orders, New orders, All Orders, Cancellation Rate);"
        f" it reads: {seen}{hint}. Download the report again, with Seller Central in English"
    )
