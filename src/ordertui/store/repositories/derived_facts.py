"""Facts derived from other facts of an order: sums over its lines, buyer's request, who cancelled, its situation."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from ordertui.orders.batch_state import COMMITTED, NEVER_LEFT, POSSIBLY_DONE
from ordertui.orders.enums import (
    BuyerRequest,
    CancelledBy,
    Channel,
    Dispatched,
    OrderStatus,
    Refunded,
    ReportKind,
    YesNo,
)
from ordertui.orders.order import COMPONENTS, MAX_ITEM_ID, MIN_ITEM_ID, LinesKnown, OrderRow
from ordertui.rules.situation import FACTS, situation_number, situation_of
from ordertui.store.engine.database import in_list

WITHOUT_DATE = 0
"""The date of an order or a price that no report dates: older than every other."""


def _sum(table: str, names: Sequence[str]) -> str:
    """Return the sum of money columns as SQL; a NULL counts as 0."""
    return "(" + " + ".join(f"coalesce({table}.{name}, 0)" for name in names) + ")"


def total_of(table: str) -> str:
    """Return the total of the money columns of a table as SQL (`LineAmounts.total`); a NULL counts as 0."""
    return f"({_sum(table, COMPONENTS[:6])} - {_sum(table, COMPONENTS[6:])})"


ACTIVE = "(coalesce(l.status, '') <> 'cancelled' AND coalesce(l.quantity, 1) <> 0)"
"""SQL: whether anything of the line `l` is still wanted (`OrderLine.is_active`)."""
_OTHER = ACTIVE.replace("l.", "t.")
CURRENT = (
    f"({ACTIVE} OR NOT EXISTS (SELECT 1 FROM lines t WHERE t.order_id = l.order_id AND {_OTHER})"
    " OR EXISTS (SELECT 1 FROM orders c WHERE c.id = l.order_id AND c.status = 'cancelled'))"
)
"""SQL: whether its order is found and shown by the line `l` (`orders.order.current_lines`). Only of a line that is not
active anything else is looked up.
"""
_NO_ID = f"(l.item_id IS NULL OR length(l.item_id) < {MIN_ITEM_ID} OR length(l.item_id) > {MAX_ITEM_ID})"
_PAID = f"(l.item_price + {_sum('l', COMPONENTS[1:6])} - {_sum('l', COMPONENTS[6:])})"
UNPAID = f"coalesce({_PAID}, -1) < 0"
"""SQL: whether what was paid for the line `l` is unknown: it has no price, or its promotions are above all there is to
pay, which no buyer was ever charged (`LineAmounts.is_possible`).
"""
ALL_DIFFER = "count(*) = count(DISTINCT (SELECT lower(trim(p.sku)) FROM products p WHERE p.id = a.product_id))"
"""SQL over the lines `a` of an order: whether each has a SKU of its own, without capitals, which spreadsheets change.
No engine knows how accents are made.
"""
_LIKE = (
    "FROM products k CROSS JOIN lines t CROSS JOIN products p WHERE k.id = l.product_id AND t.order_id = l.order_id"
    " AND t.line <> l.line AND p.id = t.product_id AND lower(trim(p.sku)) = lower(trim(k.sku))"
)
"""SQL: the other lines `t` of the SKU of the line `l` in its order, with capitals or without."""
_HAVE_IDS = "(l.item_id IS NOT NULL OR t.item_id IS NOT NULL)"
_SAME_STATE = f"({ACTIVE}) = ({_OTHER}) AND (coalesce(l.status, '') = 'shipped') = (coalesce(t.status, '') = 'shipped')"


def _dated(line: str, name: str, column: str = "") -> str:
    """Return the date of a fact of a line as SQL; -1 when nothing states it. `column`: its first one."""
    return f"CASE WHEN {line}.{column or name} IS NULL THEN -1 ELSE coalesce({line}.a_{name}, {line}.at) END"


_PRICED_ALIKE = f"{_dated('l', 'price', 'item_price')} = {_dated('t', 'price', 'item_price')}"
"""SQL: whether one report gave the lines `l` and `t` their prices, or none did."""


_SAME_FACTS = (
    " AND ".join(f"coalesce(l.{name}, 0) = coalesce(t.{name}, 0)" for name in COMPONENTS)
    + " AND coalesce(l.currency, '') = coalesce(t.currency, '') AND coalesce(l.status, '') = coalesce(t.status, '')"
    f" AND coalesce(l.quantity, -1) = coalesce(t.quantity, -1) AND {_PRICED_ALIKE}"
)
_OF_ONE_REPORT = (
    f"(({ACTIVE}) <> ({_OTHER}) OR {_PRICED_ALIKE}) AND (l.status IS NULL) = (t.status IS NULL)"
    f" AND (NOT {ACTIVE} OR {_OTHER} OR {_dated('l', 'price', 'item_price')} = {_dated('l', 'status')})"
)


def _like(condition: str, order: str) -> str:
    """Return SQL: whether All Orders named the order, and the line `l` has a like one for which a condition fails.

    `order`: where its row is: the alias of it, or empty to look it up.
    """
    named = f"{{}}.has_twins = 1 AND {{}}.sources & {ReportKind.ALL_ORDERS.bit} <> 0"
    if order:
        is_named = named.format(order, order)
    else:
        is_named = f"EXISTS (SELECT 1 FROM orders w WHERE w.id = l.order_id AND {named.format('w', 'w')})"
    return f"({is_named} AND EXISTS (SELECT 1 {_LIKE} AND {_HAVE_IDS} AND NOT ({condition})))"


MAY_BE_EXCHANGED = _like(_SAME_FACTS, "")
"""SQL: whether what is known of the line `l` may be of another line of its SKU (`OrderLine.may_be_exchanged`).

