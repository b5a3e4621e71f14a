"""Taxes that a price includes already, taken out of the rows of a report.

Every sum of the program is "prices and taxes less promotions", and every refund names components. Where Amazon's price
includes the tax, the tax column would be counted, and paid back, a second time. So it is set to zero where rows enter
the program, in this one place: totals, balances, plans and feeds then need no second rule, and a feed carries the
amount as Principal, without a Tax component, as Amazon wants it there.
"""

from __future__ import annotations

from ordertui.orders.marketplace import MARKETPLACES, PriceTax, price_tax
from ordertui.orders.order import COMPONENTS
from ordertui.orders.report_row import AMOUNTS, MARKETPLACE, ReportRow

_ITEM_TAX, _SHIPPING_TAX, _GIFT_WRAP_TAX = (
    AMOUNTS.start + COMPONENTS.index(name) for name in ("item_tax", "shipping_tax", "gift_wrap_tax")
)


_ADDED = {None, *(code for code in MARKETPLACES if price_tax(code) is PriceTax.ADDED)}


def drop_included_tax(rows: list[ReportRow]) -> list[ReportRow]:
    """Return the rows with tax components of zero where the marketplace's prices include the tax, or may include it.

    A row whose taxes are zero or not stated is returned as it is, and one that names no marketplace: it is dealt with
    when its marketplace is known.
    """
    if {row[MARKETPLACE] for row in rows} <= _ADDED:
        return rows
    return [
        row
        if row[MARKETPLACE] in _ADDED or not (row[_ITEM_TAX] or row[_SHIPPING_TAX] or row[_GIFT_WRAP_TAX])
        else _without_tax(row)
        for row in rows
    ]


def _without_tax(row: ReportRow) -> ReportRow:
    found = list(row)
    found[_ITEM_TAX] = found[_SHIPPING_TAX] = found[_GIFT_WRAP_TAX] = 0
    return tuple(found)
