"""Read Amazon's processing reports, flat and XML: counts, and the errors and warnings of single rows (AMAZON.md f)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from io import BytesIO, TextIOWrapper
from pathlib import Path

import msgspec

from ordertui.amazon.reports.errors import ReportError
from ordertui.amazon.reports.report_file import read_report
from ordertui.files import MEBIBYTE
from ordertui.orders.errors import UserError
from ordertui.orders.text import to_single_line

MAX_BYTES = 16 * MEBIBYTE
"""A feed has 30,000 orders at most, and Amazon says some 200 bytes of one."""
MAX_ROWS = 200_000
MAX_LINE = 65_536
MAX_COUNT_LINE = 1_000
"""Characters of a line that is searched for a count: the time of the search may grow with its square."""
MAX_DEPTH = 32
"""Elements inside one another; Amazon's reports have six."""
_COUNT = re.compile(r"Number of records (processed|successful)[^0-9]{0,200}?([-−–]?[0-9]{1,9})\s*$", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,20}")
_KINDS = ("error", "warning", "fatal")
"""What `error-type` says."""
_DECLARED = re.compile(rb"""<\?xml[^>]*\bencoding\s*=\s*["']([A-Za-z0-9._-]+)""")
_JAPANESE = frozenset({"windows-31j", "cp932", "ms932", "shift_jis", "shift-jis", "sjis"})


class ProcessingReportError(UserError, ValueError):
    """The file is no processing report, or an incomplete one."""


class RowResult(msgspec.Struct, frozen=True):
    """Amazon's error or warning about one row.

    `record` counts rows of the flat file from 1, `message_id` is the MessageID of XML; 0: about the whole file.
    """

    record: int
    message_id: int
    severity: str
    """`error` or `warning`."""
    code: str
    text: str
    order_id: str
    item_id: str

    @property
    def is_about_row(self) -> bool:
        """Whether it is about a row, and not about the whole file."""
        return bool(self.record or self.message_id or self.order_id)


class ProcessingReport(msgspec.Struct, frozen=True):
    """A processing report. It lists failures and warnings only: a row not listed succeeded, if the counts agree."""

    format: str
    """`flat` or `xml`."""
    status: str
    """`Complete` when Amazon has finished."""
    processed: int
    successful: int
    errors: int
    warnings: int
    results: tuple[RowResult, ...]
    transaction: str = ""

    @property
    def is_fatal(self) -> bool:
        """Whether Amazon refused the file as a whole and processed no row of it."""
        errors = [result for result in self.results if result.severity == "error"]
        return bool(errors) and not self.processed and not any(result.is_about_row for result in errors)


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a report's file. Raises ProcessingReportError."""
    try:
        return read_report(path, MAX_BYTES)
    except ReportError as error:
        raise ProcessingReportError(str(error)) from error
    except OSError as error:
        raise ProcessingReportError(f"{path} cannot be read: {error.strerror}") from error


def parse_report(content: bytes, name: str) -> ProcessingReport:
    """Return the report in `content`; errors show `name`. Raises ProcessingReportError."""
    head = content.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")[:200]
    if head.replace(b"\x00", b"").startswith(b"<"):
        return _parse_xml(content, name)
    return _parse_flat(content, name)


KEY_VERSION = "2:"
"""Begins each key of a report's content; keys that begin otherwise were made in another way."""


def content_key(report: ProcessingReport) -> str:
    """Return a hash of what a report says, whatever its line ends, encoding, blanks, quotes or sequence of rows.

    Amazon's words are left out: saved again by a spreadsheet, or in another language, they tell nothing new.
    """
    from hashlib import sha256  # a start parses no report

    rows = {(one.record, one.message_id, one.severity, one.code, one.order_id, one.item_id) for one in report.results}
    counts = report.processed, report.successful
    facts = report.format, report.status.lower(), counts, sorted(rows), report.transaction
    return KEY_VERSION + sha256(msgspec.json.encode(facts)).hexdigest()


def _error(name: str, text: str) -> ProcessingReportError:
    return ProcessingReportError(f"{name}: {text}")


