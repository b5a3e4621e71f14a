"""The statements that merge one slice of a report into orders and lines, in the order in which they run.

They are the same on every engine: named parameters, and NULL wherever nothing is known. CROSS JOIN fixes the order of
loops for SQLite, and unary plus keeps it from an index; `tests/store/importing/test_query_plans.py` holds that no
statement scans `orders` or `lines`.

The tables are those of `tables`: `stage` has all rows of the report, `sorted` those of the slice, `heads` one row for
each of its orders, `news` the known orders of which the report says anything new. An order is unclear when its SKUs
alone do not tell which row is about which line; `pairs` settles that for the few that are.
"""

from __future__ import annotations

from ordertui.orders.batch_state import UNCONFIRMED
from ordertui.orders.enums import ReportKind
from ordertui.store.engine.database import in_list
from ordertui.store.repositories.derived_facts import (
    ALL_DIFFER,
    AMAZON_COUNTS,
    CANCELLED_BY,
    CANCELLED_LINES,
    ITEMS,
    REPORTED_REQUEST,
    REQUEST,
    SHOWN_PRODUCT,
    SITUATION,
    SUM_OF_UNITS,
    TOTAL,
    refunded,
)

from .coverage import AWAITING_SHIPMENT
from .fields import (
    LINE_FIELDS,
    LINE_STATED,
    ORDER_FIELDS,
    ORDER_STATED,
    UNKNOWN_WORD,
    Merge,
    bit,
    columns,
    finality,
    first_dates,
    same_id,
)
from .pairing import OF_PAIR, PAIRED
from .tables import DERIVED, LINE_REGISTERS, ORDER_REGISTERS, SORTED

_UNCONFIRMED = in_list(UNCONFIRMED)
_KNOWN = {name: f"nullif({name}, 'unknown') AS {name}" for name in UNKNOWN_WORD}
_KNOWN["marketplace"] = "CASE WHEN by_hand = 0 THEN marketplace END AS marketplace"
ORDER = (  # a stored order, with NULL for unknown; a marketplace that was only given by hand states nothing
    "(SELECT id, order_id, "
    + ", ".join(_KNOWN.get(name, name) for name in ORDER_STATED)
    + f", {', '.join(ORDER_REGISTERS[len(ORDER_STATED) :])}, sources, has_twins, marketplace AS given FROM orders)"
)
_order, _again = Merge("o", "s", ORDER_FIELDS), Merge("merged", "s", ORDER_FIELDS)
_line, _line_again = Merge("l", "s", LINE_FIELDS), Merge("joined", "s", LINE_FIELDS)
_NULL_ORDER_DATES = ", ".join(["NULL"] * len(ORDER_FIELDS))


def _earliest(old: str) -> str:
    return f"CASE WHEN s.at < {old}.first_at THEN s.at ELSE {old}.first_at END"


def _latest_wait(old: str) -> str:
    """Return the newest date at which an Unshipped report named the line. `:lists_waiting`: the report is one."""
    return (
        f"CASE WHEN :lists_waiting = 1 AND ({old}.waits_at IS NULL OR s.at > {old}.waits_at) THEN s.at"
        f" ELSE {old}.waits_at END"
    )


_FIRST_WAIT = "CASE WHEN :lists_waiting = 1 THEN s.at END"
_SAYS_NOTHING = (
    f"({_line.says_nothing} AND s.at >= l.first_at AND (:lists_waiting = 0 OR coalesce(l.waits_at, -1) >= s.at))"
)

# -- products, and the slices

