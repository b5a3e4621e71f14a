"""The practice store: made-up, seeded Amazon reports, imported and worked on as a seller would. Nothing in it is real."""

from __future__ import annotations

import random
import shutil
from array import array
from pathlib import Path

from ordertui.orders.clock import DAY, HOUR, FixedClock, iso_utc
from ordertui.orders.marketplace import MARKETPLACES
from ordertui.orders.money import decimal_text
from ordertui.orders.status import Action

from .shop import Shop

_SHARES = (("US", 0.70), ("UK", 0.14), ("DE", 0.10), ("JP", 0.06))
_THINGS = (
    "Steel bottle 0.7 l",
    "Bamboo board",
    "Desk lamp",
    "Yoga mat 6 mm",
    "USB-C cable 2 m",
    "Tea strainer",
    "Wool socks",
    "Garden gloves",
)
_ALL = [
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
    "is-business-order",
]
_OPEN = [
    "order-id",
    "order-item-id",
    "purchase-date",
    "payments-date",
    "reporting-date",
    "promise-date",
    "days-past-promise",
    "sku",
    "product-name",
    "quantity-purchased",
    "quantity-shipped",
    "quantity-to-ship",
    "ship-service-level",
    "is-business-order",
    "is-prime",
    "sales-channel",
    "is-buyer-requested-cancellation",
    "buyer-requested-cancel-reason",
]
_NEW = [
    "order-id",
    "order-item-id",
    "purchase-date",
    "payments-date",
    "sku",
    "product-name",
    "quantity-purchased",
    "currency",
    "item-price",
    "item-tax",
    "sales-channel",
]
Row = dict[str, object]


def build_practice(folder: Path, *, orders: int = 5000, seed: int = 7, now: int) -> Path:
    """Build the store in `folder`, replacing an older practice store there; gives the store's path.

    `now` is epoch seconds. Raises FileExistsError when the folder holds something that is no practice store.
    """
    marker = folder / "PRACTICE"
    if folder.exists() and any(folder.iterdir()):
        if not marker.exists():
            raise FileExistsError("it is not empty and holds no practice store")
        shutil.rmtree(folder)
    reports = folder / "reports"
    reports.mkdir(parents=True)
    marker.write_text("made-up orders; safe to delete\n", encoding="utf-8")
    clock = FixedClock(now - 2 * HOUR)
    shop = Shop.open(folder / "practice.db", clock=clock, practice=True)
    try:
        rng = random.Random(seed)
        for code, share in _SHARES:
            risky = _deadline_soon(shop, code, now)
            for path in _write(reports, code, int(orders * share), rng, clock.now(), risky):
                shop.import_files([path], marketplace=code)
        _work(shop, clock, reports, now)
    finally:
        shop.close()
    return folder / "practice.db"


def _deadline_soon(shop: Shop, code: str, now: int) -> list[int]:
    """Ship-by times whose automatic cancellation falls within the next day, by policy."""
    policy = shop.policies.of(code)
    hours = (now - n * HOUR for n in range(24, 24 * 45))
    return [t for t in hours if now + HOUR < (policy.auto_cancel_at(t) or 0) < now + 23 * HOUR]


