"""The facts that a report states of an order and of its lines, and SQL that merges what it states into what is known.

This list of fields is the only one: the temporary tables, the merge statements and the columns `a_...` of `orders` and
`lines` follow from it. A field keeps the maximum of (date, rank, value) of all that was ever stated of it: the newest
statement wins, at one date the more advanced status, the lower price, or the greater value. What was cancelled or
shipped of an order stays so, whatever the dates: Amazon takes no cancellation and no shipment back (AMAZON.md b), and
an Unshipped report may be half an hour behind (AMAZON.md h). Therefore reports may be merged in any order, any number
of times. NULL states nothing, and never replaces a value.

A record keeps the newest date of any of its fields (`at`); a field has a date of its own (`a_<field>`) only where that
is older.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ordertui.orders.enums import OrderStatus
from ordertui.orders.order import COMPONENTS
from ordertui.store.repositories.derived_facts import WITHOUT_DATE, total_of

STATUS_RANK = {"pending": 1, "unshipped": 2, "unfulfillable": 3, "partially_shipped": 4, "shipped": 5, "cancelled": 6}
"""At equal dates the more advanced status wins."""
FINAL = tuple(str(word) for word in (OrderStatus.PARTIALLY_SHIPPED, OrderStatus.SHIPPED, OrderStatus.CANCELLED))
"""Each of these is never taken back by what stands before it, nor by a status that is not here."""
_TEXTS = frozenset({
    "order_id", "item_id", "order_item_id", "marketplace", "channel", "status", "item_status", "currency",
    "buyer_request",
    "request_reason", "replacement", "business", "prime", "cancelled_by", "amazon_counts",
    "item_promotion_id", "ship_promotion_id", "given", "refunded",
})  # fmt: skip
"""Columns that hold text; all others hold whole numbers."""


class MergedField(NamedTuple):
    """One fact. It is stated or not as a whole: its first column is NULL when a report does not state it."""

    name: str
    stated: tuple[str, ...]
    """Its columns in a row of a report."""
    kept: tuple[str, ...]
    """Its columns in `orders` or `lines`."""


def _field(name: str, *stated: str, kept: Sequence[str] = ()) -> MergedField:
    return MergedField(name, stated or (name,), tuple(kept) or stated or (name,))


ORDER_FIELDS = tuple(
    _field(name)
    for name in ("marketplace", "channel", "status", "purchased_at", "ship_by", "replacement", "business", "prime")
)
LINE_FIELDS = (
    _field("item_id"),
    _field("quantity"),
    _field("quantity_shipped"),
    _field("status", "item_status", kept=("status",)),
    _field("currency"),
    _field("price", *COMPONENTS),
    _field("request", "buyer_request", "request_reason"),
    _field("item_promotion_id"),
    _field("ship_promotion_id"),
)
_AMOUNTS = frozenset({"price", "currency"})
"""Fields that have no date where the report dates no row (`:undated`)."""
UNKNOWN_WORD = frozenset({"channel", "status", "replacement", "business", "prime"})
"""Columns of `orders` in which the word `unknown` stands for NULL."""
ORDER_STATED = tuple(column for field in ORDER_FIELDS for column in field.stated)
LINE_STATED = tuple(column for field in LINE_FIELDS for column in field.stated)
LINE_KEPT = tuple(column for field in LINE_FIELDS for column in field.kept)
ORDER_DATES = tuple(f"a_{field.name}" for field in ORDER_FIELDS)
LINE_DATES = tuple(f"a_{field.name}" for field in LINE_FIELDS)


def typed(names: Iterable[str]) -> str:
    """Return the columns with their types, for CREATE TABLE."""
    return ", ".join(f"{name} {'TEXT' if name in _TEXTS else 'INTEGER'}" for name in names)


def columns(alias: str, names: Iterable[str]) -> str:
    """Return the columns of a table, for SELECT."""
    return ", ".join(f"{alias}.{name}" for name in names)


def bit(condition: str) -> str:
    """Return 1 or 0 for a condition: not every engine counts truth values as numbers."""
    return f"CASE WHEN {condition} THEN 1 ELSE 0 END"


def same_id(one: str, other: str) -> str:
    """Return the condition that two order item ids are the same: spreadsheets drop leading zeros."""
    return f"ltrim({one}, '0') = ltrim({other}, '0')"


def stated_date(new: str) -> str:
    """Return the date of a price in the row `new`. `:undated`: the report dates no row."""
    return f"CASE WHEN :undated = 1 THEN {WITHOUT_DATE} ELSE {new}.at END"


def first_dates(new: str) -> str:
    """Return the dates of the fields of a new line: that of the row, or none of a price that the report does not date.

    A date of NULL is that of the line.
    """
    return ", ".join(
        f"CASE WHEN :undated = 1 AND {new}.{field.stated[0]} IS NOT NULL THEN {WITHOUT_DATE} END"
        if field.name in _AMOUNTS
        else "NULL"
        for field in LINE_FIELDS
    )


class Merge:
    """SQL expressions for a record `old` that takes in what the row `new` states."""

    def __init__(self, old: str, new: str, fields: Sequence[MergedField]) -> None:
        self.at = f"CASE WHEN {new}.at > {old}.at THEN {new}.at ELSE {old}.at END"
        self.values: list[str] = []
        """The merged values, in the order of the fields' columns."""
        self.dates: list[str] = []
        """The merged dates of the fields."""
        takes, newer, same = [], [], []
        for field in fields:
            one = _FieldMerge(field, old, new)
            self.values += one.values
            self.dates.append(
                f"CASE WHEN {one.is_newer} THEN nullif({one.stated_at}, {self.at})"
                f" WHEN {one.known} THEN nullif({one.date}, {self.at}) END"
            )
            takes.append(one.takes)
            newer.append(one.is_newer)
            same.append(one.says_nothing)
        self.changed = bit(" OR ".join(takes))
        """1 when a value changes."""
        self.moved = bit(f"{new}.at > {old}.at OR " + " OR ".join(newer))
        """1 when a date changes."""
        self.says_nothing = f"({new}.at <= {old}.at AND {' AND '.join(same)})"
        """Condition: neither a value nor a date changes."""


