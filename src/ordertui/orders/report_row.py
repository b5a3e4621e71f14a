"""One row of a report as a plain tuple: what the readers of `amazon.reports` return and the store takes in.

A tuple, not a struct: an import builds a million of them, column by column.
"""

from __future__ import annotations

from typing import TypeAlias

from .order import COMPONENTS

ROW_FIELDS = (
    "line_no", "order_id", "order_item_id", "marketplace", "channel", "status", "item_status", "purchased_at",
    "ship_by", "fact_at", "sku", "asin", "title", "quantity", "quantity_shipped", "currency", *COMPONENTS,
    "buyer_request", "request_reason", "replacement", "business", "prime", "item_promotion_id", "ship_promotion_id",
    "marketplace_by_hand",
)  # fmt: skip
"""Names of a row's values, in order.

A value is None when the report does not state it. Times are epoch seconds, amounts are minor units of `currency`;
`fact_at` is the time at which the row's facts were true. Amazon repeats an item for each of its promotions; of a
further row that states promotions alone only their amounts are there. `marketplace_by_hand` is 1 when the row names no
marketplace and the operator's, or the order's, was taken.
"""

(
    LINE_NO, ORDER_ID, ITEM_ID, MARKETPLACE, CHANNEL, STATUS, ITEM_STATUS, PURCHASED_AT, SHIP_BY, FACT_AT, SKU, ASIN,
    TITLE, QUANTITY, QUANTITY_SHIPPED, CURRENCY,
) = range(16)  # fmt: skip
AMOUNTS = slice(16, 24)
"""The money components, in the order of COMPONENTS."""
(
    BUYER_REQUEST, REQUEST_REASON, REPLACEMENT, BUSINESS, PRIME, ITEM_PROMOTION_ID, SHIP_PROMOTION_ID,
    MARKETPLACE_BY_HAND,
) = range(24, 32)  # fmt: skip

ReportRow: TypeAlias = tuple[object, ...]
