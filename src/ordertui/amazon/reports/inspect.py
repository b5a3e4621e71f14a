"""Inspect a report file before it is read: encoding, header, kind, newest date and checksum, in one pass."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

from ordertui.orders.clock import LATEST
from ordertui.orders.enums import ReportKind
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.text import to_single_line

from . import report_kind
from .cell_parsers import ORDER_ID, parse_time, strip_quotes
from .encoding import EncodingDetector, codec_name, is_decodable
from .errors import InspectionStopped, MarketplaceNeeded, ReportError, UnknownReport
from .model import ReportInfo
from .report_file import is_utf16, open_report
from .unnamed_orders import UnnamedOrders

BLOCK_BYTES = 1 << 20
LONGEST_LINE_BYTES = 1 << 20
HEADER_BYTES = 1 << 16
"""Bytes that `detect_kind` reads; a header is shorter."""
DELIMITERS = "\t,;"
"""Amazon's reports use tabs; a spreadsheet program may have saved them with another delimiter."""
DATE_COLUMNS = frozenset({"last-updated-date", "purchase-date", "reporting-date"})
"""Columns that tell how new a report is."""
SHOWN_HEADER_CHARACTERS = 200
_HEADER_WORDS = (b"order-id", b"order id", b"order_id")
"""The column that every order report has, in the spellings that `normalize_name` takes for one."""
_AFTER_NAME = frozenset(b'\t,;"\r\n ')


def read_line_blocks(path: Path, size: int = BLOCK_BYTES) -> Iterator[tuple[bytes, int]]:
    """Yield whole lines in blocks of about `size` bytes, each with the number of bytes read so far.

    Memory does not grow with the file. Raises UnknownReport for a line longer than LONGEST_LINE_BYTES, and OSError.
    """
    done = 0
    rest = b""
    with open_report(path) as file:
        while block := file.read(size):
            done += len(block)
            cut = block.rfind(b"\n")
            if cut < 0:
                rest += block
                if len(rest) > LONGEST_LINE_BYTES:
                    raise UnknownReport(
                        f"{path}: a line is longer than {LONGEST_LINE_BYTES:,} bytes; this is no report"
                    )
                continue
            yield rest + block[: cut + 1], done
            rest = block[cut + 1 :]
    if rest:
        yield rest + b"\n", done


def split_line(line: str, delimiter: str) -> list[str]:
    """Return the cells of a line. Amazon's tab-delimited reports never quote a cell; comma-delimited ones do."""
    if delimiter == "\t" or '"' not in line:
        return line.split(delimiter)
    import csv  # few reports need it

    try:
        return next(csv.reader([line.replace("\r", " ")], delimiter=delimiter), [])
    except csv.Error:  # a cell longer than csv takes: no cell of a report is
        return line.split(delimiter)


def inspect(
    path: Path,
    *,
    encoding: str | None = None,
    marketplace: str | None = None,
    latest: int = LATEST,
    unnamed: UnnamedOrders | None = None,
    stop: Callable[[], bool] = lambda: False,
) -> ReportInfo:
    """Read the whole file once and return its facts. `encoding` and `marketplace` are the operator's answers, if any; a
    date after `latest` (epoch seconds) does not make the report newer.

    `unnamed` collects the orders of a file that names no marketplace, in a second pass.

    Raises UnknownReport, MarketplaceNeeded (no marketplace for orders that are not known), AmbiguousEncoding (with
    samples), ReportError (unreadable, wrong encoding), and InspectionStopped when `stop` returns True.
    """
    if marketplace is not None and marketplace not in MARKETPLACES:
        raise ReportError(f"there is no marketplace {marketplace!r}; there are: {', '.join(MARKETPLACES)}")
    given = codec_name(encoding) if encoding is not None else None
    try:
        return _inspect(path, given, marketplace, latest, unnamed or UnnamedOrders(lambda _: {}), stop)
    except OSError as error:
        raise ReportError(f"{path} cannot be read: {error.strerror}") from error


