"""The sort keys of a view as an ORDER BY over `orders o`. Private to the store, but for the names of the keys.

Several keys may be given, each ascending or descending; an unknown value is the smallest. Ties are broken by row number
in the direction of the last key, so that one index gives the whole order for a single key, and the first key's for
several.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from .derived_facts import LAST_BATCH

Sorting: TypeAlias = Sequence[tuple[str, bool]]
"""Key and whether the largest comes first; the first key weighs most."""
BY_ALLOWED_ACTION = "may"
"""The key whose order the policies decide; see ActionRanks."""
_ASKED = (
    "CASE o.buyer_request WHEN 'official' THEN 4 WHEN 'some' THEN 3 WHEN 'message' THEN 2 WHEN 'none' THEN 1 ELSE 0 END"
)
_OF_PRODUCT = "(SELECT lower(p.{0}) FROM products p WHERE p.id = o.product_id)"
_SHOWN_TITLE = "(SELECT lower(coalesce(nullif(p.title, ''), p.sku)) FROM products p WHERE p.id = o.product_id)"
SORT_KEYS: dict[str, tuple[str, ...]] = {
    "placed": ("o.purchased_at",),
    "ship_by": ("o.ship_by",),
    "total": ("CASE WHEN o.total IS NULL THEN NULL ELSE o.currency END", "o.total"),
    "items": ("o.items",),
    "status": ("o.status",),
    "order_id": ("o.order_id",),
    "updated": ("o.at",),
    "marketplace": ("o.marketplace",),
    "auto_cancel": ("o.auto_cancel_at",),
    "request": (_ASKED,),
    "title": (_SHOWN_TITLE,),
    "sku": (_OF_PRODUCT.format("sku"),),
    "item": (_OF_PRODUCT.format("sku"), "o.items"),
    "age": ("-o.purchased_at",),
    "batch": (LAST_BATCH.format("b.batch"),),
    "reason": (LAST_BATCH.format("lower(coalesce(nullif(trim(b.code || ' ' || b.text), ''), b.reason))"),),
    BY_ALLOWED_ACTION: (),
}
"""Key to SQL terms. Amounts are compared only within a currency: there is no exchange rate."""
_TIMES = ("placed", "ship_by", "auto_cancel")
_ALWAYS_KNOWN = ("status", "order_id")
"""Keys without NULL: a server's index of them serves only an order that says nothing of it."""


def order_by(
    sorting: Sorting, rank: str = "NULL", rank_params: Mapping[str, object] | None = None, *, whole: bool = False
) -> tuple[str, dict[str, object]]:
    """Return the ORDER BY clause with its words, and its parameters. Raises KeyError for an unknown key.

    `rank` is how much may be done with an order, as SQL. `whole` means that all rows are read: then the index of a time
    is hidden from SQLite when there is a second key, because visiting a million rows in its order takes four times as
    long as sorting them. A first page still uses it.
    """
    params: dict[str, object] = {}
    terms = []
    direction = ""
    for place, (key, down) in enumerate(sorting):
        direction = " DESC" if down else " ASC"
        unknown = "" if key in _ALWAYS_KNOWN else " NULLS LAST" if down else " NULLS FIRST"
        found = SORT_KEYS[key]
        if key == BY_ALLOWED_ACTION:
            found = (rank,)
            params.update(rank_params or {})
        if whole and place == 0 and len(sorting) > 1 and key in _TIMES:
            found = (f"coalesce({found[0]}, NULL)",)
        terms += [f"{term}{direction}{unknown}" for term in found]
    return f"ORDER BY {', '.join([*terms, f'o.id{direction}'])}", params
