"""Facts derived from other facts of an order: sums over its lines, buyer's request, who cancelled, its situation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from ordertui.orders.batch_state import COMMITTED
from ordertui.orders.enums import BuyerRequest, CancelledBy, Channel, Dispatched, OrderStatus, Refunded, YesNo
from ordertui.orders.order import COMPONENTS, LinesKnown, OrderRow
from ordertui.rules.situation import situation_number, situation_of


def _sum(table: str, names: Sequence[str]) -> str:
    """Return the sum of money columns as SQL; a NULL counts as 0."""
    return "(" + " + ".join(f"coalesce({table}.{name}, 0)" for name in names) + ")"


_ACTIVE = "coalesce(l.status, '') <> 'cancelled'"
_PRICED = f"{_ACTIVE} AND l.item_price IS NOT NULL AND l.currency IS NOT NULL"
_PAID = f"l.item_price + {_sum('l', COMPONENTS[1:6])} - {_sum('l', COMPONENTS[6:])}"
_GIVEN_BACK = (
    f"coalesce((SELECT sum({_sum('r', COMPONENTS[:6])} - {_sum('r', COMPONENTS[6:])}) FROM refunds r JOIN batch_rows b"
    " ON b.batch = r.batch AND b.order_id = r.order_id WHERE r.order_id = l.order_id AND r.line = l.line"
    f" AND b.state IN ({', '.join(sorted(repr(state.value) for state in COMMITTED))})), 0)"
)
OPEN_ACTION = "EXISTS (SELECT 1 FROM batch_rows h WHERE h.order_id = o.id AND h.is_open = 1)"
"""SQL: whether a batch of the journal holds the order `o`; the index `batch_rows_open` answers it."""
LINES_KNOWN = (
    "o.bars | CASE WHEN NOT EXISTS (SELECT 1 FROM lines l WHERE l.order_id >= o.id AND l.order_id <= o.id"
    " AND (status = 'cancelled' OR item_id IS NULL OR item_price IS NULL OR currency IS NULL OR item_price <= 0"
    " OR item_promotion > 0 OR ship_promotion > 0)) AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.order_id = o.id)"
    f" THEN {LinesKnown.COMPLETE:d} ELSE coalesce((SELECT"
    f" max(CASE WHEN {_ACTIVE} THEN {LinesKnown.ACTIVE:d} ELSE 0 END)"
    f" + max(CASE WHEN {_ACTIVE} AND l.item_id IS NULL THEN {LinesKnown.MISSING_ID:d} ELSE 0 END)"
    f" + max(CASE WHEN {_ACTIVE} AND l.item_id IS NOT NULL THEN {LinesKnown.HAS_ID:d} ELSE 0 END)"
    f" + max(CASE WHEN {_PRICED} THEN {LinesKnown.PRICED:d} ELSE 0 END)"
    f" + max(CASE WHEN {_PRICED} AND l.item_id IS NOT NULL AND {_PAID} > {_GIVEN_BACK}"
    f" THEN {LinesKnown.REFUNDABLE:d} ELSE 0 END) FROM lines l WHERE l.order_id = o.id), {LinesKnown.COMPLETE:d}) END"
)
"""SQL: the `LinesKnown` of the order `o`, with what stands against its feeds.

Most orders have no odd line, which the partial index `lines_odd` answers at a third of the cost. SQLite takes that
index only when its WHERE is the condition of the first EXISTS word for word, and when the order is asked for as a
range; with `=` it prefers the primary key.
"""

Price = tuple[int, int, int, int, int, int, int, int]
"""The eight money components of a line, in the order of `orders.order.COMPONENTS`."""
LineFacts = tuple[str | None, int | None, int | None, str | None, int | None, str | None]
"""Status, quantity, quantity shipped, currency, total, buyer request of one line."""
SituationFacts = tuple[str, str, int | None, int | None, str, str, str, str, str, str]
"""Channel, status, units, units shipped, dispatched, buyer request, cancelled by, refunded, replacement, and whether
Amazon counts it.
"""


class Sums(NamedTuple):
    """The sums over the lines of one order."""

    items: int | None
    units_shipped: int | None
    cancelled_lines: int
    """Without those for which the buyer had asked with Amazon's own button: they do not count toward the rate."""
    total: int | None
    """Minor units, or None when a line that is not cancelled has no price, or the currencies differ."""
    currency: str | None
    request: str
    """The buyer's request by the reports: `official`, `some`, `none` or `unknown`."""


class Shipping(NamedTuple):
    """How far one line has been shipped, by the reports."""

    status: str | None
    quantity: int | None
    shipped: int | None
    named_at: int
    """Newest date of a report that named the line (epoch seconds)."""
    shipped_at: int | None
    """Date of the report that gave `shipped`; None when none did."""