def detect_kind(path: Path) -> ReportKind:
    """Return the kind of a file by its beginning alone; no row is read. Raises ReportError for an unknown kind."""
    try:
        with open_report(path) as file:
            beginning = file.read(HEADER_BYTES)
    except OSError as error:
        raise ReportError(f"{path} cannot be read: {error.strerror}") from error
    if not beginning:
        raise UnknownReport(f"{path} is empty: it has not even a header")
    return _read_header(path, beginning)[0]


def _inspect(
    path: Path,
    given: str | None,
    marketplace: str | None,
    latest: int,
    unnamed: UnnamedOrders,
    stop: Callable[[], bool],
) -> ReportInfo:
    digest = sha256()
    scan: HeaderScan | None = None
    size = 0
    for block, done in read_line_blocks(path):
        if stop():
            raise InspectionStopped
        size = done
        digest.update(block)
        if scan is None:
            scan = HeaderScan(path, block, given)
        scan.add(block)
    if scan is None:
        raise UnknownReport(f"{path} is empty: it has not even a header")
    scan.complete_channels(_blocks_until(stop, path))
    names = {name.lower() for name in scan.channels}
    has_order_lines = report_kind.REPORT_FORMATS[scan.kind].content is report_kind.ReportContent.ORDER_LINES
    if has_order_lines and scan.has_rows and not names:
        for block in _blocks_until(stop, path):
            unnamed.add(scan.orders_of(block))
        if unnamed.unknown and marketplace is None:
            raise MarketplaceNeeded(path)
        names = {MARKETPLACES[code].name.lower() for code in {marketplace, *unnamed.known} if code in MARKETPLACES}
    if given is None:
        names |= {MARKETPLACES[marketplace].name.lower()} if marketplace else set()
        japanese = "amazon.co.jp" in names
        western = any(name.startswith("amazon.") for name in names - {"amazon.co.jp"})
        encoding = scan.encodings.choose(is_japanese=japanese, is_western=western)
    else:
        encoding = scan.encodings.confirm()
    return ReportInfo(
        path=path,
        kind=scan.kind,
        encoding=encoding,
        delimiter=scan.delimiter,
        header=scan.header,
        size_bytes=size,
        sha256=digest.hexdigest(),
        as_of=scan.newest_date(latest),
        usual_width=scan.usual_width,
        latest=latest,
        marketplace=marketplace,
        has_request_column="is-buyer-requested-cancellation" in scan.header,
        missing=report_kind.missing_columns(scan.kind, scan.header),
        is_utf16=is_utf16(path),
    )


def _blocks_until(stop: Callable[[], bool], path: Path) -> Iterator[bytes]:
    """Yield the blocks of a report. Raises InspectionStopped when `stop` says so."""
    for block, _ in read_line_blocks(path):
        if stop():
            raise InspectionStopped
        yield block


def _header_line(beginning: bytes) -> bytes:
    """Return the first line without its end, and without byte order marks, of which joined files have several."""
    while beginning.startswith(codecs.BOM_UTF8):
        beginning = beginning[len(codecs.BOM_UTF8) :]
    return beginning.split(b"\n", 1)[0].rstrip(b"\r")


def _find_header(block: bytes, start: int) -> int | None:
    """Return where a line of whole lines holds the header of an order report, from `start` on; None: nowhere.

    The line may begin with a row whose line end is missing.
    """
    lower = block.lower()
    for word in _HEADER_WORDS:
        at = lower.find(word, start)
        while at >= 0:
            if lower[at + len(word)] not in _AFTER_NAME:
                at = lower.find(word, at + 1)
                continue
            begin, end = lower.rfind(b"\n", 0, at) + 1, lower.find(b"\n", at)
            line = lower[begin:end].decode("latin-1")
            delimiter = max(DELIMITERS, key=line[at - begin :].count)
            names = [report_kind.normalize_name(name) for name in split_line(line, delimiter)]
            names += [word for name in names for word in report_kind.COLUMNS["order_id"] if name.endswith(word)]
            if report_kind.recognize(names, b"") is not None:
                return at
            at = lower.find(word, end)
    return None


