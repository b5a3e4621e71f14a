"""Which row is about which line, for the orders in which the SKUs alone do not tell: statements over `pairs`."""

from __future__ import annotations

from ordertui.orders.order import COMPONENTS
from ordertui.store.repositories.derived_facts import ACTIVE, STANDS_TWICE, UNPAID

from .fields import bit, rank

PROMOTIONS = tuple(
    f"UPDATE sorted SET {name} = CASE WHEN sorted.item_price IS NULL THEN sorted.{name} ELSE b.amount END,"
    f" {name}_id = CASE WHEN b.promotions = 1 THEN b.promotion END FROM (SELECT order_id, at, item,"
    " sum(amount) AS amount, count(*) AS promotions, max(promotion) AS promotion FROM (SELECT DISTINCT"
    " s.order_id AS order_id, s.at AS at,"
    f" ltrim(s.item_id, '0') AS item, s.{name}_id AS promotion, s.{name} AS amount FROM news n CROSS JOIN heads h"
    " CROSS JOIN sorted s WHERE n.is_unclear = 1 AND h.id = n.id AND s.order_id = h.order_id"
    f" AND s.item_id IS NOT NULL AND s.{name} > 0) t GROUP BY order_id, at, item) b"
    " WHERE sorted.order_id = b.order_id AND sorted.at = b.at AND ltrim(sorted.item_id, '0') = b.item"
    for name in ("item_promotion", "ship_promotion")
)
"""Amazon repeats an item for each of its promotions: its price counts once, and each promotion once. The id is kept of
a single promotion: an amount that several make up has none.
"""
SKUS = (
    "SELECT p.id, p.sku FROM products p WHERE p.id IN (SELECT s.product_id FROM news n CROSS JOIN heads h CROSS JOIN"
    " sorted s WHERE n.is_unclear = 1 AND h.id = n.id AND s.order_id = h.order_id UNION SELECT l.product_id FROM news n"
    " CROSS JOIN lines l WHERE n.is_unclear = 1 AND l.order_id = n.id)"
)
"""The products of unclear orders, whose spelling Python compares: no engine knows how accents are made."""
_CONTENT = ", ".join((
    "coalesce(s.quantity_shipped, 0) DESC",
    rank("s.item_status"),
    *(f"coalesce(s.{name}, -1)" for name in (*COMPONENTS, "quantity")),
    "coalesce(s.currency, '')",
    "s.seq",
))  # fmt: skip
_RUNS = (
    "(SELECT n.id AS id, s.seq AS seq, s.at AS at, ltrim(s.item_id, '0') AS item, s.product_id AS product_id,"
    f" k.sku_key AS sku_key, s.quantity AS quantity, s.item_price AS price,"
    f" row_number() OVER (ORDER BY {_CONTENT}) AS n,"
    " s.seq - row_number() OVER (PARTITION BY n.id ORDER BY s.seq) AS run"
    " FROM news n CROSS JOIN heads h CROSS JOIN sorted s CROSS JOIN spellings k WHERE n.is_unclear = 1 AND h.id = n.id"
    " AND s.order_id = h.order_id AND k.product_id = s.product_id) r"
)
_TWINS = (
    "(SELECT r.*, CASE WHEN item IS NULL THEN row_number() OVER (PARTITION BY id, at, sku_key, quantity, price,"
    f" item, run ORDER BY seq) END AS twin FROM {_RUNS}) w"
)
_COPIES = (
    "(SELECT w.*, CASE WHEN item IS NULL THEN row_number() OVER (PARTITION BY id, at, sku_key, quantity, price,"
    f" item, twin ORDER BY run) ELSE 1 END AS copy FROM {_TWINS}) c"
)
_UNCLEAR = f"(SELECT c.*, dense_rank() OVER (PARTITION BY id ORDER BY at, copy) AS round FROM {_COPIES}) t"
_PLACED = (
    f"SELECT t.*, row_number() OVER (PARTITION BY id, round, sku_key ORDER BY t.{{}}) AS place FROM {_UNCLEAR}"
    " WHERE item IS NULL"
)
UNCLEAR = (
    "INSERT INTO unclear_rows SELECT id, seq, round, at, item, product_id, sku_key, quantity, row_number() OVER"
    " (PARTITION BY id, round, item ORDER BY seq), min(seq) OVER (PARTITION BY id, round, item), seq"
    f" FROM {_UNCLEAR} WHERE item IS NOT NULL",
    f"INSERT INTO unclear_rows SELECT a.id, a.seq, a.round, a.at, NULL, a.product_id, a.sku_key, a.quantity, 1, a.seq,"
    f" b.seq FROM ({_PLACED.format('n')}) a JOIN ({_PLACED.format('seq')}) b"
    " ON a.id = b.id AND a.round = b.round AND a.sku_key = b.sku_key AND a.place = b.place",
    "INSERT INTO unclear_lines SELECT l.order_id, l.line, ltrim(l.item_id, '0'), coalesce(l.a_item_id, l.at),"
    " l.product_id, k.sku_key, l.quantity, coalesce(l.a_quantity, l.at) FROM news n CROSS JOIN lines l"
    " CROSS JOIN spellings k WHERE n.is_unclear = 1 AND l.order_id = n.id AND k.product_id = l.product_id",
)
"""Rows of one order with different dates are of different reports, put into one file: each date is a round.

So is, of one date and without item ids, a row that stands again (SKU, units and price) where the order comes up again
after others (another `run`): a report names an order in one place, and one that was sorted otherwise keeps like rows
together. Like rows that follow each other stay two items, as far as one place has them.

Rows without item ids of one SKU change places (`slot`) so that they stand in the order of what they say: the items of a
report are joined in the same way however its rows are sorted.
"""


