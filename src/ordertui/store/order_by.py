"""What a view is sorted by, as ORDER BY over `orders o`.

Several keys, each up or down; an unknown value is the smallest. Ties go by row number, in the direction of the last key:
so one index gives the whole order for a single key, and the first key's order for several.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from ordertui.orders.batch_state import DONE, PENDING

from .database import in_list

Sorting: TypeAlias = Sequence[tuple[str, bool]]
"""Key and whether the largest comes first; the first key weighs most."""
ActionRanks: TypeAlias = Sequence[tuple[Sequence[str] | None, Sequence[int], int]]
"""Marketplaces that decide alike (None: all), situation numbers, and how much may be done with such orders."""
BY_ALLOWED_ACTION = "may"
"""The key whose order the policies give."""
_ASKED = "CASE o.buyer_request WHEN 'official' THEN 3 WHEN 'message' THEN 2 WHEN 'none' THEN 1 ELSE 0 END"
_SHOWN_TITLE = "(SELECT lower(coalesce(nullif(p.title, ''), p.sku)) FROM products p WHERE p.id = o.product_id)"
_BUSY = f"(o.state IN {in_list(PENDING)} OR (o.state IN {in_list(DONE)} AND o.open_action = 'cancel'))"
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
    BY_ALLOWED_ACTION: (),
}
"""What a view can be sorted by. Amounts are compared within a currency only; there is no rate between two."""
_TIMES = ("placed", "ship_by", "auto_cancel")


def order_by(sorting: Sorting, ranks: ActionRanks, *, whole: bool = False) -> tuple[str, dict[str, object]]:
    """The ORDER BY clause with its words, and its parameters, named `s0`, `s1`... Raises KeyError for an unknown key.

    `whole`: all rows are read. Then the index of a time is worth nothing under a second key: going to a million rows in its
    order takes four times as long as one sort; so it is hidden. A first page still comes straight from it.
    """
    params: dict[str, object] = {}
    terms = []
    way = ""
    for place, (key, down) in enumerate(sorting):
        way = " DESC" if down else ""
        found = SORT_KEYS[key] or (_rank(ranks, params),)
        if whole and place == 0 and len(sorting) > 1 and key in _TIMES:
            found = (f"coalesce({found[0]}, NULL)",)
        terms += [f"{term}{way}" for term in found]
    return f"ORDER BY {', '.join([*terms, f'o.id{way}'])}", params


def _rank(ranks: ActionRanks, params: dict[str, object]) -> str:
    parts = [f"CASE WHEN {_BUSY} THEN 0"]
    for codes, numbers, rank in ranks:
        if not numbers:
            continue
        where = f"o.situation IN ({', '.join(str(int(number)) for number in numbers)})"
        if codes is not None:
            names = [f"s{len(params) + place}" for place in range(len(codes))]
            params.update(zip(names, codes, strict=True))
            where += f" AND o.marketplace IN ({', '.join(f':{name}' for name in names)})"
        parts.append(f"WHEN {where} THEN {int(rank)}")
    return " ".join([*parts, "ELSE 0 END"])