def _write(folder: Path, code: str, count: int, rng: random.Random, until: int, risky: list[int]) -> list[Path]:
    """Write one marketplace's four reports."""
    market = MARKETPLACES[code]
    everything: list[Row] = []
    unshipped: list[Row] = []
    new: list[Row] = []
    counted: list[Row] = []
    for number in range(count):
        age = int(rng.random() * 30 * DAY) if number % 3 else int(rng.random() * 6 * DAY)
        placed = until - HOUR - age
        order_id = f"{rng.randrange(100, 999)}-{rng.randrange(10**7):07d}-{number:07d}"
        item_id = f"{rng.randrange(10**13, 10**14)}"
        thing = rng.randrange(len(_THINGS))
        quantity = rng.choice((1, 1, 1, 2, 3))
        price = rng.randrange(900, 9000) * quantity
        fba, status, ship_by = number % 11 == 0, "Shipped", placed + 2 * DAY
        if not fba and number % 47 == 1:
            status = "Cancelled"
            counted.append({"Order Date": iso_utc(placed), "Order ID": order_id, "Impacts Account Health": "Yes"})
        elif not fba and risky and number % 700 == 5:
            status, ship_by = "Unshipped", rng.choice(risky)
            placed = ship_by - 2 * DAY
        elif not fba and (age < 2 * DAY or number % 300 == 7):
            status = "Unshipped"
            ship_by = placed + 2 * DAY if age < 2 * DAY else until - rng.randrange(HOUR, 2 * DAY)
        base: Row = {"purchase-date": iso_utc(placed), "payments-date": iso_utc(placed), "sku": f"SKU-{thing:03d}", "product-name": _THINGS[thing],
                     "sales-channel": market.name, "currency": market.currency, "item-price": decimal_text(price, market.currency),
                     "item-tax": decimal_text(price // 12, market.currency)}  # fmt: skip
        everything.append(base | {"amazon-order-id": order_id, "last-updated-date": iso_utc(min(until, placed + DAY)), "order-status": status,
                                  "fulfillment-channel": "Amazon" if fba else "Merchant", "item-status": status, "quantity": quantity,
                                  "asin": f"B0PRACT{thing:03d}", "is-business-order": "false"})  # fmt: skip
        if status != "Unshipped":
            continue
        asked = number % 13 == 3
        line = base | {"order-id": order_id, "order-item-id": item_id, "quantity-purchased": quantity}
        unshipped.append(line | {"reporting-date": iso_utc(until), "promise-date": iso_utc(ship_by), "quantity-shipped": 0, "quantity-to-ship": quantity,
                                 "is-prime": "false", "is-business-order": "false", "is-buyer-requested-cancellation": "true" if asked else "false",
                                 "buyer-requested-cancel-reason": "Found it cheaper" if asked else ""})  # fmt: skip
        if age < DAY // 2:
            new.append(line)
    files = (("all-orders", _ALL, everything), ("new-orders", _NEW, new), ("unshipped", _OPEN, unshipped),
             ("cancellation-rate", ["Order Date", "Order ID", "Impacts Account Health"], counted))  # fmt: skip
    written = []
    for name, columns, rows in files:
        if rows:
            text = "\n".join("\t".join(str(row.get(c, "")) for c in columns) for row in rows)
            path = folder / f"{code.lower()}-{name}.txt"
            path.write_text("\t".join(columns) + "\n" + text + "\n", encoding="utf-8")
            written.append(path)
    return written


def _work(shop: Shop, clock: FixedClock, folder: Path, now: int) -> None:
    """Cancel some orders two hours ago, have Amazon answer (one failed), and leave two held now."""
    ids = shop.view("status:unshipped marketplace:US buyer-requested", limit=6)
    for plan in shop.plan(Action.CANCEL, array("q", ids[:4])):
        if not plan.rows:
            continue
        batch = shop.commit(plan, typed=str(len(plan.rows)))
        clock.advance(plan.hold_seconds + 60)
        shop.dispatch()
        first = plan.rows[0]
        total = sum(len(row.lines) for row in plan.rows)
        report = folder / "processing-report.txt"
        report.write_text(
            f"Feed Processing Summary:\n\tNumber of records processed\t\t{total}\n\tNumber of records successful\t\t{total - 1}\n\n"
            "original-record-number\torder-id\torder-item-id\terror-code\terror-type\terror-message\n"
            f"1\t{first.order_id}\t{first.lines[0].order_item_id}\t18028\tError\tThe order could not be cancelled (practice).\n",
            encoding="utf-8",
        )
        shop.results([report], batch=batch.id)
    clock.moment = now
    for plan in shop.plan(Action.CANCEL, array("q", ids[4:])):
        if plan.rows:
            shop.commit(plan, typed=str(len(plan.rows)))
