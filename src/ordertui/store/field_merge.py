"""Merging of facts from several reports, field by field: the newer report wins, in whatever order they are imported.

Each field keeps the maximum of (date, rank, value), so that merging is commutative, associative and idempotent. A
register stores the newest date of any of its fields, and a date of its own only for a field that is older
(`field_dates`, the column `ages`). None means that a report does not state a field, and never replaces a value.
"""

from __future__ import annotations

import json
from typing import Any

STATUS_RANK = {"pending": 1, "unshipped": 2, "unfulfillable": 3, "partially_shipped": 4, "shipped": 5, "cancelled": 6}
"""At equal dates the more advanced status wins."""
ORDER_FIELDS = ("marketplace", "channel", "status", "purchased_at", "ship_by", "replacement", "business", "prime")
LINE_FIELDS = ("item_id", "quantity", "quantity_shipped", "status", "currency", "price", "request")
SHIPPED_FIELD = LINE_FIELDS.index("quantity_shipped")


class FieldRegister:
    """Known fields of one order or one line, with the dates of the reports that stated them."""

    __slots__ = ("at", "field_dates", "fields")

    def __init__(self, fields: list[Any], at: int, field_dates: dict[int, int]) -> None:
        self.fields = fields
        self.at = at
        """Newest date at which any field was stated (epoch seconds)."""
        self.field_dates = field_dates
        """Field number to date, only where it is older than `at`."""

    def merge(self, incoming: list[Any], at: int) -> tuple[bool, bool]:
        """Merge the fields of a report of date `at`. Return whether a value changed, and whether anything did."""
        fields, field_dates, newest = self.fields, self.field_dates, self.at
        if at > newest:
            self.at = at
            self.field_dates = {
                i: field_dates.get(i, newest) for i, old in enumerate(fields) if old is not None and incoming[i] is None
            }
            after = [old if new is None else new for new, old in zip(incoming, fields, strict=True)]
            changed = after != fields
            self.fields = after
            return changed, True
        if at == newest and not field_dates and incoming == fields:
            return False, False
        values = moved = False
        for i, new in enumerate(incoming):
            if new is None:
                continue
            old = fields[i]
            date = -1 if old is None else field_dates.get(i, newest)
            if at < date:
                continue
            if old is None or (new != old and (at > date or takes_precedence(new, old))):
                fields[i] = new
                values = True
            if at > date:
                moved = True
                if at < newest:
                    field_dates[i] = at
                else:
                    field_dates.pop(i, None)
        return values, values or moved


def takes_precedence(new: Any, old: Any) -> bool:
    """Return whether a value replaces an old one of the same date: a more advanced status, else a greater value."""
    rank = STATUS_RANK.get(new)
    return bool(new > old) if rank is None else rank > STATUS_RANK.get(old, 0)


def pack(field_dates: dict[int, int]) -> str | None:
    """Return field dates as the column `ages` stores them, a JSON object; None without any."""
    if not field_dates:
        return None
    return "{" + ",".join([f'"{i}":{field_dates[i]}' for i in sorted(field_dates)]) + "}"


def unpack(text: str | None) -> dict[int, int]:
    """Return the field dates that `pack` wrote."""
    return {int(i): date for i, date in json.loads(text).items()} if text else {}
