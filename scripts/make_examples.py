"""Write `examples/`: Amazon files of our own making, the same bytes every time. `make examples` runs this.

Reports are written from `example_orders`; the processing reports answer batches that are really planned from those
reports, at one fixed clock, so that they stay matching when the files change.
"""

from __future__ import annotations

import argparse
import csv
import io
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from example_orders import AS_OF, JP, MARKETS, NEXT_DAY, US, Line, Market, Order, orders

from ordertui.operations.config import Config
from ordertui.operations.planning.feed_builder import first_message_id, flat_file_records
from ordertui.operations.planning.plan import Plan, PlannedOrder
from ordertui.operations.planning.planner import PlanChoices
from ordertui.operations.session import Session
from ordertui.orders.clock import FixedClock, parse_iso
from ordertui.orders.enums import Action, Dispatched

HERE = Path(__file__).resolve().parent.parent / "examples"
NOW = datetime.fromisoformat(AS_OF)

BUYER = ["buyer-email", "buyer-name", "buyer-phone-number"]
ADDRESS = [
    "recipient-name",
    "ship-address-1",
    "ship-address-2",
    "ship-address-3",
    "ship-city",
    "ship-state",
    "ship-postal-code",
    "ship-country",
]
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
RATE = ["Order Date", "Order ID", "Impacts Account Health"]
RATE_DATE = {"US": "%b %d, %Y", "DE": "%d.%m.%Y", "JP": "%Y/%m/%d", "IN": "%Y-%m-%d"}


def order_id(market: Market, number: int) -> str:
    """`001-0000000-0000001`."""
    return f"{market.prefix}-0000000-{number:07d}"


def item_id(market: Market, number: int, line: int) -> str:
    """15 digits with leading zeros; the orders with an even number have 14, as older ones do."""
    return f"00{market.prefix}{number:08d}{line:02d}"[number % 2 == 0 :]


def moment(market: Market, hours: float) -> str:
    """ISO time `hours` after the download, in the marketplace's offset."""
    sign, hour, minute = market.offset[0], int(market.offset[1:3]), int(market.offset[4:])
    shift = timedelta(hours=hour, minutes=minute) * (-1 if sign == "-" else 1)
    return (NOW + timedelta(hours=hours) + shift).strftime("%Y-%m-%dT%H:%M:%S") + market.offset


def money(market: Market, minor: int) -> str:
    """Decimal text; yen have no decimals."""
    return f"{minor / 10**market.decimals:.{market.decimals}f}" if market.decimals else str(minor)


