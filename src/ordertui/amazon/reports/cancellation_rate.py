"""The Cancellation Rate report: Order Date, Order ID, Impacts Account Health (AMAZON.md a). Its date format is not published."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.text import to_single_line

from .cell_parsers import ORDER_ID, flag, moment, unquoted
from .inspect import read_line_blocks, split
from .model import RateRow, RejectedRow, ReportInfo
from .reader import lines_of

_MONTH_FIRST = frozenset({"US"})
_FORMATS = ("%b %d, %Y", "%d %b %Y", "%d-%b-%Y", "%B %d, %Y", "%d.%m.%Y", "%Y/%m/%d")


def read_rate(info: ReportInfo, rejects: list[RejectedRow]) -> Iterator[RateRow]:
    """Its rows; bad ones are added to `rejects`. A date that cannot be read is None, the row still counts."""
    place = {name: at for at, name in reversed(list(enumerate(info.header)))}
    wanted = (place["order-date"], place["order-id"], place["impacts-account-health"])
    number = 0
    for block, _ in read_line_blocks(info.path):
        lines, _ = lines_of(info, block, number)
        for line in lines:
            number += 1
            if number == 1 or not line or line.isspace():
                continue
            cells = split(line, info.delimiter)
            if len(cells) <= max(wanted):
                why = f"the row has {len(cells)} values, the header has {len(info.header)}"
                rejects.append(RejectedRow(str(info.path), number, why, ""))
                continue
            date, order_id, impacts = (to_single_line(unquoted(cells[at])) for at in wanted)
            word = flag(impacts)
            if not ORDER_ID.fullmatch(order_id):
                why = f"order-id: {order_id[:60]!r} is no order id such as 113-0000001-0000001"
            elif word is None:
                why = f"impacts-account-health: {impacts[:60]!r} is neither Yes nor No"
            else:
                yield number, order_id, order_date(date, info.marketplace), word == "yes"
                continue
            rejects.append(
                RejectedRow(str(info.path), number, why, " | ".join(t for t in (date, order_id, impacts) if t))
            )


def order_date(text: str, marketplace: str | None) -> int | None:
    """Epoch seconds of a date, at local midnight when it has no time; `03/04/2026` is month first in the US only; None: unreadable."""
    market = MARKETPLACES.get(marketplace or "")
    zone = ZoneInfo(market.zone if market else "UTC")
    try:
        if len(text) > 10:
            return moment(text)
        return int(datetime.fromisoformat(text).replace(tzinfo=zone).timestamp())
    except ValueError:
        pass
    slashes = "%m/%d/%Y" if marketplace in _MONTH_FIRST else "%d/%m/%Y"
    for form in (slashes, *_FORMATS):
        try:
            return int(datetime.strptime(text, form).replace(tzinfo=zone).timestamp())
        except ValueError:
            continue
    return None
