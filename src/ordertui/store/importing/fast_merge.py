"""The usual merge, about three times as fast: the report is newer than every known fact, and lists the lines in order.

`OrderMerger.merge` handles every case, and gives the same result here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ordertui.orders.report_row import AMOUNTS, FACT_AT, ReportRow
from ordertui.store.derived_facts import LineFacts

from .changeset import TableRow
from .row_layout import ORDER_FACTS, order_facts

_FIELD_DATES = [
    "{" + ",".join(f'"{place}":@' for place in range(8) if older & 1 << place) + "}" for older in range(256)
]
"""The column `ages` when some fields have the older date `@`, by the bits of those fields."""
_PRICE = slice(8, 16)
_ITEM_PRICE = AMOUNTS.start


class MergedOrder(NamedTuple):
    """The merged order, ready to be written."""

    fields: list[Any]
    """In the order of ORDER_FIELDS. An unknown field is None or `unknown`."""
    at: int
    field_dates: str | None
    lines: list[TableRow]
    """One for each stored line: rows of `ImportChangeset.unpriced_lines` if `unpriced`, else of `changed_lines`."""
    unpriced: bool
    facts: list[LineFacts]
    """The facts of the lines, for the sums over them."""
    changed: bool
    """Whether a value changed."""


def merge_newer_report(  # a call per line or per field would cost more than the merge
    rows: Sequence[ReportRow], products: Sequence[int], known: Sequence[Any], at: int, stored: Sequence[TableRow]
) -> MergedOrder | None:
    """Return an order merged with the rows of a newer report; None when this is not the usual case.

    `products` are the numbers of the rows' products, `known` the order's fields as they are stored, all of date `at`,
    and `stored` its lines. One long function: a call per line or per field would cost more than it does.
    """
    first = rows[0]
    date: Any = first[FACT_AT]
    if len(rows) != len(stored) or date <= at:
        return None
    if len(rows) > 1:
        facts_of_first = order_facts(first)
        if len(set(products)) != len(products) or any(
            row[FACT_AT] != date or order_facts(row) != facts_of_first for row in rows
        ):
            return None
    lines: list[TableRow] = []
    facts: list[LineFacts] = []
    changed = False
    unpriced = not any(row[_ITEM_PRICE] is not None for row in rows)
    row: Any
    for row, product, line in zip(rows, products, stored, strict=True):
        (_, _, item, _, _, _, status, _, _, _, _, _, _, quantity, shipped, currency, a, b, c, d, e, f, g, h,
         request, reason, _, _, _) = row  # fmt: skip
        (order, number, known_product, old_item, old_quantity, old_shipped, old_status, old_currency,
         a2, b2, c2, d2, e2, f2, g2, h2, old_request, old_reason, named_at, field_dates) = line  # fmt: skip
        if field_dates is not None or product != known_product or named_at >= date:
            return None
        older = 0
        if item != old_item:
            if item is None:
                item = old_item
                older = 1
            elif old_item is not None:
                return None  # another line
            else:
                changed = True
        if quantity != old_quantity:
            if quantity is None:
                quantity = old_quantity
                older += 2
            else:
                changed = True
        if shipped != old_shipped:
            if shipped is None:
                shipped = old_shipped
                older += 4
            else:
                changed = True
        if status != old_status:
            if status is None:
                status = old_status
                older += 8
            else:
                changed = True
        if currency != old_currency:
            if currency is None:
                currency = old_currency
                older += 16
            else:
                changed = True
        if a is not None:
            changed = changed or row[AMOUNTS] != line[_PRICE]
        elif a2 is not None:
            a, b, c, d, e, f, g, h = a2, b2, c2, d2, e2, f2, g2, h2
            older += 32
        if request is not None:
            reason = reason or None
            changed = changed or request != old_request or reason != old_reason
        else:
            request, reason = old_request, old_reason
            if request is not None:
                older += 64
        lines.append(
            (item, quantity, shipped, status, currency, request, reason, date,
             _FIELD_DATES[older].replace("@", str(named_at)) if older else None, order, number)
            if unpriced else
            (item, quantity, shipped, status, currency, a, b, c, d, e, f, g, h, request, reason, date,
             _FIELD_DATES[older].replace("@", str(named_at)) if older else None, order, number)
        )  # fmt: skip
        total = None if a is None else a + b + c + d + e + f - g - h
        facts.append((status, quantity, shipped, currency, total, request))
    fields = list(known)
    older = 0
    for place, where in enumerate(ORDER_FACTS):
        new = first[where]
        if new != known[place]:
            if new is not None:
                fields[place] = new
                changed = True
            elif known[place] != "unknown":
                older += 1 << place
    return MergedOrder(
        fields, date, _FIELD_DATES[older].replace("@", str(at)) if older else None, lines, unpriced, facts, changed
    )
