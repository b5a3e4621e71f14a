"""The Cancellation Rate report: Order Date, Order ID, Impacts Account Health (AMAZON.md a). Its date format is not published."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from ordertui.orders.marketplace import MARKETPLACES

from .cells import flag, moment, unquoted
from .looking import chunks
from .reading import ORDER_ID, decode
from .values import RateRow, Reject, ReportInfo

_MONTH_FIRST = frozenset({"US"})
_FORMATS = ("%b %d, %Y", "%d %b %Y", "%d-%b-%Y", "%B %d, %Y", "%d.%m.%Y", "%Y/%m/%d")


def read_rate(info: ReportInfo, rejects: list[Reject]) -> Iterator[RateRow]:
    """Its rows; bad ones are added to `rejects`. A date that cannot be read is None, the row still counts."""
    place = {name: at for at, name in enumerate(info.header)}
    wanted = (place["order-date"], place["order-id"], place["impacts-account-health"])
    number = 0
    for block, _ in chunks(info.path):
        for line in decode(info, block).split("\n")[:-1]:
            number += 1
            line = line.rstrip("\r")
            if number == 1 or not line.strip():
                continue
            cells = line.split(info.delimiter)
            if info.delimiter == "," and len(cells) > len(info.header) and '"' in line:
                cells = _csv(line)
            if len(cells) <= max(wanted):
                rejects.append(
                    Reject(str(info.path), number, f"{len(cells)} values, the header has {len(info.header)}", line)
                )
                continue
            date, order_id, impacts = (unquoted(cells[at]) for at in wanted)
            word = flag(impacts)
            if not ORDER_ID.fullmatch(order_id):
                rejects.append(
                    Reject(str(info.path), number, f"{order_id!r} is no order id such as 113-0000001-0000001", line)
                )
            elif word is None:
                rejects.append(
                    Reject(str(info.path), number, f"Impacts Account Health: {impacts!r} is neither Yes nor No", line)
                )
            else:
                yield number, order_id, order_date(date, info.marketplace), word == "yes"


def _csv(line: str) -> list[str]:
    import csv

    return next(csv.reader([line]))


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