PRODUCTS = (
    "INSERT INTO products (marketplace, sku) SELECT DISTINCT marketplace, sku FROM {words} WHERE true ON CONFLICT DO"
    " NOTHING",
    *(
        f"UPDATE products SET {text} = b.{text}, {text}_at = b.at FROM (SELECT marketplace, sku, {text}, at,"
        f" row_number() OVER (PARTITION BY marketplace, sku ORDER BY at DESC, {text} DESC) AS n FROM {{words}}"
        f" WHERE {text} IS NOT NULL) b WHERE b.n = 1 AND products.marketplace = b.marketplace"
        f" AND products.sku = b.sku AND (products.{text}_at IS NULL OR b.at > products.{text}_at"
        f" OR (b.at = products.{text}_at AND b.{text} > products.{text}))"
        for text in ("asin", "title")
    ),
    "INSERT INTO {word_products} SELECT w.n, p.id FROM {words} w JOIN products p"
    " ON p.marketplace = w.marketplace AND p.sku = w.sku",
)
"""ASIN and title of the newest report that gives them; at one date the greater text."""
FAR = "INSERT INTO {far} SELECT order_id FROM {stage} GROUP BY order_id HAVING max(seq) - min(seq) >= count(*)"
"""Orders whose rows do not follow each other: they are merged last, together."""
_FROM_STAGE = {
    "marketplace": "CASE WHEN s.marketplace_by_hand IS NULL THEN s.marketplace END",
    "given": "CASE WHEN s.marketplace_by_hand IS NOT NULL THEN s.marketplace END",
    "request_reason": "CASE WHEN s.buyer_request IS NOT NULL THEN s.request_reason END",
    "item_id": "s.order_item_id",
    "at": "s.fact_at",
}
_SORT = (
    f"INSERT INTO sorted SELECT {', '.join(_FROM_STAGE.get(name, f's.{name}') for name in SORTED)}, w.product_id"
    " FROM {stage} s JOIN {word_products} w"
    " ON w.n = s.word WHERE"
)
SORT = (
    f"{_SORT} s.seq BETWEEN :low AND :high AND s.order_id NOT IN (SELECT order_id FROM {{far}})"
    " ORDER BY s.order_id, s.seq"
)
SORT_FAR = f"{_SORT} s.order_id IN (SELECT order_id FROM {{far}}) ORDER BY s.order_id, s.seq"
_REPEATS = "count(*) > count(DISTINCT t.product_id) OR count(t.item_id) > count(DISTINCT ltrim(t.item_id, '0'))"
_OF_PRODUCT = "coalesce(s.marketplace, s.given)"
_AWAITS = bit(f"s.status IN {in_list(AWAITING_SHIPMENT)}")
_GROUPS = (
    f"(SELECT order_id, min(seq) AS seq, count(*) AS row_count, CASE WHEN count(*) > 1 THEN (SELECT {bit(_REPEATS)}"
    f" FROM sorted t WHERE t.order_id = s.order_id) ELSE 0 END AS has_twins, min({_OF_PRODUCT}) AS low,"
    f" max({_OF_PRODUCT}) AS high, max({_AWAITS}) AS awaits FROM sorted s GROUP BY order_id) g"
    " LEFT JOIN orders o ON o.order_id = g.order_id"
)
HEADS = (
    "INSERT INTO heads SELECT coalesce(o.id, :last + row_number() OVER (PARTITION BY o.id IS NULL ORDER BY g.seq)),"
    f" g.order_id, {bit('o.id IS NULL')}, g.seq, g.row_count, {bit('g.has_twins + coalesce(o.has_twins, 0) > 0')},"
    f" {bit('g.low <> o.marketplace OR g.high <> o.marketplace')},"
    f" {bit('g.awaits = 1 AND o.id IS NOT NULL AND coalesce(o.named_at, 0) < :as_of')},"
    f" {bit(f'o.state IN {_UNCONFIRMED}')} FROM {_GROUPS}"
)
"""Each order of the slice, looked up once; what else is asked of a known one is noted with it."""
SPELLED_TWINS = "UPDATE heads SET has_twins = 1 WHERE row_count > 1"
"""Of a report that spells one SKU in several ways: which rows are about one line is looked at closely."""
COUNT_KNOWN = "SELECT count(*) FROM heads WHERE is_new = 0"
NAME_KNOWN = "INSERT INTO named SELECT id FROM heads WHERE is_named = 1"
"""Known orders of which the report says anew that they wait: `WRITE_NAMED` notes it, and `WRITE_NEW` of new ones."""
WAITING = "INSERT INTO waiting SELECT id FROM heads WHERE is_unconfirmed = 1"
"""Known orders for which a batch waits for a report to confirm it."""
MIXED = (
    "INSERT INTO moved SELECT h.id, h.order_id, coalesce((SELECT s.marketplace FROM sorted s WHERE s.order_id ="
    " h.order_id AND s.marketplace IS NOT NULL ORDER BY s.at DESC, s.marketplace DESC LIMIT 1), (SELECT min(s.given)"
    " FROM sorted s WHERE s.order_id = h.order_id)) FROM heads h WHERE h.is_new = 1 AND h.row_count > 1 AND"
    " (SELECT count(DISTINCT p.marketplace) FROM sorted s CROSS JOIN products p WHERE s.order_id = h.order_id"
    " AND p.id = s.product_id) > 1"
)
"""New orders whose rows are of several marketplaces."""
DISAGREE = "SELECT 1 FROM heads WHERE is_elsewhere = 1 LIMIT 1"
_PRODUCT_ELSEWHERE = (
    "SELECT b.id FROM products a JOIN products b ON b.sku = a.sku AND b.marketplace = v.marketplace WHERE a.id ="
)
KNOWN_MIXED = (
    "INSERT INTO moved SELECT h.id, h.order_id, coalesce((SELECT s.marketplace FROM sorted s WHERE s.order_id ="
    " h.order_id AND s.marketplace IS NOT NULL AND (o.by_hand = 1 OR s.at > coalesce(o.a_marketplace, o.at)"
    " OR (s.at = coalesce(o.a_marketplace, o.at) AND s.marketplace > o.marketplace))"
    " ORDER BY s.at DESC, s.marketplace DESC LIMIT 1), o.marketplace)"
    " FROM heads h CROSS JOIN orders o WHERE h.is_new = 0 AND o.id = h.id AND EXISTS (SELECT 1 FROM sorted s"
    " CROSS JOIN products p WHERE s.order_id = h.order_id AND p.id = s.product_id AND p.marketplace <> o.marketplace)"
)
SETTLE_MARKETPLACES = (
    *(
        "INSERT INTO products (marketplace, sku, asin, asin_at, title, title_at) SELECT v.marketplace, p.sku,"
        " max(p.asin), max(p.asin_at), max(p.title), max(p.title_at)"
        f" FROM moved v CROSS JOIN {of} x CROSS JOIN products p WHERE {condition} AND p.id = x.product_id"
        " GROUP BY v.marketplace, p.sku ON CONFLICT DO NOTHING"
        for of, condition in (("sorted", "x.order_id = v.order_id"), ("lines", "x.order_id = v.id"))
    ),
    f"UPDATE sorted SET product_id = ({_PRODUCT_ELSEWHERE} sorted.product_id) FROM moved v"
    " WHERE sorted.order_id = +v.order_id",
    f"UPDATE lines SET product_id = ({_PRODUCT_ELSEWHERE} lines.product_id) FROM moved v WHERE lines.order_id = +v.id",
    "UPDATE heads SET has_twins = 1 WHERE id IN (SELECT id FROM moved)",
)
"""A known order has one marketplace: the newest that Amazon named, else the one given by hand. Its lines and the rows
about it are of the products there.
"""
_FITS = f"(s.item_id IS NULL OR l.item_id IS NULL OR {same_id('l.item_id', 's.item_id')})"
_OTHER_HAS_ID = (
    "(s.item_id IS NOT NULL AND l.item_id IS NULL AND (SELECT min(x.line) FROM lines x WHERE x.order_id = h.id"
    f" AND {same_id('x.item_id', 's.item_id')}) IS NOT NULL)"  # for EXISTS a server would read all lines
)
NEWS = (
    "INSERT INTO news SELECT h.id,"
    f" max({bit(f'h.has_twins = 1 OR l.line IS NULL OR NOT {_FITS} OR {_OTHER_HAS_ID}')})"
    f" FROM heads h CROSS JOIN {ORDER} o CROSS JOIN sorted s LEFT JOIN lines l"
    " ON l.order_id = h.id AND +l.product_id = s.product_id"
    " WHERE o.id = h.id AND s.order_id = h.order_id AND h.is_new = 0 AND (h.has_twins = 1 OR o.sources & :source = 0"
    f" OR NOT {_order.says_nothing} OR l.line IS NULL OR NOT {_FITS} OR NOT {_SAYS_NOTHING}) GROUP BY h.id"
)
DROP_UNCHANGED = "DELETE FROM heads WHERE is_new = 0 AND id NOT IN (SELECT id FROM news)"
NEW_UNCLEAR = "INSERT INTO news SELECT id, 1 FROM heads WHERE is_new = 1 AND has_twins = 1"

