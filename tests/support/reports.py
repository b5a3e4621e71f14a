"""Reports for reader tests: every kind with all of Amazon's columns, buyers' data planted in the ones that must be
dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from ordertui.amazon.reports import RejectedRow, ReportInfo, inspect, read_orders
from ordertui.amazon.reports.inspect import BLOCK_BYTES
from ordertui.orders.marketplace import by_sales_channel
from ordertui.orders.report_row import ROW_FIELDS

ALL_ORDERS = [
    "amazon-order-id",
    "merchant-order-id",
    "purchase-date",
    "last-updated-date",
    "order-status",
    "fulfillment-channel",
    "sales-channel",
    "order-channel",
    "ship-service-level",
    "product-name",
    "sku",
    "asin",
    "item-status",
    "quantity",
    "currency",
    "item-price",
    "item-tax",
    "shipping-price",
    "shipping-tax",
    "gift-wrap-price",
    "gift-wrap-tax",
    "item-promotion-discount",
    "ship-promotion-discount",
    "ship-city",
    "ship-state",
    "ship-postal-code",
    "ship-country",
    "promotion-ids",
    "is-business-order",
    "purchase-order-number",
    "price-designation",
]
UNSHIPPED = [
    "order-id",
    "order-item-id",
    "purchase-date",
    "payments-date",
    "reporting-date",
    "promise-date",
    "days-past-promise",
    "buyer-email",
    "buyer-name",
    "buyer-phone-number",
    "sku",
    "product-name",
    "quantity-purchased",
    "quantity-shipped",
    "quantity-to-ship",
    "ship-service-level",
    "recipient-name",
    "ship-address-1",
    "ship-address-2",
    "ship-address-3",
    "ship-city",
    "ship-state",
    "ship-postal-code",
    "ship-country",
    "is-business-order",
    "is-prime",
    "sales-channel",
    "is-buyer-requested-cancellation",
    "buyer-requested-cancel-reason",
]
NEW_ORDERS = [
    "order-id",
    "order-item-id",
    "purchase-date",
    "payments-date",
    "buyer-email",
    "buyer-name",
    "buyer-phone-number",
    "sku",
    "product-name",
    "quantity-purchased",
    "currency",
    "item-price",
    "item-tax",
    "shipping-price",
    "shipping-tax",
    "ship-service-level",
    "recipient-name",
    "ship-address-1",
    "ship-address-2",
    "ship-address-3",
    "ship-city",
    "ship-state",
    "ship-postal-code",
    "ship-country",
    "ship-phone-number",
    "delivery-Instructions",
    "sales-channel",
    "item-promotion-discount",
    "ship-promotion-discount",
]
COLUMNS = {"all_orders": ALL_ORDERS, "unshipped": UNSHIPPED, "new_orders": NEW_ORDERS}
BUYER = {
    "buyer-email": "zqmail7@marketplace.amazon.com",
    "buyer-name": "Zquinn Buyerson",
    "buyer-phone-number": "+1 555-0137-909",
    "recipient-name": "Zrecip Ient",
    "ship-address-1": "77 Zstreet Rd",
    "ship-address-2": "Zunit 9",
    "ship-address-3": "Zfloor",
    "ship-city": "Zcityville",
    "ship-state": "ZState",
    "ship-postal-code": "Z9Q-7X1",
    "ship-phone-number": "+1 555-0188-404",
    "delivery-Instructions": "Zleave at door",
}
"""What must never get past the reader."""
MONEY = ("item-price", "item-tax", "shipping-price", "shipping-tax", "gift-wrap-price", "gift-wrap-tax")


def cells(kind: str, number: int = 1, **more: str) -> dict[str, str]:
    """A sound row of a kind; `more` by column, with underscores."""
    row = {
        "order-id": f"113-{number:07d}-0000009",
        "order-item-id": f"0{number:014d}",
        "merchant-order-id": "",
        "purchase-date": "2026-11-20T10:00:00+00:00",
        "payments-date": "2026-11-20T02:00:00-08:00",
        "reporting-date": "2026-11-23T08:00:00+00:00",
        "promise-date": "2026-11-25T07:59:59+00:00",
        "last-updated-date": "2026-11-21T12:30:00+00:00",
        "order-status": "Unshipped",
        "fulfillment-channel": "Merchant",
        "sales-channel": "Amazon.com",
        "sku": f"00{number}E5",
        "product-name": 'Pan 12" x 12"',
        "asin": "B000000001",
        "item-status": "Unshipped",
        "quantity": "2",
        "quantity-purchased": "2",
        "quantity-shipped": "0",
        "quantity-to-ship": "2",
        "currency": "USD",
        "item-price": "20.50",
        "item-tax": "1.64",
        "is-business-order": "false",
        "is-prime": "true",
        "is-buyer-requested-cancellation": "true",
        "buyer-requested-cancel-reason": "Found cheaper",
        **BUYER,
    }
    row["amazon-order-id"] = row["order-id"]
    market = by_sales_channel(more.get("sales_channel", ""))
    if market is not None:
        row["currency"] = market.currency
    if row["currency"] == "JPY":
        row |= {"item-price": "2050", "item-tax": "164"}
    for name, value in more.items():
        row[name.replace("_", "-")] = value
    if "order_id" in more:
        row["amazon-order-id"] = more["order_id"]
    return {name: row.get(name, "") for name in COLUMNS[kind]}


def text_of(columns: Sequence[str], rows: Iterable[Mapping[str, object]], end: str = "\n") -> str:
    """A tab-delimited file."""
    lines = ["\t".join(columns), *("\t".join(str(row.get(name, "")) for name in columns) for row in rows)]
    return end.join(lines) + end


def write(
    path: Path,
    columns: Sequence[str],
    rows: Iterable[Mapping[str, object]],
    *,
    encoding: str = "utf-8",
    end: str = "\n",
) -> Path:
    """A report file."""
    path.write_bytes(text_of(columns, rows, end).encode(encoding))
    return path


def everything(
    path: Path, *, encoding: str | None = None, marketplace: str | None = None, block_bytes: int = BLOCK_BYTES
) -> tuple[ReportInfo, list[dict[str, object]], list[RejectedRow]]:
    """A file's info, rows by field name, rejects."""
    info = inspect(path, encoding=encoding, marketplace=marketplace)
    rows: list[dict[str, object]] = []
    rejects: list[RejectedRow] = []
    for batch in read_orders(info, block_bytes=block_bytes):
        rows += [dict(zip(ROW_FIELDS, row, strict=True)) for row in batch.rows]
        rejects += batch.rejects
    return info, rows, rejects