All Orders has no item ids: which of its rows is about which item of one SKU is not known, so what it says of one may be
kept with the other. Where all it may have said is the same of both, by one report, their exchange would change nothing.
"""
IS_UNSURE_SUM = _like(_OF_ONE_REPORT, "")
"""SQL: whether what the line `l` and like ones come to together is unknown too (`OrderLine.is_unsure_sum`).

What one All Orders report says of several items is right in sum, however its rows were joined to them. Where only some
of them have a status, or the price is of another report than that of a like item, it named another number of them.
"""
_PRICED = f"{ACTIVE} AND NOT {UNPAID} AND l.currency IS NOT NULL AND NOT {_like(_SAME_FACTS, 'o')}"
_BACK = f"sum({total_of('r')})"
GOES_BACK = f"(b.state IN {in_list(COMMITTED)} OR r.accepted = 1)"
"""SQL: whether the line `r` of a refund, of the batch row `b`, went back or is about to: not taken back, nor refused
by Amazon.
"""
_GIVEN_BACK = (
    f"coalesce((SELECT {_BACK} FROM refunds r JOIN batch_rows b"
    " ON b.batch = r.batch AND b.order_id = r.order_id WHERE r.order_id = l.order_id"
    " AND (r.line = l.line OR r.item_id = l.item_id)"
    f" AND {GOES_BACK}), 0)"
)
OPEN_ACTION = "EXISTS (SELECT 1 FROM batch_rows h WHERE h.order_id = o.id AND h.is_open = 1)"
"""SQL: whether a batch of the journal holds the order `o`; the index `batch_rows_open` answers it."""
LAST_BATCH = (
    f"(SELECT {{0}} FROM batch_rows b WHERE b.order_id = o.id AND b.state NOT IN {in_list(NEVER_LEFT)}"
    " ORDER BY b.is_open DESC, b.batch DESC LIMIT 1)"
)
"""SQL: a value of the batch row that a list shows of the order `o`: the open one, else the newest."""
_WORDS = LAST_BATCH.format("trim(b.reason || ' ' || trim(b.code || ' ' || b.text))")
REASON = f"CASE WHEN o.open_action IS NOT NULL THEN {_WORDS} END"
"""SQL: `OrderRow.reason` of the order `o`."""
LINES_KNOWN = (
    "o.bars | CASE WHEN o.has_twins = 0 AND NOT EXISTS (SELECT 1 FROM lines l WHERE l.order_id >= o.id"
    " AND l.order_id <= o.id AND (status = 'cancelled' OR quantity = 0 OR item_id IS NULL OR length(item_id) < 14"
    " OR length(item_id) > 16 OR item_price IS NULL OR currency IS NULL OR item_price <= 0"
    " OR item_promotion > 0 OR ship_promotion > 0))"
    " AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.order_id = o.id)"
    f" THEN {LinesKnown.COMPLETE:d} ELSE coalesce((SELECT"
    f" max(CASE WHEN {ACTIVE} THEN {LinesKnown.ACTIVE:d} ELSE 0 END)"
    f" + max(CASE WHEN {ACTIVE} AND {_NO_ID} THEN {LinesKnown.MISSING_ID:d} ELSE 0 END)"
    f" + max(CASE WHEN {ACTIVE} AND NOT {_NO_ID} THEN {LinesKnown.HAS_ID:d} ELSE 0 END)"
    f" + max(CASE WHEN {_PRICED} THEN {LinesKnown.PRICED:d} ELSE 0 END)"
    f" + max(CASE WHEN {_PRICED} AND NOT {_NO_ID} AND {_PAID} > {_GIVEN_BACK}"
    f" THEN {LinesKnown.REFUNDABLE:d} ELSE 0 END)"
    f" + max(CASE WHEN {ACTIVE} AND {_like(_SAME_FACTS, 'o')} THEN {LinesKnown.EXCHANGEABLE:d} ELSE 0 END)"
    f" + max(CASE WHEN {_like(_SAME_STATE, 'o')} THEN {LinesKnown.STATES_EXCHANGEABLE:d} ELSE 0 END)"
    f" FROM lines l WHERE l.order_id = o.id), {LinesKnown.COMPLETE:d}) END"
)
"""SQL: the `LinesKnown` of the order `o`, with what stands against its feeds.

