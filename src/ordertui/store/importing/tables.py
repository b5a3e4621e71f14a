"""The temporary tables of an import: the rows of the report, and what a slice of them works with."""

from __future__ import annotations

from ordertui.orders.report_row import ORDER_ID, ROW_FIELDS, SKU, TITLE

from .fields import LINE_DATES, LINE_KEPT, LINE_STATED, ORDER_DATES, ORDER_FIELDS, ORDER_STATED, typed

STAGED_VALUES = (*range(ORDER_ID, SKU), *range(TITLE + 1, len(ROW_FIELDS)))
"""The places of the values of a row of a report that are staged as they came."""
STAGED = ("seq", "word", *(ROW_FIELDS[place] for place in STAGED_VALUES))
"""The columns of a staged row. `word` is the number of its product in `words`, `seq` its place among all rows."""
SORTED = ("seq", "order_id", *ORDER_STATED, "at", *LINE_STATED, "given")
"""The columns of a row of a slice. `given` is the marketplace by hand of a row that names none."""
ORDER_REGISTERS = (*ORDER_STATED, "at", *ORDER_DATES)
LINE_REGISTERS = (*LINE_KEPT, "at", *LINE_DATES, "waits_at", "first_at")
DERIVED = (
    "items", "units_shipped", "cancelled_lines", "total", "currency", "buyer_request", "cancelled_by", "situation",
    "auto_cancel_at", "product_id", "has_twins", "amazon_counts", "by_hand", "refunded",
)  # fmt: skip
"""Columns of `orders` that follow from its fields, its lines and what the journal and the operator know."""
OF_IMPORT = {
    "stage": typed(STAGED).replace("seq INTEGER", "seq INTEGER PRIMARY KEY", 1),
    "words": "n INTEGER PRIMARY KEY, marketplace TEXT, sku TEXT, asin TEXT, title TEXT, at INTEGER",
    "word_products": "n INTEGER PRIMARY KEY, product_id INTEGER",
    "far": "order_id TEXT PRIMARY KEY",
    "deadlines": "marketplace TEXT, ship_by INTEGER, due INTEGER, PRIMARY KEY (marketplace, ship_by)",
}
"""Tables that last as long as the import."""
OF_SLICE = {
    "sorted": f"{typed(SORTED)}, product_id INTEGER, PRIMARY KEY (order_id, seq)",
    "heads": "id INTEGER PRIMARY KEY, order_id TEXT, is_new INTEGER, seq INTEGER, row_count INTEGER,"
    " has_twins INTEGER, is_elsewhere INTEGER, is_named INTEGER, is_unconfirmed INTEGER",
    "named": "id INTEGER PRIMARY KEY",
    "waiting": "id INTEGER PRIMARY KEY",
    "moved": "id INTEGER PRIMARY KEY, order_id TEXT, marketplace TEXT",
    "news": "id INTEGER PRIMARY KEY, is_unclear INTEGER",
    "spellings": "product_id INTEGER PRIMARY KEY, sku_key TEXT",
    "unclear_rows": "id INTEGER, seq INTEGER, round INTEGER, at INTEGER, item TEXT, product_id INTEGER,"
    " sku_key TEXT, quantity INTEGER, again INTEGER, first_seq INTEGER, slot INTEGER, PRIMARY KEY (id, seq)",
    "unclear_lines": "id INTEGER, line INTEGER, item TEXT, item_at INTEGER, product_id INTEGER, sku_key TEXT,"
    " quantity INTEGER, quantity_at INTEGER, PRIMARY KEY (id, line)",
    "pairs": "id INTEGER, seq INTEGER, round INTEGER, line INTEGER, is_new INTEGER, place INTEGER,"
    " renamed INTEGER, PRIMARY KEY (id, seq)",
    "joined": f"id INTEGER, line INTEGER, is_new INTEGER, product_id INTEGER, {typed(LINE_REGISTERS)},"
    " changed INTEGER, PRIMARY KEY (id, line)",
    "odd": f"id INTEGER, place INTEGER, at INTEGER, {typed(ORDER_STATED)}",
    "merged": f"id INTEGER PRIMARY KEY, order_id TEXT, is_new INTEGER, {typed(ORDER_REGISTERS)}, sources INTEGER,"
    " changed INTEGER, given TEXT",
    "rewritten": f"id INTEGER PRIMARY KEY, {typed((*ORDER_REGISTERS, 'sources'))}, {typed(DERIVED)}, changed INTEGER",
}
"""Tables that each slice fills anew."""
assert len(ORDER_FIELDS) == len(ORDER_STATED), "a field of an order is one column"