_KEPT, _STATED, _PARTLY = finality("o.status"), finality("s.status"), finality("'partially_shipped'")
REVIVED = (
    "SELECT DISTINCT h.order_id, CASE WHEN 'cancelled' IN (o.status, s.status) THEN 'cancelled' ELSE 'shipped' END"
    " FROM heads h CROSS JOIN orders o CROSS JOIN sorted s WHERE h.is_new = 0 AND o.id = h.id"
    " AND s.order_id = h.order_id AND s.status IS NOT NULL AND o.status <> 'unknown'"
    f" AND (({_KEPT} > {_STATED} AND {_KEPT} > {_PARTLY} AND s.at > coalesce(o.a_status, o.at))"
    f" OR ({_STATED} > {_KEPT} AND {_STATED} > {_PARTLY} AND s.at < coalesce(o.a_status, o.at))) ORDER BY h.order_id"
)
"""Orders that one report calls cancelled or shipped, and a newer one not, with that word; before they are merged.

Not those that one calls partly shipped, and a newer one unshipped: they wait for shipment by both.
"""

# -- lines

_JOINED = (
    f"INSERT INTO joined SELECT l.order_id, l.line, 0, l.product_id, {', '.join(_line.values)}, {_line.at},"
    f" {', '.join(_line.dates)}, {_latest_wait('l')}, {_earliest('l')}, {_line.changed}"
)
JOIN_CLEAR = (
    f"{_JOINED} FROM news n CROSS JOIN heads h CROSS JOIN sorted s CROSS JOIN lines l WHERE n.is_unclear = 0"
    " AND h.id = n.id AND s.order_id = h.order_id AND l.order_id = h.id AND +l.product_id = s.product_id"
    f" AND NOT {_SAYS_NOTHING}"
)
JOIN_PAIRED = (
    f"{_JOINED} FROM {PAIRED} CROSS JOIN lines l WHERE p.place = 1 AND p.is_new = 0 AND {OF_PAIR}"
    f" AND l.order_id = p.id AND l.line = p.line AND (NOT {_SAYS_NOTHING} OR l.product_id <> s.product_id"
    " OR EXISTS (SELECT 1 FROM pairs q WHERE q.id = p.id AND q.line = p.line AND q.place > 1))",
    f"INSERT INTO joined SELECT p.id, p.line, 1, s.product_id, {columns('s', LINE_STATED)}, s.at, {first_dates('s')},"
    f" {_FIRST_WAIT}, s.at, 1 FROM {PAIRED} WHERE p.place = 1 AND p.is_new = 1 AND {OF_PAIR}",
)
JOIN_AGAIN = (
    f"UPDATE joined SET ({', '.join((*LINE_REGISTERS, 'changed'))}) = ({', '.join(_line_again.values)},"
    f" {_line_again.at}, {', '.join(_line_again.dates)}, {_latest_wait('joined')}, {_earliest('joined')},"
    f" {bit(f'joined.changed = 1 OR {_line_again.changed} = 1')}) FROM {PAIRED}"
    f" WHERE p.place = :place AND {OF_PAIR} AND joined.id = p.id AND joined.line = p.line"
)
"""Further rows about one line, one after the other."""
CHOOSE_SKU = (
    "UPDATE joined SET product_id = b.product_id, changed = 1 FROM (SELECT id, line, product_id, row_number() OVER"
    " (PARTITION BY id, line ORDER BY length(sku) DESC, sku DESC) AS n FROM (SELECT p.id AS id, p.line AS line,"
    f" s.product_id AS product_id, w.sku AS sku FROM {PAIRED} CROSS JOIN products w WHERE {OF_PAIR}"
    " AND w.id = s.product_id UNION ALL SELECT p.id, p.line, j.product_id, w.sku FROM pairs p CROSS JOIN joined j"
    " CROSS JOIN products w WHERE j.id = p.id AND j.line = p.line AND w.id = j.product_id) t) b"
    " WHERE b.n = 1 AND joined.id = b.id AND joined.line = b.line AND joined.product_id <> b.product_id"
)
"""The item id wins over the SKU. Of two SKUs the longer one stays: spreadsheets shorten them."""
_LINE_COLUMNS = ", ".join(("product_id", *LINE_REGISTERS))
WRITE_LINES = (
    f"UPDATE lines SET {', '.join(f'{name} = j.{name}' for name in ('product_id', *LINE_REGISTERS))} FROM joined j"
    " WHERE j.is_new = 0 AND lines.order_id = +j.id AND lines.line = +j.line",
    f"INSERT INTO lines (order_id, line, {_LINE_COLUMNS}) SELECT id, line, {_LINE_COLUMNS} FROM joined"
    " WHERE is_new = 1",
)
WRITE_NEW_LINES = (
    f"INSERT INTO lines (order_id, line, {_LINE_COLUMNS}) SELECT h.id, CASE WHEN h.row_count = 1 THEN 1 ELSE (SELECT"
    " count(*) FROM sorted t WHERE t.order_id = s.order_id AND t.seq <= s.seq) END, s.product_id,"
    f" {columns('s', LINE_STATED)}, s.at, {first_dates('s')}, {_FIRST_WAIT}, s.at"
    " FROM heads h CROSS JOIN sorted s WHERE h.is_new = 1 AND h.has_twins = 0 AND s.order_id = h.order_id"
)