OTHER_ID, OTHER_SKU = 1, 2
"""By what else than before a report names a known line: values of `pairs.renamed`."""


def _pair(keys: str, rows: str, lines: str, *, renamed: int = 0) -> str:
    """Pair rows and lines that are free yet and agree in `keys`, in file order."""
    names = [name.strip() for name in keys.split(",")]
    agree = " AND ".join(f"r.{name} = l.{name}" for name in names)
    taken = "NOT EXISTS (SELECT 1 FROM pairs p WHERE p.id = f.id AND p.round = :round AND"
    return (
        f"INSERT INTO pairs SELECT r.id, r.seq, :round, l.line, 0, 1, {renamed} FROM (SELECT id, seq, {keys},"
        f" row_number() OVER (PARTITION BY id, {keys} ORDER BY slot) AS n FROM unclear_rows f WHERE again = 1"
        f" AND round = :round AND {rows} AND {taken} p.seq = f.seq)) r JOIN (SELECT id, line,"
        f" {keys}, row_number() OVER (PARTITION BY id, {keys} ORDER BY line) AS n FROM unclear_lines f"
        f" WHERE {lines} AND {taken} p.line = f.line)) l ON r.id = l.id AND r.n = l.n AND {agree}"
    )


def _pair_other_sku() -> str:
    """Pair the only row and line that are left with one title and quantity, when one of the two has no item id.

    A line whose SKU the report names in any row is not left.
    """

    def left(column: str, table: str, condition: str) -> str:
        return (
            f"(SELECT f.id AS id, w.title AS title, f.quantity AS quantity, min(f.{column}) AS {column},"
            f" max(f.item) AS item FROM {table} f CROSS JOIN products w WHERE {condition} AND w.id = f.product_id"
            " AND w.title IS NOT NULL AND f.quantity > 0 AND NOT EXISTS (SELECT 1 FROM pairs p WHERE p.id = f.id"
            f" AND p.round = :round AND p.{column} = f.{column}) GROUP BY f.id, w.title, f.quantity"
            " HAVING count(*) = 1)"
        )

    named = "SELECT 1 FROM unclear_rows u WHERE u.id = f.id AND u.sku_key = f.sku_key"
    rows = left("seq", "unclear_rows", "again = 1 AND round = :round")
    lines = left("line", "unclear_lines", f"NOT EXISTS ({named})")
    return (
        f"INSERT INTO pairs SELECT r.id, r.seq, :round, l.line, 0, 1, {OTHER_SKU} FROM {rows} r JOIN {lines} l"
        " ON l.id = r.id AND l.title = r.title AND l.quantity = r.quantity AND (l.item IS NULL) <> (r.item IS NULL)"
    )


