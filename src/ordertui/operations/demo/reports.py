"""Write the practice store's orders as the four reports of Seller Central, and Amazon's answers to its batches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ordertui.operations.planning.feed_builder import first_message_id, flat_file_records
from ordertui.operations.planning.plan import Plan, PlannedOrder
from ordertui.orders.clock import iso_utc, to_local
from ordertui.orders.marketplace import MARKETPLACES, Marketplace, zone_of
from ordertui.orders.money import format_decimal

from .orders import MadeLine, MadeOrder

ALL_ORDERS = (
    "amazon-order-id", "merchant-order-id", "purchase-date", "last-updated-date", "order-status", "fulfillment-channel",
    "sales-channel", "order-channel", "ship-service-level", "product-name", "sku", "asin", "item-status", "quantity",
    "currency", "item-price", "item-tax", "shipping-price", "shipping-tax", "gift-wrap-price", "gift-wrap-tax",
    "item-promotion-discount", "ship-promotion-discount", "is-business-order", "is-replacement-order",
)  # fmt: skip
UNSHIPPED = (
    "order-id", "order-item-id", "purchase-date", "payments-date", "reporting-date", "promise-date",
    "days-past-promise", "sku", "product-name", "quantity-purchased", "quantity-shipped",
    "quantity-to-ship", "ship-service-level",
    "is-business-order", "is-prime", "sales-channel", "is-buyer-requested-cancellation",
    "buyer-requested-cancel-reason",
)  # fmt: skip
NEW_ORDERS = (
    "order-id", "order-item-id", "purchase-date", "payments-date", "sku", "product-name", "quantity-purchased",
    "currency", "item-price", "item-tax", "shipping-price", "shipping-tax", "gift-wrap-price", "gift-wrap-tax",
    "item-promotion-discount", "ship-promotion-discount", "latest-ship-date", "sales-channel",
    "is-buyer-requested-cancellation",
)  # fmt: skip
RATE = ("Order Date", "Order ID", "Impacts Account Health")
Row = dict[str, object]


def write(folder: Path, code: str, orders: Sequence[MadeOrder], until: int, new_since: int) -> list[Path]:
    """Write one marketplace's reports as of `until`, and return the files in the order of import.

    The New Orders report has the orders placed since `new_since`.
    """
    market = MARKETPLACES[code]
    everything: list[Row] = []
    waiting: list[Row] = []
    new: list[Row] = []
    for order in orders:
        for number, line in enumerate(order.lines, start=1):
            row = _cells(market, order, number, line, until)
            everything.append(row)
            if order.waiting:
                waiting.append(row)
            if not order.fba and order.placed >= new_since and order.status not in ("Pending", "Cancelled"):
                new.append(row)
    rate: list[Row] = [
        {
            "Order Date": f"{to_local(o.placed, zone_of(code)):%Y-%m-%d}",
            "Order ID": o.order_id,
            "Impacts Account Health": o.impacts,
        }
        for o in orders
        if o.impacts
    ]
    name = code.lower()
    return [
        table(folder / f"{name}-all-orders.txt", ALL_ORDERS, everything),
        table(folder / f"{name}-new-orders.txt", NEW_ORDERS, new),
        table(folder / f"{name}-unshipped.txt", UNSHIPPED, waiting),
        table(folder / f"{name}-cancellation-rate.txt", RATE, rate),
    ]


def table(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> Path:
    """Write a tab-delimited file and return its path."""
    path.write_text(flat_text(columns, rows), encoding="utf-8")
    return path


def flat_text(columns: Sequence[str], rows: Iterable[Row], *, newline: str = "\n", short: int = 0) -> str:
    """Return the rows tab-delimited. Titles with quotes are quoted; every `short`-th row lacks an empty last cell."""
    lines = ["\t".join(columns)]
    for number, row in enumerate(rows):
        values = [str(row.get(column, "")) for column in columns]
        values = ['"' + v.replace('"', '""') + '"' if '"' in v else v for v in values]
        if short and number % short == 0 and not values[-1]:
            del values[-1]
        lines.append("\t".join(values))
    return newline.join(lines) + newline


def updated(market: Marketplace, order: MadeOrder, status: str, at: int) -> list[Row]:
    """Return the All Orders rows of an order whose status changed."""
    rows = [_cells(market, order, number, line, at) for number, line in enumerate(order.lines, start=1)]
    return [row | {"order-status": status, "item-status": status, "last-updated-date": iso_utc(at)} for row in rows]


def _cells(market: Marketplace, order: MadeOrder, number: int, line: MadeLine, until: int) -> Row:
    """Every column of every report, by name."""
    placed = iso_utc(order.placed)
    row: Row = {
        "order-id": order.order_id, "amazon-order-id": order.order_id, "order-item-id": _item_id(order, number),
        "purchase-date": placed, "payments-date": placed, "reporting-date": iso_utc(until),
        "promise-date": iso_utc(order.ship_by),
        "latest-ship-date": iso_utc(order.ship_by), "days-past-promise": max(0, (until - order.ship_by) // 86_400),
        "last-updated-date": iso_utc(min(until, order.placed + 43_200)), "order-status": order.status,
        "item-status": order.status, "fulfillment-channel": "Amazon" if order.fba else "Merchant",
        "sales-channel": market.name, "order-channel": "WebsiteOrderChannel", "ship-service-level": "Standard",
        "product-name": line.goods.title,
        "sku": line.goods.sku, "asin": line.goods.asin,
        "quantity": line.quantity, "quantity-purchased": line.quantity, "quantity-shipped": line.shipped,
        "quantity-to-ship": line.quantity - line.shipped,
        "is-business-order": str(order.business).lower(), "is-prime": str(order.prime).lower(),
        "is-replacement-order": str(order.replacement).lower(), "buyer-requested-cancel-reason": line.asked or "",
        "is-buyer-requested-cancellation": str(line.asked is not None).lower(),
    }  # fmt: skip
    if order.status != "Pending":  # Amazon leaves the prices of pending orders out
        row |= _amounts(market.currency, line)
    return row


def _amounts(currency: str, line: MadeLine) -> Row:
    worth = line.goods.price * line.quantity
    amounts = {
        "item-price": worth, "item-tax": worth // 12, "shipping-price": line.shipping,
        "shipping-tax": line.shipping // 12,
        "gift-wrap-price": line.gift_wrap, "item-promotion-discount": line.promotion,
    }  # fmt: skip
    always = ("item-price", "item-tax")
    found: Row = {name: format_decimal(minor, currency) for name, minor in amounts.items() if minor or name in always}
    return found | {"currency": currency}


def _item_id(order: MadeOrder, number: int) -> str:
    """15 digits, as Amazon's are; the order's own and the line's number."""
    return f"{order.order_id.replace('-', '')[3:]}{number}"[-15:].rjust(15, "0")