def units_shipped(lines: Sequence[Shipping]) -> list[int | None]:
    """Return the units shipped of each line of one order.

    The Unshipped report lists only the lines that still wait (AMAZON.md h): a line that the newest report with shipped
    units leaves out does not wait any more, so it is taken as shipped. Otherwise an order of which one line was shipped
    would look as if none was, and cancelling it would refund all of it.
    """
    newest = max((line.shipped_at for line in lines if line.shipped_at is not None), default=0)
    return [
        line.shipped if line.named_at >= newest or line.status == "cancelled" else (line.quantity or 1)
        for line in lines
    ]


def price_total(price: Price) -> int:
    """Return what the buyer pays: prices and taxes less promotions."""
    a, b, c, d, e, f, g, h = price
    return a + b + c + d + e + f - g - h


def summarise(lines: Sequence[LineFacts]) -> Sums:
    """Return the sums over the lines of one order."""
    if len(lines) == 1:
        status, quantity, shipped, currency, total, request = lines[0]
        cancelled = int(status == "cancelled" and request != "official")
        return Sums(quantity, shipped, cancelled, total, currency, request or "unknown")
    items = units = total = None
    cancelled = 0
    unpriced = False
    currencies = set()
    requests: list[str | None] = []
    waiting: list[str | None] = []
    for status, quantity, shipped, currency, amount, asked in lines:
        if quantity is not None:
            items = quantity if items is None else items + quantity
        if shipped is not None:
            units = shipped if units is None else units + shipped
        if status == "cancelled":
            cancelled += asked != "official"
        else:
            waiting.append(asked)
            unpriced |= amount is None
        if amount is not None:
            total = amount if total is None else total + amount
        if currency is not None:
            currencies.add(currency)
        requests.append(asked)
    one = currencies.pop() if len(currencies) == 1 else None
    if unpriced or one is None:
        total = None
    return Sums(items, units, cancelled, total, one, reported_request(waiting or requests))


def reported_request(lines: Sequence[str | None]) -> str:
    """Return the buyer's request by what the reports say of each line that is not cancelled, or of all if all are."""
    if "official" in lines:
        return "official" if set(lines) == {"official"} else "some"
    return "none" if set(lines) == {"none"} else "unknown"


def buyer_request(reported: str, asked: int | None) -> str:
    """Return the buyer's request by the reports and by the operator's note that the buyer asked in a message.

    A request in a report takes precedence over a message.
    """
    return "message" if asked and reported not in ("official", "some") else reported


def cancelled_by(status: str, impacts: int | None, *, ours: bool) -> str:
    """Return who cancelled an order.

    `impacts` is whether Amazon's Cancellation Rate report counts it (None: not listed), `ours` whether a cancellation
    of this store left for it.
    """
    if status != "cancelled":
        return "unknown" if status == "unknown" else "none"
    if impacts is not None:
        return "seller" if impacts else "buyer"
    return "seller" if ours else "unknown"


def refunded(paid: int | None, returned: int | None) -> str:
    """Return how much of what was paid was given back, in minor units. `returned` None: no refund left."""
    if not returned:
        return "none"
    return "full" if paid is not None and returned >= paid else "partial"


def situation(facts: SituationFacts) -> int:
    """Return the number of an order's situation."""
    channel, status, items, units, dispatched, request, by, back, replacement, amazon = facts
    if not units:
        shipped = 0 if units is None else 1
    else:
        shipped = 2 if items is None or units < items else 3
    return _situation((channel, status, shipped, dispatched, request, by, back, replacement, amazon))


@lru_cache(maxsize=16_384)
def _situation(facts: tuple[str, str, int, str, str, str, str, str, str]) -> int:
    """Return the number that the rules give a sample order. Third fact: 0 unknown, 1 nothing, 2 some, 3 all shipped."""
    channel, status, shipped, dispatched, request, by, back, replacement, amazon = facts
    items, units = ((2, None), (2, 0), (2, 1), (2, 2))[shipped]
    row = OrderRow(
        id=0, order_id="", marketplace="", channel=Channel(channel), status=OrderStatus(status), purchased_at=None,
        ship_by=None, items=items, units_shipped=units, total=None, dispatched=Dispatched(dispatched),
        buyer_request=BuyerRequest(request), cancelled_by=CancelledBy(by), refunded=Refunded(back),
        replacement=YesNo(replacement), business=YesNo.UNKNOWN, prime=YesNo.UNKNOWN, title=None, sku=None,
        open_action=None, version=0, amazon_counts=YesNo(amazon),
    )  # fmt: skip
    return situation_number(situation_of(row))