# -- orders

ODD = (
    "INSERT INTO odd SELECT h.id, row_number() OVER (PARTITION BY h.id ORDER BY s.seq), s.at,"
    f" {columns('s', ORDER_STATED)} FROM heads h CROSS JOIN sorted f CROSS JOIN sorted s WHERE h.row_count > 1"
    " AND f.order_id = h.order_id AND f.seq = h.seq AND s.order_id = h.order_id AND s.seq > h.seq AND (s.at <> f.at OR "
    + " OR ".join(f"s.{name} IS DISTINCT FROM f.{name}" for name in ORDER_STATED)
    + ")"
)
"""Further rows of an order that state something else of it than its first."""
MERGE_NEW = (
    f"INSERT INTO merged SELECT h.id, h.order_id, 1, {columns('s', ORDER_STATED)}, s.at, {_NULL_ORDER_DATES}, :source,"
    " 1, CASE WHEN s.marketplace IS NULL THEN (SELECT min(g.given) FROM sorted g WHERE g.order_id = h.order_id) END"
    " FROM heads h CROSS JOIN sorted s WHERE h.is_new = 1 AND s.order_id = h.order_id AND s.seq = h.seq"
)
MERGE_KNOWN = (
    f"INSERT INTO merged SELECT o.id, o.order_id, 0, {', '.join(_order.values)}, {_order.at},"
    f" {', '.join(_order.dates)}, o.sources | :source, {_order.changed}, o.given FROM heads h CROSS JOIN {ORDER} o"
    " CROSS JOIN sorted s WHERE h.is_new = 0 AND o.id = h.id AND s.order_id = h.order_id AND s.seq = h.seq"
    f" AND (NOT {_order.says_nothing} OR o.sources & :source = 0 OR h.id IN (SELECT id FROM odd)"
    " OR h.id IN (SELECT id FROM joined))"
)
MERGE_AGAIN = (
    f"UPDATE merged SET ({', '.join((*ORDER_REGISTERS, 'changed'))}) = ({', '.join(_again.values)}, {_again.at},"
    f" {', '.join(_again.dates)}, {bit(f'merged.changed = 1 OR {_again.changed} = 1')}) FROM odd s"
    " WHERE s.place = :place AND merged.id = s.id"
)
UNDATED = (
    "SELECT DISTINCT coalesce(m.marketplace, m.given), m.ship_by FROM merged m LEFT JOIN {deadlines} d"
    " ON d.marketplace = coalesce(m.marketplace, m.given) AND d.ship_by = m.ship_by"
    " WHERE m.ship_by IS NOT NULL AND d.ship_by IS NULL"
)
"""When Amazon cancels is not in SQL: the policies say so for each marketplace and ship-by time."""
_HAS_TWINS = bit(f"NOT ({ALL_DIFFER})")
_SUMS = (
    f"SELECT m.id AS id, {ITEMS} AS items, CASE WHEN count(l.waits_at) = 0 OR (count(l.waits_at) = count(*)"
    f" AND min(l.waits_at) = max(l.waits_at)) THEN sum(l.quantity_shipped) ELSE {SUM_OF_UNITS} END AS units_shipped,"
    f" {CANCELLED_LINES} AS cancelled_lines, {TOTAL} AS total,"
    f" min(l.currency) AS currency, {REPORTED_REQUEST} AS reported,"
    f" {SHOWN_PRODUCT} AS product_id, CASE WHEN count(*) > 1 THEN (SELECT"
    f" {_HAS_TWINS} FROM lines a WHERE a.order_id = m.id) ELSE 0 END AS has_twins"
    " FROM merged m CROSS JOIN lines l WHERE m.is_new = {is_new} AND l.order_id = m.id GROUP BY m.id"
)
_FILLED = {name: f"coalesce(m.{name}, 'unknown') AS {name}" for name in UNKNOWN_WORD}
_FILLED["marketplace"] = "coalesce(m.marketplace, m.given) AS marketplace"
_FIELDS = ", ".join(_FILLED.get(name, f"m.{name}") for name in ORDER_STATED)
_ALL = (*ORDER_REGISTERS, "sources", *DERIVED)