class _FieldMerge:
    """The expressions of one field."""

    def __init__(self, field: MergedField, old: str, new: str) -> None:
        kept = [f"{old}.{name}" for name in field.kept]
        stated = [f"{new}.{name}" for name in field.stated]
        before, after = _comparable(field, kept), _comparable(field, stated)
        self.date = f"coalesce({old}.a_{field.name}, {old}.at)"
        self.known = f"{kept[0]} IS NOT NULL"
        states = f"{stated[0]} IS NOT NULL"
        wins = f"{after} > {before}"
        if field.name == "status":
            wins = f"{rank(stated[0])} > {rank(kept[0])}"
        elif field.name == "price":
            wins = f"({total_of(new)}, {', '.join(stated)}) < ({total_of(old)}, {', '.join(kept)})"
        at = self.stated_at = stated_date(new) if field.name in _AMOUNTS else f"{new}.at"
        is_later = f"{at} > {self.date}"
        if field.stated == ("status",):  # of an order, not of an item
            is_later = f"({finality(stated[0])}, {at}) > ({finality(kept[0])}, {self.date})"
        elif field.name == "quantity_shipped":
            is_later = f"({stated[0]}, {at}) > ({kept[0]}, {self.date})"
        self.is_newer = f"({states} AND ({kept[0]} IS NULL OR {is_later}))"
        replaces = (
            f"{states} AND ({kept[0]} IS NULL OR ({after} <> {before}"
            f" AND ({is_later} OR ({at} = {self.date} AND {wins}))))"
        )
        equal = f"{after} = {before}"
        if field.name == "item_id":  # of two spellings of one id the longer one is kept, whatever their dates
            replaces += f" OR ({equal} AND length({stated[0]}) > length({kept[0]}))"
            equal += f" AND length({stated[0]}) <= length({kept[0]})"
        self.takes = f"({replaces})"
        self.values = [f"CASE WHEN {self.takes} THEN {b} ELSE {a} END" for a, b in zip(kept, stated, strict=True)]
        self.says_nothing = f"({stated[0]} IS NULL OR ({self.known} AND {equal} AND NOT {is_later}))"


def _comparable(field: MergedField, names: Sequence[str]) -> str:
    """Return what is compared of a field: one value, or a row of them."""
    if field.name == "item_id":
        return f"ltrim({names[0]}, '0')"
    if field.name == "request":
        return f"({names[0]}, coalesce({names[1]}, ''))"
    return names[0] if len(names) == 1 else f"({', '.join(names)})"


def finality(status: str) -> str:
    """Return SQL: the place of a status in FINAL, from 1 on; 0 of any other."""
    return f"CASE {status} " + " ".join(f"WHEN '{word}' THEN {n}" for n, word in enumerate(FINAL, 1)) + " ELSE 0 END"


def rank(value: str) -> str:
    """Return how advanced a status is, as SQL; 0 without one."""
    return (
        f"CASE {value} " + " ".join(f"WHEN '{word}' THEN {rank}" for word, rank in STATUS_RANK.items()) + " ELSE 0 END"
    )
