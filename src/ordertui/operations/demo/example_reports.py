"""The example reports of one marketplace, written as Amazon writes them; `demo --reports` and `examples/` have them.

Each marketplace's files have a shape of their own, so that together they show what a seller's downloads look like.
"""

from __future__ import annotations

import csv
import gzip
import io
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from xml.sax.saxutils import escape

import msgspec

from ordertui.orders.clock import HOUR, to_local
from ordertui.orders.marketplace import zone_of
from ordertui.orders.money import format_decimal
from ordertui.rules.policy.policy import Policy

from .example_orders import ExampleLine, ExampleMarket, ExampleOrder, orders
from .reports import RATE, Row, flat_text

BUYER = ["buyer-email", "buyer-name", "buyer-phone-number"]
ADDRESS = [
    "recipient-name", "ship-address-1", "ship-address-2", "ship-address-3", "ship-city", "ship-state",
    "ship-postal-code", "ship-country",
]  # fmt: skip
UNSHIPPED = [
    *["order-id", "order-item-id", "purchase-date", "payments-date", "reporting-date", "promise-date",
        "days-past-promise"], *BUYER,
    *["sku", "product-name", "quantity-purchased", "quantity-shipped", "quantity-to-ship", "ship-service-level"],
    *ADDRESS,
    *["is-business-order", "purchase-order-number", "price-designation", "is-prime", "sales-channel"],
    *["is-buyer-requested-cancellation", "buyer-requested-cancel-reason", "verge-of-cancellation",
        "verge-of-lateShipment"],
]  # fmt: skip
NEW = [
    *["order-id", "order-item-id", "purchase-date", "payments-date"], *BUYER,
    *["sku", "product-name", "quantity-purchased", "currency", "item-price", "item-tax", "shipping-price",
        "shipping-tax", "ship-service-level"],
    *ADDRESS, *["ship-phone-number", "sales-channel", "item-promotion-discount", "item-promotion-id",
        "latest-ship-date"],
    *["gift-wrap-price", "gift-wrap-tax", "is-buyer-requested-cancellation", "buyer-requested-cancel-reason"],
]  # fmt: skip
ALL = [
    *["amazon-order-id", "merchant-order-id", "purchase-date", "last-updated-date", "order-status",
        "fulfillment-channel", "sales-channel"],
    *["order-channel", "url", "ship-service-level", "product-name", "sku", "asin", "item-status", "quantity",
        "currency", "item-price", "item-tax"],
    *["shipping-price", "shipping-tax", "gift-wrap-price", "gift-wrap-tax", "item-promotion-discount",
        "ship-promotion-discount"],
    *["ship-city", "ship-state", "ship-postal-code", "ship-country", "promotion-ids", "is-business-order",
        "purchase-order-number"],
    *["price-designation", "is-replacement-order", "original-order-id"],
]  # fmt: skip
RATE_DATE = {"US": "%b %d, %Y", "DE": "%d.%m.%Y", "JP": "%Y/%m/%d", "IN": "%Y-%m-%d"}
AUTO_CANCEL_SEARCHED = 28 * 24
"""Hours back from a day after the download in which a ship-by time that Amazon cancels soonest after is looked for."""


def example_order_id(market: ExampleMarket, number: int) -> str:
    """`001-0000000-0000001`."""
    return f"{market.prefix}-0000000-{number:07d}"