def _encoding(content: bytes, name: str) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "cp932", "cp1252", "iso-8859-1")
    for encoding in encodings:
        try:
            for _ in TextIOWrapper(BytesIO(content), encoding):
                pass
            return encoding
        except UnicodeDecodeError:
            continue
    raise _error(name, "its characters cannot be read; download it again")


def _parse_flat(content: bytes, name: str) -> ProcessingReport:
    counts: dict[str, int] = {}
    header: list[str] | None = None
    results: list[RowResult] = []
    if b"feed processing summary" not in content[:4096].replace(b"\x00", b"").lower():
        raise _error(name, "no “Feed Processing Summary” at its beginning: this is no processing report")
    for number, line in enumerate(TextIOWrapper(BytesIO(content), _encoding(content, name)), start=1):
        if len(line) > MAX_LINE or len(results) > MAX_ROWS:
            what = f"a line of {len(line):,} characters" if len(line) > MAX_LINE else f"more than {MAX_ROWS:,} rows"
            raise _error(f"{name}:{number}", f"{what}: no processing report has that")
        found = _COUNT.search(line) if header is None and len(line) <= MAX_COUNT_LINE else None
        if found:
            word, count = found.group(1).lower(), found.group(2)
            if not count.isdecimal():
                raise _error(
                    f"{name}:{number}", f"“Number of records {word}” is {count}, which cannot be; download it again"
                )
            counts[word] = int(count)
        elif header is None and "error-code" in line.lower():
            header = [cell.strip().lower() for cell in line.rstrip("\n").split("\t")]
        elif header is not None and line.strip():
            results.append(_parse_flat_row(header, line.rstrip("\n"), number, name))
    missing = [word for word in ("processed", "successful") if word not in counts]
    if missing:
        raise _error(name, f"it lacks the line “Number of records {missing[0]}”: it was cut off, download it again")
    processed, successful = counts["processed"], counts["successful"]
    _check_counts(processed, successful, name)
    if header is None and successful < processed:
        failed = processed - successful
        raise _error(name, f"{failed} records failed but none is listed: it was cut off, download it again")
    errors = sum(result.severity == "error" for result in results)
    return ProcessingReport("flat", "Complete", processed, successful, errors, len(results) - errors, tuple(results))


def _check_counts(processed: int, successful: int, name: str) -> None:
    if successful > processed:
        raise _error(name, f"{successful} successful of {processed} processed cannot be; download it again")


def _parse_flat_row(header: list[str], line: str, number: int, name: str) -> RowResult:
    cells = [cell.strip() for cell in line.split("\t")]
    row = dict(zip(header, [*cells, *[""] * (len(header) - len(cells))], strict=False))
    record = row.get("original-record-number", "")
    kind = row.get("error-type", "").lower()
    if not _NUMBER.fullmatch(record):
        raise ProcessingReportError(
            f"{name}:{number}: original-record-number {record[:40]!r} is no number; download it again"
        )
    if any(cell.lower() in _KINDS for cell in cells[len(header) :]):
        raise ProcessingReportError(
            f"{name}:{number}: the row goes on with another row: a line end is missing; download it again"
        )
    if kind not in _KINDS:
        raise ProcessingReportError(
            f"{name}:{number}: error-type {kind[:40]!r} is neither Error nor Warning; the line may be cut off"
        )
    keys = ("error-code", "error-message", "order-id", "order-item-id")
    texts = [to_single_line(row.get(key, "")) for key in keys]
    return RowResult(int(record), 0, "warning" if kind == "warning" else "error", *texts)


