"""Columns of a report's rows: where each field stands, and which rows fit the header, also over several lines."""

from __future__ import annotations

import re
from collections.abc import Sequence
from operator import itemgetter

from .cell_parsers import ORDER_ID, strip_quotes
from .cell_values import RowError
from .inspect import split_line
from .model import ReportInfo
from .report_kind import AMOUNT_FIELDS, COLUMNS, FIELDS, column_positions

_OPTIONAL = frozenset({
    "title", "asin", "requested", "request_reason", "replacement", "business", "prime", "item_promotion_id",
    "ship_promotion_id",
})  # fmt: skip
"""Fields that a row may lack at its end without counting as cut off."""
_FREE_TEXT = re.compile(
    r"product-name|(buyer|recipient|bill|gift-message|delivery-instructions|customized)(-.*)?"
    r"|ship-(address.*|city|state)"
)
"""Columns that people fill in: only in these can a tab stand inside a cell."""
_SHAPES = {
    "payments-date": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*|"),
    "reporting-date": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}.*|"),
    "buyer-email": re.compile(r".*@.*|"),
    "buyer-phone-number": re.compile(r"(?=(.*[0-9]){5})[0-9+().x /-]*(ext.*)?|"),
    "days-past-promise": re.compile(r"-?[0-9]+|"),
    "quantity-to-ship": re.compile(r"[0-9]+|"),
    "ship-country": re.compile(r"[A-Z]{2}|"),
}
"""What stands in columns that are not read. In a damaged row another text there shows that its cells have moved: then
a cell that is read may be a buyer's.
"""
MOST_FRAGMENTS = 12
"""Lines over which one row may go: an address has the most line ends."""


class RowShape:
    """Knows the columns of one report, by its header."""

    def __init__(self, info: ReportInfo) -> None:
        self._info = info
        self.is_tabbed = info.delimiter == "\t"
        self.width = len(info.header)
        positions = column_positions(info.header)
        absent = self.width  # the index of an empty cell that is appended for columns not in this file
        self._pick = itemgetter(*(absent if index is None else index for index in positions))
        present = dict(zip(FIELDS, positions, strict=True))
        self.has_item_ids = present["item_id"] is not None
        self.has_amounts = any(present[name] is not None for name in AMOUNT_FIELDS)
        essential = {name: index for name, index in present.items() if index is not None and name not in _OPTIONAL}
        self._shortest = min(self.width - 1, max(essential.values()) + 1)
        without_channel = max(index for name, index in essential.items() if name != "sales_channel") + 1
        if without_channel <= info.usual_width < self._shortest:
            self._shortest = info.usual_width
        self.free_text = [index for index, name in enumerate(info.header) if _FREE_TEXT.fullmatch(name)]
        """Columns that people fill in."""
        self._forms = [(index, _SHAPES[name]) for index, name in enumerate(info.header) if name in _SHAPES]

    def split(self, line: str) -> list[str]:
        """Return the cells of a line."""
        return split_line(line, self._info.delimiter)

    def fit_to_header(self, cells: list[str]) -> list[str]:
        """Return the cells in the header's width: optional cells missing at the end are added, blank surplus ones
        dropped.

        Raises RowError for any other width.
        """
        width = self.width
        if len(cells) == width:
            return cells
        if len(cells) < self._shortest or any(cell.strip() for cell in cells[width:]):
            raise self.width_error(len(cells))
        return [*cells[:width], *[""] * (width - len(cells))]

    def width_error(self, count: int) -> RowError:
        """Return the error of a row with so many cells."""
        if count < self.width:
            cause = "it was cut off, or a line end stands in a cell"
        else:
            cause = (
                "a tab stands inside a cell"
                if self.is_tabbed
                else "a comma or semicolon stands inside a cell without quotes"
            )
        return RowError("the row", "", f"has {count} values, the header has {self.width}: {cause}")

    def pick_fields(self, cells: list[str]) -> tuple[str, ...]:
        """Return the cells in the order of FIELDS; empty text for a column that is not in this file."""
        found: tuple[str, ...] = self._pick([*cells, ""])
        return found

    def column_of(self, field: str) -> str:
        """Return the name of a field's column in this file, or the name that it usually has."""
        return next((name for name in COLUMNS[field] if name in self._info.header), COLUMNS[field][0])

    def has_moved(self, cells: list[str]) -> bool:
        """Return whether a column that is not read holds what cannot be its own."""
        return any(
            index < len(cells) and not shape.fullmatch(strip_quotes(cells[index])) for index, shape in self._forms
        )

    def count_fragments(self, lines: Sequence[str], start: int) -> int:
        """Return over how many lines the row goes that begins at `start` and has a line end inside a cell; 0: over one.

        It is put together only when the parts have just as many cells as the header, and each further part begins
        within a cell that people fill in. A first part that could be a row that lacks cells at its end is one, unless
        what follows is just the rest of it.
        """
        first = self.split(lines[start])
        cells = len(first)
        if cells >= self.width or not any(ORDER_ID.fullmatch(strip_quotes(cell)) for cell in first):
            return 0
        is_row, found = cells >= self._shortest, 0
        for count, line in enumerate(lines[start + 1 : start + MOST_FRAGMENTS], 2):
            more = self.split(line)
            if cells - 1 not in self.free_text or ORDER_ID.fullmatch(strip_quotes(more[0])):
                break
            cells += len(more) - 1
            if cells == self.width:
                return count
            if not is_row and not found and self._shortest <= cells < self.width:
                found = count
        return found

    def take_fragments(self, lines: list[str]) -> list[str]:
        """Remove from the end of a block's lines those of a row that may go on in the next block; return them."""
        for back in range(1, min(MOST_FRAGMENTS, len(lines)) + 1):
            cells = self.split(lines[-back])
            if len(cells) >= self.width:
                break
            if any(ORDER_ID.fullmatch(strip_quotes(cell)) for cell in cells):
                held = lines[-back:]
                del lines[-back:]
                return held
        return []
