"""The operations that are used, each declared once with its parameters, expected status and limits.

Source of each line: Amazon's OpenAPI models (github.com/amzn/selling-partner-api-models, commit 34dc93f, 2026-08-05).
The tests compare this table with them. Rates are requests per second.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Repeat(StrEnum):
    """Effect of calling the same operation twice."""

    SAFE = "safe"
    """None: it only reads, or makes something that costs nothing when it is never used."""
    ONCE = "once"
    """It may act again. It is sent once, and the caller has to find out what an unclear answer means."""


class Operation(msgspec.Struct, frozen=True):
    """One operation of the Selling Partner API."""

    name: str
    method: str
    path: str
    """Path with `{name}` for each path parameter."""
    expected: int
    """The only status that means success."""
    rate: float
    burst: int
    query: frozenset[str] = frozenset()
    required: frozenset[str] = frozenset()
    body: bool = False
    repeat: Repeat = Repeat.SAFE
    enabled: bool = True


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


_SEARCH = _names(
    "createdAfter createdBefore lastUpdatedAfter lastUpdatedBefore fulfillmentStatuses marketplaceIds fulfilledBy"
    " maxResultsPerPage paginationToken includedData"
)
_MARKETPLACE = _names("marketplaceIds")
_LISTED = _names("processingStatuses marketplaceIds pageSize createdSince createdUntil nextToken")


def _message(name: str, template: str) -> Operation:
    path = f"/messaging/v1/orders/{{amazonOrderId}}/messages/{template}"
    return Operation(name, "POST", path, 201, 1.0, 5, _MARKETPLACE, _MARKETPLACE, body=True, repeat=Repeat.ONCE)


SEARCH_ORDERS = Operation("searchOrders", "GET", "/orders/2026-01-01/orders", 200, 0.0056, 20, _SEARCH)
GET_ORDER = Operation("getOrder", "GET", "/orders/2026-01-01/orders/{orderId}", 200, 0.5, 30, _names("includedData"))
CANCEL_ORDER = Operation(
    "cancelOrder", "PUT", "/orders/2026-01-01/orders/{orderId}/cancellation", 202, 1.0, 5,
    body=True, repeat=Repeat.ONCE, enabled=False,
)  # fmt: skip
"""Switched off: Amazon's model had it three times and lost it each time (AMAZON.md b). `Client.call` refuses it."""
CONFIRM_SHIPMENT = Operation(
    "confirmShipment", "POST", "/orders/v0/orders/{orderId}/shipmentConfirmation", 204, 2.0, 10,
    body=True, repeat=Repeat.ONCE,
)  # fmt: skip
"""With the same `packageReferenceId` it edits that shipment (developer-docs, “Confirm the shipment status”).
`ShipmentCall` repeats it after a look at the order, never blindly.
"""
CREATE_FEED_DOCUMENT = Operation("createFeedDocument", "POST", "/feeds/2021-06-30/documents", 201, 0.5, 15, body=True)
CREATE_FEED = Operation("createFeed", "POST", "/feeds/2021-06-30/feeds", 202, 0.0083, 15, body=True, repeat=Repeat.ONCE)
GET_FEEDS = Operation("getFeeds", "GET", "/feeds/2021-06-30/feeds", 200, 0.0222, 10, _LISTED | _names("feedTypes"))
GET_FEED = Operation("getFeed", "GET", "/feeds/2021-06-30/feeds/{feedId}", 200, 2.0, 15)
GET_FEED_DOCUMENT = Operation("getFeedDocument", "GET", "/feeds/2021-06-30/documents/{feedDocumentId}", 200, 0.0222, 10)
CREATE_REPORT = Operation("createReport", "POST", "/reports/2021-06-30/reports", 202, 0.0167, 15, body=True)
GET_REPORT = Operation("getReport", "GET", "/reports/2021-06-30/reports/{reportId}", 200, 2.0, 15)
GET_REPORT_DOCUMENT = Operation(
    "getReportDocument", "GET", "/reports/2021-06-30/documents/{reportDocumentId}", 200, 0.0167, 15
)
GET_MESSAGING_ACTIONS = Operation(
    "getMessagingActionsForOrder", "GET", "/messaging/v1/orders/{amazonOrderId}", 200, 1.0, 5,
    _MARKETPLACE, _MARKETPLACE,
)  # fmt: skip
GET_ATTRIBUTES = Operation(
    "GetAttributes", "GET", "/messaging/v1/orders/{amazonOrderId}/attributes", 200, 1.0, 5, _MARKETPLACE, _MARKETPLACE
)
CONFIRM_ORDER_DETAILS = _message("createConfirmOrderDetails", "confirmOrderDetails")
CONFIRM_DELIVERY_DETAILS = _message("createConfirmDeliveryDetails", "confirmDeliveryDetails")
UNEXPECTED_PROBLEM = _message("createUnexpectedProblem", "unexpectedProblem")
LIST_TRANSACTIONS = Operation(
    "listTransactions", "GET", "/finances/2024-06-19/transactions", 200, 0.5, 10,
    _names("postedAfter postedBefore marketplaceId transactionStatus relatedIdentifierName relatedIdentifierValue"
           " nextToken"),
)  # fmt: skip
GET_PARTICIPATIONS = Operation(
    "getMarketplaceParticipations", "GET", "/sellers/v1/marketplaceParticipations", 200, 0.016, 15
)

OPERATIONS = {
    operation.name: operation
    for operation in (
        SEARCH_ORDERS, GET_ORDER, CANCEL_ORDER, CONFIRM_SHIPMENT, CREATE_FEED_DOCUMENT, CREATE_FEED, GET_FEEDS,
        GET_FEED, GET_FEED_DOCUMENT, CREATE_REPORT, GET_REPORT, GET_REPORT_DOCUMENT, GET_MESSAGING_ACTIONS,
        GET_ATTRIBUTES, CONFIRM_ORDER_DETAILS, CONFIRM_DELIVERY_DETAILS, UNEXPECTED_PROBLEM,
        LIST_TRANSACTIONS, GET_PARTICIPATIONS,
    )
}  # fmt: skip
"""Every operation by its name."""