def _parse_xml(content: bytes, name: str) -> ProcessingReport:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import DefusedXMLParser, ParseError

    found = _XmlReport(name)
    try:
        parser = DefusedXMLParser(target=found)
        parser.feed(_decode_japanese(content))
        parser.close()
    except DefusedXmlException as error:
        raise _error(name, "it defines entities, which no report of Amazon's does; it was not read") from error
    except ProcessingReportError:
        raise
    except (ParseError, ValueError, LookupError) as error:
        raise _error(name, f"it is not whole XML ({error}); download it again") from error
    if not found.reports:
        raise _error(name, "it has no ProcessingReport: this is not what “View processing report” gives")
    if found.reports > 1:
        raise _error(name, f"it has {found.reports} processing reports; import the report of one feed")
    if not found.has_summary:
        raise _error(name, "its ProcessingReport has no ProcessingSummary; download it again")
    processed, successful, errors, warnings = (
        _read_count(found.texts, key, name)
        for key in ("MessagesProcessed", "MessagesSuccessful", "MessagesWithError", "MessagesWithWarning")
    )
    _check_counts(processed, successful, name)
    status, transaction = (found.texts.get((key,), "") for key in ("StatusCode", "DocumentTransactionID"))
    return ProcessingReport("xml", status, processed, successful, errors, warnings, tuple(found.results), transaction)


class _XmlReport:
    """Takes what is read of an XML report as the parser comes to it, so that no tree of elements is held."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._stack: list[str] = []
        self._text: list[str] | None = None
        self._top = 0
        """Depth of the ProcessingReport that is open; 0 outside of it."""
        self._row: dict[tuple[str, ...], str] = {}
        self.reports = 0
        self.has_summary = False
        self.texts: dict[tuple[str, ...], str] = {}
        """First text by the names of its elements below the report."""
        self.results: list[RowResult] = []

    def start(self, tag: str, _attributes: Mapping[str, str]) -> None:
        """Enter an element."""
        self._stack.append(tag.rpartition("}")[2])
        if len(self._stack) > MAX_DEPTH:
            raise _error(self._name, f"it has more than {MAX_DEPTH} elements inside one another; it was not read")
        if self._stack[-1] == "ProcessingReport":
            self.reports += 1
            self._top = self._top or len(self._stack)
        self._text = []

    def data(self, text: str) -> None:
        """Keep the text before an element's first child."""
        if self._text is not None and self._top:
            self._text.append(text)

    def end(self, _tag: str) -> None:
        """Leave an element."""
        text, self._text = "".join(self._text or ()).strip(), None
        path = tuple(self._stack[self._top :]) if self._top else ()
        if path == ("Result",):
            if len(self.results) == MAX_ROWS:
                raise _error(self._name, f"more than {MAX_ROWS:,} rows: no processing report has that")
            self.results.append(_make_row(self._row, self._name))
            self._row = {}
        elif path[:1] == ("Result",) and len(path) <= 3:
            self._row.setdefault(path[1:], text)
        elif path and len(path) <= 2:
            self.has_summary = self.has_summary or path == ("ProcessingSummary",)
            if len(self.texts) < MAX_DEPTH:
                self.texts.setdefault(path, text)
        if len(self._stack) == self._top:
            self._top = 0
        self._stack.pop()

    def close(self) -> None:
        """End the document."""


def _decode_japanese(content: bytes) -> str | bytes:
    """Return the text when the XML declares an encoding that the parser does not know (Windows-31J); else the bytes."""
    declared = _DECLARED.match(content[:1024].removeprefix(b"\xef\xbb\xbf"))
    name = declared.group(1).decode("ascii").lower() if declared else ""
    if name in _JAPANESE:
        return content.decode("cp932")
    return content


def _make_row(row: Mapping[tuple[str, ...], str], name: str) -> RowResult:
    message = row.get(("MessageID",), "")
    kind = row.get(("ResultCode",), "").lower()
    if not _NUMBER.fullmatch(message) or kind not in ("error", "warning"):
        raise _error(name, f"a Result has MessageID {message[:40]!r} and ResultCode {kind[:40]!r}; download it again")
    paths = (
        ("ResultMessageCode",), ("ResultDescription",),
        ("AdditionalInfo", "AmazonOrderID"), ("AdditionalInfo", "AmazonOrderItemCode"),
    )  # fmt: skip
    return RowResult(0, int(message), kind, *(to_single_line(row.get(path, "")) for path in paths))


def _read_count(texts: Mapping[tuple[str, ...], str], key: str, name: str) -> int:
    text = texts.get(("ProcessingSummary", key), "")
    if not _NUMBER.fullmatch(text):
        raise _error(name, f"{key} is {text[:40]!r}, no number; download it again")
    return int(text)