Most orders have no odd line, which the partial index `lines_odd` answers at a third of the cost. SQLite takes that
index only when its WHERE is the condition of the first EXISTS word for word, and when the order is asked for as a
range; with `=` it prefers the primary key.
"""

# -- what follows from the lines `l` of one order, and from the reports' word on who cancelled

_NEWEST_WAIT = "(SELECT max(w.waits_at) FROM lines w WHERE w.order_id = l.order_id)"
STANDS_TWICE = (
    f"(l.item_id IS NULL AND {ACTIVE} AND EXISTS (SELECT 1 FROM lines t WHERE t.order_id = l.order_id"
    f" AND t.item_id IS NOT NULL AND {_OTHER} AND (t.status IS NULL"
    f" OR {_dated('t', 'status')} <> {_dated('l', 'status')})))"
)
"""SQL: whether the line `l`, which has no item id, may be the item of another line of its order, which has one.

Only All Orders, which names every item of an order, has no item ids, and it alone gives each item a status. Two lines
to which no one report of it gave one are one item whose SKU and title were changed, or one of the reports was cut.
"""
UNITS_SHIPPED = (
    f"CASE WHEN {ACTIVE} AND {_NEWEST_WAIT} > coalesce(l.waits_at, -1)"
    f" AND {_NEWEST_WAIT} > {_dated('l', 'quantity_shipped')} AND {_NEWEST_WAIT} > {_dated('l', 'status')}"
    f" AND NOT {STANDS_TWICE} AND NOT EXISTS (SELECT 1 FROM lines t WHERE t.order_id = l.order_id AND t.line <> l.line"
    f" AND +t.product_id = l.product_id AND t.waits_at = {_NEWEST_WAIT} AND t.first_at > l.at)"
    " THEN coalesce(l.quantity, 1) ELSE l.quantity_shipped END"
)
"""SQL: the units shipped of the line `l`, by the reports.