def cells(market: Market, order: Order, at: int, line: Line) -> dict[str, object]:
    """All that any report says of one line, by column name."""
    number = order.number
    name, street, city, region = market.buyer
    price = line.thing.price * line.quantity
    asked = {True: "true", False: "false"}[bool(line.asked)]
    paid = order.status != "Pending"
    paid_in = replace(market, offset="-08:00") if market.code == "US" else market  # one row, two offsets
    amounts = {
        "item-price": price, "item-tax": price * market.tax_percent // 100, "shipping-price": 0, "shipping-tax": 0,
        "gift-wrap-price": line.gift, "gift-wrap-tax": 0, "item-promotion-discount": line.promo,
        "ship-promotion-discount": 0,
    }  # fmt: skip
    open_ = line.quantity - line.shipped
    return {
        "order-id": order_id(market, number), "amazon-order-id": order_id(market, number),
        "order-item-id": item_id(market, number, at), "purchase-date": moment(market, -order.age),
        "payments-date": moment(paid_in, -order.age + 0.2), "reporting-date": moment(market, -0.5),
        "promise-date": moment(market, order.ship_by), "latest-ship-date": moment(market, order.ship_by),
        "days-past-promise": max(0, int(-order.ship_by // 24)),
        "last-updated-date": moment(market, max(-order.age + 0.3, -order.age * 0.6)),
        "order-status": order.status, "fulfillment-channel": "Amazon" if order.fba else "Merchant",
        "sales-channel": f"Non-{market.channel}" if order.outside else market.channel,
        "order-channel": "WebsiteOrderChannel", "ship-service-level": "Standard",
        "sku": line.thing.sku, "asin": line.thing.asin, "product-name": line.thing.title,
        "item-status": "Cancelled" if line.cancelled else order.status,
        "quantity": line.quantity, "quantity-purchased": line.quantity, "quantity-shipped": line.shipped,
        "quantity-to-ship": open_,
        "currency": market.currency if paid else "",
        **{key: money(market, value) if paid and (value or key in ("item-price", "item-tax")) else "" for key,
            value in amounts.items()},
        "item-promotion-id": f"INVENTED-{number}" if line.promo else "",
        "promotion-ids": f"INVENTED-{number}" if line.promo else "",
        "is-business-order": str(order.business).lower(), "is-prime": str(order.prime).lower(),
        "price-designation": "BusinessPrice" if order.business else "",
        "purchase-order-number": f"PO-{number}" if order.business else "",
        "is-buyer-requested-cancellation": asked, "buyer-requested-cancel-reason": line.asked,
        "is-replacement-order": str(order.replacement).lower(),
        "original-order-id": order_id(market, 900) if order.replacement else "",
        "verge-of-cancellation": str(order.ship_by < -200).lower(),
        "verge-of-lateShipment": str(order.ship_by < 8).lower(),
        "buyer-email": f"buyer{number}@invented.invalid", "buyer-name": f"{name} {number}",
        "buyer-phone-number": f"000-0000-{number:04d}",
        "ship-phone-number": f"000-0000-{number:04d}", "recipient-name": f"{name} {number}",
        "ship-address-1": f"{street} {number}",
        "ship-city": city, "ship-state": region, "ship-postal-code": f"ZIP{number:05d}", "ship-country": market.code,
    }  # fmt: skip


def rows(market: Market, wanted: Iterable[Order]) -> list[dict[str, object]]:
    """One row per line."""
    return [cells(market, order, at, line) for order in wanted for at, line in enumerate(order.lines, start=1)]


def text(columns: Sequence[str], found: Iterable[dict[str, object]], *, newline: str = "\n", short: int = 0) -> str:
    """Tab-delimited; titles with quotes are quoted, and every `short`-th row lacks its last cell when that is empty."""
    lines = ["\t".join(columns)]
    for n, row in enumerate(found):
        values = [str(row.get(column, "")) for column in columns]
        values = ['"' + v.replace('"', '""') + '"' if '"' in v else v for v in values]
        if short and n % short == 0 and not values[-1]:
            del values[-1]
        lines.append("\t".join(values))
    return newline.join(lines) + newline


def reports(market: Market) -> dict[str, bytes]:
    """Return a marketplace's order reports by file name, each in its own shape."""
    every = orders(market)
    waiting = [o for o in every if not (o.fba or o.outside) and o.status in ("Unshipped", "PartiallyShipped")]
    new = [o for o in every if o.new]
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
    return {
        "unshipped-orders.txt": text(unshipped, rows(market, waiting), newline=newline, short=short).encode(
            market.encoding
        ),
        "new-orders.txt": bom + text(news, rows(market, new)).encode(market.encoding),
        "all-orders-by-order-date.txt": text(alls, rows(market, every), newline=newline).encode(market.encoding),
        "cancellation-rate.csv" if market.code == "US" else "cancellation-rate.txt": rate_report(market, every),
    }


def rate_report(market: Market, every: Iterable[Order]) -> bytes:
    """Amazon's own list of cancellations; comma-separated for the US."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter="," if market.code == "US" else "\t", lineterminator="\n")
    writer.writerow(RATE)
    for order in every:
        if order.impacts:
            day = (NOW - timedelta(hours=order.age)).strftime(RATE_DATE[market.code])
            writer.writerow([day, order_id(market, order.number), order.impacts])
    return out.getvalue().encode("utf-8")


def next_day(market: Market) -> bytes:
    """All Orders by last update, a day later: what Amazon made of the cancellation, the confirmation and a late
    shipment.
    """
    later = {1: "Cancelled", 23: "Cancelled", 4: "Shipped", 9: "Shipped"}
    found = [row for row in rows(market, orders(market)) if int(str(row["order-id"])[-7:]) in later]
    for row in found:
        status = later[int(str(row["order-id"])[-7:])]
        row |= {"order-status": status, "item-status": status, "last-updated-date": NEXT_DAY.replace("Z", "+00:00")}
    return text(ALL, found).encode("utf-8")


def quirks() -> dict[str, bytes]:
    """Files that need an answer or have rows that cannot be taken in."""
    good = rows(US, [order for order in orders(US) if order.number in (13, 14)])
    bad = [dict(good[0]) for _ in range(6)]
    bad[0] |= {"order-id": "001-0000000-000013"}
    bad[1] |= {"order-item-id": "1.00010E+14"}
    bad[2] |= {"quantity-purchased": "two"}
    bad[3] |= {"promise-date": "tomorrow"}
    bad[4] |= {"sales-channel": "Amazon.example"}
    bad[5] |= {"is-buyer-requested-cancellation": "false\tone\tmore"}
    columns = [c for c in UNSHIPPED if "reason" not in c and "verge" not in c]
    channel_free = [c for c in NEW if c != "sales-channel" and c not in (*BUYER, *ADDRESS, "ship-phone-number")]
    katakana = rows(
        JP, [Order(31, 5, "Unshipped", (Line(JP.things[0]),), 40), Order(32, 4, "Unshipped", (Line(JP.things[3]),), 41)]
    )
    for row in katakana:  # its own SKUs, and letters that mean something in cp1252 too
        mug = row["sku"] == "MAG-AO"
        row |= {
            "sku": "KATAKANA-1" if mug else "KATAKANA-2",
            "product-name": "マグカップ アオ" if mug else "パズル ミナト",
        }
    no_request = [c for c in UNSHIPPED if "cancel" not in c]
    return {
        "bad-rows.txt": text(columns, [good[0], *bad, good[1]]).encode("utf-8"),
        "ambiguous-encoding.txt": text(channel_free, katakana).encode("cp932"),
        "no-request-column.txt": text(no_request, good).encode("utf-8"),
        "no-report.txt": b"date\tnote\n2026-11-23\tthis is no report of Amazon's\n",
    }  # fmt: skip


SHIPPING = f"order-id\tcarrier\ttracking-number\tship-date\n{order_id(US, 4)}\tUSPS\tINVENTED0000000004\t2026-11-23\n"
REFUND = (
    f"order-id\tline\titem-price\titem-tax\n{order_id(US, 11)}\t1\t21.00\t1.68\n{order_id(US, 12)}\t1\t32.50\t2.60\n"
)
"""Names every order of its plan: none named never means all that was paid."""
Fault = tuple[int, str, str, str]
"""Row of the batch (from 0) or WHOLE_FILE, code, Error or Warning, text."""
WHOLE_FILE = -1


def flat_report(kept: Sequence[PlannedOrder], faults: Sequence[Fault], encoding: str = "utf-8") -> bytes:
    """Amazon's flat processing report on these rows."""
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


def leave(session: Session, plan: Plan, *, undo: Sequence[str] = ()) -> list[PlannedOrder]:
    """Commit, take some orders back, dispatch; gives the rows that left."""
    batch = session.batches.commit(plan, typed=str(len(plan.rows)))
    for one in undo:
        session.batches.recall(one)
    session.batches.release(batch.id)
    session.dispatcher.run()
    return [row for row in plan.rows if row.order_id not in undo]


def reports_on(
    plan: Plan, kept: Sequence[PlannedOrder], faults: Sequence[Fault], encoding: str = "utf-8"
) -> dict[str, bytes]:
    """Return both processing reports on a batch. An XML report names messages, whose numbers come from the
    plan's id.
    """
    name = f"{plan.action.value}-report"
    return {f"{name}.txt": flat_report(kept, faults), f"{name}.xml": xml_report(plan, kept, faults)}


def answers(folder: Path, market: Market) -> dict[str, bytes]:
    """Return the processing reports for batches planned from this marketplace's reports as examples/README.md does."""
    clock = FixedClock(parse_iso(AS_OF))
    with (
        tempfile.TemporaryDirectory() as place,
        Session.open(Path(place) / "a.db", clock=clock, config=Config()) as session,
    ):
        files = sorted((folder / market.code.lower() / "reports").iterdir())
        session.imports.import_files(files, marketplace=market.code)
        if market.code == "IN":
            (plan,) = session.planner.plan(
                Action.CANCEL, session.orders.find(f"sku:{market.things[0].sku} status:unshipped")
            )
            faults = [(WHOLE_FILE, "5000", "Warning", "A duplicate update was skipped (example).")]
            return {"cancel-report.txt": flat_report(leave(session, plan), faults)}
        if market.code != "US":
            (plan,) = session.planner.plan(Action.CANCEL, session.orders.find("request:official channel:merchant"))
            kept = leave(session, plan)
            if market is JP:
                faults = [(1, "18028", "Error", "この注文はキャンセルできません（例）。")]
                return {"cancel-report.txt": flat_report(kept, faults, market.encoding)}
            return reports_on(plan, kept, [])
        four, eleven = (session.orders.id_of(order_id(market, n)) or 0 for n in (4, 11))
        session.facts.set_dispatched([four], Dispatched.YES)
        (plan,) = session.planner.plan(Action.CANCEL, session.orders.find("sku:MUG-BLUE"))
        kept = leave(session, plan, undo=[order_id(market, 3)])
        at = next(n for n, row in enumerate(kept) if row.order_id == order_id(market, 2))
        words = "The order was not found or is not in a state that can be cancelled (example)."
        found = reports_on(plan, kept, [(at, "18028", "Error", words)])
        session.facts.set_dispatched([eleven], Dispatched.NO)
        ids = session.orders.find(f"id:{order_id(market, 11)} or id:{order_id(market, 12)}")
        amounts = session.batches.read_refunds(folder / "us" / "choices" / "refund.tsv", ids)
        (plan,) = session.planner.plan(Action.REFUND, ids, PlanChoices(reason="CouldNotShip", refunds=amounts))
        found |= reports_on(plan, leave(session, plan), [])
        ships = session.batches.read_shipping(folder / "us" / "choices" / "shipping.tsv")
        (plan,) = session.planner.plan(Action.CONFIRM, [four], PlanChoices(shipping=ships))
        return found | reports_on(plan, leave(session, plan), [])


def make(folder: Path) -> None:
    """Write every example file into `folder`, replacing those there; `README.md` stays."""

    def put(place: str, files: dict[str, bytes]) -> None:
        where = folder / place
        shutil.rmtree(where, ignore_errors=True)
        where.mkdir(parents=True)
        for name, content in files.items():
            (where / name).write_bytes(content)

    for market in MARKETS:
        put(f"{market.code.lower()}/reports", reports(market))
    put("us/next-day", {"all-orders-by-last-update.txt": next_day(US)})
    put("us/choices", {"shipping.tsv": SHIPPING.encode(), "refund.tsv": REFUND.encode()})
    put("quirks", quirks())
    for market in MARKETS:
        put(f"{market.code.lower()}/results", answers(folder, market))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=HERE)
    make(parser.parse_args().into)