def _derive(is_new: int, more: str) -> str:
    """Return the orders with all that follows from their fields and lines."""
    derived = {
        "currency": "CASE WHEN total IS NOT NULL THEN currency END AS currency",
        "total": "CASE WHEN currency IS NOT NULL THEN total END AS total",
        "situation": f"{SITUATION} AS situation",
        "auto_cancel_at": "due AS auto_cancel_at",
    }
    joined = "coalesce((SELECT max(j.changed) FROM joined j WHERE j.id = m.id), 0)"
    changed = bit(f"m.changed = 1 OR {joined} = 1 OR s.units_shipped IS DISTINCT FROM o.units_shipped")
    known = "NULL" if is_new else "m.id"  # of a new order there is nothing to look up
    return (
        f"SELECT id, {', '.join((*ORDER_REGISTERS, 'sources'))}, {', '.join(derived.get(n, n) for n in DERIVED)}{more}"
        f" FROM (SELECT m.id, m.order_id, {_FIELDS}, {columns('m', ORDER_REGISTERS[len(ORDER_STATED) :])},"
        f" m.sources | CASE WHEN r.impacts IS NULL THEN 0 ELSE {ReportKind.CANCELLATION_RATE.bit} END AS sources,"
        f" {changed} AS changed, s.items, s.units_shipped, s.cancelled_lines, s.total, s.currency,"
        f" {REQUEST} AS buyer_request, {CANCELLED_BY} AS cancelled_by, {AMAZON_COUNTS} AS amazon_counts,"
        f" {bit('m.marketplace IS NULL')} AS by_hand, coalesce(o.dispatched, 'unknown') AS dispatched,"
        f" CASE WHEN coalesce(o.refunded, 'none') = 'none' THEN 'none' ELSE {refunded('m.id')} END AS refunded,"
        " d.due, s.product_id, s.has_twins"
        f" FROM ({_SUMS.format(is_new=is_new)}) s CROSS JOIN merged m LEFT JOIN orders o ON o.id = {known}"
        f" LEFT JOIN operator_facts f ON f.order_id = {known} LEFT JOIN rate_report r ON r.order_id = m.order_id"
        " LEFT JOIN said_cancelled c ON c.order_id = m.order_id LEFT JOIN {deadlines} d"
        " ON d.marketplace = coalesce(m.marketplace, m.given) AND d.ship_by = m.ship_by"
        f" WHERE m.id = s.id AND m.is_new = {is_new}) v"
    )


