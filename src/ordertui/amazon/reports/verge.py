"""Read Amazon's own flags of the Unshipped orders report: `verge-of-cancellation` and `verge-of-lateShipment`.

They say what Amazon is about to do or to count, whatever the deadlines of the policy are. Sellers see the columns in
reports of some accounts only (AMAZON.md b).
"""

from __future__ import annotations

from ordertui.orders.enums import Verge
from ordertui.orders.text import to_single_line

from .cell_parsers import ORDER_ID, parse_flag, strip_quotes
from .inspect import read_line_blocks, split_line
from .model import ReportInfo
from .reader import decode_lines

CANCELLATION, LATE = "verge-of-cancellation", "verge-of-lateshipment"
_WORSE = (Verge.UNKNOWN, Verge.NONE, Verge.LATE, Verge.CANCELLATION)


def read_verges(info: ReportInfo) -> dict[str, Verge]:
    """Return the flag of each order that the report names, the worse of its items; empty without the columns."""
    position = {name.lower(): index for index, name in reversed(list(enumerate(info.header)))}
    if (CANCELLATION not in position and LATE not in position) or "order-id" not in position:
        return {}
    found: dict[str, Verge] = {}
    number = 0
    for block, _ in read_line_blocks(info.path):
        lines, _ = decode_lines(info, block, number)
        for line in lines:
            number += 1
            cells = [] if number == 1 or line.isspace() else split_line(line, info.delimiter)
            order_id = _cell(cells, position["order-id"])
            if not ORDER_ID.fullmatch(order_id):
                continue
            words = {
                name: parse_flag(_cell(cells, position[name])) for name in (CANCELLATION, LATE) if name in position
            }
            if words.get(CANCELLATION) == "yes":
                verge = Verge.CANCELLATION
            elif words.get(LATE) == "yes":
                verge = Verge.LATE
            else:
                verge = Verge.NONE if set(words.values()) == {"no"} else Verge.UNKNOWN
            found[order_id] = max(found.get(order_id, Verge.UNKNOWN), verge, key=_WORSE.index)
    return {order_id: verge for order_id, verge in found.items() if verge is not Verge.UNKNOWN}


def _cell(cells: list[str], index: int) -> str:
    return to_single_line(strip_quotes(cells[index])) if index < len(cells) else ""
