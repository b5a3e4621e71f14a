"""Read the Cancellation Rate report: Order Date, Order ID, Impacts Account Health (AMAZON.md a).

Amazon does not publish its date format, so several are tried.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from ordertui.orders.clock import check_moment
from ordertui.orders.marketplace import zone_of
from ordertui.orders.text import pluralize, to_single_line

from .cell_parsers import ORDER_ID, parse_flag, parse_time, strip_quotes
from .inspect import read_line_blocks, split_line
from .model import RateRow, RejectedRow, ReportInfo
from .reader import decode_lines

_MONTH_FIRST = frozenset({"US"})
_DATE_FORMATS = ("%b %d, %Y", "%d %b %Y", "%d-%b-%Y", "%B %d, %Y", "%d.%m.%Y", "%Y/%m/%d")


def read_rate(info: ReportInfo, rejects: list[RejectedRow]) -> Iterator[RateRow]:
    """Yield the rows; append bad ones to `rejects`. A row whose date cannot be read still counts: its date is None."""
    position = {name: index for index, name in reversed(list(enumerate(info.header)))}
    wanted = (position["order-date"], position["order-id"], position["impacts-account-health"])
    number = 0
    for block, _ in read_line_blocks(info.path):
        lines, _ = decode_lines(info, block, number)
        for line in lines:
            number += 1
            if number == 1 or not line or line.isspace():
                continue
            cells = split_line(line, info.delimiter)
            why = ""
            if len(cells) <= max(wanted):
                why = f"the row has {len(cells)} values, the header has {len(info.header)}"
            elif len(cells) > len(info.header) and len(set(ORDER_ID.findall(line))) > 1:
                why = "the row goes on with another row: a line end is missing"
            if why:
                rejects.append(RejectedRow(str(info.path), number, why, ""))
                continue
            date, order_id, impacts = (to_single_line(strip_quotes(cells[index])) for index in wanted)
            word = parse_flag(impacts)
            if not ORDER_ID.fullmatch(order_id):
                why = f"order-id: {order_id[:60]!r} is no order id such as 113-0000001-0000001"
            elif word is None:
                why = f"impacts-account-health: {impacts[:60]!r} is neither Yes nor No"
            else:
                yield number, order_id, parse_order_date(date, info.marketplace), word == "yes"
                continue
            text = " | ".join(cell for cell in (date, order_id, impacts) if cell)
            rejects.append(RejectedRow(str(info.path), number, why, text))


def merge_rows(rows: Iterable[RateRow]) -> tuple[list[RateRow], list[str]]:
    """Return one row for each order, and the orders of which one row says Yes and another No.

    Such an order counts, whichever row comes first: of two things that Amazon says, the worse is taken.
    """
    found: dict[str, RateRow] = {}
    contradicted: dict[str, None] = {}
    for row in rows:
        _, order_id, date, impacts = row
        known = found.setdefault(order_id, row)
        if known[3] is not impacts:
            contradicted[order_id] = None
        dates = [at for at in (known[2], date) if at is not None]
        found[order_id] = known[0], order_id, min(dates, default=None), known[3] or impacts
    return list(found.values()), list(contradicted)


def contradiction_notes(order_ids: Sequence[str]) -> list[str]:
    """Return what to say of orders of which one row says Yes and another No."""
    if not order_ids:
        return []
    found = f"{pluralize(len(order_ids))}, the first {order_ids[0]}"
    return [f"rows say both Yes and No of {found}: taken as counting"]


def parse_order_date(text: str, marketplace: str | None) -> int | None:
    """Return the epoch seconds of a date, at the marketplace's midnight when it has no time; None when it cannot be
    read.

    `03/04/2026` is month first in the US only. Without a marketplace the zone is UTC.
    """
    zone = ZoneInfo(zone_of(marketplace or ""))
    try:
        if len(text) > 10:
            return parse_time(text)
        return check_moment(int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp()), text)
    except ValueError:
        pass
    slashes = "%m/%d/%Y" if marketplace in _MONTH_FIRST else "%d/%m/%Y"
    for date_format in (slashes, *_DATE_FORMATS):
        try:
            return check_moment(int(datetime.strptime(text, date_format).replace(tzinfo=zone).timestamp()), text)
        except ValueError:
            continue
    return None
