"""The first look at a report file: encoding, header, kind, newest date, checksum, in one pass over its bytes."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

from ordertui.orders.marketplace import MARKETPLACES

from .cells import moment, unquoted
from .errors import AmbiguousEncoding, MarketplaceNeeded, ProcessingReportGiven, ReportError, UnknownReport
from .kinds import FIELDS, ReportKind, missing, normal, positions, recognise
from .values import ReportInfo

CHUNK = 1 << 20
LONGEST_LINE = 1 << 20
JAPANESE, WESTERN = "cp932", "cp1252"
ENCODINGS = ("utf-8", WESTERN, "iso-8859-1", JAPANESE)
DATES = frozenset({"last-updated-date", "purchase-date", "reporting-date"})
"""Columns that tell how new a report is."""


def chunks(path: Path) -> Iterator[tuple[bytes, int]]:
    """Whole lines of a file in pieces of about CHUNK bytes, each with the bytes read so far. Memory does not grow with the file."""
    done = 0
    rest = b""
    with path.open("rb") as file:
        while block := file.read(CHUNK):
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


def inspect(path: Path, *, encoding: str | None = None, marketplace: str | None = None) -> ReportInfo:
    """What the file is. Reads all of it once.

    Raises UnknownReport, AmbiguousEncoding (with samples), MarketplaceNeeded, ProcessingReportGiven, ReportError (unreadable, wrong encoding).
    """
    if marketplace is not None and marketplace not in MARKETPLACES:
        raise ReportError(f"there is no marketplace {marketplace!r}; there are: {', '.join(MARKETPLACES)}")
    if encoding is not None:
        encoding = _known(encoding)
    try:
        return _look(path, encoding, marketplace)
    except OSError as error:
        raise ReportError(f"{path} cannot be read: {error.strerror}") from error


def _known(encoding: str) -> str:
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        raise ReportError(f"there is no encoding {encoding!r}; try one of: {', '.join(ENCODINGS)}") from None


def _look(path: Path, encoding: str | None, marketplace: str | None) -> ReportInfo:
    digest = sha256()
    scan: _Scan | None = None
    for block, _ in chunks(path):
        digest.update(block)
        if scan is None:
            scan = _Scan(path, block)
        scan.take(block)
    if scan is None:
        raise UnknownReport(f"{path} is empty: it has not even a header")
    if encoding is not None and not scan.fits(encoding):
        raise ReportError(f"{path}: it is not {encoding}: some of its bytes mean nothing there; try another --encoding")
    found = encoding or scan.encoding(marketplace)
    if scan.kind is not ReportKind.CANCELLATION_RATE and scan.rows and not scan.names_markets and marketplace is None:
        raise MarketplaceNeeded(path)
    return ReportInfo(
        path=path,
        kind=scan.kind,
        encoding=found,
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
    def __init__(self, path: Path, first: bytes) -> None:
        self.path = path
        if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            raise UnknownReport(f"{path} is UTF-16 text; save it as UTF-8, tab-delimited, and import that")
        self.bom = first.startswith(codecs.BOM_UTF8)
        line = first.removeprefix(codecs.BOM_UTF8).split(b"\n", 1)[0].rstrip(b"\r")
        text = line.decode("ascii", "replace")
        self.delimiter = "\t" if "\t" in text else ","
        self.header = tuple(normal(name) for name in text.split(self.delimiter))
        kind = recognise(self.header)
        if kind is None:
            raise _strange(path, first, self.header)
        self.kind = kind
        self.rows = 0
        self.names_markets = False
        self.channels: set[bytes] = set()
        self._started = False
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._valid = True
        self._samples: list[bytes] = []
        self._others = {name: codecs.getincrementaldecoder(name)() for name in (JAPANESE, WESTERN)}
        places = dict(zip(FIELDS, positions(self.header), strict=True))
        self._dates = [at for at, name in enumerate(self.header) if name in DATES]
        self._channel = places["sales_channel"]
        self._newest: dict[tuple[int, bytes], bytes] = {}

    def take(self, block: bytes) -> None:
        """Look at some whole lines."""
        lines = block.split(b"\n")
        if not self._started:
            lines = lines[1:]
            self._started = True
        self._bytes(block, lines)
        dates, channel = self._dates, self._channel
        mark = self.delimiter.encode()
        newest, channels = self._newest, self.channels
        for line in lines:
            if not line.strip():
                continue
            self.rows += 1
            cells = line.split(mark)
            for date in dates:
                if date < len(cells):
                    text = cells[date].strip()
                    key = (len(text), text[19:])
                    if text > newest.get(key, b""):
                        newest[key] = text
            if channel is not None and channel < len(cells):
                channels.add(cells[channel].strip())
        self.names_markets = bool(channels - {b""})

    def _bytes(self, block: bytes, lines: list[bytes]) -> None:
        if block.isascii():
            return
        if self._valid:
            try:
                self._utf8.decode(block)
            except UnicodeDecodeError:
                self._valid = False
        for name in tuple(self._others):
            try:
                self._others[name].decode(block)
            except UnicodeDecodeError:
                del self._others[name]
        if len(self._samples) < 3:
            self._samples += [line for line in lines if not line.isascii()][:3]

    def fits(self, encoding: str) -> bool:
        """Whether the bytes mean something in an encoding; True for one that was not tried."""
        if encoding == "utf-8":
            return self._valid
        return encoding not in (JAPANESE, WESTERN) or encoding in self._others

    def encoding(self, marketplace: str | None) -> str:
        """The encoding: UTF-8 when the bytes are; else by the marketplace; else, when two would do, the user is asked."""
        if self._valid:
            return "utf-8"
        japanese = marketplace == "JP" or b"Amazon.co.jp" in self.channels
        named = marketplace is not None or any(name.startswith(b"Amazon.") for name in self.channels)
        if named:
            wanted = JAPANESE if japanese else WESTERN
            if wanted in self._others:
                return wanted
        if len(self._others) == 1 and WESTERN in self._others:
            return WESTERN
        if not self._others:
            return "iso-8859-1"
        raise AmbiguousEncoding(self.path, [(name, self._sample(name)) for name in self._others])

    def _sample(self, encoding: str) -> str:
        """The words of a line that differ between encodings, never a buyer's: only the product's name and SKU."""
        places = dict(zip(FIELDS, positions(self.header), strict=True))
        wanted = [at for name in ("title", "sku", "request_reason") if (at := places[name]) is not None]
        for line in self._samples:
            cells = line.decode(encoding, "replace").split(self.delimiter)
            words = [cells[at].strip() for at in wanted if at < len(cells)]
            odd = [word for word in words if not word.isascii()]
            if odd:
                return odd[0][:60]
        return "(only columns that are not kept differ: either will do)"

    def newest(self) -> int | None:
        """Epoch seconds of the newest date; texts of one shape compare as text, shapes compare as times."""
        times = []
        for text in self._newest.values():
            try:
                time = moment(unquoted(text.decode("ascii", "replace")))
            except ValueError:
                continue
            if time is not None:
                times.append(time)
        return max(times, default=None)


def _strange(path: Path, first: bytes, header: tuple[str, ...]) -> UnknownReport:
    """What to say of a file whose header is none of the known ones."""
    head = first[:400].lower()
    if b"feed processing summary" in head or b"processingreport" in head or b"<amazonenvelope" in head:
        return ProcessingReportGiven(f"{path} is a processing report: import it with `ordertui results`")
    if first[:2] == b"PK":
        return UnknownReport(
            f"{path} is a spreadsheet or zip; save it as tab-delimited text, or download the .txt again"
        )
    names = ", ".join(name for name in header[:6] if name)
    return UnknownReport(
        f"{path}: no known report has the header {names[:120]!r}...; known are Unshipped orders, New orders, All Orders"
        " and the Cancellation Rate report"
    )