Fault = tuple[int, str, str, str]
"""Row of the batch (from 0) or WHOLE_FILE, code, Error or Warning, text."""
WHOLE_FILE = -1


def flat_report(kept: Sequence[PlannedOrder], faults: Sequence[Fault], encoding: str = "utf-8") -> bytes:
    """Return Amazon's flat processing report on these rows."""
    records = flat_file_records(kept)
    failed = sum(len(kept[n].lines) for n, _, kind, _ in faults if kind == "Error" and n != WHOLE_FILE)
    lines = ["Feed Processing Summary:", f"\tNumber of records processed\t\t{len(records)}",
             f"\tNumber of records successful\t\t{len(records) - failed}", "",
             "original-record-number\torder-id\torder-item-id\terror-code\terror-type\terror-message"]  # fmt: skip
    for n, code, kind, words in faults:
        if n == WHOLE_FILE:
            lines.append(f"0\t\t\t{code}\t{kind}\t{words}")
            continue
        for line in kept[n].lines:
            record = records.index((kept[n].order_id, line.order_item_id)) + 1
            lines.append(f"{record}\t{kept[n].order_id}\t{line.order_item_id}\t{code}\t{kind}\t{words}")
    return ("\n".join(lines) + "\n").encode(encoding)


def xml_report(plan: Plan, kept: Sequence[PlannedOrder], faults: Sequence[Fault]) -> bytes:
    """Return the same as an XML processing report; messages are numbered as in the plan's XML feed."""
    errors = sum(kind == "Error" for _, _, kind, _ in faults)
    results = "".join(
        f"      <Result>\n        <MessageID>{first_message_id(plan.id) + n}</MessageID>\n       "
        f" <ResultCode>{kind}</ResultCode>\n"
        f"        <ResultMessageCode>{code}</ResultMessageCode>\n       "
        f" <ResultDescription>{words}</ResultDescription>\n"
        f"        <AdditionalInfo>\n          <AmazonOrderID>{kept[n].order_id}</AmazonOrderID>\n       "
        " </AdditionalInfo>\n      </Result>\n"
        for n, code, kind, words in faults
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<AmazonEnvelope>\n  <Header>\n'
        "    <DocumentVersion>1.02</DocumentVersion>\n"
        "    <MerchantIdentifier>MERCHANT-ID</MerchantIdentifier>\n  </Header>\n "
        " <MessageType>ProcessingReport</MessageType>\n"
        "  <Message>\n    <MessageID>1</MessageID>\n    <ProcessingReport>\n     "
        f" <DocumentTransactionID>{int(plan.id, 16) % 10**10:010}</DocumentTransactionID>\n"
        "      <StatusCode>Complete</StatusCode>\n      <ProcessingSummary>\n       "
        f" <MessagesProcessed>{len(kept)}</MessagesProcessed>\n"
        f"        <MessagesSuccessful>{len(kept) - errors}</MessagesSuccessful>\n       "
        f" <MessagesWithError>{errors}</MessagesWithError>\n"
        f"        <MessagesWithWarning>{len(faults) - errors}</MessagesWithWarning>\n      </ProcessingSummary>\n"
        f"{results}    </ProcessingReport>\n  </Message>\n</AmazonEnvelope>\n"
    ).encode()
