"""How facts from several reports become one: field by field, the newer wins, whatever the order of import.

Each field is a register of (date, rank, value) that keeps its maximum, so merging is commutative, associative and
idempotent. A record keeps the newest date of any of its fields; only fields with an older date carry their own
(`ages`). None means that a report does not say, and never replaces anything.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
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
_STATUS = {"order": ORDER_FIELDS.index("status"), "line": LINE_FIELDS.index("status")}


class Record:
    """Known fields of one order or one line, with the dates of the reports that said so."""

    __slots__ = ("ages", "at", "fields", "status_at")

    def __init__(self, fields: list[Any], at: int, ages: dict[int, int], what: str) -> None:
        self.fields = fields
        self.at = at
        """Newest date at which any field was named, epoch seconds."""
        self.ages = ages
        """Field number to date, only where it is older than `at`."""
        self.status_at = _STATUS[what]

    def merge(self, incoming: Sequence[Any], at: int) -> tuple[bool, bool]:
        """Take in what a report of date `at` says. Gives whether a value changed, and whether anything did."""
        fields, ages, newest = self.fields, self.ages, self.at
        if at == newest and not ages and list(incoming) == fields:
            return False, False
        values = moved = False
        dates: list[int | None] = [None] * len(fields)
        for i, old in enumerate(fields):
            new = incoming[i]
            date = ages.get(i, newest) if old is not None else None
            if new is not None and (date is None or at >= date):
                if date is None or (at > date and new != old) or (new != old and self._beats(i, new, old)):
                    fields[i] = new
                    values = True
                moved = moved or date != at
                date = at
            dates[i] = date
        if at > newest:
            self.at = newest = at
            moved = True
        self.ages = {i: date for i, date in enumerate(dates) if date is not None and date != newest}
        return values, values or moved

    def _beats(self, field: int, new: Any, old: Any) -> bool:
        """Which of two words of the same date stays: the more advanced status, else the greater value."""
        if field == self.status_at:
            return STATUS_RANK.get(new, 0) > STATUS_RANK.get(old, 0)
        return bool(new > old)


def pack(ages: dict[int, int]) -> str | None:
    """Ages as the store keeps them."""
    return json.dumps({str(i): ages[i] for i in sorted(ages)}, separators=(",", ":")) if ages else None


def unpack(text: str | None) -> dict[int, int]:
    """Ages as `pack` wrote them."""
    return {int(i): int(date) for i, date in json.loads(text).items()} if text else {}
