"""Read what order reports say of an order beside its lines: what Amazon is about to do, and the program that ships it.

`verge-of-cancellation` and `verge-of-lateShipment` of the Unshipped orders report say what Amazon is about to do or to
count, whatever the deadlines of the policy are; reports of some accounts only have them (AMAZON.md b). `fulfilled-by`
(All Orders of India) and `ship-service-level` name a program in words that no page of Amazon lists; what is looked for
is the name of the program within the cell. Empty cells and other words say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ordertui.orders.enums import Program, ReportKind, Verge, YesNo
from ordertui.orders.order import OrderFlags
from ordertui.orders.text import to_single_line

from .cell_parsers import ORDER_ID, parse_flag, strip_quotes
from .inspect import read_line_blocks, split_line
from .model import ReportInfo
from .reader import decode_lines

CANCELLATION, LATE = "verge-of-cancellation", "verge-of-lateshipment"
PROGRAM_COLUMNS = ("fulfilled-by", "ship-service-level")
PICKUP_COLUMNS = ("is-ispu-order", "is-ispu")
_WORSE = (Verge.UNKNOWN, Verge.NONE, Verge.LATE, Verge.CANCELLATION)
_NAMES: Mapping[str, Program] = {
    "easyship": Program.EASY_SHIP,
    "ship+": Program.SHIP_PLUS,
    "shipplus": Program.SHIP_PLUS,
    "deliverybyamazon": Program.DELIVERY_BY_AMAZON,
    "instorepickup": Program.PICKUP,
}
_PRIME = "sellerfulfilledprime"
_BY_SELLER = frozenset({"merchant", "seller", "self", "selfship", "sellerfulfilled", "merchantfulfilled"})
"""Words of `fulfilled-by` for an order of no program."""
_MAY_NAME = re.compile(
    b"|".join(rb"[^a-z+]*".join(re.escape(letter.encode()) for letter in name) for name in (*_NAMES, _PRIME)),
    re.IGNORECASE,
)
"""What a block of lines has that names a program in `ship-service-level`: a name with anything but letters between its
letters, as `_program` reads it, and as UTF-16 writes it. Other blocks need not be split into cells.
"""


MOST_MEANINGS = 10_000
"""Of so many different cells it is kept what they say; more are read again."""
NO_FLAGS = OrderFlags()


def read_flags(info: ReportInfo) -> dict[str, OrderFlags]:
    """Return what the report says of its orders by order id; orders of which it says nothing are left out."""
    position = {name.lower(): index for index, name in reversed(list(enumerate(info.header)))}
    verges = [name for name in (CANCELLATION, LATE) if name in position and info.kind is ReportKind.UNSHIPPED]
    pickups = [name for name in PICKUP_COLUMNS if name in position]
    programs = [name for name in PROGRAM_COLUMNS if name in position]
    id_at = position.get("order-id", position.get("amazon-order-id"))
    if id_at is None or not (verges or pickups or programs):
        return {}
    columns = [*verges, *programs, *pickups]
    places = [position[name] for name in columns]
    level_at = places[0] if columns == ["ship-service-level"] else None
    found: dict[str, OrderFlags] = {}
    meanings: dict[tuple[str, ...], OrderFlags] = {}
    """Cells say the same in thousands of lines."""
    number, width = 0, len(info.header)
    row: list[str] = []
    for block, _ in read_line_blocks(info.path):
        if level_at is not None and not _may_name(block, level_at, info.delimiter, width):
            number += 1  # its lines are not counted: only the first one of the file must be known
            row = []
            continue
        lines, _ = decode_lines(info, block, number)
        for line in lines:
            number += 1
            cells = [] if number == 1 or line.isspace() else split_line(line, info.delimiter)
            cells = row = _continue(row, cells, width) if len(row) < width else cells
            values = tuple(_cell_at(cells, place, width) for place in places)
            flags = meanings.get(values)
            if flags is None:
                if len(meanings) == MOST_MEANINGS:
                    meanings.clear()
                flags = meanings[values] = _meaning(dict(zip(columns, values, strict=True)), verges, programs, pickups)
            if flags == NO_FLAGS:
                continue
            order_id = _cell(cells[id_at]) if id_at < len(cells) else ""
            if not ORDER_ID.fullmatch(order_id):
                continue
            before = found.get(order_id, NO_FLAGS)
            found[order_id] = OrderFlags(
                max(before.verge, flags.verge, key=_WORSE.index),
                before.program if before.program not in (Program.UNKNOWN, Program.NONE) else flags.program,
                YesNo.YES if YesNo.YES in (before.prime, flags.prime) else YesNo.UNKNOWN,
            )
    return found


def _continue(row: list[str], cells: list[str], width: int) -> list[str]:
    """Return the cells of a row so far, without the text of one that people fill in and that holds a line end.

    `row`: what the lines before gave of it, less than a row. A line with the next order begins another.
    """
    if not cells:
        return row
    goes_on = bool(row) and len(row) + len(cells) - 1 <= width and not ORDER_ID.fullmatch(_cell(cells[0]))
    return [*row, *cells[1:]] if goes_on else cells


def _cell_at(cells: Sequence[str], place: int, width: int) -> str:
    """Return the cell of a column; empty in a row that ends before it.

    In a row of more cells than the header a tab stands inside one, before the column or after it: then both cells that
    may be the column's are returned. Each may name a program, and a flag is known where they agree.
    """
    if place >= len(cells):
        return ""
    used = len(cells)
    while used > width and not cells[used - 1].strip():
        used -= 1  # a row may end with empty cells
    moved = place + max(0, used - width)
    return cells[place] if cells[place] == cells[moved] else f"{cells[place]} | {cells[moved]}"


def _may_name(block: bytes, at: int, delimiter: str, width: int) -> bool:
    """Return whether the column of a block of lines may name a program; in doubt it may."""
    if delimiter == "\t" and b"\0" not in block:  # in UTF-16 a byte of another letter may be one
        lines = block.split(b"\n")
        values = {b"".join(line.split(b"\t", at + 1)[at : at + 1]) for line in lines}
        odd = [line for line in lines[:-1] if line.count(b"\t") != width - 1]  # cells moved, or stand in two lines
        if odd and odd[-1] is lines[-2]:
            return True
        block = b"\n".join(values.union(odd))
    return _MAY_NAME.search(block) is not None


def _meaning(
    cells: Mapping[str, str], verges: Sequence[str], programs: Sequence[str], pickups: Sequence[str]
) -> OrderFlags:
    """Return what the cells of one line say."""
    words = {name: _cell(cell) for name, cell in cells.items()}
    program, prime = _program({name: words[name] for name in programs})
    if any(parse_flag(words[name]) == "yes" for name in pickups):
        program = Program.PICKUP
    return OrderFlags(_verge({name: parse_flag(words[name]) for name in verges}), program, prime)


def _verge(words: Mapping[str, str | None]) -> Verge:
    if words.get(CANCELLATION) == "yes":
        return Verge.CANCELLATION
    if words.get(LATE) == "yes":
        return Verge.LATE
    return Verge.NONE if set(words.values()) == {"no"} else Verge.UNKNOWN


def _program(cells: Mapping[str, str]) -> tuple[Program, YesNo]:
    """Return the program that one of the columns names, and whether one names Seller Fulfilled Prime."""
    words = {name: re.sub(r"[^a-z+]", "", cell.lower()) for name, cell in cells.items()}
    prime = YesNo.YES if any(_PRIME in word for word in words.values()) else YesNo.UNKNOWN
    for name, program in _NAMES.items():
        if any(name in word for word in words.values()):
            return program, prime
    is_named = prime is YesNo.YES or words.get("fulfilled-by", "") in _BY_SELLER
    return (Program.NONE if is_named else Program.UNKNOWN), prime


def _cell(cell: str) -> str:
    return to_single_line(strip_quotes(cell))