_SAME = ("product_id, quantity", "product_id", "sku_key, quantity", "sku_key")
PAIRS = (
    _pair("item", "item IS NOT NULL", "item IS NOT NULL"),
    *(_pair(keys, "item IS NOT NULL", "item IS NULL") for keys in _SAME),
    *(
        _pair(keys, "item IS NOT NULL", "item IS NOT NULL", renamed=OTHER_ID)
        for keys in ("product_id, quantity", "sku_key, quantity")
    ),
    *(_pair(keys, "item IS NULL", "1 = 1") for keys in _SAME),
    _pair_other_sku(),
    "INSERT INTO pairs SELECT id, seq, :round, (SELECT coalesce(max(l.line), 0) FROM unclear_lines l"
    " WHERE l.id = r.id) + row_number() OVER (PARTITION BY id ORDER BY slot), 1, 1, 0 FROM unclear_rows r"
    " WHERE again = 1 AND round = :round AND NOT EXISTS (SELECT 1 FROM pairs p WHERE p.id = r.id AND p.seq = r.seq)",
    "INSERT INTO pairs SELECT r.id, r.seq, :round, p.line, p.is_new, r.again, 0 FROM unclear_rows r CROSS JOIN pairs p"
    " WHERE r.again > 1 AND r.round = :round AND p.id = r.id AND p.seq = r.first_seq",
)
"""One round. A row is about the line with its item id, else one of its SKU without an id (of its quantity, if there is
one), else one of its SKU and quantity with another id. A row without an id is about any line of its SKU. A SKU that is
only spelled otherwise (`sku_key`) comes after the same one. Rows of one id are about one line. What has no item id came
from All Orders, which names every line of an order: a row and a line that are left, with one title and quantity, are
one item whose SKU was changed. Each other row that is left is a line that was not known.
"""
_OF_ROUND = "pairs p CROSS JOIN unclear_rows r WHERE p.round = :round AND r.id = p.id AND r.seq = p.seq"
_LATER = "b.{0} IS NOT NULL AND (unclear_lines.{0} IS NULL OR b.at > {0}_at)"
_WINS = f"{_LATER} OR (b.at = {{0}}_at AND b.{{0}} > unclear_lines.{{0}})"
TAKE_IN = (
    f"INSERT INTO unclear_lines SELECT p.id, p.line, r.item, r.at, r.product_id, r.sku_key, r.quantity, r.at"
    f" FROM {_OF_ROUND} AND r.again = 1 AND p.is_new = 1",
    "UPDATE unclear_lines SET "
    + ", ".join(
        f"{name} = CASE WHEN {_WINS.format(name)} THEN b.{name} ELSE unclear_lines.{name} END,"
        f" {name}_at = CASE WHEN {_LATER.format(name)} THEN b.at ELSE {name}_at END"
        for name in ("item", "quantity")
    )
    + " FROM (SELECT p.id AS id, p.line AS line, max(r.item) AS item, max(r.quantity) AS quantity, max(r.at) AS at"
    f" FROM {_OF_ROUND} GROUP BY p.id, p.line) b WHERE unclear_lines.id = b.id AND unclear_lines.line = b.line",
    "UPDATE unclear_lines SET product_id = b.product_id, sku_key = b.sku_key FROM (SELECT t.*, row_number() OVER"
    " (PARTITION BY id, line ORDER BY length(sku) DESC, sku DESC) AS n FROM (SELECT p.id AS id, p.line AS line,"
    " w.id AS product_id, r.sku_key AS sku_key, w.sku AS sku FROM pairs p CROSS JOIN unclear_rows r"
    " CROSS JOIN products w WHERE p.round = :round AND r.id = p.id AND r.seq = p.seq AND w.id = r.product_id UNION ALL"
    " SELECT l.id, l.line, w.id, l.sku_key, w.sku FROM pairs p CROSS JOIN unclear_lines l CROSS JOIN products w"
    " WHERE p.round = :round AND l.id = p.id AND l.line = p.line AND w.id = l.product_id) t) b"
    " WHERE b.n = 1 AND unclear_lines.id = b.id AND unclear_lines.line = b.line"
    " AND unclear_lines.product_id <> b.product_id",
)
"""Between two rounds: a line has the item id, units and SKU that it will have once it took in the rows so far, by the
rules of `fields.Merge` and `statements.CHOOSE_SKU`. So one file pairs as its rounds would in files of their own.
"""
PLACES = (
    "UPDATE pairs SET place = b.place, is_new = b.is_new FROM (SELECT id, seq, row_number() OVER (PARTITION BY id, line"
    " ORDER BY round, seq) AS place, max(is_new) OVER (PARTITION BY id, line) AS is_new FROM pairs) b"
    " WHERE pairs.id = b.id AND pairs.seq = b.seq"
)
"""In which order the rows about one line are merged."""
PAIRED = "pairs p CROSS JOIN heads h CROSS JOIN sorted s"
OF_PAIR = "h.id = p.id AND s.order_id = h.order_id AND s.seq = p.seq"
RENAMED = (
    "SELECT h.order_id, l.item_id, s.item_id FROM pairs p CROSS JOIN heads h CROSS JOIN sorted s CROSS JOIN lines l"
    f" WHERE p.renamed = {OTHER_ID} AND {OF_PAIR} AND l.order_id = p.id AND l.line = p.line ORDER BY s.seq"
)
"""Lines that the report names under another item id: (order id, known item id, the report's)."""
RENAMED_SKU = (
    "SELECT h.order_id, k.sku, w.sku FROM pairs p CROSS JOIN heads h CROSS JOIN sorted s CROSS JOIN lines l CROSS JOIN"
    f" products k CROSS JOIN products w WHERE p.renamed = {OTHER_SKU} AND {OF_PAIR} AND l.order_id = p.id"
    " AND l.line = p.line AND k.id = l.product_id AND w.id = s.product_id ORDER BY s.seq"
)
"""Lines that the report names under another SKU: (order id, known SKU, the report's)."""
TWICE = (
    "SELECT DISTINCT h.order_id, p.sku FROM news n CROSS JOIN heads h CROSS JOIN lines l CROSS JOIN products p"
    f" WHERE n.is_unclear = 1 AND h.id = n.id AND l.order_id = h.id AND p.id = l.product_id AND {STANDS_TWICE}"
    " ORDER BY h.order_id, p.sku"
)
"""Lines without an item id that may be another line of their order: (order id, SKU)."""


