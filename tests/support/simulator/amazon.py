"""What Amazon keeps: orders, feeds, reports, documents, money; and what feeds do to them.

It is the naive Amazon of SP-API.md: it pays every refund message that it accepts, however often it comes. So a test
that counts its transactions sees every double payment.
"""

from __future__ import annotations

import gzip
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from xml.sax.saxutils import escape

from defusedxml.ElementTree import fromstring

from ordertui.orders.clock import Clock, iso_utc

PAGE = 100


@dataclass
class Document:
    """Bytes behind a signed address."""

    id: str
    content_type: str
    content: bytes | None = None
    packed: bool = False
    incoming: bool = False


@dataclass
class Feed:
    """A feed in Amazon's queue."""

    id: str
    kind: str
    markets: list[str]
    document: str
    created: int
    outcome: str = "DONE"
    """What it comes to: DONE, FATAL, CANCELLED, STUCK, or another word for a while, then DONE."""
    status: str = "IN_QUEUE"
    result: str = ""
    effects: list[str] = field(default_factory=list)


@dataclass
class Report:
    """A report that was asked for."""

    id: str
    kind: str
    start: str
    end: str
    markets: list[str]
    created: int
    status: str = "IN_QUEUE"
    document: str = ""


class Amazon:
    """The state. All times by the clock; `queue_seconds` is how long a feed or report takes."""

    def __init__(self, clock: Clock, *, queue_seconds: int = 60) -> None:
        self.clock = clock
        self.queue_seconds = queue_seconds
        self.orders: dict[str, dict[str, Any]] = {}
        self.documents: dict[str, Document] = {}
        self.feeds: dict[str, Feed] = {}
        self.reports: dict[str, Report] = {}
        self.report_makers: dict[str, Callable[[Report], bytes | None]] = {}
        """Report type to what makes its bytes; None means that there is no data."""
        self.transactions: list[dict[str, Any]] = []
        self.messages: list[tuple[str, str, str]] = []
        self.confirmations: list[tuple[str, dict[str, Any]]] = []
        """Order id and body of each confirmShipment that was accepted."""
        self.allowed_messages = ["confirmDeliveryDetails", "unexpectedProblem"]
        self.posts: list[str] = []
        """Feed ids in the order in which createFeed was accepted."""
        self.feed_outcomes: list[str] = []
        """Outcomes of the next feeds; then DONE."""
        self.refuse: dict[str, tuple[str, str]] = {}
        """Order id to the error that a feed gets for it."""
        self.transaction_page = 100
        self.booking_lag = 0
        """How long a transaction is not shown yet."""
        self.lag_seconds = 0
        """How long a new feed is not in getFeeds yet."""
        self.charset = ""
        """What the store of documents says that reports are written in."""
        self.miscount = 0
        """How many messages fewer than sent the next reports count."""
        self.pack_results = False
        """Whether processing reports are packed by gzip."""
        self.damage: Callable[[bytes], bytes] | None = None
        """What happens to result and report bytes."""
        self._number = itertools.count(1)

    def number(self, kind: str) -> str:
        """A new id."""
        return f"{kind}{next(self._number):06d}"

    # -- orders

    def put(self, order: dict[str, Any]) -> None:
        """Add or replace an order."""
        self.orders[order["orderId"]] = order

    def touch(self, order_id: str) -> None:
        """Mark an order as updated now."""
        self.orders[order_id]["lastUpdatedTime"] = iso_utc(self.clock.now())

    # -- documents

    def document(
        self, content_type: str, content: bytes | None, *, packed: bool = False, incoming: bool = False
    ) -> str:
        """Keep bytes; gives the document's id."""
        made = Document(self.number("amzn1.tortuga.4.na.D"), content_type, content, packed, incoming)
        self.documents[made.id] = made
        return made.id

    # -- feeds

    def create_feed(self, kind: str, markets: list[str], document: str) -> Feed:
        """Take a feed into the queue."""
        outcome = self.feed_outcomes.pop(0) if self.feed_outcomes else "DONE"
        feed = Feed(self.number("F"), kind, markets, document, self.clock.now(), outcome)
        self.feeds[feed.id] = feed
        self.posts.append(feed.id)
        return feed

    def settle(self) -> None:
        """Let every feed and report come as far as the clock says."""
        for feed in self.feeds.values():
            self._advance(feed)
        for report in self.reports.values():
            if report.status == "IN_QUEUE" and self.clock.now() - report.created >= self.queue_seconds:
                self._make(report)

    def _advance(self, feed: Feed) -> None:
        age = self.clock.now() - feed.created
        if feed.status in ("DONE", "FATAL", "CANCELLED") or feed.outcome == "STUCK":
            return
        if age >= self.queue_seconds:
            strange = feed.outcome not in ("DONE", "FATAL")
            if strange and age >= 10 * self.queue_seconds and feed.outcome != "CANCELLED":
                feed.outcome, strange = "DONE", False
            if strange:  # cancelled, or a word that Amazon's model does not have, for a while
                feed.status = feed.outcome
                return
            feed.status = feed.outcome
            self._apply(feed)
        elif age >= self.queue_seconds // 2:
            feed.status = "IN_PROGRESS"

    def _apply(self, feed: Feed) -> None:
        """The feed's effects; of a FATAL one only the first half. Then the processing report."""
        content = self.documents[feed.document].content or b""
        messages = [element for element in fromstring(content) if element.tag == "Message"]
        doing = messages[: (len(messages) + 1) // 2] if feed.outcome == "FATAL" else messages
        errors: list[tuple[str, str, str, str]] = []
        for message in doing:
            ident = message.findtext("MessageID") or ""
            body = message[1]
            order_id = body.findtext("AmazonOrderID") or ""
            why = self.refuse.get(order_id) or self._effect(body, order_id, feed)
            if why:
                errors.append((ident, *why, order_id))
        if feed.outcome == "DONE":
            report = processing_report(feed.id, len(messages) - self.miscount, errors)
            if self.pack_results:
                report = gzip.compress(report, mtime=0)
            report = self.damage(report) if self.damage else report
            feed.result = self.document("text/xml", report, packed=self.pack_results)

    def _effect(self, body: Any, order_id: str, feed: Feed) -> tuple[str, str] | None:
        order = self.orders.get(order_id)
        if order is None:
            return "18028", "The order was not found."
        feed.effects.append(order_id)
        if body.tag == "OrderAcknowledgement":
            if order["fulfillment"]["fulfillmentStatus"] != "UNSHIPPED":
                feed.effects.pop()
                return "18028", "The order cannot be cancelled in its state."
            order["fulfillment"]["fulfillmentStatus"] = "CANCELLED"
            for item in order["orderItems"]:
                item["cancellation"] = {"cancellationExecution": {"cancelledBy": "MERCHANT"}}
        elif body.tag == "OrderAdjustment":
            self._pay(body, order_id)
        else:
            self.ship(order)
        self.touch(order_id)
        return None

    def ship(self, order: dict[str, Any]) -> None:
        """Mark an order as shipped."""
        order["fulfillment"]["fulfillmentStatus"] = "SHIPPED"
        for item in order["orderItems"]:
            item["fulfillment"] = {"quantityFulfilled": item["quantityOrdered"], "quantityUnfulfilled": 0}
        self.touch(order["orderId"])

    def _pay(self, body: Any, order_id: str) -> None:
        minor, currency = 0, ""
        for amount in body.iter("Amount"):
            minor += round(float(amount.text or 0) * 100)
            currency = amount.get("currency") or ""
        self.transactions.append(
            {
                "transactionType": "Refund",
                "transactionId": self.number("T"),
                "transactionStatus": "RELEASED",
                "postedDate": iso_utc(self.clock.now()),
                "totalAmount": {"currencyCode": currency, "currencyAmount": -minor / 100},
                "relatedIdentifiers": [{"relatedIdentifierName": "ORDER_ID", "relatedIdentifierValue": order_id}],
            }
        )

    def refunds(self, order_id: str) -> int:
        """How many refunds were paid for an order."""
        return sum(
            one["relatedIdentifiers"][0]["relatedIdentifierValue"] == order_id
            for one in self.transactions
            if one["transactionType"] == "Refund"
        )

    # -- reports

    def create_report(self, kind: str, start: str, end: str, markets: list[str]) -> Report:
        """Ask for a report."""
        report = Report(self.number("R"), kind, start, end, markets, self.clock.now())
        self.reports[report.id] = report
        return report

    def _make(self, report: Report) -> None:
        maker = self.report_makers.get(report.kind)
        content = maker(report) if maker else None
        if content is None:
            report.status = "CANCELLED"
            return
        packed = gzip.compress(content, mtime=0)
        report.document = self.document(
            f"text/tab-separated-values; charset={self.charset}" if self.charset else "text/tab-separated-values",
            self.damage(packed) if self.damage else packed,
            packed=True,
        )
        report.status = "DONE"


def processing_report(transaction: str, processed: int, errors: list[tuple[str, str, str, str]]) -> bytes:
    """Amazon's processing report: counts, and failures only."""
    results = "".join(
        f"<Result><MessageID>{ident}</MessageID><ResultCode>Error</ResultCode><ResultMessageCode>{code}</ResultMessageCode>"
        f"<ResultDescription>{escape(text)}</ResultDescription>"
        f"<AdditionalInfo><AmazonOrderID>{order_id}</AmazonOrderID></AdditionalInfo></Result>"
        for ident, code, text, order_id in errors
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<AmazonEnvelope><Header><DocumentVersion>1.02</DocumentVersion>'
        "<MerchantIdentifier>M</MerchantIdentifier></Header><MessageType>ProcessingReport</MessageType><Message><MessageID>1</MessageID>"
        f"<ProcessingReport><DocumentTransactionID>{transaction.lstrip('F0') or 0}</DocumentTransactionID>"
        "<StatusCode>Complete</StatusCode>"
        f"<ProcessingSummary><MessagesProcessed>{processed}</MessagesProcessed>"
        f"<MessagesSuccessful>{processed - len(errors)}"
        f"</MessagesSuccessful><MessagesWithError>{len(errors)}</MessagesWithError><MessagesWithWarning>0</MessagesWithWarning>"
        f"</ProcessingSummary>{results}</ProcessingReport></Message></AmazonEnvelope>\n"
    ).encode()