_NAMED_AT = f"CASE WHEN status IN {in_list(AWAITING_SHIPMENT)} THEN CAST(:as_of AS bigint) END"
WRITE_NEW = f"INSERT INTO orders (id, {', '.join(_ALL)}, order_id, named_at) {_derive(1, f', order_id, {_NAMED_AT}')}"
_UPDATE = (
    f"UPDATE orders SET {', '.join(f'{name} = x.{name}' for name in _ALL)}, version = orders.version + x.changed{{}}"
    " FROM rewritten x WHERE orders.id = +x.id"
)
WRITE_KNOWN = (f"INSERT INTO rewritten {_derive(0, ', changed')}", _UPDATE.format(""))
WRITE_NAMED = (
    WRITE_KNOWN[0],
    _UPDATE.format(
        ", named_at = CASE WHEN x.id IN (SELECT id FROM named) THEN CAST(:as_of AS bigint) ELSE orders.named_at END"
    ),
    "UPDATE orders SET named_at = :as_of FROM named n WHERE orders.id = +n.id"
    " AND NOT EXISTS (SELECT 1 FROM rewritten x WHERE x.id = n.id)",
)
"""As `WRITE_KNOWN`, and who waits (`named`). Each order is written once: a server writes all its index entries anew,
which took it a sixth of an Unshipped report.
"""
COUNT_CHANGED = "SELECT CAST(coalesce(sum(changed), 0) AS bigint) FROM rewritten"
SHOWN = (
    f"SELECT o.id, o.open_action FROM waiting w CROSS JOIN orders o WHERE o.id = w.id AND +o.state IN {_UNCONFIRMED}"
    " AND o.status = CASE o.open_action WHEN 'cancel' THEN 'cancelled' WHEN 'confirm' THEN 'shipped' END"
)
"""Orders of which the report shows that the action of a batch was done, with that action."""