class ExampleReports:
    """One marketplace's reports, downloaded at `now` (epoch seconds); `policy` says when Amazon cancels by itself."""

    def __init__(self, market: ExampleMarket, policy: Policy, now: int) -> None:
        self.market = market
        self._policy = policy
        self._now = now

    @cached_property
    def orders(self) -> list[ExampleOrder]:
        """The cases, and shipped orders of the days before."""
        hours = (
            (at - self._now, -back)
            for back in range(-24, AUTO_CANCEL_SEARCHED - 24)
            if (at := self._policy.auto_cancel_at(self._now - back * HOUR)) is not None and at - self._now > 2 * HOUR
        )
        _, ship_by = min(hours)
        return orders(self.market, ship_by)

    def download(self) -> dict[str, bytes]:
        """Return the four reports by file name, each in this marketplace's own shape."""
        market, every = self.market, self.orders
        waiting = [o for o in every if not (o.fba or o.outside) and o.status in ("Unshipped", "PartiallyShipped")]
        unshipped, news, alls = list(UNSHIPPED), list(NEW), list(ALL)
        short = 0
        if market.code == "US":
            short = 3
            unshipped = [c for c in UNSHIPPED if not c.startswith("verge")] + ["signature-confirmation-recommended"]
            news = [*reversed(NEW), "customized-url"]
        elif market.code == "DE":
            unshipped = [c for c in UNSHIPPED if c not in ("sales-channel", "ship-address-3")]
            news = sorted(NEW)
        elif market.code == "JP":
            unshipped += ["payment-method", "cod-collectible-amount", "already-paid", "points-granted"]
        else:
            unshipped = [c for c in UNSHIPPED if "cancel" not in c]
            news = [c for c in NEW if "cancel" not in c]
            alls = [c for c in ALL if c not in ("url", "order-channel")]
        newline = "\r\n" if market.code in ("US", "JP") else "\n"
        bom = b"\xef\xbb\xbf" if market.code == "US" else b""
        encode = market.encoding
        wait = flat_text(unshipped, self.rows(waiting), newline=newline, short=short)
        return {
            "unshipped-orders.txt": wait.encode(encode),
            "new-orders.txt": bom + flat_text(news, self.rows(o for o in every if o.new)).encode(encode),
            "all-orders-by-order-date.txt": flat_text(alls, self.rows(every), newline=newline).encode(encode),
            "cancellation-rate.csv" if market.code == "US" else "cancellation-rate.txt": self._rate_report(),
        }

    def next_day(self, at: int) -> bytes:
        """All Orders by last update, at `at`: what Amazon made of the cancellations, a confirmation and a late
        shipment.
        """
        later = {1: "Cancelled", 23: "Cancelled", 4: "Shipped", 9: "Shipped"}
        found = []
        for order in self.orders:
            if status := later.get(order.number):
                change = {"order-status": status, "item-status": status, "last-updated-date": _iso(at)}
                found += [row | change for row in self.rows([order])]
        return flat_text(ALL, found).encode("utf-8")

    def rows(self, wanted: Iterable[ExampleOrder]) -> list[Row]:
        """Return a row for each line, with every column that a report has."""
        return [self._cells(order, at, line) for order in wanted for at, line in enumerate(order.lines, start=1)]

    def _rate_report(self) -> bytes:
        """Amazon's own list of cancellations; comma-separated for the US."""
        out = io.StringIO()
        code = self.market.code
        writer = csv.writer(out, delimiter="," if code == "US" else "\t", lineterminator="\n")
        writer.writerow(RATE)
        for order in self.orders:
            if order.impacts:
                day = to_local(round(self._now - order.age * HOUR), zone_of(code)).strftime(RATE_DATE[code])
                writer.writerow([day, example_order_id(self.market, order.number), order.impacts])
        return out.getvalue().encode("utf-8")

    def _moment(self, hours: float, offset: str | None = None) -> str:
        """Return the ISO time `hours` after the download, in the marketplace's offset."""
        return _iso(self._now + round(hours * HOUR), offset or self.market.offset)

    def _cells(self, order: ExampleOrder, at: int, line: ExampleLine) -> Row:
        market, number = self.market, order.number
        name, street, city, region = market.buyer
        price = line.product.price * line.quantity
        asked = {True: "true", False: "false"}[bool(line.asked)]
        paid = order.status != "Pending"
        id_ = example_order_id(market, number)
        amounts = {
            "item-price": price, "item-tax": price * market.tax_percent // 100, "shipping-price": 0,
            "shipping-tax": 0, "gift-wrap-price": line.gift, "gift-wrap-tax": 0,
            "item-promotion-discount": line.promo, "ship-promotion-discount": 0,
        }  # fmt: skip
        always = ("item-price", "item-tax")
        return {
            "order-id": id_, "amazon-order-id": id_,
            "order-item-id": _item_id(market, number, at), "purchase-date": self._moment(-order.age),
            # For the US one row with two offsets.
            "payments-date": self._moment(-order.age + 0.2, "-08:00" if market.code == "US" else None),
            "reporting-date": self._moment(-0.5),
            "promise-date": self._moment(order.ship_by), "latest-ship-date": self._moment(order.ship_by),
            "days-past-promise": max(0, int(-order.ship_by // 24)),
            "last-updated-date": self._moment(max(-order.age + 0.3, -order.age * 0.6)),
            "order-status": order.status, "fulfillment-channel": "Amazon" if order.fba else "Merchant",
            "sales-channel": f"Non-{market.channel}" if order.outside else market.channel,
            "order-channel": "WebsiteOrderChannel", "ship-service-level": "Standard",
            "sku": line.product.sku, "asin": line.product.asin, "product-name": line.product.title,
            "item-status": "Cancelled" if line.cancelled else order.status,
            "quantity": line.quantity, "quantity-purchased": line.quantity, "quantity-shipped": line.shipped,
            "quantity-to-ship": line.quantity - line.shipped,
            "currency": market.currency if paid else "",
            **{key: format_decimal(value, market.currency) if paid and (value or key in always) else ""
                for key, value in amounts.items()},
            "item-promotion-id": f"INVENTED-{number}" if line.promo else "",
            "promotion-ids": f"INVENTED-{number}" if line.promo else "",
            "is-business-order": str(order.business).lower(), "is-prime": str(order.prime).lower(),
            "price-designation": "BusinessPrice" if order.business else "",
            "purchase-order-number": f"PO-{number}" if order.business else "",
            "is-buyer-requested-cancellation": asked, "buyer-requested-cancel-reason": line.asked,
            "is-replacement-order": str(order.replacement).lower(),
            "original-order-id": example_order_id(market, 900) if order.replacement else "",
            "verge-of-cancellation": str(number == 8).lower(),
            "verge-of-lateShipment": str(order.ship_by < 8).lower(),
            "buyer-email": f"buyer{number}@invented.invalid", "buyer-name": f"{name} {number}",
            "buyer-phone-number": f"000-0000-{number:04d}",
            "ship-phone-number": f"000-0000-{number:04d}", "recipient-name": f"{name} {number}",
            "ship-address-1": f"{street} {number}",
            "ship-city": city, "ship-state": region, "ship-postal-code": f"ZIP{number:05d}",
            "ship-country": market.code,
        }  # fmt: skip


def three_marketplaces(markets: Iterable[ExampleReports]) -> bytes:
    """All Orders of several marketplaces in one UTF-16 file, as a spreadsheet program saves it."""
    cases = [row for reports in markets for row in reports.rows(reports.orders[:12])]
    for row in cases:
        row["order-id"] = row["amazon-order-id"] = str(row["order-id"]).replace("-0000000-", "-0000300-")
    return flat_text(ALL, cases, newline="\r\n").encode("utf-16")


def quirks(us: ExampleReports, jp: ExampleReports) -> dict[str, bytes]:
    """Files that need an answer, come in another form, or have rows that cannot be taken in."""
    good = us.rows(order for order in us.orders if order.number in (13, 14))
    bad = [dict(good[0]) for _ in range(6)]
    bad[0] |= {"order-id": "001-0000000-000013"}
    bad[1] |= {"order-item-id": "1.00010E+14"}
    bad[2] |= {"quantity-purchased": "two"}
    bad[3] |= {"promise-date": "tomorrow"}
    bad[4] |= {"sales-channel": "Amazon.example"}
    bad[5] |= {"is-buyer-requested-cancellation": "false\tone\tmore"}
    columns = [c for c in UNSHIPPED if "reason" not in c and "verge" not in c]
    channel_free = [c for c in NEW if c != "sales-channel" and c not in (*BUYER, *ADDRESS, "ship-phone-number")]
    products = jp.market.products
    katakana = jp.rows(
        [
            ExampleOrder(31, 5, "Unshipped", (ExampleLine(products[0]),), 40),
            ExampleOrder(32, 4, "Unshipped", (ExampleLine(products[3]),), 41),
        ]
    )
    for row in katakana:  # its own SKUs, and letters that mean something in cp1252 too
        mug = row["sku"] == "MAG-AO"
        row |= {
            "sku": "KATAKANA-1" if mug else "KATAKANA-2",
            "product-name": "マグカップ アオ" if mug else "パズル ミナト",
        }
    no_request = [c for c in UNSHIPPED if "cancel" not in c]
    more = us.rows(msgspec.structs.replace(o, number=o.number + 400) for o in us.orders if o.number in (11, 13, 14))
    return {
        "bad-rows.txt": flat_text(columns, [good[0], *bad, good[1]]).encode("utf-8"),
        "ambiguous-encoding.txt": flat_text(channel_free, katakana).encode("cp932"),
        "no-request-column.txt": flat_text(no_request, good).encode("utf-8"),
        "no-report.txt": b"date\tnote\n2026-11-23\tthis is no report of Amazon's\n",
        "packed.txt.gz": _packed(flat_text(ALL, more)),
        "packed.zip": _zipped("new-orders.txt", flat_text(NEW, more)),
        "all-orders.xml": _xml("AllOrdersReport", _order_message, more),
        "new-orders.xml": _xml("OrderReport", _new_order_message, more),
    }


def active_listings(market: ExampleMarket, units: Sequence[int]) -> bytes:
    """Return Amazon's Active Listings Report with the units on hand of each product; the last is kept by Amazon."""
    rows: list[Row] = [
        {
            "item-name": product.title, "seller-sku": product.sku, "asin1": product.asin,
            "price": format_decimal(product.price, market.currency), "quantity": on_hand,
            "fulfillment-channel": "DEFAULT", "status": "Active",
        }
        for product, on_hand in zip(market.products, units, strict=True)
    ]  # fmt: skip
    rows[-1] |= {"quantity": "", "fulfillment-channel": "AMAZON_NA"}
    return flat_text(list(rows[0]), rows).encode("utf-8")


def _packed(text: str) -> bytes:
    """Return the text gzipped, the same bytes whatever Python and zlib."""
    target = io.BytesIO()
    with gzip.GzipFile("", "wb", compresslevel=9, fileobj=target, mtime=0) as file:
        file.write(text.encode("utf-8"))
    return target.getvalue()


def _zipped(name: str, text: str) -> bytes:
    """Return a ZIP file with the text under `name`, stored as it is: the same bytes whatever Python and zlib."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as file:
        entry = zipfile.ZipInfo(name)
        entry.create_system = 3  # Unix, on every system
        file.writestr(entry, text.encode("utf-8"))
    return target.getvalue()


def _order_message(cell: Mapping[str, str]) -> str:
    """Return a row of the All Orders report as GET_XML_ALL_ORDERS_DATA_BY_ORDER_DATE_GENERAL gives it."""
    return (
        f"    <Order>\n      <AmazonOrderID>{cell['order-id']}</AmazonOrderID>\n"
        f"      <PurchaseDate>{cell['purchase-date']}</PurchaseDate>\n"
        f"      <LastUpdatedDate>{cell['last-updated-date']}</LastUpdatedDate>\n"
        f"      <OrderStatus>{cell['order-status']}</OrderStatus>\n"
        f"      <SalesChannel>{cell['sales-channel']}</SalesChannel>\n"
        f"      <FulfillmentData><FulfillmentChannel>{cell['fulfillment-channel']}</FulfillmentChannel>"
        "</FulfillmentData>\n"
        f"      <IsBusinessOrder>{cell['is-business-order']}</IsBusinessOrder>\n"
        f"      <OrderItem><ASIN>{cell['asin']}</ASIN><SKU>{cell['sku']}</SKU>"
        f"<ItemStatus>{cell['item-status']}</ItemStatus><ProductName>{cell['product-name']}</ProductName>"
        f"<Quantity>{cell['quantity']}</Quantity><ItemPrice>{_price(cell)}</ItemPrice></OrderItem>\n"
        "    </Order>\n"
    )


def _new_order_message(cell: Mapping[str, str]) -> str:
    """Return a row of the New orders report as GET_ORDER_REPORT_DATA_SHIPPING gives it."""
    return (
        f"    <OrderReport>\n      <AmazonOrderID>{cell['order-id']}</AmazonOrderID>\n"
        f"      <OrderDate>{cell['purchase-date']}</OrderDate>\n"
        f"      <OrderPostedDate>{cell['payments-date']}</OrderPostedDate>\n"
        f"      <BillingData><BuyerName>{cell['buyer-name']}</BuyerName></BillingData>\n"
        f"      <Item><AmazonOrderItemCode>{cell['order-item-id']}</AmazonOrderItemCode><SKU>{cell['sku']}</SKU>"
        f"<Title>{cell['product-name']}</Title><Quantity>{cell['quantity']}</Quantity>"
        f"<ItemPrice>{_price(cell)}</ItemPrice></Item>\n"
        "    </OrderReport>\n"
    )


def _price(cell: Mapping[str, str]) -> str:
    amount = '<Component><Type>{}</Type><Amount currency="{}">{}</Amount></Component>'
    tax = amount.format("Tax", cell["currency"], cell["item-tax"])
    return amount.format("Principal", cell["currency"], cell["item-price"]) + tax


def _xml(message_type: str, message: Callable[[Mapping[str, str]], str], rows: Iterable[Row]) -> bytes:
    """Return a report as XML, with one message for each row; `message` gets its cells as texts for XML."""
    cells = ({name: escape(str(value)) for name, value in row.items()} for row in rows)
    body = "".join(f"  <Message>\n{message(cell)}  </Message>\n" for cell in cells)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<AmazonEnvelope>\n  <Header><DocumentVersion>1.00</DocumentVersion>'
        f"</Header>\n  <MessageType>{message_type}</MessageType>\n{body}</AmazonEnvelope>\n"
    ).encode()


def _item_id(market: ExampleMarket, number: int, line: int) -> str:
    """15 digits with leading zeros; the orders with an even number have 14, as older ones do."""
    return f"00{market.prefix}{number:08d}{line:02d}"[number % 2 == 0 :]


def _iso(at: int, offset: str = "+00:00") -> str:
    return datetime.fromtimestamp(at, datetime.fromisoformat(f"2000-01-01T00:00:00{offset}").tzinfo).isoformat()
