"""How facts from several reports become one: field by field, the newer wins, whatever the order of import.

Each field is a register of (date, rank, value) that keeps its maximum, so merging is commutative, associative and
idempotent. A record keeps the newest date of any of its fields; only fields with an older date carry their own
(`ages`). None means that a report does not say, and never replaces anything.
"""

from __future__ import annotations

import json
from typing import Any

STATUS_RANK = {
    "pending": 1,
    "unshipped": 2,
    "unfulfillable": 3,
    "partially_shipped": 4,
    "shipped": 5,
    "cancelled": 6,
}
"""At equal dates the more advanced status wins."""
ORDER_FIELDS = ("marketplace", "channel", "status", "purchased_at", "ship_by", "replacement", "business", "prime")
LINE_FIELDS = ("item_id", "quantity", "quantity_shipped", "status", "currency", "price", "request")
SHIPPED_FIELD = LINE_FIELDS.index("quantity_shipped")


class Record:
    """Known fields of one order or one line, with the dates of the reports that said so."""

    __slots__ = ("ages", "at", "fields")

    def __init__(self, fields: list[Any], at: int, ages: dict[int, int]) -> None:
        self.fields = fields
        self.at = at
        """Newest date at which any field was named, epoch seconds."""
        self.ages = ages
        """Field number to date, only where it is older than `at`."""

    def merge(self, incoming: list[Any], at: int) -> tuple[bool, bool]:
        """Take in what a report of date `at` says. Gives whether a value changed, and whether anything did."""
        fields, ages, newest = self.fields, self.ages, self.at
        if at > newest:
            self.at = at
            self.ages = {
                i: ages.get(i, newest) for i, old in enumerate(fields) if old is not None and incoming[i] is None
            }
            after = [old if new is None else new for new, old in zip(incoming, fields, strict=True)]
            changed = after != fields
            self.fields = after
            return changed, True
        if at == newest and not ages and incoming == fields:
            return False, False
        values = moved = False
        for i, new in enumerate(incoming):
            if new is None:
                continue
            old = fields[i]
            date = -1 if old is None else ages.get(i, newest)
            if at < date:
                continue
            if old is None or (new != old and (at > date or takes_precedence(new, old))):
                fields[i] = new
                values = True
            if at > date:
                moved = True
                if at < newest:
                    ages[i] = at
                else:
                    ages.pop(i, None)
        return values, values or moved


def takes_precedence(new: Any, old: Any) -> bool:
    """Which of two words of the same date stays: the more advanced status, else the greater value."""
    rank = STATUS_RANK.get(new)
    return bool(new > old) if rank is None else rank > STATUS_RANK.get(old, 0)


def pack(ages: dict[int, int]) -> str | None:
    """Ages as the store keeps them: a JSON object."""
    if not ages:
        return None
    return "{" + ",".join([f'"{i}":{ages[i]}' for i in sorted(ages)]) + "}"


def unpack(text: str | None) -> dict[int, int]:
    """Ages as `pack` wrote them."""
    return {int(i): date for i, date in json.loads(text).items()} if text else {}