The Unshipped report lists only the lines that still wait (AMAZON.md h): a line that the newest one leaves out does not
wait any more, so it is taken as shipped. Otherwise an order of which one line was shipped would look as if none was,
and cancelling it would refund all of it. No other kind of report is taken so, nor an older one than what was said of
the line; and a line of the same SKU that first came up after this one was last named may be this one under another item
id, so then nothing is concluded; nor of one that may stand twice.
"""
SUM_OF_UNITS = (
    f"(SELECT CASE WHEN sum({UNITS_SHIPPED}) > 0 OR max(CASE WHEN {STANDS_TWICE} THEN 1 ELSE 0 END) = 0"
    f" THEN sum({UNITS_SHIPPED}) END FROM lines l WHERE l.order_id = m.id)"
)
"""SQL: the units shipped of the order `m`: NULL, and not 0, where one of its lines may stand twice."""
_SURE = (
    f"(count(*) = 1 OR max(m.sources) & {ReportKind.ALL_ORDERS.bit} = 0 OR (SELECT {ALL_DIFFER} FROM lines a WHERE"
    " a.order_id = m.id) OR NOT EXISTS (SELECT 1 FROM lines l WHERE"
    f" l.order_id = m.id AND EXISTS (SELECT 1 {_LIKE} AND {_HAVE_IDS} AND NOT ({_OF_ONE_REPORT}))))"
)
ITEMS = f"CASE WHEN {_SURE} THEN sum(l.quantity) END"
"""SQL over the lines `l` of the order `m`: the units ordered; NULL where lines of one SKU are of several reports."""
_COUNTED = f"({ACTIVE} AND coalesce(m.status, '') <> 'cancelled')"
TOTAL = (
    f"CASE WHEN max(CASE WHEN {UNPAID} AND {_COUNTED} THEN 1 ELSE 0 END) = 0"
    " AND min(l.currency) = max(l.currency) AND (count(l.item_id) IN (0, count(*))"
    " OR max(m.status) = 'cancelled'"
    f" OR NOT EXISTS (SELECT 1 FROM lines l WHERE l.order_id = m.id AND {STANDS_TWICE}))"
    f" AND (max(m.status) = 'cancelled' OR {_SURE})"
    f" THEN coalesce(sum(CASE WHEN {_COUNTED} THEN {_PAID} END), 0) END"
)
"""SQL over the lines `l` of the order `m`: minor units of those that are active, so 0 when it is wholly cancelled; NULL
when what was paid for an active one is unknown, one may stand twice, no currency is known, or currencies differ.
"""
SHOWN_PRODUCT = (
    f"coalesce(min(CASE WHEN l.line = 1 AND ({ACTIVE} OR m.status = 'cancelled') THEN l.product_id END),"
    f" (SELECT t.product_id FROM lines t WHERE t.order_id = m.id ORDER BY CASE WHEN {_OTHER} THEN 0 ELSE 1 END, t.line"
    " LIMIT 1))"
)
"""SQL over the lines `l` of the order `m`: the product of the first current line, which a table shows and sorts by."""
CANCELLED_LINES = (
    "sum(CASE WHEN l.status = 'cancelled' AND coalesce(l.buyer_request, '') <> 'official' THEN 1 ELSE 0 END)"
)
"""SQL over the lines `l`: how many are cancelled, without those for which the buyer had asked with Amazon's own button:
they do not count toward the rate.
"""


def _of_lines(function: str, request: str) -> str:
    """Return the minimum or maximum of whether a line has a request: of those not cancelled, or of all if all are."""
    has = f"CASE WHEN l.buyer_request = '{request}' THEN 1 ELSE 0 END"
    return f"coalesce({function}(CASE WHEN {ACTIVE} THEN {has} END), {function}({has}))"


_NOT_NAMED = "(l.buyer_request IS NULL AND coalesce(l.quantity_shipped >= l.quantity, 1 = 0))"
_NONE_WAITING = (
    f"min(CASE WHEN {ACTIVE} AND NOT {_NOT_NAMED} THEN CASE WHEN l.buyer_request = 'none' THEN 1 ELSE 0 END END)"
    f" = 1 AND max(CASE WHEN {ACTIVE} AND coalesce(l.quantity_shipped < l.quantity, 1 = 1)"
    " AND l.buyer_request = 'none' THEN 1 END) = 1"
)
REPORTED_REQUEST = (
    f"CASE WHEN {_of_lines('min', 'official')} = 1 THEN 'official' WHEN {_of_lines('max', 'official')} = 1 THEN 'some'"
    f" WHEN {_of_lines('min', 'none')} = 1 OR {_NONE_WAITING} THEN 'none' ELSE 'unknown' END"
)
"""SQL over the lines `l`: the buyer's request by the reports: `official`, `some`, `none` or `unknown`.

