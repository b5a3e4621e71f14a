"""Order reports: plain tuples out, bad rows listed, buyers' data never touched."""

from __future__ import annotations

from collections.abc import Iterator

from ordertui.orders.report_row import ReportRow

from .column_reader import ColumnReader
from .encoding import fits
from .inspect import CHUNK, read_line_blocks
from .model import RejectedRow, ReportInfo, RowBatch
from .row_reader import RowError, RowReader

PIECE = 512
"""Lines read at once. When one of them is not plain, all of them are read one by one."""


def read(info: ReportInfo, *, block_bytes: int = CHUNK, piece: int = PIECE) -> Iterator[RowBatch]:
    """The rows of an order report, some thousands at a time (those of `block_bytes` of the file)."""
    one = RowReader(info)
    many = ColumnReader(info, one)
    number = 0
    """Of the last line read."""
    for block, done in read_line_blocks(info.path, block_bytes):
        lines, broken = lines_of(info, block, number)
        rows: list[ReportRow] = []
        rejects: list[RejectedRow] = []
        ignored = 0
        start = 0 if number else 1  # the header
        for at in range(start, len(lines), piece):
            part = lines[at : at + piece]
            first = number + at + 1
            found = None if broken else many.read(first, part)
            if found is None:
                found = _one_by_one(one, first, part, broken, rejects)
            rows += found
            ignored += one.take_ignored()
        number += len(lines)
        yield RowBatch(rows, rejects, ignored, done, one.take_odd())


def _one_by_one(
    reader: RowReader, number: int, lines: list[str], broken: frozenset[int], rejects: list[RejectedRow]
) -> list[ReportRow]:
    """The rows of these lines, of which the first has this number; bad ones are added to `rejects`."""
    rows = []
    for at, line in enumerate(lines, number):
        if line and not line.isspace():
            try:
                row = reader.read(at, line, broken=at in broken)
            except RowError as error:
                rejects.append(reader.reject(at, error, line))
            else:
                if row is not None:
                    rows.append(row)
    return rows


def lines_of(info: ReportInfo, block: bytes, before: int) -> tuple[list[str], frozenset[int]]:
    """The lines of a block, and the numbers of those that are not in the report's encoding (their odd bytes became U+FFFD).

    `before` is the number of the line before the block.
    """
    broken: frozenset[int] = frozenset()
    try:
        text = block.decode(info.encoding)
    except UnicodeDecodeError:
        raw = block.split(b"\n")
        broken = frozenset(number for number, line in enumerate(raw, before + 1) if not fits(line, info.encoding))
        text = "\n".join(line.decode(info.encoding, "replace") for line in raw)
    lines = text.replace("\r\n", "\n").split("\n") if "\r" in text else text.split("\n")
    lines.pop()  # what stands after the last line end is no line
    return lines, broken
