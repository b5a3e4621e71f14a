"""Read an order report as a stream of row batches. Bad rows are listed, buyers' data is never read."""

from __future__ import annotations

from collections.abc import Iterator

from ordertui.amazon.included_tax import drop_included_tax
from ordertui.orders.report_row import ReportRow

from .column_reader import ColumnReader
from .encoding import is_decodable
from .inspect import BLOCK_BYTES, read_line_blocks
from .model import RejectedRow, ReportInfo, RowBatch
from .row_reader import RowError, RowReader

GROUP_LINES = 512
"""Lines that ColumnReader reads at once. If one of them is not plain, RowReader reads the whole group row by row."""


def read_orders(
    info: ReportInfo, *, block_bytes: int = BLOCK_BYTES, group_lines: int = GROUP_LINES
) -> Iterator[RowBatch]:
    """Yield the rows of an order report in batches; one batch holds the rows of `block_bytes` of the file."""
    rows_reader = RowReader(info)
    column_reader = ColumnReader(info, rows_reader)
    last_number = 0
    for block, done in read_line_blocks(info.path, block_bytes):
        lines, broken = decode_lines(info, block, last_number)
        rows: list[ReportRow] = []
        rejects: list[RejectedRow] = []
        ignored = 0
        start = 0 if last_number else 1  # the header
        for index in range(start, len(lines), group_lines):
            group = lines[index : index + group_lines]
            first = last_number + index + 1
            found = None if broken else column_reader.read(first, group)
            if found is None:
                found = _read_one_by_one(rows_reader, first, group, broken, rejects)
            rows += drop_included_tax(found)
            ignored += rows_reader.take_ignored()
        last_number += len(lines)
        yield RowBatch(rows, rejects, ignored, done, rows_reader.take_unknown_words())


def _read_one_by_one(
    reader: RowReader, first: int, lines: list[str], broken: frozenset[int], rejects: list[RejectedRow]
) -> list[ReportRow]:
    """Return the good rows of these lines and append the bad ones to `rejects`. `first` is the first line's number."""
    rows = []
    for number, line in enumerate(lines, first):
        if line and not line.isspace():
            try:
                row = reader.read(number, line, is_broken=number in broken)
            except RowError as error:
                rejects.append(reader.reject(number, error, line))
            else:
                if row is not None:
                    rows.append(row)
    return rows


def decode_lines(info: ReportInfo, block: bytes, before: int) -> tuple[list[str], frozenset[int]]:
    """Return the block's lines, and the numbers of those not valid in the report's encoding (U+FFFD stands for bad
    bytes).

    `before` is the number of the line before the block.
    """
    broken: frozenset[int] = frozenset()
    try:
        text = block.decode(info.encoding)
    except UnicodeDecodeError:
        raw = block.split(b"\n")
        broken = frozenset(n for n, line in enumerate(raw, before + 1) if not is_decodable(line, info.encoding))
        text = "\n".join(line.decode(info.encoding, "replace") for line in raw)
    lines = text.replace("\r\n", "\n").split("\n") if "\r" in text else text.split("\n")
    lines.pop()  # the text after the last line end is empty
    return lines, broken
