"""Read an order report as a stream of row batches. Bad rows are listed, buyers' data is never read."""

from __future__ import annotations

from collections.abc import Iterator

from ordertui.orders.report_row import ReportRow

from .cell_values import RowError
from .column_reader import ColumnReader
from .encoding import is_decodable
from .included_tax import drop_included_tax
from .inspect import BLOCK_BYTES, read_line_blocks
from .model import RejectedRow, ReportInfo, RowBatch
from .row_reader import RowReader

GROUP_LINES = 512
"""Lines that ColumnReader reads at once. If one of them is not plain, RowReader reads the whole group row by row."""


def read_orders(
    info: ReportInfo, *, block_bytes: int = BLOCK_BYTES, group_lines: int = GROUP_LINES
) -> Iterator[RowBatch]:
    """Yield the rows of an order report in batches; one batch holds the rows of `block_bytes` of the file.

    A row that a line end inside a cell broke is put together again, also across blocks.
    """
    rows_reader = RowReader(info)
    column_reader = ColumnReader(info, rows_reader)
    last_number = 0
    held: list[str] = []
    held_broken: frozenset[int] = frozenset()
    for block, done in read_line_blocks(info.path, block_bytes):
        lines, broken = decode_lines(info, block, last_number)
        last_number += len(lines)
        lines, broken = held + lines, broken | held_broken
        first = last_number - len(lines) + 1
        held = rows_reader.shape.take_fragments(lines) if done < info.size_bytes and first + len(lines) > 2 else []
        held_broken = frozenset(number for number in broken if number > last_number - len(held))
        rows: list[ReportRow] = []
        rejects: list[RejectedRow] = []
        ignored = 0
        index = 1 if first == 1 else 0  # the header
        while index < len(lines):
            group = lines[index : index + group_lines]
            found = None if broken else column_reader.read(first + index, group)
            if found is None:
                found, count = _read_one_by_one(rows_reader, first + index, lines[index:], len(group), broken, rejects)
            else:
                count = len(group)
                rows_reader.last = found[-1] if found else None
            index += count
            rows += drop_included_tax(found)
            ignored += rows_reader.take_ignored()
        yield RowBatch(rows, rejects, ignored, done, rows_reader.values.take_unknown_words())


def _read_one_by_one(
    reader: RowReader, first: int, lines: list[str], count: int, broken: frozenset[int], rejects: list[RejectedRow]
) -> tuple[list[ReportRow], int]:
    """Return the good rows of `count` lines, and how many lines were read: a broken row may end after them.

    Bad rows and cells are appended to `rejects`. `first` is the first line's number.
    """
    rows = []
    index = 0
    while index < count:
        line, number = lines[index], first + index
        index += 1
        if not line or line.isspace():
            continue
        used = reader.shape.count_fragments(lines, index - 1)
        try:
            if used:
                row = reader.read_fragments(number, lines[index - 1 : index - 1 + used])
                index += used - 1
            else:
                row = reader.read(number, line, is_broken=number in broken)
        except RowError as error:
            rejects.append(reader.reject(number, error, line))
        else:
            rejects += [reader.reject(number, error, line, is_taken=True) for error in reader.take_unread()]
            reader.last = row
            if row is not None:
                rows.append(row)
    return rows, index


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