def _read_header(path: Path, beginning: bytes) -> tuple[ReportKind, str, tuple[str, ...]]:
    """Return kind, delimiter and normalized header. Raises UnknownReport."""
    line = _header_line(beginning)
    if b"\r" in line:
        raise UnknownReport(f"{path}: line 1 ends with a carriage return, others do not; download the report again")
    guesses = ("utf-8", "cp932", "cp1252")
    text = line.decode(next((name for name in guesses if is_decodable(line, name)), "iso-8859-1"))
    delimiter = max(DELIMITERS, key=text.count)
    header = tuple(report_kind.normalize_name(name) for name in split_line(text, delimiter))
    kind = report_kind.recognize(header, beginning)
    if kind is None and b"\0" in line:
        raise UnknownReport(f"{path}: this is no text file, so no report; download the report again as text")
    if kind is None:
        raise _unknown_report(path, header)
    return kind, delimiter, header


class HeaderScan:
    """Collects what `inspect` returns, block by block: dates, sales channels, encoding.

    Cells are found in the bytes read as Latin-1: tabs, commas and digits are the same bytes in every encoding of
    reports.
    """

    def __init__(self, path: Path, beginning: bytes, given: str | None) -> None:
        self.kind, self.delimiter, self.header = _read_header(path, beginning)
        if report_kind.REPORT_FORMATS[self.kind].content is report_kind.ReportContent.FEED_RESULTS:
            raise UnknownReport(f"{path} is a processing report: import it with `ordertui results`")
        self._path = path
        self._header_end = beginning.find(b"\n") + 1
        self._lines_before = 0
        self.has_rows = False
        self.channels: set[str] = set()
        """Values of the sales-channel column: at least one if there are any; all of them after `complete_channels`."""
        self._has_skipped_channels = False
        self._positions = positions = report_kind.column_positions(self.header)
        self._read_columns = sorted(index for index in positions if index is not None)
        twice = sorted({name for name in report_kind.READ_NAMES if self.header.count(name) > 1})
        if twice:
            raise ReportError(
                f"{path}: the header names the column {twice[0]} twice: which one holds is not known; delete one"
            )
        self._dates = [index for index, name in enumerate(self.header) if name in DATE_COLUMNS]
        self._find_dates = _cell_finder(self._dates) if self.delimiter == "\t" and self._dates else None
        self._channel = positions[report_kind.FIELDS.index("sales_channel")]
        self._newest: dict[tuple[int, bytes], bytes] = {}
        """Newest text by length and UTC offset: texts of one such shape sort like the times they stand for."""
        self._has_started = False
        self.usual_width = 0
        self.encodings = EncodingDetector(path, given, self._read_cells)

    def _read_cells(self, line: bytes) -> list[bytes]:
        """Return a line's cells in columns that are read."""
        cells = split_line(line.decode("latin-1"), self.delimiter)
        return [cells[index].encode("latin-1") for index in self._read_columns if index < len(cells)]

    def add(self, block: bytes) -> None:
        """Take in a block of whole lines; the first one begins with the header.

        Raises ReportError where a header stands in it again: its rows may have other columns, and an order that both
        parts name would be there twice.
        """
        self.encodings.add(block)
        is_first = not self._has_started
        again = _find_header(block, self._header_end if is_first else 0)
        if again is not None:
            number = self._lines_before + block.count(b"\n", 0, again) + 1
            raise ReportError(
                f"{self._path}:{number}: a header stands here again: these are several reports in one file. Put each"
                " into a file of its own, because an order that two of them name would be read as two; where they are"
                " parts of one report, take this line out"
            )
        self._lines_before += block.count(b"\n")
        self._has_started = True
        if is_first:
            self.usual_width = self._find_usual_width(self._lines(block[:HEADER_BYTES], is_first=True))
        if self._find_dates is not None:
            found = self._find_dates(block if is_first else b"\n" + block)
            for texts in [found] if len(self._dates) == 1 else zip(*found, strict=True):
                self._add_dates(texts)
        elif self._dates:
            rows = [split_line(line, self.delimiter) for line in self._lines(block, is_first=is_first)]
            for date in self._dates:
                self._add_dates([cells[date].encode("latin-1") for cells in rows if len(cells) > date])
        if not self.has_rows or not self.channels or self.encodings.has_undecodable:
            lines = self._lines(block, is_first=is_first)
            self.has_rows = self.has_rows or not all(not line or line.isspace() for line in lines)
            self._add_channels(lines)
        else:
            self._has_skipped_channels = True

    def _find_usual_width(self, lines: list[str]) -> int:
        """Return the width that most rows have, of those that end before the next row; 0 without two of it."""
        rows = [split_line(line, self.delimiter) for line in lines]
        starts = [ORDER_ID.fullmatch(strip_quotes(cells[0])) is not None for cells in rows]
        widths = Counter(
            len(cells) for cells, is_start, ends in zip(rows, starts, starts[1:], strict=False) if is_start and ends
        )
        ((width, count),) = widths.most_common(1) or [(0, 0)]
        return width if count > 1 else 0

    def complete_channels(self, blocks: Iterable[bytes]) -> None:
        """Collect the channels of all blocks, if they decide the encoding and `add` skipped some."""
        if self._has_skipped_channels and self.encodings.has_undecodable:
            for number, block in enumerate(blocks):
                self._add_channels(self._lines(block, is_first=not number))

    def orders_of(self, block: bytes) -> Iterator[tuple[str, str]]:
        """Yield order id and currency of each row in a block of lines."""
        order, currency = (self._positions[report_kind.FIELDS.index(name)] for name in ("order_id", "currency"))
        for line in block.decode("latin-1").split("\n"):
            cells = split_line(line, self.delimiter)
            if order is not None and order < len(cells) and ORDER_ID.fullmatch(found := strip_quotes(cells[order])):
                yield found, "" if currency is None or currency >= len(cells) else strip_quotes(cells[currency])

    @staticmethod
    def _lines(block: bytes, *, is_first: bool) -> list[str]:
        lines = block.decode("latin-1").split("\n")
        return lines[1:] if is_first else lines

    def _add_dates(self, texts: Sequence[bytes]) -> None:
        newest = self._newest
        offsets = {text[19:] for text in texts}
        if len(offsets) == 1 and b"" not in offsets:
            texts = [max(texts)]
        for text in texts:
            key = (len(text), text[19:])
            if text > newest.get(key, b""):
                newest[key] = text

    def _add_channels(self, lines: Iterable[str]) -> None:
        channel = self._channel
        if channel is None:
            return
        mark = self.delimiter
        found = set()
        for line in lines:
            cells = line.split(mark, channel + 1) if mark == "\t" else split_line(line, mark)
            if channel < len(cells):
                found.add(cells[channel])
        self.channels.update(word for name in found if (word := strip_quotes(name)))

    def newest_date(self, latest: int = LATEST) -> int | None:
        """Return the newest date up to `latest` in epoch seconds; None when no date could be read."""
        times = []
        for text in self._newest.values():
            try:
                time = parse_time(text.decode("latin-1"))
            except ValueError:
                continue
            if time is not None and time <= latest:
                times.append(time)
        return max(times, default=None)