Mostly only the Unshipped report tells it, and that names no line that has left. So where some of an order waits, `none`
of what waits is `none`: otherwise the request would stay unknown of each order of which a line was shipped, with no
report to settle it.
"""
REQUEST = "CASE WHEN f.asked = 1 AND s.reported NOT IN ('official', 'some') THEN 'message' ELSE s.reported END"
"""SQL: what `buyer_request` returns, by the sums `s` and the operator's facts `f`."""
AMAZON_COUNTS = (
    "coalesce(nullif(o.amazon_counts, 'unknown'), CASE r.impacts WHEN 1 THEN 'yes' WHEN 0 THEN 'no' END, 'unknown')"
)
"""SQL: whether Amazon's Cancellation Rate report counts it: what is stored of the order `o`, else by the report `r`."""
CANCELLED_BY = (
    "CASE WHEN m.status IS NULL THEN 'unknown' WHEN m.status <> 'cancelled' THEN 'none' WHEN r.impacts = 1 THEN"
    " 'seller' WHEN c.by IS NOT NULL THEN c.by WHEN o.open_action = 'cancel'"
    f" AND o.state IN {in_list(POSSIBLY_DONE)} THEN 'seller'"
    " WHEN r.impacts = 0 THEN 'buyer' ELSE 'unknown' END"
)
"""SQL: who cancelled the order `m`: the seller where Amazon's Cancellation Rate report `r` counts it, else by the API's
account `c`, else the seller when a cancellation of this store left for the stored order `o` and was not refused. Only
of what nothing else tells, a report that does not count it is taken to speak of the buyer: it does not count either
what the seller cancelled because the buyer asked.
"""


def is_committed(row: str, *, with_units: bool = False) -> str:
    """Return SQL: whether a batch row (its alias) is neither taken back nor refused by Amazon as a whole.

    Of a refund that Amazon refused in part, `with_units` asks for an accepted line that cancels units.
    """
    units = " AND f.quantity > 0" if with_units else ""
    return (
        f"({row}.state IN {in_list(COMMITTED)} OR EXISTS (SELECT 1 FROM refunds f WHERE f.batch = {row}.batch"
        f" AND f.order_id = {row}.order_id AND f.accepted = 1{units}))"
    )


def confirmed(some: object, every: object, no: object, unknown: object) -> str:
    """Return SQL of one of four values: what `rules.situation.confirmed_of` returns, by the columns of an order."""
    return (
        f"CASE WHEN status = 'shipped' THEN {every} WHEN units_shipped > 0 THEN CASE WHEN units_shipped >="
        f" items THEN {every} ELSE {some} END WHEN status = 'partially_shipped' THEN {some}"
        f" WHEN status IN ('unshipped', 'pending', 'cancelled') THEN {no} ELSE {unknown} END"
    )


def _situation_sql() -> str:
    """Return the mixed radix number over FACTS, a digit for each fact."""
    number = ""
    for fact, values in FACTS.items():
        places = {str(value): place for place, value in enumerate(values)}
        if fact == "confirmed":
            digit = confirmed(places["some"], places["all"], places["no"], places["unknown"])
        else:
            digit = f"CASE {fact} " + " ".join(f"WHEN '{word}' THEN {place}" for word, place in places.items()) + " END"
        number = f"({number} * {len(values)} + {digit})" if number else f"({digit})"
    return number


SITUATION = _situation_sql()
"""SQL: what `situation` returns, by the columns of an order."""

SituationFacts = tuple[str, str, int | None, int | None, str, str, str, str, str, str]
"""Channel, status, units, units shipped, dispatched, buyer request, cancelled by, refunded, replacement, and whether
Amazon counts it.
"""


def buyer_request(reported: str, asked: int | None) -> str:
    """Return the buyer's request by the reports and by the operator's note that the buyer asked in a message.

    A request in a report takes precedence over a message.
    """
    return "message" if asked and reported not in ("official", "some") else reported


def refunded(order: str) -> str:
    """Return SQL: what part of an order (SQL of its row number) went back, by refunds not known to be refused.

    It is by the lines as they are now: a newer report may give another price. What was paid may be unknown: `partial`.
    So where more went back than is paid for now, and units were cancelled: the report may name only the others.
    """
    paid = (
        f"(SELECT CASE WHEN max(CASE WHEN {UNPAID} THEN 1 ELSE 0 END) = 0 THEN sum({_PAID}) END FROM lines l"
        f" WHERE l.order_id = {order} AND {ACTIVE})"
    )
    return (
        f"(SELECT CASE WHEN coalesce({_BACK}, 0) = 0 THEN 'none' WHEN {_BACK} = {paid} OR ({_BACK} > {paid}"
        f" AND coalesce(sum(r.quantity), 0) = 0) THEN 'full' ELSE 'partial' END FROM refunds r JOIN batch_rows b"
        f" ON b.batch = r.batch AND b.order_id = r.order_id WHERE r.order_id = {order}"
        f" AND (b.state IN {in_list(POSSIBLY_DONE)} OR r.accepted = 1))"
    )


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
