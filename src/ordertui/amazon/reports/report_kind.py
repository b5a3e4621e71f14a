"""Which report a file is, by its header's names; never by its file name or the order of its columns (AMAZON.md h)."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum


class ReportKind(StrEnum):
    """The reports this program reads."""

    UNSHIPPED = "unshipped"
    NEW_ORDERS = "new_orders"
    ALL_ORDERS = "all_orders"
    CANCELLATION_RATE = "cancellation_rate"


FIELDS = (
    "order_id",
    "item_id",
    "channel",
    "sales_channel",
    "status",
    "item_status",
    "purchased",
    "ship_by",
    "updated",
    "sku",
    "asin",
    "title",
    "quantity",
    "shipped",
    "currency",
    "item_price",
    "item_tax",
    "shipping_price",
    "shipping_tax",
    "gift_wrap_price",
    "gift_wrap_tax",
    "item_promotion",
    "ship_promotion",
    "requested",
    "request_reason",
    "replacement",
    "business",
    "prime",
)
"""What is read of an order report's row, in this order. Everything else, buyers and addresses first, is never looked at."""
COLUMNS: dict[str, tuple[str, ...]] = {
    "order_id": ("amazon-order-id", "order-id"),
    "item_id": ("order-item-id",),
    "channel": ("fulfillment-channel",),
    "sales_channel": ("sales-channel",),
    "status": ("order-status",),
    "item_status": ("item-status",),
    "purchased": ("purchase-date",),
    "ship_by": ("latest-ship-date", "promise-date"),
    "updated": ("last-updated-date",),
    "sku": ("sku",),
    "asin": ("asin",),
    "title": ("product-name",),
    "quantity": ("quantity-purchased", "quantity"),
    "shipped": ("quantity-shipped",),
    "currency": ("currency",),
    "item_price": ("item-price",),
    "item_tax": ("item-tax",),
    "shipping_price": ("shipping-price",),
    "shipping_tax": ("shipping-tax",),
    "gift_wrap_price": ("gift-wrap-price",),
    "gift_wrap_tax": ("gift-wrap-tax",),
    "item_promotion": ("item-promotion-discount",),
    "ship_promotion": ("ship-promotion-discount",),
    "requested": ("is-buyer-requested-cancellation",),
    "request_reason": ("buyer-requested-cancel-reason",),
    "replacement": ("is-replacement-order",),
    "business": ("is-business-order",),
    "prime": ("is-prime",),
}
"""Field to the column names it may have; the first that is there is read."""
WANTED: dict[ReportKind, tuple[str, ...]] = {
    ReportKind.UNSHIPPED: (
        "order-item-id",
        "promise-date",
        "quantity-purchased",
        "quantity-shipped",
        "sku",
        "sales-channel",
        "is-buyer-requested-cancellation",
    ),
    ReportKind.NEW_ORDERS: ("order-item-id", "quantity-purchased", "sku", "currency", "item-price", "sales-channel"),
    ReportKind.ALL_ORDERS: (
        "last-updated-date",
        "order-status",
        "fulfillment-channel",
        "sales-channel",
        "sku",
        "quantity",
        "currency",
        "item-price",
    ),
    ReportKind.CANCELLATION_RATE: (),
}
"""Columns whose absence is worth a word."""


def normal(name: str) -> str:
    """A header cell for comparison: lower case, spaces and underscores as hyphens, no quotes."""
    return name.strip().strip('"').strip().lower().replace(" ", "-").replace("_", "-")


def recognise(header: Sequence[str]) -> ReportKind | None:
    """The kind of a header (normalised names), or None."""
    names = set(header)
    if {"order-id", "order-date", "impacts-account-health"} <= names:
        return ReportKind.CANCELLATION_RATE
    if "amazon-order-id" in names and "order-status" in names:
        return ReportKind.ALL_ORDERS
    if "order-id" in names and ("order-item-id" in names or "sku" in names):
        if names & {"quantity-to-ship", "days-past-promise", "promise-date", "reporting-date"}:
            return ReportKind.UNSHIPPED
        if names & {"item-price", "payments-date"}:
            return ReportKind.NEW_ORDERS
    return None


def nearest(header: Sequence[str]) -> tuple[str, list[str]] | None:
    """The title of the report that a strange header is nearest to, and what it lacks; None when nothing is alike."""
    names = set(header)
    needed = {
        "the Cancellation Rate report": ("order-id", "order-date", "impacts-account-health"),
        "All Orders": ("amazon-order-id", "order-status"),
        "Unshipped orders": ("order-id", "order-item-id", "promise-date"),
        "New orders": ("order-id", "order-item-id", "item-price"),
    }
    title = max(needed, key=lambda one: len(names.intersection(needed[one])) / len(needed[one]))
    lacking = [name for name in needed[title] if name not in names]
    return (title, lacking) if len(lacking) < len(needed[title]) else None


def positions(header: Sequence[str]) -> tuple[int | None, ...]:
    """For each of FIELDS the column it stands in, or None."""
    place = {name: at for at, name in reversed(list(enumerate(header)))}
    return tuple(next((place[name] for name in COLUMNS[field] if name in place), None) for field in FIELDS)


def missing(kind: ReportKind, header: Sequence[str]) -> tuple[str, ...]:
    """Wanted columns that are not there."""
    return tuple(name for name in WANTED[kind] if name not in header)
