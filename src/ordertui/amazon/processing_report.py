"""Read Amazon's processing reports, flat and XML: counts, and the errors and warnings of single rows (AMAZON.md f)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec

from ordertui.orders.errors import UserError
from ordertui.orders.text import to_single_line

MAX_BYTES = 64 * 1024 * 1024
_COUNT = re.compile(r"Number of records (processed|successful)[^0-9]*?([0-9]{1,9})\s*$", re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]{1,20}")
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


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a report's file. Raises ProcessingReportError."""
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ProcessingReportError(f"{path} has {size:,} bytes: no processing report is that large")
        return path.read_bytes()
    except OSError as error:
        raise ProcessingReportError(f"{path} cannot be read: {error.strerror}") from error


def parse_report(content: bytes, name: str) -> ProcessingReport:
    """Return the report in `content`; errors show `name`. Raises ProcessingReportError."""
    head = content.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n")[:200]
    if head.replace(b"\x00", b"").startswith(b"<"):
        return _parse_xml(content, name)
    return _parse_flat(_decode(content, name), name)


def _error(name: str, text: str) -> ProcessingReportError:
    return ProcessingReportError(f"{name}: {text}")


def _decode(content: bytes, name: str) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "cp932", "cp1252", "iso-8859-1")
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise _error(name, "its characters cannot be read; download it again")


def _parse_flat(text: str, name: str) -> ProcessingReport:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    counts: dict[str, int] = {}
    header: list[str] | None = None
    results: list[RowResult] = []
    if not any("feed processing summary" in line.lower() for line in lines[:5]):
        raise _error(name, "no “Feed Processing Summary” at its beginning: this is no processing report")
    for number, line in enumerate(lines, start=1):
        found = _COUNT.search(line.rstrip())
        if found and header is None:
            counts[found.group(1).lower()] = int(found.group(2))
        elif header is None and "error-code" in line.lower():
            header = [cell.strip().lower() for cell in line.split("\t")]
        elif header is not None and line.strip():
            results.append(_parse_flat_row(header, line, number, name))
    missing = [word for word in ("processed", "successful") if word not in counts]
    if missing:
        raise _error(name, f"it lacks the line “Number of records {missing[0]}”: it was cut off, download it again")
    processed, successful = counts["processed"], counts["successful"]
    if successful > processed:
        raise _error(name, f"{successful} successful of {processed} processed cannot be; download it again")
    if header is None and successful < processed:
        failed = processed - successful
        raise _error(name, f"{failed} records failed but none is listed: it was cut off, download it again")
    errors = sum(result.severity == "error" for result in results)
    return ProcessingReport("flat", "Complete", processed, successful, errors, len(results) - errors, tuple(results))


def _parse_flat_row(header: list[str], line: str, number: int, name: str) -> RowResult:
    cells = [cell.strip() for cell in line.split("\t")]
    row = dict(zip(header, [*cells, *[""] * (len(header) - len(cells))], strict=False))
    record = row.get("original-record-number", "")
    kind = row.get("error-type", "").lower()
    if not _NUMBER.fullmatch(record):
        raise ProcessingReportError(
            f"{name}:{number}: original-record-number {record!r} is no number; download it again"
        )
    if kind not in ("error", "warning", "fatal"):
        raise ProcessingReportError(
            f"{name}:{number}: error-type {kind!r} is neither Error nor Warning; the line may be cut off"
        )
    keys = ("error-code", "error-message", "order-id", "order-item-id")
    texts = [to_single_line(row.get(key, "")) for key in keys]
    return RowResult(int(record), 0, "warning" if kind == "warning" else "error", *texts)


def _parse_xml(content: bytes, name: str) -> ProcessingReport:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    try:
        root = fromstring(_decode_japanese(content))
    except DefusedXmlException as error:
        raise _error(name, "it defines entities, which no report of Amazon's does; it was not read") from error
    except (ParseError, ValueError, LookupError) as error:
        raise _error(name, f"it is not whole XML ({error}); download it again") from error
    reports = [element for element in root.iter() if _tag_of(element) == "ProcessingReport"]
    if not reports:
        raise _error(name, "it has no ProcessingReport: this is not what “View processing report” gives")
    if len(reports) > 1:
        raise _error(name, f"it has {len(reports)} processing reports; import the report of one feed")
    report = reports[0]
    summary = _find_child(report, "ProcessingSummary")
    if summary is None:
        raise _error(name, "its ProcessingReport has no ProcessingSummary; download it again")
    processed, successful, errors, warnings = (
        _read_count(summary, key, name)
        for key in ("MessagesProcessed", "MessagesSuccessful", "MessagesWithError", "MessagesWithWarning")
    )
    results = tuple(_parse_xml_row(element, name) for element in report if _tag_of(element) == "Result")
    status, transaction = _text_of(report, "StatusCode"), _text_of(report, "DocumentTransactionID")
    return ProcessingReport("xml", status, processed, successful, errors, warnings, results, transaction)


def _decode_japanese(content: bytes) -> str | bytes:
    """Return the text when the XML declares an encoding that the parser does not know (Windows-31J); else the bytes."""
    declared = _DECLARED.match(content.removeprefix(b"\xef\xbb\xbf"))
    name = declared.group(1).decode("ascii").lower() if declared else ""
    if name in _JAPANESE:
        return content.decode("cp932")
    return content


def _parse_xml_row(element: Any, name: str) -> RowResult:
    message = _text_of(element, "MessageID")
    kind = _text_of(element, "ResultCode").lower()
    if not _NUMBER.fullmatch(message) or kind not in ("error", "warning"):
        raise _error(name, f"a Result has MessageID {message!r} and ResultCode {kind!r}; download it again")
    more = _find_child(element, "AdditionalInfo")
    texts = [_text_of(element, key) for key in ("ResultMessageCode", "ResultDescription")]
    texts += ["" if more is None else _text_of(more, key) for key in ("AmazonOrderID", "AmazonOrderItemCode")]
    return RowResult(0, int(message), kind, *map(to_single_line, texts))


def _tag_of(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _find_child(element: Any, name: str) -> Any:
    return next((child for child in element if _tag_of(child) == name), None)


def _text_of(element: Any, name: str) -> str:
    child = _find_child(element, name)
    return "" if child is None or child.text is None else str(child.text).strip()


def _read_count(element: Any, key: str, name: str) -> int:
    text = _text_of(element, key)
    if not _NUMBER.fullmatch(text):
        raise _error(name, f"{key} is {text!r}, no number; download it again")
    return int(text)
