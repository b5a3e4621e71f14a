"""One row of a report as a plain tuple: what the readers hand out and the store takes in."""

from __future__ import annotations

from .order import COMPONENTS

ROW_FIELDS = (
    "line_no",
    "order_id",
    "order_item_id",
    "marketplace",
    "channel",
    "status",
    "item_status",
    "purchased_at",
    "ship_by",
    "fact_at",
    "sku",
    "asin",
    "title",
    "quantity",
    "quantity_shipped",
    "currency",
    *COMPONENTS,
    "buyer_request",
    "request_reason",
    "replacement",
    "business",
    "prime",
)
"""Names of a row's values, in order. None: the report does not say."""

ORDER_ID = 1
ITEM_ID = 2
FACT_AT = 9
SKU = 10
PRICE = slice(16, 24)

Row = tuple[object, ...]
