"""The values of a fact among the orders of a view, with how many orders have each, and the filter that finds them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from ordertui.orders.batch_state import RowState
from ordertui.orders.clock import to_local
from ordertui.orders.enums import Action, BuyerRequest, OrderStatus
from ordertui.store import TALLY_SECONDS

from .queues import within

if TYPE_CHECKING:
    from .orders import OrderQueries

MOST_VALUES = 1_000
"""Values that are listed; those of most orders first."""
_TOTAL_EDGES = (10, 25, 50, 100, 250)


class FacetValue(msgspec.Struct, frozen=True):
    """A value that orders of the view have, and a filter that finds those orders."""

    label: str
    count: int
    """Orders of the view that have it."""
    filter: str
    """Finds these orders, together with the filter of the view. SKUs that differ only in case are found together."""


def quoted(text: str) -> str:
    """Return a text as a filter finds it, letter for letter."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def facet_of(column: str) -> str:
    """Return the facet that belongs to a column of the table; the SKU for none and for those without one."""
    return _OF_COLUMN.get(column, column if column in FACETS else "sku")


def values(
    orders: OrderQueries, facet: str, filter_text: str, queue: str, *, without_fba: bool = False
) -> list[FacetValue]:
    """Return the values of a facet among the orders of a view, most orders first; days in their own order.

    `without_fba`: as in `OrderQueries.find`.

    Raises FilterError, UnknownChoice, and KeyError for a facet that is none of FACETS.
    """
    return FACETS[facet][1](orders, filter_text, queue, without_fba)


_List = Callable[["OrderQueries", str, str, bool], list[FacetValue]]


def _stored(key: str, write: Callable[[str], str]) -> _List:
    def read(orders: OrderQueries, text: str, queue: str, without_fba: bool) -> list[FacetValue]:
        found = orders.tally(key, text, queue, MOST_VALUES, without_fba=without_fba)
        return [
            FacetValue("unknown" if value is None else str(value), count, write(str(value)))
            for value, count in found
            if value is not None or key == "items"
        ]

    return read


def _days(key: str, field: str) -> _List:
    def read(orders: OrderQueries, text: str, queue: str, without_fba: bool) -> list[FacetValue]:
        days, unknown = Counter[str](), 0
        codes: dict[str, list[str]] = {}
        for code, zone in orders.zones.items():
            codes.setdefault(zone, []).append(code)
        for zone, alike in codes.items():
            own = within(text, f"marketplace:{','.join(alike)}") if len(codes) > 1 else text
            for slot, count in orders.tally(key, own, queue, None, without_fba=without_fba):
                if slot is None:
                    unknown += count
                else:
                    days[to_local(int(slot) * TALLY_SECONDS, zone).date().isoformat()] += count
        found = [FacetValue(day, count, f"{field}:{day}") for day, count in sorted(days.items())]
        if field == "placed":
            found.reverse()
        return found[:MOST_VALUES] + [FacetValue("unknown", unknown, f"{field}:unknown")] * bool(unknown)

    return read


def _filters(*pairs: tuple[str, str]) -> _List:
    def read(orders: OrderQueries, text: str, queue: str, without_fba: bool) -> list[FacetValue]:
        found = (
            FacetValue(label, orders.count(text, queue, more, without_fba=without_fba), more) for label, more in pairs
        )
        return [value for value in found if value.count]

    return read


def _words(field: str, members: type[OrderStatus] | type[BuyerRequest]) -> _List:
    return _filters(*((one.value.replace("_", " "), f"{field}:{one.value}") for one in members))


_low, _high = (0, *_TOTAL_EDGES), (*_TOTAL_EDGES, None)
_TOTALS = [
    (f"{low}–{high}" if high else f"{low} and more", f"total>={low}" + (f" total<{high}" if high else ""))
    for low, high in zip(_low, _high, strict=True)
]
FACETS: dict[str, tuple[str, _List]] = {
    "sku": ("SKU", _stored("sku", lambda value: f"sku:{quoted(value)}")),
    "state": (
        "State",
        _filters(
            *((f"can {action.value}", f"action:{action.value}") for action in Action),
            ("cancelling does not count", "action:cancel counts:no"),
            ("late", "late"),
            (RowState.HELD.value, f"state:{RowState.HELD}"),
            ("sent, not confirmed", "state:unconfirmed"),
            ("refused by Amazon", "state:failed"),
        ),
    ),
    "status": ("Amazon's status", _words("status", OrderStatus)),
    "request": ("Buyer's cancellation request", _words("request", BuyerRequest)),
    "marketplace": ("Marketplace", _stored("marketplace", lambda value: f"marketplace:{value}")),
    "ship-by": ("Ship-by day", _days("ship_by", "ship-by")),
    "placed": ("Day of the order", _days("placed", "placed")),
    "items": ("Units", _stored("items", lambda value: f"items:{'unknown' if value == 'None' else value}")),
    "total": ("Total", _filters(*_TOTALS, ("unknown", "total:unknown"))),
}
"""Facet to its title and how its values are read, in the order in which the screen goes through them."""
_OF_COLUMN = {"may": "state", "asked": "request", "title": "sku", "item": "sku", "order": "sku"}
"""Column of the table to its facet, where the names differ."""