def other_promotions(*, is_dated: bool) -> str:
    """Return SQL: known items to which the report gives other promotions for the same price: (order id, item id or SKU,
    whether none is kept though the report, or one before it, names one).

    A promotion does not change after the purchase. So one report may have been split over two files, each with a part
    of the promotions; or one of two reports leaves the cell empty: a report that dates its rows replaces a promotion
    by an empty cell or 0, and one that does not replaces nothing that is dated.
    """
    names = ("item_promotion", "ship_promotion")
    kept, empty = ("l", "s") if is_dated else ("s", "l")
    lost = " OR ".join(f"({kept}.{name} > 0 AND coalesce({empty}.{name}, 0) = 0)" for name in names)
    other = " OR ".join(
        f"(s.{name} > 0 AND l.{name} > 0 AND (s.{name} <> l.{name} OR s.{name}_id <> l.{name}_id))" for name in names
    )
    return (
        f"SELECT DISTINCT h.order_id, coalesce(l.item_id, p.sku), {bit(lost)} FROM news n CROSS JOIN heads h"
        " CROSS JOIN sorted s CROSS JOIN lines l CROSS JOIN products p WHERE h.id = n.id AND s.order_id = h.order_id"
        " AND l.order_id = h.id AND p.id = l.product_id"
        " AND (l.item_id = s.item_id OR (l.product_id = s.product_id AND n.is_unclear = 0))"
        f" AND l.item_price = s.item_price AND {ACTIVE} AND ({lost} OR {other})"
        " ORDER BY h.order_id, coalesce(l.item_id, p.sku)"
    )


OTHER_PRICES = (
    "SELECT DISTINCT h.order_id, coalesce(l.item_id, p.sku) FROM news n CROSS JOIN heads h CROSS JOIN sorted s"
    " CROSS JOIN lines l CROSS JOIN products p WHERE h.id = n.id AND s.order_id = h.order_id AND l.order_id = h.id"
    " AND p.id = l.product_id AND (l.item_id = s.item_id OR (l.product_id = s.product_id AND n.is_unclear = 0)) AND ("
    + " OR ".join(f"s.{name} <> l.{name}" for name in (*COMPONENTS[:6], "currency"))
    + ") ORDER BY h.order_id, coalesce(l.item_id, p.sku)"
)
"""Known items of which a report that does not date its rows gives another price or currency: (order id, item id, or SKU
without one).
"""
ABOVE_PRICE = (
    "SELECT DISTINCT h.order_id, coalesce(l.item_id, p.sku) FROM heads h CROSS JOIN lines l CROSS JOIN products p"
    " WHERE h.order_id IN (SELECT order_id FROM sorted WHERE item_promotion > 0 OR ship_promotion > 0)"
    f" AND l.order_id = h.id AND p.id = l.product_id AND {ACTIVE} AND l.item_price IS NOT NULL AND {UNPAID}"
    " ORDER BY h.order_id, coalesce(l.item_id, p.sku)"
)
"""Items of these orders of which more is taken off than there is to pay: (order id, item id, or SKU without one). A
cancelled item is none of them: it may keep its promotions beside a price of zero.
"""