def _cell_finder(columns: list[int]) -> Callable[[bytes], list[Any]]:
    """Return a function that finds these columns' cells in each line after a line end, empty where a line is too short.

    A pattern over the whole block is much faster than splitting every line.
    """
    cell, before = r"[^\t\n]*+", -1
    parts = []
    for index in columns:
        skipped = index - before - 1
        parts.append(rf"(?:{cell}\t){{{skipped}}}({cell})")
        before = index
    return re.compile(("\n" + r"(?:\t".join(parts) + ")?" * (len(parts) - 1)).encode()).findall


def _unknown_report(path: Path, header: tuple[str, ...]) -> UnknownReport:
    """Return the error for a file whose header is of no known report: what it seems to be, and what to do."""
    if any(ORDER_ID.fullmatch(cell.upper()) for cell in header):
        return UnknownReport(f"{path}: the file begins with a row, its header is missing; download the report again")
    shown = to_single_line(", ".join(name for name in header if name))[:SHOWN_HEADER_CHARACTERS] or "nothing"
    closest = report_kind.closest_kind(header)
    hint = f"; nearest is {closest[0]}, which also needs {' and '.join(closest[1])}" if closest else ""
    return UnknownReport(
        f"{path}: line 1 is no header of a known report ({', '.join(report_kind.titles_with_header())});"
        f" it reads: {shown}{hint}. Download the report again, with Seller Central in English"
    )
