"""A believable shop to sell in: made-up orders in Amazon's form."""

from __future__ import annotations

import random
from typing import Any

from ordertui.orders.clock import DAY, HOUR, iso_utc
from ordertui.orders.marketplace import MARKETPLACES

from .amazon import Amazon

TITLES = ("Yoga mat 6 mm", "Tea kettle 1.2 l", "Trail socks, 3 pairs", "LED desk lamp", "Garden hose 15 m")


def order(number: int, now: int, status: str = "UNSHIPPED", **more: Any) -> dict[str, Any]:
    """One order. `more`: market, age (seconds), updated (epoch), by, asked, cancelled_by, quantity, price (minor
    units), items, programs, ship_by.
    """
    market = MARKETPLACES[more.get("market", "US")]
    placed = now - more.get("age", DAY)
    quantity, minor = more.get("quantity", 1), more.get("price", 1000)
    digits = 0 if market.currency == "JPY" else 2

    def money(value: int) -> dict[str, str]:
        return {"amount": str(value) if not digits else f"{value / 100:.2f}", "currencyCode": market.currency}

    items = []
    for line in range(1, more.get("items", 1) + 1):
        item: dict[str, Any] = {
            "orderItemId": f"0{number:012d}{line:02d}",
            "quantityOrdered": quantity,
            "product": {"asin": f"B0{number % 1000:08d}", "title": TITLES[number % len(TITLES)],
                "sellerSku": f"SKU-{number % 50}-{line}"},
            "proceeds": {
                "proceedsTotal": money(minor + minor // 10),
                "breakdowns": [
                    {"type": "ITEM", "subtotal": money(minor)},
                    {"type": "TAX", "subtotal": money(minor // 10),
                        "detailedBreakdowns": [{"subtype": "ITEM", "value": money(minor // 10)}]},
                ],
            },
            "fulfillment": {"quantityFulfilled": quantity if status == "SHIPPED" else 0,
                "quantityUnfulfilled": 0 if status == "SHIPPED" else quantity},
        }  # fmt: skip
        if more.get("asked"):
            item["cancellation"] = {
                "cancellationRequest": {"requester": "BUYER", "cancelReason": "Jane Doe wrote: found it cheaper"}
            }
        if more.get("cancelled_by"):
            item.setdefault("cancellation", {})["cancellationExecution"] = {"cancelledBy": more["cancelled_by"]}
        items.append(item)
    return {
        "orderId": f"113-{number // 10_000_000:07d}-{number % 10_000_000:07d}",
        "createdTime": iso_utc(placed),
        "lastUpdatedTime": iso_utc(more.get("updated", placed + HOUR)),
        "programs": list(more.get("programs", ())),
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": market.id, "marketplaceName": market.name},
        "fulfillment": {
            "fulfillmentStatus": status,
            "fulfilledBy": more.get("by", "MERCHANT"),
            "shipByWindow": {"latestDateTime": iso_utc(more.get("ship_by", placed + 2 * DAY))},
        },
        "orderItems": items,
    }


def stock(amazon: Amazon, orders: int = 300, seed: int = 7) -> None:
    """Fill the shop with orders of the last fortnight."""
    dice = random.Random(seed)
    now = amazon.clock.now()
    for number in range(1, orders + 1):
        age = dice.randrange(HOUR, 14 * DAY)
        status = "SHIPPED" if age > 3 * DAY and dice.random() < 0.9 else "UNSHIPPED"
        more: dict[str, Any] = {"age": age, "items": dice.choice((1, 1, 1, 2)), "price": dice.randrange(500, 9000)}
        if status == "UNSHIPPED" and dice.random() < 0.1:
            more["asked"] = True
        if dice.random() < 0.02:
            status, more["cancelled_by"] = "CANCELLED", dice.choice(("BUYER", "MERCHANT"))
        amazon.put(order(number, now, status, **more))


def all_orders_report(amazon: Amazon) -> Any:
    """A maker of All Orders reports (by order date) over the shop's orders; the buyers' columns are there, as Amazon
    has them.
    """
    columns = [
        "amazon-order-id",
        "purchase-date",
        "last-updated-date",
        "order-status",
        "fulfillment-channel",
        "sales-channel",
        "product-name",
        "sku",
        "asin",
        "item-status",
        "quantity",
        "currency",
        "item-price",
        "item-tax",
        "ship-city",
        "ship-state",
        "ship-postal-code",
    ]
    words = {
        "UNSHIPPED": "Unshipped",
        "SHIPPED": "Shipped",
        "CANCELLED": "Cancelled",
        "PENDING": "Pending",
        "PARTIALLY_SHIPPED": "Shipping",
    }

    def make(report: Any) -> bytes | None:
        lines = ["\t".join(columns)]
        for one in amazon.orders.values():
            if (
                not report.start <= one["createdTime"] < report.end
                or one["salesChannel"]["marketplaceId"] not in report.markets
            ):
                continue
            status = words[one["fulfillment"]["fulfillmentStatus"]]
            for item in one["orderItems"]:
                prices = {part["type"]: part["subtotal"] for part in item["proceeds"]["breakdowns"]}
                lines.append("\t".join((
                    one["orderId"], one["createdTime"], one["lastUpdatedTime"], status, "Merchant",
                    one["salesChannel"]["marketplaceName"],
                    item["product"]["title"], item["product"]["sellerSku"], item["product"]["asin"], status,
                    str(item["quantityOrdered"]),
                    prices["ITEM"]["currencyCode"], prices["ITEM"]["amount"], prices["TAX"]["amount"], "Springfield",
                    "OR", "97477",
                )))  # fmt: skip
        return ("\n".join(lines) + "\n").encode() if len(lines) > 1 else None

    return make
